/* Finding a key, compiled once for each instruction set: lean steps, and search_body.h's where these do not do. */
#ifndef KFI_READ_SEARCH_FIND_BODY_H
#define KFI_READ_SEARCH_FIND_BODY_H

#include "read/search/lean_body.h"

enum { KEY_MOST = 240, KEY_ROOM = KEY_MOST + LEAN_PAD };   /* longer keys are searched where they are */

/* Copies a key of up to KEY_MOST bytes to `room`, LEAN_PAD zeros behind it. */
KFI_INLINE void pad_key(uint8_t *room, const uint8_t *key, size_t size)
{
    if (size > 32) {
        for (size_t i = 0; i < size - 16; i += 16) memcpy(room + i, key + i, 16);
        memcpy(room + size - 16, key + size - 16, 16);
    } else if (size >= 8) {   /* four words that overlap: most keys go one way */
        const size_t last = size - 8, second = last < 8 ? last : 8, third = last < 16 ? last : 16;
        const uint64_t a = kfi_load64(key), b = kfi_load64(key + second), c = kfi_load64(key + third);
        const uint64_t d = kfi_load64(key + last);
        kfi_store64(room, a);
        kfi_store64(room + second, b);
        kfi_store64(room + third, c);
        kfi_store64(room + last, d);
    } else if (size >= 4) {
        const uint32_t last = kfi_load32(key + size - 4);
        kfi_store32(room, kfi_load32(key));
        kfi_store32(room + size - 4, last);
    } else {
        for (size_t i = 0; i < size; i++) room[i] = key[i];
    }
    memset(room + size, 0, LEAN_PAD);
}

/* Which cell of the table of first nodes a key has; NULL when there is none. */
KFI_INLINE const uint8_t *top_cell(const kfi_keys *keys, const uint8_t *key, size_t size)
{
    const kfi_top *top = &keys->top;
    if (!top->positions || size < top->positions) return NULL;
    uint64_t index = 0;
    for (unsigned i = 0; i < top->positions; i++)
        index += (uint64_t)top->classes[256 * i + key[i]] * kfi_load32(top->strides + 4 * i);
    return index < top->cell_count ? top->cells + index * top->cell_width : NULL;
}

/* The root, before anything of a padded key is used. */
KFI_INLINE lean at_root(const kfi_keys *keys, const uint8_t *key, size_t size)
{
    const kfi_place root = kfi_root(keys);
    return (lean){ root.at, root.end, key, key + size, key, 0 };
}

/* Goes to the node that a cell names. */
KFI_INLINE void start_at_cell(lean *s, const kfi_keys *keys, const uint8_t *cell)
{
    const kfi_top *top = &keys->top;
    const uint64_t position = kfi_load_bytes(cell + 1, top->position_width);
    if (KFI_RARELY(position < KFI_KEYS_PARAMETERS || position >= keys->tree_size
                   || cell[0] > (size_t)(s->key_end - s->key)))
        return;
    s->at = keys->tree + position;
    s->key += cell[0];
    s->rank = kfi_load_bytes(cell + 1 + top->position_width, top->rank_width);
}

typedef struct rare {
    lean search;
    uint64_t reference;
    int in_bucket;
} rare;

/* One container down by search_step. */
static __attribute__((noinline)) lean_step rare_step(const kfi_keys *keys, rare *r)
{
    lean *s = &r->search;
    static const lean_step steps[] = {
        [KFI_STEP_ON] = LEAN_ON, [KFI_STEP_JUMP] = LEAN_JUMP, [KFI_STEP_FOUND] = LEAN_FOUND,
        [KFI_STEP_ABSENT] = LEAN_ABSENT, [KFI_STEP_CORRUPT] = LEAN_CORRUPT,
    };
    kfi_search search = { .place = { s->at, s->end }, .rank = s->rank, .depth = (size_t)(s->key - s->key_begin),
                          .in_bucket = r->in_bucket, .key = s->key_begin, .size = (size_t)(s->key_end - s->key_begin) };
    const kfi_step step = search_step(keys, &search, 0, NULL, &r->reference);
    s->at = search.place.at;
    s->end = search.place.end;
    s->rank = search.rank;
    s->key = s->key_begin + search.depth;
    return step == KFI_STEP_ON && search.in_bucket ? LEAN_BUCKET : steps[step];
}

/* Goes where a jump leads; 0 if that is nowhere, or a node outside of TREE. */
KFI_INLINE int follow(const kfi_keys *keys, lean *s, uint64_t reference)
{
    kfi_place place;
    if (!kfi_directory_place(keys, reference, &place)) return 0;
    s->at = place.at;
    s->end = place.end;
    return !kfi_is_node(s->at) || s->end == keys->tree + keys->tree_size;
}

/* A jump, whose text the key has. LEAN_ON, or all is known: LEAN_FOUND, LEAN_ABSENT, LEAN_CORRUPT. */
KFI_INLINE lean_step lean_jump(const kfi_keys *keys, lean *s, uint64_t reference)
{
    const size_t left = (size_t)(s->key_end - s->key);
    const kfi_ending_list list = kfi_endings_list(&keys->endings, reference);
    if (!list.count) return follow(keys, s, reference) ? LEAN_ON : LEAN_CORRUPT;
    const uint8_t *records = keys->endings.records + (size_t)list.first * KFI_ENDINGS_UNIT;
    /* Zeros follow the key; a length that no record has stands for longer rests. */
    const uint64_t word = kfi_load64(s->key), next = kfi_load64(s->key + KFI_ENDINGS_UNIT);
    const uint32_t equal = list.wide
        ? kfi_records16(records, list.count, word, next | (left <= KFI_ENDINGS_LONGEST ? left : 255ull) << 56)
        : kfi_records8(records, list.count, word | (left < KFI_ENDINGS_UNIT ? left : 255ull) << 56);
    if (!equal) return LEAN_ABSENT;
    s->rank += (unsigned)__builtin_ctz(equal);
    return LEAN_FOUND;
}

/* Goes on to the end: LEAN_FOUND, LEAN_ABSENT, LEAN_CORRUPT. */
KFI_INLINE lean_step lean_find(const kfi_keys *keys, lean *s)
{
    uint64_t reference = 0;
    rare r;
    for (;;) {
        lean_step step;
        int in_bucket = 0;
        while (kfi_is_node(s->at)) {
            step = lean_node(keys, s);
            if (step == LEAN_ON) continue;
            if (step != LEAN_BUCKET) goto other;
            in_bucket = 1;
            if (KFI_RARELY(kfi_is_node(s->at))) return LEAN_CORRUPT;
        }
        step = lean_bucket_step(keys, s, &reference);
        if (step != LEAN_JUMP) goto other;
    jump:
        step = lean_jump(keys, s, reference);
        if (step != LEAN_ON) return step;
        continue;
    other:
        if (step != LEAN_RARE) return step;
        r = (rare){ *s, reference, in_bucket };   /* a copy, so that the search itself stays in registers */
        step = rare_step(keys, &r);
        *s = r.search;
        reference = r.reference;
        if (step == LEAN_JUMP) goto jump;
        if (step > LEAN_BUCKET) return step;
        if (step == LEAN_BUCKET && kfi_is_node(s->at)) return LEAN_CORRUPT;
    }
}

/* Takes a search that was set out at the root to the node that its text's cell names. */
KFI_INLINE void start_below_top(kfi_search *s, const kfi_keys *keys, const uint8_t *text, size_t size)
{
    const uint8_t *cell = top_cell(keys, text, size);
    if (!cell) return;
    lean start = at_root(keys, text, size);
    start_at_cell(&start, keys, cell);
    s->place.at = start.at;
    s->rank = start.rank;
    s->depth = (size_t)(start.key - text);
}

static __attribute__((noinline)) kf_status find_long(const kfi_keys *keys, const uint8_t *key, size_t size,
                                                     uint64_t *ordinal)
{
    kfi_search s;
    kfi_step step;
    kfi_search_text(&s, keys, key, size);
    start_below_top(&s, keys, key, size);
    do step = search_step(keys, &s, 1, NULL, NULL);
    while (step == KFI_STEP_ON);
    *ordinal = s.rank;
    if (step == KFI_STEP_FOUND) return s.rank < keys->count ? KF_OK : KF_CORRUPT;
    return step == KFI_STEP_ABSENT ? KF_NOT_FOUND : KF_CORRUPT;
}

/* A search that needs no steps, or long ones. */
static __attribute__((noinline)) kf_status find_other(const kfi_keys *keys, const uint8_t *key, size_t size,
                                                      uint64_t *ordinal)
{
    *ordinal = 0;
    if (keys->parameters.root_kind == KFI_ROOT_CONTAINER && size <= keys->longest_key)
        return find_long(keys, key, size, ordinal);
    return keys->parameters.root_kind == KFI_ROOT_EMPTY_KEY && size == 0 ? KF_OK : KF_NOT_FOUND;
}

KFI_INLINE int is_other(const kfi_keys *keys, size_t size)
{
    return size > keys->longest_key || size > KEY_MOST || keys->parameters.root_kind != KFI_ROOT_CONTAINER;
}

static inline kf_status find(const kfi_keys *keys, const uint8_t *key, size_t size, uint64_t *ordinal)
{
    uint8_t room[KEY_ROOM];
    if (KFI_RARELY(is_other(keys, size))) return find_other(keys, key, size, ordinal);
    pad_key(room, key, size);
    lean s = at_root(keys, room, size);
    const uint8_t *cell = top_cell(keys, room, size);
    if (cell) start_at_cell(&s, keys, cell);
    const lean_step step = lean_find(keys, &s);
    *ordinal = s.rank;
    if (step == LEAN_FOUND) return s.rank < keys->count ? KF_OK : KF_CORRUPT;
    return step == LEAN_ABSENT ? KF_NOT_FOUND : KF_CORRUPT;
}

#endif
