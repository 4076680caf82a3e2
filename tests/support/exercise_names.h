/* Every call on an index of names of any bytes: what exercise.h is for dictionaries. */
#ifndef TESTS_SUPPORT_EXERCISE_NAMES_H
#define TESTS_SUPPORT_EXERCISE_NAMES_H

#include "exercise.h"

#include <keyfold/names.h>

/* Hits must be what the header promises, whatever the file says. */
static inline void exercise_hits(const kf_names *names, const kf_name_hits *hits, const kf_matcher_options *options)
{
    const uint64_t most = options->flags & KF_MATCH_TIES ? UINT64_MAX : options->limit;
    EXERCISE_MUST(hits->count <= most && hits->count <= kf_names_count(names), "%s", EXERCISE_NAME);
    for (size_t i = 0; i < hits->count; i++) {
        const kf_name_hit *hit = hits->hits[i];
        EXERCISE_MUST(hit->position < kf_names_count(names), "%s", EXERCISE_NAME);
        EXERCISE_MUST(hit->score >= options->cutoff && hit->score <= 1, "%s: %g", EXERCISE_NAME, hit->score);
        EXERCISE_MUST(!i || hits->hits[i - 1]->score >= hit->score, "%s: order", EXERCISE_NAME);
        const kf_bytes texts[] = { hit->id, hit->name, hit->attribute, hit->payload };
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) touch(texts[t]);
        for (size_t k = 0; k < hit->pair_count; k++) touch(hit->pairs[k].b);
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

/* Any search that the index allows. */
static inline void exercise_options(kf_matcher_options *options, int has_attributes)
{
    options->limit = 1 + exercise_below(exercise_below(2) ? 3 : 400);
    options->cutoff = exercise_below(3) ? 0 : (double)exercise_below(11) / 10;
    options->work_limit = exercise_below(3) ? 0 : 1 + exercise_below(5000);
    options->scorer = exercise_below(2) ? KF_SCORER_SETRATIO : (kf_scorer)exercise_below(KF_SCORER_WRATIO);
    options->flags = exercise_below(2) ? 0 : (uint32_t)exercise_below(4);
    if (has_attributes && !exercise_below(3))
        options->attribute = (kf_bytes){ (const uint8_t *)"GB", exercise_below(2) ? 2 : exercise_below(2) };
    if (exercise_below(4)) return;
    options->rerank = (kf_scorer)exercise_below(KF_SCORER_JARO_WINKLER + 1);
    options->candidates = (uint32_t)(options->limit + exercise_below(30));
}

/* Searches `times`; each ends with one of two statuses, or only KF_OK. */
static inline void exercise_searches(const kf_names *names, kf_bytes bytes, unsigned times, int is_whole)
{
    kf_matcher *matcher;
    kf_error error;
    char needle[200];
    kf_names_stat stat = KF_NAMES_STAT_INIT;
    kf_buffer buffer = KF_BUFFER_INIT;
    const int has_attributes = kf_names_get_stat(names, &stat) == KF_OK && stat.attributes > 0;
    kf_status status = kf_matcher_create(&matcher, names, &error);
    EXERCISE_MUST(status == KF_OK || status == KF_NO_MEMORY, "%s: %d", EXERCISE_NAME, (int)status);
    size_t size = 0;
    while (times-- > 0 && !status) {
        kf_matcher_options options = KF_MATCHER_OPTIONS_INIT;
        const kf_name_hits *hits;
        kf_bytes processed;
        exercise_options(&options, has_attributes);
        if (!size || exercise_below(2)) size = exercise_needle(needle, sizeof needle, bytes);
        const kf_status made = kf_names_process(names, needle, size, &buffer, &processed, &error);
        EXERCISE_MUST(made == KF_OK || (!is_whole && made == KF_CORRUPT) || made == KF_NO_MEMORY, "%s: %d",
                      EXERCISE_NAME, (int)made);
        if (!made) touch(processed);
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
    kf_buffer_free(&buffer);
}

/* Rows from a position on: at most so many. */
static inline void exercise_rows(const kf_names *names, unsigned most, int is_whole)
{
    const uint64_t count = kf_names_count(names), first = exercise_below(3) ? 0 : exercise_below(count + 2);
    kf_names_iter *iter;
    const kf_names_row *row;
    kf_error error;
    uint64_t rows = 0;
    kf_status status = kf_names_iter_create(&iter, names, first, &error);
    EXERCISE_MUST(status == KF_OK || status == KF_NO_MEMORY, "%s: %d", EXERCISE_NAME, (int)status);
    while (!status && rows < most && !(status = kf_names_iter_next(iter, &row, &error))) {
        const kf_bytes texts[] = { row->id, row->name, row->attribute, row->payload };
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) touch(texts[t]);
        rows++;
    }
    EXERCISE_MUST(status == KF_OK || status == KF_NO_MEMORY || status == (is_whole ? KF_END : status), "%s: rows: %d",
                  EXERCISE_NAME, (int)status);
    EXERCISE_MUST(status == KF_OK || status == KF_END || status == KF_CORRUPT || status == KF_NO_MEMORY, "%s: rows: %d",
                  EXERCISE_NAME, (int)status);
    if (status == KF_END) EXERCISE_MUST(rows == (first < count ? count - first : 0), "%s: rows", EXERCISE_NAME);
    kf_names_iter_destroy(&iter);
}

static inline void exercise_names(const kf_names *names, kf_bytes bytes)
{
    kf_names_stat stat = KF_NAMES_STAT_INIT;
    EXERCISE_MUST(kf_names_get_stat(names, &stat) == KF_OK && stat.names == kf_names_count(names), "%s", EXERCISE_NAME);
    exercise_searches(names, bytes, 12, 0);
    exercise_rows(names, 300, 0);
}

/* One that was verified. */
static inline void exercise_whole_names(const kf_names *names, kf_bytes bytes)
{
    exercise_searches(names, bytes, 6, 1);
    exercise_rows(names, 3000, 1);
}

#endif
