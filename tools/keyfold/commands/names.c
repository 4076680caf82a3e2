/* keyfold names: the commands for indexes of names. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options/usage.h"
#include "output/message.h"

static const kft_command *const commands[] = {
    &command_names_build, &command_names_match, &command_names_dedupe, &command_names_score
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const kft_option_spec options_table[] = { OPTIONS_END };

/* What follows "names " in a command's name. */
static const char *short_name(const kft_command *command)
{
    return strchr(command->name, ' ') + 1;
}

static int unknown(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = { NULL };
    const char *nearest;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = short_name(commands[i]);
    nearest = nearest_word(name, names);
    if (nearest != NULL)
        return usage_error(&command_names, "unknown command '%s'; did you mean '%s'?", name, nearest);
    return usage_error(&command_names, "unknown command '%s'", name);
}

static int names_run(int argc, char **argv)
{
    if (argc == 0)
        return usage_error(&command_names, "which command: build, match, dedupe or score?");
    if (strcmp(argv[0], "--list-commands") == 0) {
        for (size_t i = 0; i < COMMAND_COUNT; i++)
            printf("%s\n", short_name(commands[i]));
        return EXIT_FOUND;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(short_name(commands[i]), argv[0]) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    if (argv[0][0] == '-') {
        kft_arguments rest;
        int target = 0, code = options_parse(&command_names, &target, argc, argv, &rest);

        return code != OPTIONS_GO_ON ? code : usage_error(&command_names, "which command: build, match, dedupe or score?");
    }
    return unknown(argv[0]);
}

const kft_command command_names = {
    "names", "Index names and find the best matches", "build|match|dedupe|score ...", options_table,
    "  names build    compile rows of ids and names into an index\n"
    "  names match    find the names that are most similar to needles\n"
    "  names dedupe   find the names of an index that are alike\n"
    "  names score    say how similar two names are\n\n"
    "Each has options of its own: keyfold names build --help.\n",
    names_run, NULL
};
