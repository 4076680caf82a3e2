#include "write/automaton/shared.h"

#include "base/bits.h"

#include <stdlib.h>

enum { READ_BUFFER = 1 << 18 };

/* Counts the references to ids in [from, from + size). */
static kf_status count_window(const kfi_automaton *automaton, uint64_t from, uint64_t size,
                              uint32_t *counts, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    memset(counts, 0, size * sizeof *counts);
    kf_status status = kfi_spool_reader_create(&reader, automaton->references, 0, READ_BUFFER, error);
    for (uint64_t i = 0; !status && i < automaton->reference_count; i++) {
        const uint8_t *bytes;
        status = kfi_spool_reader_take(reader, 5, &bytes, error);
        if (status) break;
        uint64_t id = kfi_load32(bytes) | (uint64_t)bytes[4] << 32;
        if (id - from < size && counts[id - from] < UINT32_MAX - 1) counts[id - from]++;
    }
    kfi_spool_reader_destroy(&reader);
    return status;
}

static kf_status append_window(kfi_array *states, uint64_t from, uint64_t size, const uint32_t *counts,
                               kf_error *error)
{
    for (uint64_t i = 0; i < size; i++) {
        if (!counts[i]) continue;
        kfi_shared_state state = { .id = from + i, .references = counts[i] + 1 };
        kf_status status = kfi_array_append(states, &state, sizeof state, error);
        if (status) return status;
    }
    return KF_OK;
}

static kf_status index_table(kfi_shared_table *table, uint64_t ids, kf_error *error)
{
    table->shift = 0;
    while (ids >> table->shift > table->count) table->shift++;
    uint64_t cells = (ids >> table->shift) + 2;
    table->first = malloc(cells * sizeof *table->first);
    if (!table->first) return kfi_fail_memory(error, cells * sizeof *table->first);
    uint64_t at = 0;
    for (uint64_t cell = 0; cell < cells; cell++) {
        while (at < table->count && table->states[at].id >> table->shift < cell) at++;
        table->first[cell] = at;
    }
    return KF_OK;
}

kf_status kfi_shared_table_create(kfi_shared_table *table, const kfi_automaton *automaton,
                                  uint64_t memory, kf_error *error)
{
    memset(table, 0, sizeof *table);
    uint64_t ids = automaton->state_count, window = memory / sizeof(uint32_t);
    if (window > ids) window = ids;
    if (window < 1) window = 1;
    kfi_array states = { 0 };
    kf_status status = KF_OK;
    uint32_t *counts = malloc(window * sizeof *counts);
    if (!counts) return kfi_fail_memory(error, window * sizeof *counts);
    if (automaton->reference_count)
        for (uint64_t from = 0; !status && from < ids; from += window) {
            uint64_t size = ids - from < window ? ids - from : window;
            status = count_window(automaton, from, size, counts, error);
            if (!status) status = append_window(&states, from, size, counts, error);
        }
    free(counts);
    table->states = (kfi_shared_state *)(void *)states.data;
    table->count = states.size / sizeof(kfi_shared_state);
    if (!status) status = index_table(table, ids, error);
    if (status) kfi_shared_table_free(table);
    return status;
}

kfi_shared_state *kfi_shared_table_find(const kfi_shared_table *table, uint64_t id)
{
    uint64_t cell = id >> table->shift;
    for (uint64_t i = table->first[cell]; i < table->first[cell + 1]; i++)
        if (table->states[i].id == id) return &table->states[i];
    return NULL;
}

kfi_shared_state *kfi_shared_table_next(kfi_shared_table *table, uint64_t id)
{
    while (table->next < table->count && table->states[table->next].id < id) table->next++;
    if (table->next < table->count && table->states[table->next].id == id)
        return &table->states[table->next];
    return NULL;
}

static int by_references(const void *a, const void *b)
{
    const kfi_shared_state *x = *(kfi_shared_state *const *)a, *y = *(kfi_shared_state *const *)b;
    if (x->references != y->references) return x->references > y->references ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

kf_status kfi_shared_table_rank(kfi_shared_table *table, uint64_t *stored, kf_error *error)
{
    uint64_t n = 0;
    kfi_shared_state **order = malloc((table->count + 1) * sizeof *order);
    if (!order) return kfi_fail_memory(error, (table->count + 1) * sizeof *order);
    for (uint64_t i = 0; i < table->count; i++)
        if (table->states[i].stored) order[n++] = &table->states[i];
    qsort(order, n, sizeof *order, by_references);
    for (uint64_t i = 0; i < n; i++) order[i]->place = i;
    free(order);
    *stored = n;
    return KF_OK;
}

void kfi_shared_table_free(kfi_shared_table *table)
{
    free(table->states);
    free(table->first);
    memset(table, 0, sizeof *table);
}
