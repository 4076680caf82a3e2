#include "query/regex/pattern_tree.h"

#include "base/normalise.h"
#include "query/units.h"

kf_status kfi_pattern_init(kfi_pattern *pattern, const void *text, size_t size, uint32_t flags,
                           kf_error *error)
{
    memset(pattern, 0, sizeof *pattern);
    pattern->text = text;
    pattern->size = size;
    pattern->flags = flags;
    pattern->error = error;
    if (flags & ~(uint32_t)(KF_PATTERN_IGNORE_CASE | KF_PATTERN_BYTES))
        return kfi_fail(error, KF_INVALID, "unknown flags for a pattern: %#x", flags);
    if (size > KFI_PATTERN_SIZE_MAX)
        return kfi_pattern_fail(pattern, KF_LIMIT, KFI_PATTERN_SIZE_MAX, "longer than a pattern may be");
    return kfi_array_append(&pattern->nodes, &(kfi_ast_node){ 0 }, sizeof(kfi_ast_node), error);
}

void kfi_pattern_free(kfi_pattern *pattern)
{
    kfi_utf8_free(&pattern->pool);
    kfi_array_free(&pattern->nodes);
    kfi_set_free(&pattern->set);
    kfi_set_free(&pattern->part);
}

kf_status kfi_pattern_fail(const kfi_pattern *pattern, kf_status status, size_t at, const char *what)
{
    return kfi_fail_at(pattern->error, status, at, "at byte %zu of the pattern: %s", at, what);
}

kf_status kfi_pattern_unit(kfi_pattern *pattern, uint32_t *unit)
{
    kf_unit kind = kfi_pattern_bytes(pattern) ? KF_UNIT_BYTES : KF_UNIT_CODE_POINTS;
    size_t used = kfi_unit_next(kind, pattern->text + pattern->at, pattern->size - pattern->at, unit);
    if (*unit > KFI_CODE_POINT_MAX) return kfi_pattern_fail(pattern, KF_INVALID, pattern->at, "not UTF-8");
    pattern->at += used;
    return KF_OK;
}

/* ---- sets ----------------------------------------------------------------------------------------- */

/* Adds the normal forms of code points that are one again. */
static kf_status add_normal(kfi_pattern *pattern, kfi_set *set)
{
    enum { LAST_MAPPED = 0x2ffff };   /* the planes above have nothing that is not normal */
    const size_t ranges = kfi_set_count(set);
    kfi_normal normal;
    kf_status status = KF_OK;
    kfi_normal_begin(&normal, pattern->normalise);
    for (size_t i = 0; i < ranges && !status; i++) {
        const kfi_range range = kfi_set_ranges(set)[i];
        for (uint32_t unit = range.low; unit <= range.high && unit <= LAST_MAPPED && !status; unit++) {
            uint8_t bytes[KFI_SEQUENCE_MAX];
            uint32_t made;
            if (unit >> 11 == 0xd800 >> 11) continue;
            if (++pattern->mapped > KFI_PATTERN_MAPPED_MAX)
                return kfi_pattern_fail(pattern, KF_LIMIT, pattern->at, "too many sets in the pattern");
            const kf_bytes text = { bytes, kfi_utf8_encode(unit, bytes) };
            normal.size = 0;
            if (!kfi_normal_segment(&normal, text, 0)) status = kfi_fail_memory(pattern->error, text.size);
            else if (normal.size && kfi_utf8_sequence(normal.data, normal.size) == normal.size
                     && (made = kfi_utf8_value(normal.data, (unsigned)normal.size)) != unit)
                status = kfi_set_add(set, made, made, pattern->error);
        }
    }
    kfi_normal_end(&normal);
    return status;
}

kf_status kfi_pattern_fold(kfi_pattern *pattern, kfi_set *set)
{
    const int bytes = kfi_pattern_bytes(pattern);
    if (pattern->normalise && !bytes) {
        kf_status status = add_normal(pattern, set);
        if (status) return status;
    }
    if (!(pattern->flags & KF_PATTERN_IGNORE_CASE) && !(bytes && pattern->normalise & KF_NORMALISE_CASE)) return KF_OK;
    return bytes ? kfi_set_fold_ascii(set, pattern->error)
                 : kfi_unicode_fold(set, pattern->error);
}

static uint32_t most_unit(const kfi_pattern *pattern)
{
    return kfi_pattern_bytes(pattern) ? 255 : KFI_CODE_POINT_MAX;
}

kf_status kfi_pattern_gather(kfi_pattern *pattern, kfi_set *to, kfi_set *from)
{
    pattern->ranges += kfi_set_count(from);
    if (pattern->ranges > KFI_PATTERN_RANGES_MAX)
        return kfi_pattern_fail(pattern, KF_LIMIT, pattern->at, "too many sets in the pattern");
    kf_status status = kfi_set_add_all(to, from, pattern->error);
    kfi_set_clear(from);
    return status;
}

/* Unicode's property White_Space. */
static const kfi_range white_space[] = {
    { '\t', '\r' }, { ' ', ' ' }, { 0x85, 0x85 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a },
    { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
};

kf_status kfi_named_add(kfi_pattern *pattern, kfi_set *set, kfi_named_set name)
{
    int bytes = kfi_pattern_bytes(pattern);
    kf_error *error = pattern->error;
    kf_status status = KF_OK;
    switch (name) {
    case KFI_SET_LINE:
    case KFI_SET_ALL:
        set->stray = !bytes;
        if (name == KFI_SET_ALL) return kfi_set_add(set, 0, most_unit(pattern), error);
        status = kfi_set_add(set, 0, '\n' - 1, error);
        return status ? status : kfi_set_add(set, '\n' + 1, most_unit(pattern), error);
    case KFI_SET_DIGIT:
        if (!bytes) return kfi_unicode_add(set, kfi_unicode_digit(), error);
        return kfi_set_add(set, '0', '9', error);
    case KFI_SET_WORD:
        status = kfi_set_add(set, '_', '_', error);
        if (status) return status;
        if (!bytes) return kfi_unicode_add(set, kfi_unicode_word(), error);
        status = kfi_set_add(set, '0', '9', error);
        if (!status) status = kfi_set_add(set, 'A', 'Z', error);
        return status ? status : kfi_set_add(set, 'a', 'z', error);
    default:
        for (size_t i = 0; i < sizeof white_space / sizeof *white_space && !status; i++)
            if (!bytes || white_space[i].high < 0x80)
                status = kfi_set_add(set, white_space[i].low, white_space[i].high, error);
        return status;
    }
}

/* ---- nodes ---------------------------------------------------------------------------------------- */

static kf_status too_large(const kfi_pattern *pattern)
{
    return kfi_pattern_fail(pattern, KF_LIMIT, pattern->at, "the pattern takes too many states");
}

static kf_status add(kfi_pattern *pattern, const kfi_ast_node *node, uint32_t *out)
{
    size_t count = pattern->nodes.size / sizeof *node;
    /* A tree of so many nodes can't take fewer states, but for parts that are repeated no times. */
    if (node->states > KF_PATTERN_STATES_LIMIT || count > 4 * (size_t)KF_PATTERN_STATES_LIMIT)
        return too_large(pattern);
    if (node->depth > KFI_PATTERN_DEPTH_MAX)
        return kfi_pattern_fail(pattern, KF_LIMIT, pattern->at, "the pattern is nested too deeply");
    *out = (uint32_t)count;
    return kfi_array_append(&pattern->nodes, node, sizeof *node, pattern->error);
}

kf_status kfi_ast_empty(kfi_pattern *pattern, uint8_t kind, uint32_t *out)
{
    kfi_ast_node node = { .kind = kind, .states = kind != KFI_AST_EMPTY };
    return add(pattern, &node, out);
}

kf_status kfi_ast_set(kfi_pattern *pattern, int negate, uint32_t *out)
{
    kfi_set *set = &pattern->set;
    kfi_ast_node node = { .kind = KFI_AST_UNITS, .states = 1 };
    int bytes = kfi_pattern_bytes(pattern);
    kf_status status = KF_OK;
    kfi_set_normalise(set);
    if (negate) status = kfi_set_negate(set, most_unit(pattern), !bytes, pattern->error);
    if (!status) status = kfi_utf8_add(&pattern->pool, set, bytes, &node.root, pattern->error);
    if (status == KF_LIMIT) status = too_large(pattern);
    const kfi_range *ranges = kfi_set_ranges(set);
    size_t count = kfi_set_count(set);
    node.stray = set->stray != 0;
    for (size_t i = 0; i < count && ranges[i].low <= '\n'; i++) node.feeds |= ranges[i].high >= '\n';
    kfi_set_clear(set);
    return status ? status : add(pattern, &node, out);
}

kf_status kfi_ast_named(kfi_pattern *pattern, kfi_named_set name, int negate, uint32_t *out)
{
    uint32_t *known = &pattern->named[name][negate != 0];
    kf_status status = KF_OK;
    if (!*known) {
        kfi_set_clear(&pattern->set);
        status = kfi_named_add(pattern, &pattern->set, name);
        if (!status) status = kfi_ast_set(pattern, negate, known);
        if (status) return status;
        if (!negate && name == KFI_SET_ALL) kfi_ast_at(pattern, *known)->wide = KFI_WIDE_ALL;
        if (!negate && name == KFI_SET_LINE) kfi_ast_at(pattern, *known)->wide = KFI_WIDE_LINE;
    }
    kfi_ast_node copy = *kfi_ast_at(pattern, *known);
    return add(pattern, &copy, out);
}

kf_status kfi_ast_unit(kfi_pattern *pattern, uint32_t unit, int negate, uint32_t *out)
{
    kfi_set_clear(&pattern->set);
    kf_status status = kfi_set_add(&pattern->set, unit, unit, pattern->error);
    if (!status) status = kfi_pattern_fold(pattern, &pattern->set);
    return status ? status : kfi_ast_set(pattern, negate, out);
}

/* Units one after the other. */
static kf_status units_of(kfi_pattern *pattern, kf_bytes text, uint32_t *out)
{
    const kf_unit kind = kfi_pattern_bytes(pattern) ? KF_UNIT_BYTES : KF_UNIT_CODE_POINTS;
    kfi_ast_list list = { 0 };
    for (size_t at = 0; at < text.size; ) {
        uint32_t unit, node;
        at += kfi_unit_next(kind, text.data + at, text.size - at, &unit);
        kf_status status = kfi_ast_unit(pattern, unit, 0, &node);
        if (!status) status = kfi_ast_list_add(pattern, &list, KFI_AST_CONCAT, node);
        if (status) return status;
    }
    return kfi_ast_list_close(pattern, &list, KFI_AST_CONCAT, out);
}

/* What the segment that begins at `at` becomes; `*used` are its bytes. */
static kf_status segment_of(kfi_pattern *pattern, kf_bytes text, size_t at, size_t *used, uint32_t *out)
{
    kfi_normal normal;
    kfi_normal_begin(&normal, pattern->normalise);
    *used = kfi_normal_segment(&normal, text, at);
    kf_status status = *used ? units_of(pattern, (kf_bytes){ normal.data, normal.size }, out)
                             : kfi_fail_memory(pattern->error, text.size);
    kfi_normal_end(&normal);
    return status;
}

kf_status kfi_ast_literal(kfi_pattern *pattern, uint32_t *out)
{
    const size_t start = pattern->at;
    size_t used;
    uint32_t unit;
    kf_status status = kfi_pattern_unit(pattern, &unit);   /* it may be wrong */
    if (!status && !pattern->normalise) return kfi_ast_unit(pattern, unit, 0, out);
    if (!status) status = segment_of(pattern, (kf_bytes){ pattern->text, pattern->size }, start, &used, out);
    if (!status) pattern->at = start + used;
    return status;
}

kf_status kfi_ast_escaped(kfi_pattern *pattern, uint32_t unit, uint32_t *out)
{
    uint8_t bytes[KFI_SEQUENCE_MAX];
    size_t used;
    if (!pattern->normalise || (kfi_pattern_bytes(pattern) && unit >= 0x80))
        return kfi_ast_unit(pattern, unit, 0, out);
    return segment_of(pattern, (kf_bytes){ bytes, kfi_utf8_encode(unit, bytes) }, 0, &used, out);
}

kf_status kfi_ast_repeat(kfi_pattern *pattern, uint32_t child, uint32_t least, uint32_t most, uint32_t *out)
{
    const kfi_ast_node *inner = kfi_ast_at(pattern, child);
    if (most == 0 || inner->kind == KFI_AST_EMPTY) return kfi_ast_empty(pattern, KFI_AST_EMPTY, out);
    uint64_t copies = most != KFI_AST_ENDLESS ? most : least ? least : 1;
    uint64_t splits = most != KFI_AST_ENDLESS ? most - least : 1;
    uint64_t states = copies * inner->states + splits;
    if (states > KF_PATTERN_STATES_LIMIT) return too_large(pattern);
    kfi_ast_node node = { .kind = KFI_AST_REPEAT, .feeds = inner->feeds, .last = child, .least = least,
                          .most = most, .states = (uint32_t)states, .depth = (uint16_t)(inner->depth + 1) };
    return add(pattern, &node, out);
}

kf_status kfi_ast_list_add(kfi_pattern *pattern, kfi_ast_list *list, kfi_ast_kind kind, uint32_t child)
{
    kfi_ast_node *node = kfi_ast_at(pattern, child);
    if (kind == KFI_AST_CONCAT && node->kind == KFI_AST_EMPTY) return KF_OK;
    node->before = list->last;
    list->last = child;
    list->states += node->states + (kind == KFI_AST_ALTERNATE && list->count);
    list->count++;
    if (node->depth > list->depth) list->depth = node->depth;
    list->feeds |= node->feeds;
    return list->states > KF_PATTERN_STATES_LIMIT ? too_large(pattern) : KF_OK;
}

kf_status kfi_ast_list_close(kfi_pattern *pattern, const kfi_ast_list *list, kfi_ast_kind kind,
                             uint32_t *out)
{
    if (!list->count) return kfi_ast_empty(pattern, KFI_AST_EMPTY, out);
    *out = list->last;
    if (list->count == 1) return KF_OK;
    kfi_ast_node node = { .kind = (uint8_t)kind, .feeds = list->feeds, .last = list->last,
                          .states = list->states, .depth = (uint16_t)(list->depth + 1) };
    return add(pattern, &node, out);
}
