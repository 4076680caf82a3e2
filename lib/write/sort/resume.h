/* Sorting that a later process can go on with. Runs and large values lie in named files of a folder; from time to
 * time, when a buffer has become (a part of) a run, a checkpoint is made: the files are synced and a journal says
 * what is in them, and of how many pairs of which input.
 *
 *   keyfold.lock   keyfold.journal   keyfold.runs.N (a spiller's)   keyfold.values (large ones)
 *
 * Several spillers finish buffers in any order; a checkpoint covers those up to the first that is unfinished. A later
 * process cuts off what the journal does not tell of, and drops as many of the pairs that it is given again as the
 * journal covers, when they are the same. */
#ifndef KFI_WRITE_SORT_RESUME_H
#define KFI_WRITE_SORT_RESUME_H

#include "write/sort/journal.h"
#include "write/sort/sorter_parts.h"

/* Opens the folder, and what is in it. For errors see kf_builder_create. */
kf_status kfi_resume_open(kfi_sorter *sorter, kf_error *error);
/* Nothing is removed. */
void kfi_resume_close(kfi_sorter *sorter);

/* ---- adding; the caller's thread ---------------------------------------------------------------- */

/* Whether the next pair is covered already: if so, it was counted. KF_INVALID: the input is another one. */
kf_status kfi_resume_skip(kfi_sorter *sorter, kf_bytes key, kf_bytes value, int *skipped, kf_error *error);
/* The pair is in the buffer. */
void kfi_resume_count(kfi_sorter *sorter, kf_bytes key, kf_bytes value);
/* Whether the buffer should be spilled for a checkpoint, since so many large values or so much time went by. */
int kfi_resume_wants_spill(const kfi_sorter *sorter);
/* Before the buffer is handed over, and locked, when it is. */
kf_status kfi_resume_flush(kfi_sorter *sorter, kf_error *error);
void kfi_resume_hand_over(kfi_sorter *sorter, kfi_spiller *spiller);
/* All pairs were added. KF_INVALID: fewer than are covered. */
kf_status kfi_resume_check_end(const kfi_sorter *sorter, kf_error *error);

/* ---- spilling; the spillers' threads ------------------------------------------------------------- */

kf_status kfi_resume_create_runs(kfi_spiller *spiller, kf_error *error);
kf_status kfi_resume_create_large(kfi_sorter *sorter, kf_error *error);
/* The spiller's buffer, of so many bytes, is in its run; `dropped` pairs of it are not. */
kf_status kfi_resume_complete(kfi_spiller *spiller, uint64_t bytes, uint64_t dropped, kf_error *error);
/* A checkpoint of all that is complete, unless there is one. No spiller is at work. */
kf_status kfi_resume_checkpoint(kfi_sorter *sorter, kf_error *error);

#endif
