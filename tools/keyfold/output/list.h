/* Values that are lists, as build --duplicates all makes them: each item its size as a varint (7 bits a byte, the
 * lowest first), then its bytes. A dictionary of such values says so in its metadata, where Python looks too:
 * "python.values" is "list:str" or another codec. */
#ifndef TOOL_OUTPUT_LIST_H
#define TOOL_OUTPUT_LIST_H

#include <keyfold/keyfold.h>

#define LIST_METADATA "python.values"
#define LIST_OF_TEXTS "list:str"

/* Memory for a list of one; zero-initialise it. */
typedef struct kft_list {
    uint8_t *data;
    size_t size, capacity;
} kft_list;

/* Makes it the list of one item. Returns 0 when out of memory. */
int list_of_one(kft_list *list, const void *data, size_t size);
void list_free(kft_list *list);

/* Takes the next item off a list. Returns 0 at its end, or where it is damaged. */
int list_next(kf_bytes *list, kf_bytes *item);

/* Whether the dictionary's values are lists of texts or bytes. */
int list_values(const kf_dict *dict);

#endif
