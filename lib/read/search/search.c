#include "read/search/search.h"

#include <stdlib.h>

static const kfi_search_variant *choose(void)
{
    const char *limit = getenv("KEYFOLD_ISA");
    const int portable = limit && !strcmp(limit, "portable");
#if defined(__x86_64__)
    __builtin_cpu_init();    /* which not every compiler's library has done by now */
    int no_avx512 = portable || (limit && !strcmp(limit, "avx2"));
    const int bmi2 = __builtin_cpu_supports("bmi2") != 0;
    const int avx2 = bmi2 & (__builtin_cpu_supports("avx2") != 0) & (__builtin_cpu_supports("popcnt") != 0);
    const int avx512 = bmi2 & (__builtin_cpu_supports("avx512vbmi") != 0) & (__builtin_cpu_supports("avx512bw") != 0)
                     & (__builtin_cpu_supports("avx512vl") != 0);
    if (avx512 && !no_avx512) return &kfi_search_avx512;   /* unreachable: one way only on any one processor */
    if (avx2 && !portable) return &kfi_search_avx2;        /* unreachable: as above */
#elif defined(__aarch64__)
    if (!portable) return &kfi_search_neon;
#endif
    (void)portable;
    return &kfi_search_portable;
}

const kfi_search_variant *kfi_search_best(void)
{
    /* Racing first calls store the same pointer. */
    static const kfi_search_variant *best;
    const kfi_search_variant *known = __atomic_load_n(&best, __ATOMIC_ACQUIRE);
    if (!known) {
        known = choose();
        __atomic_store_n(&best, known, __ATOMIC_RELEASE);
    }
    return known;
}

kf_status kfi_prefixes(const kfi_keys *keys, kf_bytes text, kf_prefix_match *matches, size_t capacity,
                       size_t *count)
{
    const kfi_search_variant *variant = kfi_search_best();
    kf_prefix_match notes[KFI_STEP_NOTES];
    kfi_search s;
    kfi_step step = KFI_STEP_ON;
    *count = 0;
    if (keys->parameters.root_kind == KFI_ROOT_NONE) return KF_OK;
    if (keys->parameters.root_kind == KFI_ROOT_EMPTY_KEY) {
        matches[(*count)++] = (kf_prefix_match){ 0, 0 };
        return KF_OK;
    }
    kfi_search_text(&s, keys, text.data, text.size);
    while (step == KFI_STEP_ON) {
        size_t n = 0;
        step = variant->prefixes(keys, &s, notes, KFI_STEP_NOTES, &n);
        for (size_t i = 0; i < n; i++) {
            if (notes[i].ordinal >= keys->count) return KF_CORRUPT;
            if (*count == capacity && capacity) return KF_OK;
            if (!capacity) *count = 0;
            matches[(*count)++] = notes[i];
        }
    }
    return step == KFI_STEP_CORRUPT ? KF_CORRUPT : KF_OK;
}
