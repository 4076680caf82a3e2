/* All that is compiled once for each instruction set: what a file is that includes this after its fields and with
 * KFI_VARIANT and KFI_VARIANT_NAME defined, and KFI_VARIANT_FIND if a single key is better looked up by another one. */
#include "read/search/batch_body.h"
#include "read/search/search_body.h"
#include "read/search/outline_body.h"
#include "read/search/list_body.h"
#include "read/search/along_body.h"
#include "read/search/hunt_body.h"

#ifndef KFI_VARIANT_FIND
#define KFI_VARIANT_FIND find
#endif

const kfi_search_variant KFI_VARIANT = {
    KFI_VARIANT_NAME, KFI_VARIANT_FIND, find_many, prefixes, hunt, prefix_range, rank_key, list
};
