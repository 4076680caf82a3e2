#include "graph/graph.h"

#include "command.h"
#include "output/message.h"

int graph_draw(const kft_graph *graph, int compact, const char *path)
{
    (void)graph;
    (void)compact;
    complain("graph: on Windows dot has to be started by you: keyfold graph ... | dot -Tsvg -o \"%s\"", path);
    return EXIT_TROUBLE;
}
