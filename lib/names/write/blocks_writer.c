#include "names/write/blocks_writer.h"

#include "base/array.h"
#include "query/units.h"

#include <stdlib.h>

enum {
    POINTS = 0x110000,
    OWN_CLASSES = 48               /* of the most frequent code points; all others share the rest */
};

typedef struct blocks {
    const kfi_token_list *list;
    kfi_writer *writer;
    uint32_t *counts;              /* of code points, in the vocabulary */
    uint8_t *classes;              /* of code points */
    uint32_t points;               /* that occur */
    uint32_t lengths[KFI_BLOCK_LENGTH + 1];   /* how many tokens */
    kfi_array longs;               /* id and length: two uint32_t each */
    uint32_t empty;                /* the empty token's id, or UINT32_MAX */
    /* the block that is being filled */
    uint8_t columns[KFI_BLOCK_LENGTH][KFI_BLOCK], signature[KFI_BLOCK];
    unsigned length, lanes;
    kfi_array signatures, ids;
    uint64_t bit;                  /* of the next id */
} blocks;

/* The code points of a token, at most one more than a block has columns. */
static unsigned read_points(kf_bytes token, uint32_t *points)
{
    unsigned count = 0;
    for (size_t at = 0; at < token.size && count <= KFI_BLOCK_LENGTH; count++)
        at += kfi_unit_next(KF_UNIT_CODE_POINTS, token.data + at, token.size - at, &points[count]);
    return count;
}

static unsigned count_points(kf_bytes token)
{
    unsigned count = 0;
    for (size_t i = 0; i < token.size; i++) count += (token.data[i] & 0xc0) != 0x80;
    return count;
}

/* ---- what there is ------------------------------------------------------------------------------ */

static kf_status survey(blocks *b, kf_error *error)
{
    kfi_token_walk walk;
    uint32_t points[KFI_BLOCK_LENGTH + 1];
    kf_status status = kfi_token_walk_begin(&walk, b->list, error);
    while (!status && !(status = kfi_token_walk_next(&walk, error))) {
        const unsigned length = read_points(walk.token, points);
        if (!length) b->empty = walk.id;
        else if (length <= KFI_BLOCK_LENGTH) b->lengths[length]++;
        if (length > KFI_BLOCK_LENGTH) {
            uint32_t entry[2] = { walk.id, count_points(walk.token) };
            status = kfi_array_append(&b->longs, entry, sizeof entry, error);
            continue;
        }
        for (unsigned i = 0; i < length; i++) b->points += b->counts[points[i]]++ == 0;
    }
    kfi_token_walk_end(&walk);
    return status == KF_END ? KF_OK : status;
}

typedef struct counted { uint32_t count, point; } counted;

static int compare_counted(const void *a, const void *b)
{
    const counted *left = a, *right = b;
    if (left->count != right->count) return left->count < right->count ? 1 : -1;
    return (left->point > right->point) - (left->point < right->point);
}

/* The most frequent code points have classes of their own. Others go where the sum of counts is least. */
static kf_status choose_classes(blocks *b, kf_error *error)
{
    uint64_t sums[KFI_CLASSES] = { 0 };
    uint32_t n = 0;
    counted *list = malloc((b->points + 1) * sizeof *list);
    if (!list) return kfi_fail_memory(error, b->points * sizeof *list);
    for (uint32_t p = 0; p < POINTS; p++)
        if (b->counts[p]) list[n++] = (counted){ b->counts[p], p };
    qsort(list, n, sizeof *list, compare_counted);
    for (uint32_t i = 0; i < n; i++) {
        unsigned class = i;
        if (i >= OWN_CLASSES) {
            class = OWN_CLASSES;
            for (unsigned c = OWN_CLASSES + 1; c < KFI_CLASSES; c++)
                if (sums[c] < sums[class]) class = c;
        }
        sums[class] += list[i].count;
        b->classes[list[i].point] = (uint8_t)class;
    }
    free(list);
    return KF_OK;
}

static kf_status write_head(blocks *b, kf_error *error)
{
    uint8_t head[KFI_BLOCKS_HEAD] = { 0 };
    uint32_t groups = 0, tokens = 0;
    for (unsigned l = 1; l <= KFI_BLOCK_LENGTH; l++) {
        groups += b->lengths[l] > 0;
        tokens += b->lengths[l];
    }
    kfi_store32(head, b->points);
    kfi_store32(head + 4, groups);
    kfi_store32(head + 8, tokens);
    kfi_store32(head + 12, (uint32_t)(b->longs.size / 8));
    kfi_store32(head + 16, b->empty);
    kf_status status = kfi_writer_write(b->writer, head, sizeof head, error);
    for (uint32_t p = 0; p < POINTS && !status; p++) {
        if (!b->counts[p]) continue;
        kfi_store32(head, p | (uint32_t)b->classes[p] << 24);
        status = kfi_writer_write(b->writer, head, 4, error);
    }
    for (unsigned l = 1; l <= KFI_BLOCK_LENGTH && !status; l++) {
        if (!b->lengths[l]) continue;
        kfi_store32(head, l);
        kfi_store32(head + 4, b->lengths[l]);
        status = kfi_writer_write(b->writer, head, KFI_LENGTH_GROUP_SIZE, error);
    }
    return status;
}

/* ---- sorting ------------------------------------------------------------------------------------ */

static void store_high_first(uint8_t *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

/* Sorted by length, by which classes they have, the most frequent first, and by id. */
static kf_status sort_tokens(const blocks *b, kfi_sorter *sorter, kf_error *error)
{
    kfi_token_walk walk;
    uint32_t points[KFI_BLOCK_LENGTH + 1];
    uint8_t key[13], classes[KFI_BLOCK_LENGTH];
    kf_status status = kfi_token_walk_begin(&walk, b->list, error);
    while (!status && !(status = kfi_token_walk_next(&walk, error))) {
        const unsigned length = read_points(walk.token, points);
        uint64_t mask = 0;
        if (!length || length > KFI_BLOCK_LENGTH) continue;
        for (unsigned i = 0; i < length; i++) {
            classes[i] = b->classes[points[i]];
            mask |= 1ull << (KFI_CLASSES - 1 - classes[i]);
        }
        key[0] = (uint8_t)length;
        store_high_first(key + 1, mask, 8);
        store_high_first(key + 9, walk.id, 4);
        status = kfi_sorter_add(sorter, (kf_bytes){ key, sizeof key }, (kf_bytes){ classes, length }, error);
    }
    kfi_token_walk_end(&walk);
    return status == KF_END ? KF_OK : status;
}

/* ---- blocks ------------------------------------------------------------------------------------- */

static kf_status close_block(blocks *b, kf_error *error)
{
    if (!b->lanes) return KF_OK;
    kf_status status = kfi_writer_write(b->writer, b->columns, (size_t)b->length * KFI_BLOCK, error);
    if (!status) status = kfi_array_append(&b->signatures, b->signature, sizeof b->signature, error);
    memset(b->columns, 0, sizeof b->columns);
    memset(b->signature, 0, sizeof b->signature);
    b->lanes = 0;
    return status;
}

static kf_status append_id(blocks *b, uint32_t id, kf_error *error)
{
    const unsigned width = kfi_rank_width(b->list->count);
    kf_status status = kfi_array_reserve(&b->ids, 16, error);
    if (status) return status;
    uint8_t *at = b->ids.data + b->bit / 8;
    if (!(b->bit & 7)) at[0] = 0;
    uint64_t bits = (uint64_t)id << (b->bit & 7) | at[0];
    kfi_store64(at, bits);
    b->bit += width;
    b->ids.size = (size_t)kfi_bits_size(b->bit);
    return KF_OK;
}

static kf_status take_token(void *self, kf_bytes key, kf_bytes classes, kf_error *error)
{
    blocks *b = self;
    kf_status status = KF_OK;
    uint8_t counts[KFI_BLOCK] = { 0 };
    if (b->lanes == KFI_BLOCK || b->length != classes.size) status = close_block(b, error);
    if (status) return status;
    b->length = (unsigned)classes.size;
    for (unsigned i = 0; i < b->length; i++) {
        b->columns[i][b->lanes] = classes.data[i];
        counts[classes.data[i] % KFI_BLOCK]++;
    }
    for (unsigned i = 0; i < KFI_BLOCK; i++)
        if (counts[i] > b->signature[i]) b->signature[i] = counts[i];
    b->lanes++;
    uint32_t id = 0;
    for (unsigned i = 9; i < 13; i++) id = id << 8 | key.data[i];
    return append_id(b, id, error);
}

static kf_status write_blocks(blocks *b, const kfi_sort_options *sort, kf_error *error)
{
    kfi_sorter *sorter = NULL;
    kf_status status = kfi_sorter_create(&sorter, sort, error);
    if (!status) status = sort_tokens(b, sorter, error);
    if (!status) status = kfi_sorter_finish(sorter, take_token, b, error);
    if (!status) status = close_block(b, error);
    kfi_sorter_destroy(&sorter);
    if (!status) status = kfi_writer_write(b->writer, b->signatures.data, b->signatures.size, error);
    if (!status) status = kfi_writer_write(b->writer, b->ids.data, b->ids.size, error);
    for (size_t i = 0; i < b->longs.size && !status; i += 4) {
        uint8_t number[4];
        uint32_t value;
        memcpy(&value, b->longs.data + i, 4);
        kfi_store32(number, value);
        status = kfi_writer_write(b->writer, number, sizeof number, error);
    }
    return status;
}

kf_status kfi_blocks_write(const kfi_token_list *list, const kfi_sort_options *sort, kfi_writer *writer,
                           kf_error *error)
{
    kf_status status = KF_OK;
    blocks *b = calloc(1, sizeof *b);
    if (!b) return kfi_fail_memory(error, sizeof *b);
    b->list = list;
    b->writer = writer;
    b->empty = UINT32_MAX;
    b->counts = calloc(POINTS, sizeof *b->counts);
    b->classes = calloc(POINTS, 1);
    if (!b->counts || !b->classes) status = kfi_fail_memory(error, POINTS * sizeof *b->counts);
    if (!status) status = survey(b, error);
    if (!status) status = choose_classes(b, error);
    if (!status) status = kfi_writer_begin(writer, KFI_SECTION_BLOCKS, error);
    if (!status) status = write_head(b, error);
    if (!status) status = write_blocks(b, sort, error);
    if (!status) status = kfi_writer_end(writer, error);
    free(b->counts);
    free(b->classes);
    kfi_array_free(&b->longs);
    kfi_array_free(&b->signatures);
    kfi_array_free(&b->ids);
    free(b);
    return status;
}
