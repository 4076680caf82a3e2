/* What the two halves of a stream share: how it begins (start.c) and how it goes on (stream.c). */
#ifndef TOOL_INPUT_START_H
#define TOOL_INPUT_START_H

#include "input/stream.h"

#define WINDOW_SIZE ((size_t)1 << 20)
#define PACKED_SIZE ((size_t)256 << 10)   /* room for bytes not yet decoded */
#define CODED_SIZE ((size_t)128 << 10)

/* Adds at least one byte to the window, or sets at_end; 0 on failure. */
int stream_fill(kft_stream *stream);

/* Sets the problem; STREAM_FAILED. */
int stream_fail(kft_stream *stream, const char *problem);
int stream_fail_system(kft_stream *stream, int reason);

#endif
