/* Numbers that nobody can foresee. */
#ifndef KFI_BASE_RANDOM_H
#define KFI_BASE_RANDOM_H

#include <stdint.h>

/* From the system; where that has none, from the clock and the process, which can be guessed. */
uint64_t kfi_random(void);

#endif
