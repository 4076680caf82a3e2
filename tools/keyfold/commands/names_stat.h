/* What stat prints of an index of names. */
#ifndef TOOL_COMMANDS_NAMES_STAT_H
#define TOOL_COMMANDS_NAMES_STAT_H

#include <keyfold/keyfold.h>

#include "command.h"
#include "output/output.h"

/* On stdout. Returns the exit code. */
int names_stat_print(const char *path, const kf_names *names, int json);

#endif
