#include "input/decoder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct kft_decoder {
    kft_decoder_kind kind;
    int within;            /* a member or frame has begun and not ended */
    int padding;           /* zero bytes follow the last gzip member */
    z_stream gzip;
    ZSTD_DStream *zstd;
};

static const uint8_t gzip_magic[] = { 0x1f, 0x8b, 0x08 };
static const uint8_t zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
/* 0x184D2A50 to 0x184D2A5F begin frames that a zstd reader skips; tools put indexes there. */
static const uint8_t skippable_magic[] = { 0x50, 0x2a, 0x4d, 0x18 };

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
    return DECODER_NONE;
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
    } else {
        made->zstd = ZSTD_createDStream();
        if (made->zstd != NULL)
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
    else
        ZSTD_freeDStream((*decoder)->zstd);
    free(*decoder);
    *decoder = NULL;
}

static const char *run_gzip(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                            size_t *out_size)
{
    z_stream *gzip = &decoder->gzip;
    size_t room = *out_size;
    int result;

    *out_size = 0;
    if (!decoder->within && decoder->gzip.total_in > 0) {
        /* Between members: zero bytes up to the end are padding, anything else is a member. */
        while (*in_size > 0 && **in == 0) {
            decoder->padding = 1;
            ++*in;
            --*in_size;
        }
        if (*in_size == 0)
            return NULL;
        if (decoder->padding)
            return "bytes after the padding of the gzip data";
        inflateReset(gzip);
    }
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

const char *decoder_run(kft_decoder *decoder, const uint8_t **in, size_t *in_size, uint8_t *out,
                        size_t *out_size)
{
    return decoder->kind == DECODER_GZIP ? run_gzip(decoder, in, in_size, out, out_size)
                                         : run_zstd(decoder, in, in_size, out, out_size);
}

int decoder_may_end(const kft_decoder *decoder)
{
    return !decoder->within;
}
