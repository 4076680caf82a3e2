/* The attributes of an open index: FORMAT.md 12.7. */
#include "names/index/index.h"

#include "read/plain.h"

#include <stdlib.h>

/* ---- opening ------------------------------------------------------------------------------------ */

static kf_status bad_section(const kfi_section *section, kf_error *error)
{
    return kfi_fail_at(error, KF_CORRUPT, section->offset, "the section of attributes is impossible");
}

kf_status kfi_names_attributes_open(kf_names *n, const kfi_section *section, kf_error *error)
{
    kfi_attribute_index *a = &n->attributes;
    const uint8_t *at = a->section = n->mapping.data + section->offset;
    const uint64_t size = section->size;
    if (size < KFI_ATTRIBUTES_HEAD) return bad_section(section, error);
    a->band = (kfi_band){ .count = kfi_load32(at), .end_width = at[4], .frequency_width = at[5],
                          .image = KFI_ATTRIBUTES_HEAD, .image_size = kfi_load64(at + 8),
                          .postings = kfi_load64(at + 24), .directory = kfi_load64(at + 32) };
    const kfi_band *b = &a->band;
    a->slots = kfi_load64(at + 16);
    a->width = kfi_rank_width(b->count);
    if (!b->count || b->count > n->count || b->end_width > 57 || b->frequency_width > 32 || kfi_load16(at + 6)
        || kfi_load64(at + 40) || kfi_load64(at + 48) || kfi_load64(at + 56)
        || b->image_size > size - KFI_ATTRIBUTES_HEAD || a->slots != KFI_ATTRIBUTES_HEAD + b->image_size
        || kfi_bits_size((uint64_t)n->count * a->width) > size - a->slots
        || b->postings != a->slots + kfi_bits_size((uint64_t)n->count * a->width)
        || b->directory < b->postings || b->directory > size
        || kfi_bits_size((uint64_t)b->count * (b->end_width + b->frequency_width)) != size - b->directory)
        return bad_section(section, error);
    kf_status status = kfi_plain_open(&a->image, kfi_mapping_part(&n->mapping, section->offset + b->image,
                                                                  b->image_size), error);
    if (!status && kf_dict_count(a->image) != b->count)
        status = kfi_fail_at(error, KF_CORRUPT, section->offset, "the dictionary has not as many attributes as are "
                             "said");
    return status;
}

/* ---- attributes --------------------------------------------------------------------------------- */

kf_status kfi_names_attribute_find(const kf_names *n, kf_bytes attribute, uint32_t *number)
{
    uint64_t ordinal = 0;
    kf_status status;
    if (!n->attributes.image) status = attribute.size || !n->count ? KF_NOT_FOUND : KF_OK;
    else status = kf_dict_ordinal(n->attributes.image, attribute.size ? attribute.data : (const uint8_t *)"",
                                  attribute.size, &ordinal);
    if (!status && ordinal >= kfi_names_attribute_count(n)) status = KF_CORRUPT;
    if (!status) *number = (uint32_t)ordinal;
    return status;
}

kf_status kfi_names_attribute_text(const kf_names *n, uint32_t number, kf_buffer *buffer, kfi_array *text,
                                   kf_error *error)
{
    kf_bytes attribute = { NULL, 0 };
    kf_status status = number < kfi_names_attribute_count(n) ? KF_OK : KF_CORRUPT;
    if (!status && n->attributes.image) status = kfi_plain_key_at(n->attributes.image, number, buffer, &attribute);
    if (status)
        return kfi_fail(error, status, "attribute %u can't be read (%s)", (unsigned)number, kf_status_name(status));
    return kfi_array_append(text, attribute.data, attribute.size, error);
}

uint32_t kfi_names_attribute_frequency(const kf_names *n, uint32_t number)
{
    const kfi_attribute_index *a = &n->attributes;
    return a->image ? kfi_band_frequency(a->section, &a->band, number) : n->count;
}

/* ---- the names of an attribute ------------------------------------------------------------------ */

kf_status kfi_attribute_slots_begin(kfi_attribute_slots *s, const kf_names *n, uint32_t number)
{
    const kfi_attribute_index *a = &n->attributes;
    *s = (kfi_attribute_slots){ .names = n, .number = number };
    s->is_listed = a->image && kfi_attribute_is_listed(kfi_names_attribute_frequency(n, number), n->count);
    return s->is_listed ? kfi_postings_of(&s->list, a->section, &a->band, number, n->count) : KF_OK;
}

kf_status kfi_attribute_slots_next(kfi_attribute_slots *s, kfi_run *run)
{
    const kf_names *n = s->names;
    uint32_t slot = s->next, end;
    if (s->is_listed) return kfi_postings_next(&s->list, run);
    while (slot < n->count && kfi_names_attribute(n, slot) != s->number) slot++;
    if (slot == n->count) return KF_END;
    for (end = slot + 1; end < n->count && kfi_names_attribute(n, end) == s->number; end++) {}
    *run = (kfi_run){ slot, end - slot };
    s->next = end;
    return KF_OK;
}

/* ---- verifying ---------------------------------------------------------------------------------- */

static kf_status verify_list(const kf_names *n, uint32_t number, uint32_t count, kf_error *error)
{
    const kfi_attribute_index *a = &n->attributes;
    const uint64_t offset = kfi_header_section(&n->header, KFI_SECTION_ATTRIBUTES)->offset;
    kfi_attribute_slots slots;
    kfi_run run;
    uint32_t next = 0;
    kf_status status = count && count == kfi_names_attribute_frequency(n, number) ? KF_OK : KF_CORRUPT;
    if (!status) status = kfi_attribute_slots_begin(&slots, n, number);
    if (!status && !slots.is_listed) {      /* then the list, which nobody reads, is empty */
        status = kfi_postings_of(&slots.list, a->section, &a->band, number, n->count);
        return !status && slots.list.at == slots.list.end
            ? KF_OK : kfi_fail_at(error, KF_CORRUPT, offset, "an attribute has a list that is not due");
    }
    while (!status && !(status = kfi_attribute_slots_next(&slots, &run))) {
        if (run.first < next) status = KF_CORRUPT;
        next = run.first + run.count;
        for (uint32_t i = 0; i < run.count && !status; i++)
            if (kfi_names_attribute(n, run.first + i) != number) status = KF_CORRUPT;
    }
    if (status == KF_END && slots.list.at != slots.list.end) status = KF_CORRUPT;
    return status == KF_END ? KF_OK : kfi_fail_at(error, KF_CORRUPT, offset, "the names of an attribute are wrong");
}

kf_status kfi_names_attributes_verify(const kf_names *n, kfi_progress *progress, kf_error *error)
{
    const kfi_attribute_index *a = &n->attributes;
    kf_status status = kf_dict_verify(a->image, NULL, error);
    uint32_t *counts = calloc(a->band.count, sizeof *counts);
    if (!counts) return kfi_fail_memory(error, a->band.count * sizeof *counts);
    for (uint32_t slot = 0; slot < n->count && !status; slot++) {
        const uint32_t number = kfi_names_attribute(n, slot);
        if (number < a->band.count) counts[number]++;
        else status = kfi_fail_at(error, KF_CORRUPT, kfi_header_section(&n->header, KFI_SECTION_ATTRIBUTES)->offset,
                                  "an attribute is out of range");
    }
    for (uint32_t i = 0; i < a->band.count && !status; i++) {
        status = verify_list(n, i, counts[i], error);
        if (!status) status = kfi_progress_count(progress, 1, i, error);
    }
    free(counts);
    return status;
}
