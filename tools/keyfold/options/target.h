/* The file that a command writes. */
#ifndef TOOL_OPTIONS_TARGET_H
#define TOOL_OPTIONS_TARGET_H

#include "command.h"

#define FORCE_OPTION(type, member) \
    { "force", 0, OPTION_FLAG, offsetof(type, member), NULL, \
      "replace FILE though it is there and no keyfold file", NULL }

/* Checks what --output names, as far as that is a matter of usage: `path` is NULL without it. Returns OPTIONS_GO_ON or
 * the exit code of a usage error. */
int target_check(const kft_command *command, const char *path);

#endif
