/* Preloaded into Python: makes the n-th allocation by the modules of keyfold fail, of all that they link in, too, and
 * knows which of their allocations were not freed. Allocations of others are as they were. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RANGES = 16, BUCKETS = 1 << 16 };
struct node { struct node *next; void *pointer; };

static struct { uintptr_t begin, end; } ranges[RANGES];
static unsigned range_count;
static struct node *buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t calls, failing;
static long live;
static int fired;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *pointer);

static int add(struct dl_phdr_info *info, size_t size, void *context)
{
    const char *name = strrchr(info->dlpi_name, '/');
    (void)size, (void)context;
    if (!strstr(info->dlpi_name, "/keyfold/") || !name || range_count == RANGES) return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X && range_count < RANGES) {
            ranges[range_count].begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            ranges[range_count].end = ranges[range_count].begin + info->dlpi_phdr[i].p_memsz;
            range_count++;
        }
    return 0;
}

/* How many pieces of code are watched from now on: those of what is loaded. */
unsigned fail_watch(void)
{
    range_count = 0;
    dl_iterate_phdr(add, NULL);
    return range_count;
}

/* The n-th from now on fails; 0: none. */
void fail_arm(uint64_t n)
{
    pthread_mutex_lock(&lock);
    calls = 0;
    failing = n;
    fired = 0;
    pthread_mutex_unlock(&lock);
}

int fail_fired(void) { return fired; }
long fail_live(void) { return live; }

static int is_ours(const void *caller)
{
    for (unsigned i = 0; i < range_count; i++)
        if ((uintptr_t)caller >= ranges[i].begin && (uintptr_t)caller < ranges[i].end) return 1;
    return 0;
}

static int fails(void)
{
    pthread_mutex_lock(&lock);
    const int fail = ++calls == failing;
    fired |= fail;
    pthread_mutex_unlock(&lock);
    if (fail) errno = ENOMEM;
    return fail;
}

static struct node **bucket(void *pointer) { return &buckets[((uintptr_t)pointer >> 4) * 2654435761u % BUCKETS]; }

static void *born(void *pointer)
{
    struct node *node = pointer ? __libc_malloc(sizeof *node) : NULL;
    if (!node) return pointer;
    pthread_mutex_lock(&lock);
    node->pointer = pointer;
    node->next = *bucket(pointer);
    *bucket(pointer) = node;
    live++;
    pthread_mutex_unlock(&lock);
    return pointer;
}

/* Whether it was one of theirs. */
static int died(void *pointer)
{
    struct node *dead = NULL;
    if (!pointer || !range_count) return 0;
    pthread_mutex_lock(&lock);
    for (struct node **at = bucket(pointer); *at; at = &(*at)->next)
        if ((*at)->pointer == pointer) {
            dead = *at;
            *at = dead->next;
            live--;
            break;
        }
    pthread_mutex_unlock(&lock);
    __libc_free(dead);
    return dead != NULL;
}

#define OURS() (range_count && is_ours(__builtin_return_address(0)))

void *malloc(size_t size)
{
    if (!OURS()) return __libc_malloc(size);
    return fails() ? NULL : born(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    if (!OURS()) return __libc_calloc(count, size);
    return fails() ? NULL : born(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (!OURS()) {
        const int theirs = died(old);
        void *moved = __libc_realloc(old, size);
        return theirs ? born(moved) : moved;
    }
    if (fails()) return NULL;
    died(old);
    return born(__libc_realloc(old, size));
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    const int ours = OURS();
    if (ours && fails()) return ENOMEM;
    void *pointer = __libc_memalign(alignment, size);
    if (!pointer) return ENOMEM;
    *out = ours ? born(pointer) : pointer;
    return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (!OURS()) return __libc_memalign(alignment, size);
    return fails() ? NULL : born(__libc_memalign(alignment, size));
}

void free(void *pointer)
{
    died(pointer);
    __libc_free(pointer);
}

char *strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = !OURS() ? __libc_malloc(size) : fails() ? NULL : born(__libc_malloc(size));
    return copy ? memcpy(copy, text, size) : NULL;
}
