#include "options/build_options.h"

#include <keyfold/builder.h>

#include <string.h>

#include "command.h"
#include "options/names.h"
#include "options/target.h"

static const kft_option_choice formats[] = {
    { "auto", FORMAT_AUTO }, { "tsv", FORMAT_TSV }, { "csv", FORMAT_CSV },
    { "jsonl", FORMAT_JSONL }, { "lines", FORMAT_LINES }, { "nul", FORMAT_NUL }, { NULL, 0 }
};
static const kft_option_choice values[] = {
    { "auto", VALUES_AUTO }, { "none", KF_VALUES_NONE }, { "u64", KF_VALUES_U64 },
    { "bytes", KF_VALUES_BYTES }, { NULL, 0 }
};
const kft_option_spec build_options_table[] = {
    { "output", 'o', OPTION_FILE, offsetof(kft_build_options, output), "FILE",
      "the dictionary to write (required)", NULL },
    FORCE_OPTION(kft_build_options, force),
    { "format", 'f', OPTION_CHOICE, offsetof(kft_build_options, format), "FORMAT",
      "how the input is written (default: auto)", formats },
    { "values", 'v', OPTION_CHOICE, offsetof(kft_build_options, values), "TYPE",
      "what the values are (default: auto, which is none where\n"
      "the format has none, else bytes)", values },
    { "encoding", 0, OPTION_CHOICE, offsetof(kft_build_options, encoding), "ENCODING",
      "how values are stored (default: auto)", encoding_names },
    { "duplicates", 'd', OPTION_CHOICE, offsetof(kft_build_options, duplicates), "POLICY",
      "what to do when a key comes again (default: error)", duplicates_names },
    { "weights", 'w', OPTION_CHOICE, offsetof(kft_build_options, weights), "WEIGHTS",
      "what orders the keys for complete: the values, a column of\n"
      "its own in the input, or nothing (default: none)", weights_names },
    { "normalise", 0, OPTION_CHOICES, offsetof(kft_build_options, normalise), "WHAT",
      "what is to make no difference between keys, with commas:\n"
      "case, accents, how characters are composed (nfc), and also\n"
      "wide, small and the like (nfkc)", normalise_names },
    { "filter", 0, OPTION_FLAG, offsetof(kft_build_options, filter), NULL,
      "store hashes of the keys, about 10 bits each, that make\n"
      "looking up absent keys several times faster", NULL },
    { "similarity", 0, OPTION_FLAG, offsetof(kft_build_options, similarity), NULL,
      "store the keys once more, so that nearest takes\n"
      "milliseconds for a million keys", NULL },
    { "no-sync", 0, OPTION_FLAG, offsetof(kft_build_options, no_sync), NULL,
      "do not wait until the file is on disk: quicker, for what\n"
      "can be made again if the machine goes down meanwhile", NULL },
    { "effort", 0, OPTION_CHOICE, offsetof(kft_build_options, effort), "EFFORT",
      "fast: less time and larger files, above all where texts\n"
      "are long; best: the reverse (default: default)", effort_names },
    MEMORY_OPTION(kft_build_options, memory),
    TMPDIR_OPTION(kft_build_options, temporary_folder),
    { "resume", 0, OPTION_FOLDER, offsetof(kft_build_options, resume_folder), "FOLDER",
      "keep there what is sorted, and go on with what an\n"
      "interrupted build of the same input left there", NULL },
    PARALLEL_OPTIONS(kft_build_options, parallel),
    ON_ERROR_OPTION(kft_build_options, on_error),
    { "meta", 'm', OPTION_LIST, offsetof(kft_build_options, metadata), "NAME=TEXT",
      "store a metadata entry; may be repeated", NULL },
    TEXT_OPTION(kft_build_options, text),
    RAW_OPTION(kft_build_options, raw),
    { "pairs", 0, OPTION_FLAG, offsetof(kft_build_options, pairs), NULL,
      "nul: key NUL value NUL", NULL },
    HEADER_OPTION(kft_build_options, header),
    { "key-column", 'K', OPTION_TEXT, offsetof(kft_build_options, key_column), "COLUMN",
      "csv: a number from 1, or a name (default: 1)", NULL },
    { "value-column", 'V', OPTION_TEXT, offsetof(kft_build_options, value_column), "COLUMN",
      "csv: a number from 1, or a name (default: 2)", NULL },
    { "weight-column", 'W', OPTION_TEXT, offsetof(kft_build_options, weight_column), "COLUMN",
      "csv: a number from 1, or a name (default: 3)", NULL },
    DELIMITER_OPTION(kft_build_options, delimiter),
    { "key-field", 0, OPTION_TEXT, offsetof(kft_build_options, key_field), "NAME",
      "jsonl: an object's key (default: key)", NULL },
    { "value-field", 0, OPTION_TEXT, offsetof(kft_build_options, value_field), "NAME",
      "jsonl: an object's value (default: value)", NULL },
    { "weight-field", 0, OPTION_TEXT, offsetof(kft_build_options, weight_field), "NAME",
      "jsonl: an object's weight (default: weight)", NULL },
    PROGRESS_OPTION(kft_build_options, progress),
    QUIET_OPTION(kft_build_options, quiet),
    REPORT_OPTION(kft_build_options, json),
    OPTIONS_END
};

static int check_columns(const kft_build_options *options)
{
    if (options->key_column[0] == 0 || strcmp(options->key_column, "0") == 0 ||
        options->value_column[0] == 0 || strcmp(options->value_column, "0") == 0 ||
        options->weight_column[0] == 0 || strcmp(options->weight_column, "0") == 0)
        return usage_error(&command_build, "columns are counted from 1");
    if (!options->header && (!is_column_number(options->key_column) || !is_column_number(options->value_column) ||
                             !is_column_number(options->weight_column)))
        return usage_error(&command_build, "naming a column needs --header");
    return OPTIONS_GO_ON;
}

static int check_weights(const kft_build_options *options, const kft_arguments *inputs)
{
    if (options->weights == KF_WEIGHTS_VALUE && options->values != KF_VALUES_U64)
        return usage_error(&command_build, "--weights value needs --values u64");
    if (options->weights != KF_WEIGHTS_GIVEN) {
        if (option_given(&command_build, inputs, "weight-column") ||
            option_given(&command_build, inputs, "weight-field"))
            return usage_error(&command_build, "--weight-column and --weight-field need --weights column");
        return OPTIONS_GO_ON;
    }
    if (options->duplicates >= KF_DUPLICATES_SUM)
        return usage_error(&command_build, "--duplicates %s does not go with --weights column",
                           option_choice_name(duplicates_names, options->duplicates));
    if (options->format == FORMAT_LINES)
        return usage_error(&command_build, "--format lines has no weights");
    if (strcmp(options->weight_field, options->key_field) == 0 ||
        strcmp(options->weight_field, options->value_field) == 0)
        return usage_error(&command_build, "--weight-field is the same as another field");
    return OPTIONS_GO_ON;
}

/* Options of a format that no input has. */
static int check_formats(const kft_build_options *options, const kft_arguments *inputs)
{
    static const kft_format_option bound[] = {
        { "header", 1u << FORMAT_CSV, "csv" }, { "delimiter", 1u << FORMAT_CSV, "csv" },
        { "key-column", 1u << FORMAT_CSV, "csv" }, { "value-column", 1u << FORMAT_CSV, "csv" },
        { "weight-column", 1u << FORMAT_CSV, "csv" }, { "key-field", 1u << FORMAT_JSONL, "jsonl" },
        { "value-field", 1u << FORMAT_JSONL, "jsonl" }, { "weight-field", 1u << FORMAT_JSONL, "jsonl" },
        { "raw", 1u << FORMAT_TSV | 1u << FORMAT_LINES, "tsv and lines" }, { NULL, 0, NULL }
    };
    int code = formats_check(&command_build, bound, options->format, inputs);

    if (code != OPTIONS_GO_ON)
        return code;
    if (options->values == KF_VALUES_NONE &&
        (option_given(&command_build, inputs, "value-column") || option_given(&command_build, inputs, "value-field")))
        return usage_error(&command_build, "--values none passes over values, so it does not matter where they are");
    return OPTIONS_GO_ON;
}

int build_options_check(const kft_build_options *options, const kft_arguments *inputs,
                        kft_input_settings *settings)
{
    kf_build_options unused = KF_BUILD_OPTIONS_INIT;
    int code;

    code = target_check(&command_build, options->output);
    if (code != OPTIONS_GO_ON)
        return code;
    code = inputs_check(&command_build, inputs);
    if (code != OPTIONS_GO_ON)
        return code;
    for (size_t i = 0; i < options->metadata.count; i++)
        if (strchr(options->metadata.items[i], '=') == NULL)
            return usage_error(&command_build, "--meta needs NAME=TEXT, not '%s'",
                               options->metadata.items[i]);
    if (options->normalise & KF_NORMALISE_NFC && options->normalise & KF_NORMALISE_NFKC)
        return usage_error(&command_build, "--normalise has nfc or nfkc, which does more, not both");
    if (options->pairs && options->format != FORMAT_NUL)
        return usage_error(&command_build, "--pairs needs --format nul");
    if (options->duplicates == KF_DUPLICATES_JOIN && options->values != VALUES_AUTO &&
        options->values != KF_VALUES_BYTES)
        return usage_error(&command_build, "--duplicates all makes lists of bytes, not of --values %s",
                           option_choice_name(values, options->values));
    code = parallel_take(&command_build, &options->parallel, &unused);
    if (code == OPTIONS_GO_ON)
        code = check_columns(options);
    if (code == OPTIONS_GO_ON)
        code = check_weights(options, inputs);
    if (code != OPTIONS_GO_ON)
        return code;

    settings->format = (kft_input_format)options->format;
    settings->text = options->text;
    settings->raw = options->raw;
    settings->pairs = options->pairs;
    settings->header = options->header;
    settings->key_column = options->key_column;
    settings->value_column = options->value_column;
    settings->wants_weight = options->weights == KF_WEIGHTS_GIVEN;
    settings->weight_column = options->weight_column;
    settings->weight_field = options->weight_field;
    settings->delimiter = delimiter_byte(options->delimiter);
    settings->key_field = options->key_field;
    settings->value_field = options->value_field;
    if (settings->delimiter == 0)
        return usage_error(&command_build, "--delimiter is one byte other than a quote or newline");
    if (strcmp(settings->key_field, settings->value_field) == 0)
        return usage_error(&command_build, "--key-field and --value-field are the same");
    if (settings->format != FORMAT_AUTO && options->values > KF_VALUES_NONE &&
        !input_has_values(settings->format, settings))
        return usage_error(&command_build, "--format %s has no values, --values %s asks for them",
                           input_format_name(settings->format),
                           option_choice_name(values, options->values));
    return check_formats(options, inputs);
}
