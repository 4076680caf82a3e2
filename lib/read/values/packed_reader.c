/* Columns of integers: packed as they are, or as codes of the distinct ones, which are items of the store. */
#include "read/values/column_reader_parts.h"

kf_status kfi_packed_number(const kfi_column *column, uint64_t ordinal, uint64_t *value)
{
    return kfi_packed_get(&column->codes, ordinal, value);
}

kf_status kfi_packed_numbers(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values)
{
    return kfi_packed_load(&column->codes, first, count, values);
}

/* What the code in *value means. */
static inline int decode(const kfi_column *column, uint64_t *value)
{
    const unsigned width = column->header.item_width;
    if (*value >= column->header.items) return 0;
    *value = kfi_load64(column->data + *value * width) & kfi_mask64(8 * width);
    return 1;
}

kf_status kfi_coded_number(const kfi_column *column, uint64_t ordinal, uint64_t *value)
{
    uint64_t code = 0;
    if (kfi_packed_get(&column->codes, ordinal, &code) || !decode(column, &code)) return KF_CORRUPT;
    *value = code;
    return KF_OK;
}

kf_status kfi_coded_numbers(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values)
{
    if (kfi_packed_load(&column->codes, first, count, values)) return KF_CORRUPT;
    for (unsigned k = 0; k < count; k++)
        if (!decode(column, &values[k])) return KF_CORRUPT;
    return KF_OK;
}
