#include "read/search/list.h"

#include "read/search/search.h"

#include <stdlib.h>

enum {
    MANY_MISSES = 24,               /* from so many on, more unpacked buckets are kept */
    ARENA_MOST = 1 << 16            /* bytes to which the arena grows; more only for long keys */
};

void kfi_list_init(kfi_list *l, uint8_t *arena, size_t size)
{
    memset(l, 0, offsetof(kfi_list, first_levels));
    l->variant = kfi_search_best();
    l->arena = arena;
    l->arena_end = arena + size;
    l->levels = l->first_levels;
    l->capacity = KFI_LIST_LEVELS;
    l->outlines = l->first_outlines;
    l->outline_at = l->first_outline_at;
    l->outline_bits = KFI_LIST_FEW_BITS;
}

void kfi_list_destroy(kfi_list *l)
{
    free(l->arena_made);
    free(l->levels_made);
    free(l->outlines_made);
}

/* A larger arena, to which the text moves. */
static int grow_arena(kfi_list *l, size_t size)
{
    uint8_t *made = malloc(size);
    if (!made) return 0;
    if (l->size) memcpy(made, l->text, l->size);
    free(l->arena_made);
    l->arena_made = made;
    l->arena = l->text = l->next = made;
    l->arena_end = made + size;
    l->last = l->arena_end - l->keys->longest_key - KFI_LIST_SLACK;
    return 1;
}

kf_status kfi_list_begin(kfi_list *l, const kfi_keys *keys)
{
    const size_t least = (size_t)keys->longest_key + KFI_LIST_SLACK;
    if (l->keys != keys) {
        memset(l->outline_at, 0, sizeof *l->outline_at << l->outline_bits);
        if (l->leaves) memset(l->leaves, 0, sizeof *l->leaves << KFI_LIST_LEAF_BITS);
        l->records_used = 0;
    }
    l->keys = keys;
    l->height = l->size = l->ordinal = 0;
    l->ready = l->full = 0;
    l->failed = KF_OK;
    l->text = l->next = l->arena;
    if ((size_t)(l->arena_end - l->arena) < least) return grow_arena(l, least) ? KF_OK : KF_NO_MEMORY;
    l->last = l->arena_end - least;
    return KF_OK;
}

kf_status kfi_list_seek(kfi_list *l, uint64_t ordinal)
{
    l->height = l->size = 0;
    l->text = l->next = l->arena;
    l->ordinal = ordinal;
    l->ready = 1;
    l->failed = KF_OK;
    if (l->keys->parameters.root_kind != KFI_ROOT_CONTAINER) return ordinal ? KF_CORRUPT : KF_OK;
    const size_t size = l->variant->key_at(l->keys, ordinal, l->text, l);
    if (size == SIZE_MAX) return l->failed ? l->failed : KF_CORRUPT;
    l->size = size;
    return KF_OK;
}

kf_status kfi_list_prefix(kfi_list *l, kf_bytes prefix, uint64_t *count)
{
    uint64_t end;
    l->height = l->size = 0;
    l->text = l->next = l->arena;
    l->ready = 0;
    l->failed = KF_OK;
    *count = 0;
    if (l->keys->parameters.root_kind != KFI_ROOT_CONTAINER) {
        l->ready = !prefix.size;
        l->ordinal = prefix.size ? l->keys->count : 0;
        *count = l->keys->count - l->ordinal;
        return KF_OK;
    }
    /* A prefix that is longer than all keys has no room, and needs none. */
    kfi_list *for_keys = prefix.size <= l->keys->longest_key ? l : NULL;
    kf_status status = l->variant->prefix_range(l->keys, prefix, &l->ordinal, &end, for_keys);
    if (!status && for_keys) *count = end - l->ordinal;
    return status;
}

/* More buckets and larger blocks for those who go on. */
static kf_status grow(kfi_list *l)
{
    const size_t size = (size_t)(l->arena_end - l->arena);
    if (l->full && size < ARENA_MOST && !grow_arena(l, 4 * size < ARENA_MOST ? 4 * size : ARENA_MOST))
        return KF_NO_MEMORY;
    if (l->misses < MANY_MISSES || l->outline_bits == KFI_LIST_MANY_BITS) return KF_OK;
    l->misses = 0;
    const size_t slots = (size_t)1 << KFI_LIST_MANY_BITS, records = (size_t)KFI_LIST_RECORDS * KFI_LIST_RECORD,
                 leaves = sizeof *l->leaves << KFI_LIST_LEAF_BITS, ats = slots * sizeof *l->outline_at;
    uint8_t *made = aligned_alloc(64, slots * KFI_LIST_OUTLINE + records + leaves + ats);
    if (!made) return KF_NO_MEMORY;
    l->outlines = l->outlines_made = made;
    l->records = made + slots * KFI_LIST_OUTLINE;
    l->leaves = (kfi_list_leaf *)(void *)(l->records + records);
    l->outline_at = (const uint8_t **)(void *)((uint8_t *)l->leaves + leaves);
    l->outline_bits = KFI_LIST_MANY_BITS;
    memset(l->leaves, 0, leaves + ats);
    return KF_OK;
}

kf_status kfi_list_fill(kfi_list *l, kf_entry *entries, size_t most, size_t *count)
{
    *count = 0;
    if (!l->failed) l->failed = grow(l);
    if (l->failed) return l->failed;
    /* What the next keys share with the text must not be overwritten by them. */
    if (l->text != l->arena) memmove(l->arena, l->text, l->size);
    l->text = l->next = l->arena;
    for (size_t i = 0; i < l->height; i++) l->levels[i].first = SIZE_MAX;
    l->entries = entries;
    l->count = 0;
    l->wanted = most;
    l->failed = l->variant->list(l);
    *count = l->count;
    return l->count ? KF_OK : l->failed;
}
