#include "read/values/weights_reader.h"

static void open_maxima(kfi_maxima *maxima, const kfi_weights_header *header, const uint8_t *section)
{
    maxima->levels = header->levels;
    maxima->width = header->width;
    for (unsigned k = 1; k <= header->levels; k++) maxima->level[k] = section + header->level_offset[k];
}

/* Where all weights are equal, so are all maxima. No file can say more shortly how many keys it has, so nothing
 * that visits every weight is wanted here. */
static void open_constant(kfi_maxima *maxima, uint64_t weight, uint64_t keys, const uint8_t *anywhere)
{
    *maxima = (kfi_maxima){ .least = weight };
    for (uint64_t count = keys; count > KFI_WEIGHTS_FAN; count = kfi_weights_above(count))
        maxima->level[++maxima->levels] = anywhere;
}

kf_status kfi_weights_open(kfi_weights *weights, const uint8_t *file, const kfi_header *header,
                           const kfi_column *values, kf_error *error)
{
    const kfi_section *section = kfi_header_section(header, KFI_SECTION_WEIGHTS);
    kfi_weights_header parsed;
    uint64_t constant;
    memset(weights, 0, sizeof *weights);
    if (header->value_type == KF_VALUES_U64) weights->column = values;
    if (section) {
        const uint8_t *start = file + section->offset;
        kf_status status = kfi_weights_header_parse(&parsed, start, section->size, header->keys, error);
        if (!status && parsed.has_column)
            status = kfi_column_open(&weights->own, start, section->size, KF_VALUES_U64, header->keys, error);
        if (status) return status;
        if (weights->own) weights->column = weights->own;
        if (!weights->column) return kfi_fail(error, KF_CORRUPT, "the weights should be integer values");
        weights->has_section = 1;
        open_maxima(&weights->maxima, &parsed, start);
    }
    if (weights->column && kfi_column_constant(weights->column, &constant))
        open_constant(&weights->maxima, constant, header->keys, file);
    return KF_OK;
}

void kfi_weights_close(kfi_weights *weights)
{
    kfi_column_close(&weights->own);
    memset(weights, 0, sizeof *weights);
}

unsigned kfi_maxima_level(const kfi_maxima *maxima, uint64_t low, uint64_t high)
{
    unsigned level = 0;
    high--;
    while (level < maxima->levels && high - low >= KFI_WEIGHTS_FAN) {
        low >>= KFI_WEIGHTS_FAN_BITS;
        high >>= KFI_WEIGHTS_FAN_BITS;
        level++;
    }
    return level;
}

/* ---- verify ----------------------------------------------------------------------------------- */

/* The largest of block `index` of a level, from the level below, where there are `below`. */
static kf_status largest_below(const kfi_weights *weights, unsigned level, uint64_t index, uint64_t below,
                               uint64_t *largest)
{
    uint64_t first = index << KFI_WEIGHTS_FAN_BITS, weight[KFI_WEIGHTS_FAN];
    unsigned count = below - first < KFI_WEIGHTS_FAN ? (unsigned)(below - first) : KFI_WEIGHTS_FAN;
    kf_status status = level == 1 ? kfi_weights_block(weights, first, count, weight) : KF_OK;
    *largest = 0;
    for (unsigned i = 0; i < count && !status; i++) {
        uint64_t w = level == 1 ? weight[i] : kfi_maximum(&weights->maxima, level - 1, first + i);
        if (w > *largest) *largest = w;
    }
    return status;
}

kf_status kfi_weights_verify(const kfi_weights *weights, uint64_t keys, kfi_progress *progress, kf_error *error)
{
    uint64_t below = keys, ignored;
    if (!weights->has_section) return KF_OK;
    kf_status status = weights->own ? kfi_column_verify(weights->own, progress, error) : KF_OK;
    if (status || kfi_column_constant(weights->column, &ignored)) return status;
    for (unsigned level = 1; level <= weights->maxima.levels; level++) {
        uint64_t count = kfi_weights_above(below);
        for (uint64_t i = 0; i < count; i++) {
            uint64_t largest;
            status = largest_below(weights, level, i, below, &largest);
            if (status || kfi_maximum(&weights->maxima, level, i) != largest)
                return kfi_fail(error, KF_CORRUPT, "maximum %llu of level %u is not that of the weights",
                                (unsigned long long)i, level);
            status = kfi_progress_count(progress, 8 * KFI_WEIGHTS_FAN, 0, error);
            if (status) return status;
        }
        below = count;
    }
    return KF_OK;
}
