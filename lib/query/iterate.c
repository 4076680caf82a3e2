/* kf_iter_create: which kind of iterator answers the options. */
#include "query/complete.h"
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

/* Asks for every entry, and keeps the best. */
static kf_status ranked(kf_iter **out, const kf_dict *dict, const kf_iter_options *o, kf_iter **all, kf_error *error)
{
    const int weighted = kf_dict_has_weights(dict);
    kfi_hits hits = { .limit = o->limit };
    kf_status status;
    kf_entry entry;
    while (!(status = kf_iter_next(*all, &entry))) {
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
    status = ranked(out, dict, o, &all, error);
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
