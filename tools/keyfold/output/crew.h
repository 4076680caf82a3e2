/* Threads that answer needles. However many there are, results come in the order of the needles and the
 * memory is bounded: a thread that is far ahead with large results waits for its turn. */
#ifndef TOOL_OUTPUT_CREW_H
#define TOOL_OUTPUT_CREW_H

#include <keyfold/keyfold.h>

#include "input/needles.h"
#include "output/output.h"

/* What there is to say of one needle or several. */
typedef struct kft_reply {
    kft_output *out;      /* for the results */
    int found;            /* set when anything was */
    char *notes;          /* lines for stderr */
    size_t notes_size;
} kft_reply;

typedef struct kft_job {
    /* Answers one needle, in any thread; a failure ends the whole job. */
    kf_status (*answer)(const void *context, kf_bytes needle, kft_reply *reply, kf_error *error);
    const void *context;
    const char *path;     /* of the dictionary, for messages */
    /* Hears now and then, on the main thread, how many were answered; may be NULL. */
    void (*tell)(const kft_needles *needles, uint64_t answered);
} kft_job;

/* Adds a line "needle 'NEEDLE': TEXT". */
void reply_note(kft_reply *reply, kf_bytes needle, const char *text);

/* Answers all needles. Returns EXIT_FOUND, EXIT_NOT_FOUND when nothing was found for any of them, or the exit
 * code after a message. A stream's needles are answered before it waits for more. */
int crew_run(const kft_job *job, kft_needles *needles, kft_output *out);

#endif
