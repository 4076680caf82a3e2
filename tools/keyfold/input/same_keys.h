/* Where in the inputs of a build two keys are that became the same. */
#ifndef TOOL_INPUT_SAME_KEYS_H
#define TOOL_INPUT_SAME_KEYS_H

#include <keyfold/status.h>

#include "input/input.h"
#include "options/options.h"

/* Reads the inputs again, as far as that is possible, and tells of the first two records whose keys have the normal
 * form (KF_NORMALISE_... flags) of the key in `error`: the file, the line and the key as it is there. */
void same_keys_tell(const kft_input_settings *settings, const kft_arguments *inputs, uint32_t normalise,
                    const kf_error *error);

#endif
