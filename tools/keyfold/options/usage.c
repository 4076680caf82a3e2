#include "options/usage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "output/message.h"

#define HELP_COLUMN 30
#define HELP_WIDTH 86    /* of choices */

int usage_error(const kft_command *command, const char *format, ...)
{
    char text[512];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    message((kft_message){ MESSAGE_ERROR, KF_INVALID, NULL, 0 }, "%s: %s", command->name, text);
    message((kft_message){ MESSAGE_HINT, KF_OK, NULL, 0 }, "Try 'keyfold %s --help'.", command->name);
    return EXIT_USAGE;
}

static void print_choices(const kft_option_choice *choices)
{
    int column = printf("%*s", HELP_COLUMN, "");

    for (; choices->name != NULL; choices++) {
        if (column + (int)strlen(choices->name) > HELP_WIDTH)
            column = printf("\n%*s", HELP_COLUMN, "") - 1;
        column += printf("%s%s", choices->name, choices[1].name != NULL ? " | " : "\n");
    }
}

static void print_option(const char *name, char letter, const char *argument, const char *help,
                         const kft_option_choice *choices)
{
    char left[128];
    const char *line = help;
    int width;

    width = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", letter ? '-' : ' ',
                     letter ? letter : ' ', letter ? "," : " ", name, argument ? " " : "",
                     argument ? argument : "");
    printf("%-*s", HELP_COLUMN, left);
    if (width >= HELP_COLUMN)
        printf("\n%*s", HELP_COLUMN, "");
    while (line != NULL) {
        size_t size = strcspn(line, "\n");

        printf("%.*s\n", (int)size, line);
        line = line[size] != 0 ? line + size + 1 : NULL;
        if (line != NULL)
            printf("%*s", HELP_COLUMN, "");
    }
    if (choices != NULL)
        print_choices(choices);
}

void usage_print_command(const kft_command *command)
{
    printf("Usage: keyfold %s %s\n\n%s.\n\nOptions:\n", command->name, command->usage,
           command->summary);
    for (const kft_option_spec *option = command->options; option->name != NULL; option++)
        print_option(option->name, option->letter, option->argument, option->help, option->choices);
    print_option("help", 'h', NULL, "this text", NULL);
    if (command->details != NULL)
        printf("\n%s", command->details);
}

static const char *kind_name(kft_option_kind kind)
{
    switch (kind) {
    case OPTION_FLAG: return "flag";
    case OPTION_FILE: return "file";
    case OPTION_FOLDER: return "folder";
    case OPTION_CHOICE: return "choice";
    case OPTION_CHOICES: return "choice";   /* of which completion offers the first */
    default: return "text";
    }
}

void usage_list_options(const kft_option_spec *options)
{
    for (; options->name != NULL; options++) {
        /* "-" alone for none: read would join empty columns. */
        char letter[3] = { '-', options->letter, 0 };

        printf("--%s\t%s\t%s\t", options->name, letter, kind_name(options->kind));
        for (const kft_option_choice *choice = options->choices;
             choice != NULL && choice->name != NULL; choice++)
            printf("%s%s", choice->name, choice[1].name != NULL ? " " : "");
        printf("\n");
    }
    printf("--help\t-h\tflag\t\n");
}
