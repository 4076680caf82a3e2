/* Reading the inputs of a build: files one after the other, what is wrong with them, how far it is. */
#ifndef TOOL_INPUT_FEED_H
#define TOOL_INPUT_FEED_H

#include "input/input.h"
#include "input/survey.h"

typedef struct kft_feed {
    const kft_input_settings *settings;   /* `begin` may change what it points to */
    kft_survey survey;
    int skips_bad;              /* bad records are passed over, and told of */
    int quiet;
    const char *like_csv;       /* what is said of lines that look like CSV; NULL: nothing */
    /* Both return 0, or an exit code after a message. */
    int (*begin)(void *context, const kft_input *input);
    int (*take)(void *context, kft_input *input, const kft_record *record);
    void *context;
    uint64_t records;           /* counted by `take` */
    uint64_t bad;               /* records passed over */
    uint64_t input_done;        /* bytes of the inputs that are through */
} kft_feed;

/* Reads an input. Returns 0, or an exit code after a message; interrupted, EXIT_TROUBLE without one. */
int feed_file(kft_feed *feed, const char *path);

/* For `take`: the record is bad as input->reason says. Returns 0, or an exit code after a message. */
int feed_bad_record(kft_feed *feed, const kft_input *input);

/* Says how many records were bad, if any. */
void feed_say_bad(const kft_feed *feed);

#endif
