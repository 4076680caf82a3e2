/* keyfold names build: compiles ids and names into an index. */
#include <keyfold/keyfold.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "input/feed.h"
#include "input/reader.h"
#include "input/same_keys.h"
#include "interrupt.h"
#include "options/names_build_options.h"
#include "options/reading.h"
#include "output/human.h"
#include "output/message.h"
#include "output/output.h"
#include "output/progress.h"

#define TABLE_MOST ((size_t)16 << 20)    /* bytes of a table of legal forms */

typedef struct names_build {
    const kft_names_build_options *options;
    kft_input_settings settings;
    kf_names_build_options build;
    kf_names_builder *builder;
    kft_feed feed;
    uint64_t lines_before;      /* of the inputs that are through, for ids */
    uint64_t lines;             /* and of this one */
    uint64_t empty;             /* names */
    char *table;
    kf_names_report report;
} names_build;

static kf_bytes bytes_of(const void *data, size_t size)
{
    return (kf_bytes){ data, size };
}

/* A line is a name: there are no other parts. */
static int begin_input(void *context, const kft_input *input)
{
    names_build *names = context;

    names->settings.wants_value = input->format != FORMAT_LINES;
    names->lines_before += names->lines;
    names->lines = 0;
    return 0;
}

/* A name by itself has the number of its line as its id, which goes on from input to input. */
static int add_record(void *context, kft_input *input, const kft_record *record)
{
    names_build *names = context;
    kf_names_row row = KF_NAMES_ROW_INIT;
    kf_error error = { 0 };
    kf_status status;
    char number[24];

    row.id = bytes_of(record->key, record->key_size);
    row.name = bytes_of(record->value, record->value_size);
    row.attribute = bytes_of(record->attribute, record->attribute_size);
    row.payload = bytes_of(record->payload, record->payload_size);
    if (input->format == FORMAT_LINES) {
        names->lines = input->lines_read;
        row.name = row.id;
        row.id = bytes_of(number, (size_t)snprintf(number, sizeof number, "%" PRIu64,
                                                   names->lines_before + input->line));
    }
    status = kf_names_builder_add_row(names->builder, &row, &error);
    if (status == KF_INVALID || status == KF_LIMIT) {
        input_bad(input, "%s", error.message);
        return feed_bad_record(&names->feed, input);
    }
    names->feed.records++;
    names->empty += row.name.size == 0;
    if (status == KF_OK)
        return 0;
    return status == KF_CANCELLED ? EXIT_TROUBLE : complain_error(names->options->output, status, &error);
}

/* Reads the table of legal forms as a whole. Returns 0, or an exit code after a message. */
static int read_table(names_build *names, const char *path)
{
    kft_stream stream;
    size_t size;
    int code = EXIT_TROUBLE;

    if (!stream_open(&stream, path, LOOK_TEXT) || stream_find(&stream, 0, 0, &size) == STREAM_FAILED)
        complain("%s: %s", stream.name, stream.problem);
    else if (size > TABLE_MOST)
        complain("%s: a table of legal forms of more than %zu MiB", stream.name, TABLE_MOST >> 20);
    else if ((names->table = malloc(size + 1)) == NULL)
        complain("%s: out of memory", stream.name);
    else
        code = 0;
    if (code == 0) {
        memcpy(names->table, stream_window(&stream), size);
        names->table[size] = 0;
        names->build.legal_table = names->table;
    }
    stream_close(&stream);
    return code;
}

static int create_builder(names_build *names)
{
    const char *table = names->options->legal_table;
    kf_error error = { 0 };
    kf_status status;
    int code = table != NULL ? read_table(names, table) : 0;

    if (code != 0)
        return code;
    names->build.progress = progress_report;
    status = kf_names_builder_create(&names->builder, names->options->output, &names->build, &error);
    if (status == KF_OK)
        return 0;
    if (table != NULL && strstr(error.message, "legal form") != NULL) {
        complain_error(table, status, &error);
        return EXIT_TROUBLE;
    }
    return complain_error(names->options->output, status, &error);
}

static int finish(names_build *names, const kft_arguments *inputs)
{
    kf_error error = { 0 };
    kf_status status = kf_names_builder_finish(names->builder, &names->report, &error);

    if (status == KF_OK)
        return 0;
    if (status == KF_CANCELLED)
        return EXIT_TROUBLE;
    complain_error(names->options->output, status, &error);
    if (status == KF_DUPLICATE) {
        same_keys_tell(&names->settings, inputs, 0, &error);
        message((kft_message){ MESSAGE_NOTE, KF_OK, NULL, 0 }, "if several names may have one id, say --equal-ids");
    }
    return EXIT_TROUBLE;
}

static void say_summary(const names_build *names, double seconds)
{
    const kf_names_report *report = &names->report;
    human_text count, tokens, size, time, temporary;

    feed_say_bad(&names->feed);
    if (names->options->quiet)
        return;
    if (names->empty > 0)
        message((kft_message){ MESSAGE_NOTE, KF_OK, NULL, 0 }, "note: %" PRIu64 " name%s empty", names->empty,
                names->empty == 1 ? " is" : "s are");
    if (names->options->json)
        return;
    message((kft_message){ MESSAGE_SUMMARY, KF_OK, names->options->output, 0 },
            "%s names, %s different tokens, %s (%.2f B/name), %s%s%s", human_count(count, report->names),
            human_count(tokens, report->tokens), human_size(size, report->file_size),
            report->names > 0 ? (double)report->file_size / (double)report->names : 0.0,
            human_seconds(time, seconds), report->temporary_peak > 0 ? ", temporary files up to " : "",
            report->temporary_peak > 0 ? human_size(temporary, report->temporary_peak) : "");
}

static int print_report(const names_build *names, double seconds)
{
    const kf_names_report *report = &names->report;
    const struct { const char *name; uint64_t number; } numbers[] = {
        { "names", report->names }, { "tokens", report->tokens }, { "name_bytes", report->name_bytes },
        { "bad_records", names->feed.bad }, { "empty_names", names->empty }, { "file_size", report->file_size },
        { "temporary_peak", report->temporary_peak }
    };
    kft_output out;
    char text[96];

    if (!output_open(&out))
        return EXIT_TROUBLE;
    output_byte(&out, '{');
    output_json_member(&out, "file", (const uint8_t *)names->options->output, strlen(names->options->output));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(text, sizeof text, ",\"%s\":%" PRIu64, numbers[i].name, numbers[i].number);
        output_text(&out, text);
    }
    snprintf(text, sizeof text, ",\"seconds\":%.3f}\n", seconds);
    output_text(&out, text);
    return output_finish(&out, 0);
}

static int build_all(names_build *names, const kft_arguments *inputs)
{
    kft_feed *feed = &names->feed;
    double seconds;
    int code = create_builder(names);

    progress_input(0, feed->survey.input_total, 0);
    for (int i = 0; i < inputs->count && code == 0; i++)
        code = feed_file(feed, inputs->items[i]);
    progress_input(feed->input_done, feed->survey.input_total, feed->records);
    if (code == 0)
        code = finish(names, inputs);
    if (code == 0)
        progress_done(names->report.file_size);
    seconds = progress_seconds();
    progress_stop();
    kf_names_builder_destroy(&names->builder);
    free(names->table);
    if (code == 0) {
        say_summary(names, seconds);
        if (names->options->json)
            code = print_report(names, seconds);
    } else if (interrupt_signal() != 0) {
        message((kft_message){ MESSAGE_ERROR, KF_CANCELLED, NULL, 0 }, "interrupted; %s is as it was before",
                names->options->output);
        code = EXIT_SIGNALLED + interrupt_signal();
    }
    return code;
}

static int names_build_run(int argc, char **argv)
{
    kft_names_build_options options = { .delimiter = "," };
    names_build names = { .options = &options, .build = KF_NAMES_BUILD_OPTIONS_INIT,
                          .report = KF_NAMES_REPORT_INIT };
    kft_arguments inputs;
    int code = options_parse(&command_names_build, &options, argc, argv, &inputs);

    if (code == OPTIONS_GO_ON)
        code = names_build_options_check(&options, &inputs, &names.settings, &names.build);
    if (code != OPTIONS_GO_ON)
        return code;
    names.feed = (kft_feed){
        .settings = &names.settings, .skips_bad = options.on_error == ON_ERROR_SKIP, .quiet = options.quiet,
        .begin = begin_input, .take = add_record, .context = &names,
        .like_csv = "note: taken for lines, a name each, as there is no tab in the first line; --format csv reads CSV"
    };
    code = survey_inputs(&names.feed.survey, &command_names_build, options.output, 1, &names.settings, &inputs);
    if (code != 0)
        return code;
    interrupt_catch();
    progress_start(options.quiet ? PROGRESS_NONE : (progress_mode)options.progress, NULL);
    progress_of_names();
    return build_all(&names, &inputs);
}


static const kft_clash clashes[] = {
    { "legal-table", "legal", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_names_build = {
    "names build", "Compile ids and names into an index", "[options] -o FILE INPUT...", names_build_options_table,
    "A line of tsv is ID<TAB>NAME, perhaps with <TAB>ATTRIBUTE and <TAB>PAYLOAD; a JSON\n"
    "array [ID, NAME, ATTRIBUTE, PAYLOAD]; in lines each is a name, and its id is its\n"
    "number from 1. INPUT '-' is standard input; gzip, zstd, xz and bzip2 data is\n"
    "unpacked, and UTF-16 read as UTF-8; files that are not lines of text are refused.\n"
    "Format auto goes by the extension (.tsv .tab .csv .jsonl .ndjson), else the first\n"
    "line: with a tab it is tsv, without it is lines.\n\n"
    "Names are compared as they are, unless options from --fold-case to --legal say\n"
    "otherwise. The index keeps what they say: needles are treated like names.\n\n"
    "Exit code: 0 done (with --on-error skip also when lines were skipped), 2 usage,\n"
    "3 data or I/O error, 128+N stopped by signal N.\n",
    names_build_run, clashes
};
