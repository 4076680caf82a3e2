#include "output/guard.h"

#include <string.h>

#include "input/decoder.h"
#include "input/kind.h"

int guard_misleads(kf_bytes key, int is_nul)
{
    static const uint8_t mark[] = { 0xEF, 0xBB, 0xBF };
    const kft_head head = { key.data, key.size, 0 };
    kft_kind kind;
    size_t at = 0;
    int undecided;

    if (decoder_detect(key.data, key.size, &undecided) != DECODER_NONE || kind_foreign(&head, 0, &kind))
        return 1;
    if (is_nul)
        return 0;
    if (key.size >= sizeof mark && memcmp(key.data, mark, sizeof mark) == 0)
        return 1;
    while (at < key.size && key.data[at] == ' ')
        at++;
    return kind_may_begin_document(key.data + at, key.size - at);
}
