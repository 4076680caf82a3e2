/* How a stream begins: what its bytes are, and what has to be done to them. */
#include "input/start.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
            ((memchr(stream_window(stream), '\n', size) != NULL && !(look & LOOK_NUL_ENDS)) ||
             memchr(stream_window(stream), 0, size) != NULL))
            break;
        if (!stream_fill(stream))
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
        return stream_fail_system(stream, ENOMEM), NULL;
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
        return 0;
    }
    stream->packed = move_window(stream, PACKED_SIZE, &stream->packed_end);
    if (stream->packed == NULL)
        return 0;
    stream->decoder = decoder_create(kind);
    if (stream->decoder == NULL)
        return stream_fail_system(stream, ENOMEM), 0;
    if (!fill_head(stream, look))
        return 0;
    if (packed_kind(stream) == DECODER_NONE)
        return 1;
    snprintf(stream->problem, sizeof stream->problem, "compressed twice, with %s in %s: unpack it once first",
             decoder_name(packed_kind(stream)), decoder_name(kind));
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
    if (look & LOOK_NUL_ENDS && head.size > 0 && (head.whole || head.size == KIND_HEAD) &&
        memchr(head.data, '\n', head.size) != NULL && memchr(head.data, 0, head.size) == NULL)
        return stream_fail(stream, "these are lines, and there is no NUL byte, which --null and --format nul want at "
                           "the end of each record"), 0;
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
            return stream_fail(stream, "an empty path names no file"), 0;
        if (stream->file < 0)
            return stream_fail_system(stream, errno), 0;
    }
    if (fstat(stream->file, &status) != 0)
        return stream_fail_system(stream, errno), 0;
    if (S_ISDIR(status.st_mode)) {
        stream->os_error = EISDIR;
        return stream_fail(stream, "this is a folder: name the files in it"), 0;
    }
    if (S_ISREG(status.st_mode))
        stream->bytes_total = (uint64_t)status.st_size;
    advise_sequential(stream->file);
    stream->capacity = WINDOW_SIZE;
    stream->data = malloc(stream->capacity);
    if (stream->data == NULL)
        return stream_fail_system(stream, ENOMEM), 0;
    return start(stream, look);
}
