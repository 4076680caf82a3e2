#include "read/keys/fields_neon.h"

#define KFI_VARIANT kfi_search_neon
#define KFI_VARIANT_NAME "neon"
#include "read/search/variant_body.h"
