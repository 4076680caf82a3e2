/* Listing keys in order, compiled once for each instruction set behind outline_body.h.
 *
 * A key is composed where the one before ends: its first bytes are copied from there, its label and tail are appended.
 * So the keys of a call lie side by side, and a level needs to know only where its own bytes begin. */
#include "read/search/list.h"

#include <stdlib.h>

enum list_kind { LIST_NODE, LIST_ENTRIES, LIST_LEAF };
_Static_assert(sizeof(outline) <= KFI_LIST_OUTLINE, "room for an outline");

static kfi_list_level *list_top(const kfi_list *l) { return &l->levels[l->height - 1]; }

/* A level for the container at `at`, to which the text's first `depth` bytes lead; NULL without memory. */
static kfi_list_level *list_push(kfi_list *l, enum list_kind kind, const uint8_t *at, size_t depth)
{
    if (__builtin_expect(l->height == l->capacity, 0)) {
        kfi_list_level *grown = malloc(2 * l->capacity * sizeof *grown);
        if (!grown) return NULL;
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
static inline const outline *list_outline(kfi_list *l, const uint8_t *at)
{
    const uint64_t hash = (uint64_t)(uintptr_t)at * 0x9e3779b97f4a7c15;
    const size_t slot = hash >> (64 - l->outline_bits);
    outline *o = (outline *)(void *)(l->outlines + slot * KFI_LIST_OUTLINE);
    if (l->outline_at[slot] == at) return o;
    l->misses++;
    l->outline_at[slot] = NULL;
    if (!outline_read(o, l->keys, kfi_place_of(l->keys, at))) return NULL;
    l->outline_at[slot] = at;
    return o;
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

/* Moves the text's first `size` bytes to where the next key is composed. */
KFI_INLINE void list_move(list_spot *s, size_t size)
{
    if (s->text != s->next)
        for (size_t i = 0; i < size; i += 16) memcpy(s->next + i, s->text + i, 16);
    s->text = s->next;
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
    if (!f->reference || f->first > l->count || !count || count > KFI_LIST_LEAF_KEYS) return;
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

/* Goes on with records below the text's first `depth` bytes; returns how many it took. */
KFI_INLINE unsigned list_records(const kfi_list *l, list_spot *s, const uint8_t *record, unsigned count, size_t depth)
{
    const kf_entry *end = l->entries + l->wanted;
    unsigned taken = 0;
    for (; taken < count && s->out != end && s->next <= l->last; taken++, record += KFI_LIST_RECORD) {
        list_move(s, depth);
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

/* How many codes the tail of entry `entry` has, whose first is number `first`; UINT64_MAX on damage. */
KFI_INLINE uint64_t list_tail(const kfi_keys *keys, const kfi_bucket *b, unsigned entry, uint64_t first,
                              size_t lcp_end)
{
    if (b->length_mode <= KFI_LENGTHS_UNARY32) {
        uint64_t at = first + entry, end = at, word;
        if (at >= b->unary_bits) return UINT64_MAX;
        while (!(word = kfi_load64(b->unary + (end >> 3)) >> (end & 7))) {
            end = (end | 7) + 57;   /* the bits that were looked at: up to the end of the eighth byte */
            if (end >= b->unary_bits) return UINT64_MAX;
        }
        end += (unsigned)__builtin_ctzll(word);
        return end < b->unary_bits ? end - at : UINT64_MAX;
    }
    if (b->length_mode == KFI_LENGTHS_FIELDS)
        return kfi_load_bits(b->bits, (uint64_t)entry * b->length_width, b->length_width);
    const size_t given = 1 + lcp_end;
    return given > keys->parameters.fixed_length ? UINT64_MAX : keys->parameters.fixed_length - given;
}

/* Appends entry `entry`'s label and tail to the text's first `from` bytes; `*codes` is the number of its first code,
 * and then of the next entry's. 0 on damage. */
KFI_INLINE int list_compose(const kfi_list *l, const outline *o, unsigned entry, size_t from, list_spot *s,
                            uint64_t *codes)
{
    const kfi_keys *keys = l->keys;
    const kfi_bucket *b = &o->view;
    const uint64_t width = kfi_code_width(keys), count = list_tail(keys, b, entry, *codes, from);
    const uint64_t bit = b->codes_at + *codes * width;
    const uint8_t code = ((const uint8_t *)&o->labels)[entry];
    const int escaped = code == kfi_escape_code(&keys->parameters);
    if (count > b->bits_limit || bit + count * width > b->bits_limit) return 0;
    if (from > s->size || from >= keys->longest_key || (escaped && !count)) return 0;
    list_move(s, from);
    s->text[from] = keys->label_of[code];
    const uint8_t *to = kfi_codes_append(keys, b->bits, bit, count, s->text + from + !escaped,
                                         s->text + keys->longest_key);
    s->size = (size_t)(to - s->text);
    *codes += count;
    return to != NULL;
}

static int list_entries(kfi_list *l)
{
    kfi_list_level *f = list_top(l);
    const outline *o = list_outline(l, f->at);
    if (!o) return KF_CORRUPT;
    const unsigned end = f->end;
    const size_t depth = f->depth;
    const kf_entry *out_end = l->entries + l->wanted;
    const uint8_t *last = l->last;
    list_spot s = list_load(l);
    uint64_t codes = f->codes;
    unsigned entry = f->entry;
    while (entry < end && s.out != out_end && s.next <= last) {
        uint32_t lcp;
        if (!lcp_of(o, entry, &lcp) || !list_compose(l, o, entry, depth + lcp, &s, &codes)) return KF_CORRUPT;
        if (!is_jump(o, entry++)) {
            list_take(&s);
            continue;
        }
        const uint64_t reference = kfi_bucket_reference(&o->view, entry - 1);
        const kfi_list_leaf *leaf = l->leaves ? list_leaf_slot(l, reference + 1) : NULL;
        if (!leaf || leaf->reference != reference + 1 || s.size + leaf->longest > l->keys->longest_key) {
            kfi_place target;
            f->entry = (uint8_t)entry;
            f->codes = codes;
            list_save(l, &s);
            if (!kfi_directory_place(l->keys, reference, &target)) return KF_CORRUPT;
            return list_descend(l, target.at, l->leaves ? reference + 1 : 0);
        }
        const size_t size = s.size;
        const uint8_t *records = l->records + (size_t)leaf->first * KFI_LIST_RECORD;
        const unsigned taken = list_records(l, &s, records, leaf->count, size);
        if (taken < leaf->count) {
            f->entry = (uint8_t)entry;
            f->codes = codes;
            list_save(l, &s);
            return list_push_leaf(l, records + (size_t)taken * KFI_LIST_RECORD, leaf->count - taken, size);
        }
    }
    list_save(l, &s);
    f->entry = (uint8_t)entry;
    f->codes = codes;
    if (entry == end) {
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

/* Number of the code at which entry `entry`'s tail begins. */
static int list_codes(const kfi_list *l, const outline *o, unsigned entry, size_t depth, uint64_t *codes)
{
    uint64_t bit, count;
    *codes = 0;
    if (!entry) return 1;
    if (!tail_codes(l->keys, &o->view, o->lcps, depth, entry, &bit, &count)) return 0;
    *codes = (bit - o->view.codes_at) / kfi_code_width(l->keys);
    return 1;
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
    if (!kfi_node_open(l->keys, &n, kfi_place_of(l->keys, f->at))) return KF_CORRUPT;
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
        list_spot s = list_load(l);
        list_move(&s, depth);
        list_save(l, &s);
        const uint8_t *limit = l->text + l->keys->longest_key;
        const uint8_t *to = kfi_node_follow(l->keys, &n, f->big, l->text + depth, limit, &child);
        if (!to) return KF_CORRUPT;
        f->big++;
        l->size = (size_t)(to - l->text);
        return list_descend(l, child.at, 0);
    }
    if (!o) {
        if (f->reference) list_remember(l);
        l->height--;
        return GO_ON;
    }
    const unsigned begin = f->entry;
    int found, end = (int)o->view.count;
    uint64_t codes;
    if (f->big < n.bigs) end = run_from(l->keys, o, begin + 1, n.big_label[f->big], depth, &found);
    if (end < 0 || !list_codes(l, o, begin, depth, &codes)) return KF_CORRUPT;
    f->entry = (uint8_t)end;
    f = list_push(l, LIST_ENTRIES, at, depth);
    if (!f) return KF_NO_MEMORY;
    f->codes = codes;
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
