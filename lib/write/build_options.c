#include "write/build_options.h"

#include "base/normalise.h"
#include "base/options.h"
#include "format/column.h"
#include "write/budget.h"
#include "write/sharded.h"

/* Published first without weights and all that follows them. */
KFI_STRUCT_KIND(options_kind, kf_build_options, KF_BUILD_OPTIONS_INIT, progress_context, flags);
KFI_STRUCT_KIND(report_kind, kf_build_report, KF_BUILD_REPORT_INIT, shards, shards);

kf_status kfi_build_options_read(kf_build_options *out, const kf_build_options *given, kf_error *error)
{
    return kfi_options_read(out, given, &options_kind, error);
}

kf_status kfi_build_options_check(const kf_build_options *o, kf_error *error)
{
    if ((unsigned)o->value_type > KF_VALUES_BYTES || (unsigned)o->duplicates > KF_DUPLICATES_JOIN)
        return kfi_fail(error, KF_INVALID, "value type or duplicates policy out of range");
    if (o->duplicates == KF_DUPLICATES_JOIN && o->value_type != KF_VALUES_BYTES)
        return kfi_fail(error, KF_INVALID, "the duplicates policy join needs values of bytes");
    if (o->duplicates >= KF_DUPLICATES_SUM && o->duplicates <= KF_DUPLICATES_MAX && o->value_type != KF_VALUES_U64)
        return kfi_fail(error, KF_INVALID, "the duplicates policies sum, min and max need u64 values");
    if (o->flags & ~(uint32_t)(KF_BUILD_REPLACE_ANY | KF_BUILD_SIMILARITY | KF_BUILD_FILTER | KF_BUILD_NO_SYNC
                               | KF_BUILD_FAST | KF_BUILD_BEST))
        return kfi_fail(error, KF_INVALID, "unknown flags for a build: %#x", o->flags);
    if (o->flags & KF_BUILD_FAST && o->flags & KF_BUILD_BEST)
        return kfi_fail(error, KF_INVALID, "KF_BUILD_FAST and KF_BUILD_BEST do not go together");
    if ((unsigned)o->weights > KF_WEIGHTS_GIVEN)
        return kfi_fail(error, KF_INVALID, "weights are out of range");
    if (o->weights == KF_WEIGHTS_VALUE && o->value_type != KF_VALUES_U64)
        return kfi_fail(error, KF_INVALID, "values are weights only if they are u64");
    if (o->weights == KF_WEIGHTS_GIVEN && o->duplicates >= KF_DUPLICATES_SUM)
        return kfi_fail(error, KF_INVALID,
                        "the duplicates policies sum, min, max and join do not go with given weights");
    if (o->threads > KFI_BUILD_THREADS_MOST || o->shards > KFI_SHARDED_MOST)
        return kfi_fail(error, KF_INVALID, "at most %d threads and %d shards", KFI_BUILD_THREADS_MOST,
                        KFI_SHARDED_MOST);
    if (o->memory_limit && o->memory_limit < KFI_MEMORY_LEAST)
        return kfi_fail(error, KF_INVALID, "the memory limit must be at least 16 MiB");
    uint32_t normalise = o->normalise;
    kf_status status = kfi_normalise_flags(&normalise, error);
    return status ? status : kfi_encoding_check(o->value_encoding, o->value_type, error);
}

kf_status kfi_build_report_check(const kf_build_report *report, kf_error *error)
{
    return kfi_result_check(report, &report_kind, error);
}

void kfi_build_report_write(kf_build_report *report, const kf_build_report *from)
{
    kfi_result_write(report, from, &report_kind);
}
