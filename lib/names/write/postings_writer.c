#include "names/write/postings_writer.h"

#include "base/varint.h"

#include <stdlib.h>

enum { READ_BUFFER = 256 << 10 };

typedef struct postings {
    kfi_token_list *list;
    kfi_writer *writer;
    kfi_progress *progress;
    uint32_t names, most;
    unsigned band;
    uint64_t bits;                 /* of slots that have a place by themselves */
    unsigned filled;
    kfi_array ends;                /* uint64_t: where the lists of the band end */
    kfi_array bytes;               /* of the list under way */
    /* the part: ids first .. end-1 */
    uint32_t first, end;
    uint32_t *slots;
    uint64_t *next;                /* of each id, where its next slot goes */
} postings;

static uint32_t frequency_of(const kfi_token_list *l, uint32_t id)
{
    for (unsigned b = KFI_BANDS - KFI_FREQUENCY_FIXED; b < KFI_BANDS; b++)
        if (id >= l->bands[b].first && id - l->bands[b].first < l->bands[b].count) return l->bands[b].frequency;
    uint32_t frequency;
    memcpy(&frequency, l->frequencies.data + 4 * (size_t)id, 4);
    return frequency;
}

/* How many slots of a token are stored. */
static uint32_t stored(const postings *p, uint32_t id)
{
    const uint32_t frequency = frequency_of(p->list, id);
    return frequency > p->most ? 0 : frequency;
}

/* Takes as many ids as there is memory for, but at least one. */
static uint64_t choose_part(postings *p, uint64_t memory)
{
    uint64_t sum = 0;
    for (p->end = p->first; p->end < p->list->count; p->end++) {
        const uint32_t frequency = stored(p, p->end);
        if (p->end > p->first && (sum + frequency) * 4 + (p->end - p->first) * 8ull > memory) break;
        sum += frequency;
    }
    return sum;
}

static kf_status collect(postings *p, const kfi_spool *spool, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    kf_status status = kfi_spool_reader_create(&reader, spool, 0, READ_BUFFER, error);
    for (uint32_t slot = 0; slot < p->names && !status; slot++) {
        uint64_t count, difference, id = 0;
        status = kfi_spool_reader_varint(reader, &count, error);
        for (uint64_t i = 0; i < count && !status; i++) {
            status = kfi_spool_reader_varint(reader, &difference, error);
            id += difference;
            if (!status && id >= p->first && id < p->end) p->slots[p->next[id - p->first]++] = slot;
        }
        if (!status) status = kfi_progress_count(p->progress, 1, p->first, error);
    }
    kfi_spool_reader_destroy(&reader);
    return status;
}

/* ---- bands -------------------------------------------------------------------------------------- */

static kf_status put_bits(postings *p, uint64_t value, unsigned width, kf_error *error)
{
    uint8_t bytes[8];
    p->bits |= value << p->filled;
    p->filled += width;
    if (p->filled < 32) return KF_OK;
    kfi_store64(bytes, p->bits);
    p->bits >>= 32;
    p->filled -= 32;
    return kfi_writer_write(p->writer, bytes, 4, error);
}

static kf_status align(postings *p, kf_error *error)
{
    uint8_t bytes[8];
    const size_t size = (p->filled + 7) / 8;
    kfi_store64(bytes, p->bits);
    p->bits = p->filled = 0;
    return kfi_writer_write(p->writer, bytes, size, error);
}

/* The number in two parts, since the first may be wider than what put_bits takes. */
static kf_status put_wide(postings *p, uint64_t value, unsigned width, kf_error *error)
{
    const unsigned low = width < 32 ? width : 32;
    kf_status status = put_bits(p, value & kfi_mask64(low), low, error);
    return status || width == low ? status : put_bits(p, value >> low, width - low, error);
}

static kf_status end_band(postings *p, kf_error *error)
{
    kfi_band *band = &p->list->bands[p->band];
    kf_status status = align(p, error);
    if (status || band->frequency || !band->count) return status;
    const uint64_t *ends = (const uint64_t *)(const void *)p->ends.data;
    uint32_t most = 0;
    for (uint32_t i = 0; i < band->count; i++) {
        const uint32_t frequency = frequency_of(p->list, band->first + i);
        if (frequency > most) most = frequency;
    }
    band->directory = kfi_writer_position(p->writer);
    band->end_width = (uint8_t)kfi_bit_width(ends[band->count - 1]);
    band->frequency_width = (uint8_t)kfi_bit_width(most);
    for (uint32_t i = 0; i < band->count && !status; i++) {
        status = put_wide(p, ends[i], band->end_width, error);
        if (!status) status = put_bits(p, frequency_of(p->list, band->first + i), band->frequency_width, error);
    }
    return status ? status : align(p, error);
}

static kf_status begin_band_of(postings *p, uint32_t id, kf_error *error)
{
    kf_status status = KF_OK;
    kfi_band *bands = p->list->bands;
    while (!status && id - bands[p->band].first >= bands[p->band].count) {
        status = end_band(p, error);
        bands[++p->band].postings = kfi_writer_position(p->writer);
        p->ends.size = 0;
    }
    return status;
}

/* ---- lists -------------------------------------------------------------------------------------- */

static kf_status put_varint(postings *p, uint64_t value, kf_error *error)
{
    uint8_t bytes[KFI_VARINT_MAX];
    return kfi_array_append(&p->bytes, bytes, kfi_varint_write(bytes, value), error);
}

/* Runs of consecutive slots: how many are between it and the one before, and whether it has more than one slot; then
 * how many more than two. */
static kf_status write_list(postings *p, const uint32_t *slots, uint32_t count, kf_error *error)
{
    kf_status status = KF_OK;
    p->bytes.size = 0;
    for (uint32_t i = 0, next = 0, run; i < count && !status; i += run) {
        for (run = 1; i + run < count && slots[i + run] == slots[i] + run; run++) {}
        status = put_varint(p, (uint64_t)(slots[i] - next) << 1 | (run > 1), error);
        if (!status && run > 1) status = put_varint(p, run - 2, error);
        next = slots[i] + run;
    }
    if (!status) status = kfi_writer_write(p->writer, p->bytes.data, p->bytes.size, error);
    const uint64_t end = kfi_writer_position(p->writer) - p->list->bands[p->band].postings;
    return status ? status : kfi_array_append(&p->ends, &end, sizeof end, error);
}

static kf_status write_part(postings *p, kf_error *error)
{
    kf_status status = KF_OK;
    for (uint32_t id = p->first; id < p->end && !status; id++) {
        const uint32_t frequency = stored(p, id);
        const uint32_t *slots = p->slots + p->next[id - p->first] - frequency;
        status = begin_band_of(p, id, error);
        if (status) break;
        if (!p->list->bands[p->band].frequency) status = write_list(p, slots, frequency, error);
        else for (uint32_t i = 0; i < frequency && !status; i++)
            status = put_bits(p, slots[i], kfi_rank_width(p->names), error);
        if (!status) status = kfi_progress_count(p->progress, 1, id, error);
    }
    return status;
}

static kf_status write_all(postings *p, const kfi_spool *slots, uint64_t memory, kf_error *error)
{
    kf_status status = KF_OK;
    for (; p->first < p->list->count && !status; p->first = p->end) {
        const uint64_t sum = choose_part(p, memory);
        uint64_t at = 0;
        p->slots = malloc((size_t)(sum ? sum : 1) * 4);
        p->next = malloc((size_t)(p->end - p->first) * 8);
        if (!p->slots || !p->next) status = kfi_fail_memory(error, (size_t)sum * 4);
        for (uint32_t id = p->first; id < p->end && !status; id++) {
            p->next[id - p->first] = at;
            at += stored(p, id);
        }
        if (!status) status = collect(p, slots, error);
        if (!status) status = write_part(p, error);
        free(p->slots);
        free(p->next);
    }
    return status;
}

kf_status kfi_postings_write(kfi_token_list *list, const kfi_spool *slots, uint32_t names, uint32_t most,
                             uint64_t memory, kfi_writer *writer, kfi_progress *progress, kf_error *error)
{
    postings p = { .list = list, .writer = writer, .progress = progress, .names = names, .most = most };
    p.list->bands[0].postings = kfi_writer_position(writer);
    kf_status status = write_all(&p, slots, memory, error);
    while (!status && p.band < KFI_BANDS) {
        status = end_band(&p, error);
        if (++p.band < KFI_BANDS) list->bands[p.band].postings = kfi_writer_position(writer);
        p.ends.size = 0;
    }
    kfi_array_free(&p.ends);
    kfi_array_free(&p.bytes);
    return status;
}
