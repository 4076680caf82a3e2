/* Graphviz's dot as a child: the graph goes into its standard input, its standard output is a new file that
 * takes the old one's place when all went well. */
#include "graph/graph.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "output/message.h"
#include "system.h"

extern char **environ;

static int write_pipe(void *context, const uint8_t *data, size_t size)
{
    int file = *(int *)context;

    while (size > 0) {
        ssize_t written = write(file, data, size);

        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* Starts dot; returns 0 or errno. `*input` is where its standard input is written to. */
static int start_dot(pid_t *child, int *input, int result)
{
    static char name[] = "dot", format[] = "-Tsvg";
    char *arguments[] = { name, format, NULL };
    posix_spawn_file_actions_t actions;
    int ends[2], code;

    if (make_pipe(ends) != 0)
        return errno;
    code = posix_spawn_file_actions_init(&actions);
    if (code == 0) {
        code = posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
        if (code == 0)
            code = posix_spawn_file_actions_adddup2(&actions, result, STDOUT_FILENO);
        if (code == 0)
            code = posix_spawnp(child, name, &actions, NULL, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[0]);
    if (code != 0)
        close(ends[1]);
    else
        *input = ends[1];
    return code;
}

/* Feeds dot and waits for it; the exit code. */
static int run_dot(const kft_graph *graph, int compact, int result)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);   /* dot may end before it has read all */
    kft_output out = { 0 };
    pid_t child;
    int input, state = 0, code = EXIT_TROUBLE;
    int error = start_dot(&child, &input, result);

    if (error == ENOENT) {
        complain("graph: the program 'dot' was not found; it is part of Graphviz (package graphviz). "
                 "Without --svg the graph is printed in its language");
    } else if (error != 0) {
        complain("graph: dot: %s", strerror(error));
    } else {
        int opened = output_open(&out);

        if (opened) {
            out.sink = write_pipe;
            out.sink_context = &input;
            graph_write(graph, compact, &out);
            output_flush(&out);
            free(out.buffer);
        }
        close(input);
        while (waitpid(child, &state, 0) < 0 && errno == EINTR) {}
        if (opened && out.os_error == 0 && WIFEXITED(state) && WEXITSTATUS(state) == 0)
            code = EXIT_FOUND;
        else if (opened)
            complain("graph: dot failed");
    }
    signal(SIGPIPE, before);
    return code;
}

int graph_draw(const kft_graph *graph, int compact, const char *path)
{
    size_t size = strlen(path) + sizeof ".XXXXXX";
    char *beside = malloc(size);
    mode_t mask = umask(0);
    int file, code = EXIT_TROUBLE;

    umask(mask);
    if (beside == NULL) {
        complain("out of memory");
        return EXIT_TROUBLE;
    }
    snprintf(beside, size, "%s.XXXXXX", path);
    file = mkostemp(beside, O_CLOEXEC);
    if (file < 0) {
        complain("%s: %s", path, strerror(errno));
        goto out;
    }
    code = run_dot(graph, compact, file);
    if (code == 0 && (fchmod(file, 0666 & ~mask) != 0 || fsync(file) != 0 || rename(beside, path) != 0)) {
        complain("%s: %s", path, strerror(errno));
        code = EXIT_TROUBLE;
    }
    close(file);
    if (code != 0)
        unlink(beside);
out:
    free(beside);
    return code;
}
