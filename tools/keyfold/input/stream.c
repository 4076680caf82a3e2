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
#define CODED_SIZE ((size_t)128 << 10)
/* A value of 1 GiB with each byte escaped, and its key, fit. */
#define RECORD_LIMIT ((size_t)4 << 30)

static int fail_system(kft_stream *stream, int reason)
{
    snprintf(stream->problem, sizeof stream->problem, "%s", strerror(reason));
    stream->os_error = reason;
    return STREAM_FAILED;
}

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
            return fail_system(stream, errno);
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
        return fail(stream, "a record is longer than 4 GiB"), 0;
    capacity = stream->capacity * 2;
    grown = realloc(stream->data, capacity);
    if (grown == NULL)
        return fail_system(stream, ENOMEM), 0;
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
    size = stream->unicode != UNICODE_NONE ? recode_some(stream, stream->data + stream->end, room)
                                           : unpack_some(stream, stream->data + stream->end, room);
    if (size < 0)
        return 0;
    if (size == 0)
        stream->at_end = 1;
    stream->end += (size_t)size;
    return 1;
}

kft_head stream_head(const kft_stream *stream)
{
    size_t size = stream->end - stream->begin;

    return (kft_head){ stream->data + stream->begin, size < KIND_HEAD ? size : KIND_HEAD,
                       stream->at_end && size <= KIND_HEAD };
}

/* Reads what is to be looked at. With LOOK_LINE never further than a reader of the first line has to read anyway: a
 * program that writes one short key and waits for its answer must get it. */
static int fill_head(kft_stream *stream, unsigned look)
{
    while (!stream->at_end && stream->end - stream->begin < KIND_HEAD) {
        size_t size = stream->end - stream->begin;

        if (look & LOOK_LINE && size > 0 &&
            (memchr(stream_window(stream), '\n', size) != NULL || memchr(stream_window(stream), 0, size) != NULL))
            break;
        if (!fill(stream))
            return 0;
    }
    return 1;
}

/* Moves what the window holds, for the next stage to take it from there. */
static uint8_t *move_window(kft_stream *stream, size_t least, size_t *end)
{
    size_t size = stream->end - stream->begin;
    uint8_t *moved = malloc(size > least ? size : least);

    if (moved == NULL)
        return fail_system(stream, ENOMEM), NULL;
    memcpy(moved, stream_window(stream), size);
    *end = size;
    stream->begin = stream->end = 0;
    stream->at_end = 0;
    return moved;
}

static kft_decoder_kind packed_kind(const kft_stream *stream)
{
    kft_head head = stream_head(stream);
    int undecided;

    return decoder_detect(head.data, head.size, &undecided);
}

static int start_decoder(kft_stream *stream, unsigned look)
{
    kft_decoder_kind kind = packed_kind(stream);

    if (kind == DECODER_NONE)
        return 1;
    if (!decoder_known(kind)) {
        snprintf(stream->problem, sizeof stream->problem, "%s data, which this keyfold was built without: unpack it on "
                 "the way, %s -dc FILE | keyfold ... -", decoder_name(kind), decoder_name(kind));
        stream->foreign = 1;
        return 0;
    }
    stream->packed = move_window(stream, PACKED_SIZE, &stream->packed_end);
    if (stream->packed == NULL)
        return 0;
    stream->decoder = decoder_create(kind);
    if (stream->decoder == NULL)
        return fail_system(stream, ENOMEM), 0;
    if (!fill_head(stream, look))
        return 0;
    if (packed_kind(stream) == DECODER_NONE)
        return 1;
    snprintf(stream->problem, sizeof stream->problem, "compressed twice, with %s in %s: unpack it once first",
             decoder_name(packed_kind(stream)), decoder_name(kind));
    stream->foreign = 1;
    return 0;
}

static int start_unicode(kft_stream *stream, unsigned look)
{
    kft_head head = stream_head(stream);
    size_t mark;
    kft_unicode kind = unicode_detect(&head, &mark);
    int ended = stream->at_end;

    if (kind == UNICODE_NONE)
        return 1;
    stream->had_mark = mark > 0;
    stream_consume(stream, mark);
    stream->coded = move_window(stream, CODED_SIZE, &stream->coded_end);
    if (stream->coded == NULL)
        return 0;
    stream->coded_all = ended;
    stream->unicode = kind;
    return fill_head(stream, look);
}

int stream_refuse(kft_stream *stream, const kft_kind *kind)
{
    char remedy[320];

    /* In text that is unpacked or comes through a pipe, the name is no file of that kind. */
    snprintf(remedy, sizeof remedy, kind->remedy, strcmp(stream->name, "<stdin>") == 0 ? "FILE" : stream->name);
    snprintf(stream->problem, sizeof stream->problem, "this is %s%s, not lines of text; %s", kind->name,
             stream->decoder != NULL ? " (compressed)" : "", remedy);
    stream->foreign = 1;
    return 0;
}

/* Settles how the bytes are to be read, and refuses those that are not lines of text. */
static int start(kft_stream *stream, unsigned look)
{
    static const kft_kind binary = { "binary data", "it has NUL bytes. Records that end with NUL need --null or "
                                     "--format nul; in lines, NUL is written \\0" };
    static const kft_kind returns = { "text whose lines end with CR alone, as on old Macs",
                                      "make them end with LF: tr '\\r' '\\n' <'%s'" };
    static const uint8_t mark[3] = { 0xEF, 0xBB, 0xBF };
    kft_head head;
    kft_kind kind;

    if (look == 0)
        return 1;
    if (!fill_head(stream, look))
        return 0;
    if (look & LOOK_PACKED && !start_decoder(stream, look))
        return 0;
    if (look & LOOK_UNICODE && !start_unicode(stream, look))
        return 0;
    head = stream_head(stream);
    if (look & LOOK_FOREIGN && kind_foreign(&head, (look & LOOK_NUL) != 0, &kind))
        return stream_refuse(stream, &kind);
    if (look & LOOK_NUL && memchr(head.data, 0, head.size) != NULL)
        return stream_refuse(stream, &binary);
    if (look & LOOK_RETURNS && kind_has_returns(&head))
        return stream_refuse(stream, &returns);
    if (look & LOOK_UNICODE && head.size >= sizeof mark && memcmp(head.data, mark, sizeof mark) == 0) {
        stream->had_mark = 1;
        stream_consume(stream, sizeof mark);
    }
    return 1;
}

int stream_open(kft_stream *stream, const char *path, unsigned look)
{
    struct stat status;

    memset(stream, 0, sizeof *stream);
    stream->name = path;
    if (strcmp(path, "-") == 0) {
        stream->name = "<stdin>";
        stream->file = STDIN_FILENO;
    } else {
        stream->file = path[0] != 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
        if (path[0] == 0)
            stream->name = "''";
        if (path[0] == 0)
            return fail(stream, "an empty path names no file"), 0;
        if (stream->file < 0)
            return fail_system(stream, errno), 0;
    }
    if (fstat(stream->file, &status) != 0)
        return fail_system(stream, errno), 0;
    if (S_ISDIR(status.st_mode)) {
        stream->os_error = EISDIR;
        return fail(stream, "this is a folder: name the files in it"), 0;
    }
    if (S_ISREG(status.st_mode))
        stream->bytes_total = (uint64_t)status.st_size;
    posix_fadvise(stream->file, 0, 0, POSIX_FADV_SEQUENTIAL);
    stream->capacity = WINDOW_SIZE;
    stream->data = malloc(stream->capacity);
    if (stream->data == NULL)
        return fail_system(stream, ENOMEM), 0;
    return start(stream, look);
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
        if (!fill(stream))
            return STREAM_FAILED;
    }
}

int stream_ready(const kft_stream *stream, uint8_t delimiter)
{
    size_t size = stream->end - stream->begin;

    return stream->at_end || (size > 0 && memchr(stream->data + stream->begin, delimiter, size));
}
