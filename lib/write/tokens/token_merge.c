/* Byte-pair encoding (Gage 1994; as a codec for random access: Gargiulo and Venturini 2025), in
 * rounds: many pairs are merged in one pass over the sample instead of one at a time.
 *
 *   1. A sketch (an array of counters indexed by a hash of the pair) is filled while the sample is
 *      rewritten by the last round's merges. Its histogram gives a count that about as many pairs
 *      reach as the round wants.
 *   2. A second pass counts exactly, in a table small enough for the cache, the pairs whose counter
 *      reaches it.
 *   3. Pairs are taken in order of count. One that may overlap chosen ones (its left half is their
 *      right half, or the other way round) is expected to lose the share of its occurrences that
 *      those take; when that is much, it waits for the next round's count. */
#include "write/tokens/token_merge.h"

#include <math.h>
#include <stdlib.h>

#define BOUNDARY UINT32_MAX

enum {
    SKETCH_BITS_MIN = 12, SKETCH_BITS_MAX = 20, SKETCH_TOP = 65535,
    GROWTH = 3,        /* a round adds a third to the dictionary; */
    GROWTH_SMALL = 8,  /* small dictionaries are worth finer rounds where the text is short */
    SMALL_TOKENS = 512, SMALL_TEXT = 4 << 20,
    PAIRS_BITS_MIN = 10, PAIRS_BITS_MAX = 18
};

typedef struct pair_count {
    uint64_t pair;       /* (left + 1) << 32 | right; 0: free */
    uint32_t count;
    uint32_t token;      /* what it is merged into, once chosen */
} pair_count;

typedef struct merge_token {
    uint32_t usage;          /* occurrences in the text */
    uint32_t as_left;        /* of them, by count, taken by this round's pairs as left half */
    uint32_t as_right;
} merge_token;

typedef struct merger {
    kfi_merges *merges;
    const kfi_merge_input *input;
    uint32_t *text;          /* tokens, BOUNDARY after each record */
    size_t size, records;
    uint16_t *sketch;
    unsigned sketch_bits;
    pair_count *pairs;       /* open addressing */
    unsigned pairs_bits;
    size_t pairs_used;
    pair_count *sorted;
    merge_token *state;      /* by token */
} merger;

static inline uint64_t hash_pair(uint32_t left, uint32_t right)
{
    uint64_t h = ((uint64_t)left << 32 | right) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 29);
}

static inline pair_count *find_pair(const merger *m, uint32_t left, uint32_t right)
{
    uint64_t pair = (uint64_t)(left + 1) << 32 | right;
    size_t mask = ((size_t)1 << m->pairs_bits) - 1;
    size_t i = (hash_pair(left, right) * 0xD6E8FEB86659FD93u) >> (64 - m->pairs_bits);
    while (m->pairs[i].pair && m->pairs[i].pair != pair) i = (i + 1) & mask;
    return m->pairs + i;
}

/* ---- one round ---------------------------------------------------------------------------- */

/* Rewrites the text by the chosen pairs, and counts tokens exactly and pairs in the sketch. */
static void rewrite(merger *m)
{
    size_t out = 0;
    uint32_t *text = m->text, previous = BOUNDARY;
    unsigned shift = 64 - m->sketch_bits;
    int twin = 0;   /* the last pair counted was of two equal tokens: "aaa" is one pair, not two */
    memset(m->sketch, 0, sizeof *m->sketch << m->sketch_bits);
    for (uint32_t i = 0; i < m->merges->count; i++) m->state[i].usage = 0;
    for (size_t i = 0; i < m->size; i++) {
        uint32_t token = text[i];
        if (token == BOUNDARY) {
            text[out++] = previous = BOUNDARY;
            continue;
        }
        uint32_t next = text[i + 1];   /* there is always a boundary at the end */
        if (next != BOUNDARY && m->state[token].as_left && m->state[next].as_right) {
            const pair_count *pair = find_pair(m, token, next);
            if (pair->pair && pair->token != BOUNDARY) {
                token = pair->token;
                i++;
            }
        }
        m->state[token].usage++;
        text[out++] = token;
        if (previous != BOUNDARY && !(twin && previous == token)) {
            uint16_t *counter = m->sketch + (hash_pair(previous, token) >> shift);
            if (*counter < SKETCH_TOP) ++*counter;
            twin = previous == token;
        } else {
            twin = 0;
        }
        previous = token;
    }
    m->size = out;
}

/* The largest count that `wanted` counters reach, but at least `least`. */
static uint32_t choose_threshold(const merger *m, uint32_t wanted, uint32_t least)
{
    uint32_t histogram[256] = {0};
    size_t slots = (size_t)1 << m->sketch_bits;
    /* Coarse above 2^8: sixteen steps an octave are exact enough. */
    for (size_t i = 0; i < slots; i++) {
        uint32_t v = m->sketch[i];
        unsigned octave = kfi_bit_width(v) > 5 ? kfi_bit_width(v) - 5 : 0;
        histogram[octave * 16 + (v >> octave)]++;
    }
    uint32_t reached = 0;
    for (unsigned i = 255; i > 0; i--) {
        reached += histogram[i];
        if (reached < wanted) continue;
        unsigned octave = i < 32 ? 0 : i / 16 - 1;
        uint32_t value = (i - octave * 16) << octave;
        return value > least ? value : least;
    }
    return least;
}

/* Counts the pairs whose counter reaches the threshold. When the table is full, pairs that first
 * occur later are left out: they may come in the next round. */
static void count_pairs(merger *m, uint32_t threshold)
{
    unsigned shift = 64 - m->sketch_bits;
    size_t most = ((size_t)1 << m->pairs_bits) / 4 * 3;
    uint32_t previous = BOUNDARY;
    int twin = 0;
    memset(m->pairs, 0, sizeof *m->pairs << m->pairs_bits);
    m->pairs_used = 0;
    for (size_t i = 0; i < m->size; i++) {
        uint32_t token = m->text[i];
        if (previous != BOUNDARY && token != BOUNDARY && !(twin && previous == token)) {
            twin = previous == token;
            if (m->sketch[hash_pair(previous, token) >> shift] >= threshold) {
                pair_count *pair = find_pair(m, previous, token);
                if (pair->pair) {
                    pair->count++;
                } else if (m->pairs_used < most) {
                    m->pairs_used++;
                    *pair = (pair_count){(uint64_t)(previous + 1) << 32 | token, 1, BOUNDARY};
                }
            }
        } else {
            twin = 0;
        }
        previous = token;
    }
}

static int compare_counts(const void *a, const void *b)
{
    const pair_count *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return x->pair < y->pair ? -1 : x->pair > y->pair;
}

static void add_token(merger *m, uint32_t left, uint32_t right)
{
    kfi_token_text *tokens = m->merges->tokens, *token = tokens + m->merges->count++;
    *token = tokens[left];
    memcpy(token->bytes + tokens[left].length, tokens[right].bytes, tokens[right].length);
    token->length = (uint8_t)(tokens[left].length + tokens[right].length);
}

/* Whether a pair keeps most of its occurrences beside this round's pairs, as if they fell anywhere. */
static int worth_now(const merge_token *left, const merge_token *right, uint32_t count,
                     uint32_t threshold)
{
    if (!left->as_right && !right->as_left) return 1;
    if (left->as_right >= left->usage || right->as_left >= right->usage) return 0;
    double rest = count * (1.0 - (double)left->as_right / left->usage)
                        * (1.0 - (double)right->as_left / right->usage);
    return rest >= 0.75 * count && rest >= threshold;
}

/* Takes up to `wanted` pairs; returns how many. */
static uint32_t choose_pairs(merger *m, uint32_t wanted, uint32_t threshold)
{
    kfi_merges *merges = m->merges;
    size_t count = 0;
    for (size_t i = 0; i < (size_t)1 << m->pairs_bits; i++) {
        const pair_count *pair = m->pairs + i;
        if (!pair->pair || pair->count < threshold) continue;
        unsigned length = merges->tokens[(uint32_t)(pair->pair >> 32) - 1].length
                        + merges->tokens[(uint32_t)pair->pair].length;
        if (length <= KFI_TOKEN_MAX) m->sorted[count++] = *pair;
    }
    qsort(m->sorted, count, sizeof *m->sorted, compare_counts);
    for (uint32_t i = 0; i < merges->count; i++) m->state[i].as_left = m->state[i].as_right = 0;
    uint32_t taken = 0, first = merges->count;
    for (size_t i = 0; i < count && taken < wanted; i++) {
        uint32_t left = (uint32_t)(m->sorted[i].pair >> 32) - 1, right = (uint32_t)m->sorted[i].pair;
        if (!worth_now(m->state + left, m->state + right, m->sorted[i].count, threshold)) continue;
        m->state[left].as_left += m->sorted[i].count;
        m->state[right].as_right += m->sorted[i].count;
        find_pair(m, left, right)->token = first + taken++;
        add_token(m, left, right);
    }
    for (uint32_t i = first; i < merges->count; i++) m->state[i] = (merge_token){0, 0, 0};
    return taken;
}

/* ---- all rounds --------------------------------------------------------------------------- */

static uint32_t count_live(const merger *m, uint32_t least)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < m->merges->count; i++)
        live += m->state[i].usage >= least || m->merges->tokens[i].length == 1;
    return live;
}

/* Whether more tokens can no longer pay: what the coded text and the dictionary would take has been
 * well below this stage's. */
static int past_best(const merger *m, const kfi_merge_stage *stage, double *best)
{
    if (m->input->scale <= 0) return 0;
    unsigned width = kfi_bit_width(stage->live - 1);
    if (width < KFI_TOKEN_BITS_MIN) width = KFI_TOKEN_BITS_MIN;
    double total = (double)stage->codes * m->input->scale * width / 8
                 + KFI_TOKEN_COST * (double)stage->live;
    if (total < *best) *best = total;
    return total > 1.1 * *best;
}

static void load_text(merger *m)
{
    uint32_t token_of[256] = {0};
    kfi_merges *merges = m->merges;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (!m->input->bytes[byte]) continue;
        token_of[byte] = merges->count;
        kfi_token_text *token = merges->tokens + merges->count++;
        memset(token, 0, sizeof *token);
        token->bytes[0] = (uint8_t)byte;
        token->length = 1;
    }
    const uint8_t *p = m->input->records, *end = m->input->size ? p + m->input->size : p;
    for (; p < end; p += 4 + p[0]) {
        for (unsigned i = 0; i < p[0]; i++) m->text[m->size++] = token_of[p[4 + i]];
        m->text[m->size++] = BOUNDARY;
        m->records++;
    }
}

static void run_rounds(merger *m)
{
    kfi_merges *merges = m->merges;
    const kfi_merge_input *input = m->input;
    double best = HUGE_VAL;
    uint32_t look = 2;   /* counters looked at for a pair wanted: too long or overlapping ones drop out */
    memset(m->state, 0, input->max_tokens * sizeof *m->state);
    while (merges->stage_count < KFI_MERGE_STAGES) {
        rewrite(m);
        int fine = merges->count < SMALL_TOKENS && input->size < SMALL_TEXT;
        uint32_t wanted = fine ? merges->count / GROWTH_SMALL + 2 : merges->count / GROWTH + 8;
        uint32_t next = choose_threshold(m, look * wanted, input->min_count);
        /* A token is in good use when it is used at least half as often as the pairs now merged. */
        uint32_t least = next / 2 > input->min_count ? next / 2 : input->min_count;
        uint32_t live = count_live(m, least);
        kfi_merge_stage *stage = merges->stages + merges->stage_count++;
        *stage = (kfi_merge_stage){merges->count, live, m->size - m->records};
        if (past_best(m, stage, &best)) break;
        if (live >= input->max_live || merges->count >= input->max_tokens) break;
        if (wanted > input->max_tokens - merges->count) wanted = input->max_tokens - merges->count;
        count_pairs(m, next);
        uint32_t taken = choose_pairs(m, wanted, next);
        if (!taken) break;
        if (taken < wanted / 2 && look < 16) look *= 2;
    }
}

kf_status kfi_merges_make(kfi_merges *merges, const kfi_merge_input *input, kf_error *error)
{
    merger m = {0};
    kf_status status = KF_OK;
    memset(merges, 0, sizeof *merges);
    m.merges = merges;
    m.input = input;
    m.sketch_bits = kfi_bit_width(input->size);
    if (m.sketch_bits < SKETCH_BITS_MIN) m.sketch_bits = SKETCH_BITS_MIN;
    if (m.sketch_bits > SKETCH_BITS_MAX) m.sketch_bits = SKETCH_BITS_MAX;
    size_t most_pairs = input->size < input->max_tokens ? input->size : input->max_tokens;
    m.pairs_bits = kfi_bit_width(most_pairs) + 1;
    if (m.pairs_bits < PAIRS_BITS_MIN) m.pairs_bits = PAIRS_BITS_MIN;
    if (m.pairs_bits > PAIRS_BITS_MAX) m.pairs_bits = PAIRS_BITS_MAX;
    merges->tokens = malloc(input->max_tokens * sizeof *merges->tokens);
    m.text = malloc((input->size + 1) * sizeof *m.text);   /* 4 bytes a record become one boundary */
    m.sketch = malloc(sizeof *m.sketch << m.sketch_bits);
    m.pairs = calloc((size_t)1 << m.pairs_bits, sizeof *m.pairs);
    m.sorted = malloc(sizeof *m.sorted << m.pairs_bits);
    m.state = malloc(input->max_tokens * sizeof *m.state);
    if (!merges->tokens || !m.text || !m.sketch || !m.pairs || !m.sorted || !m.state) {
        status = kfi_fail_memory(error, input->size * sizeof *m.text);
        kfi_merges_free(merges);
    } else {
        load_text(&m);
        run_rounds(&m);
    }
    free(m.text);
    free(m.sketch);
    free(m.pairs);
    free(m.sorted);
    free(m.state);
    return status;
}

void kfi_merges_free(kfi_merges *merges)
{
    free(merges->tokens);
    merges->tokens = NULL;
    merges->count = 0;
}
