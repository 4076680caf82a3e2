#include "input/input.h"

#include <string.h>
#include <strings.h>

#include "input/reader.h"

const char *input_format_name(kft_input_format format)
{
    static const char *const names[] = { "auto", "tsv", "csv", "jsonl", "lines", "nul" };

    return names[format];
}

int input_has_values(kft_input_format format, const kft_input_settings *settings)
{
    return format != FORMAT_LINES && (format != FORMAT_NUL || settings->pairs);
}

kft_input_format input_format_of_name(const char *path)
{
    static const struct { const char *extension; kft_input_format format; } known[] = {
        { "tsv", FORMAT_TSV }, { "tab", FORMAT_TSV }, { "csv", FORMAT_CSV },
        { "jsonl", FORMAT_JSONL }, { "ndjson", FORMAT_JSONL },
    };
    size_t end = strlen(path);
    size_t dot;

    if (end > 3 && strcasecmp(path + end - 3, ".gz") == 0)
        end -= 3;
    else if (end > 4 && strcasecmp(path + end - 4, ".zst") == 0)
        end -= 4;
    for (dot = end; dot > 0 && path[dot - 1] != '.' && path[dot - 1] != '/'; dot--)
        continue;
    if (dot == 0 || path[dot - 1] != '.')
        return FORMAT_AUTO;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].extension) == end - dot &&
            strncasecmp(path + dot, known[i].extension, end - dot) == 0)
            return known[i].format;
    return FORMAT_AUTO;
}

static int settle_format(kft_input *input, const char *path)
{
    size_t size;

    if (input->format == FORMAT_AUTO)
        input->format = input_format_of_name(path);
    if (input->format != FORMAT_NUL) {
        input->had_mark = stream_skip_mark(&input->stream);
        if (input->had_mark == STREAM_FAILED)
            return 0;
    }
    if (input->format != FORMAT_AUTO)
        return 1;
    if (stream_find(&input->stream, 0, '\n', &size) == STREAM_FAILED)
        return 0;
    input->format = size > 0 && memchr(stream_window(&input->stream), '\t', size) != NULL
                        ? FORMAT_TSV : FORMAT_LINES;
    return 1;
}

int input_open(kft_input *input, const kft_input_settings *settings, const char *path)
{
    memset(input, 0, sizeof *input);
    input->settings = settings;
    input->format = settings->format;
    return stream_open(&input->stream, path, 1) && settle_format(input, path);
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
