/* The DOT language: https://graphviz.org/doc/info/lang.html */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

#include "output/escape.h"

/* One character of a label as the reader of the drawing is to see it, within DOT's quotes. Backslashes of
 * escapes are doubled, since DOT has escapes of its own. */
static void write_byte(kft_output *out, uint8_t byte, int compact)
{
    char text[8];

    if (byte == ' ') {
        output_text(out, "\u2423");
    } else if (byte == '"') {
        output_text(out, "\\\"");
    } else if (escape_letter[byte] != 0) {
        snprintf(text, sizeof text, "\\\\%s%c", byte == '\\' ? "\\" : "", escape_letter[byte]);
        output_text(out, text);
    } else if (byte < 0x20 || byte >= 0x7f) {
        snprintf(text, sizeof text, "\\\\x%02x", byte);
        output_text(out, text);
    } else {
        if (compact && (byte == '[' || byte == ']' || byte == '-'))
            output_text(out, "\\\\");
        output_byte(out, byte);
    }
}

/* The size of the character that the label begins with if it is one beyond ASCII that can be shown, else 0. */
static size_t shown_character(const uint8_t *label, size_t size)
{
    size_t length = label[0] >= 0xf0 ? 4 : label[0] >= 0xe0 ? 3 : 2;

    if (label[0] < 0xc2 || size < length || !is_utf8(label, length))
        return 0;
    if (label[0] == 0xc2 && label[1] < 0xa1)   /* control characters, a space */
        return 0;
    return label[0] == 0xef && label[1] == 0xbf && label[2] >= 0xbe ? 0 : length;   /* no characters */
}

/* Appends the bytes on the way from `edge` to the next state that is drawn; returns that. The bytes' number,
 * which may be larger than the room there is, is in `*size`. */
static uint32_t follow(const kft_graph *graph, const graph_edge *edge, int compact, uint8_t *label,
                       size_t room, size_t *size)
{
    *size = 0;
    for (;;) {
        const graph_state *target = &graph->states[edge->target];

        if (*size < room)
            label[*size] = edge->label;
        ++*size;
        if (!compact || target->final || target->count != 1 || target->entered != 1 || edge->target == 0)
            return edge->target;
        edge = &graph->edges[target->first];
    }
}

static void write_chain(const uint8_t *label, size_t size, int compact, kft_output *out)
{
    for (size_t at = 0; at < size;) {
        size_t length = shown_character(label + at, size - at);

        if (length > 0)
            output_bytes(out, label + at, length);
        else
            write_byte(out, label[at], compact);
        at += length > 0 ? length : 1;
    }
}

/* The labels of a state's edges to one target: a, [ab], [0-9a]. */
static void write_class(const uint8_t *labels, size_t count, kft_output *out)
{
    if (count > 1)
        output_byte(out, '[');
    for (size_t i = 0; i < count;) {
        size_t run = 1;

        while (i + run < count && labels[i + run] == labels[i] + run)
            run++;
        write_byte(out, labels[i], 1);
        if (run > 2)
            output_byte(out, '-');
        if (run > 1)
            write_byte(out, labels[i + run - 1], 1);
        i += run;
    }
    if (count > 1)
        output_byte(out, ']');
}

static void write_arrow(uint32_t from, uint32_t to, kft_output *out)
{
    output_text(out, "  ");
    output_u64(out, from);
    output_text(out, " -> ");
    output_u64(out, to);
    output_text(out, " [label=\"");
}

enum { LABEL_SHOWN = 256 };   /* bytes of a chain; more would be no drawing */

static void write_edges(const kft_graph *graph, uint32_t from, int compact, kft_output *out)
{
    const graph_state *state = &graph->states[from];
    const graph_edge *edges = &graph->edges[state->first];
    uint8_t done[256] = { 0 }, label[LABEL_SHOWN];

    for (unsigned i = 0; i < state->count; i++) {
        size_t size;
        uint32_t to = follow(graph, &edges[i], compact, label, LABEL_SHOWN, &size);

        if (done[i])
            continue;
        write_arrow(from, to, out);
        if (compact && size == 1) {
            uint8_t labels[256];
            size_t count = 0;

            for (unsigned k = i; k < state->count; k++)
                if (edges[k].target == to) {
                    labels[count++] = edges[k].label;
                    done[k] = 1;
                }
            write_class(labels, count, out);
        } else {
            write_chain(label, size < LABEL_SHOWN ? size : LABEL_SHOWN, compact, out);
            if (size > LABEL_SHOWN)
                output_text(out, "...");
        }
        output_text(out, "\"];\n");
    }
}

void graph_write(const kft_graph *graph, int compact, kft_output *out)
{
    output_text(out, "// ");
    output_u64(out, graph->key_count);
    output_text(out, " keys, ");
    output_u64(out, graph->state_count);
    output_text(out, " states, ");
    output_u64(out, graph->edge_count);
    output_text(out, " transitions\n"
                     "digraph keyfold {\n"
                     "  rankdir=LR;\n"
                     "  node [shape=circle, label=\"\", width=0.25];\n"
                     "  edge [arrowsize=0.6];\n"
                     "  start [shape=point, width=0.05];\n"
                     "  start -> 0;\n");
    for (uint32_t i = 0; i < graph->state_count; i++) {
        const graph_state *state = &graph->states[i];

        if (compact && i > 0 && !state->final && state->count == 1 && state->entered == 1)
            continue;   /* inside a chain */
        if (state->final) {
            output_text(out, "  ");
            output_u64(out, i);
            output_text(out, " [shape=doublecircle];\n");
        }
        write_edges(graph, i, compact, out);
    }
    output_text(out, "}\n");
}
