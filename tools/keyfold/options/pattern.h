/* Patterns on the command line: compiling them and saying what is wrong with them. */
#ifndef TOOL_OPTIONS_PATTERN_H
#define TOOL_OPTIONS_PATTERN_H

#include <keyfold/keyfold.h>

struct kft_command;

/* kf_query_create_regex, kf_query_create_glob or kf_query_create_subsequence. */
typedef kf_status (*kft_pattern_maker)(kf_query **out, const void *pattern, size_t pattern_size,
                                       uint32_t flags, kf_error *error);

/* Returns 0, or the exit code after a message; on a terminal, a mark shows the place in the pattern. */
int pattern_compile(kf_query **out, const struct kft_command *command, kft_pattern_maker make,
                    const char *pattern, uint32_t flags);

#endif
