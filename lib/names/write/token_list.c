#include "names/write/token_list.h"

#include <stdlib.h>

enum { SPOOL_BUFFER = 256 << 10, MOST_FREQUENT = 1 << 8, FREQUENT = 1 << 16 };

static uint32_t *heap_of(kfi_token_list *l) { return (uint32_t *)(void *)l->top.data; }

kf_status kfi_token_list_create(kfi_token_list *l, const char *folder, kfi_disk_account *account, kf_error *error)
{
    *l = (kfi_token_list){ 0 };
    kf_status status = kfi_array_reserve(&l->top, 4 * FREQUENT, error);
    return status ? status : kfi_spool_create(&l->spool, folder, SPOOL_BUFFER, account, error);
}

void kfi_token_list_free(kfi_token_list *l)
{
    kfi_spool_destroy(&l->spool);
    kfi_array_free(&l->top);
    kfi_array_free(&l->frequencies);
}

/* Keeps the greatest ones: the least of them is on top. */
static void keep_frequency(kfi_token_list *l, uint32_t frequency)
{
    uint32_t *heap = heap_of(l);
    size_t size = l->top.size / 4, at;
    if (size < FREQUENT) {
        l->top.size += 4;
        for (at = size; at && heap[(at - 1) / 2] > frequency; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    } else {
        if (frequency <= heap[0]) return;
        for (at = 0; 2 * at + 1 < size; ) {
            size_t child = 2 * at + 1;
            if (child + 1 < size && heap[child + 1] < heap[child]) child++;
            if (heap[child] >= frequency) break;
            heap[at] = heap[child];
            at = child;
        }
    }
    heap[at] = frequency;
}

kf_status kfi_token_list_add(void *self, kf_bytes token, kf_bytes value, kf_error *error)
{
    kfi_token_list *l = self;
    const uint32_t frequency = (uint32_t)kfi_load64(value.data);
    if (l->count == UINT32_MAX - 1)
        return kfi_fail(error, KF_LIMIT, "more than 2^32 - 2 different tokens");
    kf_status status = kfi_spool_write_varint(l->spool, token.size, error);
    if (!status) status = kfi_spool_write_varint(l->spool, frequency, error);
    if (!status) status = kfi_spool_write(l->spool, token.data, token.size, error);
    l->count++;
    l->postings += frequency;
    if (frequency > KFI_FREQUENCY_FIXED) keep_frequency(l, frequency);
    return status;
}

/* ---- bands -------------------------------------------------------------------------------------- */

static int compare_down(const void *a, const void *b)
{
    uint32_t left, right;
    memcpy(&left, a, 4);
    memcpy(&right, b, 4);
    return (left < right) - (left > right);
}

/* Which of the tokens whose frequencies differ are in the first bands: the greatest, of equal ones the first. */
static void divide(kfi_token_list *l)
{
    static const uint32_t ends[2] = { MOST_FREQUENT, FREQUENT };
    const uint32_t *heap = heap_of(l);
    const size_t size = l->top.size / 4;
    if (size) qsort(l->top.data, size, 4, compare_down);
    for (unsigned b = 0; b < 2; b++) {
        const size_t end = size < ends[b] ? size : ends[b];
        size_t first = end;
        l->least[b] = end ? heap[end - 1] : UINT32_MAX;
        while (first && heap[first - 1] == l->least[b]) first--;
        l->ties[b] = (uint32_t)(end - first);
    }
}

static unsigned band_of(kfi_token_walk *w, uint32_t frequency)
{
    const kfi_token_list *l = w->list;
    if (l->is_one_band) return 0;
    if (frequency <= KFI_FREQUENCY_FIXED) return KFI_BANDS - frequency;
    /* A token that ties in the first band counts in the second one's ties as well. */
    unsigned band = 2;
    for (unsigned b = 2; b-- > 0; ) {
        if (frequency > l->least[b]) band = b;
        else if (frequency == l->least[b] && w->ties[b]++ < l->ties[b]) band = b;
    }
    return band;
}

kf_status kfi_token_list_finish(kfi_token_list *l, kf_error *error)
{
    kfi_token_walk walk;
    divide(l);
    kf_status status = kfi_spool_finish(l->spool, error);
    if (!status) status = kfi_token_walk_begin(&walk, l, error);
    if (status) return status;
    while (!(status = kfi_token_walk_next(&walk, error))) l->bands[walk.band].count++;
    kfi_token_walk_end(&walk);
    if (status != KF_END) return status;
    uint32_t first = 0;
    for (unsigned b = 0; b < KFI_BANDS; b++) {
        l->bands[b].first = first;
        l->bands[b].frequency = b < KFI_BANDS - KFI_FREQUENCY_FIXED ? 0 : KFI_BANDS - b;
        first += l->bands[b].count;
    }
    const size_t size = 4 * (size_t)l->bands[KFI_BANDS - KFI_FREQUENCY_FIXED].first;
    status = kfi_array_reserve(&l->frequencies, size, error);
    if (!status) status = kfi_token_walk_begin(&walk, l, error);
    if (status) return status;
    l->frequencies.size = size;
    while (!(status = kfi_token_walk_next(&walk, error)))
        if (!l->bands[walk.band].frequency) memcpy(l->frequencies.data + 4 * (size_t)walk.id, &walk.frequency, 4);
    kfi_token_walk_end(&walk);
    kfi_array_free(&l->top);
    return status == KF_END ? KF_OK : status;
}

/* ---- walking ------------------------------------------------------------------------------------ */

kf_status kfi_token_walk_begin(kfi_token_walk *w, const kfi_token_list *list, kf_error *error)
{
    *w = (kfi_token_walk){ .list = list };
    for (unsigned b = 0; b < KFI_BANDS; b++) w->next[b] = list->bands[b].first;
    return kfi_spool_reader_create(&w->reader, list->spool, 0, SPOOL_BUFFER, error);
}

kf_status kfi_token_walk_next(kfi_token_walk *w, kf_error *error)
{
    uint64_t size, frequency;
    kf_status status = kfi_spool_reader_varint(w->reader, &size, error);
    if (!status) status = kfi_spool_reader_varint(w->reader, &frequency, error);
    w->token = (kf_bytes){ (const uint8_t *)"", 0 };   /* the empty token is one too */
    if (!status && size) status = kfi_spool_reader_take(w->reader, (size_t)size, &w->token.data, error);
    if (status) return status;
    w->token.size = (size_t)size;
    w->frequency = (uint32_t)frequency;
    w->band = band_of(w, w->frequency);
    w->id = w->next[w->band]++;
    kfi_token_work *work = w->list->work;
    if (!work) return KF_OK;
    work->done += work->done < work->progress.total;
    return kfi_progress_count(&work->progress, 1, work->done, error);
}

void kfi_token_walk_end(kfi_token_walk *w) { kfi_spool_reader_destroy(&w->reader); }
