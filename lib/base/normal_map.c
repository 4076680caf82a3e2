#include "base/normal_map.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 64 };

/* ---- bits ------------------------------------------------------------------------------------- */

/* Makes room for the bits 0 .. `bits`, zero where they are new. */
static int reserve(uint64_t **words, size_t *count, size_t bits)
{
    const size_t wanted = bits / WORD + 1;
    if (wanted <= *count) return 1;
    const size_t more = wanted > 2 * *count ? wanted : 2 * *count;
    uint64_t *grown = realloc(*words, more * sizeof *grown);
    if (!grown) return 0;
    memset(grown + *count, 0, (more - *count) * sizeof *grown);
    *words = grown;
    *count = more;
    return 1;
}

static void set_bits(uint64_t *words, size_t from, size_t count)
{
    while (count) {
        const size_t at = from % WORD, some = count < WORD - at ? count : WORD - at;
        words[from / WORD] |= (some == WORD ? UINT64_MAX : (UINT64_C(1) << some) - 1) << at;
        from += some;
        count -= some;
    }
}

/* The bit set next after `at`; there is one. */
static size_t next_bit(const uint64_t *words, size_t at)
{
    size_t word = ++at / WORD;
    uint64_t left = words[word] >> at % WORD << at % WORD;
    while (!left) left = words[++word];
    return word * WORD + (size_t)__builtin_ctzll(left);
}

/* ---- making it -------------------------------------------------------------------------------- */

/* Notes that `count` segments of a byte each, or one of any size, begin here and there. */
static int note(kfi_normal_map *m, size_t here, size_t there, size_t count)
{
    if (!reserve(&m->here, &m->here_words, here + count) || !reserve(&m->there, &m->there_words, there + count))
        return 0;
    set_bits(m->here, here, count);
    set_bits(m->there, there, count);
    return 1;
}

kf_status kfi_normal_map_create(kfi_normal_map *m, uint32_t flags, kf_bytes text, size_t most)
{
    kfi_normal *n = &m->normal;
    *m = (kfi_normal_map){ .text = text };
    kfi_normal_begin(n, flags);
    size_t at = 0;
    while (at < text.size && n->size < most) {
        const size_t here = n->size, left = most - n->size;
        /* No further than what is wanted, and the code point behind it. */
        const int far = left < SIZE_MAX - 8 && text.size - at > left + 8;
        const kf_bytes near = { text.data, far ? at + left + 8 : text.size };
        size_t size = text.data[at] < 0x80 ? kfi_normal_ascii(n, near, at) : 0, count = size;
        if (size > left) size = count = left;
        if (size) {
            if (kfi_normal_append(n, (kf_bytes){ text.data + at, size })) return KF_NO_MEMORY;
        } else {
            size = kfi_normal_segment(n, text, at);
            count = n->size > here;
            if (!size) return KF_NO_MEMORY;
        }
        if (!note(m, here, at, count)) return KF_NO_MEMORY;
        at += size;
    }
    return note(m, n->size, at, 1) ? KF_OK : KF_NO_MEMORY;
}

void kfi_normal_map_destroy(kfi_normal_map *m)
{
    if (m->normal.data) kfi_normal_end(&m->normal);
    free(m->here);
    free(m->there);
    *m = (kfi_normal_map){ .here = NULL };
}

/* ---- going along it --------------------------------------------------------------------------- */

kfi_normal_place kfi_normal_map_first(const kfi_normal_map *m)
{
    return (kfi_normal_place){ 0, m->there[0] & 1 ? 0 : next_bit(m->there, 0) };
}

kfi_normal_place kfi_normal_map_next(const kfi_normal_map *m, kfi_normal_place from)
{
    return (kfi_normal_place){ next_bit(m->here, from.here), next_bit(m->there, from.there) };
}

kfi_normal_place kfi_normal_map_go(const kfi_normal_map *m, kfi_normal_place from, size_t here)
{
    if (here == from.here) return from;
    /* How many segments begin after `from` and up to `here`. */
    size_t count = 0, first = from.here + 1;
    for (size_t word = first / WORD; word <= here / WORD; word++) {
        uint64_t bits = m->here[word];
        if (word == first / WORD) bits = bits >> first % WORD << first % WORD;
        if (word == here / WORD) bits &= UINT64_MAX >> (WORD - 1 - here % WORD);
        count += (size_t)__builtin_popcountll(bits);
    }
    size_t word = (from.there + 1) / WORD, some;
    uint64_t bits = m->there[word] >> (from.there + 1) % WORD << (from.there + 1) % WORD;
    for (; (some = (size_t)__builtin_popcountll(bits)) < count; count -= some) bits = m->there[++word];
    while (--count) bits &= bits - 1;
    return (kfi_normal_place){ here, word * WORD + (size_t)__builtin_ctzll(bits) };
}
