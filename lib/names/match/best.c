#include "names/match/best.h"

#include <float.h>
#include <stdlib.h>

/* < 0: a is better. */
static int compare(const void *left, const void *right)
{
    const kfi_found *a = left, *b = right;
    const int order = kfi_score_compare(b->score, a->score);
    return order ? order : (a->position > b->position) - (a->position < b->position);
}

void kfi_best_begin(kfi_best *b, uint64_t limit, double cutoff, uint64_t tie_limit, int wants_next)
{
    /* A little less than the cutoff: the score as a double decides, once it is known. */
    const double least = cutoff - 4 * DBL_EPSILON;
    b->heap.size = b->ties.size = 0;
    b->limit = limit;
    b->tie_limit = tie_limit;
    b->tied = 0;
    b->is_whole = 0;
    b->cutoff = cutoff;
    b->wants_next = wants_next;
    b->has_next = 0;
    b->least = (kfi_score){ least > 0 ? (uint64_t)(least * (double)KFI_SIMILARITY_ONE) : 0, 2 };
}

void kfi_best_whole(kfi_best *b)
{
    const double least = b->cutoff - 4 * DBL_EPSILON;
    b->is_whole = 1;
    b->least = (kfi_score){ least > 0 ? (uint64_t)(least * (1u << 30)) : 0, 1u << 31 };
}

void kfi_best_free(kfi_best *b)
{
    kfi_array_free(&b->heap);
    kfi_array_free(&b->ties);
}

int kfi_best_wants(const kfi_best *b, kfi_score score)
{
    if (kfi_best_is_full(b)) {
        if (kfi_score_compare(score, kfi_best_list(b)->score) < 0
            && !(b->wants_next && (!b->has_next || kfi_score_compare(score, b->next) > 0))) return 0;
    }
    return kfi_best_value(b, score) >= b->cutoff;
}

/* ---- heaps -------------------------------------------------------------------------------------- */

static void sink_down(kfi_array *array, kfi_found found)
{
    kfi_found *heap = (kfi_found *)(void *)array->data;
    const size_t count = array->size / sizeof *heap;
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare(&heap[child + 1], &heap[child]) > 0) child++;
        if (compare(&heap[child], &found) <= 0) break;
        heap[at] = heap[child];
    }
    heap[at] = found;
}

static kf_status add(kfi_array *array, kfi_found found, kf_error *error)
{
    kf_status status = kfi_array_append(array, &found, sizeof found, error);
    if (status) return status;
    kfi_found *heap = (kfi_found *)(void *)array->data;
    size_t at = array->size / sizeof *heap - 1;
    for (; at && compare(&found, &heap[(at - 1) / 2]) > 0; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = found;
    return KF_OK;
}

/* ---- what is offered ---------------------------------------------------------------------------- */

/* One as good as the worst in the heap, which has no room for it. Nothing in common is no tie. */
static kf_status add_tie(kfi_best *b, kfi_found found, kf_error *error)
{
    const kfi_found *last = (const kfi_found *)(const void *)b->ties.data;
    if (!found.score.sum) return KF_OK;
    b->tied++;
    if (b->ties.size / sizeof found < b->tie_limit) return add(&b->ties, found, error);
    if (b->tie_limit && found.position < last->position) sink_down(&b->ties, found);
    return KF_OK;
}

static void set_next(kfi_best *b, kfi_score score)
{
    if (!b->wants_next || (b->has_next && kfi_score_compare(score, b->next) <= 0)) return;
    b->next = score;
    b->has_next = 1;
}

/* One that is better than the worst in the full heap. */
static kf_status replace(kfi_best *b, kfi_found found, kf_error *error)
{
    const kfi_found before = *kfi_best_list(b);
    sink_down(&b->heap, found);
    if (!kfi_score_compare(kfi_best_list(b)->score, before.score)) return add_tie(b, before, error);
    set_next(b, before.score);
    b->ties.size = b->tied = 0;
    return KF_OK;
}

kf_status kfi_best_offer(kfi_best *b, const kfi_found *found, kf_error *error)
{
    kf_status status;
    if (!kfi_best_is_full(b)) {
        status = add(&b->heap, *found, error);
    } else if (compare(found, kfi_best_list(b)) < 0) {
        status = replace(b, *found, error);
    } else if (!kfi_score_compare(found->score, kfi_best_list(b)->score)) {
        status = add_tie(b, *found, error);
    } else {
        set_next(b, found->score);
        status = KF_OK;
    }
    if (!kfi_best_is_full(b) || (b->wants_next && !b->has_next)) return status;
    const kfi_score least = b->wants_next ? b->next : kfi_best_list(b)->score;
    if (kfi_score_compare(least, b->least) > 0) b->least = least;
    return status;
}

kf_status kfi_best_sort(kfi_best *b, kf_error *error)
{
    kf_status status = kfi_array_append(&b->heap, b->ties.data, b->ties.size, error);
    if (status) return status;
    b->tied -= b->ties.size / sizeof(kfi_found);
    b->ties.size = 0;
    if (b->heap.size) qsort(b->heap.data, kfi_best_count(b), sizeof(kfi_found), compare);
    return KF_OK;
}
