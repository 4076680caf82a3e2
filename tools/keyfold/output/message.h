/* Messages, on stderr, each a line: for people one that begins with "keyfold: ", or with --progress=json an object. */
#ifndef TOOL_OUTPUT_MESSAGE_H
#define TOOL_OUTPUT_MESSAGE_H

#include <stdint.h>

#include <keyfold/dict.h>

typedef enum message_level {
    MESSAGE_ERROR,      /* the command fails, in the end */
    MESSAGE_WARNING,    /* something was passed over */
    MESSAGE_NOTE,       /* something that one may want to know */
    MESSAGE_SUMMARY,    /* what was done */
    MESSAGE_HINT        /* where to read on; for people a line of its own kind, else a note */
} message_level;

/* What a message is about, of which anything may be unknown. */
typedef struct kft_message {
    message_level level;
    kf_status status;     /* KF_OK: none */
    const char *file;     /* NULL: none */
    uint64_t line;        /* of the file, from 1; 0: none */
} kft_message;

/* FILE:LINE: TEXT, as far as these are known. */
void message(kft_message about, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An error of which nothing but the text is known. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reports a failed call of the library on the file `path`; returns the exit code. */
int complain_error(const char *path, kf_status status, const kf_error *error);

/* The same for calls on `dict`, which may be NULL; of a manifest, the file that it names may be to blame. */
int complain_of(const char *path, const kf_dict *dict, kf_status status, const kf_error *error);

/* And for calls that give a status only. */
int complain_status(const char *path, const kf_dict *dict, kf_status status);

/* Called before each message, so that a progress line can be wiped first; NULL: nothing. */
void message_before(void (*function)(void));

/* From now on messages are objects:
 *   {"level":"error","message":TEXT,"status":"format","file":FILE,"line":12}
 * level    error, warning, note or summary
 * message  what is printed else, without "keyfold: "
 * status   the kf_status in lower case without KF_, or null
 * file, line   or null */
void message_as_json(int yes);

#endif
