/* The minimal automaton of a few keys, for drawing.
 *
 * States are numbered from 0, the start, in the order in which keys in their order first meet them. A state's
 * edges are edges[first .. first + count), ascending by label. */
#ifndef TOOL_GRAPH_GRAPH_H
#define TOOL_GRAPH_GRAPH_H

#include <keyfold/keyfold.h>

#include "output/output.h"

typedef struct graph_edge {
    uint32_t target;
    uint8_t label;
} graph_edge;

typedef struct graph_state {
    uint32_t first;
    uint32_t entered;        /* edges that lead here */
    uint16_t count;
    uint8_t final;
} graph_state;

typedef struct kft_graph {
    graph_state *states;
    graph_edge *edges;
    uint32_t state_count, edge_count;
    uint64_t key_count;
} kft_graph;

/* Most bytes of all the keys together. */
#define GRAPH_KEY_BYTES ((size_t)4 << 20)

typedef enum kft_graph_result {
    GRAPH_DONE,
    GRAPH_NO_MEMORY,
    GRAPH_TOO_LARGE,
    GRAPH_UNREADABLE
} kft_graph_result;

/* Of the keys that the iterator yields, in key order. On GRAPH_UNREADABLE, `*status` tells why. */
kft_graph_result graph_build(kft_graph *graph, kf_iter *iter, kf_status *status);
void graph_free(kft_graph *graph);

/* Writes it in the DOT language. `compact`: a chain of states with one way in and one way out is an edge with
 * several bytes, and labels that lead from one state to the same other one are a class. */
void graph_write(const kft_graph *graph, int compact, kft_output *out);

/* Has Graphviz draw it as SVG into the file `path`, which is replaced when all went well. Returns the exit
 * code, after a message if it is not 0. */
int graph_draw(const kft_graph *graph, int compact, const char *path);

#endif
