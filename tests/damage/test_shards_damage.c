/* Damaged and forged files with shards: what opening refuses, and that whatever it does not refuse is read within
 * its bounds. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "shard_files.h"
#include "image.h"

#include "write/writer.h"
#include "format/shards.h"
#include "read/shards/shards_verify.h"

static char current[200];
#define EXERCISE_MUST(condition, ...) MUST(condition, __VA_ARGS__)
#define EXERCISE_NAME current
/* Files that a manifest names are opened by whatever touches them. */
static int by_name;
static int of_files(int status)
{
    return by_name && (status == KF_IO || status == KF_REPLACED || status == KF_FORMAT || status == KF_UNSUPPORTED);
}
#define EXERCISE_ALSO(status) of_files(status)
#include "exercise.h"

#include <sys/stat.h>

enum { PARTS = 4, IMAGES_PER_SEED = 1500 };

static model base;
static shards_cut cut;
static kf_error error;

/* "embedded.kf", "manifest.kfm", "plain.kfm", whose files have no shards, and the parts of a small dictionary. */
static void prepare(void)
{
    scratch_open();
    ck_assert(image_begin());
    memset(&base, 0, sizeof base);
    set_make(&base.set, 15, 3, 1);
    base.type = KF_VALUES_U64;
    base.value_shape = 3;
    base.weighted = 1;
    snprintf(base.name, sizeof base.name, "base");
    cut.weights = KF_WEIGHTS_GIVEN;
    shards_draw_cut(&base, &cut, PARTS);
    shards_build_parts(&base, &cut);
    shards_embed(&base, &cut, 0, PARTS, "embedded.kf");
    shards_embed(&base, &cut, 1, 3, "some.kf");
    static const char *const files[] = { "part0.kf", "some.kf", "part3.kf" };
    shards_manifest("manifest.kfm", files, 3);
    static const char *const plain[PARTS] = { "part0.kf", "part1.kf", "part2.kf", "part3.kf" };
    shards_manifest("plain.kfm", plain, PARTS);
}

static void finish(void)
{
    image_end();
    set_free(&base.set);
    scratch_close();
}

static kf_status open_and_verify(const char *path)
{
    kf_dict *dict;
    error.message[0] = '\0';
    kf_status status = kf_dict_open(&dict, path, NULL, &error);
    if (status) return status;
    status = kf_dict_verify(dict, NULL, &error);
    kf_dict_close(&dict);
    return status;
}

static kf_status open_only(const char *path)
{
    kf_dict *dict;
    memset(&error, 0, sizeof error);
    kf_status status = kf_dict_open(&dict, path, NULL, &error);
    kf_dict_close(&dict);
    if (status) MUST(error.status == status && error.message[0], "no message");
    return status;
}

/* ---- accidents ------------------------------------------------------------------------------------ */

static void put_image(const uint8_t *data, size_t size)
{
    ck_assert(image_resize(size));
    memcpy(image, data, size);
}

/* Writing files anew would wait for the disk each time. */
static void poke(const char *name, size_t at, uint8_t byte)
{
    FILE *f = fopen(scratch_path(name), "r+b");
    ck_assert(f && !fseek(f, (long)at, SEEK_SET) && fwrite(&byte, 1, 1, f) == 1 && !fclose(f));
}

/* Each bit that is flipped is found, at the latest by verify. */
START_TEST(damage__bits)
{
    static const char *const names[] = { "embedded.kf", "manifest.kfm", "some.kf", "plain.kfm", "part1.kf" };
    static const char *const opened[] = { "embedded.kf", "manifest.kfm", "manifest.kfm", "plain.kfm", "plain.kfm" };
    size_t size, step;
    uint8_t *data = scratch_read(names[_i], &size);
    step = 8 * size / (1200 * scale_of_run()) | 1;
    ck_assert_int_eq(open_and_verify(scratch_path(opened[_i])), KF_OK);
    for (size_t bit = 0; bit < 8 * size; bit += step) {
        poke(names[_i], bit / 8, (uint8_t)(data[bit / 8] ^ 1u << bit % 8));
        MUST(open_and_verify(scratch_path(opened[_i])) != KF_OK, "%s: bit %zu", names[_i], bit);
        poke(names[_i], bit / 8, data[bit / 8]);
    }
    ck_assert_int_eq(open_and_verify(scratch_path(opened[_i])), KF_OK);
    free(data);
}
END_TEST

START_TEST(damage__cut)
{
    static const char *const names[] = { "embedded.kf", "manifest.kfm", "part3.kf", "plain.kfm" };
    static const char *const opened[] = { "embedded.kf", "manifest.kfm", "manifest.kfm", "plain.kfm" };
    size_t size;
    uint8_t *data = scratch_read(names[_i], &size);
    for (size_t kept = size - 1; kept < size; kept -= 1 + size / 200) {
        ck_assert_int_eq(truncate(scratch_path(names[_i]), (off_t)kept), 0);
        ck_assert_int_eq(open_only(scratch_path(opened[_i])), KF_FORMAT);
    }
    scratch_write(names[_i], data, size);
    ck_assert_int_eq(open_only(scratch_path(opened[_i])), KF_OK);
    free(data);
}
END_TEST

/* Every call on files whose sections were changed: there are no checksums on these ways. */
static void exercise_file(const char *path)
{
    kf_dict *dict;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes keys[12], drawn[12];
    kf_status status = kf_dict_open(&dict, path, NULL, &error);
    if (status) {
        int fine = status == KF_CORRUPT || status == KF_UNSUPPORTED || status == KF_FORMAT || of_files(status);
        MUST(fine, "%s: %d", current, (int)status);
        return;
    }
    for (size_t i = 0; i < 12; i++) {
        drawn[i] = keys[i] = model_draw(&base);
        exercise_key(dict, keys[i], &buffer);
    }
    for (size_t i = 0; i < 12; i++) exercise_key(dict, base.set.keys[set_below(&base.set, base.set.count)], &buffer);
    exercise_ordinals(dict, &buffer);
    exercise_many(dict, keys, 12);
    exercise_metadata(dict);
    kf_dict_verify(dict, NULL, NULL);
    for (size_t i = 0; i < 12; i++) free((void *)(uintptr_t)drawn[i].data);
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}

START_TEST(damage__exercise)
{
    size_t size, opened = 0;
    uint8_t *data = scratch_read("embedded.kf", &size);
    kfi_header header;
    ck_assert_int_eq(kfi_header_parse(&header, data, size, NULL), KF_OK);
    const kfi_section *shards = kfi_header_section(&header, KFI_SECTION_SHARDS);
    base.set.random = mix64(mix64(seed_or(0)) + (uint64_t)_i) | 1;
    for (size_t n = 0; n < IMAGES_PER_SEED * scale_of_run(); n++) {
        put_image(data, size);
        snprintf(current, sizeof current, "seed %d file %zu", _i, n);
        for (size_t changes = 1 + set_below(&base.set, 4); changes--; ) {
            /* Among the shards, or anywhere in the images. */
            size_t at = set_below(&base.set, 4) ? shards->offset + set_below(&base.set, shards->size)
                            : header.header_size + set_below(&base.set, size - header.header_size);
            if (set_below(&base.set, 2)) image[at] ^= (uint8_t)(1u << set_below(&base.set, 8));
            else image[at] = (uint8_t)set_random(&base.set);
        }
        exercise_file(image_path);
        opened += open_only(image_path) == KF_OK;
    }
    tally("files", IMAGES_PER_SEED * scale_of_run());
    tally("lookups", lookups);
    ck_assert_uint_gt(opened, IMAGES_PER_SEED / 20);
    ck_assert_uint_lt(opened, IMAGES_PER_SEED * scale_of_run());
    free(data);
}
END_TEST

/* The same of a manifest, whose files are opened late, as they are or with one changed too. */
START_TEST(damage__exercise_manifest)
{
    size_t size, part_size, opened = 0, files = IMAGES_PER_SEED / 3 * scale_of_run();
    uint8_t *data = scratch_read("plain.kfm", &size), *part = scratch_read("part1.kf", &part_size);
    kfi_header header;
    by_name = 1;
    ck_assert_int_eq(kfi_header_parse(&header, data, size, NULL), KF_OK);
    const kfi_section *shards = kfi_header_section(&header, KFI_SECTION_SHARDS);
    base.set.random = mix64(mix64(seed_or(0)) + (uint64_t)_i) | 1;
    for (size_t n = 0; n < files; n++) {
        size_t at[4], changes = 1 + set_below(&base.set, 4), of_part = set_below(&base.set, part_size);
        snprintf(current, sizeof current, "seed %d manifest %zu", _i, n);
        for (size_t i = 0; i < changes; i++) {
            /* Often in the fields before the entries: the mark of plain files is one of them. */
            at[i] = shards->offset + set_below(&base.set, set_below(&base.set, 3) ? shards->size : 8);
            poke("plain.kfm", at[i], (uint8_t)set_random(&base.set));
        }
        if (n % 2) poke("part1.kf", of_part, (uint8_t)set_random(&base.set));
        exercise_file(scratch_path("plain.kfm"));
        opened += open_only(scratch_path("plain.kfm")) == KF_OK;
        while (changes--) poke("plain.kfm", at[changes], data[at[changes]]);
        poke("part1.kf", of_part, part[of_part]);
    }
    ck_assert_int_eq(open_and_verify(scratch_path("plain.kfm")), KF_OK);
    tally("files", files);
    tally("lookups", lookups);
    ck_assert_uint_gt(opened, files / 20);
    ck_assert_uint_lt(opened, files);
    free(part);
    free(data);
}
END_TEST

/* ---- files that were changed under a manifest ------------------------------------------------------- */

START_TEST(manifest__missing)
{
    char kept[600];
    snprintf(kept, sizeof kept, "%s", scratch_path("kept"));
    ck_assert_int_eq(rename(scratch_path("part3.kf"), kept), 0);
    ck_assert_int_eq(open_only(scratch_path("manifest.kfm")), KF_IO);
    ck_assert_ptr_nonnull(strstr(error.message, "part3.kf"));
    ck_assert_int_eq(mkdir(scratch_path("part3.kf"), 0700), 0);
    ck_assert_int_eq(open_only(scratch_path("manifest.kfm")), KF_FORMAT);
    ck_assert_int_eq(rmdir(scratch_path("part3.kf")), 0);
    ck_assert_int_eq(rename(kept, scratch_path("part3.kf")), 0);
    ck_assert_int_eq(open_only(scratch_path("manifest.kfm")), KF_OK);
}
END_TEST

/* By another dictionary, even one of the same size. */
START_TEST(manifest__replaced)
{
    static const char *const names[] = { "part0.kf", "some.kf", "part3.kf" };
    static const char *const others[] = { "part3.kf", "part1.kf", "other.kf", "manifest.kfm", "embedded.kf" };
    model changed = base;
    changed.value_seed++;
    shards_build_part(&changed, cut.weights, cut.from[3], cut.from[4], "other.kf");
    for (size_t i = 0; i < 3; i++) {
        size_t size, other_size;
        uint8_t *data = scratch_read(names[i], &size);
        for (size_t j = 0; j < 5; j++) {
            if (!strcmp(names[i], others[j])) continue;
            uint8_t *other = scratch_read(others[j], &other_size);
            scratch_write(names[i], other, other_size);
            MUST(open_only(scratch_path("manifest.kfm")) == KF_REPLACED, "%s by %s", names[i], others[j]);
            MUST(strstr(error.message, names[i]), "%s", error.message);
            MUST(error.status == KF_REPLACED, "%s", error.message);
            free(other);
        }
        scratch_write(names[i], data, size);
        free(data);
    }
    ck_assert_int_eq(open_and_verify(scratch_path("manifest.kfm")), KF_OK);
}
END_TEST

/* ---- forgeries: sound frames around wrong sections -------------------------------------------------- */

typedef struct forgery {
    kfi_shard entry[PARTS + 2];
    size_t count;
    unsigned weights;
    int plain;
    kfi_header header;
    kfi_array images;
    int with_images, without_shards;
    size_t extra;                  /* bytes after the pool */
} forgery;

static void add_to_header(kfi_header *h, const kfi_header *part)
{
    h->keys += part->keys;
    if (part->longest_key > h->longest_key) h->longest_key = part->longest_key;
    h->raw_key_bytes += part->raw_key_bytes;
    h->raw_value_bytes += part->raw_value_bytes;
    h->states += part->states;
    h->states_extra += part->states_extra;
}

/* What an honest writer writes; `named` by paths. */
static forgery honest(int named)
{
    forgery f = { .count = PARTS, .weights = KF_WEIGHTS_GIVEN, .with_images = !named };
    f.header = (kfi_header){ .value_type = KF_VALUES_U64, .incompatible = KFI_FEATURE_SHARDS };
    static const char *const names[PARTS] = { "part0.kf", "part1.kf", "part2.kf", "part3.kf" };
    for (size_t k = 0; k < PARTS; k++) {
        size_t size;
        kfi_header part;
        uint8_t *data = scratch_read(names[k], &size);
        ck_assert_int_eq(kfi_header_parse(&part, data, size, NULL), KF_OK);
        kfi_shard *e = &f.entry[k];
        *e = (kfi_shard){ .offset = named ? 0 : f.images.size, .size = size, .keys = part.keys,
                          .first = base.set.keys[cut.from[k]], .last = base.set.keys[cut.from[k + 1] - 1] };
        memcpy(e->build_id, part.build_id, 16);
        if (named) e->path = (kf_bytes){ (const uint8_t *)names[k], strlen(names[k]) };
        ck_assert_int_eq(kfi_array_append(&f.images, data, size, NULL), KF_OK);
        add_to_header(&f.header, &part);
        free(data);
    }
    return f;
}

/* Writes it to "forged.kf" and opens that. */
static kf_status forge(forgery *f)
{
    kfi_writer *writer;
    kfi_array section = { 0 };
    static const uint8_t zeros[64];
    const char *path = scratch_path("forged.kf");
    uint32_t sections = 1u + (uint32_t)f->with_images + !f->without_shards;
    ck_assert_int_eq(kfi_writer_create(&writer, path, sections, NULL), KF_OK);
    if (f->with_images) {
        ck_assert_int_eq(kfi_writer_begin(writer, KFI_SECTION_IMAGES, NULL), KF_OK);
        ck_assert_int_eq(kfi_writer_write(writer, f->images.data, f->images.size, NULL), KF_OK);
        ck_assert_int_eq(kfi_writer_end(writer, NULL), KF_OK);
    }
    if (!f->without_shards) {
        ck_assert_int_eq(kfi_shards_encode(f->entry, &(kfi_shards_head){ f->count, f->weights, f->plain },
                                           &section, NULL), KF_OK);
        ck_assert_int_eq(kfi_array_append(&section, zeros, f->extra, NULL), KF_OK);
        ck_assert_int_eq(kfi_writer_begin(writer, KFI_SECTION_SHARDS, NULL), KF_OK);
        ck_assert_int_eq(kfi_writer_write(writer, section.data, section.size, NULL), KF_OK);
        ck_assert_int_eq(kfi_writer_end(writer, NULL), KF_OK);
    }
    ck_assert_int_eq(kfi_writer_finish(writer, &f->header, NULL), KF_OK);
    kfi_writer_destroy(&writer);
    kfi_array_free(&section);
    kfi_array_free(&f->images);
    return open_only(path);
}

#define REFUSED(named, change, text) REFUSED_AS(KF_CORRUPT, named, change, text)
#define REFUSED_AS(expected, named, change, text) do { \
        f = honest(named); \
        change; \
        kf_status status_ = forge(&f); \
        MUST(status_ == (expected), "%s: %s (%s)", #change, kf_status_name(status_), error.message); \
        MUST(strstr(error.message, text), "%s: %s", #change, error.message); \
        kf_dict *none_;       /* nor does it help not to ask why */ \
        MUST(kf_dict_open(&none_, scratch_path("forged.kf"), NULL, NULL) == status_, "%s", #change); \
    } while (0)

static void swap(kfi_shard *a, kfi_shard *b)
{
    kfi_shard c = *a;
    *a = *b;
    *b = c;
}

static const kf_bytes high_key = { (const uint8_t *)"\xff\xff\xff\xff", 4 };

START_TEST(forged__entries)
{
    forgery f = honest(_i);
    ck_assert_int_eq(forge(&f), KF_OK);
    ck_assert_int_eq(open_and_verify(scratch_path("forged.kf")), KF_OK);
    int named = _i;
    REFUSED(named, f.entry[1].keys++, "keys");
    REFUSED_AS(named ? KF_REPLACED : KF_CORRUPT, named, (f.entry[1].keys++, f.header.keys++), "shard 1");
    REFUSED(named, f.entry[1].keys = 0, "shard 1");
    REFUSED(named, f.entry[2].keys = UINT64_MAX, "shard 2");
    REFUSED_AS(named ? KF_REPLACED : KF_CORRUPT, named, f.entry[3].build_id[15] ^= 1, "shard 3");
    REFUSED(named, f.header.keys--, "header");
    REFUSED(named, f.header.longest_key--, "shard");
    REFUSED(named, f.header.longest_key = UINT32_MAX, "longest");
    REFUSED(named, f.header.value_type = KF_VALUES_BYTES, "shard 0");
    REFUSED(named, f.header.value_type = KF_VALUES_NONE, "shard 0");
    REFUSED(named, f.header.normalise = KF_NORMALISE_CASE, "normal form");
    REFUSED(named, f.weights = KF_WEIGHTS_NONE, "weights");
    REFUSED(named, f.weights = KF_WEIGHTS_VALUE, "weights");
    REFUSED(named, f.weights = 3, "damaged");
    REFUSED(named, f.count = 0, "number of shards");
    REFUSED(named, f.extra = 1, "unused");
    REFUSED(named, f.without_shards = 1, "missing");
    REFUSED(named, swap(&f.entry[1], &f.entry[2]), named ? "above" : "out of place");
    REFUSED(named, f.entry[1].first = f.entry[0].last, "above");                        /* overlaps */
    REFUSED(named, f.entry[0].last = high_key, "above");
    REFUSED(named, f.entry[2].last = f.entry[2].first, "contradict");
    REFUSED(named, (f.entry[3].first = high_key), "contradict");
    REFUSED_AS(named ? KF_REPLACED : KF_CORRUPT, named, f.entry[1].size -= 64, named ? "replaced" : "out of place");
    if (named) REFUSED(1, f.entry[1].offset = 64, "out of place");
    else REFUSED(0, f.entry[1].offset -= 64, "out of place");
}
END_TEST

/* What opening trusts, verifying does not. */
static void verifying_tells(forgery *f, const char *text)
{
    ck_assert_int_eq(forge(f), KF_OK);
    ck_assert_int_eq(open_and_verify(scratch_path("forged.kf")), KF_CORRUPT);
    ck_assert_ptr_nonnull(strstr(error.message, text));
}

/* First and last keys that are in order but not the shards': opening trusts them, verify does not. */
START_TEST(forged__ends)
{
    static const kf_bytes beyond = { (const uint8_t *)"\xff\xff", 2 };
    forgery f = honest(_i);
    f.entry[3].last = beyond;
    ck_assert_int_eq(forge(&f), KF_OK);
    ck_assert_int_eq(open_and_verify(scratch_path("forged.kf")), KF_CORRUPT);
    ck_assert_ptr_nonnull(strstr(error.message, "shard 3"));
    f = honest(_i);
    f.entry[2].first.size--;
    kf_status status = forge(&f);
    if (!status) {
        ck_assert_int_eq(open_and_verify(scratch_path("forged.kf")), KF_CORRUPT);
        ck_assert_ptr_nonnull(strstr(error.message, "shard 2"));
    }
    for (unsigned sum = 0; sum < 5; sum++) {
        f = honest(_i);
        f.header.longest_key += sum == 0;
        f.header.raw_key_bytes += sum == 1;
        f.header.raw_value_bytes += sum == 2;
        f.header.states += sum == 3;
        f.header.states_extra += sum == 4;
        verifying_tells(&f, "the header contradicts the shards");
    }
}
END_TEST

/* What a shard's file says of itself is looked at when it is first touched. */
START_TEST(forged__later)
{
    forgery f = honest(1);
    f.plain = 1;
    ck_assert_int_eq(forge(&f), KF_OK);
    ck_assert_int_eq(open_and_verify(scratch_path("forged.kf")), KF_OK);
    f = honest(1);
    f.plain = 1;
    f.weights = KF_WEIGHTS_NONE;
    verifying_tells(&f, "weights");
}
END_TEST

/* Damage inside of an image, in a file that is whole, and under a manifest of that: told with its place in the file. */
START_TEST(forged__inside_of_an_image)
{
    forgery f = honest(0);
    const uint64_t inside = f.entry[2].offset + f.entry[2].size / 2, size = f.images.size;
    f.images.data[inside] ^= 1;
    verifying_tells(&f, "shard 2");
    const uint64_t offset = error.offset;
    ck_assert_uint_gt(offset, f.entry[2].offset);
    ck_assert_uint_lt(offset, size);
    const char *path = strdup(scratch_path("forged.kf"));
    ck_assert_int_eq(kf_bundle_write(scratch_path("outer.kfm"), &path, 1, NULL, &error), KF_OK);
    free((void *)(uintptr_t)path);
    ck_assert_int_eq(open_and_verify(scratch_path("outer.kfm")), KF_CORRUPT);
    ck_assert_uint_eq(error.offset, offset);
}
END_TEST

START_TEST(forged__images)
{
    forgery f;
    REFUSED(0, f.with_images = 0, "damaged");
    REFUSED(0, f.images.size -= 64, "out of place");
    REFUSED(0, f.images.size -= 1, "out of place");
    REFUSED(0, f.images.size = 0, "empty");
    REFUSED(0, (void)kfi_array_append(&f.images, "", 1, NULL), "unused");
    f = honest(0);
    f.images.data[0]++;
    ck_assert_int_eq(forge(&f), KF_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.message, "shard 0"));
}
END_TEST

/* "forged.kf" names `path` with what that file's header says; other shards stay away. */
static kf_status forge_name(const char *path)
{
    size_t size;
    kfi_header named;
    uint8_t *data = scratch_read(path, &size);
    forgery f = honest(1);
    f.header.keys = f.entry[0].keys;
    if (data) {
        ck_assert_int_eq(kfi_header_parse(&named, data, size, NULL), KF_OK);
        f.entry[0].keys = f.header.keys = named.keys;
        f.entry[0].size = size;
        memcpy(f.entry[0].build_id, named.build_id, 16);
    }
    f.count = 1;
    f.entry[0].last = base.set.keys[base.set.count - 1];
    f.entry[0].path = (kf_bytes){ (const uint8_t *)path, strlen(path) };
    free(data);
    return forge(&f);
}

START_TEST(forged__paths)
{
    forgery f;
    static char long_path[KFI_SHARD_PATH_LIMIT + 1];
    memset(long_path, '/', sizeof long_path);
    REFUSED(1, f.entry[2].path.size = 0, "damaged");
    REFUSED(1, (f.entry[2].path = (kf_bytes){ (const uint8_t *)"part2.kf", 9 }), "damaged");
    REFUSED(1, (f.entry[2].path = (kf_bytes){ (const uint8_t *)long_path, sizeof long_path }), "damaged");
    REFUSED(0, (f.entry[2].path = (kf_bytes){ (const uint8_t *)"part2.kf", 8 }), "damaged");
    ck_assert_int_eq(forge_name("embedded.kf"), KF_OK);
    ck_assert_int_eq(forge_name("manifest.kfm"), KF_CORRUPT);
    ck_assert_ptr_nonnull(strstr(error.message, "manifest"));
    ck_assert_int_eq(forge_name("nowhere.kf"), KF_IO);
    long_path[120] = 0;            /* more than is told of it */
    memset(long_path, 'n', 120);
    ck_assert_int_eq(forge_name(long_path), KF_IO);
    kf_dict *embedded;             /* which names no files */
    kf_member member = KF_MEMBER_INIT;
    ck_assert_int_eq(kf_dict_open(&embedded, scratch_path("embedded.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_dict_member_at(embedded, 0, &member), KF_TYPE);
    kf_dict_close(&embedded);
    ck_assert_int_eq(forge_name("/dev/zero"), KF_FORMAT);
    /* Itself, as it was before: there is one by now. */
    for (int i = 0; i < 2; i++) ck_assert_int_eq(forge_name("forged.kf"), KF_REPLACED);
}
END_TEST

/* Weights that are said to be the values', with maxima, where there are none. */
START_TEST(forged__weights)
{
    size_t size;
    kfi_header bare;
    shards_build_part(&base, KF_WEIGHTS_NONE, cut.from[0], cut.from[1], "bare.kf");
    uint8_t *data = scratch_read("bare.kf", &size);
    ck_assert_int_eq(kfi_header_parse(&bare, data, size, NULL), KF_OK);
    for (unsigned weights = KF_WEIGHTS_NONE; weights <= KF_WEIGHTS_GIVEN; weights++) {
        forgery f = honest(1);
        f.count = 1;
        f.weights = weights;
        f.header.keys = bare.keys;
        f.entry[0].size = size;
        f.entry[0].path = (kf_bytes){ (const uint8_t *)"bare.kf", 7 };
        memcpy(f.entry[0].build_id, bare.build_id, 16);
        ck_assert_int_eq(forge(&f), weights == KF_WEIGHTS_NONE ? KF_OK : KF_CORRUPT);
        ck_assert(weights == KF_WEIGHTS_NONE || strstr(error.message, "weights"));
    }
    free(data);
}
END_TEST

/* Damage in an image of the second of two files with shards, whose own checksums are right: told with its place. */
START_TEST(manifest__of_files_with_shards)
{
    static const char *const files[] = { "low.kf", "forged.kf" };
    uint64_t inside = 0;
    for (unsigned half = 0; half < 2; half++) {
        forgery f = honest(0);
        const uint64_t from = half ? f.entry[2].offset : 0;
        f.images.size = half ? f.images.size - from : f.entry[2].offset;
        memmove(f.images.data, f.images.data + from, f.images.size);
        f.count = 2;
        f.header = (kfi_header){ .value_type = KF_VALUES_U64, .incompatible = KFI_FEATURE_SHARDS };
        for (unsigned i = 0; i < 2; i++) {
            kfi_header part;
            f.entry[i] = f.entry[i + 2 * half];
            f.entry[i].offset -= from;
            const uint8_t *image_at = f.images.data + f.entry[i].offset;
            ck_assert_int_eq(kfi_header_parse(&part, image_at, f.entry[i].size, NULL), KF_OK);
            add_to_header(&f.header, &part);
        }
        inside = f.entry[1].offset + f.entry[1].size / 2;
        f.images.data[inside] ^= half;
        ck_assert_int_eq(forge(&f), KF_OK);
        char low[600];
        snprintf(low, sizeof low, "%s", scratch_path("low.kf"));
        if (!half) ck_assert_int_eq(rename(scratch_path("forged.kf"), low), 0);
    }
    shards_manifest("two.kfm", files, 2);
    ck_assert_int_eq(open_and_verify(scratch_path("two.kfm")), KF_CORRUPT);
    ck_assert_msg(strstr(error.message, "forged.kf") && error.offset < 2 * inside, "%s", error.message);
}
END_TEST

/* Where a section of an image of an honest forgery is. */
static uint8_t *in_image(forgery *f, size_t shard, uint32_t type)
{
    kfi_header part;
    uint8_t *at = f->images.data + f->entry[shard].offset;
    ck_assert_int_eq(kfi_header_parse(&part, at, f->entry[shard].size, NULL), KF_OK);
    return at + kfi_header_section(&part, type)->offset;
}

/* A shard whose keys, then values, can't be read: batches tell, whatever comes behind it, and verifying does. */
START_TEST(forged__unreadable_shard)
{
    for (unsigned values = 0; values < 2; values++) {
        forgery f = honest(0);
        uint64_t ordinals[PARTS], numbers[PARTS];
        kf_bytes keys[PARTS];
        kf_dict *dict;
        uint8_t *const section = in_image(&f, 1, values ? KFI_SECTION_VALUES : KFI_SECTION_TREE);
        if (values) memset(section + kfi_load64(section + 80), 0xff, 8);   /* the directory of a packed array */
        else memset(section + kfi_load64(section + 16), 0x7f, 2);   /* the root */
        for (unsigned i = 0; i < PARTS; i++) keys[i] = base.set.keys[cut.from[i]], ordinals[i] = cut.from[i];
        ck_assert_int_eq(forge(&f), KF_OK);
        ck_assert_int_eq(kf_dict_open(&dict, scratch_path("forged.kf"), NULL, NULL), KF_OK);
        if (values) {
            ck_assert_int_eq(kf_dict_u64_at_many(dict, ordinals, PARTS, numbers), KF_CORRUPT);
        } else {
            ck_assert_int_eq(kf_dict_ordinal_many(dict, keys, PARTS, ordinals, NULL), KF_CORRUPT);
            ck_assert(ordinals[0] == 0 && ordinals[1] == KF_ABSENT && ordinals[3] == cut.from[3]);
            ck_assert_int_eq(kfi_shards_verify_ends(dict, 1, &error), KF_CORRUPT);
        }
        ck_assert_int_eq(kf_dict_verify(dict, NULL, NULL), KF_CORRUPT);
        kf_dict_close(&dict);
    }
}
END_TEST

/* A shard's first key is said to be one that it does not have: what begins that is looked for in the shard before. */
START_TEST(forged__longest_prefix)
{
    kf_dict *dict;
    kf_prefix_match match;
    forgery f = honest(0);
    uint8_t text[400] = { 0 };
    const kf_bytes before = f.entry[1].last;
    ck_assert_uint_lt(before.size, sizeof text);
    if (before.size) memcpy(text, before.data, before.size);
    f.entry[2].first = (kf_bytes){ text, before.size + 1 };
    ck_assert_int_eq(forge(&f), KF_OK);
    ck_assert_int_eq(kf_dict_open(&dict, scratch_path("forged.kf"), NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_dict_longest_prefix(dict, text, before.size + 1, &match), KF_OK);
    ck_assert(match.size == before.size && match.ordinal == cut.from[2] - 1);
    kf_dict_close(&dict);
}
END_TEST

/* A file of as many shards as there may be, and one file more. */
START_TEST(forged__too_many_shards)
{
    enum { DIGITS = 5 };
    static uint8_t names[KFI_SHARDS_LIMIT][DIGITS + 1];
    kfi_shard *entries = calloc(KFI_SHARDS_LIMIT + 1, sizeof *entries);
    kfi_array section = { 0 };
    kfi_writer *writer;
    kfi_header one, header = { .value_type = KF_VALUES_U64, .incompatible = KFI_FEATURE_SHARDS,
                               .keys = KFI_SHARDS_LIMIT };
    size_t size, whole;
    shards_build_part(&base, cut.weights, 0, 1, "one.kf");     /* one key: it stands for all */
    uint8_t *data = scratch_read("one.kf", &size);
    ck_assert_int_eq(kfi_header_parse(&one, data, size, NULL), KF_OK);
    header.longest_key = one.longest_key;
    ck_assert_int_eq(kfi_writer_create(&writer, scratch_path("full.kf"), 3, NULL), KF_OK);
    ck_assert_int_eq(kfi_writer_begin(writer, KFI_SECTION_IMAGES, NULL), KF_OK);
    for (size_t i = 0; i < KFI_SHARDS_LIMIT; i++) {
        snprintf((char *)names[i], sizeof names[i], "%05zu", i);
        const kf_bytes key = { names[i], DIGITS };
        entries[i] = (kfi_shard){ .offset = i * size, .size = size, .keys = 1, .first = key, .last = key };
        memcpy(entries[i].build_id, one.build_id, 16);
        ck_assert_int_eq(kfi_writer_write(writer, data, size, NULL), KF_OK);
    }
    ck_assert_int_eq(kfi_writer_end(writer, NULL), KF_OK);
    const kfi_shards_head head = { KFI_SHARDS_LIMIT, cut.weights, 0 };
    ck_assert_int_eq(kfi_shards_encode(entries, &head, &section, NULL), KF_OK);
    ck_assert_int_eq(kfi_writer_begin(writer, KFI_SECTION_SHARDS, NULL), KF_OK);
    ck_assert_int_eq(kfi_writer_write(writer, section.data, section.size, NULL), KF_OK);
    ck_assert_int_eq(kfi_writer_end(writer, NULL), KF_OK);
    ck_assert_int_eq(kfi_writer_finish(writer, &header, NULL), KF_OK);
    kfi_writer_destroy(&writer);
    kfi_array_free(&section);
    ck_assert_int_eq(open_only(scratch_path("full.kf")), KF_OK);
    uint8_t *full = scratch_read("full.kf", &whole);
    ck_assert_int_eq(kfi_header_parse(&header, full, whole, NULL), KF_OK);
    free(full);
    static const uint8_t above[] = "99999";
    for (unsigned more = 0; more < 2; more++) {
        forgery f = honest(1);
        f.count = 1 + more;
        f.header.keys = KFI_SHARDS_LIMIT + more;
        f.entry[0] = (kfi_shard){ .size = whole, .keys = KFI_SHARDS_LIMIT, .first = entries[0].first,
                                  .last = entries[KFI_SHARDS_LIMIT - 1].last,
                                  .path = { (const uint8_t *)"full.kf", 7 } };
        memcpy(f.entry[0].build_id, header.build_id, 16);
        f.entry[1] = (kfi_shard){ .size = size, .keys = 1, .first = { above, DIGITS }, .last = { above, DIGITS },
                                  .path = { (const uint8_t *)"one.kf", 6 } };
        memcpy(f.entry[1].build_id, one.build_id, 16);
        ck_assert_int_eq(forge(&f), more ? KF_LIMIT : KF_OK);
    }
    free(data);
    free(entries);
}
END_TEST

/* A shard inside an image that has shards itself. */
START_TEST(forged__nested)
{
    size_t size;
    kfi_header inner;
    forgery f = honest(0);
    uint8_t *data = scratch_read("embedded.kf", &size);
    ck_assert_int_eq(kfi_header_parse(&inner, data, size, NULL), KF_OK);
    f.images.size = 0;
    ck_assert_int_eq(kfi_array_append(&f.images, data, size, NULL), KF_OK);
    f.count = 1;
    f.entry[0].size = size;
    f.entry[0].keys = inner.keys;
    f.entry[0].last = base.set.keys[base.set.count - 1];
    memcpy(f.entry[0].build_id, inner.build_id, 16);
    ck_assert_int_eq(forge(&f), KF_CORRUPT);
    ck_assert_ptr_nonnull(strstr(error.message, "has shards itself"));
    free(data);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("shards damage");
    TCase *t = tcase_create("damage");
    tcase_add_checked_fixture(t, prepare, finish);
    suite_add_cases(t, damage__bits, 0, 5);
    suite_add_cases(t, damage__cut, 0, 4);
    suite_add_cases(t, damage__exercise, 0, 2);
    suite_add_cases(t, damage__exercise_manifest, 0, 2);
    tcase_add_test(t, manifest__missing);
    tcase_add_test(t, manifest__replaced);
    suite_add_cases(t, forged__entries, 0, 2);
    suite_add_cases(t, forged__ends, 0, 2);
    tcase_add_test(t, forged__later);
    tcase_add_test(t, forged__inside_of_an_image);
    tcase_add_test(t, forged__images);
    tcase_add_test(t, forged__paths);
    tcase_add_test(t, forged__weights);
    tcase_add_test(t, manifest__of_files_with_shards);
    tcase_add_test(t, forged__unreadable_shard);
    tcase_add_test(t, forged__longest_prefix);
    tcase_add_test(t, forged__too_many_shards);
    tcase_add_test(t, forged__nested);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
