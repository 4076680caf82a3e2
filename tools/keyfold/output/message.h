/* Messages for people, on stderr, each one line that begins with "keyfold: ". */
#ifndef TOOL_OUTPUT_MESSAGE_H
#define TOOL_OUTPUT_MESSAGE_H

#include <keyfold/status.h>

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reports a failed call of the library on the file `path`; returns the exit code. */
int complain_error(const char *path, kf_status status, const kf_error *error);

/* The same for calls that give a status only. */
int complain_status(const char *path, kf_status status);

/* Called before each message, so that a progress line can be wiped first; NULL: nothing. */
void message_before(void (*function)(void));

#endif
