/* What iterators over several dictionaries share: limit and filter of the result, and values that are read
 * from whichever member has the entry. */
#ifndef KFI_QUERY_SETS_GROUPED_H
#define KFI_QUERY_SETS_GROUPED_H

#include "query/sets/groups.h"

typedef struct kfi_grouped {
    kf_iter iter;
    kfi_groups groups;
    struct kfi_parked *parked;  /* of each member, while the iterator reads from another; NULL: no bytes */
    size_t source;              /* whose cursor the iterator holds */
    uint64_t left;
    kf_filter_fn filter;
    void *filter_context;
} kfi_grouped;

/* Creates an iterator of `size` bytes, which begins with a kfi_grouped. KF_INVALID (no dictionary, options),
 * KF_TYPE, KF_NO_MEMORY, KF_CORRUPT. */
kf_status kfi_grouped_create(kf_iter **out, size_t size, const kfi_iter_class *class,
                             const kf_dict *const *dicts, size_t count, kfi_group_keys keys,
                             const kf_iter_options *within, kf_error *error);
void kfi_grouped_destroy(kf_iter *iter);

/* Makes a member's entry under the groups' key the current one. `*kept` tells whether it is to be returned: 0 when the
 * filter drops it. Errors: those of kfi_shards_member. */
kf_status kfi_grouped_emit(kfi_grouped *g, kfi_group_entry from, kf_entry *entry, int *kept);

/* The result of `next` for a failure: names the member in the match. */
static inline kf_status kfi_grouped_fail(kfi_grouped *g, kf_status status)
{
    if (status != KF_END) g->iter.match.source = g->groups.culprit;
    return status;
}

#endif
