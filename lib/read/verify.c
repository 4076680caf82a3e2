/* kf_dict_verify: what is checked of a dictionary, and in which order. */
#include "base/normalise.h"
#include "base/options.h"
#include "read/blocks/blocks_verify.h"
#include "read/checks.h"
#include "read/filter/fuse_verify.h"
#include "read/frame.h"
#include "read/keys/verify_endings.h"
#include "read/keys/verify_keys.h"
#include "read/keys/verify_top.h"
#include "read/keys/walk.h"
#include "read/shards/shard_later.h"
#include "read/shards/shards_verify.h"

#include <stdlib.h>

enum {
    MOST_THREADS = 256,
    FORMS_STEP = 4096,     /* keys between two questions whether to go on */
    PIECE_BLOCKS = 16      /* of checksums that one thread goes through at a time: 4 MiB */
};

KFI_STRUCT_KIND(options_kind, kf_verify_options, KF_VERIFY_OPTIONS_INIT, progress_context, progress_context);

/* ---- checks ------------------------------------------------------------------------------------- */

static kf_status check_id(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_frame_verify_id(c->mapping, c->header, error);
}

static kf_status check_blocks(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_frame_verify_blocks(c->mapping, c->header, piece * PIECE_BLOCKS, PIECE_BLOCKS, error);
}

static kf_status check_pads(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_frame_verify_pads(c->mapping, c->header, error);
}

static kf_status check_metadata(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_metadata_verify(&c->dict->metadata, error);
}

/* The table of first nodes and the endings can be checked once the tree is known to be sound. */
static kf_status check_keys(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    kf_status status = kfi_keys_verify(&c->dict->keys, c->dict->mapping.data, progress, error);
    if (!status) status = kfi_top_verify(&c->dict->keys, c->dict->mapping.data, error);
    return status ? status : kfi_endings_verify(&c->dict->keys, c->dict->mapping.data, error);
}

static kf_status check_form(const kfi_walk *walk, kfi_normal *normal, kf_error *error)
{
    const kf_bytes key = { walk->path, walk->size };
    kf_bytes form;
    kf_status status = kfi_normal_text(normal, key, &form);
    if (status) return kfi_fail_memory(error, key.size);
    if (form.size == key.size && !memcmp(form.data, key.data, key.size)) return KF_OK;
    return kfi_fail_key(error, KF_CORRUPT, key, "key %llu is not in the normal form that the header names",
                        (unsigned long long)walk->ordinal);
}

/* Whether all keys are in the normal form. What the walk itself finds wrong is not for this check to tell. */
static kf_status check_forms(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    kfi_walk walk;
    kfi_normal normal;
    kf_status status = kfi_walk_create(&walk, &c->dict->keys);
    if (status) return kfi_fail_memory(error, c->dict->header.longest_key);
    kfi_normal_begin(&normal, c->dict->header.normalise);
    kf_status walked = kfi_walk_seek(&walk, 0);
    while (!status && !walked) {
        if (walk.ordinal % FORMS_STEP == 0) status = kfi_progress_report(progress, 0, error);
        if (!status) status = check_form(&walk, &normal, error);
        if (!status) walked = kfi_walk_next(&walk);
    }
    if (walked == KF_NO_MEMORY) status = kfi_fail_memory(error, c->dict->header.longest_key);
    kfi_normal_end(&normal);
    kfi_walk_destroy(&walk);
    return status;
}

static kf_status check_column(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_column_verify(c->dict->column, progress, error);
}

static kf_status check_weights(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_weights_verify(&c->dict->weights, c->dict->header.keys, progress, error);
}

static kf_status check_key_blocks(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_blocks_verify(c->dict, progress, error);
}

static kf_status check_filter(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_filter_verify(c->dict, progress, error);
}

static kf_status check_sums(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_shards_verify_sums(c->dict, error);
}

static kf_status check_ends(const kfi_check *c, uint64_t piece, kfi_progress *progress, kf_error *error)
{
    return kfi_shards_verify_ends(c->dict, c->shard, error);
}

/* ---- their order -------------------------------------------------------------------------------- */

static kf_status add_frame(kfi_checks *checks, const kfi_mapping *mapping, const kfi_header *header, size_t shard,
                           kf_error *error)
{
    const uint64_t summed = kfi_frame_summed(header), piece = (uint64_t)PIECE_BLOCKS * KFI_CHECKSUM_BLOCK;
    kfi_check check = { check_id, NULL, mapping, header, shard, 0, 1, 0 };
    kf_status status = kfi_checks_add(checks, &check, error);
    check = (kfi_check){ check_blocks, NULL, mapping, header, shard, summed, (summed + piece - 1) / piece, piece };
    if (!status && summed) status = kfi_checks_add(checks, &check, error);   /* unreachable: all that opens has some */
    check = (kfi_check){ check_pads, NULL, mapping, header, shard, 0, 1, 0 };
    return status ? status : kfi_checks_add(checks, &check, error);
}

static uint64_t size_of(const kf_dict *d, uint32_t type)
{
    const kfi_section *section = kfi_header_section(&d->header, type);
    return section ? section->size : 0;
}

/* What a plain dictionary and one of shards have both. */
static kf_status add_outside(kfi_checks *checks, const kf_dict *d, size_t shard, kf_error *error)
{
    const kfi_check metadata = { check_metadata, d, NULL, NULL, shard, 0, 1, 0 };
    kf_status status = add_frame(checks, &d->mapping, &d->header, shard, error);
    return status ? status : kfi_checks_add(checks, &metadata, error);
}

static kf_status add_plain(kfi_checks *checks, const kf_dict *d, size_t shard, kf_error *error)
{
    const uint64_t key_bytes = size_of(d, KFI_SECTION_TREE) + size_of(d, KFI_SECTION_SHARED);
    const kfi_check keys = { check_keys, d, NULL, NULL, shard, key_bytes, 1, 0 };
    const kfi_check forms = { check_forms, d, NULL, NULL, shard, 0, 1, 0 };
    const kfi_check column = { check_column, d, NULL, NULL, shard, size_of(d, KFI_SECTION_VALUES), 1, 0 };
    const kfi_check blocks = { check_key_blocks, d, NULL, NULL, shard, size_of(d, KFI_SECTION_BLOCKS), 1, 0 };
    const kfi_check weights = { check_weights, d, NULL, NULL, shard, size_of(d, KFI_SECTION_WEIGHTS), 1, 0 };
    const kfi_check filter = { check_filter, d, NULL, NULL, shard, size_of(d, KFI_SECTION_FILTER), 1, 0 };
    kf_status status = add_outside(checks, d, shard, error);
    if (!status) status = kfi_checks_add(checks, &keys, error);
    if (!status && d->header.normalise) status = kfi_checks_add(checks, &forms, error);
    if (!status && d->column) status = kfi_checks_add(checks, &column, error);
    if (!status && d->blocks) status = kfi_checks_add(checks, &blocks, error);
    if (!status && d->filter.directory) status = kfi_checks_add(checks, &filter, error);
    return status ? status : kfi_checks_add(checks, &weights, error);
}

static kf_status add_sharded(kfi_checks *checks, const kf_dict *d, kf_error *error)
{
    const kfi_shards *s = d->shards;
    const kfi_check sums = { check_sums, d, NULL, NULL, KFI_CHECK_WHOLE, 0, 1, 0 };
    kf_status status = add_outside(checks, d, KFI_CHECK_WHOLE, error);
    if (!status) status = kfi_checks_add(checks, &sums, error);
    for (size_t i = 0; i < s->files && !status; i++)
        status = add_frame(checks, &s->file[i].mapping, &s->file[i].header, KFI_CHECK_WHOLE, error);
    for (size_t i = 0; i < s->count && !status; i++) {
        const kfi_check ends = { check_ends, d, NULL, NULL, i, 0, 1, 0 };
        status = add_plain(checks, kfi_shards_opened(s, i), i, error);
        if (!status) status = kfi_checks_add(checks, &ends, error);
    }
    return status;
}

kf_status kf_dict_verify(const kf_dict *d, const kf_verify_options *options, kf_error *error)
{
    kf_verify_options known;
    kfi_checks checks = { .whole = d };
    kf_status status = kfi_options_read(&known, options, &options_kind, error);
    if (status) return status;
    if (known.threads > MOST_THREADS) return kfi_fail(error, KF_INVALID, "at most %d threads", MOST_THREADS);
    if (d->shards) status = kfi_shards_open_all(d->shards, error);
    if (status) return status;
    status = d->shards ? add_sharded(&checks, d, error) : add_plain(&checks, d, KFI_CHECK_WHOLE, error);
    if (!status) status = kfi_checks_run(&checks, &known, error);
    free(checks.list);
    return status;
}
