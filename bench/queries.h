/* What the two programs of bench/queries share. Each prints one line of JSON, as do the peers:
 *
 * for many queries of a kind, with an item a query (null: it could not be answered)
 *   us           whole query, from its text to its last hit, microseconds of thread CPU time
 *   compile_us   the part of it that made the query or automaton
 *   hits         number of hits
 *   sums         sum of the hits' ordinals; for nearest keys, the distance or similarity of the hit;
 *                for completion, the sum of weights
 * and for walks over whole dictionaries or a text
 *   keys, key_bytes, sum   entries, bytes of their keys, sum of their values
 *   cpu_s                  CPU seconds, the median of rounds */
#ifndef BENCH_QUERIES_H
#define BENCH_QUERIES_H

#include <keyfold/keyfold.h>
#include <keyfold/query.h>
#include <keyfold/set.h>
#include <keyfold/text.h>

#include "common.h"

static inline void must(kf_status status, const kf_error *error, const char *what)
{
    if (status != KF_OK)
        bench_die(what, error != NULL && error->message[0] ? error->message : kf_status_name(status));
}

static inline kf_dict *open_dict(const char *path)
{
    kf_dict *dict = NULL;
    kf_error error = {0};
    must(kf_dict_open(&dict, path, NULL, &error), &error, path);
    return dict;
}

/* A file's bytes, with a 0 after them. */
static inline char *read_file(const char *path, size_t *size)
{
    *size = (size_t)bench_file_size(path);
    char *bytes = (char *)malloc(*size + 1);
    FILE *f = fopen(path, "r");
    if (f == NULL || bytes == NULL || fread(bytes, 1, *size, f) != *size)
        bench_die("cannot read", path);
    fclose(f);
    bytes[*size] = 0;
    return bytes;
}

#endif
