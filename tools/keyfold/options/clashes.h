/* Options that do nothing beside others, or without them. */
#ifndef TOOL_OPTIONS_CLASHES_H
#define TOOL_OPTIONS_CLASHES_H

#include "options/options.h"

/* Goes through the command's clashes. Returns OPTIONS_GO_ON or the exit code of a usage error. */
int clashes_check(const struct kft_command *command, const kft_arguments *rest);

#endif
