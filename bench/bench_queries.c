/* keyfold's queries, through its public interface alone; a line of NEEDLES is one query:
 *   bench_queries weigh PAIRS OUTPUT                      a dictionary with weights, from key TAB number
 *   bench_queries similar KEYS OUTPUT                     a dictionary of keys, with KF_BUILD_SIMILARITY
 *   bench_queries fuzzy levenshtein|osa|indel K FILE NEEDLES
 *   bench_queries regex|subsequence FILE NEEDLES
 *   bench_queries nearest levenshtein|indel|jaro-winkler distance|similarity FILE NEEDLES
 *   bench_queries complete COUNT FILE NEEDLES             the COUNT largest weights under a prefix
 * Figures: queries.h. */
#include "queries.h"

enum { WARM_UP = 20 };

typedef struct answer {
    double us, compile_us, sum;
    uint64_t hits, ordinals;
    int failed;
} answer;

typedef struct job {
    kf_dict *dict;
    kf_fuzzy_options fuzzy;
    kf_nearest_options nearest;
    uint64_t count;
    void (*run)(const struct job *job, kf_bytes text, answer *out);
    int is_real;         /* sums are of distances or similarities, not of ordinals */
} job;

/* ---- one query ---- */

static void collect(kf_iter *iter, answer *out)
{
    kf_entry entry;
    kf_status status;
    while ((status = kf_iter_next(iter, &entry)) == KF_OK) {
        out->hits++;
        out->ordinals += entry.ordinal;
    }
    out->failed = status != KF_END;
}

static void run_query(const job *job, kf_query *query, answer *out)
{
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_iter *iter = NULL;
    options.query = query;
    if (kf_iter_create(&iter, job->dict, &options, NULL) == KF_OK)
        collect(iter, out);
    else
        out->failed = 1;
    kf_iter_destroy(&iter);
    kf_query_destroy(&query);
}

static void run_fuzzy(const job *job, kf_bytes text, answer *out)
{
    kf_query *query = NULL;
    double start = bench_cpu();
    if (kf_query_create_fuzzy(&query, text.data, text.size, &job->fuzzy, NULL) != KF_OK) {
        out->failed = 1;
        return;
    }
    out->compile_us = (bench_cpu() - start) * 1e6;
    run_query(job, query, out);
}

static void run_pattern(const job *job, kf_bytes text, answer *out)
{
    kf_query *query = NULL;
    kf_error error = {0};
    double start = bench_cpu();
    kf_status status = job->count ? kf_query_create_subsequence(&query, text.data, text.size, 0, &error)
                                  : kf_query_create_regex(&query, text.data, text.size, 0, &error);
    must(status, &error, (const char *)text.data);
    out->compile_us = (bench_cpu() - start) * 1e6;
    run_query(job, query, out);
}

static void run_nearest(const job *job, kf_bytes text, answer *out)
{
    kf_iter *iter = NULL;
    kf_entry entry;
    out->failed = 1;
    if (kf_iter_create_nearest(&iter, job->dict, text.data, text.size, &job->nearest, NULL) != KF_OK)
        return;
    if (kf_iter_next(iter, &entry) == KF_OK) {
        const kf_match *match = kf_iter_match(iter);
        out->sum = job->nearest.ranking == KF_RANK_DISTANCE ? (double)match->distance : match->similarity;
        out->hits = 1;
        out->failed = 0;
    }
    kf_iter_destroy(&iter);
}

static void run_complete(const job *job, kf_bytes text, answer *out)
{
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_iter *iter = NULL;
    kf_entry entry;
    options.prefix = text;
    options.order = KF_ORDER_WEIGHT;
    options.limit = job->count;
    out->failed = 1;
    if (kf_iter_create(&iter, job->dict, &options, NULL) != KF_OK)
        return;
    kf_status status;
    while ((status = kf_iter_next(iter, &entry)) == KF_OK) {
        out->hits++;
        out->sum += (double)kf_iter_match(iter)->weight;
    }
    out->failed = status != KF_END;
    kf_iter_destroy(&iter);
}

/* ---- all queries ---- */

static void print_list(const char *name, const answer *answers, size_t n, double (*value)(const answer *))
{
    printf("%s\"%s\": [", strcmp(name, "us") == 0 ? "{" : ", ", name);
    for (size_t i = 0; i < n; i++) {
        if (answers[i].failed)
            printf("%snull", i ? "," : "");
        else
            printf("%s%.17g", i ? "," : "", value(&answers[i]));
    }
    printf("]");
}

static double us_of(const answer *a) { return a->us; }
static double compile_of(const answer *a) { return a->compile_us; }
static double hits_of(const answer *a) { return (double)a->hits; }
static double sum_of(const answer *a) { return a->sum; }
static double ordinals_of(const answer *a) { return (double)a->ordinals; }

static void touch_all(const kf_dict *dict)
{
    kf_iter *iter = NULL;
    kf_entry entry;
    must(kf_iter_create(&iter, dict, NULL, NULL), NULL, "iterator");
    while (kf_iter_next(iter, &entry) == KF_OK)
        ;
    kf_iter_destroy(&iter);
}

static void run_all(job *job, const char *file, const char *needles)
{
    size_t size, n = 0, capacity = 1 << 16;
    char *text = read_file(needles, &size);
    answer *answers = calloc(capacity, sizeof *answers);
    kf_bytes *queries = calloc(capacity, sizeof *queries);
    if (answers == NULL || queries == NULL)
        bench_die("queries", "out of memory");
    for (char *line = text, *end; line < text + size && n < capacity; line = end + 1) {
        end = strchr(line, '\n');
        if (end == NULL)
            bench_die("no final newline", needles);
        *end = 0;
        queries[n++] = (kf_bytes){(const uint8_t *)line, (size_t)(end - line)};
    }
    job->dict = open_dict(file);
    touch_all(job->dict);
    for (size_t i = 0; i < n && i < WARM_UP; i++) {
        answer ignored = {0};
        job->run(job, queries[i], &ignored);
    }
    for (size_t i = 0; i < n; i++) {
        double start = bench_cpu();
        job->run(job, queries[i], &answers[i]);
        answers[i].us = (bench_cpu() - start) * 1e6;
    }
    print_list("us", answers, n, us_of);
    print_list("compile_us", answers, n, compile_of);
    print_list("hits", answers, n, hits_of);
    print_list("sums", answers, n, job->is_real ? sum_of : ordinals_of);
    printf("}\n");
    kf_dict_close(&job->dict);
    free(answers);
    free(queries);
    free(text);
}

/* A dictionary of pairs with weights, or of keys that are stored once more. */
static void build(const char *input, const char *output, int weigh)
{
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_builder *builder = NULL;
    kf_error error = {0};
    bench_reader reader;
    double cpu = bench_process_cpu();
    options.value_type = weigh ? KF_VALUES_U64 : KF_VALUES_NONE;
    options.weights = weigh ? KF_WEIGHTS_VALUE : KF_WEIGHTS_NONE;
    options.flags = weigh ? 0 : KF_BUILD_SIMILARITY;
    must(kf_builder_create(&builder, output, &options, &error), &error, "create");
    bench_reader_open(&reader, input, weigh ? BENCH_U64 : BENCH_NONE);
    while (bench_reader_next(&reader))
        must(weigh ? kf_builder_add_u64(builder, reader.key, reader.key_size, reader.number, &error)
                   : kf_builder_add(builder, reader.key, reader.key_size, NULL, 0, &error), &error, "add");
    must(kf_builder_finish(builder, &report, &error), &error, "finish");
    kf_builder_destroy(&builder);
    printf("{\"keys\": %llu, \"bytes\": %llu, \"cpu_s\": %.6f}\n", (unsigned long long)report.keys,
           (unsigned long long)bench_file_size(output), bench_process_cpu() - cpu);
}

static kf_metric metric_of(const char *name)
{
    static const char *const names[] = {"levenshtein", "osa", "indel", "jaro-winkler"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (kf_metric)i;
    bench_die("no such metric", name);
    return KF_METRIC_LEVENSHTEIN;
}

int main(int argc, char **argv)
{
    job job = {NULL, KF_FUZZY_OPTIONS_INIT, KF_NEAREST_OPTIONS_INIT, 0, NULL, 0};
    const char *kind = argc > 3 ? argv[1] : "";
    if ((strcmp(kind, "weigh") == 0 || strcmp(kind, "similar") == 0) && argc == 4) {
        build(argv[2], argv[3], strcmp(kind, "weigh") == 0);
        return 0;
    }
    if (strcmp(kind, "fuzzy") == 0 && argc == 6) {
        job.fuzzy.metric = metric_of(argv[2]);
        job.fuzzy.distance = (uint32_t)strtoul(argv[3], NULL, 10);
        job.run = run_fuzzy;
    } else if (strcmp(kind, "nearest") == 0 && argc == 6) {
        job.nearest.metric = metric_of(argv[2]);
        job.nearest.ranking = strcmp(argv[3], "distance") == 0 ? KF_RANK_DISTANCE : KF_RANK_SIMILARITY;
        job.is_real = 1;
        job.run = run_nearest;
    } else if (strcmp(kind, "complete") == 0 && argc == 5) {
        job.count = strtoull(argv[2], NULL, 10);
        job.is_real = 1;
        job.run = run_complete;
    } else if ((strcmp(kind, "regex") == 0 || strcmp(kind, "subsequence") == 0) && argc == 4) {
        job.count = strcmp(kind, "subsequence") == 0;
        job.run = run_pattern;
    } else {
        bench_die("usage", "see bench_queries.c");
    }
    run_all(&job, argv[argc - 2], argv[argc - 1]);
    return 0;
}
