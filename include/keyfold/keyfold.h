/* keyfold: one read-only file that maps keys to ordinals and values, shared by every process.
 *
 *   kf_builder  compiles key/value pairs, sorted or not, into a file     (builder.h)
 *   kf_dict     maps such a file and answers lookups                     (dict.h)
 *   kf_iter     yields entries: everything, a range, a query's hits      (iter.h)
 *   kf_query    a condition on keys: near a needle, a regular expression (query.h)
 *   also: keys in a text (text.h), union, difference, merge ... of dictionaries (set.h), several files as one
 *   dictionary (bundle.h)
 *   kf_names    an index of names, for the best matches of a name        (names.h)
 *   shared by them: status codes, errors, bytes, buffers (status.h), the kinds of values (values.h), how far a long
 *   call has come (progress.h), what was built in (features.h)
 *
 * Conventions throughout
 *   - Every fallible call returns a kf_status; results go through the first pointer arguments.
 *   - `kf_error *error` is optional (NULL is fine); it is written only when the status is a failure.
 *     KF_NOT_FOUND and KF_END are ordinary answers and leave it alone.
 *   - Keys and values are any bytes, NUL included; keys order by unsigned byte comparison.
 *   - `destroy`/`close` functions take a pointer to the handle, set it to NULL, and do nothing when it or what it
 *     points to is NULL.
 *   - A struct with a `struct_size` is begun with its ..._INIT macro, which sets that. Later versions of the library
 *     may add fields at its end. A program that was compiled before does not know them: options then have their
 *     defaults, and results leave them out. A program that was compiled against a newer version works too, unless it
 *     sets an option that the library does not know: KF_INVALID.
 *   - kf_match and kf_progress, which the library hands out by pointer, may grow at their ends too. kf_error, kf_bytes,
 *     kf_buffer, kf_entry and kf_prefix_match never change.
 *   - Unknown flags, and enumerators out of range, are refused with KF_INVALID.
 *   - An ordinal is the rank of a key among all keys of a dictionary, from 0.
 *   - No call needs more than 64 KiB of the calling thread's stack.
 */
#ifndef KEYFOLD_KEYFOLD_H
#define KEYFOLD_KEYFOLD_H

#include <keyfold/builder.h>
#include <keyfold/bundle.h>
#include <keyfold/dict.h>
#include <keyfold/features.h>
#include <keyfold/iter.h>
#include <keyfold/names.h>
#include <keyfold/progress.h>
#include <keyfold/query.h>
#include <keyfold/set.h>
#include <keyfold/status.h>
#include <keyfold/text.h>
#include <keyfold/values.h>

#endif
