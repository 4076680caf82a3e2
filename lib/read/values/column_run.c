/* Decoding consecutive integers at once: what kfi_packed_get does for each, it does once for all. */
#include "read/values/column_reader_parts.h"

/* Fields i .. i+count-1 of an array at `at` of the payload. The last one's position is checked before 8 bytes
 * there are loaded, as in kfi_packed_get. */
static kf_status load_fields(const kfi_packed *packed, uint64_t at, unsigned i, unsigned count, unsigned width,
                             uint64_t base, uint64_t *values)
{
    uint64_t bit = (uint64_t)i * width;
    const uint8_t *payload = packed->payload + at;
    const uint64_t mask = kfi_mask64(width);
    if (at + ((bit + (uint64_t)(count - 1) * width) >> 3) > packed->payload_size) return KF_CORRUPT;
    for (unsigned k = 0; k < count; k++, bit += width)
        values[k] = base + (kfi_load64(payload + (bit >> 3)) >> (bit & 7) & mask);
    return KF_OK;
}

static kf_status load_runs(const kfi_packed *packed, uint64_t at, unsigned i, unsigned count, unsigned width,
                           uint64_t base, uint64_t *values)
{
    const uint8_t *map = packed->payload + at;
    unsigned rank = kfi_packed_rank(map, i);
    uint64_t runs[KFI_PACKED_BLOCK];
    unsigned last = kfi_packed_rank(map, i + count - 1);
    kf_status status = load_fields(packed, at + KFI_PACKED_MAP, rank, last - rank + 1, width, base, runs);
    if (status) return status;
    for (unsigned k = 0, run = 0; k < count; k++) {
        unsigned j = i + k;
        if (k) run += map[j / 8] >> (j % 8) & 1;
        values[k] = runs[run];
    }
    return KF_OK;
}

static kf_status load_local(const kfi_packed *packed, uint64_t at, unsigned m, unsigned i, unsigned count,
                            unsigned width, uint64_t base, uint64_t *values)
{
    uint64_t indices = at + (((uint64_t)m * width + 7) >> 3);
    kf_status status = load_fields(packed, indices, i, count, kfi_bit_width(m - 1), 0, values);
    for (unsigned k = 0; k < count && !status; k++)
        status = load_fields(packed, at, (unsigned)values[k], 1, width, base, values + k);
    return status;
}

static kf_status packed_run(const kfi_packed *packed, uint64_t first, unsigned count, uint64_t *values)
{
    if (first >= packed->count || count > packed->count - first) return KF_CORRUPT;
    uint64_t entry = kfi_load64(packed->directory + first / KFI_PACKED_BLOCK * 8);
    unsigned i = first % KFI_PACKED_BLOCK, width = entry & 127, mode = entry >> 7 & 7;
    uint64_t at = entry >> 17;
    if (at > packed->payload_size || width > 64) return KF_CORRUPT;
    uint64_t base = kfi_packed_sign_extend(kfi_load64(packed->payload + at), packed->base_bytes);
    at += packed->base_bytes;
    switch (mode) {
    case KFI_PACKED_OFFSET:
        return load_fields(packed, at, i, count, width, base, values);
    case KFI_PACKED_RUNS:
        return load_runs(packed, at, i, count, width, base, values);
    case KFI_PACKED_LOCAL:
        return load_local(packed, at, (unsigned)(entry >> 10 & 127) + 1, i, count, width, base, values);
    case KFI_PACKED_LINEAR: {
        unsigned bytes = packed->base_bytes < 8 ? packed->base_bytes + 1 : 8;
        uint64_t slope = kfi_load64(packed->payload + at) & kfi_mask64(8 * bytes);
        kf_status status = load_fields(packed, at + bytes, i, count, width, base, values);
        for (unsigned k = 0; k < count && !status; k++) values[k] += slope * (i + k) >> KFI_PACKED_SLOPE_SHIFT;
        return status;
    }
    default:
        return KF_CORRUPT;
    }
}

kf_status kfi_column_u64_run(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values)
{
    const kfi_column_header *header = &column->header;
    if (header->value_type != KF_VALUES_U64) return KF_TYPE;
    if (header->layout == KFI_LAYOUT_CONSTANT) {
        for (unsigned k = 0; k < count; k++) values[k] = column->constant;
        return KF_OK;
    }
    kf_status status = packed_run(&column->codes, first, count, values);
    if (status || header->layout == KFI_LAYOUT_PACKED) return status;
    for (unsigned k = 0; k < count; k++) {
        if (values[k] >= header->items) return KF_CORRUPT;
        values[k] = kfi_load64(column->data + values[k] * header->item_width)
                    & kfi_mask64(8u * header->item_width);
    }
    return KF_OK;
}

int kfi_column_constant(const kfi_column *column, uint64_t *value)
{
    if (column->header.layout != KFI_LAYOUT_CONSTANT || column->header.value_type != KF_VALUES_U64) return 0;
    *value = column->constant;
    return 1;
}
