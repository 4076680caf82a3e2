/* The formats that one search for a delimiter reads: tsv, lines and nul. */
#include <string.h>

#include "input/reader.h"
#include "output/escape.h"
#include "system.h"

static void strip_return(const kft_input *input, const uint8_t *data, size_t *size)
{
    if (!input->settings->raw && *size > 0 && data[*size - 1] == '\r')
        --*size;
}

static int decode(kft_input *input, const char *what, uint8_t *data, size_t *size)
{
    if (input->settings->raw || unescape(data, size))
        return INPUT_RECORD;
    return input_bad(input, BAD_ESCAPE ", or use --raw", what);
}

int input_next_lines(kft_input *input, kft_record *record)
{
    int result = input_next_line(input, '\n', &record->key, &record->key_size);

    if (result != INPUT_RECORD)
        return result;
    strip_return(input, record->key, &record->key_size);
    if (record->key_size == 0)
        return input_empty_line(input);
    if (input->guessed && memchr(record->key, '\t', record->key_size) != NULL)
        return input_bad(input, "a tab, but there is none in the first line, so this was taken for lines: say "
                         "--format tsv or --format lines");
    return decode(input, input->settings->row ? "name" : "key", record->key, &record->key_size);
}

/* Cuts the weight off the end of a line: a number has no tab, but what is before it may. */
static int take_weight(kft_input *input, kft_record *record, uint8_t *line, size_t *size)
{
    uint8_t *tab = memrchr(line, '\t', *size);

    if (tab == NULL)
        return input_bad(input, "no tab, so no weight");
    record->weight = tab + 1;
    record->weight_size = (size_t)(line + *size - record->weight);
    *size = (size_t)(tab - line);
    return INPUT_RECORD;
}

/* What follows the first field of a row: a name, perhaps an attribute, and perhaps a payload, which may have tabs. */
static int take_row(kft_input *input, kft_record *record, uint8_t *at, uint8_t *end)
{
    static const char *const names[] = { "name", "attribute", "payload" };
    uint8_t **const parts[] = { &record->value, &record->attribute, &record->payload };
    size_t *const sizes[] = { &record->value_size, &record->attribute_size, &record->payload_size };

    for (int i = 0; i < 3 && at != NULL; i++) {
        uint8_t *tab = i < 2 ? memchr(at, '\t', (size_t)(end - at)) : NULL;

        *parts[i] = at;
        *sizes[i] = (size_t)((tab != NULL ? tab : end) - at);
        at = tab != NULL ? tab + 1 : NULL;
        if (decode(input, names[i], *parts[i], sizes[i]) == INPUT_BAD)
            return INPUT_BAD;
    }
    return INPUT_RECORD;
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
        return input_empty_line(input);
    if (input->settings->wants_weight && take_weight(input, record, line, &size) == INPUT_BAD)
        return INPUT_BAD;
    tab = memchr(line, '\t', size);
    if (tab == NULL && input->settings->wants_value)
        return input_bad(input, input->settings->wants_weight ? "one tab only, so no value or no weight"
                                : input->settings->row ? "no tab, so no name" : "no tab, so no value");
    record->key = line;
    record->key_size = tab != NULL ? (size_t)(tab - line) : size;
    result = decode(input, input->settings->row ? "id" : "key", record->key, &record->key_size);
    if (result != INPUT_RECORD || !input->settings->wants_value)
        return result;
    if (input->settings->row)
        return take_row(input, record, tab + 1, line + size);
    record->value = tab + 1;
    record->value_size = (size_t)(line + size - record->value);
    return decode(input, "value", record->value, &record->value_size);
}

/* A record has to lie in the window as a whole, so all its ends are found before it is consumed. */
static int next_parts(kft_input *input, kft_record *record, int parts)
{
    const int value = input->settings->pairs ? 1 : 0, weight = parts - 1;
    size_t ends[3], from = 0;
    uint8_t *start;
    int found = STREAM_FOUND, part;

    for (part = 0; part < parts && found == STREAM_FOUND; part++) {
        found = stream_find(&input->stream, from, 0, &ends[part]);
        if (found == STREAM_FAILED)
            return INPUT_FAILED;
        if (found == STREAM_END && ends[part] == 0)
            return INPUT_END;
        from = ends[part] + 1;
    }
    input->line = ++input->lines_read;
    start = stream_window(&input->stream);
    stream_consume(&input->stream, ends[part - 1] + (found == STREAM_FOUND));
    /* The last part need not end with NUL, but then it must not be empty. */
    if (part < parts || (found == STREAM_END && ends[part - 1] == ends[part - 2] + 1))
        return input_bad(input, value == 0 || part > 2 ? "the last key has no weight"
                                                       : "the last key has no value");
    record->key = start;
    record->key_size = ends[0];
    if (value) {
        record->value = start + ends[0] + 1;
        record->value_size = ends[1] - ends[0] - 1;
    }
    if (weight > value) {
        record->weight = start + ends[weight - 1] + 1;
        record->weight_size = ends[weight] - ends[weight - 1] - 1;
    }
    return INPUT_RECORD;
}

int input_next_nul(kft_input *input, kft_record *record)
{
    int parts = 1 + (input->settings->pairs != 0) + (input->settings->wants_weight != 0);

    if (parts > 1)
        return next_parts(input, record, parts);
    return input_next_line(input, 0, &record->key, &record->key_size);
}
