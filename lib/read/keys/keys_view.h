/* The key structure as the reader sees it: where it lies, and a search in it.
 *
 * Every position, width and count that comes from the file is checked against the section before it
 * is used, on the one path that all lookups take. Sections are followed by KFI_TAIL_PAD readable bytes,
 * so loads of a fixed size that begin inside a section need no check of their own. A child node lies
 * strictly before its parent and a jump consumes a byte of the key, so every walk ends. */
#ifndef KFI_READ_KEYS_KEYS_VIEW_H
#define KFI_READ_KEYS_KEYS_VIEW_H

#include "format/header.h"
#include "format/keys.h"
#include "format/tokens.h"

#include <keyfold/dict.h>

/* The table of first nodes; `positions` is 0 when there is none. */
typedef struct kfi_top {
    const uint8_t *strides, *classes, *cells;
    uint32_t cell_count;
    uint8_t positions, position_width, rank_width, cell_width;
} kfi_top;

typedef struct kfi_keys {
    const uint8_t *tree, *shared;
    uint64_t tree_size, shared_size;
    uint64_t count;
    uint32_t longest_key;
    int interleave;              /* whether batches gain by it: what is in the processor's caches does not wait */
    kfi_tokens tokens;
    kfi_top top;
    kfi_keys_parameters parameters;
    uint8_t label_of[1 << KFI_LABEL_BITS_MAX];   /* the byte of a label code */
} kfi_keys;

/* `file` is the whole mapping. O(1). */
kf_status kfi_keys_open(kfi_keys *keys, const uint8_t *file, const kfi_header *header, kf_error *error);

/* A container's place: its first byte and the end of its section. */
typedef struct kfi_place {
    const uint8_t *at, *end;
} kfi_place;

/* Where directory entry `index` lies; 0 when it is out of range. */
static inline int kfi_directory_place(const kfi_keys *keys, uint64_t index, kfi_place *place)
{
    const kfi_keys_parameters *p = &keys->parameters;
    if (index >= p->directory_count) return 0;
    uint64_t position = kfi_load_bits(keys->shared, index * p->directory_width, p->directory_width);
    if (position < keys->shared_size) {
        place->at = keys->shared + position;
        place->end = keys->shared + keys->shared_size;
        return 1;
    }
    position -= keys->shared_size;
    if (position >= keys->tree_size) return 0;
    place->at = keys->tree + position;
    place->end = keys->tree + keys->tree_size;
    return 1;
}

/* A search in progress: the key's first `depth` bytes lead to the container at `place`, which has
 * `rank` keys before it. */
typedef struct kfi_search {
    kfi_place place;
    uint64_t rank;
    size_t depth;
    int in_bucket;                 /* place must be a bucket: a node led there without a byte of the key */
    const uint8_t *key;
    size_t size;
    /* A key that stays in place may have no 16 bytes behind its last ones: from tail_start on `tail` is read,
     * which has zeros there. */
    size_t tail_start;
    uint8_t tail[32];
} kfi_search;

/* A node, its bucket and the bucket's entries may be keys that begin a text. */
enum { KFI_STEP_NOTES = 66 };

typedef enum kfi_step {
    KFI_STEP_ON,          /* place, rank and depth have moved down one container */
    KFI_STEP_JUMP,        /* rank and depth have; the place is still to be read from the directory */
    KFI_STEP_FOUND,       /* rank is the key's ordinal */
    KFI_STEP_ABSENT,
    KFI_STEP_CORRUPT
} kfi_step;

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
} kfi_search_variant;

extern const kfi_search_variant kfi_search_portable;
#if defined(__x86_64__)
extern const kfi_search_variant kfi_search_avx2;
extern const kfi_search_variant kfi_search_avx512;
#endif

/* Chosen once, at the first call. KEYFOLD_ISA=portable|avx2|avx512 in the environment restricts it
 * (for tests and measurements). */
const kfi_search_variant *kfi_search_best(void);

#endif
