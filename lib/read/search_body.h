/* The search for a key, compiled once for each instruction set: the including file has chosen a
 * fields_*.h and defines KFI_VARIANT(name).
 *
 * One step goes down one container. In a node the key's next byte selects a child node or a bucket.
 * In a bucket, with m bytes matched, the entry that can continue the key is the first with lcp == m and
 * the key's next byte as its label, before any entry with lcp < m: one comparison of all labels and all
 * lcps finds it. Its tail is compared token by token; where it differs or ends, m has grown and the rest
 * of the bucket is searched the same way. */
#include "read/bucket_view.h"
#include "read/node_view.h"

#define KFI_PREFETCH(p) __builtin_prefetch((p), 0, 3)

/* 16 loadable bytes of the key from `at` on; beyond its end they are 0. */
static inline const uint8_t *key_at(const kfi_search *s, size_t at)
{
    return at < s->tail_start ? s->key + at : s->tail + (at - s->tail_start);
}

static inline void search_start(kfi_search *s, const kfi_keys *keys, const uint8_t *key, size_t size)
{
    s->place.at = keys->tree + keys->parameters.root;
    s->place.end = keys->tree + keys->tree_size;
    s->rank = 0;
    s->depth = 0;
    s->key = key;
    s->size = size;
    s->tail_start = size > 16 ? size - 15 : 0;
    memset(s->tail, 0, sizeof s->tail);
    if (size > 16) memcpy(s->tail, key + size - 15, 15);
    else if (size) memcpy(s->tail, key, size);
    s->in_bucket = 0;
    const kfi_top *top = &keys->top;
    if (!top->positions || size < top->positions) return;
    uint64_t index = 0;
    for (unsigned i = 0; i < top->positions; i++)
        index += (uint64_t)top->classes[256 * i + key[i]] * kfi_load32(top->strides + 4 * i);
    if (index >= top->cell_count) return;
    const uint8_t *cell = top->cells + index * top->cell_width;
    uint64_t position = kfi_load64(cell + 1) & kfi_mask64(8 * top->position_width);
    if (position < KFI_KEYS_PARAMETERS || position >= keys->tree_size || cell[0] > size) return;
    s->depth = cell[0];
    s->place.at = keys->tree + position;
    s->rank = kfi_load64(cell + 1 + top->position_width) & kfi_mask64(8 * top->rank_width);
}

/* Compares `count` codes from `bit` of `bits` on with the key from `at` on. Returns how many bytes agree;
 * `*whole` tells whether all codes did; -1 for a code out of range. */
static inline ptrdiff_t match_tokens(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                                     const kfi_search *s, size_t at, int *whole)
{
    const unsigned width = keys->tokens.bits;
    size_t from = at;
    *whole = 0;
    for (; count; count--, bit += width) {
        unsigned length;
        const uint8_t *token = kfi_token(&keys->tokens, (uint32_t)kfi_load_bits(bits, bit, width), &length);
        if (!length) return -1;
        unsigned same = kfi_match16(token, key_at(s, at));
        size_t left = s->size - at;
        if (same < length || length > left) {
            if (same > length) same = length;
            return (ptrdiff_t)(at - from + (same < left ? same : left));
        }
        at += length;
    }
    *whole = 1;
    return (ptrdiff_t)(at - from);
}

/* The same in character mode, where a code is one byte. */
static inline ptrdiff_t match_characters(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                                         const kfi_search *s, size_t at, int *whole)
{
    const unsigned width = keys->parameters.character_bits;
    size_t from = at;
    *whole = 0;
    while (count) {
        unsigned n = count < 12 ? (unsigned)count : 12;
        uint8_t text[16];
        uint64_t codes = kfi_load_bits(bits, bit, 4 * 12);
        for (unsigned i = 0; i < 12; i++, codes >>= width)
            text[i] = keys->parameters.character[codes & ((1u << width) - 1)];
        memset(text + 12, 0, 4);
        unsigned same = kfi_match16(text, key_at(s, at));
        size_t left = s->size - at;
        if (same < n || n > left) {
            if (same > n) same = n;
            return (ptrdiff_t)(at - from + (same < left ? same : left));
        }
        at += n;
        count -= n;
        bit += (uint64_t)n * width;
    }
    *whole = 1;
    return (ptrdiff_t)(at - from);
}

static inline ptrdiff_t match_codes(const kfi_keys *keys, const uint8_t *bits, uint64_t bit, uint64_t count,
                                    const kfi_search *s, size_t at, int *whole)
{
    if (keys->parameters.character_bits) return match_characters(keys, bits, bit, count, s, at, whole);
    return match_tokens(keys, bits, bit, count, s, at, whole);
}

static inline unsigned code_width(const kfi_keys *keys)
{
    return keys->parameters.character_bits ? keys->parameters.character_bits : keys->tokens.bits;
}

/* Entry `entry`'s first code and number of codes from the unary lengths; 0 when they don't exist. */
static inline int unary_lengths(const kfi_bucket *b, unsigned entry, uint64_t *first, uint64_t *count)
{
    uint64_t start = 0, base = 0, limit = b->unary_bits;
    const uint8_t *p = b->unary;
    uint64_t word = kfi_load64(p);
    unsigned skip = entry;
    if (entry) {
        unsigned ones;
        while ((ones = (unsigned)__builtin_popcountll(word)) < skip) {
            skip -= ones;
            base += 64;
            if (base >= limit) return 0;
            word = kfi_load64(p += 8);
        }
        unsigned at = kfi_select(word, skip - 1);
        start = base + at + 1;
        word &= ~0ull << at << 1;
    }
    while (!word) {
        base += 64;
        if (base >= limit) return 0;
        word = kfi_load64(p += 8);
    }
    uint64_t end = base + (unsigned)__builtin_ctzll(word);
    if (end >= limit) return 0;
    *first = start - entry;
    *count = end - start;
    return 1;
}

/* Where entry `entry`'s codes begin (bits after b->bits) and how many there are; 0 on damage. `lcps` are
 * the decoded ones, `depth` is the container's. */
static inline int tail_codes(const kfi_keys *keys, const kfi_bucket *b, kfi_vec lcps, size_t depth,
                             unsigned entry, uint64_t *bit, uint64_t *count)
{
    uint64_t first = 0;
    if (b->length_mode <= KFI_LENGTHS_UNARY32) {
        if (!unary_lengths(b, entry, &first, count)) return 0;
    } else if (b->length_mode == KFI_LENGTHS_FIELDS) {
        if (b->length_width <= 8) {
            first = kfi_vec_sum(kfi_vec_unpack(b->bits, b->length_width, b->count), entry);
        } else {
            for (unsigned i = 0; i < entry; i++)
                first += kfi_load_bits(b->bits, (uint64_t)i * b->length_width, b->length_width);
        }
        *count = kfi_load_bits(b->bits, (uint64_t)entry * b->length_width, b->length_width);
    } else {
        uint64_t whole = keys->parameters.fixed_length - 1 - (uint64_t)depth;
        uint8_t lcp[64];
        memcpy(lcp, &lcps, 64);
        if (keys->parameters.fixed_length < 1 + (uint64_t)depth + lcp[entry]) return 0;
        first = whole * entry - kfi_vec_sum(lcps, entry);
        *count = whole - lcp[entry];
        if (first > b->bits_limit) return 0;
    }
    uint64_t width = code_width(keys);
    *bit = b->codes_at + first * width;
    return *count <= b->bits_limit && *bit + *count * width <= b->bits_limit;
}

/* Entries with lcp == m, and with lcp < m. */
typedef struct lcp_view {
    kfi_vec values;
    const kfi_bucket *bucket;
} lcp_view;

static inline lcp_view lcp_decode(const kfi_bucket *b)
{
    lcp_view v = { kfi_vec_unpack(b->lcps, b->lcp_width, b->count), b };
    if (__builtin_expect(b->lcp_mode > KFI_LCP_BYTE && b->lcp_mode != KFI_LCP_WIDE, 0))
        v.values = kfi_vec_table(v.values, b->lcp_table);
    return v;
}

static uint64_t wide_lcps(const lcp_view *v, size_t m, int less)
{
    unsigned below = 0, n = v->bucket->lcp_table_count;
    while (below < n && kfi_load32(v->bucket->lcp_table + 4 * below) < m) below++;
    if (less) return below > 63 ? ~0ull : kfi_vec_less(v->values, (uint8_t)below);
    if (below == n || below > 63 || kfi_load32(v->bucket->lcp_table + 4 * below) != m) return 0;
    return kfi_vec_equal(v->values, (uint8_t)below);
}

static inline uint64_t lcps_equal(const lcp_view *v, size_t m)
{
    if (__builtin_expect(v->bucket->lcp_mode == KFI_LCP_WIDE, 0)) return wide_lcps(v, m, 0);
    return m <= 255 ? kfi_vec_equal(v->values, (uint8_t)m) : 0;
}

static inline uint64_t lcps_less(const lcp_view *v, size_t m)
{
    if (__builtin_expect(v->bucket->lcp_mode == KFI_LCP_WIDE, 0)) return wide_lcps(v, m, 1);
    return m <= 255 ? kfi_vec_less(v->values, (uint8_t)m) : ~0ull;
}

/* kfi_bucket_extra, with a table summed by one shuffle. */
static inline uint64_t extra_before(const kfi_bucket *b, unsigned entry)
{
    const kfi_jumps *j = &b->jumps;
    if (!j->map || !j->table) return kfi_bucket_extra(b, entry);
    unsigned n = (unsigned)__builtin_popcountll(j->map & ((1ull << entry) - 1));
    return kfi_vec_sum(kfi_vec_table(kfi_vec_unpack(j->index, j->index_bits, n), j->table), n);
}

static inline kfi_step bucket_step(const kfi_keys *keys, kfi_search *s)
{
    const kfi_keys_parameters *p = &keys->parameters;
    kfi_bucket b;
    KFI_PREFETCH(s->place.at + 64);
    KFI_PREFETCH(s->place.at + 128);
    if (!kfi_bucket_parse(&b, s->place, p->label_bits)) return KFI_STEP_CORRUPT;
    if (s->depth == s->size) return b.final ? KFI_STEP_FOUND : KFI_STEP_ABSENT;
    s->rank += (unsigned)b.final;
    const kfi_vec labels = kfi_vec_unpack(b.labels, p->label_bits, b.count);
    const lcp_view lcps = lcp_decode(&b);
    const unsigned escape = kfi_escape_code(p);
    const size_t depth = s->depth;
    uint64_t live = kfi_bucket_all(&b);
    size_t at = depth;   /* how much of the key the entry before `live` agrees with */
    uint64_t candidates = lcps_equal(&lcps, 0) & live;
    for (;;) {
        uint64_t bit, count;
        int whole;
        unsigned code = p->label_code[*key_at(s, at)];
        uint64_t hits = kfi_vec_equal(labels, (uint8_t)code) & candidates;
        if (!hits) return KFI_STEP_ABSENT;
        unsigned entry = (unsigned)__builtin_ctzll(hits);
        if (!tail_codes(keys, &b, lcps.values, depth, entry, &bit, &count)) return KFI_STEP_CORRUPT;
        size_t from = at + (code != escape);
        ptrdiff_t same = match_codes(keys, b.bits, bit, count, s, from, &whole);
        if (__builtin_expect(code == escape, 0)) {
            /* Several labels share the escape: the tail's first byte tells. */
            while (same == 0) {
                hits &= hits - 1;
                if (!hits) return KFI_STEP_ABSENT;
                entry = (unsigned)__builtin_ctzll(hits);
                if (!tail_codes(keys, &b, lcps.values, depth, entry, &bit, &count)) return KFI_STEP_CORRUPT;
                same = match_codes(keys, b.bits, bit, count, s, from, &whole);
            }
        }
        if (same < 0) return KFI_STEP_CORRUPT;
        at = from + (size_t)same;
        if (whole) {
            if (b.jumps.map >> entry & 1) {
                s->rank += entry + extra_before(&b, entry);
                s->depth = at;
                return kfi_bucket_target(keys, &b, entry, &s->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
            }
            if (at == s->size) {
                s->rank += entry + extra_before(&b, entry);
                return KFI_STEP_FOUND;
            }
        }
        if (at == s->size) return KFI_STEP_ABSENT;
        live &= ~0ull << entry << 1;
        uint64_t stop = lcps_less(&lcps, at - depth) & live;
        live &= (stop & -stop) - 1;
        candidates = lcps_equal(&lcps, at - depth) & live;
    }
}

/* Labels (ascending bytes) below `c`; `*equal` tells whether c itself is among them. */
static inline unsigned labels_below(const uint8_t *labels, unsigned count, uint8_t c, int *equal)
{
    unsigned below = 0;
    *equal = 0;
    for (unsigned i = 0; i < count; i += 64) {
        uint64_t mask = count - i >= 64 ? ~0ull : (1ull << (count - i)) - 1;
        kfi_vec v = kfi_vec_load(labels + i);
        below += (unsigned)__builtin_popcountll(kfi_vec_less(v, c) & mask);
        *equal |= (kfi_vec_equal(v, c) & mask) != 0;
    }
    return below;
}

static inline kfi_step node_step(const kfi_keys *keys, kfi_search *s, int batch)
{
    kfi_node n;
    int big, first;
    if (s->place.end != keys->tree + keys->tree_size) return KFI_STEP_CORRUPT;
    if (!kfi_node_parse(&n, s->place)) return KFI_STEP_CORRUPT;
    if (s->depth == s->size) return n.final ? KFI_STEP_FOUND : KFI_STEP_ABSENT;
    uint8_t c = *key_at(s, s->depth);
    unsigned i = labels_below(n.big_label, n.bigs, c, &big);
    if (i >= n.bigs) big = 0;
    s->rank += (unsigned)n.final + kfi_node_bigs_before(&n, i);
    if (big) {
        s->rank += kfi_node_smalls_before(&n, i);
        if (!kfi_node_child(keys, &n, i, &s->place)) return KFI_STEP_CORRUPT;
        KFI_PREFETCH(s->place.at);
        KFI_PREFETCH(s->place.at + 64);
        s->depth++;
        if (!n.path_width) return KFI_STEP_ON;
        uint64_t codes, offset = kfi_node_number(n.path_offset, i, n.path_width);
        if (offset >= (uint64_t)(n.end - n.paths)) return KFI_STEP_CORRUPT;
        const uint8_t *path = n.paths + offset;
        size_t used = kfi_varint_read(path, KFI_VARINT_MAX, &codes);
        if (!used || codes > (uint64_t)(n.end - path) * 8 / code_width(keys)) return KFI_STEP_CORRUPT;
        int whole;
        ptrdiff_t same = match_codes(keys, path + used, 0, codes, s, s->depth, &whole);
        if (same < 0) return KFI_STEP_CORRUPT;
        s->depth += (size_t)same;
        return whole ? KFI_STEP_ON : KFI_STEP_ABSENT;
    }
    if (!n.buckets) return KFI_STEP_ABSENT;
    unsigned j = labels_below(n.bucket_label, n.buckets - 1, c, &first) ;
    j += (unsigned)first;
    s->rank += kfi_node_buckets_before(&n, j);
    if (!kfi_node_bucket(&n, j, &s->place)) return KFI_STEP_CORRUPT;
    if (batch) {
        KFI_PREFETCH(s->place.at);
        KFI_PREFETCH(s->place.at + 64);
        KFI_PREFETCH(s->place.at + 128);
        s->in_bucket = 1;
        return KFI_STEP_ON;
    }
    return s->place.at[0] & 0x80 ? KFI_STEP_CORRUPT : bucket_step(keys, s);
}

/* In a batch, each container is a step of its own and is asked for before the step that needs it. */
static inline kfi_step search_step(const kfi_keys *keys, kfi_search *s, int batch)
{
    if (!(s->place.at[0] & 0x80)) {
        s->in_bucket = 0;
        return bucket_step(keys, s);
    }
    return s->in_bucket ? KFI_STEP_CORRUPT : node_step(keys, s, batch);
}

/* A search that needs no container. */
static inline kf_status search_trivial(const kfi_keys *keys, size_t size)
{
    return keys->parameters.root_kind == KFI_ROOT_EMPTY_KEY && size == 0 ? KF_OK : KF_NOT_FOUND;
}

static kf_status find(const kfi_keys *keys, const uint8_t *key, size_t size, uint64_t *ordinal)
{
    kfi_search s;
    kfi_step step = KFI_STEP_ON;
    *ordinal = 0;
    if (keys->parameters.root_kind != KFI_ROOT_CONTAINER) return search_trivial(keys, size);
    if (size > keys->longest_key) return KF_NOT_FOUND;
    search_start(&s, keys, key, size);
    while (step == KFI_STEP_ON) step = search_step(keys, &s, 0);
    *ordinal = s.rank;
    if (step == KFI_STEP_FOUND) return s.rank < keys->count ? KF_OK : KF_CORRUPT;
    return step == KFI_STEP_ABSENT ? KF_NOT_FOUND : KF_CORRUPT;
}

/* Searches that run interleaved: while one waits for memory the others proceed. */
enum { LANES = 16 };

static kf_status find_many(const kfi_keys *keys, const kf_bytes *list, const uint8_t *data,
                           const uint64_t *offsets, size_t count, uint64_t *ordinals, size_t *found)
{
    kfi_search lanes[LANES];
    size_t owner[LANES];
    size_t active = 0, next = 0, hits = 0;
    kf_status result = KF_OK;
    for (;;) {
        while (active < LANES && next < count) {
            const uint8_t *key = list ? list[next].data : data + offsets[next];
            size_t size = list ? list[next].size : (size_t)(offsets[next + 1] - offsets[next]);
            if (keys->parameters.root_kind != KFI_ROOT_CONTAINER || size > keys->longest_key) {
                int hit = size <= keys->longest_key && search_trivial(keys, size) == KF_OK;
                ordinals[next++] = hit ? 0 : UINT64_MAX;
                hits += (size_t)hit;
                continue;
            }
            search_start(&lanes[active], keys, key, size);
            KFI_PREFETCH(lanes[active].place.at);
            KFI_PREFETCH(lanes[active].place.at + 64);
            owner[active++] = next++;
        }
        if (!active) break;
        for (size_t i = 0; i < active;) {
            kfi_step step = search_step(keys, &lanes[i], 1);
            if (step == KFI_STEP_ON) {
                KFI_PREFETCH(lanes[i].place.at);
                KFI_PREFETCH(lanes[i].place.at + 64);
                i++;
                continue;
            }
            int hit = step == KFI_STEP_FOUND && lanes[i].rank < keys->count;
            if (step == KFI_STEP_CORRUPT || (step == KFI_STEP_FOUND && !hit)) result = KF_CORRUPT;
            ordinals[owner[i]] = hit ? lanes[i].rank : UINT64_MAX;
            hits += (size_t)hit;
            lanes[i] = lanes[--active];
            owner[i] = owner[active];
        }
    }
    if (found) *found = hits;
    return result;
}

const kfi_search_variant KFI_VARIANT = { KFI_VARIANT_NAME, find, find_many };
