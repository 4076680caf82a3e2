#include "format/shards.h"

#include "base/bits.h"
#include "format/header.h"
#include "format/keys.h"

#include <keyfold/values.h>

int kfi_shard_compare(kf_bytes a, kf_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- writing ---------------------------------------------------------------------------------- */

kf_status kfi_shards_encode(const kfi_shard *entries, const kfi_shards_head *head, kfi_array *out, kf_error *error)
{
    const size_t count = head->count;
    uint8_t first[KFI_SHARDS_HEADER] = { 0 };
    kfi_store32(first, (uint32_t)count);
    first[4] = (uint8_t)head->weights;
    first[5] = head->plain != 0;
    kf_status status = kfi_array_append(out, first, sizeof first, error);
    for (size_t i = 0; i < count && !status; i++) {
        const kfi_shard *e = &entries[i];
        uint8_t bytes[KFI_SHARDS_ENTRY] = { 0 };
        kfi_store64(bytes, e->offset);
        kfi_store64(bytes + 8, e->size);
        kfi_store64(bytes + 16, e->keys);
        memcpy(bytes + 24, e->build_id, sizeof e->build_id);
        kfi_store32(bytes + 40, (uint32_t)e->first.size);
        kfi_store32(bytes + 44, (uint32_t)e->last.size);
        kfi_store32(bytes + 48, (uint32_t)e->path.size);
        status = kfi_array_append(out, bytes, sizeof bytes, error);
    }
    for (size_t i = 0; i < count && !status; i++) {
        const kfi_shard *e = &entries[i];
        status = kfi_array_append(out, e->first.data, e->first.size, error);
        if (!status) status = kfi_array_append(out, e->last.data, e->last.size, error);
        if (!status) status = kfi_array_append(out, e->path.data, e->path.size, error);
    }
    return status;
}

/* ---- reading ---------------------------------------------------------------------------------- */

kf_status kfi_shards_head_decode(const uint8_t *section, uint64_t size, kfi_shards_head *head, kf_error *error)
{
    if (size < KFI_SHARDS_HEADER) return kfi_fail(error, KF_CORRUPT, "the section of shards is cut");
    uint32_t n = kfi_load32(section);
    *head = (kfi_shards_head){ n, section[4], section[5] };
    if (!n || n > KFI_SHARDS_LIMIT || n > (size - KFI_SHARDS_HEADER) / KFI_SHARDS_ENTRY)
        return kfi_fail(error, KF_CORRUPT, "impossible number of shards %u", (unsigned)n);
    if (head->weights > KF_WEIGHTS_GIVEN || section[5] > 1 || section[6] || section[7])
        return kfi_fail(error, KF_CORRUPT, "the section of shards is damaged");
    return KF_OK;
}

/* What is still to be read of the pool. */
typedef struct pool {
    const uint8_t *at;
    uint64_t left;
} pool;

static int take(pool *p, uint32_t size, uint32_t most, kf_bytes *out)
{
    if (size > p->left || size > most) return 0;
    *out = (kf_bytes){ p->at, size };
    p->at += size;
    p->left -= size;
    return 1;
}

static int path_is_right(kf_bytes path, int named)
{
    if (!named) return !path.size;
    return path.size && !memchr(path.data, 0, path.size);
}

static int image_is_right(const kfi_shard *e, uint64_t expected, uint64_t images)
{
    return e->offset == expected && e->size <= images - expected && e->size % KFI_SECTION_ALIGNMENT == 0;
}

kf_status kfi_shards_decode(const uint8_t *section, uint64_t size, uint64_t images, kfi_shard *entries,
                            kf_error *error)
{
    kfi_shards_head head = { 0 };
    kf_status status = kfi_shards_head_decode(section, size, &head, error);
    if (status) return status;
    if (images && head.plain) return kfi_fail(error, KF_CORRUPT, "the section of shards is damaged");
    const size_t count = head.count;
    uint64_t table = KFI_SHARDS_HEADER + (uint64_t)count * KFI_SHARDS_ENTRY, end = 0, keys = 0;
    pool p = { section + table, size - table };
    for (size_t i = 0; i < count; i++) {
        const uint8_t *b = section + KFI_SHARDS_HEADER + i * KFI_SHARDS_ENTRY;
        kfi_shard *e = &entries[i];
        *e = (kfi_shard){ .offset = kfi_load64(b), .size = kfi_load64(b + 8), .keys = kfi_load64(b + 16) };
        memcpy(e->build_id, b + 24, sizeof e->build_id);
        if (!take(&p, kfi_load32(b + 40), KFI_KEY_LIMIT, &e->first)
            || !take(&p, kfi_load32(b + 44), KFI_KEY_LIMIT, &e->last)
            || !take(&p, kfi_load32(b + 48), KFI_SHARD_PATH_LIMIT, &e->path) || kfi_load32(b + 52)
            || !path_is_right(e->path, !images))
            return kfi_fail(error, KF_CORRUPT, "the entry of shard %zu is damaged", i);
        if (images ? !image_is_right(e, end, images) : e->offset != 0)
            return kfi_fail(error, KF_CORRUPT, "the image of shard %zu is out of place", i);
        if (images) end += e->size;
        int order = kfi_shard_compare(e->first, e->last);
        if (!e->keys || e->keys > UINT64_MAX - keys || (e->keys == 1 ? order != 0 : order >= 0))
            return kfi_fail(error, KF_CORRUPT, "the first and last keys of shard %zu contradict their number", i);
        keys += e->keys;
        if (i && kfi_shard_compare(entries[i - 1].last, e->first) >= 0)
            return kfi_fail(error, KF_CORRUPT, "the keys of shard %zu are not above those before", i);
    }
    if (p.left || end != images)
        return kfi_fail(error, KF_CORRUPT, "the section of shards or of images holds unused bytes");
    return KF_OK;
}
