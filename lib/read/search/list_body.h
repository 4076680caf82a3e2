/* Listing keys in order, compiled once for each instruction set behind outline_body.h.
 *
 * A key is composed where the one before ends: its first bytes are copied from there, its label and tail are appended.
 * So the keys of a call lie side by side, and a level needs to know only where its own bytes begin. */
#include "read/search/list.h"

#include <stdlib.h>

enum list_kind { LIST_NODE, LIST_ENTRIES, LIST_LEAF };
enum { LIST_PASSED = -2 };   /* behind a jump, at the next entry */

/* A bucket unpacked, and where the tails of entries begin..end-1 of it lie: from bit[i] to bit[i + 1]. */
typedef struct list_slot {
    outline o;
    unsigned begin, end;
    uint32_t bit[KFI_BUCKET_ENTRIES + 1];
} list_slot;
_Static_assert(sizeof(list_slot) <= KFI_LIST_OUTLINE, "room for a bucket");

static kfi_list_level *list_top(const kfi_list *l) { return &l->levels[l->height - 1]; }

/* A level for the container at `at`, to which the text's first `depth` bytes lead; NULL without memory. */
static kfi_list_level *list_push(kfi_list *l, enum list_kind kind, const uint8_t *at, size_t depth)
{
    if (__builtin_expect(l->height == l->capacity, 0)) {
        kfi_list_level *grown = malloc(2 * l->capacity * sizeof *grown);
        if (!grown) {
            l->failed = KF_NO_MEMORY;
            return NULL;
        }
        memcpy(grown, l->levels, l->height * sizeof *grown);
        free(l->levels_made);
        l->levels = l->levels_made = grown;
        l->capacity *= 2;
    }
    kfi_list_level *f = &l->levels[l->height++];
    *f = (kfi_list_level){ .at = at, .depth = (uint32_t)depth, .kind = (uint8_t)kind };
    return f;
}

/* The bucket at `at`; NULL on damage. Valid until the next call. */
static inline list_slot *list_bucket(kfi_list *l, const uint8_t *at)
{
    const uint64_t hash = (uint64_t)(uintptr_t)at * 0x9e3779b97f4a7c15;
    const size_t slot = hash >> (64 - l->outline_bits);
    list_slot *s = (list_slot *)(void *)(l->outlines + slot * KFI_LIST_OUTLINE);
    if (l->outline_at[slot] == at) return s;
    l->misses++;
    l->outline_at[slot] = NULL;
    s->begin = s->end = 0;
    if (!outline_read(&s->o, l->keys, kfi_place_of(l->keys, at))) return NULL;
    l->outline_at[slot] = at;
    return s;
}

static inline const outline *list_outline(kfi_list *l, const uint8_t *at)
{
    const list_slot *s = list_bucket(l, at);
    return s ? &s->o : NULL;
}

/* The list's changing parts, which stay in registers while keys are composed. */
typedef struct list_spot {
    uint8_t *text, *next;
    size_t size;
    kf_entry *out;
    uint64_t ordinal;
} list_spot;

KFI_INLINE list_spot list_load(const kfi_list *l)
{
    return (list_spot){ l->text, l->next, l->size, l->entries + l->count, l->ordinal };
}

KFI_INLINE void list_save(kfi_list *l, const list_spot *s)
{
    l->text = s->text;
    l->next = s->next;
    l->size = s->size;
    l->count = (size_t)(s->out - l->entries);
    l->ordinal = s->ordinal;
}

/* Moves the text's first `size` bytes to where the next key is composed; that is there already below a jump, of which a
 * key may have many. */
KFI_INLINE void list_move(uint8_t *next, const uint8_t *text, size_t size)
{
    struct { uint8_t byte[32]; } some;
    size_t i = 0;
    if (next == text) return;
    do {
        memcpy(&some, text + i, sizeof some);
        memcpy(next + i, &some, sizeof some);
        i += sizeof some;
    } while (i < size);
}

/* The text is the next key. */
KFI_INLINE void list_take(list_spot *s)
{
    *s->out++ = (kf_entry){ { s->text, s->size }, s->ordinal++ };
    s->next = s->text + s->size;
}

/* Pushes the container to which the text leads, before its first key; `*final`: it is one itself. */
static int list_enter(kfi_list *l, const uint8_t *at, int *final)
{
    kfi_list_level *f;
    if (kfi_is_node(at)) {
        kfi_node n;
        if (!(f = list_push(l, LIST_NODE, at, l->size))) return KF_NO_MEMORY;
        if (!kfi_node_open(l->keys, &n, kfi_place_of(l->keys, at))) return KF_CORRUPT;
        *final = n.final;
        return GO_ON;
    }
    const outline *o = list_outline(l, at);
    if (!o) return KF_CORRUPT;
    if (!(f = list_push(l, LIST_ENTRIES, at, l->size))) return KF_NO_MEMORY;
    f->end = (uint8_t)o->view.count;
    f->bit = o->view.codes_at;
    *final = o->view.final;
    return GO_ON;
}

static int list_descend(kfi_list *l, const uint8_t *at, uint64_t reference)
{
    int final, result = list_enter(l, at, &final);
    if (result != GO_ON) return result;
    list_top(l)->reference = reference;
    list_top(l)->first = l->count;
    if (final) {
        list_spot s = list_load(l);
        list_take(&s);
        list_save(l, &s);
    }
    return GO_ON;
}

/* ---- leaves ----------------------------------------------------------------------------------- */

static inline kfi_list_leaf *list_leaf_slot(const kfi_list *l, uint64_t reference)
{
    return &l->leaves[reference * 0x9e3779b97f4a7c15 >> (64 - KFI_LIST_LEAF_BITS)];
}

/* Remembers the keys below the level on top, which are the last ones that were set, if they are few and short. */
static void list_remember(kfi_list *l)
{
    const kfi_list_level *f = list_top(l);
    const size_t count = l->count - f->first;
    if (f->first > l->count || count > KFI_LIST_LEAF_KEYS) return;
    if (count > KFI_LIST_RECORDS - l->records_used) {
        memset(l->leaves, 0, sizeof *l->leaves << KFI_LIST_LEAF_BITS);
        l->records_used = 0;
    }
    uint8_t *record = l->records + l->records_used * KFI_LIST_RECORD;
    size_t longest = 0;
    for (size_t i = f->first; i < l->count; i++, record += KFI_LIST_RECORD) {
        const kf_bytes key = l->entries[i].key;
        const size_t size = key.size - f->depth;
        if (size >= KFI_LIST_RECORD) return;
        if (size > longest) longest = size;
        memcpy(record, key.data + f->depth, KFI_LIST_RECORD);   /* in the arena, up to its slack */
        record[KFI_LIST_RECORD - 1] = (uint8_t)size;
    }
    *list_leaf_slot(l, f->reference) = (kfi_list_leaf){
        f->reference, (uint32_t)l->records_used, (uint16_t)count, (uint16_t)longest };
    l->records_used += count;
}

/* Goes on with records below the text's first `depth` bytes; returns how many it took. All copy these from the same
 * place: what the record before has just stored in pieces is slow to load. */
KFI_INLINE unsigned list_records(const kfi_list *l, list_spot *s, const uint8_t *record, unsigned count, size_t depth)
{
    const kf_entry *end = l->entries + l->wanted;
    const uint8_t *base = s->text;
    unsigned taken = 0;
    for (; taken < count && s->out != end && s->next <= l->last; taken++, record += KFI_LIST_RECORD) {
        list_move(s->next, base, depth);
        s->text = s->next;
        memcpy(s->text + depth, record, KFI_LIST_RECORD);
        s->size = depth + record[KFI_LIST_RECORD - 1];
        list_take(s);
    }
    return taken;
}

static int list_leaf(kfi_list *l)
{
    kfi_list_level *f = list_top(l);
    list_spot s = list_load(l);
    const unsigned left = f->end - f->entry;
    const unsigned taken = list_records(l, &s, f->at + (size_t)f->entry * KFI_LIST_RECORD, left, f->depth);
    list_save(l, &s);
    f->entry = (uint8_t)(f->entry + taken);
    if (taken == left) l->height--;
    return GO_ON;
}

/* A leaf that there is no room for all of; the list is at its first `depth` bytes. */
static int list_push_leaf(kfi_list *l, const uint8_t *record, unsigned count, size_t depth)
{
    kfi_list_level *f = list_push(l, LIST_LEAF, record, depth);
    if (!f) return KF_NO_MEMORY;
    f->end = (uint8_t)count;
    return GO_ON;
}

/* ---- buckets ---------------------------------------------------------------------------------- */

/* Where tails end that begin at the bucket's code `code`, whose lengths are unary numbers. */
static int list_unary_ends(const kfi_bucket *b, uint64_t code, unsigned width, unsigned first, unsigned end,
                           uint32_t *bit)
{
    uint64_t at = code + first, word;
    for (unsigned i = first; i < end; i++) {
        while (!(word = kfi_load64(b->unary + (at >> 3)) >> (at & 7))) {
            at = (at | 7) + 57;   /* the bits that were looked at: up to the end of the eighth byte */
            if (at >= b->unary_bits) return 0;
        }
        at += (unsigned)__builtin_ctzll(word) + 1;
        bit[i + 1] = (uint32_t)b->codes_at + (uint32_t)(at - i - 1) * width;
    }
    return at <= b->unary_bits;
}

/* Finds out where the tails of the level's entries lie, up to entry end-1; 0 on damage. */
static int list_tails(const kfi_list *l, const kfi_list_level *f, list_slot *s, unsigned end)
{
    const kfi_keys *keys = l->keys;
    const kfi_bucket *b = &s->o.view;
    const unsigned width = keys->code_width, first = f->entry;
    const uint64_t fixed = keys->parameters.fixed_length;
    const uint8_t *lcps = (const uint8_t *)&s->o.lcps;
    if (first >= s->begin && end <= s->end) return 1;
    s->begin = s->end = 0;
    s->bit[first] = (uint32_t)f->bit;
    if (b->length_mode <= KFI_LENGTHS_UNARY32) {
        if (b->unary_bits > KFI_KEY_LIMIT * KFI_BUCKET_ENTRIES) return 0;
        if (!list_unary_ends(b, (f->bit - b->codes_at) / width, width, first, end, s->bit)) return 0;
    } else if (b->length_mode == KFI_LENGTHS_FIELDS) {
        for (unsigned i = first; i < end; i++) {
            const uint64_t codes = kfi_load_bits(b->bits, i * (uint64_t)b->length_width, b->length_width);
            if (codes > KFI_KEY_LIMIT) return 0;
            s->bit[i + 1] = s->bit[i] + (uint32_t)codes * width;
        }
    } else {
        for (unsigned i = first; i < end; i++) {
            if ((uint64_t)f->depth + lcps[i] >= fixed) return 0;
            s->bit[i + 1] = s->bit[i] + (uint32_t)(fixed - 1 - f->depth - lcps[i]) * width;
        }
    }
    if (s->bit[end] > b->bits_limit) return 0;
    /* Implied lengths depend on the depth: they are found out again each time. */
    s->begin = first;
    s->end = b->length_mode == KFI_LENGTHS_IMPLIED ? first : end;
    return 1;
}

/* Appends characters from bit `bit` to bit `end`; NULL if they don't fit. */
KFI_INLINE uint8_t *list_characters(const kfi_keys *keys, const uint8_t *bits, uint32_t bit, uint32_t end, uint8_t *to,
                                    const uint8_t *limit)
{
    const unsigned width = keys->parameters.character_bits;
    const uint32_t count = (end - bit) / width;
    if ((int64_t)count > limit - to) return NULL;   /* also where `to` is beyond the limit */
    for (uint32_t i = 0; i < count; i += 16)
        kfi_characters16(to + i, bits, bit + i * width, width, keys->parameters.character);
    return to + count;
}

KFI_INLINE uint8_t *list_tokens(const kfi_tokens *d, const uint8_t *bits, uint32_t bit, uint32_t end, uint32_t row,
                                uint8_t *to, const uint8_t *limit)
{
    for (; bit != end; bit += d->bits) {
        const uint32_t code = row + (kfi_low_bits(kfi_load32(bits + (bit >> 3)) >> (bit & 7), d->bits) & UINT32_MAX);
        if (code >= d->count) return NULL;
        const uint32_t token = kfi_load32(d->entries + 4 * (size_t)code), length = token & 31;
        if (token > d->entry_limit || length - 1 >= KFI_TOKEN_MAX) return NULL;
        row = kfi_token_next_row(d, token);
        memcpy(to, d->pool + (token >> KFI_TOKEN_OFFSET_SHIFT), KFI_TOKEN_MAX);
        to += length;
        if (to > limit) return NULL;
    }
    return to <= limit ? to : NULL;
}

/* Goes below a jump to which the text leads; or on behind it, where what is below is remembered. 1: goes on here. */
static int list_jump(kfi_list *l, const outline *o, unsigned entry)
{
    const uint64_t reference = kfi_bucket_reference(&o->view, entry);
    const kfi_list_leaf *leaf = l->leaves ? list_leaf_slot(l, reference + 1) : NULL;
    if (!leaf || leaf->reference != reference + 1 || l->size + leaf->longest > l->keys->longest_key) {
        kfi_place target;
        if (!kfi_directory_place(l->keys, reference, &target)) return KF_CORRUPT;
        return list_descend(l, target.at, l->leaves ? reference + 1 : 0);
    }
    const size_t size = l->size;
    const uint8_t *records = l->records + (size_t)leaf->first * KFI_LIST_RECORD;
    list_spot s = list_load(l);
    const unsigned taken = list_records(l, &s, records, leaf->count, size);
    list_save(l, &s);
    if (taken == leaf->count) return LIST_PASSED;
    return list_push_leaf(l, records + (size_t)taken * KFI_LIST_RECORD, leaf->count - taken, size);
}

static int list_entries(kfi_list *l)
{
    kfi_list_level *f = list_top(l);
    list_slot *slot = list_bucket(l, f->at);
    if (!slot) return KF_CORRUPT;   /* unreachable: it was read when its level was pushed */
    const outline *o = &slot->o;
    const kfi_keys *keys = l->keys;
    const size_t depth = f->depth, longest = keys->longest_key;
    const kf_entry *const out_end = l->entries + l->wanted;
    const unsigned escape = kfi_escape_code(&keys->parameters);
    const size_t wanted = l->wanted - l->count;
    const unsigned end = f->entry + wanted < f->end ? f->entry + (unsigned)wanted : f->end;
    const uint8_t *lcps = (const uint8_t *)&o->lcps, *labels = (const uint8_t *)&o->labels;
    list_spot s = list_load(l);
    if (!list_tails(l, f, slot, end)) return KF_CORRUPT;
    unsigned entry = f->entry;
    while (entry < end && s.out != out_end && s.next <= l->last) {
        uint32_t lcp = lcps[entry];
        if (o->view.lcp_mode == KFI_LCP_WIDE && !lcp_of(o, entry, &lcp)) return KF_CORRUPT;
        const size_t from = depth + lcp;
        if (from > s.size) return KF_CORRUPT;
        list_move(s.next, s.text, from);
        s.text = s.next;
        uint8_t *const begin = s.text + from, *to = begin;
        const int is_coded = labels[entry] != escape;
        *to = keys->label_of[labels[entry]];
        const uint32_t row = kfi_label_row(keys, *to, !is_coded);
        to += is_coded;
        const uint32_t bit = slot->bit[entry], bit_end = slot->bit[entry + 1];
        to = keys->parameters.character_bits
           ? list_characters(keys, o->view.bits, bit, bit_end, to, s.text + longest)
           : list_tokens(&keys->tokens, o->view.bits, bit, bit_end, row, to, s.text + longest);
        if (!to || to == begin) return KF_CORRUPT;
        s.size = (size_t)(to - s.text);
        if (!is_jump(o, entry++)) {
            list_take(&s);
            continue;
        }
        list_save(l, &s);
        f->entry = (uint8_t)entry;
        f->bit = slot->bit[entry];
        const int result = list_jump(l, o, entry - 1);
        if (result != LIST_PASSED) return result;
        s = list_load(l);
    }
    list_save(l, &s);
    f->entry = (uint8_t)entry;
    f->bit = slot->bit[entry];
    if (entry == f->end) {
        if (f->reference) list_remember(l);
        l->height--;
    }
    return GO_ON;
}

/* ---- nodes ------------------------------------------------------------------------------------ */

static const outline *list_node_bucket(kfi_list *l, const kfi_node *n, unsigned j, const uint8_t **at)
{
    kfi_place place;
    if (!kfi_node_bucket_checked(n, j, &place)) return NULL;
    *at = place.at;
    return list_outline(l, place.at);
}

/* Where entry `entry`'s tail begins. */
static int list_bit(const kfi_list *l, const outline *o, unsigned entry, size_t depth, uint64_t *bit)
{
    uint64_t count;
    *bit = o->view.codes_at;
    return !entry || tail_codes(l->keys, &o->view, o->lcps, depth, entry, bit, &count);
}

/* A seek leaves open where between the entries a child node lies. */
static int list_close_gap(kfi_list *l, const kfi_node *n, kfi_list_level *f)
{
    const unsigned label = n->big_label[f->big - 1];
    const uint8_t *at;
    int found, entry = 0;
    f->open = 0;
    f->bucket = (uint16_t)kfi_node_bucket_of(n, (uint8_t)label);
    if (n->buckets) {
        const outline *o = list_node_bucket(l, n, f->bucket, &at);
        entry = o ? run_from(l->keys, o, 0, label + 1, f->depth, &found) : -1;
    }
    f->entry = (uint8_t)entry;
    return entry >= 0;
}

static int list_node(kfi_list *l)
{
    kfi_list_level *f = list_top(l);
    const outline *o = NULL;
    const uint8_t *at = NULL;
    kfi_node n;
    if (!kfi_node_open(l->keys, &n, kfi_place_of(l->keys, f->at))) return KF_CORRUPT;   /* unreachable: was opened */
    if (f->open && !list_close_gap(l, &n, f)) return KF_CORRUPT;
    for (; f->bucket < n.buckets; f->bucket++, f->entry = 0) {
        o = list_node_bucket(l, &n, f->bucket, &at);
        if (!o) return KF_CORRUPT;
        if (f->entry < o->view.count) break;
        o = NULL;
    }
    const size_t depth = f->depth;
    const int label = o ? label_of(l->keys, o, f->entry, depth) : 256;
    if (label < 0) return KF_CORRUPT;
    if (f->big < n.bigs && n.big_label[f->big] < label) {
        kfi_place child;
        list_move(l->next, l->text, depth);
        l->text = l->next;
        const uint8_t *limit = l->text + l->keys->longest_key;
        const uint8_t *to = kfi_node_follow(l->keys, &n, f->big, l->text + depth, limit, &child);
        if (!to) return KF_CORRUPT;
        f->big++;
        l->size = (size_t)(to - l->text);
        return list_descend(l, child.at, 0);
    }
    if (!o) {   /* too many keys to be remembered are below a node */
        l->height--;
        return GO_ON;
    }
    const unsigned begin = f->entry;
    int found, end = (int)o->view.count;
    uint64_t bit;
    if (f->big < n.bigs) end = run_from(l->keys, o, begin + 1, n.big_label[f->big], depth, &found);
    if (end < 0 || !list_bit(l, o, begin, depth, &bit)) return KF_CORRUPT;
    f->entry = (uint8_t)end;
    f = list_push(l, LIST_ENTRIES, at, depth);
    if (!f) return KF_NO_MEMORY;
    f->bit = bit;
    f->entry = (uint8_t)begin;
    f->end = (uint8_t)end;
    return GO_ON;
}

/* ---- the list --------------------------------------------------------------------------------- */

/* Sets entries until there are so many as are wanted, or there is no room for more. */
static kf_status list(kfi_list *l)
{
    int result = GO_ON;
    if (l->ready) {
        list_spot s = list_load(l);
        list_take(&s);
        list_save(l, &s);
        l->ready = 0;
    }
    while (result == GO_ON && l->count < l->wanted && l->next <= l->last) {
        if (!l->height) result = KF_CORRUPT;
        else if (list_top(l)->kind == LIST_NODE) result = list_node(l);
        else result = list_top(l)->kind == LIST_LEAF ? list_leaf(l) : list_entries(l);
    }
    l->full = l->count < l->wanted;
    if (result == GO_ON) return KF_OK;
    l->height = 0;
    return (kf_status)result;
}
