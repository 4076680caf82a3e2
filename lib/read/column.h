/* Reading the value column in place. Layouts are in format/FORMAT.md and format/column.h. Every
 * read is bounded whatever the bytes say. Thread rule: a kfi_column is read-only after open. */
#ifndef KFI_READ_COLUMN_H
#define KFI_READ_COLUMN_H

#include "base/error.h"

#include <keyfold/builder.h>

typedef struct kfi_column kfi_column;
/* What an iterator keeps between consecutive values: the last decoded block. */
typedef struct kfi_column_cursor kfi_column_cursor;

/* O(1). `section` has KFI_TAIL_PAD readable bytes after it. Allocates the small handle only (a
 * zstd dictionary is digested here, once, if the encoding has one). */
kf_status kfi_column_open(kfi_column **out, const uint8_t *section, uint64_t size,
                          kf_value_type type, kf_encoding encoding, uint64_t count,
                          kf_error *error);
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
/* As kf_dict_values_at_many. */
kf_status kfi_column_bytes_many(const kfi_column *column, const uint64_t *ordinals, size_t count,
                                kf_buffer *data, uint64_t *ends);
/* Asks, step by step, for the memory that the values of a few ordinals are read from. `ordinals` is scratch
 * afterwards. */
void kfi_column_ask_many(const kfi_column *column, uint64_t *ordinals, size_t count);
/* Appends a value to `data`, which has `used` bytes, unless it was put there already. KF_NO_MEMORY. */
kf_status kfi_column_gather(kf_buffer *data, uint64_t used, kf_bytes value);
/* Asks for the cache line that a later read of `ordinal` starts at. */
void kfi_column_prefetch(const kfi_column *column, uint64_t ordinal);

kf_status kfi_column_cursor_create(kfi_column_cursor **out, const kfi_column *column);
void kfi_column_cursor_destroy(kfi_column_cursor **cursor);

/* Walks the whole section: every offset, code and block. */
kf_status kfi_column_verify(const kfi_column *column, kf_error *error);

#endif
