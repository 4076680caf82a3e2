#include "options/names_build_options.h"

#include <string.h>

#include "command.h"
#include "options/names.h"
#include "options/reading.h"
#include "options/target.h"

static const kft_option_choice formats[] = {
    { "auto", FORMAT_AUTO }, { "tsv", FORMAT_TSV }, { "csv", FORMAT_CSV }, { "jsonl", FORMAT_JSONL },
    { "lines", FORMAT_LINES }, { NULL, 0 }
};

const kft_option_spec names_build_options_table[] = {
    { "output", 'o', OPTION_FILE, offsetof(kft_names_build_options, output), "FILE",
      "the index to write (required)", NULL },
    FORCE_OPTION(kft_names_build_options, force),
    { "format", 'f', OPTION_CHOICE, offsetof(kft_names_build_options, format), "FORMAT",
      "how the input is written (default: auto)", formats },
    { "equal-ids", 0, OPTION_FLAG, offsetof(kft_names_build_options, equal_ids), NULL,
      "several names may have one id", NULL },
    { "fold-case", 0, OPTION_FLAG, offsetof(kft_names_build_options, fold_case), NULL,
      "case makes no difference between names", NULL },
    { "nfkc", 0, OPTION_FLAG, offsetof(kft_names_build_options, nfkc), NULL,
      "nor how characters are composed, nor width, ligatures ...", NULL },
    { "no-accents", 0, OPTION_FLAG, offsetof(kft_names_build_options, no_accents), NULL,
      "nor accents", NULL },
    { "no-punctuation", 0, OPTION_FLAG, offsetof(kft_names_build_options, no_punctuation), NULL,
      "punctuation is as good as a space", NULL },
    { "separators", 0, OPTION_TEXT, offsetof(kft_names_build_options, separators), "CHARS",
      "each of these characters is as good as a space", NULL },
    { "squeeze", 0, OPTION_FLAG, offsetof(kft_names_build_options, squeeze), NULL,
      "several spaces are one, those at the ends none, and white\n"
      "space of any kind is a space", NULL },
    { "legal", 0, OPTION_CHOICE, offsetof(kft_names_build_options, legal), "WHAT",
      "what to do with legal forms, such as Ltd (default: keep)", legal_names },
    { "legal-table", 0, OPTION_FILE, offsetof(kft_names_build_options, legal_table), "TABLE",
      "a file of legal forms: a line each, the canonical one, and\n"
      "after tabs other ways to write it", NULL },
    MEMORY_OPTION(kft_names_build_options, memory),
    TMPDIR_OPTION(kft_names_build_options, temporary_folder),
    { "threads", 0, OPTION_NUMBER, offsetof(kft_names_build_options, threads), "COUNT",
      "use at most so many threads (default: as many as there\n"
      "are processors)", NULL },
    ON_ERROR_OPTION(kft_names_build_options, on_error),
    TEXT_OPTION(kft_names_build_options, text),
    RAW_OPTION(kft_names_build_options, raw),
    HEADER_OPTION(kft_names_build_options, header),
    { "id", 'I', OPTION_TEXT, offsetof(kft_names_build_options, id), "COLUMN",
      "csv: a number from 1, or a name; jsonl: a field (default: 1\n"
      "or id)", NULL },
    { "name", 'N', OPTION_TEXT, offsetof(kft_names_build_options, name), "COLUMN",
      "the same for the name (default: 2 or name)", NULL },
    { "by", 'B', OPTION_TEXT, offsetof(kft_names_build_options, by), "COLUMN",
      "the same for an attribute, such as the country, by which\n"
      "searches can be narrowed (default: none, or attribute)", NULL },
    { "payload", 'P', OPTION_TEXT, offsetof(kft_names_build_options, payload), "COLUMN",
      "the same for what comes along with hits (default: none, or\n"
      "payload)", NULL },
    DELIMITER_OPTION(kft_names_build_options, delimiter),
    PROGRESS_OPTION(kft_names_build_options, progress),
    QUIET_OPTION(kft_names_build_options, quiet),
    REPORT_OPTION(kft_names_build_options, json),
    OPTIONS_END
};

/* Columns of CSV are numbers or names; fields of JSON names only. */
static int check_columns(const kft_names_build_options *o, const kft_arguments *inputs, const char *const *columns)
{
    static const char *const names[] = { "id", "name", "by", "payload" };
    const unsigned csv = 1u << FORMAT_CSV, jsonl = 1u << FORMAT_JSONL;
    const unsigned there = formats_there(o->format, inputs);

    for (int i = 0; i < 4; i++) {
        if (columns[i] == NULL)
            continue;
        if ((there & (csv | jsonl)) == 0)
            return usage_error(&command_names_build, "--%s is about csv and jsonl, but no input is; see --format",
                               names[i]);
        if (columns[i][0] == 0 || (strcmp(columns[i], "0") == 0 && there & csv))
            return usage_error(&command_names_build, "--%s: columns are counted from 1", names[i]);
        if (there & csv && !o->header && !is_column_number(columns[i]))
            return usage_error(&command_names_build, "--%s: naming a column needs --header", names[i]);
        for (int j = 0; j < i; j++)
            if (columns[j] != NULL && strcmp(columns[i], columns[j]) == 0)
                return usage_error(&command_names_build, "--%s and --%s are the same column", names[j], names[i]);
    }
    return OPTIONS_GO_ON;
}

static void fill_settings(const kft_names_build_options *o, kft_input_settings *settings)
{
    *settings = (kft_input_settings){
        .format = (kft_input_format)o->format, .wants_value = 1, .row = 1, .text = o->text, .raw = o->raw,
        .header = o->header, .delimiter = delimiter_byte(o->delimiter),
        .key_column = o->id ? o->id : "1", .value_column = o->name ? o->name : "2", .weight_column = "1",
        .attribute_column = o->by, .payload_column = o->payload,
        .key_field = o->id ? o->id : "id", .value_field = o->name ? o->name : "name", .weight_field = "",
        .attribute_field = o->by ? o->by : "attribute", .payload_field = o->payload ? o->payload : "payload",
    };
}

static int check_processing(const kft_names_build_options *o)
{
    if (o->legal_table != NULL && o->legal == KF_LEGAL_KEEP)
        return usage_error(&command_names_build, "--legal-table needs --legal canonical or --legal ignore");
    return OPTIONS_GO_ON;
}

int names_build_options_check(const kft_names_build_options *o, const kft_arguments *inputs,
                              kft_input_settings *settings, kf_names_build_options *build)
{
    static const kft_format_option bound[] = {
        { "header", 1u << FORMAT_CSV, "csv" }, { "delimiter", 1u << FORMAT_CSV, "csv" },
        { "raw", 1u << FORMAT_TSV | 1u << FORMAT_LINES, "tsv and lines" }, { NULL, 0, NULL }
    };
    const char *const columns[] = { o->id, o->name, o->by, o->payload };
    int code = target_check(&command_names_build, o->output);

    if (code == OPTIONS_GO_ON)
        code = inputs_check(&command_names_build, inputs);
    if (code == OPTIONS_GO_ON)
        code = formats_check(&command_names_build, bound, o->format, inputs);
    if (code == OPTIONS_GO_ON)
        code = check_columns(o, inputs, columns);
    if (code == OPTIONS_GO_ON)
        code = check_processing(o);
    if (code != OPTIONS_GO_ON)
        return code;
    if (o->threads > THREADS_MOST)
        return usage_error(&command_names_build, "--threads is at most %d", THREADS_MOST);
    fill_settings(o, settings);
    if (settings->delimiter == 0)
        return usage_error(&command_names_build, "--delimiter is one byte other than a quote or newline");
    if (strcmp(settings->key_field, settings->value_field) == 0)
        return usage_error(&command_names_build, "the fields of id and name are the same");
    build->memory_limit = o->memory;
    build->temporary_folder = o->temporary_folder;
    build->threads = o->threads > 0 ? (unsigned)o->threads : processors(THREADS_MOST);
    build->flags = (o->force ? KF_NAMES_REPLACE_ANY : 0) | (o->equal_ids ? 0 : KF_NAMES_UNIQUE_IDS);
    build->processing = (o->fold_case ? KF_NAMES_FOLD_CASE : 0) | (o->nfkc ? KF_NAMES_NFKC : 0) |
                        (o->no_accents ? KF_NAMES_NO_ACCENTS : 0) |
                        (o->no_punctuation ? KF_NAMES_NO_PUNCTUATION : 0) | (o->squeeze ? KF_NAMES_SQUEEZE : 0);
    build->separators = o->separators;
    build->legal_forms = (kf_legal_forms)o->legal;
    return OPTIONS_GO_ON;
}
