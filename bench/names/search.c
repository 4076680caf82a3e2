/* keyfold's side of bench/names/run: prints what searches cost, as JSON.
 *
 *   search INDEX SCORER LIMIT CUTOFF NEEDLES...   files of needles, one a line; a file is a class
 *   search hold INDEX NEEDLES                     searches for all, tells how many, and waits for the end of its input
 *   search measure FILE COMMAND...                runs a command and writes what it took into a file: a child of a larger
 *                                                 program would count that one's memory as its own
 *
 * CPU time of the thread, a needle at a time, after one round that is not counted. The checksum is of positions, scores
 * and work, for comparing instruction sets. The status is 4 if the scorer finds nothing by itself. */
#include <keyfold/keyfold.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 16 };

typedef struct needle { double ms, best; } needle;

/* Over the needles of a class. */
typedef struct sums { uint64_t seen, scored, work, checksum; } sums;

static double now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec * 1e-6;
}

static int compare(const void *a, const void *b)
{
    const double left = ((const needle *)a)->ms, right = ((const needle *)b)->ms;
    return (left > right) - (left < right);
}

static void die(const char *what, const kf_error *error)
{
    fprintf(stderr, "search: %s: %s\n", what, error->message);
    exit(3);
}

static void report(const char *class, needle *needles, size_t count, const sums *all)
{
    double sum = 0;
    printf("{\"class\":\"%s\",\"best\":[", class);
    for (size_t i = 0; i < count; i++) {
        sum += needles[i].ms;
        printf("%s%.17g", i ? "," : "", needles[i].best);
    }
    qsort(needles, count, sizeof *needles, compare);
    const double each = (double)count;
    printf("],\"needles\":%zu,\"mean\":%.4f,\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,\"max\":%.4f,\"seen\":%.1f,"
           "\"scored\":%.1f,\"work\":%.1f,\"checksum\":\"%016llx\"}\n", count, sum / each, needles[count / 2].ms,
           needles[count * 9 / 10].ms, needles[count * 99 / 100].ms, needles[count - 1].ms, (double)all->seen / each,
           (double)all->scored / each, (double)all->work / each, (unsigned long long)all->checksum);
}

static void add(sums *all, const kf_name_hits *hits)
{
    all->seen += hits->names_seen;
    all->scored += hits->names_scored;
    all->work += hits->work;
    all->checksum = (all->checksum ^ hits->work) * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < hits->count; i++) {
        uint64_t bits;
        memcpy(&bits, &hits->hits[i]->score, sizeof bits);
        all->checksum = (all->checksum ^ hits->hits[i]->position ^ bits) * 0x9e3779b97f4a7c15u;
    }
}

static size_t run(kf_matcher *matcher, const kf_matcher_options *options, const char *path, int rounds, int is_told)
{
    static needle needles[MOST];
    static char line[1 << 17];
    kf_error error;
    sums all = { 0 };
    size_t count = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(3);
    }
    for (int round = 0; round < rounds; round++) {
        rewind(file);
        for (count = 0; count < MOST && fgets(line, sizeof line, file); count++) {
            const kf_name_hits *hits;
            const size_t size = strcspn(line, "\n");
            const double begun = now(CLOCK_THREAD_CPUTIME_ID);
            if (kf_matcher_search(matcher, line, size, options, &hits, &error)) die(line, &error);
            needles[count].ms = now(CLOCK_THREAD_CPUTIME_ID) - begun;
            needles[count].best = hits->count ? hits->hits[0]->score : 0;
            if (round + 1 == rounds) add(&all, hits);
        }
    }
    fclose(file);
    if (count && is_told) report(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, needles, count, &all);
    return count;
}

static kf_matcher *open_index(kf_names **names, const char *path, double *ms)
{
    kf_matcher *matcher;
    kf_error error;
    const double begun = now(CLOCK_MONOTONIC);
    if (kf_names_open(names, path, NULL, &error)) die(path, &error);
    *ms = now(CLOCK_MONOTONIC) - begun;
    if (kf_matcher_create(&matcher, *names, &error)) die(path, &error);
    return matcher;
}

static int hold(const char *path, const char *needles)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    kf_names *names;
    double ms;
    kf_matcher *matcher = open_index(&names, path, &ms);
    printf("%zu\n", run(matcher, &options, needles, 1, 0));
    fflush(stdout);
    while (getchar() != EOF) { }
    kf_matcher_destroy(&matcher);
    kf_names_close(&names);
    return 0;
}

static int measure(const char *path, char **command)
{
    struct rusage usage;
    int status;
    const double begun = now(CLOCK_MONOTONIC);
    const pid_t child = fork();
    if (!child) {
        execvp(command[0], command);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) return 3;
    const double wall = (now(CLOCK_MONOTONIC) - begun) * 1e-3;
    FILE *file = fopen(path, "w");
    if (!file) return 3;
    fprintf(file, "{\"wall_s\":%.4f,\"cpu_s\":%.4f,\"peak_mib\":%.2f}\n", wall,
            (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec), (double)usage.ru_maxrss / 1024);
    return fclose(file) ? 3 : WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

int main(int argc, char **argv)
{
    kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
    const kf_name_hits *hits;
    kf_names *names;
    kf_error error;
    double ms;
    if (argc == 4 && !strcmp(argv[1], "hold")) return hold(argv[2], argv[3]);
    if (argc > 3 && !strcmp(argv[1], "measure")) return measure(argv[2], argv + 3);
    if (argc < 6 || kf_scorer_find(argv[2], &options.scorer)) {
        fprintf(stderr, "usage: search INDEX SCORER LIMIT CUTOFF NEEDLES...\n");
        return 2;
    }
    options.limit = strtoull(argv[3], NULL, 10);
    options.cutoff = strtod(argv[4], NULL);
    kf_matcher *matcher = open_index(&names, argv[1], &ms);
    if (kf_matcher_search(matcher, "", 0, &options, &hits, &error) == KF_INVALID) return 4;
    printf("{\"open_ms\":%.4f,\"names\":%llu}\n", ms, (unsigned long long)kf_names_count(names));
    for (int i = 5; i < argc; i++) run(matcher, &options, argv[i], 2, 1);
    kf_matcher_destroy(&matcher);
    kf_names_close(&names);
    return 0;
}
