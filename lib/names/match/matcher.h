/* A search for the names most similar to a needle, and what it keeps.
 *
 *   exact tokens of the needle ---> names that share the rarest ones are scored                      levels.c
 *   level by level: all tokens of the index at least so similar to one of the needle's (similar.c, blocks_scan.h)
 *     can names with none of these still be among the best?   (closing.c)
 *       no: the names of these tokens are looked at, and that was all
 *       yes: those of the most similar ones are, and on to the next level
 *   if looking at the names of tokens would take longer: all names are looked at          full_scan.c
 *   looking at a name: a bound by its tokens, closer and closer, and perhaps its score    candidate.c
 *
 * Bounds are sums over tokens. They count in 255ths, rounded up, or in the units of similarity.h, and are compared with
 * what a name with as many tokens needs to become one of the best: exactly, so that equal scores are never lost.
 *
 * After "Fast-Join" (Wang, Li & Feng, ICDE 2011) and "SilkMoth" (Deng et al., VLDB 2017), which define and bound this
 * kind of similarity, and the threshold algorithm (Fagin, Lotem & Naor, 2001) for when to stop. */
#ifndef KFI_NAMES_MATCH_MATCHER_H
#define KFI_NAMES_MATCH_MATCHER_H

#include "names/match/best.h"
#include "names/match/block_wants.h"
#include "names/match/needs.h"
#include "names/match/rows.h"

enum {
    KFI_FULL = 255,                /* the similarity 1 */
    KFI_NAMES_PER_POSTING = 14,    /* of a full scan, in the time that a posting takes */
    KFI_LEVEL_EXACT = 256,         /* only equal tokens are known */
    KFI_TOUCHED_MOST = 1 << 14,
    KFI_WAITING = 32
};

/* A token of the index that is similar to one of the needle. */
typedef struct kfi_similar { uint32_t id, similarity; } kfi_similar;

/* A distinct token of the needle. */
typedef struct kfi_wanted {
    uint32_t id;                   /* of the equal token; UINT32_MAX: there is none */
    uint32_t frequency;
    uint64_t near;                 /* a token that differs is at most so similar */
    uint64_t most;                 /* any token of the index is */
    uint64_t unseen;               /* any token of a name that was not looked at is */
    unsigned known;                /* all tokens at least so similar are in the list; 255ths */
    int is_scanned;                /* 0: of these only the equal one is */
    int is_sampled;                /* names that have the equal one */
    kfi_array similar;             /* uint32_t: ids of tokens, the most similar first, */
    kfi_array similarities;        /* and a byte each, how similar these are */
    size_t read;                   /* so many of these have been looked at */
    uint64_t costs[KFI_FULL + 1];  /* postings of those that have not, by similarity */
    kfi_block_query query;
} kfi_wanted;

static inline size_t kfi_wanted_count(const kfi_wanted *w) { return w->similarities.size; }

static inline kfi_similar kfi_wanted_similar(const kfi_wanted *w, size_t i)
{
    return (kfi_similar){ ((const uint32_t *)(const void *)w->similar.data)[i], w->similarities.data[i] };
}

/* Appends to the list. KF_NO_MEMORY. */
static inline kf_status kfi_wanted_add(kfi_wanted *w, uint32_t id, unsigned similarity, kf_error *error)
{
    const uint8_t byte = (uint8_t)similarity;
    kf_status status = kfi_array_append(&w->similar, &id, sizeof id, error);
    return status ? status : kfi_array_append(&w->similarities, &byte, 1, error);
}

static inline void kfi_wanted_cut(kfi_wanted *w, size_t count)
{
    w->similar.size = count * sizeof(uint32_t);
    w->similarities.size = count;
}

/* A name that was found, with the score that is told. */
typedef struct kfi_ranked {
    double score;
    uint32_t position, slot;
} kfi_ranked;

/* A name that will be looked at. */
typedef struct kfi_waiting { const kfi_group *group; uint32_t slot; } kfi_waiting;

struct kf_matcher {
    const kf_names *names;
    const kfi_blocks_variant *blocks;
    kfi_block_similarities similarities;
    uint32_t *sizes;               /* numbers of tokens that names have, ascending */
    uint32_t size_count;

    /* the needle */
    kfi_process_scratch processing;
    kfi_patterns patterns;
    kfi_wanted *wanted;            /* one a pattern */
    uint32_t wanted_capacity;
    kfi_rows rows;

    /* the search */
    int is_filtered;               /* only names of one attribute are looked for, */
    uint32_t attribute;            /* this one */
    int is_listed;                 /* of which there is a list of names */
    uint32_t scan_names;           /* that a full scan has to look at */
    uint32_t first_slot;           /* only names from this one on are looked for */
    kfi_best best;
    uint8_t *most;                 /* by token: 255ths that any of the needle's is similar to it at most; 0: unknown */
    uint32_t most_mask;            /* the size of that, a power of 2, less 1 */
    unsigned unknown;              /* what holds for those */
    uint32_t *touched;             /* tokens of which something is known, while there is room for them */
    uint32_t touched_count;
    uint64_t *seen;                /* a bit a slot */
    uint8_t *seen_parts;           /* whether there is any in so many words */
    unsigned level;
    kfi_waiting waiting[KFI_WAITING];
    uint32_t waiting_count;
    uint64_t work, work_limit, names_seen, names_scored;

    kfi_needs needs;
    uint64_t reads;                /* how many times `unseen` has changed, of any token */
    struct { uint32_t needs; uint64_t reads; int is_possible; } sizes_known[KF_NAME_TOKENS + 1];
    kfi_array values, matrix, assignment;   /* for plans and candidates */

    struct kfi_whole *whole;       /* for searches by other scorers; NULL until there was one */

    /* The last name that was weighed: others with the same tokens lie behind it. */
    const kfi_group *last_group;   /* NULL: none */
    uint32_t last_ids[KF_NAME_TOKENS];
    int last_is_out;
    kfi_score last_score;

    /* results */
    kfi_array ranked;              /* kfi_ranked */
    kfi_array texts, hits, pointers, pairs;
    kfi_array compared, compared_ends;   /* for pairs: the hits' names as they were compared */
    kf_name_hits result;
};

/* Copies the caller's options, or their defaults. KF_INVALID. */
kf_status kfi_matcher_options(kf_matcher_options *out, const kf_matcher_options *given, kf_error *error);

/* As kf_matcher_search, with options that were read. */
kf_status kfi_matcher_search(kf_matcher *m, kf_bytes needle, const kf_matcher_options *options,
                             const kf_name_hits **hits, kf_error *error);

/* Forgets what was found; what is found from now on is for these options. */
static inline void kfi_matcher_begin_best(kfi_best *best, const kf_matcher_options *o)
{
    const uint64_t ties = o->tie_limit ? o->tie_limit : UINT64_MAX;
    if (o->candidates) kfi_best_begin(best, o->candidates, 0, 0, 0);
    else kfi_best_begin(best, o->limit, o->cutoff, o->flags & KF_MATCH_TIES ? ties : 0, o->flags & KF_MATCH_EXPLAIN);
}

/* The course of it: finds all that options and filter ask for; it is in `best` then. The needle may not lie in what
 * the matcher uses. KF_END: the work limit is reached. */
kf_status kfi_matcher_prepare(kf_matcher *m, kf_bytes needle, const kf_matcher_options *options, kf_error *error);
kf_status kfi_matcher_find(kf_matcher *m, const kf_matcher_options *options, kf_error *error);

/* Makes the result of what was found. KF_NO_MEMORY, KF_CORRUPT. */
kf_status kfi_matcher_give(kf_matcher *m, const kf_matcher_options *options, int exact, kf_error *error);

#define KFI_SEEN_PART 16           /* words of `seen` */

/* KF_END from any of these: the work limit is reached. */
static inline kf_status kfi_matcher_work(kf_matcher *m, uint64_t units)
{
    m->work += units;
    return m->work_limit && m->work > m->work_limit ? KF_END : KF_OK;
}

/* ---- bounds ------------------------------------------------------------------------------------- */

/* What a name of so many tokens needs: see needs.h. */
static inline uint64_t kfi_matcher_needs(kf_matcher *m, uint32_t tokens)
{
    return kfi_needs_sum(&m->needs, m->best.least, tokens);
}

static inline uint32_t kfi_matcher_needs_ceil(kf_matcher *m, uint32_t tokens)
{
    return kfi_needs_ceil(&m->needs, m->best.least, tokens);
}

/* Sets what is known of a token of the index. */
void kfi_matcher_note(kf_matcher *m, uint32_t id, unsigned similarity);

/* ---- the search --------------------------------------------------------------------------------- */

/* Whether names that have not been looked at can't be among the best, if of each token of the needle those of tokens
 * that are more similar than values[i] had been. `values`: one a pattern. */
int kfi_matcher_is_closed(kf_matcher *m, const uint64_t *values);

/* Whether any name of so many tokens that has not been looked at could be one of the best. */
int kfi_matcher_is_possible(kf_matcher *m, uint32_t tokens);

/* The greatest similarity, in 255ths, for which the search was closed if all tokens at least so similar to any of the
 * needle's were read; 0: none. */
unsigned kfi_matcher_reach(kf_matcher *m);

/* The least cost that a plan can have once more is known: what is known by now has to be read too. */
uint64_t kfi_matcher_cost_ahead(kf_matcher *m);

typedef struct kfi_plan {
    uint64_t cost;                 /* postings; UINT64_MAX: no plan closes the search */
    unsigned least;                /* tokens at least so similar are to be read, of those of the needle */
    uint32_t covered;              /* that are not among the first so many in kfi_matcher_order */
} kfi_plan;

/* The cheapest way to close the search with what is known. `order`: the needle's tokens, one a pattern. */
kfi_plan kfi_matcher_plan(kf_matcher *m, uint32_t *order);

kf_status kfi_matcher_levels(kf_matcher *m, kf_error *error);
kf_status kfi_matcher_full_scan(kf_matcher *m, kf_error *error);
/* Compares all tokens of the index with the needle's, down to the level. */
kf_status kfi_matcher_scan(kf_matcher *m, unsigned level, kf_error *error);
/* For a full scan, which must follow: notes of each token of the index how similar it is, but no less than `level`. */
kf_status kfi_matcher_scan_maxima(kf_matcher *m, unsigned level, kf_error *error);

/* ---- attributes: filter.c ----------------------------------------------------------------------- */

/* Looks for names of that attribute only, or of any (data NULL). KF_NOT_FOUND: no name has it; KF_INVALID: none has
 * any; KF_CORRUPT. */
kf_status kfi_filter_set(kf_matcher *m, kf_bytes attribute, kf_error *error);
void kfi_filter_clear(kf_matcher *m);
/* The same for the number of an attribute that there is. */
void kfi_filter_set_number(kf_matcher *m, uint32_t attribute);

/* Whether the names of the attribute are so few that looking at each takes less than finding out at which to look. */
int kfi_filter_is_small(const kf_matcher *m);
/* Looks at all names in the attribute's list. */
kf_status kfi_filter_scan(kf_matcher *m, kf_error *error);
/* The same with nothing known of tokens but which are equal to the needle's. */
kf_status kfi_filter_scan_at_once(kf_matcher *m, kf_error *error);

/* Whether a name may be a hit. */
static inline int kfi_matcher_passes(const kf_matcher *m, uint32_t slot)
{
    return slot >= m->first_slot && (!m->is_filtered || kfi_names_attribute(m->names, slot) == m->attribute);
}

/* ------------------------------------------------------------------------------------------------- */

/* Looks at a name. KF_CORRUPT, KF_NO_MEMORY, KF_END. */
kf_status kfi_matcher_look(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error);
/* Scores it if its bound allows. */
kf_status kfi_matcher_weigh(kf_matcher *m, const kfi_group *group, uint32_t slot, kf_error *error);

static inline int kfi_matcher_was_seen(const kf_matcher *m, uint32_t slot)
{
    return m->seen[slot / 64] >> (slot % 64) & 1;
}

static inline void kfi_matcher_see(kf_matcher *m, uint32_t slot)
{
    m->seen[slot / 64] |= 1ull << (slot % 64);
    m->seen_parts[slot / 64 / KFI_SEEN_PART] = 1;
}

/* Some of 64 slots. */
static inline void kfi_matcher_see_some(kf_matcher *m, uint32_t word, uint64_t some)
{
    m->seen[word] |= some;
    m->seen_parts[word / KFI_SEEN_PART] = 1;
}

/* In whole parts. */
static inline size_t kfi_seen_words(const kf_names *names)
{
    return ((size_t)names->count / 64 / KFI_SEEN_PART + 1) * KFI_SEEN_PART;
}

static inline void kfi_matcher_forget_seen(kf_matcher *m)
{
    const size_t parts = kfi_seen_words(m->names) / KFI_SEEN_PART;
    for (size_t i = 0; i < parts; i++) {
        if (m->seen_parts[i]) memset(m->seen + i * KFI_SEEN_PART, 0, KFI_SEEN_PART * sizeof *m->seen);
        m->seen_parts[i] = 0;
    }
}

#endif
