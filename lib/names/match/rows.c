#include "names/match/rows.h"

#include <stdlib.h>

enum { SLOTS = 1 << 13, MOST = SLOTS / 2 };

kf_status kfi_rows_create(kfi_rows *r, const kf_names *names, kfi_patterns *patterns, kf_error *error)
{
    *r = (kfi_rows){ .names = names, .patterns = patterns, .mask = SLOTS - 1 };
    r->ids = malloc(SLOTS * sizeof *r->ids);
    r->index = calloc(SLOTS, sizeof *r->index);
    return r->ids && r->index ? KF_OK : kfi_fail_memory(error, SLOTS * sizeof *r->ids);
}

void kfi_rows_free(kfi_rows *r)
{
    free(r->ids);
    free(r->index);
    kfi_array_free(&r->similarities);
    kfi_array_free(&r->points);
    kf_buffer_free(&r->buffer);
}

void kfi_rows_clear(kfi_rows *r)
{
    if (r->count) memset(r->index, 0, SLOTS * sizeof *r->index);
    r->count = 0;
    r->similarities.size = 0;
    r->width = r->patterns->count + 1;
}

void kfi_rows_trim(kfi_rows *r)
{
    if (r->count > MOST - KF_NAME_TOKENS) kfi_rows_clear(r);
}

static kf_status add(kfi_rows *r, uint32_t id, kf_error *error)
{
    kf_bytes token;
    kf_status status = kfi_names_token_text(r->names, id, &r->buffer, &token, error);
    if (status) return status;
    r->points.size = 0;
    status = kfi_name_points(token, &r->points, error);
    if (!status) status = kfi_array_reserve(&r->similarities, 8 * (size_t)r->width, error);
    if (status) return status;
    uint64_t *row = (uint64_t *)(void *)(r->similarities.data + r->similarities.size);
    kfi_patterns_compare(r->patterns, (const uint32_t *)(const void *)r->points.data, (uint32_t)(r->points.size / 4),
                         row + 1);
    row[0] = 0;
    for (uint32_t i = 1; i < r->width; i++)
        if (row[i] > row[0]) row[0] = row[i];
    r->similarities.size += 8 * (size_t)r->width;
    return KF_OK;
}

kf_status kfi_rows_find(kfi_rows *r, uint32_t id, uint32_t *row, int *is_new, kf_error *error)
{
    uint32_t at = (id * 0x9e3779b1u) >> 19;
    for (; r->index[at]; at = (at + 1) & r->mask) {
        if (r->ids[at] != id) continue;
        *row = r->index[at] - 1;
        *is_new = 0;
        return KF_OK;
    }
    kf_status status = add(r, id, error);
    if (status) return status;
    r->ids[at] = id;
    r->index[at] = ++r->count;
    *row = r->count - 1;
    *is_new = 1;
    return KF_OK;
}
