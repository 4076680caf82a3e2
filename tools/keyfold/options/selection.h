/* Options by which queries are narrowed to a range of keys and to entries with certain values. */
#ifndef TOOL_OPTIONS_SELECTION_H
#define TOOL_OPTIONS_SELECTION_H

#include <keyfold/keyfold.h>

#include "options/options.h"

typedef struct kft_selection_options {
    const char *prefix;
    const char *from;
    const char *to;
    uint64_t value_min;
    uint64_t value_max;
    const char *value_regex;
} kft_selection_options;
#define SELECTION_OPTIONS_INIT { NULL, NULL, NULL, 0, UINT64_MAX, NULL }

#define SELECTION_OPTIONS(type, member) \
    { "prefix-range", 'p', OPTION_TEXT, offsetof(type, member.prefix), "TEXT", \
      "only keys that begin with TEXT", NULL }, \
    { "from", 'f', OPTION_TEXT, offsetof(type, member.from), "KEY", "only keys from KEY on", NULL }, \
    { "to", 't', OPTION_TEXT, offsetof(type, member.to), "KEY", "only keys before KEY", NULL }, \
    { "value-min", 0, OPTION_NUMBER, offsetof(type, member.value_min), "NUMBER", \
      "only keys with a u64 value from NUMBER on", NULL }, \
    { "value-max", 0, OPTION_NUMBER, offsetof(type, member.value_max), "NUMBER", \
      "only keys with a u64 value up to NUMBER", NULL }, \
    { "value-regex", 0, OPTION_TEXT, offsetof(type, member.value_regex), "REGEX", \
      "only keys whose whole bytes value matches REGEX", NULL }

typedef struct kft_selection {
    kf_bytes prefix, from, to;
    int has_to;
    int by_value;              /* some value is not wanted */
    uint64_t value_min, value_max;
    kf_query *value_query;     /* NULL: none */
} kft_selection;

/* The filter's state of one iterator. A filter can't fail, so what went wrong in it is left here; the
 * entry passes then, and whoever iterates has to look. */
typedef struct kft_sieve {
    const kft_selection *selection;
    kf_status status;
} kft_sieve;

/* Takes the options over; `escapes`: undo escapes in texts. Returns 0, or the exit code after a message.
 * selection_close is due in either case. */
int selection_open(kft_selection *selection, const struct kft_command *command,
                   const kft_selection_options *options, int escapes, const kf_dict *dict, const char *path);
void selection_close(kft_selection *selection);

/* Sets range and filter; `sieve` must live as long as the iterator. */
void selection_apply(const kft_selection *selection, kft_sieve *sieve, kf_iter_options *options);

#endif
