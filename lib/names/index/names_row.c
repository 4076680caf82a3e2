#include "names/index/index.h"

kf_status kfi_names_row(const kf_names *n, uint32_t position, uint32_t slot, kf_buffer *buffer, kfi_array *text,
                        kf_bytes *const parts[4], kf_error *error)
{
    size_t before = text->size;
    kf_status status = kfi_array_reserve(text, 1, error);   /* a row without a letter has a place too */
    for (int i = 0; i < 4 && !status; i++) {
        switch (i) {
        case 0: status = kfi_names_id(n, position, buffer, text, error); break;
        case 1: status = kfi_names_given_text(n, slot, position, buffer, text, error); break;
        case 2: status = kfi_names_attribute_text(n, kfi_names_attribute(n, slot), buffer, text, error); break;
        default: status = kfi_names_payload(n, position, buffer, text, error);
        }
        *parts[i] = (kf_bytes){ NULL, text->size - before };
        before = text->size;
    }
    return status;
}

const uint8_t *kfi_names_row_link(kf_bytes *const parts[4], const uint8_t *text)
{
    for (int i = 0; i < 4; i++) {
        parts[i]->data = text;
        text += parts[i]->size;
    }
    return text;
}
