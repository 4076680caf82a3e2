#include "write/automaton/minimise.h"

#include "base/bits.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/varint.h"
#include "write/automaton/register.h"

#include <stdlib.h>

/* What an edge leads to. Sinks have no id. */
typedef struct child {
    uint64_t id;
    uint64_t tally;
    kfi_fingerprint fingerprint;
    int kind;
} child;

/* A state that later keys may still extend. Open states lie on the path of the last key; their edges
 * lie in two stacks that grow in step:
 *   hashed   one byte final, then for each edge varint(label size << 1 | sink), label, fingerprint
 *   links    for each edge id << 2 | kind */
typedef struct open_state {
    size_t depth;
    size_t hashed;
    size_t links;
    uint64_t edges;
    uint64_t tally;     /* a hash without the secret key, for the register's estimate */
} open_state;

struct kfi_minimiser {
    kfi_register *reg;
    uint64_t seed;
    kfi_array stack;        /* of open_state */
    kfi_array hashed;
    kfi_array links;        /* of uint64_t */
    kfi_array last;         /* the last key */
    kfi_array record;
    int leaf_pending;       /* the last key's end is not in the stack */
    kfi_automaton automaton;
};

enum { SPOOL_BUFFER = 1 << 18 };

static open_state *top(kfi_minimiser *m)
{
    return (open_state *)(void *)(m->stack.data + m->stack.size) - 1;
}

static kf_status open_push(kfi_minimiser *m, size_t depth, int final, kf_error *error)
{
    open_state state = { depth, m->hashed.size, m->links.size, 0, (uint64_t)final };
    uint8_t byte = (uint8_t)final;
    kf_status status = kfi_array_append(&m->hashed, &byte, 1, error);
    if (!status) status = kfi_array_append(&m->stack, &state, sizeof state, error);
    return status;
}

/* Adds the edge that the last key takes from the top state down to depth `to`. */
static kf_status add_edge(kfi_minimiser *m, size_t to, const child *c, kf_error *error)
{
    open_state *state = top(m);
    size_t size = to - state->depth;
    kf_status status = kfi_array_reserve(&m->hashed, KFI_VARINT_MAX + size + 16, error);
    if (status) return status;
    uint8_t *p = m->hashed.data + m->hashed.size;
    p += kfi_varint_write(p, (uint64_t)size << 1 | (c->kind == KFI_EDGE_SINK));
    kfi_copy(p, m->last.data + state->depth, size);
    p += size;
    if (c->kind != KFI_EDGE_SINK) {
        memcpy(p, &c->fingerprint, 16);
        p += 16;
    }
    m->hashed.size = (size_t)(p - m->hashed.data);
    state->edges++;
    const uint64_t below = c->tally << 1 | (c->kind == KFI_EDGE_SINK);
    state->tally = XXH3_64bits_withSeed(m->last.data + state->depth, size,
                                        state->tally * 0x9e3779b97f4a7c15 + below);
    uint64_t link = c->id << 2 | (uint64_t)c->kind;
    return kfi_array_append(&m->links, &link, sizeof link, error);
}

static kf_status write_reference(kfi_minimiser *m, uint64_t id, kf_error *error)
{
    uint8_t bytes[8];
    kfi_store64(bytes, id);
    m->automaton.reference_count++;
    return kfi_spool_write(m->automaton.references, bytes, 5, error);
}

static uint64_t count_fresh(const uint64_t *links, uint64_t count)
{
    uint64_t fresh = 0;
    for (uint64_t i = 0; i < count; i++) fresh += (links[i] & 3) == KFI_EDGE_FRESH;
    return fresh;
}

/* Writes the top state's record from its two stacks. */
static kf_status write_record(kfi_minimiser *m, uint64_t id, kf_error *error)
{
    const open_state *state = top(m);
    const uint8_t *p = m->hashed.data + state->hashed;
    const uint64_t *link = (const uint64_t *)(const void *)(m->links.data + state->links);
    m->record.size = 0;
    /* A record is never longer than the hashed form plus two varints an edge. */
    kf_status status = kfi_array_reserve(&m->record,
        m->hashed.size - state->hashed + 2 * KFI_VARINT_MAX * (state->edges + 1), error);
    if (status) return status;
    uint8_t *out = m->record.data;
    out += kfi_varint_write(out, state->edges << 1 | *p++);
    out += kfi_varint_write(out, count_fresh(link, state->edges));
    for (uint64_t i = 0; i < state->edges; i++, link++) {
        uint64_t head = 0;
        p += kfi_varint_read(p, KFI_VARINT_MAX, &head);
        uint64_t size = head >> 1;
        int kind = *link & 3;
        out += kfi_varint_write(out, size << 2 | (uint64_t)kind);
        if (kind == KFI_EDGE_BACK) {
            out += kfi_varint_write(out, id - (*link >> 2));
            status = write_reference(m, *link >> 2, error);
            if (status) return status;
        }
        kfi_copy(out, p, size);
        out += size;
        p += size + (kind != KFI_EDGE_SINK ? 16 : 0);
    }
    return kfi_spool_write(m->automaton.states, m->record.data, (size_t)(out - m->record.data), error);
}

static kf_status write_orphans(kfi_minimiser *m, uint64_t count, kf_error *error)
{
    uint8_t bytes[1 + KFI_VARINT_MAX] = { 0 };
    m->automaton.orphans += count;
    return kfi_spool_write(m->automaton.states, bytes, 1 + kfi_varint_write(bytes + 1, count), error);
}

/* Closes the top state: finds it in the register or writes it, and pops it. */
static kf_status close_top(kfi_minimiser *m, child *closed, kf_error *error)
{
    const open_state *state = top(m);
    const uint64_t *link = (const uint64_t *)(const void *)(m->links.data + state->links);
    XXH128_hash_t hash = XXH3_128bits_withSeed(m->hashed.data + state->hashed,
                                               m->hashed.size - state->hashed, m->seed);
    int found;
    closed->fingerprint = (kfi_fingerprint){ hash.low64, hash.high64 };
    closed->tally = state->tally;
    kf_status status = kfi_register_enter(m->reg, closed->fingerprint, closed->tally,
                                          m->automaton.state_count, &found, &closed->id, error);
    if (status) return status;
    closed->kind = found ? KFI_EDGE_BACK : KFI_EDGE_FRESH;
    if (found) {
        uint64_t orphans = count_fresh(link, state->edges);
        if (orphans) status = write_orphans(m, orphans, error);
    } else {
        status = write_record(m, m->automaton.state_count++, error);
    }
    m->hashed.size = state->hashed;
    m->links.size = state->links;
    m->stack.size -= sizeof(open_state);
    return status;
}

/* Closes every state of the last key's path that lies below `depth` and leaves a state at `depth`
 * exactly on top of the stack. */
static kf_status close_below(kfi_minimiser *m, size_t depth, kf_error *error)
{
    child c = { 0, 0, { 0, 0 }, KFI_EDGE_SINK };
    size_t at = m->last.size;
    if (at == depth) return open_push(m, depth, 1, error);
    for (;;) {
        kf_status status = KF_OK;
        if (top(m)->depth < depth) status = open_push(m, depth, 0, error);
        if (!status) status = add_edge(m, at, &c, error);
        if (status || top(m)->depth == depth) return status;
        at = top(m)->depth;
        status = close_top(m, &c, error);
        if (status) return status;
    }
}

static size_t common_prefix(kf_bytes a, kf_bytes b)
{
    size_t n = a.size < b.size ? a.size : b.size, i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t x = kfi_load64(a.data + i) ^ kfi_load64(b.data + i);
        if (x) return i + (size_t)__builtin_ctzll(x) / 8;
    }
    while (i < n && a.data[i] == b.data[i]) i++;
    return i;
}

kf_status kfi_minimiser_add(kfi_minimiser *m, kf_bytes key, kf_error *error)
{
    kfi_automaton *a = &m->automaton;
    kf_status status;
    size_t shared = 0;
    if (m->leaf_pending) {
        kf_bytes last = { m->last.data, m->last.size };
        shared = common_prefix(last, key);
        status = close_below(m, shared, error);
        if (status) return status;
    } else if (key.size == 0) {
        m->hashed.data[0] = 1;   /* the empty key comes first: the root is final */
    }
    m->leaf_pending = key.size > 0;
    m->last.size = shared;
    /* The empty key may have no data. */
    status = key.size ? kfi_array_append_short(&m->last, key.data + shared, key.size - shared, error) : KF_OK;
    a->keys++;
    a->raw_key_bytes += key.size;
    if (key.size > a->longest_key) a->longest_key = (uint32_t)key.size;
    if (key.size < a->shortest_key) a->shortest_key = (uint32_t)key.size;
    return status;
}

kf_bytes kfi_minimiser_last(const kfi_minimiser *m) { return (kf_bytes){ m->last.data, m->last.size }; }

kf_status kfi_minimiser_finish(kfi_minimiser *m, kfi_automaton *automaton, kf_error *error)
{
    kfi_automaton *a = &m->automaton;
    kf_status status = KF_OK;
    if (m->leaf_pending) status = close_below(m, 0, error);
    if (!status && a->keys) status = write_record(m, a->state_count++, error);
    if (!status) status = kfi_spool_finish(a->states, error);
    if (!status) status = kfi_spool_finish(a->references, error);
    if (status) return status;
    /* The root is never entered: no other state can equal it. */
    a->distinct = kfi_register_distinct(m->reg) + (a->keys > 0);
    if (kfi_register_is_exact(m->reg)) a->distinct = a->state_count - a->orphans;
    *automaton = *a;
    memset(a, 0, sizeof *a);
    return KF_OK;
}

kf_status kfi_minimiser_create(kfi_minimiser **out, uint64_t memory, const char *folder,
                               kfi_disk_account *account, kf_error *error)
{
    *out = NULL;
    kfi_minimiser *m = calloc(1, sizeof *m);
    if (!m) return kfi_fail_memory(error, sizeof *m);
    /* Nobody can prepare keys whose fingerprints collide, and nothing in the file depends on it. */
    m->seed = kfi_random();
    m->automaton.shortest_key = UINT32_MAX;
    uint64_t spools = 2 * SPOOL_BUFFER;
    kf_status status = kfi_register_create(&m->reg, memory > spools ? memory - spools : 0, error);
    if (!status)
        status = kfi_spool_create(&m->automaton.states, folder, SPOOL_BUFFER, account, error);
    if (!status)
        status = kfi_spool_create(&m->automaton.references, folder, SPOOL_BUFFER, account, error);
    if (!status) status = kfi_array_reserve(&m->links, sizeof(uint64_t), error);   /* a stack is never NULL */
    if (!status) status = open_push(m, 0, 0, error);
    if (status) kfi_minimiser_destroy(&m);
    *out = m;
    return status;
}

void kfi_automaton_destroy(kfi_automaton *automaton)
{
    kfi_spool_destroy(&automaton->states);
    kfi_spool_destroy(&automaton->references);
}

void kfi_minimiser_destroy(kfi_minimiser **minimiser)
{
    kfi_minimiser *m = *minimiser;
    if (!m) return;
    kfi_register_destroy(&m->reg);
    kfi_automaton_destroy(&m->automaton);
    kfi_array_free(&m->stack);
    kfi_array_free(&m->hashed);
    kfi_array_free(&m->links);
    kfi_array_free(&m->last);
    kfi_array_free(&m->record);
    free(m);
    *minimiser = NULL;
}
