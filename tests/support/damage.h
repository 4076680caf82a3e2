/* Changing bytes of a file's key sections. Include after scratch.h and shapes.h. */
#ifndef TESTS_SUPPORT_DAMAGE_H
#define TESTS_SUPPORT_DAMAGE_H

#include "format/header.h"

/* A file in memory of exactly its size, so that a sanitizer sees every byte read beyond it. */
static uint8_t *file;
static size_t file_size;
static kfi_header header;

static struct { size_t where; uint8_t byte; } damage_done[8];
static size_t damage_count;

static inline void damage_load(const char *name)
{
    uint8_t *read = scratch_read(name, &file_size);
    file = malloc(file_size);
    memcpy(file, read, file_size);
    free(read);
    ck_assert_int_eq(kfi_header_parse(&header, file, file_size, NULL), KF_OK);
}

static inline void damage_free(void)
{
    free(file);
    file = NULL;
}

static inline void damage_byte(key_set *set, size_t at)
{
    damage_done[damage_count].where = at;
    damage_done[damage_count++].byte = file[at];
    switch (set_below(set, 4)) {
    case 0: file[at] ^= (uint8_t)(1u << set_below(set, 8)); break;
    case 1: file[at] = 0xff; break;
    case 2: file[at] = 0; break;
    default: file[at] = (uint8_t)set_below(set, 256);
    }
}

/* Changes up to six bytes of the key sections, as `set` draws them. */
static inline void damage(key_set *set)
{
    static const kfi_section_type types[] = { KFI_SECTION_TREE, KFI_SECTION_TREE, KFI_SECTION_SHARED,
                                              KFI_SECTION_TOKENS };
    for (size_t n = 1 + set_below(set, 6); n--; ) {
        const kfi_section *s = kfi_header_section(&header, types[set_below(set, 4)]);
        if (!s->size) continue;
        size_t offset = set_below(set, (size_t)s->size);
        /* The parameters' zeros and tables are much of a small file. */
        if (s->type == KFI_SECTION_TREE && s->size > 512 && set_below(set, 8))
            offset = 512 + set_below(set, (size_t)s->size - 512);
        damage_byte(set, (size_t)s->offset + offset);
    }
}

static inline void damage_undo(void)
{
    while (damage_count) {
        damage_count--;
        file[damage_done[damage_count].where] = damage_done[damage_count].byte;
    }
}

#endif
