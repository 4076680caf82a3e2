/* Structs of the public interface that may grow at their end: options, which a caller hands in, and results, which
 * the library fills. Each begins with a size_t, `struct_size`, that the caller's compiler set to the sizeof it knew.
 * So an older program works with a newer library, and a newer one with an older library unless it uses a field that
 * the library does not know. */
#ifndef KFI_BASE_OPTIONS_H
#define KFI_BASE_OPTIONS_H

#include "base/error.h"

/* A size above any that such a struct will have: a larger one was never set. */
#define KFI_OPTIONS_SIZE_LIMIT 4096

typedef struct kfi_struct_kind {
    const char *name;          /* "kf_open_options" */
    size_t first_size;         /* what it had when it was first published: no program knows a smaller one */
    size_t size;               /* what it has now */
    const void *initial;       /* its ..._INIT */
} kfi_struct_kind;

/* The size of a struct whose last field is `field`. */
#define KFI_SIZE_THROUGH(type, field) (offsetof(type, field) + sizeof ((type *)0)->field)

/* Defines `kind` for a struct whose last field is `last_now` and was `last_first` when it was first published. A struct
 * must not end with padding: a later field would lie there, where older programs may have anything. (This is checked
 * where pointers are as wide as a uint64_t.) */
#define KFI_STRUCT_KIND(kind, type, initial, last_first, last_now)                                        \
    _Static_assert(sizeof (void *) < 8 || sizeof(type) == KFI_SIZE_THROUGH(type, last_now), "padding");   \
    static const type kind##_initial = initial;                                                           \
    static const kfi_struct_kind kind = { #type, KFI_SIZE_THROUGH(type, last_first), sizeof(type), &kind##_initial }

/* Copies a caller's options to `out`, which has the size that the library knows; what they lack has its default.
 * `given` NULL: all defaults. Errors: KF_INVALID (a size that was never set, or bytes that are not 0 where the library
 * knows no field). */
kf_status kfi_options_read(void *out, const void *given, const kfi_struct_kind *kind, kf_error *error);

/* Whether a caller's result can be filled. KF_INVALID. */
kf_status kfi_result_check(const void *result, const kfi_struct_kind *kind, kf_error *error);
/* Copies `from`, which has the size that the library knows, as far as there is room in the caller's `result`; what
 * that has beyond becomes 0. It keeps its struct_size. */
void kfi_result_write(void *result, const void *from, const kfi_struct_kind *kind);

#endif
