/* keyfold names build: compiles ids and names into an index. */
#include <keyfold/keyfold.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input/reader.h"
#include "interrupt.h"
#include "options/parallel.h"
#include "output/human.h"
#include "output/message.h"

typedef struct names_build_options {
    const char *output;
    int format;
    uint64_t memory;
    const char *temporary_folder;
    uint64_t threads;
    int header;
    const char *id_column, *name_column;
    const char *id_field, *name_field;
    int raw;
    int quiet;
} names_build_options;

static const kft_option_choice formats[] = {
    { "auto", FORMAT_AUTO }, { "tsv", FORMAT_TSV }, { "csv", FORMAT_CSV }, { "jsonl", FORMAT_JSONL },
    { "lines", FORMAT_LINES }, { NULL, 0 }
};

static const kft_option_spec options_table[] = {
    { "output", 'o', OPTION_FILE, offsetof(names_build_options, output), "FILE",
      "the index to write (required)", NULL },
    { "format", 'f', OPTION_CHOICE, offsetof(names_build_options, format), "FORMAT",
      "how the input is written (default: auto)", formats },
    { "memory", 'M', OPTION_SIZE, offsetof(names_build_options, memory), "SIZE",
      "hold at most so much in memory (default: 1G)", NULL },
    { "tmpdir", 'T', OPTION_FOLDER, offsetof(names_build_options, temporary_folder), "FOLDER",
      "where temporary files go (default: beside the output)", NULL },
    { "threads", 0, OPTION_NUMBER, offsetof(names_build_options, threads), "COUNT",
      "use at most so many threads (default: as many as there\nare processors)", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(names_build_options, raw), NULL,
      "tsv, lines: no escapes, and CR stays", NULL },
    { "header", 'H', OPTION_FLAG, offsetof(names_build_options, header), NULL,
      "csv: the first record names the columns", NULL },
    { "id-column", 0, OPTION_TEXT, offsetof(names_build_options, id_column), "COLUMN",
      "csv: a number from 1, or a name (default: 1)", NULL },
    { "name-column", 0, OPTION_TEXT, offsetof(names_build_options, name_column), "COLUMN",
      "csv: a number from 1, or a name (default: 2)", NULL },
    { "id-field", 0, OPTION_TEXT, offsetof(names_build_options, id_field), "NAME",
      "jsonl: an object's id (default: id)", NULL },
    { "name-field", 0, OPTION_TEXT, offsetof(names_build_options, name_field), "NAME",
      "jsonl: an object's name (default: name)", NULL },
    { "quiet", 'q', OPTION_FLAG, offsetof(names_build_options, quiet), NULL,
      "no summary, only errors", NULL },
    OPTIONS_END
};

/* Returns OPTIONS_GO_ON or the exit code of a usage error. */
static int check(const names_build_options *options, const kft_arguments *inputs, kft_input_settings *settings)
{
    int stdin_uses = 0;

    if (options->output == NULL)
        return usage_error(&command_names_build, "where to? Name the index with -o FILE");
    if (inputs->count == 0)
        return usage_error(&command_names_build, "which INPUT? '-' is standard input");
    for (int i = 0; i < inputs->count; i++)
        stdin_uses += strcmp(inputs->items[i], "-") == 0;
    if (stdin_uses > 1)
        return usage_error(&command_names_build, "standard input can be read only once");
    if (options->threads > THREADS_MOST)
        return usage_error(&command_names_build, "--threads is at most %d", THREADS_MOST);
    if (!options->header && (!is_column_number(options->id_column) || !is_column_number(options->name_column)))
        return usage_error(&command_names_build, "columns are counted from 1; naming one needs --header");
    if (strcmp(options->id_field, options->name_field) == 0)
        return usage_error(&command_names_build, "--id-field and --name-field are the same");
    *settings = (kft_input_settings){
        .format = (kft_input_format)options->format, .wants_value = 1, .row = 1, .raw = options->raw,
        .header = options->header, .key_column = options->id_column, .value_column = options->name_column,
        .weight_column = "3", .delimiter = ',', .key_field = options->id_field,
        .value_field = options->name_field, .weight_field = "weight",
    };
    return OPTIONS_GO_ON;
}

static int cancel(void *context, const kf_progress *progress)
{
    (void)context;
    (void)progress;
    return interrupt_signal() != 0;
}

static kf_bytes bytes_of(const void *data, size_t size)
{
    return (kf_bytes){ data, size };
}

/* A name by itself has the number of its line as its id. */
static kf_status add(kf_names_builder *builder, const kft_input *input, const kft_record *record, kf_error *error)
{
    kf_names_row row = KF_NAMES_ROW_INIT;
    char number[24];

    row.id = bytes_of(record->key, record->key_size);
    row.name = bytes_of(record->value, record->value_size);
    row.attribute = bytes_of(record->attribute, record->attribute_size);
    row.payload = bytes_of(record->payload, record->payload_size);
    if (input->format == FORMAT_LINES) {
        row.name = row.id;
        row.id = bytes_of(number, (size_t)snprintf(number, sizeof number, "%" PRIu64, input->line));
    }
    return kf_names_builder_add_row(builder, &row, error);
}

static int add_records(kf_names_builder *builder, kft_input *input)
{
    kft_record record;
    kf_error error = { 0 };
    kf_status status = KF_OK;
    int result;

    while (status == KF_OK && (result = input_next(input, &record)) != INPUT_END && interrupt_signal() == 0) {
        if (result == INPUT_FAILED) {
            complain("%s: %s", input->stream.name, input->stream.problem);
            return EXIT_TROUBLE;
        }
        if (result == INPUT_BAD) {
            complain("%s:%" PRIu64 ": %s", input->stream.name, input->line, input->reason);
            return EXIT_TROUBLE;
        }
        status = add(builder, input, &record, &error);
    }
    if (status == KF_OK || status == KF_CANCELLED)
        return status == KF_OK && interrupt_signal() == 0 ? 0 : EXIT_TROUBLE;
    complain("%s:%" PRIu64 ": %s", input->stream.name, input->line, error.message);
    return EXIT_TROUBLE;
}

static int add_file(kf_names_builder *builder, const kft_input_settings *settings, const char *path)
{
    kft_input_settings own = *settings;
    kft_input input;
    int code = EXIT_TROUBLE;

    if (!input_open(&input, &own, path)) {
        complain("%s: %s", input.stream.name, input.stream.problem);
    } else {
        own.wants_value = input.format != FORMAT_LINES;
        code = add_records(builder, &input);
    }
    input_close(&input);
    return code;
}

static int finish(kf_names_builder *builder, const names_build_options *options)
{
    kf_names_report report = KF_NAMES_REPORT_INIT;
    kf_error error = { 0 };
    human_text names, tokens, size;
    kf_status status = kf_names_builder_finish(builder, &report, &error);

    if (status != KF_OK)
        return status == KF_CANCELLED ? EXIT_TROUBLE : complain_error(options->output, status, &error);
    if (!options->quiet)
        complain("%s: %s names, %s different tokens, %s (%.2f B/name)", options->output,
                 human_count(names, report.names), human_count(tokens, report.tokens),
                 human_size(size, report.file_size),
                 report.names > 0 ? (double)report.file_size / (double)report.names : 0.0);
    return 0;
}

static int names_build_run(int argc, char **argv)
{
    names_build_options options = { .id_column = "1", .name_column = "2", .id_field = "id", .name_field = "name" };
    kf_names_build_options build = KF_NAMES_BUILD_OPTIONS_INIT;
    kft_input_settings settings;
    kf_names_builder *builder;
    kft_arguments inputs;
    kf_error error = { 0 };
    kf_status status;
    int code = options_parse(&command_names_build, &options, argc, argv, &inputs);

    if (code == OPTIONS_GO_ON)
        code = check(&options, &inputs, &settings);
    if (code != OPTIONS_GO_ON)
        return code;
    build.memory_limit = options.memory;
    build.temporary_folder = options.temporary_folder;
    build.threads = options.threads > 0 ? (unsigned)options.threads : processors(THREADS_MOST);
    build.progress = cancel;
    interrupt_catch();
    status = kf_names_builder_create(&builder, options.output, &build, &error);
    if (status != KF_OK)
        return complain_error(options.output, status, &error);
    code = 0;
    for (int i = 0; i < inputs.count && code == 0; i++)
        code = add_file(builder, &settings, inputs.items[i]);
    if (code == 0)
        code = finish(builder, &options);
    kf_names_builder_destroy(&builder);
    if (code != 0 && interrupt_signal() != 0) {
        complain("interrupted; %s is as it was before", options.output);
        code = EXIT_SIGNALLED + interrupt_signal();
    }
    return code;
}

const kft_command command_names_build = {
    "names build", "Compile ids and names into an index", "[options] -o FILE INPUT...", options_table,
    "A line of tsv is ID<TAB>NAME, and perhaps <TAB>ATTRIBUTE and <TAB>PAYLOAD; in lines\n"
    "each is a name, and its id is its number from 1. INPUT '-' is standard input; .gz\n"
    "and .zst data is recognised. Format auto goes by the extension, else the first line:\n"
    "with a tab it is tsv.\n\n"
    "Exit code: 0 done, 2 usage, 3 data or I/O error, 128+N stopped by signal N.\n",
    names_build_run, NULL
};
