/* Pairs on their way through stages that work side by side.
 *
 *   give -> block ... block -> stage 0          Blocks lie in a ring. Each stage takes every block once, in
 *                          \-> stage 1          order; which thread does that is whoever is free: a worker, or
 *                                               the giver when the ring is full, and at the end.
 *
 * Workers are started when the first block is full; where the system has none, the giver does everything. A block
 * is free again once all stages had it, so what is under way is bounded by the ring. A pair larger than a block
 * goes to the stages by itself, after all before it. */
#ifndef KFI_WRITE_PIPELINE_H
#define KFI_WRITE_PIPELINE_H

#include "base/error.h"

typedef struct kfi_pipeline kfi_pipeline;

enum { KFI_PIPELINE_STAGES = 2 };

/* Takes one pair. A stage is at work in one thread at a time. */
typedef kf_status (*kfi_stage)(void *context, kf_bytes key, kf_bytes value, kf_error *error);

/* `memory`: bytes of all blocks. `workers`: threads besides the caller's. */
kf_status kfi_pipeline_create(kfi_pipeline **out, const kfi_stage *stages, unsigned stage_count, void *context,
                              uint64_t memory, unsigned workers, kf_error *error);
/* Copies the pair. Also returns what has failed in a stage since; then nothing but destroy makes sense. */
kf_status kfi_pipeline_give(kfi_pipeline *pipeline, kf_bytes key, kf_bytes value, kf_error *error);
/* Returns when all stages had all pairs, or one has failed. */
kf_status kfi_pipeline_drain(kfi_pipeline *pipeline, kf_error *error);
/* Waits for the stages to be done with what they are at; other blocks are given up. */
void kfi_pipeline_destroy(kfi_pipeline **pipeline);

#endif
