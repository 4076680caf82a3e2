#ifndef KFI_BASE_WINDOWS_INCLUDE_SYS_MMAN_H
#define KFI_BASE_WINDOWS_INCLUDE_SYS_MMAN_H

#include "../../posix.h"

#endif
