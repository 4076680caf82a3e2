/* A tournament tree of losers that remembers common prefixes (Ng & Kakehi 2008).
 *
 *            tree[0]: the winner           Leaves are the runs, leaf i being node count + i; node n
 *               tree[1]                    plays the winners of nodes 2n and 2n+1, keeps the loser
 *          /              \                and passes the winner on.
 *      tree[2]          tree[3]
 *      /     \          /     \
 *    run 1  run 2    run 3   run 0
 *
 * Each run's `lcp` is what its current key shares with the key that beat it last or, for the runs
 * along the path of the winner, with the last key that was output. When two keys meet, both compare
 * to the same lower key: the one that shares more with it is the lower of the two, and only keys
 * that share equally much are compared, from there on. So no byte that a key shares with a
 * neighbour is looked at twice, and the output's lcp comes for free. */
#include "write/sort/run_merge.h"

#include <stdlib.h>

enum { LARGEST_BUFFER = 1 << 20, NODE_OVERHEAD = 256 };

struct kfi_merge {
    size_t count;
    kfi_run_reader *readers;
    uint32_t *tree;            /* count nodes */
    int *ended;
    int started;
    const kfi_key_range *range;
};

/* Allocated for a run besides its read buffer. */
static uint64_t fixed_memory(const kfi_run *run)
{
    return kfi_run_reader_memory(run) + sizeof(kfi_run_reader) + NODE_OVERHEAD;
}

static size_t least_buffer(const kfi_run *run, size_t smallest_buffer)
{
    return run->largest_block > smallest_buffer ? run->largest_block : smallest_buffer;
}

size_t kfi_merge_fan_in(const kfi_run *runs, size_t count, size_t smallest_buffer, uint64_t memory)
{
    uint64_t needed = 0;
    for (size_t i = 0; i < count; i++) {
        needed += fixed_memory(&runs[i]) + least_buffer(&runs[i], smallest_buffer);
        if (needed > memory) return i < 2 ? (count < 2 ? count : 2) : i;
    }
    return count;
}

/* ---- the tree ----------------------------------------------------------------------------- */

/* Whether run a's pair comes before run b's. The loser's lcp becomes relative to the winner. */
static int beats(kfi_merge *merge, uint32_t a, uint32_t b)
{
    kfi_sort_pair *x = &merge->readers[a].pair, *y = &merge->readers[b].pair;
    if (merge->ended[a] || merge->ended[b]) return !merge->ended[a];
    if (x->lcp != y->lcp) return x->lcp > y->lcp;
    size_t shorter = x->key_size < y->key_size ? x->key_size : y->key_size;
    size_t common = x->lcp + kfi_sort_common(x->key + x->lcp, y->key + x->lcp, shorter - x->lcp);
    int first;
    if (common < shorter) first = x->key[common] < y->key[common];
    else if (x->key_size != y->key_size) first = x->key_size < y->key_size;
    else first = a < b;        /* equal keys: in the order of adding */
    if (first) y->lcp = common;
    else x->lcp = common;
    return first;
}

/* Lets run `player` play its way up from its leaf. An empty node (only while the tree is filled)
 * keeps it until its opponent comes. */
static void play(kfi_merge *merge, uint32_t player)
{
    const uint32_t nobody = UINT32_MAX;
    for (size_t node = (merge->count + player) / 2; node; node /= 2) {
        uint32_t parked = merge->tree[node];
        if (parked == nobody) {
            merge->tree[node] = player;
            return;
        }
        if (!beats(merge, player, parked)) {
            merge->tree[node] = player;
            player = parked;
        }
    }
    merge->tree[0] = player;
}

static kf_status advance(kfi_merge *merge, uint32_t run, kf_error *error)
{
    kf_status status = kfi_run_reader_next(&merge->readers[run], error);
    if (status == KF_END) merge->ended[run] = 1;
    else if (status) return status;
    return KF_OK;
}

static kf_status start(kfi_merge *merge, kf_error *error)
{
    memset(merge->tree, 0xff, merge->count * sizeof *merge->tree);
    for (uint32_t i = 0; i < merge->count; i++) {
        const kf_bytes from = merge->range->from;
        kfi_sort_pair *pair = &merge->readers[i].pair;
        do {
            kf_status status = advance(merge, i, error);
            if (status) return status;
        } while (!merge->ended[i]
                 && kfi_sort_compare(pair->key, pair->key_size, from.data, from.size) < 0);
        pair->lcp = 0;
        play(merge, i);
    }
    merge->started = 1;
    return KF_OK;
}

kf_status kfi_merge_next(void *self, kfi_sort_pair *pair, kf_error *error)
{
    kfi_merge *merge = self;
    kf_status status;
    if (!merge->started) {
        status = start(merge, error);
    } else {
        status = advance(merge, merge->tree[0], error);
        if (!status && merge->count > 1) play(merge, merge->tree[0]);
    }
    if (status) return status;
    if (merge->ended[merge->tree[0]]) return KF_END;
    *pair = merge->readers[merge->tree[0]].pair;
    return KF_OK;
}

/* ---- life --------------------------------------------------------------------------------- */

/* What a run's read buffer may have more than the least that it must have. */
static size_t surplus_share(const kfi_run *runs, size_t count, size_t smallest_buffer,
                            uint64_t memory)
{
    uint64_t needed = 0;
    for (size_t i = 0; i < count; i++)
        needed += fixed_memory(&runs[i]) + least_buffer(&runs[i], smallest_buffer);
    uint64_t share = memory > needed ? (memory - needed) / count : 0;
    return share < LARGEST_BUFFER ? (size_t)share : LARGEST_BUFFER;
}

kf_status kfi_merge_create(kfi_merge **out, const kfi_run *runs, size_t count, const kfi_key_range *range,
                           size_t smallest_buffer, uint64_t memory, kf_value_type type,
                           kf_error *error)
{
    kf_status status = KF_OK;
    size_t share = surplus_share(runs, count, smallest_buffer, memory);

    *out = NULL;
    kfi_merge *merge = calloc(1, sizeof *merge);
    if (!merge) return kfi_fail_memory(error, sizeof *merge);
    merge->range = range;
    merge->readers = calloc(count, sizeof *merge->readers);
    merge->tree = calloc(count, sizeof *merge->tree);
    merge->ended = calloc(count, sizeof *merge->ended);
    if (!merge->readers || !merge->tree || !merge->ended) {
        status = kfi_fail_memory(error, count * sizeof *merge->readers);
        goto out;
    }
    for (; merge->count < count; merge->count++) {
        const kfi_run *run = &runs[merge->count];
        size_t size = least_buffer(run, smallest_buffer);
        if (size < LARGEST_BUFFER) size = size + share < LARGEST_BUFFER ? size + share : LARGEST_BUFFER;
        if (size > run->size) size = (size_t)run->size;
        status = kfi_run_reader_open(&merge->readers[merge->count], run, range, size, type, error);
        if (status) {
            merge->count++;
            goto out;
        }
    }
    *out = merge;
    merge = NULL;
out:
    kfi_merge_destroy(&merge);
    return status;
}

void kfi_merge_destroy(kfi_merge **pointer)
{
    kfi_merge *merge = pointer ? *pointer : NULL;
    if (!merge) return;
    for (size_t i = 0; i < merge->count; i++) kfi_run_reader_close(&merge->readers[i]);
    free(merge->readers);
    free(merge->tree);
    free(merge->ended);
    free(merge);
    *pointer = NULL;
}
