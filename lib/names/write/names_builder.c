/* The public builder of names indexes.
 *
 *   add ---> rows: id, name, in a temporary file
 *        \-> tokens are counted ---> token list: ids            token_count, token_list
 *   finish:                             |---> VOCABULARY        vocabulary_writer
 *                                       |---> BLOCKS            blocks_writer
 *     rows once more, as ids of tokens -+---> sorted by group:  FORWARD, ORDERS, POSITIONS     forward_writer
 *          \-> VALUES: the names' ids             \-----------> POSTINGS                       postings_writer */
#include <keyfold/names.h>

#include "base/options.h"
#include "base/progress.h"
#include "names/write/token_blocks.h"
#include "names/write/forward_writer.h"
#include "names/write/postings_writer.h"
#include "names/write/token_count.h"
#include "names/write/vocabulary_writer.h"
#include "names/score/text.h"
#include "write/budget.h"
#include "write/values/values.h"

#include <stdlib.h>

enum { SPOOL_BUFFER = 1 << 20, ID_LIMIT = 1 << 20, MOST_THREADS = 256, ROWS_STEP = 1 << 16, SECTIONS = 9 };

struct kf_names_builder {
    kf_names_build_options options;
    char *path, *folder;
    kfi_spool *rows;
    kfi_token_count *count;
    kfi_disk_account disk;
    uint32_t names;
    uint64_t name_bytes, id_bytes;
    uint32_t longest_name, most_tokens;
    int ids_are_numbers;
    kfi_progress reading;
    kf_status failed;              /* the first failure: nothing but destroy makes sense afterwards */
};

KFI_STRUCT_KIND(names_build_kind, kf_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT, flags, flags);
KFI_STRUCT_KIND(names_report_kind, kf_names_report, KF_NAMES_REPORT_INIT, temporary_peak, temporary_peak);

static kf_status tell(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    const kf_names_builder *b = context;
    kf_progress progress = { phase, done, total, b->disk.now, 0 };
    return kfi_progress_call(b->options.progress, b->options.progress_context, &progress, error);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static kfi_sort_options sort_options(kf_names_builder *b, kf_value_type type, kf_duplicates duplicates)
{
    return (kfi_sort_options){ .memory = kfi_budget_sorter(b->options.memory_limit), .folder = b->folder,
                               .duplicates = duplicates, .value_type = type, .account = &b->disk,
                               .threads = b->options.threads };
}

static kf_status check_options(const kf_names_build_options *o, kf_error *error)
{
    if (o->memory_limit && o->memory_limit < KFI_MEMORY_LEAST)
        return kfi_fail(error, KF_INVALID, "the memory limit must be at least 16 MiB");
    if (o->threads > MOST_THREADS) return kfi_fail(error, KF_INVALID, "at most %d threads", MOST_THREADS);
    return o->flags ? kfi_fail(error, KF_INVALID, "unknown flags %#x", (unsigned)o->flags) : KF_OK;
}

kf_status kf_names_builder_create(kf_names_builder **out, const char *path, const kf_names_build_options *options,
                                  kf_error *error)
{
    kf_names_build_options known;
    *out = NULL;
    if (!path || !*path) return kfi_fail(error, KF_INVALID, "no path was given");
    kf_status status = kfi_options_read(&known, options, &names_build_kind, error);
    if (!status) status = check_options(&known, error);
    if (status) return status;
    kf_names_builder *b = calloc(1, sizeof *b);
    if (!b) return kfi_fail_memory(error, sizeof *b);
    if (!known.memory_limit) known.memory_limit = KFI_MEMORY_DEFAULT;
    b->options = known;
    b->path = strdup(path);
    b->folder = known.temporary_folder ? strdup(known.temporary_folder) : folder_of(path);
    b->ids_are_numbers = 1;
    b->reading = (kfi_progress){ tell, b, KF_PHASE_READ, 0, ROWS_STEP, 0 };
    if (!b->path || !b->folder) status = kfi_fail_memory(error, strlen(path));
    kfi_sort_options sort = sort_options(b, KF_VALUES_U64, KF_DUPLICATES_SUM);
    if (!status) status = kfi_spool_create(&b->rows, b->folder, SPOOL_BUFFER, &b->disk, error);
    if (!status) status = kfi_token_count_create(&b->count, known.memory_limit / 4, &sort, error);
    if (status) kf_names_builder_destroy(&b);
    *out = b;
    return status;
}

/* ---- adding ------------------------------------------------------------------------------------- */

/* Whether an id is what a u64 looks like in decimal; `number` is it. */
static int read_number(kf_bytes id, uint64_t *number)
{
    *number = 0;
    if (!id.size || (id.data[0] == '0' && id.size > 1)) return 0;
    for (size_t i = 0; i < id.size; i++) {
        const unsigned digit = (unsigned)id.data[i] - '0';
        if (digit > 9 || *number > (UINT64_MAX - digit) / 10) return 0;
        *number = *number * 10 + digit;
    }
    return 1;
}

static kf_status check_row(const kf_names_builder *b, kf_bytes id, kf_bytes name, kf_error *error)
{
    if (b->failed) return kfi_fail(error, KF_INVALID, "the build failed before (%s)", kf_status_name(b->failed));
    if (id.size > ID_LIMIT)
        return kfi_fail_key(error, KF_LIMIT, id, "an id of %zu bytes is longer than the limit of %d", id.size,
                            ID_LIMIT);
    if (b->names >= KFI_NAMES_LIMIT) return kfi_fail(error, KF_LIMIT, "more than 2^32 - 2 names");
    return kfi_name_check(name, "the name", error);
}

kf_status kf_names_builder_add(kf_names_builder *b, const void *id, size_t id_size, const void *name,
                               size_t name_size, kf_error *error)
{
    const kf_bytes i = { id, id_size }, n = { name, name_size };
    kf_bytes tokens[KF_NAME_TOKENS];
    uint64_t number;
    kf_status status = check_row(b, i, n, error);
    if (status) return status;
    const uint32_t count = kfi_name_tokens(n, tokens);
    if (!status) status = kfi_token_count_add(b->count, tokens, count, error);
    if (!status) status = kfi_spool_write_varint(b->rows, id_size, error);
    if (!status) status = kfi_spool_write(b->rows, id, id_size, error);
    if (!status) status = kfi_spool_write_varint(b->rows, name_size, error);
    if (!status) status = kfi_spool_write(b->rows, name, name_size, error);
    b->ids_are_numbers = b->ids_are_numbers && read_number(i, &number);
    b->names++;
    b->name_bytes += name_size;
    b->id_bytes += id_size;
    if (name_size > b->longest_name) b->longest_name = (uint32_t)name_size;
    if (count > b->most_tokens) b->most_tokens = count;
    if (!status) status = kfi_progress_count(&b->reading, 1, b->names, error);
    b->failed = status;
    return status;
}

/* ---- rows once more ----------------------------------------------------------------------------- */

typedef struct finish {
    kf_names_builder *builder;
    kfi_token_list list;
    kfi_token_table table;
    kfi_forward_writer *forward;
    kfi_values *ids;
    kfi_writer *writer;
    kfi_header header;
} finish;

static kf_status take_bytes(kfi_spool_reader *reader, kf_bytes *bytes, kf_error *error)
{
    uint64_t size;
    kf_status status = kfi_spool_reader_varint(reader, &size, error);
    *bytes = (kf_bytes){ NULL, 0 };
    if (!status && size) status = kfi_spool_reader_take(reader, (size_t)size, &bytes->data, error);
    if (!status) bytes->size = (size_t)size;
    return status;
}

static kf_status add_id(finish *f, kf_bytes id, kf_error *error)
{
    uint64_t number;
    uint8_t bytes[8];
    if (!f->builder->ids_are_numbers) return kfi_values_add(f->ids, id, error);
    read_number(id, &number);
    kfi_store64(bytes, number);
    return kfi_values_add(f->ids, (kf_bytes){ bytes, sizeof bytes }, error);
}

static kf_status add_name(finish *f, kf_bytes name, kf_error *error)
{
    kf_bytes tokens[KF_NAME_TOKENS];
    uint32_t ids[KF_NAME_TOKENS];
    const uint32_t count = kfi_name_tokens(name, tokens);
    for (uint32_t i = 0; i < count; i++) ids[i] = kfi_token_table_find(&f->table, tokens[i]);
    return kfi_forward_add(f->forward, ids, count, error);
}

static kf_status read_rows(finish *f, kf_error *error)
{
    kf_names_builder *b = f->builder;
    kfi_spool_reader *reader = NULL;
    kfi_progress progress = { tell, b, KF_PHASE_LAYOUT, b->names, ROWS_STEP, 0 };
    kf_status status = kfi_spool_finish(b->rows, error);
    if (!status) status = kfi_spool_reader_create(&reader, b->rows, 0, SPOOL_BUFFER, error);
    for (uint32_t row = 0; row < b->names && !status; row++) {
        kf_bytes bytes;
        status = take_bytes(reader, &bytes, error);
        if (!status) status = add_id(f, bytes, error);
        if (!status) status = take_bytes(reader, &bytes, error);
        if (!status) status = add_name(f, bytes, error);
        if (!status) status = kfi_progress_count(&progress, 1, row, error);
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

static kf_status write_tokens(finish *f, kf_error *error)
{
    kf_names_builder *b = f->builder;
    const kfi_image_options image = image_options(b, KF_VALUES_NONE);
    const kfi_sort_options sort = sort_options(b, KF_VALUES_BYTES, KF_DUPLICATES_ERROR);
    kf_status status = kfi_token_list_create(&f->list, b->folder, &b->disk, error);
    if (!status) status = kfi_token_count_finish(b->count, kfi_token_list_add, &f->list, error);
    kfi_token_count_destroy(&b->count);
    if (!status) status = kfi_token_list_finish(&f->list, error);
    if (!status) status = tell(b, KF_PHASE_MINIMISE, 0, f->list.count, error);
    if (!status) status = kfi_vocabulary_write(&f->list, &image, f->writer, error);
    if (!status) status = kfi_token_blocks_write(&f->list, &sort, f->writer, error);
    return status ? status : kfi_token_table_fill(&f->table, &f->list, error);
}

static kf_status write_sections(finish *f, kf_error *error)
{
    kf_names_builder *b = f->builder;
    const kfi_image_options ids = image_options(b, b->ids_are_numbers ? KF_VALUES_U64 : KF_VALUES_BYTES);
    const kfi_sort_options sort = sort_options(b, KF_VALUES_BYTES, KF_DUPLICATES_ERROR);
    kf_status status = write_tokens(f, error);
    if (!status) status = kfi_values_create(&f->ids, &ids, error);
    if (!status) status = kfi_forward_create(&f->forward, f->list.count, b->names, &sort, error);
    if (!status) status = read_rows(f, error);
    kfi_token_table_free(&f->table);
    if (!status) status = kfi_forward_write(f->forward, f->writer, error);
    if (!status) status = tell(b, KF_PHASE_VALUES, 0, b->names, error);
    if (!status)
        status = kfi_postings_write(&f->list, f->forward, b->names, b->options.memory_limit / 2, f->writer, error);
    if (!status) status = write_names(f, error);
    return status ? status : kfi_values_finish(f->ids, f->writer, &f->header, error);
}

kf_status kf_names_builder_finish(kf_names_builder *b, kf_names_report *out, kf_error *error)
{
    kf_status status = out ? kfi_result_check(out, &names_report_kind, error) : KF_OK;
    if (status) return status;     /* nothing was done: the builder can still finish */
    if (b->failed) return kfi_fail(error, KF_INVALID, "the build failed before (%s)", kf_status_name(b->failed));
    finish f = { .builder = b };
    status = tell(b, KF_PHASE_SORT, 0, b->names, error);
    if (!status) status = kfi_writer_create(&f.writer, b->path, SECTIONS, error);
    if (!status) status = write_sections(&f, error);
    f.header.incompatible = KFI_FEATURE_NAMES;
    f.header.keys = b->names;
    f.header.longest_key = b->longest_name;
    f.header.raw_key_bytes = b->name_bytes;
    f.header.raw_value_bytes = b->id_bytes;
    if (!status) status = tell(b, KF_PHASE_WRITE, 0, 0, error);
    if (!status) status = kfi_writer_finish(f.writer, &f.header, error);
    const kf_names_report report = { sizeof report, b->names, f.list.count, b->name_bytes, f.header.file_size,
                                     b->disk.peak };
    kfi_values_destroy(&f.ids);
    kfi_forward_destroy(&f.forward);
    kfi_token_table_free(&f.table);
    kfi_token_list_free(&f.list);
    kfi_writer_destroy(&f.writer);
    b->failed = status ? status : KF_INVALID;   /* a builder builds once */
    if (!status && out) kfi_result_write(out, &report, &names_report_kind);
    return status;
}

void kf_names_builder_destroy(kf_names_builder **builder)
{
    kf_names_builder *b = builder ? *builder : NULL;
    if (!b) return;
    kfi_token_count_destroy(&b->count);
    kfi_spool_destroy(&b->rows);
    free(b->path);
    free(b->folder);
    free(b);
    *builder = NULL;
}
