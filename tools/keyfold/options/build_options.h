/* The options of `keyfold build`. */
#ifndef TOOL_OPTIONS_BUILD_OPTIONS_H
#define TOOL_OPTIONS_BUILD_OPTIONS_H

#include "input/input.h"
#include "options/options.h"
#include "options/parallel.h"
#include "options/reading.h"

#define VALUES_AUTO (-1)

typedef struct kft_build_options {
    const char *output;
    int force;
    int format;
    int values;
    int encoding;
    int duplicates;
    int weights;
    int normalise;
    int similarity;
    int filter;
    int no_sync;
    int effort;
    uint64_t memory;
    const char *temporary_folder;
    const char *resume_folder;
    kft_parallel_options parallel;
    int on_error;
    kft_option_list metadata;
    int text;
    int raw;
    int pairs;
    int header;
    const char *key_column;
    const char *value_column;
    const char *weight_column;
    const char *delimiter;
    const char *key_field;
    const char *value_field;
    const char *weight_field;
    int progress;
    int quiet;
    int json;
} kft_build_options;

extern const kft_option_spec build_options_table[];

/* What an option is when it is not given. */
#define BUILD_OPTIONS_INIT { .values = VALUES_AUTO, .key_column = "1", .value_column = "2", \
                             .weight_column = "3", .delimiter = ",", .key_field = "key", \
                             .value_field = "value", .weight_field = "weight" }

/* Checks what the table can not, and fills `settings` but for wants_value. Returns OPTIONS_GO_ON or
 * the exit code of a usage error. */
int build_options_check(const kft_build_options *options, const kft_arguments *inputs,
                        kft_input_settings *settings);

#endif
