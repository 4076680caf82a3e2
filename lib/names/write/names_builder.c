/* The public builder of names indexes.
 *
 *   add ---> processed, if wanted: as they are compared        process
 *        \-> rows: id, name, attribute, in a temporary file
 *        \-> tokens are counted ---> token list: ids            token_count, token_list
 *        \-> attributes are counted, payloads collected
 *   finish:                             |---> VOCABULARY        vocabulary_writer
 *                                       |---> BLOCKS            blocks_writer
 *     rows once more, as ids of tokens -+---> sorted by group:  FORWARD, ORDERS, POSITIONS     forward_writer
 *          \-> VALUES: the names' ids             \-----------> POSTINGS                       postings_writer
 *     attributes of slots, payloads -------------------------> ATTRIBUTES, PAYLOADS           attributes_writer */
#include "names/write/names_builder.h"

#include "base/options.h"
#include "base/path.h"
#include "names/names_layout.h"
#include "names/score/text.h"

#include <stdlib.h>

enum { ID_LIMIT = 1 << 20, PAYLOAD_LIMIT = 1 << 30, MOST_THREADS = 256 };

KFI_STRUCT_KIND(names_build_kind, kf_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT, flags, legal_table);
KFI_STRUCT_KIND(names_row_kind, kf_names_row, KF_NAMES_ROW_INIT, payload, payload);

kf_status kfi_names_tell(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    const kf_names_builder *b = context;
    kf_progress progress = { phase, done, total, b->disk.now, 0 };
    return kfi_progress_call(b->options.progress, b->options.progress_context, &progress, error);
}

kfi_sort_options kfi_names_sort_options(kf_names_builder *b, kf_value_type type, kf_duplicates duplicates)
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
    return o->flags & ~(uint32_t)(KF_NAMES_REPLACE_ANY | KF_NAMES_UNIQUE_IDS)
        ? kfi_fail(error, KF_INVALID, "unknown flags %#x", (unsigned)o->flags) : KF_OK;
}

/* Columns are written last of all. */
static kf_status tell_column(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    const kf_names_builder *b = context;
    (void)phase, (void)done, (void)total;
    return kfi_names_tell(context, KF_PHASE_VALUES, b->names, b->names, error);
}

static kf_status create_column(kf_names_builder *b, kfi_column_builder **out, kf_error *error)
{
    const kfi_column_options column = {
        .type = KF_VALUES_BYTES, .memory = kfi_budget_names(b->options.memory_limit, 0).column, .folder = b->folder,
        .account = &b->disk, .progress = { .tell = tell_column, .context = b }
    };
    return kfi_column_builder_create(out, &column, error);
}

static kf_status begin_processing(kf_names_builder *b, kf_error *error)
{
    kf_status status = KF_OK;
    if (kfi_process_is_wanted(&b->options)) {
        status = kfi_process_compile(&b->options, &b->stored, error);
        if (!status) status = kfi_process_open(&b->process, b->stored.data, b->stored.size, 0, error);
        if (!status) status = create_column(b, &b->texts, error);
    } else if (b->options.legal_table) {
        status = kfi_fail(error, KF_INVALID, "a table of legal forms, which are to be kept as they are");
    }
    b->options.separators = b->options.legal_table = NULL;
    return status;
}

kf_status kf_names_builder_create(kf_names_builder **out, const char *path, const kf_names_build_options *options,
                                  kf_error *error)
{
    kf_names_build_options known;
    *out = NULL;
    if (!path || !*path) return kfi_fail(error, KF_INVALID, "no path was given");
    kf_status status = kfi_options_read(&known, options, &names_build_kind, error);
    if (!status) status = check_options(&known, error);
    if (!status)
        status = kfi_output_check(path, known.flags & KF_NAMES_REPLACE_ANY ? NULL : kfi_magic, KFI_MAGIC_SIZE, error);
    if (status) return status;
    kf_names_builder *b = calloc(1, sizeof *b);
    if (!b) return kfi_fail_memory(error, sizeof *b);
    if (!known.memory_limit) known.memory_limit = KFI_MEMORY_DEFAULT;
    b->options = known;
    b->path = strdup(path);
    b->folder = known.temporary_folder ? strdup(known.temporary_folder) : kfi_path_folder(path);
    b->ids_are_numbers = b->numbers_ascend = b->ids_ascend = 1;
    b->reading = (kfi_progress){ kfi_names_tell, b, KF_PHASE_READ, 0, KFI_ROWS_STEP, 0 };
    if (!b->path || !b->folder) status = kfi_fail_memory(error, strlen(path));
    const kfi_names_shares shares = kfi_budget_names(known.memory_limit, 0);
    kfi_sort_options sort = kfi_names_sort_options(b, KF_VALUES_U64, KF_DUPLICATES_SUM);
    sort.memory = shares.token_sort;
    if (!status) status = begin_processing(b, error);
    kfi_process_begin(&b->scratch, &b->process);
    if (!status) status = kfi_spool_create(&b->rows, b->folder, KFI_ROWS_BUFFER, &b->disk, error);
    if (!status) status = kfi_token_count_create(&b->count, shares.tokens, &sort, error);
    if (status) kf_names_builder_destroy(&b);
    *out = b;
    return status;
}

/* ---- adding ------------------------------------------------------------------------------------- */

int kfi_names_read_number(kf_bytes id, uint64_t *number)
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

static kf_status check_row(const kf_names_builder *b, const kf_names_row *row, kf_error *error)
{
    if (b->failed) return kfi_fail(error, KF_INVALID, "the build failed before (%s)", kf_status_name(b->failed));
    if (row->id.size > ID_LIMIT)
        return kfi_fail_key(error, KF_LIMIT, row->id, "an id of %zu bytes is longer than the limit of %d",
                            row->id.size, ID_LIMIT);
    if (row->attribute.size > KF_ATTRIBUTE_BYTES)
        return kfi_fail(error, KF_LIMIT, "an attribute of %zu bytes is longer than the limit of %d",
                        row->attribute.size, KF_ATTRIBUTE_BYTES);
    if (row->payload.size > PAYLOAD_LIMIT)
        return kfi_fail(error, KF_LIMIT, "a payload of %zu bytes is longer than the limit of %d", row->payload.size,
                        PAYLOAD_LIMIT);
    if (b->names >= KFI_NAMES_LIMIT) return kfi_fail(error, KF_LIMIT, "more than 2^32 - 2 names");
    return KF_OK;
}

/* The first attribute that is not empty makes those before it count. */
static kf_status count_attribute(kf_names_builder *b, kf_bytes attribute, kf_error *error)
{
    static const kf_bytes none = { NULL, 0 };
    kf_status status = KF_OK;
    if (!b->attributes) {
        const kfi_names_shares shares = kfi_budget_names(b->options.memory_limit, 0);
        kfi_sort_options sort = kfi_names_sort_options(b, KF_VALUES_U64, KF_DUPLICATES_SUM);
        if (!attribute.size) return KF_OK;
        sort.memory = shares.attribute_sort;
        status = kfi_token_count_create(&b->attributes, shares.attributes, &sort, error);
        for (uint32_t i = 0; i < b->names && !status; i++)
            status = kfi_token_count_add(b->attributes, &none, 1, error);
    }
    return status ? status : kfi_token_count_add(b->attributes, &attribute, 1, error);
}

static kf_status collect_payload(kf_names_builder *b, kf_bytes payload, kf_error *error)
{
    static const kf_bytes none = { NULL, 0 };
    kf_status status = KF_OK;
    if (!b->payloads) {
        if (!payload.size) return KF_OK;
        status = create_column(b, &b->payloads, error);
        for (uint32_t i = 0; i < b->names && !status; i++)
            status = kfi_column_builder_add(b->payloads, none, error);
    }
    return status ? status : kfi_column_builder_add(b->payloads, payload, error);
}

static kf_status spool_row(kf_names_builder *b, const kf_names_row *row, kf_bytes name, kf_error *error)
{
    const kf_bytes *const parts[] = { &row->id, &name, &row->attribute };
    kf_status status = KF_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !status; i++) {
        status = kfi_spool_write_varint(b->rows, parts[i]->size, error);
        if (!status) status = kfi_spool_write(b->rows, parts[i]->data, parts[i]->size, error);
    }
    return status;
}

/* What is known of ids without sorting them. */
static kf_status watch_id(kf_names_builder *b, kf_bytes id, kf_error *error)
{
    uint64_t number = 0;
    b->ids_are_numbers = b->ids_are_numbers && kfi_names_read_number(id, &number);
    if (b->ids_are_numbers) {
        b->numbers_ascend = b->numbers_ascend && (!b->names || number > b->last_number);
        b->last_number = number;
    }
    if (!(b->options.flags & KF_NAMES_UNIQUE_IDS) || !b->ids_ascend) return KF_OK;
    const size_t common = id.size < b->last_id.size ? id.size : b->last_id.size;
    const int order = common ? memcmp(b->last_id.data, id.data, common) : 0;
    if (b->names && (order > 0 || (!order && b->last_id.size >= id.size))) b->ids_ascend = 0;
    b->last_id.size = 0;
    return kfi_array_append(&b->last_id, id.data, id.size, error);
}

static kf_status add(kf_names_builder *b, const kf_names_row *row, kf_error *error)
{
    kf_bytes tokens[KF_NAME_TOKENS], name;
    kf_status status = check_row(b, row, error);
    if (!status) status = kfi_process_name(&b->process, &b->scratch, row->name, "the name", &name, error);
    if (status == KF_NO_MEMORY) b->failed = status;
    if (status) return status;
    const uint32_t count = kfi_name_tokens(name, tokens);
    status = kfi_token_count_add(b->count, tokens, count, error);
    if (!status) status = count_attribute(b, row->attribute, error);
    if (!status) status = collect_payload(b, row->payload, error);
    if (!status && b->texts) status = kfi_column_builder_add(b->texts, row->name, error);
    if (!status) status = spool_row(b, row, name, error);
    if (!status) status = watch_id(b, row->id, error);
    b->names++;
    b->name_bytes += name.size;
    b->id_bytes += row->id.size;
    if (name.size > b->longest_name) b->longest_name = (uint32_t)name.size;
    if (count > b->most_tokens) b->most_tokens = count;
    if (!status) status = kfi_progress_count(&b->reading, 1, b->names, error);
    b->failed = status;
    return status;
}

kf_status kf_names_builder_add(kf_names_builder *b, const void *id, size_t id_size, const void *name,
                               size_t name_size, kf_error *error)
{
    const kf_names_row row = { .struct_size = sizeof row, .id = { id, id_size }, .name = { name, name_size } };
    return add(b, &row, error);
}

kf_status kf_names_builder_add_row(kf_names_builder *b, const kf_names_row *row, kf_error *error)
{
    kf_names_row known;
    kf_status status = row ? kfi_options_read(&known, row, &names_row_kind, error)
                           : kfi_fail(error, KF_INVALID, "no row was given");
    return status ? status : add(b, &known, error);
}

kf_status kf_names_builder_set_metadata(kf_names_builder *b, const char *name, const void *data, size_t size,
                                        kf_error *error)
{
    return kfi_metadata_add(&b->metadata, &b->metadata_bytes, name, data, size, error);
}

void kf_names_builder_destroy(kf_names_builder **builder)
{
    kf_names_builder *b = builder ? *builder : NULL;
    if (!b) return;
    kfi_token_count_destroy(&b->count);
    kfi_token_count_destroy(&b->attributes);
    kfi_column_builder_destroy(&b->payloads);
    kfi_column_builder_destroy(&b->texts);
    kfi_process_end(&b->scratch);
    kfi_array_free(&b->stored);
    kfi_array_free(&b->last_id);
    kfi_spool_destroy(&b->rows);
    kfi_metadata_free(&b->metadata);
    free(b->path);
    free(b->folder);
    free(b);
    *builder = NULL;
}
