/* Writing dictionaries of several shards: the section's bytes, images, manifests, and every failure on the way. */
#include "base/path.h"
#include "write/shards_writer.h"
#include "write/writer.h"
#include "format/shards.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"

#include <keyfold/keyfold.h>

#include <errno.h>
#include <sys/stat.h>

static kf_error error;

static kf_bytes bytes(const char *text) { return (kf_bytes){ (const uint8_t *)text, strlen(text) }; }

/* ---- the section ---------------------------------------------------------------------------------- */

static const uint8_t drawn[] =
    "\x02\0\0\0" "\2\0\0\0"
    "\0\0\0\0\0\0\0\0" "\x40\1\0\0\0\0\0\0" "\x05\0\0\0\0\0\0\0" "0123456789abcdef"
    "\1\0\0\0" "\2\0\0\0" "\0\0\0\0" "\0\0\0\0"
    "\x40\1\0\0\0\0\0\0" "\x80\0\0\0\0\0\0\0" "\x01\0\0\0\0\0\0\0" "fedcba9876543210"
    "\3\0\0\0" "\3\0\0\0" "\0\0\0\0" "\0\0\0\0"
    "a" "az" "bcd" "bcd";
enum { DRAWN = sizeof drawn - 1, IMAGES = 0x1c0 };

START_TEST(section__layout)
{
    kfi_array out = { 0 };
    kfi_shard entries[2] = {
        { .size = 0x140, .keys = 5, .first = bytes("a"), .last = bytes("az") },
        { .offset = 0x140, .size = 0x80, .keys = 1, .first = bytes("bcd"), .last = bytes("bcd") },
    }, back[2];
    kfi_shards_head head;
    memcpy(entries[0].build_id, "0123456789abcdef", 16);
    memcpy(entries[1].build_id, "fedcba9876543210", 16);
    ck_assert_int_eq(kfi_shards_encode(entries, &(kfi_shards_head){ 2, KF_WEIGHTS_GIVEN, 0 }, &out, &error), KF_OK);
    ck_assert_uint_eq(out.size, DRAWN);
    ck_assert_mem_eq(out.data, drawn, DRAWN);
    ck_assert_int_eq(kfi_shards_head_decode(drawn, DRAWN, &head, &error), KF_OK);
    ck_assert(head.count == 2 && head.weights == KF_WEIGHTS_GIVEN && !head.plain);
    ck_assert_int_eq(kfi_shards_decode(drawn, DRAWN, IMAGES, back, &error), KF_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert(back[i].offset == entries[i].offset && back[i].size == entries[i].size);
        ck_assert(back[i].keys == entries[i].keys && !memcmp(back[i].build_id, entries[i].build_id, 16));
        ck_assert(!kfi_shard_compare(back[i].first, entries[i].first));
        ck_assert(!kfi_shard_compare(back[i].last, entries[i].last) && !back[i].path.size);
    }
    kfi_array_free(&out);
}
END_TEST

/* No byte but those of the ids, the kind of weights and the keys' texts may have any other value; and none beyond
 * the end is read. */
START_TEST(section__every_byte)
{
    kfi_shard entries[2];
    size_t fine = 0;
    for (size_t size = 0; size < DRAWN; size++) {
        uint8_t *cut = malloc(size + !size);
        memcpy(cut, drawn, size);
        ck_assert_int_eq(kfi_shards_decode(cut, size, IMAGES, entries, NULL), KF_CORRUPT);
        free(cut);
    }
    for (size_t at = 0; at < DRAWN; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t *changed = malloc(DRAWN);
            memcpy(changed, drawn, DRAWN);
            if (changed[at] == byte) {
                free(changed);
                continue;
            }
            changed[at] = (uint8_t)byte;
            kf_status status = kfi_shards_decode(changed, DRAWN, IMAGES, entries, NULL);
            size_t in_entry = at < 8 ? 0 : (at - 8) % 56;
            int free_byte = at == 4 || (at >= 8 && at < 120 && in_entry >= 16 && in_entry < 40) || at >= 120;
            if (!free_byte) ck_assert_int_eq(status, KF_CORRUPT);
            fine += status == KF_OK;
            free(changed);
        }
    /* Ids: 2 * 16 bytes of 255 values each, and whatever counts and keys still agree. */
    ck_assert_uint_gt(fine, 2 * 16 * 255);
    ck_assert_int_eq(kfi_shards_decode(drawn, DRAWN, IMAGES + 64, entries, NULL), KF_CORRUPT);
    ck_assert_int_eq(kfi_shards_decode(drawn, DRAWN, 0, entries, NULL), KF_CORRUPT);
}
END_TEST

/* ---- paths ---------------------------------------------------------------------------------------- */

static void between(const char *from, const char *to, const char *expected)
{
    char a[600], b[600], *name, *back;
    struct stat x, y;
    snprintf(a, sizeof a, "%s", scratch_path(from));
    snprintf(b, sizeof b, "%s", scratch_path(to));
    ck_assert_int_eq(kfi_path_between(&name, a, b, 0, &error), KF_OK);
    if (expected) ck_assert_str_eq(name, expected);
    else ck_assert_int_eq(name[0], '/');
    back = kfi_path_beside(a, bytes(name));
    ck_assert(stat(back, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino);
    ck_assert(kfi_path_same(back, b) && !kfi_path_same(a, b) && !kfi_path_same(b, a));
    free(name);
    free(back);
    ck_assert_int_eq(kfi_path_between(&name, a, b, 1, &error), KF_OK);
    ck_assert_int_eq(name[0], '/');
    free(name);
}

START_TEST(path__between)
{
    static const char *const folders[] = { "d", "d/e", "d/e/f", "d/e/f/g", "da", "d/ee" };
    char *name;
    for (int i = 0; i < 6; i++) ck_assert_int_eq(mkdir(scratch_path(folders[i]), 0700), 0);
    scratch_write("file", "", 0);
    for (int i = 0; i < 6; i++) {
        char file[64];
        snprintf(file, sizeof file, "%s/file", folders[i]);
        scratch_write(file, "", 0);
    }
    between("new", "file", "file");
    between("new", "d/file", "d/file");
    between("new", "d/e/f/g/file", "d/e/f/g/file");
    between("d/new", "file", "../file");
    between("d/new", "da/file", "../da/file");
    between("da/new", "d/file", "../d/file");
    between("d/e/new", "d/ee/file", "../ee/file");
    between("d/ee/new", "d/e/file", "../e/file");
    between("d/e/new", "file", "../../file");
    between("d/e/f/new", "file", NULL);
    between("d/e/f/g/new", "d/file", NULL);
    between("d/../d/./new", "d/e/../file", "file");
    ck_assert_int_eq(kfi_path_between(&name, scratch_path("none/new"), scratch_path("file"), 0, &error), KF_IO);
    ck_assert_ptr_null(name);
    ck_assert_int_eq(kfi_path_between(&name, "/new", scratch_path("file"), 0, &error), KF_OK);
    ck_assert_str_eq(name, scratch_path("file") + 1);
    free(name);
    ck_assert_int_eq(kfi_path_between(&name, scratch_path("new"), "/file", 0, &error), KF_OK);
    ck_assert_str_eq(name, "/file");
    free(name);
    for (int i = 6; i--; ) {
        char file[64];
        snprintf(file, sizeof file, "%s/file", folders[i]);
        unlink(scratch_path(file));
        rmdir(scratch_path(folders[i]));
    }
    name = kfi_path_beside("manifest", bytes("x"));
    ck_assert_str_eq(name, "x");
    free(name);
    name = kfi_path_beside("a/b/manifest", bytes("/x"));
    ck_assert_str_eq(name, "/x");
    free(name);
    static const char *const parents[][2] = { { "x", "." }, { "/x", "/" }, { "a/b/x", "a/b" }, { "/a/x", "/a" } };
    for (int i = 0; i < 4; i++) {
        name = kfi_path_folder(parents[i][0]);
        ck_assert_str_eq(name, parents[i][1]);
        free(name);
    }
}
END_TEST

/* ---- files to bundle -------------------------------------------------------------------------------- */

typedef struct kind {
    kf_value_type type;
    kf_weights weights;
    const char *metadata;      /* the content of the entry "m"; NULL: none */
} kind;

static const kind plain = { KF_VALUES_NONE, KF_WEIGHTS_NONE, NULL };

/* `keys` of one byte each. */
static void build(const char *name, const char *keys, kind k)
{
    kf_builder *b;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = k.type;
    options.weights = k.weights;
    options.memory_limit = 16 << 20;
    kf_status status = kf_builder_create(&b, scratch_path(name), &options, &error);
    if (!status && k.metadata) status = kf_builder_set_metadata(b, "m", k.metadata, strlen(k.metadata), &error);
    for (; !status && *keys; keys++) {
        if (k.weights == KF_WEIGHTS_GIVEN && k.type == KF_VALUES_U64)
            status = kf_builder_add_u64_weighted(b, keys, 1, 7, 3, &error);
        else if (k.weights == KF_WEIGHTS_GIVEN) status = kf_builder_add_weighted(b, keys, 1, NULL, 0, 3, &error);
        else if (k.type == KF_VALUES_U64) status = kf_builder_add_u64(b, keys, 1, 7, &error);
        else status = kf_builder_add(b, keys, 1, NULL, 0, &error);
    }
    if (!status) status = kf_builder_finish(b, NULL, &error);
    ck_assert_msg(!status, "%s", error.message);
    kf_builder_destroy(&b);
}

/* Of files in the scratch folder, up to four and then NULL. */
static kf_status bundle(const char *name, const kf_bundle_options *options, const char *a, const char *b,
                        const char *c)
{
    char path[4][600];
    const char *names[] = { name, a, b, c }, *members[3];
    size_t n = 0;
    memset(&error, 0, sizeof error);
    for (int i = 0; i < 4; i++) {
        if (!names[i]) continue;
        snprintf(path[i], sizeof path[i], "%s/%s", scratch, names[i]);
        if (i) members[n++] = path[i];
    }
    kf_status status = kf_bundle_write(path[0], members, n, options, &error);
    ck_assert(!status == !error.message[0]);
    return status;
}

static kf_dict *open_it(const char *name)
{
    kf_dict *dict;
    ck_assert_msg(kf_dict_open(&dict, scratch_path(name), NULL, &error) == KF_OK, "%s", error.message);
    ck_assert_msg(kf_dict_verify(dict, NULL, &error) == KF_OK, "%s", error.message);
    return dict;
}

START_TEST(bundle__in_any_order)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes key;
    build("1", "ab", plain);
    build("2", "dc", plain);
    build("3", "e", plain);
    build("0", "", plain);
    ck_assert_int_eq(bundle("b", NULL, "3", "1", "2"), KF_OK);
    kf_dict *dict = open_it("b");
    ck_assert_uint_eq(kf_dict_count(dict), 5);
    for (uint64_t i = 0; i < 5; i++) {
        ck_assert_int_eq(kf_dict_key_at(dict, i, &buffer, &key), KF_OK);
        ck_assert(key.size == 1 && key.data[0] == "abcde"[i]);
    }
    kf_dict_close(&dict);
    /* The same bytes whatever the order, and whatever was empty. */
    size_t size, other_size;
    uint8_t *data = scratch_read("b", &size), *other;
    ck_assert_int_eq(bundle("b", NULL, "1", "2", "3"), KF_OK);
    other = scratch_read("b", &other_size);
    ck_assert(size == other_size && !memcmp(data, other, size));
    free(data);
    free(other);
    ck_assert_int_eq(bundle("b", NULL, "0", "2", "0"), KF_OK);
    dict = open_it("b");
    ck_assert_uint_eq(kf_dict_count(dict), 2);
    kf_dict_close(&dict);
    kf_buffer_free(&buffer);
}
END_TEST

/* All may be moved together. */
START_TEST(bundle__moved)
{
    kf_dict *dict;
    char from[600], to[600];
    kf_bundle_options options = KF_BUNDLE_OPTIONS_INIT;
    ck_assert_int_eq(mkdir(scratch_path("old"), 0700), 0);
    build("old/1", "ab", plain);
    build("old/2", "cd", plain);
    ck_assert_int_eq(bundle("old/b", NULL, "old/1", "old/2", NULL), KF_OK);
    options.flags = KF_BUNDLE_ABSOLUTE;
    ck_assert_int_eq(bundle("old/absolute", &options, "old/1", "old/2", NULL), KF_OK);
    snprintf(from, sizeof from, "%s/old", scratch);
    snprintf(to, sizeof to, "%s/new", scratch);
    ck_assert_int_eq(rename(from, to), 0);
    dict = open_it("new/b");
    kf_dict_close(&dict);
    ck_assert_int_eq(symlink("new/b", scratch_path("link")), 0);
    dict = open_it("link");
    kf_dict_close(&dict);
    unlink(scratch_path("link"));
    kf_open_options check = KF_OPEN_OPTIONS_INIT;
    check.flags = KF_OPEN_CHECK;
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("new/absolute"), &check, &error), KF_IO);
    ck_assert_int_eq(rename(to, from), 0);
    dict = open_it("old/absolute");
    kf_dict_close(&dict);
    static const char *const names[] = { "old/1", "old/2", "old/b", "old/absolute" };
    for (int i = 0; i < 4; i++) unlink(scratch_path(names[i]));
    rmdir(from);
}
END_TEST

static kf_status embed_two(void);

static void refused(kf_status expected, const char *text, const char *a, const char *b, const char *c)
{
    kf_status status = bundle("refused", NULL, a, b, c);
    ck_assert_msg(status == expected && strstr(error.message, text), "%s: %s", text, error.message);
    ck_assert_int_ne(access(scratch_path("refused"), F_OK), 0);
}

START_TEST(bundle__refused)
{
    kf_bundle_options options = KF_BUNDLE_OPTIONS_INIT;
    build("ab", "ab", plain);
    build("bc", "bc", plain);
    build("cd", "cd", plain);
    build("none", "", plain);
    build("u64", "xy", (kind){ KF_VALUES_U64, KF_WEIGHTS_NONE, NULL });
    build("u64 empty", "", (kind){ KF_VALUES_U64, KF_WEIGHTS_NONE, NULL });
    build("given", "z", (kind){ KF_VALUES_U64, KF_WEIGHTS_GIVEN, NULL });
    scratch_write("text", "something else", 14);
    ck_assert_int_eq(bundle("manifest", NULL, "ab", "cd", NULL), KF_OK);
    refused(KF_INVALID, "overlap", "ab", "bc", NULL);
    ck_assert(error.key_size == 1 && error.key[0] == 'b');
    refused(KF_INVALID, "overlap", "cd", "ab", "bc");
    refused(KF_INVALID, "overlap", "ab", "ab", NULL);
    refused(KF_INVALID, "another type", "ab", "u64", NULL);
    refused(KF_INVALID, "another type", "u64 empty", "ab", NULL);
    refused(KF_INVALID, "weights", "u64", "given", NULL);
    refused(KF_INVALID, "weights", "given", "u64", NULL);
    build("1", "ab", plain);
    build("2", "cd", plain);
    ck_assert_int_eq(embed_two(), KF_OK);
    ck_assert_int_eq(bundle("of images", NULL, "e", NULL, NULL), KF_OK);
    refused(KF_INVALID, "files that have shards", "of images", NULL, NULL);
    refused(KF_INVALID, "no members", NULL, NULL, NULL);
    refused(KF_INVALID, "at least one key", "none", "none", NULL);
    refused(KF_IO, "nowhere", "ab", "nowhere", NULL);
    refused(KF_FORMAT, "text", "ab", "text", NULL);
    options.flags = 4;
    ck_assert_int_eq(bundle("refused", &options, "ab", NULL, NULL), KF_INVALID);
    options = (kf_bundle_options){ sizeof options - 1, 0, KF_BUNDLE_METADATA_SAME };
    ck_assert_int_eq(bundle("refused", &options, "ab", NULL, NULL), KF_INVALID);
    options = (kf_bundle_options){ sizeof options, 0, (kf_bundle_metadata)3 };
    ck_assert_int_eq(bundle("refused", &options, "ab", NULL, NULL), KF_INVALID);
    const char *none[] = { NULL };
    ck_assert_int_eq(kf_bundle_write(scratch_path("refused"), none, 1, NULL, NULL), KF_INVALID);
    ck_assert_int_eq(kf_bundle_write("", none, 1, NULL, NULL), KF_INVALID);
    /* A member is not replaced by what names it. */
    ck_assert_int_eq(bundle("ab", NULL, "ab", "cd", NULL), KF_INVALID);
    ck_assert_int_eq(bundle("./ab", NULL, "cd", "ab", NULL), KF_INVALID);
    kf_dict *dict = open_it("ab");
    kf_dict_close(&dict);
}
END_TEST

/* Weights of the members: what all have. */
START_TEST(bundle__weights)
{
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    build("1", "a", (kind){ KF_VALUES_U64, KF_WEIGHTS_VALUE, NULL });
    build("2", "b", (kind){ KF_VALUES_U64, KF_WEIGHTS_VALUE, NULL });
    build("3", "c", (kind){ KF_VALUES_U64, KF_WEIGHTS_NONE, NULL });
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(bundle("b", NULL, "1", "2", i ? "3" : NULL), KF_OK);
        kf_dict *dict = open_it("b");
        ck_assert_int_eq(kf_dict_get_stat(dict, &stat), KF_OK);
        ck_assert_int_eq(stat.weights, i ? KF_WEIGHTS_NONE : KF_WEIGHTS_VALUE);
        ck_assert(kf_dict_has_weights(dict) && stat.is_manifest && stat.shards == (i ? 3 : 2));
        kf_dict_close(&dict);
    }
}
END_TEST

static void expect_metadata(const char *expected)
{
    kf_dict *dict = open_it("b");
    kf_bytes content;
    kf_status status = kf_dict_metadata(dict, "m", &content);
    ck_assert_int_eq(status, expected ? KF_OK : KF_NOT_FOUND);
    if (expected) ck_assert(content.size == strlen(expected) && !memcmp(content.data, expected, content.size));
    kf_dict_close(&dict);
}

START_TEST(bundle__metadata)
{
    kf_bundle_options options = KF_BUNDLE_OPTIONS_INIT;
    build("1", "a", (kind){ KF_VALUES_NONE, KF_WEIGHTS_NONE, "one" });
    build("2", "b", (kind){ KF_VALUES_NONE, KF_WEIGHTS_NONE, "one" });
    build("3", "c", (kind){ KF_VALUES_NONE, KF_WEIGHTS_NONE, "two" });
    build("4", "d", plain);
    ck_assert_int_eq(bundle("b", NULL, "1", "2", NULL), KF_OK);
    expect_metadata("one");
    refused(KF_INVALID, "entry 'm'", "1", "2", "3");
    refused(KF_INVALID, "entry 'm'", "1", "4", NULL);
    refused(KF_INVALID, "entry 'm'", "4", "1", NULL);
    options.metadata = KF_BUNDLE_METADATA_COMMON;
    ck_assert_int_eq(bundle("b", &options, "1", "2", NULL), KF_OK);
    expect_metadata("one");
    ck_assert_int_eq(bundle("b", &options, "1", "2", "3"), KF_OK);
    expect_metadata(NULL);
    ck_assert_int_eq(bundle("b", &options, "4", "1", "2"), KF_OK);
    expect_metadata(NULL);
    options.metadata = KF_BUNDLE_METADATA_NONE;
    ck_assert_int_eq(bundle("b", &options, "1", "2", NULL), KF_OK);
    expect_metadata(NULL);
}
END_TEST

/* ---- images --------------------------------------------------------------------------------------- */

static kf_status write_sections(kfi_writer *writer, kfi_header *header)
{
    static const char text[] = "some content";
    kf_status status = kfi_writer_begin(writer, KFI_SECTION_METADATA, &error);
    if (!status) status = kfi_writer_write(writer, text, sizeof text, &error);
    if (!status) status = kfi_writer_patch(writer, 5, "CO", 2, &error);
    if (!status) status = kfi_writer_end(writer, &error);
    return status ? status : kfi_writer_finish(writer, header, &error);
}

/* An image has the bytes that the file would have. */
START_TEST(image__like_file)
{
    kfi_writer *writer;
    kfi_header header = { .keys = 3 }, other = { .keys = 3 };
    kfi_disk_account account = { 0, 0 };
    size_t size;
    int before = scratch_count();
    ck_assert_int_eq(kfi_writer_create_image(&writer, scratch, 2, &account, &error), KF_OK);
    ck_assert_int_eq(write_sections(writer, &header), KF_OK);
    kfi_output *image = kfi_writer_take_image(writer);
    kfi_writer_destroy(&writer);
    ck_assert_ptr_nonnull(image);
    ck_assert_int_eq(scratch_count(), before);
    ck_assert_int_eq(kfi_writer_create(&writer, scratch_path("file"), 2, &error), KF_OK);
    ck_assert_int_eq(write_sections(writer, &other), KF_OK);
    ck_assert_ptr_null(kfi_writer_take_image(writer));
    kfi_writer_destroy(&writer);
    uint8_t *file = scratch_read("file", &size), *copy = malloc(size);
    ck_assert_uint_eq(kfi_output_offset(image), size);
    ck_assert_uint_eq(account.now, size);
    ck_assert_int_eq(kfi_output_read(image, 0, copy, size, &error), KF_OK);
    ck_assert_mem_eq(copy, file, size);
    ck_assert_mem_eq(&header, &other, sizeof header);
    ck_assert_int_eq(kfi_output_write(image, copy, 1, &error), KF_INVALID);
    ck_assert_int_eq(kfi_output_publish(image, &error), KF_INVALID);
    ck_assert_int_eq(kfi_output_read(image, size, copy, 1, &error), KF_INVALID);
    kfi_output_destroy(&image);
    ck_assert(account.now == 0 && account.peak == size);
    ck_assert_int_eq(kfi_writer_create_image(&writer, "/nowhere/at/all", 2, NULL, &error), KF_IO);
    free(file);
    free(copy);
}
END_TEST

static kfi_output *image_of(const char *name)
{
    kfi_output *image = NULL;
    size_t size;
    uint8_t *data = scratch_read(name, &size);
    kf_status status = kfi_output_create_nameless(&image, scratch, NULL, &error);
    if (!status) status = kfi_output_write(image, data, size, &error);
    if (!status) status = kfi_output_finish(image, &error);
    if (status) kfi_output_destroy(&image);
    free(data);
    return image;
}

START_TEST(embed__refused)
{
    kfi_bundle *b;
    build("1", "ab", plain);
    build("2", "cd", plain);
    build("3", "e", (kind){ KF_VALUES_U64, KF_WEIGHTS_NONE, NULL });
    build("0", "", plain);
    ck_assert_int_eq(bundle("m", NULL, "1", NULL, NULL), KF_OK);
    scratch_write("text", "something else, and long enough not to be taken for a header that was cut off", 77);
    kfi_output *one = image_of("1"), *two = image_of("2"), *three = image_of("3"), *none = image_of("0");
    kfi_output *manifest = image_of("m"), *text = image_of("text");
    ck_assert_int_eq(kfi_bundle_create(&b, scratch_path("b"), 1, &error), KF_OK);
    ck_assert_int_eq(kfi_bundle_embed(b, none, bytes(""), bytes(""), &error), KF_INVALID);
    ck_assert_int_eq(kfi_bundle_embed(b, manifest, bytes("a"), bytes("b"), &error), KF_INVALID);
    ck_assert_int_eq(kfi_bundle_embed(b, text, bytes("a"), bytes("b"), &error), KF_FORMAT);
    ck_assert_int_eq(kfi_bundle_embed(b, two, bytes("d"), bytes("c"), &error), KF_INVALID);
    ck_assert_int_eq(kfi_bundle_embed(b, two, bytes("c"), bytes("c"), &error), KF_INVALID);
    ck_assert_int_eq(kfi_bundle_embed(b, two, bytes("c"), bytes("d"), &error), KF_OK);
    ck_assert_int_eq(kfi_bundle_embed(b, one, bytes("a"), bytes("b"), &error), KF_INVALID);
    ck_assert_int_eq(kfi_bundle_embed(b, two, bytes("d"), bytes("e"), &error), KF_INVALID);
    ck_assert_int_eq(kfi_bundle_embed(b, three, bytes("e"), bytes("e"), &error), KF_INVALID);
    kfi_header header = { .keys = 1, .file_size = 64 };
    ck_assert_int_eq(kfi_bundle_refer(b, "x", &header, bytes("x"), bytes("x"), &error), KF_INVALID);
    kfi_bundle_destroy(&b);
    ck_assert_int_eq(kfi_bundle_create(&b, scratch_path("b"), 0, &error), KF_OK);
    ck_assert_int_eq(kfi_bundle_embed(b, one, bytes("a"), bytes("b"), &error), KF_INVALID);
    ck_assert_int_eq(kfi_bundle_refer(b, "", &header, bytes("x"), bytes("x"), &error), KF_INVALID);
    for (unsigned i = 0; i < KFI_SHARDS_LIMIT; i++) {
        char key[8];
        snprintf(key, sizeof key, "%06u", i);
        ck_assert_int_eq(kfi_bundle_refer(b, "x", &header, bytes(key), bytes(key), &error), KF_OK);
    }
    ck_assert_int_eq(kfi_bundle_refer(b, "x", &header, bytes("x"), bytes("x"), &error), KF_LIMIT);
    kfi_bundle_destroy(&b);
    ck_assert_int_eq(kfi_bundle_create(&b, scratch_path("b"), 1, &error), KF_OK);
    ck_assert_int_eq(kfi_bundle_finish(b, NULL, KF_WEIGHTS_NONE, NULL, &error), KF_INVALID);
    kfi_bundle_destroy(&b);
    kfi_output *all[] = { one, two, three, none, manifest, text };
    for (int i = 0; i < 6; i++) kfi_output_destroy(&all[i]);
}
END_TEST

/* ---- failures --------------------------------------------------------------------------------------- */

static kf_status embed_two(void)
{
    kfi_bundle *b = NULL;
    kfi_header header;
    kf_status status = kfi_bundle_create(&b, scratch_path("e"), 1, &error);
    for (int i = 0; i < 2 && !status; i++) {
        kfi_output *image = NULL;
        FILE *f = fopen(scratch_path(i ? "2" : "1"), "rb");
        uint8_t part[4096];
        status = kfi_output_create_nameless(&image, scratch, NULL, &error);
        for (size_t n; !status && (n = fread(part, 1, sizeof part, f)); )
            status = kfi_output_write(image, part, n, &error);
        fclose(f);
        if (!status) status = kfi_output_finish(image, &error);
        if (!status) status = kfi_bundle_embed(b, image, bytes(i ? "c" : "a"), bytes(i ? "d" : "b"), &error);
        kfi_output_destroy(&image);
    }
    if (!status) status = kfi_bundle_finish(b, NULL, KF_WEIGHTS_NONE, &header, &error);
    kfi_bundle_destroy(&b);
    return status;
}

static kf_status bundle_two(void) { return bundle("e", NULL, "1", "2", NULL); }

/* Opens what names a plain file and one with shards. */
static kf_status open_all(void)
{
    kf_dict *dict;
    kf_status status = kf_dict_open(&dict, scratch_path("manifest"), NULL, &error);
    if (!status) status = kf_dict_verify(dict, NULL, &error);
    kf_dict_close(&dict);
    return status;
}

START_TEST(faults__every_call)
{
    static kf_status (*const work[])(void) = { embed_two, bundle_two, open_all };
    static const unsigned kinds[] = { FAULT_ALLOC, FAULT_IO & ~(FAULT_CLOSE | FAULT_STAT), FAULT_CLOSE | FAULT_STAT };
    build("1", "ab", plain);
    build("2", "cd", plain);
    build("3", "ef", plain);
    ck_assert_int_eq(embed_two(), KF_OK);
    ck_assert_int_eq(bundle("manifest", NULL, "e", "3", NULL), KF_OK);
    int files = fault_open_files(), names = scratch_count();
    uint64_t fired = 0;
    for (int k = 0; k < 3; k++)
        for (uint64_t n = 1;; n++) {
            fault_mark();
            fault_arm(kinds[k], n, k ? EIO : ENOMEM, k ? FAULT_ONCE : FAULT_TWICE);
            kf_status status = work[_i]();
            int hit = fault_fired();
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            ck_assert_int_eq(fault_open_files(), files);
            ck_assert_int_eq(scratch_count(), names);
            if (!hit) {
                ck_assert_int_eq(status, KF_OK);
                break;
            }
            if (!k) ck_assert_int_eq(status, KF_NO_MEMORY);
            if (k == 1 && status) ck_assert_int_eq(status, KF_IO);
            fired += status != KF_OK;
        }
    ck_assert_uint_gt(fired, 20);
    kf_dict *dict = open_it("e");
    ck_assert_uint_eq(kf_dict_count(dict), 4);
    kf_dict_close(&dict);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("bundle");
    TCase *t = tcase_create("bundle");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, section__layout);
    tcase_add_test(t, section__every_byte);
    tcase_add_test(t, path__between);
    tcase_add_test(t, bundle__in_any_order);
    tcase_add_test(t, bundle__moved);
    tcase_add_test(t, bundle__refused);
    tcase_add_test(t, bundle__weights);
    tcase_add_test(t, bundle__metadata);
    tcase_add_test(t, image__like_file);
    tcase_add_test(t, embed__refused);
    suite_add_cases(t, faults__every_call, 0, 3);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
