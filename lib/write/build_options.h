/* What a caller asks of a build, and what it is told: structs that may be older or newer than the library. */
#ifndef KFI_WRITE_BUILD_OPTIONS_H
#define KFI_WRITE_BUILD_OPTIONS_H

#include "base/error.h"

#include <keyfold/builder.h>

enum { KFI_BUILD_THREADS_MOST = 256 };

/* The options as far as they are given (NULL: not at all), the rest as it is by default. KF_INVALID. */
kf_status kfi_build_options_read(kf_build_options *out, const kf_build_options *given, kf_error *error);
/* Whether they are in range and go together. KF_INVALID. */
kf_status kfi_build_options_check(const kf_build_options *options, kf_error *error);

/* Whether a caller's report can be filled: KF_INVALID. */
kf_status kfi_build_report_check(const kf_build_report *report, kf_error *error);
void kfi_build_report_write(kf_build_report *report, const kf_build_report *from);

#endif
