#include "input/reader.h"

#include <stdarg.h>
#include <stdio.h>

int input_bad(kft_input *input, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(input->reason, sizeof input->reason, format, values);
    va_end(values);
    return INPUT_BAD;
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
    return INPUT_RECORD;
}
