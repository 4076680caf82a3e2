/* Ordering the records of the sorter's buffer. */
#ifndef KFI_WRITE_SORT_RADIX_SORT_H
#define KFI_WRITE_SORT_RADIX_SORT_H

#include "write/sort/pair.h"

/* Memory that records are appended to. A record is: varint key size, key, field. */
typedef struct kfi_sort_chunk {
    uint8_t *data;        /* KFI_SORT_PAD bytes more than `capacity` */
    uint32_t capacity;
    uint32_t used;
} kfi_sort_chunk;

/* A record's place, chunk << 32 | offset: it grows in the order of adding. Its top 5 bits are 0. */
typedef uint64_t kfi_sort_ref;

/* While sorting, `word` caches part of the key, so that most comparisons touch no key. */
typedef struct kfi_sort_entry {
    uint64_t word;
    kfi_sort_ref ref;
} kfi_sort_entry;

static inline const uint8_t *kfi_sort_record(const kfi_sort_chunk *chunks, kfi_sort_ref ref)
{
    return chunks[ref >> 32].data + (uint32_t)ref;
}

/* The key of a record; *size < 2^21 takes at most 3 bytes of varint. */
static inline const uint8_t *kfi_sort_record_key(const uint8_t *record, size_t *size)
{
    size_t value = record[0];
    if (value < 0x80) {
        *size = value;
        return record + 1;
    }
    value = (value & 0x7f) | (size_t)(record[1] & 0x7f) << 7;
    if (record[1] < 0x80) {
        *size = value;
        return record + 2;
    }
    *size = value | (size_t)record[2] << 14;
    return record + 3;
}

/* Sorts by (key, ref). `word` need not be set. In place; the stack stays below 128 KiB whatever the
 * keys are. Time linear in the keys' distinguishing bytes. */
void kfi_sort_entries(kfi_sort_entry *entries, size_t count, const kfi_sort_chunk *chunks);

#endif
