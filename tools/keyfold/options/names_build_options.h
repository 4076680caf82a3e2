/* The options of `keyfold names build`. */
#ifndef TOOL_OPTIONS_NAMES_BUILD_OPTIONS_H
#define TOOL_OPTIONS_NAMES_BUILD_OPTIONS_H

#include <keyfold/names.h>

#include "input/input.h"
#include "options/options.h"
#include "options/parallel.h"

typedef struct kft_names_build_options {
    const char *output;
    int force;
    int format;
    int equal_ids;
    int fold_case, nfkc, no_accents, no_punctuation, squeeze;
    const char *separators;
    int legal;
    const char *legal_table;
    uint64_t memory;
    const char *temporary_folder;
    uint64_t threads;
    int on_error;
    int text;
    int raw;
    int header;
    const char *id, *name, *by, *payload;
    const char *delimiter;
    int progress;
    int quiet;
    int json;
} kft_names_build_options;

extern const kft_option_spec names_build_options_table[];

/* Checks what the table can not, and fills `settings` and `build`. Returns OPTIONS_GO_ON or the exit code of a usage
 * error. */
int names_build_options_check(const kft_names_build_options *options, const kft_arguments *inputs,
                              kft_input_settings *settings, kf_names_build_options *build);

#endif
