#include "options/names.h"

#include <keyfold/builder.h>
#include <keyfold/names.h>
#include <keyfold/set.h>

#include <stdio.h>
#include <string.h>

#include "output/progress.h"

const kft_option_choice value_type_names[] = {
    { "none", KF_VALUES_NONE }, { "u64", KF_VALUES_U64 }, { "bytes", KF_VALUES_BYTES }, { NULL, 0 }
};

const kft_option_choice effort_names[] = {
    { "default", 0 }, { "fast", KF_BUILD_FAST }, { "best", KF_BUILD_BEST }, { NULL, 0 }
};

const kft_option_choice encoding_names[] = {
    { "auto", KF_ENCODING_AUTO }, { "packed", KF_ENCODING_PACKED },
    { "distinct", KF_ENCODING_DISTINCT }, { "raw", KF_ENCODING_RAW },
    { "tokens", KF_ENCODING_TOKENS }, { "zstd", KF_ENCODING_ZSTD }, { NULL, 0 }
};

const kft_option_choice duplicates_names[] = {
    { "error", KF_DUPLICATES_ERROR }, { "first", KF_DUPLICATES_FIRST },
    { "last", KF_DUPLICATES_LAST }, { "sum", KF_DUPLICATES_SUM }, { "min", KF_DUPLICATES_MIN },
    { "max", KF_DUPLICATES_MAX }, { "all", KF_DUPLICATES_JOIN }, { NULL, 0 }
};

const kft_option_choice weights_names[] = {
    { "none", KF_WEIGHTS_NONE }, { "value", KF_WEIGHTS_VALUE }, { "column", KF_WEIGHTS_GIVEN }, { NULL, 0 }
};

const kft_option_choice normalise_names[] = {
    { "case", KF_NORMALISE_CASE }, { "nfc", KF_NORMALISE_NFC }, { "nfkc", KF_NORMALISE_NFKC },
    { "accents", KF_NORMALISE_ACCENTS }, { NULL, 0 }
};

const kft_option_choice processing_names[] = {
    { "fold-case", KF_NAMES_FOLD_CASE }, { "nfc", KF_NAMES_NFC }, { "nfkc", KF_NAMES_NFKC },
    { "no-accents", KF_NAMES_NO_ACCENTS }, { "no-punctuation", KF_NAMES_NO_PUNCTUATION },
    { "squeeze", KF_NAMES_SQUEEZE }, { NULL, 0 }
};

const kft_option_choice legal_names[] = {
    { "keep", KF_LEGAL_KEEP }, { "canonical", KF_LEGAL_CANONICAL }, { "ignore", KF_LEGAL_IGNORE }, { NULL, 0 }
};

const kft_option_choice set_values_names[] = {
    { "first", KF_SET_VALUES_FIRST }, { "last", KF_SET_VALUES_LAST }, { "sum", KF_SET_VALUES_SUM },
    { "min", KF_SET_VALUES_MIN }, { "max", KF_SET_VALUES_MAX }, { "all", KF_SET_VALUES_ALL }, { NULL, 0 }
};

/* Those that a search can go by, and then those that it can't. */
#define SEARCH_SCORERS \
    { "setratio", KF_SCORER_SETRATIO }, { "ratio", KF_SCORER_RATIO }, \
    { "token_sort_ratio", KF_SCORER_TOKEN_SORT_RATIO }, { "token_set_ratio", KF_SCORER_TOKEN_SET_RATIO }

const kft_option_choice search_scorer_names[] = { SEARCH_SCORERS, { NULL, 0 } };

const kft_option_choice scorer_names[] = {
    SEARCH_SCORERS, { "wratio", KF_SCORER_WRATIO }, { "partial_ratio", KF_SCORER_PARTIAL_RATIO },
    { "jaro_winkler", KF_SCORER_JARO_WINKLER }, { NULL, 0 }
};

const kft_option_choice progress_names[] = {
    { "auto", PROGRESS_AUTO }, { "none", PROGRESS_NONE }, { "text", PROGRESS_TEXT }, { "json", PROGRESS_JSON },
    { NULL, 0 }
};

const char *flags_text(char text[FLAGS_TEXT_SIZE], const kft_option_choice *names, uint32_t flags)
{
    text[0] = 0;
    for (const kft_option_choice *choice = names; choice->name != NULL; choice++) {
        size_t used = strlen(text);

        if (flags & (uint32_t)choice->value)
            snprintf(text + used, FLAGS_TEXT_SIZE - used, "%s%s", used > 0 ? "," : "", choice->name);
    }
    return text[0] != 0 ? text : "none";
}
