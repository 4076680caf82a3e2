/* Memory between two pages that may not be touched: a read or write beyond either end is a signal. */
#ifndef TESTS_SUPPORT_GUARDED_H
#define TESTS_SUPPORT_GUARDED_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { GUARD = 4096 };

typedef struct guarded {
    uint8_t *start, *end;      /* whole pages */
} guarded;

/* At least `room` bytes. */
static inline guarded guarded_open(size_t room)
{
    size_t size = (room + GUARD - 1) / GUARD * GUARD + GUARD;
    uint8_t *all = mmap(NULL, size + GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all + GUARD, size - GUARD, PROT_READ | PROT_WRITE)) abort();
    return (guarded){ all + GUARD, all + size };
}

static inline void guarded_close(guarded *g) { munmap(g->start - GUARD, (size_t)(g->end - g->start) + 2 * GUARD); }

#endif
