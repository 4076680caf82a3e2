/* keyfold dump: the whole dictionary in a form that build reads back. */
#include <keyfold/keyfold.h>

#include <stdio.h>
#include <string.h>

#include "commands/dump.h"
#include "output/entry.h"
#include "output/guard.h"
#include "output/list.h"
#include "output/message.h"

static const kft_option_choice formats[] = {
    { "tsv", DUMP_TSV }, { "jsonl", DUMP_JSONL }, { "nul", DUMP_NUL }, { NULL, 0 }
};

static const kft_option_spec options_table[] = {
    { "format", 'f', OPTION_CHOICE, offsetof(dump_options, format), "FORMAT",
      "what to print (default: tsv)", formats },
    { "raw", 'r', OPTION_FLAG, offsetof(dump_options, raw), NULL,
      "tsv without escapes: keys and values with a tab or a newline\n"
      "do not come back", NULL },
    OPTIONS_END
};

typedef struct kft_dump {
    const kf_dict *dict;
    const char *path;
    int format;
    int weighted;         /* the file has weights of its own */
    int items;            /* values are lists, and come item by item */
    kft_printer printer;
} kft_dump;

/* A line of tsv or jsonl. */
static void print_line(const kft_dump *dump, const kft_entry *entry, uint64_t weight)
{
    kft_output *out = dump->printer.out;

    if (dump->printer.json) {
        output_byte(out, '{');
        entry_print_members(&dump->printer, entry);
    } else {
        entry_print_key(&dump->printer, entry->key, !dump->weighted && dump->printer.value_type == KF_VALUES_NONE);
        entry_print_value(&dump->printer, entry);
    }
    if (dump->weighted) {
        output_text(out, dump->printer.json ? ",\"weight\":" : "\t");
        output_u64(out, weight);
    }
    output_text(out, dump->printer.json ? "}\n" : "\n");
}

/* The line of an entry, the key's first byte in hexadecimal. */
static void print_guarded(const kft_dump *dump, const kft_entry *entry, uint64_t weight)
{
    kft_entry rest = *entry;
    char first[5];

    snprintf(first, sizeof first, "\\x%02x", entry->key.data[0]);
    output_text(dump->printer.out, first);
    rest.key.data++;
    rest.key.size--;
    print_line(dump, &rest, weight);
}

/* key NUL value NUL weight NUL, without what there is not. Returns 0 when the bytes have a NUL themselves. */
static int print_nul(const kft_dump *dump, const kft_entry *entry, uint64_t weight)
{
    kft_output *out = dump->printer.out;

    if ((entry->key.size > 0 && memchr(entry->key.data, 0, entry->key.size) != NULL) ||
        (entry->value.size > 0 && memchr(entry->value.data, 0, entry->value.size) != NULL))
        return 0;
    output_bytes(out, entry->key.data, entry->key.size);
    output_byte(out, 0);
    if (dump->printer.value_type != KF_VALUES_NONE) {
        if (dump->printer.value_type == KF_VALUES_U64)
            output_u64(out, entry->number);
        else
            output_bytes(out, entry->value.data, entry->value.size);
        output_byte(out, 0);
    }
    if (dump->weighted) {
        output_u64(out, weight);
        output_byte(out, 0);
    }
    return 1;
}

/* An entry, the first of all if it is `at_start`. Returns 0 when it can't be printed in the format. */
static int print_one(const kft_dump *dump, const kft_entry *entry, uint64_t weight, int at_start)
{
    int misled = at_start && guard_misleads(entry->key, dump->format == DUMP_NUL);

    if (dump->format == DUMP_NUL)
        return !misled && print_nul(dump, entry, weight);
    if (dump->format == DUMP_TSV && !dump->printer.raw && misled)
        print_guarded(dump, entry, weight);
    else
        print_line(dump, entry, weight);
    return 1;
}

/* The same, but lists item by item, as build --duplicates all reads them. */
static int print_entry(const kft_dump *dump, const kft_entry *entry, uint64_t weight, int at_start)
{
    kft_entry one = *entry;
    kf_bytes list = entry->value;

    if (!dump->items)
        return print_one(dump, entry, weight, at_start);
    for (; list_next(&list, &one.value); at_start = 0)
        if (!print_one(dump, &one, weight, at_start))
            return 0;
    return 1;
}

static int dump_all(const kft_dump *dump, kf_iter *iter)
{
    const kft_printer *printer = &dump->printer;
    uint64_t weight = 0;
    kf_status status;
    kft_entry entry;
    int at_start = 1;

    while (printer->out->os_error == 0 &&
           (status = entry_next(iter, printer->value_type, &entry)) != KF_END) {
        if (status == KF_OK && dump->weighted)
            status = kf_dict_weight_at(dump->dict, entry.ordinal, &weight);
        if (status != KF_OK)
            return complain_status(dump->path, dump->dict, status);
        if (!print_entry(dump, &entry, weight, at_start)) {
            complain("%s: the entry with ordinal %llu can't be printed as nul; take tsv or jsonl",
                     dump->path, (unsigned long long)entry.ordinal);
            return EXIT_TROUBLE;
        }
        at_start = 0;
    }
    return 0;
}

static int dump_run(int argc, char **argv)
{
    dump_options options = { DUMP_TSV, 0 };
    kft_arguments rest;
    kft_output out;
    kf_dict *dict;
    kf_names *names;
    kf_iter *iter = NULL;
    kf_error error = { 0 };
    kf_status status;
    int code = options_parse(&command_dump, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 1)
        return usage_error(&command_dump, rest.count == 0 ? "which FILE?" : "one FILE only");
    if (options.raw && options.format != DUMP_TSV)
        return usage_error(&command_dump, "--raw is about tsv");
    dict = entry_open_either(rest.items[0], &names, &code);
    if (names != NULL)
        code = names_dump(rest.items[0], names, &options);
    kf_names_close(&names);
    if (dict == NULL)
        return code;
    status = kf_iter_create(&iter, dict, NULL, &error);
    if (status != KF_OK) {
        code = complain_error(rest.items[0], status, &error);
    } else if (!output_open(&out)) {
        code = EXIT_TROUBLE;
    } else {
        kf_dict_stat stat = KF_DICT_STAT_INIT;
        kft_dump dump = { dict, rest.items[0], options.format, 0, list_values(dict),
                          { &out, kf_dict_value_type(dict), 0, options.raw, options.format == DUMP_JSONL, 0 } };

        dump.weighted = kf_dict_get_stat(dict, &stat) == KF_OK && stat.weights == KF_WEIGHTS_GIVEN;
        code = output_finish(&out, dump_all(&dump, iter));
    }
    kf_iter_destroy(&iter);
    kf_dict_close(&dict);
    return code;
}

const kft_command command_dump = {
    "dump", "Print everything in a form that build reads back", "[options] FILE", options_table,
    "tsv prints KEY<TAB>VALUE lines, or one KEY a line without values; jsonl prints\n"
    "{\"key\":...,\"value\":...}; nul prints KEY NUL VALUE NUL (for build --format nul\n"
    "--pairs), or KEY NUL. Numbers come back with build --values u64. Weights that\n"
    "are not the values come last, for build --weights column. Metadata is not\n"
    "printed: stat shows it.\n\n"
    "Of an index of names, tsv prints ID<TAB>NAME, then ATTRIBUTE and PAYLOAD if any\n"
    "name has one, and jsonl objects with these fields, for names build.\n\n"
    "Exit code: 0 done, 2 usage, 3 data or I/O error.\n",
    dump_run, NULL
};
