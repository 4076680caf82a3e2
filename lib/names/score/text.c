#include "names/score/text.h"

#include "query/units.h"

kf_status kfi_name_check(kf_bytes name, const char *what, kf_error *error)
{
    size_t spaces = 0;
    if (name.size > KF_NAME_BYTES)
        return kfi_fail(error, KF_LIMIT, "%s of %zu bytes is longer than the limit of %d", what, name.size,
                        KF_NAME_BYTES);
    for (size_t at = 0; at < name.size; ) {
        uint32_t value;
        size_t used = kfi_unit_next(KF_UNIT_CODE_POINTS, name.data + at, name.size - at, &value);
        if (value >= KFI_UNIT_INVALID)
            return kfi_fail_at(error, KF_INVALID, at, "%s is not UTF-8 at byte %zu", what, at);
        spaces += value == KFI_NAME_SPACE;
        at += used;
    }
    if (spaces >= KF_NAME_TOKENS)
        return kfi_fail(error, KF_LIMIT, "%s of %zu tokens has more than the limit of %d", what, spaces + 1,
                        KF_NAME_TOKENS);
    return KF_OK;
}

uint32_t kfi_name_token_count(kf_bytes name)
{
    uint32_t count = 1;
    for (size_t at = 0; at < name.size; at++) count += name.data[at] == KFI_NAME_SPACE;
    return count;
}

uint32_t kfi_name_tokens(kf_bytes name, kf_bytes *tokens)
{
    uint32_t count = 0;
    size_t first = 0;
    for (size_t at = 0; at <= name.size; at++) {
        if (at < name.size && name.data[at] != KFI_NAME_SPACE) continue;
        tokens[count++] = (kf_bytes){ at > first ? name.data + first : NULL, at - first };
        first = at + 1;
    }
    return count;
}

uint32_t kfi_name_length(kf_bytes name)
{
    uint32_t length = 0;
    for (size_t at = 0; at < name.size; at++) length += (name.data[at] & 0xc0) != 0x80;
    return length;
}

kf_status kfi_name_points(kf_bytes token, kfi_array *points, kf_error *error)
{
    kf_status status = kfi_array_reserve(points, 4 * token.size, error);
    if (status) return status;
    for (size_t at = 0; at < token.size; points->size += 4) {
        uint32_t value;
        at += kfi_unit_next(KF_UNIT_CODE_POINTS, token.data + at, token.size - at, &value);
        memcpy(points->data + points->size, &value, 4);
    }
    return KF_OK;
}
