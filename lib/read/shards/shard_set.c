#include "read/shards/shard_later.h"

#include "format/shards.h"
#include "read/keys/by_key.h"

/* ---- finding a shard -------------------------------------------------------------------------- */

/* The 8 bytes of a key from `skip` on as a big-endian number; zeros after its end. Numbers that differ order
 * their keys; equal ones say nothing. */
static uint64_t slice_of(kf_bytes key, size_t skip)
{
    uint8_t bytes[8] = { 0 };
    size_t size = key.size > skip ? key.size - skip : 0;
    if (size >= 8) return __builtin_bswap64(kfi_load64(key.data + skip));
    if (size) memcpy(bytes, key.data + skip, size);
    return __builtin_bswap64(kfi_load64(bytes));
}

static size_t bytes_in_common(kf_bytes a, kf_bytes b)
{
    const size_t most = a.size < b.size ? a.size : b.size;
    size_t n = 0;
    while (n < most && a.data[n] == b.data[n]) n++;
    return n;
}

void kfi_shards_index(kfi_shards *s)
{
    /* They ascend: all have in common what the second and the last one have. */
    s->skip = s->count > 1 ? bytes_in_common(s->first_key[1], s->first_key[s->count - 1]) : 0;
    for (size_t i = 0; i < s->count; i++) s->slice[i] = slice_of(s->first_key[i], s->skip);
}

size_t kfi_shard_of_key(const kfi_shards *s, kf_bytes key)
{
    size_t low = 0, high = s->count;
    if (high == 1) return 0;
    if (s->skip) {
        size_t common = key.size < s->skip ? key.size : s->skip;
        int order = common ? memcmp(key.data, s->first_key[1].data, common) : 0;
        if (order > 0) return s->count - 1;
        if (order < 0) return 0;
    }
    /* The last slice below the key's, without branches that depend on the key. */
    const uint64_t slice = slice_of(key, s->skip);
    for (size_t left = high; left > 1; ) {
        size_t half = left / 2;
        low = s->slice[low + half] < slice ? low + half : low;
        left -= half;
    }
    if (low + 1 == high || s->slice[low + 1] != slice) return low;
    /* Slices equal to the key's follow: only whole keys tell. */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->slice[middle] == slice && kfi_shard_compare(s->first_key[middle], key) <= 0) low = middle;
        else high = middle;
    }
    return low;
}

size_t kfi_shard_of_ordinal(const kfi_shards *s, uint64_t ordinal)
{
    size_t low = 0;
    for (size_t left = s->count; left > 1; ) {   /* without branches that depend on the ordinal */
        size_t half = left / 2;
        low = s->first[low + half] <= ordinal ? low + half : low;
        left -= half;
    }
    return low;
}

/* ---- places of keys that need not be there ---------------------------------------------------- */

kf_status kfi_shards_lower_bound(const kfi_shards *s, kf_bytes key, uint64_t *ordinal)
{
    size_t shard = kfi_shard_of_key(s, key);
    const kf_dict *member;
    kf_status status = kfi_shards_member(s, shard, &member);
    if (!status) status = kfi_lower_bound(&member->keys, key, ordinal);
    if (!status) *ordinal += s->first[shard];
    return status;
}

size_t kfi_shard_of_prefix_end(const kfi_shards *s, kf_bytes prefix)
{
    size_t low = 0, high = s->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        kf_bytes head = s->first_key[middle];
        if (head.size > prefix.size) head.size = prefix.size;
        if (kfi_shard_compare(head, prefix) <= 0) low = middle;
        else high = middle;
    }
    return low;
}

kf_status kfi_shards_prefix_range(const kfi_shards *s, kf_bytes prefix, uint64_t *first, uint64_t *end)
{
    size_t shard = kfi_shard_of_prefix_end(s, prefix), from = kfi_shard_of_key(s, prefix);
    const kf_dict *member;
    if (!prefix.size) {                     /* of which no file has to be opened */
        *first = 0;
        *end = s->first[s->count];
        return KF_OK;
    }
    kf_status status = kfi_shards_member(s, shard, &member);
    if (!status) status = kfi_prefix_range(&member->keys, prefix, first, end);
    if (status) return status;
    *first += s->first[shard];
    *end += s->first[shard];
    if (from == shard) return KF_OK;
    status = kfi_shards_member(s, from, &member);
    if (!status) status = kfi_lower_bound(&member->keys, prefix, first);
    if (!status) *first += s->first[from];
    return status;
}

/* ---- keys that begin a text ------------------------------------------------------------------- */

/* The longest. Where a shard has none, whatever earlier shards have is below this one's first key and so begins
 * what that has in common with the text. */
static kf_status longest_prefix(const kfi_shards *s, kf_bytes text, kf_prefix_match *match, size_t *count)
{
    for (size_t shard = kfi_shard_of_key(s, text);;) {
        const kf_dict *member;
        *count = 0;
        kf_status status = kfi_shards_member(s, shard, &member);
        if (!status) status = kfi_prefixes(&member->keys, text, match, 0, count);
        if (*count) match->ordinal += s->first[shard];
        if (status || *count || !shard) return status;
        text.size = bytes_in_common(s->first_key[shard], text);
        size_t next = kfi_shard_of_key(s, text);
        shard = next < shard ? next : shard - 1;
    }
}

/* All, shortest first: so shards in ascending order. A shard before the text's own has those that begin the
 * `cut` bytes which the text and the next shard's first key have in common. The next longer prefix of the text
 * (or that first key, if it is one) is above everything in this shard, and leads to the next to look at. */
static kf_status all_prefixes(const kfi_shards *s, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                              size_t *count)
{
    const size_t last = kfi_shard_of_key(s, text);
    size_t shard = 0, n;
    *count = 0;
    for (;;) {
        kf_bytes part = text, border = { NULL, 0 };
        if (shard < last) {
            border = s->first_key[shard + 1];
            part.size = bytes_in_common(border, text);
        }
        const kf_dict *member;
        kf_status status = kfi_shards_member(s, shard, &member);
        if (status) return status;
        status = kfi_prefixes(&member->keys, part, matches + *count, capacity - *count, &n);
        for (size_t i = 0; i < n; i++) matches[*count + i].ordinal += s->first[shard];
        *count += n;
        if (status || *count == capacity || shard >= last) return status;
        part.size += (part.size < border.size) & (part.size < text.size);
        size_t next = kfi_shard_of_key(s, part);
        shard = next > shard ? next : shard + 1;   /* unreachable: the second; `part` is not below the next first key */
    }
}

kf_status kfi_shards_prefixes(const kfi_shards *s, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                              size_t *count)
{
    return capacity ? all_prefixes(s, text, matches, capacity, count) : longest_prefix(s, text, matches, count);
}
