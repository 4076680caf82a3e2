/* kf_dict_merge: a set operation feeds a builder. */
#include "base/normalise.h"
#include "base/options.h"
#include "query/sets/groups.h"
#include "read/part.h"
#include "read/values/weights_reader.h"
#include "write/budget.h"
#include "write/build_options.h"

#include <keyfold/set.h>

#include <stdlib.h>

/* A walk's decoded buckets and what values are decoded with; the longest key comes to that. */
#define MEMBER_MEMORY (sizeof(kfi_member) + (128u << 10))

/* What the members hold is taken from what the build may hold. */
static uint64_t build_memory(const kf_dict *const *dicts, size_t count, uint64_t limit)
{
    const uint64_t least = KFI_MEMORY_LEAST;
    uint64_t members = 0;
    if (!limit) limit = KFI_MEMORY_DEFAULT;
    for (size_t i = 0; i < count; i++) members += MEMBER_MEMORY + dicts[i]->header.longest_key;
    if (limit < least) return limit;   /* the builder refuses it */
    return limit - least > members ? limit - members : least;
}

/* Metadata that the library itself wrote tells of the member's build. */
static int is_own(kf_bytes name)
{
    static const char own[] = "keyfold.";
    return name.size >= sizeof own - 1 && !memcmp(name.data, own, sizeof own - 1);
}

/* Whether a member before `before` has an entry of that name. KF_NOT_FOUND, KF_OK, KF_CORRUPT. */
static kf_status in_earlier(const kf_dict *const *dicts, size_t before, const char *name, size_t *culprit)
{
    kf_bytes content;
    for (size_t i = 0; i < before; i++) {
        kf_status status = kf_dict_metadata(dicts[i], name, &content);
        *culprit = i;
        if (status != KF_NOT_FOUND) return status;
    }
    *culprit = before;
    return KF_NOT_FOUND;
}

static kf_status copy_metadata_of(kf_builder *builder, const kf_dict *const *dicts, size_t i, kf_error *error)
{
    char text[256];
    kf_bytes name, content;
    for (size_t e = 0; ; e++) {
        size_t culprit = i;
        kf_status status = kf_dict_metadata_at(dicts[i], e, &name, &content);
        if (status == KF_NOT_FOUND) return KF_OK;
        if (!status && is_own(name)) continue;
        if (!status && (name.size >= sizeof text || memchr(name.data, 0, name.size))) status = KF_CORRUPT;
        if (!status) {
            memcpy(text, name.data, name.size);
            text[name.size] = 0;
            status = in_earlier(dicts, i, text, &culprit);
            if (!status) continue;
        }
        if (status != KF_NOT_FOUND)
            return kfi_fail(error, status, "dictionary %zu: its metadata is damaged", culprit);
        status = kf_builder_set_metadata(builder, text, content.data, content.size, error);
        if (status) return status;
    }
}

static kf_status copy_metadata(kf_builder *builder, const kf_dict *const *dicts, size_t count,
                               kf_error *error)
{
    kf_status status = KF_OK;
    for (size_t i = 0; i < count && !status; i++) status = copy_metadata_of(builder, dicts, i, error);
    return status;
}

typedef struct merger {
    kf_builder *builder;
    const kf_dict *const *dicts;
    kf_iter *iter;
    kf_value_type type;
    int weighted;
} merger;

/* Says what went wrong with the members; `key` may be NULL. */
static kf_status member_failed(const merger *m, kf_status status, const kf_bytes *key, kf_error *error)
{
    kf_iter *iter = m->iter;
    if (kfi_shards_told(m->dicts[kf_iter_match(iter)->source], status, error)) return status;
    if (status == KF_NO_MEMORY) return kfi_fail_memory(error, 0);
    if (status == KF_LIMIT) return kfi_fail_key(error, status, *key, "the sum of values is above 2^64-1");
    size_t source = kf_iter_match(iter)->source;
    if (key)
        return kfi_fail_key(error, status, *key, "dictionary %zu: its values contradict themselves", source);
    return kfi_fail(error, status, "dictionary %zu: its keys or values contradict themselves", source);
}

/* All members must have weights. Where some were given and others are values, they become given ones. */
static kf_weights weights_of(const kf_dict *const *dicts, size_t count)
{
    kf_weights weights = KF_WEIGHTS_VALUE;
    for (size_t i = 0; i < count; i++) {
        const kf_dict *d = dicts[i];
        const kf_weights own = d->shards ? (kf_weights)d->shards->weights
                               : !d->weights.has_section ? KF_WEIGHTS_NONE
                               : d->weights.own ? KF_WEIGHTS_GIVEN : KF_WEIGHTS_VALUE;
        if (own == KF_WEIGHTS_NONE) return own;
        if (own == KF_WEIGHTS_GIVEN) weights = own;
    }
    return weights;
}

static kf_status add_entry(merger *m, const kf_entry *entry, kf_error *error)
{
    kf_bytes key = entry->key, value = { NULL, 0 };
    uint64_t number = 0, weight = 0;
    kf_status status = KF_OK;
    if (m->weighted) status = kf_dict_weight_at(m->iter->dict, m->iter->ordinal, &weight);
    if (!status && m->type == KF_VALUES_U64) status = kf_iter_value_u64(m->iter, &number);
    else if (!status && m->type == KF_VALUES_BYTES) status = kf_iter_value(m->iter, &value);
    if (status) return member_failed(m, status, &key, error);
    if (m->type == KF_VALUES_U64 && m->weighted)
        return kf_builder_add_u64_weighted(m->builder, key.data, key.size, number, weight, error);
    if (m->type == KF_VALUES_U64) return kf_builder_add_u64(m->builder, key.data, key.size, number, error);
    if (m->weighted)
        return kf_builder_add_weighted(m->builder, key.data, key.size, value.data, value.size, weight, error);
    return kf_builder_add(m->builder, key.data, key.size, value.data, value.size, error);
}

static kf_status add_entries(merger *m, kf_error *error)
{
    kf_entry entry;
    kf_status status;
    while (!(status = kf_iter_next(m->iter, &entry))) {
        status = add_entry(m, &entry, error);
        if (status) return status;
    }
    return status == KF_END ? KF_OK : member_failed(m, status, NULL, error);
}

/* Whether nothing is asked for but the normal form that the members have. */
static kf_status check_normalise(const kf_build_options *build, const kf_dict *member, kf_error *error)
{
    uint32_t asked = build->normalise;
    kf_status status = kfi_normalise_flags(&asked, error);
    if (status || !asked || asked == member->header.normalise) return status;
    return kfi_fail(error, KF_INVALID, "the keys of the dictionaries are not in the normal form that was asked for: "
                    "a merge keeps theirs");
}

KFI_STRUCT_KIND(options_kind, kf_merge_options, KF_MERGE_OPTIONS_INIT, build, build);

kf_status kf_dict_merge(const char *path, const kf_dict *const *dicts, size_t count,
                   const kf_merge_options *options, kf_build_report *report, kf_error *error)
{
    kf_merge_options known;
    kf_build_options build;
    kf_set_options set = KF_SET_OPTIONS_INIT;
    merger m = { .dicts = dicts };
    kf_status status = kfi_options_read(&known, options, &options_kind, error);
    if (!status) status = kfi_build_options_read(&build, known.build, error);
    if (!status && report) status = kfi_build_report_check(report, error);
    if (status) return status;
    if (known.values == KF_SET_VALUES_ALL)
        return kfi_fail(error, KF_INVALID, "a dictionary has one value for a key, not all of the members'");
    set.values = known.values;
    set.within = known.within;
    status = kf_iter_create_set(&m.iter, known.operation, dicts, count, &set, error);
    if (!status) status = check_normalise(&build, dicts[0], error);
    if (status) goto out;
    build.value_type = m.type = kf_dict_value_type(dicts[0]);
    build.duplicates = KF_DUPLICATES_ERROR;
    build.normalise = dicts[0]->header.normalise;
    build.weights = weights_of(dicts, count);
    m.weighted = build.weights == KF_WEIGHTS_GIVEN;
    build.memory_limit = build_memory(dicts, count, build.memory_limit);
    status = kf_builder_create(&m.builder, path, &build, error);
    if (!status) status = copy_metadata(m.builder, dicts, count, error);
    if (!status) status = add_entries(&m, error);
out:
    /* Before the build's heaviest part. */
    kf_iter_destroy(&m.iter);
    if (!status) status = kf_builder_finish(m.builder, report, error);
    kf_builder_destroy(&m.builder);
    return status;
}
