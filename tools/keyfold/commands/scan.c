/* keyfold scan: the keys of a prefix or a range, in order. */
#include <keyfold/keyfold.h>

#include "command.h"
#include "options/range.h"
#include "output/entry.h"
#include "output/list.h"
#include "output/message.h"

typedef struct scan_options {
    kft_range_options range;
    uint64_t first;
    uint64_t limit;
    int reverse;
    int count;
    int keys_only;
    int ordinal;
    int json;
    int raw;
} scan_options;

static const kft_option_spec options_table[] = {
    RANGE_OPTIONS(scan_options, range),
    { "first", 0, OPTION_NUMBER, offsetof(scan_options, first), "ORDINAL",
      "only keys from the one with this ordinal on", NULL },
    { "limit", 'l', OPTION_NUMBER, offsetof(scan_options, limit), "COUNT",
      "at most COUNT keys", NULL },
    { "reverse", 'R', OPTION_FLAG, offsetof(scan_options, reverse), NULL,
      "from the last key to the first", NULL },
    { "count", 'c', OPTION_FLAG, offsetof(scan_options, count), NULL,
      "print how many keys there are, without visiting them", NULL },
    { "keys-only", 'k', OPTION_FLAG, offsetof(scan_options, keys_only), NULL,
      "print no values", NULL },
    { "ordinal", 'n', OPTION_FLAG, offsetof(scan_options, ordinal), NULL,
      "print each key's ordinal (its rank) instead of the value", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(scan_options, json), NULL,
      "print a JSON object a line", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(scan_options, raw), NULL,
      "print without escapes", NULL },
    OPTIONS_END
};

/* Whether only some keys are wanted, which may lie in few of the files that a manifest names. */
static int selects(const scan_options *options)
{
    return options->range.prefix != NULL || options->range.from != NULL || options->range.to != NULL ||
           options->first > 0;
}

static int print_all(kf_iter *iter, const kft_printer *printer, const kf_dict *dict, const char *path)
{
    kf_status status;
    kft_entry entry;

    while (printer->out->os_error == 0 &&
           (status = entry_next(iter, printer->value_type, &entry)) != KF_END) {
        if (status != KF_OK)
            return complain_status(path, dict, status);
        entry_print(printer, &entry);
    }
    return 0;
}

static int scan_dict(const kf_dict *dict, const char *path, const scan_options *options,
                     const kf_iter_options *range)
{
    kft_output out;
    kf_iter *iter = NULL;
    kf_error error = { 0 };
    kf_status status = kf_iter_create(&iter, dict, range, &error);
    int code = EXIT_TROUBLE;

    if (status != KF_OK)
        return complain_of(path, dict, status, &error);
    if (output_open(&out)) {
        uint64_t remaining = kf_iter_remaining(iter);

        code = 0;
        if (options->count) {
            output_text(&out, options->json ? "{\"count\":" : "");
            output_u64(&out, remaining);
            output_text(&out, options->json ? "}\n" : "\n");
        } else {
            kft_printer printer = { &out, kf_dict_value_type(dict), options->ordinal, options->raw,
                                    options->json, list_values(dict) };

            if (options->keys_only || (options->ordinal && !options->json))
                printer.value_type = KF_VALUES_NONE;
            code = print_all(iter, &printer, dict, path);
        }
        if (code == 0 && remaining == 0 && selects(options) && options->limit > 0)
            code = EXIT_NOT_FOUND;
        code = output_finish(&out, code);
    }
    kf_iter_destroy(&iter);
    return code;
}

static int scan_run(int argc, char **argv)
{
    scan_options options = { .limit = UINT64_MAX };
    kf_iter_options range = KF_ITER_OPTIONS_INIT;
    kft_arguments rest;
    kf_dict *dict;
    int code = options_parse(&command_scan, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 1)
        return usage_error(&command_scan, rest.count == 0 ? "which FILE?" : "one FILE only");
    code = range_take(&command_scan, &options.range, &range);
    if (code != 0)
        return code;
    range.first_ordinal = options.first;
    range.limit = options.limit;
    if (options.reverse)
        range.flags |= KF_ITER_REVERSE;
    dict = entry_open(rest.items[0], selects(&options) ? 0 : KF_OPEN_CHECK, &code);
    if (dict == NULL)
        return code;
    code = scan_dict(dict, rest.items[0], &options, &range);
    kf_dict_close(&dict);
    return code;
}

static const kft_clash clashes[] = {
    { "keys-only", "count", 0 },
    { "ordinal", "count", 0 },
    { "raw", "count|json", 0 },
    { "escapes", "prefix|from|to", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_scan = {
    "scan", "Print the keys of a prefix or a range, in order", "[options] FILE", options_table,
    "Keys are ordered by their bytes. Each prints KEY<TAB>VALUE, or KEY alone when\n"
    "the dictionary has no values.\n\n"
    "Exit code: 0 done, 1 nothing matched --prefix, --from, --to or --first,\n"
    "2 usage, 3 data or I/O error.\n",
    scan_run, clashes
};
