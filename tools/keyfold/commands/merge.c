/* keyfold merge: several dictionaries become one. */
#include <keyfold/keyfold.h>

#include "command.h"
#include "interrupt.h"
#include "options/members.h"
#include "options/names.h"
#include "options/parallel.h"
#include "options/range.h"
#include "options/target.h"
#include "output/message.h"
#include "output/progress.h"
#include "output/report.h"

typedef struct merge_options {
    const char *output;
    int force;
    int operation;
    int values;
    kft_range_options range;
    uint64_t limit;
    int encoding;
    int similarity;
    int filter;
    int no_sync;
    int effort;
    uint64_t memory;
    const char *temporary_folder;
    kft_parallel_options parallel;
    int progress;
    int quiet;
    int json;
} merge_options;

static const kft_option_choice operations[] = {
    { "union", KF_SET_UNION }, { "intersection", KF_SET_INTERSECTION },
    { "difference", KF_SET_DIFFERENCE }, { "symmetric", KF_SET_SYMMETRIC_DIFFERENCE }, { NULL, 0 }
};

static const kft_option_choice values[] = {
    { "first", KF_SET_VALUES_FIRST }, { "last", KF_SET_VALUES_LAST }, { "sum", KF_SET_VALUES_SUM },
    { "min", KF_SET_VALUES_MIN }, { "max", KF_SET_VALUES_MAX }, { NULL, 0 }
};

static const kft_option_spec options_table[] = {
    { "output", 'o', OPTION_FILE, offsetof(merge_options, output), "FILE",
      "the dictionary to write (required)", NULL },
    FORCE_OPTION(merge_options, force),
    { "operation", 'O', OPTION_CHOICE, offsetof(merge_options, operation), "OPERATION",
      "which keys it gets (default: union)", operations },
    { "values", 'v', OPTION_CHOICE, offsetof(merge_options, values), "POLICY",
      "which value a key has that several files have\n(default: first)", values },
    RANGE_OPTIONS(merge_options, range),
    { "limit", 'l', OPTION_NUMBER, offsetof(merge_options, limit), "COUNT", "at most COUNT keys", NULL },
    { "encoding", 0, OPTION_CHOICE, offsetof(merge_options, encoding), "ENCODING",
      "how values are stored (default: auto)", encoding_names },
    { "filter", 0, OPTION_FLAG, offsetof(merge_options, filter), NULL,
      "store hashes of the keys, as build does", NULL },
    { "similarity", 0, OPTION_FLAG, offsetof(merge_options, similarity), NULL,
      "store the keys once more, as build does", NULL },
    { "no-sync", 0, OPTION_FLAG, offsetof(merge_options, no_sync), NULL,
      "do not wait until the file is on disk: quicker, for what\n"
      "can be made again if the machine goes down meanwhile", NULL },
    { "effort", 0, OPTION_CHOICE, offsetof(merge_options, effort), "EFFORT",
      "fast, default or best, as build has it", effort_names },
    { "memory", 'M', OPTION_SIZE, offsetof(merge_options, memory), "SIZE",
      "hold at most so much in memory (default: 1G)", NULL },
    { "tmpdir", 'T', OPTION_FOLDER, offsetof(merge_options, temporary_folder), "FOLDER",
      "where temporary files go (default: beside the output)", NULL },
    PARALLEL_OPTIONS(merge_options, parallel),
    { "progress", 0, OPTION_CHOICE, offsetof(merge_options, progress), "MODE",
      "show progress on standard error (default: auto, which is\n"
      "text on a terminal)", progress_names },
    { "quiet", 'q', OPTION_FLAG, offsetof(merge_options, quiet), NULL,
      "no progress or summary, only errors", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(merge_options, json), NULL,
      "print a report as a JSON object on standard output", NULL },
    OPTIONS_END
};

/* What a union of everything will have at most, for the progress, and at least, for the disk. */
static void expect(const kft_members *members, const merge_options *options, kf_build_options *build)
{
    const kft_range_options *range = &options->range;
    uint64_t pairs = 0;

    if (options->operation != KF_SET_UNION || range->prefix != NULL || range->from != NULL || range->to != NULL ||
        options->limit != UINT64_MAX)
        return;
    for (size_t i = 0; i < members->count; i++) {
        kf_dict_stat stat = KF_DICT_STAT_INIT;

        if (kf_dict_get_stat(members->dicts[i], &stat) != KF_OK)
            continue;
        pairs += stat.keys;
        if (build->expected_bytes < stat.raw_key_bytes + stat.raw_value_bytes)
            build->expected_bytes = stat.raw_key_bytes + stat.raw_value_bytes;
    }
    progress_expect(pairs);
}

static int merge_members(const kft_members *members, const merge_options *options,
                         const kf_iter_options *within)
{
    kf_merge_options merge = KF_MERGE_OPTIONS_INIT;
    kf_build_options build = KF_BUILD_OPTIONS_INIT;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error = { 0 };
    kf_status status;
    double seconds;

    build.value_encoding = (kf_encoding)options->encoding;
    build.memory_limit = options->memory;
    build.temporary_folder = options->temporary_folder;
    build.flags = (options->force ? KF_BUILD_REPLACE_ANY : 0) | (options->similarity ? KF_BUILD_SIMILARITY : 0)
                  | (options->filter ? KF_BUILD_FILTER : 0)
                  | (options->no_sync ? KF_BUILD_NO_SYNC : 0) | (uint32_t)options->effort;
    build.progress = progress_report;
    parallel_take(&command_merge, &options->parallel, &build);
    merge.operation = (kf_set_operation)options->operation;
    merge.values = (kf_set_values)options->values;
    merge.within = within;
    merge.build = &build;
    interrupt_catch();
    progress_start(options->quiet ? PROGRESS_NONE : (progress_mode)options->progress, &options->parallel);
    progress_values(members->value_type != KF_VALUES_NONE);
    expect(members, options, &build);
    status = kf_dict_merge(options->output, members->dicts, members->count, &merge, &report, &error);
    if (status == KF_OK)
        progress_done(report.file_size);
    seconds = progress_seconds();
    progress_stop();
    if (interrupt_signal() != 0 && status == KF_CANCELLED) {
        message((kft_message){ MESSAGE_ERROR, KF_CANCELLED, NULL, 0 }, "interrupted; %s is as it was before",
                options->output);
        return EXIT_SIGNALLED + interrupt_signal();
    }
    if (status != KF_OK)
        return members_complain(members, options->output, status, &error);
    if (options->json)
        return report_print(options->output, members->value_type, &report, "files", members->count, seconds);
    if (!options->quiet)
        report_say(options->output, &report, seconds);
    return EXIT_FOUND;
}

static int merge_run(int argc, char **argv)
{
    merge_options options = { .limit = UINT64_MAX };
    kf_iter_options within = KF_ITER_OPTIONS_INIT;
    kf_build_options unused = KF_BUILD_OPTIONS_INIT;
    kft_members members;
    kft_arguments rest;
    int code = options_parse(&command_merge, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    code = target_check(&command_merge, options.output);
    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_merge, "which FILE?");
    code = parallel_take(&command_merge, &options.parallel, &unused);
    if (code != OPTIONS_GO_ON)
        return code;
    code = range_take(&command_merge, &options.range, &within);
    if (code != 0)
        return code;
    within.limit = options.limit;
    if (option_given(&command_merge, &rest, "values") && options.operation == KF_SET_DIFFERENCE)
        return usage_error(&command_merge, "--values is about keys that several files have; those of a difference are "
                           "in the first only");
    code = members_open(&members, rest.items, rest.count);
    if (code == 0)
        code = merge_members(&members, &options, &within);
    members_close(&members);
    return code;
}

static const kft_clash clashes[] = {
    { "escapes", "prefix|from|to", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_merge = {
    "merge", "Merge dictionaries into a new one", "[options] -o FILE FILE...", options_table,
    "The files have values of one type, which the new file gets, and the metadata of\n"
    "all; of entries of one name, that of the first file. The output may be one of the\n"
    "files: it is replaced when all is done.\n\n"
    "Exit code: 0 done, 2 usage, 3 data or I/O error, 128+N stopped by signal N.\n",
    merge_run, clashes
};
