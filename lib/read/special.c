#include "read/special.h"

#include "base/normal_map.h"
#include "read/keys/by_key.h"
#include "read/shards/shard_later.h"

#include <stdlib.h>

enum { BATCH = 256 };

/* ---- one key ---------------------------------------------------------------------------------- */

/* What is done with a key in normal form. */
typedef kf_status (*lookup)(const kf_dict **dict, kf_bytes key, uint64_t *one, uint64_t *two);

static kf_status place(const kf_dict **d, kf_bytes key, uint64_t *ordinal, uint64_t *unused)
{
    (void)unused;
    const kfi_shards *shards = (*d)->shards;
    kf_status status = shards ? kfi_shards_member(shards, kfi_shard_of_key(shards, key), d) : KF_OK;
    if (status) return status;
    if ((*d)->filter.directory && !kfi_filter_passes(&(*d)->filter, key)) return KF_NOT_FOUND;
    return (*d)->search->find(&(*d)->keys, key.data, key.size, ordinal);
}

static kf_status find(const kf_dict **d, kf_bytes key, uint64_t *ordinal, uint64_t *unused)
{
    const kfi_shards *shards = (*d)->shards;
    kf_status status = place(d, key, ordinal, unused);
    if (!status && shards) *ordinal += shards->first[kfi_shard_of_key(shards, key)];
    return status;
}

kf_status kfi_dict_lower_bound(const kf_dict *d, kf_bytes key, uint64_t *ordinal)
{
    return d->shards ? kfi_shards_lower_bound(d->shards, key, ordinal) : kfi_lower_bound(&d->keys, key, ordinal);
}

static kf_status lower_bound(const kf_dict **d, kf_bytes key, uint64_t *ordinal, uint64_t *unused)
{
    (void)unused;
    return kfi_dict_lower_bound(*d, key, ordinal);
}

static kf_status prefix_range(const kf_dict **d, kf_bytes prefix, uint64_t *first, uint64_t *end)
{
    return (*d)->shards ? kfi_shards_prefix_range((*d)->shards, prefix, first, end)
                        : kfi_prefix_range(&(*d)->keys, prefix, first, end);
}

static kf_status look_up(lookup what, const kf_dict **d, kf_bytes key, uint64_t *one, uint64_t *two)
{
    kfi_normal normal;
    if (!(*d)->header.normalise) return what(d, key, one, two);
    kfi_normal_begin(&normal, (*d)->header.normalise);
    kf_status status = kfi_normal_text(&normal, key, &key);
    if (!status) status = what(d, key, one, two);
    kfi_normal_end(&normal);
    return status;
}

kf_status kfi_special_find(const kf_dict *d, kf_bytes key, uint64_t *ordinal)
{
    return look_up(find, &d, key, ordinal, NULL);
}

kf_status kfi_special_place(const kf_dict **d, kf_bytes key, uint64_t *ordinal)
{
    return look_up(place, d, key, ordinal, NULL);
}

kf_status kfi_special_lower_bound(const kf_dict *d, kf_bytes key, uint64_t *ordinal)
{
    return look_up(lower_bound, &d, key, ordinal, NULL);
}

kf_status kfi_special_prefix_range(const kf_dict *d, kf_bytes prefix, uint64_t *first, uint64_t *end)
{
    return look_up(prefix_range, &d, prefix, first, end);
}

/* ---- the keys that begin a text --------------------------------------------------------------- */

static kf_status prefixes(const kf_dict *d, kf_bytes text, kf_prefix_match *matches, size_t capacity, size_t *count)
{
    return d->shards ? kfi_shards_prefixes(d->shards, text, matches, capacity, count)
                     : kfi_prefixes(&d->keys, text, matches, capacity, count);
}

/* Of matches in the normal form those that end between segments, with their sizes in the text. */
static size_t in_text(const kfi_normal_map *map, const kf_prefix_match *found, size_t count, kf_prefix_match *matches,
                      size_t capacity)
{
    kfi_normal_place at = { 0, 0 };
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!kfi_normal_map_between(map, found[i].size)) continue;
        if (found[i].size) {
            if (!at.here) at = kfi_normal_map_first(map);
            at = kfi_normal_map_go(map, at, found[i].size);
        }
        if (!capacity) kept = 0;
        else if (kept == capacity) break;
        matches[kept++] = (kf_prefix_match){ at.there, found[i].ordinal };
    }
    return kept;
}

static kf_status normal_prefixes(const kf_dict *d, const kfi_normal_map *map, kf_prefix_match *matches,
                                 size_t capacity, size_t *count)
{
    const kf_bytes form = kfi_normal_map_form(map);
    const size_t longest = form.size < d->header.longest_key ? form.size : d->header.longest_key;
    size_t found;
    kf_prefix_match few[64], *all = few;
    kf_status status = KF_OK;
    if (longest >= sizeof few / sizeof *few) all = malloc((longest + 1) * sizeof *all);
    if (!all) return KF_NO_MEMORY;
    status = prefixes(d, form, all, longest + 1, &found);
    if (!status) *count = in_text(map, all, found, matches, capacity);
    if (all != few) free(all);
    return status;
}

kf_status kfi_special_prefixes(const kf_dict *d, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                               size_t *count)
{
    kfi_normal_map map;
    *count = 0;
    if (!d->header.normalise) return prefixes(d, text, matches, capacity, count);
    kf_status status = kfi_normal_map_create(&map, d->header.normalise, text, (size_t)d->header.longest_key + 1);
    if (!status) status = normal_prefixes(d, &map, matches, capacity, count);
    kfi_normal_map_destroy(&map);
    return status;
}

/* ---- many keys -------------------------------------------------------------------------------- */

/* Searches only for what the filter lets pass. */
static kf_status find_passing(const kf_dict *d, const kfi_key_batch *batch, size_t count, uint64_t *ordinals,
                              size_t *found)
{
    kf_bytes list[KFI_FILTER_BATCH];
    uint16_t passed[KFI_FILTER_BATCH];
    uint64_t ordinal[KFI_FILTER_BATCH];
    const kfi_key_batch part = { .list = list, .keys = &d->keys };
    kf_status result = KF_OK;
    *found = 0;
    for (size_t at = 0; at < count; at += KFI_FILTER_BATCH) {
        const size_t some = count - at < KFI_FILTER_BATCH ? count - at : KFI_FILTER_BATCH;
        size_t hits;
        for (size_t i = 0; i < some; i++) {
            list[i] = kfi_batch_key(batch, at + i);
            ordinals[at + i] = KF_ABSENT;
        }
        const size_t passing = kfi_filter_passes_many(&d->filter, list, some, passed);
        for (size_t i = 0; i < passing; i++) list[i] = list[passed[i]];
        kf_status status = d->search->find_many(&part, passing, ordinal, &hits);
        for (size_t i = 0; i < passing; i++) ordinals[at + passed[i]] = ordinal[i];
        *found += hits;
        if (status) result = status;
    }
    return result;
}

static kf_status find_many(const kf_dict *d, const kfi_key_batch *batch, size_t count, uint64_t *ordinals,
                           size_t *found)
{
    if (d->shards) return kfi_shards_find_many(d->shards, batch, count, ordinals, found);
    return d->filter.directory ? find_passing(d, batch, count, ordinals, found)
                               : d->search->find_many(batch, count, ordinals, found);
}

/* Makes the keys from `first` on normal: those in `list` that are not as they were lie in `normal`. */
static kf_status make_normal(kfi_normal *normal, const kfi_key_batch *batch, size_t first, size_t count, kf_bytes *list)
{
    size_t place[BATCH];
    normal->size = 0;
    for (size_t i = 0; i < count; i++) {
        list[i] = kfi_batch_key(batch, first + i);
        place[i] = SIZE_MAX;
        if (kfi_normal_is_plain(normal, list[i])) continue;
        place[i] = normal->size;
        if (kfi_normal_append(normal, list[i])) return KF_NO_MEMORY;
        list[i].size = normal->size - place[i];
    }
    /* It lies still only now. */
    for (size_t i = 0; i < count; i++)
        if (place[i] != SIZE_MAX) list[i].data = normal->data + place[i];
    return KF_OK;
}

kf_status kfi_special_find_many(const kf_dict *d, const kfi_key_batch *batch, size_t count, uint64_t *ordinals,
                                size_t *found)
{
    kf_bytes list[BATCH];
    kfi_normal normal;
    kf_status result = KF_OK;
    if (!d->header.normalise) return find_many(d, batch, count, ordinals, found);
    *found = 0;
    kfi_normal_begin(&normal, d->header.normalise);
    for (size_t at = 0; at < count; at += BATCH) {
        const size_t some = count - at < BATCH ? count - at : BATCH;
        kfi_key_batch part = { .list = list, .keys = &d->keys };
        size_t hits = 0;
        kf_status status = make_normal(&normal, batch, at, some, list);
        if (!status) status = find_many(d, &part, some, ordinals + at, &hits);
        else for (size_t i = 0; i < some; i++) ordinals[at + i] = KF_ABSENT;
        *found += hits;
        if (!result) result = status;
    }
    kfi_normal_end(&normal);
    return result;
}
