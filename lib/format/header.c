#include "format/header.h"

#include "format/column.h"

#include "base/bits.h"
#include "base/hash.h"
#include "base/normalise.h"

#include <keyfold/values.h>

#include <string.h>

const uint8_t kfi_magic[KFI_MAGIC_SIZE] = { 0x89, 'K', 'F', 'D', '\r', '\n', 0x1a, '\n' };

enum {
    AT_NORMALISE = 50,
    AT_BUILD_ID = 88,
    AT_RESERVED = 104,
    AT_CHECKSUM = 120,
    LARGEST_HEADER = KFI_HEADER_SIZE + KFI_MAX_SECTIONS * KFI_SECTION_ENTRY_SIZE
};

uint32_t kfi_header_size(uint32_t section_count)
{
    uint32_t size = KFI_HEADER_SIZE + section_count * KFI_SECTION_ENTRY_SIZE;
    return (size + KFI_SECTION_ALIGNMENT - 1) / KFI_SECTION_ALIGNMENT * KFI_SECTION_ALIGNMENT;
}

const kfi_section *kfi_header_section(const kfi_header *header, kfi_section_type type)
{
    for (uint32_t i = 0; i < header->section_count; i++)
        if (header->sections[i].type == (uint32_t)type) return &header->sections[i];
    return NULL;
}

/* ---- writing -------------------------------------------------------------------------------- */

static uint64_t header_checksum(const uint8_t *header, uint32_t size)
{
    static const uint8_t zero[8];
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, header, AT_CHECKSUM);
    XXH3_64bits_update(&state, zero, sizeof zero);
    XXH3_64bits_update(&state, header + KFI_HEADER_SIZE, size - KFI_HEADER_SIZE);
    return XXH3_64bits_digest(&state);
}

void kfi_header_write(const kfi_header *header, uint8_t *out)
{
    memset(out, 0, header->header_size);
    memcpy(out, kfi_magic, sizeof kfi_magic);
    kfi_store16(out + 8, KFI_FORMAT_MAJOR);
    kfi_store16(out + 10, KFI_FORMAT_MINOR);
    kfi_store32(out + 12, header->header_size);
    kfi_store64(out + 16, header->file_size);
    kfi_store32(out + 24, header->incompatible | (header->normalise ? KFI_FEATURE_NORMALISED : 0));
    kfi_store32(out + 28, header->compatible);
    kfi_store64(out + 32, header->keys);
    kfi_store32(out + 40, header->longest_key);
    kfi_store32(out + 44, header->section_count);
    out[48] = header->value_type;
    out[49] = header->value_encoding;
    if (header->normalise) {
        out[AT_NORMALISE] = header->normalise;
        out[AT_NORMALISE + 1] = KFI_NORMALISE_UNICODE_MAJOR;
        out[AT_NORMALISE + 2] = KFI_NORMALISE_UNICODE_MINOR;
    }
    kfi_store64(out + 56, header->raw_key_bytes);
    kfi_store64(out + 64, header->raw_value_bytes);
    kfi_store64(out + 72, header->states);
    kfi_store64(out + 80, header->states_extra);
    memcpy(out + AT_BUILD_ID, header->build_id, sizeof header->build_id);
    for (uint32_t i = 0; i < header->section_count; i++) {
        uint8_t *entry = out + KFI_HEADER_SIZE + i * KFI_SECTION_ENTRY_SIZE;
        kfi_store32(entry, header->sections[i].type);
        kfi_store64(entry + 8, header->sections[i].offset);
        kfi_store64(entry + 16, header->sections[i].size);
    }
    kfi_store64(out + AT_CHECKSUM, header_checksum(out, header->header_size));
}

void kfi_header_build_id(const kfi_header *header, const void *checksums, size_t size,
                         uint8_t id[16])
{
    uint8_t bytes[LARGEST_HEADER];
    kfi_header_write(header, bytes);
    memset(bytes + AT_BUILD_ID, 0, 16);
    memset(bytes + AT_CHECKSUM, 0, 8);

    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, bytes, header->header_size);
    if (size) XXH3_128bits_update(&state, checksums, size);
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    kfi_store64(id, hash.low64);
    kfi_store64(id + 8, hash.high64);
}

/* ---- parsing -------------------------------------------------------------------------------- */

static int all_zero(const uint8_t *p, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) any |= p[i];
    return any == 0;
}

/* What must hold before any other field means something: magic, version, size, checksum. */
static kf_status check_frame(const uint8_t *file, uint64_t size, kf_error *error)
{
    if (size < sizeof kfi_magic || memcmp(file, kfi_magic, sizeof kfi_magic) != 0)
        return kfi_fail_at(error, KF_FORMAT, 0, "not a keyfold file");
    if (size < KFI_HEADER_SIZE)
        return kfi_fail_at(error, KF_FORMAT, size, "the file is cut inside its header");
    uint16_t major = kfi_load16(file + 8);
    if (major == 0 || major > KFI_FORMAT_MAJOR)
        return kfi_fail_at(error, KF_UNSUPPORTED, 8, "format version %u is unknown to this library",
                           (unsigned)major);

    uint32_t header_size = kfi_load32(file + 12);
    if (header_size < KFI_HEADER_SIZE || header_size > LARGEST_HEADER
        || header_size % KFI_SECTION_ALIGNMENT)
        return kfi_fail_at(error, KF_CORRUPT, 12, "impossible header size %u", (unsigned)header_size);
    if (header_size > size)
        return kfi_fail_at(error, KF_FORMAT, size, "the file is cut inside its header");
    if (kfi_load64(file + AT_CHECKSUM) != header_checksum(file, header_size))
        return kfi_fail_at(error, KF_CORRUPT, AT_CHECKSUM, "the header's checksum is wrong");

    uint64_t file_size = kfi_load64(file + 16);
    if (file_size != size)
        return kfi_fail_at(error, KF_FORMAT, 16, "the file was %s: %llu bytes instead of %llu",
                           size < file_size ? "cut" : "grown", (unsigned long long)size,
                           (unsigned long long)file_size);
    uint32_t unknown = kfi_load32(file + 24) & ~(uint32_t)KFI_FEATURES_KNOWN;
    if (unknown)
        return kfi_fail_at(error, KF_UNSUPPORTED, 24, "the file needs features (%#x) that this "
                           "library lacks", (unsigned)unknown);
    return KF_OK;
}

/* The normal form of the keys. */
static kf_status parse_normalise(kfi_header *header, const uint8_t *field, kf_error *error)
{
    uint32_t flags = header->normalise = field[0];
    if (!(header->incompatible & KFI_FEATURE_NORMALISED)) return KF_OK;
    if (flags & ~(uint32_t)KFI_NORMALISE_ALL)
        return kfi_fail_at(error, KF_UNSUPPORTED, AT_NORMALISE, "its keys are normalised in a way (%#x) that is "
                           "unknown to this library", (unsigned)flags);
    if (!flags || kfi_normalise_flags(&flags, NULL) || flags != header->normalise)
        return kfi_fail_at(error, KF_CORRUPT, AT_NORMALISE, "an impossible way to normalise keys (%#x)", field[0]);
    if (field[1] != KFI_NORMALISE_UNICODE_MAJOR || field[2] != KFI_NORMALISE_UNICODE_MINOR)
        return kfi_fail_at(error, KF_UNSUPPORTED, AT_NORMALISE + 1, "its keys are normalised by Unicode %u.%u, this "
                           "library knows %d.%d", field[1], field[2], KFI_NORMALISE_UNICODE_MAJOR,
                           KFI_NORMALISE_UNICODE_MINOR);
    return KF_OK;
}

static kf_status parse_fields(kfi_header *header, const uint8_t *file, kf_error *error)
{
    header->header_size = kfi_load32(file + 12);
    header->file_size = kfi_load64(file + 16);
    header->incompatible = kfi_load32(file + 24);
    header->compatible = kfi_load32(file + 28);
    header->keys = kfi_load64(file + 32);
    header->longest_key = kfi_load32(file + 40);
    header->section_count = kfi_load32(file + 44);
    header->value_type = file[48];
    header->value_encoding = file[49];
    header->raw_key_bytes = kfi_load64(file + 56);
    header->raw_value_bytes = kfi_load64(file + 64);
    header->states = kfi_load64(file + 72);
    header->states_extra = kfi_load64(file + 80);
    memcpy(header->build_id, file + AT_BUILD_ID, sizeof header->build_id);

    if (header->value_type > KF_VALUES_BYTES)
        return kfi_fail_at(error, KF_UNSUPPORTED, 48, "unknown value type %u", header->value_type);
    if (header->value_encoding >= KFI_ENCODINGS)
        return kfi_fail_at(error, KF_UNSUPPORTED, 49, "unknown value encoding %u",
                           header->value_encoding);
    const int used = header->incompatible & KFI_FEATURE_NORMALISED ? 3 : 0;   /* of the six bytes */
    if (!all_zero(file + AT_NORMALISE + used, 6 - used) || !all_zero(file + AT_RESERVED, AT_CHECKSUM - AT_RESERVED))
        return kfi_fail_at(error, KF_CORRUPT, 50, "reserved bytes of the header are not zero");
    return parse_normalise(header, file + AT_NORMALISE, error);
}

static kf_status parse_section(kfi_header *header, uint32_t index, uint64_t expected,
                               const uint8_t *entry, uint64_t at, kf_error *error)
{
    kfi_section section = { kfi_load32(entry), kfi_load64(entry + 8), kfi_load64(entry + 16) };

    if (kfi_load32(entry + 4) != 0 || kfi_load64(entry + 24) != 0)
        return kfi_fail_at(error, KF_CORRUPT, at, "reserved bytes of section %u are not zero", index);
    if (section.offset != expected)
        return kfi_fail_at(error, KF_CORRUPT, at + 8, "section %u begins at %llu instead of %llu",
                           index, (unsigned long long)section.offset, (unsigned long long)expected);
    /* expected <= file size; so neither sum below can overflow. */
    if (section.size > header->file_size - expected
        || kfi_section_next(section.offset, section.size) > header->file_size)
        return kfi_fail_at(error, KF_CORRUPT, at + 16, "section %u exceeds the file", index);
    for (uint32_t i = 0; i < index; i++)
        if (header->sections[i].type == section.type)
            return kfi_fail_at(error, KF_CORRUPT, at, "two sections of type %u", section.type);
    header->sections[index] = section;
    return KF_OK;
}

static kf_status parse_table(kfi_header *header, const uint8_t *file, kf_error *error)
{
    uint32_t count = header->section_count;
    if (count == 0 || count > KFI_MAX_SECTIONS || kfi_header_size(count) != header->header_size)
        return kfi_fail_at(error, KF_CORRUPT, 44, "impossible number of sections %u", count);

    uint64_t next = header->header_size;
    uint64_t at = KFI_HEADER_SIZE;
    for (uint32_t i = 0; i < count; i++, at += KFI_SECTION_ENTRY_SIZE) {
        kf_status status = parse_section(header, i, next, file + at, at, error);
        if (status) return status;
        next = kfi_section_next(header->sections[i].offset, header->sections[i].size);
    }
    if (!all_zero(file + at, header->header_size - (size_t)at))
        return kfi_fail_at(error, KF_CORRUPT, at, "reserved bytes of the header are not zero");
    if (next != header->file_size)
        return kfi_fail_at(error, KF_CORRUPT, next, "bytes after the last section");

    const kfi_section *last = &header->sections[count - 1];
    if (last->type != KFI_SECTION_CHECKSUMS
        || last->size != 8 * kfi_checksum_blocks(last->offset - header->header_size))
        return kfi_fail_at(error, KF_CORRUPT, last->offset, "the checksum section is missing");
    return KF_OK;
}

kf_status kfi_header_parse(kfi_header *header, const uint8_t *file, uint64_t file_size,
                           kf_error *error)
{
    memset(header, 0, sizeof *header);
    kf_status status = check_frame(file, file_size, error);
    if (!status) status = parse_fields(header, file, error);
    if (!status) status = parse_table(header, file, error);
    return status;
}
