/* keyfold complete: the keys of prefixes, those with the largest weights first. */
#include <keyfold/keyfold.h>

#include "command.h"
#include "options/selection.h"
#include "output/crew.h"
#include "output/entry.h"
#include "output/list.h"
#include "output/message.h"

typedef struct complete_options {
    uint64_t limit;
    int values;
    int keys_only;
    int json;
    kft_selection_options selection;
    kft_needle_options needles;
} complete_options;

static const kft_option_spec options_table[] = {
    { "limit", 'n', OPTION_NUMBER, offsetof(complete_options, limit), "COUNT",
      "at most COUNT keys a prefix (default: 10)", NULL },
    { "values", 'v', OPTION_FLAG, offsetof(complete_options, values), NULL,
      "print values too", NULL },
    { "keys-only", 'k', OPTION_FLAG, offsetof(complete_options, keys_only), NULL,
      "print the keys alone", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(complete_options, json), NULL,
      "print a JSON object a line", NULL },
    { "value-min", 0, OPTION_NUMBER, offsetof(complete_options, selection.value_min), "NUMBER",
      "only keys with a u64 value from NUMBER on", NULL },
    { "value-max", 0, OPTION_NUMBER, offsetof(complete_options, selection.value_max), "NUMBER",
      "only keys with a u64 value up to NUMBER", NULL },
    { "value-regex", 0, OPTION_TEXT, offsetof(complete_options, selection.value_regex), "REGEX",
      "only keys whose whole bytes value matches REGEX", NULL },
    NEEDLE_OPTIONS(complete_options, needles),
    OPTIONS_END
};

typedef struct complete_job {
    const kf_dict *dict;
    const complete_options *options;
    kft_selection selection;
    kft_printer printer;      /* without `out` */
    int with_needle;
} complete_job;

static void print_json(const complete_job *job, const kft_printer *printer, kf_bytes needle,
                       const kft_entry *entry, uint64_t weight)
{
    kft_output *out = printer->out;

    output_byte(out, '{');
    if (job->with_needle) {
        output_json_member(out, "needle", needle.data, needle.size);
        output_byte(out, ',');
    }
    entry_print_members(printer, entry);
    if (!job->options->keys_only) {
        output_text(out, ",\"weight\":");
        output_u64(out, weight);
    }
    output_text(out, "}\n");
}

static void print_line(const complete_job *job, const kft_printer *printer, kf_bytes needle,
                       const kft_entry *entry, uint64_t weight)
{
    kft_output *out = printer->out;

    if (job->with_needle) {
        entry_print_bytes(printer, needle);
        output_byte(out, '\t');
    }
    entry_print_key(printer, entry->key, job->options->keys_only && !job->with_needle);
    if (!job->options->keys_only) {
        output_byte(out, '\t');
        output_u64(out, weight);
        entry_print_value(printer, entry);
    }
    output_byte(out, '\n');
}

static kf_status answer(const void *context, kf_bytes needle, kft_reply *reply, kf_error *error)
{
    const complete_job *job = context;
    kf_iter_options range = KF_ITER_OPTIONS_INIT;
    kft_printer printer = job->printer;
    kf_iter *iter = NULL;
    kft_sieve sieve;
    kft_entry entry;
    kf_status status;

    printer.out = reply->out;
    selection_apply(&job->selection, &sieve, &range);
    range.prefix = needle;
    range.order = KF_ORDER_WEIGHT;
    range.limit = job->options->limit;
    status = kf_iter_create(&iter, job->dict, &range, error);
    while (status == KF_OK && printer.out->os_error == 0) {
        status = entry_next(iter, printer.value_type, &entry);
        if (sieve.status != KF_OK)
            status = sieve.status;
        if (status != KF_OK)
            break;
        reply->found = 1;
        if (printer.json)
            print_json(job, &printer, needle, &entry, kf_iter_match(iter)->weight);
        else
            print_line(job, &printer, needle, &entry, kf_iter_match(iter)->weight);
    }
    kf_iter_destroy(&iter);
    return status == KF_END ? KF_OK : status;
}

static int run_job(complete_job *job, kft_needles *needles, const char *path)
{
    const complete_options *options = job->options;
    kft_job all = { answer, job, path, NULL };
    kft_output out;
    int code = selection_open(&job->selection, &command_complete, &options->selection,
                              options->needles.escapes, job->dict, path);

    if (code == 0 && !output_open(&out))
        code = EXIT_TROUBLE;
    if (code == 0) {
        job->printer.value_type = options->values ? kf_dict_value_type(job->dict) : KF_VALUES_NONE;
        job->printer.raw = options->needles.raw;
        job->printer.json = options->json;
        job->printer.lists = list_values(job->dict);
        job->with_needle = needles_shown(needles);
        code = output_finish(&out, crew_run(&all, needles, &out));
    }
    selection_close(&job->selection);
    return code;
}

static int complete_run(int argc, char **argv)
{
    complete_options options = { .limit = 10, .selection = SELECTION_OPTIONS_INIT };
    complete_job job = { .options = &options };
    kft_arguments rest;
    kft_needles needles;
    kf_dict *dict;
    int code = options_parse(&command_complete, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_complete, "which FILE?");
    if (options.values && options.keys_only)
        return usage_error(&command_complete, "either --values or --keys-only");
    dict = entry_open(rest.items[0], KF_OPEN_CHECK, &code);
    if (dict == NULL)
        return code;
    job.dict = dict;
    if (kf_dict_has_weights(dict)) {
        code = needles_open(&needles, &command_complete, &options.needles, &rest);
        if (code == 0)
            code = run_job(&job, &needles, rest.items[0]);
        needles_close(&needles);
    } else {
        complain("%s: there are no weights; see build --weights", rest.items[0]);
        code = EXIT_TROUBLE;
    }
    kf_dict_close(&dict);
    return code;
}

static const kft_clash clashes[] = {
    { "escapes", "PREFIX", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_complete = {
    "complete", "Find the keys of a prefix with the largest weights", "[options] FILE [PREFIX...]",
    options_table,
    "Without PREFIX, prefixes are read from standard input, one a line, and answered\n"
    "in that order as soon as they arrive. Each key prints KEY<TAB>WEIGHT, the largest\n"
    "weight first and keys of equal weights in their order.\n\n"
    "Weights are those of build --weights column, or else the values, if they are u64.\n"
    "Without --weights all values of a prefix's keys have to be looked at.\n\n"
    "Exit code: 0 done, 1 nothing found for any prefix, 2 usage, 3 data or I/O error.\n",
    complete_run, clashes
};
