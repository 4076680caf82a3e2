#include "write/image.h"

#include "write/automaton/minimise.h"
#include "write/blocks/key_blocks.h"
#include "write/filter/filter_writer.h"
#include "write/keys/emit.h"
#include "write/metadata_writer.h"
#include "write/pipeline.h"
#include "write/values/values.h"

#include <stdlib.h>

enum { STATES_STEP = 4096 };       /* between two reports of progress */

struct kfi_image {
    kfi_image_options options;
    kfi_minimiser *minimiser;
    kfi_values *values;
    kfi_key_blocks *blocks;        /* NULL: none are wanted */
    kfi_filter_writer *filter;     /* the same */
    kfi_pipeline *pipeline;        /* to both; NULL: pairs go to them at once */
    kfi_automaton automaton;
    kfi_shared_table shared;
    kfi_key_plan plan;
    kfi_array first, last;         /* keys */
    uint64_t keys;
    kfi_progress adding;
};

static kf_status take_key(void *self, kf_bytes key, kf_bytes value, kf_error *error)
{
    kfi_image *image = self;
    (void)value;
    return kfi_minimiser_add(image->minimiser, key, error);
}

static kf_status take_value(void *self, kf_bytes key, kf_bytes value, kf_error *error)
{
    kfi_image *image = self;
    kf_status status = image->blocks ? kfi_key_blocks_add(image->blocks, key, error) : KF_OK;
    if (!status && image->filter) status = kfi_filter_writer_add(image->filter, key, error);
    return status ? status : kfi_values_add(image->values, value, error);
}

static kf_status create_pipeline(kfi_image *image, kf_error *error)
{
    static const kfi_stage stages[] = { take_key, take_value };
    const kfi_image_options *o = &image->options;
    /* Little is done before another thread is there, and without being copied to it. */
    if (o->threads < 2 || o->expected_bytes < o->shares.blocks / 4) return KF_OK;
    return kfi_pipeline_create(&image->pipeline, stages, 2, image, o->shares.blocks, o->threads - 1, error);
}

kf_status kfi_image_create(kfi_image **out, const kfi_image_options *o, kf_error *error)
{
    *out = NULL;
    kfi_image *image = calloc(1, sizeof *image);
    if (!image) return kfi_fail_memory(error, sizeof *image);
    image->options = *o;
    image->adding = kfi_progress_stage(&o->progress, KF_PHASE_MINIMISE, o->expected, KFI_PAIRS_STEP);
    kf_status status = kfi_minimiser_create(&image->minimiser, o->shares.minimiser, o->folder, o->account, error);
    if (!status) status = kfi_values_create(&image->values, o, error);
    if (!status && o->similarity)
        status = kfi_key_blocks_create(&image->blocks, o->shares.last_sorts, o->folder, o->account, error);
    if (!status && o->filter)
        status = kfi_filter_writer_create(&image->filter, o->shares.last_sorts, o->folder, o->account, error);
    if (!status) status = create_pipeline(image, error);
    if (status) kfi_image_destroy(&image);
    *out = image;
    return status;
}

kf_status kfi_image_add(void *self, kf_bytes key, kf_bytes value, kf_error *error)
{
    kfi_image *image = self;
    kf_status status;
    if (image->pipeline) {
        status = kfi_pipeline_give(image->pipeline, key, value, error);
    } else {
        status = take_key(image, key, value, error);
        if (!status) status = take_value(image, key, value, error);
    }
    if (!status && !image->keys) status = kfi_array_append(&image->first, key.data, key.size, error);
    return status ? status : kfi_progress_count(&image->adding, kfi_pair_work(value.size), ++image->keys, error);
}

kf_status kfi_image_end(kfi_image *image, kf_status status, kf_error *error)
{
    kf_error earlier = { 0 };
    if (!image->pipeline) return status;
    /* What fails in a stage fails for a pair before the one at which the adding ended. */
    kf_status failed = status == KF_CANCELLED ? KF_OK : kfi_pipeline_drain(image->pipeline, &earlier);
    kfi_pipeline_destroy(&image->pipeline);
    if (failed && error) *error = earlier;
    return failed ? failed : status;
}

uint64_t kfi_image_keys(const kfi_image *image) { return image->keys; }

void kfi_image_bounds(const kfi_image *image, kf_bytes *first, kf_bytes *last)
{
    *first = (kf_bytes){ image->first.data, image->first.size };
    *last = (kf_bytes){ image->last.data, image->last.size };
}

uint32_t kfi_image_sections(const kfi_image *image)
{
    return 6 + kfi_values_sections(image->values) + (image->blocks && kfi_key_blocks_fit(image->blocks))
         + (image->filter != NULL);
}

static kf_status tell_layout(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    const kfi_image *image = context;
    const kfi_progress *above = &image->options.progress;
    kf_status status = kfi_values_check(image->values, error);
    return status || !above->tell ? status : above->tell(above->context, phase, done, total, error);
}

static kf_status write_keys(kfi_image *image, kfi_writer *writer, kf_error *error)
{
    const kfi_image_shares *shares = &image->options.shares;
    kfi_progress progress = { tell_layout, image, KF_PHASE_LAYOUT, image->automaton.state_count, STATES_STEP, 0 };
    kf_status status = kfi_progress_report(&progress, 0, error);
    if (!status) status = kfi_shared_table_create(&image->shared, &image->automaton, shares->references, error);
    if (!status) status = kfi_key_plan_make(&image->plan, &image->automaton, &image->shared, shares->tails,
                                             image->options.effort, error);
    if (!status)
        status = kfi_keys_emit(&image->plan, &image->automaton, &image->shared, writer, &progress, error);
    kfi_key_plan_free(&image->plan);
    kfi_shared_table_free(&image->shared);
    kfi_automaton_destroy(&image->automaton);
    return status;
}

static kf_status finish_automaton(kfi_image *image, kf_error *error)
{
    kf_bytes last = kfi_minimiser_last(image->minimiser);
    kf_status status = kfi_array_append(&image->last, last.data, last.size, error);
    if (!status) status = kfi_minimiser_finish(image->minimiser, &image->automaton, error);
    kfi_minimiser_destroy(&image->minimiser);
    return status;
}

kf_status kfi_image_write(kfi_image *image, const kfi_metadata *metadata, kfi_writer *writer, kfi_header *header,
                          kf_error *error)
{
    *header = (kfi_header){ .keys = image->keys, .normalise = (uint8_t)image->options.normalise };
    kfi_values_start(image->values);
    kf_status status = finish_automaton(image, error);
    if (!status) status = kfi_metadata_write(metadata, writer, error);
    if (!status) status = write_keys(image, writer, error);
    if (!status) status = kfi_values_finish(image->values, writer, header, error);
    kfi_values_destroy(&image->values);
    if (!status && image->blocks) {
        status = kfi_key_blocks_write(image->blocks, writer, error);
        if (kfi_key_blocks_fit(image->blocks)) header->compatible |= KFI_COMPATIBLE_BLOCKS;
    }
    if (!status && image->filter) {
        status = kfi_filter_writer_write(image->filter, writer, error);
        header->compatible |= KFI_COMPATIBLE_FILTER;
    }
    kfi_progress writing = kfi_progress_stage(&image->options.progress, KF_PHASE_WRITE, 0, 0);
    if (!status) status = kfi_progress_report(&writing, 0, error);
    if (status) return status;
    const kfi_automaton *a = &image->automaton;
    header->longest_key = a->longest_key;
    header->raw_key_bytes = a->raw_key_bytes;
    header->states = a->state_count - a->orphans;
    header->states_extra = header->states > a->distinct ? header->states - a->distinct : 0;
    return kfi_writer_finish(writer, header, error);
}

void kfi_image_destroy(kfi_image **pointer)
{
    kfi_image *image = *pointer;
    if (!image) return;
    kfi_pipeline_destroy(&image->pipeline);
    kfi_minimiser_destroy(&image->minimiser);
    kfi_values_destroy(&image->values);
    kfi_key_blocks_destroy(&image->blocks);
    kfi_filter_writer_destroy(&image->filter);
    kfi_key_plan_free(&image->plan);
    kfi_shared_table_free(&image->shared);
    kfi_automaton_destroy(&image->automaton);
    kfi_array_free(&image->first);
    kfi_array_free(&image->last);
    free(image);
    *pointer = NULL;
}
