#include "input/decoder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#ifdef KFT_HAS_LZMA
#include <lzma.h>
#endif
#ifdef KFT_HAS_BZIP2
#include <bzlib.h>
#endif

#define XZ_MEMORY ((uint64_t)1 << 30)   /* for a dictionary; xz -9 needs 65 MiB */

struct kft_decoder {
    kft_decoder_kind kind;
    int within;            /* a member or frame has begun and not ended */
    int padding;           /* zero bytes follow the last member */
    int begun;             /* a member has been there */
    z_stream gzip;
    ZSTD_DStream *zstd;
#ifdef KFT_HAS_LZMA
    lzma_stream xz;
#endif
#ifdef KFT_HAS_BZIP2
    bz_stream bzip2;
#endif
};

static const uint8_t gzip_magic[] = { 0x1f, 0x8b, 0x08 };
static const uint8_t zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
/* 0x184D2A50 to 0x184D2A5F begin frames that a zstd reader skips; tools put indexes there. */
static const uint8_t skippable_magic[] = { 0x50, 0x2a, 0x4d, 0x18 };

static const uint8_t xz_magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };
/* What follows BZh and a digit: of a block, or of the end where there is none. */
static const uint8_t bzip2_magic[] = { 'B', 'Z', 'h' };
static const uint8_t bzip2_block[] = { 0x31, 0x41, 0x59, 0x26, 0x53, 0x59 };
static const uint8_t bzip2_end[] = { 0x17, 0x72, 0x45, 0x38, 0x50, 0x90 };

/* `mask` says which bits of the first byte count. */
static int begins(const uint8_t *data, size_t size, const uint8_t *magic, size_t magic_size,
                  uint8_t mask, int *undecided)
{
    if ((data[0] & mask) != magic[0] ||
        memcmp(data + 1, magic + 1, (size < magic_size ? size : magic_size) - 1) != 0)
        return 0;
    if (size < magic_size)
        *undecided = 1;
    return size >= magic_size;
}

static int begins_bzip2(const uint8_t *data, size_t size, int *undecided)
{
    size_t rest = size > 4 ? size - 4 : 0;

    if (!begins(data, size, bzip2_magic, sizeof bzip2_magic, 0xff, undecided))
        return 0;
    if (size > 3 && (data[3] < '1' || data[3] > '9'))
        return 0;
    if (rest > sizeof bzip2_block)
        rest = sizeof bzip2_block;
    if (rest > 0 && memcmp(data + 4, bzip2_block, rest) != 0 && memcmp(data + 4, bzip2_end, rest) != 0)
        return 0;
    if (rest < sizeof bzip2_block)
        *undecided = 1;
    return rest == sizeof bzip2_block;
}

kft_decoder_kind decoder_detect(const uint8_t *data, size_t size, int *undecided)
{
    *undecided = 0;
    if (size == 0) {
        *undecided = 1;
        return DECODER_NONE;
    }
    if (begins(data, size, gzip_magic, sizeof gzip_magic, 0xff, undecided))
        return DECODER_GZIP;
    if (begins(data, size, zstd_magic, sizeof zstd_magic, 0xff, undecided) ||
        begins(data, size, skippable_magic, sizeof skippable_magic, 0xf0, undecided))
        return DECODER_ZSTD;
    if (begins(data, size, xz_magic, sizeof xz_magic, 0xff, undecided))
        return DECODER_XZ;
    return begins_bzip2(data, size, undecided) ? DECODER_BZIP2 : DECODER_NONE;
}

const char *decoder_name(kft_decoder_kind kind)
{
    static const char *const names[] = { "none", "gzip", "zstd", "xz", "bzip2" };

    return names[kind];
}

int decoder_known(kft_decoder_kind kind)
{
#ifndef KFT_HAS_LZMA
    if (kind == DECODER_XZ)
        return 0;
#endif
#ifndef KFT_HAS_BZIP2
    if (kind == DECODER_BZIP2)
        return 0;
#endif
    return kind != DECODER_NONE;
}

/* Begins a member of xz or bzip2. */
static int begin_member(kft_decoder *decoder)
{
#ifdef KFT_HAS_LZMA
    if (decoder->kind == DECODER_XZ)
        return lzma_stream_decoder(&decoder->xz, XZ_MEMORY, 0) == LZMA_OK;
#endif
#ifdef KFT_HAS_BZIP2
    if (decoder->kind == DECODER_BZIP2)
        return BZ2_bzDecompressInit(&decoder->bzip2, 0, 0) == BZ_OK;
#endif
    return 0;
}

kft_decoder *decoder_create(kft_decoder_kind kind)
{
    kft_decoder *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    made->kind = kind;
    if (kind == DECODER_GZIP) {
        if (inflateInit2(&made->gzip, MAX_WBITS + 16) == Z_OK)
            return made;
    } else if (kind == DECODER_ZSTD) {
        made->zstd = ZSTD_createDStream();
        if (made->zstd != NULL)
            return made;
    } else if (begin_member(made)) {
        return made;
    }
    free(made);
    return NULL;
}

void decoder_destroy(kft_decoder **decoder)
{
    if (*decoder == NULL)
        return;
    if ((*decoder)->kind == DECODER_GZIP)
        inflateEnd(&(*decoder)->gzip);
    else if ((*decoder)->kind == DECODER_ZSTD)
        ZSTD_freeDStream((*decoder)->zstd);
#ifdef KFT_HAS_LZMA
    else if ((*decoder)->kind == DECODER_XZ)
        lzma_end(&(*decoder)->xz);
#endif
#ifdef KFT_HAS_BZIP2
    else if ((*decoder)->kind == DECODER_BZIP2)
        BZ2_bzDecompressEnd(&(*decoder)->bzip2);
#endif
    free(*decoder);
    *decoder = NULL;
}

/* Between members: zero bytes up to the end are padding, anything else is a member. Returns 1 if one begins. */
static int next_member(kft_decoder *decoder, const uint8_t **in, size_t *in_size, const char **problem)
{
    *problem = NULL;
    while (*in_size > 0 && **in == 0) {
        decoder->padding = 1;
        ++*in;
        --*in_size;
    }
    if (*in_size > 0 && decoder->padding)
        *problem = "bytes after the padding of the compressed data";
    return *in_size > 0 && *problem == NULL;
}

static const char *run_gzip(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                            size_t *out_size)
{
    z_stream *gzip = &decoder->gzip;
    const char *problem;
    size_t room = *out_size;
    int result;

    *out_size = 0;
    if (!decoder->within && decoder->begun) {
        if (!next_member(decoder, in, in_size, &problem))
            return problem;
        inflateReset(gzip);
    }
    decoder->begun = 1;
    decoder->within = 1;
    gzip->next_in = (Bytef *)(uintptr_t)*in;
    gzip->avail_in = *in_size > UINT_MAX ? UINT_MAX : (uInt)*in_size;
    gzip->next_out = out;
    gzip->avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
    result = inflate(gzip, Z_NO_FLUSH);
    *in_size -= (size_t)(gzip->next_in - *in);
    *in = gzip->next_in;
    *out_size = (size_t)(gzip->next_out - out);
    if (result == Z_STREAM_END)
        decoder->within = 0;
    else if (result == Z_MEM_ERROR)
        return "out of memory";
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return "damaged gzip data";
    return NULL;
}

static const char *run_zstd(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                            size_t *out_size)
{
    ZSTD_inBuffer input = { *in, *in_size, 0 };
    ZSTD_outBuffer output = { out, *out_size, 0 };
    size_t result = ZSTD_decompressStream(decoder->zstd, &output, &input);

    *in += input.pos;
    *in_size -= input.pos;
    *out_size = output.pos;
    if (ZSTD_isError(result))
        return ZSTD_getErrorName(result);
    if (input.pos > 0 || output.pos > 0 || result == 0)
        decoder->within = result != 0;
    return NULL;
}

#ifdef KFT_HAS_LZMA
static const char *run_xz(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out, size_t *out_size)
{
    lzma_stream *xz = &decoder->xz;
    lzma_ret result;

    xz->next_in = *in;
    xz->avail_in = *in_size;
    xz->next_out = out;
    xz->avail_out = *out_size;
    result = lzma_code(xz, LZMA_RUN);
    *in_size = xz->avail_in;
    *in = xz->next_in;
    *out_size -= xz->avail_out;
    if (result == LZMA_STREAM_END)
        decoder->within = 0;
    else if (result == LZMA_MEM_ERROR)
        return "out of memory";
    else if (result == LZMA_MEMLIMIT_ERROR)
        return "unpacking this xz data needs more than 1 GiB of memory";
    else if (result == LZMA_FORMAT_ERROR)
        return "bytes after the xz data that are none";
    else if (result != LZMA_OK && result != LZMA_BUF_ERROR)
        return "damaged xz data";
    return NULL;
}
#endif

#ifdef KFT_HAS_BZIP2
static const char *run_bzip2(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                             size_t *out_size)
{
    bz_stream *bzip2 = &decoder->bzip2;
    unsigned given = *in_size > UINT_MAX ? UINT_MAX : (unsigned)*in_size;
    unsigned room = *out_size > UINT_MAX ? UINT_MAX : (unsigned)*out_size;
    int result;

    bzip2->next_in = (char *)(uintptr_t)*in;
    bzip2->avail_in = given;
    bzip2->next_out = (char *)out;
    bzip2->avail_out = room;
    result = BZ2_bzDecompress(bzip2);
    *in += given - bzip2->avail_in;
    *in_size -= given - bzip2->avail_in;
    *out_size = room - bzip2->avail_out;
    if (result == BZ_STREAM_END) {
        decoder->within = 0;
        BZ2_bzDecompressEnd(bzip2);
        memset(bzip2, 0, sizeof *bzip2);
    } else if (result == BZ_MEM_ERROR) {
        return "out of memory";
    } else if (result == BZ_DATA_ERROR_MAGIC) {
        return "bytes after the bzip2 data that are none";
    } else if (result != BZ_OK) {
        return "damaged bzip2 data";
    }
    return NULL;
}
#endif

/* xz and bzip2, which differ in their calls only. */
static const char *run_members(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                               size_t *out_size)
{
    const char *problem;

    if (!decoder->within && decoder->begun) {
        if (!next_member(decoder, in, in_size, &problem)) {
            *out_size = 0;
            return problem;
        }
        if (!begin_member(decoder))
            return "out of memory";
    }
    decoder->within = decoder->begun = 1;
#ifdef KFT_HAS_LZMA
    if (decoder->kind == DECODER_XZ)
        return run_xz(decoder, in, in_size, out, out_size);
#endif
#ifdef KFT_HAS_BZIP2
    if (decoder->kind == DECODER_BZIP2)
        return run_bzip2(decoder, in, in_size, out, out_size);
#endif
    return "compressed data that can't be unpacked";
}

const char *decoder_run(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                        size_t *out_size)
{
    if (decoder->kind == DECODER_GZIP)
        return run_gzip(decoder, in, in_size, out, out_size);
    if (decoder->kind == DECODER_ZSTD)
        return run_zstd(decoder, in, in_size, out, out_size);
    return run_members(decoder, in, in_size, out, out_size);
}

int decoder_may_end(const kft_decoder *decoder)
{
    return !decoder->within;
}
