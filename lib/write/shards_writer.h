/* Writing a dictionary of several shards: a file that embeds their images, or a manifest that names files.
 * The shards come in the order of their keys; what the header says of the whole adds up by itself.
 *
 *     kfi_bundle_create(&bundle, path, 1, error);
 *     for each shard: kfi_bundle_embed(bundle, image, first_key, last_key, error);
 *     kfi_bundle_finish(bundle, metadata, weights, NULL, error);
 *     kfi_bundle_destroy(&bundle); */
#ifndef KFI_WRITE_SHARDS_WRITER_H
#define KFI_WRITE_SHARDS_WRITER_H

#include "base/file.h"
#include "format/header.h"
#include "format/metadata.h"

#include <keyfold/values.h>

typedef struct kfi_bundle kfi_bundle;

/* Starts the file `path`. With images all shards are embedded, else all are referred to. */
kf_status kfi_bundle_create(kfi_bundle **out, const char *path, int with_images, kf_error *error);

/* As kfi_writer_protect. */
kf_status kfi_bundle_protect(kfi_bundle *bundle, kf_error *error);
/* See kfi_output_hurry. */
void kfi_bundle_hurry(kfi_bundle *bundle);

/* Appends a finished image (kfi_writer_take_image), which may be destroyed afterwards. It must not have shards
 * itself. KF_INVALID: it has no keys, its keys are not above those of the shard before, or its value type is
 * another; KF_LIMIT: more than KFI_SHARDS_LIMIT shards. */
kf_status kfi_bundle_embed(kfi_bundle *bundle, kfi_output *image, kf_bytes first, kf_bytes last,
                           kf_error *error);

/* Refers to a file by its header. `path` as it is to be stored. Errors as above. */
kf_status kfi_bundle_refer(kfi_bundle *bundle, const char *path, const kfi_header *header, kf_bytes first,
                           kf_bytes last, kf_error *error);

/* Publishes. `metadata` may be NULL; `weights` is what all shards have. `header` (may be NULL) is set to that of
 * the file. KF_INVALID without any shard. */
kf_status kfi_bundle_finish(kfi_bundle *bundle, const kfi_metadata *metadata, kf_weights weights,
                            kfi_header *header, kf_error *error);
void kfi_bundle_destroy(kfi_bundle **bundle);

#endif
