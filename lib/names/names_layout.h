/* The sections of a names index that have fixed fields, as code for writer and reader. FORMAT.md 12 draws them. */
#ifndef KFI_NAMES_NAMES_LAYOUT_H
#define KFI_NAMES_NAMES_LAYOUT_H

#include "format/blocks.h"
#include "format/header.h"

enum {
    KFI_NAMES_HEAD = 64,           /* bytes of the NAMES section before the table of bands */
    KFI_NAMES_PROCESSED = 1,       /* a property: names are processed */
    KFI_BAND_SIZE = 48,
    KFI_GROUP_SIZE = 32,
    KFI_BANDS_MOST = 16,
    KFI_GROUPS_MOST = 2048,
    KFI_FREQUENCY_FIXED = 3,       /* tokens of 1 to so many names have bands of their own, where postings have a place
                                      by themselves */
    KFI_ID_WIDTHS = 4,             /* a token's id takes 1 to 4 bytes */
    KFI_SORTED_TOKENS = 8,         /* names of at most so many have their ids in order, and how to undo that */
    KFI_ATTRIBUTES_HEAD = 64,      /* bytes of the ATTRIBUTES section before the image */
    KFI_ATTRIBUTE_SHARE = 16       /* an attribute of more than one name in so many has no list of them */
};
#define KFI_NAMES_LIMIT (UINT32_MAX - 1u)   /* names; a slot or a position fits 32 bits and is not UINT32_MAX */

typedef struct kfi_names_head {
    uint32_t tokens;               /* distinct ones */
    uint32_t most_tokens;          /* of a name */
    uint32_t bands, groups;
    uint64_t postings;             /* of all tokens */
} kfi_names_head;

/* Tokens with consecutive ids, which are in the order of their bytes. */
typedef struct kfi_band {
    uint32_t first, count;         /* ids */
    uint32_t frequency;            /* names that each of them is in; 0: they differ */
    uint8_t end_width, frequency_width;   /* of the directory's fields, if they differ */
    uint64_t image, image_size;    /* in VOCABULARY */
    uint64_t postings;             /* in POSTINGS: slots, or lists */
    uint64_t directory;            /* of the lists */
} kfi_band;

/* Names with as many tokens whose ids take as many bytes: their slots are consecutive. */
typedef struct kfi_group {
    uint32_t first;                /* slot */
    uint32_t tokens;
    uint16_t widths[KFI_ID_WIDTHS];   /* how many ids of 1, 2, 3, 4 bytes */
    uint64_t records, orders;      /* in FORWARD, in ORDERS */
} kfi_group;

/* Bytes of an id. */
static inline unsigned kfi_id_width(uint32_t id) { return id ? (kfi_bit_width(id) + 7) / 8 : 1; }

static inline uint32_t kfi_group_record(const kfi_group *group)
{
    return group->widths[0] + 2u * group->widths[1] + 3u * group->widths[2] + 4u * group->widths[3];
}

/* Bits that tell in which order a name has its ids: the rank among all permutations. */
static inline unsigned kfi_order_width(uint32_t tokens)
{
    static const uint8_t widths[KFI_SORTED_TOKENS + 1] = { 0, 0, 1, 3, 5, 7, 10, 13, 16 };
    return tokens <= KFI_SORTED_TOKENS ? widths[tokens] : 0;
}

/* Whether there is a list of the names that have an attribute; else they are found by going through all slots. */
static inline int kfi_attribute_is_listed(uint32_t frequency, uint32_t names)
{
    return frequency <= names / KFI_ATTRIBUTE_SHARE;
}

#endif
