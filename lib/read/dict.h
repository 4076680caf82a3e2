/* What a kf_dict is made of. */
#ifndef KFI_READ_DICT_H
#define KFI_READ_DICT_H

#include "base/file.h"
#include "format/metadata.h"
#include "read/blocks/blocks_reader.h"
#include "read/filter/fuse_reader.h"
#include "read/search/search.h"
#include "read/values/column_reader.h"
#include "read/values/weights_reader.h"

#include <keyfold/dict.h>

struct kf_dict {
    kfi_mapping mapping;
    kfi_header header;
    kfi_keys keys;
    kfi_column *column;           /* NULL without values */
    kfi_weights weights;
    kfi_blocks *blocks;           /* NULL: the keys are not in blocks */
    kfi_filter filter;            /* without a directory: none */
    kfi_metadata_view metadata;
    const kfi_search_variant *search;
    int special;                  /* has shards or a filter or makes keys normal: lookups ask this one question */
    struct kfi_shards *shards;    /* NULL: plain. Else keys, column and weights are empty (read/shards/shard_set.h) */
};

#endif
