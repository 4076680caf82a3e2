/* Dictionaries of more than 2^32 keys, each of a few states. Include after chain.h. */
#ifndef TESTS_SUPPORT_CHAIN_SHAPES_H
#define TESTS_SUPPORT_CHAIN_SHAPES_H

#include "random.h"

enum chain_shape {
    CHAIN_BINARY33,     /* {a,b}^33 */
    CHAIN_BINARY40,     /* {b,c}^40 */
    CHAIN_PREFIXES,     /* up to 24 of {a,b,c} */
    CHAIN_LABELS,       /* labels of 1 to 40 bytes, some states final, edges that end or leave out a state */
    CHAIN_WIDE,         /* {200 bytes}^6: nodes of several buckets */
    CHAIN_MOST,         /* {255 bytes}^8: nearly 2^64 keys */
    CHAIN_TREE,         /* nodes below nodes, in front of a chain: sums above 2^32 in nodes, and a table */
    CHAIN_RANDOM,       /* and on: any */
    CHAIN_SHAPES = CHAIN_RANDOM + 6
};

static uint64_t chain_draws;
static inline uint64_t chain_draw(uint64_t below) { return mix64(++chain_draws) % below; }

/* `levels` states, each with an edge by `count` bytes from `first` on that leads to the one before. */
static inline void chain_uniform(chain *c, unsigned first, unsigned count, unsigned levels, int final)
{
    for (unsigned n = 0; n < levels; n++) {
        const int below = n ? c->states - 1 : CHAIN_SINK;
        chain_state_new(c, final);
        for (unsigned i = 0; i < count; i++) {
            const uint8_t byte = (uint8_t)(first + i);
            chain_edge_new(c, &byte, 1, below);
        }
    }
}

static inline void chain_labels(chain *c)
{
    static const char long_label[] = "this one is as long as a label may be her";
    for (int n = 0; n < 22; n++) {
        const int below = n ? n - 1 : CHAIN_SINK, next = n > 1 ? n - 2 : CHAIN_SINK;
        chain_state_new(c, n % 3 == 1);
        chain_edge_new(c, "\0x", 2, next);
        chain_edge_new(c, "a", 1, below);
        chain_edge_new(c, "bcd", 3, below);
        chain_edge_new(c, "end", 3, CHAIN_SINK);
        if (n % 5 == 0) chain_edge_new(c, long_label, 40, below);
        chain_edge_new(c, "z\xff\xff", 3, below);
        chain_edge_new(c, "\xff\xff\xff", 3, next);
    }
}

/* The root's 120 children differ, so each is a node of its own; between them are small edges. */
static inline void chain_tree(chain *c)
{
    uint8_t label[4];
    chain_uniform(c, 'p', 3, 21, 0);
    const int high = c->states - 1, low = c->states - 2, nodes = c->states;
    for (unsigned i = 0; i < 120; i++) {
        chain_state_new(c, i % 2);
        for (unsigned j = 0; j < 130 + i; j++) {
            label[0] = (uint8_t)j;
            label[1] = (uint8_t)(i * j);
            chain_edge_new(c, label, 1 + (j % 4 == 0), j % 7 == 0 ? CHAIN_SINK : j % 3 == 0 ? low : high);
        }
    }
    chain_state_new(c, 1);
    for (unsigned i = 0; i < 240; i++) {
        label[0] = (uint8_t)i;
        label[1] = label[2] = (uint8_t)(7 * i);
        if (i % 2) chain_edge_new(c, label, 1 + i % 3, nodes + (int)(i / 2));
        else chain_edge_new(c, label, 1 + i % 2, i % 4 ? high : CHAIN_SINK);
    }
}

/* Ends with the root at which there are 2^40 keys and more. */
static inline void chain_random(chain *c)
{
    uint8_t label[CHAIN_LABEL];
    do {
        const int below = c->states;
        const unsigned edges = chain_draw(8) ? 2 + (unsigned)chain_draw(5) : 60 + (unsigned)chain_draw(90);
        unsigned byte = (unsigned)chain_draw(20);
        chain_state_new(c, chain_draw(3) == 0);
        for (unsigned i = 0; i < edges && byte < 256; i++) {
            const int back = chain_draw(4) ? 1 : 1 + (int)chain_draw(6);
            size_t size = chain_draw(3) ? 1 : 1 + chain_draw(chain_draw(20) ? 6 : CHAIN_LABEL);
            for (size_t k = 0; k < size; k++)
                label[k] = (uint8_t)(chain_draw(2) ? 'a' + chain_draw(4) : chain_draw(256));
            label[0] = (uint8_t)byte;
            chain_edge_new(c, label, size, below < back ? CHAIN_SINK : below - back);
            byte += 1 + (unsigned)chain_draw(1 + (255 - byte) / (edges - i));
        }
    } while (chain_root(c)->keys >> 40 == 0);
}

static inline void chain_make(chain *c, unsigned shape)
{
    memset(c, 0, sizeof *c);
    chain_draws = shape * 1000003ull;
    switch (shape) {
    case CHAIN_BINARY33: chain_uniform(c, 'a', 2, 33, 0); break;
    case CHAIN_BINARY40: chain_uniform(c, 'b', 2, 40, 0); break;
    case CHAIN_PREFIXES: chain_uniform(c, 'a', 3, 24, 1); break;
    case CHAIN_LABELS: chain_labels(c); break;
    case CHAIN_WIDE: chain_uniform(c, 20, 200, 6, 0); break;
    case CHAIN_MOST: chain_uniform(c, 0, 255, 8, 0); break;
    case CHAIN_TREE: chain_tree(c); break;
    default: chain_random(c);
    }
}

#endif
