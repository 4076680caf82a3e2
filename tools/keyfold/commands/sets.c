/* keyfold union, intersect, subtract: set operations on dictionaries, as lines. */
#include <keyfold/keyfold.h>

#include <string.h>

#include "command.h"
#include "options/members.h"
#include "options/names.h"
#include "options/range.h"
#include "output/entry.h"
#include "output/message.h"

typedef struct sets_options {
    int values;
    int odd;
    kft_range_options range;
    uint64_t limit;
    int count;
    int keys_only;
    int json;
    int raw;
} sets_options;

#define VALUES_OPTION \
    { "values", 'v', OPTION_CHOICE, offsetof(sets_options, values), "POLICY", \
      "which value a key has that several files have\n(default: first)", set_values_names }

#define COMMON_OPTIONS \
    RANGE_OPTIONS(sets_options, range), \
    { "limit", 'l', OPTION_NUMBER, offsetof(sets_options, limit), "COUNT", "at most COUNT lines", NULL }, \
    { "count", 'c', OPTION_FLAG, offsetof(sets_options, count), NULL, \
      "print how many lines there are instead of them", NULL }, \
    { "keys-only", 'k', OPTION_FLAG, offsetof(sets_options, keys_only), NULL, "print no values", NULL }, \
    { "json", 'j', OPTION_FLAG, offsetof(sets_options, json), NULL, "print a JSON object a line", NULL }, \
    { "raw", 'r', OPTION_FLAG, offsetof(sets_options, raw), NULL, "print without escapes", NULL }, \
    OPTIONS_END

static const kft_option_spec union_table[] = {
    VALUES_OPTION,
    { "odd", 'o', OPTION_FLAG, offsetof(sets_options, odd), NULL,
      "only keys that an odd number of files have:\nthe symmetric difference", NULL },
    COMMON_OPTIONS
};
static const kft_option_spec intersect_table[] = { VALUES_OPTION, COMMON_OPTIONS };
static const kft_option_spec subtract_table[] = { COMMON_OPTIONS };

/* Where the entry is from, if the lines say it. */
static void print_entry(const kft_printer *printer, const kft_entry *entry, const char *path)
{
    kf_bytes file = { (const uint8_t *)path, path != NULL ? strlen(path) : 0 };

    if (path == NULL) {
        entry_print(printer, entry);
    } else if (printer->json) {
        output_byte(printer->out, '{');
        entry_print_members(printer, entry);
        output_byte(printer->out, ',');
        output_json_member(printer->out, "file", file.data, file.size);
        output_text(printer->out, "}\n");
    } else {
        entry_print_bytes(printer, entry->key);
        entry_print_value(printer, entry);
        output_byte(printer->out, '\t');
        entry_print_bytes(printer, file);
        output_byte(printer->out, '\n');
    }
}

static int print_all(const kft_members *members, const sets_options *options, kf_iter *iter, kft_output *out)
{
    kft_printer printer = { out, members->value_type, 0, options->raw, options->json, members->lists };
    const char *path = NULL;
    uint64_t count = 0;
    kf_status status;
    kft_entry entry = { 0 };

    if (options->keys_only || options->count)
        printer.value_type = KF_VALUES_NONE;
    while (out->os_error == 0) {
        entry.key.data = NULL;
        status = entry_next(iter, printer.value_type, &entry);
        if (status == KF_END)
            break;
        if (status != KF_OK)
            return members_complain_entry(members, iter, status, entry.key.data != NULL ? &entry.key : NULL);
        count++;
        if (options->values == KF_SET_VALUES_ALL)
            path = members->paths[kf_iter_match(iter)->source];
        if (!options->count)
            print_entry(&printer, &entry, path);
    }
    if (options->count) {
        output_text(out, options->json ? "{\"count\":" : "");
        output_u64(out, count);
        output_text(out, options->json ? "}\n" : "\n");
    }
    return count > 0 || options->limit == 0 ? EXIT_FOUND : EXIT_NOT_FOUND;
}

static int run(const kft_command *command, kf_set_operation operation, int argc, char **argv)
{
    sets_options options = { .values = KF_SET_VALUES_FIRST, .limit = UINT64_MAX };
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_set_options set = KF_SET_OPTIONS_INIT;
    kf_iter *iter = NULL;
    kf_error error = { 0 };
    kft_members members;
    kft_arguments rest;
    kft_output out;
    kf_status status;
    int code = options_parse(command, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(command, "which FILE?");
    code = range_take(command, &options.range, &within);
    if (code != 0)
        return code;
    within.limit = options.limit;
    set.values = (kf_set_values)options.values;
    set.within = &within;
    if (options.odd)
        operation = KF_SET_SYMMETRIC_DIFFERENCE;
    code = members_open(&members, rest.items, rest.count);
    if (code == 0) {
        status = kf_iter_create_set(&iter, operation, members.dicts, members.count, &set, &error);
        if (status != KF_OK)
            code = members_complain(&members, rest.items[0], status, &error);
        else if (!output_open(&out))
            code = EXIT_TROUBLE;
        else
            code = output_finish(&out, print_all(&members, &options, iter, &out));
    }
    kf_iter_destroy(&iter);
    members_close(&members);
    return code;
}

static int union_run(int argc, char **argv)
{
    return run(&command_union, KF_SET_UNION, argc, argv);
}

static int intersect_run(int argc, char **argv)
{
    return run(&command_intersect, KF_SET_INTERSECTION, argc, argv);
}

static int subtract_run(int argc, char **argv)
{
    return run(&command_subtract, KF_SET_DIFFERENCE, argc, argv);
}

#define LINES \
    "Prints KEY<TAB>VALUE in the order of the keys' bytes, or KEY alone when the files\n" \
    "have no values.\n"
#define ALL \
    "With --values all there is a line for each file that has the key:\n" \
    "KEY<TAB>VALUE<TAB>FILE. sum, min and max are about u64 values.\n"
#define CODES "\nExit code: 0 done, 1 the result is empty, 2 usage, 3 data or I/O error.\n"

static const kft_clash clashes[] = {
    { "keys-only", "count", 0 },
    { "raw", "count|json", 0 },
    { "escapes", "prefix|from|to", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_union = {
    "union", "Print the keys that any of several dictionaries has", "[options] FILE...", union_table,
    LINES ALL CODES, union_run, clashes
};

const kft_command command_intersect = {
    "intersect", "Print the keys that all of several dictionaries have", "[options] FILE...", intersect_table,
    LINES ALL CODES, intersect_run, clashes
};

const kft_command command_subtract = {
    "subtract", "Print the keys that only the first of several dictionaries has", "[options] FILE...",
    subtract_table, LINES CODES, subtract_run, clashes
};
