/* What a kf_names is made of. Positions and widths are checked once, when it is opened; what is read from the
 * sections afterwards is checked where it is used: slots against the number of names, ids against that of tokens. */
#ifndef KFI_NAMES_INDEX_INDEX_H
#define KFI_NAMES_INDEX_INDEX_H

#include "base/array.h"
#include "base/file.h"
#include "format/metadata.h"
#include "names/layout.h"
#include "read/blocks/blocks.h"
#include "read/values/column_reader.h"

#include <keyfold/names.h>

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
    const uint8_t *forward, *orders, *positions, *postings;
    uint64_t postings_size;
    unsigned slot_width;
    kfi_column *ids;
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

/* The ids of a slot's tokens, as they are stored. */
static inline void kfi_names_ids(const kf_names *names, const kfi_group *group, uint32_t slot, uint32_t *ids)
{
    const uint8_t *at = names->forward + group->records + (uint64_t)(slot - group->first) * kfi_group_record(group);
    for (unsigned width = 1; width <= KFI_ID_WIDTHS; width++)
        for (unsigned i = group->widths[width - 1]; i > 0; i--, at += width)
            *ids++ = (uint32_t)kfi_low_bits(kfi_load32(at), 8 * width);
}

static inline uint32_t kfi_names_position(const kf_names *names, uint32_t slot)
{
    return (uint32_t)kfi_load_bits(names->positions, (uint64_t)slot * names->slot_width, names->slot_width);
}

/* A name's text, appended to `text`. KF_CORRUPT, KF_NO_MEMORY. */
kf_status kfi_names_text(const kf_names *names, uint32_t slot, kf_buffer *buffer, kfi_array *text, kf_error *error);
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

/* How many names have a token. `id` is below the count. */
uint32_t kfi_names_frequency(const kf_names *names, uint32_t id);
kf_status kfi_postings_begin(kfi_postings *postings, const kf_names *names, uint32_t id);
/* The next run, all slots of which there are: KF_OK, KF_END, KF_CORRUPT. */
kf_status kfi_postings_next(kfi_postings *postings, kfi_run *run);

#endif
