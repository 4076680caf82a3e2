#include "format/column.h"

enum { NONE = 1 << KF_VALUES_NONE, U64 = 1 << KF_VALUES_U64, BYTES = 1 << KF_VALUES_BYTES };

const kfi_encoding_kind kfi_encoding_kinds[KFI_ENCODINGS] = {
    [KF_ENCODING_AUTO] = { "auto", NONE | U64 | BYTES },
    [KF_ENCODING_PACKED] = { "packed", U64 },
    [KF_ENCODING_DISTINCT] = { "distinct", U64 | BYTES },
    [KF_ENCODING_RAW] = { "raw", BYTES },
    [KF_ENCODING_TOKENS] = { "tokens", BYTES },
    [KF_ENCODING_ZSTD] = { "zstd", BYTES },
};

const kfi_layout_kind kfi_layout_kinds[KFI_LAYOUTS] = {
    [KFI_LAYOUT_CONSTANT] = { U64 | BYTES, KFI_CODES_NONE, 0 },
    [KFI_LAYOUT_PACKED] = { U64, KFI_CODES_OF_VALUES, 0 },
    [KFI_LAYOUT_PLAIN] = { BYTES, KFI_CODES_NONE, 1 },
    [KFI_LAYOUT_CODED] = { U64 | BYTES, KFI_CODES_OF_VALUES, 1 },
    [KFI_LAYOUT_ZSTD] = { BYTES, KFI_CODES_OF_BLOCKS, 0 },
};

kf_status kfi_encoding_check(kf_encoding encoding, kf_value_type type, kf_error *error)
{
    if ((unsigned)encoding >= KFI_ENCODINGS)
        return kfi_fail(error, KF_INVALID, "there is no value encoding %d", (int)encoding);
    if (kfi_encoding_kinds[encoding].types >> type & 1) return KF_OK;
    return kfi_fail(error, KF_INVALID, "the value encoding \"%s\" is not for values of this type",
                    kfi_encoding_kinds[encoding].name);
}

uint64_t kfi_column_codes(const kfi_column_header *h)
{
    if (kfi_layout_kinds[h->layout].codes != KFI_CODES_OF_BLOCKS) return h->values;
    return h->values / h->per_block + (h->values % h->per_block != 0);
}

static void descriptor_write(const kfi_packed_descriptor *d, uint8_t *out)
{
    kfi_store64(out, d->payload_offset);
    kfi_store64(out + 8, d->payload_size);
    kfi_store64(out + 16, d->directory_offset);
    out[24] = d->base_bytes;
}

void kfi_column_header_write(const kfi_column_header *header, uint8_t out[KFI_COLUMN_HEADER_SIZE])
{
    memset(out, 0, KFI_COLUMN_HEADER_SIZE);
    out[0] = header->layout;
    out[1] = header->value_type;
    out[2] = header->store;
    out[3] = header->item_width;
    kfi_store32(out + 4, header->per_block);
    kfi_store64(out + 8, header->values);
    kfi_store64(out + 16, header->items);
    kfi_store64(out + 24, header->data_offset);
    kfi_store64(out + 32, header->data_size);
    kfi_store64(out + 40, header->dictionary_offset);
    kfi_store64(out + 48, header->dictionary_size);
    kfi_store64(out + 56, header->largest_content);
    descriptor_write(&header->codes, out + 64);
    descriptor_write(&header->ends, out + 96);
}

static int inside(uint64_t offset, uint64_t part, uint64_t size)
{
    return offset <= size && part <= size - offset;
}

static int descriptor_parse(kfi_packed_descriptor *d, const uint8_t *in, uint64_t count, uint64_t size)
{
    d->payload_offset = kfi_load64(in);
    d->payload_size = kfi_load64(in + 8);
    d->directory_offset = kfi_load64(in + 16);
    d->base_bytes = in[24];
    uint64_t blocks = kfi_packed_blocks(count);
    return d->base_bytes <= 8 && blocks <= size / 8 && inside(d->directory_offset, blocks * 8, size)
        && inside(d->payload_offset, d->payload_size, size);
}

static int store_fits(kfi_column_header *h, const uint8_t *section, uint64_t size)
{
    switch (h->store) {
    case KFI_STORE_ITEMS:
        if (h->item_width < 1 || (h->value_type == KF_VALUES_U64 && h->item_width > 8)) return 0;
        return h->data_size % h->item_width == 0 && h->data_size / h->item_width == h->items;
    case KFI_STORE_STRINGS:
    case KFI_STORE_TOKENS:
        return h->value_type == KF_VALUES_BYTES
            && descriptor_parse(&h->ends, section + 96, h->items, size);
    default:
        return 0;
    }
}

static int layout_fits(kfi_column_header *h, const uint8_t *section, uint64_t size)
{
    if (h->layout >= KFI_LAYOUTS || !(kfi_layout_kinds[h->layout].types >> h->value_type & 1)) return 0;
    const kfi_layout_kind *kind = &kfi_layout_kinds[h->layout];
    if (h->layout == KFI_LAYOUT_CONSTANT && h->value_type == KF_VALUES_U64 && h->data_size != 8) return 0;
    if (h->layout == KFI_LAYOUT_PLAIN && h->items != h->values) return 0;
    if (kind->codes == KFI_CODES_OF_BLOCKS && (h->per_block < 1 || h->per_block > KFI_COLUMN_MAX_PER_BLOCK)) return 0;
    if (kind->codes && !descriptor_parse(&h->codes, section + 64, kfi_column_codes(h), size)) return 0;
    return !kind->has_store || store_fits(h, section, size);
}

kf_status kfi_column_header_parse(kfi_column_header *header, const uint8_t *section, uint64_t size,
                                  kf_error *error)
{
    memset(header, 0, sizeof *header);
    if (size < KFI_COLUMN_HEADER_SIZE) return kfi_fail(error, KF_CORRUPT, "value column is cut");
    header->layout = section[0];
    header->value_type = section[1];
    header->store = section[2];
    header->item_width = section[3];
    header->per_block = kfi_load32(section + 4);
    header->values = kfi_load64(section + 8);
    header->items = kfi_load64(section + 16);
    header->data_offset = kfi_load64(section + 24);
    header->data_size = kfi_load64(section + 32);
    header->dictionary_offset = kfi_load64(section + 40);
    header->dictionary_size = kfi_load64(section + 48);
    header->largest_content = kfi_load64(section + 56);
    if (header->value_type != KF_VALUES_U64 && header->value_type != KF_VALUES_BYTES)
        return kfi_fail(error, KF_CORRUPT, "value column has no known type");
    if (!inside(header->data_offset, header->data_size, size)
        || !inside(header->dictionary_offset, header->dictionary_size, size)
        || !layout_fits(header, section, size))
        return kfi_fail(error, KF_CORRUPT, "value column's parts do not fit it");
    return KF_OK;
}
