#include "query/query.h"

#include <stdlib.h>
#include <string.h>

void kfi_query_init(kf_query *query, const kfi_query_class *class, size_t state_size, size_t scratch_size,
                    const uint32_t signature[256])
{
    query->class = class;
    atomic_init(&query->holders, 1);
    query->state_size = state_size;
    query->scratch_size = scratch_size;
    query->nesting = 0;
    query->normalise = 0;
    atomic_init(&query->normal, NULL);
    query->classes = 0;
    /* Signatures seen so far, by open addressing: a byte that has one, plus 1. */
    uint16_t seen[512] = { 0 };
    for (unsigned b = 0; b < 256; b++) {
        unsigned slot = signature[b] * 0x9e3779b1u >> 23;
        while (seen[slot] && signature[seen[slot] - 1] != signature[b]) slot = (slot + 1) % 512;
        query->class_of[b] = seen[slot] ? query->class_of[seen[slot] - 1] : (uint8_t)query->classes++;
        if (!seen[slot]) seen[slot] = (uint16_t)(b + 1);
    }
}

const kf_query *kfi_query_hold(const kf_query *query)
{
    /* The count is the one member that changes; it is no part of what the query means. */
    atomic_fetch_add(&((kf_query *)(uintptr_t)query)->holders, 1);
    return query;
}

void kf_query_destroy(kf_query **pointer)
{
    kf_query *query = pointer ? *pointer : NULL;
    if (!query) return;
    *pointer = NULL;
    if (atomic_fetch_sub(&query->holders, 1) != 1) return;
    kf_query *normal = atomic_load(&query->normal);
    kf_query_destroy(&normal);
    if (query->class->destroy) query->class->destroy(query);
    free(query);
}

kf_status kfi_query_normal(kf_query **out, const kf_query *given, uint32_t flags, kf_error *error)
{
    kf_query *query = (kf_query *)(uintptr_t)given, *known = atomic_load(&query->normal), *none = NULL;
    *out = NULL;
    if (!flags || query->normalise == flags || !query->class->normal) known = query;
    if (known && (known == query || known->normalise == flags)) {
        *out = (kf_query *)(uintptr_t)kfi_query_hold(known);
        return KF_OK;
    }
    kf_status status = query->class->normal(out, query, flags, error);
    if (status) return status;
    (*out)->normalise = flags;
    kfi_query_hold(*out);
    /* What is kept stays for as long as the query: others may be taking it right now. */
    if (!atomic_compare_exchange_strong(&query->normal, &none, *out)) {
        kf_query *spare = *out;
        kf_query_destroy(&spare);
    }
    return KF_OK;
}

kf_status kf_query_matches(const kf_query *query, const void *text, size_t text_size, uint64_t *distance)
{
    const uint8_t *bytes = text;
    uint8_t *memory = malloc(query->scratch_size + 2 * query->state_size + 1);
    if (!memory) return KF_NO_MEMORY;
    uint8_t *from = memory + query->scratch_size, *to = from + query->state_size;
    kfi_verdict verdict = { 0 };
    size_t size = query->class->start(query, memory, from);
    for (size_t i = 0; size && i < text_size; i++) {
        size = query->class->step(query, from, size, bytes[i], memory, to);
        uint8_t *swapped = from;
        from = to;
        to = swapped;
    }
    if (size) query->class->judge(query, from, size, &verdict);
    if (verdict.accepts && distance) *distance = verdict.distance;
    free(memory);
    return verdict.accepts ? KF_OK : KF_NOT_FOUND;
}
