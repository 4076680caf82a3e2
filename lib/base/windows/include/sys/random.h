#ifndef KFI_BASE_WINDOWS_INCLUDE_SYS_RANDOM_H
#define KFI_BASE_WINDOWS_INCLUDE_SYS_RANDOM_H

#include "../../posix.h"

#endif
