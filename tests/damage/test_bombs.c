/* Small files that stand for very many or very long keys: honest ones are answered exactly, lying ones in
 * bounded time and memory. The automata are written by hand, since nobody has the time to add their keys. */
#include "write/keys/emit.h"
#include "read/dict.h"

#include <keyfold/keyfold.h>

#include "sanitized.h"
#include "scratch.h"
#include "suite.h"

#ifndef _WIN32
#include <sys/resource.h>
#endif

/* Writes one automaton into the file "bomb.kf". `keys` is what the header shall say. */
static void write_bomb(kfi_automaton *a, uint64_t keys)
{
    kfi_shared_table shared = { 0 };
    kfi_key_plan plan = { 0 };
    kfi_writer *writer;
    kf_error error;
    ck_assert_int_eq(kfi_spool_finish(a->states, &error), KF_OK);
    ck_assert_int_eq(kfi_spool_finish(a->references, &error), KF_OK);
    kf_status status = kfi_writer_create(&writer, scratch_path("bomb.kf"), 5, &error);
    if (!status) status = kfi_shared_table_create(&shared, a, 64 << 20, &error);
    if (!status) status = kfi_key_plan_make(&plan, a, &shared, 64 << 20, KFI_EFFORT_USUAL, &error);
    if (!status) status = kfi_keys_emit(&plan, a, &shared, writer, NULL, &error);
    kfi_header header = { .keys = keys, .longest_key = a->longest_key, .raw_key_bytes = a->raw_key_bytes,
                          .states = a->state_count };
    if (!status) status = kfi_writer_finish(writer, &header, &error);
    ck_assert_msg(!status, "%s", error.message);
    kfi_writer_destroy(&writer);
    kfi_key_plan_free(&plan);
    kfi_shared_table_free(&shared);
    kfi_automaton_destroy(a);
}

static void begin(kfi_automaton *a)
{
    *a = (kfi_automaton){ 0 };
    ck_assert_int_eq(kfi_spool_create(&a->states, scratch, 1 << 18, NULL, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_create(&a->references, scratch, 1 << 18, NULL, NULL), KF_OK);
}

static void put(kfi_automaton *a, const void *bytes, size_t size)
{
    ck_assert_int_eq(kfi_spool_write(a->states, bytes, size, NULL), KF_OK);
}

/* `levels` states, of which each leads to the next by "a" and by "b": all texts of `levels` letters. */
static void make_doubling(kfi_automaton *a, unsigned levels)
{
    begin(a);
    for (unsigned level = 0; level < levels; level++) {
        uint8_t child[8] = { 0 };
        kfi_store64(child, level - 1u);
        if (level == 0) {
            put(a, (uint8_t[]){ 2 << 1, 0, 1 << 2 | KFI_EDGE_SINK, 'a', 1 << 2 | KFI_EDGE_SINK, 'b' }, 6);
        } else {
            put(a, (uint8_t[]){ 2 << 1, 1, 1 << 2 | KFI_EDGE_FRESH, 'a', 1 << 2 | KFI_EDGE_BACK, 1, 'b' }, 7);
            ck_assert_int_eq(kfi_spool_write(a->references, child, 5, NULL), KF_OK);
            a->reference_count++;
        }
        a->state_count++;
    }
    a->distinct = a->state_count;
    a->longest_key = a->shortest_key = levels;
    a->keys = levels < 64 ? 1ull << levels : 0;
}

static void text_of(uint64_t number, unsigned levels, uint8_t *text)
{
    for (unsigned b = 0; b < levels; b++)
        text[b] = levels - 1 - b < 64 && number >> (levels - 1 - b) & 1 ? 'b' : 'a';
}

/* 2^33 and 2^62 keys: ordinals, bounds and counts beyond 32 bits. */
START_TEST(bombs__very_many_keys)
{
    static const unsigned sizes[] = { 33, 47, 62 };
    const unsigned levels = sizes[_i];
    const uint64_t count = 1ull << levels;
    kfi_automaton a;
    kf_dict *dict;
    kf_error error;
    uint8_t text[64];
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes key;
    uint64_t random = 88172645463325252u, first, number;
    int found = 99;
    make_doubling(&a, levels);
    write_bomb(&a, count);
    kf_status status = kf_dict_open(&dict, scratch_path("bomb.kf"), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    ck_assert_uint_lt(dict->mapping.size, 20000);
    ck_assert_uint_eq(kf_dict_count(dict), count);
    status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    for (unsigned n = 0; n < 500; n++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint64_t ordinal = n == 0 ? 0 : n == 1 ? count - 1 : random % count;
        unsigned prefix = (unsigned)(random >> 40) % (levels + 1);
        text_of(ordinal, levels, text);
        ck_assert_int_eq(kf_dict_ordinal(dict, text, levels, &number), KF_OK);
        ck_assert_uint_eq(number, ordinal);
        ck_assert_int_eq(kf_dict_key_at(dict, ordinal, &buffer, &key), KF_OK);
        ck_assert(key.size == levels && !memcmp(key.data, text, levels));
        ck_assert_int_eq(kf_dict_lower_bound(dict, text, levels - 1, &number), KF_OK);
        ck_assert_uint_eq(number, ordinal & ~1ull);
        ck_assert_int_eq(kf_dict_prefix_range(dict, text, prefix, &first, &number), KF_OK);
        ck_assert_uint_eq(number, 1ull << (levels - prefix));
        ck_assert_uint_eq(first, ordinal >> (levels - prefix) << (levels - prefix));
        ck_assert_int_eq(kf_dict_contains(dict, text, levels - 1, &found), KF_OK);
        ck_assert_int_eq(found, 0);
    }
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    options.first_ordinal = count - 5;
    ck_assert_int_eq(kf_iter_create(&iter, dict, &options, &error), KF_OK);
    ck_assert_uint_eq(kf_iter_remaining(iter), 5);
    for (unsigned n = 0; n < 5; n++) {
        ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
        ck_assert_uint_eq(entry.ordinal, count - 5 + n);
    }
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
    kf_iter_destroy(&iter);
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}
END_TEST

/* How many hits a query has, and the first one's ordinal; 0 hits if there is no end to them. */
static uint64_t hits_of(const kf_dict *dict, kf_query **query, kf_iter_options *o, uint64_t *first)
{
    enum { MOST = 100000 };
    kf_iter *iter;
    kf_entry entry;
    uint64_t count = 0;
    kf_status status;
    *first = KF_ABSENT;
    o->query = *query;
    ck_assert_int_eq(kf_iter_create(&iter, dict, o, NULL), KF_OK);
    while (count < MOST && !(status = kf_iter_next(iter, &entry)))
        if (count++ == 0) *first = entry.ordinal;
    if (count < MOST) ck_assert_int_eq(status, KF_END);
    kf_iter_destroy(&iter);
    kf_query_destroy(query);
    return count < MOST ? count : 0;
}

static kf_query *fuzzy(const uint8_t *needle, size_t size, uint32_t distance)
{
    kf_fuzzy_options o = KF_FUZZY_OPTIONS_INIT;
    kf_query *query;
    o.distance = distance;
    ck_assert_int_eq(kf_query_create_fuzzy(&query, needle, size, &o, NULL), KF_OK);
    return query;
}

static kf_query *regex(const char *pattern)
{
    kf_query *query;
    ck_assert_int_eq(kf_query_create_regex(&query, pattern, strlen(pattern), 0, NULL), KF_OK);
    return query;
}

/* 2^62 keys: queries that few of them satisfy end soon, the others can be stopped. */
START_TEST(bombs__queries)
{
    enum { LEVELS = 62, NEEDLES = 20 };
    const uint64_t keys = 1ull << LEVELS;
    kfi_automaton a;
    kf_dict *dict;
    kf_error error;
    uint8_t text[LEVELS];
    uint64_t first, random = 88172645463325252u;
    make_doubling(&a, LEVELS);
    write_bomb(&a, keys);
    kf_status status = kf_dict_open(&dict, scratch_path("bomb.kf"), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    for (unsigned n = 0; n < NEEDLES; n++) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT, last = KF_ITER_OPTIONS_INIT;
        kf_query *query, *other;
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        text_of(random % keys, LEVELS, text);
        query = fuzzy(text, LEVELS, 0);
        ck_assert_uint_eq(hits_of(dict, &query, &o, &first), 1);
        ck_assert_uint_eq(first, random % keys);
        query = fuzzy(text, LEVELS, 1);
        ck_assert_uint_eq(hits_of(dict, &query, &o, &first), 1 + LEVELS);
        /* A letter less: texts of two letters have one more neighbour than places to insert at. */
        query = fuzzy(text, LEVELS - 1, 1);
        ck_assert_uint_eq(hits_of(dict, &query, &o, &first), 1 + LEVELS);
        query = fuzzy(text, LEVELS - 2, 1);
        ck_assert_uint_eq(hits_of(dict, &query, &o, &first), 0);
        o.order = KF_ORDER_DISTANCE;
        o.limit = 3;
        query = fuzzy(text, LEVELS, 1);
        ck_assert_uint_eq(hits_of(dict, &query, &o, &first), 3);
        ck_assert_uint_eq(first, random % keys);
        o.order = KF_ORDER_KEY;
        o.limit = 10;
        query = regex(".*a.*b.*");
        ck_assert_uint_eq(hits_of(dict, &query, &o, &first), 10);
        ck_assert_uint_eq(first, 1);
        query = fuzzy(text, LEVELS, 3);
        ck_assert_int_eq(kf_query_create_not(&other, query, NULL), KF_OK);
        kf_query_destroy(&query);
        ck_assert_uint_eq(hits_of(dict, &other, &o, &first), 10);
        last.first_ordinal = keys - 5;
        query = regex(".*");
        ck_assert_uint_eq(hits_of(dict, &query, &last, &first), 5);
        ck_assert_uint_eq(first, keys - 5);
        last.first_ordinal = 0;
        last.from = (kf_bytes){ text, LEVELS };
        last.to = (kf_bytes){ text, LEVELS - 4 };
        last.has_to = 1;   /* below itself: nothing */
        query = regex(".*");
        ck_assert_uint_eq(hits_of(dict, &query, &last, &first), 0);
        query = regex("b{62}|(ab)*");
        last.has_to = 0;
        last.from.size = 0;
        ck_assert_uint_eq(hits_of(dict, &query, &last, &first), 2);
    }
    kf_dict_close(&dict);
}
END_TEST

/* All 2^62 keys are as far away as any: only the work limit ends that. */
START_TEST(bombs__nearest)
{
    enum { LEVELS = 62 };
    kfi_automaton a;
    kf_dict *dict;
    kf_error error;
    uint8_t text[LEVELS];
    make_doubling(&a, LEVELS);
    write_bomb(&a, 1ull << LEVELS);
    kf_status status = kf_dict_open(&dict, scratch_path("bomb.kf"), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    for (unsigned n = 0; n < 8; n++) {
        kf_nearest_options o = KF_NEAREST_OPTIONS_INIT;
        kf_iter *iter;
        kf_entry entry;
        o.metric = (kf_metric)(n % 4);
        o.ranking = n > 3 || o.metric == KF_METRIC_JARO_WINKLER ? KF_RANK_SIMILARITY : KF_RANK_DISTANCE;
        o.work_limit = 20000;
        o.count = n % 2 ? 5 : UINT64_MAX;
        memset(text, 'c', LEVELS);
        ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, text, LEVELS, &o, NULL), KF_OK);
        ck_assert(kf_iter_incomplete(iter));
        kf_iter_destroy(&iter);
        if (o.metric == KF_METRIC_JARO_WINKLER) continue;
        /* One that is there is found and nothing else looked for. */
        text_of(0x123456789abcdefull, LEVELS, text);
        o.count = 1;
        o.work_limit = 0;
        ck_assert_int_eq(kf_iter_create_nearest(&iter, dict, text, LEVELS, &o, NULL), KF_OK);
        ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
        ck_assert_uint_eq(entry.ordinal, 0x123456789abcdefull);
        ck_assert_uint_eq(kf_iter_match(iter)->distance, 0);
        ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
        ck_assert(!kf_iter_incomplete(iter));
        kf_iter_destroy(&iter);
    }
    kf_dict_close(&dict);
}
END_TEST

/* Queries where ordinals overflow: any answer or KF_CORRUPT, soon. */
static void query_lies(const kf_dict *dict, const uint8_t *needle, size_t size)
{
    for (unsigned n = 0; n < 4; n++) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
        kf_query *query = n < 3 ? fuzzy(needle, size, n % 3) : regex(".*a.*");
        kf_iter *iter;
        kf_entry entry;
        kf_status status;
        o.query = query;
        status = kf_iter_create(&iter, dict, &o, NULL);
        for (unsigned i = 0; i < 3000 && !status; i++) status = kf_iter_next(iter, &entry);
        ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_END);
        kf_iter_destroy(&iter);
        nearest.work_limit = 10000;
        nearest.ranking = (kf_ranking)(n % 2);
        status = kf_iter_create_nearest(&iter, dict, needle, size - n, &nearest, NULL);
        if (!status) status = kf_iter_next(iter, &entry);
        ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_END);
        kf_iter_destroy(&iter);
        kf_query_destroy(&query);
    }
}

/* More keys than a number holds, or than the header says: every call returns, and verifying says so. */
START_TEST(bombs__sums_that_overflow)
{
    /* The builder's arithmetic, which never meets so many keys, is not the object here: the sanitizer would
     * complain of it, so it sees only the file that fits and lies. */
    static const unsigned sizes[] = { 62, 64, 80, 400 };
    const unsigned levels = sizes[_i];
    if (SANITIZED && levels > 62) return;
    static const uint64_t claims[] = { 1, 1000, 1ull << 63, UINT64_MAX };
    for (unsigned c = 0; c < 4; c++) {
        kfi_automaton a;
        kf_dict *dict;
        kf_error error;
        uint8_t text[500];
        uint64_t number, first;
        kf_buffer buffer = KF_BUFFER_INIT;
        kf_bytes key;
        kf_iter *iter;
        kf_entry entry;
        make_doubling(&a, levels);
        write_bomb(&a, claims[c]);
        kf_status status = kf_dict_open(&dict, scratch_path("bomb.kf"), NULL, &error);
        ck_assert_msg(!status, "%s", error.message);
        ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_CORRUPT);
        for (unsigned n = 0; n < 64; n++) {
            text_of(n * 0x123456789abcdefull, levels, text);
            status = kf_dict_ordinal(dict, text, levels, &number);
            ck_assert(status == KF_OK || status == KF_CORRUPT);
            status = kf_dict_key_at(dict, claims[c] - 1 - n % claims[c], &buffer, &key);
            ck_assert(status == KF_OK || status == KF_CORRUPT);
            status = kf_dict_prefix_range(dict, text, n % levels, &first, &number);
            ck_assert(status == KF_OK || status == KF_CORRUPT);
        }
        status = kf_iter_create(&iter, dict, NULL, &error);
        if (!status) {
            for (unsigned n = 0; n < 3000 && !status; n++) status = kf_iter_next(iter, &entry);
            ck_assert(status == KF_OK || status == KF_CORRUPT || status == KF_END);
            kf_iter_destroy(&iter);
        }
        query_lies(dict, text, levels);
        kf_buffer_free(&buffer);
        kf_dict_close(&dict);
    }
}
END_TEST

/* No recursion: the usual stack is not needed. That of Windows has a MiB. */
static void shrink_stack(void)
{
#ifndef _WIN32
    struct rlimit small_stack = { 256 << 10, 256 << 10 };
    if (!SANITIZED) ck_assert_int_eq(setrlimit(RLIMIT_STACK, &small_stack), 0);
#endif
}

/* Every length of one letter up to `depth` is a key: as deep as an automaton can be. */
START_TEST(bombs__deep_chain)
{
    enum { DEPTH = 150000 };
    kfi_automaton a;
    kf_dict *dict;
    kf_error error;
    kf_iter *iter;
    kf_entry entry;
    uint64_t number;
    uint8_t *text = malloc(DEPTH + 1);
    int found = 99;
    shrink_stack();
    begin(&a);
    put(&a, (uint8_t[]){ 1 << 1 | 1, 0, 1 << 2 | KFI_EDGE_SINK, 'c' }, 4);
    for (unsigned level = 1; level < DEPTH; level++)
        put(&a, (uint8_t[]){ 1 << 1 | 1, 1, 1 << 2 | KFI_EDGE_FRESH, 'c' }, 4);
    a.state_count = a.distinct = DEPTH;
    a.longest_key = DEPTH;
    a.keys = DEPTH + 1;
    write_bomb(&a, DEPTH + 1);
    memset(text, 'c', DEPTH + 1);
    kf_status status = kf_dict_open(&dict, scratch_path("bomb.kf"), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    for (size_t size = 0; size <= DEPTH; size += 1777) {
        ck_assert_int_eq(kf_dict_ordinal(dict, text, size, &number), KF_OK);
        ck_assert_uint_eq(number, size);
    }
    ck_assert_int_eq(kf_dict_contains(dict, text, DEPTH + 1, &found), KF_OK);
    ck_assert_int_eq(found, 0);
    for (size_t size = 10; size <= DEPTH; size += DEPTH / 4 - 3) {
        kf_iter_options o = KF_ITER_OPTIONS_INIT;
        kf_query *query = fuzzy(text, size, 2);
        ck_assert_uint_eq(hits_of(dict, &query, &o, &number), size + 2 > DEPTH ? 3 + DEPTH - size : 5);
        ck_assert_uint_eq(number, size - 2);
        query = regex("(ccc)*");
        o.first_ordinal = size;
        o.limit = 5;
        ck_assert_uint_eq(hits_of(dict, &query, &o, &number), DEPTH - size > 15 ? 5 : (DEPTH - size) / 3 + 1);
        ck_assert_uint_eq(number, (size + 2) / 3 * 3);
    }
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    options.flags = KF_ITER_REVERSE;
    ck_assert_int_eq(kf_iter_create(&iter, dict, &options, &error), KF_OK);
    for (uint64_t n = DEPTH + 1; n--; ) {
        status = kf_iter_next(iter, &entry);
        if (status || entry.ordinal != n || entry.key.size != n)
            ck_abort_msg("at %llu: %d", (unsigned long long)n, (int)status);
    }
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
    kf_iter_destroy(&iter);
    kf_dict_close(&dict);
    free(text);
}
END_TEST

/* Keys of which each byte but the last lies below a jump of its own, with no key on the way to the first: composing it
 * must not cost its square. B_1 leads to the sink by "a" and "b", B_n to B_n-1 by "a" and to the sink by "b"; A_n is
 * the same with A's, and leads to B_n-1 by "c", so that B's are shared. The root is final and leads to the last B by
 * "a" and to the last A by "b". */
START_TEST(bombs__jumps_without_keys)
{
    enum { DEPTH = 400000, TIMES = 20 };
    kfi_automaton a;
    kf_dict *dict;
    kf_error error;
    kf_iter *iter;
    kf_entry entry;
    begin(&a);
    put(&a, (uint8_t[]){ 2 << 1, 0, 1 << 2 | KFI_EDGE_SINK, 'a', 1 << 2 | KFI_EDGE_SINK, 'b' }, 6);
    for (unsigned n = 1; n < DEPTH; n++)
        put(&a, (uint8_t[]){ 2 << 1, 1, 1 << 2 | KFI_EDGE_FRESH, 'a', 1 << 2 | KFI_EDGE_SINK, 'b' }, 6);
    put(&a, (uint8_t[]){ 2 << 1, 0, 1 << 2 | KFI_EDGE_SINK, 'a', 1 << 2 | KFI_EDGE_SINK, 'b' }, 6);
    for (unsigned n = 1; n < DEPTH; n++) {
        uint8_t child[8] = { 0 };
        put(&a, (uint8_t[]){ 3 << 1, 1, 1 << 2 | KFI_EDGE_FRESH, 'a', 1 << 2 | KFI_EDGE_SINK, 'b',
                             1 << 2 | KFI_EDGE_BACK }, 7);
        ck_assert_int_eq(kfi_spool_write_varint(a.states, DEPTH + 1, NULL), KF_OK);
        put(&a, "c", 1);
        kfi_store64(child, n - 1);
        ck_assert_int_eq(kfi_spool_write(a.references, child, 5, NULL), KF_OK);
    }
    put(&a, (uint8_t[]){ 2 << 1 | 1, 2, 1 << 2 | KFI_EDGE_FRESH, 'a', 1 << 2 | KFI_EDGE_FRESH, 'b' }, 6);
    a.reference_count = DEPTH - 1;
    a.state_count = a.distinct = 2 * DEPTH + 1;
    a.longest_key = DEPTH + 1;
    a.keys = DEPTH + 2 + (uint64_t)DEPTH * (DEPTH + 3) / 2;
    write_bomb(&a, a.keys);
    kf_status status = kf_dict_open(&dict, scratch_path("bomb.kf"), NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    status = kf_dict_verify(dict, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    for (unsigned time = 0; time < TIMES; time++) {
        ck_assert_int_eq(kf_iter_create(&iter, dict, NULL, &error), KF_OK);
        for (unsigned n = 0; n < 3; n++) {
            ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
            ck_assert_uint_eq(entry.key.size, n ? DEPTH + 1 : 0);
            for (size_t i = 0; i < entry.key.size; i++)
                if (entry.key.data[i] != (n > 1 && i == DEPTH ? 'b' : 'a')) ck_abort_msg("key %u, byte %zu", n, i);
        }
        kf_iter_destroy(&iter);
    }
    kf_dict_close(&dict);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("bombs");
    TCase *t = tcase_create("bombs");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, bombs__very_many_keys, 0, 3);
    tcase_add_test(t, bombs__queries);
    tcase_add_test(t, bombs__nearest);
    suite_add_cases(t, bombs__sums_that_overflow, 0, 4);
    tcase_add_test(t, bombs__deep_chain);
    tcase_add_test(t, bombs__jumps_without_keys);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
