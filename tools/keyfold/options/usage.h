/* What --help and the completion lists print. */
#ifndef TOOL_OPTIONS_USAGE_H
#define TOOL_OPTIONS_USAGE_H

#include "command.h"

void usage_print_command(const kft_command *command);

/* One option a line for the completion: --name, -letter or "-", kind, choices, separated by tabs. */
void usage_list_options(const kft_option_spec *options);

#endif
