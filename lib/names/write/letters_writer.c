#include "names/write/letters_writer.h"

#include "names/index/letters.h"
#include "query/units.h"
#include "write/bit_spool.h"

#include <stdlib.h>

enum { POINTS = 0x110000, BUFFER = 256 << 10 };

struct kfi_letters_writer {
    uint32_t tokens, *sketches, *places;   /* by token */
    uint32_t kind_count;
    uint8_t kinds[4 * KFI_KIND_POINTS];
    kfi_bit_spool bits;            /* chunks, then places */
    uint8_t chunk[KFI_CHUNK_SIZE];
    uint32_t filled;               /* names in the chunk */
};

typedef struct counted { uint64_t count; uint32_t point; unsigned kind; } counted;

/* ---- kinds -------------------------------------------------------------------------------------- */

static int compare_counts(const void *a, const void *b)
{
    const counted *left = a, *right = b;
    if (left->count != right->count) return left->count < right->count ? 1 : -1;
    return (left->point > right->point) - (left->point < right->point);
}

static int compare_points(const void *a, const void *b)
{
    const counted *left = a, *right = b;
    return (left->point > right->point) - (left->point < right->point);
}

/* How often code points are in names, but for repeated tokens. */
static kf_status count_points(const kfi_token_list *list, uint64_t *counts, uint32_t *end, kf_error *error)
{
    kfi_token_walk walk;
    kf_status status = kfi_token_walk_begin(&walk, list, error);
    while (!status && !(status = kfi_token_walk_next(&walk, error))) {
        for (size_t at = 0; at < walk.token.size; ) {
            uint32_t point;
            at += kfi_unit_next(KF_UNIT_CODE_POINTS, walk.token.data + at, walk.token.size - at, &point);
            if (point >= POINTS) continue;
            counts[point] += walk.frequency;
            if (point >= *end) *end = point + 1;
        }
    }
    kfi_token_walk_end(&walk);
    return status == KF_END ? KF_OK : status;
}

/* The most frequent ones are dealt out so that each kind has about as many. */
static void choose(kfi_letters_writer *l, const uint64_t *counts, uint32_t end)
{
    counted best[KFI_KIND_POINTS + 1];
    uint64_t sums[KFI_KINDS] = { 0 };
    uint32_t count = 0;
    for (uint32_t point = 0; point < end; point++) {
        const counted entry = { counts[point], point, 0 };
        if (!entry.count || (count == KFI_KIND_POINTS && compare_counts(&entry, &best[count - 1]) > 0)) continue;
        uint32_t at = count < KFI_KIND_POINTS ? count++ : count - 1;
        for (; at && compare_counts(&entry, &best[at - 1]) < 0; at--) best[at] = best[at - 1];
        best[at] = entry;
    }
    for (uint32_t i = 0; i < count; i++) {
        unsigned least = 0;
        for (unsigned kind = 1; kind < KFI_KINDS; kind++)
            if (sums[kind] < sums[least]) least = kind;
        best[i].kind = least;
        sums[least] += best[i].count;
    }
    if (count) qsort(best, count, sizeof *best, compare_points);
    for (uint32_t i = 0; i < count; i++) kfi_store32(l->kinds + 4 * i, best[i].point | (uint32_t)best[i].kind << 24);
    l->kind_count = count;
}

static kf_status set_sketches(kfi_letters_writer *l, const kfi_token_list *list, kf_error *error)
{
    kfi_token_walk walk;
    kf_status status = kfi_token_walk_begin(&walk, list, error);
    while (!status && !(status = kfi_token_walk_next(&walk, error)))
        l->sketches[walk.id] = kfi_sketch_text(l->kinds, l->kind_count, walk.token);
    kfi_token_walk_end(&walk);
    return status == KF_END ? KF_OK : status;
}

kf_status kfi_letters_create(kfi_letters_writer **out, const kfi_token_list *list, const char *folder,
                             kfi_disk_account *account, kf_error *error)
{
    kfi_letters_writer *l = *out = calloc(1, sizeof *l);
    if (!l) return kfi_fail_memory(error, sizeof *l);
    const size_t size = ((size_t)list->count + 1) * sizeof *l->places;
    uint64_t *counts = calloc(POINTS, sizeof *counts);
    uint32_t end = 0;
    kf_status status = KF_OK;
    l->tokens = list->count;
    l->sketches = malloc(size);
    l->places = malloc(size);
    if (!l->sketches || !l->places || !counts) status = kfi_fail_memory(error, 2 * size + POINTS * sizeof *counts);
    else memset(l->places, 0xff, size);
    if (!status) status = count_points(list, counts, &end, error);
    if (!status) choose(l, counts, end);
    if (!status) status = set_sketches(l, list, error);
    if (!status) status = kfi_spool_create(&l->bits.spool, folder, BUFFER, account, error);
    free(counts);
    if (status) kfi_letters_destroy(out);
    return status;
}

uint32_t *kfi_letters_places(kfi_letters_writer *l) { return l->places; }

/* ---- writing ------------------------------------------------------------------------------------ */

kf_status kfi_letters_add(kfi_letters_writer *l, const uint32_t *ids, uint32_t count, kf_error *error)
{
    const unsigned shift = l->filled / KFI_CHUNK_HALF * 4;
    uint8_t *at = l->chunk + l->filled % KFI_CHUNK_HALF;
    uint32_t sketch = 0;
    for (uint32_t i = 0; i < count; i++) sketch = kfi_sketch_add(sketch, l->sketches[ids[i]]);
    for (unsigned pair = 0; pair < KFI_CHUNK_PAIRS; pair++, at += KFI_CHUNK_HALF)
        *at |= (uint8_t)((sketch >> (4 * pair) & 15) << shift);
    if (++l->filled < KFI_CHUNK) return KF_OK;
    kf_status status = kfi_spool_write(l->bits.spool, l->chunk, sizeof l->chunk, error);
    memset(l->chunk, 0, sizeof l->chunk);
    l->filled = 0;
    return status;
}

static kf_status write_places(kfi_letters_writer *l, kfi_writer *writer, kf_error *error)
{
    const unsigned width = kfi_rank_width((uint64_t)l->tokens + 1);
    uint32_t placed = 0;
    kf_status status = KF_OK;
    for (uint32_t id = 0; id < l->tokens; id++) placed += l->places[id] != UINT32_MAX;
    for (uint32_t id = 0; id < l->tokens && !status; id++)
        status = kfi_bit_spool_write(&l->bits, l->places[id] != UINT32_MAX ? l->places[id] : placed, width, error);
    return status ? status : kfi_bit_spool_copy(&l->bits, writer, error);
}

kf_status kfi_letters_write(kfi_letters_writer *l, kfi_writer *writer, kf_error *error)
{
    uint8_t head[KFI_LETTERS_HEAD] = { 0 };
    kfi_store32(head, l->kind_count);
    memcpy(head + KFI_LETTERS_TABLE, l->kinds, sizeof l->kinds);
    kf_status status = kfi_writer_begin(writer, KFI_SECTION_LETTERS, error);
    if (!status) status = kfi_writer_write(writer, head, sizeof head, error);
    if (!status && l->filled) status = kfi_spool_write(l->bits.spool, l->chunk, sizeof l->chunk, error);
    if (!status) status = write_places(l, writer, error);
    return status ? status : kfi_writer_end(writer, error);
}

void kfi_letters_destroy(kfi_letters_writer **pointer)
{
    kfi_letters_writer *l = *pointer;
    if (!l) return;
    kfi_spool_destroy(&l->bits.spool);
    free(l->sketches);
    free(l->places);
    free(l);
    *pointer = NULL;
}
