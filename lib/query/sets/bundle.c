/* kf_bundle_write: a manifest over files, by what the public reading API says of them. */
#include <keyfold/bundle.h>

#include "base/options.h"
#include "base/path.h"
#include "format/shards.h"
#include "read/shards/shard_later.h"
#include "write/shards_writer.h"

#include <stdio.h>
#include <stdlib.h>

/* What is known of a member. */
typedef struct member {
    char *path;
    kfi_array first, last;
    kfi_header header;             /* the fields that a bundle needs */
    uint64_t shards;               /* at least 1 */
} member;

typedef struct bundling {
    const char *path;
    const kf_bundle_options *options;
    member *members;
    size_t count, capacity;
    uint64_t shards;
    kf_value_type value_type;      /* of all members */
    kf_weights weights;
    uint32_t normalise;
    kfi_metadata metadata;
    kf_error *error;
} bundling;

/* ---- metadata --------------------------------------------------------------------------------- */

/* The name of an entry as a string, to be freed. */
static kf_status name_of(const kf_dict *dict, size_t index, char **name, kf_bytes *content, kf_error *error)
{
    kf_bytes bytes;
    kf_status status = kf_dict_metadata_at(dict, index, &bytes, content);
    *name = NULL;
    if (status == KF_NOT_FOUND) return status;
    if (status) return kfi_fail(error, status, "metadata entry %zu is damaged", index);
    if (!bytes.size || memchr(bytes.data, 0, bytes.size))
        return kfi_fail(error, KF_CORRUPT, "the name of metadata entry %zu is damaged", index);
    *name = strndup((const char *)bytes.data, bytes.size);
    return *name ? KF_OK : kfi_fail_memory(error, bytes.size);
}

static const kfi_metadata_entry *find(const kfi_metadata *metadata, const char *name)
{
    for (size_t i = 0; i < metadata->count; i++)
        if (!strcmp(metadata->entries[i].name, name)) return &metadata->entries[i];
    return NULL;
}

static kf_status take_metadata(bundling *b, const kf_dict *dict)
{
    for (size_t i = 0;; i++) {
        char *name;
        kf_bytes content;
        kf_status status = name_of(dict, i, &name, &content, b->error);
        if (status == KF_NOT_FOUND) return KF_OK;
        if (!status)
            status = kfi_metadata_set(&b->metadata, KFI_METADATA_BYTES, name, content.data, content.size, b->error);
        free(name);
        if (status) return status;
    }
}

static int same_content(const kfi_metadata_entry *entry, kf_bytes content)
{
    return entry && entry->size == content.size
           && (!content.size || !memcmp(entry->data, content.data, content.size));
}

static kf_status metadata_differs(bundling *b, const char *name, const char *path)
{
    return kfi_fail(b->error, KF_INVALID, "'%s' differs from the members before it in the metadata entry '%s'",
                    path, name);
}

/* Compares a further member's entries with those so far, or drops those that differ. */
static kf_status compare_metadata(bundling *b, const kf_dict *dict, const char *path)
{
    int must_agree = b->options->metadata == KF_BUNDLE_METADATA_SAME;
    kfi_metadata kept = { 0 };
    kf_status status = KF_OK;
    for (size_t i = 0; i < b->metadata.count && !status; i++) {
        const kfi_metadata_entry *entry = &b->metadata.entries[i];
        kf_bytes content;
        status = kf_dict_metadata(dict, entry->name, &content);
        int same = !status && same_content(entry, content);
        if (status == KF_NOT_FOUND) status = KF_OK;
        if (status) kfi_fail(b->error, status, "the metadata of '%s' are damaged", path);
        else if (same) status = kfi_metadata_set(&kept, entry->type, entry->name, entry->data, entry->size, b->error);
        else if (must_agree) status = metadata_differs(b, entry->name, path);
    }
    for (size_t i = 0; must_agree && !status; i++) {
        char *name;
        kf_bytes content;
        status = name_of(dict, i, &name, &content, b->error);
        if (!status && !find(&b->metadata, name)) status = metadata_differs(b, name, path);
        free(name);
    }
    if (status == KF_NOT_FOUND) status = KF_OK;
    kfi_metadata_free(&b->metadata);
    b->metadata = kept;
    return status;
}

/* ---- members ---------------------------------------------------------------------------------- */

static kf_status copy_key(const kf_dict *dict, uint64_t ordinal, kf_buffer *buffer, kfi_array *out,
                          const char *path, kf_error *error)
{
    kf_bytes key;
    kf_status status = kf_dict_key_at(dict, ordinal, buffer, &key);
    if (status) return kfi_fail(error, status, "a key of '%s' cannot be read: %s", path, kf_status_name(status));
    return kfi_array_append(out, key.data, key.size, error);
}

/* Notes what kind of dictionary the bundle is, or that a member is of another kind. */
static kf_status check_kind(bundling *b, const kf_dict *dict, const kf_dict_stat *stat, size_t index,
                            const char *path)
{
    if (stat->is_manifest && !kfi_shards_entry(dict->shards, 0))
        return kfi_fail(b->error, KF_INVALID, "'%s' is a manifest of files that have shards, which can't be a member: "
                        "name the files", path);
    if (!index) {
        b->value_type = stat->value_type;
        b->weights = stat->weights;
        b->normalise = (uint32_t)stat->normalise;
        return b->options->metadata == KF_BUNDLE_METADATA_NONE ? KF_OK : take_metadata(b, dict);
    }
    if (stat->value_type != b->value_type)
        return kfi_fail(b->error, KF_INVALID, "the values of '%s' are of another type than those of the members "
                        "before it", path);
    if (stat->normalise != b->normalise)
        return kfi_fail(b->error, KF_INVALID, "the keys of '%s' are in another normal form than those of the members "
                        "before it", path);
    if ((stat->weights == KF_WEIGHTS_GIVEN) != (b->weights == KF_WEIGHTS_GIVEN))
        return kfi_fail(b->error, KF_INVALID, "'%s' has %s weights, the members before it have%s", path,
                        stat->weights == KF_WEIGHTS_GIVEN ? "given" : "no given",
                        stat->weights == KF_WEIGHTS_GIVEN ? " none" : "");
    if (stat->weights != b->weights) b->weights = KF_WEIGHTS_NONE;   /* maxima are not in all of them */
    return b->options->metadata == KF_BUNDLE_METADATA_NONE ? KF_OK : compare_metadata(b, dict, path);
}

/* Sees to it that a message about a file names it. */
static kf_status name_file(kf_error *error, kf_status status, const char *path)
{
    char said[sizeof error->message];
    if (!error || strstr(error->message, path)) return status;
    memcpy(said, error->message, sizeof said);
    snprintf(error->message, sizeof error->message, "'%.120s': %.120s", path, said);
    return status;
}

/* The next member, which counts once b->count says so. */
static kf_status new_member(bundling *b, member **out, const char *path)
{
    if (b->count == b->capacity) {
        const size_t capacity = b->capacity ? 2 * b->capacity : 16;
        member *grown = realloc(b->members, capacity * sizeof *grown);
        if (!grown) return kfi_fail_memory(b->error, capacity * sizeof *grown);
        b->members = grown;
        b->capacity = capacity;
    }
    member *m = *out = &b->members[b->count];
    *m = (member){ .path = strdup(path) };
    return m->path ? KF_OK : kfi_fail_memory(b->error, strlen(path));
}

static kf_status count_member(bundling *b, const member *m)
{
    b->count++;
    b->shards += m->shards;
    if (b->shards <= KF_BUNDLE_LIMIT) return KF_OK;
    return kfi_fail(b->error, KF_LIMIT, "a bundle has at most %d members", KF_BUNDLE_LIMIT);
}

static void free_member(member *m)
{
    free(m->path);
    kfi_array_free(&m->first);
    kfi_array_free(&m->last);
}

/* What a manifest can't tell of each of its members it tells of all: so the first is counted as having it all. */
static kf_status add_entry(bundling *b, const char *manifest, const kfi_shard *e, const kfi_header *whole, int is_first)
{
    member *m;
    char *path = kfi_path_beside(manifest, e->path);
    if (!path) return kfi_fail_memory(b->error, e->path.size);
    kf_status status = new_member(b, &m, path);
    free(path);
    if (status) return status;
    m->shards = 1;
    m->header = (kfi_header){
        .longest_key = whole->longest_key, .value_type = whole->value_type, .value_encoding = whole->value_encoding,
        .normalise = whole->normalise, .raw_key_bytes = is_first ? whole->raw_key_bytes : 0,
        .raw_value_bytes = is_first ? whole->raw_value_bytes : 0, .states = is_first ? whole->states : 0,
        .states_extra = is_first ? whole->states_extra : 0, .file_size = e->size, .keys = e->keys,
    };
    memcpy(m->header.build_id, e->build_id, sizeof e->build_id);
    status = kfi_array_append(&m->first, e->first.data, e->first.size, b->error);
    if (!status) status = kfi_array_append(&m->last, e->last.data, e->last.size, b->error);
    if (!status) return count_member(b, m);
    free_member(m);
    return status;
}

/* The members of a manifest stand in its place, and are not opened. */
static kf_status add_manifest(bundling *b, const kf_dict *dict, const char *path)
{
    kf_status status = KF_OK;
    char *real = kfi_path_real(path);
    if (!real) return kfi_fail_memory(b->error, strlen(path));
    for (size_t i = 0; i < dict->shards->count && !status; i++)
        status = add_entry(b, real, kfi_shards_entry(dict->shards, i), &dict->header, i == 0);
    free(real);
    return status;
}

static kf_status add_file(bundling *b, const kf_dict *dict, const kf_dict_stat *stat, const char *path)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    member *m;
    kf_status status = new_member(b, &m, path);
    if (status) return status;
    m->shards = stat->shards ? stat->shards : 1;
    m->header = dict->header;
    status = copy_key(dict, 0, &buffer, &m->first, path, b->error);
    if (!status) status = copy_key(dict, stat->keys - 1, &buffer, &m->last, path, b->error);
    kf_buffer_free(&buffer);
    if (!status) return count_member(b, m);
    free_member(m);
    return status;
}

static kf_status examine(bundling *b, const char *path, size_t index)
{
    kf_dict *dict;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    if (kfi_path_same(b->path, path))
        return kfi_fail(b->error, KF_INVALID, "'%s' can't be a member of itself", path);
    kf_status status = kf_dict_open(&dict, path, NULL, b->error);
    if (status) return name_file(b->error, status, path);
    status = kf_dict_get_outline(dict, &stat);
    if (!status) status = check_kind(b, dict, &stat, index, path);
    if (!status && stat.keys) status = stat.is_manifest ? add_manifest(b, dict, path) : add_file(b, dict, &stat, path);
    kf_dict_close(&dict);
    return status;
}

static kf_bytes bytes_of(const kfi_array *array) { return (kf_bytes){ array->data, array->size }; }

static int compare_members(const void *a, const void *b)
{
    const member *x = a, *y = b;
    return kfi_shard_compare(bytes_of(&x->first), bytes_of(&y->first));
}

static kf_status check_order(const bundling *b)
{
    for (size_t i = 1; i < b->count; i++) {
        const member *before = &b->members[i - 1], *m = &b->members[i];
        if (kfi_shard_compare(bytes_of(&before->last), bytes_of(&m->first)) >= 0)
            return kfi_fail_key(b->error, KF_INVALID, bytes_of(&m->first), "the keys of '%s' and '%s' overlap",
                                before->path, m->path);
    }
    return KF_OK;
}

static kf_status write_manifest(bundling *b)
{
    kfi_bundle *bundle;
    kf_status status = kfi_bundle_create(&bundle, b->path, 0, b->error);
    if (!status && !(b->options->flags & KF_BUNDLE_REPLACE_ANY)) status = kfi_bundle_protect(bundle, b->error);
    for (size_t i = 0; i < b->count && !status; i++) {
        const member *m = &b->members[i];
        char *name;
        status = kfi_path_between(&name, b->path, m->path, (b->options->flags & KF_BUNDLE_ABSOLUTE) != 0, b->error);
        if (!status)
            status = kfi_bundle_refer(bundle, name, &m->header, bytes_of(&m->first), bytes_of(&m->last), b->error);
        free(name);
    }
    if (!status) status = kfi_bundle_finish(bundle, &b->metadata, b->weights, NULL, b->error);
    kfi_bundle_destroy(&bundle);
    return status;
}

KFI_STRUCT_KIND(options_kind, kf_bundle_options, KF_BUNDLE_OPTIONS_INIT, metadata, metadata);

kf_status kf_bundle_write(const char *path, const char *const *members, size_t count, const kf_bundle_options *options,
                    kf_error *error)
{
    kf_bundle_options known;
    kf_status status = kfi_options_read(&known, options, &options_kind, error);
    if (status) return status;
    if (known.flags & ~(uint32_t)(KF_BUNDLE_ABSOLUTE | KF_BUNDLE_REPLACE_ANY))
        return kfi_fail(error, KF_INVALID, "unknown flags for a bundle: %#x", known.flags);
    if ((unsigned)known.metadata > KF_BUNDLE_METADATA_NONE)
        return kfi_fail(error, KF_INVALID, "what becomes of the metadata is out of range");
    if (!path || !*path || !members || !count) return kfi_fail(error, KF_INVALID, "no path or no members");
    bundling b = { .path = path, .options = &known, .error = error };
    if (count > KF_BUNDLE_LIMIT)
        return kfi_fail(error, KF_LIMIT, "a bundle has at most %d members", KF_BUNDLE_LIMIT);
    for (size_t i = 0; i < count && !status; i++) {
        if (!members[i]) status = kfi_fail(error, KF_INVALID, "member %zu has no path", i);
        else status = examine(&b, members[i], i);
    }
    if (b.count) qsort(b.members, b.count, sizeof *b.members, compare_members);
    if (!status) status = check_order(&b);
    if (!status) status = write_manifest(&b);
    for (size_t i = 0; i < b.count; i++) free_member(&b.members[i]);
    free(b.members);
    kfi_metadata_free(&b.metadata);
    return status;
}
