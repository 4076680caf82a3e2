/* All keys are compared with the needle, 32 at a time (read/blocks/blocks_scan.h), in levels of falling scores: at
 * each, those that can reach it and could not reach the one before. What is found bounds what is still to be found, so
 * levels end the search, and most blocks are passed over by their signatures.
 *
 * Classes of units stand for units, so what the scan counts as common may be more than there is. Where each class of
 * the needle stands for one unit it is what there is; else, and for transpositions, the key itself is compared. */
#include "query/fuzzy/nearest_blocks.h"

#include "query/fuzzy/levenshtein.h"
#include "query/units.h"
#include "read/blocks/blocks_scan.h"
#include "read/part.h"
#include "read/plain.h"

#include <math.h>

enum { PART_LEAST = 16 };          /* the walk is as good for a part of the keys that is smaller than that of all */

/* Scores of the levels, before one of the least score that is wanted. */
static const double similarities[] = { 0.7, 0.35 };
static const double distances[] = { -1, -3, -6, -12, -24 };

typedef struct search {
    kfi_nearest *nearest;
    const kfi_blocks *blocks;      /* of the part that is searched */
    const kfi_part *part;
    int is_exact;                  /* what is counted as common in it is common */
    kfi_block_query query;
    uint32_t units[KFI_BLOCK_LENGTH];
    uint32_t size;
    double level, above;           /* keys that can reach the level but not the one above */
    const kfi_length_group *group; /* for which these are: */
    double scores[KFI_BLOCK_LENGTH + 1];   /* by what is common */
    uint32_t tie;                  /* with so much in common keys tie with the worst hit, UINT32_MAX: with none; */
    uint64_t tie_from;             /* and from this id on they lose */
    kf_buffer buffer;
    kf_error *error;
} search;

/* ---- scores ------------------------------------------------------------------------------------- */

static uint64_t distance_of(const search *s, uint32_t common, uint64_t length)
{
    const uint64_t size = s->size;
    if (s->nearest->options->metric == KF_METRIC_INDEL) return size + length - 2 * (uint64_t)common;
    return (size > length ? size : length) - common;
}

static double score_of(const search *s, uint64_t length, uint64_t distance)
{
    const kf_nearest_options *o = s->nearest->options;
    if (o->ranking == KF_RANK_DISTANCE) return -(double)distance;
    return kfi_edit_similarity(o->metric, s->size, length, distance);
}

static double best_score(const search *s, uint32_t common, uint64_t length)
{
    return score_of(s, length, distance_of(s, common, length));
}

static uint32_t common_most(const search *s, uint64_t length)
{
    return s->size < length ? s->size : (uint32_t)length;
}

static double most_score(const search *s, uint64_t length) { return best_score(s, common_most(s, length), length); }

/* What a key must reach by now. */
static double wanted(const search *s)
{
    const kfi_hits *hits = &s->nearest->hits;
    return kfi_hits_full(hits) && hits->hit[0].score > s->level ? hits->hit[0].score : s->level;
}

/* Scores grow with what is common. */
static void want(search *s)
{
    const double least = wanted(s);
    const uint32_t length = s->group->length, most = common_most(s, length);
    uint32_t low = s->query.low[length], high = s->query.high[length];
    while (low <= most && s->scores[low] < least) low++;
    while (high > low && s->scores[high - 1] >= s->above) high--;
    s->query.low[length] = (uint8_t)low;
    s->query.high[length] = (uint8_t)high;
}

/* ---- keys --------------------------------------------------------------------------------------- */

static uint32_t least_of(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* The distance of the needle and a key, whose units are counted, row by row. */
static uint64_t exact_distance(const search *s, kf_bytes key, uint64_t *length)
{
    const kf_metric metric = s->nearest->options->metric;
    uint32_t rows[3][KFI_BLOCK_LENGTH + 1], *before = rows[0], *above = rows[1], *row = rows[2], unit, last = 0;
    for (uint32_t j = 0; j <= s->size; j++) above[j] = j;
    *length = 0;
    for (size_t at = 0; at < key.size; last = unit) {
        at += kfi_unit_next(s->nearest->options->unit, key.data + at, key.size - at, &unit);
        row[0] = (uint32_t)++*length;
        for (uint32_t j = 1; j <= s->size; j++) {
            const uint32_t own = s->units[j - 1];
            row[j] = least_of(above[j], row[j - 1]) + 1;
            if (own == unit) row[j] = least_of(row[j], above[j - 1]);
            else if (metric != KF_METRIC_INDEL) row[j] = least_of(row[j], above[j - 1] + 1);
            if (metric == KF_METRIC_OSA && j > 1 && *length > 1 && own == last && s->units[j - 2] == unit)
                row[j] = least_of(row[j], before[j - 2] + 1);
        }
        uint32_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[s->size];
}

static int could_be_better(const search *s, uint64_t ordinal, double score)
{
    const kfi_hit best = { .score = score, .ordinal = ordinal };
    const kfi_hits *hits = &s->nearest->hits;
    return !kfi_hits_full(hits) || kfi_hit_better(&best, &hits->hit[0]);
}

/* Offers a key that has at most `common` with the needle. */
static kf_status take(search *s, uint32_t id, uint32_t common, uint64_t length, double best, int is_exact)
{
    const kf_nearest_options *o = s->nearest->options;
    kf_bytes key = { NULL, 0 };
    if (id >= s->part->dict->header.keys)
        return kfi_fail(s->error, KF_CORRUPT, "a key in a block is out of range");
    if (id < s->part->low || id >= s->part->high) return KF_OK;
    kfi_hit hit = { .ordinal = s->part->base + id, .score = best, .distance = distance_of(s, common, length) };
    if (!could_be_better(s, hit.ordinal, best)) return KF_OK;
    if (!is_exact || s->nearest->candidate) {
        kf_status status = kfi_plain_key_at(s->part->dict, id, &s->buffer, &key);
        if (status == KF_NO_MEMORY) return kfi_fail_memory(s->error, s->part->dict->header.longest_key);
        if (status) return kfi_fail(s->error, status, "a key in a block can't be read");
    }
    if (!is_exact) {
        hit.distance = exact_distance(s, key, &length);
        hit.score = score_of(s, length, hit.distance);
    }
    if (hit.distance > o->most_distance) return KF_OK;
    if (o->ranking == KF_RANK_SIMILARITY && hit.score < o->least_similarity) return KF_OK;
    return kfi_nearest_offer(s->nearest, key, &hit) ? kfi_fail_memory(s->error, sizeof hit) : KF_OK;
}

/* Most keys of a low score tie with the worst hit. */
static void settle(search *s)
{
    const kfi_hits *hits = &s->nearest->hits;
    s->tie = UINT32_MAX;
    if (!kfi_hits_full(hits)) return;
    const kfi_hit *worst = &hits->hit[0];
    for (uint32_t c = 0; c <= common_most(s, s->group->length); c++)
        if (s->scores[c] == worst->score) s->tie = c;
    s->tie_from = worst->ordinal > s->part->base ? worst->ordinal - s->part->base : 0;
}

static kf_status take_block(void *context, size_t index, const kfi_length_group *group, uint32_t first, uint32_t lanes,
                            const uint8_t *common)
{
    search *s = context;
    kf_status status = KF_OK;
    const double before = wanted(s);
    (void)index;
    for (; lanes && !status; lanes &= lanes - 1) {
        const unsigned lane = (unsigned)__builtin_ctz(lanes);
        const uint32_t id = kfi_blocks_id(s->blocks, first + lane), c = common[lane];
        if (c == s->tie && id >= s->tie_from) continue;
        status = take(s, id, c, group->length, s->scores[c], s->is_exact);
        settle(s);
    }
    if (!status && wanted(s) > before) want(s);
    return status;
}

/* A key that is in no block, of which only the length is known. */
static kf_status take_other(search *s, uint32_t id, uint64_t length)
{
    const double best = most_score(s, length);
    return best >= wanted(s) && best < s->above ? take(s, id, common_most(s, length), length, best, 0) : KF_OK;
}

/* ---- levels ------------------------------------------------------------------------------------- */

/* Whether each of the needle's classes stands for one unit. */
static int classes_are_units(const search *s)
{
    const kfi_blocks *b = s->blocks;
    uint8_t counts[KFI_CLASSES + 1] = { 0 };
    for (uint32_t i = 0; i < b->points; i++) {
        uint8_t *count = &counts[kfi_load32(b->classes + 4 * (size_t)i) >> 24 & (KFI_CLASSES - 1)];
        if (*count < 2) ++*count;
    }
    for (uint32_t i = 0; i < s->size; i++)
        if (counts[kfi_blocks_class(b, s->units[i])] > 1) return 0;
    return 1;
}

static void begin_part(search *s, const kfi_part *part)
{
    const kf_metric metric = s->nearest->options->metric;
    s->part = part;
    s->blocks = part->dict->blocks;
    s->nearest->member = part->dict;
    s->nearest->base = part->base;
    kfi_block_query_set(&s->query, s->blocks, s->units, s->size);
    s->query.edits = metric == KF_METRIC_LEVENSHTEIN;
    s->is_exact = metric != KF_METRIC_OSA && classes_are_units(s);
}

/* Those first that can have the best scores: the sooner they are found, the less is to be looked at. */
static void order_groups(const search *s, uint32_t *order)
{
    for (uint32_t i = 0; i < s->blocks->group_count; i++) {
        const double score = most_score(s, s->blocks->groups[i].length);
        uint32_t at = i;
        for (; at && most_score(s, s->blocks->groups[order[at - 1]].length) < score; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

/* Only keys of this group are wanted. */
static void begin_group(search *s, const kfi_length_group *group)
{
    s->group = group;
    for (uint32_t c = 0; c <= common_most(s, group->length); c++) s->scores[c] = best_score(s, c, group->length);
    s->query.low[group->length] = 0;
    s->query.high[group->length] = (uint8_t)(common_most(s, group->length) + 1);
    settle(s);
    want(s);
}

static kf_status search_part(search *s, const kfi_part *part)
{
    const kf_nearest_options *o = s->nearest->options;
    const kfi_block_query *query = &s->query;
    kf_status status = KF_OK;
    uint32_t order[KFI_BLOCK_KEY_LENGTH];
    begin_part(s, part);
    order_groups(s, order);
    s->nearest->work += s->blocks->blocks + s->blocks->longs;
    if (o->work_limit && s->nearest->work > o->work_limit) return KF_LIMIT;
    for (uint32_t i = 0; i < s->blocks->group_count && !status; i++) {
        const kfi_length_group *group = &s->blocks->groups[order[i]];
        if (most_score(s, group->length) < wanted(s)) break;
        begin_group(s, group);
        status = kfi_blocks_best()->scan(s->blocks, &query, 1, take_block, s);
        s->query.high[group->length] = 0;
    }
    for (uint32_t i = 0; i < s->blocks->longs && !status; i++)
        status = take_other(s, kfi_blocks_long_id(s->blocks, i), kfi_blocks_long_length(s->blocks, i));
    if (!status && s->blocks->empty != UINT32_MAX) status = take_other(s, s->blocks->empty, 0);
    return status;
}

static kf_status search_level(search *s)
{
    kf_status status = KF_OK;
    for (uint64_t low = s->nearest->low; low < s->nearest->high && !status; ) {
        kfi_part part;
        status = kfi_part_first(&part, s->nearest->dict, low, s->nearest->high);
        low = part.base + part.high;
        if (status) (void)kfi_shards_told(s->nearest->dict, status, s->error);
        else status = search_part(s, &part);
    }
    return status;
}

kf_status kfi_nearest_by_blocks(kfi_nearest *nearest, kf_error *error)
{
    const kf_nearest_options *o = nearest->options;
    const int by_distance = o->ranking == KF_RANK_DISTANCE;
    const double *levels = by_distance ? distances : similarities;
    const size_t count = by_distance ? sizeof distances / sizeof *distances
                                     : sizeof similarities / sizeof *similarities;
    const double least = by_distance ? -(double)o->most_distance : o->least_similarity;
    uint32_t units[4 * KFI_BLOCK_LENGTH];
    search s = { .nearest = nearest, .above = INFINITY, .error = error };
    kf_status status = kfi_units_read(o->unit, nearest->needle, units, &s.size, error);
    if (status) return status;
    memcpy(s.units, units, s.size * sizeof *units);
    for (size_t i = 0; i <= count && !status; i++) {
        s.level = i < count && levels[i] > least ? levels[i] : least;
        status = search_level(&s);
        if (s.level <= least || (kfi_hits_full(&nearest->hits) && nearest->hits.hit[0].score >= s.level)) break;
        s.above = s.level;
    }
    kf_buffer_free(&s.buffer);
    return status;
}

/* ---- whether ------------------------------------------------------------------------------------ */

static int fits(const kfi_blocks *b, kf_unit unit)
{
    if (!b) return 0;
    if (unit == KF_UNIT_CODE_POINTS || !b->points) return 1;
    /* Units that are code points are bytes if all are ASCII. */
    return !b->longs && (kfi_load32(b->classes + 4 * (size_t)(b->points - 1)) & 0xffffff) < 0x80;
}

int kfi_nearest_has_blocks(const kfi_nearest *s)
{
    const kf_nearest_options *o = s->options;
    uint32_t size = 0, unit;
    if (s->within->query || s->high - s->low < s->dict->header.keys / PART_LEAST) return 0;
    if (!s->needle.size || s->needle.size > 4 * KFI_BLOCK_LENGTH) return 0;
    for (size_t at = 0; at < s->needle.size; size++)
        at += kfi_unit_next(o->unit, s->needle.data + at, s->needle.size - at, &unit);
    for (uint64_t low = s->low; low < s->high; ) {
        kfi_part part;
        /* Where it can't be told, the search itself meets the error. */
        if (kfi_part_first(&part, s->dict, low, s->high) || !fits(part.dict->blocks, o->unit)) return 0;
        low = part.base + part.high;
    }
    return size <= KFI_BLOCK_LENGTH && s->low < s->high;
}
