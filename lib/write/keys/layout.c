#include "write/keys/layout.h"

/* A completed state that waits for its parent. */
enum item_kind { ITEM_SMALL, ITEM_NODE, ITEM_JUMP };

typedef struct item {
    uint64_t keys;
    uint64_t where;         /* node: address; jump: index of the shared state */
    size_t entries;         /* small: its first entry in the stack of entries */
    size_t text;            /* small: where its text begins in the stack of text */
    uint32_t entry_count;
    uint8_t kind, final;
} item;

/* A list of entries with their text. Offsets are relative to the list's own text. */
typedef struct entry_list {
    kfi_array entries;      /* of kfi_bucket_entry */
    kfi_array text;
} entry_list;

typedef struct edge {
    uint64_t child;         /* id, for KFI_EDGE_BACK */
    const uint8_t *label;   /* until something else is read */
    uint32_t size;
    int kind;
} edge;

typedef struct machine {
    const kfi_layout_sink *sink;
    kfi_shared_table *shared;
    kfi_spool_reader *reader;
    kfi_array items;        /* of item */
    entry_list stack;       /* of the small items, in step with items */
    entry_list repeated;    /* entries of the shared states that are not stored */
    entry_list made;        /* the state being assembled */
    kfi_array bigs;         /* of kfi_big_edge */
} machine;

static kf_status changed(kf_error *error)
{
    return kfi_fail(error, KF_CORRUPT, "a temporary file was changed during the build");
}

static item *items_top(machine *m)
{
    return (item *)(void *)(m->items.data + m->items.size);
}

static kf_status add_entry(entry_list *list, kfi_bucket_entry entry, const uint8_t *label,
                           size_t label_size, const uint8_t *rest, size_t rest_size, kf_error *error)
{
    entry.offset = list->text.size;
    entry.size = (uint32_t)(label_size + rest_size);
    kf_status status = kfi_array_append_short(&list->text, label, label_size, error);
    if (!status) status = kfi_array_append_short(&list->text, rest, rest_size, error);
    if (!status) status = kfi_array_append(&list->entries, &entry, sizeof entry, error);
    return status;
}

/* Adds what lies behind an edge with `label` that leads to a small state. The entries' texts lie one behind the other,
 * in a list as in another. */
static kf_status add_small(entry_list *to, const uint8_t *label, uint32_t size, int final,
                           const entry_list *from, size_t first, size_t count, size_t text,
                           kf_error *error)
{
    kf_status status = KF_OK;
    const kfi_bucket_entry *entries = (const kfi_bucket_entry *)(const void *)from->entries.data + first;
    if (final) {
        kfi_bucket_entry end = { 1, KFI_NO_JUMP, 0, 0, 0 };
        status = add_entry(to, end, label, size, NULL, 0, error);
    }
    if (status || !count) return status;
    const kfi_bucket_entry *last = entries + count - 1;
    const uint64_t from_text = entries->offset, rest = last->offset + last->size - from_text;
    const uint32_t carried = final ? 0 : size;    /* the first entry has the label itself */
    const uint64_t shift = to->text.size + carried - from_text;
    status = kfi_array_append_short(&to->text, label, carried, error);
    if (!status) status = kfi_array_append_short(&to->text, from->text.data + text + from_text, rest, error);
    if (!status) status = kfi_array_reserve(&to->entries, count * sizeof *entries, error);
    if (status) return status;
    kfi_bucket_entry *made = (kfi_bucket_entry *)(void *)(to->entries.data + to->entries.size);
    for (size_t i = 0; i < count; i++) {
        made[i] = entries[i];
        made[i].offset += shift;
        made[i].lcp += size;
    }
    to->entries.size += count * sizeof *entries;
    if (carried) {
        made->offset -= carried;
        made->size += carried;
        made->lcp = 0;
    }
    return KF_OK;
}

static kf_status add_jump(machine *m, const uint8_t *label, uint32_t size, uint64_t index, kf_error *error)
{
    kfi_bucket_entry jump = { m->shared->states[index].keys, index, 0, 0, 0 };
    return add_entry(&m->made, jump, label, size, NULL, 0, error);
}

static kf_status add_node_edge(machine *m, const edge *e, const item *child, kf_error *error)
{
    kfi_big_edge big = { child->keys, child->where, m->made.text.size, e->size - 1, e->label[0] };
    kf_status status = kfi_array_append(&m->made.text, e->label + 1, e->size - 1, error);
    if (!status) status = kfi_array_append(&m->bigs, &big, sizeof big, error);
    return status;
}

/* Adds an edge of the record; `child` is the stack's item for fresh children. */
static kf_status add_edge(machine *m, const edge *e, const item *child, uint64_t *keys, kf_error *error)
{
    kfi_bucket_entry end = { 1, KFI_NO_JUMP, 0, 0, 0 };
    if (e->kind == KFI_EDGE_SINK) {
        *keys += 1;
        return add_entry(&m->made, end, e->label, e->size, NULL, 0, error);
    }
    if (e->kind == KFI_EDGE_BACK) {
        const kfi_shared_state *s = kfi_shared_table_find(m->shared, e->child);
        if (!s) return changed(error);
        *keys += s->keys;
        if (s->stored) return add_jump(m, e->label, e->size, (uint64_t)(s - m->shared->states), error);
        return add_small(&m->made, e->label, e->size, s->final, &m->repeated, s->place, s->entries, 0, error);
    }
    *keys += child->keys;
    if (child->kind == ITEM_JUMP) return add_jump(m, e->label, e->size, child->where, error);
    if (child->kind == ITEM_NODE) return add_node_edge(m, e, child, error);
    return add_small(&m->made, e->label, e->size, child->final, &m->stack, child->entries,
                     child->entry_count, child->text, error);
}

/* Keeps the entries of a state that its parents repeat. */
static kf_status keep_repeated(machine *m, const kfi_laid_state *state, kfi_shared_state *shared,
                               kf_error *error)
{
    shared->place = m->repeated.entries.size / sizeof(kfi_bucket_entry);
    shared->entries = (uint16_t)state->entry_count;
    const uint64_t shift = m->repeated.text.size;
    kf_status status = kfi_array_append(&m->repeated.text, state->text, m->made.text.size, error);
    if (!status)
        status = kfi_array_append(&m->repeated.entries, state->entries, state->entry_count * sizeof *state->entries,
                                  error);
    if (status) return status;
    kfi_bucket_entry *kept = (kfi_bucket_entry *)(void *)m->repeated.entries.data + shared->place;
    for (uint32_t i = 0; i < state->entry_count; i++) kept[i].offset += shift;
    return KF_OK;
}

/* Behind an edge, a final state adds an entry for the key that ends at it. */
static int is_node(const kfi_laid_state *state)
{
    return state->big_count || state->entry_count + (uint32_t)state->final > KFI_BUCKET_ENTRIES;
}

/* Puts the state just made on the stack, in its children's place. */
static kf_status push_made(machine *m, const kfi_laid_state *state, kfi_shared_state *shared,
                           kf_error *error)
{
    item made = { .keys = state->keys, .final = (uint8_t)state->final,
                  .entries = m->stack.entries.size / sizeof(kfi_bucket_entry),
                  .text = m->stack.text.size, .entry_count = state->entry_count };
    int node = is_node(state);
    kf_status status = KF_OK;
    if (shared) {
        shared->keys = state->keys;
        shared->final = (uint8_t)state->final;
    }
    if (node) {
        made.kind = ITEM_NODE;
        if (shared) shared->stored = 1;
        status = m->sink->node(m->sink->context, state, shared, &made.where, error);
    } else if (shared) {
        status = m->sink->small(m->sink->context, state, shared, error);
        if (!status && !shared->stored) status = keep_repeated(m, state, shared, error);
    }
    if (shared && shared->stored) {
        made.kind = ITEM_JUMP;
        made.where = (uint64_t)(shared - m->shared->states);
    } else if (!node) {
        made.kind = ITEM_SMALL;
        if (!status)
            status = kfi_array_append(&m->stack.entries, m->made.entries.data, m->made.entries.size, error);
        if (!status)
            status = kfi_array_append(&m->stack.text, m->made.text.data, m->made.text.size, error);
    }
    return status ? status : kfi_array_append(&m->items, &made, sizeof made, error);
}

static void pop_items(machine *m, uint64_t count)
{
    for (; count; count--) {
        m->items.size -= sizeof(item);
        const item *i = items_top(m);
        m->stack.entries.size = i->entries * sizeof(kfi_bucket_entry);
        m->stack.text.size = i->text;
    }
}

static kf_status read_edge(machine *m, uint64_t id, edge *e, kf_error *error)
{
    uint64_t head, back = 0;
    kf_status status = kfi_spool_reader_varint(m->reader, &head, error);
    if (status) return status;
    e->size = (uint32_t)(head >> 2);
    e->kind = (int)(head & 3);
    if (e->kind == KFI_EDGE_BACK) status = kfi_spool_reader_varint(m->reader, &back, error);
    e->child = id - back;
    return status ? status : kfi_spool_reader_take(m->reader, e->size, &e->label, error);
}

static kf_status run_record(machine *m, uint64_t id, uint64_t head, int is_root, kf_error *error)
{
    uint64_t fresh;
    kf_status status = kfi_spool_reader_varint(m->reader, &fresh, error);
    if (status) return status;
    if (fresh > m->items.size / sizeof(item)) return changed(error);
    const item *top = items_top(m), *child = top - fresh;
    kfi_laid_state state = { .final = (int)(head & 1), .keys = head & 1 };
    m->made.entries.size = m->made.text.size = m->bigs.size = 0;
    for (uint64_t i = 0; !status && i < head >> 1; i++) {
        edge e;
        status = read_edge(m, id, &e, error);
        if (status) break;
        if (!e.size || (e.kind == KFI_EDGE_FRESH && child == top)) return changed(error);
        status = add_edge(m, &e, child, &state.keys, error);
        child += e.kind == KFI_EDGE_FRESH;
    }
    if (status) return status;
    pop_items(m, fresh);
    state.entries = (kfi_bucket_entry *)(void *)m->made.entries.data;
    state.entry_count = (uint32_t)(m->made.entries.size / sizeof(kfi_bucket_entry));
    state.bigs = (const kfi_big_edge *)(const void *)m->bigs.data;
    state.big_count = (uint32_t)(m->bigs.size / sizeof(kfi_big_edge));
    state.text = m->made.text.data;
    if (is_root && !is_node(&state))
        return m->sink->small_root(m->sink->context, &state, error);
    return push_made(m, &state, kfi_shared_table_next(m->shared, id), error);
}

static void machine_free(machine *m)
{
    kfi_spool_reader_destroy(&m->reader);
    kfi_array_free(&m->items);
    entry_list *lists[] = { &m->stack, &m->repeated, &m->made };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        kfi_array_free(&lists[i]->entries);
        kfi_array_free(&lists[i]->text);
    }
    kfi_array_free(&m->bigs);
}

enum { READ_BUFFER = 1 << 18 };

kf_status kfi_layout_run(const kfi_automaton *automaton, kfi_shared_table *shared,
                         const kfi_layout_sink *sink, kf_error *error)
{
    machine m = { .sink = sink, .shared = shared };
    kf_status status = kfi_spool_reader_create(&m.reader, automaton->states, 0, READ_BUFFER, error);
    if (!status) status = kfi_array_reserve(&m.items, sizeof(item), error);   /* a stack is never NULL */
    shared->next = 0;
    for (uint64_t id = 0; !status && id < automaton->state_count;) {
        uint64_t head, orphans;
        status = kfi_spool_reader_varint(m.reader, &head, error);
        if (status) break;
        if (head == 0) {
            status = kfi_spool_reader_varint(m.reader, &orphans, error);
            if (!status && orphans <= m.items.size / sizeof(item)) pop_items(&m, orphans);
            continue;
        }
        status = run_record(&m, id, head, id + 1 == automaton->state_count, error);
        id++;
        if (!status && sink->progress) status = kfi_progress_count(sink->progress, 1, id, error);
    }
    if (status == KF_END) status = changed(error);
    machine_free(&m);
    return status;
}
