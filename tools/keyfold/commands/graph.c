/* keyfold graph: a small dictionary's minimal automaton, drawn. */
#include "graph/graph.h"

#include <string.h>

#include "command.h"
#include "output/entry.h"
#include "output/escape.h"
#include "output/message.h"

typedef struct graph_options {
    const char *prefix;
    uint64_t most;
    int compact;
    const char *svg;
    int escapes;
} graph_options;

static const kft_option_spec options_table[] = {
    { "prefix", 'p', OPTION_TEXT, offsetof(graph_options, prefix), "TEXT",
      "only keys that begin with TEXT", NULL },
    { "most", 'm', OPTION_NUMBER, offsetof(graph_options, most), "COUNT",
      "refuse to draw more than COUNT keys (default 1000)", NULL },
    { "compact", 'c', OPTION_FLAG, offsetof(graph_options, compact), NULL,
      "draw chains of states as one edge, and edges side by\nside as one with a class such as [0-9]", NULL },
    { "svg", 's', OPTION_FILE, offsetof(graph_options, svg), "FILE",
      "have Graphviz draw it into FILE", NULL },
    { "escapes", 'e', OPTION_FLAG, offsetof(graph_options, escapes), NULL,
      "TEXT has escapes", NULL },
    OPTIONS_END
};

static int show(const kft_graph *graph, const graph_options *options)
{
    kft_output out = { 0 };

    if (options->svg != NULL)
        return graph_draw(graph, options->compact, options->svg);
    if (!output_open(&out))
        return EXIT_TROUBLE;
    graph_write(graph, options->compact, &out);
    return output_finish(&out, EXIT_FOUND);
}

static int graph_keys(kf_iter *iter, const char *path, const graph_options *options)
{
    uint64_t keys = kf_iter_remaining(iter);
    kft_graph graph;
    kf_status status;
    int code = EXIT_TROUBLE;

    if (keys == 0 && options->prefix != NULL)
        return EXIT_NOT_FOUND;
    if (keys > options->most) {
        complain("%s: %llu keys are more than the %llu that --most allows; choose some with --prefix", path,
                 (unsigned long long)keys, (unsigned long long)options->most);
        return EXIT_TROUBLE;
    }
    switch (graph_build(&graph, iter, &status)) {
    case GRAPH_DONE:
        code = show(&graph, options);
        graph_free(&graph);
        break;
    case GRAPH_NO_MEMORY:
        complain("out of memory");
        break;
    case GRAPH_TOO_LARGE:
        complain("%s: the keys have more than %zu bytes; choose some with --prefix", path, GRAPH_KEY_BYTES);
        break;
    case GRAPH_UNREADABLE:
        code = complain_status(path, NULL, status);
    }
    return code;
}

static int graph_run(int argc, char **argv)
{
    graph_options options = { .most = 1000 };
    kf_iter_options range = KF_ITER_OPTIONS_INIT;
    kft_arguments rest;
    kf_dict *dict;
    kf_iter *iter = NULL;
    kf_error error = { 0 };
    kf_status status;
    int code = options_parse(&command_graph, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 1)
        return usage_error(&command_graph, rest.count == 0 ? "which FILE?" : "one FILE only");
    if (options.prefix != NULL) {
        range.prefix = (kf_bytes){ (const uint8_t *)options.prefix, strlen(options.prefix) };
        if (options.escapes && !unescape((uint8_t *)(uintptr_t)options.prefix, &range.prefix.size)) {
            complain("graph: " BAD_ESCAPE, "TEXT of --prefix");
            return EXIT_USAGE;
        }
    }
    dict = entry_open(rest.items[0], KF_OPEN_CHECK, &code);
    if (dict == NULL)
        return code;
    status = kf_iter_create(&iter, dict, &range, &error);
    code = status == KF_OK ? graph_keys(iter, rest.items[0], &options)
                           : complain_error(rest.items[0], status, &error);
    kf_iter_destroy(&iter);
    kf_dict_close(&dict);
    return code;
}

static const kft_clash clashes[] = {
    { "escapes", "prefix", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_graph = {
    "graph", "Draw the minimal automaton of a small dictionary", "[options] FILE", options_table,
    "Prints a graph in Graphviz's DOT language: keys are the labels on the ways from the\n"
    "start to states with a double circle. Bytes that can't be shown are escaped as\n"
    "elsewhere or \\xHH, a space is shown as an open box.\n\n"
    "Exit code: 0 done, 1 nothing begins with --prefix, 2 usage, 3 data or I/O error,\n"
    "or too many keys.\n",
    graph_run, clashes
};
