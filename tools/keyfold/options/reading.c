#include "options/reading.h"

#include <string.h>

#include "command.h"
#include "input/input.h"

const kft_option_choice on_error_names[] = { { "fail", ON_ERROR_FAIL }, { "skip", ON_ERROR_SKIP }, { NULL, 0 } };

uint8_t delimiter_byte(const char *text)
{
    if (strcmp(text, "\\t") == 0)
        return '\t';
    return strlen(text) == 1 && strchr("\"\r\n", text[0]) == NULL ? (uint8_t)text[0] : 0;
}

int inputs_check(const kft_command *command, const kft_arguments *inputs)
{
    int stdin_uses = 0;

    if (inputs->count == 0)
        return usage_error(command, "which INPUT? '-' is standard input");
    for (int i = 0; i < inputs->count; i++)
        stdin_uses += strcmp(inputs->items[i], "-") == 0;
    if (stdin_uses > 1)
        return usage_error(command, "standard input can be read only once");
    return OPTIONS_GO_ON;
}

unsigned formats_there(int format, const kft_arguments *inputs)
{
    unsigned found = 0;

    if (format != FORMAT_AUTO)
        return 1u << format;
    for (int i = 0; i < inputs->count; i++) {
        kft_input_format named = input_format_of_name(inputs->items[i]);

        found |= named != FORMAT_AUTO ? 1u << named : 1u << FORMAT_TSV | 1u << FORMAT_LINES;
    }
    return found;
}

int formats_check(const kft_command *command, const kft_format_option *options, int format,
                  const kft_arguments *inputs)
{
    const unsigned there = formats_there(format, inputs);

    for (; options->option != NULL; options++)
        if (option_given(command, inputs, options->option) && (there & options->formats) == 0)
            return usage_error(command, format != FORMAT_AUTO
                                        ? "--%s is about %s, but --format is %s"
                                        : "--%s is about %s, but no input is by its name; see --format",
                               options->option, options->names, input_format_name((kft_input_format)format));
    return OPTIONS_GO_ON;
}
