#include "write/budget.h"

/* One of so many parts, in bounds. */
static uint64_t part(uint64_t memory, unsigned parts, uint64_t least, uint64_t most)
{
    uint64_t size = memory / parts;
    return size < least ? least : size > most ? most : size;
}

uint64_t kfi_budget_sorter(uint64_t limit) { return limit / 2; }

kfi_sort_shares kfi_budget_sort(uint64_t memory, unsigned buffers, uint64_t samples)
{
    if (memory > 8 * samples) memory -= samples;
    uint64_t buffer = part(memory, buffers, 0, buffers > 1 ? 1 << 30 : UINT64_MAX);
    return (kfi_sort_shares){
        .scans = memory,
        .buffer = buffer,
        .smallest_chunk = part(buffer, 64, 256, 64 << 10),
        .largest_chunk = part(buffer, 64, 256, 4 << 20),
        .block = part(buffer, 512, 512, 32 << 10),
        .run_buffer = part(buffer, 256, 1 << 10, 64 << 10),
        .spool_buffer = part(buffer, 64, 4 << 10, 256 << 10),
        .large_value = part(buffer, 64, 256, 1 << 20),
        .early_spill = part(buffer, 16, 1 << 10, 1 << 20),
        .mark_step = part(buffer, 16, 1 << 10, 1 << 20),
        .checkpoint_step = part(buffer, 8, 1 << 10, 64 << 20),
    };
}

static kfi_image_shares image_shares(uint64_t memory, uint64_t choice, int has_given_weights)
{
    return (kfi_image_shares){
        .blocks = part(memory, 32, 0, 2 << 20),
        .minimiser = memory / 4,
        .values = choice / (has_given_weights ? 16 : 8),
        .weights = choice / 16,
        .references = memory / 4,
        .tails = choice / 2,
        .last_sorts = memory / 4,
    };
}

kfi_image_shares kfi_budget_image(uint64_t limit, int has_given_weights)
{
    return image_shares(limit, limit, has_given_weights);
}

/* C of several images. */
static uint64_t choice_memory(uint64_t limit)
{
    uint64_t most = part(limit, 4, KFI_MEMORY_LEAST, UINT64_MAX);
    uint64_t wanted = part(limit, 32, 512 << 20, UINT64_MAX);
    return wanted < most ? wanted : most;
}

kfi_image_shares kfi_budget_shard(uint64_t limit, unsigned count, int has_given_weights)
{
    return image_shares(limit / count, choice_memory(limit), has_given_weights);
}

uint64_t kfi_budget_shards(uint64_t limit) { return limit / choice_memory(limit); }

size_t kfi_budget_training(uint64_t memory, uint64_t plenty) { return part(memory, 20, 0, plenty); }

kfi_names_shares kfi_budget_names(uint64_t limit, uint64_t held)
{
    const uint64_t others = limit / 4 + held, free = limit > others ? limit - others : 0;
    return (kfi_names_shares){
        .tokens = limit / 4,
        .token_sort = limit / 4,
        .attributes = limit / 32,
        .attribute_sort = limit / 16,
        .column = limit / 8,
        .sort = free < limit / 8 ? limit / 8 : free < limit / 2 ? free : limit / 2,
        .lists = limit / 2,
    };
}

kfi_column_shares kfi_budget_column(uint64_t memory)
{
    return (kfi_column_shares){
        .distinct = memory / 4,
        .order = memory / 32,
        .window = memory / 16,
        .value_sample = part(memory, 16, 0, 4 << 20),
        .token_sample = kfi_budget_training(memory / 2, 8 << 20),
        .item_sample = kfi_budget_training(memory / 2, SIZE_MAX),
        .has_dictionary = memory >= 4 << 20,
    };
}
