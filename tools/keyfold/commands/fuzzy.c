/* keyfold fuzzy: the keys within a distance of needles. */
#include <keyfold/keyfold.h>
#include <keyfold/query.h>

#include <string.h>

#include "command.h"
#include "output/hits.h"
#include "output/list.h"
#include "output/message.h"

typedef struct fuzzy_options {
    uint64_t distance;
    int metric;
    int bytes;
    uint64_t exact_prefix;
    int prefix;
    int order;
    uint64_t limit;
    kft_selection_options selection;
    kft_hit_options hits;
    kft_needle_options needles;
} fuzzy_options;

static const kft_option_choice metric_names[] = {
    { "levenshtein", KF_METRIC_LEVENSHTEIN }, { "osa", KF_METRIC_OSA }, { "indel", KF_METRIC_INDEL },
    { NULL, 0 }
};

static const kft_option_choice order_names[] = {
    { "key", KF_ORDER_KEY }, { "distance", KF_ORDER_DISTANCE }, { NULL, 0 }
};

static const kft_option_spec options_table[] = {
    { "distance", 'k', OPTION_NUMBER, offsetof(fuzzy_options, distance), "EDITS",
      "at most so many edits; default 1", NULL },
    { "metric", 'm', OPTION_CHOICE, offsetof(fuzzy_options, metric), "METRIC",
      "what an edit is; default levenshtein", metric_names },
    { "bytes", 'b', OPTION_FLAG, offsetof(fuzzy_options, bytes), NULL,
      "edits are of bytes, not of UTF-8 characters", NULL },
    { "exact-prefix", 'x', OPTION_NUMBER, offsetof(fuzzy_options, exact_prefix), "COUNT",
      "the first COUNT characters must agree", NULL },
    { "prefix", 'P', OPTION_FLAG, offsetof(fuzzy_options, prefix), NULL,
      "keys that begin with something near, not only near ones", NULL },
    { "order", 'o', OPTION_CHOICE, offsetof(fuzzy_options, order), "ORDER",
      "of the hits of a needle; default key", order_names },
    { "limit", 'l', OPTION_NUMBER, offsetof(fuzzy_options, limit), "COUNT",
      "at most COUNT hits a needle", NULL },
    SELECTION_OPTIONS(fuzzy_options, selection),
    HIT_OPTIONS(fuzzy_options, hits),
    NEEDLE_OPTIONS(fuzzy_options, needles),
    OPTIONS_END
};

typedef struct fuzzy_job {
    const kf_dict *dict;
    kf_fuzzy_options query;
    kf_iter_options range;      /* without a query and a filter */
    kft_selection selection;
    kft_hits hits;
} fuzzy_job;

static kf_status answer(const void *context, kf_bytes needle, kft_reply *reply, kf_error *error)
{
    const fuzzy_job *job = context;
    kf_iter_options range = job->range;
    kf_query *query = NULL;
    kf_iter *iter = NULL;
    kft_sieve sieve;
    kf_status status = kf_query_create_fuzzy(&query, needle.data, needle.size, &job->query, error);

    if (status != KF_OK)
        return status;
    selection_apply(&job->selection, &sieve, &range);
    range.query = query;
    status = kf_iter_create(&iter, job->dict, &range, error);
    if (status == KF_OK)
        status = sieve.status;
    if (status == KF_OK)
        status = hits_print(&job->hits, needle, iter, &sieve, reply);
    kf_iter_destroy(&iter);
    kf_query_destroy(&query);
    return status;
}

static int run_job(fuzzy_job *job, const fuzzy_options *options, kft_needles *needles, const char *path)
{
    kft_job all = { answer, job, path, NULL };
    kft_output out;
    int code = selection_open(&job->selection, &command_fuzzy, &options->selection, options->needles.escapes,
                              job->dict, path);

    if (code == 0 && !output_open(&out))
        code = EXIT_TROUBLE;
    if (code == 0) {
        hits_open(&job->hits, &options->hits, kf_dict_value_type(job->dict), needles_shown(needles),
                  options->needles.raw);
        job->hits.printer.lists = list_values(job->dict);
        code = output_finish(&out, crew_run(&all, needles, &out));
    }
    selection_close(&job->selection);
    return code;
}

static int fuzzy_run(int argc, char **argv)
{
    fuzzy_options options = { .distance = 1, .limit = UINT64_MAX, .selection = SELECTION_OPTIONS_INIT };
    fuzzy_job job = { .query = KF_FUZZY_OPTIONS_INIT, .range = KF_ITER_OPTIONS_INIT };
    kft_arguments rest;
    kft_needles needles;
    kf_dict *dict;
    int code = options_parse(&command_fuzzy, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_fuzzy, "which FILE?");
    if (options.distance > KF_DISTANCE_LIMIT)
        return usage_error(&command_fuzzy, "--distance is at most %d", KF_DISTANCE_LIMIT);
    job.query.metric = (kf_metric)options.metric;
    job.query.unit = options.bytes ? KF_UNIT_BYTES : KF_UNIT_CODE_POINTS;
    job.query.distance = (uint32_t)options.distance;
    job.query.exact_prefix = options.exact_prefix < SIZE_MAX ? (size_t)options.exact_prefix : SIZE_MAX;
    job.query.prefix = options.prefix;
    job.range.order = (kf_order)options.order;
    job.range.limit = options.limit;
    dict = entry_open(rest.items[0], KF_OPEN_CHECK, &code);
    if (dict == NULL)
        return code;
    job.dict = dict;
    code = needles_open(&needles, &command_fuzzy, &options.needles, &rest);
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

const kft_command command_fuzzy = {
    "fuzzy", "Find the keys within a distance of needles", "[options] FILE [NEEDLE...]", options_table,
    "Without NEEDLE, needles are read from standard input, one a line, and answered\n"
    "in that order as soon as they arrive. Each hit prints KEY<TAB>DISTANCE<TAB>VALUE,\n"
    "without VALUE when the dictionary has none.\n\n"
    "Edits are insertions, deletions and substitutions; with osa also transpositions\n"
    "of neighbours; with indel insertions and deletions only.\n\n"
    "Exit code: 0 done, 1 nothing found for any needle, 2 usage, 3 data or I/O error.\n",
    fuzzy_run, clashes
};
