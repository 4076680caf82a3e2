#include "write/filter/filter_writer.h"

#include "base/array.h"
#include "write/filter/fuse.h"
#include "write/sort/sorter.h"

#include <stdlib.h>

enum {
    SPOOL_BUFFER = 256 << 10,
    PART_BITS = 16                 /* parts of 2^15 to 2^16 hashes on average */
};

struct kfi_filter_writer {
    kfi_spool *hashes;             /* of each key: 8 bytes, the high ones first, as they are sorted */
    uint64_t count, memory;
    const char *folder;
    kfi_disk_account *account;
    /* writing */
    kfi_writer *writer;
    unsigned bits;                 /* of the number of parts */
    uint64_t part;                 /* that the hashes at hand are of */
    uint64_t *part_hashes;         /* the first KFI_FUSE_MOST of them */
    size_t part_count;             /* all of them */
    uint64_t fingerprints;         /* written */
    kfi_array directory;
    kfi_fuse fuse;
};

kf_status kfi_filter_writer_create(kfi_filter_writer **out, uint64_t memory, const char *folder,
                                   kfi_disk_account *account, kf_error *error)
{
    kfi_filter_writer *f = *out = calloc(1, sizeof *f);
    if (!f) return kfi_fail_memory(error, sizeof *f);
    f->memory = memory;
    f->folder = folder;
    f->account = account;
    kf_status status = kfi_spool_create(&f->hashes, folder, SPOOL_BUFFER, account, error);
    if (status) kfi_filter_writer_destroy(out);
    return status;
}

void kfi_filter_writer_destroy(kfi_filter_writer **filter)
{
    kfi_filter_writer *f = *filter;
    if (!f) return;
    kfi_spool_destroy(&f->hashes);
    kfi_array_free(&f->directory);
    kfi_fuse_free(&f->fuse);
    free(f->part_hashes);
    free(f);
    *filter = NULL;
}

kf_status kfi_filter_writer_add(kfi_filter_writer *f, kf_bytes key, kf_error *error)
{
    uint8_t bytes[8];
    const uint64_t hash = kfi_filter_hash(key.data, key.size);
    for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(hash >> (56 - 8 * i));
    f->count++;
    return kfi_spool_write(f->hashes, bytes, sizeof bytes, error);
}

/* Ends the part at hand; more hashes than it can have, which only an enemy's keys have, make it let all pass. */
static kf_status close_part(kfi_filter_writer *f, kf_error *error)
{
    kfi_filter_part part;
    uint8_t entry[KFI_FILTER_ENTRY] = { 0 };
    kfi_fuse_make(&f->fuse, f->part_hashes, f->part_count <= KFI_FUSE_MOST ? f->part_count : 0, &part);
    const size_t size = (size_t)kfi_filter_part_size(&part);
    kfi_store64(entry, f->fingerprints);
    kfi_store32(entry + 8, part.segments);
    entry[12] = part.segment_bits;
    entry[13] = part.seed;
    f->fingerprints += size;
    f->part++;
    f->part_count = 0;
    kf_status status = kfi_array_append(&f->directory, entry, sizeof entry, error);
    return status || !size ? status : kfi_writer_write(f->writer, f->fuse.fingerprints, size, error);
}

static kf_status take_hash(void *self, kf_bytes bytes, kf_bytes unused, kf_error *error)
{
    kfi_filter_writer *f = self;
    kf_status status = KF_OK;
    uint64_t hash = 0;
    (void)unused;
    for (unsigned i = 0; i < 8; i++) hash = hash << 8 | bytes.data[i];
    while (!status && f->part < kfi_filter_part_of(hash, f->bits)) status = close_part(f, error);
    if (f->part_count < KFI_FUSE_MOST) f->part_hashes[f->part_count] = hash;
    f->part_count++;
    return status;
}

static kf_status sort_hashes(kfi_filter_writer *f, kfi_sorter *sorter, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    const uint8_t *hash;
    kf_status status = kfi_spool_finish(f->hashes, error);
    if (!status) status = kfi_spool_reader_create(&reader, f->hashes, 0, SPOOL_BUFFER, error);
    for (uint64_t i = 0; i < f->count && !status; i++) {
        status = kfi_spool_reader_take(reader, 8, &hash, error);
        if (status == KF_END) status = kfi_fail(error, KF_CORRUPT, "a temporary file of hashes was changed");
        if (!status) status = kfi_sorter_add(sorter, (kf_bytes){ hash, 8 }, (kf_bytes){ NULL, 0 }, error);
    }
    kfi_spool_reader_destroy(&reader);
    return status ? status : kfi_sorter_finish(sorter, take_hash, f, error);
}

static kf_status write_parts(kfi_filter_writer *f, kf_error *error)
{
    const kfi_sort_options sort = { .memory = f->memory, .folder = f->folder, .duplicates = KF_DUPLICATES_FIRST,
                                    .value_type = KF_VALUES_NONE, .account = f->account };
    kfi_sorter *sorter = NULL;
    kf_status status = kfi_fuse_create(&f->fuse, error);
    if (!status) status = kfi_sorter_create(&sorter, &sort, error);
    if (!status) status = sort_hashes(f, sorter, error);
    kfi_sorter_destroy(&sorter);
    while (!status && f->part >> f->bits == 0) status = close_part(f, error);
    return status;
}

kf_status kfi_filter_writer_write(kfi_filter_writer *f, kfi_writer *writer, kf_error *error)
{
    uint8_t head[KFI_FILTER_HEAD] = { 0 };
    f->writer = writer;
    while (f->count >> f->bits > 1 << PART_BITS) f->bits++;
    f->part_hashes = malloc(KFI_FUSE_MOST * sizeof *f->part_hashes);
    if (!f->part_hashes) return kfi_fail_memory(error, KFI_FUSE_MOST * sizeof *f->part_hashes);
    head[0] = (uint8_t)f->bits;
    kf_status status = kfi_writer_begin(writer, KFI_SECTION_FILTER, error);
    if (!status) status = kfi_writer_write(writer, head, sizeof head, error);
    if (!status) status = write_parts(f, error);
    kfi_store64(head, f->fingerprints);
    if (!status) status = kfi_writer_patch(writer, 8, head, 8, error);
    if (!status) status = kfi_writer_write(writer, f->directory.data, f->directory.size, error);
    return status ? status : kfi_writer_end(writer, error);
}
