/* The public builder: pairs go into the sorter; finishing makes an image of what it gives, or several of ranges
 * of it side by side, and writes the file. A weight that is given goes through the sorter in front of the value,
 * as a varint. */
#include <keyfold/builder.h>

#include "base/bits.h"
#include "base/normalise.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/varint.h"
#include "format/keys.h"
#include "write/build_options.h"
#include "write/image.h"
#include "write/metadata_writer.h"
#include "write/room.h"
#include "write/sharded.h"
#include "write/sort/sorter.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    WORTH_LOOKING = 8 << 20,       /* bytes of temporary files */
    WEIGHTED_KEPT = 1 << 20        /* a larger copy of a value is not kept for the next one */
};
#define VALUE_LIMIT (1ull << 40)   /* bytes */

struct kf_builder {
    kf_build_options options;
    char *path, *target_folder;
    char *folder, *runs_folder;   /* of temporary files: all but runs, and these */
    kfi_sorter *sorter;
    kfi_normal *normal;    /* what keys become; NULL: they stay as they are */
    kfi_array weighted;    /* a weight and its value on the way to the sorter */
    kfi_metadata metadata;
    uint64_t metadata_bytes;
    kfi_disk_account disk;
    uint64_t file_bytes;   /* that the file is expected to have; 0: not known */
    uint64_t added, added_bytes;
    uint64_t spooled;      /* bytes that the values of what was added will have in the column's spool */
    kfi_progress reading;
    kf_status failed;      /* the first failure: nothing but destroy makes sense afterwards */
};

static kf_status tell(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    const kf_builder *b = context;
    kf_progress progress = { phase, done, total, b->disk.now, b->file_bytes };
    return kfi_progress_call(b->options.progress, b->options.progress_context, &progress, error);
}

static kfi_room room_of(const kf_builder *b)
{
    return (kfi_room){ b->runs_folder, b->folder, b->target_folder, b->options.resume_folder != NULL, 0 };
}

/* Whether what is to come will find room, as far as it is like what was added. */
static kf_status check_disk(const kf_builder *b, kf_error *error)
{
    const uint64_t used = b->disk.now, expected = b->options.expected_bytes;
    kfi_room room = room_of(b);
    if (used < WORTH_LOOKING || expected <= b->added_bytes) return KF_OK;
    if (b->added < kf_builder_resumed(b)) return KF_OK;
    double times = (double)expected / (double)b->added_bytes;
    uint64_t buffered = kfi_sorter_buffered(b->sorter);
    if (buffered >= b->added_bytes) return KF_OK;
    double runs = (double)used * (double)expected / (double)(b->added_bytes - buffered);
    /* Duplicates go before values are spooled: how many there are can't be told under other policies. */
    kf_duplicates policy = b->options.duplicates;
    room.values_are_whole = (policy == KF_DUPLICATES_ERROR || policy == KF_DUPLICATES_JOIN)
                            && !kfi_sharded_is_worth(b->options.shards, (uint64_t)((double)b->added * times));
    return kfi_room_for_runs(&room, used, runs, (double)b->spooled * times, error);
}

static kf_status tell_reading(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    kf_status status = tell(context, phase, done, total, error);
    return status ? status : check_disk(context, error);
}

static kf_status start(kf_builder *b, kf_error *error)
{
    int given = b->options.weights == KF_WEIGHTS_GIVEN;
    kfi_sort_options sort = { kfi_budget_sorter(b->options.memory_limit), b->folder, b->options.duplicates,
                              given ? KF_VALUES_BYTES : b->options.value_type, &b->disk, b->options.threads,
                              b->options.resume_folder, b->options.value_type, given };
    return kfi_sorter_create(&b->sorter, &sort, error);
}

/* 0 without memory. */
static int begin_normal(kf_builder *b)
{
    if (!b->options.normalise) return 1;
    b->normal = malloc(sizeof *b->normal);
    if (b->normal) kfi_normal_begin(b->normal, b->options.normalise);
    return b->normal != NULL;
}

kf_status kf_builder_create(kf_builder **out, const char *path, const kf_build_options *options,
                            kf_error *error)
{
    kf_build_options known;
    *out = NULL;
    if (!path || !*path) return kfi_fail(error, KF_INVALID, "no path was given");
    kf_status status = kfi_build_options_read(&known, options, error);
    if (!status) status = kfi_build_options_check(&known, error);
    if (!status)
        status = kfi_output_check(path, known.flags & KF_BUILD_REPLACE_ANY ? NULL : kfi_magic, KFI_MAGIC_SIZE, error);
    if (status) return status;
    options = &known;
    kf_builder *b = calloc(1, sizeof *b);
    if (!b) return kfi_fail_memory(error, sizeof *b);
    b->options = known;
    kfi_normalise_flags(&b->options.normalise, NULL);
    if (!b->options.memory_limit) b->options.memory_limit = KFI_MEMORY_DEFAULT;
    b->reading = (kfi_progress){ tell_reading, b, KF_PHASE_READ, 0, KFI_PAIRS_STEP, 0 };
    b->path = strdup(path);
    b->target_folder = kfi_path_folder(path);
    b->folder = options->temporary_folder ? strdup(options->temporary_folder) : kfi_path_folder(path);
    b->runs_folder = options->resume_folder ? strdup(options->resume_folder) : b->folder ? strdup(b->folder) : NULL;
    const int complete = b->path && b->target_folder && b->folder && b->runs_folder && begin_normal(b);
    status = complete ? start(b, error) : kfi_fail_memory(error, strlen(path));
    if (status) kf_builder_destroy(&b);
    *out = b;
    return status;
}

uint64_t kf_builder_resumed(const kf_builder *b) { return b->sorter ? kfi_sorter_resumed(b->sorter) : 0; }

/* What a value that ends with `value` has in the column's spool. */
static uint64_t spooled_size(const kf_builder *b, kf_bytes value, size_t value_size)
{
    if (b->options.value_type != KF_VALUES_U64) return value_size;
    return (kfi_bit_width(kfi_load64(value.data + value.size - 8) | 1) + 6) / 7;
}

/* Makes the key normal. One that is far too long is refused as it is. */
static kf_status normal_key(kf_builder *b, kf_bytes *key, kf_error *error)
{
    const size_t size = key->size;
    if (size > KFI_KEY_LIMIT) return KF_OK;
    return kfi_normal_text(b->normal, *key, key) ? kfi_fail_memory(error, size) : KF_OK;
}

/* A size_t of 32 bits never is. */
static int too_large(uint64_t size) { return size > VALUE_LIMIT; }

/* `value` as the sorter gets it, of which the caller's value is `value_size` bytes. */
static kf_status add(kf_builder *b, kf_bytes key, kf_bytes value, size_t value_size, kf_error *error)
{
    if (b->failed) return kfi_fail(error, KF_INVALID, "the build failed before (%s)", kf_status_name(b->failed));
    kf_status status = b->normal ? normal_key(b, &key, error) : KF_OK;
    if (!status && key.size > KFI_KEY_LIMIT)
        status = kfi_fail_key(error, KF_LIMIT, key, "a key of %zu bytes is longer than the limit of %d", key.size,
                              KFI_KEY_LIMIT);
    if (too_large(value_size))
        status = kfi_fail_key(error, KF_LIMIT, key, "a value of %zu bytes is longer than the limit of 2^40",
                              value_size);
    if (!status) status = kfi_sorter_add(b->sorter, key, value, error);
    b->added_bytes += key.size + value_size;
    b->spooled += spooled_size(b, value, value_size);
    if (!status) status = kfi_progress_count(&b->reading, kfi_pair_work(key.size + value_size), ++b->added, error);
    b->failed = status;
    return status;
}

/* Whether such a pair may be added. */
static kf_status check_pair(const kf_builder *b, kf_bytes key, kf_value_type type, size_t value_size, int weighted,
                            kf_error *error)
{
    kf_value_type wanted = b->options.value_type;
    if ((wanted == KF_VALUES_U64) != (type == KF_VALUES_U64))
        return kfi_fail_key(error, KF_TYPE, key, "this dictionary's values are %sintegers",
                            wanted == KF_VALUES_U64 ? "" : "not ");
    if (wanted == KF_VALUES_NONE && value_size)
        return kfi_fail_key(error, KF_TYPE, key, "this dictionary has no values");
    if ((b->options.weights == KF_WEIGHTS_GIVEN) != weighted)
        return kfi_fail_key(error, KF_TYPE, key, "%s", weighted ? "this dictionary's keys are not given weights"
                                                               : "this dictionary's keys are given weights");
    return KF_OK;
}

static kf_status add_weighted(kf_builder *b, kf_bytes key, kf_bytes value, uint64_t weight, kf_error *error)
{
    uint8_t head[KFI_VARINT_MAX];
    kfi_array *both = &b->weighted;
    if (b->failed || too_large(value.size)) return add(b, key, value, value.size, error);
    both->size = 0;
    kf_status status = kfi_array_reserve(both, sizeof head + value.size, error);
    if (!status) status = kfi_array_append(both, head, kfi_varint_write(head, weight), error);
    if (!status) status = kfi_array_append(both, value.data, value.size, error);
    if (status) b->failed = status;
    else status = add(b, key, (kf_bytes){ both->data, both->size }, value.size, error);
    if (both->capacity > WEIGHTED_KEPT) kfi_array_free(both);
    return status;
}

kf_status kf_builder_add(kf_builder *b, const void *key, size_t key_size, const void *value, size_t value_size,
                         kf_error *error)
{
    kf_bytes k = { key, key_size }, v = { value, value_size };
    kf_status status = check_pair(b, k, KF_VALUES_BYTES, value_size, 0, error);
    return status ? status : add(b, k, v, v.size, error);
}

kf_status kf_builder_add_u64(kf_builder *b, const void *key, size_t key_size, uint64_t value, kf_error *error)
{
    uint8_t bytes[8];
    kf_bytes k = { key, key_size }, v = { bytes, sizeof bytes };
    kfi_store64(bytes, value);
    kf_status status = check_pair(b, k, KF_VALUES_U64, sizeof bytes, 0, error);
    return status ? status : add(b, k, v, v.size, error);
}

kf_status kf_builder_add_weighted(kf_builder *b, const void *key, size_t key_size, const void *value,
                                  size_t value_size, uint64_t weight, kf_error *error)
{
    kf_bytes k = { key, key_size }, v = { value, value_size };
    kf_status status = check_pair(b, k, KF_VALUES_BYTES, value_size, 1, error);
    return status ? status : add_weighted(b, k, v, weight, error);
}

kf_status kf_builder_add_u64_weighted(kf_builder *b, const void *key, size_t key_size, uint64_t value,
                                      uint64_t weight, kf_error *error)
{
    uint8_t bytes[8];
    kf_bytes k = { key, key_size }, v = { bytes, sizeof bytes };
    kfi_store64(bytes, value);
    kf_status status = check_pair(b, k, KF_VALUES_U64, sizeof bytes, 1, error);
    return status ? status : add_weighted(b, k, v, weight, error);
}

kf_status kf_builder_set_metadata(kf_builder *b, const char *name, const void *data, size_t size, kf_error *error)
{
    return kfi_metadata_add(&b->metadata, &b->metadata_bytes, name, data, size, error);
}

/* ---- finishing ---------------------------------------------------------------------------------- */

static kfi_image_options image_options(kf_builder *b)
{
    return (kfi_image_options){
        .value_type = b->options.value_type, .value_encoding = b->options.value_encoding,
        .weights = b->options.weights, .normalise = b->options.normalise, .folder = b->folder,
        .shares = kfi_budget_image(b->options.memory_limit, b->options.weights == KF_WEIGHTS_GIVEN),
        .account = &b->disk, .progress = { .tell = tell, .context = b }, .expected = b->added,
        .expected_bytes = b->added_bytes,
        .threads = b->options.threads, .similarity = (b->options.flags & KF_BUILD_SIMILARITY) != 0,
        .filter = (b->options.flags & KF_BUILD_FILTER) != 0,
        .effort = b->options.flags & KF_BUILD_FAST ? KFI_EFFORT_LITTLE
                : b->options.flags & KF_BUILD_BEST ? KFI_EFFORT_GREAT : KFI_EFFORT_USUAL,
    };
}

/* One image of all pairs; the sorter was sealed if they were too many to be sure of that before. */
static kf_status write_one(kf_builder *b, int is_sealed, kfi_header *header, kf_error *error)
{
    const kfi_key_range everything = { .has_to = 0 };
    kfi_image_options options = image_options(b);
    kfi_image *image = NULL;
    kfi_writer *writer = NULL;
    kf_status status = kfi_image_create(&image, &options, error);
    if (!status && is_sealed) status = kfi_sorter_scan(b->sorter, &everything, kfi_image_add, image, error);
    if (!status && !is_sealed) status = kfi_sorter_finish(b->sorter, kfi_image_add, image, error);
    if (image) status = kfi_image_end(image, status, error);
    if (!status) status = kfi_writer_create(&writer, b->path, kfi_image_sections(image), error);
    if (!status && !(b->options.flags & KF_BUILD_REPLACE_ANY)) status = kfi_writer_protect(writer, error);
    if (!status && b->options.flags & KF_BUILD_NO_SYNC) kfi_writer_hurry(writer);
    if (!status) status = kfi_image_write(image, &b->metadata, writer, header, error);
    kfi_writer_destroy(&writer);
    kfi_image_destroy(&image);
    return status;
}

static kf_status write_several(kf_builder *b, kfi_header *header, kf_build_report *out, kf_error *error)
{
    kfi_sharded_options options = {
        .image = image_options(b), .path = b->path, .metadata = &b->metadata, .memory = b->options.memory_limit,
        .replace_any = (b->options.flags & KF_BUILD_REPLACE_ANY) != 0,
        .hurry = (b->options.flags & KF_BUILD_NO_SYNC) != 0,
        .threads = b->options.threads, .shards = b->options.shards, .file_bytes = &b->file_bytes,
        .room = room_of(b),
    };
    kf_status status = kfi_sorter_seal(b->sorter, kfi_sharded_threads(&options), error);
    if (status) return status;
    options.distinct = kfi_key_sample_distinct(kfi_sorter_sample(b->sorter));
    options.shards = kfi_sharded_count(&options, options.distinct);
    options.kept = b->options.resume_folder ? b->disk.now : 0;
    if (options.shards < 2) return write_one(b, 1, header, error);
    return kfi_sharded_write(&options, b->sorter, header, &out->shards, error);
}

kf_status kf_builder_finish(kf_builder *b, kf_build_report *out, kf_error *error)
{
    kf_build_report result = { .pairs_added = b->added, .shards = 1 };
    kfi_header header = { .keys = 0 };
    kf_status status = out ? kfi_build_report_check(out, error) : KF_OK;
    if (status) return status;   /* nothing was done: the builder can still finish */
    if (b->failed) return kfi_fail(error, KF_INVALID, "the build failed before (%s)", kf_status_name(b->failed));
    status = tell(b, KF_PHASE_SORT, 0, b->added, error);
    if (!status)
        status = kfi_sharded_is_worth(b->options.shards, b->added) ? write_several(b, &header, &result, error)
                                                                   : write_one(b, 0, &header, error);
    if (status == KF_DUPLICATE && b->normal && error)
        snprintf(error->message, sizeof error->message, "two keys are the same in normal form, or one was added twice; "
                 "choose a duplicates policy");
    result.pairs_dropped = kfi_sorter_dropped(b->sorter);
    result.keys = header.keys;
    result.states = header.states;
    result.states_extra = header.states_extra;
    result.file_size = header.file_size;
    result.temporary_peak = b->disk.peak;
    if (!status) kfi_sorter_done(b->sorter);
    kfi_sorter_destroy(&b->sorter);
    b->failed = status ? status : KF_INVALID;   /* a builder builds once */
    if (!status && out) kfi_build_report_write(out, &result);
    return status;
}

void kf_builder_destroy(kf_builder **builder)
{
    kf_builder *b = builder ? *builder : NULL;
    if (!b) return;
    kfi_sorter_destroy(&b->sorter);
    if (b->normal) kfi_normal_end(b->normal);
    free(b->normal);
    kfi_array_free(&b->weighted);
    kfi_metadata_free(&b->metadata);
    free(b->path);
    free(b->target_folder);
    free(b->folder);
    free(b->runs_folder);
    free(b);
    *builder = NULL;
}
