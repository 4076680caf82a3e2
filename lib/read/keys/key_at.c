#include "read/keys/node_decode.h"
#include "read/keys/order.h"

/* The key being put together: text[0..size) leads to the container at `place`, whose first key has
 * ordinal `first`. */
typedef struct selection {
    const kfi_keys *keys;
    uint64_t ordinal, first;
    kfi_place place;
    uint8_t *text;
    const uint8_t *limit;
    size_t size;
} selection;

enum { DAMAGED, GO_ON, DONE };

static int select_bucket(selection *s)
{
    kfi_decoded d;
    if (!kfi_bucket_decode(s->keys, s->place, (uint32_t)s->size, &d)) return DAMAGED;
    if (d.view.final && s->ordinal == s->first) return DONE;
    s->first += (unsigned)d.view.final;
    unsigned entry = kfi_decoded_select(&d, s->ordinal - s->first);
    uint8_t *end = kfi_decoded_text(s->keys, &d, entry, 0, s->text + s->size, s->limit);
    if (!end) return DAMAGED;
    s->size = (size_t)(end - s->text);
    s->first += kfi_decoded_rank(&d, entry);
    if (!kfi_decoded_is_jump(&d, entry)) return s->first == s->ordinal ? DONE : DAMAGED;
    return kfi_bucket_target(s->keys, &d.view, entry, &s->place) ? GO_ON : DAMAGED;
}

static int select_node(selection *s)
{
    kfi_node n;
    kfi_node_pick pick;
    if (s->place.end != s->keys->tree + s->keys->tree_size || !kfi_node_parse(&n, s->place)) return DAMAGED;
    if (n.final && s->ordinal == s->first) return DONE;
    s->first += (unsigned)n.final;
    if (!kfi_node_select(&n, s->ordinal - s->first, &pick)) return DAMAGED;
    s->first += pick.before;
    if (!pick.is_big) {
        if (!kfi_node_bucket(&n, pick.bucket, &s->place) || s->place.at[0] & 0x80) return DAMAGED;
        return select_bucket(s);
    }
    uint8_t *end = kfi_node_edge_append(s->keys, &n, pick.big, s->text + s->size, s->limit);
    if (!end || !kfi_node_child(s->keys, &n, pick.big, &s->place)) return DAMAGED;
    s->size = (size_t)(end - s->text);
    return GO_ON;
}

size_t kfi_key_at(const kfi_keys *keys, uint64_t ordinal, uint8_t *text)
{
    const kfi_keys_parameters *p = &keys->parameters;
    selection s = { keys, ordinal, 0, { keys->tree + p->root, keys->tree + keys->tree_size },
                    text, text + keys->longest_key, 0 };
    int step = GO_ON;
    if (p->root_kind != KFI_ROOT_CONTAINER) return ordinal ? SIZE_MAX : 0;
    /* Every container adds a byte, and kfi_*_append refuse what exceeds the longest key. */
    while (step == GO_ON) step = s.place.at[0] & 0x80 ? select_node(&s) : select_bucket(&s);
    return step == DONE ? s.size : SIZE_MAX;
}
