/* Finding keys in a text, and the normal form of texts. */
#ifndef KEYFOLD_TEXT_H
#define KEYFOLD_TEXT_H

#include <keyfold/iter.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which of the occurrences that overlap are found. */
typedef enum kf_overlap {
    KF_OVERLAP_ALL = 0,        /* every occurrence of every key */
    KF_OVERLAP_LONGEST = 1     /* leftmost-longest: the longest key at a place, then on behind it */
} kf_overlap;

/* Where a key may begin and end. */
typedef enum kf_boundary {
    KF_BOUNDARY_BYTES = 0,        /* anywhere */
    KF_BOUNDARY_CODE_POINTS = 1,  /* not inside a UTF-8 sequence */
    KF_BOUNDARY_WORDS = 2,        /* not between two word characters: letters, marks, digits, connectors of
                                     Unicode (\w of a regular expression) */
    KF_BOUNDARY_CALLBACK = 3
} kf_boundary;

/* Not 0 when there is a boundary before text[position]; `position` may be text.size. */
typedef int (*kf_boundary_fn)(void *context, kf_bytes text, size_t position);

/* Which occurrences to find. */
typedef struct kf_find_options {
    size_t struct_size;           /* sizeof(kf_find_options), set by KF_FIND_OPTIONS_INIT */
    kf_overlap overlap;
    kf_boundary boundary;
    kf_boundary_fn is_boundary;   /* for KF_BOUNDARY_CALLBACK */
    void *boundary_context;
    kf_filter_fn filter;          /* may be NULL; applied before the choice of the longest */
    void *filter_context;
} kf_find_options;
#define KF_FIND_OPTIONS_INIT { sizeof(kf_find_options), KF_OVERLAP_ALL, KF_BOUNDARY_BYTES, NULL, NULL, NULL, NULL }

/* Occurrences of keys in `text`, by position, then by length; kf_iter_match has position and length. The text is not
 * copied: it must stay as it is while the iterator lives, and entry.key points into it. `options` NULL: the defaults.
 * The empty key is never found. The iterator is the caller's to destroy. O(text * longest match) at worst, all
 * together.
 *
 * If the dictionary's keys are in a normal form, they are found in that of the text, which is made beforehand and takes
 * somewhat more memory than the text. Position, length and boundaries are still those of the text. An occurrence
 * begins and ends between whole characters: a letter and the marks that join with it, and all that one character
 * becomes, are found together or not at all. entry.key is then the key, and not what stands in the text.
 * Errors: KF_INVALID (options), KF_NO_MEMORY; of kf_iter_next KF_CORRUPT. */
KF_API kf_status kf_iter_create_find(kf_iter **out, const kf_dict *dict, const void *text, size_t text_size,
                                     const kf_find_options *options, kf_error *error);

/* The normal form of a text (`flags`: KF_NORMALISE_..., values.h), as a dictionary that was built with the same flags
 * makes it of keys and of what is looked up. `form` is set to the text itself where that is normal and it is easy to
 * tell, else to bytes in `buffer` (valid until its next use). Any thread. O(text). Errors: KF_INVALID (flags),
 * KF_NO_MEMORY. */
KF_API kf_status kf_text_normalise(const void *text, size_t text_size, uint32_t flags, kf_buffer *buffer,
                                   kf_bytes *form);

#ifdef __cplusplus
}
#endif
#endif
