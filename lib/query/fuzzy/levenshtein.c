/* A state is the part of the dynamic-programming matrix that further units depend on: the cells of one row
 * whose distance can still be within the limit k, at most 2k+1 of them (Ukkonen 1985). Rows are made when they
 * are first met and shared by the table in dfa.h; what they are is a deterministic Levenshtein automaton
 * (Schulz & Mihov 2002) without its construction ahead of the search. Transpositions are those of optimal
 * string alignment: no substring is edited twice.
 *
 * content  | pending count:8 | pending bytes[3] | best:8 | units consumed:32 | cells | transposition cells |
 *
 * The pending bytes are a sequence of UTF-8 that is not complete; each stands for all bytes of its class. Cell j
 * of row i is the distance of the i units consumed and the needle's first j; FAR stands for all above k. Cells
 * go from `low_cell` to `high_cell`. Transposition cell j is what cell j of the next row becomes if the unit
 * then is needle[j-2]: the unit consumed last was needle[j-1]. `best` is for prefix matches: the least distance
 * of the needle and a prefix of what was consumed; with cells that cannot better it, they are left out. Within
 * the exact prefix there are no cells: the units agreed. */
#include "base/array.h"
#include "base/normalise.h"
#include "base/options.h"
#include "query/fuzzy/levenshtein.h"

#include "query/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAR = 255,
    HEAD = 9,
    AT_PENDING = 1, AT_BEST = 4, AT_CONSUMED = 5,
    CELLS_MAX = 2 * KF_DISTANCE_LIMIT + 2,
    NEEDLE_LIMIT = 1 << 20,         /* bytes */
    NO_UNIT = 0x7fffffff            /* a unit that is not in the needle */
};

typedef struct levenshtein {
    kf_query query;
    kf_metric metric;
    kf_unit unit;
    kfi_scoring scoring;
    uint32_t limit;                 /* k */
    uint32_t exact;                 /* units of the exact prefix */
    int prefix;
    uint32_t size;                  /* units of the needle */
    uint8_t representative[256];    /* the byte that stands for a byte's class */
    uint32_t needle[];
} levenshtein;

/* A state's content, unpacked. */
typedef struct row {
    uint32_t consumed;
    uint8_t best;
    int cells;                      /* 0: within the exact prefix, or only `best` counts */
    uint8_t cell[CELLS_MAX], crossed[CELLS_MAX];
} row;

/* The cells of a row after `consumed` units: those within k of the diagonal, behind the exact prefix. */
static uint32_t low_cell(const levenshtein *l, uint32_t consumed)
{
    uint32_t low = consumed > l->limit ? consumed - l->limit : 0;
    return low > l->exact ? low : l->exact;
}

static uint32_t high_cell(const levenshtein *l, uint32_t consumed)
{
    uint64_t high = (uint64_t)consumed + l->limit;
    return high < l->size ? (uint32_t)high : l->size;
}

static unsigned cell_count(const levenshtein *l, uint32_t consumed)
{
    uint32_t low = low_cell(l, consumed), high = high_cell(l, consumed);
    return high < low ? 0 : high - low + 1;
}

/* ---- contents --------------------------------------------------------------------------------- */

static void unpack(const levenshtein *l, const uint8_t *content, size_t size, row *r)
{
    memcpy(&r->consumed, content + AT_CONSUMED, sizeof r->consumed);
    r->best = content[AT_BEST];
    r->cells = size > HEAD;
    if (!r->cells) return;
    unsigned n = cell_count(l, r->consumed);
    memcpy(r->cell, content + HEAD, n);
    if (l->metric == KF_METRIC_OSA) memcpy(r->crossed, content + HEAD + n, n);
}

/* 0 when the state is dead. */
static size_t pack(const levenshtein *l, row *r, const uint8_t *pending, unsigned pending_count, uint8_t *to)
{
    unsigned n = r->cells ? cell_count(l, r->consumed) : 0, least = FAR;
    const int exact = !r->cells && r->consumed < l->exact;
    for (unsigned i = 0; i < n; i++)
        if (r->cell[i] < least) least = r->cell[i];
    if (l->prefix && r->best <= least) {
        n = 0;                                       /* nothing that comes can better it */
        if (!exact) r->consumed = l->exact;
    }
    if (!exact && least == FAR && r->best == FAR) return 0;
    memset(to, 0, HEAD);
    if (n || exact) {
        to[0] = (uint8_t)pending_count;
        if (pending_count) memcpy(to + AT_PENDING, pending, pending_count);
    }
    to[AT_BEST] = r->best;
    memcpy(to + AT_CONSUMED, &r->consumed, sizeof r->consumed);
    memcpy(to + HEAD, r->cell, n);
    if (l->metric != KF_METRIC_OSA || !n) return HEAD + n;
    memcpy(to + HEAD + n, r->crossed, n);
    return HEAD + 2 * n;
}

/* ---- rows ------------------------------------------------------------------------------------- */

static void note_best(const levenshtein *l, row *r)
{
    if (!l->prefix || high_cell(l, r->consumed) != l->size || !cell_count(l, r->consumed)) return;
    uint8_t last = r->cell[l->size - low_cell(l, r->consumed)];
    if (last < r->best) r->best = last;
}

/* The row after the exact prefix, nothing of the rest consumed. */
static void first_row(const levenshtein *l, row *r)
{
    unsigned n = cell_count(l, r->consumed);
    r->cells = 1;
    for (unsigned i = 0; i < n; i++) {
        r->cell[i] = (uint8_t)i;
        r->crossed[i] = FAR;
    }
    note_best(l, r);
}

static uint8_t plus(uint8_t cell, const levenshtein *l) { return cell < l->limit ? (uint8_t)(cell + 1) : FAR; }

/* Consumes one unit. 0 when the state is dead. */
static int consume(const levenshtein *l, row *r, uint32_t unit)
{
    if (!r->cells) {
        if (r->consumed >= l->exact) return 1;                    /* only `best` counts */
        if (unit != l->needle[r->consumed]) return 0;
        r->consumed++;
        if (r->consumed == l->exact) first_row(l, r);
        return 1;
    }
    if (r->consumed == UINT32_MAX) return 0;
    const uint32_t was = low_cell(l, r->consumed), low = low_cell(l, r->consumed + 1);
    const unsigned had = cell_count(l, r->consumed), n = cell_count(l, r->consumed + 1);
    uint8_t old[CELLS_MAX + 2], crossed[CELLS_MAX], left = FAR;   /* old: from 1 on, FAR before and behind */
    old[0] = old[had + 1] = FAR;
    memcpy(old + 1, r->cell, had);
    if (l->metric == KF_METRIC_OSA) memcpy(crossed, r->crossed, had);
    r->consumed++;
    for (unsigned i = 0; i < n; i++) {
        const uint32_t j = low + i;
        const unsigned o = (unsigned)(j - was);                   /* where cell j was: at most had */
        const int equal = j > l->exact && l->needle[j - 1] == unit;
        uint8_t least = plus(old[o + 1], l), diagonal = old[o];   /* a unit too many; both have one */
        if (!equal) diagonal = l->metric == KF_METRIC_INDEL ? FAR : plus(diagonal, l);
        if (diagonal < least) least = diagonal;
        if (plus(left, l) < least) least = plus(left, l);         /* one missing */
        if (l->metric == KF_METRIC_OSA) {
            r->crossed[i] = FAR;
            if (o < had && j > l->exact + 1 && l->needle[j - 2] == unit && crossed[o] < least) least = crossed[o];
            if (equal && o > 1 && j > l->exact + 1) r->crossed[i] = plus(old[o - 1], l);
        }
        r->cell[i] = left = least;
    }
    note_best(l, r);
    return 1;
}

/* ---- the class -------------------------------------------------------------------------------- */

static size_t start(const kf_query *query, void *scratch, uint8_t *to)
{
    const levenshtein *l = (const levenshtein *)query;
    row *r = scratch;
    r->consumed = 0;
    r->best = FAR;
    r->cells = 0;
    if (!l->exact) first_row(l, r);
    return pack(l, r, NULL, 0, to);
}

static size_t step(const kf_query *query, const uint8_t *from, size_t from_size, uint8_t byte, void *scratch,
                   uint8_t *to)
{
    const levenshtein *l = (const levenshtein *)query;
    row *r = scratch;
    uint8_t pending[KFI_SEQUENCE_MAX];
    unsigned count = from[0], length;
    unpack(l, from, from_size, r);
    if (l->unit == KF_UNIT_BYTES) return consume(l, r, byte) ? pack(l, r, NULL, 0, to) : 0;
    byte = l->representative[byte];
    memcpy(pending, from + AT_PENDING, 3);
    if (count && kfi_utf8_continues(pending, count, byte)) {
        pending[count++] = byte;
        length = kfi_utf8_length(pending[0]);
    } else {
        for (unsigned i = 0; i < count; i++)
            if (!consume(l, r, NO_UNIT)) return 0;
        pending[0] = byte;
        count = 1;
        length = kfi_utf8_length(byte);
    }
    if (count < length) return pack(l, r, pending, count, to);
    if (!consume(l, r, length ? kfi_utf8_value(pending, length) : NO_UNIT)) return 0;
    return pack(l, r, NULL, 0, to);
}

/* Rounded up. */
static float above(double x)
{
    float f = (float)x;
    return (double)f < x ? nextafterf(f, INFINITY) : f;
}

double kfi_edit_similarity(kf_metric metric, uint64_t a, uint64_t b, uint64_t d)
{
    uint64_t whole = metric == KF_METRIC_INDEL ? a + b : a > b ? a : b;
    return whole ? 1 - (double)d / (double)whole : 1;
}

/* From cell j with distance c the best that can follow is the rest of the needle itself: every unit more or
 * less adds to the distance at least what it adds to the length. */
static float bound_of(const levenshtein *l, const row *r)
{
    double best = -INFINITY;
    if (l->scoring == KFI_SCORE_NONE) return INFINITY;
    if (!r->cells) return l->scoring == KFI_SCORE_DISTANCE ? 0 : 1;
    uint32_t low = low_cell(l, r->consumed);
    for (unsigned i = 0; i < cell_count(l, r->consumed); i++) {
        uint8_t d = r->cell[i];
        if (l->metric == KF_METRIC_OSA && r->crossed[i] < d) d = r->crossed[i];
        if (d == FAR) continue;
        uint64_t length = (uint64_t)r->consumed + (l->size - (low + i));
        const double score = l->scoring == KFI_SCORE_DISTANCE ? -(double)d
                                                              : kfi_edit_similarity(l->metric, l->size, length, d);
        if (score > best) best = score;
    }
    return above(best);
}

static void judge(const kf_query *query, const uint8_t *state, size_t size, kfi_verdict *verdict)
{
    const levenshtein *l = (const levenshtein *)query;
    row r;
    uint8_t distance = FAR;
    int alive = 1;
    unpack(l, state, size, &r);
    verdict->bound = bound_of(l, &r);
    for (unsigned i = 0; i < state[0] && alive; i++) alive = consume(l, &r, NO_UNIT);
    if (alive && l->prefix) distance = r.best;
    else if (alive && r.cells && high_cell(l, r.consumed) == l->size && cell_count(l, r.consumed))
        distance = r.cell[l->size - low_cell(l, r.consumed)];
    verdict->accepts = distance != FAR;
    verdict->distance = verdict->accepts ? distance : 0;
    verdict->score = -(double)distance;
    if (l->scoring == KFI_SCORE_SIMILARITY)
        verdict->score = kfi_edit_similarity(l->metric, l->size, r.consumed, distance);
}

/* Adds the byte by which a unit goes on after `count` bytes of it that are pending; 0 when there is no room. */
static int add_label(const levenshtein *l, uint32_t unit, const uint8_t *pending, unsigned count, uint8_t *label,
                     int *labels)
{
    uint8_t bytes[KFI_SEQUENCE_MAX] = { (uint8_t)unit };
    if (l->unit == KF_UNIT_CODE_POINTS) kfi_utf8_encode(unit, bytes);
    if (memcmp(bytes, pending, count)) return 1;
    for (int i = 0; i < *labels; i++)
        if (label[i] == bytes[count]) return 1;
    if (*labels == KFI_GUIDE_FEW) return 0;
    label[(*labels)++] = bytes[count];
    return 1;
}

/* A unit more or another one is possible only below the limit. At the limit a cell goes on by the needle's unit
 * there, or by the one that completes a transposition. */
static int labels(const kf_query *query, const uint8_t *state, size_t size, uint8_t label[KFI_GUIDE_FEW])
{
    const levenshtein *l = (const levenshtein *)query;
    const uint8_t *pending = state + AT_PENDING, *cell = state + HEAD, *crossed = NULL;
    uint32_t consumed;
    int count = 0;
    memcpy(&consumed, state + AT_CONSUMED, sizeof consumed);
    if (size == HEAD) {
        if (consumed >= l->exact) return -1;
        return add_label(l, l->needle[consumed], pending, state[0], label, &count) ? count : -1;
    }
    if (l->prefix && state[AT_BEST] != FAR) return -1;
    const unsigned n = cell_count(l, consumed);
    const uint32_t low = low_cell(l, consumed);
    if (l->metric == KF_METRIC_OSA) crossed = cell + n;
    for (unsigned i = 0; i < n; i++) {
        if (cell[i] < l->limit) return -1;
        if (cell[i] != FAR && low + i < l->size
            && !add_label(l, l->needle[low + i], pending, state[0], label, &count)) return -1;
        if (crossed && crossed[i] != FAR && !add_label(l, l->needle[low + i - 2], pending, state[0], label, &count))
            return -1;
    }
    return count;
}

static kf_status normal(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error);

static const kfi_query_class levenshtein_class = { start, step, judge, labels, NULL, normal };

/* ---- making one ------------------------------------------------------------------------------- */

kf_status kfi_levenshtein_create(kf_query **out, kf_bytes needle, const kf_fuzzy_options *options,
                                 kfi_scoring scoring, kf_error *error)
{
    uint32_t signature[256];
    *out = NULL;
    if (needle.size > NEEDLE_LIMIT)
        return kfi_fail(error, KF_LIMIT, "a needle of %zu bytes is longer than the limit of %d", needle.size,
                        NEEDLE_LIMIT);
    levenshtein *l = calloc(1, sizeof *l + needle.size * sizeof *l->needle);
    if (!l) return kfi_fail_memory(error, sizeof *l + needle.size * sizeof *l->needle);
    l->metric = options->metric;
    l->unit = options->unit;
    l->scoring = scoring;
    l->limit = options->distance;
    l->prefix = options->prefix;
    kf_status status = kfi_units_read(l->unit, needle, l->needle, &l->size, error);
    if (status) {
        free(l);
        return status;
    }
    l->exact = options->exact_prefix < l->size ? (uint32_t)options->exact_prefix : l->size;
    kfi_units_classify(l->unit, needle, signature, l->representative);
    uint64_t cells = 2 * (uint64_t)l->limit + 1 < l->size + 1ull ? 2 * (uint64_t)l->limit + 1 : l->size + 1ull;
    kfi_query_init(&l->query, &levenshtein_class, HEAD + 2 * cells, sizeof(row), signature);
    *out = &l->query;
    return KF_OK;
}

/* Appends units that begin the needle to `text`. */
static kf_status put_units(const levenshtein *l, uint32_t from, uint32_t to, kfi_array *text, kf_error *error)
{
    kf_status status = kfi_array_reserve(text, (size_t)(to - from) * KFI_SEQUENCE_MAX, error);
    for (; !status && from < to; from++) {
        if (l->unit == KF_UNIT_BYTES) text->data[text->size++] = (uint8_t)l->needle[from];
        else text->size += kfi_utf8_encode(l->needle[from], text->data + text->size);
    }
    return status;
}

/* The needle's normal form; the units that must agree are those that the first ones become. */
static kf_status normal(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error)
{
    const levenshtein *l = (const levenshtein *)query;
    kf_fuzzy_options options = KF_FUZZY_OPTIONS_INIT;
    kfi_array text = { 0 };
    kfi_normal form;
    kf_bytes needle;
    options.metric = l->metric;
    options.unit = l->unit;
    options.distance = l->limit;
    options.prefix = l->prefix;
    kfi_normal_begin(&form, flags);
    kf_status status = put_units(l, 0, l->exact, &text, error);
    if (!status && kfi_normal_text(&form, (kf_bytes){ text.data, text.size }, &needle)) status = KF_NO_MEMORY;
    for (size_t at = 0; !status && at < needle.size; options.exact_prefix++) {
        uint32_t unit;
        at += kfi_unit_next(l->unit, needle.data + at, needle.size - at, &unit);
    }
    if (!status) status = put_units(l, l->exact, l->size, &text, error);
    if (!status && kfi_normal_text(&form, (kf_bytes){ text.data, text.size }, &needle)) status = KF_NO_MEMORY;
    if (status) kfi_fail_memory(error, text.size);
    else status = kfi_levenshtein_create(out, needle, &options, l->scoring, error);
    kfi_normal_end(&form);
    kfi_array_free(&text);
    return status;
}

uint32_t kfi_levenshtein_size(const kf_query *query) { return ((const levenshtein *)query)->size; }

KFI_STRUCT_KIND(options_kind, kf_fuzzy_options, KF_FUZZY_OPTIONS_INIT, reserved, reserved);

kf_status kf_query_create_fuzzy(kf_query **out, const void *needle, size_t needle_size, const kf_fuzzy_options *options,
                         kf_error *error)
{
    kf_fuzzy_options known;
    *out = NULL;
    kf_status status = kfi_options_read(&known, options, &options_kind, error);
    if (status) return status;
    if (known.reserved || (unsigned)known.metric > KF_METRIC_INDEL || (unsigned)known.unit > KF_UNIT_BYTES)
        return kfi_fail(error, KF_INVALID, "metric, unit or what is reserved is out of range");
    if (known.distance > KF_DISTANCE_LIMIT)
        return kfi_fail(error, KF_INVALID, "a distance of %u is above the limit of %d", (unsigned)known.distance,
                        KF_DISTANCE_LIMIT);
    return kfi_levenshtein_create(out, (kf_bytes){ needle, needle_size }, &known, KFI_SCORE_NONE, error);
}
