#include "write/blocks/blocks_writer.h"

#include "base/utf8.h"
#include "format/blocks.h"
#include "write/bit_spool.h"

#include <stdlib.h>

enum {
    OWN_CLASSES = 48,              /* of the most frequent units; all others share the rest */
    SPOOL_BUFFER = 64 << 10
};

typedef struct blocks {
    const kfi_block_source *source;
    kfi_writer *writer;
    kfi_sorter *sorter;
    uint32_t *counts;              /* of units, in the keys */
    uint8_t *classes;              /* of units */
    uint32_t units;                /* that occur, */
    uint32_t units_end;            /* all of them below this one */
    uint32_t lengths[KFI_BLOCK_KEY_LENGTH + 1];   /* how many keys */
    kfi_spool *longs;              /* id and length: two u32 each */
    uint32_t long_count;
    uint32_t empty;                /* the empty key's id, or UINT32_MAX */
    /* the block that is being filled */
    uint8_t columns[KFI_BLOCK_KEY_LENGTH][KFI_BLOCK], signature[KFI_BLOCK];
    unsigned length, lanes;
    kfi_spool *signatures;
    kfi_bit_spool ids;
    uint32_t placed;               /* keys in blocks */
} blocks;

/* The units of a key, at most one more than a block of the source has columns. */
static unsigned read_units(const blocks *b, kf_bytes key, uint32_t *units)
{
    unsigned count = 0;
    for (size_t at = 0; at < key.size && count <= b->source->longest; count++)
        at += kfi_utf8_unit(key.data + at, key.size - at, &units[count]);
    return count;
}

static uint32_t count_units(kf_bytes key)
{
    uint32_t count = 0, unit;
    for (size_t at = 0; at < key.size; count++) at += kfi_utf8_unit(key.data + at, key.size - at, &unit);
    return count;
}

static kf_status write_pair(kfi_spool *spool, uint32_t first, uint32_t second, kf_error *error)
{
    uint8_t pair[8];
    kfi_store32(pair, first);
    kfi_store32(pair + 4, second);
    return kfi_spool_write(spool, pair, sizeof pair, error);
}

/* ---- what there is ------------------------------------------------------------------------------ */

static kf_status survey_key(blocks *b, kf_bytes key, uint32_t id, kf_error *error)
{
    uint32_t units[KFI_BLOCK_KEY_LENGTH + 1];
    const unsigned length = read_units(b, key, units);
    if (!length) b->empty = id;
    if (length > b->source->longest) {
        b->long_count++;
        return write_pair(b->longs, id, count_units(key), error);
    }
    if (length) b->lengths[length]++;
    for (unsigned i = 0; i < length; i++) {
        if (b->counts[units[i]]++) continue;
        b->units++;
        if (units[i] >= b->units_end) b->units_end = units[i] + 1;
    }
    return KF_OK;
}

/* Gives all keys to `take`. */
static kf_status for_each(blocks *b, kf_status (*take)(blocks *, kf_bytes, uint32_t, kf_error *), kf_error *error)
{
    const kfi_block_source *s = b->source;
    kf_bytes key;
    uint32_t id;
    kf_status status = s->begin(s->context, error);
    while (!status && !(status = s->next(s->context, &key, &id, error))) status = take(b, key, id, error);
    s->end(s->context);
    return status == KF_END ? KF_OK : status;
}

typedef struct counted { uint32_t count, unit; } counted;

static int compare_counted(const void *a, const void *b)
{
    const counted *left = a, *right = b;
    if (left->count != right->count) return left->count < right->count ? 1 : -1;
    return (left->unit > right->unit) - (left->unit < right->unit);
}

/* The most frequent units have classes of their own. Others go where the sum of counts is least. */
static kf_status choose_classes(blocks *b, kf_error *error)
{
    uint64_t sums[KFI_CLASSES] = { 0 };
    uint32_t n = 0;
    counted *list = malloc((b->units + 1) * sizeof *list);
    if (!list) return kfi_fail_memory(error, b->units * sizeof *list);
    for (uint32_t u = 0; u < b->units_end; u++)
        if (b->counts[u]) list[n++] = (counted){ b->counts[u], u };
    qsort(list, n, sizeof *list, compare_counted);
    for (uint32_t i = 0; i < n; i++) {
        unsigned class = i;
        if (i >= OWN_CLASSES) {
            class = OWN_CLASSES;
            for (unsigned c = OWN_CLASSES + 1; c < KFI_CLASSES; c++)
                if (sums[c] < sums[class]) class = c;
        }
        sums[class] += list[i].count;
        b->classes[list[i].unit] = (uint8_t)class;
    }
    free(list);
    return KF_OK;
}

static kf_status write_head(blocks *b, kf_error *error)
{
    uint8_t head[KFI_BLOCKS_HEAD] = { 0 };
    uint32_t groups = 0, keys = 0;
    for (unsigned l = 1; l <= b->source->longest; l++) {
        groups += b->lengths[l] > 0;
        keys += b->lengths[l];
    }
    kfi_store32(head, b->units);
    kfi_store32(head + 4, groups);
    kfi_store32(head + 8, keys);
    kfi_store32(head + 12, b->long_count);
    kfi_store32(head + 16, b->empty);
    kf_status status = kfi_writer_write(b->writer, head, sizeof head, error);
    for (uint32_t u = 0; u < b->units_end && !status; u++) {
        if (!b->counts[u]) continue;
        kfi_store32(head, u | (uint32_t)b->classes[u] << 24);
        status = kfi_writer_write(b->writer, head, 4, error);
    }
    for (unsigned l = 1; l <= b->source->longest && !status; l++) {
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
static kf_status sort_key(blocks *b, kf_bytes key, uint32_t id, kf_error *error)
{
    uint32_t units[KFI_BLOCK_KEY_LENGTH + 1];
    uint8_t order[13], classes[KFI_BLOCK_KEY_LENGTH];
    uint64_t mask = 0;
    const unsigned length = read_units(b, key, units);
    if (!length || length > b->source->longest) return KF_OK;
    for (unsigned i = 0; i < length; i++) {
        classes[i] = b->classes[units[i]];
        mask |= 1ull << (KFI_CLASSES - 1 - classes[i]);
    }
    order[0] = (uint8_t)length;
    store_high_first(order + 1, mask, 8);
    store_high_first(order + 9, id, 4);
    return kfi_sorter_add(b->sorter, (kf_bytes){ order, sizeof order }, (kf_bytes){ classes, length }, error);
}

/* ---- blocks ------------------------------------------------------------------------------------- */

static kf_status close_block(blocks *b, kf_error *error)
{
    if (!b->lanes) return KF_OK;
    kf_status status = kfi_writer_write(b->writer, b->columns, (size_t)b->length * KFI_BLOCK, error);
    if (!status) status = kfi_spool_write(b->signatures, b->signature, sizeof b->signature, error);
    memset(b->columns, 0, (size_t)b->length * KFI_BLOCK);
    memset(b->signature, 0, sizeof b->signature);
    b->lanes = 0;
    return status;
}

static kf_status take_key(void *self, kf_bytes order, kf_bytes classes, kf_error *error)
{
    blocks *b = self;
    kf_status status = KF_OK;
    uint8_t counts[KFI_BLOCK] = { 0 };
    uint32_t id = 0;
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
    for (unsigned i = 9; i < 13; i++) id = id << 8 | order.data[i];
    if (b->source->places) b->source->places[id] = b->placed++;
    return kfi_bit_spool_write(&b->ids, id, kfi_rank_width(b->source->count), error);
}

static kf_status copy_spool(blocks *b, kfi_spool *spool, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    const uint8_t *data;
    kf_status status = kfi_spool_finish(spool, error);
    if (!status) status = kfi_spool_reader_create(&reader, spool, 0, SPOOL_BUFFER, error);
    for (uint64_t left = kfi_spool_size(spool); left && !status; ) {
        const size_t part = left < SPOOL_BUFFER ? (size_t)left : SPOOL_BUFFER;
        status = kfi_spool_reader_take(reader, part, &data, error);
        if (!status) status = kfi_writer_write(b->writer, data, part, error);
        left -= part;
    }
    kfi_spool_reader_destroy(&reader);
    return status;
}

static kf_status write_blocks(blocks *b, const kfi_sort_options *sort, kf_error *error)
{
    kf_status status = kfi_sorter_create(&b->sorter, sort, error);
    if (!status) status = for_each(b, sort_key, error);
    if (!status) status = kfi_sorter_finish(b->sorter, take_key, b, error);
    if (!status) status = close_block(b, error);
    kfi_sorter_destroy(&b->sorter);
    if (!status) status = kfi_bit_spool_align(&b->ids, error);
    if (!status) status = copy_spool(b, b->signatures, error);
    if (!status) status = copy_spool(b, b->ids.spool, error);
    return status ? status : copy_spool(b, b->longs, error);
}

static kf_status create(blocks *b, const kfi_sort_options *sort, kf_error *error)
{
    kfi_spool **const spools[] = { &b->longs, &b->signatures, &b->ids.spool };
    kf_status status = KF_OK;
    b->counts = calloc(KFI_BLOCK_UNITS, sizeof *b->counts);
    b->classes = calloc(KFI_BLOCK_UNITS, 1);
    if (!b->counts || !b->classes) return kfi_fail_memory(error, KFI_BLOCK_UNITS * sizeof *b->counts);
    for (size_t i = 0; i < sizeof spools / sizeof *spools && !status; i++)
        status = kfi_spool_create(spools[i], sort->folder, SPOOL_BUFFER, sort->account, error);
    return status;
}

kf_status kfi_blocks_write(const kfi_block_source *source, const kfi_sort_options *sort, kfi_writer *writer,
                           kf_error *error)
{
    blocks *b = calloc(1, sizeof *b);
    if (!b) return kfi_fail_memory(error, sizeof *b);
    *b = (blocks){ .source = source, .writer = writer, .empty = UINT32_MAX };
    kf_status status = create(b, sort, error);
    if (!status) status = for_each(b, survey_key, error);
    if (!status) status = choose_classes(b, error);
    if (!status) status = kfi_writer_begin(writer, KFI_SECTION_BLOCKS, error);
    if (!status) status = write_head(b, error);
    if (!status) status = write_blocks(b, sort, error);
    if (!status) status = kfi_writer_end(writer, error);
    free(b->counts);
    free(b->classes);
    kfi_spool_destroy(&b->longs);
    kfi_spool_destroy(&b->signatures);
    kfi_spool_destroy(&b->ids.spool);
    free(b);
    return status;
}
