#include "write/bit_spool.h"

enum { COPY_SIZE = 1 << 18 };

kf_status kfi_bit_spool_copy(kfi_bit_spool *bits, kfi_writer *writer, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    kf_status status = kfi_bit_spool_align(bits, error);
    uint64_t left = kfi_spool_size(bits->spool);
    if (!status) status = kfi_spool_finish(bits->spool, error);
    if (!status) status = kfi_spool_reader_create(&reader, bits->spool, 0, COPY_SIZE, error);
    while (left && !status) {
        const uint8_t *data;
        const size_t part = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
        status = kfi_spool_reader_take(reader, part, &data, error);
        if (!status) status = kfi_writer_write(writer, data, part, error);
        left -= part;
    }
    kfi_spool_reader_destroy(&reader);
    return status;
}
