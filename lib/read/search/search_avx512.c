#include "read/keys/fields_avx512.h"

#define KFI_VARIANT kfi_search_avx512
#define KFI_VARIANT_NAME "avx512"
#define KFI_VARIANT_FIND kfi_find_avx2
#include "read/search/variant_body.h"
