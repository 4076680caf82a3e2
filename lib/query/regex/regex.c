/* The subset construction (Rabin and Scott 1959), a state at a time. A state's content, in 32 bit words:
 *
 *   0  1  accepts: 1 | pending: 3 | number of places within units
 *   then  a pair for each of these, ascending: the UNITS state, the pool's node
 *   then  each UNITS state that can take the next unit, ascending
 *
 * A text is divided into units in one way, so a UNITS state can be in the midst of only one. With sets that
 * have stray bytes in them, a byte that begins a sequence is taken both as that and as a stray; what took it
 * as a stray is dropped when the sequence is completed, which `pending` tells (kfi_utf8_pending_next). */
#include "query/regex/regex.h"

#include "base/normalise.h"
#include "query/regex/nfa.h"
#include "query/regex/parse.h"

#include <math.h>
#include <stdlib.h>

typedef struct regex {
    kf_query query;
    kfi_nfa nfa;
    kfi_utf8 pool;
    kfi_pattern_parser parse;    /* what it was made of */
    int is_text;
    uint32_t flags;
    kfi_array text;
} regex;

enum { ACCEPTS = 1, PENDING_SHIFT = 1, PENDING_MASK = 7, INSIDE_SHIFT = 4, WORD = 4 };

/* A state being made, in the scratch memory. */
typedef struct next_state {
    const regex *regex;
    uint64_t *seen, *seen_at_end;    /* a bit for each state of the NFA; the second one is for ENDs */
    uint32_t *stack, *inside;
    uint32_t depth, insides;
    int accepts, at_start;
} next_state;

static size_t bitset_words(const kfi_nfa *nfa)
{
    return nfa->count / 64 + 1;
}

static void begin(next_state *to, const regex *r, void *scratch, int at_start)
{
    size_t words = bitset_words(&r->nfa);
    memset(to, 0, sizeof *to);
    to->regex = r;
    to->at_start = at_start;
    to->seen = scratch;
    to->seen_at_end = r->nfa.ends ? to->seen + words : to->seen;
    to->stack = (uint32_t *)(void *)(to->seen_at_end + words);
    to->inside = to->stack + 2 * (size_t)r->nfa.count;
    memset(to->seen, 0, (r->nfa.ends ? 2 : 1) * words * sizeof *to->seen);
}

static size_t scratch_size(const kfi_nfa *nfa)
{
    size_t words = (nfa->ends ? 2 : 1) * bitset_words(nfa);
    return words * sizeof(uint64_t) + 2 * ((size_t)nfa->count + nfa->units) * sizeof(uint32_t);
}

static void push(next_state *to, uint32_t state, int at_end)
{
    uint64_t *seen = at_end ? to->seen_at_end : to->seen, bit = UINT64_C(1) << state % 64;
    if (seen[state / 64] & bit) return;
    seen[state / 64] |= bit;
    to->stack[to->depth++] = state << 1 | (uint32_t)at_end;
}

/* Adds what can be reached from `state` without a unit. Beyond an END only acceptance counts. */
static void reach(next_state *to, uint32_t state)
{
    push(to, state, 0);
    while (to->depth) {
        uint32_t top = to->stack[--to->depth];
        int at_end = top & 1;
        const kfi_nfa_state *s = &to->regex->nfa.states[top >> 1];
        switch (s->kind) {
        case KFI_NFA_ACCEPT:
            to->accepts = 1;
            break;
        case KFI_NFA_SPLIT:
            push(to, s->next, at_end);
            push(to, s->other, at_end);
            break;
        case KFI_NFA_BEGIN:
            if (to->at_start) push(to, s->next, at_end);
            break;
        case KFI_NFA_END:
            push(to, s->next, 1);
            break;
        default:
            break;
        }
    }
}

static void put(uint8_t *to, size_t *size, uint32_t word)
{
    memcpy(to + *size, &word, WORD);
    *size += WORD;
}

static uint32_t get(const uint8_t *from, size_t word)
{
    uint32_t value;
    memcpy(&value, from + WORD * word, WORD);
    return value;
}

/* Writes the content. In ascending order a loop comes before what it covers (nfa.h). */
static size_t finish(const next_state *from, unsigned pending, uint8_t *to)
{
    const kfi_nfa *nfa = &from->regex->nfa;
    size_t size = WORD;
    uint32_t covered = 0, insides = 0;
    for (uint32_t i = 0; i < from->insides; i++) {
        uint32_t state = from->inside[2 * i];
        if (state > covered) {
            put(to, &size, state);
            put(to, &size, from->inside[2 * i + 1]);
            insides++;
        }
        if (nfa->states[state].covers > covered) covered = nfa->states[state].covers;
    }
    size_t before = size;
    covered = 0;
    for (size_t word = 0; word < bitset_words(nfa); word++) {
        for (uint64_t bits = from->seen[word]; bits; bits &= bits - 1) {
            uint32_t state = (uint32_t)(64 * word) + (uint32_t)__builtin_ctzll(bits);
            if (nfa->states[state].kind != KFI_NFA_UNITS) continue;
            if (state > covered) put(to, &size, state);
            if (nfa->states[state].covers > covered) covered = nfa->states[state].covers;
        }
    }
    if (size == before) pending = 0;
    uint32_t head = (from->accepts ? ACCEPTS : 0) | pending << PENDING_SHIFT | insides << INSIDE_SHIFT;
    memcpy(to, &head, WORD);
    return size > WORD || from->accepts ? size : 0;
}

static size_t regex_start(const kf_query *query, void *scratch, uint8_t *to)
{
    const regex *r = (const regex *)query;
    next_state made;
    begin(&made, r, scratch, 1);
    reach(&made, r->nfa.start);
    return finish(&made, 0, to);
}

/* `byte` in a node's set, of a UNITS state. */
static void advance(next_state *to, uint32_t state, uint32_t node, uint8_t byte)
{
    uint32_t target = kfi_utf8_next(&to->regex->pool, node, byte);
    if (target == KFI_UTF8_DONE) {
        reach(to, to->regex->nfa.states[state].next);
    } else if (target != KFI_UTF8_NONE) {
        to->inside[2 * to->insides] = state;
        to->inside[2 * to->insides + 1] = target;
        to->insides++;
    }
}

static size_t regex_step(const kf_query *query, const uint8_t *from, size_t from_size, uint8_t byte,
                         void *scratch, uint8_t *to)
{
    const regex *r = (const regex *)query;
    next_state made;
    uint32_t head = get(from, 0), insides = head >> INSIDE_SHIFT;
    unsigned pending = head >> PENDING_SHIFT & PENDING_MASK;
    int completes = 0;
    begin(&made, r, scratch, 0);
    if (r->nfa.strays) pending = kfi_utf8_pending_next(pending, byte, &completes);
    for (uint32_t i = 0; i < insides; i++) advance(&made, get(from, 1 + 2 * i), get(from, 2 + 2 * i), byte);
    for (size_t i = 1 + 2 * (size_t)insides; !completes && i < from_size / WORD; i++) {
        uint32_t state = get(from, i);
        const kfi_nfa_state *s = &r->nfa.states[state];
        advance(&made, state, s->other, byte);
        if (s->stray && byte >= 0x80) reach(&made, s->next);
    }
    return finish(&made, pending, to);
}

static void regex_judge(const kf_query *query, const uint8_t *state, size_t size, kfi_verdict *verdict)
{
    (void)query;
    (void)size;
    *verdict = (kfi_verdict){ .accepts = get(state, 0) & ACCEPTS, .bound = INFINITY };
}

static void regex_destroy(kf_query *query)
{
    regex *r = (regex *)query;
    kfi_nfa_free(&r->nfa);
    kfi_utf8_free(&r->pool);
    kfi_array_free(&r->text);
}

static kf_status regex_normal(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error);

static const kfi_query_class regex_class = {
    .start = regex_start, .step = regex_step, .judge = regex_judge, .destroy = regex_destroy, .normal = regex_normal
};

static kf_status make(kf_query **out, kfi_pattern_parser parse, int is_text, kf_bytes text, uint32_t flags,
                      uint32_t normalise, kf_error *error)
{
    kfi_pattern pattern;
    uint32_t root, signature[256];
    regex *made = NULL;
    *out = NULL;
    kf_status status = kfi_pattern_init(&pattern, text.data, text.size, flags, error);
    pattern.normalise = normalise;
    if (!status) status = parse(&pattern, &root);
    if (status) goto out;
    made = calloc(1, sizeof *made);
    status = made ? kfi_array_append(&made->text, text.data, text.size, error) : kfi_fail_memory(error, sizeof *made);
    if (!status) status = kfi_nfa_create(&made->nfa, &pattern, root, error);
    if (status) goto out;
    made->parse = parse;
    made->is_text = is_text;
    made->flags = flags;

    kfi_utf8_close(&pattern.pool);
    made->pool = pattern.pool;
    pattern.pool = (kfi_utf8){ 0 };
    kfi_utf8_signature(&made->pool, made->nfa.strays, signature);
    kfi_query_init(&made->query, &regex_class, WORD * (1 + 3 * (size_t)made->nfa.units),
                   scratch_size(&made->nfa), signature);
    *out = &made->query;
    made = NULL;
out:
    if (made) kfi_array_free(&made->text);
    free(made);
    kfi_pattern_free(&pattern);
    return status;
}

static kf_status regex_normal(kf_query **out, const kf_query *query, uint32_t flags, kf_error *error)
{
    const regex *r = (const regex *)query;
    kf_bytes text = { r->text.data, r->text.size };
    kfi_normal normal;
    kfi_normal_begin(&normal, flags);
    /* Letters are a text as any other; other notations tell what is text in them. */
    kf_status status = KF_OK;
    if (r->is_text && kfi_normal_text(&normal, text, &text)) status = kfi_fail_memory(error, text.size);
    if (!status) status = make(out, r->parse, r->is_text, text, r->flags, flags, error);
    kfi_normal_end(&normal);
    return status;
}

kf_status kfi_pattern_query(kf_query **out, kfi_pattern_parser parse, int is_text, const void *text, size_t size,
                            uint32_t flags, kf_error *error)
{
    return make(out, parse, is_text, (kf_bytes){ text, size }, flags, 0, error);
}

kf_status kf_query_create_regex(kf_query **out, const void *pattern, size_t pattern_size, uint32_t flags,
                         kf_error *error)
{
    return kfi_pattern_query(out, kfi_regex_parse, 0, pattern, pattern_size, flags, error);
}
