/* The formats that one search for a delimiter reads: tsv, lines and nul. */
#include <string.h>

#include "escape.h"
#include "input.h"

/* The next piece up to `delimiter` or the end. INPUT_RECORD, INPUT_END or INPUT_FAILED. */
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

static void strip_return(const kft_input *input, const uint8_t *data, size_t *size)
{
    if (!input->settings->raw && *size > 0 && data[*size - 1] == '\r')
        --*size;
}

static int decode(kft_input *input, const char *what, uint8_t *data, size_t *size)
{
    if (input->settings->raw || unescape(data, size))
        return INPUT_RECORD;
    return input_bad(input, "invalid escape in the %s: a backslash is written \\\\ (or use --raw)",
                     what);
}

int input_next_lines(kft_input *input, kft_record *record)
{
    int result = input_next_line(input, '\n', &record->key, &record->key_size);

    if (result != INPUT_RECORD)
        return result;
    strip_return(input, record->key, &record->key_size);
    return decode(input, "key", record->key, &record->key_size);
}

int input_next_tsv(kft_input *input, kft_record *record)
{
    uint8_t *line, *tab;
    size_t size;
    int result = input_next_line(input, '\n', &line, &size);

    if (result != INPUT_RECORD)
        return result;
    strip_return(input, line, &size);
    if (size == 0)
        return input_bad(input, "empty line");
    tab = memchr(line, '\t', size);
    if (tab == NULL && input->settings->wants_value)
        return input_bad(input, "no tab, so no value");
    record->key = line;
    record->key_size = tab != NULL ? (size_t)(tab - line) : size;
    result = decode(input, "key", record->key, &record->key_size);
    if (result != INPUT_RECORD || !input->settings->wants_value)
        return result;
    record->value = tab + 1;
    record->value_size = (size_t)(line + size - record->value);
    return decode(input, "value", record->value, &record->value_size);
}

/* A pair has to lie in the window as a whole, so both ends are found before it is consumed. */
static int next_pair(kft_input *input, kft_record *record)
{
    size_t key_size, end;
    int found = stream_find(&input->stream, 0, 0, &key_size);

    if (found == STREAM_FAILED)
        return INPUT_FAILED;
    if (found == STREAM_END && key_size == 0)
        return INPUT_END;
    input->line = ++input->lines_read;
    if (found == STREAM_END) {
        stream_consume(&input->stream, key_size);
        return input_bad(input, "the last key has no value");
    }
    found = stream_find(&input->stream, key_size + 1, 0, &end);
    if (found == STREAM_FAILED)
        return INPUT_FAILED;
    record->key = stream_window(&input->stream);
    record->key_size = key_size;
    record->value = record->key + key_size + 1;
    record->value_size = end - key_size - 1;
    stream_consume(&input->stream, end + (found == STREAM_FOUND));
    if (found == STREAM_END && record->value_size == 0)
        return input_bad(input, "the last key has no value");
    return INPUT_RECORD;
}

int input_next_nul(kft_input *input, kft_record *record)
{
    if (input->settings->pairs)
        return next_pair(input, record);
    return input_next_line(input, 0, &record->key, &record->key_size);
}
