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

void kfi_best_begin(kfi_best *b, uint64_t limit, double cutoff)
{
    /* A little less than the cutoff: the score as a double decides, once it is known. */
    const double least = cutoff - 4 * DBL_EPSILON;
    b->heap.size = 0;
    b->limit = limit;
    b->cutoff = cutoff;
    b->least = (kfi_score){ least > 0 ? (uint64_t)(least * (double)KFI_SIMILARITY_ONE) : 0, 2 };
}

int kfi_best_wants(const kfi_best *b, kfi_score score, uint32_t position)
{
    const kfi_found found = { score, position, 0 };
    if (kfi_best_is_full(b) && compare(&found, kfi_best_list(b)) > 0) return 0;
    return kfi_score_value(score) >= b->cutoff;
}

static void sink_down(kfi_found *heap, size_t count, size_t at, kfi_found found)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare(&heap[child + 1], &heap[child]) > 0) child++;
        if (compare(&heap[child], &found) <= 0) break;
        heap[at] = heap[child];
    }
    heap[at] = found;
}

kf_status kfi_best_offer(kfi_best *b, const kfi_found *found, kf_error *error)
{
    if (kfi_best_is_full(b)) {
        sink_down(kfi_best_list(b), kfi_best_count(b), 0, *found);
    } else {
        kf_status status = kfi_array_append(&b->heap, found, sizeof *found, error);
        if (status) return status;
        kfi_found *heap = kfi_best_list(b);
        size_t at = kfi_best_count(b) - 1;
        for (; at && compare(found, &heap[(at - 1) / 2]) > 0; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
        heap[at] = *found;
    }
    const kfi_score worst = kfi_best_list(b)->score;
    if (kfi_best_is_full(b) && kfi_score_compare(worst, b->least) > 0) b->least = worst;
    return KF_OK;
}

void kfi_best_sort(kfi_best *b)
{
    if (b->heap.size) qsort(b->heap.data, kfi_best_count(b), sizeof(kfi_found), compare);
}
