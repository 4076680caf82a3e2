/* Dictionaries of a model's keys in several shards: parts as files of their own, embedded or under a manifest.
 * Include after scratch.h, shapes.h and model.h. */
#ifndef TESTS_SUPPORT_SHARD_FILES_H
#define TESTS_SUPPORT_SHARD_FILES_H

#include "base/file.h"
#include "write/shards_writer.h"

#include <keyfold/bundle.h>

enum { SHARDS_MOST = 9, SHARDS_MEMORY = 64 << 20 };

/* A model cut into parts: part k has the keys from[k] .. from[k + 1] - 1. */
typedef struct shards_cut {
    size_t count;
    size_t from[SHARDS_MOST + 1];
    kf_weights weights;
} shards_cut;

static inline const char *shards_part_name(size_t k)
{
    static char names[4][32];
    static unsigned turn;
    char *name = names[turn++ % 4];
    snprintf(name, sizeof names[0], "part%zu.kf", k);
    return name;
}

/* The keys from .. to-1 of the model as the file `name`. */
static inline void shards_build_part(const model *m, kf_weights weights, size_t from, size_t to, const char *name)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    uint8_t *room = malloc(MODEL_VALUE_MAX);
    options.value_type = m->type;
    options.value_encoding = m->encoding;
    options.memory_limit = SHARDS_MEMORY;
    options.weights = weights;
    kf_status status = kf_builder_create(&builder, scratch_path(name), &options, &error);
    if (!status) status = kf_builder_set_metadata(builder, "entry 1", "of all parts", 12, &error);
    if (!status) status = kf_builder_set_metadata(builder, "entry 2", "", 0, &error);
    for (size_t i = from; i < to && !status; i++) {
        kf_bytes key = m->set.keys[i], value = { NULL, 0 };
        int given = weights == KF_WEIGHTS_GIVEN;
        if (m->type == KF_VALUES_BYTES) value = model_string(m, i, room);
        if (m->type == KF_VALUES_U64 && given)
            status = kf_builder_add_u64_weighted(builder, key.data, key.size, model_number(m, i), model_weight(m, i),
                                                 &error);
        else if (m->type == KF_VALUES_U64)
            status = kf_builder_add_u64(builder, key.data, key.size, model_number(m, i), &error);
        else if (given)
            status = kf_builder_add_weighted(builder, key.data, key.size, value.data, value.size, model_weight(m, i),
                                             &error);
        else
            status = kf_builder_add(builder, key.data, key.size, value.data, value.size, &error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    MUST(!status, "%s: %s: %s", m->name, kf_status_name(status), error.message);
    kf_builder_destroy(&builder);
    free(room);
}

/* Cuts at `count` - 1 drawn places (fewer where there are fewer keys), half of them, if possible, between a key
 * and one that it begins. The model has at least one key. */
static inline void shards_draw_cut(model *m, shards_cut *cut, size_t count)
{
    key_set *s = &m->set;
    size_t places[SHARDS_MOST + 1], n = 0;
    if (count > s->count) count = s->count;
    while (n + 1 < count) {
        size_t at = 1 + set_below(s, s->count - 1);
        for (unsigned tries = 0; tries < 40 && n % 2; tries++) {
            if (bytes_shared(s->keys[at - 1], s->keys[at]) == s->keys[at - 1].size) break;
            at = 1 + set_below(s, s->count - 1);
        }
        for (size_t i = 0; i < n; i++)   /* the next one that is not there yet */
            if (places[i] == at) at = 1 + at % (s->count - 1), i = SIZE_MAX;
        places[n++] = at;
    }
    cut->count = count;
    cut->from[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = i + 1;
        while (k > 1 && cut->from[k - 1] > places[i]) cut->from[k] = cut->from[k - 1], k--;
        cut->from[k] = places[i];
    }
    cut->from[count] = s->count;
}

static inline void shards_build_parts(const model *m, const shards_cut *cut)
{
    for (size_t k = 0; k < cut->count; k++)
        shards_build_part(m, cut->weights, cut->from[k], cut->from[k + 1], shards_part_name(k));
}

/* An image of a file's bytes. */
static inline kfi_output *shards_image(const char *name)
{
    kfi_output *image;
    size_t size;
    uint8_t *data = scratch_read(name, &size);
    ck_assert_int_eq(kfi_output_create_nameless(&image, scratch, NULL, NULL), KF_OK);
    ck_assert_int_eq(kfi_output_write(image, data, size, NULL), KF_OK);
    ck_assert_int_eq(kfi_output_finish(image, NULL), KF_OK);
    free(data);
    return image;
}

/* Parts low .. high-1, which are files already, embedded into the file `name`. */
static inline void shards_embed(const model *m, const shards_cut *cut, size_t low, size_t high, const char *name)
{
    kfi_bundle *bundle;
    kfi_metadata metadata = { 0 };
    kf_error error = { 0 };
    kf_status status = kfi_bundle_create(&bundle, scratch_path(name), 1, &error);
    for (size_t k = low; k < high && !status; k++) {
        kfi_output *image = shards_image(shards_part_name(k));
        kf_bytes first = m->set.keys[cut->from[k]], last = m->set.keys[cut->from[k + 1] - 1];
        status = kfi_bundle_embed(bundle, image, first, last, &error);
        kfi_output_destroy(&image);
    }
    if (!status) status = kfi_metadata_set(&metadata, KFI_METADATA_BYTES, "entry 1", "of all parts", 12, &error);
    if (!status) status = kfi_metadata_set(&metadata, KFI_METADATA_BYTES, "entry 2", "", 0, &error);
    if (!status) status = kfi_bundle_finish(bundle, &metadata, cut->weights, NULL, &error);
    MUST(!status, "%s: %s: %s", m->name, kf_status_name(status), error.message);
    kfi_metadata_free(&metadata);
    kfi_bundle_destroy(&bundle);
}

/* A manifest of files. */
static inline void shards_manifest(const char *name, const char *const *files, size_t count)
{
    const char *paths[SHARDS_MOST];
    kf_error error = { 0 };
    for (size_t k = 0; k < count; k++) paths[k] = strdup(scratch_path(files[k]));
    kf_status status = kf_bundle_write(scratch_path(name), paths, count, NULL, &error);
    MUST(!status, "%s: %s", kf_status_name(status), error.message);
    for (size_t k = 0; k < count; k++) free((void *)(uintptr_t)paths[k]);
}

/* The model as one file, as an embedded one ("embedded.kf"), and as a manifest of the parts, some of which are
 * together in a sharded file ("manifest.kfm"). */
static inline void shards_build_all(model *m, const shards_cut *cut)
{
    const char *files[SHARDS_MOST];
    size_t low = set_below(&m->set, cut->count), high = low + 1 + set_below(&m->set, cut->count - low), n = 0;
    shards_build_part(m, cut->weights, 0, m->set.count, "plain.kf");
    shards_build_parts(m, cut);
    shards_embed(m, cut, 0, cut->count, "embedded.kf");
    shards_embed(m, cut, low, high, "some.kf");
    for (size_t k = 0; k < cut->count; k++) {
        if (k == low) files[n++] = strdup("some.kf");
        if (k < low || k >= high) files[n++] = strdup(shards_part_name(k));
    }
    shards_manifest("manifest.kfm", files, n);
    while (n--) free((void *)(uintptr_t)files[n]);
}

#endif
