#include "names/write/token_count.h"

#include "base/array.h"
#include "base/bits.h"
#include "base/hash.h"

#include <stdlib.h>

enum { LEAST_SLOTS = 1 << 10 };

typedef struct entry {
    uint64_t hash;
    uint64_t text;             /* offset of its bytes */
    uint32_t size;
    uint32_t count;            /* 0: free */
    uint32_t last;             /* name that was counted, from 1 */
} entry;

struct kfi_token_count {
    kfi_sorter *sorter;
    uint64_t memory;
    entry *slots;
    uint64_t capacity, used;
    kfi_array text;
    uint32_t name;
};

static kf_status make_table(kfi_token_count *c, uint64_t capacity, kf_error *error)
{
    entry *old = c->slots, *slots = calloc((size_t)capacity, sizeof *slots);
    if (!slots) return kfi_fail_memory(error, (size_t)capacity * sizeof *slots);
    for (uint64_t i = 0; i < c->capacity; i++) {
        if (!old[i].count) continue;
        uint64_t at = old[i].hash & (capacity - 1);
        while (slots[at].count) at = (at + 1) & (capacity - 1);
        slots[at] = old[i];
    }
    free(old);
    c->slots = slots;
    c->capacity = capacity;
    return KF_OK;
}

kf_status kfi_token_count_create(kfi_token_count **out, uint64_t memory, const kfi_sort_options *sort,
                                 kf_error *error)
{
    kfi_token_count *c = *out = calloc(1, sizeof *c);
    if (!c) return kfi_fail_memory(error, sizeof *c);
    c->memory = memory;
    kf_status status = kfi_sorter_create(&c->sorter, sort, error);
    if (!status) status = make_table(c, LEAST_SLOTS, error);
    if (!status) status = kfi_array_reserve(&c->text, 1, error);   /* empty tokens lie in it too */
    if (status) kfi_token_count_destroy(out);
    return status;
}

/* Hands all counts to the sorter, which adds up those of equal tokens. */
static kf_status flush(kfi_token_count *c, kf_error *error)
{
    kf_status status = KF_OK;
    for (uint64_t i = 0; i < c->capacity && !status; i++) {
        const entry *e = &c->slots[i];
        uint8_t count[8];
        if (!e->count) continue;
        kfi_store64(count, e->count);
        status = kfi_sorter_add(c->sorter, (kf_bytes){ c->text.data + e->text, e->size },
                                (kf_bytes){ count, sizeof count }, error);
    }
    memset(c->slots, 0, (size_t)c->capacity * sizeof *c->slots);
    c->used = c->text.size = 0;
    return status;
}

static kf_status insert(kfi_token_count *c, entry *at, uint64_t hash, kf_bytes token, kf_error *error)
{
    kf_status status = kfi_array_append(&c->text, token.data, token.size, error);
    if (status) return status;
    *at = (entry){ hash, c->text.size - token.size, (uint32_t)token.size, 1, c->name };
    return ++c->used > c->capacity / 4 * 3 ? make_table(c, 2 * c->capacity, error) : KF_OK;
}

static kf_status count_token(kfi_token_count *c, kf_bytes token, kf_error *error)
{
    const uint64_t hash = XXH3_64bits(token.size ? token.data : (const uint8_t *)"", token.size);
    for (uint64_t at = hash & (c->capacity - 1); ; at = (at + 1) & (c->capacity - 1)) {
        entry *e = &c->slots[at];
        if (!e->count) return insert(c, e, hash, token, error);
        if (e->hash != hash || e->size != token.size) continue;
        if (token.size && memcmp(c->text.data + e->text, token.data, token.size)) continue;
        e->count += e->last != c->name;
        e->last = c->name;
        return KF_OK;
    }
}

kf_status kfi_token_count_add(kfi_token_count *c, const kf_bytes *tokens, uint32_t number, kf_error *error)
{
    kf_status status = KF_OK;
    c->name++;
    for (uint32_t i = 0; i < number && !status; i++) status = count_token(c, tokens[i], error);
    if (!status && c->text.size + c->used * 2 * sizeof *c->slots > c->memory) status = flush(c, error);
    return status;
}

kf_status kfi_token_count_finish(kfi_token_count *c, kfi_pair_sink sink, void *context, kf_error *error)
{
    kf_status status = flush(c, error);
    free(c->slots);
    c->slots = NULL;
    kfi_array_free(&c->text);
    return status ? status : kfi_sorter_finish(c->sorter, sink, context, error);
}

void kfi_token_count_destroy(kfi_token_count **pointer)
{
    kfi_token_count *c = *pointer;
    if (!c) return;
    kfi_sorter_destroy(&c->sorter);
    free(c->slots);
    kfi_array_free(&c->text);
    free(c);
    *pointer = NULL;
}
