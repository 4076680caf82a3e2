#include "names/write/forward_writer.h"

#include "write/bit_spool.h"
#include "names/order.h"

#include <keyfold/names.h>

#include <stdlib.h>

/* A name's key for sorting: tokens, 2 bytes | ids of 1, 2, 3, 4 bytes, a byte each | ids | position, 4 bytes. So the
 * names of a group come together. The high byte of numbers is first. The value is its order, and its attribute. */
enum { KEY_HEAD = 6, POSITION_SIZE = 4, ORDER_SIZE = 2, ATTRIBUTE_SIZE = 4, SPOOL_BUFFER = 256 << 10 };

struct kfi_forward_writer {
    kfi_sorter *sorter;
    kfi_attributes *attributes;
    kfi_letters_writer *letters;
    uint32_t names, position;
    unsigned widest;               /* id */
    uint8_t key[KEY_HEAD + 4 * KF_NAME_TOKENS + POSITION_SIZE];
    /* while it is written */
    kfi_writer *writer;
    kfi_progress *progress;
    kfi_array groups;
    uint8_t head[KEY_HEAD];        /* of the last group */
    uint32_t slot;
    kfi_bit_spool orders, positions;
    uint64_t orders_begin;
    kfi_spool *slots;
};

kf_status kfi_forward_create(kfi_forward_writer **out, uint32_t tokens, uint32_t names, kfi_attributes *attributes,
                             kfi_letters_writer *letters, const kfi_sort_options *sort, kf_error *error)
{
    kfi_forward_writer *f = *out = calloc(1, sizeof *f);
    if (!f) return kfi_fail_memory(error, sizeof *f);
    f->names = names;
    f->attributes = attributes;
    f->letters = letters;
    f->widest = kfi_id_width(tokens ? tokens - 1 : 0);
    kf_status status = kfi_sorter_create(&f->sorter, sort, error);
    if (!status) status = kfi_spool_create(&f->orders.spool, sort->folder, SPOOL_BUFFER, sort->account, error);
    if (!status) status = kfi_spool_create(&f->positions.spool, sort->folder, SPOOL_BUFFER, sort->account, error);
    if (!status) status = kfi_spool_create(&f->slots, sort->folder, SPOOL_BUFFER, sort->account, error);
    if (status) kfi_forward_destroy(out);
    return status;
}

static uint8_t *put(uint8_t *at, uint32_t value, unsigned bytes)
{
    while (bytes-- > 0) *at++ = (uint8_t)(value >> 8 * bytes);
    return at;
}

kf_status kfi_forward_add(kfi_forward_writer *f, uint32_t *ids, uint32_t count, uint32_t attribute, kf_error *error)
{
    uint8_t value[ORDER_SIZE + ATTRIBUTE_SIZE], *at = f->key + KEY_HEAD;
    const int sorted = count <= KFI_SORTED_TOKENS;
    memset(f->key, 0, KEY_HEAD);
    put(f->key, count, 2);
    kfi_store16(value, (uint16_t)(sorted ? kfi_order_take(ids, count) : 0));
    for (uint32_t i = 0; i < count; i++) {
        const unsigned width = sorted ? kfi_id_width(ids[i]) : f->widest;
        f->key[1 + width] += sorted;
        at = put(at, ids[i], width);
    }
    at = put(at, f->position++, POSITION_SIZE);
    kfi_store32(value + ORDER_SIZE, attribute);
    return kfi_sorter_add(f->sorter, (kf_bytes){ f->key, (size_t)(at - f->key) },
                          (kf_bytes){ value, f->attributes ? sizeof value : ORDER_SIZE }, error);
}

/* ---- writing ------------------------------------------------------------------------------------ */

static kf_status begin_group(kfi_forward_writer *f, const uint8_t *head, uint32_t tokens, kf_error *error)
{
    kf_status status = kfi_bit_spool_align(&f->orders, error);
    kfi_group group = { .first = f->slot, .tokens = tokens, .records = kfi_writer_position(f->writer),
                        .orders = kfi_spool_size(f->orders.spool) };
    for (unsigned w = 0; w < KFI_ID_WIDTHS; w++) group.widths[w] = head[2 + w];
    if (tokens > KFI_SORTED_TOKENS) group.widths[f->widest - 1] = (uint16_t)tokens;
    memcpy(f->head, head, KEY_HEAD);
    return status ? status : kfi_array_append(&f->groups, &group, sizeof group, error);
}

static kf_status spool_slot(kfi_forward_writer *f, uint32_t *ids, uint32_t count, kf_error *error)
{
    uint32_t distinct = 0;
    for (uint32_t i = 1; count > KFI_SORTED_TOKENS && i < count; i++) {
        uint32_t id = ids[i], at = i;
        for (; at && ids[at - 1] > id; at--) ids[at] = ids[at - 1];
        ids[at] = id;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!i || ids[i] != ids[distinct - 1]) ids[distinct++] = ids[i];
    kf_status status = kfi_spool_write_varint(f->slots, distinct, error);
    for (uint32_t i = 0; i < distinct && !status; i++)
        status = kfi_spool_write_varint(f->slots, ids[i] - (i ? ids[i - 1] : 0), error);
    return status;
}

static kf_status take_name(void *self, kf_bytes key, kf_bytes value, kf_error *error)
{
    kfi_forward_writer *f = self;
    uint32_t ids[KF_NAME_TOKENS], position = 0;
    uint8_t record[4 * KF_NAME_TOKENS], *out = record;
    const uint8_t *at = key.data + KEY_HEAD;
    const uint32_t tokens = (uint32_t)key.data[0] << 8 | key.data[1];
    const int sorted = tokens <= KFI_SORTED_TOKENS;
    kf_status status = KF_OK;
    if (!f->slot || memcmp(f->head, key.data, KEY_HEAD)) status = begin_group(f, key.data, tokens, error);
    for (uint32_t i = 0, width = 1, left = key.data[2]; i < tokens; i++) {
        while (sorted && !left) left = key.data[2 + width++];
        const unsigned bytes = sorted ? width : f->widest;
        uint32_t id = 0;
        for (unsigned k = 0; k < bytes; k++) id = id << 8 | *at++;
        for (unsigned k = 0; k < bytes; k++) *out++ = (uint8_t)(id >> 8 * k);
        ids[i] = id;
        left--;
    }
    for (unsigned k = 0; k < POSITION_SIZE; k++) position = position << 8 | *at++;
    if (!status) status = kfi_writer_write(f->writer, record, (size_t)(out - record), error);
    if (!status) status = kfi_bit_spool_write(&f->orders, kfi_load16(value.data), kfi_order_width(tokens), error);
    if (!status) status = kfi_bit_spool_write(&f->positions, position, kfi_rank_width(f->names), error);
    if (!status) status = kfi_letters_add(f->letters, ids, tokens, error);
    if (!status) status = spool_slot(f, ids, tokens, error);
    if (!status && f->attributes)
        status = kfi_attributes_add_slot(f->attributes, kfi_load32(value.data + ORDER_SIZE), error);
    f->slot++;
    return status ? status : kfi_progress_count(f->progress, 1, (uint64_t)f->names + f->slot, error);
}

static kf_status write_bits(kfi_writer *writer, kfi_section_type type, kfi_bit_spool *bits, kf_error *error)
{
    kf_status status = kfi_writer_begin(writer, type, error);
    if (!status) status = kfi_bit_spool_copy(bits, writer, error);
    return status ? status : kfi_writer_end(writer, error);
}

kf_status kfi_forward_write(kfi_forward_writer *f, kfi_writer *writer, kfi_progress *progress, kf_error *error)
{
    f->progress = progress;
    f->writer = writer;
    kf_status status = kfi_writer_begin(writer, KFI_SECTION_FORWARD, error);
    if (!status) status = kfi_sorter_finish(f->sorter, take_name, f, error);
    if (!status) status = kfi_writer_end(writer, error);
    if (!status) status = write_bits(writer, KFI_SECTION_ORDERS, &f->orders, error);
    if (!status) status = write_bits(writer, KFI_SECTION_POSITIONS, &f->positions, error);
    kfi_sorter_destroy(&f->sorter);
    kfi_spool_destroy(&f->orders.spool);
    kfi_spool_destroy(&f->positions.spool);
    return status ? status : kfi_spool_finish(f->slots, error);
}

const kfi_group *kfi_forward_groups(const kfi_forward_writer *f, uint32_t *count)
{
    *count = (uint32_t)(f->groups.size / sizeof(kfi_group));
    return (const kfi_group *)(const void *)f->groups.data;
}

const kfi_spool *kfi_forward_slots(const kfi_forward_writer *f) { return f->slots; }

void kfi_forward_destroy(kfi_forward_writer **pointer)
{
    kfi_forward_writer *f = *pointer;
    if (!f) return;
    kfi_sorter_destroy(&f->sorter);
    kfi_spool_destroy(&f->orders.spool);
    kfi_spool_destroy(&f->positions.spool);
    kfi_spool_destroy(&f->slots);
    kfi_array_free(&f->groups);
    free(f);
    *pointer = NULL;
}
