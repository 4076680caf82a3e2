#include "input/needles.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options/parallel.h"
#include "output/escape.h"
#include "output/message.h"


unsigned needles_look(int null, int raw)
{
    const unsigned all = LOOK_TEXT | LOOK_LINE;

    return null ? LOOK_PACKED | LOOK_FOREIGN | LOOK_LINE | LOOK_NUL_ENDS : raw ? all & ~(LOOK_NUL | LOOK_RETURNS) : all;
}

const char *needle_decode(uint8_t *text, size_t *size, const char *what)
{
    static char problem[128];

    if (*size > 0 && text[*size - 1] == '\r')
        --*size;
    if (*size > 0 && memchr(text, 0, *size) != NULL)
        snprintf(problem, sizeof problem, "a NUL byte in the %s, which is written \\0; those that end with NUL "
                 "need --null", what);
    else if (!unescape(text, size))
        snprintf(problem, sizeof problem, BAD_ESCAPE ", or use --raw", what);
    else
        return NULL;
    return problem;
}

int needles_open(kft_needles *needles, const kft_command *command, const kft_needle_options *options,
                 const kft_arguments *rest)
{
    const char *path = options->input != NULL ? options->input : "-";

    memset(needles, 0, sizeof *needles);
    needles->stream.file = -1;
    needles->options = options;
    needles->items = rest->items;
    needles->count = rest->count;
    needles->at = 1;
    if (options->with_needle && options->no_needle)
        return usage_error(command, "either --with-needle or --no-needle");
    if (options->threads > THREADS_MOST)
        return usage_error(command, "--threads is at most %d", THREADS_MOST);
    if (rest->count > 1) {
        if (options->input != NULL || options->null)
            return usage_error(command, "--%s is about needles that are read, but needles are given",
                               options->input != NULL ? "input" : "null");
        return 0;
    }
    needles->streaming = 1;
    if (stream_open(&needles->stream, path, needles_look(options->null, options->raw)))
        return 0;
    complain("%s: %s", needles->stream.name, needles->stream.problem);
    return EXIT_TROUBLE;
}

void needles_close(kft_needles *needles)
{
    if (needles->streaming)
        stream_close(&needles->stream);
    needles->streaming = 0;
}

static uint8_t delimiter(const kft_needles *needles)
{
    return needles->options->null ? 0 : '\n';
}

int needles_ready(const kft_needles *needles)
{
    return !needles->streaming || stream_ready(&needles->stream, delimiter(needles));
}

static int next_argument(kft_needles *needles, kft_needle *needle)
{
    char *item;
    size_t size;

    if (needles->at >= needles->count)
        return STREAM_END;
    item = needles->items[needles->at++];
    size = strlen(item);
    if (needles->options->escapes && !unescape((uint8_t *)item, &size)) {
        snprintf(needles->problem, sizeof needles->problem, BAD_ESCAPE ": '%.200s'", "needle", item);
        needles->code = EXIT_USAGE;
        return STREAM_FAILED;
    }
    needle->text = (kf_bytes){ (uint8_t *)item, size };
    needle->line = 0;
    return STREAM_FOUND;
}

int needles_next(kft_needles *needles, kft_needle *needle)
{
    kft_stream *stream = &needles->stream;
    uint8_t *text;
    size_t size, taken;
    int found;

    if (!needles->streaming)
        return next_argument(needles, needle);
    found = stream_find(stream, 0, delimiter(needles), &size);
    if (found == STREAM_FAILED) {
        snprintf(needles->problem, sizeof needles->problem, "%.80s: %.500s", stream->name, stream->problem);
        needles->code = EXIT_TROUBLE;
        return STREAM_FAILED;
    }
    if (found == STREAM_END && size == 0)
        return STREAM_END;
    needle->line = ++needles->line;
    text = stream_window(stream);
    taken = size + (found == STREAM_FOUND);
    if (!needles->options->null && !needles->options->raw) {
        const char *problem = needle_decode(text, &size, "needle");

        if (problem != NULL) {
            snprintf(needles->problem, sizeof needles->problem, "%.200s:%llu: %s", stream->name,
                     (unsigned long long)needles->line, problem);
            needles->code = EXIT_TROUBLE;
            return STREAM_FAILED;
        }
    }
    stream_consume(stream, taken);
    needle->text = (kf_bytes){ text, size };
    return STREAM_FOUND;
}

int needles_shown(const kft_needles *needles)
{
    return needles->options->with_needle || (needles->streaming && !needles->options->no_needle);
}

unsigned needles_threads(const kft_needles *needles)
{
    if (needles->options->threads > 0)
        return (unsigned)needles->options->threads;
    return needles->streaming ? processors(THREADS_MOST) : 1;
}
