/* Sharded dictionaries, embedded and under a manifest, against the plain dictionary of the same pairs. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "encodings.h"
#include "shard_files.h"

#include "read/shards/shard_set.h"

#define SAME(condition) MUST(condition, "%s: %s", m->name, #condition)

enum { MORE_SHAPES = 5, ALL_SHAPES = SHAPES + MORE_SHAPES, SEEDS = 3, TEXTS = 250, MATCHES = 24 };

/* ---- key sets ------------------------------------------------------------------------------------- */

/* Shapes whose keys begin one another over many borders. */
static void make_more(key_set *s, unsigned shape, uint64_t seed)
{
    uint8_t text[600];
    *s = (key_set){ .random = (seed + 3) * 0x9e3779b97f4a7c15ull ^ shape };
    for (int i = 0; i < 8; i++) set_random(s);
    size_t n = 2 + set_below(s, 250);
    switch (shape) {
    case 0:   /* a chain of which some begin a further bush */
        memset(text, 'k', sizeof text);
        for (size_t i = 0; i < 60; i++) {
            if (set_below(s, 3)) set_add(s, text, i);
            uint8_t kept = text[i];
            text[i] = (uint8_t)set_below(s, 256);
            if (!set_below(s, 3)) set_add(s, text, i + 1 + set_below(s, 4));
            text[i] = kept;
        }
        set_add(s, "k", 1);
        break;
    case 1:   /* zeros: slices that are equal though the keys are not */
        memset(text, 0, sizeof text);
        for (size_t i = 0; i < 40; i++) set_add(s, text, i);
        text[20] = 1;
        for (size_t i = 1; i < 40; i++) set_add(s, text, i);
        break;
    case 2:   /* a long text in common */
        memset(text, 'x', 300);
        while (n--) {
            size_t size = set_below(s, 30);
            for (size_t b = 0; b < size; b++) text[300 + b] = (uint8_t)(set_below(s, 3) * 127);
            set_add(s, text, 300 + size);
        }
        break;
    case 3:   /* any bytes */
        while (n--) {
            size_t size = set_below(s, 9);
            for (size_t b = 0; b < size; b++) text[b] = (uint8_t)set_random(s);
            set_add(s, text, size);
        }
        set_add(s, "", 0);
        set_add(s, "\xff\xff", 2);
        break;
    default:  /* two bytes, all lengths: nearly everything is a prefix of something */
        while (n--) set_add_letters(s, set_below(s, 14), 2);
        set_add(s, "", 0);
    }
    set_sort(s);
}

static void draw_model(model *m, unsigned shape, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    if (shape < SHAPES) set_make(&m->set, shape, seed, 1);
    else make_more(&m->set, shape - SHAPES, seed);
    m->type = (kf_value_type)(seed % 3);
    m->value_shape = shape + (unsigned)seed / 3;
    m->value_seed = seed * 31 + shape;
    m->weighted = (seed + shape) % 4 == 1;
    m->flags = (seed + shape) % 3 == 1 ? KF_BUILD_FILTER : 0;
    if (m->type == KF_VALUES_BYTES) m->encoding = encoding_by(m->type, shape + seed);
    if (m->type == KF_VALUES_U64) m->encoding = shape % 2 ? KF_ENCODING_PACKED : KF_ENCODING_DISTINCT;
    model_fit_encoding(m, SHARDS_MEMORY);
    snprintf(m->name, sizeof m->name, "shape %u seed %u", shape, (unsigned)seed);
}

/* ---- comparing ------------------------------------------------------------------------------------ */

/* Everything that is asked with a text. */
static void check_text(const model *m, const kf_dict *plain, const kf_dict *sharded, kf_bytes text)
{
    kf_prefix_match a = { 77, 77 }, b = { 77, 77 }, all[MATCHES], some[MATCHES];
    uint64_t x = 77, y = 77, count_x = 77, count_y = 77;
    size_t n, k;
    SAME(kf_dict_lower_bound(plain, text.data, text.size, &x) == KF_OK);
    SAME(kf_dict_lower_bound(sharded, text.data, text.size, &y) == KF_OK);
    SAME(x == y);
    SAME(kf_dict_prefix_range(plain, text.data, text.size, &x, &count_x) == KF_OK);
    SAME(kf_dict_prefix_range(sharded, text.data, text.size, &y, &count_y) == KF_OK);
    SAME(count_x == count_y);
    SAME(!count_x || x == y);
    kf_status status = kf_dict_longest_prefix(plain, text.data, text.size, &a);
    SAME(kf_dict_longest_prefix(sharded, text.data, text.size, &b) == status);
    SAME(status || (a.size == b.size && a.ordinal == b.ordinal));
    SAME(kf_dict_prefixes(plain, text.data, text.size, all, MATCHES, &n) == KF_OK);
    for (size_t room = 0; room <= MATCHES; room += 1 + room / 4) {
        size_t want = n < room ? n : room;
        SAME(kf_dict_prefixes(sharded, text.data, text.size, some, room, &k) == KF_OK);
        SAME(k == want);
        for (size_t i = 0; i < k; i++) SAME(some[i].size == all[i].size && some[i].ordinal == all[i].ordinal);
    }
    SAME(kf_dict_ordinal(plain, text.data, text.size, &x) == kf_dict_ordinal(sharded, text.data, text.size, &y));
    int has = 98, also = 99;
    SAME(kf_dict_contains(plain, text.data, text.size, &has) == KF_OK);
    SAME(kf_dict_contains(sharded, text.data, text.size, &also) == KF_OK && has == also);
}

/* Keys, what begins them, what they begin; and texts that have nothing to do with them. */
static void check_texts(model *m, const kf_dict *plain, const kf_dict *sharded, const shards_cut *cut)
{
    key_set *s = &m->set;
    uint8_t *text = malloc((2 << 20) + 64);
    check_text(m, plain, sharded, (kf_bytes){ NULL, 0 });
    check_text(m, plain, sharded, (kf_bytes){ (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9 });
    for (unsigned t = 0; t < TEXTS; t++) {
        kf_bytes drawn = model_draw(m);
        size_t near = cut->from[set_below(s, cut->count + 1)], size;
        near = near + set_below(s, 3) < 1 ? 0 : near + set_below(s, 3) - 1;
        if (near >= s->count) near = s->count - 1;
        kf_bytes key = s->keys[near];
        check_text(m, plain, sharded, drawn);
        if (key.size) memcpy(text, key.data, key.size);
        size = key.size;
        switch (t % 4) {
        case 0: text[size++] = (uint8_t)set_random(s); break;
        case 1: size = set_below(s, size + 1); break;
        case 2: if (size) text[size - 1]--;
                break;
        default: if (drawn.size) memcpy(text + size, drawn.data, drawn.size);
                 size += drawn.size;
        }
        check_text(m, plain, sharded, (kf_bytes){ text, size });
        free((void *)(uintptr_t)drawn.data);
    }
    free(text);
}

/* Everything that is asked with an ordinal. */
static void check_ordinals(const model *m, const kf_dict *plain, const kf_dict *sharded)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes key;
    uint64_t a, b;
    int weights = kf_dict_has_weights(plain);
    SAME(kf_dict_has_weights(sharded) == weights);
    for (size_t i = 0; i < m->set.count; i++) {
        SAME(kf_dict_key_at(sharded, i, &buffer, &key) == KF_OK && model_same(key, m->set.keys[i]));
        SAME(kf_dict_weight_at(sharded, i, &b) == (weights ? KF_OK : KF_TYPE));
        SAME(!weights || (kf_dict_weight_at(plain, i, &a) == KF_OK && a == b));
    }
    SAME(kf_dict_key_at(sharded, m->set.count, &buffer, &key) == KF_NOT_FOUND);
    SAME(kf_dict_key_at(sharded, UINT64_MAX, &buffer, &key) == KF_NOT_FOUND);
    SAME(kf_dict_weight_at(sharded, m->set.count, &b) == (weights ? KF_NOT_FOUND : KF_TYPE));
    kf_buffer_free(&buffer);
}

static void check_facts(const model *m, const kf_dict *plain, const kf_dict *sharded, const shards_cut *cut)
{
    kf_dict_stat a = KF_DICT_STAT_INIT, b = KF_DICT_STAT_INIT;
    kf_bytes name, content;
    SAME(kf_dict_get_stat(plain, &a) == KF_OK && kf_dict_get_stat(sharded, &b) == KF_OK);
    SAME(a.weights == b.weights && a.raw_value_bytes == b.raw_value_bytes && a.longest_key == b.longest_key);
    SAME(a.shards == 0 && b.shards == cut->count);
    SAME(b.key_bytes + b.value_bytes + b.weight_bytes + b.metadata_bytes + b.checksum_bytes < b.file_size);
    SAME(kf_dict_metadata(sharded, "entry 1", &content) == KF_OK && content.size == 12);
    SAME(kf_dict_metadata_at(sharded, 1, &name, &content) == KF_OK && name.data[6] == '2' && !content.size);
    SAME(kf_dict_metadata_at(sharded, 2, &name, &content) == KF_NOT_FOUND);
}

/* The searches by their definitions. */
static void check_seam(model *m, const kf_dict *sharded)
{
    const kfi_shards *s = sharded->shards;
    for (unsigned t = 0; t < 200; t++) {
        kf_bytes key = model_draw(m);
        uint64_t ordinal = set_below(&m->set, m->set.count), low = set_below(&m->set, m->set.count + 1), from, to;
        uint64_t high = low + set_below(&m->set, m->set.count + 1 - low), sum = 0;
        size_t shard = 0, last = 0;
        for (size_t k = 1; k < s->count; k++) {
            kf_bytes head = s->first_key[k];
            if (bytes_compare(head, key) <= 0) shard = k;
            if (head.size > key.size) head.size = key.size;
            if (bytes_compare(head, key) <= 0) last = k;
        }
        SAME(kfi_shard_of_key(s, key) == shard);
        SAME(kfi_shard_of_prefix_end(s, key) == last);
        shard = kfi_shard_of_ordinal(s, ordinal);
        SAME(s->first[shard] <= ordinal && ordinal < s->first[shard + 1]);
        for (size_t k = 0; k < s->count; k++) {
            kfi_shard_part(s, k, low, high, &from, &to);
            SAME(from <= to && to <= s->first[k + 1] - s->first[k]);
            for (uint64_t i = from; i < to; i++) SAME(s->first[k] + i >= low && s->first[k] + i < high);
            sum += to - from;
        }
        SAME(sum == high - low);
        free((void *)(uintptr_t)key.data);
    }
}

static void check_file(model *m, const kf_dict *plain, const char *name, uint32_t flags, const shards_cut *cut)
{
    kf_dict *sharded;
    kf_open_options options = { .struct_size = sizeof options, .flags = flags };
    kf_error error = { 0 };
    kf_status status = kf_dict_open(&sharded, scratch_path(name), &options, &error);
    MUST(!status, "%s: %s: %s", m->name, name, error.message);
    status = kf_dict_verify(sharded, NULL, &error);
    MUST(!status, "%s: %s: %s", m->name, name, error.message);
    model_check_facts(m, sharded);
    model_check_lookups(m, sharded, 700);
    model_check_values(m, sharded, 300);
    check_facts(m, plain, sharded, cut);
    check_ordinals(m, plain, sharded);
    check_texts(m, plain, sharded, cut);
    check_seam(m, sharded);
    kf_dict_close(&sharded);
}

START_TEST(shards__like_one)
{
    FOR_SEEDS(seed, rounds_of(SEEDS)) {
        model m;
        kf_dict *plain;
        shards_cut cut;
        draw_model(&m, (unsigned)_i, seed);
        if (m.set.count) {
            cut.weights = m.weighted ? KF_WEIGHTS_GIVEN : KF_WEIGHTS_NONE;
            if (m.type == KF_VALUES_U64 && !m.weighted && seed % 2) cut.weights = KF_WEIGHTS_VALUE;
            shards_draw_cut(&m, &cut, 1 + (seed + (unsigned)_i) % SHARDS_MOST);
            shards_build_all(&m, &cut);
            ck_assert_int_eq(kf_dict_open(&plain, scratch_path("plain.kf"), NULL, NULL), KF_OK);
            check_file(&m, plain, "embedded.kf", seed % 3 ? 0 : KF_OPEN_IN_MEMORY, &cut);
            check_file(&m, plain, "manifest.kfm", seed % 2 ? 0 : KF_OPEN_POPULATE | KF_OPEN_RANDOM, &cut);
            kf_dict_close(&plain);
        }
        set_free(&m.set);
    }
}
END_TEST

/* Batches that go over many blocks, sorted and not. */
START_TEST(shards__large_batches)
{
    enum { COUNT = 20000 };
    model m = { .type = KF_VALUES_U64, .value_shape = 3, .name = "large batches" };
    shards_cut cut = { .weights = KF_WEIGHTS_NONE };
    kf_dict *sharded;
    kf_bytes *keys = malloc(COUNT * sizeof *keys);
    uint64_t *got = malloc(COUNT * sizeof *got), *values = malloc(COUNT * sizeof *values);
    size_t found, want = 0;
    m.set.random = 99;
    set_add_numbers(&m.set, "https://example.org/%u", 30000, 3);
    set_sort(&m.set);
    shards_draw_cut(&m, &cut, SHARDS_MOST);
    shards_build_parts(&m, &cut);
    shards_embed(&m, &cut, 0, cut.count, "embedded.kf");
    ck_assert_int_eq(kf_dict_open(&sharded, scratch_path("embedded.kf"), NULL, NULL), KF_OK);
    for (int sorted = 0; sorted < 2; sorted++) {
        for (size_t i = 0; i < COUNT; i++) {
            keys[i] = m.set.keys[sorted ? i : set_below(&m.set, m.set.count)];
            if (i % 7 == 3) keys[i].size--;
        }
        ck_assert_int_eq(kf_dict_ordinal_many(sharded, keys, COUNT, got, &found), KF_OK);
        ck_assert_int_eq(kf_dict_u64_at_many(sharded, got, COUNT, values), KF_OK);
        want = 0;
        for (size_t i = 0; i < COUNT; i++) {
            size_t at = set_bound(&m.set, keys[i]);
            int there = at < m.set.count && model_same(m.set.keys[at], keys[i]);
            MUST(got[i] == (there ? at : KF_ABSENT), "key %zu", i);
            MUST(!there || values[i] == model_number(&m, at), "value %zu", i);
            want += (size_t)there;
        }
        ck_assert_uint_eq(found, want);
    }
    got[5] = m.set.count;
    ck_assert_int_eq(kf_dict_u64_at_many(sharded, got, 30, values), KF_NOT_FOUND);
    kf_dict_close(&sharded);
    set_free(&m.set);
    free(keys);
    free(got);
    free(values);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("shards");
    TCase *t = tcase_create("shards");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, shards__like_one, 0, ALL_SHAPES);
    tcase_add_test(t, shards__large_batches);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
