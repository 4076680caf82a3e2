/* Automata that are small and yet have more keys than anybody could add, written as the stream of states that
 * lib/write/automaton/minimise.h describes, and the same automata as a model that counts. Include after scratch.h. */
#ifndef TESTS_SUPPORT_CHAIN_H
#define TESTS_SUPPORT_CHAIN_H

#include "base/bits.h"
#include "base/varint.h"
#include "write/keys/emit.h"
#include "write/keys/plan.h"
#include "write/automaton/shared.h"
#include "write/writer.h"
#include "format/metadata.h"

#include <keyfold/keyfold.h>

#include "suite.h"

enum { CHAIN_LABEL = 48, CHAIN_STATES = 400, CHAIN_KEY = 4096, CHAIN_SINK = -1 };

typedef struct chain_edge {
    uint8_t label[CHAIN_LABEL];
    uint8_t size, fresh;
    int to;                       /* a state that was made before, or CHAIN_SINK */
} chain_edge;

typedef struct chain_state {
    int final;
    size_t first, edges;
    uint64_t keys, bytes;         /* below it, and the bytes of their rests, modulo 2^64 */
    uint32_t longest, shortest;
    uint64_t id;                  /* in the stream */
} chain_state;

typedef struct chain {
    chain_state state[CHAIN_STATES];
    int states;                   /* the last one is the root */
    chain_edge *edge;
    size_t edges, room;
    int overflow;                 /* there would be 2^64 keys or more */
    uint64_t records, references;
    kfi_spool *stream, *reference;
} chain;

/* ---- making one: a state, then its edges in the order of their labels ----------------------------- */

static inline int chain_state_new(chain *c, int final)
{
    c->state[c->states] = (chain_state){ .final = final, .first = c->edges, .keys = (uint64_t)final,
                                         .shortest = final ? 0 : UINT32_MAX, .id = UINT64_MAX };
    return c->states++;
}

static inline uint64_t chain_edge_keys(const chain *c, const chain_edge *e)
{
    return e->to == CHAIN_SINK ? 1 : c->state[e->to].keys;
}

static inline void chain_edge_new(chain *c, const void *label, size_t size, int to)
{
    static const chain_state sink = { .keys = 1 };
    if (c->edges == c->room) {
        c->room = c->room ? 2 * c->room : 1024;
        c->edge = realloc(c->edge, c->room * sizeof *c->edge);
    }
    chain_edge *e = &c->edge[c->edges++];
    chain_state *s = &c->state[c->states - 1];
    const chain_state *child = to == CHAIN_SINK ? &sink : &c->state[to];
    *e = (chain_edge){ .size = (uint8_t)size, .to = to };
    memcpy(e->label, label, size);
    s->edges++;
    c->overflow |= __builtin_add_overflow(s->keys, child->keys, &s->keys);
    s->bytes += child->keys * size + child->bytes;
    if (child->longest + size > s->longest) s->longest = child->longest + (uint32_t)size;
    if (child->shortest + size < s->shortest) s->shortest = child->shortest + (uint32_t)size;
}

static inline void chain_free(chain *c)
{
    free(c->edge);
    memset(c, 0, sizeof *c);
}

static inline const chain_state *chain_root(const chain *c) { return &c->state[c->states - 1]; }

/* ---- the model ------------------------------------------------------------------------------------ */

typedef struct chain_found {
    uint64_t below;               /* keys < the text */
    int exact;                    /* it is a key, with this ordinal */
    uint64_t under;               /* keys that begin with it */
    size_t prefixes;              /* keys that begin it */
    kf_prefix_match prefix[CHAIN_KEY];
} chain_found;

static inline void chain_find(const chain *c, const uint8_t *key, size_t size, chain_found *f)
{
    size_t at = 0;
    f->below = f->under = 0;
    f->prefixes = 0;
    f->exact = 0;
    for (int now = c->states - 1;;) {
        const chain_state *s = now == CHAIN_SINK ? NULL : &c->state[now];
        const int final = s ? s->final : 1;
        if (final) f->prefix[f->prefixes++] = (kf_prefix_match){ at, f->below };
        if (at == size) {
            f->exact = final;
            f->under = s ? s->keys : 1;
            return;
        }
        f->below += (unsigned)final;
        if (!s) return;
        const chain_edge *e = c->edge + s->first, *end = e + s->edges;
        for (; e < end && e->label[0] < key[at]; e++) f->below += chain_edge_keys(c, e);
        if (e == end || e->label[0] != key[at]) return;
        const size_t rest = size - at;
        const int order = memcmp(e->label, key + at, rest < e->size ? rest : e->size);
        if (order < 0) f->below += chain_edge_keys(c, e);
        if (order) return;
        if (rest < e->size) {
            f->under = chain_edge_keys(c, e);
            return;
        }
        at += e->size;
        now = e->to;
    }
}

/* The key of an ordinal, which there must be; its size. */
static inline size_t chain_key(const chain *c, uint64_t ordinal, uint8_t *key)
{
    size_t size = 0;
    for (int now = c->states - 1; now != CHAIN_SINK;) {
        const chain_state *s = &c->state[now];
        const chain_edge *e = c->edge + s->first;
        if (s->final && !ordinal) break;
        ordinal -= (unsigned)s->final;
        for (; ordinal >= chain_edge_keys(c, e); e++) ordinal -= chain_edge_keys(c, e);
        memcpy(key + size, e->label, e->size);
        size += e->size;
        now = e->to;
    }
    return size;
}

/* ---- the file ------------------------------------------------------------------------------------- */

/* A state's record comes after those of its children: depth first, each where it is met first. */
static inline kf_status chain_emit(chain *c, int now, kf_error *error)
{
    chain_state *s = &c->state[now];
    kf_status status = KF_OK;
    uint64_t fresh = 0;
    for (size_t i = 0; i < s->edges && !status; i++) {
        chain_edge *e = &c->edge[s->first + i];
        if (e->to == CHAIN_SINK || c->state[e->to].id != UINT64_MAX) continue;
        e->fresh = 1;
        fresh++;
        status = chain_emit(c, e->to, error);
    }
    s->id = c->records++;
    if (!status) status = kfi_spool_write_varint(c->stream, s->edges << 1 | (unsigned)s->final, error);
    if (!status) status = kfi_spool_write_varint(c->stream, fresh, error);
    for (size_t i = 0; i < s->edges && !status; i++) {
        const chain_edge *e = &c->edge[s->first + i];
        const enum kfi_edge_kind kind = e->to == CHAIN_SINK ? KFI_EDGE_SINK
                                        : e->fresh ? KFI_EDGE_FRESH : KFI_EDGE_BACK;
        status = kfi_spool_write_varint(c->stream, (uint64_t)e->size << 2 | (unsigned)kind, error);
        if (!status && kind == KFI_EDGE_BACK) {
            uint8_t id[8];
            kfi_store64(id, c->state[e->to].id);
            c->references++;
            status = kfi_spool_write_varint(c->stream, s->id - c->state[e->to].id, error);
            if (!status) status = kfi_spool_write(c->reference, id, 5, error);
        }
        if (!status) status = kfi_spool_write(c->stream, e->label, e->size, error);
    }
    return status;
}

static inline kf_status chain_sections(const kfi_automaton *a, kfi_writer *writer, kf_error *error)
{
    kfi_metadata none = { 0 };
    kfi_array metadata = { 0 };
    kfi_shared_table shared = { 0 };
    kfi_key_plan plan = { 0 };
    kf_status status = kfi_metadata_encode(&none, &metadata, error);
    if (!status) status = kfi_writer_begin(writer, KFI_SECTION_METADATA, error);
    if (!status) status = kfi_writer_write(writer, metadata.data, metadata.size, error);
    if (!status) status = kfi_writer_end(writer, error);
    if (!status) status = kfi_shared_table_create(&shared, a, 1 << 20, error);
    if (!status) status = kfi_key_plan_make(&plan, a, &shared, 1 << 20, KFI_EFFORT_USUAL, error);
    if (!status) status = kfi_keys_emit(&plan, a, &shared, writer, NULL, error);
    kfi_key_plan_free(&plan);
    kfi_shared_table_free(&shared);
    kfi_array_free(&metadata);
    return status;
}

/* Writes a file without values whose header says `more` keys more than there are. */
static inline void chain_write(chain *c, const char *name, uint64_t more)
{
    kf_error error = { 0 };
    kfi_writer *writer = NULL;
    const chain_state *root = chain_root(c);
    ck_assert_int_eq(c->overflow, 0);
    c->records = c->references = 0;
    for (int i = 0; i < c->states; i++) c->state[i].id = UINT64_MAX;
    for (size_t i = 0; i < c->edges; i++) c->edge[i].fresh = 0;
    kf_status status = kfi_spool_create(&c->stream, scratch, 1 << 12, NULL, &error);
    if (!status) status = kfi_spool_create(&c->reference, scratch, 1 << 12, NULL, &error);
    if (!status) status = chain_emit(c, c->states - 1, &error);
    if (!status) status = kfi_spool_finish(c->stream, &error);
    if (!status) status = kfi_spool_finish(c->reference, &error);
    const kfi_automaton a = { .states = c->stream, .references = c->reference, .state_count = c->records,
                              .distinct = c->records, .reference_count = c->references, .keys = root->keys,
                              .raw_key_bytes = root->bytes, .longest_key = root->longest,
                              .shortest_key = root->shortest };
    kfi_header header = { .keys = root->keys + more, .longest_key = root->longest,
                          .raw_key_bytes = root->bytes, .states = c->records };
    if (!status) status = kfi_writer_create(&writer, scratch_path(name), 6, &error);
    if (!status) status = chain_sections(&a, writer, &error);
    if (!status) status = kfi_writer_finish(writer, &header, &error);
    ck_assert_msg(!status, "%s: %s", name, error.message);
    kfi_writer_destroy(&writer);
    kfi_spool_destroy(&c->stream);
    kfi_spool_destroy(&c->reference);
}

#endif
