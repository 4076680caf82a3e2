/* Builds by several threads into several shards: the same answers as the plain build's, and the same bytes
 * whatever the threads, the order of adding, and the memory as long as nothing is cut to it. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "encodings.h"
#include "sanitized.h"
#include "parallel.h"

#include "read/shards/shard_set.h"

enum { SEEDS = 2, WAYS = 2, MIB = 1 << 20 };

static const unsigned shard_counts[] = { 1, 0, 2, 5, 64 };
static const uint64_t memories[] = { 16 * MIB, 64 * MIB, (uint64_t)1024 * MIB };

static uint64_t builds, drawn_ways;

static void draw_model(model *m, how *h, unsigned shape, uint64_t seed)
{
    uint64_t r = mix64(seed * 97 + shape);
    memset(m, 0, sizeof *m);
    memset(h, 0, sizeof *h);
    set_make(&m->set, shape, seed, 1);
    m->type = (kf_value_type)((seed + shape) % 3);
    m->value_shape = (unsigned)(r % 64);
    m->value_seed = r >> 6;
    if (m->type) m->encoding = encoding_by(m->type, r >> 20);
    model_fit_encoding(m, 16 * MIB);
    h->duplicates = (kf_duplicates)((r >> 24) % (m->type == KF_VALUES_U64 ? 6 : 3));
    h->weights = (kf_weights)((r >> 28) % 3);
    if (h->weights == KF_WEIGHTS_VALUE && m->type != KF_VALUES_U64) h->weights = KF_WEIGHTS_GIVEN;
    if (h->weights == KF_WEIGHTS_GIVEN && h->duplicates >= KF_DUPLICATES_SUM) h->weights = KF_WEIGHTS_VALUE;
    m->weighted = h->weights == KF_WEIGHTS_GIVEN;
    snprintf(m->name, sizeof m->name, "shape %u seed %u values %d/%u encoding %d duplicates %d weights %d", shape,
             (unsigned)seed, (int)m->type, m->value_shape, (int)m->encoding, (int)h->duplicates, (int)h->weights);
}

static int same_files(const char *a, const char *b)
{
    size_t size, other_size;
    uint8_t *data = scratch_read(a, &size), *other = scratch_read(b, &other_size);
    int same = data && other && size == other_size && !memcmp(data, other, size);
    free(data);
    free(other);
    return same;
}

/* ---- answers -------------------------------------------------------------------------------------- */

static void check_weights(const model *m, const kf_dict *dict, const how *h)
{
    uint64_t weight;
    for (size_t i = 0; i < m->set.count; i++) {
        kf_status status = kf_dict_weight_at(dict, i, &weight);
        const int given = h->weights == KF_WEIGHTS_GIVEN, has = given || m->type == KF_VALUES_U64;
        MUST(status == (has ? KF_OK : KF_TYPE), MODEL_AT(i));
        MUST(!has || weight == (given ? model_weight(m, i) : model_number(m, i)), MODEL_AT(i));
    }
}

static void check_answers(model *m, const char *name, const how *h, const kf_build_report *report)
{
    kf_dict *dict;
    kf_error error = { 0 };
    kf_status status = kf_dict_open(&dict, scratch_path(name), NULL, &error);
    if (!status) status = kf_dict_verify(dict, NULL, &error);
    MUST(!status, "%s: shards %u: %s", m->name, h->shards, error.message);
    size_t shards = dict->shards ? dict->shards->count : 1;
    MUST(shards <= (h->shards ? h->shards : 1), "%s: %zu shards instead of %u", m->name, shards, h->shards);
    /* Short keys are told apart by the sample: there are as many shards as there can be. */
    size_t most = h->shards < m->set.count ? h->shards : m->set.count;
    if (kf_dict_longest_key(dict) < 247)
        MUST(shards == (most ? most : 1) && report->shards == shards, "%s: %zu shards of %zu keys instead of %u",
             m->name, shards, m->set.count, h->shards);
    MUST(shards <= report->shards, "%s: %zu shards, reported %u", m->name, shards, (unsigned)report->shards);
    model_check_facts(m, dict);
    model_check_lookups(m, dict, 300);
    model_check_values(m, dict, 300);
    model_check_ranges(m, dict, 8);
    check_weights(m, dict, h);
    kf_dict_close(&dict);
}

/* ---- bytes ---------------------------------------------------------------------------------------- */

/* Whether no sample or table of an image of 16 MiB can be full: of tails of keys (memory / 32), of values
 * (memory / 320, or half of that beside given weights), and distinct values (memory / 32, 64 bytes each). */
static int is_never_cut(const model *m, const kf_build_report *report)
{
    uint64_t keys = 0, values = model_value_bytes(m);
    for (size_t i = 0; i < m->set.count; i++) keys += m->set.keys[i].size;
    if (m->encoding == KF_ENCODING_RAW) values = 0;
    return !report->states_extra && keys < 256 << 10 && values < (m->weighted ? 16 : 32) << 10 && m->set.count < 2000;
}

static how draw_way(const how *base, uint64_t seed)
{
    how h = *base;
    uint64_t r = mix64(seed);
    h.threads = 1 + (unsigned)(r % 8);
    h.memory = memories[(r >> 8) % 3];
    h.order = (unsigned)((r >> 16) % ORDERS);
    return h;
}

static void check_model(unsigned shape, uint64_t seed)
{
    model m;
    how base;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    draw_model(&m, &base, shape, seed);
    pairs p = pairs_draw(&m, base.duplicates ? m.set.count / 3 + 1 : 0);
    for (size_t s = 0; s < sizeof shard_counts / sizeof *shard_counts; s++) {
        base.shards = shard_counts[s];
        base.threads = 1 + s % 3;
        base.memory = memories[s % 3];
        const char *name = s ? "sharded.kf" : "plain.kf";
        pairs_build(&m, &p, &base, name, &report);
        check_answers(&m, name, &base, &report);
        if (base.shards < 2) MUST(same_files(name, "plain.kf") || !is_never_cut(&m, &report), "%s", m.name);
        int is_uncut = is_never_cut(&m, &report);
        for (unsigned way = 0; way < WAYS; way++) {
            how h = draw_way(&base, ++drawn_ways);
            if (!is_uncut) h.memory = base.memory;
            pairs_build(&m, &p, &h, "other.kf", &report);
            MUST(same_files("other.kf", name), "%s: shards %u: threads %u, memory %u MiB, order %u give other bytes"
                 " than threads %u, memory %u MiB", m.name, h.shards, h.threads, (unsigned)(h.memory >> 20), h.order,
                 base.threads, (unsigned)(base.memory >> 20));
            builds++;
        }
    }
    pairs_free(&p);
    set_free(&m.set);
}

START_TEST(parallel__shapes)
{
    FOR_SEEDS(seed, rounds_of(SEEDS)) check_model((unsigned)_i, seed);
    ck_assert_uint_gt(builds, 0);
}
END_TEST

/* ---- more than the memory holds ------------------------------------------------------------------- */

enum { MANY = SANITIZED ? 30000 : 135000 };

/* Keys with short tails (is_never_cut), and values of which no table is made; all pairs are some 20 MiB in the
 * sorter's buffers, which hold 8 MiB of a budget of 16. */
static void make_many(model *m, kf_value_type type)
{
    static const char padding[] = "what the keys have in common makes the sorter's runs long, not the file";
    char text[120];
    *m = (model){ .type = type, .value_shape = 3, .value_seed = 5, .name = "many" };
    if (type) m->encoding = type == KF_VALUES_U64 ? KF_ENCODING_PACKED : KF_ENCODING_RAW;
    m->set.random = 77;
    for (uint64_t i = 0; m->set.count < MANY; i++)
        if (mix64(i) % 3)
            set_add(&m->set, text, (size_t)snprintf(text, sizeof text, "%09u %s", (unsigned)i, padding));
    set_sort(&m->set);
}

/* How much was spilled while pairs were still being added, and in how many steps that the progress shows. */
typedef struct spilled { uint64_t bytes; unsigned steps; } spilled;

static int watch(void *context, const kf_progress *progress)
{
    spilled *s = context;
    if (progress->phase != KF_PHASE_READ || progress->temporary_bytes <= s->bytes) return 0;
    s->bytes = progress->temporary_bytes;
    s->steps++;
    return 0;
}

static void check_many(const how *ways, size_t count, kf_value_type type)
{
    model m;
    make_many(&m, type);
    pairs p = pairs_draw(&m, MANY / 2);
    for (size_t i = 0; i < count; i++) {
        kf_build_report report = KF_BUILD_REPORT_INIT;
        spilled seen = { 0, 0 };
        how h = ways[i];
        h.progress = watch;
        h.progress_context = &seen;
        pairs_build(&m, &p, &h, i ? "other.kf" : "many.kf", &report);
        MUST(report.states_extra == 0, "way %zu", i);
        if (!i) check_answers(&m, "many.kf", &ways[0], &report);
        else MUST(same_files("other.kf", "many.kf"), "way %zu gives other bytes", i);
        if (h.memory == 16 * MIB && h.order && !SANITIZED)
            MUST(seen.steps > 1 && report.temporary_peak > seen.bytes, "way %zu: %u bytes were spilled in %u steps", i,
                 (unsigned)seen.bytes, seen.steps);
    }
    pairs_free(&p);
    set_free(&m.set);
}

START_TEST(parallel__spilling)
{
    if (_i && !scaled(0, 1, 1)) return;
    static const how many[] = {
        { .threads = 1, .shards = 5, .memory = 16 * MIB, .order = 1, .duplicates = KF_DUPLICATES_SUM },
        { .threads = 3, .shards = 5, .memory = 16 * MIB, .order = 4, .duplicates = KF_DUPLICATES_SUM },
        { .threads = 8, .shards = 5, .memory = 16 * MIB, .order = 2, .duplicates = KF_DUPLICATES_SUM },
        { .threads = 4, .shards = 5, .memory = 64 * MIB, .order = 0, .duplicates = KF_DUPLICATES_SUM },
        { .threads = 2, .shards = 5, .memory = 1024ull * MIB, .order = 3, .duplicates = KF_DUPLICATES_SUM },
    }, plain[] = {
        { .threads = 1, .shards = 1, .memory = 1024ull * MIB, .duplicates = KF_DUPLICATES_LAST },
        { .threads = 4, .shards = 1, .memory = 16 * MIB, .order = 1, .duplicates = KF_DUPLICATES_LAST },
        { .threads = 2, .shards = 0, .memory = 16 * MIB, .order = 5, .duplicates = KF_DUPLICATES_LAST },
    }, first[] = {
        { .threads = 2, .shards = 3, .memory = 16 * MIB, .order = 4, .duplicates = KF_DUPLICATES_FIRST },
        { .threads = 5, .shards = 3, .memory = 96 * MIB, .order = 2, .duplicates = KF_DUPLICATES_FIRST },
        { .threads = 6, .shards = 3, .memory = 16 * MIB, .order = 0, .duplicates = KF_DUPLICATES_FIRST },
    };
    if (_i == 0) check_many(many, 5, KF_VALUES_U64);
    if (_i == 1) check_many(plain, 3, KF_VALUES_U64);
    if (_i == 2) check_many(first, 3, KF_VALUES_BYTES);
}
END_TEST

/* ---- one image ------------------------------------------------------------------------------------ */

enum { IMAGE_KEYS = 8500, IMAGE_KINDS = 10 };

/* Enough for threads of its own for the stages and for the values; some keys and values are larger than a block. */
static void make_image(model *m, how *h, unsigned kind)
{
    static const struct { kf_value_type type; kf_encoding encoding; kf_weights weights; unsigned values; } kinds[] = {
        { KF_VALUES_NONE, KF_ENCODING_AUTO, KF_WEIGHTS_NONE, 0 },
        { KF_VALUES_NONE, KF_ENCODING_AUTO, KF_WEIGHTS_GIVEN, 0 },
        { KF_VALUES_U64, KF_ENCODING_AUTO, KF_WEIGHTS_NONE, 1 },
        { KF_VALUES_U64, KF_ENCODING_PACKED, KF_WEIGHTS_VALUE, 2 },
        { KF_VALUES_U64, KF_ENCODING_DISTINCT, KF_WEIGHTS_GIVEN, 2 },
        { KF_VALUES_BYTES, KF_ENCODING_AUTO, KF_WEIGHTS_NONE, 3 },
        { KF_VALUES_BYTES, KF_ENCODING_RAW, KF_WEIGHTS_GIVEN, 7 },
        { KF_VALUES_BYTES, KF_ENCODING_TOKENS, KF_WEIGHTS_NONE, 3 },
        { KF_VALUES_BYTES, KF_ENCODING_ZSTD, KF_WEIGHTS_NONE, 4 },
        { KF_VALUES_BYTES, KF_ENCODING_DISTINCT, KF_WEIGHTS_GIVEN, 2 },
    };
    static uint8_t text[200000];
    *m = (model){ .type = kinds[kind].type, .encoding = kinds[kind].encoding, .value_shape = kinds[kind].values,
                  .value_seed = kind, .weighted = kinds[kind].weights == KF_WEIGHTS_GIVEN };
    *h = (how){ .shards = kind % 2, .weights = kinds[kind].weights, .duplicates = KF_DUPLICATES_LAST };
    snprintf(m->name, sizeof m->name, "image %u", kind);
    m->set.random = 7 + kind;
    memset(text, 'z', sizeof text);
    for (uint64_t i = 0; i < IMAGE_KEYS; i++)
        set_add(&m->set, text, (size_t)snprintf((char *)text, 100, "%x%s", (unsigned)(mix64(i) >> 38),
                                               i % 3 ? "" : "-and-a-tail"));
    for (unsigned i = 0; i < 3; i++) set_add(&m->set, text, sizeof text - 10000 * i);
    set_sort(&m->set);
}

/* With the same memory, the threads change nothing. */
START_TEST(parallel__one_image)
{
    static const unsigned threads[] = { 2, 3 };
    model m;
    how h;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    make_image(&m, &h, (unsigned)_i);
    pairs p = pairs_draw(&m, m.set.count / 4);
    for (unsigned memory = 0; memory < 3; memory += 2) {
        h.memory = memories[memory];
        h.threads = 1;
        h.order = 0;
        pairs_build(&m, &p, &h, "plain.kf", &report);
        if (!memory) check_answers(&m, "plain.kf", &h, &report);
        for (unsigned t = 0; t < 2; t++) {
            h.threads = threads[t];
            h.order = (memory + t) % ORDERS;
            pairs_build(&m, &p, &h, "other.kf", &report);
            MUST(same_files("other.kf", "plain.kf"), "%s: threads %u, memory %u MiB, order %u give other bytes", m.name,
                 h.threads, (unsigned)(h.memory >> 20), h.order);
        }
    }
    pairs_free(&p);
    set_free(&m.set);
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------------- */

static void cut_many(model *m, size_t count)
{
    for (size_t i = count; i < m->set.count; i++) free((void *)(uintptr_t)m->set.keys[i].data);
    m->set.count = count;
}

/* Of what is wrong with several pairs, the lowest is told, whichever stage finds it and however far others are:
 * too many distinct values, and a key that comes twice before or after that. */
START_TEST(parallel__names_the_lowest_failure)
{
    model m;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    how h = { .shards = 1, .memory = 16 * MIB };
    make_many(&m, KF_VALUES_U64);
    cut_many(&m, 16000);           /* distinct values; half of them are too many */
    m.encoding = KF_ENCODING_DISTINCT;
    for (unsigned round = 0; round < 6; round++) {
        const int is_early = round % 2;
        pairs p = pairs_draw(&m, 0);
        /* `turn` has room for one more. */
        size_t again = is_early ? round : 10000 + 1100 * round;
        p.copies[again]++;
        p.turn[p.count++] = again;
        for (h.threads = 1; h.threads <= 8; h.threads += 3) {
            kf_error error = { 0 };
            kf_status status = pairs_try(&m, &p, &h, "never.kf", &report, &error);
            MUST(status == (is_early ? KF_DUPLICATE : KF_LIMIT) && error.status == status, "round %u, threads %u: %s",
                 round, h.threads, error.message);
            ck_assert_int_eq(scratch_count(), 0);
        }
        pairs_free(&p);
    }
    set_free(&m.set);
}
END_TEST

/* Many keys come twice: the lowest is named, whoever finds which first. */
START_TEST(parallel__names_the_lowest_duplicate)
{
    model m;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    make_many(&m, _i % 2 ? KF_VALUES_NONE : KF_VALUES_U64);
    cut_many(&m, 20000);
    for (unsigned round = 0; round < 12; round++) {
        pairs p = pairs_draw(&m, round % 4 ? 1 + round * round * round : 1);
        size_t lowest = 0;
        while (p.copies[lowest] == 1) lowest++;
        for (unsigned threads = 1; threads <= 8; threads += 3) {
            kf_error error = { 0 };
            how h = { .threads = threads, .shards = 1 + round % 7, .memory = memories[(round + threads) % 2],
                      .order = round % ORDERS };
            kf_status status = pairs_try(&m, &p, &h, "never.kf", &report, &error);
            kf_bytes key = m.set.keys[lowest];
            MUST(status == KF_DUPLICATE && error.status == status, "status %d", (int)status);
            MUST(error.key_size == key.size && !memcmp(error.key, key.data, sizeof error.key),
                 "round %u, threads %u: %.9s is named, not %.9s", round, threads, error.key, key.data);
            ck_assert_int_eq(scratch_count(), 0);
        }
        pairs_free(&p);
    }
    set_free(&m.set);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("parallel");
    TCase *t = tcase_create("parallel");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, parallel__shapes, 0, SHAPES);
    suite_add_cases(t, parallel__spilling, 0, 3);
    suite_add_cases(t, parallel__one_image, 0, IMAGE_KINDS);
    suite_add_cases(t, parallel__names_the_lowest_duplicate, 0, 2);
    tcase_add_test(t, parallel__names_the_lowest_failure);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
