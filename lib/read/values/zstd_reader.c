/* Values in zstd blocks.
 *
 * A decompression context is about 160 KB and must not be shared, while a column is read by many
 * threads through a const handle: each thread keeps one context for all columns, made at first use
 * and freed when the thread ends. */
#include "base/thread.h"
#include "base/varint.h"
#include "read/values/column_reader_parts.h"

#include <zstd.h>
#include <zstd_errors.h>

enum { WINDOW_LOG_MOST = 23 };   /* memory that a damaged frame can make the decoder allocate */

static void *create_context(void) { return ZSTD_createDCtx(); }

static void free_context(void *context) { ZSTD_freeDCtx(context); }

static kfi_per_thread contexts = KFI_PER_THREAD(create_context, free_context);

/* The thread that unloads the library (at exit, mostly the only one) gives its context back. */
__attribute__((destructor)) static void end_contexts(void) { kfi_per_thread_end(&contexts); }

/* Where zstd makes nothing of a dictionary, which may be for want of memory, it does not say why: a frame of no content
 * is unpacked by it, which allocates nothing. */
static int is_usable(const uint8_t *dictionary, size_t size)
{
    static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0 };
    uint8_t nothing;
    ZSTD_DCtx *context = kfi_per_thread_get(&contexts);
    return !context || !ZSTD_isError(ZSTD_decompress_usingDict(context, &nothing, 0, frame, sizeof frame, dictionary,
                                                               size));
}

kf_status kfi_zstd_open(kfi_column *column, const uint8_t *dictionary, kf_error *error)
{
    size_t size = (size_t)column->header.dictionary_size;
    if (!size) return KF_OK;
    column->zstd_dictionary = ZSTD_createDDict(dictionary, size);
    if (column->zstd_dictionary) return KF_OK;
    return is_usable(dictionary, size) ? kfi_fail_memory(error, size)
                                       : kfi_fail(error, KF_CORRUPT, "the values' zstd dictionary is unusable");
}

void kfi_zstd_close(kfi_column *column)
{
    ZSTD_freeDDict(column->zstd_dictionary);
}

/* ---- one block ------------------------------------------------------------------------------ */

typedef struct block_view {
    const uint8_t *frame;
    size_t frame_size;
    uint64_t content_size;
} block_view;

static kf_status view_block(const kfi_column *column, uint64_t offset, block_view *view)
{
    uint64_t frame_size;
    if (offset >= column->data_size) return KF_CORRUPT;
    const uint8_t *p = column->data + offset, *end = column->data + column->data_size;
    size_t n = kfi_varint_read(p, (size_t)(end - p), &view->content_size);
    if (!n || view->content_size > column->header.largest_content) return KF_CORRUPT;
    p += n;
    n = kfi_varint_read(p, (size_t)(end - p), &frame_size);
    if (!n) return KF_CORRUPT;
    p += n;
    if (frame_size > (uint64_t)(end - p)) return KF_CORRUPT;
    view->frame = p;
    view->frame_size = frame_size ? (size_t)frame_size : (size_t)(end - p);
    return KF_OK;
}

static kf_status status_of(size_t code)
{
    return ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? KF_NO_MEMORY : KF_CORRUPT;
}

/* The buffer grows with what really comes out, never by what the block claims. */
static kf_status decompress_streamed(ZSTD_DCtx *context, const block_view *view, kf_buffer *buffer)
{
    ZSTD_inBuffer in = {view->frame, view->frame_size, 0};
    size_t have = 0;
    (void)ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);   /* where that fails, the next call does */
    size_t code = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
    if (ZSTD_isError(code)) return KF_CORRUPT;   /* unreachable: zstd's bounds are wider, no frame is under way */
    for (;;) {
        uint64_t room = have < KFI_COLUMN_STREAMED / 2 ? KFI_COLUMN_STREAMED : 2 * (uint64_t)have;
        if (room > view->content_size) room = view->content_size;
        if (room > SIZE_MAX / 2) return KF_NO_MEMORY;   /* unreachable: where addresses have 64 bits */
        if (kfi_buffer_reserve(buffer, (size_t)room, have)) return KF_NO_MEMORY;
        ZSTD_outBuffer out = {buffer->data, (size_t)room, have};
        size_t consumed = in.pos;
        code = ZSTD_decompressStream(context, &out, &in);
        if (ZSTD_isError(code)) return status_of(code);
        if (code == 0) return out.pos == view->content_size ? KF_OK : KF_CORRUPT;
        if (out.pos == have && in.pos == consumed) return KF_CORRUPT;
        have = out.pos;
    }
}

static kf_status decompress(const kfi_column *column, uint64_t offset, kf_buffer *buffer, size_t *size)
{
    block_view view;
    kf_status status = view_block(column, offset, &view);
    if (status) return status;
    ZSTD_DCtx *context = kfi_per_thread_get(&contexts);
    if (!context) return KF_NO_MEMORY;
    *size = (size_t)view.content_size;
    if (view.content_size > KFI_COLUMN_STREAMED) return decompress_streamed(context, &view, buffer);
    if (buffer->capacity <= view.content_size
        && (status = kfi_buffer_reserve(buffer, *size + 1, 0))) return status;
    size_t code;
    if (column->zstd_dictionary && view.content_size < KFI_COLUMN_LARGE)
        code = ZSTD_decompress_usingDDict(context, buffer->data, *size, view.frame, view.frame_size,
                                          column->zstd_dictionary);
    else
        code = ZSTD_decompressDCtx(context, buffer->data, *size, view.frame, view.frame_size);
    return code == *size ? KF_OK : status_of(code);
}

/* ---- values of a block ---------------------------------------------------------------------- */

typedef struct value_place {
    size_t start, size;            /* in the content */
    int large;                     /* those are the offset of its own block */
} value_place;

/* Values a block has: per_block, or fewer in the last one. */
static uint32_t values_in_block(const kfi_column *column, uint64_t block)
{
    uint64_t left = column->header.values - block * column->header.per_block;
    return left < column->header.per_block ? (uint32_t)left : column->header.per_block;
}

/* Finds value `wanted` among `count`. */
static kf_status find_value(const uint8_t *content, size_t size, uint32_t count, uint32_t wanted,
                            value_place *place)
{
    size_t at = 0, before = 0;
    *place = (value_place){0, 0, 0};
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number;
        size_t n = kfi_varint_read(content + at, size - at, &number);
        if (!n) return KF_CORRUPT;
        at += n;
        int large = number & 1;
        uint64_t length = large ? 8 : number / 2;
        if (length > size) return KF_CORRUPT;
        if (i == wanted) *place = (value_place){before, (size_t)length, large};
        if (before + length > size) return KF_CORRUPT;
        before += (size_t)length;
    }
    place->start += at;
    return before <= size - at ? KF_OK : KF_CORRUPT;
}

/* The block's content, from the cursor if it is there. */
static kf_status load_block(const kfi_column *column, uint64_t block, kfi_column_cursor *cursor,
                            kf_buffer *buffer, size_t *size)
{
    uint64_t offset;
    if (cursor && cursor->block == block) {
        *size = cursor->size;
        return KF_OK;
    }
    if (cursor) cursor->block = UINT64_MAX;
    if (kfi_packed_get(&column->codes, block, &offset)) return KF_CORRUPT;
    kf_status status = decompress(column, offset, buffer, size);
    if (status || !cursor) return status;
    cursor->block = block;
    cursor->size = *size;
    return KF_OK;
}

kf_status kfi_zstd_bytes(const kfi_column *column, uint64_t ordinal, kfi_column_cursor *cursor,
                         kf_buffer *buffer, kf_bytes *value)
{
    uint32_t per_block = column->header.per_block;
    uint64_t block = ordinal / per_block;
    value_place place;
    size_t size;
    if (cursor) buffer = &cursor->content;
    kf_status status = load_block(column, block, cursor, buffer, &size);
    if (status) return status;
    if (per_block == 1) {
        *value = (kf_bytes){buffer->data, size};
        return KF_OK;
    }
    status = find_value(buffer->data, size, values_in_block(column, block),
                        (uint32_t)(ordinal % per_block), &place);
    if (status) return status;
    *value = (kf_bytes){buffer->data + place.start, place.size};
    if (!place.large) return KF_OK;
    uint64_t offset = kfi_load64(value->data), from = 0, to;
    if (block && kfi_packed_get(&column->codes, block - 1, &from)) return KF_CORRUPT;
    if (kfi_packed_get(&column->codes, block, &to)) return KF_CORRUPT;   /* unreachable: load_block has read it */
    if (offset < from || offset >= to) return KF_CORRUPT;
    if (cursor) cursor->block = UINT64_MAX;
    status = decompress(column, offset, buffer, &size);
    *value = (kf_bytes){buffer->data, size};
    return status;
}
