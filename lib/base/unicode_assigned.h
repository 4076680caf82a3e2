/* Which code points Unicode 13.0 assigns (General_Category other than Cn). By its stability policies, what it says of
 * them in folding case and in normalising holds in all later versions; of all others it says nothing that does. */
#ifndef KFI_BASE_UNICODE_ASSIGNED_H
#define KFI_BASE_UNICODE_ASSIGNED_H

#include <stddef.h>
#include <stdint.h>

int kfi_unicode_assigned(uint32_t code);

#endif
