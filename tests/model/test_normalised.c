/* Dictionaries whose keys are in a normal form, plain ones and ones with shards, against a model: the forms of the
 * keys, sorted; and against a dictionary of these that was built without the option. */
#include <keyfold/keyfold.h>

#include "base/normalise.h"
#include "base/utf8.h"
#include "format/header.h"
#include "format/keys.h"
#include "query/text_boundary.h"

#include "fault.h"
#include "random.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>

static const uint32_t forms[] = { 1, 2, 3, 4, 5, 8, 9, 12, 13 };
enum { FORMS = sizeof forms / sizeof *forms, KEYS = 400, TEXT = 48, LONG = 300 };

typedef struct text { uint8_t data[LONG]; size_t size; } text;

static text keys[KEYS];         /* the model: forms, ascending */
static size_t count;
static uint32_t flags;
static kf_dict *dict, *plain;
static kf_buffer buffer;

#define EXPECT(condition) \
    do { \
        if (!(condition)) ck_abort_msg("%s: form %u", #condition, (unsigned)flags); \
    } while (0)

/* ---- texts ------------------------------------------------------------------------------------ */

static void draw(text *t, size_t most)
{
    static const char *const pieces[] = {
        "a", "A", "e", "E", "s", "ss", "S", "i", "f", " ", "-", "\xc3\x9f", "\xc3\xa9", "\xc3\x89", "\xcc\x81",
        "\xcc\xa3", "\xcc\x87", "\xef\xac\x81", "\xe1\x84\x80", "\xe1\x85\xa1", "\xea\xb0\x80", "\xe3\x81\x8b",
        "\xe3\x82\x99", "\xff", "\xc3", "\xa9", "\xe2\xb0\xaf", "\xcd\x85", "\xce\xb1", "\xce\x91",
    };
    t->size = 0;
    while (t->size + 4 < most && random_below(9)) {
        const char *piece = pieces[random_below(sizeof pieces / sizeof *pieces)];
        memcpy(t->data + t->size, piece, strlen(piece));
        t->size += strlen(piece);
    }
}

static void normalise(text *to, const uint8_t *data, size_t size)
{
    kf_bytes form;
    EXPECT(kf_text_normalise(data, size, flags, &buffer, &form) == KF_OK && form.size <= sizeof to->data);
    if (form.size) memmove(to->data, form.data, form.size);
    to->size = form.size;
}

static int compare(const void *left, const void *right)
{
    const text *a = left, *b = right;
    const size_t size = a->size < b->size ? a->size : b->size;
    const int order = size ? memcmp(a->data, b->data, size) : 0;
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* How many keys are below a text that is normal. */
static size_t below(const text *form)
{
    size_t n = 0;
    while (n < count && compare(&keys[n], form) < 0) n++;
    return n;
}

static size_t find(const text *form)
{
    const size_t n = below(form);
    return n < count && !compare(&keys[n], form) ? n : SIZE_MAX;
}

/* ---- building --------------------------------------------------------------------------------- */

static kf_builder *begin(const char *name, uint32_t normalise_flags, unsigned shards)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = KF_VALUES_U64;
    options.duplicates = KF_DUPLICATES_FIRST;
    options.normalise = normalise_flags;
    options.shards = shards;
    EXPECT(kf_builder_create(&builder, scratch_path(name), &options, NULL) == KF_OK);
    return builder;
}

static void end(kf_builder *builder, const char *name, kf_dict **out)
{
    EXPECT(kf_builder_finish(builder, NULL, NULL) == KF_OK);
    kf_builder_destroy(&builder);
    EXPECT(kf_dict_open(out, scratch_path(name), NULL, NULL) == KF_OK);
}

/* The value of a key is its rank. */
static void build(unsigned shards)
{
    text *given = malloc(KEYS * sizeof *given);
    count = 0;
    for (size_t i = 0; i < KEYS; i++) {
        draw(&given[i], TEXT);
        normalise(&keys[i], given[i].data, given[i].size);
    }
    qsort(keys, KEYS, sizeof *keys, compare);
    for (size_t i = 0; i < KEYS; i++)
        if (!count || compare(&keys[count - 1], &keys[i])) keys[count++] = keys[i];
    kf_builder *normal = begin("normal.kf", flags, shards), *other = begin("plain.kf", 0, shards);
    for (size_t i = 0; i < KEYS; i++) {
        text form;
        normalise(&form, given[i].data, given[i].size);
        EXPECT(kf_builder_add_u64(normal, given[i].data, given[i].size, find(&form), NULL) == KF_OK);
        EXPECT(kf_builder_add_u64(other, form.data, form.size, find(&form), NULL) == KF_OK);
    }
    free(given);
    end(normal, "normal.kf", &dict);
    end(other, "plain.kf", &plain);
}

/* ---- keys ------------------------------------------------------------------------------------- */

/* A text, or one that has the form of a key. */
static void draw_query(text *t)
{
    draw(t, TEXT);
    if (random_below(2)) *t = keys[random_below(count)];
    for (size_t i = 0; i < t->size; i++)
        if (flags & KF_NORMALISE_CASE && t->data[i] >= 'a' && t->data[i] <= 'z' && random_below(2)) t->data[i] ^= 0x20;
}

static void check_lookup(const text *t)
{
    text form;
    uint64_t ordinal, value, first, some;
    int found;
    normalise(&form, t->data, t->size);
    const size_t n = find(&form);
    EXPECT(kf_dict_ordinal(dict, t->data, t->size, &ordinal) == (n == SIZE_MAX ? KF_NOT_FOUND : KF_OK));
    EXPECT(n == SIZE_MAX || ordinal == n);
    EXPECT(kf_dict_get_u64(dict, t->data, t->size, &value) == (n == SIZE_MAX ? KF_NOT_FOUND : KF_OK));
    EXPECT(n == SIZE_MAX || value == n);
    EXPECT(kf_dict_contains(dict, t->data, t->size, &found) == KF_OK && found == (n != SIZE_MAX));
    EXPECT(kf_dict_lower_bound(dict, t->data, t->size, &first) == KF_OK && first == below(&form));
    EXPECT(kf_dict_prefix_range(dict, t->data, t->size, &first, &some) == KF_OK && first == below(&form));
    size_t last = (size_t)first;
    while (last < count && keys[last].size >= form.size && !memcmp(keys[last].data, form.data, form.size)) last++;
    EXPECT(some == last - first);
}

static void check_many(void)
{
    enum { MANY = 700 };
    static text asked[MANY];
    static uint8_t data[MANY * LONG];
    kf_bytes list[MANY];
    uint64_t offsets[MANY + 1] = { 0 }, ordinals[MANY], again[MANY];
    size_t found, found_again, expected = 0;
    for (size_t i = 0; i < MANY; i++) {
        draw_query(&asked[i]);
        list[i] = (kf_bytes){ asked[i].data, asked[i].size };
        memcpy(data + offsets[i], asked[i].data, asked[i].size);
        offsets[i + 1] = offsets[i] + asked[i].size;
    }
    EXPECT(kf_dict_ordinal_many(dict, list, MANY, ordinals, &found) == KF_OK);
    EXPECT(kf_dict_ordinal_many_packed(dict, data, offsets, MANY, again, &found_again) == KF_OK);
    for (size_t i = 0; i < MANY; i++) {
        text form;
        normalise(&form, asked[i].data, asked[i].size);
        const size_t n = find(&form);
        expected += n != SIZE_MAX;
        EXPECT(ordinals[i] == (n == SIZE_MAX ? KF_ABSENT : n) && again[i] == ordinals[i]);
    }
    EXPECT(found == expected && found_again == expected);
}

static void check_order(void)
{
    kf_iter *iter;
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_entry entry;
    text from, to, low, high;
    draw_query(&from);
    draw_query(&to);
    options.from = (kf_bytes){ from.data, from.size };
    options.to = (kf_bytes){ to.data, to.size };
    options.has_to = 1;
    normalise(&low, from.data, from.size);
    normalise(&high, to.data, to.size);
    EXPECT(kf_iter_create(&iter, dict, &options, NULL) == KF_OK);
    for (size_t n = below(&low); n < below(&high); n++) {
        EXPECT(kf_iter_next(iter, &entry) == KF_OK && entry.ordinal == n);
        EXPECT(entry.key.size == keys[n].size && !memcmp(entry.key.data, keys[n].data, keys[n].size));
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END);
    kf_iter_destroy(&iter);
}

/* ---- texts with keys in them ------------------------------------------------------------------ */

/* A segment that becomes something, with those behind it that do not. */
typedef struct piece { size_t begin, end, form; } piece;

static size_t cut(const text *t, piece *pieces, text *form)
{
    kfi_normal normal;
    uint32_t complete = flags;
    size_t n = 0;
    EXPECT(kfi_normalise_flags(&complete, NULL) == KF_OK);
    kfi_normal_begin(&normal, complete);
    for (size_t at = 0; at < t->size; ) {
        const size_t before = normal.size, size = kfi_normal_segment(&normal, (kf_bytes){ t->data, t->size }, at);
        if (normal.size > before) pieces[n++] = (piece){ at, at + size, before };
        else if (n) pieces[n - 1].end = at + size;
        at += size;
    }
    pieces[n].form = form->size = normal.size;
    EXPECT(normal.size <= sizeof form->data);
    memcpy(form->data, normal.data, normal.size);
    kfi_normal_end(&normal);
    return n;
}

static size_t rank_of(const text *form, size_t begin_at, size_t end_at)
{
    text part = { .size = end_at - begin_at };
    memcpy(part.data, form->data + begin_at, part.size);
    return find(&part);
}

static void check_prefixes(const text *t)
{
    static piece pieces[LONG + 1];
    kf_prefix_match matches[LONG], few[2], longest;
    text form;
    size_t found, some, expected = 0;
    const size_t n = cut(t, pieces, &form);
    EXPECT(kf_dict_prefixes(dict, t->data, t->size, matches, LONG, &found) == KF_OK);
    EXPECT(kf_dict_prefixes(dict, t->data, t->size, few, 2, &some) == KF_OK && some == (found < 2 ? found : 2));
    EXPECT(kf_dict_longest_prefix(dict, t->data, t->size, &longest) == (found ? KF_OK : KF_NOT_FOUND));
    for (size_t i = 0; i <= n; i++) {
        const size_t rank = rank_of(&form, 0, i < n ? pieces[i].form : form.size);
        if (rank == SIZE_MAX) continue;
        EXPECT(expected < found && matches[expected].ordinal == rank);
        EXPECT(matches[expected].size == (i ? pieces[i - 1].end : 0));
        if (expected < some) EXPECT(few[expected].size == matches[expected].size);
        expected++;
    }
    EXPECT(expected == found);
    if (found) EXPECT(longest.size == matches[found - 1].size && longest.ordinal == matches[found - 1].ordinal);
}

static uint64_t occurrences;

static void check_find(const text *t, kf_boundary boundary)
{
    static piece pieces[LONG + 1];
    kf_find_options options = KF_FIND_OPTIONS_INIT;
    const kf_bytes whole = { t->data, t->size };
    kf_iter *iter;
    kf_entry entry;
    text form;
    const size_t n = cut(t, pieces, &form);
    options.boundary = boundary;
    EXPECT(kf_iter_create_find(&iter, dict, t->data, t->size, &options, NULL) == KF_OK);
    for (size_t i = 0; i < n; i++) {
        if (boundary == KF_BOUNDARY_WORDS && !kfi_word_boundary(whole, pieces[i].begin)) continue;
        for (size_t k = i; k < n; k++) {
            const size_t rank = rank_of(&form, pieces[i].form, k + 1 < n ? pieces[k + 1].form : form.size);
            if (rank == SIZE_MAX) continue;
            if (boundary == KF_BOUNDARY_WORDS && !kfi_word_boundary(whole, pieces[k].end)) continue;
            EXPECT(kf_iter_next(iter, &entry) == KF_OK && entry.ordinal == rank);
            EXPECT(kf_iter_match(iter)->position == pieces[i].begin);
            EXPECT(kf_iter_match(iter)->length == pieces[k].end - pieces[i].begin);
            EXPECT(entry.key.size == keys[rank].size && !memcmp(entry.key.data, keys[rank].data, entry.key.size));
            occurrences++;
        }
    }
    EXPECT(kf_iter_next(iter, &entry) == KF_END);
    kf_iter_destroy(&iter);
}

/* ---- queries ---------------------------------------------------------------------------------- */

/* Whether one finds in `dict` what the other finds in `plain`; both are destroyed. */
static void same_hits(kf_iter *a, kf_iter *b)
{
    kf_entry one, other;
    kf_status status;
    do {
        status = kf_iter_next(a, &one);
        EXPECT(status == kf_iter_next(b, &other));
        if (status) break;
        EXPECT(one.ordinal == other.ordinal && kf_iter_match(a)->distance == kf_iter_match(b)->distance);
        EXPECT(kf_iter_match(a)->similarity == kf_iter_match(b)->similarity);
    } while (!status);
    EXPECT(status == KF_END);
    kf_iter_destroy(&a);
    kf_iter_destroy(&b);
}

static void same_query(kf_query *a, kf_query *b)
{
    kf_iter_options one = KF_ITER_OPTIONS_INIT, other = KF_ITER_OPTIONS_INIT;
    kf_iter *in_dict, *in_plain;
    one.query = a;
    other.query = b;
    for (int turn = 0; turn < 2; turn++) {   /* the second time it is known */
        EXPECT(kf_iter_create(&in_dict, dict, &one, NULL) == KF_OK);
        EXPECT(kf_iter_create(&in_plain, plain, &other, NULL) == KF_OK);
        same_hits(in_dict, in_plain);
    }
    kf_query_destroy(&a);
    kf_query_destroy(&b);
}

static int is_utf8(const text *t)
{
    for (size_t at = 0; at < t->size; ) {
        const unsigned size = kfi_utf8_sequence(t->data + at, t->size - at);
        if (!size) return 0;
        at += size;
    }
    return 1;
}

static void check_queries(const text *t)
{
    text form;
    kf_query *a, *b;
    kf_fuzzy_options fuzzy = KF_FUZZY_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    kf_iter *in_dict, *in_plain;
    if (!is_utf8(t)) return;
    normalise(&form, t->data, t->size);
    fuzzy.distance = (uint32_t)random_below(3);
    EXPECT(kf_query_create_fuzzy(&a, t->data, t->size, &fuzzy, NULL) == KF_OK);
    EXPECT(kf_query_create_fuzzy(&b, form.data, form.size, &fuzzy, NULL) == KF_OK);
    same_query(a, b);
    EXPECT(kf_query_create_subsequence(&a, t->data, t->size, 0, NULL) == KF_OK);
    EXPECT(kf_query_create_subsequence(&b, form.data, form.size, 0, NULL) == KF_OK);
    same_query(a, b);
    /* Nothing of what is drawn means anything in a pattern. */
    EXPECT(kf_query_create_regex(&a, t->data, t->size, 0, NULL) == KF_OK);
    EXPECT(kf_query_create_glob(&b, form.data, form.size, 0, NULL) == KF_OK);
    same_query(a, b);
    nearest.count = 5;
    for (int metric = KF_METRIC_LEVENSHTEIN; metric <= KF_METRIC_JARO_WINKLER; metric += 3) {
        nearest.metric = (kf_metric)metric;
        nearest.ranking = metric ? KF_RANK_SIMILARITY : KF_RANK_DISTANCE;
        EXPECT(kf_iter_create_nearest(&in_dict, dict, t->data, t->size, &nearest, NULL) == KF_OK);
        EXPECT(kf_iter_create_nearest(&in_plain, plain, form.data, form.size, &nearest, NULL) == KF_OK);
        same_hits(in_dict, in_plain);
    }
}

/* ---- all -------------------------------------------------------------------------------------- */

START_TEST(normalised__model)
{
    random_state = 7;
    scratch_open();
    for (uint64_t round = 0; round < rounds_of(2 * FORMS); round++) {
        flags = forms[round % FORMS];
        build(round / FORMS % 2 ? 3 : 1);
        kf_dict_stat stat = KF_DICT_STAT_INIT;
        uint32_t complete = flags;
        kfi_normalise_flags(&complete, NULL);
        EXPECT(kf_dict_get_stat(dict, &stat) == KF_OK && stat.normalise == complete && stat.keys == count);
        EXPECT(kf_dict_verify(dict, NULL, NULL) == KF_OK);
        check_many();
        for (int i = 0; i < 300; i++) {
            text t;
            draw_query(&t);
            check_lookup(&t);
            check_prefixes(&t);
            if (i % 10 == 0) check_order();
            if (i % 5 == 0) check_queries(&t);
            draw(&t, LONG);
            check_find(&t, i % 2 ? KF_BOUNDARY_WORDS : KF_BOUNDARY_BYTES);
        }
        kf_dict_close(&dict);
        kf_dict_close(&plain);
    }
    kf_buffer_free(&buffer);
    ck_assert_uint_gt(occurrences, 1000);
    scratch_close();
}
END_TEST

/* ---- sets ------------------------------------------------------------------------------------- */

static void refused(kf_status status, const kf_error *error)
{
    ck_assert_int_eq(status, KF_INVALID);
    ck_assert_msg(strstr(error->message, "normal form") != NULL, "%s", error->message);
}

/* Members in different forms are refused, in one form it stays. */
START_TEST(normalised__sets)
{
    kf_error error;
    kf_iter *iter;
    kf_merge_options merge = KF_MERGE_OPTIONS_INIT;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    random_state = 8;
    scratch_open();
    flags = KF_NORMALISE_CASE;
    build(1);
    const kf_dict *both[] = { dict, plain }, *same[] = { dict, dict };
    refused(kf_iter_create_set(&iter, KF_SET_UNION, both, 2, NULL, &error), &error);
    refused(kf_iter_create_diff(&iter, plain, dict, NULL, &error), &error);
    refused(kf_dict_merge(scratch_path("m.kf"), both, 2, NULL, NULL, &error), &error);
    const char *paths[] = { scratch_path("normal.kf"), scratch_path("plain.kf") };
    kf_bundle_options bundle = KF_BUNDLE_OPTIONS_INIT;
    refused(kf_bundle_write(scratch_path("m.kfm"), paths, 2, &bundle, &error), &error);
    merge.build = &options;
    options.normalise = KF_NORMALISE_NFC;
    refused(kf_dict_merge(scratch_path("m.kf"), same, 2, &merge, NULL, &error), &error);
    options.normalise = KF_NORMALISE_CASE;
    ck_assert_int_eq(kf_dict_merge(scratch_path("m.kf"), same, 2, &merge, NULL, &error), KF_OK);
    options.normalise = 0;
    ck_assert_int_eq(kf_dict_merge(scratch_path("m.kf"), same, 2, &merge, NULL, &error), KF_OK);
    kf_dict *merged;
    uint8_t one[16], other[16];
    ck_assert_int_eq(kf_dict_open(&merged, scratch_path("m.kf"), NULL, NULL), KF_OK);
    kf_dict_build_id(dict, one);
    kf_dict_build_id(merged, other);
    ck_assert_mem_eq(one, other, 16);
    kf_dict_close(&merged);
    kf_dict_close(&dict);
    kf_dict_close(&plain);
    kf_buffer_free(&buffer);
    scratch_close();
}
END_TEST

/* A file that says of its keys what they are not is read as any other, and verifying tells. */
START_TEST(normalised__wrong_header)
{
    kf_error error;
    size_t size;
    random_state = 9;
    scratch_open();
    flags = KF_NORMALISE_NFC;
    build(1);
    kf_dict_close(&plain);
    kf_dict_close(&dict);
    uint8_t *file = scratch_read("normal.kf", &size);
    kfi_header header;
    ck_assert_int_eq(kfi_header_parse(&header, file, size, NULL), KF_OK);
    const kfi_section *sums = kfi_header_section(&header, KFI_SECTION_CHECKSUMS);
    header.normalise = KF_NORMALISE_CASE;
    kfi_header_build_id(&header, file + sums->offset, (size_t)sums->size, header.build_id);
    kfi_header_write(&header, file);
    ck_assert_int_eq(kf_dict_open_memory(&dict, file, size, NULL, NULL), KF_OK);
    for (int i = 0; i < 500; i++) {
        text t;
        uint64_t ordinal, some;
        kf_iter *iter;
        kf_entry entry;
        draw(&t, TEXT);
        kf_status status = kf_dict_ordinal(dict, t.data, t.size, &ordinal);
        ck_assert(status == KF_OK || status == KF_NOT_FOUND);
        ck_assert_int_eq(kf_dict_prefix_range(dict, t.data, t.size, &ordinal, &some), KF_OK);
        ck_assert_int_eq(kf_iter_create_find(&iter, dict, t.data, t.size, NULL, NULL), KF_OK);
        while (!(status = kf_iter_next(iter, &entry))) ck_assert_uint_lt(entry.ordinal, count);
        ck_assert_int_eq(status, KF_END);
        kf_iter_destroy(&iter);
    }
    ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_CORRUPT);
    ck_assert_msg(strstr(error.message, "normal form") != NULL, "%s", error.message);
    kf_dict_close(&dict);
    free(file);
    kf_buffer_free(&buffer);
    scratch_close();
}
END_TEST

/* ---- without memory --------------------------------------------------------------------------- */

static kf_status drained(kf_status status, kf_iter **iter)
{
    kf_entry entry;
    while (!status) status = kf_iter_next(*iter, &entry);
    kf_iter_destroy(iter);
    return status == KF_END ? KF_OK : status;
}

/* Every call that makes something normal, with texts that need memory for it. */
static kf_status ask_everything(const text *t, const kf_query *query)
{
    kf_iter *iter = NULL;
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    kf_bytes one = { t->data, t->size };
    uint64_t ordinal, some;
    kf_prefix_match match;
    kf_status status = kf_dict_ordinal(dict, t->data, t->size, &ordinal);
    if (status == KF_NOT_FOUND) status = kf_dict_ordinal_many(dict, &one, 1, &ordinal, NULL);
    if (!status) status = kf_dict_prefix_range(dict, t->data, t->size, &ordinal, &some);
    if (!status) status = kf_dict_longest_prefix(dict, t->data, t->size, &match);
    if (!status) status = drained(kf_iter_create_find(&iter, dict, t->data, t->size, NULL, NULL), &iter);
    options.query = query;
    nearest.within = &options;
    if (!status) status = drained(kf_iter_create(&iter, dict, &options, NULL), &iter);
    if (!status) status = drained(kf_iter_create_nearest(&iter, dict, t->data, 40, &nearest, NULL), &iter);
    return status;
}

START_TEST(normalised__without_memory)
{
    static const char pattern[] = "(\xc3\x89[\xc3\x89-\xc3\x8b]*)+S?";
    kf_query *fuzzy, *regex, *both;
    text t = { .size = 280 };
    uint64_t n = 1, failures = 0;
    random_state = 10;
    scratch_open();
    flags = KF_NORMALISE_CASE | KF_NORMALISE_ACCENTS;
    build(1);
    for (size_t i = 0; i < t.size; i += 4) memcpy(t.data + i, i % 8 ? "\xc3\x89\xcc\x81" : "e\xcc\x81S", 4);
    for (;; n++) {
        fault_mark();
        ck_assert_int_eq(kf_query_create_fuzzy(&fuzzy, t.data, 200, NULL, NULL), KF_OK);
        ck_assert_int_eq(kf_query_create_regex(&regex, pattern, sizeof pattern - 1, 0, NULL), KF_OK);
        ck_assert_int_eq(kf_query_create_any(&both, (const kf_query *[]){ fuzzy, regex }, 2, NULL), KF_OK);
        kf_query_destroy(&fuzzy);
        kf_query_destroy(&regex);
        fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
        const kf_status status = ask_everything(&t, both);
        const int fired = fault_fired();
        fault_off();
        kf_query_destroy(&both);
        ck_assert_int_eq(fault_live(), 0);
        /* Some memory only makes a search quicker. */
        ck_assert_msg(!status || (fired && status == KF_NO_MEMORY), "%u: %s", (unsigned)n, kf_status_name(status));
        failures += status != KF_OK;
        if (!fired) break;
    }
    ck_assert_uint_gt(failures, n / 2);
    kf_dict_close(&dict);
    kf_dict_close(&plain);
    kf_buffer_free(&buffer);
    scratch_close();
}
END_TEST

/* Forms beyond the room that needs none. */
START_TEST(normalised__long_forms_without_memory)
{
    enum { MANY = 600 };
    static kf_bytes list[MANY];
    static uint64_t ordinals[MANY];
    text t = { .size = LONG };
    uint64_t ordinal, some;
    size_t found;
    random_state = 11;
    scratch_open();
    flags = KF_NORMALISE_CASE;
    build(1);
    for (size_t i = 0; i < LONG; i += 2) memcpy(t.data + i, "\xc3\x89", 2);
    fault_arm(FAULT_ALLOC, 1, ENOMEM, FAULT_FROM);
    ck_assert_int_eq(kf_dict_ordinal(dict, t.data, t.size, &ordinal), KF_NO_MEMORY);
    ck_assert_int_eq(kf_dict_lower_bound(dict, t.data, t.size, &ordinal), KF_NO_MEMORY);
    ck_assert_int_eq(kf_dict_prefix_range(dict, t.data, t.size, &ordinal, &some), KF_NO_MEMORY);
    /* What needs none is found unless it is in a batch with what does. */
    size_t easy = 1;
    while (keys[easy].data[0] >= 0x80 || keys[easy].size != 1) easy++;
    for (size_t i = 0; i < MANY; i++) list[i] = (kf_bytes){ keys[easy].data, keys[easy].size };
    list[3] = (kf_bytes){ t.data, t.size };
    for (int all = 0; all < 2; all++) {
        if (all) list[MANY - 1] = list[3];
        const size_t end = all ? 512 : MANY;
        ck_assert_int_eq(kf_dict_ordinal_many(dict, list, MANY, ordinals, &found), KF_NO_MEMORY);
        ck_assert_uint_eq(found, end - 256);
        for (size_t i = 0; i < MANY; i++) ck_assert_uint_eq(ordinals[i], i < 256 || i >= end ? KF_ABSENT : easy);
    }
    fault_off();
    kf_dict_close(&dict);
    kf_dict_close(&plain);
    kf_buffer_free(&buffer);
    scratch_close();
}
END_TEST

/* Keys that can't be read are none that begin a text. */
START_TEST(normalised__damaged_keys)
{
    size_t size, found = 9;
    kf_prefix_match match[4];
    kfi_header header;
    random_state = 12;
    scratch_open();
    flags = KF_NORMALISE_CASE;
    build(1);
    kf_dict_close(&dict);
    uint8_t *file = scratch_read("normal.kf", &size);
    ck_assert_int_eq(kfi_header_parse(&header, file, size, NULL), KF_OK);
    const kfi_section *tree = kfi_header_section(&header, KFI_SECTION_TREE);
    memset(file + tree->offset + KFI_KEYS_PARAMETERS, 0xff, (size_t)tree->size - KFI_KEYS_PARAMETERS);
    ck_assert_int_eq(kf_dict_open_memory(&dict, file, size, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_dict_prefixes(dict, "Stra\xc3\x9f" "e", 7, match, 4, &found), KF_CORRUPT);
    ck_assert_uint_eq(found, 0);
    kf_dict_close(&dict);
    kf_dict_close(&plain);
    kf_buffer_free(&buffer);
    free(file);
    scratch_close();
}
END_TEST

START_TEST(normalised__duplicates)
{
    kf_error error;
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    scratch_open();
    options.normalise = KF_NORMALISE_CASE;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_add(builder, "STRASSE", 7, NULL, 0, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_add(builder, "Stra\xc3\x9f" "e", 7, NULL, 0, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_DUPLICATE);
    ck_assert_msg(strstr(error.message, "normal form") != NULL, "%s", error.message);
    ck_assert_mem_eq(error.key, "strasse", 7);
    kf_builder_destroy(&builder);
    /* A key that grows beyond the limit. */
    uint8_t *key = malloc(1 << 20);
    for (size_t i = 0; i < 1 << 20; i += 2) memcpy(key + i, "\xc3\x89", 2);
    memcpy(key, "\xc4\xb0", 2);   /* becomes three bytes */
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_add(builder, key, 1 << 20, NULL, 0, &error), KF_LIMIT);
    kf_builder_destroy(&builder);
    free(key);
    for (uint32_t bad = 6; bad < 64; bad = bad == 6 ? 16 : bad * 2) {
        options.normalise = bad;
        ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, &error), KF_INVALID);
    }
    options.normalise = 0;
    options.flags = 1u << 31;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, &error), KF_INVALID);
    scratch_close();
}
END_TEST

/* However many keys are asked for at once: room for the normal forms of a batch is enough. */
START_TEST(normalised__many_keys_in_little_memory)
{
    enum { MANY = 50000 };
    kf_bytes *list = malloc(MANY * sizeof *list);
    uint64_t *ordinals = malloc(MANY * sizeof *ordinals);
    size_t found;
    kf_dict *one;
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    scratch_open();
    options.normalise = KF_NORMALISE_CASE;
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("a.kf"), &options, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_add(builder, "STRASSE", 7, NULL, 0, NULL), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, NULL), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&one, scratch_path("a.kf"), NULL, NULL), KF_OK);
    for (size_t i = 0; i < MANY; i++) list[i] = (kf_bytes){ (const uint8_t *)"Strasse", 7 };
    fault_mark();
    ck_assert_int_eq(kf_dict_ordinal_many(one, list, MANY, ordinals, &found), KF_OK);
    ck_assert_uint_eq(found, MANY);
    ck_assert_uint_lt(fault_peak_bytes(), 7 * MANY / 4);
    kf_dict_close(&one);
    free(list);
    free(ordinals);
    scratch_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("normalised");
    TCase *c = tcase_create("normalised");
    tcase_add_test(c, normalised__model);
    tcase_add_test(c, normalised__sets);
    tcase_add_test(c, normalised__wrong_header);
    tcase_add_test(c, normalised__without_memory);
    tcase_add_test(c, normalised__long_forms_without_memory);
    tcase_add_test(c, normalised__damaged_keys);
    tcase_add_test(c, normalised__duplicates);
    tcase_add_test(c, normalised__many_keys_in_little_memory);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
