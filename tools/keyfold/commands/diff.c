/* keyfold diff: what changed between two dictionaries. */
#include <keyfold/keyfold.h>

#include "command.h"
#include "options/members.h"
#include "options/range.h"
#include "output/entry.h"
#include "output/message.h"

typedef struct diff_options {
    kft_range_options range;
    uint64_t limit;
    int count;
    int quiet;
    int keys_only;
    int json;
    int raw;
} diff_options;

static const kft_option_spec options_table[] = {
    RANGE_OPTIONS(diff_options, range),
    { "limit", 'l', OPTION_NUMBER, offsetof(diff_options, limit), "COUNT",
      "at most COUNT differences", NULL },
    { "count", 'c', OPTION_FLAG, offsetof(diff_options, count), NULL,
      "print how many keys were added, removed, changed", NULL },
    { "quiet", 'q', OPTION_FLAG, offsetof(diff_options, quiet), NULL,
      "print nothing: the exit code tells", NULL },
    { "keys-only", 'k', OPTION_FLAG, offsetof(diff_options, keys_only), NULL, "print no values", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(diff_options, json), NULL, "print a JSON object a line", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(diff_options, raw), NULL, "print without escapes", NULL },
    OPTIONS_END
};

typedef struct kft_diff {
    const diff_options *options;
    kft_members members;
    kft_printer printer;
    kf_buffer buffer;
    uint64_t counts[KF_CHANGE_VALUE + 1];
} kft_diff;

/* The value that a key had before. */
static kf_status old_value(kft_diff *diff, uint64_t ordinal, kft_entry *entry)
{
    if (diff->printer.value_type == KF_VALUES_BYTES)
        return kf_dict_value_at(diff->members.dicts[0], ordinal, &diff->buffer, &entry->value);
    if (diff->printer.value_type == KF_VALUES_U64)
        return kf_dict_u64_at(diff->members.dicts[0], ordinal, &entry->number);
    return KF_OK;
}

static void print_json_value(const kft_printer *printer, const char *name, const kft_entry *entry)
{
    kft_output *out = printer->out;

    if (printer->value_type == KF_VALUES_NONE)
        return;
    output_byte(out, ',');
    if (printer->value_type == KF_VALUES_BYTES) {
        output_json_member(out, name, entry->value.data, entry->value.size);
        return;
    }
    output_byte(out, '"');
    output_text(out, name);
    output_text(out, "\":");
    output_u64(out, entry->number);
}

static void print_change(const kft_diff *diff, kf_change change, const kft_entry *entry,
                         const kft_entry *before)
{
    static const char marks[] = " +-~";
    static const char *const names[] = { "none", "added", "removed", "changed" };
    const kft_printer *printer = &diff->printer;
    kft_output *out = printer->out;

    if (printer->json) {
        output_text(out, "{\"change\":\"");
        output_text(out, names[change]);
        output_text(out, "\",");
        output_json_member(out, "key", entry->key.data, entry->key.size);
        if (change == KF_CHANGE_VALUE)
            print_json_value(printer, "before", before);
        print_json_value(printer, "value", entry);
        output_text(out, "}\n");
        return;
    }
    output_byte(out, (uint8_t)marks[change]);
    entry_print_bytes(printer, entry->key);
    if (change == KF_CHANGE_VALUE)
        entry_print_value(printer, before);
    entry_print_value(printer, entry);
    output_byte(out, '\n');
}

static void print_counts(const kft_diff *diff)
{
    static const char *const names[] = { "added", "removed", "changed" };
    kft_output *out = diff->printer.out;

    for (int i = 0; i < 3; i++) {
        if (diff->options->json) {
            output_text(out, i == 0 ? "{\"" : ",\"");
            output_text(out, names[i]);
            output_text(out, "\":");
        } else {
            output_text(out, names[i]);
            output_byte(out, '\t');
        }
        output_u64(out, diff->counts[KF_CHANGE_ADDED + i]);
        if (!diff->options->json)
            output_byte(out, '\n');
    }
    if (diff->options->json)
        output_text(out, "}\n");
}

static int print_all(kft_diff *diff, kf_iter *iter)
{
    const diff_options *options = diff->options;
    kft_entry entry = { 0 }, before = { 0 };
    int differ = 0;
    kf_status status;

    while (diff->printer.out->os_error == 0) {
        const kf_match *match = kf_iter_match(iter);

        entry.key.data = NULL;
        status = entry_next(iter, diff->printer.value_type, &entry);
        if (status == KF_END)
            break;
        if (status == KF_OK && match->change == KF_CHANGE_VALUE)
            status = old_value(diff, match->before, &before);
        if (status != KF_OK)
            return members_complain_entry(&diff->members, iter, status,
                                          entry.key.data != NULL ? &entry.key : NULL);
        differ = 1;
        if (options->quiet)
            break;
        diff->counts[match->change]++;
        if (!options->count)
            print_change(diff, match->change, &entry, &before);
    }
    if (options->count && !options->quiet)
        print_counts(diff);
    return differ ? EXIT_NOT_FOUND : EXIT_FOUND;
}

static int diff_run(int argc, char **argv)
{
    diff_options options = { .limit = UINT64_MAX };
    kft_diff diff = { .options = &options };
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_iter *iter = NULL;
    kf_error error = { 0 };
    kft_arguments rest;
    kft_output out;
    kf_status status;
    int code = options_parse(&command_diff, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 2)
        return usage_error(&command_diff, "two files: OLD and NEW");
    code = range_take(&command_diff, &options.range, &within);
    if (code != 0)
        return code;
    within.limit = options.limit;
    code = members_open(&diff.members, rest.items, rest.count);
    if (code == 0) {
        status = kf_iter_create_diff(&iter, diff.members.dicts[0], diff.members.dicts[1], &within, &error);
        if (status != KF_OK) {
            code = members_complain(&diff.members, rest.items[1], status, &error);
        } else if (!output_open(&out)) {
            code = EXIT_TROUBLE;
        } else {
            diff.printer = (kft_printer){ &out, diff.members.value_type, 0, options.raw, options.json,
                                           diff.members.lists };
            if (options.keys_only || options.count || options.quiet)
                diff.printer.value_type = KF_VALUES_NONE;
            code = output_finish(&out, print_all(&diff, iter));
        }
    }
    kf_iter_destroy(&iter);
    kf_buffer_free(&diff.buffer);
    members_close(&diff.members);
    return code;
}

static const kft_clash clashes[] = {
    { "count", "quiet", 0 },
    { "json", "quiet", 0 },
    { "keys-only", "quiet|count", 0 },
    { "raw", "quiet|count|json", 0 },
    { "escapes", "prefix|from|to", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_diff = {
    "diff", "Compare two dictionaries", "[options] OLD NEW", options_table,
    "Prints in key order +KEY<TAB>VALUE for a key that only NEW has, -KEY<TAB>VALUE\n"
    "for one that only OLD has, and ~KEY<TAB>OLD VALUE<TAB>NEW VALUE where the value\n"
    "changed. Only keys and values count, not how they are stored.\n\n"
    "Exit code, as of diff: 0 no difference, 1 some, 2 usage, 3 data or I/O error.\n",
    diff_run, clashes
};
