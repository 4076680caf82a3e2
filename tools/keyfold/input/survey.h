/* What can be told of the inputs of `build` before they are read. */
#ifndef TOOL_INPUT_SURVEY_H
#define TOOL_INPUT_SURVEY_H

#include "command.h"
#include "input/input.h"

typedef struct kft_survey {
    uint64_t input_total;      /* bytes of all inputs as they lie on disk; 0: not all are regular files */
    uint64_t expected_bytes;   /* of keys and values, about, as far as it is known: see kf_build_options */
} kft_survey;

/* Returns 0, or an exit code after a message: the output must not be one of the inputs. `with_values`: values of the
 * inputs are not passed over. */
int survey_inputs(kft_survey *survey, const kft_command *command, const char *output, int with_values,
                  const kft_input_settings *settings, const kft_arguments *inputs);

#endif
