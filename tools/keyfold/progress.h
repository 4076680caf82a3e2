/* How far a build is, on stderr: one line that is rewritten on a terminal, or JSON lines. */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include <keyfold/builder.h>

typedef enum progress_mode {
    PROGRESS_AUTO,     /* text on a terminal, else none */
    PROGRESS_NONE,
    PROGRESS_TEXT,
    PROGRESS_JSON
} progress_mode;

/* There is one progress a process; it lives from start to stop. */
void progress_start(progress_mode mode);
void progress_stop(void);

/* How much of the input has been read, and its whole size if that is known (else 0). */
void progress_input(uint64_t bytes_read, uint64_t bytes_total);

/* For kf_build_options.progress; cancels once a signal asked to stop. */
int progress_report(void *context, const kf_progress *progress);

/* Seconds since progress_start. */
double progress_seconds(void);

#endif
