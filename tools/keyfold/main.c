/* keyfold: the command-line tool. Everything it knows of its commands is in the table below. */
#include <keyfold/keyfold.h>

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input/decoder.h"
#include "options/usage.h"
#include "output/message.h"
#include "system.h"

static const kft_command *const commands[] = {
    &command_build, &command_get, &command_scan, &command_fuzzy, &command_nearest, &command_match,
    &command_complete, &command_find,
    &command_union, &command_intersect, &command_subtract, &command_diff, &command_merge, &command_bundle,
    &command_stat, &command_verify, &command_dump, &command_graph, &command_names,
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const kft_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT + 1];
    const char *nearest;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    names[COMMAND_COUNT] = NULL;
    nearest = nearest_word(name, names);
    if (nearest != NULL)
        complain("unknown command '%s'; did you mean '%s'?", name, nearest);
    else
        complain("unknown command '%s'", name);
    if (strcmp(name, "publish") == 0)
        fprintf(stderr, "'python -m keyfold', the command of the Python package, has it.\n");
    fprintf(stderr, "Try 'keyfold help'.\n");
    return EXIT_USAGE;
}

static void print_overview(FILE *file)
{
    fprintf(file, "Usage: keyfold COMMAND [options] FILE [ARG...]\n\n"
                  "Folds key/value pairs into one small file that every process maps.\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(file, "  %-9s %s\n\n", "help", "Show the options of a command: keyfold help COMMAND");
    fprintf(file, "  keyfold --version\n\n"
                  "Exit codes: 0 found or done, 1 not found, 2 usage, 3 data or I/O error.\n");
}

static int help(int argc, char **argv)
{
    const kft_command *command;

    if (argc == 0) {
        print_overview(stdout);
        return EXIT_FOUND;
    }
    command = find_command(argv[0]);
    if (command == NULL)
        return unknown_command(argv[0]);
    usage_print_command(command);
    return EXIT_FOUND;
}

static void print_version(void)
{
    printf("keyfold %s\n%sinputs: plain", kf_library_version(), kf_library_features());
    for (int kind = DECODER_GZIP; kind <= DECODER_BZIP2; kind++)
        if (decoder_known((kft_decoder_kind)kind))
            printf(" %s", decoder_name((kft_decoder_kind)kind));
    printf("\n");
}

static int run(int argc, char **argv)
{
    const kft_command *command;

    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return help(argc - 2, argv + 2);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        print_version();
        return EXIT_FOUND;
    }
    if (strcmp(argv[1], "--list-commands") == 0) {
        for (size_t i = 0; i < COMMAND_COUNT; i++)
            printf("%s\n", commands[i]->name);
        printf("help\n");
        return EXIT_FOUND;
    }
    if (argv[1][0] == '-') {
        complain("unknown option %s; a COMMAND comes first", argv[1]);
        fprintf(stderr, "Try 'keyfold help'.\n");
        return EXIT_USAGE;
    }
    command = find_command(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    return command->run(argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    int code;

    if (!system_start(&argc, &argv)) {
        complain("out of memory");
        return EXIT_TROUBLE;
    }
    code = run(argc, argv);

    if ((fflush(stdout) != 0 || ferror(stdout)) && code != EXIT_TROUBLE) {
        complain("standard output: write error");
        code = EXIT_TROUBLE;
    }
    return code;
}
