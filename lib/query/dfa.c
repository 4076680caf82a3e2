#include "query/dfa.h"

#include "base/hash.h"

#include <stdlib.h>

enum { FIRST_ROWS = 64, LEAST_ROWS = 32, MOST_WORDS = 1 << 30 };

/* Row 0 is the dead state, row 1 the start. */

static uint32_t hash_of(const uint8_t *content, size_t size) { return (uint32_t)XXH3_64bits(content, size); }

static void forget(kfi_dfa *d)
{
    d->rows = 1;
    d->contents.size = 0;
    memset(d->slots, 0, ((size_t)d->slot_mask + 1) * sizeof *d->slots);
}

static uint64_t memory_of(const kfi_dfa *d)
{
    return (uint64_t)d->rows * (d->stride * sizeof *d->guide.table + sizeof *d->row + 2 * sizeof *d->slots)
           + d->contents.size;
}

static int grow_slots(kfi_dfa *d, uint32_t slots)
{
    uint32_t *grown = calloc(slots, sizeof *grown);
    if (!grown) return 0;
    free(d->slots);
    d->slots = grown;
    d->slot_mask = slots - 1;
    for (uint32_t row = 1; row < d->rows; row++) {
        uint32_t slot = d->row[row].hash & d->slot_mask;
        while (grown[slot]) slot = (slot + 1) & d->slot_mask;
        grown[slot] = row;
    }
    return 1;
}

static int grow_rows(kfi_dfa *d)
{
    uint32_t capacity = d->row_capacity ? 2 * d->row_capacity : FIRST_ROWS;
    uint32_t *table = realloc(d->guide.table, (size_t)capacity * d->stride * sizeof *table);
    if (!table) return 0;
    d->guide.table = table;
    kfi_dfa_row *row = realloc(d->row, capacity * sizeof *row);
    if (!row) return 0;
    d->row = row;
    d->row_capacity = capacity;
    return grow_slots(d, 2 * capacity);
}

static void sort_labels(uint8_t *label, int count)
{
    for (int i = 1; i < count; i++)
        for (int j = i; j && label[j - 1] > label[j]; j--) {
            uint8_t moved = label[j];
            label[j] = label[j - 1];
            label[j - 1] = moved;
        }
}

/* The labels of the content that was made, as far as they are known without trying. */
static void note_labels(const kfi_dfa *d, size_t size, uint8_t *labels)
{
    memset(labels, 0, KFI_GUIDE_FEW + 1);
    labels[0] = KFI_GUIDE_LABELS_UNKNOWN;
    if (!d->query->class->labels) return;
    int count = d->query->class->labels(d->query, d->made, size, labels + 1);
    labels[0] = count < 0 ? KFI_GUIDE_MANY : (uint8_t)count;
    if (count > 1) sort_labels(labels + 1, count);
}

/* A new row for the content that was made; 0 without memory. */
static uint32_t add(kfi_dfa *d, size_t size, uint32_t hash, const kfi_verdict *verdict)
{
    if (d->rows == d->row_capacity && !grow_rows(d)) return 0;
    uint32_t number = d->rows, state = number * d->stride;
    kfi_dfa_row *row = &d->row[number];
    uint32_t *words = d->guide.table + state;
    *row = (kfi_dfa_row){ .content = d->contents.size, .size = (uint32_t)size, .hash = hash,
                          .distance = verdict->distance, .score = verdict->score };
    if (kfi_array_append(&d->contents, d->made, size, NULL)) return 0;
    words[KFI_GUIDE_INFO] = number << 1 | (verdict->accepts != 0);
    memcpy(&words[KFI_GUIDE_BOUND], &verdict->bound, sizeof verdict->bound);
    note_labels(d, size, (uint8_t *)&words[KFI_GUIDE_LABELS]);
    for (unsigned c = 0; c < d->query->classes; c++) words[KFI_GUIDE_NEXT + c] = KFI_GUIDE_UNKNOWN;
    uint32_t slot = hash & d->slot_mask;
    while (d->slots[slot]) slot = (slot + 1) & d->slot_mask;
    d->slots[slot] = number;
    d->rows++;
    return state;
}

static int make_start(kfi_dfa *d)
{
    kfi_verdict verdict = { .bound = 0 };
    size_t size = d->query->class->start(d->query, d->scratch, d->made);
    d->guide.start = KFI_GUIDE_DEAD;
    if (!size) return 1;
    d->query->class->judge(d->query, d->made, size, &verdict);
    if (verdict.bound < d->guide.cutoff) return 1;
    d->guide.start = add(d, size, hash_of(d->made, size), &verdict);
    return d->guide.start != 0;
}

/* The state with the content that was made. */
static uint32_t intern(kfi_dfa *d, size_t size)
{
    uint32_t hash = hash_of(d->made, size);
    for (uint32_t slot = hash & d->slot_mask, number; (number = d->slots[slot]); slot = (slot + 1) & d->slot_mask) {
        const kfi_dfa_row *row = &d->row[number];
        if (row->hash == hash && row->size == size && !memcmp(d->contents.data + row->content, d->made, size))
            return number * d->stride;
    }
    kfi_verdict verdict;
    d->query->class->judge(d->query, d->made, size, &verdict);
    if (verdict.bound < d->guide.cutoff) return KFI_GUIDE_DEAD;
    int full = memory_of(d) + size > d->memory_limit || (uint64_t)d->rows * d->stride > MOST_WORDS / 2;
    if (full && d->rows > 2 * d->guide.path + LEAST_ROWS) {
        forget(d);
        d->guide.resets++;
        return make_start(d) ? KFI_GUIDE_DEAD : KFI_GUIDE_FAILED;
    }
    if ((uint64_t)d->rows * d->stride > MOST_WORDS) return KFI_GUIDE_FAILED;
    uint32_t state = add(d, size, hash, &verdict);
    return state ? state : KFI_GUIDE_FAILED;
}

static uint32_t fill(kfi_guide *guide, uint32_t state, uint8_t byte)
{
    kfi_dfa *d = (kfi_dfa *)guide;
    const kfi_dfa_row *row = &d->row[kfi_guide_row(guide, state)];
    const uint32_t resets = guide->resets;
    size_t size = d->query->class->step(d->query, d->contents.data + row->content, row->size, byte, d->scratch,
                                        d->made);
    uint32_t next = size ? intern(d, size) : KFI_GUIDE_DEAD;
    if (next != KFI_GUIDE_FAILED && guide->resets == resets)
        guide->table[state + KFI_GUIDE_NEXT + guide->class_of[byte]] = next;
    return next;
}

static int find_labels(kfi_guide *guide, uint32_t state)
{
    kfi_dfa *d = (kfi_dfa *)guide;
    const uint32_t resets = guide->resets;
    uint8_t found[KFI_GUIDE_FEW + 1] = { 0 };
    /* Classes are numbered by their first byte, so the labels come in order. */
    for (unsigned c = 0; c < d->query->classes && found[0] != KFI_GUIDE_MANY; c++) {
        uint32_t next = guide->table[state + KFI_GUIDE_NEXT + c];
        if (next == KFI_GUIDE_UNKNOWN) next = fill(guide, state, d->class_byte[c]);
        if (next == KFI_GUIDE_FAILED) return 0;
        if (guide->resets != resets) return 1;
        if (next == KFI_GUIDE_DEAD) continue;
        if (found[0] < KFI_GUIDE_FEW && d->class_single[c]) found[++found[0]] = d->class_byte[c];
        else found[0] = KFI_GUIDE_MANY;
    }
    memcpy(&guide->table[state + KFI_GUIDE_LABELS], found, sizeof found);
    return 1;
}

kf_status kfi_dfa_create(kfi_dfa *d, const kf_query *query, uint64_t memory_limit)
{
    memset(d, 0, sizeof *d);
    d->query = kfi_query_hold(query);
    d->guide.class_of = query->class_of;
    d->guide.cutoff = -__builtin_inff();
    d->guide.fill = fill;
    d->guide.find_labels = find_labels;
    d->stride = KFI_GUIDE_NEXT + query->classes;
    d->memory_limit = memory_limit;
    d->scratch = malloc(query->scratch_size + 1);
    d->made = malloc(query->state_size + 1);
    for (unsigned b = 256; b--; ) {
        unsigned c = query->class_of[b];
        d->class_single[c] = (uint8_t)(!d->class_single[c] ? 1 : 2);
        d->class_byte[c] = (uint8_t)b;
    }
    for (unsigned c = 0; c < query->classes; c++) d->class_single[c] = d->class_single[c] == 1;
    if (d->scratch && d->made && grow_rows(d)) {
        memset(d->guide.table, 0, d->stride * sizeof *d->guide.table);
        d->row[0] = (kfi_dfa_row){ 0 };
        forget(d);
        if (make_start(d)) return KF_OK;
    }
    kfi_dfa_destroy(d);
    return KF_NO_MEMORY;
}

uint32_t kfi_dfa_run(kfi_dfa *d, kf_bytes key)
{
    kfi_guide *g = &d->guide;
    uint32_t state = g->start;
    for (size_t i = 0; i < key.size && state != KFI_GUIDE_DEAD; i++) {
        const uint32_t resets = g->resets;
        uint32_t next = g->table[state + KFI_GUIDE_NEXT + g->class_of[key.data[i]]];
        g->path = i;
        if (next == KFI_GUIDE_UNKNOWN) next = fill(g, state, key.data[i]);
        if (next == KFI_GUIDE_FAILED) return next;
        if (g->resets != resets) {   /* all states were forgotten: once more from the start */
            next = g->start;
            i = SIZE_MAX;
        }
        state = next;
    }
    return state;
}

void kfi_dfa_destroy(kfi_dfa *d)
{
    kf_query *query = (kf_query *)(uintptr_t)d->query;
    kf_query_destroy(&query);
    free(d->guide.table);
    free(d->row);
    kfi_array_free(&d->contents);
    free(d->slots);
    free(d->scratch);
    free(d->made);
    memset(d, 0, sizeof *d);
}
