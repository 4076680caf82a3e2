#include "read/keys/fields_avx2.h"

#define KFI_VARIANT kfi_search_avx2
#define KFI_VARIANT_NAME "avx2"
#include "read/search/variant_body.h"

kf_status kfi_find_avx2(const kfi_keys *keys, const uint8_t *key, size_t size, uint64_t *ordinal)
{
    return find(keys, key, size, ordinal);
}
