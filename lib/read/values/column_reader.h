/* Reading the value column in place. Layouts are drawn in FORMAT.md 5. Every
 * read is bounded whatever the bytes say. Thread rule: a kfi_column is read-only after open. */
#ifndef KFI_READ_VALUES_COLUMN_READER_H
#define KFI_READ_VALUES_COLUMN_READER_H

#include "base/error.h"
#include "base/progress.h"

#include <keyfold/values.h>

typedef struct kfi_column kfi_column;
/* What an iterator keeps between consecutive values: the last decoded block. */
typedef struct kfi_column_cursor kfi_column_cursor;

/* O(1). `section` has KFI_TAIL_PAD readable bytes after it. Allocates the small handle only (a
 * zstd dictionary is digested here, once, if the encoding has one). */
kf_status kfi_column_open(kfi_column **out, const uint8_t *section, uint64_t size,
                          kf_value_type type, uint64_t count, kf_error *error);
void kfi_column_close(kfi_column **column);

/* ordinal < count is the caller's duty. KF_CORRUPT, KF_TYPE, KF_NO_MEMORY. */
kf_status kfi_column_u64(const kfi_column *column, uint64_t ordinal, uint64_t *value);
/* The integers of the ordinals first .. first+count-1 (1 <= count), all of which exist and lie in one block of
 * KFI_PACKED_BLOCK. KF_CORRUPT, KF_TYPE. */
kf_status kfi_column_u64_run(const kfi_column *column, uint64_t first, unsigned count, uint64_t *values);
/* Whether the column says that all values are this integer. */
int kfi_column_constant(const kfi_column *column, uint64_t *value);
/* `cursor` may be NULL. */
kf_status kfi_column_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor,
                           kf_buffer *buffer, kf_bytes *value);

/* ---- values of many ordinals, in groups whose cache misses overlap ---------------------------- */

enum { KFI_COLUMN_GROUP = 32 };

/* The values of count <= KFI_COLUMN_GROUP ordinals, each in a column of its own; KF_ABSENT leaves its value alone.
 * All are tried. KF_CORRUPT, KF_TYPE, KF_NOT_FOUND for an ordinal beyond the column. */
kf_status kfi_column_u64_group(const kfi_column *const *columns, const uint64_t *ordinals, size_t count,
                               uint64_t *values);

/* Values put one behind the other, as kf_dict_value_at_many does. */
typedef struct kfi_column_gather {
    kf_buffer *data;
    uint64_t used, *ends;              /* ends: of the next value */
    kfi_column_cursor *cursor;         /* over `column`, or NULL */
    const kfi_column *column;
    kf_buffer buffer;
} kfi_column_gather;

void kfi_column_gather_begin(kfi_column_gather *gather, kf_buffer *data, uint64_t *ends);
/* Appends the values of a group; nothing for KF_ABSENT. Also KF_NO_MEMORY. */
kf_status kfi_column_gather_group(kfi_column_gather *gather, const kfi_column *const *columns,
                                  const uint64_t *ordinals, size_t count);
void kfi_column_gather_end(kfi_column_gather *gather);

/* Any number of ordinals in one column: as kf_dict_u64_at_many and kf_dict_value_at_many. */
kf_status kfi_column_u64_many(const kfi_column *column, const uint64_t *ordinals, size_t count, uint64_t *values);
kf_status kfi_column_bytes_many(const kfi_column *column, const uint64_t *ordinals, size_t count,
                                kf_buffer *data, uint64_t *ends);

kf_status kfi_column_cursor_create(kfi_column_cursor **out);
void kfi_column_cursor_destroy(kfi_column_cursor **cursor);

/* Walks the whole section: every offset, code and block. What the progress returns ends it. */
kf_status kfi_column_verify(const kfi_column *column, kfi_progress *progress, kf_error *error);

#endif
