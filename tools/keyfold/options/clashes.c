#include "options/clashes.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

int option_given(const kft_command *command, const kft_arguments *rest, const char *name)
{
    for (const kft_option_spec *option = command->options; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0)
            return (int)(rest->given >> (option - command->options) & 1);
    return 0;
}

/* The first of the others that is there, into `found`; returns 0 if none is. */
static int find_other(const kft_command *command, const kft_arguments *rest, const char *others, char found[64])
{
    for (const char *at = others; *at != 0; at += *at == '|') {
        size_t size = strcspn(at, "|");
        int is_option = *at >= 'a';

        snprintf(found, 64, "%.*s", (int)size, at);
        if (is_option ? option_given(command, rest, found) : rest->count > 1) {
            snprintf(found, 64, "%s%.*s", is_option ? "--" : "", (int)size, at);
            return 1;
        }
        at += size;
    }
    return 0;
}

int clashes_check(const kft_command *command, const kft_arguments *rest)
{
    for (const kft_clash *clash = command->clashes; clash != NULL && clash->option != NULL; clash++) {
        char found[64], first[64];
        int there;

        if (!option_given(command, rest, clash->option))
            continue;
        there = find_other(command, rest, clash->other, found);
        if (there && !clash->needed)
            return usage_error(command, "--%s does nothing with %s", clash->option, found);
        snprintf(first, sizeof first, "%.*s", (int)strcspn(clash->other, "|"), clash->other);
        if (!there && clash->needed)
            return usage_error(command, "--%s does nothing without %s%s", clash->option,
                               first[0] >= 'a' ? "--" : "", first);
    }
    return OPTIONS_GO_ON;
}
