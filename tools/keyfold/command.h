/* What a command of the tool is. Usage, --help, completion and the parsing of options all come from
 * these tables; the man pages are checked against them by tests/cli. */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

#include "options/options.h"

/* Exit codes, the same for every command and documented in keyfold(1). */
enum {
    EXIT_FOUND = 0,
    EXIT_NOT_FOUND = 1,
    EXIT_USAGE = 2,
    EXIT_TROUBLE = 3,       /* data or I/O error */
    EXIT_SIGNALLED = 128    /* plus the signal's number */
};

/* An option that does nothing beside another one, or without it: that is an error, as it is not what somebody wants. */
typedef struct kft_clash {
    const char *option;    /* NULL ends the list */
    const char *other;     /* options, separated by |; in capitals, the arguments after the first */
    int needed;            /* one of the others has to be there; else none may be */
} kft_clash;

typedef struct kft_command {
    const char *name;
    const char *summary;
    const char *usage;            /* what follows "keyfold NAME" */
    const kft_option_spec *options;   /* ends with an empty name */
    const char *details;          /* what --help says after the options */
    int (*run)(int argc, char **argv);  /* argv without the command's name; the exit code */
    const kft_clash *clashes;     /* may be NULL */
} kft_command;

extern const kft_command command_build;
extern const kft_command command_get;
extern const kft_command command_scan;
extern const kft_command command_complete;
extern const kft_command command_fuzzy;
extern const kft_command command_nearest;
extern const kft_command command_match;
extern const kft_command command_find;
extern const kft_command command_union;
extern const kft_command command_intersect;
extern const kft_command command_subtract;
extern const kft_command command_diff;
extern const kft_command command_merge;
extern const kft_command command_bundle;
extern const kft_command command_stat;
extern const kft_command command_verify;
extern const kft_command command_dump;
extern const kft_command command_graph;
extern const kft_command command_names;
extern const kft_command command_names_build;
extern const kft_command command_names_dedupe;
extern const kft_command command_names_match;
extern const kft_command command_names_score;

#endif
