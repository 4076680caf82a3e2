/* Set operations, diff and merge against sorted arrays: random subsets of sets of hard shapes with values
 * that often agree, all operations, policies, ranges, limits, filters and queries; damaged members. */
#include "scratch.h"
#include "shapes.h"
#include "damage.h"
#include "suite.h"

enum { DICTS = 12, MEMBERS = 9, NAMES = 4 };

/* A subset of the universe: which keys, their ordinals, and values that are drawn from few. */
typedef struct subset {
    uint8_t *has;
    uint64_t *ordinal;          /* of universe key i, if it has it */
    size_t count;
    uint64_t seed;
    kf_dict *dict;
    unsigned names;             /* bit n: has the metadata entry n, whose content is the subset's number */
    kf_weights weights;
} subset;

typedef struct expected {
    size_t key;                 /* in the universe */
    size_t source;              /* member */
    kf_change change;
    kf_status status;           /* of the value */
    uint64_t number;
} expected;

static key_set universe;
static subset subsets[DICTS];
static kf_value_type type_now;
static unsigned shape_now;
static uint64_t seed_now, cases, merges, queried;
static int large_now;           /* values near 2^64 */
static int weights_now;         /* none, all, some */

#define EXPECT(condition) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s: shape %u seed %d type %d case %d", #condition, shape_now, (int)seed_now, \
                         (int)type_now, (int)cases); \
    } while (0)

static size_t any(size_t n) { return set_below(&universe, n); }

/* ---- values ----------------------------------------------------------------------------------- */

static uint64_t number_of(size_t d, size_t i)
{
    uint64_t r = (subsets[d].seed % 3 + 1) * (i + 7) * 0x9e3779b97f4a7c15u >> 20;
    return large_now ? UINT64_MAX / 3 + r % 3 : r % 5;
}

static kf_bytes bytes_of(size_t d, size_t i, uint8_t room[64])
{
    uint64_t r = number_of(d, i);
    size_t size = (size_t)(r % 5) * 9;
    memset(room, 'v', size);
    if (size) room[size - 1] = (uint8_t)i;
    return (kf_bytes){ room, size };
}

static uint64_t weight_of(size_t d, size_t i)
{
    return subsets[d].weights == KF_WEIGHTS_VALUE ? number_of(d, i) : (d + 1) * (i + 3) % 1000;
}

/* ---- subsets ---------------------------------------------------------------------------------- */

static kf_encoding any_encoding(void)
{
    if (type_now == KF_VALUES_U64) return (kf_encoding)any(3);
    if (type_now == KF_VALUES_BYTES && any(3)) return (kf_encoding)(KF_ENCODING_DISTINCT + any(4));
    return KF_ENCODING_AUTO;
}

static kf_status add_key(kf_builder *builder, size_t d, size_t i)
{
    kf_bytes key = universe.keys[i], value = { NULL, 0 };
    uint64_t number = number_of(d, i), weight = weight_of(d, i);
    uint8_t room[64];
    int given = subsets[d].weights == KF_WEIGHTS_GIVEN;
    if (type_now == KF_VALUES_BYTES) value = bytes_of(d, i, room);
    if (type_now == KF_VALUES_U64)
        return given ? kf_builder_add_u64_weighted(builder, key.data, key.size, number, weight, NULL)
                     : kf_builder_add_u64(builder, key.data, key.size, number, NULL);
    return given ? kf_builder_add_weighted(builder, key.data, key.size, value.data, value.size, weight, NULL)
                 : kf_builder_add(builder, key.data, key.size, value.data, value.size, NULL);
}

static void build_subset(size_t d, const char *name)
{
    subset *s = &subsets[d];
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_builder *builder;
    kf_error error;
    if (weights_now && (weights_now < 2 || any(3)))
        s->weights = any(2) && type_now == KF_VALUES_U64 ? KF_WEIGHTS_VALUE : KF_WEIGHTS_GIVEN;
    options.value_type = type_now;
    options.value_encoding = any_encoding();
    options.memory_limit = 16 << 20;
    options.weights = s->weights;
    EXPECT(kf_builder_create(&builder, scratch_path(name), &options, &error) == KF_OK);
    for (size_t i = 0; i < universe.count; i++) {
        if (!s->has[i]) continue;
        s->ordinal[i] = s->count++;
        EXPECT(add_key(builder, d, i) == KF_OK);
    }
    for (unsigned n = 0; n < NAMES; n++) {
        char text[2] = { (char)('a' + n), 0 };
        uint8_t content = (uint8_t)d;
        if (s->names >> n & 1) EXPECT(kf_builder_set_metadata(builder, text, &content, 1, &error) == KF_OK);
    }
    EXPECT(kf_builder_finish(builder, NULL, &error) == KF_OK);
    kf_builder_destroy(&builder);
}

static void draw_subset(size_t d)
{
    static const size_t parts[] = { 0, 1, 2, 2, 5, 40, 400 };
    subset *s = &subsets[d];
    size_t part = parts[any(sizeof parts / sizeof *parts)], run = 0, has = 0;
    *s = (subset){ .has = calloc(universe.count + 1, 1),
                   .ordinal = calloc(universe.count + 1, sizeof(uint64_t)) };
    s->seed = set_random(&universe);
    s->names = (unsigned)any(1u << NAMES);
    /* Some subsets of single keys, some of long runs, which others must skip. */
    int runs = any(3) == 0;
    for (size_t i = 0; i < universe.count; i++) {
        if (!runs || !run--) {
            run = any(300);
            has = part && any(part) == 0;
        }
        s->has[i] = (uint8_t)has;
    }
    char name[16];
    snprintf(name, sizeof name, "%d.kf", (int)d);
    build_subset(d, name);
    EXPECT(kf_dict_open(&s->dict, scratch_path(name), NULL, NULL) == KF_OK);
    EXPECT(kf_dict_count(s->dict) == s->count);
}

static void draw(unsigned shape, uint64_t seed)
{
    shape_now = shape;
    seed_now = seed;
    type_now = (kf_value_type)(seed % 3);
    set_make(&universe, shape, seed, 1 + seed % 4);
    large_now = any(5) == 0;
    weights_now = (int)any(3);
    for (size_t d = 0; d < DICTS; d++) draw_subset(d);
}

static void drop(void)
{
    for (size_t d = 0; d < DICTS; d++) {
        free(subsets[d].has);
        free(subsets[d].ordinal);
        kf_dict_close(&subsets[d].dict);
    }
    set_free(&universe);
}

/* ---- the model -------------------------------------------------------------------------------- */

typedef struct question {
    int diff;
    kf_set_operation operation;
    kf_set_values values;
    size_t member[MEMBERS], count;          /* subsets */
    const kf_dict *dicts[MEMBERS];
    kf_iter_options within;
    uint8_t *accepts;                       /* of each key, whether the query does; NULL: no query */
    uint64_t *distance;
    kf_query *query;
    int filter;                             /* by the key's last byte, or the source */
    uint8_t bound[3][600];
} question;

static expected list[1 << 18];
static size_t listed;

static int filter_says(int filter, kf_bytes key, size_t source)
{
    if (filter == 1) return key.size && key.data[key.size - 1] % 2;
    return filter != 2 || source % 2 == 0;
}

static int filter(void *context, kf_iter *iter, const kf_entry *entry)
{
    const question *q = context;
    kf_bytes bytes;
    uint64_t number;
    kf_status status = type_now == KF_VALUES_U64 ? kf_iter_value_u64(iter, &number)
                                                 : kf_iter_value(iter, &bytes);
    EXPECT(status == (type_now == KF_VALUES_NONE ? KF_TYPE : KF_OK)
           || (status == KF_LIMIT && q->values == KF_SET_VALUES_SUM));
    return filter_says(q->filter, entry->key, kf_iter_match(iter)->source);
}

static void list_entry(const question *q, size_t i, size_t source, kf_change change, uint64_t number,
                       kf_status status)
{
    if (listed == q->within.limit || !filter_says(q->filter, universe.keys[i], source)) return;
    EXPECT(listed < sizeof list / sizeof *list);
    list[listed++] = (expected){ i, source, change, status, number };
}

static int is_kept(const question *q, const size_t *holders, size_t count)
{
    switch (q->operation) {
    case KF_SET_INTERSECTION: return count == q->count;
    case KF_SET_DIFFERENCE: return count == 1 && holders[0] == 0;
    case KF_SET_SYMMETRIC_DIFFERENCE: return count & 1;
    default: return 1;
    }
}

static void list_set_key(const question *q, size_t i, const size_t *holders, size_t count)
{
    size_t pick = 0;
    uint64_t number = type_now == KF_VALUES_U64 ? number_of(q->member[holders[0]], i) : 0;
    kf_status status = KF_OK;
    if (!is_kept(q, holders, count)) return;
    if (q->values == KF_SET_VALUES_LAST) pick = count - 1;
    for (size_t h = 1; h < count; h++) {
        uint64_t other = type_now == KF_VALUES_U64 ? number_of(q->member[holders[h]], i) : 0;
        if (q->values == KF_SET_VALUES_SUM) {
            if (number + other < number) status = KF_LIMIT;
            number += other;
        }
        if ((q->values == KF_SET_VALUES_MIN && other < number)
            || (q->values == KF_SET_VALUES_MAX && other > number)) {
            number = other;
            pick = h;
        }
    }
    if (q->values == KF_SET_VALUES_ALL)
        for (size_t h = 0; h < count; h++)
            list_entry(q, i, holders[h], KF_CHANGE_NONE, number_of(q->member[holders[h]], i), KF_OK);
    else if (q->values == KF_SET_VALUES_LAST)
        list_entry(q, i, holders[pick], KF_CHANGE_NONE, number_of(q->member[holders[pick]], i), KF_OK);
    else
        list_entry(q, i, holders[pick], KF_CHANGE_NONE, number, status);
}

static void list_diff_key(const question *q, size_t i, const size_t *holders, size_t count)
{
    uint8_t room[2][64];
    size_t source = holders[count - 1];
    kf_change change = count > 1 ? KF_CHANGE_VALUE : source == 0 ? KF_CHANGE_REMOVED : KF_CHANGE_ADDED;
    if (count > 1) {
        size_t a = q->member[0], b = q->member[1];
        if (type_now == KF_VALUES_NONE) return;
        if (type_now == KF_VALUES_U64 && number_of(a, i) == number_of(b, i)) return;
        if (type_now == KF_VALUES_BYTES
            && bytes_compare(bytes_of(a, i, room[0]), bytes_of(b, i, room[1])) == 0)
            return;
    }
    list_entry(q, i, source, change, number_of(q->member[source], i), KF_OK);
}

static void list_all(const question *q)
{
    const kf_iter_options *o = &q->within;
    size_t low = set_bound(&universe, o->prefix), high = set_prefix_end(&universe, o->prefix), bound;
    listed = 0;
    bound = set_bound(&universe, o->from);
    if (bound > low) low = bound;
    if (o->has_to) {
        bound = set_bound(&universe, o->to);
        if (bound < high) high = bound;
    }
    for (size_t i = low; i < high; i++) {
        size_t holders[MEMBERS], count = 0;
        for (size_t m = 0; m < q->count; m++)
            if (subsets[q->member[m]].has[i]) holders[count++] = m;
        if (!count || (q->accepts && !q->accepts[i])) continue;
        if (q->diff) list_diff_key(q, i, holders, count);
        else list_set_key(q, i, holders, count);
    }
}

/* ---- questions -------------------------------------------------------------------------------- */

static kf_bytes near_key(uint8_t *text)
{
    kf_bytes key = universe.count ? universe.keys[any(universe.count)] : (kf_bytes){ NULL, 0 };
    size_t size = key.size < 590 ? key.size : 590;
    if (any(3) == 0) size = any(size + 1);
    if (size) memcpy(text, key.data, size);
    if (any(4) == 0) text[size++] = (uint8_t)any(256);
    return (kf_bytes){ text, size };
}

/* Keys near a key. */
static void draw_query(question *q)
{
    kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
    uint8_t text[600];
    kf_bytes needle = near_key(text);
    fuzzy.unit = KF_UNIT_BYTES;
    fuzzy.distance = (uint32_t)any(3);
    fuzzy.prefix = any(2) != 0;
    if (needle.size > 20) needle.size = 20;
    EXPECT(kf_query_create_fuzzy(&q->query, needle.data, needle.size, &fuzzy, NULL) == KF_OK);
    q->within.query = q->query;
    q->accepts = calloc(universe.count + 1, 1);
    q->distance = calloc(universe.count + 1, sizeof *q->distance);
    for (size_t i = 0; i < universe.count; i++) {
        kf_bytes key = universe.keys[i];
        q->accepts[i] = kf_query_matches(q->query, key.data, key.size, &q->distance[i]) == KF_OK;
        queried += q->accepts[i];
    }
}

static void drop_question(question *q)
{
    kf_query_destroy(&q->query);
    free(q->accepts);
    free(q->distance);
}

static void draw_question(question *q)
{
    q->diff = any(6) == 0;
    q->operation = (kf_set_operation)any(4);
    q->values = (kf_set_values)any(6);
    if (type_now != KF_VALUES_U64 && q->values >= KF_SET_VALUES_SUM && q->values <= KF_SET_VALUES_MAX)
        q->values = KF_SET_VALUES_FIRST;
    q->count = q->diff ? 2 : 1 + any(MEMBERS);
    for (size_t m = 0; m < q->count; m++) {
        q->member[m] = any(DICTS);
        q->dicts[m] = subsets[q->member[m]].dict;
    }
    q->within = (kf_iter_options)KF_ITER_OPTIONS_INIT;
    q->query = NULL;
    q->accepts = NULL;
    q->distance = NULL;
    if (any(12) == 0) draw_query(q);
    if (any(4) == 0) {
        q->within.prefix = near_key(q->bound[0]);
        q->within.prefix.size = any(q->within.prefix.size + 1);
    }
    if (any(4) == 0) q->within.from = near_key(q->bound[1]);
    if (any(4) == 0) {
        q->within.to = near_key(q->bound[2]);
        q->within.has_to = 1;
    }
    if (any(6) == 0) q->within.limit = any(universe.count + 2);
    q->filter = any(4) == 0 ? 1 + (int)any(2) : 0;
    if (q->filter) {
        q->within.filter = filter;
        q->within.filter_context = q;
    }
}

static void check_value(kf_iter *iter, const question *q, const expected *e)
{
    uint64_t number = 0;
    kf_bytes value;
    uint8_t room[64];
    kf_status status = kf_iter_value_u64(iter, &number);
    EXPECT(status == (type_now == KF_VALUES_U64 ? e->status : KF_TYPE));
    if (!status) EXPECT(number == e->number);
    status = kf_iter_value(iter, &value);
    EXPECT(status == (type_now == KF_VALUES_BYTES ? KF_OK : KF_TYPE));
    if (!status) EXPECT(bytes_compare(value, bytes_of(q->member[e->source], e->key, room)) == 0);
}

static void check_iterator(question *q)
{
    kf_set_options options = KF_SET_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    kf_error error;
    options.values = q->values;
    int everything = !q->filter && q->within.limit == UINT64_MAX && !q->within.has_to && !q->within.from.size
                     && !q->within.prefix.size && !q->query;
    options.within = any(2) || !everything ? &q->within : NULL;
    if (q->diff) EXPECT(kf_iter_create_diff(&iter, q->dicts[0], q->dicts[1], options.within, &error) == KF_OK);
    else EXPECT(kf_iter_create_set(&iter, q->operation, q->dicts, q->count, &options, &error) == KF_OK);
    EXPECT(kf_iter_remaining(iter) == UINT64_MAX);
    for (size_t n = 0; n < listed; n++) {
        const expected *e = &list[n];
        const subset *s = &subsets[q->member[e->source]];
        EXPECT(kf_iter_next(iter, &entry) == KF_OK);
        const kf_match *match = kf_iter_match(iter);
        EXPECT(bytes_compare(entry.key, universe.keys[e->key]) == 0);
        EXPECT(match->source == e->source && match->change == e->change);
        EXPECT(entry.ordinal == s->ordinal[e->key]);
        EXPECT(match->distance == (q->distance ? q->distance[e->key] : 0));
        if (q->diff)
            EXPECT(match->before == (e->change == KF_CHANGE_ADDED ? KF_ABSENT
                                                                   : subsets[q->member[0]].ordinal[e->key]));
        if (any(4) == 0) check_value(iter, q, e);
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END);
    EXPECT(kf_iter_next(iter, &entry) == KF_END);
    EXPECT(!kf_iter_incomplete(iter));
    kf_iter_destroy(&iter);
}

static void check_merged_metadata(const question *q, const kf_dict *dict)
{
    kf_bytes content, name;
    size_t names = 0, found = 0;
    for (unsigned n = 0; n < NAMES; n++) {
        char text[2] = { (char)('a' + n), 0 };
        size_t m = 0;
        while (m < q->count && !(subsets[q->member[m]].names >> n & 1)) m++;
        kf_status status = kf_dict_metadata(dict, text, &content);
        EXPECT(status == (m < q->count ? KF_OK : KF_NOT_FOUND));
        if (status) continue;
        names++;
        EXPECT(content.size == 1 && content.data[0] == q->member[m]);
    }
    for (size_t n = 0; !kf_dict_metadata_at(dict, n, &name, &content); n++) found += name.size == 1;
    EXPECT(found == names);
}

static void check_merged_weights(const question *q, const kf_dict *dict)
{
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    kf_weights wanted = KF_WEIGHTS_VALUE;
    uint64_t weight;
    for (size_t m = q->count; m--; ) {
        kf_weights has = subsets[q->member[m]].weights;
        if (has == KF_WEIGHTS_GIVEN) wanted = KF_WEIGHTS_GIVEN;
    }
    for (size_t m = 0; m < q->count; m++)
        if (!subsets[q->member[m]].weights) wanted = KF_WEIGHTS_NONE;
    EXPECT(kf_dict_get_stat(dict, &stat) == KF_OK && stat.weights == wanted);
    for (size_t n = 0; n < listed && wanted == KF_WEIGHTS_GIVEN; n++) {
        EXPECT(kf_dict_weight_at(dict, n, &weight) == KF_OK);
        EXPECT(weight == weight_of(q->member[list[n].source], list[n].key));
    }
}

static void check_merged(const question *q, const kf_build_report *report)
{
    kf_iter *iter;
    kf_entry entry;
    kf_dict *dict;
    kf_error error;
    EXPECT(kf_dict_open(&dict, scratch_path("merged.kf"), NULL, &error) == KF_OK);
    EXPECT(kf_dict_verify(dict, NULL, &error) == KF_OK);
    EXPECT(kf_dict_count(dict) == listed && report->keys == listed && report->pairs_dropped == 0);
    EXPECT(kf_dict_value_type(dict) == type_now);
    EXPECT(kf_iter_create(&iter, dict, NULL, NULL) == KF_OK);
    for (size_t n = 0; n < listed; n++) {
        EXPECT(kf_iter_next(iter, &entry) == KF_OK);
        EXPECT(bytes_compare(entry.key, universe.keys[list[n].key]) == 0);
        check_value(iter, q, &list[n]);
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END);
    kf_iter_destroy(&iter);
    check_merged_metadata(q, dict);
    check_merged_weights(q, dict);
    kf_dict_close(&dict);
}

static void check_merge(question *q)
{
    kf_merge_options options = KF_MERGE_OPTIONS_INIT;
    kf_build_options build = KF_BUILD_OPTIONS_INIT;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error = { 0 };
    kf_status expected_status = KF_OK;
    int files = scratch_count();
    if (q->diff || q->values == KF_SET_VALUES_ALL) return;
    for (size_t n = 0; n < listed; n++)
        if (list[n].status) expected_status = list[n].status;
    options.operation = q->operation;
    options.values = q->values;
    options.within = &q->within;
    build.memory_limit = 16 << 20;
    build.value_encoding = any_encoding();
    if (any(2)) options.build = &build;
    static const char before[] = "\x89KFD\r\n\x1a\nbefore";
    scratch_write("merged.kf", before, sizeof before);
    kf_status status = kf_dict_merge(scratch_path("merged.kf"), q->dicts, q->count, &options, &report, &error);
    EXPECT(status == expected_status);
    EXPECT(scratch_count() == files + 1);
    merges++;
    if (!status) {
        check_merged(q, &report);
    } else {
        size_t size;
        uint8_t *left = scratch_read("merged.kf", &size);
        EXPECT(left && size == sizeof before && !memcmp(left, before, size));
        EXPECT(error.status == KF_LIMIT && strstr(error.message, "sum"));
        free(left);
    }
    unlink(scratch_path("merged.kf"));
}

START_TEST(sets__model)
{
    FOR_SEEDS(seed, 6 * scale_of_run()) {
        draw((unsigned)_i, seed);
        for (int n = 0; n < 200; n++, cases++) {
            question q;
            draw_question(&q);
            list_all(&q);
            check_iterator(&q);
            if (n % 32 == 0) check_merge(&q);
            drop_question(&q);
        }
        drop();
    }
    EXPECT(merges > 20 && (queried > 50 || _i < 3));
}
END_TEST

/* ---- many members, and the target as a member ------------------------------------------------- */

START_TEST(sets__many_members)
{
    enum { MANY = 3000 };
    const kf_dict **dicts = malloc(MANY * sizeof *dicts);
    kf_set_options o = KF_SET_OPTIONS_INIT;
    kf_iter *iter;
    kf_entry entry;
    uint64_t sum, keys = 0;
    draw(14, 1);   /* with numbers */
    for (size_t m = 0; m < MANY; m++) dicts[m] = subsets[m % DICTS].dict;
    o.values = KF_SET_VALUES_SUM;
    ck_assert_int_eq(kf_iter_create_set(&iter, KF_SET_UNION, dicts, MANY, &o, NULL), KF_OK);
    for (size_t i = 0; i < universe.count; i++) {
        size_t holders = 0;
        for (size_t d = 0; d < DICTS; d++) holders += subsets[d].has[i];
        if (!holders) continue;
        keys++;
        ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
        ck_assert(bytes_compare(entry.key, universe.keys[i]) == 0);
        if (large_now) continue;
        uint64_t wanted = 0;
        for (size_t d = 0; d < DICTS; d++)
            if (subsets[d].has[i]) wanted += MANY / DICTS * number_of(d, i);
        ck_assert_int_eq(kf_iter_value_u64(iter, &sum), KF_OK);
        ck_assert_uint_eq(sum, wanted);
    }
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
    ck_assert_uint_gt(keys, 0);
    kf_iter_destroy(&iter);
    drop();
    free(dicts);
}
END_TEST

START_TEST(sets__target_is_a_member)
{
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_dict *merged;
    draw(14, 2);
    size_t a = 0, b = 1, keys = 0;
    const kf_dict *dicts[2] = { subsets[a].dict, subsets[b].dict };
    for (size_t i = 0; i < universe.count; i++) keys += subsets[a].has[i] || subsets[b].has[i];
    kf_error error = { 0 };
    const kf_status status = kf_dict_merge(scratch_path("0.kf"), dicts, 2, NULL, &report, &error);
#ifdef _WIN32   /* where a file that is mapped may have to stay */
    if (status) {
        ck_assert_int_eq(status, KF_IO);
        ck_assert_int_eq(error.os_error, EBUSY);
        ck_assert_ptr_nonnull(strstr(error.message, "a process has it open"));
        ck_assert_int_eq(kf_dict_open(&merged, scratch_path("0.kf"), NULL, NULL), KF_OK);
        ck_assert_uint_eq(kf_dict_count(merged), subsets[a].count);
        kf_dict_close(&merged);
        drop();
        return;
    }
#endif
    ck_assert_int_eq(status, KF_OK);
    ck_assert_uint_eq(report.keys, keys);
    ck_assert_uint_eq(kf_dict_count(dicts[0]), subsets[a].count);
    ck_assert_int_eq(kf_dict_open(&merged, scratch_path("0.kf"), NULL, NULL), KF_OK);
    ck_assert_uint_eq(kf_dict_count(merged), keys);
    kf_dict_close(&merged);
    drop();
}
END_TEST

static int cancel(void *context, const kf_progress *progress)
{
    int *calls = context;
    (void)progress;
    return ++*calls == 2;
}

START_TEST(sets__cancelled)
{
    kf_merge_options merge = KF_MERGE_OPTIONS_INIT;
    kf_build_options build = KF_BUILD_OPTIONS_INIT;
    kf_error error;
    int calls = 0;
    draw(14, 2);
    const kf_dict *dicts[2] = { subsets[0].dict, subsets[1].dict };
    build.progress = cancel;
    build.progress_context = &calls;
    merge.build = &build;
    ck_assert_int_eq(kf_dict_merge(scratch_path("x.kf"), dicts, 2, &merge, NULL, &error), KF_CANCELLED);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(scratch_count(), DICTS);
    drop();
}
END_TEST

/* ---- damaged members -------------------------------------------------------------------------- */

static uint64_t damaged_runs, damaged_found;

static void run_damaged(kf_iter *iter, size_t culprit, uint64_t most)
{
    uint8_t *last = malloc(1 << 20);
    size_t last_size = 0;
    uint64_t seen = 0, number;
    kf_entry entry;
    kf_bytes value;
    kf_status status;
    size_t source = SIZE_MAX;
    while (!(status = kf_iter_next(iter, &entry))) {
        kf_bytes before = { last, last_size };
        int order = bytes_compare(before, entry.key);
        /* With an entry for each member, keys come again from later members. */
        EXPECT(!seen || order < 0 || (order == 0 && kf_iter_match(iter)->source > source));
        source = kf_iter_match(iter)->source;
        if (entry.key.size) memcpy(last, entry.key.data, entry.key.size);
        last_size = entry.key.size;
        EXPECT(++seen <= most);
        status = type_now == KF_VALUES_U64 ? kf_iter_value_u64(iter, &number) : kf_iter_value(iter, &value);
        EXPECT(status == KF_OK || status == KF_CORRUPT || status == KF_TYPE || status == KF_LIMIT);
    }
    EXPECT(status == KF_END || status == KF_CORRUPT);
    if (status == KF_CORRUPT) {
        EXPECT(kf_iter_match(iter)->source == culprit);
        damaged_found++;
    }
    damaged_runs++;
    free(last);
}

static void merge_damaged(const kf_dict *const *dicts, size_t culprit)
{
    kf_merge_options options = KF_MERGE_OPTIONS_INIT;
    kf_error error = { 0 };
    char named[32];
    options.operation = (kf_set_operation)any(4);
    options.values = (kf_set_values)any(2);
    int files = scratch_count();
    kf_status status = kf_dict_merge(scratch_path("merged.kf"), dicts, 3, &options, NULL, &error);
    snprintf(named, sizeof named, "dictionary %d:", (int)culprit);
    EXPECT(status == KF_OK || status == KF_CORRUPT);
    EXPECT(!status || strstr(error.message, named));
    EXPECT(scratch_count() == files + !status);
    if (!status) unlink(scratch_path("merged.kf"));
}

static void damage_round(void)
{
    static const kf_open_options in_memory = { .struct_size = sizeof in_memory, .flags = KF_OPEN_IN_MEMORY };
    size_t culprit = any(3);
    const kf_dict *dicts[3];
    kf_set_options set = KF_SET_OPTIONS_INIT;
    kf_dict *bad;
    kf_iter *iter;
    kf_error error = { 0 };
    uint64_t most;
    for (size_t m = 0; m < 3; m++) dicts[m] = subsets[any(DICTS)].dict;
    damage(&universe);
    scratch_write("bad.kf", file, file_size);
    kf_status status = kf_dict_open(&bad, scratch_path("bad.kf"), &in_memory, &error);
    damage_undo();
    if (status) return;
    dicts[culprit] = bad;
    most = kf_dict_count(dicts[0]) + kf_dict_count(dicts[1]) + kf_dict_count(dicts[2]);
    for (unsigned operation = 0; operation < 5; operation++) {
        set.values = any(2) ? KF_SET_VALUES_ALL : KF_SET_VALUES_FIRST;
        if (operation < 4) {
            status = kf_iter_create_set(&iter, (kf_set_operation)operation, dicts, 3, &set, &error);
        } else {
            if (culprit == 2) break;
            status = kf_iter_create_diff(&iter, dicts[0], dicts[1], NULL, &error);
        }
        EXPECT(status == KF_OK || status == KF_CORRUPT);
        if (!status) run_damaged(iter, culprit, most);
        kf_iter_destroy(&iter);
    }
    if (any(8) == 0) merge_damaged(dicts, culprit);
    kf_dict_close(&bad);
}

START_TEST(sets__damaged_members)
{
    static const unsigned shapes[] = { 4, 7, 9, 11, 14, 18 };
    FOR_SEEDS(seed, rounds_of(2)) {
        draw(shapes[_i], seed + 5);
        for (size_t d = 0; d < DICTS; d += 2) {
            char name[16];
            if (!subsets[d].count) continue;
            snprintf(name, sizeof name, "%d.kf", (int)d);
            damage_load(name);
            for (int n = 0; n < 60; n++, cases++) damage_round();
            damage_free();
        }
        drop();
    }
    EXPECT(damaged_runs > 100 && damaged_found > 5);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sets");
    TCase *t = tcase_create("sets");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, sets__model, 0, SHAPES);
    tcase_add_test(t, sets__many_members);
    tcase_add_test(t, sets__target_is_a_member);
    tcase_add_test(t, sets__cancelled);
    suite_add_cases(t, sets__damaged_members, 0, 6);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
