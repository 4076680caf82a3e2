#include "read/keys/fields_avx2.h"

#define KFI_VARIANT kfi_search_avx2
#define KFI_VARIANT_NAME "avx2"
#include "read/search/variant_body.h"
