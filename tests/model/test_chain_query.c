/* Queries and set operations over dictionaries with more keys than 32 bits count. */
#include "scratch.h"
#include "suite.h"
#include "chain.h"
#include "chain_shapes.h"

enum { VARIANTS = 3, HITS = 200000, STEPS = 20000 };

static unsigned shape_now;

#define EXPECT(condition, i) \
    do { \
        if (!(condition)) ck_abort_msg("%s: shape %u at %llu", #condition, shape_now, (unsigned long long)(i)); \
    } while (0)

static void choose_variant(int loop)
{
    static const char *const variants[VARIANTS] = { "portable", "avx2", "avx512" };
    setenv("KEYFOLD_ISA", variants[loop % VARIANTS], 1);
    shape_now = (unsigned)loop / VARIANTS;
    scratch_open();
}

static kf_dict *open_chain(chain *c, const char *name)
{
    kf_error error = { 0 };
    kf_dict *dict = NULL;
    chain_write(c, name, 0);
    kf_status status = kf_dict_open(&dict, scratch_path(name), NULL, &error);
    ck_assert_msg(!status, "%s: %s", name, error.message);
    ck_assert_uint_eq(kf_dict_count(dict), chain_root(c)->keys);
    return dict;
}

static void same_key(const chain *c, const kf_entry *entry, uint64_t ordinal)
{
    uint8_t key[CHAIN_KEY];
    size_t size = chain_key(c, ordinal, key);
    EXPECT(entry->ordinal == ordinal, ordinal);
    EXPECT(entry->key.size == size && (!size || !memcmp(entry->key.data, key, size)), ordinal);
}

/* ---- approximate ---------------------------------------------------------------------------------- */

typedef struct near_key {
    uint64_t ordinal, distance;
} near_key;

static near_key hits[HITS];
static size_t hit_count;
static uint8_t bytes_used[256];
static size_t byte_count;
static chain_found found;

static void note_bytes(const chain *c)
{
    uint8_t used[256] = { 0 };
    for (size_t i = 0; i < c->edges; i++)
        for (size_t k = 0; k < c->edge[i].size; k++) used[c->edge[i].label[k]] = 1;
    byte_count = 0;
    for (unsigned b = 0; b < 256; b++)
        if (used[b]) bytes_used[byte_count++] = (uint8_t)b;
}

/* Notes the keys that at most `more` edits make of the text, found by trying each edit. */
static void note_near(const chain *c, const uint8_t *text, size_t size, unsigned distance, unsigned more)
{
    uint8_t other[CHAIN_KEY];
    chain_find(c, text, size, &found);
    if (found.exact) {
        ck_assert_msg(hit_count < HITS, "too many hits");
        hits[hit_count++] = (near_key){ found.below, distance };
    }
    if (!more) return;
    for (size_t at = 0; at <= size; at++) {
        memcpy(other, text, size);
        for (size_t b = 0; at < size && b < byte_count; b++) {
            other[at] = bytes_used[b];
            note_near(c, other, size, distance + 1, more - 1);
        }
        memcpy(other, text, at);
        memcpy(other + at + 1, text + at, size - at);
        for (size_t b = 0; b < byte_count; b++) {
            other[at] = bytes_used[b];
            note_near(c, other, size + 1, distance + 1, more - 1);
        }
        if (at == size) break;
        memcpy(other + at, text + at + 1, size - at - 1);
        note_near(c, other, size - 1, distance + 1, more - 1);
    }
}

static int by_ordinal(const void *a, const void *b)
{
    const near_key *x = a, *y = b;
    if (x->ordinal != y->ordinal) return x->ordinal < y->ordinal ? -1 : 1;
    return (x->distance > y->distance) - (x->distance < y->distance);
}

static int by_distance(const void *a, const void *b)
{
    const near_key *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static void find_near(const chain *c, const uint8_t *needle, size_t size, unsigned distance)
{
    size_t kept = 0;
    hit_count = 0;
    note_near(c, needle, size, 0, distance);
    qsort(hits, hit_count, sizeof *hits, by_ordinal);
    for (size_t i = 0; i < hit_count; i++)
        if (!kept || hits[kept - 1].ordinal != hits[i].ordinal) hits[kept++] = hits[i];
    hit_count = kept;
}

/* The iterator's entries are hits[low .. high-1]. */
static void take_hits(const chain *c, kf_iter *iter, size_t low, size_t high)
{
    kf_entry entry;
    for (; low < high; low++) {
        EXPECT(!kf_iter_next(iter, &entry), hits[low].ordinal);
        same_key(c, &entry, hits[low].ordinal);
        EXPECT(kf_iter_match(iter)->distance == hits[low].distance, hits[low].ordinal);
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END, high);
    kf_iter_destroy(&iter);
}

static void check_near(const chain *c, const kf_dict *dict, const uint8_t *needle, size_t size,
                       unsigned distance)
{
    kf_error error;
    kf_iter *iter;
    kf_query *query;
    kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    fuzzy.unit = nearest.unit = KF_UNIT_BYTES;
    fuzzy.distance = distance;
    find_near(c, needle, size, distance);
    const size_t half = hit_count / 2;
    EXPECT(!kf_query_create_fuzzy(&query, needle, size, &fuzzy, &error), size);
    o.query = query;
    EXPECT(!kf_iter_create(&iter, dict, &o, &error), size);
    take_hits(c, iter, 0, hit_count);
    o.limit = half;
    EXPECT(!kf_iter_create(&iter, dict, &o, &error), size);
    take_hits(c, iter, 0, half);
    o.limit = UINT64_MAX;
    o.first_ordinal = hit_count ? hits[half].ordinal : 1ull << 33;
    EXPECT(!kf_iter_create(&iter, dict, &o, &error), size);
    take_hits(c, iter, half, hit_count);
    qsort(hits, hit_count, sizeof *hits, by_distance);
    o.first_ordinal = 0;
    o.order = KF_ORDER_DISTANCE;
    o.limit = half + 1;
    EXPECT(!kf_iter_create(&iter, dict, &o, &error), size);
    take_hits(c, iter, 0, half + 1 < hit_count ? half + 1 : hit_count);
    nearest.most_distance = distance;
    nearest.count = half + 2;
    EXPECT(!kf_iter_create_nearest(&iter, dict, needle, size, &nearest, &error), size);
    take_hits(c, iter, 0, half + 2 < hit_count ? half + 2 : hit_count);
    kf_query_destroy(&query);
}

START_TEST(chain_query__near)
{
    static chain c;
    uint8_t needle[CHAIN_KEY];
    size_t all = 0;
    choose_variant(_i);
    chain_make(&c, shape_now);
    note_bytes(&c);
    kf_dict *dict = open_chain(&c, "chain.kf");
    const uint64_t count = chain_root(&c)->keys;
    const unsigned most = byte_count < 4 ? 2 : 1;
    for (unsigned n = 0; n < rounds_of(4); n++) {
        const uint64_t ordinal = n == 0 ? 1ull << 32 : n == 1 ? count - 1 : chain_draw(count);
        size_t size = chain_key(&c, ordinal, needle);
        if (size && n == 2) needle[chain_draw(size)] = bytes_used[chain_draw(byte_count)];
        check_near(&c, dict, needle, size, n ? 1 : most);
        all += hit_count;
    }
    EXPECT(all > 4, all);
    kf_dict_close(&dict);
    chain_free(&c);
    scratch_close();
}
END_TEST

/* ---- patterns: of {a,b}^33, whose keys are the numbers up to 2^33 in binary ------------------------ */

static void expect_every(const chain *c, const kf_dict *dict, kf_query *query, uint64_t from, uint64_t least,
                         uint64_t step)
{
    kf_iter_options o = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    uint64_t next = from + (least + step - from % step) % step, n = 0;
    o.query = query;
    o.first_ordinal = from;
    o.limit = 300;
    EXPECT(!kf_iter_create(&iter, dict, &o, &error), from);
    for (; n < 300 && next < chain_root(c)->keys; n++, next += step) {
        EXPECT(!kf_iter_next(iter, &entry), next);
        same_key(c, &entry, next);
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END, next);
    kf_iter_destroy(&iter);
}

START_TEST(chain_query__patterns)
{
    static const struct { const char *text; uint64_t least, step; int glob; } pattern[] = {
        { "[ab]{30}bab", 5, 8, 0 }, { ".*b", 1, 2, 0 }, { "(a|b)*", 0, 1, 0 }, { "*ba", 2, 4, 1 },
        { "a*a*a", 0, 2, 1 },   /* for ordinals below 2^32 only */
    };
    static chain c;
    kf_error error = { 0 };
    choose_variant(_i);
    chain_make(&c, CHAIN_BINARY33);
    kf_dict *dict = open_chain(&c, "chain.kf");
    const uint64_t from[] = { 0, 1, (1ull << 32) - 301 * 8, (1ull << 32) - 37, (1ull << 32) + 5,
                              (1ull << 33) - 1000, (1ull << 33) - 1 };
    for (unsigned p = 0; p < 5; p++) {
        kf_query *query;
        const char *text = pattern[p].text;
        kf_status status = pattern[p].glob ? kf_query_create_glob(&query, text, strlen(text), 0, &error)
                                           : kf_query_create_regex(&query, text, strlen(text), 0, &error);
        ck_assert_msg(!status, "%s: %s", text, error.message);
        for (unsigned i = 0; i < (p == 4 ? 3 : 7); i++)
            expect_every(&c, dict, query, from[i], pattern[p].least, pattern[p].step);
        kf_query_destroy(&query);
    }
    kf_dict_close(&dict);
    chain_free(&c);
    scratch_close();
}
END_TEST

/* ---- sets ----------------------------------------------------------------------------------------- */

static int compare(kf_bytes a, kf_bytes b)
{
    const size_t least = a.size < b.size ? a.size : b.size;
    const int order = least ? memcmp(a.data, b.data, least) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int in_result(kf_set_operation operation, int first, int second)
{
    switch (operation) {
    case KF_SET_UNION: return first || second;
    case KF_SET_INTERSECTION: return first && second;
    case KF_SET_DIFFERENCE: return first && !second;
    default: return first != second;
    }
}

/* Both models' keys from the ordinals on, side by side; the iterator must have those of the result. */
static void merge_both(const chain *c, uint64_t x, uint64_t y, kf_set_operation operation, kf_iter *iter,
                       unsigned limit)
{
    uint8_t room[2][CHAIN_KEY];
    kf_entry entry;
    unsigned steps = 0;
    while (limit && (x < chain_root(&c[0])->keys || y < chain_root(&c[1])->keys)) {
        int order = x == chain_root(&c[0])->keys ? 1 : -1;
        if (operation == KF_SET_INTERSECTION && (order > 0 || y == chain_root(&c[1])->keys)) break;
        if (order < 0 && y < chain_root(&c[1])->keys)
            order = compare((kf_bytes){ room[0], chain_key(&c[0], x, room[0]) },
                            (kf_bytes){ room[1], chain_key(&c[1], y, room[1]) });
        EXPECT(steps++ < STEPS, x);
        if (in_result(operation, order <= 0, order >= 0)) {
            EXPECT(!kf_iter_next(iter, &entry), x);
            EXPECT(kf_iter_match(iter)->source == (order > 0), x);
            same_key(&c[order > 0], &entry, order > 0 ? y : x);
            limit--;
        }
        x += order <= 0;
        y += order >= 0;
        if (operation != KF_SET_INTERSECTION || !order) continue;
        const size_t size = chain_key(&c[order < 0], order < 0 ? y : x, room[0]);
        chain_find(&c[order > 0], room[0], size, &found);
        *(order < 0 ? &x : &y) = found.below;
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END, x);
}

static void check_set(const chain *c, kf_dict **dicts, kf_set_operation operation, kf_bytes from, unsigned limit)
{
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_set_options o = KF_SET_OPTIONS_INIT;
    kf_iter *iter;
    kf_error error;
    uint64_t x, y;
    within.from = from;
    within.limit = limit;
    o.within = &within;
    chain_find(&c[0], from.data, from.size, &found);
    x = found.below;
    chain_find(&c[1], from.data, from.size, &found);
    y = found.below;
    EXPECT(!kf_iter_create_set(&iter, operation, (const kf_dict *const *)dicts, 2, &o, &error), x);
    merge_both(c, x, y, operation, iter, limit);
    kf_iter_destroy(&iter);
}

static chain both[2];
static kf_dict *dicts[2];

static void open_both(void)
{
    dicts[0] = open_chain(&both[0], "first.kf");
    dicts[1] = open_chain(&both[1], "second.kf");
}

static void close_both(void)
{
    for (int i = 0; i < 2; i++) {
        kf_dict_close(&dicts[i]);
        chain_free(&both[i]);
    }
    scratch_close();
}

/* {a,b,c}^33 and {a,b}^33, whose keys are all in the first, at times far apart. */
START_TEST(chain_query__sets)
{
    uint8_t from[64];
    choose_variant(_i);
    chain_uniform(&both[0], 'a', 3, 33, 0);
    chain_uniform(&both[1], 'a', 2, 33, 0);
    open_both();
    for (unsigned n = 0; n < 8; n++) {
        const uint64_t ordinal = n == 0 ? 0 : n == 1 ? (1ull << 32) - 20 : n == 2 ? (1ull << 33) - 20
                                 : chain_draw(1ull << 33);
        const kf_bytes bound = { from, chain_key(&both[1], ordinal, from) };
        for (int operation = 0; operation < 4; operation++)
            check_set(both, dicts, (kf_set_operation)operation, bound, 200);
    }
    close_both();
}
END_TEST

/* What is in both is far apart in both: only a search gets there. */
START_TEST(chain_query__distant_intersection)
{
    static const uint8_t tail[] = "bbbbbbbbbbbbbbbbbbbbbbbbb";
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    choose_variant(_i);
    chain_uniform(&both[0], 'a', 2, 33, 0);
    chain_uniform(&both[1], 'b', 2, 33, 0);
    open_both();
    EXPECT(!kf_iter_create_set(&iter, KF_SET_INTERSECTION, (const kf_dict *const *)dicts, 2, NULL, &error), 0);
    EXPECT(!kf_iter_next(iter, &entry), 0);
    same_key(&both[0], &entry, (1ull << 33) - 1);
    EXPECT(kf_iter_next(iter, &entry) == KF_END, 0);
    kf_iter_destroy(&iter);
    kf_dict_close(&dicts[1]);
    chain_free(&both[1]);

    /* {a,b}^8 b^25 are 256 of the keys, each 2^25 after the one before. */
    chain_state_new(&both[1], 0);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t label[26] = { (uint8_t)('a' + i) };
        memcpy(label + 1, tail, 25);
        chain_edge_new(&both[1], label, 26, CHAIN_SINK);
    }
    for (unsigned level = 1; level < 8; level++) {
        chain_state_new(&both[1], 0);
        chain_edge_new(&both[1], "a", 1, both[1].states - 2);
        chain_edge_new(&both[1], "b", 1, both[1].states - 2);
    }
    dicts[1] = open_chain(&both[1], "second.kf");
    EXPECT(!kf_iter_create_set(&iter, KF_SET_INTERSECTION, (const kf_dict *const *)dicts, 2, NULL, &error), 0);
    for (uint64_t i = 0; i < 256; i++) {
        EXPECT(!kf_iter_next(iter, &entry), i);
        same_key(&both[0], &entry, ((i + 1) << 25) - 1);
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END, 0);
    kf_iter_destroy(&iter);
    close_both();
}
END_TEST

/* The longer one has the other's keys and as many after them, each beginning with one of them. */
START_TEST(chain_query__changes)
{
    uint8_t from[64];
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    choose_variant(_i);
    chain_uniform(&both[0], 'a', 2, 33, 0);
    chain_state_new(&both[1], 1);           /* an end that may have one byte more */
    chain_edge_new(&both[1], "x", 1, CHAIN_SINK);
    for (unsigned level = 0; level < 33; level++) {
        chain_state_new(&both[1], 0);
        chain_edge_new(&both[1], "a", 1, both[1].states - 2);
        chain_edge_new(&both[1], "b", 1, both[1].states - 2);
    }
    open_both();
    for (unsigned n = 0; n < 4; n++) {
        const uint64_t first = n == 0 ? 0 : n == 1 ? (1ull << 31) - 50 : n == 2 ? (1ull << 32) - 50
                               : (1ull << 33) - 100;
        within.from = (kf_bytes){ from, chain_key(&both[0], first, from) };
        within.limit = 100;
        EXPECT(!kf_iter_create_diff(&iter, dicts[0], dicts[1], &within, &error), first);
        for (uint64_t i = 0; i < 100; i++) {
            EXPECT(!kf_iter_next(iter, &entry), first + i);
            EXPECT(kf_iter_match(iter)->change == KF_CHANGE_ADDED, first + i);
            same_key(&both[1], &entry, 2 * (first + i) + 1);
        }
        EXPECT(kf_iter_next(iter, &entry) == KF_END, first);
        kf_iter_destroy(&iter);
    }
    close_both();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("chain_query");
    TCase *t = tcase_create("chain_query");
    suite_add_cases(t, chain_query__near, 0, CHAIN_SHAPES * VARIANTS);
    suite_add_cases(t, chain_query__patterns, 0, VARIANTS);
    suite_add_cases(t, chain_query__sets, 0, VARIANTS);
    suite_add_cases(t, chain_query__distant_intersection, 0, VARIANTS);
    suite_add_cases(t, chain_query__changes, 0, VARIANTS);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
