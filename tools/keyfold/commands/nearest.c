/* keyfold nearest: the keys nearest to needles, best first. */
#include <keyfold/keyfold.h>
#include <keyfold/query.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output/hits.h"
#include "output/list.h"
#include "output/message.h"

typedef struct nearest_options {
    uint64_t number;
    int metric;
    int by;
    int bytes;
    const char *cutoff;
    uint64_t most_distance;
    uint64_t work;
    kft_selection_options selection;
    kft_hit_options hits;
    kft_needle_options needles;
} nearest_options;

static const kft_option_choice metric_names[] = {
    { "levenshtein", KF_METRIC_LEVENSHTEIN }, { "osa", KF_METRIC_OSA }, { "indel", KF_METRIC_INDEL },
    { "jaro-winkler", KF_METRIC_JARO_WINKLER }, { NULL, 0 }
};

#define BY_METRIC (-1)   /* similarity for jaro-winkler, else distance */
static const kft_option_choice ranking_names[] = {
    { "distance", KF_RANK_DISTANCE }, { "similarity", KF_RANK_SIMILARITY }, { NULL, 0 }
};

static const kft_option_spec options_table[] = {
    { "number", 'n', OPTION_NUMBER, offsetof(nearest_options, number), "COUNT",
      "the COUNT nearest keys; default 1", NULL },
    { "metric", 'm', OPTION_CHOICE, offsetof(nearest_options, metric), "METRIC",
      "what is compared; default levenshtein", metric_names },
    { "by", 'B', OPTION_CHOICE, offsetof(nearest_options, by), "RANKING",
      "the smallest distance or the largest similarity;\ndefault distance, for jaro-winkler similarity",
      ranking_names },
    { "bytes", 'b', OPTION_FLAG, offsetof(nearest_options, bytes), NULL,
      "compare bytes, not UTF-8 characters", NULL },
    { "cutoff", 'C', OPTION_TEXT, offsetof(nearest_options, cutoff), "SIMILARITY",
      "only keys as similar as that, from 0 to 1; implies\n--by similarity", NULL },
    { "most-distance", 'k', OPTION_NUMBER, offsetof(nearest_options, most_distance), "EDITS",
      "only keys within so many edits", NULL },
    { "work", 0, OPTION_NUMBER, offsetof(nearest_options, work), "LABELS",
      "look at no more than LABELS labels of the automaton for\na needle; what was found by then is printed",
      NULL },
    SELECTION_OPTIONS(nearest_options, selection),
    HIT_OPTIONS(nearest_options, hits),
    NEEDLE_OPTIONS(nearest_options, needles),
    OPTIONS_END
};

typedef struct nearest_job {
    const kf_dict *dict;
    kf_nearest_options query;   /* without a range */
    kft_selection selection;
    kft_hits hits;
} nearest_job;

static kf_status answer(const void *context, kf_bytes needle, kft_reply *reply, kf_error *error)
{
    const nearest_job *job = context;
    kf_nearest_options query = job->query;
    kf_iter_options range = KF_ITER_OPTIONS_INIT;
    kf_iter *iter = NULL;
    kft_sieve sieve;
    kf_status status;

    selection_apply(&job->selection, &sieve, &range);
    query.within = &range;
    status = kf_iter_create_nearest(&iter, job->dict, needle.data, needle.size, &query, error);
    if (status == KF_OK)
        status = sieve.status;
    if (status == KF_OK && kf_iter_incomplete(iter))
        reply_note(reply, needle, "the work limit ended the search; there may be nearer keys");
    if (status == KF_OK)
        status = hits_print(&job->hits, needle, iter, &sieve, reply);
    kf_iter_destroy(&iter);
    return status;
}

static int run_job(nearest_job *job, const nearest_options *options, kft_needles *needles, const char *path)
{
    kft_job all = { answer, job, path, NULL };
    kft_output out;
    int code = selection_open(&job->selection, &command_nearest, &options->selection,
                              options->needles.escapes, job->dict, path);

    if (code == 0 && !output_open(&out))
        code = EXIT_TROUBLE;
    if (code == 0) {
        hits_open(&job->hits, &options->hits, kf_dict_value_type(job->dict), needles_shown(needles),
                  options->needles.raw);
        job->hits.printer.lists = list_values(job->dict);
        job->hits.with_similarity = job->query.ranking == KF_RANK_SIMILARITY;
        job->hits.with_distance = job->query.metric != KF_METRIC_JARO_WINKLER;
        code = output_finish(&out, crew_run(&all, needles, &out));
    }
    selection_close(&job->selection);
    return code;
}

/* Returns 0 or the exit code after a message. */
static int take_options(kf_nearest_options *query, nearest_options *options)
{
    int jaro_winkler = options->metric == KF_METRIC_JARO_WINKLER;

    if (options->number == 0)
        return usage_error(&command_nearest, "--number is at least 1");
    if (options->by == BY_METRIC)
        options->by = jaro_winkler || options->cutoff != NULL ? KF_RANK_SIMILARITY : KF_RANK_DISTANCE;
    if (options->by == KF_RANK_DISTANCE && jaro_winkler)
        return usage_error(&command_nearest, "jaro-winkler is a similarity, there is no distance to go by");
    if (options->by == KF_RANK_DISTANCE && options->cutoff != NULL)
        return usage_error(&command_nearest, "--cutoff goes with --by similarity; see --most-distance");
    if (options->most_distance > KF_DISTANCE_LIMIT)
        return usage_error(&command_nearest, "--most-distance is at most %d", KF_DISTANCE_LIMIT);
    if (options->cutoff != NULL) {
        char *end;
        double least = strtod(options->cutoff, &end);

        if (end == options->cutoff || *end != 0 || !(least >= 0 && least <= 1))
            return usage_error(&command_nearest, "--cutoff is a number from 0 to 1, not '%s'",
                               options->cutoff);
        query->least_similarity = least;
    }
    query->metric = (kf_metric)options->metric;
    query->unit = options->bytes ? KF_UNIT_BYTES : KF_UNIT_CODE_POINTS;
    query->ranking = (kf_ranking)options->by;
    query->count = options->number;
    query->most_distance = (uint32_t)options->most_distance;
    query->work_limit = options->work;
    return 0;
}

static int nearest_run(int argc, char **argv)
{
    nearest_options options = { .number = 1, .by = BY_METRIC, .most_distance = KF_DISTANCE_LIMIT,
                                .selection = SELECTION_OPTIONS_INIT };
    nearest_job job = { .query = KF_NEAREST_OPTIONS_INIT };
    kft_arguments rest;
    kft_needles needles;
    kf_dict *dict;
    int code = options_parse(&command_nearest, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_nearest, "which FILE?");
    code = take_options(&job.query, &options);
    if (code != 0)
        return code;
    dict = entry_open(rest.items[0], KF_OPEN_CHECK, &code);
    if (dict == NULL)
        return code;
    job.dict = dict;
    code = needles_open(&needles, &command_nearest, &options.needles, &rest);
    if (code == 0)
        code = run_job(&job, &options, &needles, rest.items[0]);
    needles_close(&needles);
    kf_dict_close(&dict);
    return code;
}

static const kft_clash clashes[] = {
    { "keys-only", "count", 0 },
    { "ordinal", "count|keys-only", 0 },
    { "escapes", "NEEDLE|prefix-range|from|to", 1 },
    { NULL, NULL, 0 }
};

const kft_command command_nearest = {
    "nearest", "Find the keys nearest to needles, best first", "[options] FILE [NEEDLE...]", options_table,
    "Without NEEDLE, needles are read from standard input, one a line, and answered\n"
    "in that order as soon as they arrive. Each hit prints KEY<TAB>DISTANCE<TAB>VALUE\n"
    "or KEY<TAB>SIMILARITY<TAB>VALUE, without VALUE when the dictionary has none. Keys\n"
    "that are equally near come in their own order.\n\n"
    "Exit code: 0 done, 1 nothing found for any needle, 2 usage, 3 data or I/O error.\n",
    nearest_run, clashes
};
