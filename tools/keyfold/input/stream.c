#include "input/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"

#define WINDOW_SIZE ((size_t)1 << 20)
#define PACKED_SIZE ((size_t)256 << 10)
/* A value of 1 GiB with each byte escaped, and its key, fit. */
#define RECORD_LIMIT ((size_t)4 << 30)

static int fail(kft_stream *stream, const char *problem)
{
    snprintf(stream->problem, sizeof stream->problem, "%s", problem);
    return STREAM_FAILED;
}

/* read(2) with EINTR handled; bytes read, 0 at the end, or STREAM_FAILED. */
static ssize_t read_some(kft_stream *stream, uint8_t *data, size_t room)
{
    for (;;) {
        ssize_t size;

        if (interrupt_signal() != 0)
            return fail(stream, "interrupted");
        size = read(stream->file, data, room);
        if (size >= 0) {
            stream->bytes_read += (uint64_t)size;
            return size;
        }
        if (errno != EINTR)
            return fail(stream, strerror(errno));
    }
}

/* Fills data[0 .. room) with at least one decoded byte, or sets at_end. */
static ssize_t decode_some(kft_stream *stream, uint8_t *data, size_t room)
{
    for (;;) {
        const uint8_t *in = stream->packed + stream->packed_at;
        size_t in_size = stream->packed_end - stream->packed_at;
        size_t produced = room;
        const char *problem = decoder_run(stream->decoder, &in, &in_size, data, &produced);
        size_t taken = stream->packed_end - stream->packed_at - in_size;
        ssize_t size;

        if (problem != NULL)
            return fail(stream, problem);
        stream->packed_at += taken;
        if (produced > 0)
            return (ssize_t)produced;
        if (in_size > 0 && taken == 0)
            return fail(stream, "damaged compressed data");
        if (in_size > 0)
            continue;
        stream->packed_at = 0;
        stream->packed_end = 0;
        size = read_some(stream, stream->packed, PACKED_SIZE);
        if (size < 0)
            return STREAM_FAILED;
        if (size == 0)
            return decoder_may_end(stream->decoder)
                       ? 0 : fail(stream, "the compressed data ends early");
        stream->packed_end = (size_t)size;
    }
}

/* Makes room after the window: moves it to the front, or doubles the memory. Reads are at most
 * WINDOW_SIZE, so what is moved is small unless one record is larger, and that moves only once. */
static int make_room(kft_stream *stream)
{
    size_t size = stream->end - stream->begin;
    size_t capacity;
    uint8_t *grown;

    if (stream->begin > 0) {
        memmove(stream->data, stream->data + stream->begin, size);
        stream->begin = 0;
        stream->end = size;
    }
    if (stream->capacity - size >= WINDOW_SIZE / 2)
        return 1;
    if (stream->capacity > RECORD_LIMIT)
        return fail(stream, "a record is longer than 4 GiB"), 0;
    capacity = stream->capacity * 2;
    grown = realloc(stream->data, capacity);
    if (grown == NULL)
        return fail(stream, "out of memory"), 0;
    stream->data = grown;
    stream->capacity = capacity;
    return 1;
}

/* Adds at least one byte to the window, or sets at_end; 0 on failure. */
static int fill(kft_stream *stream)
{
    ssize_t size;
    size_t room;

    if (stream->begin == stream->end)
        stream->begin = stream->end = 0;
    if (stream->capacity - stream->end < WINDOW_SIZE / 2 && !make_room(stream))
        return 0;
    room = stream->capacity - stream->end;
    if (room > WINDOW_SIZE)
        room = WINDOW_SIZE;
    size = stream->decoder != NULL ? decode_some(stream, stream->data + stream->end, room)
                                   : read_some(stream, stream->data + stream->end, room);
    if (size < 0)
        return 0;
    if (size == 0)
        stream->at_end = 1;
    stream->end += (size_t)size;
    return 1;
}

/* Reads as far as the file's first bytes need to be seen, never further: a program that writes one
 * short key and waits for its answer must get it. */
static int start_decoder(kft_stream *stream)
{
    kft_decoder_kind kind;
    int undecided = 1;

    do {
        if (!fill(stream))
            return 0;
        kind = decoder_detect(stream->data, stream->end, &undecided);
    } while (undecided && !stream->at_end);
    if (kind == DECODER_NONE)
        return 1;
    stream->packed = malloc(PACKED_SIZE > stream->end ? PACKED_SIZE : stream->end);
    stream->decoder = decoder_create(kind);
    if (stream->packed == NULL || stream->decoder == NULL)
        return fail(stream, "out of memory"), 0;
    memcpy(stream->packed, stream->data, stream->end);
    stream->packed_end = stream->end;
    stream->end = 0;
    stream->at_end = 0;
    return 1;
}

int stream_open(kft_stream *stream, const char *path, int detect)
{
    struct stat status;

    memset(stream, 0, sizeof *stream);
    stream->name = path;
    if (strcmp(path, "-") == 0) {
        stream->name = "<stdin>";
        stream->file = STDIN_FILENO;
    } else {
        stream->file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (stream->file < 0)
            return fail(stream, strerror(errno)), 0;
    }
    if (fstat(stream->file, &status) == 0 && S_ISREG(status.st_mode))
        stream->bytes_total = (uint64_t)status.st_size;
    posix_fadvise(stream->file, 0, 0, POSIX_FADV_SEQUENTIAL);
    stream->capacity = WINDOW_SIZE;
    stream->data = malloc(stream->capacity);
    if (stream->data == NULL)
        return fail(stream, "out of memory"), 0;
    return !detect || start_decoder(stream);
}

void stream_close(kft_stream *stream)
{
    decoder_destroy(&stream->decoder);
    free(stream->packed);
    free(stream->data);
    stream->packed = NULL;
    stream->data = NULL;
    if (stream->file > STDERR_FILENO)
        close(stream->file);
    stream->file = -1;
}

int stream_find(kft_stream *stream, size_t from, uint8_t delimiter, size_t *position)
{
    for (;;) {
        size_t size = stream->end - stream->begin;
        const uint8_t *window = stream_window(stream);
        const uint8_t *found = size > from ? memchr(window + from, delimiter, size - from) : NULL;

        if (found != NULL) {
            *position = (size_t)(found - window);
            return STREAM_FOUND;
        }
        if (stream->at_end) {
            *position = size;
            return STREAM_END;
        }
        if (size > from)
            from = size;
        if (!fill(stream))
            return STREAM_FAILED;
    }
}

int stream_ready(const kft_stream *stream, uint8_t delimiter)
{
    size_t size = stream->end - stream->begin;

    return stream->at_end || (size > 0 && memchr(stream->data + stream->begin, delimiter, size));
}

int stream_skip_mark(kft_stream *stream)
{
    static const uint8_t mark[3] = { 0xEF, 0xBB, 0xBF };

    for (;;) {
        size_t size = stream->end - stream->begin;
        size_t compared = size < sizeof mark ? size : sizeof mark;

        if (memcmp(stream_window(stream), mark, compared) != 0)
            return 0;
        if (compared == sizeof mark) {
            stream_consume(stream, sizeof mark);
            return 1;
        }
        if (stream->at_end)
            return 0;
        if (!fill(stream))
            return STREAM_FAILED;
    }
}
