#ifndef KFI_BASE_WINDOWS_INCLUDE_SYS_STATVFS_H
#define KFI_BASE_WINDOWS_INCLUDE_SYS_STATVFS_H

#include "../../posix.h"

#endif
