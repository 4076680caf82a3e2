/* A folder for one test's files, removed with all that is in it. */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static char scratch[200];

/* TMPDIR; else in memory, if there is room, since thousands of builds would wait for a disk (a file
 * that is renamed over another one may be written out unasked); else /tmp. */
static inline const char *scratch_base(void)
{
    const char *base = getenv("TMPDIR");
    struct statvfs there;
    if (base && *base) return base;
    if (access("/dev/shm", W_OK) || statvfs("/dev/shm", &there)) return "/tmp";
    return (uint64_t)there.f_bavail * there.f_frsize >> 30 ? "/dev/shm" : "/tmp";
}

static inline void scratch_open(void)
{
    snprintf(scratch, sizeof scratch, "%s/keyfold-test-XXXXXX", scratch_base());
    if (!mkdtemp(scratch)) {
        perror(scratch);
        abort();
    }
}

/* The path of a name in the folder; four results are valid at a time. */
static inline const char *scratch_path(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

/* How many entries the folder has. */
static inline int scratch_count(void)
{
    DIR *folder = opendir(scratch);
    int count = 0;
    if (!folder) return -1;
    for (struct dirent *entry; (entry = readdir(folder)); )
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(folder);
    return count;
}

static inline void scratch_close(void)
{
    DIR *folder = opendir(scratch);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder)); ) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        const char *path = scratch_path(entry->d_name);
        if (unlink(path) != 0) rmdir(path);
    }
    closedir(folder);
    rmdir(scratch);
}

static inline void scratch_write(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(scratch_path(name), "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        perror(name);
        abort();
    }
}

/* The content of a file, to be freed; NULL if there is none. */
static inline uint8_t *scratch_read(const char *name, size_t *size)
{
    FILE *file = fopen(scratch_path(name), "rb");
    *size = 0;
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(length + 1);
    if (data) *size = fread(data, 1, length, file);
    fclose(file);
    return data;
}

#endif
