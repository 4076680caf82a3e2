/* Batches over shards. The lookups of a member are interleaved by its own batch call, so the keys of a block are
 * first put together by shard (a counting sort). */
#include "read/shards.h"

#include "format/shards.h"

enum { BLOCK = 1024, AHEAD = 16, GROUP = 32 };

typedef struct block {
    kf_bytes key[BLOCK];               /* by shard */
    uint64_t ordinal[BLOCK];
    uint16_t shard[BLOCK], owner[BLOCK];
    uint16_t end[KFI_SHARDS_LIMIT];    /* of each shard's part of `key` */
} block;

static kf_bytes key_of(const kf_bytes *list, const uint8_t *data, const uint64_t *offsets, size_t i)
{
    if (list) return list[i];
    return (kf_bytes){ data + offsets[i], (size_t)(offsets[i + 1] - offsets[i]) };
}

/* Looks up `count` keys that are one after the other in a member. */
static kf_status find_part(const kfi_shards *s, size_t shard, const kf_bytes *list, const uint8_t *data,
                           const uint64_t *offsets, size_t count, uint64_t *ordinals, size_t *hits)
{
    const kf_dict *d = s->member[shard];
    size_t found = 0;
    kf_status status = d->search->find_many(&d->keys, list, data, offsets, count, ordinals, &found);
    *hits += found;
    for (size_t i = 0; i < count; i++)
        if (ordinals[i] != KF_ABSENT) ordinals[i] += s->first[shard];
    return status;
}

/* Looks up a block's keys shard by shard. */
static kf_status find_mixed(const kfi_shards *s, block *b, const kf_bytes *list, const uint8_t *data,
                            const uint64_t *offsets, size_t count, uint64_t *ordinals, size_t *hits)
{
    kf_status result = KF_OK;
    memset(b->end, 0, s->count * sizeof *b->end);
    for (size_t i = 0; i < count; i++) b->end[b->shard[i]]++;
    for (size_t k = 1; k < s->count; k++) b->end[k] = (uint16_t)(b->end[k] + b->end[k - 1]);
    for (size_t i = count; i--; ) {
        uint16_t at = --b->end[b->shard[i]];
        b->key[at] = key_of(list, data, offsets, i);
        b->owner[at] = (uint16_t)i;
    }
    for (size_t at = 0; at < count; ) {
        size_t shard = b->shard[b->owner[at]];
        size_t end = shard + 1 < s->count ? b->end[shard + 1] : count;   /* all are where they begin now */
        kf_status status = find_part(s, shard, b->key + at, NULL, NULL, end - at, b->ordinal + at, hits);
        if (status) result = status;
        at = end;
    }
    for (size_t at = 0; at < count; at++) ordinals[b->owner[at]] = b->ordinal[at];
    return result;
}

kf_status kfi_shards_find_many(const kfi_shards *s, const kf_bytes *list, const uint8_t *data,
                               const uint64_t *offsets, size_t count, uint64_t *ordinals, size_t *found)
{
    block b;
    kf_status result = KF_OK;
    size_t hits = 0;
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t size = count - first < BLOCK ? count - first : BLOCK;
        const kf_bytes *part = list ? list + first : NULL;
        const uint64_t *part_offsets = list ? NULL : offsets + first;
        int mixed = 0;
        for (size_t i = 0; i < size; i++) {
            b.shard[i] = (uint16_t)kfi_shard_of_key(s, key_of(part, data, part_offsets, i));
            mixed |= b.shard[i] ^ b.shard[0];
        }
        kf_status status = mixed ? find_mixed(s, &b, part, data, part_offsets, size, ordinals + first, &hits)
                                 : find_part(s, b.shard[0], part, data, part_offsets, size, ordinals + first, &hits);
        if (status) result = status;
    }
    if (found) *found = hits;
    return result;
}

/* ---- values ----------------------------------------------------------------------------------- */

kf_status kfi_shards_u64_many(const kfi_shards *s, const uint64_t *ordinals, size_t count, uint64_t *values)
{
    const uint64_t all = s->first[s->count];
    kf_status result = KF_OK;
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count && ordinals[i + AHEAD] < all) {
            uint64_t ahead = ordinals[i + AHEAD];
            const kf_dict *d = kfi_shards_by_ordinal(s, &ahead);
            kfi_column_prefetch(d->column, ahead);
        }
        if (ordinals[i] == KF_ABSENT) continue;
        uint64_t ordinal = ordinals[i];
        kf_status status = KF_NOT_FOUND;
        if (ordinal < all) {
            const kf_dict *d = kfi_shards_by_ordinal(s, &ordinal);
            status = kfi_column_u64(d->column, ordinal, &values[i]);
        }
        if (status) result = status;
    }
    return result;
}

/* What values_at_many keeps: a cursor over the shard that the last value was in. */
typedef struct values {
    const kfi_shards *shards;
    kfi_column_cursor *cursor;
    const kf_dict *cursor_dict;
    kf_buffer buffer;
} values;

static kf_status value_of(values *v, uint64_t ordinal, kf_bytes *value)
{
    if (ordinal >= v->shards->first[v->shards->count]) return KF_NOT_FOUND;
    const kf_dict *d = kfi_shards_by_ordinal(v->shards, &ordinal);
    if (d != v->cursor_dict) {
        kfi_column_cursor_destroy(&v->cursor);
        v->cursor_dict = NULL;
        kf_status status = kfi_column_cursor_create(&v->cursor, d->column);
        if (status) return status;
        v->cursor_dict = d;
    }
    return kfi_column_bytes(d->column, ordinal, v->cursor, &v->buffer, value);
}

/* Asks for the values of up to GROUP ordinals, shard by shard where neighbours are in the same one. */
static void ask(const kfi_shards *s, const uint64_t *ordinals, size_t count)
{
    uint64_t own[GROUP];
    size_t shard[GROUP], n = 0;
    for (size_t i = 0; i < count; i++) {
        if (ordinals[i] >= s->first[s->count]) continue;
        shard[n] = kfi_shard_of_ordinal(s, ordinals[i]);
        own[n] = ordinals[i] - s->first[shard[n]];
        n++;
    }
    for (size_t i = 0; i < n; i++) kfi_column_prefetch(s->member[shard[i]]->column, own[i]);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && shard[end] == shard[i]; ) end++;
        kfi_column_ask_many(s->member[shard[i]]->column, own + i, end - i);
    }
}

kf_status kfi_shards_bytes_many(const kfi_shards *s, const uint64_t *ordinals, size_t count, kf_buffer *data,
                                uint64_t *ends)
{
    values v = { s, NULL, NULL, KF_BUFFER_INIT };
    kf_status status = KF_OK;
    uint64_t used = 0;
    for (size_t i = 0; i < count && !status; i++) {
        kf_bytes value = { NULL, 0 };
        if (i % GROUP == 0) ask(s, ordinals + i, count - i < GROUP ? count - i : GROUP);
        if (ordinals[i] != KF_ABSENT) status = value_of(&v, ordinals[i], &value);
        if (!status) status = kfi_column_gather(data, used, value);
        if (!status) ends[i] = used += value.size;
    }
    kfi_column_cursor_destroy(&v.cursor);
    kf_buffer_free(&v.buffer);
    return status;
}
