#include "names/write/vocabulary_writer.h"

#include "base/hash.h"
#include "base/wide.h"

#include <stdlib.h>

enum { COPY_SIZE = 1 << 18, SEEDS = 16 };

/* ---- ids ---------------------------------------------------------------------------------------- */

static uint64_t hash_of(const kfi_token_table *t, kf_bytes token)
{
    return XXH3_64bits_withSeed(token.size ? token.data : (const uint8_t *)"", token.size, t->seed);
}

/* Where a hash is looked for first: a table of any size, so that it need not be larger than it has to be. */
static uint64_t place_of(const kfi_token_table *t, uint64_t hash)
{
    return kfi_wide_product(hash, t->capacity).high;
}

static uint64_t next_place(const kfi_token_table *t, uint64_t at) { return at + 1 == t->capacity ? 0 : at + 1; }

/* KF_DUPLICATE: two tokens have one hash. */
static kf_status insert_all(kfi_token_table *t, const kfi_token_list *list, kf_error *error)
{
    kfi_token_walk walk;
    kf_status status = kfi_token_walk_begin(&walk, list, error);
    memset(t->ids, 0xff, 4 * (size_t)t->capacity);
    while (!status && !(status = kfi_token_walk_next(&walk, error))) {
        const uint64_t hash = hash_of(t, walk.token);
        uint64_t at = place_of(t, hash);
        while (t->ids[at] != UINT32_MAX && t->hashes[at] != hash) at = next_place(t, at);
        if (t->ids[at] != UINT32_MAX) status = KF_DUPLICATE;
        t->hashes[at] = hash;
        t->ids[at] = walk.id;
    }
    kfi_token_walk_end(&walk);
    return status == KF_END ? KF_OK : status;
}

kf_status kfi_token_table_fill(kfi_token_table *t, const kfi_token_list *list, kf_error *error)
{
    kf_status status = KF_DUPLICATE;
    const uint64_t capacity = list->count + list->count / 3ull + 1;
    t->hashes = malloc((size_t)capacity * 8);
    t->ids = malloc((size_t)capacity * 4);
    if (!t->hashes || !t->ids) return kfi_fail_memory(error, (size_t)capacity * 12);
    t->capacity = capacity;
    for (t->seed = 0; status == KF_DUPLICATE && t->seed < SEEDS; t->seed += status == KF_DUPLICATE)
        status = insert_all(t, list, error);
    if (status == KF_DUPLICATE) return kfi_fail(error, KF_LIMIT, "tokens have equal hashes under %d seeds", SEEDS);
    return status;
}

uint32_t kfi_token_table_find(const kfi_token_table *t, kf_bytes token)
{
    const uint64_t hash = hash_of(t, token);
    uint64_t at = place_of(t, hash);
    while (t->hashes[at] != hash && t->ids[at] != UINT32_MAX) at = next_place(t, at);
    return t->ids[at];
}

void kfi_token_table_free(kfi_token_table *t)
{
    free(t->hashes);
    free(t->ids);
    *t = (kfi_token_table){ 0 };
}

/* ---- images ------------------------------------------------------------------------------------- */

static kf_status copy(kfi_output *image, kfi_writer *writer, kf_error *error)
{
    const uint64_t size = kfi_output_offset(image);
    kf_status status = KF_OK;
    uint8_t *buffer = malloc(COPY_SIZE);
    if (!buffer) return kfi_fail_memory(error, COPY_SIZE);
    for (uint64_t at = 0; at < size && !status; at += COPY_SIZE) {
        const size_t part = size - at < COPY_SIZE ? (size_t)(size - at) : COPY_SIZE;
        status = kfi_output_read(image, at, buffer, part, error);
        if (!status) status = kfi_writer_write(writer, buffer, part, error);
    }
    free(buffer);
    return status;
}

static kf_status add_tokens(const kfi_token_list *list, unsigned band, kfi_image *image, kf_error *error)
{
    kfi_token_walk walk;
    kf_status status = kfi_token_walk_begin(&walk, list, error);
    while (!status && !(status = kfi_token_walk_next(&walk, error)))
        if (walk.band == band) status = kfi_image_add(image, walk.token, (kf_bytes){ NULL, 0 }, error);
    kfi_token_walk_end(&walk);
    return status == KF_END ? KF_OK : status;
}

static kf_status make_image(const kfi_token_list *list, unsigned band, const kfi_image_options *options,
                            kfi_output **out, kf_error *error)
{
    static const kfi_metadata no_metadata = { 0 };
    kfi_image *image = NULL;
    kfi_writer *writer = NULL;
    kfi_header header;
    kf_status status = kfi_image_create(&image, options, error);
    if (!status) status = add_tokens(list, band, image, error);
    if (image) status = kfi_image_end(image, status, error);
    if (!status)
        status = kfi_writer_create_image(&writer, options->folder, kfi_image_sections(image), options->account, error);
    if (!status) status = kfi_image_write(image, &no_metadata, writer, &header, error);
    if (!status) *out = kfi_writer_take_image(writer);
    kfi_writer_destroy(&writer);
    kfi_image_destroy(&image);
    return status;
}

kf_status kfi_vocabulary_write_band(kfi_token_list *list, unsigned band, const kfi_image_options *options,
                                    kfi_writer *writer, kf_error *error)
{
    kfi_output *image = NULL;
    kf_status status = make_image(list, band, options, &image, error);
    list->bands[band].image = kfi_writer_position(writer);
    if (!status) list->bands[band].image_size = kfi_output_offset(image);
    if (!status) status = copy(image, writer, error);
    kfi_output_destroy(&image);
    return status;
}

kf_status kfi_vocabulary_write(kfi_token_list *list, const kfi_image_options *image, kfi_writer *writer,
                               kf_error *error)
{
    kf_status status = kfi_writer_begin(writer, KFI_SECTION_VOCABULARY, error);
    for (unsigned b = 0; b < KFI_BANDS && !status; b++)
        if (list->bands[b].count) status = kfi_vocabulary_write_band(list, b, image, writer, error);
    return status ? status : kfi_writer_end(writer, error);
}
