/* What all dictionaries have in one file or image: opening it, its keys, what it takes. Those that have no shards, the
 * plain ones, have nothing else, so this lies below all that knows of shards (read/shards). */
#ifndef KFI_READ_PLAIN_H
#define KFI_READ_PLAIN_H

#include "read/dict.h"

/* Opens what any dictionary has: header and metadata. The mapping is the dictionary's from here on, whatever comes
 * back; on failure `*out` is NULL. */
kf_status kfi_plain_begin(kf_dict **out, kfi_mapping mapping, kf_error *error);
/* Opens the rest of one that has no shards. On failure it is still to be closed. */
kf_status kfi_plain_open_parts(kf_dict *dict, kf_error *error);
/* Both; KF_CORRUPT if it has shards. */
kf_status kfi_plain_open(kf_dict **out, kfi_mapping mapping, kf_error *error);
/* Frees all but shards, and sets the pointer to NULL, which it may be. */
void kfi_plain_close(kf_dict **dict);

/* As kf_dict_key_at, for an ordinal below the count. */
kf_status kfi_plain_key_at(const kf_dict *dict, uint64_t ordinal, kf_buffer *buffer, kf_bytes *key);

/* What the file says by itself. */
void kfi_plain_stat(const kf_dict *dict, kf_dict_stat *stat);

#endif
