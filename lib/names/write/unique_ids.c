/* Whether the ids of names differ. */
#include "names/write/names_builder.h"

#include "base/bits.h"

kf_status kfi_names_take(kfi_spool_reader *reader, kf_bytes *bytes, kf_error *error)
{
    uint64_t size;
    kf_status status = kfi_spool_reader_varint(reader, &size, error);
    *bytes = (kf_bytes){ NULL, 0 };
    if (!status && size) status = kfi_spool_reader_take(reader, (size_t)size, &bytes->data, error);
    if (!status) bytes->size = (size_t)size;
    return status;
}

/* Goes over a row but for its id. */
static kf_status pass_row(kfi_spool_reader *reader, kf_error *error)
{
    kf_bytes bytes;
    kf_status status = kfi_names_take(reader, &bytes, error);
    return status ? status : kfi_names_take(reader, &bytes, error);
}

static kf_status pass_id(void *context, kf_bytes key, kf_bytes value, kf_error *error)
{
    (void)context, (void)key, (void)value, (void)error;
    return KF_OK;
}

/* Numbers are sorted as eight bytes, the highest first. */
static kf_status sort_ids(kf_names_builder *b, kfi_sorter *sorter, kfi_spool_reader *reader, kf_error *error)
{
    kfi_progress progress = { kfi_names_tell, b, KF_PHASE_MINIMISE, 0, KFI_ROWS_STEP, 0 };
    kf_status status = KF_OK;
    for (uint32_t row = 0; row < b->names && !status; row++) {
        uint8_t bytes[8];
        uint64_t number;
        kf_bytes id;
        status = kfi_names_take(reader, &id, error);
        if (!status && b->ids_are_numbers) {
            kfi_names_read_number(id, &number);
            for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(number >> (56 - 8 * i));
            id = (kf_bytes){ bytes, sizeof bytes };
        }
        if (!status) status = kfi_sorter_add(sorter, id, (kf_bytes){ NULL, 0 }, error);
        if (!status) status = pass_row(reader, error);
        if (!status) status = kfi_progress_count(&progress, 1, 0, error);
    }
    return status ? status : kfi_sorter_finish(sorter, pass_id, NULL, error);
}

/* Some id is there twice: the first row whose id was there before with these first bytes. */
static kf_status tell_twice(kf_names_builder *b, const kf_error *found, kf_error *error)
{
    kfi_spool_reader *reader = NULL;
    uint32_t first = UINT32_MAX;
    uint64_t wanted = 0, number;
    for (size_t i = 0; i < 8 && b->ids_are_numbers; i++) wanted = wanted << 8 | found->key[i];
    const size_t known = found->key_size < sizeof found->key ? found->key_size : sizeof found->key;
    kf_status status = kfi_spool_reader_create(&reader, b->rows, 0, KFI_ROWS_BUFFER, error);
    for (uint32_t row = 0; row < b->names && !status; row++) {
        kf_bytes id;
        status = kfi_names_take(reader, &id, error);
        const int is_it = !status && (b->ids_are_numbers
            ? kfi_names_read_number(id, &number) && number == wanted
            : id.size == found->key_size && (!known || !memcmp(id.data, found->key, known)));
        if (is_it && first != UINT32_MAX)
            status = kfi_fail_key(error, KF_DUPLICATE, id, "the id '%.*s' is that of position %u and of %u",
                                  (int)(id.size < 64 ? id.size : 64), (const char *)id.data, (unsigned)first,
                                  (unsigned)row);
        else if (is_it) first = row;
        if (!status) status = pass_row(reader, error);
    }
    kfi_spool_reader_destroy(&reader);
    return status;
}

kf_status kfi_names_check_ids(kf_names_builder *b, kf_error *error)
{
    kfi_sorter *sorter = NULL;
    kfi_spool_reader *reader = NULL;
    kf_error own = { 0 };
    if (!(b->options.flags & KF_NAMES_UNIQUE_IDS) || b->ids_ascend || (b->ids_are_numbers && b->numbers_ascend))
        return KF_OK;
    const kfi_sort_options sort = kfi_names_sort_options(b, KF_VALUES_NONE, KF_DUPLICATES_ERROR);
    kf_status status = kfi_sorter_create(&sorter, &sort, &own);
    if (!status) status = kfi_spool_reader_create(&reader, b->rows, 0, KFI_ROWS_BUFFER, &own);
    if (!status) status = sort_ids(b, sorter, reader, &own);
    kfi_spool_reader_destroy(&reader);
    kfi_sorter_destroy(&sorter);
    if (status == KF_DUPLICATE) status = tell_twice(b, &own, &own);
    if (status && error) *error = own;
    return status;
}
