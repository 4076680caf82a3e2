#include "write/sharded.h"

#include "base/thread.h"
#include "write/shards_writer.h"

#include <stdlib.h>

enum {
    LEAST_KEYS = 1 << 25,          /* fewer are not divided unless that is asked for */
    SHARD_KEYS = 1 << 24,
    MOST_BY_ITSELF = 32,           /* opening a file takes some 10 us a shard */
    WORTH_LOOKING = 8 << 20,       /* bytes of the file */
    REPORT_MILLISECONDS = 100
};

typedef struct shard {
    kfi_key_range range;
    kf_status status;
    kf_error error;
    int done;                      /* changed under the monitor */
    kfi_image *image;              /* kept for its bounds */
    kfi_output *output;            /* NULL: there are no such keys */
    uint64_t told;                 /* keys that the count of all has */
} shard;

typedef struct sharded {
    const kfi_sharded_options *options;
    kfi_sorter *sorter;
    kfi_monitor monitor;
    shard shards[KFI_SHARDED_MOST];
    kf_bytes dividers[KFI_SHARDED_MOST];
    unsigned count, next;          /* next: the first that nobody has taken; under the monitor */
    unsigned threads;
    _Atomic unsigned end;          /* shards from this one on are not wanted any more */
    _Atomic uint64_t keys;         /* of all images so far */
    uint64_t written, bytes, keys_embedded;   /* images that are in the file, and theirs */
} sharded;

int kfi_sharded_is_worth(unsigned shards, uint64_t pairs)
{
    return shards > 1 ? pairs > 1 : !shards && pairs >= LEAST_KEYS;
}

unsigned kfi_sharded_threads(const kfi_sharded_options *options)
{
    uint64_t most = kfi_budget_shards(options->memory);
    unsigned threads = options->threads < KFI_SHARDED_MOST ? options->threads : KFI_SHARDED_MOST;
    if (threads > most) threads = (unsigned)most;
    return threads ? threads : 1;
}

unsigned kfi_sharded_count(const kfi_sharded_options *options, uint64_t distinct)
{
    if (options->shards) return options->shards < distinct ? options->shards : (unsigned)distinct;
    if (distinct < LEAST_KEYS) return 1;
    uint64_t count = (distinct + SHARD_KEYS / 2) / SHARD_KEYS;
    return count < MOST_BY_ITSELF ? (unsigned)count : MOST_BY_ITSELF;
}

/* ---- one shard ---------------------------------------------------------------------------------- */

typedef struct shard_context { sharded *all; shard *own; } shard_context;

static kf_status tell_shard(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    const shard_context *c = context;
    (void)total;
    if (c->own - c->all->shards >= (ptrdiff_t)c->all->end)
        return kfi_cancelled(error);
    if (phase == KF_PHASE_MINIMISE) {
        c->all->keys += done - c->own->told;
        c->own->told = done;
    }
    return KF_OK;
}

static kf_status build_shard(sharded *all, shard *s)
{
    static const kfi_metadata no_metadata = { 0 };
    kfi_image_options options = all->options->image;
    shard_context context = { all, s };
    kfi_writer *writer = NULL;
    kfi_header header;
    kf_error *error = &s->error;
    options.shares = kfi_budget_shard(all->options->memory, all->threads, options.weights == KF_WEIGHTS_GIVEN);
    options.threads = all->options->threads / all->threads;
    options.progress = (kfi_progress){ .tell = tell_shard, .context = &context };
    kf_status status = kfi_image_create(&s->image, &options, error);
    if (!status) status = kfi_sorter_scan(all->sorter, &s->range, kfi_image_add, s->image, error);
    if (s->image) status = kfi_image_end(s->image, status, error);
    if (status || !kfi_image_keys(s->image)) return status;
    status = kfi_writer_create_image(&writer, options.folder, kfi_image_sections(s->image), options.account, error);
    if (!status) status = kfi_image_write(s->image, &no_metadata, writer, &header, error);
    if (!status) s->output = kfi_writer_take_image(writer);
    kfi_writer_destroy(&writer);
    return status;
}

/* ---- threads ------------------------------------------------------------------------------------ */

static void refuse_from(sharded *all, unsigned end)
{
    unsigned before = all->end;
    while (end < before && !atomic_compare_exchange_weak(&all->end, &before, end)) {}
}

static void work(void *context)
{
    sharded *all = context;
    kfi_monitor_lock(&all->monitor);
    while (all->next < all->count && all->next < all->end) {
        unsigned i = all->next++;
        shard *s = &all->shards[i];
        kfi_monitor_unlock(&all->monitor);
        s->status = build_shard(all, s);
        if (s->status) refuse_from(all, i + 1);   /* the lower ones may still find a lower key to refuse */
        kfi_monitor_lock(&all->monitor);
        s->done = 1;
        kfi_monitor_changed(&all->monitor);
    }
    kfi_monitor_unlock(&all->monitor);
}

/* Waits for a shard, telling how far all are. */
static kf_status wait_for(sharded *all, const shard *s, kf_error *error)
{
    kf_status status = KF_OK;
    const kfi_image_options *image = &all->options->image;
    kfi_progress progress = kfi_progress_stage(&image->progress, KF_PHASE_MINIMISE, image->expected, 0);
    kfi_monitor_lock(&all->monitor);
    while (!s->done && !status) {
        kfi_monitor_wait_for(&all->monitor, REPORT_MILLISECONDS);
        kfi_monitor_unlock(&all->monitor);
        status = kfi_progress_report(&progress, all->keys, error);
        kfi_monitor_lock(&all->monitor);
    }
    kfi_monitor_unlock(&all->monitor);
    return status;
}

/* What the file will have, as far as the images so far tell; and whether there is room for it. */
static kf_status project(const sharded *all, kf_error *error)
{
    const kfi_sharded_options *o = all->options;
    uint64_t now = o->image.account->now, more = 0;
    double times = (double)o->distinct / (double)all->keys_embedded;
    if (times > 1) more = (uint64_t)((double)all->bytes * (times - 1));
    *o->file_bytes = all->bytes + more;
    if (more < WORTH_LOOKING) return KF_OK;
    return kfi_room_for_result(&o->room, more - more / 10, now > o->kept ? now - o->kept : 0, error);
}

/* Puts the images into the file as they are ready, in order. */
static kf_status gather(sharded *all, kfi_bundle *bundle, kf_error *error)
{
    for (unsigned i = 0; i < all->count; i++) {
        shard *s = &all->shards[i];
        kf_bytes first, last;
        kf_status status = wait_for(all, s, error);
        if (status) return status;
        if (s->status && error) *error = s->error;
        if (s->status) return s->status;
        if (!s->output) continue;
        all->written++;
        kfi_image_bounds(s->image, &first, &last);
        status = kfi_bundle_embed(bundle, s->output, first, last, error);
        if (status) return status;
        all->bytes += kfi_output_offset(s->output);
        all->keys_embedded += kfi_image_keys(s->image);
        kfi_output_destroy(&s->output);
        kfi_image_destroy(&s->image);
        status = project(all, error);
        if (status) return status;
    }
    return KF_OK;
}

static kf_status run(sharded *all, kfi_bundle *bundle, kf_error *error)
{
    kfi_thread threads[KFI_SHARDED_MOST] = { { .started = 0 } };
    unsigned started = 0;
    while (started < all->threads && !kfi_thread_start(&threads[started], work, all, NULL)) started++;
    if (!started) work(all);   /* the system has no thread for us: it takes longer */
    kf_status status = gather(all, bundle, error);
    refuse_from(all, 0);
    for (unsigned i = 0; i < started; i++) kfi_thread_join(&threads[i]);
    return status;
}

kf_status kfi_sharded_write(const kfi_sharded_options *options, kfi_sorter *sorter, kfi_header *header,
                            uint64_t *shards, kf_error *error)
{
    kfi_bundle *bundle = NULL;
    kfi_progress writing = kfi_progress_stage(&options->image.progress, KF_PHASE_WRITE, 0, 0);
    sharded *all = calloc(1, sizeof *all);
    if (!all) return kfi_fail_memory(error, sizeof *all);
    all->options = options;
    all->sorter = sorter;
    all->threads = kfi_sharded_threads(options);
    all->count = 1 + (unsigned)kfi_key_sample_divide(kfi_sorter_sample(sorter), options->shards, all->dividers);
    all->end = all->count;
    for (unsigned i = 0; i < all->count; i++) {
        kfi_key_range *range = &all->shards[i].range;
        range->has_to = i + 1 < all->count;
        if (i) range->from = all->dividers[i - 1];
        if (range->has_to) range->to = all->dividers[i];
    }
    kf_status status = kfi_monitor_create(&all->monitor, error);
    if (status) goto out;
    status = kfi_bundle_create(&bundle, options->path, 1, error);
    if (!status && !options->replace_any) status = kfi_bundle_protect(bundle, error);
    if (!status && options->hurry) kfi_bundle_hurry(bundle);
    if (!status) status = run(all, bundle, error);
    *shards = all->written;
    if (!status) status = kfi_progress_report(&writing, 0, error);
    if (!status) status = kfi_bundle_finish(bundle, options->metadata, options->image.weights, header, error);
    kfi_bundle_destroy(&bundle);
    for (unsigned i = 0; i < all->count; i++) {
        kfi_output_destroy(&all->shards[i].output);
        kfi_image_destroy(&all->shards[i].image);
    }
    kfi_monitor_destroy(&all->monitor);
out:
    free(all);
    return status;
}
