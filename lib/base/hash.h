/* xxHash, compiled in: its states can lie on the stack and no symbol of it is looked up at run time. */
#ifndef KFI_BASE_HASH_H
#define KFI_BASE_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#endif
