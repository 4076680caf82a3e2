#include "write/keys/top_writer.h"

#include "base/bits.h"

#include <stdlib.h>

enum {
    LEAST_SHARE = 1 << 15,     /* nodes are kept that have at least keys / LEAST_SHARE below */
    MOST_NODES = 1 << 16,
    MOST_POSITIONS = 16
};

/* An edge from a kept node to a node, kept or not. */
typedef struct top_edge {
    uint64_t address;          /* of the child */
    uint64_t before;           /* keys of the parent that precede it */
    uint64_t keys;
    uint32_t size;             /* label bytes, capped */
    uint8_t label[MOST_POSITIONS];
} top_edge;

typedef struct top_node {
    uint64_t address, keys;
    size_t first;              /* edge */
    uint32_t edges;
} top_node;

struct kfi_top_builder {
    uint64_t least;            /* keys below a node that is kept */
    kfi_array nodes;           /* of top_node, by address */
    kfi_array edges;           /* of top_edge */
};

/* The table while it is being planned and filled. */
typedef struct table {
    unsigned positions;
    uint8_t code[MOST_POSITIONS][256];   /* 0: no class */
    uint32_t radix[MOST_POSITIONS];
    uint64_t stride[MOST_POSITIONS];
    uint64_t cells;
    unsigned position_width, rank_width, cell_width;
} table;

/* A node reached by `depth` bytes that select the cells [low, high). */
typedef struct visit {
    uint64_t address, rank, low, high;
    unsigned depth;
} visit;

kf_status kfi_top_builder_create(kfi_top_builder **out, uint64_t keys, kf_error *error)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return kfi_fail_memory(error, sizeof **out);
    (*out)->least = keys / LEAST_SHARE + 1;
    return KF_OK;
}

static top_node *nodes(const kfi_top_builder *top)
{
    return (top_node *)(void *)top->nodes.data;
}

static const top_edge *edges(const kfi_top_builder *top, const top_node *node)
{
    return (const top_edge *)(const void *)top->edges.data + node->first;
}

/* Drops the nodes with few keys. */
static void thin_out(kfi_top_builder *top)
{
    size_t kept = 0, edge = 0, count = top->nodes.size / sizeof(top_node);
    top_edge *all = (top_edge *)(void *)top->edges.data;
    top->least *= 2;
    for (size_t i = 0; i < count; i++) {
        top_node node = nodes(top)[i];
        if (node.keys < top->least) continue;
        memmove(all + edge, all + node.first, node.edges * sizeof *all);
        node.first = edge;
        edge += node.edges;
        nodes(top)[kept++] = node;
    }
    top->nodes.size = kept * sizeof(top_node);
    top->edges.size = edge * sizeof(top_edge);
}

kf_status kfi_top_builder_add(kfi_top_builder *top, const kfi_laid_state *state, uint64_t address,
                              kf_error *error)
{
    if (state->keys < top->least) return KF_OK;
    top_node node = { address, state->keys, top->edges.size / sizeof(top_edge), state->big_count };
    uint64_t before = (uint64_t)state->final;
    uint32_t entry = 0;
    kf_status status = KF_OK;
    for (uint32_t i = 0; !status && i < state->big_count; i++) {
        const kfi_big_edge *big = &state->bigs[i];
        const kfi_bucket_entry *e = state->entries;
        for (; entry < state->entry_count && (e[entry].lcp || state->text[e[entry].offset] < big->label); entry++)
            before += e[entry].keys;
        top_edge edge = { big->address, before, big->keys, big->path_size + 1, { big->label } };
        size_t path = big->path_size < MOST_POSITIONS - 1 ? big->path_size : MOST_POSITIONS - 1;
        memcpy(edge.label + 1, state->text + big->path, path);
        before += big->keys;
        status = kfi_array_append(&top->edges, &edge, sizeof edge, error);
    }
    if (!status) status = kfi_array_append(&top->nodes, &node, sizeof node, error);
    while (top->nodes.size / sizeof(top_node) > MOST_NODES) thin_out(top);
    return status;
}

static const top_node *find_node(const kfi_top_builder *top, uint64_t address)
{
    size_t low = 0, high = top->nodes.size / sizeof(top_node);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (nodes(top)[middle].address < address) low = middle + 1;
        else high = middle;
    }
    return low < top->nodes.size / sizeof(top_node) && nodes(top)[low].address == address
           ? &nodes(top)[low] : NULL;
}

static visit root_visit(const kfi_top_builder *top, uint64_t cells)
{
    size_t last = top->nodes.size / sizeof(top_node) - 1;
    return (visit){ nodes(top)[last].address, 0, 0, cells, 0 };
}

/* Puts the children of `from` that at most `positions` bytes lead to on the stack. */
static kf_status push_children(const kfi_top_builder *top, const visit *from, unsigned positions,
                               kfi_array *stack, const table *t, kf_error *error)
{
    const top_node *node = find_node(top, from->address);
    kf_status status = KF_OK;
    for (uint32_t i = 0; !status && node && i < node->edges; i++) {
        const top_edge *edge = &edges(top, node)[i];
        visit child = { edge->address, from->rank + edge->before, from->low, from->high, from->depth + edge->size };
        if (edge->size > positions - from->depth) continue;
        int coded = 1;
        for (unsigned j = 0; t && j < edge->size; j++) {
            unsigned at = from->depth + j, code = t->code[at][edge->label[j]];
            coded &= code > 0;
            child.low += code * t->stride[at];
            child.high = child.low + t->stride[at];
        }
        if (coded) status = kfi_array_append(stack, &child, sizeof child, error);
    }
    return status;
}

/* Which bytes lead from kept nodes to nodes, by position. */
static kf_status collect_bytes(const kfi_top_builder *top, table *t, kf_error *error)
{
    kfi_array stack = { 0 };
    visit v = root_visit(top, 0);
    kf_status status = kfi_array_append(&stack, &v, sizeof v, error);
    while (!status && stack.size) {
        stack.size -= sizeof v;
        memcpy(&v, stack.data + stack.size, sizeof v);
        const top_node *node = find_node(top, v.address);
        for (uint32_t i = 0; node && i < node->edges; i++) {
            const top_edge *edge = &edges(top, node)[i];
            for (unsigned j = 0; j < edge->size && v.depth + j < MOST_POSITIONS; j++)
                t->code[v.depth + j][edge->label[j]] = 1;
        }
        status = push_children(top, &v, MOST_POSITIONS, &stack, NULL, error);
    }
    kfi_array_free(&stack);
    for (unsigned p = 0; p < MOST_POSITIONS; p++) {
        t->radix[p] = 1;
        for (unsigned b = 0; b < 256; b++)
            if (t->code[p][b]) t->code[p][b] = t->radix[p] < 255 ? (uint8_t)t->radix[p]++ : 0;
    }
    return status;
}

/* As many positions as the limit allows. */
static void choose_positions(table *t, uint64_t keys, uint64_t tree_size, uint64_t size_limit)
{
    t->position_width = kfi_byte_width(tree_size);
    t->rank_width = kfi_byte_width(keys);
    t->cell_width = 1 + t->position_width + t->rank_width;
    t->cells = 1;
    for (unsigned p = 0; p < MOST_POSITIONS && t->radix[p] > 1; p++) {
        uint64_t cells = t->cells * t->radix[p];
        if (cells * t->cell_width + (p + 1) * 256ull > size_limit || cells > UINT32_MAX) break;
        t->cells = cells;
        t->positions = p + 1;
    }
    uint64_t stride = t->cells;
    for (unsigned p = 0; p < t->positions; p++) t->stride[p] = stride /= t->radix[p];
}

static kf_status fill(const kfi_top_builder *top, const table *t, uint8_t *cells, kf_error *error)
{
    kfi_array stack = { 0 };
    visit v = root_visit(top, t->cells);
    kf_status status = kfi_array_append(&stack, &v, sizeof v, error);
    while (!status && stack.size) {
        uint8_t bytes[24];
        stack.size -= sizeof v;
        memcpy(&v, stack.data + stack.size, sizeof v);
        bytes[0] = (uint8_t)v.depth;
        kfi_store64(bytes + 1, v.address);
        kfi_store64(bytes + 1 + t->position_width, v.rank);
        for (uint64_t c = v.low; c < v.high; c++) memcpy(cells + c * t->cell_width, bytes, t->cell_width);
        status = push_children(top, &v, t->positions, &stack, t, error);
    }
    kfi_array_free(&stack);
    return status;
}

kf_status kfi_top_builder_write(kfi_top_builder *top, uint64_t size_limit, kfi_array *out, kf_error *error)
{
    if (!top->nodes.size) return KF_OK;
    table *t = calloc(1, sizeof *t);
    if (!t) return kfi_fail_memory(error, sizeof *t);
    visit root = root_visit(top, 0);
    const top_node *node = find_node(top, root.address);
    kf_status status = collect_bytes(top, t, error);
    if (!status) choose_positions(t, node->keys, root.address, size_limit);
    if (!status && t->positions) {
        uint8_t head[8] = { (uint8_t)t->positions, (uint8_t)t->position_width, (uint8_t)t->rank_width };
        kfi_store32(head + 4, (uint32_t)t->cells);
        status = kfi_array_append(out, head, sizeof head, error);
        for (unsigned p = 0; !status && p < t->positions; p++) {
            kfi_store32(head, (uint32_t)t->stride[p]);
            status = kfi_array_append(out, head, 4, error);
        }
        if (!status) status = kfi_array_append(out, t->code, t->positions * 256, error);
        if (!status) status = kfi_array_reserve(out, t->cells * t->cell_width, error);
        if (!status) status = fill(top, t, out->data + out->size, error);
        if (!status) out->size += t->cells * t->cell_width;
    }
    free(t);
    return status;
}

void kfi_top_builder_destroy(kfi_top_builder **top)
{
    if (!*top) return;
    kfi_array_free(&(*top)->nodes);
    kfi_array_free(&(*top)->edges);
    free(*top);
    *top = NULL;
}
