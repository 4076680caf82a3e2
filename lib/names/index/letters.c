#include "names/index/letters.h"

#include "query/units.h"

uint32_t kfi_sketch_text(const uint8_t *kinds, uint32_t count, kf_bytes text)
{
    uint32_t sketch = 0, point;
    for (size_t at = 0; at < text.size; ) {
        at += kfi_unit_next(KF_UNIT_CODE_POINTS, text.data + at, text.size - at, &point);
        sketch = kfi_sketch_add(sketch, kfi_sketch_of(kfi_sketch_kind(kinds, count, point)));
    }
    return sketch;
}

kf_status kfi_letters_open(kfi_letters *l, const uint8_t *section, uint64_t size, uint64_t offset, uint32_t names,
                           uint32_t tokens, kf_error *error)
{
    const uint64_t chunks = (uint64_t)kfi_letters_chunks(names) * KFI_CHUNK_SIZE;
    const unsigned width = kfi_rank_width((uint64_t)tokens + 1);
    if (size != KFI_LETTERS_HEAD + chunks + kfi_bits_size((uint64_t)tokens * width))
        return kfi_fail_at(error, KF_CORRUPT, offset, "the section of letters has the wrong size");
    l->kind_count = kfi_load32(section);
    if (l->kind_count > KFI_KIND_POINTS)
        return kfi_fail_at(error, KF_CORRUPT, offset, "the head of the letters is impossible");
    l->kinds = section + KFI_LETTERS_TABLE;
    l->chunks = section + KFI_LETTERS_HEAD;
    l->places = l->chunks + chunks;
    l->place_width = width;
    return KF_OK;
}

uint32_t kfi_letters_sketch(const kfi_letters *l, uint32_t slot)
{
    const uint8_t *at = l->chunks + (uint64_t)(slot / KFI_CHUNK) * KFI_CHUNK_SIZE + slot % KFI_CHUNK_HALF;
    const unsigned shift = slot % KFI_CHUNK / KFI_CHUNK_HALF * 4;
    uint32_t sketch = 0;
    for (unsigned pair = 0; pair < KFI_CHUNK_PAIRS; pair++, at += KFI_CHUNK_HALF)
        sketch |= (uint32_t)(*at >> shift & 15) << (4 * pair);
    return sketch;
}
