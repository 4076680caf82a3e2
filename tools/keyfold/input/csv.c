/* CSV after RFC 4180: fields may be quoted, a quote inside is doubled, and a quoted field may hold
 * delimiters and newlines. A quote inside an unquoted field stands for itself. */
#include <stdio.h>
#include <string.h>

#include "input/reader.h"
#include "options/options.h"

typedef struct csv_record {
    uint8_t *data;
    size_t size;      /* without the line's end */
    size_t at;        /* where the next field begins */
    int ended;
} csv_record;

typedef enum csv_state { AT_START, UNQUOTED, QUOTED, AFTER_QUOTE, FAULTY } csv_state;

/* Goes over the bytes of one line and says whether the line's end lies inside quotes, or whether something other than
 * a delimiter follows a closing quote. */
static csv_state scan_line(csv_state state, const uint8_t *data, size_t size, uint8_t delimiter)
{
    if (size > 0 && data[size - 1] == '\r' && state != QUOTED)
        size--;
    if (state != QUOTED && (size == 0 || memchr(data, '"', size) == NULL))
        return UNQUOTED;
    for (size_t i = 0; i < size; i++) {
        if (state == QUOTED)
            state = data[i] == '"' ? AFTER_QUOTE : QUOTED;
        else if (data[i] == delimiter)
            state = AT_START;
        else if (data[i] == '"' && state != UNQUOTED)
            state = QUOTED;   /* opens a field, or is doubled */
        else if (state == AFTER_QUOTE)
            return i + 1 == size && data[i] == '\r' ? state : FAULTY;
        else
            state = UNQUOTED;
    }
    return state;
}

/* Says what is wrong with the quotes of lines that were taken for one record. The first of them is passed over only:
 * those behind it are most likely good, and a stray quote must not swallow them. */
static int bad_quotes(kft_input *input, csv_state state, size_t first_line_end)
{
    uint64_t lines = input->lines_read + 1 - input->line;

    stream_consume(&input->stream, first_line_end);
    input->doubtful_until = lines > 1 ? input->lines_read : 0;
    input->lines_read = input->line;
    if (lines == 1)
        return input_bad(input, state == QUOTED ? "a quote is not closed" : "text after a closing quote");
    if (state == QUOTED)
        return input_bad(input, "a quote is not closed: it is opened in this line, and all %llu lines up to the "
                         "end would belong to it", (unsigned long long)lines);
    return input_bad(input, "text after a closing quote, %llu line%s after the one where it is opened: %llu "
                     "lines would belong to it", (unsigned long long)lines - 1, lines == 2 ? "" : "s",
                     (unsigned long long)lines);
}

/* A quote that is not closed may be why there is too little memory for a record. */
static int failed_in_quotes(kft_input *input)
{
    kft_stream *stream = &input->stream;
    size_t used = strlen(stream->problem);

    snprintf(stream->problem + used, sizeof stream->problem - used, " (in quotes that are opened in line %llu)",
             (unsigned long long)input->line);
    return INPUT_FAILED;
}

/* Takes the next record out of the stream, over as many lines as its quotes span. */
static int next_record(kft_input *input, csv_record *csv)
{
    csv_state state = AT_START;
    size_t from = 0, end, first_line_end = 0;
    int found;

    input->line = input->lines_read + 1;
    for (;;) {
        found = stream_find(&input->stream, from, '\n', &end);
        if (found == STREAM_FAILED)
            return state == QUOTED ? failed_in_quotes(input) : INPUT_FAILED;
        if (found == STREAM_END && end == 0)
            return INPUT_END;
        if (found == STREAM_FOUND || end > from)
            input->lines_read++;
        if (from == 0)
            first_line_end = end + (found == STREAM_FOUND);
        if (end > from)
            state = scan_line(state, stream_window(&input->stream) + from, end - from,
                              input->settings->delimiter);
        if (found == STREAM_END || state != QUOTED)
            break;
        from = end + 1;
    }
    if (state == QUOTED || state == FAULTY)
        return bad_quotes(input, state, first_line_end);
    csv->data = stream_window(&input->stream);
    csv->size = end;
    csv->at = 0;
    csv->ended = 0;
    stream_consume(&input->stream, end + (found == STREAM_FOUND));
    if (csv->size > 0 && csv->data[csv->size - 1] == '\r')
        csv->size--;
    if (csv->size == 0)
        return input_empty_line(input);
    return input_check_nul(input, csv->data, csv->size);
}

/* Undoes the quoting in place. csv->at is the opening quote; it becomes the field's end. */
static int unquote(kft_input *input, csv_record *csv, size_t *size)
{
    uint8_t *end = csv->data + csv->size;
    uint8_t *from = csv->data + csv->at + 1;
    uint8_t *to = from, *start = from;

    for (;;) {
        uint8_t *quote = memchr(from, '"', (size_t)(end - from));
        int doubled;

        if (quote == NULL)
            return input_bad(input, "a quote is not closed");
        doubled = quote + 1 < end && quote[1] == '"';
        memmove(to, from, (size_t)(quote - from) + (size_t)doubled);
        to += quote - from + doubled;
        from = quote + 1 + doubled;
        if (!doubled)
            break;
    }
    *size = (size_t)(to - start);
    csv->at = (size_t)(from - csv->data);
    if (from < end && *from != input->settings->delimiter)
        return input_bad(input, "text after a closing quote");
    return INPUT_RECORD;
}

/* Spaces before a quote: RFC 4180 makes them part of the field, and the quotes then are text. */
static int is_spaced_quote(const uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at < size && (data[at] == ' ' || data[at] == '\t'))
        at++;
    return at > 0 && at < size && data[at] == '"';
}

/* INPUT_RECORD, INPUT_END after the last field, or INPUT_BAD. */
static int next_field(kft_input *input, csv_record *csv, uint8_t **data, size_t *size)
{
    if (csv->ended)
        return INPUT_END;
    if (csv->at < csv->size && csv->data[csv->at] == '"') {
        *data = csv->data + csv->at + 1;
        if (unquote(input, csv, size) == INPUT_BAD)
            return INPUT_BAD;
    } else {
        uint8_t *end;

        *data = csv->data + csv->at;
        end = memchr(*data, input->settings->delimiter, csv->size - csv->at);
        *size = end != NULL ? (size_t)(end - *data) : csv->size - csv->at;
        if (is_spaced_quote(*data, *size))
            return input_bad(input, "a space before the quote of a field, which must begin with it");
        csv->at += *size;
    }
    csv->ended = csv->at >= csv->size;
    csv->at++;
    return INPUT_RECORD;
}

/* A hint where a line with too few fields has what others use between them. */
static const char *other_delimiter(const kft_input *input, const csv_record *csv)
{
    const uint8_t delimiter = input->settings->delimiter;

    if (delimiter != ';' && memchr(csv->data, ';', csv->size) != NULL)
        return " (are they delimited by semicolons? --delimiter ';')";
    if (delimiter != '\t' && memchr(csv->data, '\t', csv->size) != NULL)
        return " (are they delimited by tabs? --delimiter '\\t')";
    if (delimiter != '|' && memchr(csv->data, '|', csv->size) != NULL)
        return " (are they delimited by vertical bars? --delimiter '|')";
    return delimiter != ',' && memchr(csv->data, ',', csv->size) != NULL ? " (are they delimited by commas?)" : "";
}

/* Spreadsheets tell each other the delimiter in a first line such as sep=; which is no record. */
static int pass_separator(kft_input *input)
{
    kft_stream *stream = &input->stream;
    const uint8_t *line;
    size_t end;
    int found = stream_find(stream, 0, '\n', &end);

    if (found == STREAM_FAILED)
        return INPUT_FAILED;
    line = stream_window(stream);
    if (end < 5 || end > 6 || memcmp(line, "sep=", 4) != 0 || (end == 6 && line[5] != '\r'))
        return INPUT_RECORD;
    if (line[4] != input->settings->delimiter) {
        snprintf(stream->problem, sizeof stream->problem, "its first line says that fields are delimited otherwise: "
                 "--delimiter '%.*s'", line[4] == '\t' ? 2 : 1, line[4] == '\t' ? "\\t" : (const char *)line + 4);
        return INPUT_FAILED;
    }
    stream_consume(stream, end + (found == STREAM_FOUND));
    input->lines_read++;
    return INPUT_RECORD;
}

static int no_column(kft_input *input, const char *name, const char *hint)
{
    snprintf(input->stream.problem, sizeof input->stream.problem,
             "the header has no column '%.100s'%s", name, hint);
    return INPUT_FAILED;
}

/* A column that is looked for. */
typedef struct csv_column {
    const char *text;     /* of the option: a number or a name */
    size_t *index;        /* where its number from 0 goes */
    int wanted;
    uint64_t number;      /* from 1; 0: not found yet */
    int named;
    int twice;            /* the name comes again */
} csv_column;

/* Finds named columns in the header. `hint`: what may be wrong if it has not those. */
static int read_header(kft_input *input, csv_column *columns, size_t count, const char **hint)
{
    uint64_t column = 0;
    csv_record csv;
    uint8_t *name;
    size_t size;
    int result = next_record(input, &csv);

    while (result == INPUT_RECORD && (result = next_field(input, &csv, &name, &size)) == INPUT_RECORD) {
        column++;
        for (size_t i = 0; i < count; i++) {
            if (!columns[i].named || size != strlen(columns[i].text) || memcmp(name, columns[i].text, size) != 0)
                continue;
            columns[i].twice = columns[i].number != 0;
            columns[i].number = column;
        }
    }
    input->fields = (size_t)column;
    if (column == 1)
        *hint = other_delimiter(input, &csv);
    if (result == INPUT_BAD) {
        snprintf(input->stream.problem, sizeof input->stream.problem, "the header: %s", input->reason);
        return INPUT_FAILED;
    }
    return result;
}

/* Column numbers from the settings and, when there is one, the header. */
static int settle_columns(kft_input *input)
{
    const kft_input_settings *settings = input->settings;
    csv_column columns[] = {
        { settings->key_column, &input->key_index, 1, 0, 0, 0 },
        { settings->value_column, &input->value_index, settings->wants_value, 0, 0, 0 },
        { settings->weight_column, &input->weight_index, settings->wants_weight, 0, 0, 0 },
        { settings->attribute_column, &input->attribute_index, settings->attribute_column != NULL, 0, 0, 0 },
        { settings->payload_column, &input->payload_index, settings->payload_column != NULL, 0, 0, 0 },
    };
    const size_t count = sizeof columns / sizeof columns[0];
    const char *hint = "";

    input->columns_known = 1;
    for (size_t i = 0; i < count; i++)
        columns[i].named = columns[i].wanted &&
                           !parse_u64(columns[i].text, strlen(columns[i].text), &columns[i].number);
    if (pass_separator(input) == INPUT_FAILED ||
        (settings->header && read_header(input, columns, count, &hint) == INPUT_FAILED))
        return INPUT_FAILED;
    for (size_t i = 0; i < count; i++) {
        *columns[i].index = 0;
        if (!columns[i].wanted)
            continue;
        if (columns[i].number == 0)
            return no_column(input, columns[i].text, hint);
        if (columns[i].twice) {
            snprintf(input->stream.problem, sizeof input->stream.problem,
                     "the header has two columns '%.100s': name the column by its number", columns[i].text);
            return INPUT_FAILED;
        }
        *columns[i].index = (size_t)columns[i].number - 1;
    }
    return INPUT_RECORD;
}

/* A record with more fields than there are columns has a delimiter too many, so any of its fields may be wrong. After
 * a stray quote, lines have to be what records are in every respect. */
static int check_fields(kft_input *input, size_t count)
{
    const char *whose = input->settings->header ? "the header" : "the first record";

    if (input->fields == 0)
        input->fields = count;
    if (count > input->fields)
        return input_bad(input, "%zu fields, %s has %zu: a field that holds a delimiter needs quotes", count, whose,
                         input->fields);
    if (count < input->fields && input->line <= input->doubtful_until)
        return input_bad(input, "%zu field%s, %s has %zu", count, count == 1 ? "" : "s", whose, input->fields);
    return INPUT_RECORD;
}

/* Hands a field to the parts of the record that are in its column. */
static void take_field(const kft_input *input, kft_record *record, size_t column, uint8_t *field, size_t size)
{
    const kft_input_settings *settings = input->settings;
    const struct { int wanted; size_t index; uint8_t **data; size_t *size; } parts[] = {
        { 1, input->key_index, &record->key, &record->key_size },
        { settings->wants_value, input->value_index, &record->value, &record->value_size },
        { settings->wants_weight, input->weight_index, &record->weight, &record->weight_size },
        { settings->attribute_column != NULL, input->attribute_index, &record->attribute, &record->attribute_size },
        { settings->payload_column != NULL, input->payload_index, &record->payload, &record->payload_size },
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i].wanted || parts[i].index != column)
            continue;
        *parts[i].data = field;
        *parts[i].size = size;
    }
}

/* The last column that has to be there. */
static size_t last_column(const kft_input *input)
{
    const size_t columns[] = { input->value_index, input->weight_index, input->attribute_index, input->payload_index };
    size_t last = input->key_index;     /* what is not wanted is 0 */

    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (columns[i] > last)
            last = columns[i];
    return last;
}

int input_next_csv(kft_input *input, kft_record *record)
{
    size_t needed, count = 0, size;
    csv_record csv;
    uint8_t *field;
    int result = input->columns_known ? INPUT_RECORD : settle_columns(input);

    if (result == INPUT_RECORD)
        result = next_record(input, &csv);
    if (result != INPUT_RECORD)
        return result;
    needed = last_column(input);
    while ((result = next_field(input, &csv, &field, &size)) == INPUT_RECORD)
        take_field(input, record, count++, field, size);
    if (result == INPUT_BAD)
        return INPUT_BAD;
    if (count <= needed)
        return input_bad(input, "%zu field%s, column %zu is needed%s", count, count == 1 ? "" : "s", needed + 1,
                         other_delimiter(input, &csv));
    return check_fields(input, count);
}
