#include "read/search/search.h"

#include <keyfold/features.h>

#include <string.h>
#include <utf8proc.h>
#include <zstd.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define UTF8PROC TEXT(UTF8PROC_VERSION_MAJOR) "." TEXT(UTF8PROC_VERSION_MINOR) "." TEXT(UTF8PROC_VERSION_PATCH)
#if UINTPTR_MAX > UINT32_MAX
#define POINTERS "64"
#else
#define POINTERS "32"
#endif

#if defined(__x86_64__)
#define BUILT_IN "portable avx2 avx512"
#elif defined(__aarch64__)
#define BUILT_IN "portable neon"
#else
#define BUILT_IN "portable"
#endif

#define FEATURES(used) \
    { used, "instructions: " used ", of " BUILT_IN "\nzstd: " ZSTD_VERSION_STRING "\nutf8proc: " UTF8PROC \
            "\npointers: " POINTERS "\n" }

static const struct { const char *used, *text; } features[] = {
    FEATURES("portable"),
#if defined(__x86_64__)
    FEATURES("avx2"), FEATURES("avx512"),
#elif defined(__aarch64__)
    FEATURES("neon"),
#endif
};

const char *kf_library_features(void)
{
    const char *used = kfi_search_best()->name;
    for (size_t i = 1; i < sizeof features / sizeof *features; i++)
        if (!strcmp(features[i].used, used)) return features[i].text;
    return features[0].text;
}
