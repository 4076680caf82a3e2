/* One dictionary's sections from pairs in the order of their keys.
 *
 *   add ---> minimiser ---> plan ---> emit ---> writer
 *      |\--> value column ---------------------^
 *       \--> weights --------------------------^
 *        \-> keys in blocks, if asked for -----^
 *         \-> their filter, if asked for ------^
 *
 * With several threads the minimiser and the values are stages of a pipeline (pipeline.h), and the values are
 * encoded while the keys are (values.h); the bytes are the same. A weight that is given comes in front of the
 * value, as a varint. */
#ifndef KFI_WRITE_IMAGE_H
#define KFI_WRITE_IMAGE_H

#include "base/array.h"
#include "base/progress.h"
#include "format/metadata.h"
#include "write/budget.h"
#include "write/tokens/token_trainer.h"
#include "write/writer.h"

#include <keyfold/progress.h>
#include <keyfold/values.h>

/* Progress is reported after so much work with pairs: a pair is as much as its bytes, but at least a KiB. */
enum { KFI_PAIRS_STEP = 64 << 20 };
static inline uint64_t kfi_pair_work(uint64_t bytes) { return bytes < 1024 ? 1024 : bytes; }

typedef struct kfi_image_options {
    kf_value_type value_type;
    kf_encoding value_encoding;
    kf_weights weights;
    uint32_t normalise;            /* the normal form that the keys are in */
    kfi_image_shares shares;
    const char *folder;            /* of temporary files */
    kfi_disk_account *account;
    kfi_progress progress;
    uint64_t expected;             /* pairs, for progress; 0: not known */
    uint64_t expected_bytes;       /* of them */
    int similarity;                /* keys are to be in blocks too */
    int filter;                    /* and their hashes in a filter */
    kfi_effort effort;
    unsigned threads;              /* the caller's included, which alone tells progress; 0 is 1 */
} kfi_image_options;

typedef struct kfi_image kfi_image;

/* `options` is copied, the folder's name is not. */
kf_status kfi_image_create(kfi_image **out, const kfi_image_options *options, kf_error *error);
/* In strictly ascending order. `image` is a kfi_image: this is a sorter's sink. */
kf_status kfi_image_add(void *image, kf_bytes key, kf_bytes value, kf_error *error);
/* Once all pairs were added, or adding ended with `status`: what fails while the last ones are taken in comes
 * before it. Returns either. */
kf_status kfi_image_end(kfi_image *image, kf_status status, kf_error *error);
uint64_t kfi_image_keys(const kfi_image *image);
/* The first and the last key: valid until the image is destroyed. Once all pairs were added. */
void kfi_image_bounds(const kfi_image *image, kf_bytes *first, kf_bytes *last);
/* How many sections will be written, the checksum section included. */
uint32_t kfi_image_sections(const kfi_image *image);
/* Writes all sections and finishes the writer. `header` is set to what was written. */
kf_status kfi_image_write(kfi_image *image, const kfi_metadata *metadata, kfi_writer *writer, kfi_header *header,
                          kf_error *error);
void kfi_image_destroy(kfi_image **image);

#endif
