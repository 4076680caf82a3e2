/* The key structure as the reader sees it: where it lies.
 *
 * Every position, width and count that comes from the file is checked against the section before it
 * is used, on the one path that all lookups take. Sections are followed by KFI_TAIL_PAD readable bytes,
 * so loads of a fixed size that begin inside a section need no check of their own. A child node lies
 * strictly before its parent and a jump consumes a byte of the key, so every walk ends. */
#ifndef KFI_READ_KEYS_KEYS_VIEW_H
#define KFI_READ_KEYS_KEYS_VIEW_H

#include "format/endings.h"
#include "format/header.h"
#include "format/keys.h"
#include "format/tokens.h"

/* The table of first nodes; `positions` is 0 when there is none. */
typedef struct kfi_top {
    const uint8_t *strides, *classes, *cells;
    uint32_t cell_count;
    uint8_t positions, position_width, rank_width, cell_width;
} kfi_top;

/* What the jumps to the first `count` directory indexes lead to. Without any, something can be read at `entries`. */
typedef struct kfi_endings {
    const uint8_t *entries, *records;
    uint64_t count, units;
} kfi_endings;

/* The list of any index; its count is 0 if there is none, or it does not fit the section. Without a branch. */
static inline kfi_ending_list kfi_endings_list(const kfi_endings *endings, uint64_t index)
{
    const unsigned known = index < endings->count;
    kfi_ending_list list = kfi_ending_list_load(endings->entries + (index & (0ull - known)) * KFI_ENDINGS_ENTRY);
    const unsigned fits = (list.count <= KFI_ENDINGS_MOST)
                        & (list.first + (uint64_t)(list.count << list.wide) <= endings->units);
    list.count &= 0u - (known & fits);
    return list;
}

typedef struct kfi_keys {
    const uint8_t *tree, *shared;
    uint64_t tree_size, shared_size;
    uint64_t count;
    uint32_t longest_key;
    uint8_t code_width;          /* of tails and paths, in bits */
    uint8_t escape;              /* kfi_escape_code */
    int interleave;              /* whether batches gain by it: what is in the processor's caches does not wait */
    kfi_tokens tokens;
    kfi_top top;
    kfi_endings endings;
    kfi_keys_parameters parameters;
    uint8_t label_of[1 << KFI_LABEL_BITS_MAX];   /* the byte of a label code */
} kfi_keys;

/* The row of the first code behind a label. One that is escaped is itself coded, behind nothing. */
static inline uint32_t kfi_label_row(const kfi_keys *keys, uint8_t label, unsigned escaped)
{
    return escaped ? KFI_TOKEN_FIRST_ROW : kfi_token_row(&keys->tokens, label);
}

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

static inline kfi_place kfi_root(const kfi_keys *keys)
{
    return (kfi_place){ keys->tree + keys->parameters.root, keys->tree + keys->tree_size };
}

static inline int kfi_is_node(const uint8_t *at) { return at[0] >> 7; }

/* Where the container at `at` and the section that holds it end. */
static inline kfi_place kfi_place_of(const kfi_keys *keys, const uint8_t *at)
{
    if ((uintptr_t)at - (uintptr_t)keys->shared < keys->shared_size)
        return (kfi_place){ at, keys->shared + keys->shared_size };
    return (kfi_place){ at, keys->tree + keys->tree_size };
}

/* What going down one container comes to. */
typedef enum kfi_step {
    KFI_STEP_ON,          /* it has gone down */
    KFI_STEP_JUMP,        /* it has, but for the place, which is still to be read from the directory */
    KFI_STEP_FOUND,
    KFI_STEP_ABSENT,
    KFI_STEP_CORRUPT
} kfi_step;

#endif
