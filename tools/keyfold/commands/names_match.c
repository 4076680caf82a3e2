/* keyfold names match: the names that are most similar to needles. */
#include <keyfold/keyfold.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options/names.h"
#include "options/parallel.h"
#include "output/crew.h"
#include "output/message.h"
#include "output/name_hits.h"

typedef struct names_match_options {
    uint64_t number;
    const char *cutoff;
    uint64_t work;
    int missing;
    int json;
    int scorer, rerank;
    uint64_t candidates;
    const char *by;
    int by_column;
    int ties;
    int explain;
    kft_needle_options needles;
} names_match_options;

#define CANDIDATES 100   /* at least, unless told */

static const kft_option_spec options_table[] = {
    { "number", 'n', OPTION_NUMBER, offsetof(names_match_options, number), "COUNT",
      "the COUNT best matches; default 1", NULL },
    { "cutoff", 'C', OPTION_TEXT, offsetof(names_match_options, cutoff), "SCORE",
      "only names with at least this score, from 0 to 1", NULL },
    { "scorer", 'S', OPTION_CHOICE, offsetof(names_match_options, scorer), "SCORER",
      "how similar names are (default: setratio)", search_scorer_names },
    { "rerank", 'R', OPTION_CHOICE, offsetof(names_match_options, rerank), "SCORER",
      "score the best candidates once more, by this one", scorer_names },
    { "candidates", 0, OPTION_NUMBER, offsetof(names_match_options, candidates), "COUNT",
      "how many are scored once more (default: 10 for each of\nCOUNT, at least 100)", NULL },
    { "by", 'b', OPTION_TEXT, offsetof(names_match_options, by), "ATTRIBUTE",
      "only names with this attribute", NULL },
    { "by-column", 'B', OPTION_FLAG, offsetof(names_match_options, by_column), NULL,
      "needles are NEEDLE<TAB>ATTRIBUTE, each with its own; without\na tab: among all names", NULL },
    { "ties", 't', OPTION_FLAG, offsetof(names_match_options, ties), NULL,
      "also all names that are as good as the last one", NULL },
    { "explain", 'x', OPTION_FLAG, offsetof(names_match_options, explain), NULL,
      "tell how much better each is than the next, and which\ntokens were paired", NULL },
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
    kft_name_printer printer;
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

/* Parts the needle from its attribute, which is behind the last tab. */
static kf_bytes take_attribute(kf_bytes line, kf_bytes *attribute)
{
    for (size_t at = line.size; at > 0; at--)
        if (line.data[at - 1] == '\t') {
            *attribute = (kf_bytes){ line.data + at, line.size - at };
            return (kf_bytes){ line.data, at - 1 };
        }
    return line;
}

static kf_status answer(const void *context, kf_bytes needle, kft_reply *reply, kf_error *error)
{
    const names_job *job = context;
    const names_match_options *options = job->options;
    kf_matcher_options search = job->search;
    const kf_name_hits *hits;
    kf_matcher *matcher;
    kf_status status = take_matcher(job, &matcher, error);

    if (status != KF_OK)
        return status;
    if (options->by_column)
        needle = take_attribute(needle, &search.attribute);
    status = kf_matcher_search(matcher, needle.data, needle.size, &search, &hits, error);
    if (status == KF_OK) {
        if (!hits->exact)
            reply_note(reply, needle, "the work limit ended the search; there may be better names");
        for (size_t i = 0; i < hits->count; i++)
            name_hit_print(&job->printer, reply->out, needle, hits, i);
        if (hits->count == 0 && options->missing)
            name_missing_print(&job->printer, reply->out, needle, hits->exact);
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
static int take_options(names_job *job, const kft_arguments *rest)
{
    const names_match_options *options = job->options;
    kf_matcher_options *search = &job->search;
    int reranks = option_given(&command_names_match, rest, "rerank");

    if (options->number == 0)
        return usage_error(&command_names_match, "--number is at least 1");
    if (options->cutoff != NULL && !parse_score(options->cutoff, &search->cutoff))
        return usage_error(&command_names_match, "--cutoff is a number from 0 to 1, not '%s'", options->cutoff);
    if (reranks) {
        uint64_t candidates = option_given(&command_names_match, rest, "candidates") ? options->candidates
                              : options->number > CANDIDATES / 10 ? options->number * 10 : CANDIDATES;

        if (candidates > UINT32_MAX || candidates < options->number)
            return usage_error(&command_names_match, "--candidates is at least --number and below 2^32");
        search->candidates = (uint32_t)candidates;
        search->rerank = (kf_scorer)options->rerank;
    }
    search->limit = options->number;
    search->work_limit = options->work;
    search->scorer = (kf_scorer)options->scorer;
    search->flags = (options->ties ? KF_MATCH_TIES : 0) | (options->explain ? KF_MATCH_EXPLAIN : 0);
    if (options->by != NULL)
        search->attribute = (kf_bytes){ (const uint8_t *)options->by, strlen(options->by) };
    job->printer = (kft_name_printer){ options->json, options->needles.raw, !options->needles.no_needle,
                                       options->explain };
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
    code = take_options(&job, &rest);
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

static const kft_clash clashes[] = {
    { "missing", "no-needle", 0 }, { "candidates", "rerank", 1 }, { "by-column", "by", 0 }, { NULL, NULL, 0 }
};

const kft_command command_names_match = {
    "names match", "Find the names that are most similar to needles", "[options] FILE [NEEDLE...]", options_table,
    "Without NEEDLE, needles are read from standard input, one a line, and answered\n"
    "in that order as soon as they arrive. Each match prints\n"
    "NEEDLE<TAB>ID<TAB>NAME<TAB>SCORE, the best first; names that are equally similar\n"
    "come in the order in which they were added. --explain adds the gap to the next\n"
    "name, and TOKEN=TOKEN SIMILARITY; ...\n\n"
    "Exit code: 0 done, 1 nothing found for any needle, 2 usage, 3 data or I/O error.\n",
    names_match_run, clashes
};
