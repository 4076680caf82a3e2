/* Sets of units as automata over bytes: minimal acyclic ones, all of a pattern's in one pool, where equal
 * nodes are one, as the automaton of all keys is made by Daciuk et al. 2000. The idea of compiling sets to
 * ranges of bytes is that of Cox's RE2. A set of code points becomes
 *
 *   root --00..7f--> done          a node for each set of second, third and last bytes that occurs:
 *        --c3------> node --80..bf--> done */
#ifndef KFI_QUERY_REGEX_UTF8_AUTOMATON_H
#define KFI_QUERY_REGEX_UTF8_AUTOMATON_H

#include "query/regex/unit_set.h"

enum { KFI_UTF8_NONE = 0 };          /* the node without arcs */
#define KFI_UTF8_DONE UINT32_MAX     /* in place of a node: the unit is complete */

typedef struct kfi_arc {
    uint8_t low, high;
    uint32_t target;
} kfi_arc;

typedef struct kfi_utf8_node {
    uint32_t first, count;   /* arcs, ascending */
} kfi_utf8_node;

typedef struct kfi_utf8 {
    kfi_array nodes, arcs;
    uint32_t *slots;         /* open addressing: nodes by content; 0: free */
    size_t slot_count;
} kfi_utf8;

void kfi_utf8_free(kfi_utf8 *pool);
/* Frees what only adding takes. */
void kfi_utf8_close(kfi_utf8 *pool);

/* The root for a normalised set: of code points of UTF-8 (surrogates are left out), or of bytes. `stray` is
 * not looked at. Errors: KF_LIMIT (over KF_PATTERN_STATES_LIMIT nodes; without a message), KF_NO_MEMORY. */
kf_status kfi_utf8_add(kfi_utf8 *pool, const kfi_set *set, int bytes, uint32_t *root, kf_error *error);

/* Where `byte` leads from a node: a node, KFI_UTF8_DONE or KFI_UTF8_NONE. */
uint32_t kfi_utf8_next(const kfi_utf8 *pool, uint32_t node, uint8_t byte);

/* Makes `signature` differ wherever two bytes lead differently from some node, or are different to
 * kfi_utf8_pending_next if `strays`. */
void kfi_utf8_signature(const kfi_utf8 *pool, int strays, uint32_t signature[256]);

/* How much of a sequence the end of the text may be: 0, none; otherwise what must follow. The only thing that
 * tells at a byte whether those before it were stray. */
unsigned kfi_utf8_pending_next(unsigned pending, uint8_t byte, int *completes);

#endif
