/* Dictionaries of texts that are near one another, needles beside them, and what is true of each text: the
 * model of the tests of queries. Include after model.h. */
#ifndef TESTS_SUPPORT_QUERIES_H
#define TESTS_SUPPORT_QUERIES_H

#include "distances.h"

#include <keyfold/query.h>

enum { TEXT_SHAPES = 12, EXTRA_TEXTS = 8, FAR_AWAY = -1, PIECE_SETS = 5, NEEDLE_ROOM = 1024 };

/* What texts are made of. Several share their first bytes, their last ones, or are parts of one another. */
static const struct { const char *text; size_t size; } piece_sets[PIECE_SETS][12] = {
#define P(s) { s, sizeof s - 1 }
    { P("a"), P("b") },
    { P("a"), P("b"), P("c"), P(""), P("ab"), P("ba"), P("\0"), P("z") },
    { P("a"), P("\xc3\xa9"), P("\xc3\xbc"), P("\xe6\x97\xa5"), P("\xe6\x9c\xac"), P("\xf0\x9f\x98\x80"),
      P("\xf0\x9f\x98\x81"), P("\xdf\xbf"), P("\xe0\xa0\x80"), P("\xf4\x8f\xbf\xbf"), P("\xed\x9f\xbf"),
      P("b") },
    { P("a"), P("\xc3"), P("\xa9"), P("\xc3\xa9"), P("\xe6\x97"), P("\xe6\x97\xa5"), P("\xed\xa0\x80"),
      P("\xf0\x9f"), P("\xc0\x80"), P("\xff"), P("\xe0\x80\x80"), P("\xf4\x90\x80\x80") },
    { P("ing"), P("er"), P("th"), P("e"), P("st"), P("re"), P("un"), P("a"), P("o"), P("l"), P("t"),
      P("\xc3\xa4") },
#undef P
};

static inline kf_bytes piece_of(key_set *s, unsigned pieces)
{
    for (;;) {
        size_t i = set_below(s, 12);
        if (!i || piece_sets[pieces][i].text)
            return (kf_bytes){ (const uint8_t *)piece_sets[pieces][i].text, piece_sets[pieces][i].size };
    }
}

static inline size_t add_pieces(key_set *s, unsigned pieces, size_t count, uint8_t *text, size_t size)
{
    while (count--) {
        kf_bytes piece = piece_of(s, pieces);
        if (size + piece.size > NEEDLE_ROOM / 2) break;
        if (piece.size) memcpy(text + size, piece.data, piece.size);
        size += piece.size;
    }
    return size;
}

static inline unsigned pieces_of(unsigned shape)
{
    return shape < 5 ? shape : shape == 5 ? 2 : shape == 6 ? 3 : 4;
}

static inline void make_texts(key_set *s, unsigned shape, uint64_t seed)
{
    uint8_t text[NEEDLE_ROOM];
    const unsigned pieces = pieces_of(shape);
    size_t n;
    *s = (key_set){ .random = (seed + 3) * 0x9e3779b97f4a7c15ull ^ (shape + 100) };
    for (int i = 0; i < 8; i++) set_random(s);
    n = set_below(s, 150);
    switch (shape) {
    case 0: case 1: case 2: case 3: case 4:
        while (n--) set_add(s, text, add_pieces(s, pieces, set_below(s, 8), text, 0));
        break;
    case 5: case 6: {   /* the same for long before and behind a few pieces */
        size_t before = add_pieces(s, pieces, 4 + set_below(s, 20), text, 0);
        uint8_t behind[NEEDLE_ROOM];
        size_t rest = add_pieces(s, pieces, set_below(s, 20), behind, 0);
        while (n--) {
            const size_t at = set_below(s, 9) ? before : before / 2;
            size_t size = add_pieces(s, pieces, set_below(s, 4), text, at);
            size_t added = set_below(s, 5) ? rest : rest / 2;
            memcpy(text + size, behind, added);
            set_add(s, text, size + added);
        }
        break;
    }
    case 7:   /* thousands */
        for (n = 1500 + set_below(s, 1500); n--; )
            set_add(s, text, add_pieces(s, pieces, 1 + set_below(s, 5), text, 0));
        break;
    case 8: if (set_below(s, 3)) set_add(s, text, add_pieces(s, 2, set_below(s, 4), text, 0)); break;
    case 9: set_add_wide(s, 20); break;
    case 10: set_add_wide(s, 70); break;     /* several nodes */
    default: {
        static const unsigned shapes[] = { 3, 5, 8, 9, 12, 14, 15, 18 };
        uint64_t random = s->random;
        set_make(s, shapes[seed % 8], seed, 1);
        s->random = random;
        return;
    }
    }
    set_sort(s);
}

/* A text near one of the set; `text` has NEEDLE_ROOM bytes. Its size. */
static inline size_t draw_text(key_set *s, unsigned shape, uint8_t *text)
{
    const unsigned pieces = shape < 8 ? pieces_of(shape) : (unsigned)set_below(s, PIECE_SETS);
    size_t size = 0;
    if (s->count && set_below(s, 4)) {
        kf_bytes key = s->keys[set_below(s, s->count)];
        size = key.size < NEEDLE_ROOM / 2 ? key.size : NEEDLE_ROOM / 2;
        if (size) memcpy(text, key.data, size);
    } else {
        size = add_pieces(s, pieces, set_below(s, 8), text, 0);
    }
    for (size_t edits = set_below(s, 4); edits--; ) {
        size_t at = set_below(s, size + 1), length;
        uint8_t inserted[NEEDLE_ROOM];
        switch (set_below(s, 4)) {
        case 0: case 1:   /* some pieces */
            length = add_pieces(s, pieces, 1 + set_below(s, 2), inserted, 0);
            memmove(text + at + length, text + at, size - at);
            memcpy(text + at, inserted, length);
            size += length;
            break;
        case 2:   /* some bytes less */
            length = set_below(s, 4);
            if (length > size - at) length = size - at;
            memmove(text + at, text + at + length, size - at - length);
            size -= length;
            break;
        default:   /* neighbours change places */
            if (at + 2 > size) break;
            uint8_t first = text[at];
            text[at] = text[at + 1];
            text[at + 1] = first;
        }
    }
    return size;
}

/* ---- what is true of each text ---------------------------------------------------------------- */

/* The keys of a model, then texts that are not all keys. */
typedef struct universe {
    model m;
    unsigned shape;
    size_t count;
    kf_bytes *text;
    uint32_t *units[2];           /* of all texts, by kf_unit */
    size_t *first[2];             /* where text i's units begin; [count]: the end */
    uint32_t *column;
} universe;

static inline size_t unit_count(const universe *u, kf_unit unit, size_t i)
{
    return u->first[unit][i + 1] - u->first[unit][i];
}

static inline const uint32_t *units_of(const universe *u, kf_unit unit, size_t i)
{
    return u->units[unit] + u->first[unit][i];
}

/* How the dictionaries are built. */
static uint32_t universe_flags;
static unsigned universe_shards;

static inline void universe_make(universe *u, unsigned shape, uint64_t seed, kf_dict **dict)
{
    size_t bytes = 0, longest = NEEDLE_ROOM;
    kf_error error;
    memset(u, 0, sizeof *u);
    u->shape = shape;
    make_texts(&u->m.set, shape, seed);
    u->m.type = (kf_value_type)(seed % 3);
    u->m.value_shape = 2 + (unsigned)(seed / 3 % 2);
    u->m.value_seed = seed;
    u->m.flags = universe_flags;
    u->m.shards = universe_shards;
    snprintf(u->m.name, sizeof u->m.name, "shape %u seed %llu", shape, (unsigned long long)seed);
    model_build(&u->m, "queries.kf", 0, 16 << 20, NULL);
    kf_status status = kf_dict_open(dict, scratch_path("queries.kf"), NULL, &error);
    MUST(!status, "%s: %s", u->m.name, error.message);
    u->count = u->m.set.count + EXTRA_TEXTS;
    u->text = malloc(u->count * sizeof *u->text);
    for (size_t i = 0; i < u->count; i++) {
        if (i < u->m.set.count) {
            u->text[i] = u->m.set.keys[i];
        } else {
            uint8_t *text = malloc(NEEDLE_ROOM);
            u->text[i] = (kf_bytes){ text, draw_text(&u->m.set, shape, text) };
        }
        bytes += u->text[i].size;
        if (u->text[i].size > longest) longest = u->text[i].size;
    }
    for (int unit = 0; unit < 2; unit++) {
        u->units[unit] = malloc((bytes + 1) * sizeof *u->units[unit]);
        u->first[unit] = malloc((u->count + 1) * sizeof *u->first[unit]);
        size_t at = 0;
        for (size_t i = 0; i < u->count; i++) {
            u->first[unit][i] = at;
            at += plain_units((kf_unit)unit, u->text[i], u->units[unit] + at, NULL);
        }
        u->first[unit][u->count] = at;
    }
    u->column = malloc((longest + 1) * sizeof *u->column);
}

static inline void universe_free(universe *u)
{
    for (size_t i = u->m.set.count; i < u->count; i++) free((void *)(uintptr_t)u->text[i].data);
    free(u->text);
    for (int unit = 0; unit < 2; unit++) {
        free(u->units[unit]);
        free(u->first[unit]);
    }
    free(u->column);
    set_free(&u->m.set);
}

/* A needle and its distances from all texts. */
typedef struct distances {
    uint8_t needle[NEEDLE_ROOM];
    size_t size, units;
    kf_metric metric;
    kf_unit unit;
    uint32_t *whole, *prefix;           /* from the text, from its nearest prefix */
    uint32_t *agree;                    /* units in common at the start */
} distances;

static inline void distances_make(universe *u, distances *d, kf_metric metric, kf_unit unit)
{
    uint32_t needle[NEEDLE_ROOM];
    size_t invalid;
    d->metric = metric;
    d->unit = unit;
    do {
        d->size = draw_text(&u->m.set, u->shape, d->needle);
        d->units = plain_units(unit, (kf_bytes){ d->needle, d->size }, needle, &invalid);
        if (unit == KF_UNIT_CODE_POINTS && invalid < d->size && set_below(&u->m.set, 8) == 0)
            d->size = invalid;
    } while (unit == KF_UNIT_CODE_POINTS && invalid < d->size);
    d->units = plain_units(unit, (kf_bytes){ d->needle, d->size }, needle, NULL);
    d->whole = malloc(3 * u->count * sizeof *d->whole);
    d->prefix = d->whole + u->count;
    d->agree = d->prefix + u->count;
    for (size_t i = 0; i < u->count; i++) {
        const uint32_t *text = units_of(u, unit, i);
        size_t n = unit_count(u, unit, i), same = 0;
        while (same < n && same < d->units && text[same] == needle[same]) same++;
        d->agree[i] = (uint32_t)same;
        if (metric == KF_METRIC_JARO_WINKLER) continue;
        plain_distances(metric, needle, d->units, text, n, u->column);
        d->whole[i] = d->prefix[i] = u->column[n];
        for (size_t at = 0; at < n; at++)
            if (u->column[at] < d->prefix[i]) d->prefix[i] = u->column[at];
    }
}

static inline void distances_free(distances *d) { free(d->whole); }

/* Which of the texts a fuzzy query accepts: their distances, or FAR_AWAY. */
static inline void expect_fuzzy(const universe *u, const distances *d, const kf_fuzzy_options *o, int *want)
{
    const size_t exact = o->exact_prefix < d->units ? o->exact_prefix : d->units;
    for (size_t i = 0; i < u->count; i++) {
        uint32_t distance = o->prefix ? d->prefix[i] : d->whole[i];
        want[i] = d->agree[i] >= exact && distance <= o->distance ? (int)distance : FAR_AWAY;
    }
}

/* ---- which entries options select ------------------------------------------------------------- */

typedef struct range {
    uint8_t text[3][NEEDLE_ROOM];
    size_t first, end;
    uint64_t filter;              /* 0: none */
} range;

static inline int filter_wants(uint64_t filter, uint64_t ordinal)
{
    return !filter || mix64(filter + ordinal) % 3;
}

/* `context`: the range's number. */
static inline int filter_entry(void *context, kf_iter *iter, const kf_entry *entry)
{
    (void)iter;
    return filter_wants(*(uint64_t *)context, entry->ordinal);
}

/* Options of every kind but order and query; `r` must live as long as they. */
static inline void draw_range(universe *u, range *r, kf_iter_options *o)
{
    key_set *s = &u->m.set;
    *o = (kf_iter_options)KF_ITER_OPTIONS_INIT;
    r->first = 0;
    r->end = s->count;
    r->filter = set_below(s, 4) ? 0 : set_random(s) | 1;
    if (r->filter) o->filter = filter_entry, o->filter_context = &r->filter;
    if (set_below(s, 4) == 0) {
        o->from = (kf_bytes){ r->text[0], draw_text(s, u->shape, r->text[0]) };
        r->first = set_bound(s, o->from);
    }
    if (set_below(s, 4) == 0) {
        o->to = (kf_bytes){ r->text[1], draw_text(s, u->shape, r->text[1]) };
        o->has_to = 1;
        if (set_bound(s, o->to) < r->end) r->end = set_bound(s, o->to);
    }
    if (set_below(s, 4) == 0) {
        size_t size = draw_text(s, u->shape, r->text[2]);
        o->prefix = (kf_bytes){ r->text[2], set_below(s, size + 1) };
        if (set_bound(s, o->prefix) > r->first) r->first = set_bound(s, o->prefix);
        if (set_prefix_end(s, o->prefix) < r->end) r->end = set_prefix_end(s, o->prefix);
    }
    if (set_below(s, 5) == 0) {
        o->first_ordinal = set_below(s, s->count + 3);
        if (o->first_ordinal > r->first) r->first = (size_t)o->first_ordinal;
    }
}

static inline uint64_t weight_of(const model *m, size_t i)
{
    return m->type == KF_VALUES_U64 ? model_number(m, i) : 0;
}

#endif
