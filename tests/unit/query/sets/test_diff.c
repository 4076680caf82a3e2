/* What differs between two dictionaries, of every type of values: small enough to list. */
#include <keyfold/keyfold.h>

#include "scratch.h"
#include "suite.h"

enum { KEYS = 400 };

static kf_error error;

/* Key i is in the old one unless i % 5 == 1, in the new one unless i % 7 == 2; its value changes where i % 3 == 0. */
static kf_dict *make(kf_value_type type, int is_new)
{
    kf_builder *builder;
    kf_dict *dict;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = type;
    options.memory_limit = 16 << 20;
    const char *name = is_new ? "new.kf" : "old.kf";
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path(name), &options, &error), KF_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        char key[16], value[16];
        if (is_new ? i % 7 == 2 : i % 5 == 1) continue;
        size_t size = (size_t)snprintf(key, sizeof key, "key %04u", i);
        unsigned number = i % 11 + (is_new && i % 3 == 0);
        /* Some values differ in length, some in their last byte, some are empty. */
        size_t more = i % 11 ? (size_t)snprintf(value, sizeof value, i % 2 ? "%u" : "value %04u", number) : number;
        kf_status status = type == KF_VALUES_U64 ? kf_builder_add_u64(builder, key, size, number, &error)
                           : kf_builder_add(builder, key, size, value, type == KF_VALUES_BYTES ? more : 0, &error);
        ck_assert_int_eq(status, KF_OK);
    }
    ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
    kf_builder_destroy(&builder);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path(name), NULL, &error), KF_OK);
    return dict;
}

static kf_change change_of(kf_value_type type, unsigned i)
{
    int in_old = i % 5 != 1, in_new = i % 7 != 2;
    if (!in_old && !in_new) return KF_CHANGE_NONE;
    if (!in_old) return KF_CHANGE_ADDED;
    if (!in_new) return KF_CHANGE_REMOVED;
    return type != KF_VALUES_NONE && i % 3 == 0 ? KF_CHANGE_VALUE : KF_CHANGE_NONE;
}

START_TEST(diff__every_change)
{
    static const kf_value_type types[] = { KF_VALUES_NONE, KF_VALUES_U64, KF_VALUES_BYTES };
    kf_dict *old = make(types[_i], 0), *new = make(types[_i], 1);
    kf_iter *iter;
    kf_entry entry;
    unsigned seen[4] = { 0 };
    ck_assert_int_eq(kf_iter_create_diff(&iter, old, new, NULL, &error), KF_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        char key[16];
        const kf_change change = change_of(types[_i], i);
        const uint64_t before = i % 5 == 1 ? KF_ABSENT : i - (i + 3) / 5;    /* its ordinal in the old one */
        if (change == KF_CHANGE_NONE) continue;
        size_t size = (size_t)snprintf(key, sizeof key, "key %04u", i);
        ck_assert_int_eq(kf_iter_next(iter, &entry), KF_OK);
        ck_assert(entry.key.size == size && !memcmp(entry.key.data, key, size));
        ck_assert_int_eq(kf_iter_match(iter)->change, change);
        ck_assert_uint_eq(kf_iter_match(iter)->before, before);
        seen[change]++;
        if (types[_i] == KF_VALUES_U64) {
            uint64_t number;
            ck_assert_int_eq(kf_iter_value_u64(iter, &number), KF_OK);
            ck_assert_uint_eq(number, i % 11 + (change != KF_CHANGE_REMOVED && i % 3 == 0));
        }
    }
    ck_assert_int_eq(kf_iter_next(iter, &entry), KF_END);
    ck_assert(seen[KF_CHANGE_ADDED] > 20 && seen[KF_CHANGE_REMOVED] > 20);
    ck_assert_int_eq(seen[KF_CHANGE_VALUE] > 20, types[_i] != KF_VALUES_NONE);
    kf_iter_destroy(&iter);
    kf_dict_close(&old);
    kf_dict_close(&new);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diff");
    TCase *all = tcase_create("diff");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    suite_add_cases(all, diff__every_change, 0, 3);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
