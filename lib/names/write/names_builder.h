/* What a builder of names indexes has collected while rows are added, and how it is finished. */
#ifndef KFI_NAMES_WRITE_NAMES_BUILDER_H
#define KFI_NAMES_WRITE_NAMES_BUILDER_H

#include "base/progress.h"
#include "names/process/process.h"
#include "names/write/token_count.h"
#include "write/budget.h"
#include "write/metadata_writer.h"
#include "write/values/column_writer.h"

#include <keyfold/names.h>

enum { KFI_ROWS_BUFFER = 1 << 20, KFI_ROWS_STEP = 1 << 16 };

struct kf_names_builder {
    kf_names_build_options options;
    char *path, *folder;
    kfi_array stored;              /* the section PROCESSING, of which `process` is made; empty: nothing is done */
    kfi_process process;
    kfi_process_scratch scratch;
    kfi_spool *rows;               /* id, name as it is compared, attribute: each a varint, its size, and its bytes */
    kfi_token_count *count;
    kfi_token_count *attributes;   /* NULL: none so far, but empty ones */
    kfi_column_builder *payloads;  /* the same */
    kfi_column_builder *texts;     /* the names as they were given; NULL: nothing is done to them */
    kfi_disk_account disk;
    uint32_t names;
    uint64_t name_bytes, id_bytes;
    uint32_t longest_name, most_tokens;
    int ids_are_numbers;
    int numbers_ascend, ids_ascend;   /* as numbers, as bytes: so they differ */
    uint64_t last_number;
    kfi_array last_id;
    kfi_metadata metadata;
    uint64_t metadata_bytes;
    kfi_progress reading;
    kf_status failed;              /* the first failure: nothing but destroy makes sense afterwards */
};

/* A kfi_progress's tell; the builder is its context. */
kf_status kfi_names_tell(void *builder, kf_phase phase, uint64_t done, uint64_t total, kf_error *error);
kfi_sort_options kfi_names_sort_options(kf_names_builder *builder, kf_value_type type, kf_duplicates duplicates);
/* Whether all ids differ, if they have to: KF_DUPLICATE. */
kf_status kfi_names_check_ids(kf_names_builder *builder, kf_error *error);
/* The next part of a row that is read from the spool; valid until the next call. */
kf_status kfi_names_take(kfi_spool_reader *reader, kf_bytes *bytes, kf_error *error);
/* Whether an id is what a u64 looks like in decimal; `number` is it. */
int kfi_names_read_number(kf_bytes id, uint64_t *number);

#endif
