/* Down to where bytes belong among the keys, and down to the key of an ordinal: compiled once for each instruction set
 * behind outline_body.h. Of a bucket only those entries are decoded that are compared or that the key is made of. */
#include "read/keys/by_key.h"
#include "read/keys/by_rank.h"

/* ---- by key ----------------------------------------------------------------------------------- */

/* The key's first s.depth bytes lead to the container at s.place. The keys that begin with these bytes, or in a
 * node's bucket those of them that it holds, have the ordinals s.rank .. end-1; `end` may be UNKNOWN below a table's
 * cell. When the keys that begin with the key are found they are those of entries entry..next-1 of the bucket, or
 * with `whole` all below the container; below child node `edge` of `node` if that is not negative. */
typedef struct along {
    const kfi_keys *keys;
    kfi_search s;
    uint64_t end;
    unsigned entry, next;
    int whole, edge;
    kfi_node node;
    struct kfi_list *list;       /* NULL, or which list the keys are for: it keeps the buckets */
    outline own;
} along;

#define UNKNOWN UINT64_MAX

static kfi_step along_absent(along *w, uint64_t ordinal)
{
    w->s.rank = w->end = ordinal;
    return KFI_STEP_ABSENT;
}

static kfi_step along_node(along *w)
{
    kfi_search *s = &w->s;
    kfi_node n;
    int big;
    if (!kfi_node_open(w->keys, &n, s->place)) return KFI_STEP_CORRUPT;
    const uint8_t c = *key_at(s, s->depth, 1);
    const unsigned i = labels_below(n.big_label, n.bigs, c, &big);
    const uint64_t first = s->rank + (unsigned)n.final;
    if (!big) {
        int equal;
        const uint64_t base = first + kfi_node_bigs_before(&n, i);
        if (!n.buckets) return along_absent(w, base);
        const unsigned inner = n.buckets - 1, below = labels_below(n.bucket_label, inner, c, &equal);
        const unsigned j = below + (unsigned)equal;
        if (j < inner) w->end = base + kfi_node_buckets_before(&n, j + 1);
        else if (w->end != UNKNOWN) w->end += base - first - kfi_node_bigs_before(&n, n.bigs);
        s->rank = base + kfi_node_buckets_before(&n, j);
        return kfi_node_bucket_checked(&n, j, &s->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
    }
    const uint8_t *path;
    uint64_t codes;
    int all = 1;
    ptrdiff_t same = 0;
    size_t at = s->depth + 1;
    const uint64_t before = first + kfi_node_smalls_before(&n, i);
    if (!kfi_node_edge_codes(w->keys, &n, i, &path, &codes)) return KFI_STEP_CORRUPT;
    const uint32_t row = kfi_token_row(&w->keys->tokens, c);
    if (codes) same = match_codes(w->keys, path, 0, codes, row, s, at, 1, &all);
    if (same < 0) return KFI_STEP_CORRUPT;
    s->rank = before + kfi_node_bigs_before(&n, i);
    w->end = before + kfi_node_bigs_before(&n, i + 1);
    if (!all && at + (size_t)same < s->size) {
        const kf_bytes key = { s->key, s->size };
        const kfi_order order = kfi_codes_compare(w->keys, path, 0, codes, row, key, &at);
        return order == KFI_TEXT_BAD ? KFI_STEP_CORRUPT : along_absent(w, order == KFI_TEXT_BELOW ? w->end : s->rank);
    }
    if (!all) {
        w->whole = 1;
        w->edge = (int)i;
        w->node = n;
        return KFI_STEP_FOUND;
    }
    s->depth = at + (size_t)same;
    return kfi_node_child(w->keys, &n, i, &s->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
}

/* The key is absent from the bucket: `candidates` are the entries that go on where it agrees for `at` bytes with those
 * before, and `stop` comes after them. `above`: the last entry before them is above the key. */
static kfi_step along_between(along *w, const outline *o, uint64_t base, uint64_t candidates, unsigned stop, size_t at)
{
    for (; candidates; candidates &= candidates - 1) {
        const unsigned entry = (unsigned)__builtin_ctzll(candidates);
        const int label = label_of(w->keys, o, entry, w->s.depth);
        if (label < 0) return KFI_STEP_CORRUPT;
        if (label > *key_at(&w->s, at, 1)) return along_absent(w, base + rank_of(o, entry));
    }
    return along_absent(w, stop < o->view.count ? base + rank_of(o, stop) : w->end);
}

/* An entry of the bucket that the key agrees with up to `at`. */
typedef struct agreeing {
    unsigned entry;
    uint64_t bit, count;         /* its codes, */
    uint32_t row;                /* the first one's, */
    size_t from, at;             /* with the first of which the key is compared from `from` on */
    int whole;                   /* agrees to its end */
} agreeing;

/* The first of `candidates` whose label is the key's byte at a->at. 0: none; -1: damage. */
KFI_INLINE int agree(const along *w, const outline *o, uint64_t candidates, agreeing *a)
{
    const kfi_keys_parameters *p = &w->keys->parameters;
    const uint8_t label = *key_at(&w->s, a->at, 1);
    const unsigned code = p->label_code[label];
    const int escaped = code == kfi_escape_code(p);
    const uint32_t row = kfi_label_row(w->keys, label, escaped);
    uint64_t hits = kfi_vec_equal(o->labels, (uint8_t)code) & candidates;
    for (; hits; hits &= hits - 1) {
        const unsigned entry = (unsigned)__builtin_ctzll(hits);
        const size_t from = a->at + !escaped;
        uint64_t bit, count;
        int whole;
        if (!tail_codes(w->keys, &o->view, o->lcps, w->s.depth, entry, &bit, &count)) return -1;
        const ptrdiff_t same = match_codes(w->keys, o->view.bits, bit, count, row, &w->s, from, 1, &whole);
        if (same < 0) return -1;
        if (escaped && !same) continue;   /* several labels share the escape: the tail's first byte tells */
        *a = (agreeing){ entry, bit, count, row, from, from + (size_t)same, whole };
        return 1;
    }
    return 0;
}

static kfi_step along_bucket(along *w)
{
    kfi_search *s = &w->s;
    const outline *o = w->list ? list_outline(w->list, s->place.at)
                               : outline_read(&w->own, w->keys, s->place) ? &w->own : NULL;
    if (!o) return KFI_STEP_CORRUPT;
    const uint64_t base = s->rank + (unsigned)o->view.final;
    const lcp_view lcps = outline_lcps(o);
    const unsigned count = o->view.count;
    agreeing a = { .at = s->depth, .whole = 1 };
    uint64_t rest = kfi_bucket_all(&o->view), stop = 0, candidates = lcps_equal(&lcps, 0) & rest;
    int found;
    while ((found = agree(w, o, candidates, &a)) > 0) {
        const unsigned entry = a.entry;
        const int jump = a.whole && is_jump(o, entry);
        rest &= ~0ull << entry << 1;
        if (a.at == s->size || jump) {
            /* Whatever goes on with the key comes now; behind a jump nothing does that agrees with all of it. */
            stop = jump && a.at < s->size ? rest : lcps_less(&lcps, s->size - s->depth) & rest;
            w->entry = entry;
            w->next = stop ? (unsigned)__builtin_ctzll(stop) : count;
            s->rank = base + rank_of(o, entry);
            if (w->next < count) w->end = base + rank_of(o, w->next);
            if (a.at == s->size) return KFI_STEP_FOUND;
            s->depth = a.at;
            return kfi_bucket_target(w->keys, &o->view, entry, &s->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
        }
        stop = lcps_less(&lcps, a.at - s->depth) & rest;
        candidates = lcps_equal(&lcps, a.at - s->depth) & rest & ((stop & -stop) - 1);
    }
    if (found < 0) return KFI_STEP_CORRUPT;
    if (!a.whole) {
        const kf_bytes key = { s->key, s->size };
        const kfi_order order = kfi_codes_compare(w->keys, o->view.bits, a.bit, a.count, a.row, key, &a.from);
        if (order == KFI_TEXT_ABOVE) return along_absent(w, base + rank_of(o, a.entry));
    }
    return along_between(w, o, base, candidates, stop ? (unsigned)__builtin_ctzll(stop) : count, a.at);
}

static kfi_step along_go(along *w)
{
    kfi_step step = KFI_STEP_ON;
    w->whole = 0;
    w->edge = -1;
    while (step == KFI_STEP_ON) {
        if (w->s.depth == w->s.size) {
            w->whole = 1;
            return KFI_STEP_FOUND;
        }
        step = kfi_is_node(w->s.place.at) ? along_node(w) : along_bucket(w);
    }
    return step;
}

/* The list's next keys are those that were found. */
static kf_status list_found(kfi_list *l, const along *w)
{
    const kfi_search *s = &w->s;
    const uint8_t *at = s->place.at;
    int result;
    if (s->size) memcpy(l->text, s->key, s->size);
    if (!w->whole) {
        const outline *o = list_outline(l, at);
        kfi_list_level *f = list_push(l, LIST_ENTRIES, at, s->depth);
        l->size = s->size;
        if (!f) return KF_NO_MEMORY;   /* unreachable: an empty list has room for a level */
        f->entry = (uint8_t)w->entry;
        f->end = (uint8_t)w->next;
        if (!o || !list_bit(l, o, w->entry, s->depth, &f->bit)) return KF_CORRUPT;   /* unreachable: both were read */
        return KF_OK;
    }
    l->size = s->depth;
    if (w->edge >= 0) {
        kfi_place child;
        const uint8_t *to = kfi_node_follow(w->keys, &w->node, (unsigned)w->edge, l->text + s->depth,
                                            l->text + w->keys->longest_key, &child);
        if (!to) return KF_CORRUPT;
        l->size = (size_t)(to - l->text);
        at = child.at;
    }
    result = list_enter(l, at, &l->ready);
    return result == GO_ON ? KF_OK : (kf_status)result;
}

static kf_status prefix_range(const kfi_keys *keys, kf_bytes prefix, uint64_t *first, uint64_t *end,
                              struct kfi_list *list)
{
    along w;
    w.keys = keys;
    w.list = list;
    w.end = UNKNOWN;
    kfi_search_text(&w.s, keys, prefix.data, prefix.size);
    start_below_top(&w.s, keys, prefix.data, prefix.size);
    kfi_step step = w.s.depth ? along_go(&w) : KFI_STEP_ON;
    if (w.end == UNKNOWN && step != KFI_STEP_CORRUPT) {
        /* Above the cell's node it is told how many keys are below it. */
        kfi_search_text(&w.s, keys, prefix.data, prefix.size);
        w.end = keys->count;
        step = along_go(&w);
    }
    *first = w.s.rank;
    *end = w.end;
    if (step == KFI_STEP_CORRUPT || *end < *first || *end > keys->count) return KF_CORRUPT;
    return list && step == KFI_STEP_FOUND && *end > *first ? list_found(list, &w) : KF_OK;
}

/* ---- by rank ---------------------------------------------------------------------------------- */

/* Writes entry `entry`'s label and tail to `to`, as kfi_decoded_append. `*end`: the bit behind them. */
KFI_INLINE uint8_t *outline_append(const kfi_keys *keys, const outline *o, unsigned entry, size_t depth, uint8_t *to,
                                   const uint8_t *limit, uint64_t *end)
{
    const uint8_t code = ((const uint8_t *)&o->labels)[entry];
    const int escaped = code == kfi_escape_code(&keys->parameters);
    uint64_t bit, count;
    if (to >= limit || !tail_codes(keys, &o->view, o->lcps, depth, entry, &bit, &count)) return NULL;
    if (escaped && !count) return NULL;
    *to = keys->label_of[code];
    *end = bit + count * keys->code_width;
    return kfi_codes_append(keys, o->view.bits, bit, count, kfi_label_row(keys, *to, escaped), to + !escaped, limit);
}

/* Writes the whole text of `entry` to `text`, where the container's depth is. Returns its end or NULL, and in `*end`
 * the bit at which its codes end. */
static uint8_t *outline_text(const kfi_keys *keys, const outline *o, unsigned entry, size_t depth, uint8_t *text,
                             const uint8_t *limit, uint64_t *end)
{
    uint8_t chain[KFI_BUCKET_ENTRIES], *to = NULL;
    const lcp_view lcps = outline_lcps(o);
    unsigned n = 0;
    uint32_t lcp;
    /* Right to left, the entries that contribute bytes. */
    for (unsigned from = entry;;) {
        chain[n++] = (uint8_t)from;
        if (!lcp_of(o, from, &lcp)) return NULL;
        if (!lcp) break;
        const uint64_t below = lcps_less(&lcps, lcp) & ((1ull << from) - 1);
        if (!below) return NULL;
        from = 63 - (unsigned)__builtin_clzll(below);
    }
    while (n--) {
        lcp_of(o, chain[n], &lcp);   /* as above */
        if (lcp > limit - text || (to && lcp > to - text)) return NULL;
        to = outline_append(keys, o, chain[n], depth, text + lcp, limit, end);
        if (!to) return NULL;
    }
    return to;
}

/* The entry that holds the key of rank `rank`, as kfi_decoded_select. */
static inline unsigned outline_select(const outline *o, uint64_t rank)
{
    unsigned low = 0, high = o->view.count;
    if (!o->view.jumps.map) return rank < high ? (unsigned)rank : high - 1;
    while (high - low > 1) {
        const unsigned middle = (low + high) / 2;
        if (rank_of(o, middle) <= rank) low = middle;
        else high = middle;
    }
    return low;
}

/* Notes in the list's levels where it goes on behind the way: a node, a bucket, an entry. */
static int list_note_node(kfi_list *l, const uint8_t *at, size_t depth, const kfi_node_pick *pick)
{
    kfi_list_level *f = list_push(l, LIST_NODE, at, depth);
    if (!f) return 0;
    if (!pick) return 1;
    f->big = (uint16_t)(pick->big + (unsigned)pick->is_big);
    f->open = (uint8_t)pick->is_big;
    if (!pick->is_big) f->bucket = (uint16_t)pick->bucket;
    return 1;
}

static int list_note_bucket(kfi_list *l, const outline *o, const uint8_t *at, size_t depth)
{
    kfi_list_level *node = l->height && list_top(l)->kind == LIST_NODE ? list_top(l) : NULL;
    int end = (int)o->view.count, found;
    if (node) {
        kfi_node n;
        if (!kfi_node_open(l->keys, &n, kfi_place_of(l->keys, node->at))) return 0;   /* unreachable: was opened */
        if (node->big < n.bigs) end = run_from(l->keys, o, 0, n.big_label[node->big], depth, &found);
        if (end < 0) return 0;
        node->entry = (uint8_t)end;
    }
    kfi_list_level *f = list_push(l, LIST_ENTRIES, at, depth);
    if (!f) return 0;
    f->end = (uint8_t)end;
    f->bit = o->view.codes_at;
    return 1;
}

static int list_note_entry(kfi_list *l, unsigned entry, uint64_t bits_end)
{
    kfi_list_level *f = list_top(l);
    f->entry = (uint8_t)(entry + 1);
    f->bit = bits_end;
    return entry < f->end;
}

static kfi_step rank_in_bucket(kfi_rank_way *w, const outline *o, struct kfi_list *list)
{
    if (o->view.final && w->ordinal == w->first) return KFI_STEP_FOUND;
    w->first += (unsigned)o->view.final;
    const unsigned entry = outline_select(o, w->ordinal - w->first);
    uint64_t codes_end;
    uint8_t *end = outline_text(w->keys, o, entry, w->size, w->text + w->size, w->limit, &codes_end);
    if (!end || (list && !list_note_entry(list, entry, codes_end))) return KFI_STEP_CORRUPT;
    w->size = (size_t)(end - w->text);
    w->first += rank_of(o, entry);
    if (!is_jump(o, entry)) return w->first == w->ordinal ? KFI_STEP_FOUND : KFI_STEP_CORRUPT;
    return kfi_bucket_target(w->keys, &o->view, entry, &w->place) ? KFI_STEP_ON : KFI_STEP_CORRUPT;
}

static size_t rank_key(const kfi_keys *keys, uint64_t ordinal, uint8_t *text, struct kfi_list *list)
{
    kfi_rank_way way = kfi_rank_way_begin(keys, ordinal, text);
    kfi_step step = KFI_STEP_ON;
    /* Every bucket and child node adds a byte to the text, which does not exceed the longest key. */
    while (step == KFI_STEP_ON) {
        const uint8_t *at = way.place.at;
        const size_t depth = way.size;
        if (kfi_is_node(at)) {
            kfi_node n;
            kfi_node_pick pick;
            step = kfi_step_by_rank_in_node(&way, &n, &pick);
            if (list && step != KFI_STEP_CORRUPT
                && !list_note_node(list, at, depth, step == KFI_STEP_FOUND ? NULL : &pick)) return SIZE_MAX;
            continue;
        }
        outline own;
        const outline *o = list ? list_outline(list, at) : outline_read(&own, keys, way.place) ? &own : NULL;
        if (!o || (list && !list_note_bucket(list, o, at, depth))) return SIZE_MAX;
        step = rank_in_bucket(&way, o, list);
    }
    return step == KFI_STEP_FOUND ? way.size : SIZE_MAX;
}
