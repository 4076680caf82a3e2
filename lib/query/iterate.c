/* kf_iter_create: which kind of iterator answers the options. */
#include "read/iter.h"

kf_status kf_iter_create(kf_iter **out, const kf_dict *dict, const kf_iter_options *options, kf_error *error)
{
    kf_iter_options all = KF_ITER_OPTIONS_INIT;
    uint64_t low, high;
    *out = NULL;
    if (!options) options = &all;
    kf_status status = kfi_iter_check(options, error);
    if (!status) status = kfi_iter_range(dict, options, &low, &high, error);
    if (status) return status;
    return kfi_iter_plain(out, dict, low, high, options->limit, options->flags & KF_ITER_REVERSE, error);
}
