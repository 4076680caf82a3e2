/* Every container of a dictionary, with the keys of the sorted set that must be in it. Include after shapes.h. */
#ifndef TESTS_SUPPORT_CONTAINERS_H
#define TESTS_SUPPORT_CONTAINERS_H

#include "read/dict.h"
#include "read/keys/node_decode.h"

#include "scratch.h"
#include "shapes.h"

typedef struct container {
    kfi_place place;
    size_t depth;              /* bytes of its keys that lead there */
    const size_t *key;         /* their numbers in the set, ascending */
    size_t count;
} container;

static key_set set;
static kf_dict *dict;
static const kfi_keys *keys;
static unsigned shape_now;
static uint64_t seed_now;

/* ck_assert writes to a file each time it is passed: too slow for millions of checks. */
#define EXPECT(condition, i) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s: shape %u seed %d at %zu of %zu", #condition, shape_now, (int)seed_now, \
                         (size_t)(i), set.count); \
    } while (0)

/* Of the set. */
static inline void open_set(void)
{
    kf_error error;
    set_build(&set, "shape.kf", KF_VALUES_NONE);
    kf_status status = kf_dict_open(&dict, scratch_path("shape.kf"), NULL, &error);
    ck_assert_msg(!status, "shape %u seed %d: %s", shape_now, (int)seed_now, error.message);
    keys = &dict->keys;
}

static inline void open_shape(unsigned shape, uint64_t seed)
{
    shape_now = shape;
    seed_now = seed;
    set_make(&set, shape, seed, 1);
    open_set();
}

static inline void close_shape(void)
{
    kf_dict_close(&dict);
    set_free(&set);
}

static inline kf_bytes key_of(const container *c, size_t i) { return set.keys[c->key[i]]; }

typedef void container_fn(const container *c);

static inline void visit_container(const container *c, container_fn *see);

static inline void visit_jumps(const container *c, container_fn *see)
{
    kfi_decoded *d = malloc(sizeof *d);
    uint8_t *text = malloc(keys->longest_key + 2 * KFI_TOKEN_MAX);
    EXPECT(kfi_bucket_decode(keys, c->place, (uint32_t)c->depth, d), c->depth);
    for (unsigned e = 0; e < d->view.count; e++) {
        container target = { .depth = c->depth };
        if (!kfi_decoded_is_jump(d, e)) continue;
        const size_t low = (size_t)d->view.final + kfi_decoded_rank(d, e);
        const size_t high = e + 1 < d->view.count ? (size_t)d->view.final + kfi_decoded_rank(d, e + 1) : c->count;
        const uint8_t *end = kfi_decoded_text(keys, d, e, 0, text, text + (keys->longest_key - c->depth));
        EXPECT(end && low < high && high <= c->count, low);
        EXPECT(kfi_bucket_target(keys, &d->view, e, &target.place), low);
        target.depth += (size_t)(end - text);
        target.key = c->key + low;
        target.count = high - low;
        visit_container(&target, see);
    }
    free(text);
    free(d);
}

static inline void visit_node(const container *c, container_fn *see)
{
    kfi_node n = { 0 };
    size_t *small = malloc(c->count * sizeof *small), smalls = 0;
    uint8_t *text = malloc(keys->longest_key + 2 * KFI_TOKEN_MAX);
    EXPECT(kfi_node_open(keys, &n, c->place), c->depth);
    for (size_t i = (size_t)n.final, end = i; i < c->count; i = end) {
        const uint8_t label = key_of(c, i).data[c->depth];
        const unsigned big = kfi_node_bigs_below(&n, label);
        while (end < c->count && key_of(c, end).data[c->depth] == label) end++;
        if (big < n.bigs && n.big_label[big] == label) {
            container child = { .key = c->key + i, .count = end - i };
            const uint8_t *rest = kfi_node_follow(keys, &n, big, text, text + (keys->longest_key - c->depth),
                                                  &child.place);
            EXPECT(rest, i);
            child.depth = c->depth + (size_t)(rest - text);
            visit_container(&child, see);
        } else {
            for (size_t k = i; k < end; k++) small[smalls++] = c->key[k];
        }
    }
    for (unsigned j = 0; j < n.buckets; j++) {
        container bucket = { .depth = c->depth };
        const size_t from = (size_t)kfi_node_buckets_before(&n, j);
        const size_t to = j + 1 < n.buckets ? (size_t)kfi_node_buckets_before(&n, j + 1) : smalls;
        EXPECT(from < to && to <= smalls && kfi_node_bucket_checked(&n, j, &bucket.place), from);
        bucket.key = small + from;
        bucket.count = to - from;
        visit_container(&bucket, see);
    }
    free(text);
    free(small);
}

static inline void visit_container(const container *c, container_fn *see)
{
    see(c);
    if (kfi_is_node(c->place.at)) visit_node(c, see);
    else visit_jumps(c, see);
}

static inline void visit_all(container_fn *see)
{
    size_t *all = malloc((set.count + 1) * sizeof *all);
    for (size_t i = 0; i < set.count; i++) all[i] = i;
    const container root = { kfi_root(keys), 0, all, set.count };
    if (keys->parameters.root_kind == KFI_ROOT_CONTAINER) visit_container(&root, see);
    free(all);
}

#endif
