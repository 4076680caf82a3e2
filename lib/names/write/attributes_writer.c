#include "names/write/attributes_writer.h"

#include "write/bit_spool.h"
#include "names/write/postings_writer.h"
#include "names/write/vocabulary_writer.h"

#include <stdlib.h>

enum { SPOOL_BUFFER = 256 << 10 };

struct kfi_attributes {
    uint32_t names;
    kfi_token_list list;           /* of attributes: in one band, so that ids are ranks */
    kfi_token_table table;
    kfi_bit_spool slots;           /* the number of each slot's */
    kfi_spool *listed;             /* the same for kfi_postings_write */
};

kf_status kfi_attributes_create(kfi_attributes **out, kfi_token_count **count, uint32_t names, const char *folder,
                                kfi_disk_account *account, kf_error *error)
{
    kfi_attributes *a = *out = calloc(1, sizeof *a);
    kf_status status = a ? kfi_token_list_create(&a->list, folder, account, error)
                         : kfi_fail_memory(error, sizeof *a);
    if (!status) {
        a->names = names;
        a->list.is_one_band = 1;
        status = kfi_token_count_finish(*count, kfi_token_list_add, &a->list, error);
    }
    kfi_token_count_destroy(count);
    if (!status) status = kfi_token_list_finish(&a->list, error);
    if (!status) status = kfi_token_table_fill(&a->table, &a->list, error);
    if (!status) status = kfi_spool_create(&a->slots.spool, folder, SPOOL_BUFFER, account, error);
    if (!status) status = kfi_spool_create(&a->listed, folder, SPOOL_BUFFER, account, error);
    if (status) kfi_attributes_destroy(out);
    return status;
}

uint32_t kfi_attributes_find(const kfi_attributes *a, kf_bytes attribute)
{
    return kfi_token_table_find(&a->table, attribute);
}

kf_status kfi_attributes_add_slot(kfi_attributes *a, uint32_t number, kf_error *error)
{
    uint32_t frequency;
    memcpy(&frequency, a->list.frequencies.data + 4 * (size_t)number, 4);
    const int is_listed = kfi_attribute_is_listed(frequency, a->names);
    kf_status status = kfi_bit_spool_write(&a->slots, number, kfi_rank_width(a->list.count), error);
    if (!status) status = kfi_spool_write_varint(a->listed, (unsigned)is_listed, error);
    return status || !is_listed ? status : kfi_spool_write_varint(a->listed, number, error);
}

kf_status kfi_attributes_write(kfi_attributes *a, const kfi_image_options *image, uint64_t memory, kfi_writer *writer,
                               kfi_progress *progress, kf_error *error)
{
    uint8_t head[KFI_ATTRIBUTES_HEAD] = { 0 };
    const kfi_band *band = &a->list.bands[0];
    uint64_t slots = 0;
    kfi_token_table_free(&a->table);
    kf_status status = kfi_spool_finish(a->listed, error);
    if (!status) status = kfi_writer_begin(writer, KFI_SECTION_ATTRIBUTES, error);
    if (!status) status = kfi_writer_write(writer, head, sizeof head, error);
    if (!status) status = kfi_vocabulary_write_band(&a->list, 0, image, writer, error);
    if (!status) slots = kfi_writer_position(writer);
    if (!status) status = kfi_bit_spool_copy(&a->slots, writer, error);
    if (!status)
        status = kfi_postings_write(&a->list, a->listed, a->names, a->names / KFI_ATTRIBUTE_SHARE, memory, writer,
                                    progress, error);
    if (status) return status;
    kfi_store32(head, band->count);
    head[4] = band->end_width;
    head[5] = band->frequency_width;
    kfi_store64(head + 8, band->image_size);
    kfi_store64(head + 16, slots);
    kfi_store64(head + 24, band->postings);
    kfi_store64(head + 32, band->directory);
    status = kfi_writer_patch(writer, 0, head, sizeof head, error);
    return status ? status : kfi_writer_end(writer, error);
}

void kfi_attributes_destroy(kfi_attributes **pointer)
{
    kfi_attributes *a = *pointer;
    if (!a) return;
    kfi_token_table_free(&a->table);
    kfi_token_list_free(&a->list);
    kfi_spool_destroy(&a->slots.spool);
    kfi_spool_destroy(&a->listed);
    free(a);
    *pointer = NULL;
}
