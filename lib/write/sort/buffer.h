/* The sorter's buffer: pairs appended to chunks of memory, then read back in key order. */
#ifndef KFI_WRITE_SORT_BUFFER_H
#define KFI_WRITE_SORT_BUFFER_H

#include "write/budget.h"
#include "write/sort/radix_sort.h"

/* While keys arrive in order, the records are later read back as they lie. From the first key on
 * that is out of order an entry a pair is counted against the limit, but entries are allocated only
 * for sorting, when their number is known: nothing is ever copied to grow. Chunks start small, grow
 * with what there is already, and are kept for the next filling. */
typedef struct kfi_sort_buffer {
    kf_value_type type;
    uint64_t limit;
    size_t smallest_chunk, largest_chunk;
    kfi_sort_chunk *chunks;
    size_t chunk_count, chunk_capacity;
    size_t current;                /* the chunk that is appended to */
    uint64_t allocated;            /* bytes of all chunks */
    uint64_t used;                 /* bytes of all records */
    size_t count;
    int sorted;
    const uint8_t *last_key;
    size_t last_size;

    kfi_sort_entry *entries;       /* NULL when sorted, and before kfi_sort_buffer_order */
    size_t taken;                  /* where kfi_sort_buffer_next stands */
    size_t at_chunk, at_offset;
    const uint8_t *previous;
    size_t previous_size;
} kfi_sort_buffer;

void kfi_sort_buffer_init(kfi_sort_buffer *buffer, const kfi_sort_shares *shares, kf_value_type type);

/* Appends a pair whose field is `head` followed by `body`; or sets *full and adds nothing, when less
 * than `reserve` bytes of the limit would stay free. An empty buffer takes any pair. */
kf_status kfi_sort_buffer_add(kfi_sort_buffer *buffer, kf_bytes key, kf_bytes head, kf_bytes body,
                              uint64_t reserve, int *full, kf_error *error);

/* Puts the pairs in order and makes kfi_sort_buffer_next begin at the first. Nothing may be added
 * afterwards before a reset. */
kf_status kfi_sort_buffer_order(kfi_sort_buffer *buffer, kf_error *error);
/* The lowest key. The buffer is not empty; it is ordered, or `sorted`. */
kf_bytes kfi_sort_buffer_first(const kfi_sort_buffer *buffer);
/* For a kfi_sort_source. `self` is the buffer; pairs stay valid until the reset. */
kf_status kfi_sort_buffer_next(void *self, kfi_sort_pair *pair, kf_error *error);

/* Empties it; the chunks are kept. */
void kfi_sort_buffer_reset(kfi_sort_buffer *buffer);
void kfi_sort_buffer_free(kfi_sort_buffer *buffer);

#endif
