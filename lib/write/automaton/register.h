/* The register of incremental minimisation (Daciuk, Mihov, Watson & Watson 2000): which states have
 * been seen, by a keyed 128-bit fingerprint of their right language.
 *
 * It is exact while it fits its memory. Beyond that it keeps two generations: lookups promote to the
 * young one, and when that is full the old one is dropped, so that states used lately survive. A
 * forgotten state that comes again is stored again: the result is correct, but not minimal. */
#ifndef KFI_WRITE_AUTOMATON_REGISTER_H
#define KFI_WRITE_AUTOMATON_REGISTER_H

#include "base/error.h"

typedef struct kfi_fingerprint {
    uint64_t low, high;
} kfi_fingerprint;

typedef struct kfi_register kfi_register;

/* `memory`: bytes that the tables may use in all, also while one is being grown. */
kf_status kfi_register_create(kfi_register **out, uint64_t memory, kf_error *error);

/* Finds the id of `fingerprint`, or enters it with `new_id`. `*found` tells which; `*id` is the id
 * in either case. `tally` is a second hash of the same right language, of which only the estimate
 * below depends: without a secret key, so that the estimate is the same each time. Expected O(1). */
kf_status kfi_register_enter(kfi_register *reg, kfi_fingerprint fingerprint, uint64_t tally,
                             uint64_t new_id, int *found, uint64_t *id, kf_error *error);

/* How many distinct fingerprints were entered: exact while nothing has been dropped, afterwards an
 * estimate (HyperLogLog, Flajolet et al. 2007; standard error 0.8 %). */
uint64_t kfi_register_distinct(const kfi_register *reg);
int kfi_register_is_exact(const kfi_register *reg);

void kfi_register_destroy(kfi_register **reg);

#endif
