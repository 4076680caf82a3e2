#include "input/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int input_bad(kft_input *input, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(input->reason, sizeof input->reason, format, values);
    va_end(values);
    return INPUT_BAD;
}

int input_empty_line(kft_input *input)
{
    const int written = input->format == FORMAT_LINES && !input->settings->raw;

    return input_bad(input, "empty line: take it out, or pass over such lines with --on-error skip%s",
                     !written ? "" : input->settings->row ? " (the empty name is written \\&)"
                                                          : " (the empty key is written \\&)");
}

int input_check_nul(kft_input *input, const uint8_t *data, size_t size)
{
    const uint8_t *nul = input->no_nul && size > 0 ? memchr(data, 0, size) : NULL;

    if (nul == NULL)
        return INPUT_RECORD;
    return input_bad(input, "a NUL byte (byte %zu of the line), which text has not: in tsv and lines it is written "
                     "\\0; --text takes it as it is", (size_t)(nul - data) + 1);
}

int input_next_line(kft_input *input, uint8_t delimiter, uint8_t **data, size_t *size)
{
    int found = stream_find(&input->stream, 0, delimiter, size);

    if (found == STREAM_FAILED)
        return INPUT_FAILED;
    if (found == STREAM_END && *size == 0)
        return INPUT_END;
    *data = stream_window(&input->stream);
    stream_consume(&input->stream, *size + (found == STREAM_FOUND));
    input->line = ++input->lines_read;
    return input_check_nul(input, *data, *size);
}
