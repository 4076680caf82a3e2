/* The section BLOCKS: keys of one length side by side, those with the same letters as neighbours. */
#ifndef KFI_WRITE_BLOCKS_BLOCKS_WRITER_H
#define KFI_WRITE_BLOCKS_BLOCKS_WRITER_H

#include "write/sort/sorter.h"
#include "write/writer.h"

/* Distinct keys and their ids, which are gone through twice, each time in the same order. */
typedef struct kfi_block_source {
    void *context;
    kf_status (*begin)(void *context, kf_error *error);
    kf_status (*next)(void *context, kf_bytes *key, uint32_t *id, kf_error *error);   /* KF_END after the last one */
    void (*end)(void *context);    /* also after a begin that failed */
    uint32_t count;                /* of keys; ids are below it */
    uint32_t longest;              /* units of a key in a block, at most KFI_BLOCK_KEY_LENGTH */
    uint32_t *places;              /* NULL, or by id: becomes where among the keys in blocks each of them is */
} kfi_block_source;

/* `sort` says how to sort keys, and where temporary files go. */
kf_status kfi_blocks_write(const kfi_block_source *source, const kfi_sort_options *sort, kfi_writer *writer,
                           kf_error *error);

#endif
