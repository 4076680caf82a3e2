#include "input/input.h"

#include <string.h>
#include <strings.h>

#include "input/reader.h"
#include "system.h"

const char *input_format_name(kft_input_format format)
{
    static const char *const names[] = { "auto", "tsv", "csv", "jsonl", "lines", "nul" };

    return names[format];
}

int input_has_values(kft_input_format format, const kft_input_settings *settings)
{
    return format != FORMAT_LINES && (format != FORMAT_NUL || settings->pairs);
}

/* Where the name ends once an extension of compressed data is taken off. */
static size_t end_of_name(const char *path)
{
    static const char *const packed[] = { ".gz", ".zst", ".xz", ".bz2" };
    size_t end = strlen(path);

    for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++) {
        size_t size = strlen(packed[i]);

        if (end > size && strcasecmp(path + end - size, packed[i]) == 0)
            return end - size;
    }
    return end;
}

static int has_extension(const char *path, const char *extension)
{
    size_t end = end_of_name(path), size = strlen(extension);

    return end > size && path[end - size - 1] == '.' && strncasecmp(path + end - size, extension, size) == 0;
}

kft_input_format input_format_of_name(const char *path)
{
    static const struct { const char *extension; kft_input_format format; } known[] = {
        { "tsv", FORMAT_TSV }, { "tab", FORMAT_TSV }, { "csv", FORMAT_CSV },
        { "jsonl", FORMAT_JSONL }, { "ndjson", FORMAT_JSONL },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (has_extension(path, known[i].extension))
            return known[i].format;
    return FORMAT_AUTO;
}

/* Refuses documents, which text formats would take apart line by line. JSON lines in a file that is called .json
 * are what they are. A format that was named is what the caller wants; JSON documents are no JSON lines either way. */
static int check_document(kft_input *input, const char *path)
{
    static const kft_kind lines = { "text with a JSON value in each line",
                                    "say --format jsonl, or --format lines if they are keys as they are" };
    static const kft_kind line = { "a single JSON value",
                                   "say --format jsonl if it is one line of them, or --format lines if it is a key; "
                                   "or make a line of each entry: jq -c 'to_entries[]'" };
    static const kft_kind object = { "a JSON document", "make a line of each entry: jq -c 'to_entries[]' '%s' | "
                                     "keyfold build -f jsonl ... -; or, in Python, "
                                     "keyfold.compile(path, json.load(...))" };
    static const kft_kind array = { "a JSON document", "make a line of each element: jq -c '.[]' '%s' | "
                                    "keyfold build -f jsonl ... -" };
    kft_head head = stream_head(&input->stream);
    kft_json_shape shape = kind_json(&head);
    int named = input->settings->format != FORMAT_AUTO;
    size_t end = end_of_name(path);
    const char *dot = memrchr(path, '.', end);
    const kft_kind *by_name = dot != NULL ? kind_of_extension(dot + 1, end - (size_t)(dot + 1 - path)) : NULL;
    kft_kind kind;

    if (!named && kind_document(&head, &kind))
        return stream_refuse(&input->stream, &kind);
    if (named && input->format != FORMAT_JSONL)
        return 1;
    if (shape == JSON_SHAPE_OBJECT || shape == JSON_SHAPE_ARRAY)
        return stream_refuse(&input->stream, shape == JSON_SHAPE_OBJECT ? &object : &array);
    if (input->format != FORMAT_AUTO)
        return 1;
    if (shape == JSON_SHAPE_LINES && has_extension(path, "json"))
        input->format = FORMAT_JSONL;
    else if (shape != JSON_SHAPE_NONE)
        return stream_refuse(&input->stream, shape == JSON_SHAPE_LINES ? &lines : &line);
    else if (by_name != NULL && head.size > 0)
        return stream_refuse(&input->stream, by_name);
    return 1;
}

static int settle_format(kft_input *input, const char *path)
{
    size_t size;

    if (input->format != FORMAT_NUL && !input->settings->text && !check_document(input, path)) {
        input->is_document = 1;
        return 0;
    }
    if (input->format != FORMAT_AUTO)
        return 1;
    if (stream_find(&input->stream, 0, '\n', &size) == STREAM_FAILED)
        return 0;
    input->format = size > 0 && memchr(stream_window(&input->stream), '\t', size) != NULL
                        ? FORMAT_TSV : FORMAT_LINES;
    input->guessed = input->format == FORMAT_LINES && !input->settings->text;
    input->like_csv = input->guessed && size > 0 && (memchr(stream_window(&input->stream), ',', size) != NULL ||
                                                     memchr(stream_window(&input->stream), ';', size) != NULL);
    return 1;
}

/* What the beginning of such an input is looked at for. A byte order mark in UTF-8 is skipped in any text. */
static unsigned look_at(const kft_input *input)
{
    if (input->settings->text)
        return LOOK_PACKED;
    if (input->format == FORMAT_NUL)
        return LOOK_PACKED | LOOK_FOREIGN | LOOK_NUL_ENDS;
    return input->settings->raw && input->format != FORMAT_CSV && input->format != FORMAT_JSONL
               ? LOOK_TEXT & ~(LOOK_NUL | LOOK_RETURNS) : LOOK_TEXT;
}

int input_open(kft_input *input, const kft_input_settings *settings, const char *path)
{
    unsigned look;

    memset(input, 0, sizeof *input);
    input->settings = settings;
    input->format = settings->format != FORMAT_AUTO ? settings->format : input_format_of_name(path);
    look = look_at(input);
    input->no_nul = (look & LOOK_NUL) != 0;
    return stream_open(&input->stream, path, look) && settle_format(input, path);
}

void input_close(kft_input *input)
{
    stream_close(&input->stream);
}

int input_next(kft_input *input, kft_record *record)
{
    record->value = NULL;
    record->value_size = 0;
    record->weight = NULL;
    record->weight_size = 0;
    record->attribute = record->payload = NULL;
    record->attribute_size = record->payload_size = 0;
    switch (input->format) {
    case FORMAT_CSV:
        return input_next_csv(input, record);
    case FORMAT_JSONL:
        return input_next_jsonl(input, record);
    case FORMAT_LINES:
        return input_next_lines(input, record);
    case FORMAT_NUL:
        return input_next_nul(input, record);
    default:
        return input_next_tsv(input, record);
    }
}
