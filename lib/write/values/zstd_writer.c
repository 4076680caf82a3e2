/* Writing values in zstd blocks, with a dictionary trained on a sample where that pays. */
#include "base/varint.h"
#include "write/values/column_writer_parts.h"

#include <stdlib.h>
#define ZSTD_STATIC_LINKING_ONLY   /* for the values of ZSTD_c_useRowMatchFinder; no function */
#include <zdict.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    BLOCK_TARGET = 1536,           /* bytes of small values a block */
    LEVEL = 9,                     /* of blocks up to KFI_COLUMN_LARGE */
    LEVEL_LARGE = 5,
    ROWS_LEAST = 1 << 14,          /* bytes of a dictionary from which on matches are searched for in rows */
    DICTIONARY_MOST = 110 << 10,
    DICTIONARY_LEAST = 1 << 10,
    WINDOW_LOG_MOST = 21,
    ESTIMATE_MOST = 1 << 20,       /* bytes of the sample that are compressed to compare */
    TRAINING_MOST = 12 << 20,      /* bytes that zstd takes for training, and for a dictionary's tables */
    TABLES_MOST = 2 << 20,
    MEAN_LEAST = 256,              /* it is not tried for smaller values; from MEAN_LARGE on it need not win by much */
    MEAN_LARGE = 1024
};

/* What writing needs, and what it will give. */
typedef struct zstd_plan {
    uint32_t per_block;
    kfi_array dictionary;          /* empty: none */
    double estimate;
} zstd_plan;

static kf_status zstd_failed(kf_error *error, size_t code)
{
    return ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation
               ? kfi_fail(error, KF_NO_MEMORY, "out of memory in zstd")
               : kfi_fail(error, KF_INVALID, "zstd: %s", ZSTD_getErrorName(code));
}

/* Before version 1.5.6, zstd writes through NULL where it gets no memory for a dictionary's tables (its pull request
 * 3847). So as much is asked for before, and given back: another thread may take it, but seldom does. */
static kf_status ask_zstd_memory(size_t size, kf_error *error)
{
    if (ZSTD_versionNumber() >= 10506) return KF_OK;
    void *volatile room = malloc(size);
    if (!room) return kfi_fail_memory(error, size);
    free(room);
    return KF_OK;
}

/* ---- compressing one block ------------------------------------------------------------------ */

/* Small contents and large ones have parameters of their own, and only the small ones a dictionary. */
typedef struct zstd_encoder {
    ZSTD_CCtx *small, *large;
    int window_log;
    uint8_t *out;
    size_t out_capacity;
} zstd_encoder;

static void encoder_free(zstd_encoder *encoder)
{
    ZSTD_freeCCtx(encoder->small);
    ZSTD_freeCCtx(encoder->large);
    free(encoder->out);
}

/* Frames carry neither their content size (the block has it) nor a dictionary id nor a checksum (the file has one).
 * Left to itself, zstd before 1.5.7 would choose the match finder by the processor, and so the bytes. */
static size_t set_parameters(ZSTD_CCtx *context, int level, int rows)
{
    size_t code = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(code)) code = ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    if (!ZSTD_isError(code)) code = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);
    if (!ZSTD_isError(code)) code = ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0);
    if (!ZSTD_isError(code)) code = ZSTD_CCtx_setParameter(context, ZSTD_c_useRowMatchFinder, rows);
    return code;
}

static kf_status encoder_init(zstd_encoder *encoder, uint64_t window, const kfi_array *dictionary,
                              kf_error *error)
{
    *encoder = (zstd_encoder){0};
    int log = (int)kfi_bit_width(window);
    size_t code = 0;
    encoder->window_log = log < 17 ? 17 : log > WINDOW_LOG_MOST ? WINDOW_LOG_MOST : log;
    encoder->small = ZSTD_createCCtx();
    encoder->large = ZSTD_createCCtx();
    encoder->out_capacity = ZSTD_CStreamOutSize();
    encoder->out = malloc(encoder->out_capacity);
    if (!encoder->small || !encoder->large || !encoder->out) {
        encoder_free(encoder);
        *encoder = (zstd_encoder){0};
        return kfi_fail(error, KF_NO_MEMORY, "out of memory in zstd");
    }
    code = set_parameters(encoder->small, LEVEL, dictionary->size > ROWS_LEAST ? ZSTD_ps_enable : ZSTD_ps_disable);
    if (!ZSTD_isError(code)) code = set_parameters(encoder->large, LEVEL_LARGE, ZSTD_ps_enable);
    if (!ZSTD_isError(code) && dictionary->size) {
        kf_status status = ask_zstd_memory(TABLES_MOST, error);
        if (status) return status;
        code = ZSTD_CCtx_loadDictionary(encoder->small, dictionary->data, dictionary->size);
    }
    return ZSTD_isError(code) ? zstd_failed(error, code) : KF_OK;
}

/* The context for a content of this size, ready for it. */
static size_t begin(zstd_encoder *encoder, uint64_t content_size, ZSTD_CCtx **out)
{
    const int large = content_size >= KFI_COLUMN_LARGE;
    ZSTD_CCtx *context = *out = large ? encoder->large : encoder->small;
    size_t code = ZSTD_CCtx_reset(context, ZSTD_reset_session_only);
    if (!ZSTD_isError(code) && large)
        code = ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, content_size > 1u << 17 ? encoder->window_log : 0);
    if (!ZSTD_isError(code)) code = ZSTD_CCtx_setPledgedSrcSize(context, content_size);
    return code;
}

/* Compresses a whole content into encoder->out. */
static kf_status compress_block(zstd_encoder *encoder, kf_bytes content, size_t *frame_size,
                                kf_error *error)
{
    size_t bound = ZSTD_compressBound(content.size);
    if (bound > encoder->out_capacity) {
        uint8_t *out = realloc(encoder->out, bound);
        if (!out) return kfi_fail_memory(error, bound);
        encoder->out = out;
        encoder->out_capacity = bound;
    }
    ZSTD_CCtx *context;
    size_t code = begin(encoder, content.size, &context);
    if (!ZSTD_isError(code))
        code = ZSTD_compress2(context, encoder->out, encoder->out_capacity, content.data,
                              content.size);
    if (ZSTD_isError(code)) return zstd_failed(error, code);
    *frame_size = code;
    return KF_OK;
}

/* ---- the content of a block of several values ------------------------------------------------- */

typedef struct block_content {
    kfi_array head, body;
} block_content;

static kf_status content_add(block_content *content, kf_bytes value, int is_offset, kf_error *error)
{
    uint8_t varint[KFI_VARINT_MAX];
    size_t n = kfi_varint_write(varint, is_offset ? 1 : (uint64_t)value.size * 2);
    kf_status status = kfi_array_append(&content->head, varint, n, error);
    return status ? status : kfi_array_append(&content->body, value.data, value.size, error);
}

static kf_status content_join(block_content *content, kf_error *error)
{
    return kfi_array_append(&content->head, content->body.data, content->body.size, error);
}

static void content_clear(block_content *content)
{
    content->head.size = content->body.size = 0;
}

static void content_free(block_content *content)
{
    kfi_array_free(&content->head);
    kfi_array_free(&content->body);
}

/* ---- planning ------------------------------------------------------------------------------- */

/* The sample as blocks: contents end to end, and their sizes. */
static kf_status sample_blocks(const kfi_value_sample *sample, uint32_t per_block, kfi_array *bytes,
                               kfi_array *sizes, size_t *count, kf_error *error)
{
    kf_status status = KF_OK;
    block_content content = {0};
    const uint8_t *data = sample->bytes.data;
    uint32_t held = 0;
    *count = 0;
    for (size_t i = 0; i < sample->count && !status; i++) {
        kf_bytes value = {data, kfi_sample_size(sample, i)};
        data += value.size;
        if (per_block == 1) {
            status = kfi_array_append(&content.body, value.data, value.size, error);
        } else {
            static const uint8_t offset[8];
            int large = value.size >= KFI_COLUMN_LARGE;
            status = content_add(&content, large ? (kf_bytes){offset, 8} : value, large, error);
        }
        if (++held < per_block || status) continue;
        status = content_join(&content, error);
        size_t size = content.head.size;
        if (!status) status = kfi_array_append(bytes, content.head.data, size, error);
        if (!status) status = kfi_array_append(sizes, &size, sizeof size, error);
        ++*count;
        content_clear(&content);
        held = 0;
    }
    content_free(&content);
    return status;
}

/* Compressed size of about ESTIMATE_MOST bytes of the blocks, and how many bytes those were. */
static kf_status measure(const kfi_array *bytes, const kfi_array *sizes, size_t count,
                         const kfi_array *dictionary, uint64_t window, uint64_t *plain,
                         uint64_t *compressed, kf_error *error)
{
    zstd_encoder encoder;
    kf_status status = encoder_init(&encoder, window, dictionary, error);
    size_t step = bytes->size / ESTIMATE_MOST + 1, at = 0;
    *plain = *compressed = 0;
    for (size_t i = 0; i < count && !status; i++) {
        size_t size, frame_size;
        memcpy(&size, sizes->data + i * sizeof size, sizeof size);
        if (i % step == 0) {
            status = compress_block(&encoder, (kf_bytes){bytes->data + at, size}, &frame_size, error);
            *plain += size;
            *compressed += frame_size + 3;
        }
        at += size;
    }
    encoder_free(&encoder);
    return status;
}

/* At most an eighth of the sample: measuring on the same sample then flatters the dictionary little. */
static kf_status train(kfi_array *dictionary, const kfi_array *bytes, const kfi_array *sizes,
                       size_t count, uint64_t total, kf_error *error)
{
    size_t capacity = bytes->size / 8;
    if (capacity > DICTIONARY_MOST) capacity = DICTIONARY_MOST;
    if (capacity > total / 32) capacity = (size_t)(total / 32);
    if (capacity < DICTIONARY_LEAST || count < 16) return KF_OK;
    kf_status status = kfi_array_reserve(dictionary, capacity, error);
    if (!status) status = ask_zstd_memory(TRAINING_MOST, error);
    if (status) return status;
    size_t size = ZDICT_trainFromBuffer(dictionary->data, capacity, bytes->data,
                                        (const size_t *)(const void *)sizes->data, (unsigned)count);
    if (ZDICT_isError(size) && ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) return zstd_failed(error, size);
    /* Too few or too uniform samples: there is no dictionary then. */
    dictionary->size = ZDICT_isError(size) ? 0 : size;
    return KF_OK;
}

static kf_status make_plan(zstd_plan *plan, const kfi_column_builder *builder, const kfi_value_sample *sample,
                           kf_error *error)
{
    kfi_array bytes = {0}, sizes = {0}, none = {0};
    size_t count;
    uint64_t plain, without, with = 0, mean = builder->values ? builder->total_bytes / builder->values : 0;
    plan->per_block = mean >= BLOCK_TARGET ? 1 : (uint32_t)(BLOCK_TARGET / (mean + 1));
    if (plan->per_block < 1) plan->per_block = 1;
    if (plan->per_block > KFI_COLUMN_MAX_PER_BLOCK) plan->per_block = KFI_COLUMN_MAX_PER_BLOCK;
    kf_status status = sample_blocks(sample, plan->per_block, &bytes, &sizes, &count, error);
    if (status) goto out;
    status = measure(&bytes, &sizes, count, &none, builder->shares.window, &plain, &without, error);
    if (status) goto out;
    double scale = plain ? (double)builder->total_bytes / (double)plain : 0;
    plan->estimate = (double)without * scale;
    if (mean >= KFI_COLUMN_LARGE || !builder->shares.has_dictionary) goto out;
    status = train(&plan->dictionary, &bytes, &sizes, count, builder->total_bytes, error);
    if (status || !plan->dictionary.size) goto out;
    status = measure(&bytes, &sizes, count, &plan->dictionary, builder->shares.window, &plain, &with,
                     error);
    double estimate = (double)with * scale + (double)plan->dictionary.size;
    if (estimate < plan->estimate * 0.98) plan->estimate = estimate;
    else plan->dictionary.size = 0;
out:
    kfi_array_free(&bytes);
    kfi_array_free(&sizes);
    return status;
}

static int is_candidate(const kfi_column_builder *builder)
{
    return (double)builder->total_bytes / (double)builder->values >= MEAN_LEAST;
}

static void free_plan(void *state)
{
    kfi_array_free(&((zstd_plan *)state)->dictionary);
    free(state);
}

static kf_status prepare(kfi_trial *trial, kf_error *error)
{
    const kfi_value_sample *sample;
    zstd_plan *plan = trial->state = calloc(1, sizeof *plan);
    if (!plan) return kfi_fail_memory(error, sizeof *plan);
    kf_status status = kfi_trial_sample(trial, &sample, error);
    return status ? status : make_plan(plan, trial->builder, sample, error);
}

/* Tokens decode several times faster: for short values a little space is not worth it. */
static kf_status estimate(kfi_trial *trial, double *cost, kf_error *error)
{
    const kfi_column_builder *builder = trial->builder;
    const double mean = (double)builder->total_bytes / (double)builder->values;
    (void)error;
    *cost = ((const zstd_plan *)trial->state)->estimate / (mean >= MEAN_LARGE ? 1 : 0.75);
    return KF_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

typedef struct zstd_output {
    zstd_encoder encoder;
    kfi_writer *writer;
    kfi_column_header *header;
    kfi_packed_writer *blocks;
} zstd_output;

static uint64_t data_position(const zstd_output *out)
{
    return kfi_writer_position(out->writer) - out->header->data_offset;
}

static kf_status write_varint(kfi_writer *writer, uint64_t value, kf_error *error)
{
    uint8_t bytes[KFI_VARINT_MAX];
    return kfi_writer_write(writer, bytes, kfi_varint_write(bytes, value), error);
}

static kf_status write_block(zstd_output *out, kf_bytes content, kf_error *error)
{
    size_t frame_size = 0;
    kf_status status = compress_block(&out->encoder, content, &frame_size, error);
    if (!status) status = write_varint(out->writer, content.size, error);
    if (!status) status = write_varint(out->writer, frame_size, error);
    if (!status) status = kfi_writer_write(out->writer, out->encoder.out, frame_size, error);
    if (content.size > out->header->largest_content) out->header->largest_content = content.size;
    return status;
}

/* A value too large to hold: compressed as it is read. The frame ends by itself. */
static kf_status write_streamed(zstd_output *out, kfi_value_source *source, uint64_t size,
                                kf_error *error)
{
    zstd_encoder *encoder = &out->encoder;
    ZSTD_CCtx *context;
    size_t code = begin(encoder, size, &context);
    if (ZSTD_isError(code)) return zstd_failed(error, code);
    kf_status status = write_varint(out->writer, size, error);
    if (!status) status = write_varint(out->writer, 0, error);
    if (size > out->header->largest_content) out->header->largest_content = size;
    while (size && !status) {
        size_t part = size < KFI_COLUMN_BUFFER ? (size_t)size : KFI_COLUMN_BUFFER;
        const uint8_t *data;
        if ((status = kfi_source_take(source, part, &data, error))) break;
        size -= part;
        ZSTD_inBuffer in = {data, part, 0};
        do {
            ZSTD_outBuffer to = {encoder->out, encoder->out_capacity, 0};
            code = ZSTD_compressStream2(context, &to, &in, size ? ZSTD_e_continue : ZSTD_e_end);
            if (ZSTD_isError(code)) return zstd_failed(error, code);
            status = kfi_writer_write(out->writer, encoder->out, to.pos, error);
        } while (!status && (size ? in.pos < in.size : code != 0));
    }
    return status;
}

/* One value as a block of its own. */
static kf_status write_single(zstd_output *out, kfi_value_source *source, uint64_t size,
                              kfi_array *scratch, kf_error *error)
{
    if (size > KFI_COLUMN_STREAMED) return write_streamed(out, source, size, error);
    kf_status status = KF_OK;
    scratch->size = 0;
    while (scratch->size < size && !status) {
        size_t left = (size_t)size - scratch->size;
        size_t part = left < KFI_COLUMN_BUFFER ? left : KFI_COLUMN_BUFFER;
        const uint8_t *data;
        status = kfi_source_take(source, part, &data, error);
        if (!status) status = kfi_array_append(scratch, data, part, error);
    }
    return status ? status : write_block(out, (kf_bytes){scratch->data, scratch->size}, error);
}

/* The next `count` values as one block; large ones get blocks of their own before it. */
static kf_status write_group(zstd_output *out, kfi_value_source *source, uint32_t count,
                             block_content *content, kfi_array *scratch, kf_error *error)
{
    kf_status status = KF_OK;
    content_clear(content);
    for (uint32_t i = 0; i < count && !status; i++) {
        uint64_t size;
        if ((status = kfi_source_next(source, &size, error))) break;
        kf_bytes value = {NULL, (size_t)size};
        uint8_t offset[8];
        int large = size >= KFI_COLUMN_LARGE;
        if (large) {
            kfi_store64(offset, data_position(out));
            value = (kf_bytes){offset, sizeof offset};
            status = write_single(out, source, size, scratch, error);
        } else if (size) {
            status = kfi_source_take(source, (size_t)size, &value.data, error);
        }
        if (!status) status = content_add(content, value, large, error);
    }
    if (!status) status = content_join(content, error);
    if (!status) status = kfi_packed_writer_add(out->blocks, data_position(out), error);
    return status ? status : write_block(out, (kf_bytes){content->head.data, content->head.size}, error);
}

static kf_status write_blocks(kfi_column_header *header, const kfi_column_builder *builder, void *state,
                              kfi_writer *writer, kf_error *error)
{
    const zstd_plan *plan = state;
    zstd_output out = {.writer = writer, .header = header};
    kfi_value_source source = {0};
    block_content content = {0};
    kfi_array scratch = {0};
    header->layout = KFI_LAYOUT_ZSTD;
    header->per_block = plan->per_block;
    header->dictionary_offset = kfi_writer_position(writer);
    header->dictionary_size = plan->dictionary.size;
    kf_status status = encoder_init(&out.encoder, builder->shares.window, &plan->dictionary, error);
    if (!status) status = kfi_writer_write(writer, plan->dictionary.data, plan->dictionary.size, error);
    /* Incompressible values take a little more than their size. */
    uint64_t most = builder->total_bytes + builder->total_bytes / 16 + 64 * builder->values;
    if (!status)
        status = kfi_packed_writer_create(&out.blocks, most, builder->options.folder,
                                          builder->options.account, error);
    if (!status) status = kfi_source_open_last(&source, builder, error);
    header->data_offset = kfi_writer_position(writer);
    for (uint64_t i = 0; i < builder->values && !status; i += plan->per_block) {
        uint64_t left = builder->values - i, size;
        if (plan->per_block == 1) {
            status = kfi_packed_writer_add(out.blocks, data_position(&out), error);
            if (!status) status = kfi_source_next(&source, &size, error);
            if (!status) status = write_single(&out, &source, size, &scratch, error);
        } else {
            status = write_group(&out, &source, left < plan->per_block ? (uint32_t)left : plan->per_block,
                                 &content, &scratch, error);
        }
    }
    header->data_size = data_position(&out);
    if (!status) status = kfi_packed_writer_finish(out.blocks, writer, &header->codes, error);
    content_free(&content);
    kfi_array_free(&scratch);
    kfi_source_close(&source);
    kfi_packed_writer_destroy(&out.blocks);
    encoder_free(&out.encoder);
    return status;
}

const kfi_encoding_writer kfi_encode_zstd = {
    .encoding = KF_ENCODING_ZSTD, .type = KF_VALUES_BYTES, .is_candidate = is_candidate, .prepare = prepare,
    .estimate = estimate, .write = write_blocks, .free = free_plan,
};
