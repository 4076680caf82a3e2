#include "query/regex/utf8_automaton.h"

#include "query/units.h"

#include <stdlib.h>

static const kfi_utf8_node *node_at(const kfi_utf8 *pool, uint32_t node)
{
    return (const kfi_utf8_node *)(const void *)pool->nodes.data + node;
}

static const kfi_arc *arcs_of(const kfi_utf8 *pool, uint32_t node)
{
    return (const kfi_arc *)(const void *)pool->arcs.data + node_at(pool, node)->first;
}

static uint32_t node_count(const kfi_utf8 *pool)
{
    return (uint32_t)(pool->nodes.size / sizeof(kfi_utf8_node));
}

void kfi_utf8_close(kfi_utf8 *pool)
{
    free(pool->slots);
    pool->slots = NULL;
    pool->slot_count = 0;
}

void kfi_utf8_free(kfi_utf8 *pool)
{
    kfi_utf8_close(pool);
    kfi_array_free(&pool->nodes);
    kfi_array_free(&pool->arcs);
}

/* ---- equal nodes are one -------------------------------------------------------------------------- */

/* A node under construction: at most an arc for each byte. */
typedef struct draft {
    kfi_arc arcs[256];
    uint32_t count;
} draft;

static void draw(draft *d, unsigned low, unsigned high, uint32_t target)
{
    kfi_arc *last = d->count ? &d->arcs[d->count - 1] : NULL;
    if (target == KFI_UTF8_NONE) return;
    if (last && last->target == target && last->high + 1u == low) last->high = (uint8_t)high;
    else d->arcs[d->count++] = (kfi_arc){ (uint8_t)low, (uint8_t)high, target };
}

static size_t hash_of(const kfi_arc *arcs, uint32_t count)
{
    uint64_t hash = count;
    for (uint32_t i = 0; i < count; i++) {
        hash ^= arcs[i].low | (uint64_t)arcs[i].high << 8 | (uint64_t)arcs[i].target << 16;
        hash *= UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return (size_t)hash;
}

static int equal(const kfi_arc *a, const kfi_arc *b, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && a[i].low == b[i].low && a[i].high == b[i].high && a[i].target == b[i].target) i++;
    return i == count;
}

static kf_status grow(kfi_utf8 *pool, kf_error *error)
{
    size_t count = pool->slot_count ? 2 * pool->slot_count : 64;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots) return kfi_fail_memory(error, count * sizeof *slots);
    for (uint32_t n = 1; n < node_count(pool); n++) {
        size_t at = hash_of(arcs_of(pool, n), node_at(pool, n)->count) & (count - 1);
        while (slots[at]) at = (at + 1) & (count - 1);
        slots[at] = n;
    }
    free(pool->slots);
    pool->slots = slots;
    pool->slot_count = count;
    return KF_OK;
}

static kf_status finish(kfi_utf8 *pool, const draft *d, uint32_t *out, kf_error *error)
{
    kf_status status = KF_OK;
    kfi_utf8_node node = { (uint32_t)(pool->arcs.size / sizeof(kfi_arc)), d->count };
    *out = KFI_UTF8_NONE;
    if (!d->count) return KF_OK;
    if (2 * (size_t)node_count(pool) >= pool->slot_count) status = grow(pool, error);
    if (status) return status;

    size_t mask = pool->slot_count - 1, at = hash_of(d->arcs, d->count) & mask;
    for (; pool->slots[at]; at = (at + 1) & mask) {
        uint32_t n = pool->slots[at];
        if (node_at(pool, n)->count == d->count && equal(arcs_of(pool, n), d->arcs, d->count)) {
            *out = n;
            return KF_OK;
        }
    }
    uint32_t fresh = node_count(pool);
    if (fresh >= KF_PATTERN_STATES_LIMIT) return KF_LIMIT;
    status = kfi_array_append(&pool->arcs, d->arcs, d->count * sizeof *d->arcs, error);
    if (!status) status = kfi_array_append(&pool->nodes, &node, sizeof node, error);
    if (!status) *out = pool->slots[at] = fresh;
    return status;
}

/* ---- code points ---------------------------------------------------------------------------------- */

/* Ranges that one node has to do with, and those of them that are still to be looked at. */
typedef struct slice {
    const kfi_range *at, *end;
} slice;

static kf_status tail(kfi_utf8 *pool, const slice *s, uint32_t base, unsigned level, uint32_t *out,
                      kf_error *error);

/* Arcs for lead bytes or continuation bytes that stand for 64^level code points each: `byte` for those
 * from `base` on, up to the code point `last`. Takes what it has used off the slice. */
static kf_status branch(kfi_utf8 *pool, draft *d, slice *s, uint32_t base, unsigned level, unsigned byte,
                        uint32_t last, kf_error *error)
{
    uint32_t size = UINT32_C(1) << 6 * level;
    for (uint32_t next = base; s->at < s->end && s->at->low <= last; ) {
        uint32_t low = s->at->low > next ? s->at->low : next;
        uint32_t start = base + (low - base) / size * size, target;
        uint32_t full = s->at->high >= last ? last - start + 1 : s->at->high - start + 1;
        if (low == start && full >= size) {
            /* Children that the range covers: alike, so one suffices. */
            slice all = { s->at, s->at + 1 };
            kf_status status = tail(pool, &all, start, level, &target, error);
            if (status) return status;
            next = start + full / size * size;
        } else {
            kf_status status = tail(pool, s, start, level, &target, error);
            if (status) return status;
            next = start + size;
        }
        draw(d, byte + (start - base) / size, byte + (next - 1 - base) / size, target);
        while (s->at < s->end && s->at->high < next) s->at++;
        if (next > last) break;
    }
    return KF_OK;
}

/* The node for the `level` continuation bytes that end the sequences of base .. base + 64^level - 1. The
 * depth of the recursion is the level: at most 3. */
static kf_status tail(kfi_utf8 *pool, const slice *s, uint32_t base, unsigned level, uint32_t *out,
                      kf_error *error)
{
    draft d;
    slice rest = *s;
    d.count = 0;
    *out = KFI_UTF8_DONE;
    if (!level) return KF_OK;
    kf_status status = branch(pool, &d, &rest, base, level - 1, 0x80,
                              base + (UINT32_C(1) << 6 * level) - 1, error);
    return status ? status : finish(pool, &d, out, error);
}

/* What is encoded in one, two, three (before and after the surrogates) and four bytes: the code points that
 * have this length, and those that the first of its lead bytes stands for. */
static const struct length {
    uint32_t low, high, base;
    uint8_t lead, level;
} lengths[] = {
    { 0, 0x7f, 0, 0, 0 }, { 0x80, 0x7ff, 0, 0xc0, 1 }, { 0x800, 0xd7ff, 0, 0xe0, 2 },
    { 0xe000, 0xffff, 0, 0xe0, 2 }, { 0x10000, KFI_CODE_POINT_MAX, 0, 0xf0, 3 },
};

static kf_status code_points(kfi_utf8 *pool, const kfi_set *set, draft *d, kf_error *error)
{
    kfi_array cut = { 0 };
    kf_status status = KF_OK;
    const kfi_range *ranges = kfi_set_ranges(set);
    size_t count = kfi_set_count(set);
    for (size_t l = 0, i = 0; l < sizeof lengths / sizeof *lengths && !status; l++) {
        const struct length *length = &lengths[l];
        cut.size = 0;
        while (i < count && ranges[i].high < length->low) i++;
        for (size_t k = i; k < count && ranges[k].low <= length->high && !status; k++) {
            kfi_range range = ranges[k];
            if (range.low < length->low) range.low = length->low;
            if (range.high > length->high) range.high = length->high;
            status = kfi_array_append(&cut, &range, sizeof range, error);
        }
        if (status || !cut.size) continue;
        const kfi_range *begin = (const kfi_range *)(const void *)cut.data;
        slice s = { begin, begin + cut.size / sizeof *begin };
        status = branch(pool, d, &s, length->base, length->level, length->lead, length->high, error);
    }
    kfi_array_free(&cut);
    return status;
}

kf_status kfi_utf8_add(kfi_utf8 *pool, const kfi_set *set, int bytes, uint32_t *root, kf_error *error)
{
    draft d;
    kf_status status = KF_OK;
    d.count = 0;
    if (!pool->nodes.size)
        status = kfi_array_append(&pool->nodes, &(kfi_utf8_node){ 0 }, sizeof(kfi_utf8_node), error);
    for (size_t i = 0; bytes && i < kfi_set_count(set) && !status; i++) {
        kfi_range range = kfi_set_ranges(set)[i];
        if (range.high > 255) range.high = 255;
        if (range.low <= range.high) draw(&d, range.low, range.high, KFI_UTF8_DONE);
    }
    if (!bytes && !status) status = code_points(pool, set, &d, error);
    return status ? status : finish(pool, &d, root, error);
}

uint32_t kfi_utf8_next(const kfi_utf8 *pool, uint32_t node, uint8_t byte)
{
    if (node == KFI_UTF8_NONE) return KFI_UTF8_NONE;
    const kfi_arc *arcs = arcs_of(pool, node);
    uint32_t low = 0, high = node_at(pool, node)->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (arcs[middle].high < byte) low = middle + 1;
        else high = middle;
    }
    return low < node_at(pool, node)->count && arcs[low].low <= byte ? arcs[low].target : KFI_UTF8_NONE;
}

/* ---- bytes that are alike ------------------------------------------------------------------------- */

typedef struct partition {
    uint32_t *of;
    unsigned classes, members[256];
} partition;

/* Afterwards no class has bytes of the arcs that lead to `target` and others. */
static void split(partition *p, const kfi_arc *arcs, uint32_t count, uint32_t target)
{
    unsigned inside[256] = { 0 }, fresh[256] = { 0 }, before = p->classes;
    for (uint32_t i = 0; i < count; i++)
        for (unsigned b = arcs[i].low; arcs[i].target == target && b <= arcs[i].high; b++) inside[p->of[b]]++;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned b = arcs[i].low; arcs[i].target == target && b <= arcs[i].high; b++) {
            unsigned old = p->of[b];
            if (old >= before || inside[old] == p->members[old]) continue;
            if (!fresh[old]) fresh[old] = p->classes++;
            p->of[b] = fresh[old];
            p->members[fresh[old]]++;
        }
    }
    for (unsigned c = 0; c < before; c++)
        if (fresh[c]) p->members[c] -= p->members[fresh[c]];
}

void kfi_utf8_signature(const kfi_utf8 *pool, int strays, uint32_t signature[256])
{
    static const kfi_arc leads[] = {
        { 0x80, 0x8f, 1 }, { 0x90, 0x9f, 2 }, { 0xa0, 0xbf, 3 }, { 0xc2, 0xdf, 4 }, { 0xe0, 0xe0, 5 },
        { 0xe1, 0xec, 6 }, { 0xed, 0xed, 7 }, { 0xee, 0xef, 6 }, { 0xf0, 0xf0, 8 }, { 0xf1, 0xf3, 9 },
        { 0xf4, 0xf4, 10 }, { 0xc0, 0xc1, 11 }, { 0xf5, 0xff, 11 },
    };
    partition p = { signature, 1, { 256 } };
    for (unsigned b = 0; b < 256; b++) signature[b] = 0;
    for (uint32_t target = 1; strays && target <= 11; target++)
        split(&p, leads, sizeof leads / sizeof *leads, target);
    for (uint32_t n = 1; n < node_count(pool) && p.classes < 256; n++) {
        const kfi_arc *arcs = arcs_of(pool, n);
        uint32_t count = node_at(pool, n)->count;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t same = 0;
            while (arcs[same].target != arcs[i].target) same++;
            if (same == i) split(&p, arcs + i, count - i, arcs[i].target);
        }
    }
}

/* ---- strays --------------------------------------------------------------------------------------- */

enum { PENDING_NONE, PENDING_1, PENDING_2, PENDING_3, PENDING_E0, PENDING_ED, PENDING_F0, PENDING_F4 };

unsigned kfi_utf8_pending_next(unsigned pending, uint8_t byte, int *completes)
{
    static const struct { uint8_t low, high, then; } follow[] = {
        [PENDING_NONE] = { 1, 0, 0 }, [PENDING_1] = { 0x80, 0xbf, PENDING_NONE },
        [PENDING_2] = { 0x80, 0xbf, PENDING_1 }, [PENDING_3] = { 0x80, 0xbf, PENDING_2 },
        [PENDING_E0] = { 0xa0, 0xbf, PENDING_1 }, [PENDING_ED] = { 0x80, 0x9f, PENDING_1 },
        [PENDING_F0] = { 0x90, 0xbf, PENDING_2 }, [PENDING_F4] = { 0x80, 0x8f, PENDING_2 },
    };
    static const uint8_t by_length[] = { PENDING_NONE, PENDING_NONE, PENDING_1, PENDING_2, PENDING_3 };
    *completes = 0;
    if (byte >= follow[pending].low && byte <= follow[pending].high) {
        *completes = pending == PENDING_1;
        return follow[pending].then;
    }
    if (byte == 0xe0) return PENDING_E0;
    if (byte == 0xed) return PENDING_ED;
    if (byte == 0xf0) return PENDING_F0;
    if (byte == 0xf4) return PENDING_F4;
    return by_length[kfi_utf8_length(byte)];
}
