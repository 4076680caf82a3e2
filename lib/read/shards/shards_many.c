/* Batches over shards. Each search in a batch runs in the shard of its key; those of a block go shard by shard (a
 * counting sort), so that what a shard's searches share stays in the caches. */
#include "read/shards/shard_later.h"

#include "format/shards.h"

enum { BLOCK = 512, NOWHERE = UINT16_MAX };

/* A block of keys and what is known of them, by shard. */
typedef struct block {
    kf_bytes key[BLOCK];
    const kfi_keys *keys[BLOCK];
    uint64_t first[BLOCK], ordinal[BLOCK];
    uint16_t owner[BLOCK];             /* its place in the batch */
    uint16_t shard[BLOCK];             /* of the batch's keys, in their order; NOWHERE if its filter says so */
    uint16_t end[KFI_SHARDS_LIMIT];
    const kfi_search_variant *search;  /* of all members */
} block;

/* `sorted`: how many there are, those that may be somewhere. */
static kf_status sort_by_shard(const kfi_shards *s, block *b, const kfi_key_batch *q, size_t begin, size_t count,
                               size_t *sorted)
{
    memset(b->end, 0, s->count * sizeof *b->end);
    for (size_t i = 0; i < count; i++) {
        const kf_bytes key = kfi_batch_key(q, begin + i);
        const kf_dict *member;
        b->shard[i] = (uint16_t)kfi_shard_of_key(s, key);
        kf_status status = kfi_shards_member(s, b->shard[i], &member);
        if (status) return status;
        b->search = member->search;
        if (member->filter.directory && !kfi_filter_passes(&member->filter, key)) b->shard[i] = NOWHERE;
        else b->end[b->shard[i]]++;
    }
    for (size_t k = 1; k < s->count; k++) b->end[k] = (uint16_t)(b->end[k] + b->end[k - 1]);
    *sorted = b->end[s->count - 1];
    for (size_t i = count; i--; ) {
        if (b->shard[i] == NOWHERE) continue;
        const uint16_t shard = b->shard[i], at = --b->end[shard];
        b->key[at] = kfi_batch_key(q, begin + i);
        b->keys[at] = &kfi_shards_opened(s, shard)->keys;
        b->first[at] = s->first[shard];
        b->owner[at] = (uint16_t)i;
    }
    return KF_OK;
}

kf_status kfi_shards_find_many(const kfi_shards *s, const kfi_key_batch *batch, size_t count, uint64_t *ordinals,
                               size_t *found)
{
    block b;
    kf_status result = KF_OK;
    *found = 0;
    for (size_t begin = 0; begin < count; begin += BLOCK) {
        size_t hits, size = count - begin < BLOCK ? count - begin : BLOCK;
        size_t some;
        kf_status status = sort_by_shard(s, &b, batch, begin, size, &some);
        if (status) return status;
        const kfi_key_batch sorted = { .list = b.key, .keys_of = b.keys };
        status = b.search->find_many(&sorted, some, b.ordinal, &hits);
        if (status) result = status;
        *found += hits;
        for (size_t i = 0; i < size; i++) ordinals[begin + i] = KF_ABSENT;
        for (size_t i = 0; i < some; i++)
            ordinals[begin + b.owner[i]] = b.ordinal[i] == KF_ABSENT ? KF_ABSENT : b.first[i] + b.ordinal[i];
    }
    return result;
}

/* ---- values ----------------------------------------------------------------------------------- */

/* Ordinals with the columns that have them; none for an ordinal that there isn't. */
typedef struct group {
    const kfi_column *column[KFI_COLUMN_GROUP];
    uint64_t ordinal[KFI_COLUMN_GROUP];
    size_t size;
} group;

/* A column for the places that need none. */
static kf_status any_column(const kfi_shards *s, const kfi_column **column)
{
    const kf_dict *member = NULL;
    kf_status status = KF_OK;
    for (size_t i = 0; i < s->count && !member; i++) member = kfi_shards_opened(s, i);
    if (!member) status = kfi_shards_member(s, 0, &member);
    if (!status) *column = member->column;
    return status;
}

static kf_status locate(const kfi_shards *s, const uint64_t *ordinals, size_t count, group *g)
{
    kf_status status = KF_OK;
    const kfi_column *any = NULL;
    g->size = count < KFI_COLUMN_GROUP ? count : KFI_COLUMN_GROUP;
    for (size_t i = 0; i < g->size; i++) {
        size_t shard = 0;
        g->ordinal[i] = KF_ABSENT;
        if (ordinals[i] < s->first[s->count]) {
            shard = kfi_shard_of_ordinal(s, ordinals[i]);
            g->ordinal[i] = ordinals[i] - s->first[shard];
        } else if (ordinals[i] != KF_ABSENT) {
            status = KF_NOT_FOUND;
        }
        g->column[i] = NULL;
        if (g->ordinal[i] == KF_ABSENT) continue;
        const kf_dict *member;
        kf_status opened = kfi_shards_member(s, shard, &member);
        if (opened) return opened;
        any = g->column[i] = member->column;
    }
    for (size_t i = 0; i < g->size; i++) {
        if (g->column[i]) continue;
        kf_status opened = any ? KF_OK : any_column(s, &any);
        if (opened) return opened;
        g->column[i] = any;
    }
    return status;
}

kf_status kfi_shards_u64_many(const kfi_shards *s, const uint64_t *ordinals, size_t count, uint64_t *values)
{
    kf_status result = KF_OK;
    group g;
    for (size_t i = 0; i < count; i += g.size) {
        kf_status located = locate(s, ordinals + i, count - i, &g);
        if (located && located != KF_NOT_FOUND) return located;
        kf_status status = kfi_column_u64_group(g.column, g.ordinal, g.size, values + i);
        if (status || located) result = status ? status : located;
    }
    return result;
}

kf_status kfi_shards_bytes_many(const kfi_shards *s, const uint64_t *ordinals, size_t count, kf_buffer *data,
                                uint64_t *ends)
{
    kf_status status = KF_OK;
    kfi_column_gather gather;
    group g;
    kfi_column_gather_begin(&gather, data, ends);
    for (size_t i = 0; !status && i < count; i += g.size) {
        status = locate(s, ordinals + i, count - i, &g);
        if (!status) status = kfi_column_gather_group(&gather, g.column, g.ordinal, g.size);
    }
    kfi_column_gather_end(&gather);
    return status;
}
