/* keyfold names match: the names that are most similar to needles. */
#include <keyfold/keyfold.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options/parallel.h"
#include "output/crew.h"
#include "output/message.h"

typedef struct names_match_options {
    uint64_t number;
    const char *cutoff;
    uint64_t work;
    int missing;
    int json;
    kft_needle_options needles;
} names_match_options;

static const kft_option_spec options_table[] = {
    { "number", 'n', OPTION_NUMBER, offsetof(names_match_options, number), "COUNT",
      "the COUNT best matches; default 1", NULL },
    { "cutoff", 'C', OPTION_TEXT, offsetof(names_match_options, cutoff), "SCORE",
      "only names with at least this score, from 0 to 1", NULL },
    { "work", 0, OPTION_NUMBER, offsetof(names_match_options, work), "UNITS",
      "look at no more than so many names, postings and tokens\n"
      "for a needle; what was found by then is printed", NULL },
    { "missing", 0, OPTION_FLAG, offsetof(names_match_options, missing), NULL,
      "print needles without a match too, alone", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(names_match_options, json), NULL, "print a JSON object a line", NULL },
    { "input", 'i', OPTION_FILE, offsetof(names_match_options, needles.input), "INPUT",
      "read needles from INPUT, one a line", NULL },
    { "null", '0', OPTION_FLAG, offsetof(names_match_options, needles.null), NULL,
      "needles that are read end with NUL and have no escapes", NULL },
    { "raw", 'r', OPTION_FLAG, offsetof(names_match_options, needles.raw), NULL,
      "no escapes, neither read nor printed", NULL },
    { "escapes", 'e', OPTION_FLAG, offsetof(names_match_options, needles.escapes), NULL,
      "needles that are arguments have escapes too", NULL },
    { "no-needle", 'W', OPTION_FLAG, offsetof(names_match_options, needles.no_needle), NULL,
      "do not begin lines with the needle", NULL },
    { "threads", 'T', OPTION_NUMBER, offsetof(names_match_options, needles.threads), "COUNT",
      "answer so many needles at once; default: as many as there\n"
      "are processors for needles that are read, else 1", NULL },
    OPTIONS_END
};

typedef struct names_job {
    const kf_names *names;
    const names_match_options *options;
    kf_matcher_options search;
    pthread_mutex_t *lock;
    kf_matcher **idle;       /* under the lock: matchers that no thread uses at the moment */
    size_t *idle_count;
} names_job;

static kf_status take_matcher(const names_job *job, kf_matcher **matcher, kf_error *error)
{
    *matcher = NULL;
    pthread_mutex_lock(job->lock);
    if (*job->idle_count > 0)
        *matcher = job->idle[--*job->idle_count];
    pthread_mutex_unlock(job->lock);
    return *matcher != NULL ? KF_OK : kf_matcher_create(matcher, job->names, error);
}

static void leave_matcher(const names_job *job, kf_matcher *matcher)
{
    pthread_mutex_lock(job->lock);
    job->idle[(*job->idle_count)++] = matcher;
    pthread_mutex_unlock(job->lock);
}

static void print_text(const names_job *job, kft_output *out, kf_bytes text)
{
    if (job->options->needles.raw)
        output_bytes(out, text.data, text.size);
    else
        output_escaped(out, text.data, text.size);
}

static void print_line(const names_job *job, kft_output *out, kf_bytes needle, const kf_name_hit *hit)
{
    if (!job->options->needles.no_needle) {
        print_text(job, out, needle);
        output_byte(out, '\t');
    }
    print_text(job, out, hit->id);
    output_byte(out, '\t');
    print_text(job, out, hit->name);
    output_byte(out, '\t');
    output_double(out, hit->score);
    output_byte(out, '\n');
}

static void print_json(const names_job *job, kft_output *out, kf_bytes needle, const kf_name_hit *hit, int exact)
{
    output_byte(out, '{');
    if (!job->options->needles.no_needle)
        output_json_member(out, "needle", needle.data, needle.size);
    if (hit != NULL) {
        if (!job->options->needles.no_needle)
            output_byte(out, ',');
        output_json_member(out, "id", hit->id.data, hit->id.size);
        output_byte(out, ',');
        output_json_member(out, "name", hit->name.data, hit->name.size);
        output_text(out, ",\"score\":");
        output_double(out, hit->score);
        output_text(out, ",\"position\":");
        output_u64(out, hit->position);
    }
    output_text(out, exact ? "}\n" : ",\"incomplete\":true}\n");
}

static void print_missing(const names_job *job, kft_output *out, kf_bytes needle, int exact)
{
    if (job->options->json) {
        print_json(job, out, needle, NULL, exact);
    } else {
        print_text(job, out, needle);
        output_byte(out, '\n');
    }
}

static kf_status answer(const void *context, kf_bytes needle, kft_reply *reply, kf_error *error)
{
    const names_job *job = context;
    const kf_name_hits *hits;
    kf_matcher *matcher;
    kf_status status = take_matcher(job, &matcher, error);

    if (status != KF_OK)
        return status;
    status = kf_matcher_search(matcher, needle.data, needle.size, &job->search, &hits, error);
    if (status == KF_OK) {
        if (!hits->exact)
            reply_note(reply, needle, "the work limit ended the search; there may be better names");
        for (size_t i = 0; i < hits->count; i++)
            if (job->options->json)
                print_json(job, reply->out, needle, hits->hits[i], hits->exact);
            else
                print_line(job, reply->out, needle, hits->hits[i]);
        if (hits->count == 0 && job->options->missing)
            print_missing(job, reply->out, needle, hits->exact);
        reply->found |= hits->count > 0;
    }
    leave_matcher(job, matcher);
    return status;
}

static int run_job(names_job *job, const kft_arguments *rest)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    kf_matcher *idle[THREADS_MOST + 1];
    size_t idle_count = 0;
    kft_job all = { answer, job, rest->items[0] };
    kft_needles needles;
    kft_output out;
    int code = needles_open(&needles, &command_names_match, &job->options->needles, rest);

    job->lock = &lock;
    job->idle = idle;
    job->idle_count = &idle_count;
    if (code == 0 && !output_open(&out))
        code = EXIT_TROUBLE;
    if (code == 0)
        code = output_finish(&out, crew_run(&all, &needles, &out));
    while (idle_count > 0)
        kf_matcher_destroy(&idle[--idle_count]);
    needles_close(&needles);
    pthread_mutex_destroy(&lock);
    return code;
}

/* Returns 0 or the exit code after a message. */
static int take_options(kf_matcher_options *search, const names_match_options *options)
{
    if (options->number == 0)
        return usage_error(&command_names_match, "--number is at least 1");
    if (options->missing && options->needles.no_needle)
        return usage_error(&command_names_match, "--missing prints needles, --no-needle doesn't");
    if (options->cutoff != NULL) {
        char *end;
        double least = strtod(options->cutoff, &end);

        if (end == options->cutoff || *end != 0 || !(least >= 0 && least <= 1))
            return usage_error(&command_names_match, "--cutoff is a number from 0 to 1, not '%s'", options->cutoff);
        search->cutoff = least;
    }
    search->limit = options->number;
    search->work_limit = options->work;
    return 0;
}

static int names_match_run(int argc, char **argv)
{
    names_match_options options = { .number = 1 };
    names_job job = { .options = &options, .search = KF_MATCHER_OPTIONS_INIT };
    kft_arguments rest;
    kf_names *names;
    kf_error error = { 0 };
    kf_status status;
    int code = options_parse(&command_names_match, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_names_match, "which FILE?");
    code = take_options(&job.search, &options);
    if (code != 0)
        return code;
    status = kf_names_open(&names, rest.items[0], NULL, &error);
    if (status != KF_OK)
        return complain_error(rest.items[0], status, &error);
    job.names = names;
    code = run_job(&job, &rest);
    kf_names_close(&names);
    return code;
}

const kft_command command_names_match = {
    "names match", "Find the names that are most similar to needles", "[options] FILE [NEEDLE...]", options_table,
    "Without NEEDLE, needles are read from standard input, one a line, and answered\n"
    "in that order as soon as they arrive. Each match prints\n"
    "NEEDLE<TAB>ID<TAB>NAME<TAB>SCORE, the best first; names that are equally similar\n"
    "come in the order in which they were added.\n\n"
    "Exit code: 0 done, 1 nothing found for any needle, 2 usage, 3 data or I/O error.\n",
    names_match_run, NULL
};
