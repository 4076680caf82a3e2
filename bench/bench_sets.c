/* keyfold over whole dictionaries and texts, through its public interface alone:
 *   bench_sets union|intersection ROUNDS FILE...      of u64 dictionaries, the first one's values
 *   bench_sets merge OUTPUT FILE...                   kf_dict_merge, the same union as a file
 *   bench_sets find all|longest|words ROUNDS FILE TEXT
 * Figures: queries.h. */
#include "queries.h"

enum { FILES = 64 };

static size_t open_all(const kf_dict **dicts, int count, char **paths)
{
    if (count > FILES)
        bench_die("usage", "too many files");
    for (int i = 0; i < count; i++)
        dicts[i] = open_dict(paths[i]);
    return (size_t)count;
}

static void close_all(const kf_dict **dicts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kf_dict *dict = (kf_dict *)(uintptr_t)dicts[i];
        kf_dict_close(&dict);
    }
}

static void walk(kf_set_operation operation, int rounds, int count, char **paths)
{
    const kf_dict *dicts[FILES];
    double samples[64];
    uint64_t keys = 0, bytes = 0, sum = 0;
    kf_error error = {0};
    size_t n = open_all(dicts, count, paths);
    for (int r = 0; r < rounds && r < 64; r++) {
        double start = bench_cpu();
        kf_iter *iter = NULL;
        kf_entry entry;
        kf_status status;
        keys = bytes = sum = 0;
        must(kf_iter_create_set(&iter, operation, dicts, n, NULL, &error), &error, "set");
        while ((status = kf_iter_next(iter, &entry)) == KF_OK) {
            uint64_t value;
            must(kf_iter_value_u64(iter, &value), NULL, "value");
            keys++;
            bytes += entry.key.size;
            sum += value;
        }
        if (status != KF_END)
            must(status, NULL, "next");
        kf_iter_destroy(&iter);
        samples[r] = bench_cpu() - start;
    }
    close_all(dicts, n);
    printf("{\"keys\": %llu, \"key_bytes\": %llu, \"sum\": %llu, \"cpu_s\": %.6f}\n",
           (unsigned long long)keys, (unsigned long long)bytes, (unsigned long long)sum,
           bench_median(samples, (size_t)(rounds < 64 ? rounds : 64)));
}

static void merge(const char *output, int count, char **paths)
{
    const kf_dict *dicts[FILES];
    kf_build_report report = KF_BUILD_REPORT_INIT;
    kf_error error = {0};
    size_t n = open_all(dicts, count, paths);
    double start = bench_process_cpu();
    must(kf_dict_merge(output, dicts, n, NULL, &report, &error), &error, "merge");
    printf("{\"keys\": %llu, \"bytes\": %llu, \"cpu_s\": %.6f}\n", (unsigned long long)report.keys,
           (unsigned long long)bench_file_size(output), bench_process_cpu() - start);
    close_all(dicts, n);
}

static void find(const char *how, int rounds, const char *path, const char *text_path)
{
    kf_dict *dict = open_dict(path);
    kf_find_options options = KF_FIND_OPTIONS_INIT;
    double samples[64];
    uint64_t found = 0, bytes = 0;
    kf_error error = {0};
    size_t size;
    char *text = read_file(text_path, &size);
    options.overlap = strcmp(how, "all") == 0 ? KF_OVERLAP_ALL : KF_OVERLAP_LONGEST;
    options.boundary = strcmp(how, "words") == 0 ? KF_BOUNDARY_WORDS : KF_BOUNDARY_BYTES;
    for (int r = 0; r < rounds && r < 64; r++) {
        double start = bench_cpu();
        kf_iter *iter = NULL;
        kf_entry entry;
        kf_status status;
        found = bytes = 0;
        must(kf_iter_create_find(&iter, dict, text, size, &options, &error), &error, "find");
        while ((status = kf_iter_next(iter, &entry)) == KF_OK) {
            found++;
            bytes += entry.key.size;
        }
        if (status != KF_END)
            must(status, NULL, "next");
        kf_iter_destroy(&iter);
        samples[r] = bench_cpu() - start;
    }
    printf("{\"found\": %llu, \"key_bytes\": %llu, \"text_bytes\": %zu, \"cpu_s\": %.6f}\n",
           (unsigned long long)found, (unsigned long long)bytes, size,
           bench_median(samples, (size_t)(rounds < 64 ? rounds : 64)));
    free(text);
    kf_dict_close(&dict);
}

int main(int argc, char **argv)
{
    const char *kind = argc > 3 ? argv[1] : "";
    if (strcmp(kind, "union") == 0 || strcmp(kind, "intersection") == 0)
        walk(kind[0] == 'u' ? KF_SET_UNION : KF_SET_INTERSECTION, atoi(argv[2]), argc - 3, argv + 3);
    else if (strcmp(kind, "merge") == 0)
        merge(argv[2], argc - 3, argv + 3);
    else if (strcmp(kind, "find") == 0 && argc == 6)
        find(argv[2], atoi(argv[3]), argv[4], argv[5]);
    else
        bench_die("usage", "see bench_sets.c");
    return 0;
}
