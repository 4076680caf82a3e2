#include "write/automaton/register.h"

#include <math.h>
#include <stdlib.h>

typedef struct slot {
    uint64_t low, high;
    uint64_t id_plus_1;   /* 0: empty */
} slot;

typedef struct table {
    slot *slots;
    uint64_t mask;
    uint64_t used;
} table;

enum { SKETCH_BITS = 14, FIRST_TABLE_BITS = 10 };

struct kfi_register {
    table young, old;
    uint64_t most_slots;   /* of one table once there are two generations */
    int exact;
    uint64_t entered;
    uint8_t *sketch;       /* 2^SKETCH_BITS registers; allocated when the first generation drops */
};

static uint64_t capacity(const table *t)
{
    return t->slots ? (t->mask + 1) / 4 * 3 : 0;
}

static kf_status table_create(table *t, uint64_t slots, kf_error *error)
{
    t->slots = calloc(slots, sizeof(slot));
    if (!t->slots) return kfi_fail_memory(error, slots * sizeof(slot));
    t->mask = slots - 1;
    t->used = 0;
    return KF_OK;
}

static slot *table_find(const table *t, kfi_fingerprint f)
{
    uint64_t i = f.low & t->mask;
    while (t->slots[i].id_plus_1 && (t->slots[i].low != f.low || t->slots[i].high != f.high))
        i = (i + 1) & t->mask;
    return &t->slots[i];
}

static void table_put(table *t, slot s)
{
    kfi_fingerprint f = { s.low, s.high };
    *table_find(t, f) = s;
    t->used++;
}

kf_status kfi_register_create(kfi_register **out, uint64_t memory, kf_error *error)
{
    *out = NULL;
    kfi_register *reg = calloc(1, sizeof *reg);
    if (!reg) return kfi_fail_memory(error, sizeof *reg);
    reg->exact = 1;
    /* Growing holds the table and its double at once, two generations hold two: in both cases the
     * peak is three times the smaller power of two. */
    uint64_t slots = 1u << FIRST_TABLE_BITS;
    while (slots * 2 * 3 * sizeof(slot) <= memory) slots *= 2;
    reg->most_slots = slots;
    kf_status status = table_create(&reg->young, 1u << FIRST_TABLE_BITS, error);
    if (!status && !(reg->sketch = calloc(1u << SKETCH_BITS, 1)))
        status = kfi_fail_memory(error, 1u << SKETCH_BITS);
    if (status) kfi_register_destroy(&reg);
    *out = reg;
    return status;
}

static kf_status grow(kfi_register *reg, kf_error *error)
{
    table bigger;
    kf_status status = table_create(&bigger, (reg->young.mask + 1) * 2, error);
    if (status) return status;
    for (uint64_t i = 0; i <= reg->young.mask; i++)
        if (reg->young.slots[i].id_plus_1) table_put(&bigger, reg->young.slots[i]);
    free(reg->young.slots);
    reg->young = bigger;
    return KF_OK;
}

static kf_status new_generation(kfi_register *reg, kf_error *error)
{
    if (reg->old.slots) reg->exact = 0;
    free(reg->old.slots);
    reg->old = reg->young;
    reg->young.slots = NULL;
    return table_create(&reg->young, reg->most_slots, error);
}

static void sketch_add(kfi_register *reg, uint64_t tally)
{
    uint8_t *cell = &reg->sketch[tally >> (64 - SKETCH_BITS)];
    uint64_t rest = tally << SKETCH_BITS | 1ull << (SKETCH_BITS - 1);
    uint8_t zeros = (uint8_t)(__builtin_clzll(rest) + 1);
    if (zeros > *cell) *cell = zeros;
}

kf_status kfi_register_enter(kfi_register *reg, kfi_fingerprint f, uint64_t tally, uint64_t new_id,
                             int *found, uint64_t *id, kf_error *error)
{
    slot *s = table_find(&reg->young, f);
    if (s->id_plus_1) {
        *found = 1;
        *id = s->id_plus_1 - 1;
        return KF_OK;
    }
    slot entry = { f.low, f.high, new_id + 1 };
    *found = 0;
    if (reg->old.slots) {
        slot *o = table_find(&reg->old, f);
        if (o->id_plus_1) {
            entry.id_plus_1 = o->id_plus_1;
            *found = 1;
        }
    }
    if (!*found) {
        reg->entered++;
        sketch_add(reg, tally);
    }
    *id = entry.id_plus_1 - 1;
    if (reg->young.used >= capacity(&reg->young)) {
        kf_status status = reg->young.mask + 1 < reg->most_slots ? grow(reg, error)
                                                                 : new_generation(reg, error);
        if (status) return status;
        s = table_find(&reg->young, f);
    }
    *s = entry;
    reg->young.used++;
    return KF_OK;
}

/* The two series of the estimator below, summed until they stand still. `x` in [0, 1). */
static double sigma(double x)
{
    double y = 1, z = x, before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z > before);
    return z;
}

static double tau(double x)
{
    double y = 1, z = 1 - x, before;
    if (x <= 0) return 0;
    do {
        x = sqrt(x);
        before = z;
        y /= 2;
        z -= (1 - x) * (1 - x) * y;
    } while (z < before);
    return z / 3;
}

/* Ertl's estimator (2017, "New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6):
 * without bias from nothing to 2^50, which the original's is not for a few times 2^SKETCH_BITS. */
uint64_t kfi_register_distinct(const kfi_register *reg)
{
    enum { MOST = 64 - SKETCH_BITS + 1 };
    const double cells = 1u << SKETCH_BITS;
    uint64_t with[MOST + 1] = { 0 };
    if (reg->exact) return reg->entered;
    for (unsigned i = 0; i < 1u << SKETCH_BITS; i++) with[reg->sketch[i]]++;
    if (with[0] == 1u << SKETCH_BITS) return 0;
    double z = cells * tau(1 - (double)with[MOST] / cells);
    for (unsigned k = MOST - 1; k >= 1; k--) z = (z + (double)with[k]) / 2;
    z += cells * sigma((double)with[0] / cells);
    double estimate = cells * cells / (2 * 0.69314718055994531 * z);
    return estimate > (double)reg->entered ? reg->entered : (uint64_t)estimate;
}

int kfi_register_is_exact(const kfi_register *reg)
{
    return reg->exact;
}

void kfi_register_destroy(kfi_register **reg)
{
    if (!*reg) return;
    free((*reg)->young.slots);
    free((*reg)->old.slots);
    free((*reg)->sketch);
    free(*reg);
    *reg = NULL;
}
