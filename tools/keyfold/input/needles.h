/* Needles of a query: the arguments after FILE or, without any, the lines of a stream. */
#ifndef TOOL_INPUT_NEEDLES_H
#define TOOL_INPUT_NEEDLES_H

#include <keyfold/keyfold.h>

#include "input/stream.h"
#include "options/options.h"

typedef struct kft_needle_options {
    const char *input;
    int null;
    int raw;          /* concerns the results too */
    int escapes;
    int with_needle;
    int no_needle;
    uint64_t threads;
} kft_needle_options;

#define NEEDLE_OPTIONS(type, member) \
    { "input", 'i', OPTION_FILE, offsetof(type, member.input), "INPUT", \
      "read needles from INPUT, one a line", NULL }, \
    { "null", '0', OPTION_FLAG, offsetof(type, member.null), NULL, \
      "needles that are read end with NUL and have no escapes", NULL }, \
    { "raw", 'r', OPTION_FLAG, offsetof(type, member.raw), NULL, \
      "no escapes, neither read nor printed", NULL }, \
    { "escapes", 'e', OPTION_FLAG, offsetof(type, member.escapes), NULL, \
      "needles, TEXT and KEY that are arguments have escapes too", NULL }, \
    { "with-needle", 'w', OPTION_FLAG, offsetof(type, member.with_needle), NULL, \
      "begin each line with the needle, as by default\nfor needles that are read", NULL }, \
    { "no-needle", 'W', OPTION_FLAG, offsetof(type, member.no_needle), NULL, \
      "never begin lines with the needle", NULL }, \
    { "threads", 'T', OPTION_NUMBER, offsetof(type, member.threads), "COUNT", \
      "answer so many needles at once; default: as many as there\n" \
      "are processors for needles that are read, else 1", NULL }

typedef struct kft_needle {
    kf_bytes text;
    uint64_t line;       /* counted from 1; 0: an argument */
} kft_needle;

typedef struct kft_needles {
    const kft_needle_options *options;
    char **items;        /* arguments: items[at .. count) are yet to come */
    int count, at;
    int streaming;
    kft_stream stream;
    uint64_t line;
    char problem[600];   /* why needles_next failed */
    int code;            /* the exit code for that */
} kft_needles;

/* What the beginning of a stream of needles or keys is looked at for. */
unsigned needles_look(int null, int raw);

/* Turns a line into the needle or key (`what` it is called) that it stands for, in place. Returns NULL, or what is
 * wrong, valid until the next call. */
const char *needle_decode(uint8_t *text, size_t *size, const char *what);

/* Takes the needles from rest->items[1 ...] or opens the stream. Returns 0, or the exit code after a message.
 * needles_close is due in either case. */
int needles_open(kft_needles *needles, const struct kft_command *command, const kft_needle_options *options,
                 const kft_arguments *rest);
void needles_close(kft_needles *needles);

/* Whether needles_next would not wait for input. */
int needles_ready(const kft_needles *needles);

/* The next needle, valid until the next call: STREAM_FOUND, STREAM_END or STREAM_FAILED. */
int needles_next(kft_needles *needles, kft_needle *needle);

/* Whether lines are to begin with the needle. */
int needles_shown(const kft_needles *needles);

/* How many threads shall answer: at least 1. */
unsigned needles_threads(const kft_needles *needles);

#endif
