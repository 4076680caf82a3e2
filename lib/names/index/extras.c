/* What is not in all indexes: attributes, payloads, processing with the names as they were given. */
#include "names/index/index.h"

#include "read/plain.h"

static kf_status open_column(const kf_names *n, kfi_section_type type, kfi_column **out, kf_error *error)
{
    const kfi_section *section = kfi_header_section(&n->header, type);
    if (!section) return KF_OK;
    return kfi_column_open(out, n->mapping.data + section->offset, section->size, KF_VALUES_BYTES, n->count, error);
}

static kf_status open_processing(kf_names *n, kf_error *error)
{
    const kfi_section *section = kfi_header_section(&n->header, KFI_SECTION_PROCESSING);
    if (!section) return kfi_fail(error, KF_CORRUPT, "section %d is missing", KFI_SECTION_PROCESSING);
    kf_status status = kfi_process_open(&n->process, n->mapping.data + section->offset, section->size,
                                        section->offset, error);
    if (!status) status = open_column(n, KFI_SECTION_TEXTS, &n->texts, error);
    if (!status && !n->texts) status = kfi_fail(error, KF_CORRUPT, "section %d is missing", KFI_SECTION_TEXTS);
    return status;
}

kf_status kfi_names_extras_open(kf_names *n, kf_error *error)
{
    const kfi_section *attributes = kfi_header_section(&n->header, KFI_SECTION_ATTRIBUTES);
    kf_status status = n->properties & KFI_NAMES_PROCESSED ? open_processing(n, error) : KF_OK;
    if (!status && attributes) status = kfi_names_attributes_open(n, attributes, error);
    return status ? status : open_column(n, KFI_SECTION_PAYLOADS, &n->payloads, error);
}

void kfi_names_extras_close(kf_names *n)
{
    kfi_plain_close(&n->attributes.image);
    kfi_column_close(&n->payloads);
    kfi_column_close(&n->texts);
}

kf_status kf_names_process(const kf_names *n, const void *text, size_t size, kf_buffer *buffer, kf_bytes *out,
                           kf_error *error)
{
    const kf_bytes given = { text, size };
    kfi_process_scratch scratch;
    kfi_process_begin(&scratch, &n->process);
    kf_status status = kfi_process_name(&n->process, &scratch, given, "the text", out, error);
    if (!status && out->size && out->data != given.data) {
        if (kfi_buffer_reserve(buffer, out->size, 0)) status = kfi_fail_memory(error, out->size);
        else memcpy(buffer->data, out->data, out->size);
        out->data = buffer->data;
    }
    kfi_process_end(&scratch);
    return status;
}

/* ---- verifying ---------------------------------------------------------------------------------- */

enum { STEP = 1 << 12 };

/* What is made of a name as it was given is what is compared. */
static kf_status verify_texts(const kf_names *n, kfi_progress *progress, kf_error *error)
{
    const uint64_t offset = kfi_header_section(&n->header, KFI_SECTION_TEXTS)->offset;
    kfi_process_scratch scratch;
    kf_buffer buffer = KF_BUFFER_INIT, token = KF_BUFFER_INIT;
    kfi_array text = { 0 };
    kf_bytes given, made;
    kf_status status = kfi_column_verify(n->texts, progress, error);
    kfi_process_begin(&scratch, &n->process);
    for (uint32_t slot = 0; slot < n->count && !status; slot++) {
        text.size = 0;
        status = kfi_column_bytes(n->texts, kfi_names_position(n, slot), NULL, &buffer, &given);
        if (!status) status = kfi_names_text(n, slot, &token, &text, error);
        if (!status) status = kfi_process_name(&n->process, &scratch, given, "a name", &made, error);
        if (!status && (made.size != text.size || (made.size && memcmp(made.data, text.data, made.size))))
            status = KF_CORRUPT;
        if (status && status != KF_NO_MEMORY)
            status = kfi_fail_at(error, KF_CORRUPT, offset, "a name is not what is compared in its place");
        if (!status && slot % STEP == 0) status = kfi_progress_report(progress, slot, error);
    }
    kfi_process_end(&scratch);
    kfi_array_free(&text);
    kf_buffer_free(&buffer);
    kf_buffer_free(&token);
    return status;
}

kf_status kfi_names_extras_verify(const kf_names *n, kfi_progress *progress, kf_error *error)
{
    kf_status status = n->attributes.image ? kfi_names_attributes_verify(n, progress, error) : KF_OK;
    if (!status && n->payloads) status = kfi_column_verify(n->payloads, progress, error);
    return status || !n->texts ? status : verify_texts(n, progress, error);
}
