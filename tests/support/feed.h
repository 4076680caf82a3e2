/* Pairs that are computed from their number, so that they can be given again; and folders to resume from. Include
 * after scratch.h. */
#ifndef TESTS_SUPPORT_FEED_H
#define TESTS_SUPPORT_FEED_H

#include "random.h"

#include <keyfold/status.h>
#include <keyfold/values.h>

#include "suite.h"
#include <sys/stat.h>

typedef enum feed_order { FEED_MIXED, FEED_ASCENDING, FEED_WAVES, FEED_ORDERS } feed_order;

typedef struct feed {
    uint64_t pairs, seed;
    uint64_t keys;             /* different ones, about */
    feed_order order;
    kf_value_type type;
    uint64_t large_every;      /* one of so many values has large_size bytes or more; 0: none has */
    size_t large_size;
    uint64_t other_at;         /* the pair that is not what it is in other feeds, 0: none; they count from 1 */
} feed;

enum { FEED_KEY = 64, FEED_VALUE = 1 << 20 };

static inline kf_bytes feed_key(const feed *f, uint64_t i, uint8_t room[FEED_KEY])
{
    uint64_t wave = f->pairs / 7 + 1;
    uint64_t r = f->order == FEED_MIXED ? mix64(f->seed + i) % f->keys
                 : f->order == FEED_ASCENDING ? i * f->keys / f->pairs
                                              : i % wave * f->keys / wave;
    int size = snprintf((char *)room, FEED_KEY, "%08llx/%.*s", (unsigned long long)r, (int)(r % 12), "abcdefghijkl");
    return (kf_bytes){ room, (size_t)size };
}

static inline uint64_t feed_number(const feed *f, uint64_t i)
{
    return (mix64(f->seed * 7 + i) >> (20 + i % 40)) + (i + 1 == f->other_at);
}

/* `room`: FEED_VALUE bytes. */
static inline kf_bytes feed_value(const feed *f, uint64_t i, uint8_t *room)
{
    uint64_t r = mix64(f->seed * 5 + i);
    size_t size = r % 24;
    if (f->large_every && r / 24 % f->large_every == 0) size = f->large_size + r % 1000;
    for (size_t b = 0; b < size; b++) room[b] = (uint8_t)(r >> b % 8 * 8) ^ (uint8_t)(b >> 9);
    if (i + 1 == f->other_at) room[size++] = 'x';
    return (kf_bytes){ room, size };
}

static inline int feed_exists(const char *name)
{
    struct stat information;
    return lstat(scratch_path(name), &information) == 0;
}

/* Removes a folder of the scratch folder with its files. */
static inline void feed_remove(const char *name)
{
    char path[600];
    DIR *folder = opendir(scratch_path(name));
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder)); ) {
        snprintf(path, sizeof path, "%s/%s/%s", scratch, name, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(scratch_path(name));
}

#endif
