/* MSD radix sort of strings with cached words.
 *
 * A range holds entries whose keys agree in their first `depth` bytes; `word` holds a number made
 * of the next `span` bytes (zeros beyond a key's end) that orders them as these bytes do. Bits that
 * the range's keys all share are left out of it, so 64 bits hold 8 bytes of anything, 12 or so
 * of text and 16 of digits: short keys are then sorted without being looked at again, which matters
 * more than anything else, since each look is a cache miss.
 *
 * One step looks for the highest bit in which the range's words differ and distributes in place by
 * the digit that begins there (American flag sort: McIlroy, Bostic & McIlroy 1993), so each step
 * makes at least two non-empty parts and consumes bits of every key. When all words are equal, the
 * keys that end within the span are set apart, and the others go on behind the prefix that they all
 * share. Caching words in a string sort: Ng & Kakehi 2007.
 *
 * There is no bad input: a step costs O(range). Recursion is on parts of at most half the range, the
 * larger part is looped on, so it is log2(n) deep. */
#include "write/sort/radix_sort.h"

enum {
    SMALL_RANGE = 20,
    DIGIT_BITS_MAX = 8,
    SPAN_MAX = 16,             /* at most KFI_SORT_PAD */
    FINAL_SIZE_SHIFT = 59      /* above it, a final word has the length of up to SPAN_MAX bytes */
};

_Static_assert((int)SPAN_MAX <= (int)KFI_SORT_PAD, "so many bytes can be read behind a key");

typedef struct range {
    kfi_sort_entry *entries;
    size_t count;
    size_t depth, span;
    int final;   /* the words alone decide, and all differ */
} range;

/* How a word is made: the bytes that vary in the range, and which of their bits do. */
typedef struct recipe {
    unsigned fields;
    struct { uint8_t at, shift, mask, left; } field[SPAN_MAX];
} recipe;

typedef union window {
    uint64_t words[SPAN_MAX / 8];
    uint8_t bytes[SPAN_MAX];
} window;

static void swap_entries(kfi_sort_entry *a, kfi_sort_entry *b)
{
    kfi_sort_entry kept = *a;
    *a = *b;
    *b = kept;
}

static const uint8_t *key_of(const range *r, size_t i, const kfi_sort_chunk *chunks, size_t *size)
{
    return kfi_sort_record_key(kfi_sort_record(chunks, r->entries[i].ref), size);
}

/* Whether a comes before b, when their words are equal. */
static int precedes_behind_word(const kfi_sort_entry *a, const kfi_sort_entry *b, size_t depth,
                                 const kfi_sort_chunk *chunks)
{
    size_t a_size, b_size;
    const uint8_t *a_key = kfi_sort_record_key(kfi_sort_record(chunks, a->ref), &a_size);
    const uint8_t *b_key = kfi_sort_record_key(kfi_sort_record(chunks, b->ref), &b_size);
    int order = kfi_sort_compare(a_key + depth, a_size - depth, b_key + depth, b_size - depth);
    return order ? order < 0 : a->ref < b->ref;
}

static void sort_small(const range *r, const kfi_sort_chunk *chunks)
{
    for (size_t i = 1; i < r->count; i++) {
        kfi_sort_entry entry = r->entries[i];
        size_t j = i;
        for (; j; j--) {
            const kfi_sort_entry *before = &r->entries[j - 1];
            if (before->word < entry.word) break;
            if (before->word == entry.word && !r->final
                && !precedes_behind_word(&entry, before, r->depth, chunks)) break;
            r->entries[j] = *before;
        }
        r->entries[j] = entry;
    }
}

/* Moves the keys that end within the equal words to the front and returns their number. Among them
 * the length decides, then the order of adding: that becomes their word. */
static size_t split_ended(const range *r, const kfi_sort_chunk *chunks)
{
    size_t ended = 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t size;
        key_of(r, i, chunks, &size);
        if (size > r->depth + r->span) continue;
        r->entries[i].word = (uint64_t)(size - r->depth) << FINAL_SIZE_SHIFT | r->entries[i].ref;
        swap_entries(&r->entries[i], &r->entries[ended++]);
    }
    return ended;
}

/* Moves the depth behind the prefix that all keys share. They agree up to the depth already. */
static void skip_shared(range *r, const kfi_sort_chunk *chunks)
{
    size_t shared, size;
    const uint8_t *first = key_of(r, 0, chunks, &shared);
    for (size_t i = 1; i < r->count && shared > r->depth; i++) {
        const uint8_t *key = key_of(r, i, chunks, &size);
        size_t limit = size < shared ? size : shared;
        shared = r->depth + kfi_sort_common(first + r->depth, key + r->depth, limit - r->depth);
    }
    r->depth = shared;
}

/* The SPAN_MAX bytes of a key behind the depth, zeros behind its end. */
static inline window window_of(const range *r, size_t i, const kfi_sort_chunk *chunks)
{
    static const uint8_t kept[2 * SPAN_MAX] =
        { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
    window found, mask;
    size_t size;
    const uint8_t *key = key_of(r, i, chunks, &size);
    memcpy(&found, key + r->depth, sizeof found);
    size -= r->depth;
    if (size >= SPAN_MAX) return found;
    memcpy(&mask, kept + SPAN_MAX - size, sizeof mask);
    for (size_t j = 0; j < SPAN_MAX / 8; j++) found.words[j] &= mask.words[j];
    return found;
}

/* Which bits differ among the keys in the SPAN_MAX bytes after the depth. */
static window find_varying(const range *r, const kfi_sort_chunk *chunks)
{
    const window first = window_of(r, 0, chunks);
    window varying = { { 0 } };
    for (size_t i = 1; i < r->count; i++) {
        const window other = window_of(r, i, chunks);
        for (size_t j = 0; j < SPAN_MAX / 8; j++) varying.words[j] |= other.words[j] ^ first.words[j];
    }
    return varying;
}

static void make_recipe(range *r, const window *varying, recipe *made)
{
    unsigned bits = 0;
    made->fields = 0;
    for (r->span = 0; r->span < SPAN_MAX; r->span++) {
        uint8_t v = varying->bytes[r->span];
        if (!v) continue;
        unsigned shift = (unsigned)__builtin_ctz(v), width = kfi_bit_width(v) - shift;
        bits += width;
        if (bits > 64) return;
        for (unsigned j = 0; j < made->fields; j++) made->field[j].left += (uint8_t)width;
        made->field[made->fields].at = (uint8_t)r->span;
        made->field[made->fields].shift = (uint8_t)shift;
        made->field[made->fields].left = 0;
        made->field[made->fields++].mask = (uint8_t)kfi_mask64(width);
    }
}

static void load_words(range *r, const kfi_sort_chunk *chunks)
{
    recipe made;
    if (!r->count) return;
    skip_shared(r, chunks);
    const window varying = find_varying(r, chunks);
    make_recipe(r, &varying, &made);
    for (size_t i = 0; i < r->count; i++) {
        const window key = window_of(r, i, chunks);
        uint64_t word = 0;
        for (unsigned j = 0; j < made.fields; j++)
            word |= (uint64_t)(key.bytes[made.field[j].at] >> made.field[j].shift & made.field[j].mask)
                    << made.field[j].left;
        r->entries[i].word = word;
    }
}

/* Distributes by the digit word >> shift & mask; ends[d] becomes the end of part d. */
static void distribute(const range *r, unsigned shift, size_t mask, size_t *ends)
{
    size_t heads[1 << DIGIT_BITS_MAX];
    memset(heads, 0, (mask + 1) * sizeof *heads);
    for (size_t i = 0; i < r->count; i++) heads[r->entries[i].word >> shift & mask]++;
    size_t sum = 0;
    for (size_t d = 0; d <= mask; d++) {
        size_t part = heads[d];
        heads[d] = sum;
        sum += part;
        ends[d] = sum;
    }
    for (size_t d = 0; d <= mask; d++)
        while (heads[d] < ends[d]) {
            kfi_sort_entry entry = r->entries[heads[d]];
            size_t home;
            while ((home = entry.word >> shift & mask) != d) {
                kfi_sort_entry displaced = r->entries[heads[home]];
                r->entries[heads[home]++] = entry;
                entry = displaced;
            }
            r->entries[heads[d]++] = entry;
        }
}

static void sort_range(range r, const kfi_sort_chunk *chunks);

/* All words of r are equal: sorts one side of the split and leaves the larger one in r. */
static void descend(range *r, const kfi_sort_chunk *chunks)
{
    range ended = *r;
    ended.final = 1;
    ended.count = split_ended(r, chunks);
    r->entries += ended.count;
    r->count -= ended.count;
    r->depth += r->span;
    load_words(r, chunks);
    if (ended.count > r->count) {
        range kept = *r;
        *r = ended;
        ended = kept;
    }
    sort_range(ended, chunks);
}

static void sort_range(range r, const kfi_sort_chunk *chunks)
{
    size_t ends[1 << DIGIT_BITS_MAX];
    while (r.count > SMALL_RANGE) {
        uint64_t all = ~0ull, any = 0;
        for (size_t i = 0; i < r.count; i++) {
            all &= r.entries[i].word;
            any |= r.entries[i].word;
        }
        if (all == any) {
            if (r.final) return;
            descend(&r, chunks);
            continue;
        }
        unsigned top = kfi_bit_width(all ^ any);
        unsigned bits = kfi_bit_width(r.count) - 2;
        if (bits > DIGIT_BITS_MAX) bits = DIGIT_BITS_MAX;
        if (bits > top) bits = top;
        size_t mask = ((size_t)1 << bits) - 1;
        distribute(&r, top - bits, mask, ends);

        range largest = r;
        largest.count = 0;
        for (size_t d = 0, begin = 0; d <= mask; begin = ends[d++]) {
            range part = r;
            part.entries += begin;
            part.count = ends[d] - begin;
            if (part.count > r.count / 2) largest = part;
            else if (part.count > 1) sort_range(part, chunks);
        }
        r = largest;
    }
    sort_small(&r, chunks);
}

void kfi_sort_entries(kfi_sort_entry *entries, size_t count, const kfi_sort_chunk *chunks)
{
    range whole = { entries, count, 0, 0, 0 };
    load_words(&whole, chunks);
    sort_range(whole, chunks);
}
