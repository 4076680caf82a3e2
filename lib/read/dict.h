/* What a kf_dict is made of. */
#ifndef KFI_READ_DICT_H
#define KFI_READ_DICT_H

#include "base/file.h"
#include "format/metadata.h"
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
    kfi_metadata_view metadata;
    const kfi_search_variant *search;
    struct kfi_shards *shards;    /* NULL: plain. Else keys, column and weights are empty (read/shards/shard_set.h) */
};

/* What plain and sharded dictionaries have: header and metadata. The mapping is the dictionary's from here on,
 * whatever comes back. */
kf_status kfi_dict_open_frame(kf_dict **out, kfi_mapping mapping, kf_error *error);
/* What plain ones have besides. */
kf_status kfi_dict_open_parts(kf_dict *dict, kf_error *error);

/* Both, of a mapped file or image that has no shards. */
kf_status kfi_dict_open_plain(kf_dict **out, kfi_mapping mapping, kf_error *error);
/* Of a sharded one, all but the shards. */
void kfi_dict_close_plain(kf_dict **dict);
void kfi_dict_stat_plain(const kf_dict *dict, kf_dict_stat *stat);

#endif
