/* Searches a names index for needles, and prints what that costs, as JSON.
 *
 *   search INDEX SCORER LIMIT CUTOFF NEEDLES...     files of needles, one a line; a file is a class
 *
 * CPU time of the thread, a needle at a time, after one round that is not counted. The checksum is of positions and
 * scores, for comparing instruction sets. */
#include <keyfold/keyfold.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 1 << 16 };

static double now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec * 1e-6;
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void die(const char *what, const kf_error *error)
{
    fprintf(stderr, "search: %s: %s\n", what, error->message);
    exit(3);
}

static void report(const char *class, double *ms, size_t count, uint64_t seen, uint64_t scored, uint64_t work,
                   uint64_t checksum)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += ms[i];
    qsort(ms, count, sizeof *ms, compare);
    printf("{\"class\":\"%s\",\"needles\":%zu,\"mean\":%.4f,\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,\"max\":%.4f,"
           "\"seen\":%.1f,\"scored\":%.1f,\"work\":%.1f,\"checksum\":\"%016llx\"}\n", class, count, sum / (double)count,
           ms[count / 2], ms[count * 9 / 10], ms[count * 99 / 100], ms[count - 1], (double)seen / (double)count,
           (double)scored / (double)count, (double)work / (double)count, (unsigned long long)checksum);
}

static void run(kf_matcher *matcher, const kf_matcher_options *options, const char *path)
{
    static double ms[MOST];
    char line[1 << 16];
    kf_error error;
    const char *class = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    uint64_t seen = 0, scored = 0, work = 0, checksum = 0;
    size_t count = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(3);
    }
    for (int round = 0; round < 2; round++) {
        rewind(file);
        for (count = 0; count < MOST && fgets(line, sizeof line, file); count++) {
            const kf_name_hits *hits;
            const size_t size = strcspn(line, "\n");
            const double begun = now(CLOCK_THREAD_CPUTIME_ID);
            if (kf_matcher_search(matcher, line, size, options, &hits, &error)) die(line, &error);
            ms[count] = now(CLOCK_THREAD_CPUTIME_ID) - begun;
            if (!round) continue;
            seen += hits->names_seen;
            scored += hits->names_scored;
            work += hits->work;
            for (size_t i = 0; i < hits->count; i++) {
                uint64_t bits;
                memcpy(&bits, &hits->hits[i]->score, sizeof bits);
                checksum = (checksum ^ hits->hits[i]->position ^ bits) * 0x9e3779b97f4a7c15u;
            }
        }
    }
    fclose(file);
    if (count) report(class, ms, count, seen, scored, work, checksum);
}

int main(int argc, char **argv)
{
    kf_names *names;
    kf_matcher *matcher;
    kf_error error;
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    if (argc < 6 || kf_scorer_find(argv[2], &options.scorer)) {
        fprintf(stderr, "usage: search INDEX SCORER LIMIT CUTOFF NEEDLES...\n");
        return 2;
    }
    options.limit = strtoull(argv[3], NULL, 10);
    options.cutoff = strtod(argv[4], NULL);
    const double begun = now(CLOCK_MONOTONIC);
    if (kf_names_open(&names, argv[1], NULL, &error)) die(argv[1], &error);
    const double opened = now(CLOCK_MONOTONIC) - begun;
    if (kf_matcher_create(&matcher, names, &error)) die(argv[1], &error);
    printf("{\"open_ms\":%.4f,\"names\":%llu}\n", opened, (unsigned long long)kf_names_count(names));
    for (int i = 5; i < argc; i++) run(matcher, &options, argv[i]);
    kf_matcher_destroy(&matcher);
    kf_names_close(&names);
    return 0;
}
