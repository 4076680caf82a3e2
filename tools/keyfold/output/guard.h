/* Output that is to be read again as what it is. */
#ifndef TOOL_OUTPUT_GUARD_H
#define TOOL_OUTPUT_GUARD_H

#include <keyfold/keyfold.h>

/* Whether an output that begins with these bytes would be taken for something else than lines, or fields that end with
 * NUL, of text. */
int guard_misleads(kf_bytes first, int is_nul);

#endif
