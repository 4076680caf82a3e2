/* Many needles at once. */
#include "names/match/crew.h"
#include "names/match/matcher.h"
#include "names/score/text.h"

#include <stdio.h>

typedef struct many {
    const kf_bytes *needles, *attributes;
    const kf_matcher_options *options;
    kf_names_sink sink;
    void *context;
} many;

/* Says which needle it is that failed. */
static kf_status blame(kf_error *error, uint64_t index, kf_status status)
{
    char message[sizeof error->message];
    if (!error) return status;
    snprintf(message, sizeof message, "needle %llu: %.220s", (unsigned long long)index, error->message);
    memcpy(error->message, message, sizeof message);
    return status;
}

static kf_status search(void *context, kfi_crew_worker *worker, uint64_t index, uint64_t *units, kf_error *error)
{
    const many *m = context;
    const kf_name_hits *hits;
    kf_matcher_options options = *m->options;
    if (m->attributes) options.attribute = m->attributes[index];
    kf_status status = kfi_matcher_search(worker->matcher, m->needles[index], &options, &hits, error);
    if (status) return blame(error, index, status);
    *units = 1;
    if (kfi_crew_enter(worker)) status = m->sink(m->context, (size_t)index, hits, error);
    kfi_crew_leave(worker);
    if (status && !error->message[0])
        kfi_fail(error, status, "what takes the hits of needle %llu has ended the search", (unsigned long long)index);
    return status;
}

kf_status kf_names_search_many(const kf_names *names, const kf_bytes *needles, size_t count,
                               const kf_matcher_options *options, const kf_names_many_options *given,
                               kf_names_sink sink, void *context, kf_error *error)
{
    kf_names_many_options known;
    kf_matcher_options search_options;
    kf_status status = kfi_crew_options(&known, given, 0, error);
    if (!status) status = kfi_matcher_options(&search_options, options, error);
    for (size_t i = 0; i < count && !status; i++) {
        status = kfi_name_check(needles[i], "the needle", error);
        if (status) return blame(error, i, status);
    }
    many m = { needles, known.attributes, &search_options, sink, context };
    const kfi_crew_work work = { names, count, count, search, &m };
    return status ? status : kfi_crew_run(&work, &known, error);
}
