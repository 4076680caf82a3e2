#include "query/ranked.h"

#include "base/array.h"
#include "read/part.h"

#include <stdlib.h>

/* ---- collecting ------------------------------------------------------------------------------- */

static int grow(kfi_hits *hits)
{
    if (hits->count < hits->capacity) return 1;
    size_t capacity = hits->capacity ? 2 * hits->capacity : 16;
    kfi_hit *grown = realloc(hits->hit, capacity * sizeof *grown);
    if (!grown) return 0;
    hits->hit = grown;
    hits->capacity = capacity;
    return 1;
}

static void sink(kfi_hits *hits, size_t at)
{
    kfi_hit *h = hits->hit, moved = h[at];
    for (size_t child; (child = 2 * at + 1) < hits->count; at = child) {
        if (child + 1 < hits->count && kfi_hit_better(&h[child], &h[child + 1])) child++;
        if (!kfi_hit_better(&moved, &h[child])) break;
        h[at] = h[child];
    }
    h[at] = moved;
}

kf_status kfi_hits_offer(kfi_hits *hits, const kfi_hit *hit)
{
    if (!hits->limit) return KF_OK;
    if (kfi_hits_full(hits)) {
        if (!kfi_hit_better(hit, &hits->hit[0])) return KF_OK;
        hits->hit[0] = *hit;
        sink(hits, 0);
        return KF_OK;
    }
    if (!grow(hits)) return KF_NO_MEMORY;
    hits->hit[hits->count++] = *hit;
    if (kfi_hits_full(hits))
        for (size_t i = hits->count / 2; i--; ) sink(hits, i);
    return KF_OK;
}

void kfi_hits_free(kfi_hits *hits)
{
    free(hits->hit);
    *hits = (kfi_hits){ 0 };
}

/* ---- yielding --------------------------------------------------------------------------------- */

typedef struct ranked_iter {
    kf_iter iter;
    const kf_dict *whole;
    kfi_hits hits;
    size_t next;
    int with_similarity;
    kf_buffer key;
} ranked_iter;

static kf_status ranked_next(kf_iter *iter, kf_entry *entry)
{
    ranked_iter *r = (ranked_iter *)iter;
    if (r->next == r->hits.count) return KF_END;
    const kfi_hit *hit = &r->hits.hit[r->next];
    iter->ordinal = entry->ordinal = hit->ordinal;
    iter->dict = r->whole;
    kf_status status = kfi_member_of(&iter->dict, &iter->ordinal);
    if (!status) status = kf_dict_key_at(iter->dict, iter->ordinal, &r->key, &entry->key);
    if (status) return status == KF_NOT_FOUND ? KF_CORRUPT : status;
    r->next++;
    iter->match.distance = hit->distance;
    iter->match.weight = hit->weight;
    if (r->with_similarity) iter->match.similarity = hit->score;
    return KF_OK;
}

static uint64_t ranked_remaining(const kf_iter *iter)
{
    const ranked_iter *r = (const ranked_iter *)iter;
    return r->hits.count - r->next;
}

static void ranked_destroy(kf_iter *iter)
{
    kfi_hits_free(&((ranked_iter *)iter)->hits);
    kf_buffer_free(&((ranked_iter *)iter)->key);
}

static const kfi_iter_class ranked_class = { NULL, ranked_next, ranked_remaining, NULL, ranked_destroy };

static int compare(const void *a, const void *b)
{
    return kfi_hit_better(a, b) ? -1 : 1;    /* ordinals differ: no two are equal */
}

kf_status kfi_iter_ranked(kf_iter **out, const kf_dict *dict, kfi_hits *hits, int with_similarity,
                          kf_error *error)
{
    ranked_iter *r = (ranked_iter *)kfi_iter_new(sizeof *r, &ranked_class, dict);
    *out = NULL;
    if (!r) {
        kfi_hits_free(hits);
        return kfi_fail_memory(error, sizeof *r);
    }
    if (hits->count) qsort(hits->hit, hits->count, sizeof *hits->hit, compare);
    r->whole = dict;
    r->hits = *hits;
    r->with_similarity = with_similarity;
    *hits = (kfi_hits){ 0 };
    *out = &r->iter;
    return KF_OK;
}
