#include "read/keys/order.h"
#include "read/search/descent.h"

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
