/* What a library was built with: nothing that depends on the machine is left out silently. */
#ifndef KEYFOLD_FEATURES_H
#define KEYFOLD_FEATURES_H

#include <keyfold/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Lines of "name: value", each ended by a newline; more names may come:
 *
 *   instructions   the set that lookups use on this processor, then those that were built in
 *   zstd           version of the library that was compiled against
 *   utf8proc       the same
 *   pointers       32 or 64 bits: with 32, files of 2 GiB and more can't be opened
 *
 * A static string. Any thread. O(1). */
KF_API const char *kf_library_features(void);

#ifdef __cplusplus
}
#endif

#endif
