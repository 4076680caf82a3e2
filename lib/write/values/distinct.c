#include "write/values/distinct.h"

#include "base/array.h"
#include "base/hash.h"

#include <stdlib.h>

typedef struct distinct_value {
    uint64_t offset;        /* in the arena */
    uint64_t count;
    uint32_t size;
    uint32_t rank;          /* until they are ranked: the hash, of which the table takes the low bits */
} distinct_value;

struct kfi_distinct {
    uint64_t memory;
    distinct_value *values;
    uint32_t count, capacity;
    uint32_t *table;        /* index + 1 into values, 0: free; open addressing */
    uint64_t table_size;    /* a power of two, at least 2 * count */
    uint32_t *by_rank;
    kfi_array arena;
};

enum { FIRST_CAPACITY = 64, OFTEN = 256 };

kf_status kfi_distinct_create(kfi_distinct **out, uint64_t memory, kf_error *error)
{
    kf_status status = KF_OK;
    *out = NULL;
    kfi_distinct *distinct = calloc(1, sizeof *distinct);
    if (!distinct) return kfi_fail_memory(error, sizeof *distinct);
    distinct->memory = memory;
    distinct->capacity = FIRST_CAPACITY;
    distinct->table_size = 2 * FIRST_CAPACITY;
    distinct->values = malloc(distinct->capacity * sizeof *distinct->values);
    distinct->table = calloc(distinct->table_size, sizeof *distinct->table);
    if (!distinct->values || !distinct->table) {
        status = kfi_fail_memory(error, distinct->capacity * sizeof *distinct->values);
        kfi_distinct_destroy(&distinct);
    }
    *out = distinct;
    return status;
}

void kfi_distinct_destroy(kfi_distinct **distinct)
{
    if (!distinct || !*distinct) return;
    free((*distinct)->values);
    free((*distinct)->table);
    free((*distinct)->by_rank);
    kfi_array_free(&(*distinct)->arena);
    free(*distinct);
    *distinct = NULL;
}

uint64_t kfi_distinct_count(const kfi_distinct *distinct)
{
    return distinct->count;
}

uint64_t kfi_distinct_bytes(const kfi_distinct *distinct)
{
    return distinct->arena.size;
}

kf_bytes kfi_distinct_at(const kfi_distinct *distinct, uint32_t rank)
{
    const distinct_value *value = distinct->values + distinct->by_rank[rank];
    return (kf_bytes){distinct->arena.data + value->offset, value->size};
}

uint32_t kfi_distinct_rank_of(const kfi_distinct *distinct, uint32_t index) { return distinct->values[index].rank; }

uint64_t kfi_distinct_uses(const kfi_distinct *distinct, uint32_t rank)
{
    return distinct->values[distinct->by_rank[rank]].count;
}

static uint32_t hash_of(kf_bytes value) { return (uint32_t)XXH3_64bits(value.data, value.size); }

static uint32_t *find(const kfi_distinct *distinct, kf_bytes value, uint32_t hash)
{
    uint64_t mask = distinct->table_size - 1, i = hash & mask;
    const int has_hashes = !distinct->by_rank;
    for (;; i = (i + 1) & mask) {
        uint32_t index = distinct->table[i];
        if (!index) break;
        const distinct_value *other = distinct->values + index - 1;
        if (has_hashes && other->rank != hash) continue;
        if (other->size == value.size
            && (!value.size || !memcmp(distinct->arena.data + other->offset, value.data, value.size)))
            break;
    }
    return distinct->table + i;
}

uint32_t kfi_distinct_find(const kfi_distinct *distinct, kf_bytes value)
{
    uint32_t index = *find(distinct, value, hash_of(value));
    return index ? distinct->values[index - 1].rank : 0;
}

static kf_status grow(kfi_distinct *distinct, kf_error *error)
{
    uint64_t capacity = (uint64_t)distinct->capacity * 2, table_size = capacity * 2;
    if (capacity > UINT32_MAX / 2) return KF_LIMIT;
    /* Both tables exist twice for a moment, and ranking needs its own: hence the factor. */
    if (capacity * (2 * sizeof *distinct->values + 4 * sizeof *distinct->table) > distinct->memory)
        return KF_LIMIT;
    distinct_value *values = realloc(distinct->values, capacity * sizeof *values);
    if (!values) return kfi_fail_memory(error, capacity * sizeof *values);
    distinct->values = values;
    uint32_t *table = calloc(table_size, sizeof *table);
    if (!table) return kfi_fail_memory(error, table_size * sizeof *table);
    free(distinct->table);
    distinct->table = table;
    distinct->table_size = table_size;
    distinct->capacity = (uint32_t)capacity;
    for (uint32_t i = 0; i < distinct->count; i++) {
        uint64_t at = values[i].rank & (table_size - 1);
        while (table[at]) at = (at + 1) & (table_size - 1);
        table[at] = i + 1;
    }
    return KF_OK;
}

kf_status kfi_distinct_add(kfi_distinct *distinct, kf_bytes value, uint32_t *index, kf_error *error)
{
    const uint32_t hash = hash_of(value);
    uint32_t *slot = find(distinct, value, hash);
    if (*slot) {
        *index = *slot - 1;
        distinct->values[*index].count++;
        return KF_OK;
    }
    if (value.size > UINT32_MAX) return KF_LIMIT;
    if (distinct->count == distinct->capacity) {
        kf_status status = grow(distinct, error);
        if (status) return status;
        slot = find(distinct, value, hash);
    }
    uint64_t fixed = distinct->capacity * (2 * sizeof *distinct->values + 4 * sizeof *distinct->table);
    /* The arena grows by half, and both sizes exist for a moment. */
    if (fixed + (distinct->arena.size + value.size) * 5 / 2 > distinct->memory) return KF_LIMIT;
    uint64_t offset = distinct->arena.size;
    kf_status status = kfi_array_append(&distinct->arena, value.data, value.size, error);
    if (status) return status;
    *index = distinct->count;
    distinct->values[distinct->count++] = (distinct_value){offset, 1, (uint32_t)value.size, hash};
    *slot = distinct->count;
    return KF_OK;
}

typedef struct frequency {
    uint64_t count;
    uint32_t index;
} frequency;

static int compare_frequency(const void *a, const void *b)
{
    const frequency *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Orders the values that were added often, whose indices are given. */
static kf_status rank_frequent(const kfi_distinct *distinct, uint32_t *indices, uint32_t count, kf_error *error)
{
    frequency *order = malloc(((size_t)count + 1) * sizeof *order);
    if (!order) return kfi_fail_memory(error, ((size_t)count + 1) * sizeof *order);
    for (uint32_t i = 0; i < count; i++) order[i] = (frequency){distinct->values[indices[i]].count, indices[i]};
    qsort(order, count, sizeof *order, compare_frequency);
    for (uint32_t i = 0; i < count; i++) indices[i] = order[i].index;
    free(order);
    return KF_OK;
}

/* Most are rare: those are ordered by counting. */
kf_status kfi_distinct_rank(kfi_distinct *distinct, kf_error *error)
{
    uint32_t next[OFTEN + 1] = {0}, before = 0;
    if (distinct->by_rank) return KF_OK;
    uint32_t *by_rank = malloc(((size_t)distinct->count + 1) * sizeof *by_rank);
    if (!by_rank) return kfi_fail_memory(error, ((size_t)distinct->count + 1) * sizeof *by_rank);
    const distinct_value *values = distinct->values;
    for (uint32_t i = 0; i < distinct->count; i++) next[values[i].count < OFTEN ? values[i].count : OFTEN]++;
    for (unsigned count = OFTEN + 1; count-- > 0;) {
        uint32_t with = next[count];
        next[count] = before;
        before += with;
    }
    for (uint32_t i = 0; i < distinct->count; i++)
        by_rank[next[values[i].count < OFTEN ? values[i].count : OFTEN]++] = i;
    kf_status status = rank_frequent(distinct, by_rank, next[OFTEN], error);
    if (status) {
        free(by_rank);
        return status;
    }
    distinct->by_rank = by_rank;
    for (uint32_t rank = 0; rank < distinct->count; rank++) distinct->values[by_rank[rank]].rank = rank;
    return KF_OK;
}
