#include "names/index/index.h"

#include "base/array.h"
#include "names/order.h"
#include "read/plain.h"

#include <stdio.h>

kf_status kfi_names_token(const kf_names *n, kf_bytes token, uint32_t *id)
{
    for (uint32_t i = 0; i < n->head.bands; i++) {
        uint64_t ordinal;
        kf_status status = kf_dict_ordinal(n->images[i], token.size ? token.data : (const uint8_t *)"", token.size,
                                           &ordinal);
        if (status == KF_NOT_FOUND) continue;
        if (!status && ordinal >= n->bands[i].count) status = KF_CORRUPT;
        if (!status) *id = n->bands[i].first + (uint32_t)ordinal;
        return status;
    }
    return KF_NOT_FOUND;
}

kf_status kfi_names_token_text(const kf_names *n, uint32_t id, kf_buffer *buffer, kf_bytes *token, kf_error *error)
{
    kf_status status = KF_CORRUPT;
    uint32_t i = 0;
    if (id < n->head.tokens) {
        while (id - n->bands[i].first >= n->bands[i].count) i++;
        status = kfi_plain_key_at(n->images[i], id - n->bands[i].first, buffer, token);
    }
    if (!status) return KF_OK;
    return kfi_fail(error, status, "token %u can't be read (%s)", (unsigned)id, kf_status_name(status));
}

kf_status kfi_names_arrange(const kf_names *n, const kfi_group *group, uint32_t slot, uint32_t *ids, kf_error *error)
{
    const unsigned width = kfi_order_width(group->tokens);
    const uint64_t bit = (uint64_t)(slot - group->first) * width;
    const uint32_t rank = (uint32_t)kfi_load_bits(n->orders + group->orders, bit, width);
    if (group->tokens > KFI_SORTED_TOKENS || kfi_order_restore(ids, group->tokens, rank)) return KF_OK;
    return kfi_fail(error, KF_CORRUPT, "the order of the tokens of slot %u is impossible", (unsigned)slot);
}

kf_status kfi_names_text(const kf_names *n, uint32_t slot, kf_buffer *buffer, kfi_array *text, kf_error *error)
{
    uint32_t ids[KF_NAME_TOKENS];
    const kfi_group *group = kfi_names_group(n, slot);
    kfi_names_ids(n, group, slot, ids);
    kf_status status = kfi_names_arrange(n, group, slot, ids, error);
    for (uint32_t i = 0; i < group->tokens && !status; i++) {
        kf_bytes token;
        if (i) status = kfi_array_append(text, " ", 1, error);
        if (!status) status = kfi_names_token_text(n, ids[i], buffer, &token, error);
        if (!status) status = kfi_array_append(text, token.data, token.size, error);
    }
    return status;
}

kf_status kfi_names_given_text(const kf_names *n, uint32_t slot, uint32_t position, kf_buffer *buffer,
                               kfi_array *text, kf_error *error)
{
    kf_bytes given;
    if (!n->texts) return kfi_names_text(n, slot, buffer, text, error);
    kf_status status = kfi_column_bytes(n->texts, position, NULL, buffer, &given);
    if (status) return kfi_fail(error, status, "the name of position %u cannot be read", (unsigned)position);
    return kfi_array_append(text, given.data, given.size, error);
}

kf_status kfi_names_id(const kf_names *n, uint32_t position, kf_buffer *buffer, kfi_array *text, kf_error *error)
{
    char digits[24];
    uint64_t number;
    kf_bytes id;
    kf_status status;
    if (n->header.value_type == KF_VALUES_U64) {
        status = kfi_column_u64(n->ids, position, &number);
        if (!status) id = (kf_bytes){ (const uint8_t *)digits,
                                      (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number) };
    } else {
        status = kfi_column_bytes(n->ids, position, NULL, buffer, &id);
    }
    if (status) return kfi_fail(error, status, "the id of position %u cannot be read", (unsigned)position);
    return kfi_array_append(text, id.data, id.size, error);
}

kf_status kfi_names_payload(const kf_names *n, uint32_t position, kf_buffer *buffer, kfi_array *text, kf_error *error)
{
    kf_bytes payload;
    if (!n->payloads) return KF_OK;
    kf_status status = kfi_column_bytes(n->payloads, position, NULL, buffer, &payload);
    if (status) return kfi_fail(error, status, "the payload of position %u cannot be read", (unsigned)position);
    return kfi_array_append(text, payload.data, payload.size, error);
}
