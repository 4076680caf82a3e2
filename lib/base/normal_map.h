/* A text beside its normal form, segment by segment (normalise.h): where what is found in the normal form lies in the
 * text. Segments that become nothing belong to the one before, at the text's start to none.
 *
 *     text      C a f e +301   S t r a ß e          here:  a bit where a segment of the normal form begins, and
 *     there     1 1 1 1 0 0    1 1 1 1 1 0 1 (end)         one at its end
 *     normal    c a f é    s t r a s s e            there: the same for the text
 *     here      1 1 1 1 0  1 1 1 1 1 0 1 (end)
 */
#ifndef KFI_BASE_NORMAL_MAP_H
#define KFI_BASE_NORMAL_MAP_H

#include "base/normalise.h"

typedef struct kfi_normal_map {
    kf_bytes text;
    kfi_normal normal;           /* data[0 .. size) is the normal form */
    uint64_t *here, *there;
    size_t here_words, there_words;
} kfi_normal_map;

/* A place between two segments, or before the first, or after the last one. */
typedef struct kfi_normal_place {
    size_t here, there;
} kfi_normal_place;

/* Of the text, as much as makes at least `most` bytes of normal form. The map must stay where it is, and be destroyed
 * on failure too. KF_NO_MEMORY. */
kf_status kfi_normal_map_create(kfi_normal_map *map, uint32_t flags, kf_bytes text, size_t most);
void kfi_normal_map_destroy(kfi_normal_map *map);

static inline kf_bytes kfi_normal_map_form(const kfi_normal_map *map)
{
    return (kf_bytes){ map->normal.data, map->normal.size };
}

/* Whether `here`, at most the normal form's size, lies between segments. */
static inline int kfi_normal_map_between(const kfi_normal_map *map, size_t here)
{
    return map->here[here / 64] >> here % 64 & 1;
}

/* The first place. */
kfi_normal_place kfi_normal_map_first(const kfi_normal_map *map);
/* From a place, where the normal form has not ended, to the next one. */
kfi_normal_place kfi_normal_map_next(const kfi_normal_map *map, kfi_normal_place from);
/* From a place to that where the normal form is at `here`, which lies between segments and not before it. O(distance /
 * 64). */
kfi_normal_place kfi_normal_map_go(const kfi_normal_map *map, kfi_normal_place from, size_t here);

#endif
