#include "names/score/similarity.h"

#include "base/bits.h"

#include <math.h>

double kfi_score_value(kfi_score s)
{
    const uint64_t above = 2 * s.sum, below = KFI_SIMILARITY_ONE * s.tokens;
    if (!above) return 0;
    /* A quotient of 55 or 56 bits, the lowest of which says whether anything is left. */
    const unsigned shift = 55 + kfi_bit_width(below) - kfi_bit_width(above);
    uint64_t rest, quotient = kfi_wide_divide(kfi_wide_shifted(above, shift), below, &rest);
    quotient |= rest != 0;
    /* Rounded to 53 bits by hand, half to even: whatever the machine does when it converts. */
    const unsigned excess = kfi_bit_width(quotient) - 53;
    const uint64_t half = 1ull << (excess - 1);
    rest = quotient & kfi_mask64(excess);
    quotient >>= excess;
    if (rest > half || (rest == half && quotient & 1)) quotient++;
    return ldexp((double)quotient, (int)excess - (int)shift);
}
