/* keyfold match: the keys that patterns describe. */
#include <keyfold/keyfold.h>
#include <keyfold/query.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options/pattern.h"
#include "options/selection.h"
#include "output/entry.h"
#include "output/list.h"
#include "output/message.h"

#define MOST_PATTERNS 64   /* as many as kf_query_create_any takes */

typedef struct match_options {
    int regex, glob, subsequence;
    int ignore_case;
    int bytes;
    int all;
    int negate;
    uint64_t limit;
    kft_selection_options selection;
    int count;
    int keys_only;
    int ordinal;
    int json;
    int raw;
    int escapes;
} match_options;

static const kft_option_spec options_table[] = {
    { "regex", 'E', OPTION_FLAG, offsetof(match_options, regex), NULL,
      "PATTERN is a regular expression (default)", NULL },
    { "glob", 'g', OPTION_FLAG, offsetof(match_options, glob), NULL,
      "PATTERN is a glob: * ? [a-z] [!a-z] {this,that}", NULL },
    { "subsequence", 's', OPTION_FLAG, offsetof(match_options, subsequence), NULL,
      "keys have all characters of PATTERN, in that order", NULL },
    { "ignore-case", 'i', OPTION_FLAG, offsetof(match_options, ignore_case), NULL,
      "upper and lower case are the same", NULL },
    { "bytes", 'b', OPTION_FLAG, offsetof(match_options, bytes), NULL,
      "patterns are about bytes, not UTF-8 characters", NULL },
    { "all", 'a', OPTION_FLAG, offsetof(match_options, all), NULL,
      "keys that all patterns match; by default any", NULL },
    { "not", 'v', OPTION_FLAG, offsetof(match_options, negate), NULL,
      "all other keys", NULL },
    { "limit", 'l', OPTION_NUMBER, offsetof(match_options, limit), "COUNT",
      "at most COUNT keys", NULL },
    SELECTION_OPTIONS(match_options, selection),
    { "count", 'c', OPTION_FLAG, offsetof(match_options, count), NULL,
      "print how many keys there are instead of them", NULL },
    { "keys-only", 'k', OPTION_FLAG, offsetof(match_options, keys_only), NULL,
      "print no values", NULL },
    { "ordinal", 'n', OPTION_FLAG, offsetof(match_options, ordinal), NULL,
      "print each key's ordinal (its rank) instead of the value", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(match_options, json), NULL,
      "print a JSON object a line", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(match_options, raw), NULL,
      "print without escapes", NULL },
    { "escapes", 'e', OPTION_FLAG, offsetof(match_options, escapes), NULL,
      "TEXT and KEY have escapes", NULL },
    OPTIONS_END
};

/* All of the patterns, any of them, or none, as one query. Returns 0 or the exit code after a message. */
static int compile(kf_query **out, const match_options *options, char **patterns, size_t count)
{
    kft_pattern_maker make = options->glob ? kf_query_create_glob
                             : options->subsequence ? kf_query_create_subsequence : kf_query_create_regex;
    uint32_t flags = (options->ignore_case ? KF_PATTERN_IGNORE_CASE : 0u) |
                     (options->bytes ? KF_PATTERN_BYTES : 0u);
    kf_query *parts[MOST_PATTERNS] = { NULL }, *joined = NULL;
    kf_error error = { 0 };
    kf_status status = KF_OK;
    int code = 0;

    for (size_t i = 0; i < count && code == 0; i++)
        code = pattern_compile(&parts[i], &command_match, make, patterns[i], flags);
    if (code == 0 && count > 1) {
        const kf_query *all[MOST_PATTERNS];

        memcpy(all, parts, count * sizeof *all);
        status = options->all ? kf_query_create_all(&joined, all, count, &error)
                              : kf_query_create_any(&joined, all, count, &error);
    } else if (code == 0) {
        joined = parts[0];
        parts[0] = NULL;
    }
    if (code == 0 && status == KF_OK && options->negate) {
        kf_query *plain = joined;

        joined = NULL;
        status = kf_query_create_not(&joined, plain, &error);
        kf_query_destroy(&plain);
    }
    if (status != KF_OK)
        code = complain_error("match", status, &error);
    for (size_t i = 0; i < count; i++)
        kf_query_destroy(&parts[i]);
    *out = joined;
    return code;
}

static int print_keys(kf_iter *iter, const kft_sieve *sieve, const kft_printer *printer, int counting,
                      const char *path)
{
    kf_status status;
    kft_entry entry;
    uint64_t count = 0;

    while (printer->out->os_error == 0 &&
           (status = entry_next(iter, counting ? KF_VALUES_NONE : printer->value_type, &entry)) != KF_END) {
        if (status == KF_OK)
            status = sieve->status;
        if (status != KF_OK)
            return complain_status(path, NULL, status);
        count++;
        if (!counting)
            entry_print(printer, &entry);
    }
    if (sieve->status != KF_OK)
        return complain_status(path, NULL, sieve->status);
    if (counting) {
        if (printer->json)
            output_text(printer->out, "{\"count\":");
        output_u64(printer->out, count);
        output_text(printer->out, printer->json ? "}\n" : "\n");
    }
    return count > 0 ? EXIT_FOUND : EXIT_NOT_FOUND;
}

static int match_dict(const kf_dict *dict, const char *path, const match_options *options,
                      const kf_query *query)
{
    kf_iter_options range = KF_ITER_OPTIONS_INIT;
    kft_selection selection;
    kft_sieve sieve;
    kft_output out;
    kf_iter *iter = NULL;
    kf_error error = { 0 };
    kf_status status;
    int code = selection_open(&selection, &command_match, &options->selection, options->escapes, dict, path);

    if (code != 0)
        goto out;
    selection_apply(&selection, &sieve, &range);
    range.limit = options->limit;
    range.query = query;
    status = kf_iter_create(&iter, dict, &range, &error);
    if (status != KF_OK) {
        code = complain_error(path, status, &error);
    } else if (!output_open(&out)) {
        code = EXIT_TROUBLE;
    } else {
        kft_printer printer = { &out, kf_dict_value_type(dict), options->ordinal, options->raw,
                                options->json, list_values(dict) };

        if (options->keys_only || (options->ordinal && !options->json))
            printer.value_type = KF_VALUES_NONE;
        code = output_finish(&out, print_keys(iter, &sieve, &printer, options->count, path));
    }
out:
    kf_iter_destroy(&iter);
    selection_close(&selection);
    return code;
}

static int match_run(int argc, char **argv)
{
    match_options options = { .limit = UINT64_MAX, .selection = SELECTION_OPTIONS_INIT };
    kft_arguments rest;
    kf_query *query = NULL;
    kf_dict *dict;
    int code = options_parse(&command_match, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count < 2)
        return usage_error(&command_match, rest.count == 0 ? "which FILE?" : "which PATTERN?");
    if (rest.count - 1 > MOST_PATTERNS)
        return usage_error(&command_match, "at most %d PATTERNs", MOST_PATTERNS);
    if (options.regex + options.glob + options.subsequence > 1)
        return usage_error(&command_match, "only one of --regex, --glob and --subsequence");
    code = compile(&query, &options, rest.items + 1, (size_t)rest.count - 1);
    if (code != 0)
        return code;
    dict = entry_open(rest.items[0], KF_OPEN_CHECK, &code);
    if (dict != NULL)
        code = match_dict(dict, rest.items[0], &options, query);
    kf_dict_close(&dict);
    kf_query_destroy(&query);
    return code;
}

static const kft_clash clashes[] = {
    { "keys-only", "count", 0 },
    { "ordinal", "count", 0 },
    { "raw", "count|json", 0 },
    { "escapes", "prefix-range|from|to", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_match = {
    "match", "Find the keys that patterns match", "[options] FILE PATTERN...", options_table,
    "A key is matched from its first to its last byte: write .*word.* or, with --glob,\n"
    "*word* for keys that contain it. Keys are printed in their order, as by scan.\n\n"
    "Exit code: 0 done, 1 nothing found, 2 usage or a bad pattern, 3 data or I/O error.\n",
    match_run, clashes
};
