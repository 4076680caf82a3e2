/* One dictionary from several files: a manifest names dictionaries whose keys do not overlap, and is opened as
 * any other file (kf_dict_open). It has their keys under one numbering, and all calls, queries and iterators
 * work on it. Files that are large or that change at different times need not be copied into one. */
#ifndef KEYFOLD_BUNDLE_H
#define KEYFOLD_BUNDLE_H

#include <keyfold/dict.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the members' metadata. */
typedef enum kf_bundle_metadata {
    KF_BUNDLE_METADATA_SAME = 0,     /* all members must have the same, which the bundle then has */
    KF_BUNDLE_METADATA_COMMON = 1,   /* the entries that all members agree on */
    KF_BUNDLE_METADATA_NONE = 2
} kf_bundle_metadata;

enum {
    KF_BUNDLE_ABSOLUTE = 1u << 0,    /* name all members by absolute paths */
    KF_BUNDLE_REPLACE_ANY = 1u << 1  /* see KF_BUILD_REPLACE_ANY */
};

/* How to write a manifest. */
typedef struct kf_bundle_options {
    size_t struct_size;              /* sizeof(kf_bundle_options), set by KF_BUNDLE_OPTIONS_INIT */
    uint32_t flags;                  /* KF_BUNDLE_... */
    kf_bundle_metadata metadata;
} kf_bundle_options;
#define KF_BUNDLE_OPTIONS_INIT { sizeof(kf_bundle_options), 0, KF_BUNDLE_METADATA_SAME }

/* The members of a bundle; those of a file that has shards itself count each. */
#define KF_BUNDLE_LIMIT 4096

/* Writes the manifest `path` (by convention it ends in .kfm) of the files `members`, in any order; a keyfold
 * file at `path` is replaced atomically. Members that lie in or near the manifest's folder are named relative to it,
 * so that all may be moved together, others absolutely. A member must not be changed or replaced afterwards:
 * whatever opens it notices it by the build id and fails. Members without keys are checked and left out. The members of
 * a manifest stand in its place and are not opened, so that manifests can be made of manifests, where the files
 * themselves are not at hand; but not if one of them has shards itself. `options` may be
 * NULL. Costs O(members), whatever their size; they are not verified.
 * Errors: KF_INVALID (options; another kind of file at `path`; key ranges that overlap; values or weights of different
 * kinds; different metadata; a manifest of files with shards; no keys at all), those of kf_dict_open, KF_LIMIT,
 * KF_NO_SPACE. */
KF_API kf_status kf_bundle_write(const char *path, const char *const *members, size_t count,
                                 const kf_bundle_options *options, kf_error *error);

#ifdef __cplusplus
}
#endif
#endif
