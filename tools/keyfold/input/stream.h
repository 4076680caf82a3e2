/* A file or stdin as a window of bytes that grows to hold one whole record, decompressed and decoded to UTF-8 on
 * the way. Records lie in one piece in the window and may be changed there. */
#ifndef TOOL_INPUT_STREAM_H
#define TOOL_INPUT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "input/decoder.h"
#include "input/kind.h"
#include "input/unicode.h"

typedef struct kft_stream {
    const char *name;       /* for messages */
    int file;
    int at_end;
    kft_decoder *decoder;       /* NULL: the bytes are as they are */
    uint8_t *packed;        /* compressed bytes not yet decoded: [packed_at, packed_end) */
    size_t packed_at, packed_end;
    kft_unicode unicode;        /* other than NONE: what is decoded from `coded` */
    uint8_t *coded;         /* bytes not yet decoded: [coded_at, coded_end) */
    size_t coded_at, coded_end;
    int coded_all;          /* nothing comes after these */
    int had_mark;           /* a byte order mark was skipped */
    int foreign;            /* the problem is what the file is */
    int os_error;           /* the problem is a call of the system that failed: errno */
    uint8_t *data;          /* the window: [begin, end) of it are yet to be consumed */
    size_t begin, end, capacity;
    uint64_t bytes_read;    /* from the file, before decompression */
    uint64_t bytes_total;   /* the file's size, or 0 when it has none */
    char problem[480];      /* what failed */
} kft_stream;

enum { STREAM_FAILED = -1, STREAM_END = 0, STREAM_FOUND = 1 };

/* "-" is stdin. `look` is what the beginning is looked at for: LOOK_... of kind.h. Returns 0 and sets `problem` on
 * failure. Closing is due in either case. */
int stream_open(kft_stream *stream, const char *path, unsigned look);
void stream_close(kft_stream *stream);

/* Finds `delimiter` at or after window offset `from`, reading as much as needed. STREAM_FOUND:
 * *position is its offset; STREAM_END: there is none, *position is the size of the rest. The window
 * may have moved. */
int stream_find(kft_stream *stream, size_t from, uint8_t delimiter, size_t *position);

/* Whether `delimiter` is in the window already, so that stream_find would not wait for input. */
int stream_ready(const kft_stream *stream, uint8_t delimiter);

/* Sets the problem to what the file is and what to do; returns 0. */
int stream_refuse(kft_stream *stream, const kft_kind *kind);

/* What the window holds, as far as it is looked at. */
kft_head stream_head(const kft_stream *stream);

static inline uint8_t *stream_window(kft_stream *stream)
{
    return stream->data + stream->begin;
}

static inline void stream_consume(kft_stream *stream, size_t size)
{
    stream->begin += size;
}

#endif
