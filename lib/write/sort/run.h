/* Runs: sorted sequences of pairs in a temporary file, front-coded.
 *
 *   RUN     blocks, one after the other in a spool that several runs share
 *   BLOCK   u32 size of what follows | records | KFI_SORT_PAD zero bytes
 *   RECORD  u8 lcp:4 suffix:4 | [varint lcp - 15] | [varint suffix - 15] | suffix bytes | field
 *
 * lcp is the length that the key shares with the previous key of the run, suffix the length of the
 * rest; 15 in a nibble says that a varint has what exceeds it. A record never crosses a block, so a
 * reader checks bounds against the end of one block only. The first record of a marked block has lcp 0
 * whatever the keys share. */
#ifndef KFI_WRITE_SORT_RUN_H
#define KFI_WRITE_SORT_RUN_H

#include "base/array.h"
#include "base/file.h"
#include "write/sort/pair.h"

/* A block from which on a run can be read by itself, since its first record has its key whole. */
typedef struct kfi_run_mark {
    uint64_t offset;           /* in the run */
    size_t text;               /* where the key's first bytes begin among the marks' */
    size_t size;               /* how many of them there are */
} kfi_run_mark;

typedef struct kfi_run {
    kfi_spool *spool;
    uint64_t offset, size;     /* in the spool */
    uint64_t order;            /* runs with equal keys are merged in this order */
    size_t longest_key, longest_field;
    size_t largest_block;      /* with its size and pad */
    uint64_t hash;             /* of the blocks, if the writer was `hashed` */
    uint64_t mark_step;        /* bytes from one mark to the next, at least */
    kfi_array marks, text;     /* of kfi_run_mark, and the bytes of their keys */
} kfi_run;

void kfi_run_free(kfi_run *run);

/* Zero-initialise it. A run is written in one or more segments: sequences of pairs of which each
 * begins at or above the last key of the one before. */
typedef struct kfi_run_writer {
    kfi_run run;
    kfi_spool *spool;
    size_t block_target;
    uint8_t *block;
    size_t block_used, block_capacity;
    uint8_t *last_key;
    size_t last_size, last_capacity;
    int segment_start;
    int hashed;
} kfi_run_writer;

/* The hash of blocks, the last of which is `records` with their pad, if that of those before is `before`. */
uint64_t kfi_run_hash(uint64_t before, const uint8_t *records, size_t size);
/* Begins a new run at the end of the spool. What `run` was is the caller's. */
void kfi_run_writer_begin(kfi_run_writer *writer, kfi_spool *spool, size_t block_target, uint64_t mark_step);
/* Begins a segment whose keys and fields are at most so long. */
kf_status kfi_run_writer_segment(kfi_run_writer *writer, size_t longest_key, size_t longest_field,
                                 kf_error *error);
/* The type is that of kfi_sort_fold's emit. */
kf_status kfi_run_writer_put(void *self, const kfi_sort_pair *pair, kf_error *error);
/* Ends a segment; `run` is then complete unless another segment follows. */
kf_status kfi_run_writer_flush(kfi_run_writer *writer, kf_error *error);
void kfi_run_writer_free(kfi_run_writer *writer);
/* Bytes that a writer of such pairs allocates. */
uint64_t kfi_run_writer_memory(size_t block_target, size_t longest_key, size_t longest_field);

/* Zero-initialise it. `pair` is the pair that kfi_run_reader_next read last; damage to the file
 * can make it wrong or KF_CORRUPT, never more. */
typedef struct kfi_run_reader {
    kfi_spool_reader *input;
    kf_value_type type;
    uint64_t left;             /* bytes of the run that aren't in the block at hand */
    size_t largest_block, longest_key, longest_field;
    const uint8_t *block, *at, *end;   /* of the block at hand: its first record, the next one, its end */
    uint8_t *key;
    size_t key_size;
    kfi_sort_pair pair;
    const kfi_run *run;
    uint64_t discarded, discard_end;   /* bytes of the run from, and up to which it can be given back to the disk */
} kfi_run_reader;

/* A range of keys. Ranges of one run that are read side by side part at keys of at most 255 bytes. */
typedef struct kfi_key_range {
    kf_bytes from, to;         /* from <= key < to */
    int has_to;
} kfi_key_range;

/* `buffer_size` should be at least run->largest_block. Reading begins at some key that is not above the range's
 * first, whose lcp is then 0, and does not stop at its last. What is behind is discarded as far as only this
 * range has it; a run is read once. */
kf_status kfi_run_reader_open(kfi_run_reader *reader, const kfi_run *run, const kfi_key_range *range,
                              size_t buffer_size, kf_value_type type, kf_error *error);
kf_status kfi_run_reader_next(kfi_run_reader *reader, kf_error *error);
void kfi_run_reader_close(kfi_run_reader *reader);
/* Bytes that a reader allocates besides its buffer. */
uint64_t kfi_run_reader_memory(const kfi_run *run);

/* For a run that others wrote: reads all of it, giving each key to `see`; checks its hash and makes its marks, which
 * are empty before. KF_CORRUPT. */
typedef kf_status (*kfi_key_sink)(void *context, kf_bytes key, kf_error *error);
kf_status kfi_run_read_back(kfi_run *run, size_t buffer_size, kf_value_type type, kfi_key_sink see, void *context,
                            kf_error *error);

#endif
