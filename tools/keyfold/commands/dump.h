/* What dump prints of either kind of file. */
#ifndef TOOL_COMMANDS_DUMP_H
#define TOOL_COMMANDS_DUMP_H

#include <keyfold/keyfold.h>

#include "command.h"

enum { DUMP_TSV, DUMP_JSONL, DUMP_NUL };

typedef struct dump_options {
    int format;
    int raw;
} dump_options;

/* The rows of an index of names, on stdout. Returns the exit code. */
int names_dump(const char *path, const kf_names *names, const dump_options *options);

#endif
