/* keyfold names dedupe: pairs or groups of alike names in one index. */
#include <keyfold/keyfold.h>

#include <string.h>

#include "command.h"
#include "interrupt.h"
#include "options/names.h"
#include "options/parallel.h"
#include "output/message.h"
#include "output/name_groups.h"
#include "output/name_hits.h"
#include "output/progress.h"

typedef struct names_dedupe_options {
    const char *cutoff;
    int scorer;
    const char *by;
    int within;
    int groups;
    int json;
    int raw;
    uint64_t threads;
    int progress;
} names_dedupe_options;

static const kft_option_spec options_table[] = {
    { "cutoff", 'C', OPTION_TEXT, offsetof(names_dedupe_options, cutoff), "SCORE",
      "pairs with at least this score, above 0 (required)", NULL },
    { "scorer", 'S', OPTION_CHOICE, offsetof(names_dedupe_options, scorer), "SCORER",
      "how similar names are (default: setratio)", search_scorer_names },
    { "by", 'b', OPTION_TEXT, offsetof(names_dedupe_options, by), "ATTRIBUTE",
      "only names with this attribute", NULL },
    { "within", 'w', OPTION_FLAG, offsetof(names_dedupe_options, within), NULL,
      "only pairs of names with the same attribute", NULL },
    { "groups", 'g', OPTION_FLAG, offsetof(names_dedupe_options, groups), NULL,
      "print what is connected by pairs as groups", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(names_dedupe_options, json), NULL, "print a JSON object a line", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(names_dedupe_options, raw), NULL, "no escapes", NULL },
    { "threads", 'T', OPTION_NUMBER, offsetof(names_dedupe_options, threads), "COUNT",
      "use at most so many threads (default: as many as there\n"
      "are processors)", NULL },
    { "progress", 0, OPTION_CHOICE, offsetof(names_dedupe_options, progress), "MODE",
      "show progress on standard error (default: auto, which is\n"
      "text on a terminal)", progress_names },
    OPTIONS_END
};

typedef struct dedupe_job {
    const names_dedupe_options *options;
    kft_name_printer printer;
    kft_output out;
    kft_groups groups;
    int found;
} dedupe_job;

static void print_pair(dedupe_job *job, const kf_name_hit *first, const kf_name_hit *second)
{
    kft_output *out = &job->out;

    if (!job->printer.json) {
        name_column_print(&job->printer, out, first->id);
        name_column_print(&job->printer, out, first->name);
        name_column_print(&job->printer, out, second->id);
        name_column_print(&job->printer, out, second->name);
        output_double(out, first->score);
        output_byte(out, '\n');
        return;
    }
    output_text(out, "{\"score\":");
    output_double(out, first->score);
    output_text(out, ",\"first\":{");
    name_members_print(out, first);
    output_text(out, "},\"second\":{");
    name_members_print(out, second);
    output_text(out, "}}\n");
}

static kf_status take_pair(void *context, const kf_name_hit *first, const kf_name_hit *second, kf_error *error)
{
    dedupe_job *job = context;

    (void)error;
    job->found = 1;
    if (job->options->groups)
        return groups_add(&job->groups, first, second) ? KF_OK : KF_NO_MEMORY;
    print_pair(job, first, second);
    return job->out.os_error == 0 ? KF_OK : KF_CANCELLED;
}

/* Returns 0 or the exit code after a message. */
static int take_options(kf_matcher_options *search, kf_names_many_options *many, const names_dedupe_options *options)
{
    if (options->cutoff == NULL)
        return usage_error(&command_names_dedupe, "from which score on? Say -C SCORE");
    if (!parse_score(options->cutoff, &search->cutoff) || search->cutoff == 0)
        return usage_error(&command_names_dedupe, "--cutoff is a number above 0, up to 1, not '%s'", options->cutoff);
    if (options->threads > THREADS_MOST)
        return usage_error(&command_names_dedupe, "--threads is at most %d", THREADS_MOST);
    search->scorer = (kf_scorer)options->scorer;
    if (options->by != NULL)
        search->attribute = (kf_bytes){ (const uint8_t *)options->by, strlen(options->by) };
    many->threads = options->threads > 0 ? (unsigned)options->threads : processors(THREADS_MOST);
    many->flags = (options->within ? KF_DEDUPE_WITHIN_ATTRIBUTE : 0) | (options->groups ? KF_DEDUPE_LINKS : 0);
    many->progress = progress_report;
    return 0;
}

static int run_job(dedupe_job *job, const kf_names *names, const char *path, const kf_matcher_options *search,
                   const kf_names_many_options *many)
{
    kf_error error = { 0 };
    kf_status status;

    if (!output_open(&job->out))
        return EXIT_TROUBLE;
    if (!groups_open(&job->groups, job->options->groups ? kf_names_count(names) : 0)) {
        complain("out of memory");
        return output_finish(&job->out, EXIT_TROUBLE);
    }
    progress_start((progress_mode)job->options->progress, NULL);
    status = kf_names_dedupe(names, search, many, take_pair, job, &error);
    if (status == KF_OK)
        progress_done(0);
    progress_stop();
    if (status == KF_OK && job->options->groups)
        groups_print(&job->groups, &job->printer, &job->out);
    groups_close(&job->groups);
    if (status != KF_OK && interrupt_signal() != 0) {
        output_flush(&job->out);
        message((kft_message){ MESSAGE_ERROR, KF_CANCELLED, NULL, 0 }, "interrupted");
        return output_finish(&job->out, EXIT_SIGNALLED + interrupt_signal());
    }
    if (status != KF_OK && job->out.os_error == 0)
        return output_finish(&job->out, complain_error(path, status, &error));
    return output_finish(&job->out, job->found ? EXIT_FOUND : EXIT_NOT_FOUND);
}

static int names_dedupe_run(int argc, char **argv)
{
    names_dedupe_options options = { 0 };
    kf_matcher_options search = KF_MATCHER_OPTIONS_INIT;
    kf_names_many_options many = KF_NAMES_MANY_OPTIONS_INIT;
    dedupe_job job = { .options = &options };
    kft_arguments rest;
    kf_names *names;
    kf_error error = { 0 };
    kf_status status;
    int code = options_parse(&command_names_dedupe, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 1)
        return usage_error(&command_names_dedupe, rest.count == 0 ? "which FILE?" : "one FILE at a time");
    code = take_options(&search, &many, &options);
    if (code != 0)
        return code;
    status = kf_names_open(&names, rest.items[0], NULL, &error);
    if (status != KF_OK)
        return complain_error(rest.items[0], status, &error);
    job.printer = (kft_name_printer){ .json = options.json, .raw = options.raw };
    interrupt_catch();
    code = run_job(&job, names, rest.items[0], &search, &many);
    kf_names_close(&names);
    return code;
}

static const kft_clash clashes[] = { { "within", "by", 0 }, { "raw", "json", 0 }, { NULL, NULL, 0 } };

const kft_command command_names_dedupe = {
    "names dedupe", "Find the names of an index that are alike", "[options] -C SCORE FILE", options_table,
    "Prints all pairs with at least that score, ID<TAB>NAME<TAB>ID<TAB>NAME<TAB>SCORE, or\n"
    "with --groups what they connect, GROUP<TAB>ID<TAB>NAME.\n\n"
    "Exit code: 0 done, 1 no pair, 2 usage, 3 data or I/O error, 128+N stopped by signal N.\n",
    names_dedupe_run, clashes
};
