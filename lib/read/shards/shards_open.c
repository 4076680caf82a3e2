/* Opening shards: what the section SHARDS says of an image or a file is compared with what its header says. */
#include "read/shards/shard_later.h"

#include "base/path.h"
#include "format/shards.h"
#include "read/plain.h"
#include "read/shards/shards_verify.h"

#include <stdlib.h>

/* The section SHARDS of a file, decoded. */
typedef struct directory {
    kfi_shard *entries;
    size_t count;
    unsigned weights;
    int plain;                 /* a manifest of files without shards */
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
    kfi_shards_head head;
    kf_status status = kfi_shards_head_decode(section, shards->size, &head, error);
    if (status) return status;
    out->count = head.count;
    out->weights = head.weights;
    out->plain = head.plain;
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

/* ---- members ---------------------------------------------------------------------------------- */

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
    if (!o->capacity) s->first[0] = 0;
    o->capacity = n;
    return KF_OK;
}

/* There is room. */
static void add(kfi_shards *s, kf_dict *d, const kfi_shard *e, kf_bytes path)
{
    const size_t i = s->count++;
    atomic_init(&s->member[i], d);
    s->first[i + 1] = s->first[i] + e->keys;
    s->first_key[i] = e->first;
    s->last_key[i] = e->last;
    s->path[i] = path;
}

static int weights_agree(const kfi_shards *s, size_t shard, unsigned weights)
{
    return kfi_shard_weights_agree(kfi_shards_opened(s, shard), weights);
}

/* Adds the plain dictionary in `mapping`, which is taken over. `path` names the file that it is in or is. For `other`
 * see kfi_shard_identify. */
static kf_status add_member(opening *o, kfi_mapping mapping, const kfi_shard *e, kf_bytes path, kf_status other)
{
    kfi_shards *s = o->shards;
    kf_dict *d = NULL;
    kf_status status = s->count < KFI_SHARDS_LIMIT ? make_room(o)
                       : kfi_fail(o->error, KF_LIMIT, "there are more than %d shards", KFI_SHARDS_LIMIT);
    if (status) kfi_mapping_close(&mapping);
    else status = kfi_shard_open(&d, mapping, &o->whole->header, e, other, o->error);
    if (status) return status;
    add(s, d, e, path);
    return KF_OK;
}

/* Adds the files of a manifest that have no shards: each is opened when it is first touched. Takes dir->entries. */
static kf_status add_later(opening *o, directory *dir, const kf_open_options *options)
{
    kf_status status = KF_OK;
    for (size_t i = 0; i < dir->count && !status; i++) {
        status = make_room(o);
        if (!status) add(o->shards, NULL, &dir->entries[i], dir->entries[i].path);
    }
    if (!status)
        status = kfi_shards_later_create(o->shards, &o->whole->header, dir->entries, o->path, options, o->error);
    if (!status) dir->entries = NULL;
    if (!status && options->flags & (KF_OPEN_CHECK | KF_OPEN_IN_MEMORY | KF_OPEN_POPULATE | KF_OPEN_LOCK))
        status = kfi_shards_open_all(o->shards, o->error);
    return status;
}

/* Images lie in `mapping`, which stays. */
static kf_status add_images(opening *o, const kfi_mapping *mapping, const directory *dir, kf_bytes path)
{
    kf_status status = KF_OK;
    for (size_t i = 0; i < dir->count; i++) {
        const kfi_shard *e = &dir->entries[i];
        uint64_t offset = dir->images_offset + e->offset;
        status = add_member(o, kfi_mapping_part(mapping, offset, e->size), e, path, KF_CORRUPT);
        if (!status && !weights_agree(o->shards, o->shards->count - 1, dir->weights))
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
    s->file[s->files++] = (kfi_shards_file){ *mapping, *header, e->path, s->count };
    const kfi_shards_file *file = &s->file[s->files - 1];
    status = kfi_shard_identify(header, e, KF_REPLACED, o->error);
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
    for (size_t i = 0; i < dir->count; i++) {
        size_t from = o->shards->count;
        status = add_file(o, &dir->entries[i]);
        for (; !status && from < o->shards->count; from++)
            if (!weights_agree(o->shards, from, dir->weights))
                status = kfi_fail(o->error, KF_CORRUPT, "the weights are not of the kind that the whole has");
        if (status) return kfi_shards_blame(o->error, status, i, dir->entries[i].path);
    }
    return status;
}

/* ---- the whole -------------------------------------------------------------------------------- */

kf_status kfi_shards_open(kf_dict *dict, const char *path, const kf_open_options *options, kf_error *error)
{
    directory dir = { 0 };
    kfi_shards *s = calloc(1, sizeof *s);
    if (!s) return kfi_fail_memory(error, sizeof *s);
    char *real = path ? kfi_path_real(path) : NULL;   /* a link to a manifest finds what is beside the manifest */
    opening o = { dict, s, real ? real : path, options->flags, 0, error };
    dict->shards = s;
    kf_status status = read_directory(&dir, &dict->mapping, &dict->header, error);
    if (!status && dict->header.longest_key > KFI_KEY_LIMIT)
        status = kfi_fail(error, KF_CORRUPT, "the longest key is longer than the format allows");
    if (!status && !dir.images && !path)
        status = kfi_fail(error, KF_INVALID, "a manifest names files by where it lies itself: open it by its path");
    s->weights = dir.weights;
    if (!status) status = dir.images ? add_images(&o, &dict->mapping, &dir, (kf_bytes){ NULL, 0 })
                          : dir.plain ? add_later(&o, &dir, options) : add_files(&o, &dir);
    if (!status) kfi_shards_index(s);
    free(real);
    free(dir.entries);
    return status;
}

void kfi_shards_close(kfi_shards **pointer)
{
    kfi_shards *s = *pointer;
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) {
        kf_dict *member = atomic_load_explicit(&s->member[i], memory_order_relaxed);
        kfi_plain_close(&member);
    }
    kfi_shards_later_destroy(&s->later);
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
    if (!a) return !b;
    if (!b || a->count != b->count) return 0;   /* unreachable: the caller has compared the files that say it, */
    if (a->files != b->files) return 0;         /* unreachable: of which each is a file with shards or none */
    for (size_t i = 0; i < a->files; i++)
        if (!kfi_mapping_is_same(&a->file[i].mapping, &b->file[i].mapping)) return 0;
    for (size_t i = 0; i < a->count; i++) {
        /* What neither has open will be what the manifest says. */
        const kf_dict *of_a = kfi_shards_opened(a, i), *of_b = kfi_shards_opened(b, i);
        if (!of_a && !of_b) continue;
        if (kfi_shards_member(a, i, &of_a) || kfi_shards_member(b, i, &of_b)) return 0;
        const kfi_mapping *x = &of_a->mapping, *y = &of_b->mapping;
        /* What is borrowed is a part of what was compared. */
        if (!(x->borrowed & y->borrowed) && !kfi_mapping_is_same(x, y)) return 0;
    }
    return 1;
}
