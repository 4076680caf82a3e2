/* Opening shards: what the section SHARDS says of an image or a file is compared with what its header says. */
#include "read/shards/shard_set.h"

#include "base/path.h"
#include "format/shards.h"
#include "read/plain.h"
#include "read/shards/shards_verify.h"

#include <stdio.h>
#include <stdlib.h>

/* The section SHARDS of a file, decoded. */
typedef struct directory {
    kfi_shard *entries;
    size_t count;
    unsigned weights;
    const uint8_t *images;     /* NULL: the entries name files */
    uint64_t images_offset;
} directory;

typedef struct opening {
    kf_dict *whole;
    kfi_shards *shards;
    const char *path;          /* of the outer file */
    uint32_t flags;
    size_t capacity;           /* of the arrays in `shards` */
    kf_error *error;
} opening;

kf_status kfi_shards_blame(kf_error *error, kf_status status, size_t shard, kf_bytes path)
{
    char said[sizeof error->message], name[100] = "";
    if (!error || !status) return status;
    memcpy(said, error->message, sizeof said);
    snprintf(name, sizeof name, "%.*s", (int)(path.size < sizeof name ? path.size : sizeof name - 1),
             path.size ? (const char *)path.data : "");
    /* An error of the system names the file already. */
    if (path.size && !strstr(said, name))
        snprintf(error->message, sizeof error->message, "shard %zu ('%s'): %.*s", shard, name,
                 (int)sizeof said - 160, said);
    else
        snprintf(error->message, sizeof error->message, "shard %zu: %.*s", shard, (int)sizeof said - 30, said);
    return status;
}

/* ---- the directory ---------------------------------------------------------------------------- */

static kf_status read_directory(directory *out, const kfi_mapping *mapping, const kfi_header *header,
                                kf_error *error)
{
    const kfi_section *shards = kfi_header_section(header, KFI_SECTION_SHARDS);
    const kfi_section *images = kfi_header_section(header, KFI_SECTION_IMAGES);
    uint64_t keys = 0;
    *out = (directory){ 0 };
    if (!shards) return kfi_fail(error, KF_CORRUPT, "the section of shards is missing");
    if (images && !images->size) return kfi_fail(error, KF_CORRUPT, "the section of images is empty");
    const uint8_t *section = mapping->data + shards->offset;
    kf_status status = kfi_shards_count(section, shards->size, &out->count, &out->weights, error);
    if (status) return status;
    out->entries = malloc(out->count * sizeof *out->entries);
    if (!out->entries) return kfi_fail_memory(error, out->count * sizeof *out->entries);
    if (images) out->images_offset = images->offset;
    if (images) out->images = mapping->data + images->offset;
    status = kfi_shards_decode(section, shards->size, images ? images->size : 0, out->entries, error);
    for (size_t i = 0; i < out->count && !status; i++) keys += out->entries[i].keys;
    if (!status && keys != header->keys)
        status = kfi_fail(error, KF_CORRUPT, "the shards have %llu keys, but the header says %llu",
                          (unsigned long long)keys, (unsigned long long)header->keys);
    return status;
}

/* Whether header and entry speak of the same dictionary. `other`: what it is if they don't, KF_REPLACED of a file, and
 * of an image, which can't be replaced, KF_CORRUPT. */
static kf_status check_identity(const opening *o, const kfi_header *h, const kfi_shard *e, kf_status other)
{
    if (h->keys == e->keys && h->file_size == e->size && !memcmp(h->build_id, e->build_id, sizeof e->build_id))
        return KF_OK;
    return kfi_fail(o->error, other, "this is not the dictionary that was put in here: it was replaced since");
}

/* ---- members ---------------------------------------------------------------------------------- */

static int weights_agree(const kf_dict *d, unsigned weights)
{
    if (weights == KF_WEIGHTS_GIVEN) return d->weights.own != NULL;
    return !d->weights.own && (weights == KF_WEIGHTS_NONE || d->weights.has_section);
}

static int grow(void **array, size_t count, size_t size)
{
    void *grown = realloc(*array, count * size);
    if (grown) *array = grown;
    return grown != NULL;
}

static kf_status make_room(opening *o)
{
    kfi_shards *s = o->shards;
    if (s->count < o->capacity) return KF_OK;
    size_t n = o->capacity ? 2 * o->capacity : 16;
    if (!grow((void **)&s->member, n, sizeof *s->member) || !grow((void **)&s->first, n + 1, sizeof *s->first)
        || !grow((void **)&s->first_key, n, sizeof *s->first_key)
        || !grow((void **)&s->last_key, n, sizeof *s->last_key)
        || !grow((void **)&s->path, n, sizeof *s->path) || !grow((void **)&s->slice, n, sizeof *s->slice))
        return kfi_fail_memory(o->error, n * sizeof *s->first_key);
    o->capacity = n;
    return KF_OK;
}

/* Adds the plain dictionary in `mapping`, which is taken over. `path` names the file that it is in or is. For `other`
 * see check_identity. */
static kf_status add_member(opening *o, kfi_mapping mapping, const kfi_shard *e, kf_bytes path, kf_status other)
{
    kfi_shards *s = o->shards;
    const kfi_header *whole = &o->whole->header;
    kf_dict *d = NULL;
    kf_status status = s->count < KFI_SHARDS_LIMIT ? make_room(o)
                       : kfi_fail(o->error, KF_LIMIT, "there are more than %d shards", KFI_SHARDS_LIMIT);
    if (status) kfi_mapping_close(&mapping);
    else status = kfi_plain_open(&d, mapping, o->error);
    if (!status) status = check_identity(o, &d->header, e, other);
    if (!status && (d->header.value_type != whole->value_type || d->header.longest_key > whole->longest_key))
        status = kfi_fail(o->error, KF_CORRUPT, "keys or values are not of the kind that the whole has");
    if (!status && d->header.normalise != whole->normalise)
        status = kfi_fail(o->error, KF_CORRUPT, "the keys are not in the normal form that the whole has");
    if (status) {
        kfi_plain_close(&d);
        return status;
    }
    size_t i = s->count++;
    s->member[i] = d;
    s->first_key[i] = e->first;
    s->last_key[i] = e->last;
    s->path[i] = path;
    return KF_OK;
}

/* Images lie in `mapping`, which stays. */
static kf_status add_images(opening *o, const kfi_mapping *mapping, const directory *dir, kf_bytes path)
{
    kf_status status = KF_OK;
    for (size_t i = 0; i < dir->count && !status; i++) {
        const kfi_shard *e = &dir->entries[i];
        uint64_t offset = dir->images_offset + e->offset;
        status = add_member(o, kfi_mapping_part(mapping, offset, e->size), e, path, KF_CORRUPT);
        if (!status && !weights_agree(o->shards->member[o->shards->count - 1], dir->weights))
            status = kfi_fail(o->error, KF_CORRUPT, "the weights are not of the kind that the whole has");
        if (!status) continue;
        if (o->error && o->error->offset != UINT64_MAX) o->error->offset += offset;
        return kfi_shards_blame(o->error, status, i, (kf_bytes){ NULL, 0 });
    }
    return status;
}

/* ---- files that a manifest names -------------------------------------------------------------- */

/* A file whose images become members; its mapping is taken over. */
static kf_status add_sharded_file(opening *o, kfi_mapping *mapping, const kfi_header *header,
                                  const kfi_shard *e)
{
    kfi_shards *s = o->shards;
    directory dir = { 0 };
    kf_status status = KF_OK;
    if (!grow((void **)&s->file, s->files + 1, sizeof *s->file)) {
        kfi_mapping_close(mapping);
        return kfi_fail_memory(o->error, (s->files + 1) * sizeof *s->file);
    }
    s->file[s->files++] = (kfi_shards_file){ *mapping, *header };
    const kfi_shards_file *file = &s->file[s->files - 1];
    status = check_identity(o, header, e, KF_REPLACED);
    if (!status) status = read_directory(&dir, &file->mapping, header, o->error);
    if (!status && !dir.images) status = kfi_fail(o->error, KF_CORRUPT, "it is a manifest, which can't be a shard");
    if (!status && (kfi_shard_compare(dir.entries[0].first, e->first)
                    || kfi_shard_compare(dir.entries[dir.count - 1].last, e->last)))
        status = kfi_fail(o->error, KF_CORRUPT, "its first or last key is not the one that it should be");
    if (!status) status = add_images(o, &file->mapping, &dir, e->path);
    free(dir.entries);
    return status;
}

static kf_status add_file(opening *o, const kfi_shard *e)
{
    kfi_mapping mapping;
    kfi_header header;
    char *path = kfi_path_beside(o->path, e->path);
    if (!path) return kfi_fail_memory(o->error, e->path.size);
    kf_status status = kfi_mapping_open(&mapping, path, o->flags, o->error);
    free(path);
    if (status) return status;
    status = kfi_header_parse(&header, mapping.data, mapping.size, o->error);
    if (status) {
        kfi_mapping_close(&mapping);
        return status;
    }
    if (header.incompatible & KFI_FEATURE_SHARDS) return add_sharded_file(o, &mapping, &header, e);
    return add_member(o, mapping, e, e->path, KF_REPLACED);
}

static kf_status add_files(opening *o, const directory *dir)
{
    kf_status status = KF_OK;
    for (size_t i = 0; i < dir->count && !status; i++) {
        size_t from = o->shards->count;
        status = add_file(o, &dir->entries[i]);
        for (; !status && from < o->shards->count; from++)
            if (!weights_agree(o->shards->member[from], dir->weights))
                status = kfi_fail(o->error, KF_CORRUPT, "the weights are not of the kind that the whole has");
        if (status) return kfi_shards_blame(o->error, status, i, dir->entries[i].path);
    }
    return status;
}

/* ---- the whole -------------------------------------------------------------------------------- */

kf_status kfi_shards_open(kf_dict *dict, const char *path, uint32_t flags, kf_error *error)
{
    directory dir = { 0 };
    kfi_shards *s = calloc(1, sizeof *s);
    if (!s) return kfi_fail_memory(error, sizeof *s);
    char *real = path ? kfi_path_real(path) : NULL;   /* a link to a manifest finds what is beside the manifest */
    opening o = { dict, s, real ? real : path, flags, 0, error };
    dict->shards = s;
    kf_status status = read_directory(&dir, &dict->mapping, &dict->header, error);
    if (!status && dict->header.longest_key > KFI_KEY_LIMIT)
        status = kfi_fail(error, KF_CORRUPT, "the longest key is longer than the format allows");
    if (!status && !dir.images && !path)
        status = kfi_fail(error, KF_INVALID, "a manifest names files by where it lies itself: open it by its path");
    if (!status) status = dir.images ? add_images(&o, &dict->mapping, &dir, (kf_bytes){ NULL, 0 })
                                     : add_files(&o, &dir);
    if (!status) kfi_shards_index(s);
    s->weights = dir.weights;
    free(real);
    free(dir.entries);
    return status;
}

void kfi_shards_close(kfi_shards **pointer)
{
    kfi_shards *s = *pointer;
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) kfi_plain_close(&s->member[i]);
    for (size_t i = 0; i < s->files; i++) kfi_mapping_close(&s->file[i].mapping);
    free(s->member);
    free(s->first);
    free(s->first_key);
    free(s->last_key);
    free(s->path);
    free(s->slice);
    free(s->file);
    free(s);
    *pointer = NULL;
}

int kfi_shards_same_files(const kfi_shards *a, const kfi_shards *b)
{
    if (!a || !b) return a == b;
    if (a->count != b->count || a->files != b->files) return 0;
    for (size_t i = 0; i < a->files; i++)
        if (!kfi_mapping_is_same(&a->file[i].mapping, &b->file[i].mapping)) return 0;
    for (size_t i = 0; i < a->count; i++) {
        const kfi_mapping *x = &a->member[i]->mapping, *y = &b->member[i]->mapping;
        if (x->borrowed != y->borrowed) return 0;   /* what is borrowed is a part of what was compared */
        if (!x->borrowed && !kfi_mapping_is_same(x, y)) return 0;
    }
    return 1;
}
