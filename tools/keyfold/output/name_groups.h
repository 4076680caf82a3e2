/* Names that belong together by pairs: what is connected is a group. Holds 4 bytes for each name of the index, and the
 * texts of those in pairs. */
#ifndef TOOL_OUTPUT_NAME_GROUPS_H
#define TOOL_OUTPUT_NAME_GROUPS_H

#include <keyfold/keyfold.h>

#include "output/name_hits.h"

typedef struct kft_grouped {
    uint64_t position, group;    /* the group's lowest position */
    size_t text;                 /* where the id lies; the name follows */
    size_t id_size, name_size;
} kft_grouped;

typedef struct kft_groups {
    uint32_t *parents;           /* of positions; UINT32_MAX: in no pair yet */
    uint64_t count;
    kft_grouped *list;           /* names in pairs */
    size_t used, capacity;
    uint8_t *texts;
    size_t texts_used, texts_capacity;
} kft_groups;

/* For an index of so many names. These return 0 when out of memory. */
int groups_open(kft_groups *groups, uint64_t count);
int groups_add(kft_groups *groups, const kf_name_hit *first, const kf_name_hit *second);
/* Prints all groups, the one with the lowest position first: GROUP<TAB>ID<TAB>NAME, or an object a group. Returns how
 * many. */
uint64_t groups_print(kft_groups *groups, const kft_name_printer *printer, kft_output *out);
void groups_close(kft_groups *groups);

#endif
