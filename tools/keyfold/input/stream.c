#include "input/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"

/* A value of 1 GiB with each byte escaped, and its key, fit; on 32 bits, what memory can be had for. */
#define RECORD_LIMIT (SIZE_MAX > UINT32_MAX ? (size_t)4 << 30 : SIZE_MAX / 2)

int stream_fail_system(kft_stream *stream, int reason)
{
    snprintf(stream->problem, sizeof stream->problem, "%s", strerror(reason));
    stream->os_error = reason;
    return STREAM_FAILED;
}

int stream_fail(kft_stream *stream, const char *problem)
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
            return stream_fail(stream, "interrupted");
        size = read(stream->file, data, room);
        if (size >= 0) {
            stream->bytes_read += (uint64_t)size;
            return size;
        }
        if (errno != EINTR)
            return stream_fail_system(stream, errno);
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
            return stream_fail(stream, problem);
        stream->packed_at += taken;
        if (produced > 0)
            return (ssize_t)produced;
        if (in_size > 0 && taken == 0)
            return stream_fail(stream, "damaged compressed data");
        if (in_size > 0)
            continue;
        stream->packed_at = 0;
        stream->packed_end = 0;
        size = read_some(stream, stream->packed, PACKED_SIZE);
        if (size < 0)
            return STREAM_FAILED;
        if (size == 0)
            return decoder_may_end(stream->decoder)
                       ? 0 : stream_fail(stream, "the compressed data ends early");
        stream->packed_end = (size_t)size;
    }
}

/* Fills data[0 .. room) with at least one byte as it was before it was compressed, or sets at_end. */
static ssize_t unpack_some(kft_stream *stream, uint8_t *data, size_t room)
{
    return stream->decoder != NULL ? decode_some(stream, data, room) : read_some(stream, data, room);
}

/* The same in UTF-8. */
static ssize_t recode_some(kft_stream *stream, uint8_t *data, size_t room)
{
    for (;;) {
        const uint8_t *in = stream->coded + stream->coded_at;
        size_t in_size = stream->coded_end - stream->coded_at, produced = room;
        const char *problem = unicode_decode(stream->unicode, &in, &in_size, data, &produced);
        ssize_t size;

        if (problem == NULL && produced == 0 && stream->coded_all && in_size > 0)
            problem = "the end within a character";
        if (problem != NULL) {
            snprintf(stream->problem, sizeof stream->problem, "not valid %s: %s", unicode_name(stream->unicode),
                     problem);
            return STREAM_FAILED;
        }
        stream->coded_at = stream->coded_end - in_size;
        if (produced > 0 || stream->coded_all)
            return (ssize_t)produced;
        memmove(stream->coded, in, in_size);
        stream->coded_at = 0;
        stream->coded_end = in_size;
        size = unpack_some(stream, stream->coded + in_size, CODED_SIZE - in_size);
        if (size < 0)
            return STREAM_FAILED;
        stream->coded_all = size == 0;
        stream->coded_end += (size_t)size;
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
        return stream_fail(stream, "a record is longer than 4 GiB"), 0;
    capacity = stream->capacity * 2;
    grown = realloc(stream->data, capacity);
    if (grown == NULL)
        return stream_fail_system(stream, ENOMEM), 0;
    stream->data = grown;
    stream->capacity = capacity;
    return 1;
}

/* Adds at least one byte to the window, or sets at_end; 0 on failure. */
int stream_fill(kft_stream *stream)
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
    size = stream->unicode != UNICODE_NONE ? recode_some(stream, stream->data + stream->end, room)
                                           : unpack_some(stream, stream->data + stream->end, room);
    if (size < 0)
        return 0;
    if (size == 0)
        stream->at_end = 1;
    stream->end += (size_t)size;
    return 1;
}

void stream_close(kft_stream *stream)
{
    decoder_destroy(&stream->decoder);
    free(stream->packed);
    free(stream->coded);
    stream->coded = NULL;
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
        if (!stream_fill(stream))
            return STREAM_FAILED;
    }
}

int stream_ready(const kft_stream *stream, uint8_t delimiter)
{
    size_t size = stream->end - stream->begin;

    return stream->at_end || (size > 0 && memchr(stream->data + stream->begin, delimiter, size));
}
