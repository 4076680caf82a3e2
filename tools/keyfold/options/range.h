/* Options that narrow a command to a range of keys. */
#ifndef TOOL_OPTIONS_RANGE_H
#define TOOL_OPTIONS_RANGE_H

#include <keyfold/keyfold.h>

#include "options/options.h"

typedef struct kft_range_options {
    const char *prefix;
    const char *from;
    const char *to;
    int escapes;
} kft_range_options;

#define RANGE_OPTIONS(type, member) \
    { "prefix", 'p', OPTION_TEXT, offsetof(type, member.prefix), "TEXT", \
      "only keys that begin with TEXT", NULL }, \
    { "from", 'f', OPTION_TEXT, offsetof(type, member.from), "KEY", "only keys from KEY on", NULL }, \
    { "to", 't', OPTION_TEXT, offsetof(type, member.to), "KEY", "only keys before KEY", NULL }, \
    { "escapes", 'e', OPTION_FLAG, offsetof(type, member.escapes), NULL, "TEXT and KEY have escapes", NULL }

/* Takes the options over; undoes escapes in place. Returns 0, or the exit code after a message. */
int range_take(const struct kft_command *command, const kft_range_options *options, kf_iter_options *range);

#endif
