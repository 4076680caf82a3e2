#ifndef KFI_BASE_WINDOWS_INCLUDE_SYS_FILE_H
#define KFI_BASE_WINDOWS_INCLUDE_SYS_FILE_H

#include "../../posix.h"

#endif
