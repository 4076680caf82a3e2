/* kf_iter_create: which kind of iterator answers the options. */
#include "query/complete.h"
#include "query/dfa.h"
#include "query/filtered.h"
#include "query/query.h"
#include "query/ranked.h"
#include "read/shards/shard_later.h"
#include "read/values/weights_reader.h"

/* In key order: all entries, or those that the query accepts; the filter and the limit, if any, not applied yet. */
static kf_status in_order(kf_iter **out, const kf_dict *dict, const kf_iter_options *o, uint64_t low, uint64_t high,
                          kf_error *error)
{
    if (o->query) return kfi_iter_select(out, dict, o->query, low, high, o->work_limit, error);
    return kfi_iter_plain(out, dict, o, UINT64_MAX, error);
}

/* ---- ranked ----------------------------------------------------------------------------------- */

/* After so many hits, and OF_LIMIT for each that is wanted, it is known how many of the keys a query accepts. Where
 * these are many, the heaviest ones are soon found by looking at the heaviest keys of all; a key costs KEY_COST times
 * as much that way, since it is looked up and stepped along by itself. */
enum { HITS_LEAST = 64, OF_LIMIT = 16, KEY_COST = 64 };

typedef struct heaviest {
    kfi_dfa dfa;
    uint64_t left;               /* keys that may still be looked at */
    int failed;
} heaviest;

/* Lets pass what the query accepts, and whatever comes when it is time to give up. */
static int is_heavy_hit(void *context, kf_iter *iter, const kf_entry *entry)
{
    heaviest *h = context;
    const uint32_t state = h->left ? kfi_dfa_run(&h->dfa, entry->key) : KFI_GUIDE_FAILED;
    h->left--;
    h->failed = state == KFI_GUIDE_FAILED;
    if (h->failed || !kfi_guide_accepts(&h->dfa.guide, state)) return h->failed;
    iter->match.distance = kfi_dfa_distance(&h->dfa, state);
    return 1;
}

/* The heaviest hits of the ordinals low .. high-1, if looking at `most` keys is enough to find `limit`; else `hits` is
 * left empty. Any error is that of whoever goes on without them. */
static void find_heaviest(kfi_hits *hits, const kf_dict *dict, const kf_query *query, uint64_t low, uint64_t high,
                          uint64_t most)
{
    heaviest h = { .left = most };
    kf_iter *iter;
    kf_entry entry;
    if (kfi_dfa_create(&h.dfa, query, KFI_DFA_MEMORY)) return;
    kf_status status = kfi_iter_by_weight(&iter, dict, low, high, hits->limit, is_heavy_hit, &h, NULL);
    while (!status && !(status = kf_iter_next(iter, &entry)) && !h.failed) {
        const kfi_hit hit = { .ordinal = entry.ordinal, .distance = iter->match.distance,
                              .weight = iter->match.weight };
        status = kfi_hits_offer(hits, &hit);
    }
    if (status != KF_END) kfi_hits_free(hits);
    kf_iter_destroy(&iter);
    kfi_dfa_destroy(&h.dfa);
}

/* Whether the heaviest hits were found without asking for all: `seen` of the keys before ordinal `next` are hits. */
static int found_by_weight(kfi_hits *hits, const kf_dict *dict, const kf_iter_options *o, uint64_t low, uint64_t next,
                           uint64_t high, uint64_t seen)
{
    const uint64_t keys = (next - low) / (seen / o->limit);   /* that have as many hits as are wanted, likely */
    if (keys > (high - next) / KEY_COST) return 0;
    kfi_hits heavy = { .limit = o->limit };
    find_heaviest(&heavy, dict, o->query, low, high, 4 * keys + HITS_LEAST);
    if (!heavy.count) return 0;
    kfi_hits_free(hits);
    *hits = heavy;
    return 1;
}

/* Asks for every entry, and keeps the best. */
static kf_status ranked(kf_iter **out, const kf_dict *dict, const kf_iter_options *o, kf_iter **all, uint64_t low,
                        uint64_t high, kf_error *error)
{
    const int weighted = kf_dict_has_weights(dict);
    const int by_weight = o->order == KF_ORDER_WEIGHT && !o->filter && !o->work_limit && o->limit
                          && o->limit < (high - low) / OF_LIMIT && (dict->shards || dict->weights.maxima.levels);
    const uint64_t enough = by_weight ? HITS_LEAST + OF_LIMIT * o->limit : 0;
    kfi_hits hits = { .limit = o->limit };
    kf_status status;
    kf_entry entry;
    for (uint64_t seen = 1; !(status = kf_iter_next(*all, &entry)); seen++) {
        if (seen == enough && found_by_weight(&hits, dict, o, low, entry.ordinal, high, seen)) {
            status = KF_END;
            break;
        }
        kfi_hit hit = { .ordinal = entry.ordinal, .distance = (*all)->match.distance };
        if (weighted && (status = kf_dict_weight_at((*all)->dict, (*all)->ordinal, &hit.weight))) break;
        (*all)->match.weight = hit.weight;
        if (o->filter && !o->filter(o->filter_context, *all, &entry)) continue;
        if (o->order == KF_ORDER_DISTANCE) hit.score = -(double)hit.distance;
        if ((status = kfi_hits_offer(&hits, &hit))) break;
    }
    if (status == KF_END) {
        status = kfi_iter_ranked(out, dict, &hits, 0, error);
        if (!status) (*out)->incomplete = (*all)->incomplete;
        return status;
    }
    kfi_hits_free(&hits);
    if (!kfi_shards_told(dict, status, error)) kfi_fail(error, status, "%s while searching", kf_status_name(status));
    return status;
}

/* By options that were read, whose query is one for the dictionary's keys. */
static kf_status create(kf_iter **out, const kf_dict *dict, const kf_iter_options *o, kf_error *error)
{
    kf_iter *all = NULL;
    uint64_t low, high;
    if (o->order == KF_ORDER_KEY && !o->query && !o->filter) return kfi_iter_plain(out, dict, o, o->limit, error);
    kf_iter_destroy(out);
    kf_status status = kfi_iter_range(dict, o, &low, &high, error);
    if (status) return status;
    if (o->order == KF_ORDER_WEIGHT && !o->query)
        return kfi_iter_by_weight(out, dict, low, high, o->limit, o->filter, o->filter_context, error);
    status = in_order(&all, dict, o, low, high, error);
    if (status) return status;
    if (o->order == KF_ORDER_KEY && (o->filter || o->limit != UINT64_MAX))
        return kfi_iter_filter(out, &all, o->filter, o->filter_context, o->limit, error);
    if (o->order == KF_ORDER_KEY) {
        *out = all;
        return KF_OK;
    }
    status = ranked(out, dict, o, &all, low, high, error);
    kf_iter_destroy(&all);
    return status;
}

kf_status kf_iter_reset(kf_iter **iter, const kf_dict *dict, const kf_iter_options *options, kf_error *error)
{
    kf_iter_options known;
    kf_query *normal = NULL;
    kf_status status = kfi_iter_options_read(&known, options, error);
    if (!status && known.order == KF_ORDER_WEIGHT && !kf_dict_has_weights(dict))
        status = kfi_fail(error, KF_TYPE, "this dictionary has no weights to order by");
    if (!status && known.query && dict->header.normalise) {
        status = kfi_query_normal(&normal, known.query, dict->header.normalise, error);
        known.query = normal;
    }
    if (!status) status = create(iter, dict, &known, error);
    else kf_iter_destroy(iter);
    kf_query_destroy(&normal);
    return status;
}

kf_status kf_iter_create(kf_iter **out, const kf_dict *dict, const kf_iter_options *options, kf_error *error)
{
    *out = NULL;
    return kf_iter_reset(out, dict, options, error);
}
