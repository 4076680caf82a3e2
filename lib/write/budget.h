/* Who gets what of a build's memory limit M. Everybody else takes a share from here and divides nothing.
 *
 *   while pairs are added          S   = M/2     sorter: the more it holds, the fewer runs. Its buffers and samples
 *                                                of keys; then, scanning, the buffers that runs are merged through
 *   while they are scanned, each of t images (t = 1: one image of all keys) has I = M/t, and C to choose by
 *                                  I/32          blocks of pairs on their way to the stages; 2 MiB are plenty
 *                                  I/4           minimiser: the register of states. Exact as long as it holds all
 *                                  C/8           values: distinct ones, samples, the window of zstd
 *                                  C/16 + C/16   the same, and weights, where both are columns
 *   then the sorter's half, or this image's part of it, is free
 *                                  I/4           counting the references to states
 *                                  C/2           training the tokens of tails
 *                                  I/4           sorting keys for blocks, then hashes for the filter, once all else is
 *                                                written
 *                                                values and weights go on in their share, side by side with that
 *
 *   C   is what encodings are chosen by, so files depend on it: it follows from M alone, not from t. M for one image;
 *       of several 512 MiB, but from M/32 to M/4 and 16 MiB at least. So t is at most M/C.
 *   a column of values or weights, V = C/8 or C/16
 *         V/4    distinct values: beyond that they are not looked at any more
 *         V/32   which one each value is; of more values they are looked up again
 *         V/16   a sample of values, by which encodings are compared; 4 MiB are plenty
 *         V/16   the window of zstd, for large values
 *         V/2    training tokens, on a sample of all values (8 MiB are plenty) or on the distinct ones
 *         12 MiB zstd's trainer of a dictionary, whatever its sample: only from V = 4 MiB on, of the rest below
 *   training holds up to 20 times its sample.
 *   the sorter, S: less its samples of keys, where they are small beside it, in b buffers (one, or with threads one
 *       more than threads that sort), B each, at most 1 GiB: waiting for a sort of more gains nothing
 *         B/64   a chunk of the buffer: so much may stay unused
 *         B/64   for writing a spool; B/512 a block of a run; B/256 for reading a run, at least
 *         B/64   a larger value goes to a spool of its own at once: it neither crowds the buffer nor is it copied by
 *                every merge
 *         B/16   sorted input that goes on extending a run is written out: that costs nothing and stays in the cache
 *         B/16   from one mark of a run to the next; B/8 from one checkpoint to the next
 *       of s scans side by side each merges within S/s, less what writing takes; a run gets at most 1 MiB of it
 *
 * An index of names, of its own M:
 *   while names are added
 *     M/4 + M/4     counting tokens: the table, and the sorter that takes what it can't hold
 *     M/32 + M/16   counting attributes, likewise
 *     M/8 + M/8     texts as they were given and payloads, each a column
 *   then texts and payloads stay, ids (M/8) are a column too, and one after another
 *     I, M/2        dictionaries of the tokens, each as an image of all keys above; sorting tokens for blocks, then ids
 *     M/8 to M/2    sorting names by their tokens: what the list of tokens leaves of M, less M/4 for what else there is
 *     M/2           lists of names by token, then by attribute
 *
 * The rest, and what a share does not use, is for what is small: buffers of spools (64 to 256 KiB each), the output's
 * buffer, zstd's own state, a part of the filter (4.7 MiB, when all else is done), endings (0.5 MiB), the allocator.
 * Everything follows M, so that tests with little go the same ways. */
#ifndef KFI_WRITE_BUDGET_H
#define KFI_WRITE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#define KFI_MEMORY_LEAST (16ull << 20)
#define KFI_MEMORY_DEFAULT (1ull << 30)

/* S of M. */
uint64_t kfi_budget_sorter(uint64_t limit);

typedef struct kfi_sort_shares {
    uint64_t scans;              /* of all together */
    uint64_t buffer;
    size_t smallest_chunk, largest_chunk;
    size_t block, run_buffer, spool_buffer;
    size_t large_value, early_spill;
    uint64_t mark_step, checkpoint_step;
} kfi_sort_shares;

/* Of S, `samples` bytes of which samples of keys take. */
kfi_sort_shares kfi_budget_sort(uint64_t memory, unsigned buffers, uint64_t samples);

typedef struct kfi_image_shares {
    uint64_t blocks, minimiser, values, weights;
    uint64_t references, tails;
    uint64_t last_sorts;
} kfi_image_shares;

/* Of M: one image of all keys, or one of `count` side by side. */
kfi_image_shares kfi_budget_image(uint64_t limit, int has_given_weights);
kfi_image_shares kfi_budget_shard(uint64_t limit, unsigned count, int has_given_weights);
/* How many images may be side by side. */
uint64_t kfi_budget_shards(uint64_t limit);

typedef struct kfi_column_shares {
    uint64_t distinct, order, window;
    size_t value_sample, token_sample, item_sample;   /* items: the distinct values */
    int has_dictionary;          /* of zstd */
} kfi_column_shares;

/* Of V. */
kfi_column_shares kfi_budget_column(uint64_t memory);

typedef struct kfi_names_shares {
    uint64_t tokens, token_sort, attributes, attribute_sort;
    uint64_t column;             /* each of texts, payloads, ids */
    uint64_t sort, lists;
} kfi_names_shares;

/* Of M, when the list of tokens holds `held` bytes; 0 as long as there is none. */
kfi_names_shares kfi_budget_names(uint64_t limit, uint64_t held);

/* The sample that tokens can be trained on within `memory`, at most `plenty`. */
size_t kfi_budget_training(uint64_t memory, uint64_t plenty);

#endif
