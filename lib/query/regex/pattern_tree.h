/* A pattern as a tree, which all its notations are parsed to. Children are linked from the last to the first:
 * that is how the automaton is made of them (nfa.h). */
#ifndef KFI_QUERY_REGEX_PATTERN_TREE_H
#define KFI_QUERY_REGEX_PATTERN_TREE_H

#include "query/regex/unicode_classes.h"
#include "query/regex/unit_set.h"
#include "query/regex/utf8_automaton.h"

#include <keyfold/query.h>

typedef enum kfi_ast_kind {
    KFI_AST_EMPTY, KFI_AST_UNITS, KFI_AST_CONCAT, KFI_AST_ALTERNATE, KFI_AST_REPEAT, KFI_AST_BEGIN,
    KFI_AST_END
} kfi_ast_kind;

#define KFI_AST_ENDLESS UINT32_MAX

typedef struct kfi_ast_node {
    uint8_t kind;
    uint8_t stray;           /* UNITS: also a byte that is not part of well-formed UTF-8 */
    uint8_t wide;            /* UNITS: a KFI_WIDE_ value */
    uint8_t feeds;           /* a line feed can be in what it matches */
    uint16_t depth;          /* of the tree below */
    uint32_t root;           /* UNITS: a node of the pool */
    uint32_t last, before;   /* the last child; the sibling before this one; 0: none */
    uint32_t least, most;    /* REPEAT; most may be KFI_AST_ENDLESS */
    uint32_t states;         /* that it takes in the automaton */
} kfi_ast_node;

enum { KFI_WIDE_NOT, KFI_WIDE_LINE, KFI_WIDE_ALL };   /* UNITS of all units but a line feed; of all units */

/* Sets that patterns name; each is made once a pattern. */
typedef enum kfi_named_set {
    KFI_SET_ALL, KFI_SET_LINE, KFI_SET_DIGIT, KFI_SET_WORD, KFI_SET_SPACE, KFI_NAMED_SETS
} kfi_named_set;

/* A pattern while it is parsed. */
typedef struct kfi_pattern {
    const uint8_t *text;
    size_t size, at;
    uint32_t flags;          /* KF_PATTERN_ */
    uint32_t normalise;      /* the normal form that keys are in: literals and members of sets take it */
    uint64_t mapped;         /* members of sets that were looked at for that: what it costs */
    int dot_all;
    unsigned nesting;
    uint64_t ranges;         /* of all sets so far: what their making costs */
    kf_error *error;
    kfi_utf8 pool;
    kfi_array nodes;         /* of kfi_ast_node; number 0 is unused */
    uint32_t named[KFI_NAMED_SETS][2];   /* a UNITS node to copy: of the set, of its negation; 0: none yet */
    kfi_set set, part;       /* for whoever makes a set: the whole, and one of what it is made of */
} kfi_pattern;

enum {
    KFI_PATTERN_SIZE_MAX = 1 << 20,
    KFI_PATTERN_NESTING_MAX = 200,       /* parentheses and braces */
    KFI_PATTERN_DEPTH_MAX = 1000,        /* of the tree: every repetition adds one too */
    KFI_PATTERN_RANGES_MAX = 1 << 22,
    KFI_PATTERN_MAPPED_MAX = 1 << 23
};

/* Sets what all notations begin with. KF_LIMIT: the pattern is too long. */
kf_status kfi_pattern_init(kfi_pattern *pattern, const void *text, size_t size, uint32_t flags,
                           kf_error *error);
void kfi_pattern_free(kfi_pattern *pattern);

/* Reports that something is wrong at a byte of the pattern. */
kf_status kfi_pattern_fail(const kfi_pattern *pattern, kf_status status, size_t at, const char *what);

static inline int kfi_pattern_bytes(const kfi_pattern *pattern)
{
    return (pattern->flags & KF_PATTERN_BYTES) != 0;
}

/* One unit of the pattern itself; there must be one. KF_INVALID: it is not UTF-8. */
kf_status kfi_pattern_unit(kfi_pattern *pattern, uint32_t *unit);

static inline int kfi_pattern_peek(const kfi_pattern *pattern, uint8_t byte)
{
    return pattern->at < pattern->size && pattern->text[pattern->at] == byte;
}

kf_status kfi_ast_empty(kfi_pattern *pattern, uint8_t kind, uint32_t *out);

/* The units of pattern->set, in any order, turned over if `negate`. */
kf_status kfi_ast_set(kfi_pattern *pattern, int negate, uint32_t *out);
kf_status kfi_ast_named(kfi_pattern *pattern, kfi_named_set name, int negate, uint32_t *out);
/* One unit, or those that differ from it in case if that is to be ignored; `negate`: any other. */
kf_status kfi_ast_unit(kfi_pattern *pattern, uint32_t unit, int negate, uint32_t *out);

/* The literal at pattern->at: a unit, or with a normal form what the segment there becomes. */
kf_status kfi_ast_literal(kfi_pattern *pattern, uint32_t *out);
/* The same for a unit that is written in another way. */
kf_status kfi_ast_escaped(kfi_pattern *pattern, uint32_t unit, uint32_t *out);

kf_status kfi_ast_repeat(kfi_pattern *pattern, uint32_t child, uint32_t least, uint32_t most, uint32_t *out);

/* Children are added from the first to the last; the list becomes a node, or the only child itself. */
typedef struct kfi_ast_list {
    uint32_t last, count, states;
    uint16_t depth;
    uint8_t feeds;
} kfi_ast_list;

kf_status kfi_ast_list_add(kfi_pattern *pattern, kfi_ast_list *list, kfi_ast_kind kind, uint32_t child);
kf_status kfi_ast_list_close(kfi_pattern *pattern, const kfi_ast_list *list, kfi_ast_kind kind,
                             uint32_t *out);

static inline kfi_ast_node *kfi_ast_at(const kfi_pattern *pattern, uint32_t node)
{
    return (kfi_ast_node *)(void *)pattern->nodes.data + node;
}

/* The units of a named set, added to `set`. */
kf_status kfi_named_add(kfi_pattern *pattern, kfi_set *set, kfi_named_set name);

/* Folds `set` if case is to be ignored, and adds the normal forms of members, as far as these are one unit. */
kf_status kfi_pattern_fold(kfi_pattern *pattern, kfi_set *set);

/* Moves `from` to `to`, and is KF_LIMIT when a pattern's sets have become absurdly large together. */
kf_status kfi_pattern_gather(kfi_pattern *pattern, kfi_set *to, kfi_set *from);

#endif
