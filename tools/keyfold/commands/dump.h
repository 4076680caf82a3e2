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

/* Whether an output that begins with these bytes would be taken for something else than lines, or fields that end with
 * NUL, of text. */
int dump_misleads(kf_bytes first, int is_nul);

/* The rows of an index of names, on stdout. Returns the exit code. */
int names_dump(const char *path, const kf_names *names, const dump_options *options);

#endif
