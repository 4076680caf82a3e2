/* Queries made of queries: their automata run side by side.
 *
 * content  | size of part 0's content:32 | content | size of part 1's:32 | content | ...
 *
 * Size 0: that part is dead, which ends a conjunction, leaves an alternative, and fulfils a negation. */
#include "query/query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 64, NESTING_MAX = 64, STATE_MAX = 64 << 20, SIZE = 4 };

typedef enum combination {
    ALL, ANY, NOT,
    RESTRICTED              /* ALL, but distance and score are part 0's */
} combination;

typedef struct combined {
    kf_query query;
    combination how;
    size_t count;
    const kf_query *part[];
} combined;

static size_t put(uint8_t *at, size_t size)
{
    uint32_t bytes = (uint32_t)size;
    memcpy(at, &bytes, SIZE);
    return SIZE + size;
}

static size_t get(const uint8_t *at)
{
    uint32_t bytes;
    memcpy(&bytes, at, SIZE);
    return bytes;
}

/* Whether a state with so many living parts is alive. */
static int lives(const combined *c, size_t living)
{
    return c->how == NOT || living == c->count || (c->how == ANY && living > 0);
}

static size_t start(const kf_query *query, void *scratch, uint8_t *to)
{
    const combined *c = (const combined *)query;
    size_t size = 0, living = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t part = c->part[i]->class->start(c->part[i], scratch, to + size + SIZE);
        living += part != 0;
        size += put(to + size, part);
    }
    return lives(c, living) ? size : 0;
}

static size_t step(const kf_query *query, const uint8_t *from, size_t from_size, uint8_t byte, void *scratch,
                   uint8_t *to)
{
    const combined *c = (const combined *)query;
    size_t size = 0, living = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t part = get(from);
        from += SIZE;
        size_t made = part ? c->part[i]->class->step(c->part[i], from, part, byte, scratch, to + size + SIZE) : 0;
        from += part;
        living += made != 0;
        size += put(to + size, made);
        if (!made && (c->how == ALL || c->how == RESTRICTED)) return 0;
    }
    return lives(c, living) ? size : 0;
}

static void judge(const kf_query *query, const uint8_t *state, size_t state_size, kfi_verdict *verdict)
{
    const combined *c = (const combined *)query;
    *verdict = (kfi_verdict){ .accepts = c->how != ANY, .bound = INFINITY };
    for (size_t i = 0; i < c->count; i++) {
        size_t size = get(state);
        kfi_verdict part = { .bound = INFINITY };
        if (size) c->part[i]->class->judge(c->part[i], state + SIZE, size, &part);
        state += SIZE + size;
        if (c->how == NOT) {
            verdict->accepts = !part.accepts;
        } else if (c->how == RESTRICTED) {
            int accepts = verdict->accepts && part.accepts;
            if (i == 0) *verdict = part;
            verdict->accepts = accepts;
        } else if (c->how == ALL) {
            verdict->accepts &= part.accepts;
            if (part.distance > verdict->distance) verdict->distance = part.distance;
        } else if (part.accepts && (!verdict->accepts || part.distance < verdict->distance)) {
            verdict->accepts = 1;
            verdict->distance = part.distance;
        }
    }
}

static void destroy(kf_query *query)
{
    combined *c = (combined *)query;
    for (size_t i = 0; i < c->count; i++) {
        kf_query *part = (kf_query *)(uintptr_t)c->part[i];
        kf_query_destroy(&part);
    }
}

static kf_status normal(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error);

static const kfi_query_class combined_class = { start, step, judge, NULL, destroy, normal };

static kf_status combine(kf_query **out, combination how, const kf_query *const *queries, size_t count,
                         kf_error *error)
{
    uint32_t signature[256] = { 0 };
    size_t state_size = 0, scratch_size = 0;
    unsigned nesting = 0;
    *out = NULL;
    if (!count || count > PARTS_MAX)
        return kfi_fail(error, KF_INVALID, "a combination has 1 to %d queries", PARTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (queries[i]->nesting >= nesting) nesting = queries[i]->nesting + 1;
        state_size += SIZE + queries[i]->state_size;
        if (queries[i]->scratch_size > scratch_size) scratch_size = queries[i]->scratch_size;
    }
    if (nesting > NESTING_MAX)
        return kfi_fail(error, KF_LIMIT, "combinations are nested more than %d deep", NESTING_MAX);
    if (state_size > STATE_MAX) return kfi_fail(error, KF_LIMIT, "the combination is too large");
    combined *c = calloc(1, sizeof *c + count * sizeof *c->part);
    if (!c) return kfi_fail_memory(error, sizeof *c);
    c->how = how;
    c->count = count;
    for (size_t i = 0; i < count; i++) {
        c->part[i] = kfi_query_hold(queries[i]);
        /* Bytes are of one class when they are so in every part. */
        for (unsigned b = 0; b < 256; b++) signature[b] = signature[b] << 8 | queries[i]->class_of[b];
        kfi_query_init(&c->query, &combined_class, state_size, scratch_size, signature);
        for (unsigned b = 0; b < 256; b++) signature[b] = c->query.class_of[b];
    }
    c->query.nesting = nesting;
    *out = &c->query;
    return KF_OK;
}

static kf_status normal(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error)
{
    const combined *c = (const combined *)query;
    kf_query *part[PARTS_MAX];
    size_t count = 0;
    kf_status status = KF_OK;
    while (!status && count < c->count) {
        status = kfi_query_normal(&part[count], c->part[count], flags, error);
        count += !status;
    }
    if (!status) status = combine(out, c->how, (const kf_query *const *)part, count, error);
    while (count--) kf_query_destroy(&part[count]);
    return status;
}

kf_status kf_query_create_all(kf_query **out, const kf_query *const *queries, size_t count, kf_error *error)
{
    return combine(out, ALL, queries, count, error);
}

kf_status kf_query_create_any(kf_query **out, const kf_query *const *queries, size_t count, kf_error *error)
{
    return combine(out, ANY, queries, count, error);
}

kf_status kf_query_create_not(kf_query **out, const kf_query *query, kf_error *error)
{
    return combine(out, NOT, &query, 1, error);
}

kf_status kfi_query_restrict(kf_query **out, const kf_query *query, const kf_query *condition, kf_error *error)
{
    const kf_query *parts[2] = { query, condition };
    return combine(out, RESTRICTED, parts, 2, error);
}
