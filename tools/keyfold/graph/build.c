/* The keys become a trie, whose nodes with equal right languages are then merged: a node is made after its
 * parent, so from the last node to the first one a node's children are already merged. */
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

typedef struct trie_node {
    uint32_t child, last, next;   /* first and last child, next sibling */
    uint32_t same;                /* the node that stands for all with its right language; NONE: not known */
    uint32_t number;              /* of the state that it becomes; NONE: not yet */
    uint8_t label, final;
} trie_node;

typedef struct trie {
    trie_node *nodes;
    uint32_t count, capacity;
} trie;

static uint32_t new_node(trie *t, uint8_t label)
{
    if (t->count == t->capacity) {
        uint32_t capacity = t->capacity ? 2 * t->capacity : 1024;
        trie_node *grown = realloc(t->nodes, capacity * sizeof *grown);

        if (grown == NULL)
            return NONE;
        t->nodes = grown;
        t->capacity = capacity;
    }
    t->nodes[t->count] = (trie_node){ NONE, NONE, NONE, NONE, NONE, label, 0 };
    return t->count++;
}

/* Keys come in order, so the child to go on with is the last one or a new one. */
static int add_key(trie *t, kf_bytes key)
{
    uint32_t at = 0;

    for (size_t i = 0; i < key.size; i++) {
        uint32_t last = t->nodes[at].last;

        if (last == NONE || t->nodes[last].label != key.data[i]) {
            uint32_t made = new_node(t, key.data[i]);

            if (made == NONE)
                return 0;
            if (last == NONE)
                t->nodes[at].child = made;
            else
                t->nodes[last].next = made;
            t->nodes[at].last = last = made;
        }
        at = last;
    }
    t->nodes[at].final = 1;
    return 1;
}

static uint32_t hash_node(const trie *t, const trie_node *node)
{
    uint64_t hash = node->final;

    for (uint32_t c = node->child; c != NONE; c = t->nodes[c].next)
        hash = (hash ^ t->nodes[c].label ^ (uint64_t)t->nodes[c].same << 8) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

static int equal_nodes(const trie *t, const trie_node *a, const trie_node *b)
{
    uint32_t c = a->child, d = b->child;

    while (c != NONE && d != NONE) {
        if (t->nodes[c].label != t->nodes[d].label || t->nodes[c].same != t->nodes[d].same)
            return 0;
        c = t->nodes[c].next;
        d = t->nodes[d].next;
    }
    return c == d && a->final == b->final;
}

static int minimise(trie *t)
{
    uint32_t slots = 1024;
    uint32_t *table;

    while (slots < 2 * t->count)
        slots *= 2;
    table = malloc(slots * sizeof *table);
    if (table == NULL)
        return 0;
    memset(table, 0xff, slots * sizeof *table);
    for (uint32_t i = t->count; i-- > 0;) {
        uint32_t slot = hash_node(t, &t->nodes[i]) & (slots - 1);

        while (table[slot] != NONE && !equal_nodes(t, &t->nodes[i], &t->nodes[table[slot]]))
            slot = (slot + 1) & (slots - 1);
        if (table[slot] == NONE)
            table[slot] = i;
        t->nodes[i].same = table[slot];
    }
    free(table);
    return 1;
}

/* Numbers the states as a walk along the keys meets them, and lists their edges. */
static int number_states(kft_graph *graph, trie *t)
{
    uint32_t *stack = malloc((t->count + 1) * sizeof *stack), *order = malloc(t->count * sizeof *order);
    size_t height = 0;
    int good = 0;

    if (stack == NULL || order == NULL)
        goto out;
    stack[height++] = 0;
    while (height > 0) {
        uint32_t node = t->nodes[stack[--height]].same;
        size_t bottom = height;

        if (t->nodes[node].number != NONE)
            continue;
        order[graph->state_count] = node;
        t->nodes[node].number = graph->state_count++;
        for (uint32_t c = t->nodes[node].child; c != NONE; c = t->nodes[c].next, graph->edge_count++)
            stack[height++] = c;
        for (size_t top = height; bottom + 1 < top; bottom++) {   /* the first child comes off first */
            uint32_t swapped = stack[--top];

            stack[top] = stack[bottom];
            stack[bottom] = swapped;
        }
    }
    graph->states = calloc(graph->state_count, sizeof *graph->states);
    graph->edges = malloc((graph->edge_count + 1) * sizeof *graph->edges);
    if (graph->states == NULL || graph->edges == NULL)
        goto out;
    graph->edge_count = 0;
    for (uint32_t i = 0; i < graph->state_count; i++) {
        graph_state *state = &graph->states[i];

        state->first = graph->edge_count;
        state->final = t->nodes[order[i]].final;
        for (uint32_t c = t->nodes[order[i]].child; c != NONE; c = t->nodes[c].next, state->count++) {
            uint32_t target = t->nodes[t->nodes[c].same].number;

            graph->edges[graph->edge_count++] = (graph_edge){ target, t->nodes[c].label };
            graph->states[target].entered++;
        }
    }
    good = 1;
out:
    free(stack);
    free(order);
    return good;
}

kft_graph_result graph_build(kft_graph *graph, kf_iter *iter, kf_status *status)
{
    trie t = { NULL, 0, 0 };
    kft_graph_result result = GRAPH_NO_MEMORY;
    size_t bytes = 0;
    kf_entry entry;

    *graph = (kft_graph){ 0 };
    if (new_node(&t, 0) == NONE)
        goto out;
    while ((*status = kf_iter_next(iter, &entry)) == KF_OK) {
        result = GRAPH_TOO_LARGE;
        if (entry.key.size > GRAPH_KEY_BYTES - bytes)
            goto out;
        bytes += entry.key.size;
        graph->key_count++;
        result = GRAPH_NO_MEMORY;
        if (!add_key(&t, entry.key))
            goto out;
    }
    result = GRAPH_UNREADABLE;
    if (*status != KF_END)
        goto out;
    result = minimise(&t) && number_states(graph, &t) ? GRAPH_DONE : GRAPH_NO_MEMORY;
out:
    free(t.nodes);
    if (result != GRAPH_DONE)
        graph_free(graph);
    return result;
}

void graph_free(kft_graph *graph)
{
    free(graph->states);
    free(graph->edges);
    *graph = (kft_graph){ 0 };
}
