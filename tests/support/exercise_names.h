/* Every call on an index of names of any bytes: what exercise.h is for dictionaries. */
#ifndef TESTS_SUPPORT_EXERCISE_NAMES_H
#define TESTS_SUPPORT_EXERCISE_NAMES_H

#include "exercise.h"

#include <keyfold/names.h>

/* Hits must be what the header promises, whatever the file says. */
static inline void exercise_hits(const kf_names *names, const kf_name_hits *hits, const kf_matcher_options *options)
{
    EXERCISE_MUST(hits->count <= options->limit && hits->count <= kf_names_count(names), "%s", EXERCISE_NAME);
    for (size_t i = 0; i < hits->count; i++) {
        const kf_name_hit *hit = hits->hits[i];
        EXERCISE_MUST(hit->position < kf_names_count(names), "%s", EXERCISE_NAME);
        EXERCISE_MUST(hit->score >= options->cutoff && hit->score <= 1, "%s: %g", EXERCISE_NAME, hit->score);
        EXERCISE_MUST(!i || hits->hits[i - 1]->score >= hit->score, "%s: order", EXERCISE_NAME);
        touch(hit->id);
        touch(hit->name);
    }
}

/* A needle of pieces of the file or of what was found. */
static inline size_t exercise_needle(char *needle, size_t room, kf_bytes bytes)
{
    size_t size = 0;
    for (size_t pieces = exercise_below(6); pieces > 0 && size + 12 < room; pieces--) {
        const size_t at = exercise_below(bytes.size), length = exercise_below(12);
        for (size_t i = at; i < at + length && i < bytes.size; i++)
            needle[size++] = bytes.data[i] & 0x80 ? 'a' + bytes.data[i] % 4 : (char)bytes.data[i];
        needle[size++] = ' ';
    }
    return size - (size && exercise_below(2));
}

/* Searches `times`; each ends with one of two statuses, or only KF_OK. */
static inline void exercise_searches(const kf_names *names, kf_bytes bytes, unsigned times, int is_whole)
{
    kf_matcher *matcher;
    kf_error error;
    char needle[200];
    kf_status status = kf_matcher_create(&matcher, names, &error);
    EXERCISE_MUST(status == KF_OK || status == KF_NO_MEMORY, "%s: %d", EXERCISE_NAME, (int)status);
    size_t size = 0;
    while (times-- > 0 && !status) {
        kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
        const kf_name_hits *hits;
        options.limit = 1 + exercise_below(exercise_below(2) ? 3 : 400);
        options.cutoff = exercise_below(3) ? 0 : (double)exercise_below(11) / 10;
        options.work_limit = exercise_below(3) ? 0 : 1 + exercise_below(5000);
        if (!size || exercise_below(2)) size = exercise_needle(needle, sizeof needle, bytes);
        const kf_status found = kf_matcher_search(matcher, needle, size, &options, &hits, &error);
        EXERCISE_MUST(found == KF_OK || (!is_whole && found == KF_CORRUPT) || found == KF_NO_MEMORY, "%s: %d: %s",
                      EXERCISE_NAME, (int)found, error.message);
        lookups++;
        size = 0;
        if (found) continue;
        exercise_hits(names, hits, &options);
        if (!hits->count) continue;
        const kf_bytes name = hits->hits[exercise_below(hits->count)]->name;
        /* A name of a damaged file need not be text. */
        size = name.size < sizeof needle ? name.size : 0;
        for (size_t i = 0; i < size; i++) needle[i] = name.data[i] & 0x80 ? 'b' : (char)name.data[i];
        if (size && exercise_below(2)) needle[exercise_below(size)] = 'x';
    }
    kf_matcher_destroy(&matcher);
}

static inline void exercise_names(const kf_names *names, kf_bytes bytes)
{
    kf_names_stat stat = KF_NAMES_STAT_INIT;
    EXERCISE_MUST(kf_names_get_stat(names, &stat) == KF_OK && stat.names == kf_names_count(names), "%s", EXERCISE_NAME);
    exercise_searches(names, bytes, 12, 0);
}

/* One that was verified. */
static inline void exercise_whole_names(const kf_names *names, kf_bytes bytes)
{
    exercise_searches(names, bytes, 6, 1);
}

#endif
