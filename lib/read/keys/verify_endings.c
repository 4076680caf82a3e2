#include "read/keys/verify_endings.h"

#include "read/keys/bucket_decode.h"

/* A container on the way down, and how many bytes lead to it. */
typedef struct level {
    kfi_decoded bucket;
    size_t size;
    unsigned entry;              /* the next one */
} level;

typedef struct comparison {
    const kfi_keys *keys;
    const uint8_t *records;
    kfi_ending_list list;
    unsigned at;                 /* records that were as they should be */
    uint8_t text[KFI_ENDINGS_LONGEST + KFI_TOKEN_MAX];
    unsigned height;
    level levels[KFI_ENDINGS_LONGEST + 1];   /* each jump takes a byte */
} comparison;

/* Whether the next record is the text's first `size` bytes. */
static int is_next(comparison *c, size_t size)
{
    uint8_t record[2 * KFI_ENDINGS_UNIT] = { 0 };
    const size_t whole = (size_t)KFI_ENDINGS_UNIT << c->list.wide;
    if (c->at == c->list.count || size >= whole) return 0;
    memcpy(record, c->text, size);
    record[whole - 1] = (uint8_t)size;
    return !memcmp(record, c->records + c->at++ * whole, whole);
}

/* Goes to the container that a directory index names, to which the text's first `size` bytes lead. */
static int enter(comparison *c, uint64_t index, size_t size)
{
    kfi_place place;
    if (c->height > KFI_ENDINGS_LONGEST) return 0;   /* unreachable: a text has no more, each jump takes one */
    if (!kfi_directory_place(c->keys, index, &place) || kfi_is_node(place.at)) return 0;
    level *l = &c->levels[c->height++];
    l->size = size;
    l->entry = 0;
    return kfi_bucket_decode(c->keys, place, (uint32_t)size, &l->bucket) && (!l->bucket.view.final || is_next(c, size));
}

static int is_right(comparison *c, uint64_t index)
{
    const uint8_t *limit = c->text + KFI_ENDINGS_LONGEST;
    c->at = c->height = 0;
    if (!enter(c, index, 0)) return 0;
    while (c->height) {
        level *l = &c->levels[c->height - 1];
        if (l->entry == l->bucket.view.count) {
            c->height--;
            continue;
        }
        const unsigned e = l->entry++;
        uint8_t *text = c->text + l->size;
        const uint8_t *end = kfi_decoded_text(c->keys, &l->bucket, e, l->bucket.lcp[e], text, limit);
        if (!end) return 0;
        const size_t size = (size_t)(end - c->text);
        const int jump = kfi_decoded_is_jump(&l->bucket, e);
        if (jump ? !enter(c, kfi_bucket_reference(&l->bucket.view, e), size) : !is_next(c, size)) return 0;
    }
    return c->at == c->list.count;
}

kf_status kfi_endings_verify(const kfi_keys *keys, const uint8_t *file, kf_error *error)
{
    comparison c = { .keys = keys };
    for (uint64_t i = 0; i < keys->endings.count; i++) {
        const uint8_t *entry = keys->endings.entries + i * KFI_ENDINGS_ENTRY;
        c.list = kfi_endings_list(&keys->endings, i);
        c.records = keys->endings.records + (uint64_t)c.list.first * KFI_ENDINGS_UNIT;
        if (!kfi_load32(entry)) continue;
        if (keys->parameters.character_bits || !c.list.count || !is_right(&c, i))
            return kfi_fail_at(error, KF_CORRUPT, (uint64_t)(entry - file),
                               "the endings of jump target %llu are not those below it", (unsigned long long)i);
    }
    return KF_OK;
}
