/* Listing keys in order, many at a time: what plain iteration is made of. Like the walk (read/keys/walk.h), but
 * forwards only; the keys lie one after the other, each whole.
 *
 *     kfi_list_create(list, longest key);
 *     kfi_list_begin(list, keys);
 *     kfi_list_seek(list, ordinal);         or kfi_list_prefix
 *     kfi_list_fill(list, entries, capacity, most, &count);     again and again
 *
 * Damage: every container that is entered adds a byte to the text, which never exceeds the longest key, and holds a
 * key or is refused; so each call ends. */
#ifndef KFI_READ_SEARCH_LIST_H
#define KFI_READ_SEARCH_LIST_H

#include "read/keys/keys_view.h"

#include <keyfold/iter.h>

enum {
    KFI_LIST_OUTLINE = 768,       /* bytes that an unpacked bucket takes */
    KFI_LIST_FEW_BITS = 2,        /* unpacked buckets that are kept: few at first, */
    KFI_LIST_MANY_BITS = 6,       /* and many when it goes on */
    KFI_LIST_LEVELS = 24,
    KFI_LIST_SLACK = 64,          /* bytes behind a key that composing it may overwrite */
    KFI_LIST_LEAF_BITS = 9,       /* leaves that are remembered, by their reference's hash, */
    KFI_LIST_RECORDS = 4096,      /* and keys in them: as many bytes, up to RECORD - 1, and how many in the last one */
    KFI_LIST_RECORD = 16,
    KFI_LIST_LEAF_KEYS = 64
};

/* What many jumps lead to, with few and short keys below it: these, one after the other. */
typedef struct kfi_list_leaf {
    uint64_t reference;           /* of the directory, plus 1; 0: none */
    uint32_t first;               /* records */
    uint16_t count, longest;
} kfi_list_leaf;

/* A container on the way to the next key.
 *   ENTRIES   entries entry..end-1 of a bucket are still to come; the tail of the first of them begins at bit `bit`
 *             of the bucket's.
 *   NODE      What comes next is a gap between children: `big` child nodes precede it, and the entries before entry
 *             `entry` of bucket `bucket`; or if `open`, the entries whose labels are below that of the child node
 *             before the gap.
 *   LEAF      records entry..end-1 from `at` on. */
typedef struct kfi_list_level {
    const uint8_t *at;
    uint64_t bit;
    uint64_t reference;           /* plus 1, of the jump that led here; 0: none */
    size_t first;                 /* the first key below it in this fill's; SIZE_MAX: it came in a fill before */
    uint32_t depth;
    uint16_t big, bucket;
    uint8_t kind, entry, end, open;
} kfi_list_level;

typedef struct kfi_list {
    const kfi_keys *keys;
    const struct kfi_search_variant *variant;
    uint64_t ordinal;             /* of the next key */

    /* Private from here on. */
    uint8_t *text;                /* the last key, or as far as the levels lead */
    size_t size;
    uint8_t *next;                /* where the next key is composed; its first bytes are copied there first */
    int ready;                    /* the text itself is the next key */
    kf_entry *entries;            /* of the call of kfi_list_fill */
    size_t count, wanted;
    uint8_t *arena, *arena_end, *last;   /* `last`: where the last key at most may begin */
    kfi_list_level *levels;
    size_t height, capacity;
    uint8_t *outlines;            /* buckets last looked at, unpacked; direct-mapped by address */
    const uint8_t **outline_at;
    unsigned outline_bits, misses;
    kfi_list_leaf *leaves;        /* NULL: none are remembered yet */
    uint8_t *records;
    size_t records_used;
    int full;                     /* the arena was, before all were there that were wanted */
    kf_status failed;
    void *arena_made, *levels_made, *outlines_made;     /* to be freed */
    kfi_list_level first_levels[KFI_LIST_LEVELS];
    const uint8_t *first_outline_at[1 << KFI_LIST_FEW_BITS];
    _Alignas(64) uint8_t first_outlines[KFI_LIST_OUTLINE << KFI_LIST_FEW_BITS];
} kfi_list;

/* A list of no keys. `arena` has `size` bytes, which the keys of one call lie in; if it is too small for keys of
 * a dictionary, a larger one is made. The list itself must be aligned to 64 bytes. */
void kfi_list_init(kfi_list *list, uint8_t *arena, size_t size);
void kfi_list_destroy(kfi_list *list);

/* Makes it one of these keys. KF_NO_MEMORY. */
kf_status kfi_list_begin(kfi_list *list, const kfi_keys *keys);

/* The next key is that of an ordinal below the count. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_list_seek(kfi_list *list, uint64_t ordinal);

/* The next keys are those that begin with `prefix`, *count of them; it must not be asked for more. The first one's
 * ordinal is list->ordinal, also if there is none. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_list_prefix(kfi_list *list, kf_bytes prefix, uint64_t *count);

/* Sets the next entries, at most `most` and at least one; their keys are valid until the next call on the list.
 * `most` must not be more than there are. KF_CORRUPT, KF_NO_MEMORY: nothing more comes. */
kf_status kfi_list_fill(kfi_list *list, kf_entry *entries, size_t most, size_t *count);

#endif
