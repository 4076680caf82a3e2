#include "read/blocks/blocks_scan.h"

#include "base/bits.h"

/* Lanes are fields of a word, of 8, 16, 32 or 64 bits: above the positions of the query each has a bit for the carry,
 * which is cleared. What a class has in each of the fields is looked up. */
enum { FIELDS = 8 };               /* at most */

typedef struct prepared {
    unsigned length;               /* of the query, if it is in lanes */
    unsigned width;                /* of a field */
    uint64_t full;                 /* all positions, in each field */
    uint64_t masks[FIELDS][KFI_CLASSES];
    const kfi_block_query *query;
} prepared;

static void prepare(prepared *p, const kfi_block_query *q)
{
    p->width = q->length < 8 ? 8 : q->length < 16 ? 16 : q->length < 32 ? 32 : 64;
    p->length = q->length < KFI_BLOCK_LENGTH ? q->length : KFI_BLOCK_LENGTH;
    p->full = 0;
    p->query = q;
    for (unsigned at = 0; at < 64; at += p->width) p->full |= kfi_mask64(p->length) << at;
    for (unsigned class = 0; class < KFI_CLASSES; class++) {
        uint64_t positions = 0;
        for (unsigned k = 0; k < KFI_BLOCK_LENGTH / 8; k++) positions |= (uint64_t)q->masks[k][class] << (8 * k);
        for (unsigned i = 0; i * p->width < 64; i++) p->masks[i][class] = positions << (i * p->width);
    }
}

/* Bits of each byte. */
static inline uint64_t count_bits(uint64_t n)
{
    n -= n >> 1 & 0x5555555555555555;
    n = (n & 0x3333333333333333) + (n >> 2 & 0x3333333333333333);
    return (n + (n >> 4)) & 0x0f0f0f0f0f0f0f0f;
}

static inline __attribute__((always_inline)) void compare_fields(const prepared *p, const uint8_t *columns,
                                                                 unsigned length, uint8_t *common, const unsigned width)
{
    for (unsigned lane = 0; lane < KFI_BLOCK; lane += 64 / width) {
        uint64_t state = p->full;
        const uint8_t *column = columns + lane;
        for (unsigned i = 0; i < length; i++, column += KFI_BLOCK) {
            uint64_t mask = 0;
            for (unsigned k = 0; k < 64 / width; k++) mask |= p->masks[k][column[k] & (KFI_CLASSES - 1)];
            const uint64_t hit = state & mask;
            state = ((state + hit) | (state - hit)) & p->full;
        }
        uint64_t n = count_bits(p->full & ~state);
        for (unsigned shift = 8; shift < width; shift *= 2) n += n >> shift;
        for (unsigned k = 0; k < 64 / width; k++) common[lane + k] = (uint8_t)(n >> (k * width)) & 0x7f;
    }
}

/* Differences down a column of the matrix: where the distance grows by 1, and where it falls. */
static inline __attribute__((always_inline)) void edits_fields(const prepared *p, const uint8_t *columns,
                                                               unsigned length, uint8_t *common, const unsigned width)
{
    const uint64_t ones = p->full / kfi_mask64(p->length);
    const unsigned longer = p->length > length ? p->length : length;
    for (unsigned lane = 0; lane < KFI_BLOCK; lane += 64 / width) {
        uint64_t up = p->full, down = 0;
        const uint8_t *column = columns + lane;
        for (unsigned i = 0; i < length; i++, column += KFI_BLOCK) {
            uint64_t mask = 0;
            for (unsigned k = 0; k < 64 / width; k++) mask |= p->masks[k][column[k] & (KFI_CLASSES - 1)];
            const uint64_t same = (((mask & up) + up) ^ up) | mask | down;
            const uint64_t right = (down | ~(same | up)) << 1 | ones, left = (same & up) << 1;
            up = (left | ~(same | right)) & p->full;
            down = right & same & p->full;
        }
        up = count_bits(up);
        down = count_bits(down);
        for (unsigned shift = 8; shift < width; shift *= 2) {
            up += up >> shift;
            down += down >> shift;
        }
        for (unsigned k = 0; k < 64 / width; k++)
            common[lane + k] = (uint8_t)(longer - length - (up >> (k * width) & 0x7f) + (down >> (k * width) & 0x7f));
    }
}

static inline void compare_edits(const prepared *p, const uint8_t *columns, unsigned length, uint8_t *common)
{
    if (p->width == 8) edits_fields(p, columns, length, common, 8);
    else if (p->width == 16) edits_fields(p, columns, length, common, 16);
    else if (p->width == 32) edits_fields(p, columns, length, common, 32);
    else edits_fields(p, columns, length, common, 64);
}

static inline void compare(const prepared *p, const uint8_t *columns, unsigned length, uint8_t *common)
{
    if (p->width == 8) compare_fields(p, columns, length, common, 8);
    else if (p->width == 16) compare_fields(p, columns, length, common, 16);
    else if (p->width == 32) compare_fields(p, columns, length, common, 32);
    else compare_fields(p, columns, length, common, 64);
}

static inline uint64_t reaching(const uint8_t *signatures, unsigned count, const uint8_t *signature, unsigned low)
{
    uint64_t found = 0;
    for (unsigned i = 0; i < count; i++, signatures += KFI_BLOCK)
        found |= (uint64_t)(kfi_block_overlap(signatures, signature) >= low) << i;
    return found;
}

static inline uint32_t select_lanes(const uint8_t *common, unsigned low, unsigned high)
{
    uint32_t lanes = 0;
    for (unsigned i = 0; i < KFI_BLOCK; i++) lanes |= (uint32_t)(common[i] - low < high - low) << i;
    return lanes;
}

static inline void raise_lanes(const uint8_t *row, const uint8_t *common, uint8_t *values)
{
    for (unsigned i = 0; i < KFI_BLOCK; i++) {
        const uint8_t value = row[common[i] < KFI_BLOCK_LENGTH ? common[i] : KFI_BLOCK_LENGTH - 1];
        if (value > values[i]) values[i] = value;
    }
}

static inline uint32_t select_above(const uint8_t *values, unsigned floor)
{
    uint32_t lanes = 0;
    for (unsigned i = 0; i < KFI_BLOCK; i++) lanes |= (uint32_t)(values[i] > floor) << i;
    return lanes;
}

#define KFI_VARIANT kfi_blocks_portable
#define KFI_VARIANT_NAME "portable"
#include "read/blocks/blocks_body.h"
