/* Files that a manifest names are opened when something first touches them: nothing before, the same answers after, and
 * a failure is told by whatever touched it, until the file is there. */
#include "base/thread.h"
#include "read/shards/shard_set.h"

#include "scratch.h"
#include "shapes.h"
#include "suite.h"

#include <stdatomic.h>
#include <unistd.h>

enum { PARTS = 6, EACH = 50 };
#define BYTES(text) { (const uint8_t *)(text), sizeof (text) - 1 }

static kf_error error;
static char paths[PARTS][600];

static void build_all(void)
{
    const char *names[PARTS];
    for (unsigned part = 0; part < PARTS; part++) {
        kf_builder *builder;
        kf_build_options options = KF_BUILD_OPTIONS_INIT;
        char key[32];
        options.value_type = KF_VALUES_U64;
        snprintf(paths[part], sizeof paths[part], "%s/%u.kf", scratch, part);
        ck_assert_int_eq(kf_builder_create(&builder, paths[part], &options, &error), KF_OK);
        for (unsigned i = 0; i < EACH; i++) {
            int size = snprintf(key, sizeof key, "%u-%03u", part, i);
            ck_assert_int_eq(kf_builder_add_u64(builder, key, (size_t)size, part * EACH + i, &error), KF_OK);
        }
        ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
        kf_builder_destroy(&builder);
        names[part] = paths[part];
    }
    ck_assert_int_eq(kf_bundle_write(scratch_path("all.kfm"), names, PARTS, NULL, &error), KF_OK);
}

static kf_dict *open_with(uint32_t flags, kf_member_fn needed, void *context)
{
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_dict *dict;
    options.flags = flags;
    options.member_needed = needed;
    options.member_context = context;
    kf_status status = kf_dict_open(&dict, scratch_path("all.kfm"), &options, &error);
    ck_assert_msg(!status, "%s", error.message);
    return dict;
}

static unsigned open_members(const kf_dict *dict)
{
    unsigned count = 0;
    for (size_t i = 0; i < dict->shards->count; i++) count += kfi_shards_opened(dict->shards, i) != NULL;
    return count;
}

/* A lookup opens one file, an absent key too; a batch those of its keys. */
START_TEST(later__one_touch)
{
    kf_dict_stat stat = KF_DICT_STAT_INIT, outline = KF_DICT_STAT_INIT;
    uint64_t value, ordinals[3];
    int found;
    kf_dict *dict = open_with(0, NULL, NULL);
    ck_assert_uint_eq(kf_dict_count(dict), PARTS * EACH);
    ck_assert_int_eq(kf_dict_get_outline(dict, &outline), KF_OK);
    kf_member member = KF_MEMBER_INIT;
    for (unsigned i = 0; i < PARTS; i++) {
        ck_assert_int_eq(kf_dict_member_at(dict, i, &member), KF_OK);
        ck_assert(member.keys == EACH && member.name.size == 4 && member.name.data[0] == '0' + i);
    }
    ck_assert_int_eq(kf_dict_member_at(dict, PARTS, &member), KF_NOT_FOUND);
    kf_dict *plain;
    kf_bytes content;
    ck_assert_int_eq(kf_dict_open(&plain, paths[0], NULL, &error), KF_OK);
    ck_assert_int_eq(kf_dict_member_at(plain, 0, &member), KF_TYPE);
    ck_assert_int_eq(kf_dict_open_members(plain, &error), KF_OK);
    ck_assert_int_eq(kf_dict_content(plain, &content), KF_OK);
    ck_assert_int_eq(kf_dict_content(dict, &content), KF_TYPE);
    kf_dict_close(&plain);
    ck_assert(kf_dict_has_weights(dict) && open_members(dict) == 0);
    ck_assert_int_eq(kf_dict_prefix_range(dict, "", 0, &value, &ordinals[0]), KF_OK);
    ck_assert(value == 0 && ordinals[0] == PARTS * EACH && open_members(dict) == 0);
    ck_assert_int_eq(kf_dict_get_u64(dict, "3-007", 5, &value), KF_OK);
    ck_assert(value == 3 * EACH + 7 && open_members(dict) == 1);
    ck_assert_int_eq(kf_dict_contains(dict, "3-999", 5, &found), KF_OK);
    ck_assert(!found && open_members(dict) == 1);
    const kf_bytes keys[3] = { BYTES("3-001"), BYTES("5-002"), BYTES("5-no") };
    ck_assert_int_eq(kf_dict_ordinal_many(dict, keys, 3, ordinals, NULL), KF_OK);
    ck_assert(ordinals[1] == 5 * EACH + 2 && ordinals[2] == KF_ABSENT && open_members(dict) == 2);
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    ck_assert(open_members(dict) == PARTS && stat.key_bytes > outline.key_bytes);
    ck_assert(stat.file_size == outline.file_size && stat.shards == outline.shards && outline.is_manifest);
    kf_dict_close(&dict);
    dict = open_with(KF_OPEN_CHECK, NULL, NULL);
    ck_assert_uint_eq(open_members(dict), PARTS);
    kf_dict_close(&dict);
}
END_TEST

/* Every call that touches the absent file says so, and works once it is there. */
static kf_status touch(const kf_dict *dict, unsigned way)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes key, one = BYTES("2-001"), prefix = BYTES("2");
    kf_iter *iter = NULL;
    kf_entry entry;
    kf_prefix_match match[4];
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_nearest_options nearest = KF_NEAREST_OPTIONS_INIT;
    const kf_dict *both[2] = { dict, dict };
    uint64_t number, count, ordinal = 2 * EACH + 1;
    size_t matches;
    kf_status status = KF_OK;
    within.prefix = prefix;
    nearest.count = 1;
    switch (way) {
    case 0: return kf_dict_get_u64(dict, "2-001", 5, &number);
    case 1: return kf_dict_ordinal(dict, "2-001", 5, &number);
    case 2: status = kf_dict_key_at(dict, ordinal, &buffer, &key); kf_buffer_free(&buffer); return status;
    case 3: return kf_dict_u64_at(dict, ordinal, &number);
    case 4: return kf_dict_lower_bound(dict, "2-0000", 6, &number);
    case 5: return kf_dict_prefix_range(dict, "2", 1, &number, &count);
    case 6: return kf_dict_ordinal_many(dict, &one, 1, &number, NULL);
    case 7: return kf_dict_u64_at_many(dict, &ordinal, 1, &number);
    case 8: return kf_dict_weight_at(dict, ordinal, &number);
    case 9: return kf_dict_prefixes(dict, "2-0011", 6, match, 4, &matches);
    case 10: return kf_dict_longest_prefix(dict, "2-0011", 6, match);
    case 11: within.flags = KF_ITER_REVERSE; /* fall through */
    case 12: status = kf_iter_create(&iter, dict, &within, &error); break;
    case 13: within.order = KF_ORDER_WEIGHT; status = kf_iter_create(&iter, dict, &within, &error); break;
    case 14: status = kf_iter_create_nearest(&iter, dict, "2-00x", 5, &nearest, &error); break;
    case 15: status = kf_iter_create_find(&iter, dict, "2-001", 5, NULL, &error); break;
    case 16: status = kf_iter_create_diff(&iter, dict, dict, NULL, &error); break;
    case 17: status = kf_iter_create_set(&iter, KF_SET_UNION, both, 2, NULL, &error); break;
    case 18: return kf_dict_verify(dict, NULL, &error);
    case 19: return kf_dict_open_members(dict, &error);
    case 20: return kf_dict_merge(scratch_path("merged.kf"), both, 1, NULL, NULL, &error);
    }
    while (!status) status = kf_iter_next(iter, &entry);
    kf_iter_destroy(&iter);
    return status == KF_END ? KF_OK : status;
}

START_TEST(later__absent)
{
    char kept[600];
    snprintf(kept, sizeof kept, "%s/kept", scratch);
    ck_assert_int_eq(rename(paths[2], kept), 0);
    kf_dict *dict = open_with(0, NULL, NULL);
    ck_assert_int_eq(kf_dict_member_error(dict, KF_IO, &error), 0);
    error = (kf_error){ 0 };
    ck_assert_int_eq(touch(dict, (unsigned)_i), KF_IO);
    /* What a call tells by itself is no less. */
    ck_assert_msg(!error.message[0] || strstr(error.message, "2.kf"), "%s", error.message);
    ck_assert(_i < 18 || error.message[0]);
    ck_assert_int_eq(kf_dict_member_error(dict, KF_IO, &error), 1);
    ck_assert_msg(strstr(error.message, "2.kf") && error.status == KF_IO, "%s", error.message);
    ck_assert_int_eq(kf_dict_member_error(dict, KF_REPLACED, &error), 0);
    unlink(scratch_path("2.kf"));
    FILE *other = fopen(paths[2], "w");
    ck_assert(other && fputs("something else", other) >= 0 && !fclose(other));
    ck_assert_int_eq(touch(dict, (unsigned)_i), KF_FORMAT);
    ck_assert_int_eq(rename(kept, paths[2]), 0);
    ck_assert_int_eq(touch(dict, (unsigned)_i), KF_OK);
    kf_dict_close(&dict);
}
END_TEST

/* ---- members that are asked for ------------------------------------------------------------------- */

typedef struct host { _Atomic unsigned asked; _Atomic kf_status answer; char kept[600]; } host;

static kf_status bring(void *context, const kf_member *member, kf_error *e)
{
    host *h = context;
    h->asked++;
    ck_assert(member->keys == EACH && member->name.size == 4 && strstr(member->path, ".kf") && member->file_size);
    if (h->answer == KF_LIMIT) *e = (kf_error){ .status = KF_LIMIT, .message = "not today" };
    if (h->answer) return h->answer;
    if (access(member->path, F_OK)) (void)!link(h->kept, member->path);
    return KF_OK;
}

START_TEST(later__asked)
{
    host h = { .answer = KF_NOT_FOUND };
    uint64_t value;
    snprintf(h.kept, sizeof h.kept, "%s/kept", scratch);
    ck_assert_int_eq(rename(paths[4], h.kept), 0);
    kf_dict *dict = open_with(0, bring, &h);
    ck_assert_int_eq(kf_dict_get_u64(dict, "4-001", 5, &value), KF_IO);
    ck_assert_int_eq(kf_dict_member_error(dict, KF_IO, &error), 1);
    ck_assert_ptr_nonnull(strstr(error.message, "not made available"));
    for (h.answer = KF_END; h.answer; h.answer = h.answer == KF_END ? KF_TYPE : KF_OK)
        ck_assert_int_eq(kf_dict_get_u64(dict, "4-001", 5, &value), KF_IO);
    h.answer = KF_CANCELLED;
    ck_assert_int_eq(kf_dict_get_u64(dict, "4-001", 5, &value), KF_CANCELLED);
    h.answer = KF_LIMIT;           /* with words of its own */
    ck_assert_int_eq(kf_dict_get_u64(dict, "4-001", 5, &value), KF_LIMIT);
    ck_assert_int_eq(kf_dict_member_error(dict, KF_LIMIT, &error), 1);
    ck_assert_ptr_nonnull(strstr(error.message, "not today"));
    h.answer = KF_OK;
    ck_assert_int_eq(kf_dict_get_u64(dict, "4-001", 5, &value), KF_OK);
    ck_assert_int_eq(kf_dict_get_u64(dict, "4-002", 5, &value), KF_OK);
    ck_assert(value == 4 * EACH + 2 && h.asked == 6);
    kf_dict_close(&dict);
    unlink(paths[4]);
    ck_assert_int_eq(rename(h.kept, paths[4]), 0);
}
END_TEST

/* What the callback does may touch the member itself: what was there first stays. */
typedef struct within { kf_dict *dict; unsigned depth; uint64_t value; } within;

static kf_status bring_within(void *context, const kf_member *member, kf_error *e)
{
    within *w = context;
    if (w->depth++) return KF_OK;
    (void)e;
    return member->keys == EACH ? kf_dict_get_u64(w->dict, "4-001", 5, &w->value) : KF_IO;
}

START_TEST(later__opened_meanwhile)
{
    within w = { 0 };
    uint64_t value;
    w.dict = open_with(0, bring_within, &w);
    ck_assert_int_eq(kf_dict_get_u64(w.dict, "4-002", 5, &value), KF_OK);
    ck_assert(w.depth == 2 && value == 4 * EACH + 2 && w.value == 4 * EACH + 1 && open_members(w.dict) == 1);
    kf_dict_close(&w.dict);
}
END_TEST

/* Two of the same manifest are of the same files, as far as they have any of them open and find them. */
START_TEST(later__same_files)
{
    char kept[600];
    uint64_t value;
    snprintf(kept, sizeof kept, "%s/kept", scratch);
    kf_dict *a = open_with(0, NULL, NULL), *b = open_with(0, NULL, NULL), *c = open_with(0, NULL, NULL);
    ck_assert(kf_dict_same_files(a, b) && open_members(a) + open_members(b) == 0);
    ck_assert_int_eq(kf_dict_get_u64(a, "1-001", 5, &value), KF_OK);
    ck_assert(kf_dict_same_files(a, b) && open_members(b) == 1 && kf_dict_same_files(b, a));
    ck_assert_int_eq(rename(paths[1], kept), 0);
    ck_assert(!kf_dict_same_files(a, c) && !kf_dict_same_files(c, a));
    size_t size;
    uint8_t *data = scratch_read("kept", &size);
    scratch_write("1.kf", data, size);          /* another file, though with the same bytes */
    free(data);
    ck_assert(!kf_dict_same_files(a, c) && kf_dict_same_files(a, b));
    kf_dict_close(&a);
    kf_dict_close(&b);
    kf_dict_close(&c);
    ck_assert_int_eq(rename(kept, paths[1]), 0);
}
END_TEST

/* A value of a file that is not there. */
START_TEST(later__values)
{
    char path[2][600];
    const char *names[] = { path[0], path[1] };
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes value;
    kf_dict *dict;
    for (unsigned i = 0; i < 2; i++) {
        kf_builder *builder;
        snprintf(path[i], sizeof path[i], "%s/value%u.kf", scratch, i);
        kf_build_options options = KF_BUILD_OPTIONS_INIT;
        options.value_type = KF_VALUES_BYTES;
        ck_assert_int_eq(kf_builder_create(&builder, path[i], &options, &error), KF_OK);
        ck_assert_int_eq(kf_builder_add(builder, i ? "b" : "a", 1, "value", 5, &error), KF_OK);
        ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
        kf_builder_destroy(&builder);
    }
    ck_assert_int_eq(kf_bundle_write(scratch_path("values.kfm"), names, 2, NULL, &error), KF_OK);
    ck_assert_int_eq(unlink(path[1]), 0);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("values.kfm"), NULL, &error), KF_OK);
    ck_assert_int_eq(kf_dict_value_at(dict, 0, &buffer, &value), KF_OK);
    ck_assert(value.size == 5 && !memcmp(value.data, "value", 5));
    ck_assert_int_eq(kf_dict_value_at(dict, 1, &buffer, &value), KF_IO);
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}
END_TEST

/* A batch of ordinals that are nowhere asks for some member, and tells if that can't be opened. */
START_TEST(later__nowhere)
{
    const uint64_t ordinals[] = { KF_ABSENT, KF_ABSENT };
    uint64_t values[2];
    char kept[600];
    snprintf(kept, sizeof kept, "%s/kept", scratch);
    for (int there = 1; there >= 0; there--) {
        if (!there) ck_assert_int_eq(rename(paths[0], kept), 0);
        kf_dict *dict = open_with(0, NULL, NULL);
        ck_assert_int_eq(kf_dict_u64_at_many(dict, ordinals, 2, values), there ? KF_OK : KF_IO);
        ck_assert_uint_eq(open_members(dict), (unsigned)there);
        /* With one that is open already, that one will do. */
        ck_assert_int_eq(kf_dict_u64_at(dict, EACH, &values[0]), KF_OK);
        ck_assert_int_eq(kf_dict_u64_at_many(dict, ordinals, 2, values), KF_OK);
        kf_dict_close(&dict);
    }
    ck_assert_int_eq(rename(kept, paths[0]), 0);
}
END_TEST

static void look(void *context)
{
    const kf_dict *dict = context;
    for (unsigned i = 0; i < PARTS * EACH; i++) {
        char key[16];
        uint64_t value = 0;
        int size = snprintf(key, sizeof key, "%u-%03u", i % PARTS, i / PARTS);
        if (kf_dict_get_u64(dict, key, (size_t)size, &value) || value != i % PARTS * EACH + i / PARTS)
            ck_abort_msg("%s: %d", key, (int)value);
    }
}

/* The callback may name another file. */
static kf_status bring_place(void *context, const kf_member *member, kf_error *e)
{
    (void)e;
    ck_assert_uint_gt(member->place_size, strlen(context) + 1);
    if (strstr(member->path, "4.kf")) strcpy(member->place, context);
    return KF_OK;
}

START_TEST(later__elsewhere)
{
    char kept[600];
    uint64_t value;
    snprintf(kept, sizeof kept, "%s/kept", scratch);
    ck_assert_int_eq(rename(paths[4], kept), 0);
    kf_dict *dict = open_with(0, bring_place, kept);
    ck_assert_int_eq(kf_dict_get_u64(dict, "4-001", 5, &value), KF_OK);
    ck_assert_int_eq(kf_dict_get_u64(dict, "3-001", 5, &value), KF_OK);
    kf_dict_close(&dict);
    ck_assert_int_eq(rename(kept, paths[4]), 0);
}
END_TEST

/* Each kind of file as it is; cut, or with any bit of some flipped, it is not. */
START_TEST(content__check)
{
    static const char *const names[] = { "0.kf", "all.kfm" };
    uint8_t id[16], built[16];
    size_t size;
    for (int i = 0; i < 2; i++) {
        kf_dict *dict;
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path(names[i]), NULL, &error), KF_OK);
        kf_dict_build_id(dict, built);
        kf_dict_close(&dict);
        uint8_t *data = scratch_read(names[i], &size);
        ck_assert_int_eq(kf_content_check(data, size, id, &error), KF_OK);
        ck_assert_mem_eq(id, built, 16);
        ck_assert_int_eq(kf_content_check(data, size - 1, id, &error), KF_FORMAT);
        ck_assert_int_eq(kf_content_check(data, 0, id, &error), KF_FORMAT);
        for (size_t at = 0; at < size; at++) {
            data[at] ^= (uint8_t)(1u << at % 8);
            if (!kf_content_check(data, size, id, NULL)) ck_abort_msg("%s: byte %zu", names[i], at);
            data[at] ^= (uint8_t)(1u << at % 8);
        }
        free(data);
    }
}
END_TEST

START_TEST(later__threads)
{
    kfi_thread threads[4];
    for (unsigned round = 0; round < rounds_of(20); round++) {
        kf_dict *dict = open_with(0, NULL, NULL);
        for (int i = 0; i < 4; i++) ck_assert_int_eq(kfi_thread_start(&threads[i], look, dict, NULL), KF_OK);
        for (int i = 0; i < 4; i++) kfi_thread_join(&threads[i]);
        ck_assert_uint_eq(open_members(dict), PARTS);
        kf_dict_close(&dict);
    }
}
END_TEST

/* Members of manifests stand for them, whether their files are there or not. */
START_TEST(later__bundled)
{
    static const char *const halves[2] = { "low.kfm", "high.kfm" };
    const char *names[PARTS], *two[2] = { paths[0], paths[1] };
    char manifest[2][600];
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    for (int i = 0; i < PARTS; i++) names[i] = paths[i];
    ck_assert_int_eq(kf_bundle_write(scratch_path("low.kfm"), names, 2, NULL, &error), KF_OK);
    ck_assert_int_eq(kf_bundle_write(scratch_path("high.kfm"), names + 2, PARTS - 2, NULL, &error), KF_OK);
    for (int i = 0; i < 2; i++) {
        snprintf(manifest[i], sizeof manifest[i], "%s", scratch_path(halves[i]));
        two[!i] = manifest[i];      /* in any order */
    }
    size_t size, other_size;
    uint8_t *direct = scratch_read("all.kfm", &size);
    char kept[600];
    snprintf(kept, sizeof kept, "%s/kept", scratch);
    ck_assert_int_eq(rename(paths[1], kept), 0);
    ck_assert_int_eq(kf_bundle_write(scratch_path("all.kfm"), two, 2, NULL, &error), KF_OK);
    ck_assert_int_eq(rename(kept, paths[1]), 0);
    uint8_t *again = scratch_read("all.kfm", &other_size);
    ck_assert(size == other_size && !memcmp(direct, again, size));
    kf_dict *dict = open_with(0, NULL, NULL);
    look(dict);
    ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
    ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_OK);
    kf_dict_close(&dict);
    free(direct);
    free(again);
    ck_assert_int_eq(kf_bundle_write(scratch_path("x.kfm"), (const char *[]){ manifest[0], paths[1] }, 2, NULL, &error),
                     KF_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "overlap"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shard later");
    TCase *all = tcase_create("later");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_checked_fixture(all, build_all, NULL);
    tcase_add_test(all, later__one_touch);
    suite_add_cases(all, later__absent, 0, 21);
    tcase_add_test(all, later__asked);
    tcase_add_test(all, later__opened_meanwhile);
    tcase_add_test(all, later__same_files);
    tcase_add_test(all, later__values);
    tcase_add_test(all, later__nowhere);
    tcase_add_test(all, later__elsewhere);
    tcase_add_test(all, content__check);
    tcase_add_test(all, later__threads);
    tcase_add_test(all, later__bundled);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
