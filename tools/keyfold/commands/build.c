/* keyfold build: compiles files of key/value pairs into a dictionary. */
#include <keyfold/keyfold.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input/feed.h"
#include "input/reader.h"
#include "input/same_keys.h"
#include "interrupt.h"
#include "options/build_options.h"
#include "output/list.h"
#include "output/message.h"
#include "output/progress.h"
#include "output/report.h"

#define LONGEST_KEY ((size_t)1 << 20)   /* kf_builder_add's limit; a longer key is a bad record */

typedef struct kft_build {
    const kft_build_options *options;
    kft_input_settings settings;
    kf_builder *builder;        /* NULL until the first input has told the values' type */
    kf_value_type value_type;
    kft_feed feed;
    kft_list list;              /* --duplicates all: a record's value as one */
    kf_build_report report;
} kft_build;

/* Reports a failed call of the builder; a cancelled one is told of at the end. */
static int failed(const kft_build *build, kf_status status, const kf_error *error)
{
    if (status == KF_CANCELLED)
        return EXIT_TROUBLE;
    return complain_error(build->options->output, status, error);
}

static int create_builder(kft_build *build)
{
    const kft_build_options *options = build->options;
    kf_build_options build_options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    kf_status status;

    build_options.value_type = build->value_type;
    build_options.value_encoding = (kf_encoding)options->encoding;
    build_options.normalise = (uint32_t)options->normalise;
    build_options.weights = (kf_weights)options->weights;
    build_options.duplicates = (kf_duplicates)options->duplicates;
    build_options.memory_limit = options->memory;
    build_options.temporary_folder = options->temporary_folder;
    build_options.resume_folder = options->resume_folder;
    build_options.flags = (options->force ? KF_BUILD_REPLACE_ANY : 0u)
                          | (options->similarity ? KF_BUILD_SIMILARITY : 0u)
                          | (options->filter ? KF_BUILD_FILTER : 0u)
                          | (options->no_sync ? KF_BUILD_NO_SYNC : 0u) | (uint32_t)options->effort;
    build_options.expected_bytes = build->feed.survey.expected_bytes;
    build_options.progress = progress_report;
    parallel_take(&command_build, &options->parallel, &build_options);
    progress_values(build->value_type != KF_VALUES_NONE);
    status = kf_builder_create(&build->builder, options->output, &build_options, &error);
    if (status == KF_OK && options->duplicates == KF_DUPLICATES_JOIN)     /* what --meta says replaces it */
        status = kf_builder_set_metadata(build->builder, LIST_METADATA, LIST_OF_TEXTS, strlen(LIST_OF_TEXTS), &error);
    for (size_t i = 0; i < options->metadata.count && status == KF_OK; i++) {
        const char *entry = options->metadata.items[i];
        const char *equals = strchr(entry, '=');
        char name[257];

        snprintf(name, sizeof name, "%.*s", (int)(equals - entry), entry);
        status = kf_builder_set_metadata(build->builder, name, equals + 1, strlen(equals + 1),
                                         &error);
    }
    if (status == KF_OK && kf_builder_resumed(build->builder) > 0 && !options->quiet)
        message((kft_message){ MESSAGE_NOTE, KF_OK, options->resume_folder, 0 }, "note: going on after %" PRIu64
                " records", kf_builder_resumed(build->builder));
    return status == KF_OK ? 0 : failed(build, status, &error);
}

/* Fits an input's format and the values' type together; the first input may settle the type. */
static int settle_values(void *context, const kft_input *input)
{
    kft_build *build = context;
    int has_values = input_has_values(input->format, &build->settings);
    int asked = build->options->values;
    const kft_message about = { MESSAGE_ERROR, KF_FORMAT, input->stream.name, 0 };

    if (build->builder == NULL) {
        build->value_type = asked != VALUES_AUTO ? (kf_value_type)asked
                            : has_values ? KF_VALUES_BYTES : KF_VALUES_NONE;
        build->settings.wants_value = build->value_type != KF_VALUES_NONE;
    }
    if (build->value_type != KF_VALUES_BYTES && build->options->duplicates == KF_DUPLICATES_JOIN) {
        complain("%s: taken for %s, which has no values that --duplicates all could list; see --format",
                 input->stream.name, input_format_name(input->format));
        return EXIT_TROUBLE;
    }
    if (build->settings.wants_value && !has_values) {
        message(about, "taken for %s, which has no values, but the dictionary has; see --format",
                input_format_name(input->format));
        return EXIT_TROUBLE;
    }
    if (has_values && !build->settings.wants_value && asked == VALUES_AUTO) {
        message(about, "taken for %s, which has values, but the inputs before had none; see --values",
                input_format_name(input->format));
        return EXIT_TROUBLE;
    }
    if (build->settings.wants_weight && input->format == FORMAT_LINES) {
        message(about, "taken for lines, which has no weights; see --format");
        return EXIT_TROUBLE;
    }
    return build->builder == NULL ? create_builder(build) : 0;
}

/* Hands a record to the builder. `number`: the value, if values are u64. */
static kf_status add_to_builder(kft_build *build, const kft_record *record, uint64_t number, uint64_t weight,
                                kf_error *error)
{
    size_t value_size = build->value_type == KF_VALUES_BYTES ? record->value_size : 0;
    int weighted = build->settings.wants_weight;

    if (build->options->duplicates == KF_DUPLICATES_JOIN)
        return !list_of_one(&build->list, record->value, value_size) ? KF_NO_MEMORY
               : kf_builder_add(build->builder, record->key, record->key_size, build->list.data, build->list.size,
                                error);

    if (build->value_type == KF_VALUES_U64)
        return weighted ? kf_builder_add_u64_weighted(build->builder, record->key, record->key_size, number,
                                                      weight, error)
                        : kf_builder_add_u64(build->builder, record->key, record->key_size, number, error);
    return weighted ? kf_builder_add_weighted(build->builder, record->key, record->key_size, record->value,
                                              value_size, weight, error)
                    : kf_builder_add(build->builder, record->key, record->key_size, record->value, value_size,
                                     error);
}

static int add_record(void *context, kft_input *input, const kft_record *record)
{
    kft_build *build = context;
    uint64_t number = 0, weight = 0;
    kf_error error = { 0 };
    kf_status status;

    if (record->key_size > LONGEST_KEY) {
        input_bad(input, "the key has %zu bytes, the limit is %zu", record->key_size, LONGEST_KEY);
        return feed_bad_record(&build->feed, input);
    }
    if (build->value_type == KF_VALUES_U64 && !parse_u64(record->value, record->value_size, &number)) {
        input_bad(input, "the value is not an integer from 0 to 18446744073709551615");
        return feed_bad_record(&build->feed, input);
    }
    if (build->settings.wants_weight && !parse_u64(record->weight, record->weight_size, &weight)) {
        input_bad(input, "the weight is not an integer from 0 to 18446744073709551615");
        return feed_bad_record(&build->feed, input);
    }
    build->feed.records++;
    status = add_to_builder(build, record, number, weight, &error);
    return status == KF_OK ? 0 : failed(build, status, &error);
}

static void say_summary(const kft_build *build, double seconds)
{
    feed_say_bad(&build->feed);
    if (build->options->quiet || build->options->json)
        return;
    report_say(build->options->output, &build->report, seconds);
}

static int finish(kft_build *build, const kft_arguments *inputs)
{
    kf_error error = { 0 };
    kf_status status = kf_builder_finish(build->builder, &build->report, &error);
    int code;

    if (status == KF_OK)
        return 0;
    code = failed(build, status, &error);
    if (status == KF_DUPLICATE && build->options->normalise != 0)
        same_keys_tell(&build->settings, inputs, (uint32_t)build->options->normalise, &error);
    if (status == KF_DUPLICATE)
        message((kft_message){ MESSAGE_NOTE, KF_OK, NULL, 0 }, "see --duplicates");
    return code;
}

static int build_run(int argc, char **argv)
{
    kft_build_options options = BUILD_OPTIONS_INIT;
    kft_build build = { .options = &options, .report = KF_BUILD_REPORT_INIT };
    kft_arguments inputs;
    double seconds;
    int code = options_parse(&command_build, &options, argc, argv, &inputs);

    if (code == OPTIONS_GO_ON)
        code = build_options_check(&options, &inputs, &build.settings);
    if (code != OPTIONS_GO_ON)
        goto out;
    build.feed = (kft_feed){
        .settings = &build.settings, .skips_bad = options.on_error == ON_ERROR_SKIP, .quiet = options.quiet,
        .begin = settle_values, .take = add_record, .context = &build,
        .like_csv = options.values == KF_VALUES_NONE ? NULL
                    : "note: taken for lines, keys without values, as there is no tab in the first line; "
                      "--format csv reads CSV"
    };
    code = survey_inputs(&build.feed.survey, &command_build, options.output, options.values != KF_VALUES_NONE,
                         &build.settings, &inputs);
    if (code != 0)
        goto out;
    interrupt_catch();
    progress_start(options.quiet ? PROGRESS_NONE : (progress_mode)options.progress, &options.parallel);
    progress_input(0, build.feed.survey.input_total, 0);
    for (int i = 0; i < inputs.count && code == 0; i++)
        code = feed_file(&build.feed, inputs.items[i]);
    progress_input(build.feed.input_done, build.feed.survey.input_total, build.feed.records);
    if (code == 0)
        code = finish(&build, &inputs);
    if (code == 0)
        progress_done(build.report.file_size);
    seconds = progress_seconds();
    progress_stop();
    kf_builder_destroy(&build.builder);
    list_free(&build.list);
    if (code == 0) {
        say_summary(&build, seconds);
        if (options.json)
            code = report_print(options.output, build.value_type, &build.report, "bad_records", build.feed.bad,
                                seconds);
    } else if (interrupt_signal() != 0) {
        message((kft_message){ MESSAGE_ERROR, KF_CANCELLED, NULL, 0 }, "interrupted; %s is as it was before%s%s",
                 options.output, options.resume_folder ? "; go on with --resume " : "",
                 options.resume_folder ? options.resume_folder : "");
        code = EXIT_SIGNALLED + interrupt_signal();
    }
out:
    options_list_free(&options.metadata);
    return code;
}

static const kft_clash clashes[] = {
    { "weight-column", "weights", 1 },
    { "weight-field", "weights", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_build = {
    "build", "Compile key/value pairs into a dictionary", "[options] -o FILE INPUT...",
    build_options_table,
    "INPUT '-' is standard input; gzip, zstd, xz and bzip2 data is unpacked, and UTF-16\n"
    "read as UTF-8; files that are not lines of text are refused. Format auto goes by\n"
    "the extension (.tsv .tab .csv .jsonl .ndjson), else the first line: with a tab\n"
    "it is tsv, without it is lines.\n\n"
    "In tsv and lines \\t \\n \\r \\0 \\\\ \\& stand for tab, newline, carriage return, NUL,\n"
    "backslash and nothing, as get, scan and dump print them; --raw turns that off.\n\n"
    "With --weights column a line of tsv ends with <TAB>WEIGHT, a record of nul with\n"
    "WEIGHT NUL, and a JSON array is [KEY, VALUE, WEIGHT].\n\n"
    "Exit code: 0 done (with --on-error skip also when lines were skipped), 2 usage,\n"
    "3 data or I/O error, 128+N stopped by signal N.\n",
    build_run, clashes
};
