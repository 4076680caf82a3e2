#include "names/write/token_blocks.h"

typedef struct tokens {
    const kfi_token_list *list;
    kfi_token_walk walk;
} tokens;

static kf_status begin(void *self, kf_error *error)
{
    tokens *t = self;
    return kfi_token_walk_begin(&t->walk, t->list, error);
}

static kf_status next(void *self, kf_bytes *key, uint32_t *id, kf_error *error)
{
    tokens *t = self;
    kf_status status = kfi_token_walk_next(&t->walk, error);
    *key = t->walk.token;
    *id = t->walk.id;
    return status;
}

static void end(void *self)
{
    tokens *t = self;
    kfi_token_walk_end(&t->walk);
}

kf_status kfi_token_blocks_write(const kfi_token_list *list, const kfi_sort_options *sort, uint32_t *places,
                                 kfi_writer *writer, kf_error *error)
{
    tokens t = { .list = list };
    const kfi_block_source source = { &t, begin, next, end, list->count, KFI_BLOCK_LENGTH, places };
    return kfi_blocks_write(&source, sort, writer, error);
}
