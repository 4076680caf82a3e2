#include "write/pipeline.h"

#include "base/bits.h"
#include "base/thread.h"

#include <stdlib.h>

enum { BLOCKS = 8, RECORD_HEAD = 8 };   /* a record: key size, value size (4 bytes each), key, value */

typedef struct block {
    uint8_t *data;             /* allocated when it is first needed */
    size_t used;
} block;

typedef struct stage {
    kfi_stage take;
    uint64_t done;             /* blocks; this and the rest are changed under the monitor */
    int busy;
    kf_status status;
    kf_error error;
} stage;

struct kfi_pipeline {
    kfi_monitor monitor;
    void *context;
    stage stages[KFI_PIPELINE_STAGES];
    unsigned stage_count;
    block blocks[BLOCKS];      /* block i lies at i % BLOCKS */
    size_t block_size;
    uint64_t filled;           /* blocks handed over; the next is the giver's. Under the monitor */
    int failed, stop;          /* under the monitor */
    kfi_thread workers[KFI_PIPELINE_STAGES];
    unsigned worker_count;
    int started;
};

kf_status kfi_pipeline_create(kfi_pipeline **out, const kfi_stage *stages, unsigned stage_count, void *context,
                              uint64_t memory, unsigned workers, kf_error *error)
{
    *out = NULL;
    kfi_pipeline *p = calloc(1, sizeof *p);
    if (!p) return kfi_fail_memory(error, sizeof *p);
    kf_status status = kfi_monitor_create(&p->monitor, error);
    if (status) {
        free(p);
        return status;
    }
    p->context = context;
    p->stage_count = stage_count;
    for (unsigned i = 0; i < stage_count; i++) p->stages[i].take = stages[i];
    p->block_size = (size_t)(memory / BLOCKS);
    p->worker_count = workers < stage_count ? workers : stage_count;
    *out = p;
    return KF_OK;
}

void kfi_pipeline_destroy(kfi_pipeline **pointer)
{
    kfi_pipeline *p = *pointer;
    if (!p) return;
    kfi_monitor_lock(&p->monitor);
    p->stop = 1;
    kfi_monitor_changed(&p->monitor);
    kfi_monitor_unlock(&p->monitor);
    for (unsigned i = 0; i < p->worker_count; i++) kfi_thread_join(&p->workers[i]);
    kfi_monitor_destroy(&p->monitor);
    for (unsigned i = 0; i < BLOCKS; i++) free(p->blocks[i].data);
    free(p);
    *pointer = NULL;
}

/* ---- stages ------------------------------------------------------------------------------------- */

static kf_status take_block(const kfi_pipeline *p, const stage *s, const block *b, kf_error *error)
{
    const uint8_t *at = b->data, *end = at + b->used;
    kf_status status = KF_OK;
    while (at < end && !status) {
        kf_bytes key = { at + RECORD_HEAD, kfi_load32(at) };
        kf_bytes value = { key.data + key.size, kfi_load32(at + 4) };
        at = value.data + value.size;
        status = s->take(p->context, key, value, error);
    }
    return status;
}

/* Locked: a stage that has something to do and is not at it, the one that is behind most; NULL: none. */
static stage *find_work(kfi_pipeline *p)
{
    stage *found = NULL;
    if (p->failed) return NULL;
    for (unsigned i = 0; i < p->stage_count; i++) {
        stage *s = &p->stages[i];
        if (!s->busy && s->done < p->filled && (!found || s->done < found->done)) found = s;
    }
    return found;
}

/* Locked, and unlocked meanwhile. */
static void work_once(kfi_pipeline *p, stage *s)
{
    kf_error error = { 0 };
    s->busy = 1;
    const block *b = &p->blocks[s->done % BLOCKS];
    kfi_monitor_unlock(&p->monitor);
    kf_status status = take_block(p, s, b, &error);
    kfi_monitor_lock(&p->monitor);
    s->busy = 0;
    s->done++;
    if (status) {
        s->status = status;
        s->error = error;
        p->failed = 1;
    }
    kfi_monitor_changed(&p->monitor);
}

static void run_worker(void *context)
{
    kfi_pipeline *p = context;
    kfi_monitor_lock(&p->monitor);
    while (!p->stop) {
        stage *s = find_work(p);
        if (s) work_once(p, s);
        else kfi_monitor_wait(&p->monitor);
    }
    kfi_monitor_unlock(&p->monitor);
}

/* Locked: works or waits until at most `most` blocks are not through all stages, or one stage has failed. */
static kf_status reduce(kfi_pipeline *p, uint64_t most, kf_error *error)
{
    for (;;) {
        uint64_t least = p->filled;
        int busy = 0;
        for (unsigned i = 0; i < p->stage_count; i++) {
            const stage *s = &p->stages[i];
            if (s->done < least) least = s->done;
            busy |= s->busy;
        }
        if (p->failed ? !busy : p->filled - least <= most) break;
        stage *s = find_work(p);
        if (s) work_once(p, s);
        else kfi_monitor_wait(&p->monitor);
    }
    for (unsigned i = 0; i < p->stage_count; i++) {
        const stage *s = &p->stages[i];
        if (!s->status) continue;
        if (error) *error = s->error;
        return s->status;
    }
    return KF_OK;
}

/* ---- giving ------------------------------------------------------------------------------------- */

static void start_workers(kfi_pipeline *p)
{
    p->started = 1;
    for (unsigned i = 0; i < p->worker_count; i++)
        if (kfi_thread_start(&p->workers[i], run_worker, p, NULL)) break;
}

/* Hands the giver's block over if there is anything in it, and waits until at most `most` are under way. */
static kf_status hand_over(kfi_pipeline *p, uint64_t most, kf_error *error)
{
    kfi_monitor_lock(&p->monitor);
    if (p->blocks[p->filled % BLOCKS].used) {
        p->filled++;
        kfi_monitor_changed(&p->monitor);
    }
    kf_status status = reduce(p, most, error);
    p->blocks[p->filled % BLOCKS].used = 0;
    kfi_monitor_unlock(&p->monitor);
    return status;
}

static kf_status give_directly(kfi_pipeline *p, kf_bytes key, kf_bytes value, kf_error *error)
{
    kf_status status = kfi_pipeline_drain(p, error);
    for (unsigned i = 0; i < p->stage_count && !status; i++)
        status = p->stages[i].take(p->context, key, value, error);
    return status;
}

kf_status kfi_pipeline_give(kfi_pipeline *p, kf_bytes key, kf_bytes value, kf_error *error)
{
    block *b = &p->blocks[p->filled % BLOCKS];
    if (key.size > p->block_size || value.size > p->block_size
        || RECORD_HEAD + key.size + value.size > p->block_size)
        return give_directly(p, key, value, error);
    size_t size = RECORD_HEAD + key.size + value.size;
    if (size > p->block_size - b->used) {
        if (!p->started) start_workers(p);
        kf_status status = hand_over(p, BLOCKS - 1, error);
        if (status) return status;
        b = &p->blocks[p->filled % BLOCKS];
    }
    if (!b->data && !(b->data = malloc(p->block_size))) return kfi_fail_memory(error, p->block_size);
    uint8_t *at = b->data + b->used;
    kfi_store32(at, (uint32_t)key.size);
    kfi_store32(at + 4, (uint32_t)value.size);
    kfi_copy(at + RECORD_HEAD, key.data, key.size);
    kfi_copy(at + RECORD_HEAD + key.size, value.data, value.size);
    b->used += size;
    return KF_OK;
}

kf_status kfi_pipeline_drain(kfi_pipeline *p, kf_error *error) { return hand_over(p, 0, error); }
