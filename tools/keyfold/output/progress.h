/* How far a build or verifying is, on stderr: one line that is rewritten on a terminal, or JSON lines. */
#ifndef TOOL_OUTPUT_PROGRESS_H
#define TOOL_OUTPUT_PROGRESS_H

#include <keyfold/progress.h>

#include "options/parallel.h"

typedef enum progress_mode {
    PROGRESS_AUTO,     /* text on a terminal, else none */
    PROGRESS_NONE,
    PROGRESS_TEXT,
    PROGRESS_JSON
} progress_mode;

/* There is one progress at a time; it lives from start to stop. The options, which tell how a build's phases will be,
 * must live as long; NULL where nothing is built. */
void progress_start(progress_mode mode, const kft_parallel_options *parallel);
void progress_stop(void);

/* Whether the dictionary will have values, once that is settled. */
void progress_values(int has_values);

/* An index of names is built. */
void progress_of_names(void);

/* How much has been read: bytes of the inputs and their whole size if that is known (else 0), and the pairs of
 * them. Shows it, so it should be called often while reading; costs next to nothing. */
void progress_input(uint64_t bytes_read, uint64_t bytes_total, uint64_t pairs);

/* How many pairs will be added, when there are no inputs whose bytes tell. */
void progress_expect(uint64_t pairs);

/* For the options of kf_builder_create, kf_dict_merge and kf_dict_verify; cancels once a signal asked to stop. */
int progress_report(void *context, const kf_progress *progress);

/* All is done; the file that was written has so many bytes. */
void progress_done(uint64_t file_bytes);

/* Seconds since progress_start. */
double progress_seconds(void);

#endif
