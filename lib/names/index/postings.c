#include "base/varint.h"
#include "names/index/index.h"

static const kfi_band *band_of(const kf_names *names, uint32_t id)
{
    const kfi_band *band = names->bands;
    while (id - band->first >= band->count) band++;
    return band;
}

/* The bit at which a list's entry of the directory begins. */
static uint64_t entry_at(const kfi_band *band, uint32_t index)
{
    return (uint64_t)index * (band->end_width + band->frequency_width);
}

uint32_t kfi_band_frequency(const uint8_t *section, const kfi_band *band, uint32_t index)
{
    return (uint32_t)kfi_load_bits(section + band->directory, entry_at(band, index) + band->end_width,
                                   band->frequency_width);
}

uint32_t kfi_names_frequency(const kf_names *names, uint32_t id)
{
    const kfi_band *band = band_of(names, id);
    return band->frequency ? band->frequency : kfi_band_frequency(names->postings, band, id - band->first);
}

kf_status kfi_postings_of(kfi_postings *p, const uint8_t *section, const kfi_band *band, uint32_t index,
                          uint32_t names)
{
    const uint8_t *directory = section + band->directory, *begin = section + band->postings;
    const uint64_t from = index ? kfi_load_bits(directory, entry_at(band, index - 1), band->end_width) : 0;
    const uint64_t to = kfi_load_bits(directory, entry_at(band, index), band->end_width);
    *p = (kfi_postings){ .names = names, .left = kfi_band_frequency(section, band, index) };
    if (from > to || to > band->directory - band->postings) return KF_CORRUPT;
    p->end = begin + to;
    p->at = begin + from;
    return KF_OK;
}

void kfi_postings_prefetch(const kf_names *names, uint32_t id)
{
    const kfi_band *band = band_of(names, id);
    const uint64_t index = id - band->first;
    if (!band->frequency) kfi_prefetch(names->postings + band->directory + entry_at(band, (uint32_t)index) / 8);
    else kfi_prefetch(names->postings + band->postings + index * band->frequency * names->slot_width / 8);
}

kf_status kfi_postings_begin(kfi_postings *p, const kf_names *names, uint32_t id)
{
    const kfi_band *band = band_of(names, id);
    const uint32_t index = id - band->first;
    if (!band->frequency) return kfi_postings_of(p, names->postings, band, index, names->count);
    *p = (kfi_postings){ .at = names->postings + band->postings, .names = names->count, .left = band->frequency,
                         .width = names->slot_width };
    p->bit = (uint64_t)index * band->frequency * p->width;
    return KF_OK;
}

static kf_status next_fixed(kfi_postings *p, kfi_run *run)
{
    *run = (kfi_run){ (uint32_t)kfi_load_bits(p->at, p->bit, p->width), 1 };
    p->bit += p->width;
    p->left--;
    return run->first < p->names ? KF_OK : KF_CORRUPT;
}

kf_status kfi_postings_next(kfi_postings *p, kfi_run *run)
{
    uint64_t gap, more = 0;
    if (!p->left) return KF_END;
    if (!p->end) return next_fixed(p, run);
    size_t size = kfi_varint_read(p->at, (size_t)(p->end - p->at), &gap);
    p->at += size;
    if (!size) return KF_CORRUPT;
    if (gap & 1) {
        size = kfi_varint_read(p->at, (size_t)(p->end - p->at), &more);
        if (!size || more > UINT32_MAX) return KF_CORRUPT;
        p->at += size;
        more += 1;
    }
    gap >>= 1;
    if (gap >= p->names - p->next || more >= p->names - p->next - gap || more >= p->left) return KF_CORRUPT;
    *run = (kfi_run){ p->next + (uint32_t)gap, 1 + (uint32_t)more };
    p->next = run->first + run->count;
    p->left -= run->count;
    return KF_OK;
}
