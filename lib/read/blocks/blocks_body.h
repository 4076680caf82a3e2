/* The scan, compiled once for each instruction set: a file includes this after it has defined KFI_VARIANT,
 * KFI_VARIANT_NAME and
 *     prepared, prepare(p, query)     what is made of a query for comparing
 *     reaching(signatures, count, signature, low)     bit i: signature i overlaps in at least `low`; of at most CHUNK
 *     compare(p, columns, length, common)             common[i]: of lane i
 *     compare_edits(the same)                         see kfi_block_query.edits; after Hyyrö (2003)
 *     select_lanes(common, low, high) bit i: low <= common[i] < high
 *     raise_lanes(row, common, values)     values[i] is at least row[common[i]], of a row of 64
 *     select_above(values, floor)          bit i: values[i] > floor
 *
 * A lane is a token, its bits are positions of the query, and a column is the next code point of all 32: Hyyrö's
 * recurrence, as in pattern.c. Blocks are taken some at a time: first their signatures, then the columns of those that
 * are left, for each query. */
#include "read/blocks/blocks_scan.h"

enum {
    CHUNK = 64,                    /* blocks */
    BATCH = sizeof(prepared) > 1024 ? 4 : 8,   /* queries: they lie on the stack */
    MAXIMA_BATCH = 2 * BATCH
};

/* For queries that are too long for lanes the signature has to do. */
static void bound(const kfi_block_query *q, const uint8_t *signature, unsigned length, uint8_t *common)
{
    const unsigned most = kfi_block_overlap(signature, q->signature);
    memset(common, (int)(most < length ? most : length), KFI_BLOCK);
}

static inline void prefetch(const uint8_t *columns, size_t size)
{
    for (size_t i = 0; i < size; i += 64) kfi_prefetch(columns + i);
}

/* Queries that are scanned for together. */
typedef struct batch {
    const kfi_blocks *blocks;
    const kfi_block_query *const *queries;
    const prepared *prepared;
    size_t count, first;           /* the first one's index */
    kfi_block_sink sink;
    void *context;
} batch;

/* Some blocks of a group, from `block` of it on. */
static kf_status scan_chunk(const batch *s, size_t index, const kfi_length_group *g, uint32_t block, uint32_t count)
{
    const kfi_blocks *b = s->blocks;
    const kfi_block_query *q = s->queries[index];
    const unsigned low = q->low[g->length], high = q->high[g->length];
    const uint8_t *signatures = b->signatures + (size_t)(g->first_block + block) * KFI_BLOCK;
    const size_t size = (size_t)KFI_BLOCK * g->length;
    const uint8_t *columns = b->columns + g->columns + block * size;
    uint8_t common[KFI_BLOCK];
    uint64_t left = low < high ? reaching(signatures, count, q->signature, low) : 0;
    if (left) prefetch(columns + (unsigned)__builtin_ctzll(left) * size, size);
    while (left) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const uint32_t first = (block + i) * KFI_BLOCK;
        left &= left - 1;
        if (left) prefetch(columns + (unsigned)__builtin_ctzll(left) * size, size);
        if (q->edits) compare_edits(&s->prepared[index], columns + i * size, g->length, common);
        else if (q->length <= KFI_BLOCK_LENGTH) compare(&s->prepared[index], columns + i * size, g->length, common);
        else bound(q, signatures + (size_t)i * KFI_BLOCK, g->length, common);
        uint32_t lanes = select_lanes(common, low, high);
        if (g->tokens - first < KFI_BLOCK) lanes &= (1u << (g->tokens - first)) - 1;
        if (!lanes) continue;
        kf_status status = s->sink(s->context, s->first + index, g, g->first_token + first, lanes, common);
        if (status) return status;
    }
    return KF_OK;
}

static kf_status scan_group(const batch *s, const kfi_length_group *g)
{
    const uint32_t blocks = (g->tokens + KFI_BLOCK - 1) / KFI_BLOCK;
    kf_status status = KF_OK;
    for (uint32_t block = 0; block < blocks; block += CHUNK)
        for (size_t i = 0; i < s->count && !status; i++)
            status = scan_chunk(s, i, g, block, blocks - block < CHUNK ? blocks - block : CHUNK);
    return status;
}

static kf_status scan(const kfi_blocks *blocks, const kfi_block_query *const *queries, size_t count,
                      kfi_block_sink sink, void *context)
{
    kf_status status = KF_OK;
    for (size_t from = 0; from < count && !status; from += BATCH) {
        prepared p[BATCH];
        const size_t more = count - from < BATCH ? count - from : BATCH;
        const batch all = { blocks, queries + from, p, more, from, sink, context };
        for (size_t i = 0; i < all.count; i++) prepare(&p[i], all.queries[i]);
        for (uint32_t i = 0; i < blocks->group_count && !status; i++) status = scan_group(&all, &blocks->groups[i]);
    }
    return status;
}

/* ---- maxima ------------------------------------------------------------------------------------- */

/* What one query adds to the similarities of some blocks of a group; returns of which. */
static uint64_t raise_chunk(const kfi_blocks *b, const kfi_block_maxima *m, const prepared *p,
                            const kfi_length_group *g, uint32_t block, uint32_t count, uint8_t (*values)[KFI_BLOCK])
{
    const kfi_block_query *q = p->query;
    const uint32_t both = q->length + g->length;
    const uint8_t *row = m->similarities->rows[both < KFI_BLOCK_SUMS ? both : KFI_BLOCK_SUMS - 1];
    const uint8_t *signatures = b->signatures + (size_t)(g->first_block + block) * KFI_BLOCK;
    const size_t size = (size_t)KFI_BLOCK * g->length;
    const uint8_t *columns = b->columns + g->columns + block * size;
    const uint64_t found = reaching(signatures, count, q->signature, q->low[g->length]);
    for (uint64_t left = found; left; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        uint8_t common[KFI_BLOCK];
        if (q->length <= KFI_BLOCK_LENGTH) compare(p, columns + i * size, g->length, common);
        else bound(q, signatures + (size_t)i * KFI_BLOCK, g->length, common);
        raise_lanes(row, common, values[i]);
    }
    return found;
}

static void write_chunk(const kfi_blocks *b, const kfi_block_maxima *m, const kfi_length_group *g, uint32_t block,
                        uint64_t found, uint8_t (*values)[KFI_BLOCK])
{
    for (; found; found &= found - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(found);
        const uint32_t first = (block + i) * KFI_BLOCK;
        uint32_t lanes = select_above(values[i], m->floor);
        if (g->tokens - first < KFI_BLOCK) lanes &= (1u << (g->tokens - first)) - 1;
        for (; lanes; lanes &= lanes - 1) {
            const unsigned lane = (unsigned)__builtin_ctz(lanes);
            uint8_t *most = &m->most[kfi_blocks_id(b, g->first_token + first + lane) & m->mask];
            if (values[i][lane] > *most) *most = values[i][lane];
        }
    }
}

static void maxima(const kfi_blocks *b, const kfi_block_maxima *m)
{
    uint8_t values[CHUNK][KFI_BLOCK];
    prepared p[MAXIMA_BATCH];
    for (uint32_t i = 0; i < m->count; i++) prepare(&p[i], m->queries[i]);
    for (const kfi_length_group *g = b->groups; g < b->groups + b->group_count; g++) {
        const uint32_t blocks = (g->tokens + KFI_BLOCK - 1) / KFI_BLOCK;
        for (uint32_t block = 0; block < blocks; block += CHUNK) {
            const uint32_t count = blocks - block < CHUNK ? blocks - block : CHUNK;
            uint64_t found = 0;
            memset(values, m->floor, sizeof values);
            for (uint32_t i = 0; i < m->count; i++) found |= raise_chunk(b, m, &p[i], g, block, count, values);
            write_chunk(b, m, g, block, found, values);
        }
    }
}

/* As many queries at a time as have room. */
static void all_maxima(const kfi_blocks *b, const kfi_block_maxima *m)
{
    kfi_block_maxima part = *m;
    for (uint32_t left = m->count; left; left -= part.count, part.queries += part.count) {
        part.count = left < MAXIMA_BATCH ? left : MAXIMA_BATCH;
        maxima(b, &part);
    }
}

/* ---- all tokens --------------------------------------------------------------------------------- */

static void compare_all(const kfi_blocks *b, const kfi_block_query *const *queries, size_t count,
                        kfi_block_taker taker, void *context)
{
    prepared p[KFI_BLOCK_TOGETHER];
    uint8_t common[KFI_BLOCK_TOGETHER][KFI_BLOCK];
    for (size_t i = 0; i < count; i++) prepare(&p[i], queries[i]);
    for (const kfi_length_group *g = b->groups; g < b->groups + b->group_count; g++) {
        const uint8_t *signature = b->signatures + (size_t)g->first_block * KFI_BLOCK;
        const uint8_t *columns = b->columns + g->columns;
        for (uint32_t first = 0; first < g->tokens; first += KFI_BLOCK) {
            for (size_t i = 0; i < count; i++)
                if (queries[i]->length > KFI_BLOCK_LENGTH) bound(queries[i], signature, g->length, common[i]);
                else compare(&p[i], columns, g->length, common[i]);
            const uint32_t left = g->tokens - first;
            taker(context, g, g->first_token + first, left < KFI_BLOCK ? left : KFI_BLOCK,
                  (const uint8_t (*)[KFI_BLOCK])common);
            signature += KFI_BLOCK;
            columns += (size_t)KFI_BLOCK * g->length;
        }
    }
}

const kfi_blocks_variant KFI_VARIANT = { KFI_VARIANT_NAME, scan, all_maxima, compare_all };
