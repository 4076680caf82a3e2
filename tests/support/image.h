/* A file in memory which the library opens as it opens any other, with the end of its bytes at the end of
 * what may be touched: the mapping that it asks for is replaced (--wrap) by a copy whose last byte is
 * followed by a page that may not be read. So one byte beyond the file is a signal, and there is no slack
 * of a mapping's last page to hide it. Include once in a program linked with
 * -Wl,--wrap=mmap,--wrap=mmap64,--wrap=munmap. */
#ifndef TESTS_SUPPORT_IMAGE_H
#define TESTS_SUPPORT_IMAGE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sanitized.h"
#if SANITIZED
#include <sanitizer/asan_interface.h>
#endif

enum { IMAGE_ROOM = 1 << 20, IMAGE_PAGE = 4096 };

static uint8_t *arena;         /* IMAGE_ROOM bytes between two pages of which nothing may be read */
static uint8_t *image;         /* the file: the last image_size bytes of the arena */
static size_t image_size;
static int image_file = -1;    /* has the image's size and no content */
static char image_path[300];

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t size);

/* By its size: the library opens the file a second time. */
static int is_image_request(int fd, size_t size) { return fd >= 0 && image_size && size == image_size; }

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return is_image_request(fd, size) ? image : __real_mmap(at, size, protection, flags, fd, offset);
}

#ifndef _WIN32
void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return is_image_request(fd, size) ? image : __real_mmap64(at, size, protection, flags, fd, offset);
}
#endif

int __wrap_munmap(void *at, size_t size)
{
    const uint8_t *p = at;
    return p >= arena && p < arena + IMAGE_ROOM ? 0 : __real_munmap(at, size);
}

static inline int image_begin(void)
{
    size_t size = IMAGE_ROOM + 2 * IMAGE_PAGE;
    uint8_t *all = __real_mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return 0;
    arena = all + IMAGE_PAGE;
#ifdef _WIN32
    snprintf(image_path, sizeof image_path, "%s/image", scratch);
    image_file = open(image_path, O_RDWR | O_CREAT, 0600);
#else
    image_file = memfd_create("image", 0);
    snprintf(image_path, sizeof image_path, "/proc/self/fd/%d", image_file);
#endif
    return image_file >= 0 && !mprotect(arena, IMAGE_ROOM, PROT_READ | PROT_WRITE);
}

/* What lies before the image must not be read either; only a sanitizer sees to that. */
static inline int image_resize(size_t size)
{
    if (size > IMAGE_ROOM) return 0;
    image_size = size;
    image = arena + IMAGE_ROOM - size;
#if SANITIZED
    __asan_unpoison_memory_region(arena, IMAGE_ROOM);
    __asan_poison_memory_region(arena, IMAGE_ROOM - size);
#endif
    return ftruncate(image_file, (off_t)size) == 0;
}

static inline void image_end(void)
{
    image_resize(IMAGE_ROOM);
    close(image_file);
    __real_munmap(arena - IMAGE_PAGE, IMAGE_ROOM + 2 * IMAGE_PAGE);
}

#endif
