/* Comparing with vectors, for each instruction set that has some. A file includes this after it has defined
 *     LANES, lane_bytes     how many lanes a vector has, and the vector: a byte for each
 *     lookup(query, column, n, masks)    the positions of the query that the classes of the lanes have: byte k of each
 *                                        lane, the positions 8k to 8k+7, is in masks[k]; there are n such bytes
 *     count_bits(lanes)     of each byte
 *     store(to, lanes)
 * Lanes are as many bytes as the query takes, each in a vector of its own. */
#ifndef KFI_READ_BLOCKS_BLOCKS_VECTORS_H
#define KFI_READ_BLOCKS_BLOCKS_VECTORS_H

static inline void lookup(const kfi_block_query *query, const uint8_t *column, unsigned n, lane_bytes *masks);

typedef struct prepared { const kfi_block_query *query; } prepared;

static inline void prepare(prepared *p, const kfi_block_query *query) { p->query = query; }

/* How many positions of `bytes` times 8 have gone out, for each lane. A sum carries where it is less than a summand. */
static inline __attribute__((always_inline)) void compare_bytes(const kfi_block_query *q, const uint8_t *column,
                                                                unsigned length, uint8_t *common, const unsigned bytes)
{
    lane_bytes state[KFI_BLOCK_LENGTH / 8], masks[KFI_BLOCK_LENGTH / 8];
    for (unsigned k = 0; k < bytes; k++) state[k] = ~(lane_bytes){ 0 };
    for (unsigned i = 0; i < length; i++, column += KFI_BLOCK) {
        lane_bytes carry = { 0 };      /* 0 or -1 */
        lookup(q, column, bytes, masks);
        for (unsigned k = 0; k < bytes; k++) {
            const lane_bytes hit = state[k] & masks[k], part = state[k] + hit, sum = k ? part - carry : part;
            if (k + 1 < bytes) {
                const lane_bytes over = (lane_bytes)(part < hit);
                carry = k ? over | (lane_bytes)(sum < part) : over;
            }
            state[k] = sum | (state[k] - hit);
        }
    }
    lane_bytes all = { 0 };
    for (unsigned k = 0; k < bytes; k++) all += count_bits(~state[k]);
    store(common, all);
}

static inline void compare(const prepared *p, const uint8_t *columns, unsigned length, uint8_t *common)
{
    const kfi_block_query *q = p->query;
    for (unsigned at = 0; at < KFI_BLOCK; at += LANES, columns += LANES, common += LANES)
        if (q->length <= 8) compare_bytes(q, columns, length, common, 1);
        else if (q->length <= 16) compare_bytes(q, columns, length, common, 2);
        else if (q->length <= 24) compare_bytes(q, columns, length, common, 3);
        else if (q->length <= 32) compare_bytes(q, columns, length, common, 4);
        else if (q->length <= 48) compare_bytes(q, columns, length, common, 6);
        else compare_bytes(q, columns, length, common, 8);
}

/* Differences down a column of the matrix: `up` has the positions where the distance grows by 1, `down` those where it
 * falls. */
static inline __attribute__((always_inline)) void edits_bytes(const kfi_block_query *q, const uint8_t *column,
                                                              unsigned length, uint8_t *common, const unsigned bytes)
{
    lane_bytes up[KFI_BLOCK_LENGTH / 8], down[KFI_BLOCK_LENGTH / 8], masks[KFI_BLOCK_LENGTH / 8];
    for (unsigned k = 0; k < bytes; k++) {
        up[k] = ~(lane_bytes){ 0 };
        down[k] = (lane_bytes){ 0 };
    }
    for (unsigned i = 0; i < length; i++, column += KFI_BLOCK) {
        lane_bytes carry = { 0 }, right_in = (lane_bytes){ 0 } + 1, left_in = { 0 };
        lookup(q, column, bytes, masks);
        for (unsigned k = 0; k < bytes; k++) {
            const lane_bytes hit = masks[k] & up[k], part = up[k] + hit, sum = k ? part - carry : part;
            const lane_bytes same = (sum ^ up[k]) | masks[k] | down[k];
            const lane_bytes right = down[k] | ~(same | up[k]), left = same & up[k];
            const lane_bytes rights = (right + right) | right_in, lefts = (left + left) | left_in;
            if (k + 1 < bytes) {
                const lane_bytes over = (lane_bytes)(part < hit);
                carry = k ? over | (lane_bytes)(sum < part) : over;
                right_in = right >> 7;
                left_in = left >> 7;
            }
            up[k] = lefts | ~(same | rights);
            down[k] = rights & same;
        }
    }
    lane_bytes all = (lane_bytes){ 0 } + (uint8_t)((q->length > length ? q->length : length) - length);
    for (unsigned k = 0; k < bytes; k++) {
        const unsigned left = q->length > 8 * k ? q->length - 8 * k : 0;
        const uint8_t full = left < 8 ? (uint8_t)kfi_mask64(left) : 255;
        all += count_bits(down[k] & full) - count_bits(up[k] & full);
    }
    store(common, all);
}

static inline void compare_edits(const prepared *p, const uint8_t *columns, unsigned length, uint8_t *common)
{
    const kfi_block_query *q = p->query;
    for (unsigned at = 0; at < KFI_BLOCK; at += LANES, columns += LANES, common += LANES)
        if (q->length <= 8) edits_bytes(q, columns, length, common, 1);
        else if (q->length <= 16) edits_bytes(q, columns, length, common, 2);
        else if (q->length <= 24) edits_bytes(q, columns, length, common, 3);
        else if (q->length <= 32) edits_bytes(q, columns, length, common, 4);
        else if (q->length <= 48) edits_bytes(q, columns, length, common, 6);
        else edits_bytes(q, columns, length, common, 8);
}

#endif
