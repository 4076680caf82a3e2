/* Many keys become several automata, side by side: ranges of keys of about the same size are scanned, minimised
 * and encoded by threads, and their images put into one file in order. Where the ranges part follows from the set
 * of keys alone (key_sample.h), and what encodings are chosen by from the memory alone, so the file is the same
 * whatever the number of threads, as long as the register of states is exact. */
#ifndef KFI_WRITE_SHARDED_H
#define KFI_WRITE_SHARDED_H

#include "write/image.h"
#include "write/room.h"
#include "write/sort/sorter.h"

enum { KFI_SHARDED_MOST = 64 };

typedef struct kfi_sharded_options {
    kfi_image_options image;       /* but for its shares; `expected` pairs in all */
    uint64_t memory;               /* the limit */
    const char *path;
    int replace_any;               /* see KF_BUILD_REPLACE_ANY */
    int hurry;                     /* see KF_BUILD_NO_SYNC */
    const kfi_metadata *metadata;
    unsigned threads, shards;
    uint64_t distinct;             /* keys in all, about */
    kfi_room room;
    uint64_t kept;                 /* bytes of temporary files that stay until the file is written */
    uint64_t *file_bytes;          /* kept at what the file will have, as far as the images so far tell */
} kfi_sharded_options;

/* Whether so many pairs may have to be divided, given what kf_build_options says of shards. */
int kfi_sharded_is_worth(unsigned shards, uint64_t pairs);
/* How many images are made at once: the threads, as far as the memory is enough for each. */
unsigned kfi_sharded_threads(const kfi_sharded_options *options);
/* How many shards so many distinct keys are divided among. */
unsigned kfi_sharded_count(const kfi_sharded_options *options, uint64_t distinct);
/* The sorter is sealed for kfi_sharded_threads scans. Progress is told on the caller's thread. The lowest key
 * that is refused decides which error is returned. */
kf_status kfi_sharded_write(const kfi_sharded_options *options, kfi_sorter *sorter, kfi_header *header,
                            uint64_t *shards, kf_error *error);

#endif
