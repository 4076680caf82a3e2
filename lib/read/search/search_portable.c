#include "read/keys/fields_portable.h"

#define KFI_VARIANT kfi_search_portable
#define KFI_VARIANT_NAME "portable"
#include "read/search/variant_body.h"
