/* What a kf_names is made of. Positions and widths are checked once, when it is opened; what is read from the
 * sections afterwards is checked where it is used: slots against the number of names, ids against that of tokens. */
#ifndef KFI_NAMES_INDEX_INDEX_H
#define KFI_NAMES_INDEX_INDEX_H

#include "base/array.h"
#include "base/file.h"
#include "base/progress.h"
#include "format/metadata.h"
#include "names/index/letters.h"
#include "names/names_layout.h"
#include "names/process/process.h"
#include "read/blocks/blocks_reader.h"
#include "read/values/column_reader.h"

#include <keyfold/names.h>

/* The attributes; none: they all are empty. */
typedef struct kfi_attribute_index {
    kf_dict *image;                /* NULL: none */
    const uint8_t *section;
    kfi_band band;                 /* its places are in the section */
    uint64_t slots;                /* which attribute each slot has */
    unsigned width;
} kfi_attribute_index;

struct kf_names {
    kfi_mapping mapping;
    kfi_header header;
    kfi_metadata_view metadata;
    kfi_names_head head;
    uint32_t count;                /* names */
    kfi_band bands[KFI_BANDS_MOST];
    kf_dict *images[KFI_BANDS_MOST];
    kfi_group *groups;             /* and one more, which begins where the last one ends */
    kfi_blocks blocks;
    kfi_letters letters;           /* there may be none */
    const uint8_t *forward, *orders, *positions, *postings;
    uint64_t postings_size;
    unsigned slot_width;
    kfi_column *ids;
    kfi_attribute_index attributes;
    kfi_column *payloads;          /* NULL: none */
    uint64_t properties;           /* KFI_NAMES_PROCESSED */
    kfi_process process;
    kfi_column *texts;             /* the names as they were given; NULL: nothing is done to them */
};

/* ---- tokens ------------------------------------------------------------------------------------- */

/* The id of a token: KF_OK, KF_NOT_FOUND, KF_CORRUPT. */
kf_status kfi_names_token(const kf_names *names, kf_bytes token, uint32_t *id);
/* The bytes of a token, in `buffer`: KF_CORRUPT for an id that there is not; KF_NO_MEMORY. */
kf_status kfi_names_token_text(const kf_names *names, uint32_t id, kf_buffer *buffer, kf_bytes *token, kf_error *error);

/* ---- names -------------------------------------------------------------------------------------- */

/* The group of a slot that there is. */
static inline const kfi_group *kfi_names_group(const kf_names *names, uint32_t slot)
{
    uint32_t low = 0, high = names->head.groups;
    while (high - low > 1) {
        const uint32_t middle = (low + high) / 2;
        if (names->groups[middle].first <= slot) low = middle;
        else high = middle;
    }
    return &names->groups[low];
}

static inline const uint8_t *kfi_names_record(const kf_names *names, const kfi_group *group, uint32_t slot)
{
    return names->forward + group->records + (uint64_t)(slot - group->first) * kfi_group_record(group);
}

/* The ids of a slot's tokens, as they are stored. */
static inline void kfi_names_ids(const kf_names *names, const kfi_group *group, uint32_t slot, uint32_t *ids)
{
    const uint8_t *at = kfi_names_record(names, group, slot);
    for (unsigned width = 1; width <= KFI_ID_WIDTHS; width++)
        for (unsigned i = group->widths[width - 1]; i > 0; i--, at += width)
            *ids++ = (uint32_t)kfi_low_bits(kfi_load32(at), 8 * width);
}

static inline uint32_t kfi_names_position(const kf_names *names, uint32_t slot)
{
    return (uint32_t)kfi_load_bits(names->positions, (uint64_t)slot * names->slot_width, names->slot_width);
}

/* The ids of a name's tokens as they are stored, or anything else in that order, put into the order in which it has
 * them. KF_CORRUPT. */
kf_status kfi_names_arrange(const kf_names *names, const kfi_group *group, uint32_t slot, uint32_t *ids,
                            kf_error *error);
/* A name's text as it is compared, appended to `text`. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_names_text(const kf_names *names, uint32_t slot, kf_buffer *buffer, kfi_array *text, kf_error *error);
/* The same as it was given. `position`: of that slot. */
kf_status kfi_names_given_text(const kf_names *names, uint32_t slot, uint32_t position, kf_buffer *buffer,
                               kfi_array *text, kf_error *error);
/* An id, appended; a number in decimal. `position` is below the count. */
kf_status kfi_names_id(const kf_names *names, uint32_t position, kf_buffer *buffer, kfi_array *text, kf_error *error);

/* ---- postings ----------------------------------------------------------------------------------- */

/* Consecutive slots. */
typedef struct kfi_run { uint32_t first, count; } kfi_run;

typedef struct kfi_postings {
    const uint8_t *at, *end;       /* a list's bytes; or at: where fixed slots begin */
    uint64_t bit;
    unsigned width;                /* of a fixed slot; 0: a list */
    uint32_t left, next, names;
} kfi_postings;

/* The slots of the names whose tokens are `ids`, at most KFI_SORTED_TOKENS of them, in any order. */
kfi_run kfi_names_equal(const kf_names *names, uint32_t *ids, uint32_t count);
/* How many names have a token. `id` is below the count. */
uint32_t kfi_names_frequency(const kf_names *names, uint32_t id);
kf_status kfi_postings_begin(kfi_postings *postings, const kf_names *names, uint32_t id);
/* Before kfi_postings_begin, by some time. */
void kfi_postings_prefetch(const kf_names *names, uint32_t id);
/* Those of one in a band whose frequencies differ, `band` being of a section that begins there. */
uint32_t kfi_band_frequency(const uint8_t *section, const kfi_band *band, uint32_t index);
kf_status kfi_postings_of(kfi_postings *postings, const uint8_t *section, const kfi_band *band, uint32_t index,
                          uint32_t names);
/* The next run, all slots of which there are: KF_OK, KF_END, KF_CORRUPT. */
kf_status kfi_postings_next(kfi_postings *postings, kfi_run *run);

/* ---- attributes and payloads -------------------------------------------------------------------- */

/* Attributes are numbered in the order of their bytes. An index without any has one if it has names: the empty one. */
static inline uint32_t kfi_names_attribute_count(const kf_names *names)
{
    return names->attributes.image ? names->attributes.band.count : names->count > 0;
}

/* The number of an attribute, O(its bytes): KF_OK, KF_NOT_FOUND (no name has it), KF_CORRUPT. */
kf_status kfi_names_attribute_find(const kf_names *names, kf_bytes attribute, uint32_t *number);

/* The number of a slot's attribute, O(1). It may be any number on a damaged file. */
static inline uint32_t kfi_names_attribute(const kf_names *names, uint32_t slot)
{
    const kfi_attribute_index *a = &names->attributes;
    return a->image ? (uint32_t)kfi_load_bits(a->section + a->slots, (uint64_t)slot * a->width, a->width) : 0;
}

/* Its text, appended. KF_CORRUPT (also for a number that there is not), KF_NO_MEMORY. */
kf_status kfi_names_attribute_text(const kf_names *names, uint32_t number, kf_buffer *buffer, kfi_array *text,
                                   kf_error *error);
/* How many names have it, O(1). The number is below the count. */
uint32_t kfi_names_attribute_frequency(const kf_names *names, uint32_t number);

/* The slots of its names, ascending. Where these are not few, it takes as long as going through all slots. */
typedef struct kfi_attribute_slots {
    const kf_names *names;
    kfi_postings list;
    uint32_t number, next;
    int is_listed;
} kfi_attribute_slots;

kf_status kfi_attribute_slots_begin(kfi_attribute_slots *slots, const kf_names *names, uint32_t number);
/* KF_OK, KF_END, KF_CORRUPT. */
kf_status kfi_attribute_slots_next(kfi_attribute_slots *slots, kfi_run *run);

/* The payload of a position below the count, appended: nothing if there are none. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_names_payload(const kf_names *names, uint32_t position, kf_buffer *buffer, kfi_array *text,
                            kf_error *error);

/* ---- rows --------------------------------------------------------------------------------------- */

/* The texts of a row, appended one behind the other in the order of `parts`: id, name, attribute, payload. Only their
 * sizes are set. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_names_row(const kf_names *names, uint32_t position, uint32_t slot, kf_buffer *buffer, kfi_array *text,
                        kf_bytes *const parts[4], kf_error *error);
/* Sets where they are, once they stay there; returns what is behind them. */
const uint8_t *kfi_names_row_link(kf_bytes *const parts[4], const uint8_t *text);

/* For who opens, closes and verifies. */
kf_status kfi_names_attributes_open(kf_names *names, const kfi_section *section, kf_error *error);
kf_status kfi_names_attributes_verify(const kf_names *names, kfi_progress *progress, kf_error *error);
kf_status kfi_names_extras_open(kf_names *names, kf_error *error);
void kfi_names_extras_close(kf_names *names);
kf_status kfi_names_extras_verify(const kf_names *names, kfi_progress *progress, kf_error *error);
/* The same of the letters, once the names' tokens were found to be in range. KF_CORRUPT, KF_NO_MEMORY, KF_CANCELLED. */
kf_status kfi_letters_verify(const kf_names *names, kfi_progress *progress, kf_error *error);

#endif
