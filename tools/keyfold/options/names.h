/* How the command line and the reports call the library's enumerations. */
#ifndef TOOL_OPTIONS_NAMES_H
#define TOOL_OPTIONS_NAMES_H

#include "options/options.h"

extern const kft_option_choice value_type_names[];   /* kf_value_type, without auto */
extern const kft_option_choice encoding_names[];     /* kf_encoding */
extern const kft_option_choice effort_names[];       /* a flag of a build, or 0 */
extern const kft_option_choice duplicates_names[];   /* kf_duplicates */
extern const kft_option_choice weights_names[];      /* kf_weights */
extern const kft_option_choice normalise_names[];    /* KF_NORMALISE_..., together with commas */
extern const kft_option_choice processing_names[];   /* KF_NAMES_FOLD_CASE ..., as the options are called */
extern const kft_option_choice legal_names[];        /* kf_legal_forms */
extern const kft_option_choice set_values_names[];   /* kf_set_values */
extern const kft_option_choice search_scorer_names[];   /* kf_scorer, of kf_matcher_options.scorer */
extern const kft_option_choice scorer_names[];       /* kf_scorer */
extern const kft_option_choice progress_names[];     /* progress_mode */

/* Flags by their names: "case,nfc", or "none". */
#define FLAGS_TEXT_SIZE 80
const char *flags_text(char text[FLAGS_TEXT_SIZE], const kft_option_choice *names, uint32_t flags);

#endif
