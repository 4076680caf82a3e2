/* keyfold: one read-only file that maps keys to ordinals and values, shared by every process.
 *
 *   kf_builder  compiles key/value pairs, sorted or not, into a file     (builder.h)
 *   kf_dict     maps such a file and answers lookups                     (dict.h)
 *   kf_iter     yields entries: everything, a range, a query's hits      (iter.h)
 *   kf_query    a condition on keys: near a needle, a regular expression (query.h)
 *   also: keys in a text (text.h), union, difference, merge ... of dictionaries (set.h), several files as one
 *   dictionary (bundle.h)
 *   shared by them: status codes, errors, bytes, buffers (status.h), the kinds of values (values.h), how far a long
 *   call has come (progress.h)
 *
 * Conventions throughout
 *   - Every fallible call returns a kf_status; results go through the first pointer arguments.
 *   - `kf_error *error` is optional (NULL is fine); it is written only when the status is a failure.
 *     KF_NOT_FOUND and KF_END are ordinary answers and leave it alone.
 *   - Keys and values are any bytes, NUL included; keys order by unsigned byte comparison.
 *   - `destroy`/`close` functions take a pointer to the handle, accept NULL and clear the handle.
 *   - An ordinal is the rank of a key among all keys of a dictionary, from 0.
 */
#ifndef KEYFOLD_KEYFOLD_H
#define KEYFOLD_KEYFOLD_H

#include <keyfold/builder.h>
#include <keyfold/bundle.h>
#include <keyfold/dict.h>
#include <keyfold/iter.h>
#include <keyfold/progress.h>
#include <keyfold/query.h>
#include <keyfold/set.h>
#include <keyfold/status.h>
#include <keyfold/text.h>
#include <keyfold/values.h>

#endif
