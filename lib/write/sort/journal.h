/* What a build that can be resumed has written down: which runs it has, and of which input.
 *
 *   JOURNAL  u64 magic | u32 version, runs, value type, weighted, duplicates, 0
 *            | u64 next order, dropped, large size, large hash | RUN... | u64 XXH3 of all before
 *   RUN      u64 spool, order, offset, size, longest key, longest field, largest block, hash, pairs, input hash
 *
 * All numbers are little-endian. */
#ifndef KFI_WRITE_SORT_JOURNAL_H
#define KFI_WRITE_SORT_JOURNAL_H

#include "base/array.h"

enum { KFI_JOURNAL_SPOOLS = 3, KFI_JOURNAL_MOST = 1 << 30 /* bytes */ };

typedef struct kfi_journal_run {
    uint64_t spool;            /* which */
    uint64_t order, offset, size, longest_key, longest_field, largest_block, hash;   /* as in kfi_run */
    uint64_t pairs;            /* of the input, up to the last one that the run has */
    uint64_t input_hash;       /* of these */
} kfi_journal_run;

typedef struct kfi_journal {
    uint32_t value_type, weighted, duplicates;
    uint64_t next_order;       /* of the first buffer that is not in the runs */
    uint64_t dropped;          /* pairs, by the policy, while the runs were written */
    uint64_t large_size, large_hash;   /* of the spool of large values */
    kfi_array runs;            /* of kfi_journal_run, in order */
} kfi_journal;

static inline size_t kfi_journal_count(const kfi_journal *journal)
{
    return journal->runs.size / sizeof(kfi_journal_run);
}

static inline kfi_journal_run *kfi_journal_at(const kfi_journal *journal, size_t i)
{
    return (kfi_journal_run *)(void *)journal->runs.data + i;
}

/* Pairs of the input that the runs cover. */
uint64_t kfi_journal_pairs(const kfi_journal *journal);
/* Bytes of a spool that the runs have. */
uint64_t kfi_journal_spool_size(const kfi_journal *journal, uint64_t spool);

/* Appends it to `out`. KF_NO_MEMORY. */
kf_status kfi_journal_write(const kfi_journal *journal, kfi_array *out, kf_error *error);
/* Nothing that it then says can make a reader allocate more than the spools' sizes and the longest keys warrant.
 * KF_CORRUPT, KF_UNSUPPORTED: another version. `journal` is zero-initialised and to be freed in any case. */
kf_status kfi_journal_read(kfi_journal *journal, kf_bytes bytes, kf_error *error);
void kfi_journal_free(kfi_journal *journal);

#endif
