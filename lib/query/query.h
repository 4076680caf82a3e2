/* What a kf_query is: a deterministic automaton over bytes, given by functions on the content of its states.
 * The content is bytes of the class's own making; equal contents mean the same state, which is all that the
 * lazy table (dfa.h) knows of them. */
#ifndef KFI_QUERY_QUERY_H
#define KFI_QUERY_QUERY_H

#include "base/error.h"
#include "read/search/guide.h"

#include <keyfold/query.h>

#include <stdatomic.h>

/* What can be said in a state. */
typedef struct kfi_verdict {
    int accepts;             /* the text up to here satisfies the query */
    uint32_t distance;       /* if it accepts */
    double score;            /* if it accepts: what nearest ranks by, larger is better */
    float bound;             /* no text that goes on from here (this one included) has a better score; rounded
                                up. INFINITY where there are no scores */
} kfi_verdict;

typedef struct kfi_query_class {
    /* Each writes a state's content to `to` (at most query->state_size bytes) and returns its size; 0: dead.
     * `scratch` has query->scratch_size bytes, aligned for any type, undefined at each call. */
    size_t (*start)(const kf_query *query, void *scratch, uint8_t *to);
    size_t (*step)(const kf_query *query, const uint8_t *from, size_t from_size, uint8_t byte, void *scratch,
                   uint8_t *to);
    void (*judge)(const kf_query *query, const uint8_t *state, size_t size, kfi_verdict *verdict);
    /* Sets the bytes other than which none leads on (of a class with several bytes, all or none), in any order,
     * and returns how many there are. -1: too many, or not known without trying. May be NULL. */
    int (*labels)(const kf_query *query, const uint8_t *state, size_t size, uint8_t labels[KFI_GUIDE_FEW]);
    /* Frees what the class owns, not the query. May be NULL. */
    void (*destroy)(kf_query *query);
    /* The query anew, its texts in the normal form of `flags` (base/normalise.h). NULL: it has no texts. */
    kf_status (*normal)(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error);
} kfi_query_class;

/* The first member of every class's structure. */
struct kf_query {
    const kfi_query_class *class;
    atomic_uint holders;
    size_t state_size, scratch_size;
    uint32_t normalise;          /* the normal form that its texts are in; 0: as they were given */
    /* What kfi_query_normal made of it first, which is held: who asks for the same form again gets that. */
    _Atomic(kf_query *) normal;
    unsigned nesting;            /* queries made of queries call theirs: so deep; 0 if it is made of none */
    /* Bytes of one class lead from every state to the same state. Classes are 0 .. classes-1, each has a byte. */
    unsigned classes;
    uint8_t class_of[256];
};

/* Sets the common part: one holder, and as classes the bytes of equal signature. */
void kfi_query_init(kf_query *query, const kfi_query_class *class, size_t state_size, size_t scratch_size,
                    const uint32_t signature[256]);

/* One more holder; kf_query_destroy is one less. */
const kf_query *kfi_query_hold(const kf_query *query);

/* What the query is for keys in the normal form of `flags`: to be destroyed. Errors are those of making it. */
kf_status kfi_query_normal(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error);

/* What both accept, with the distance and the score of `query`. Errors as for kf_query_create_all. */
kf_status kfi_query_restrict(kf_query **out, const kf_query *query, const kf_query *condition, kf_error *error);

#endif
