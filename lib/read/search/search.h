/* Searching for a key, and for the keys that begin a text: compiled for several instruction sets (search_body.h), of
 * which the best one is chosen at run time. */
#ifndef KFI_READ_SEARCH_SEARCH_H
#define KFI_READ_SEARCH_SEARCH_H

#include "read/keys/keys_view.h"

#include <keyfold/dict.h>

#include <string.h>

/* A search in progress: the key's first `depth` bytes lead to the container at `place`, which has
 * `rank` keys before it. */
typedef struct kfi_search {
    kfi_place place;
    uint64_t rank;
    size_t depth;
    int in_bucket;                 /* place must be a bucket: a node led there without a byte of the key */
    const uint8_t *key;            /* KFI_STEP_FOUND: `rank` is its ordinal */
    size_t size;
    /* A key that stays in place may have no 16 bytes behind its last ones: from tail_start on `tail` is read,
     * which has zeros there. */
    size_t tail_start;
    uint8_t tail[32];
} kfi_search;

/* Sets `s` out at the root for text[0..size). */
static inline void kfi_search_text(kfi_search *s, const kfi_keys *keys, const uint8_t *text, size_t size)
{
    s->place = kfi_root(keys);
    s->rank = 0;
    s->depth = 0;
    s->in_bucket = 0;
    s->key = text;
    s->size = size;
    const size_t kept = size < 16 ? size : 16;
    s->tail_start = size - kept;
    memset(s->tail, 0, sizeof s->tail);
    if (size) memcpy(s->tail, text + s->tail_start, kept);
}

/* A node, its bucket and the bucket's entries may be keys that begin a text. */
enum { KFI_STEP_NOTES = 66 };

/* Keys to look up: `list`, or if that is NULL `data` and `offsets` (kf_dict_ordinal_many_packed). */
typedef struct kfi_key_batch {
    const kf_bytes *list;
    const uint8_t *data;
    const uint64_t *offsets;
    const kfi_keys *keys;             /* what they are looked up in, */
    const kfi_keys *const *keys_of;   /* or if that isn't NULL what each of them is */
} kfi_key_batch;

static inline kf_bytes kfi_batch_key(const kfi_key_batch *q, size_t i)
{
    if (q->list) return q->list[i];
    return (kf_bytes){ q->data + q->offsets[i], (size_t)(q->offsets[i + 1] - q->offsets[i]) };
}

struct kfi_hunt;
struct kfi_list;

/* Looks for a key; the best of the variants below that the processor has. */
typedef struct kfi_search_variant {
    const char *name;
    kf_status (*find)(const kfi_keys *keys, const uint8_t *key, size_t size, uint64_t *ordinal);
    /* See kf_dict_ordinal_many; ordinals are those of each key's own kfi_keys. */
    kf_status (*find_many)(const kfi_key_batch *batch, size_t count, uint64_t *ordinals, size_t *found);
    /* Goes on with a descent along a text (kfi_search_text) and notes the keys that begin the text, shortest
     * first, while there is room for KFI_STEP_NOTES more. KFI_STEP_ON: there may be more; KFI_STEP_ABSENT:
     * that was all, and s->depth bytes of the text and the one after them were looked at. On a damaged file
     * ordinals may be out of range. */
    kfi_step (*prefixes)(const kfi_keys *keys, kfi_search *s, kf_prefix_match *notes, size_t capacity,
                         size_t *count);
    /* hunt.h: the next key, or the first one. */
    kf_status (*hunt)(struct kfi_hunt *hunt, int begin);
    /* kfi_prefix_range and kfi_key_at (read/keys) where the root is a container. If `list` is not NULL (list.h), the
     * keys of the range, or those behind the ordinal's, are what it goes on with; its text is where the key goes. */
    kf_status (*prefix_range)(const kfi_keys *keys, kf_bytes prefix, uint64_t *first, uint64_t *end,
                              struct kfi_list *list);
    size_t (*key_at)(const kfi_keys *keys, uint64_t ordinal, uint8_t *text, struct kfi_list *list);
    /* list.h: sets the entries that are wanted, or those that there is room for. */
    kf_status (*list)(struct kfi_list *list);
} kfi_search_variant;

extern const kfi_search_variant kfi_search_portable;
#if defined(__x86_64__)
extern const kfi_search_variant kfi_search_avx2;
extern const kfi_search_variant kfi_search_avx512;
/* `find` of both: buckets have too few entries for longer vectors to gain what their masks cost (1.02 to 1.06 times the
 * time of a hit on Zen 4). */
kf_status kfi_find_avx2(const kfi_keys *keys, const uint8_t *key, size_t size, uint64_t *ordinal);
#elif defined(__aarch64__)
extern const kfi_search_variant kfi_search_neon;
#endif

/* Chosen once, at the first call. KEYFOLD_ISA=portable|avx2|avx512|neon in the environment restricts it
 * (for tests and measurements). */
const kfi_search_variant *kfi_search_best(void);

/* The keys that begin `text`, shortest first. With `capacity` 0 only the last one, in matches[0].
 * `count`: how many were stored. KF_CORRUPT. */
kf_status kfi_prefixes(const kfi_keys *keys, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                       size_t *count);

#endif
