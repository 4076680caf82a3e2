/* An automaton that was minimised with a register far too small for its states: states come again whose children were
 * forgotten meanwhile, but not they themselves. The children are then stored again and belong to nobody; the stream
 * says so, and whoever lays it out must heed it. */
#include "scratch.h"
#include "suite.h"
#include "chain.h"

#include "write/automaton/minimise.h"

enum { PREFIXES = 4000, TEMPLATES = 300, KEYS = 8, KEY = 5 };

static void set_up(void) { scratch_open(); }
static void tear_down(void) { scratch_close(); }

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

/* Key `k` of a prefix: two bytes, then one of the words of a template of three levels of states, of two edges each. */
static void make_key(unsigned prefix, unsigned k, uint8_t key[KEY])
{
    unsigned shape = (unsigned)(mix(prefix + 1) % TEMPLATES);
    unsigned state = shape * 4 + k / 2;   /* of the third level */
    key[0] = (uint8_t)(prefix >> 8);
    key[1] = (uint8_t)prefix;
    key[2] = k & 4 ? 'b' : 'a';
    key[3] = k & 2 ? 'b' : 'a';
    key[4] = (uint8_t)(k & 1 ? 128 + state / 40 : state % 40);
}

static void minimise(kfi_automaton *a, uint64_t memory)
{
    kfi_minimiser *m = NULL;
    ck_assert_int_eq(kfi_minimiser_create(&m, memory, scratch, NULL, NULL), KF_OK);
    for (unsigned prefix = 0; prefix < PREFIXES; prefix++)
        for (unsigned k = 0; k < KEYS; k++) {
            uint8_t key[KEY];
            make_key(prefix, k, key);
            ck_assert_int_eq(kfi_minimiser_add(m, (kf_bytes){ key, KEY }, NULL), KF_OK);
        }
    ck_assert_int_eq(kfi_minimiser_finish(m, a, NULL), KF_OK);
    kfi_minimiser_destroy(&m);
}

static kf_dict *write_and_open(const kfi_automaton *a)
{
    kf_dict *dict = NULL;
    kfi_writer *writer = NULL;
    kfi_header header = { .keys = a->keys, .longest_key = a->longest_key, .raw_key_bytes = a->raw_key_bytes };
    ck_assert_int_eq(kfi_writer_create(&writer, scratch_path("m.kf"), 6, NULL), KF_OK);
    ck_assert_int_eq(chain_sections(a, writer, NULL), KF_OK);
    ck_assert_int_eq(kfi_writer_finish(writer, &header, NULL), KF_OK);
    kfi_writer_destroy(&writer);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("m.kf"), NULL, NULL), KF_OK);
    return dict;
}

static void check_keys(const kf_dict *dict)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    ck_assert_uint_eq(kf_dict_count(dict), PREFIXES * KEYS);
    for (unsigned n = 0; n < PREFIXES * KEYS; n++) {
        uint8_t key[KEY];
        uint64_t ordinal = 0;
        kf_bytes text;
        make_key(n / KEYS, n % KEYS, key);
        ck_assert_int_eq(kf_dict_ordinal(dict, key, KEY, &ordinal), KF_OK);
        ck_assert_uint_eq(ordinal, n);
        ck_assert_int_eq(kf_dict_key_at(dict, n, &buffer, &text), KF_OK);
        ck_assert(text.size == KEY && !memcmp(text.data, key, KEY));
    }
    kf_buffer_free(&buffer);
}

START_TEST(minimise__orphans)
{
    kfi_automaton ample, little;
    minimise(&ample, 64 << 20);
    ck_assert_uint_eq(ample.orphans, 0);
    ck_assert_uint_eq(ample.distinct, ample.state_count);
    minimise(&little, 0);
    ck_assert_uint_gt(little.orphans, 5);   /* each one spoils what is laid out after it */
    ck_assert_uint_gt(little.state_count - little.orphans, ample.state_count);
    for (int i = 0; i < 2; i++) {
        kf_dict *dict = write_and_open(i ? &little : &ample);
        check_keys(dict);
        kf_dict_close(&dict);
    }
    kfi_automaton_destroy(&ample);
    kfi_automaton_destroy(&little);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("minimise");
    TCase *t = tcase_create("minimise");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, minimise__orphans);
    suite_add_tcase(s, t);
    return suite_run(s);
}
