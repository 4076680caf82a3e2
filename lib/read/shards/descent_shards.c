#include "read/shards/descent_shards.h"

#include "read/shards/shard_later.h"

#include <stdlib.h>

enum { ROUTE_BYTES = 4, ROUTE_BITS = 10, ROUTED_TEXT = 2048 };
#define ROUTE_OPEN UINT32_MAX

kf_status kfi_text_shards_create(kfi_text_shards *t, const kfi_shards *shards, const uint8_t *text,
                                 size_t size)
{
    *t = (kfi_text_shards){ .shards = shards, .text = text, .size = size };
    t->member = calloc(shards->count, sizeof *t->member);
    if (!t->member) return KF_NO_MEMORY;
    const kf_dict *any;
    kf_status status = kfi_shards_member(shards, 0, &any);
    if (!status) status = kfi_descents_create(&t->table, &any->keys, any->search, text, size);
    if (status) return status;
    if (size < ROUTED_TEXT) return KF_OK;
    t->routes = calloc((size_t)1 << ROUTE_BITS, sizeof *t->routes);
    return t->routes ? KF_OK : KF_NO_MEMORY;
}

void kfi_text_shards_destroy(kfi_text_shards *t)
{
    for (size_t i = 0; t->member && i < t->shards->count; i++) free(t->member[i].before);
    kfi_descents_destroy(&t->table);
    free(t->member);
    free(t->routes);
    *t = (kfi_text_shards){ 0 };
}

static size_t route(const kfi_text_shards *t, size_t place)
{
    const kf_bytes rest = { t->text + place, t->size - place };
    if (!t->routes || rest.size < ROUTE_BYTES) return kfi_shard_of_key(t->shards, rest);
    const uint32_t bytes = kfi_load32(rest.data);
    kfi_shard_route *r = &t->routes[bytes * 0x9e3779b1u >> (32 - ROUTE_BITS)];
    if (!r->shard || r->bytes != bytes) {
        const kf_bytes few = { rest.data, ROUTE_BYTES };
        size_t shard = kfi_shard_of_key(t->shards, few);
        int whole = shard == kfi_shard_of_prefix_end(t->shards, few);
        *r = (kfi_shard_route){ bytes, whole ? (uint32_t)shard + 1 : ROUTE_OPEN };
    }
    return r->shard == ROUTE_OPEN ? kfi_shard_of_key(t->shards, rest) : r->shard - 1;
}

static kf_status find_before(const kfi_shards *shards, size_t shard, kfi_shard_descents *m)
{
    kf_bytes first = shards->first_key[shard];
    if (!shard) return KF_OK;
    first.size--;   /* all that begins this is below the first key, which is not empty, as there are keys below it */
    /* One of each length at most. */
    m->before = malloc((first.size + 1) * sizeof *m->before);
    if (!m->before) return KF_NO_MEMORY;
    return kfi_shards_prefixes(shards, first, m->before, first.size + 1, &m->before_count);
}

static kf_status make_ready(kfi_text_shards *t, size_t shard)
{
    const kfi_shards *shards = t->shards;
    kfi_shard_descents *m = &t->member[shard];
    const kf_dict *dict;
    kf_status status = kfi_shards_member(shards, shard, &dict);
    free(m->before);
    m->before = NULL;
    if (!status) status = find_before(shards, shard, m);
    if (status) return status;
    kfi_descents_join(&m->descents, &t->table, &dict->keys, dict->search, (uint32_t)shard + 1);
    m->ready = 1;
    return KF_OK;
}

kf_status kfi_text_shards_find(kfi_text_shards *t, size_t place, size_t *shard, size_t *before)
{
    *shard = route(t, place);
    *before = 0;
    const kfi_shard_descents *m = &t->member[*shard];
    if (__builtin_expect(!m->ready, 0)) {
        kf_status status = make_ready(t, *shard);
        if (status) return status;
    }
    if (!m->before_count) return KF_OK;
    const kf_bytes first = t->shards->first_key[*shard];
    const size_t left = t->size - place, most = first.size < left ? first.size : left;
    size_t shared = 0;
    while (shared < most && first.data[shared] == t->text[place + shared]) shared++;
    while (*before < m->before_count && m->before[*before].size <= shared) ++*before;
    return KF_OK;
}
