/* Finishing a build of a names index: names_builder.c draws the way of the rows. */
#include "names/write/names_builder.h"

#include "base/options.h"
#include "format/column.h"
#include "names/score/text.h"
#include "names/write/token_blocks.h"
#include "names/write/forward_writer.h"
#include "names/write/postings_writer.h"
#include "names/write/vocabulary_writer.h"
#include "write/values/values.h"

enum { SECTIONS = 10 };

KFI_STRUCT_KIND(names_report_kind, kf_names_report, KF_NAMES_REPORT_INIT, temporary_peak, temporary_peak);

/* ---- rows once more ----------------------------------------------------------------------------- */

typedef struct finish {
    kf_names_builder *builder;
    kfi_token_list list;
    kfi_token_work work;           /* with tokens */
    kfi_progress layout, values;
    kfi_token_table table;
    kfi_attributes *attributes;    /* NULL: none */
    kfi_letters_writer *letters;
    kfi_forward_writer *forward;
    kfi_values *ids;
    kfi_writer *writer;
    kfi_header header;
} finish;

static kf_status add_id(finish *f, kf_bytes id, kf_error *error)
{
    uint64_t number;
    uint8_t bytes[8];
    if (!f->builder->ids_are_numbers) return kfi_values_add(f->ids, id, error);
    kfi_names_read_number(id, &number);
    kfi_store64(bytes, number);
    return kfi_values_add(f->ids, (kf_bytes){ bytes, sizeof bytes }, error);
}

static kf_status add_name(finish *f, kf_bytes name, kfi_spool_reader *reader, kf_error *error)
{
    kf_bytes tokens[KF_NAME_TOKENS];
    uint32_t ids[KF_NAME_TOKENS];
    const uint32_t count = kfi_name_tokens(name, tokens);
    for (uint32_t i = 0; i < count; i++) ids[i] = kfi_token_table_find(&f->table, tokens[i]);
    kf_bytes attribute;
    kf_status status = kfi_names_take(reader, &attribute, error);
    const uint32_t number = f->attributes && !status ? kfi_attributes_find(f->attributes, attribute) : 0;
    return status ? status : kfi_forward_add(f->forward, ids, count, number, error);
}

static kf_status read_rows(finish *f, kf_error *error)
{
    kf_names_builder *b = f->builder;
    kfi_spool_reader *reader = NULL;
    kf_status status = kfi_spool_reader_create(&reader, b->rows, 0, KFI_ROWS_BUFFER, error);
    for (uint32_t row = 0; row < b->names && !status; row++) {
        kf_bytes bytes;
        status = kfi_names_take(reader, &bytes, error);
        if (!status) status = add_id(f, bytes, error);
        if (!status) status = kfi_names_take(reader, &bytes, error);
        if (!status) status = add_name(f, bytes, reader, error);
        if (!status) status = kfi_progress_count(&f->layout, 1, row, error);
    }
    kfi_spool_reader_destroy(&reader);
    kfi_spool_destroy(&b->rows);
    return status;
}

/* ---- sections ----------------------------------------------------------------------------------- */

static kf_status write_names(const finish *f, kf_error *error)
{
    uint8_t head[KFI_NAMES_HEAD] = { 0 }, entry[KFI_BAND_SIZE];
    const kfi_token_list *list = &f->list;
    uint32_t groups, bands = 0;
    const kfi_group *group = kfi_forward_groups(f->forward, &groups);
    for (unsigned b = 0; b < KFI_BANDS; b++) bands += list->bands[b].count > 0;
    kfi_store32(head, list->count);
    kfi_store32(head + 4, f->builder->most_tokens);
    kfi_store32(head + 8, bands);
    kfi_store32(head + 12, groups);
    kfi_store64(head + 16, list->postings);
    kfi_store64(head + 24, f->builder->texts ? KFI_NAMES_PROCESSED : 0);
    kf_status status = kfi_writer_begin(f->writer, KFI_SECTION_NAMES, error);
    if (!status) status = kfi_writer_write(f->writer, head, sizeof head, error);
    for (unsigned b = 0; b < KFI_BANDS && !status; b++) {
        const kfi_band *band = &list->bands[b];
        if (!band->count) continue;
        memset(entry, 0, sizeof entry);
        kfi_store32(entry, band->first);
        kfi_store32(entry + 4, band->count);
        kfi_store32(entry + 8, band->frequency);
        entry[12] = band->end_width;
        entry[13] = band->frequency_width;
        kfi_store64(entry + 16, band->image);
        kfi_store64(entry + 24, band->image_size);
        kfi_store64(entry + 32, band->postings);
        kfi_store64(entry + 40, band->directory);
        status = kfi_writer_write(f->writer, entry, KFI_BAND_SIZE, error);
    }
    for (uint32_t i = 0; i < groups && !status; i++) {
        kfi_store32(entry, group[i].first);
        kfi_store32(entry + 4, group[i].tokens);
        for (unsigned w = 0; w < KFI_ID_WIDTHS; w++) kfi_store16(entry + 8 + 2 * w, group[i].widths[w]);
        kfi_store64(entry + 16, group[i].records);
        kfi_store64(entry + 24, group[i].orders);
        status = kfi_writer_write(f->writer, entry, KFI_GROUP_SIZE, error);
    }
    return status ? status : kfi_writer_end(f->writer, error);
}

static kfi_image_options image_options(kf_names_builder *b, kf_value_type type)
{
    return (kfi_image_options){ .value_type = type, .folder = b->folder, .account = &b->disk, .threads = 1,
                                .shares = kfi_budget_image(b->options.memory_limit, 0) };
}

/* How often tokens are gone through: for their bands, images, letters, blocks, ids. */
static kfi_token_work token_work(kf_names_builder *b, const kfi_token_list *list)
{
    unsigned walks = 6;
    for (unsigned i = 0; i < KFI_BANDS; i++) walks += list->bands[i].count > 0;
    return (kfi_token_work){ { kfi_names_tell, b, KF_PHASE_MINIMISE, (uint64_t)walks * list->count, KFI_ROWS_STEP, 0 },
                             0 };
}

static kf_status write_tokens(finish *f, kf_error *error)
{
    kf_names_builder *b = f->builder;
    const kfi_image_options image = image_options(b, KF_VALUES_NONE);
    const kfi_sort_options sort = kfi_names_sort_options(b, KF_VALUES_BYTES, KF_DUPLICATES_ERROR);
    kf_status status = kfi_token_list_create(&f->list, b->folder, &b->disk, error);
    if (!status) status = kfi_token_count_finish(b->count, kfi_token_list_add, &f->list, error);
    kfi_token_count_destroy(&b->count);
    if (!status) status = kfi_token_list_finish(&f->list, error);
    f->work = token_work(b, &f->list);
    f->list.work = &f->work;
    if (!status) status = kfi_progress_report(&f->work.progress, 0, error);
    if (!status) status = kfi_vocabulary_write(&f->list, &image, f->writer, error);
    if (!status) status = kfi_letters_create(&f->letters, &f->list, b->folder, &b->disk, error);
    if (!status) status = kfi_token_blocks_write(&f->list, &sort, kfi_letters_places(f->letters), f->writer, error);
    return status ? status : kfi_token_table_fill(&f->table, &f->list, error);
}

static kf_status write_column(finish *f, kfi_section_type type, kfi_column_builder *column, kf_error *error)
{
    kf_encoding encoding;
    kf_status status = kfi_writer_begin(f->writer, type, error);
    if (!status) status = kfi_column_builder_write(column, f->writer, KFI_COLUMN_HEADER_SIZE, &encoding, error);
    return status ? status : kfi_writer_end(f->writer, error);
}

static kf_status write_processing(finish *f, kf_error *error)
{
    const kf_names_builder *b = f->builder;
    kf_status status = write_column(f, KFI_SECTION_TEXTS, b->texts, error);
    if (!status) status = kfi_writer_begin(f->writer, KFI_SECTION_PROCESSING, error);
    if (!status) status = kfi_writer_write(f->writer, b->stored.data, b->stored.size, error);
    return status ? status : kfi_writer_end(f->writer, error);
}

/* What is not in all files. */
static kf_status write_extras(finish *f, kf_error *error)
{
    kf_names_builder *b = f->builder;
    const kfi_image_options image = image_options(b, KF_VALUES_NONE);
    kf_status status = b->texts ? write_processing(f, error) : KF_OK;
    if (!status && f->attributes)
        status = kfi_attributes_write(f->attributes, &image, kfi_budget_names(b->options.memory_limit, 0).lists,
                                      f->writer, &f->values, error);
    if (!status && b->payloads) status = write_column(f, KFI_SECTION_PAYLOADS, b->payloads, error);
    return status;
}

static kf_status write_postings(finish *f, kf_error *error)
{
    const kf_names_builder *b = f->builder;
    kf_status status = kfi_writer_begin(f->writer, KFI_SECTION_POSTINGS, error);
    if (!status)
        status = kfi_postings_write(&f->list, kfi_forward_slots(f->forward), b->names, UINT32_MAX,
                                    kfi_budget_names(b->options.memory_limit, 0).lists, f->writer, &f->values, error);
    return status ? status : kfi_writer_end(f->writer, error);
}

/* Names follow tokens in the phase. */
static kf_status tell_values(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    finish *f = context;
    (void)phase, (void)total;
    return kfi_progress_report(&f->values, f->list.count + done, error);
}

static kfi_names_shares shares_of(const finish *f)
{
    return kfi_budget_names(f->builder->options.memory_limit, kfi_token_table_size(&f->table)
                                                              + 8 * (uint64_t)f->list.count + f->list.frequencies.size);
}

static kf_status write_sections(finish *f, kf_error *error)
{
    kf_names_builder *b = f->builder;
    kfi_image_options ids = image_options(b, b->ids_are_numbers ? KF_VALUES_U64 : KF_VALUES_BYTES);
    kfi_sort_options sort = kfi_names_sort_options(b, KF_VALUES_BYTES, KF_DUPLICATES_ERROR);
    kf_status status = kfi_spool_finish(b->rows, error);
    ids.threads = b->options.threads;
    ids.progress = (kfi_progress){ .tell = tell_values, .context = f };
    if (!status) status = write_tokens(f, error);
    if (!status) status = kfi_names_check_ids(b, error);
    if (!status) status = kfi_values_create(&f->ids, &ids, error);
    if (!status && b->attributes)
        status = kfi_attributes_create(&f->attributes, &b->attributes, b->names, b->folder, &b->disk, error);
    sort.memory = shares_of(f).sort;
    if (!status)
        status = kfi_forward_create(&f->forward, f->list.count, b->names, f->attributes, f->letters, &sort, error);
    f->layout = (kfi_progress){ kfi_names_tell, b, KF_PHASE_LAYOUT, 2 * (uint64_t)b->names, KFI_ROWS_STEP, 0 };
    f->values = (kfi_progress){ kfi_names_tell, b, KF_PHASE_VALUES, f->list.count + (uint64_t)b->names, KFI_ROWS_STEP,
                                0 };
    if (!status) status = kfi_progress_report(&f->layout, 0, error);
    if (!status) status = read_rows(f, error);
    if (!status) kfi_values_start(f->ids);
    kfi_token_table_free(&f->table);
    if (!status) status = kfi_forward_write(f->forward, f->writer, &f->layout, error);
    if (!status) status = kfi_letters_write(f->letters, f->writer, error);
    kfi_letters_destroy(&f->letters);
    if (!status) status = kfi_progress_report(&f->values, 0, error);
    if (!status) status = write_postings(f, error);
    if (!status) status = write_names(f, error);
    if (!status) status = kfi_values_finish(f->ids, f->writer, &f->header, error);
    return status ? status : write_extras(f, error);
}

kf_status kf_names_builder_finish(kf_names_builder *b, kf_names_report *out, kf_error *error)
{
    kf_status status = out ? kfi_result_check(out, &names_report_kind, error) : KF_OK;
    if (status) return status;     /* nothing was done: the builder can still finish */
    if (b->failed) return kfi_fail(error, KF_INVALID, "the build failed before (%s)", kf_status_name(b->failed));
    finish f = { .builder = b };
    const uint32_t sections = SECTIONS + (b->attributes != NULL) + (b->payloads != NULL) + 2 * (b->texts != NULL)
                              + (b->metadata.count > 0);
    status = kfi_names_tell(b, KF_PHASE_SORT, 0, b->names, error);
    if (!status) status = kfi_writer_create(&f.writer, b->path, sections, error);
    if (!status && !(b->options.flags & KF_NAMES_REPLACE_ANY)) status = kfi_writer_protect(f.writer, error);
    if (!status && b->metadata.count) status = kfi_metadata_write(&b->metadata, f.writer, error);
    if (!status) status = write_sections(&f, error);
    f.header.incompatible = KFI_FEATURE_NAMES;
    f.header.keys = b->names;
    f.header.longest_key = b->longest_name;
    f.header.raw_key_bytes = b->name_bytes;
    f.header.raw_value_bytes = b->id_bytes;
    if (!status) status = kfi_names_tell(b, KF_PHASE_WRITE, 0, 0, error);
    if (!status) status = kfi_writer_finish(f.writer, &f.header, error);
    const kf_names_report report = { sizeof report, b->names, f.list.count, b->name_bytes, f.header.file_size,
                                     b->disk.peak };
    kfi_values_destroy(&f.ids);
    kfi_forward_destroy(&f.forward);
    kfi_letters_destroy(&f.letters);
    kfi_attributes_destroy(&f.attributes);
    kfi_token_table_free(&f.table);
    kfi_token_list_free(&f.list);
    kfi_writer_destroy(&f.writer);
    b->failed = status ? status : KF_INVALID;   /* a builder builds once */
    if (!status && out) kfi_result_write(out, &report, &names_report_kind);
    return status;
}
