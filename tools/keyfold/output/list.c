#include "output/list.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 10 };     /* bytes of the longest varint */

int list_of_one(kft_list *list, const void *data, size_t size)
{
    size_t head = 0, rest = size;

    if (list->capacity < HEAD + size) {
        free(list->data);
        list->capacity = HEAD + size + size / 2;
        list->data = malloc(list->capacity);
        if (list->data == NULL) {
            list->capacity = 0;
            return 0;
        }
    }
    for (; rest > 127; rest >>= 7)
        list->data[head++] = (uint8_t)(rest | 128);
    list->data[head++] = (uint8_t)rest;
    if (size > 0)
        memcpy(list->data + head, data, size);
    list->size = head + size;
    return 1;
}

void list_free(kft_list *list)
{
    free(list->data);
    *list = (kft_list){ NULL, 0, 0 };
}

int list_next(kf_bytes *list, kf_bytes *item)
{
    const uint8_t *at = list->data, *end = at + list->size;
    uint64_t size = 0;
    unsigned shift = 0;

    while (at < end && *at > 127 && shift < 56) {
        size |= (uint64_t)(*at++ & 127) << shift;
        shift += 7;
    }
    if (at == end || *at > 127)
        return 0;
    size |= (uint64_t)*at++ << shift;
    if (size > (uint64_t)(end - at))
        return 0;
    *item = (kf_bytes){ at, (size_t)size };
    *list = (kf_bytes){ at + size, (size_t)(end - at) - (size_t)size };
    return 1;
}

int list_values(const kf_dict *dict)
{
    static const char *const texts[] = { "list:str", "list:raw", "list:json" };
    kf_bytes codec;

    if (kf_dict_metadata(dict, LIST_METADATA, &codec) != KF_OK)
        return 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (codec.size == strlen(texts[i]) && memcmp(codec.data, texts[i], codec.size) == 0)
            return 1;
    return 0;
}
