#include "names/index/index.h"

#include "base/array.h"
#include "base/options.h"
#include "read/opening.h"
#include "read/plain.h"

#include <stdlib.h>

KFI_STRUCT_KIND(names_stat_kind, kf_names_stat, KF_NAMES_STAT_INIT, reserved, letter_bytes);

/* ---- sections ----------------------------------------------------------------------------------- */

static kf_status need(const kf_names *n, kfi_section_type type, const kfi_section **section, kf_error *error)
{
    *section = kfi_header_section(&n->header, type);
    return *section ? KF_OK : kfi_fail(error, KF_CORRUPT, "section %u is missing", (unsigned)type);
}

static kf_status read_bands(kf_names *n, const uint8_t *at, uint64_t offset, kf_error *error)
{
    uint64_t first = 0;
    for (uint32_t i = 0; i < n->head.bands; i++, at += KFI_BAND_SIZE) {
        kfi_band *b = &n->bands[i];
        *b = (kfi_band){ .first = kfi_load32(at), .count = kfi_load32(at + 4), .frequency = kfi_load32(at + 8),
                         .end_width = at[12], .frequency_width = at[13], .image = kfi_load64(at + 16),
                         .image_size = kfi_load64(at + 24), .postings = kfi_load64(at + 32),
                         .directory = kfi_load64(at + 40) };
        if (b->first != first || !b->count || b->frequency > KFI_FREQUENCY_FIXED || b->end_width > 57
            || b->frequency_width > 32 || kfi_load16(at + 14))
            return kfi_fail_at(error, KF_CORRUPT, offset, "band %u is impossible", (unsigned)i);
        first += b->count;
        if (b->postings > n->postings_size || (!b->frequency && b->directory < b->postings))
            return kfi_fail_at(error, KF_CORRUPT, offset, "band %u lies outside of its section", (unsigned)i);
        const uint64_t from = b->frequency ? b->postings : b->directory;
        const uint64_t bits = b->frequency ? (uint64_t)b->frequency * n->slot_width
                                           : (uint64_t)b->end_width + b->frequency_width;
        if (from > n->postings_size || kfi_bits_size(b->count * bits) > n->postings_size - from)
            return kfi_fail_at(error, KF_CORRUPT, offset, "band %u lies outside of its section", (unsigned)i);
    }
    return first == n->head.tokens ? KF_OK
                                   : kfi_fail_at(error, KF_CORRUPT, offset, "the bands do not have all tokens");
}

/* Whether a group's ids and orders lie in their sections. */
static int group_fits(const kfi_group *g, uint64_t names, uint64_t forward, uint64_t orders)
{
    uint32_t ids = 0;
    for (unsigned w = 0; w < KFI_ID_WIDTHS; w++) ids += g->widths[w];
    return g->tokens && g->tokens <= KF_NAME_TOKENS && ids == g->tokens && g->records <= forward
           && names * kfi_group_record(g) <= forward - g->records && g->orders <= orders
           && kfi_bits_size(names * kfi_order_width(g->tokens)) <= orders - g->orders;
}

static kf_status read_groups(kf_names *n, const uint8_t *at, uint64_t offset, uint64_t forward, uint64_t orders,
                             kf_error *error)
{
    const uint32_t count = n->head.groups;
    n->groups = calloc((size_t)count + 1, sizeof *n->groups);
    if (!n->groups) return kfi_fail_memory(error, (count + 1) * sizeof *n->groups);
    for (uint32_t i = 0; i < count; i++, at += KFI_GROUP_SIZE) {
        kfi_group *g = &n->groups[i];
        g->first = kfi_load32(at);
        g->tokens = kfi_load32(at + 4);
        for (unsigned w = 0; w < KFI_ID_WIDTHS; w++) g->widths[w] = kfi_load16(at + 8 + 2 * w);
        g->records = kfi_load64(at + 16);
        g->orders = kfi_load64(at + 24);
    }
    n->groups[count].first = n->count;
    for (uint32_t i = 0; i < count; i++) {
        const kfi_group *g = &n->groups[i];
        const uint32_t end = g[1].first;
        if (g->first >= end || (i ? g->tokens < g[-1].tokens : g->first)
            || !group_fits(g, end - g->first, forward, orders))
            return kfi_fail_at(error, KF_CORRUPT, offset, "group %u of names is impossible", (unsigned)i);
    }
    return count || !n->count ? KF_OK : kfi_fail_at(error, KF_CORRUPT, offset, "names are in no group");
}

static kf_status read_head(kf_names *n, kf_error *error)
{
    const kfi_section *section, *forward, *orders;
    kf_status status = need(n, KFI_SECTION_NAMES, &section, error);
    if (!status) status = need(n, KFI_SECTION_FORWARD, &forward, error);
    if (!status) status = need(n, KFI_SECTION_ORDERS, &orders, error);
    if (status) return status;
    const uint8_t *at = n->mapping.data + section->offset;
    n->forward = n->mapping.data + forward->offset;
    n->orders = n->mapping.data + orders->offset;
    if (section->size < KFI_NAMES_HEAD)
        return kfi_fail_at(error, KF_CORRUPT, section->offset, "the section of names is cut");
    n->head = (kfi_names_head){ kfi_load32(at), kfi_load32(at + 4), kfi_load32(at + 8), kfi_load32(at + 12),
                                kfi_load64(at + 16) };
    n->properties = kfi_load64(at + 24);
    for (unsigned i = 24; i < KFI_NAMES_HEAD; i += 8)
        if (kfi_load64(at + i) & ~(uint64_t)(i == 24 ? KFI_NAMES_PROCESSED : 0))
            return kfi_fail_at(error, KF_UNSUPPORTED, section->offset + i, "the index has a property that this "
                               "library does not know");
    const uint64_t bands = (uint64_t)n->head.bands * KFI_BAND_SIZE, groups = (uint64_t)n->head.groups * KFI_GROUP_SIZE;
    if (n->head.bands > KFI_BANDS_MOST || n->head.groups > KFI_GROUPS_MOST || n->head.tokens > UINT32_MAX - 1
        || section->size != KFI_NAMES_HEAD + bands + groups)
        return kfi_fail_at(error, KF_CORRUPT, section->offset, "the head of the names is impossible");
    status = read_bands(n, at + KFI_NAMES_HEAD, section->offset, error);
    return status ? status : read_groups(n, at + KFI_NAMES_HEAD + bands, section->offset, forward->size, orders->size,
                                         error);
}

/* An image that is no dictionary, or one of another time, is damage of this file. */
static kf_status open_image(kf_names *n, uint32_t i, uint64_t offset, kf_error *error)
{
    kf_error inner = { .offset = UINT64_MAX };
    const kfi_mapping part = kfi_mapping_part(&n->mapping, offset, n->bands[i].image_size);
    const kf_status status = kfi_plain_open(&n->images[i], part, &inner);
    if (status == KF_NO_MEMORY) return kfi_fail(error, status, "%s", inner.message);
    if (status)
        return kfi_fail_at(error, KF_CORRUPT, offset, "image %u can't be opened: %s", (unsigned)i, inner.message);
    return kf_dict_count(n->images[i]) == n->bands[i].count ? KF_OK
        : kfi_fail_at(error, KF_CORRUPT, offset, "image %u has not as many tokens as its band", (unsigned)i);
}

static kf_status open_images(kf_names *n, kf_error *error)
{
    const kfi_section *section;
    kf_status status = need(n, KFI_SECTION_VOCABULARY, &section, error);
    for (uint32_t i = 0; i < n->head.bands && !status; i++) {
        const kfi_band *b = &n->bands[i];
        if (b->image > section->size || b->image_size > section->size - b->image)
            return kfi_fail_at(error, KF_CORRUPT, section->offset, "image %u lies outside of its section", (unsigned)i);
        status = open_image(n, i, section->offset + b->image, error);
    }
    return status;
}

static kf_status open_letters(kf_names *n, kf_error *error)
{
    const kfi_section *section = kfi_header_section(&n->header, KFI_SECTION_LETTERS);
    if (!section) return KF_OK;
    return kfi_letters_open(&n->letters, n->mapping.data + section->offset, section->size, section->offset, n->count,
                            n->head.tokens, error);
}

static kf_status open_rest(kf_names *n, kf_error *error)
{
    const kfi_section *blocks, *positions, *postings, *ids;
    kf_status status = need(n, KFI_SECTION_BLOCKS, &blocks, error);
    if (!status) status = need(n, KFI_SECTION_POSITIONS, &positions, error);
    if (!status) status = need(n, KFI_SECTION_POSTINGS, &postings, error);
    if (!status) status = need(n, KFI_SECTION_VALUES, &ids, error);
    if (status) return status;
    const uint8_t *file = n->mapping.data;
    n->slot_width = kfi_rank_width(n->count);
    n->positions = file + positions->offset;
    n->postings = file + postings->offset;
    n->postings_size = postings->size;
    if (kfi_bits_size((uint64_t)n->count * n->slot_width) != positions->size)
        return kfi_fail_at(error, KF_CORRUPT, positions->offset, "the section of positions has the wrong size");
    status = read_head(n, error);
    if (!status)
        status = kfi_blocks_open(&n->blocks, file + blocks->offset, blocks->size, blocks->offset, n->head.tokens,
                                 KFI_BLOCK_LENGTH, error);
    if (!status) status = open_images(n, error);
    if (!status) status = kfi_names_extras_open(n, error);
    if (!status) status = open_letters(n, error);
    return status ? status : kfi_column_open(&n->ids, file + ids->offset, ids->size,
                                             (kf_value_type)n->header.value_type, n->count, error);
}

static kf_status open_parts(kf_names *n, kf_error *error)
{
    kf_status status = kfi_header_parse(&n->header, n->mapping.data, n->mapping.size, error);
    if (status) return status;
    if (!(n->header.incompatible & KFI_FEATURE_NAMES))
        return kfi_fail(error, KF_TYPE, "the file is a dictionary, not an index of names");
    if (n->header.incompatible & ~(uint32_t)KFI_FEATURE_NAMES)
        return kfi_fail(error, KF_UNSUPPORTED,
                        "a names index of several shards, or in a normal form, is unknown to this library");
    if (n->header.keys > KFI_NAMES_LIMIT || n->header.longest_key > KF_NAME_BYTES
        || n->header.value_type == KF_VALUES_NONE)
        return kfi_fail_at(error, KF_CORRUPT, 32, "the header is not one of a names index");
    n->count = (uint32_t)n->header.keys;
    const kfi_section *metadata = kfi_header_section(&n->header, KFI_SECTION_METADATA);
    status = kfi_metadata_open(&n->metadata, metadata ? n->mapping.data + metadata->offset : NULL,
                               metadata ? metadata->size : 0, error);
    return status ? status : open_rest(n, error);
}

/* ---- public ------------------------------------------------------------------------------------- */

static kf_status open_mapping(kf_names **out, kfi_mapping mapping, kf_error *error)
{
    kf_names *n = *out = calloc(1, sizeof *n);
    if (!n) {
        kfi_mapping_close(&mapping);
        return kfi_fail_memory(error, sizeof *n);
    }
    n->mapping = mapping;
    kf_status status = open_parts(n, error);
    if (status) kf_names_close(out);
    return status;
}

kf_status kf_names_open(kf_names **out, const char *path, const kf_open_options *options, kf_error *error)
{
    kfi_mapping mapping;
    kf_open_options known;
    *out = NULL;
    kf_status status = kfi_open_file(&mapping, &known, path, options, 0, error);
    return status ? status : open_mapping(out, mapping, error);
}

kf_status kf_names_open_memory(kf_names **out, const void *data, size_t size, const kf_open_options *options,
                               kf_error *error)
{
    kfi_mapping mapping;
    *out = NULL;
    kf_status status = kfi_open_bytes(&mapping, data, size, options, error);
    return status ? status : open_mapping(out, mapping, error);
}

void kf_names_close(kf_names **names)
{
    kf_names *n = names ? *names : NULL;
    if (!n) return;
    for (unsigned i = 0; i < KFI_BANDS_MOST; i++) kfi_plain_close(&n->images[i]);
    kfi_column_close(&n->ids);
    kfi_names_extras_close(n);
    kfi_mapping_close(&n->mapping);
    free(n->groups);
    free(n);
    *names = NULL;
}

kf_status kf_names_content(const kf_names *n, kf_bytes *content)
{
    *content = (kf_bytes){ n->mapping.data, n->mapping.size };
    return KF_OK;
}

int kf_names_same_files(const kf_names *a, const kf_names *b)
{
    return !memcmp(a->header.build_id, b->header.build_id, sizeof a->header.build_id)
        && kfi_mapping_is_same(&a->mapping, &b->mapping);
}

kf_status kf_names_metadata(const kf_names *n, const char *name, kf_bytes *content)
{
    return kfi_metadata_find(&n->metadata, (kf_bytes){ (const uint8_t *)name, strlen(name) }, content, NULL);
}

kf_status kf_names_metadata_at(const kf_names *n, size_t index, kf_bytes *name, kf_bytes *content)
{
    return kfi_metadata_at(&n->metadata, index, name, content, NULL);
}

uint64_t kf_names_count(const kf_names *n) { return n->count; }
void kf_names_build_id(const kf_names *n, uint8_t id[16]) { memcpy(id, n->header.build_id, 16); }

static uint64_t size_of(const kf_names *n, kfi_section_type type)
{
    const kfi_section *section = kfi_header_section(&n->header, type);
    return section ? section->size : 0;
}

kf_status kf_names_get_stat(const kf_names *n, kf_names_stat *out)
{
    kf_status status = kfi_result_check(out, &names_stat_kind, NULL);
    if (status) return status;
    const kf_names_stat stat = {
        .names = n->count, .tokens = n->head.tokens, .name_bytes = n->header.raw_key_bytes,
        .longest_name = n->header.longest_key, .most_tokens = n->head.most_tokens,
        .file_size = n->mapping.size, .vocabulary_bytes = size_of(n, KFI_SECTION_VOCABULARY),
        .block_bytes = size_of(n, KFI_SECTION_BLOCKS), .posting_bytes = size_of(n, KFI_SECTION_POSTINGS),
        .forward_bytes = size_of(n, KFI_SECTION_FORWARD) + size_of(n, KFI_SECTION_ORDERS),
        .position_bytes = size_of(n, KFI_SECTION_POSITIONS), .id_bytes = size_of(n, KFI_SECTION_VALUES),
        .id_type = (kf_value_type)n->header.value_type,
        .attributes = n->attributes.image ? n->attributes.band.count : 0,
        .text_bytes = size_of(n, KFI_SECTION_TEXTS), .processing = n->process.flags,
        .legal_forms = n->process.legal_forms,
        .letter_bytes = size_of(n, KFI_SECTION_LETTERS),
        .attribute_bytes = size_of(n, KFI_SECTION_ATTRIBUTES), .payload_bytes = size_of(n, KFI_SECTION_PAYLOADS),
    };
    kfi_result_write(out, &stat, &names_stat_kind);
    return KF_OK;
}
