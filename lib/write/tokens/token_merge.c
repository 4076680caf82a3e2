/* Byte-pair encoding (Gage 1994; as a codec for random access: Gargiulo and Venturini 2025), one pair after the
 * other, the most frequent first.
 *
 * The text is an array with a token where it begins, so that neighbours are found by lengths. A pair comes into being
 * where its younger half does: when a pair is merged, the places of the new token are gone through once more, and the
 * pairs that it makes with its neighbours are counted in arrays by neighbour and get lists of their places. Merges of
 * other pairs make such a list stale, in part: that is noticed when the pair is the most frequent in turn, as its
 * places are checked then, and it goes back to the queue with what is left. So no pair is searched for, and each byte
 * is touched a few times in all. */
#include "write/tokens/token_merge.h"
#include "write/tokens/token_sample.h"

#include <float.h>
#include <stdlib.h>

enum {
    BOUNDARY = 0,              /* between records; of a token there stands one more */
    INSIDE = 0xFFFFFF,         /* of a token */
    TOKEN_SHIFT = 8,
    HEADER = 4,                /* words before a list of places: left, right, training places, all places */
    STAGES_PER_DOUBLING = 8    /* about */
};

/* By so much the total grows before it is given up; while widths don't tell stages apart, it goes up and down more. */
#define PAST_BEST 1.02
#define PAST_BEST_NARROW 1.05

typedef struct neighbour {
    uint32_t trained, all;     /* times it was met at this merge's token; then, where the next place goes */
} neighbour;

typedef struct merger {
    kfi_merges *merges;
    const kfi_merge_input *input;
    uint32_t *text;            /* by byte: the token that begins there << 8 | length of the one that ends before it */
    size_t size, held_out;     /* text from `held_out` on is not counted for choosing pairs */
    uint32_t *lists;           /* of places, one behind the other; behind a word for what is not listed */
    size_t lists_size, lists_capacity;
    uint64_t *queue;           /* a heap of trained count << 32 | list */
    size_t queue_size, queue_capacity;
    neighbour *left, *right;   /* by what stands in the text */
    uint32_t *met;
    uint32_t *index, index_size;   /* tokens by their bytes, open addressing */
    uint64_t codes, held_codes;
} merger;

/* ---- the queue ----------------------------------------------------------------------------- */

static void queue_push(merger *m, uint64_t entry)
{
    if (m->queue_size == m->queue_capacity) return;
    size_t i = m->queue_size++;
    for (; i && m->queue[(i - 1) / 2] < entry; i = (i - 1) / 2) m->queue[i] = m->queue[(i - 1) / 2];
    m->queue[i] = entry;
}

static uint64_t queue_pop(merger *m)
{
    uint64_t top = m->queue[0], last = m->queue[--m->queue_size];
    size_t i = 0, n = m->queue_size;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && m->queue[child + 1] > m->queue[child]) child++;
        if (m->queue[child] <= last) break;
        m->queue[i] = m->queue[child];
    }
    m->queue[i] = last;
    return top;
}

/* ---- lists of places ----------------------------------------------------------------------- */

/* Begins a list if there is room and the pair may become a token: turns the counts of `n` into ends. Without a list its
 * places go into the first word of all, one over the other, which costs less than asking each time. */
static void begin_list(merger *m, neighbour *n, uint32_t left, uint32_t right)
{
    const kfi_token_text *tokens = m->merges->tokens;
    uint32_t trained = n->trained, all = n->all;
    n->all = 0;
    if (trained < m->input->min_count || tokens[left].length + tokens[right].length > KFI_TOKEN_MAX) return;
    if (m->lists_size + HEADER + all > m->lists_capacity) return;
    uint32_t *list = m->lists + m->lists_size;
    list[0] = left;
    list[1] = right;
    list[2] = trained;
    list[3] = all;
    n->all = (uint32_t)m->lists_size + HEADER;
    queue_push(m, (uint64_t)trained << 32 | m->lists_size);
    m->lists_size += HEADER + all;
}

/* Nothing branches on whether a place is kept: it can't be foretold. */
static inline uint32_t check_places(merger *m, uint32_t *list, int is_twin)
{
    const uint32_t left = list[0] + 1, right = list[1] + 1, count = list[3];
    const uint32_t length = m->merges->tokens[list[0]].length, *text = m->text;
    const size_t held_out = m->held_out;
    uint32_t *places = list + HEADER, kept = 0, trained = 0, before = UINT32_MAX / 2;
    for (uint32_t k = 0; k < count; k++) {
        kfi_prefetch(text + places[k + 24 < count ? k + 24 : k]);
        const uint32_t at = places[k];
        uint32_t is_kept = (text[at] >> TOKEN_SHIFT == left) & (text[at + length] >> TOKEN_SHIFT == right);
        if (is_twin) {   /* "aaa" is one pair, not two */
            is_kept &= before + length != at;
            before = is_kept ? at : before;
        }
        trained += is_kept & (at < held_out);
        places[kept] = at;
        kept += is_kept;
    }
    list[2] = trained;
    list[3] = kept;
    return trained;
}

/* Drops the places where the pair is no more; returns how many trained ones are left. */
static uint32_t check_list(merger *m, uint32_t *list)
{
    return list[0] == list[1] ? check_places(m, list, 1) : check_places(m, list, 0);
}

/* ---- one merge ------------------------------------------------------------------------------- */

/* The token that the pair makes. It may be there already, of other halves. */
static uint32_t find_token(merger *m, uint32_t left, uint32_t right)
{
    kfi_token_text *tokens = m->merges->tokens, *token = tokens + m->merges->count;
    *token = tokens[left];
    memcpy(token->bytes + tokens[left].length, tokens[right].bytes, tokens[right].length);
    token->length = (uint8_t)(tokens[left].length + tokens[right].length);
    const uint32_t mask = m->index_size - 1;
    uint64_t low = kfi_load64(token->bytes), high = kfi_load64(token->bytes + 8);
    uint32_t i = (uint32_t)(((low * 0x9E3779B97F4A7C15u ^ high) * 0xD6E8FEB86659FD93u) >> 32) & mask;
    for (; m->index[i] != UINT32_MAX; i = (i + 1) & mask) {
        const kfi_token_text *other = tokens + m->index[i];
        if (other->length == token->length && !memcmp(other->bytes, token->bytes, KFI_TOKEN_MAX)) return m->index[i];
    }
    m->merges->uses[m->merges->count] = 0;
    m->left[m->merges->count + 1] = m->right[m->merges->count + 1] = (neighbour){0, 0};
    return m->index[i] = m->merges->count++;
}

static kf_status make_token(merger *m, const uint32_t *list, uint32_t *made, kf_error *error)
{
    const uint32_t left_length = m->merges->tokens[list[0]].length;
    const uint32_t token = find_token(m, list[0], list[1]), *places = list + HEADER;
    const uint8_t length = m->merges->tokens[token].length;
    uint32_t *text = m->text;
    const uint32_t count = list[3];
    const kfi_merge merge = {list[0], list[1], token, list[2], m->merges->count};
    uint32_t *uses = m->merges->uses;
    uses[merge.left] -= merge.times;
    uses[merge.right] -= merge.times;
    uses[token] += merge.times;
    m->codes -= merge.times;
    m->held_codes -= list[3] - list[2];
    for (uint32_t k = 0; k < count; k++) {
        uint32_t at = places[k];
        text[at] = (token + 1) << TOKEN_SHIFT | (uint8_t)text[at];
        text[at + left_length] = (uint32_t)INSIDE << TOKEN_SHIFT;
        text[at + length] = (text[at + length] & ~0xFFu) | length;
    }
    *made = token;
    return kfi_array_append(&m->merges->log, &merge, sizeof merge, error);
}

/* Lists of the pairs that a token makes at its new places with its neighbours on one side. */
static void list_pairs(merger *m, uint32_t token, const uint32_t *list, int on_left)
{
    const uint32_t length = m->merges->tokens[token].length, *places = list + HEADER, count = list[3];
    neighbour *by_token = on_left ? m->left : m->right;
    const uint32_t *text = m->text;
    const size_t held_out = m->held_out;
    uint32_t *met = m->met, *lists = m->lists, met_count = 0, listed = 0;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t at = places[k], other = text[on_left ? at - (uint8_t)text[at] : at + length] >> TOKEN_SHIFT;
        neighbour *n = by_token + other;
        met[met_count] = other;
        met_count += !n->all++;
        n->trained += at < held_out;
    }
    for (uint32_t k = 0; k < met_count; k++) {
        uint32_t other = met[k];
        if (other == BOUNDARY || (on_left && other == token + 1)) {   /* twins are listed on the right */
            by_token[other].all = 0;
            continue;
        }
        begin_list(m, by_token + other, on_left ? other - 1 : token, on_left ? token : other - 1);
        listed += by_token[other].all != 0;
    }
    for (uint32_t k = 0; listed && k < count; k++) {
        uint32_t at = places[k], before = on_left ? (uint8_t)text[at] : 0;
        neighbour *n = by_token + (text[on_left ? at - before : at + length] >> TOKEN_SHIFT);
        lists[n->all] = at - before;
        n->all += n->all != 0;
    }
    for (uint32_t k = 0; k < met_count; k++) by_token[met[k]] = (neighbour){0, 0};
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void load_records(merger *m, const uint32_t *token_of, int held)
{
    const uint8_t *p = m->input->records, *end = m->input->size ? p + m->input->size : p;
    for (; p < end; p += KFI_RECORD_HEADER + p[0]) {
        uint32_t r = kfi_record_random(p);
        if (held ? r < m->input->train_below || r >= m->input->below : r >= m->input->train_below) continue;
        const unsigned size = p[0];
        uint32_t *text = m->text + m->size;
        for (unsigned i = 0; i < size; i++) text[i] = token_of[p[KFI_RECORD_HEADER + i]];
        text[size] = BOUNDARY << TOKEN_SHIFT | 1;
        *(held ? &m->held_codes : &m->codes) += size;
        m->size += size + 1;
    }
}

static void load_text(merger *m)
{
    uint32_t token_of[256] = {0};
    kfi_merges *merges = m->merges;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (!m->input->bytes[byte]) continue;
        m->merges->uses[merges->count] = 0;
        kfi_token_text *token = merges->tokens + merges->count++;
        token_of[byte] = merges->count << TOKEN_SHIFT | 1;
        memset(token, 0, sizeof *token);
        token->bytes[0] = (uint8_t)byte;
        token->length = 1;
    }
    m->text[m->size++] = BOUNDARY << TOKEN_SHIFT | 1;
    load_records(m, token_of, 0);
    m->held_out = m->size;
    if (m->input->train_below < m->input->below) load_records(m, token_of, 1);
}

/* Lists of all pairs of bytes, and how often each byte is used. They are counted in a square whose first row and
 * column are of boundaries. */
static kf_status list_bytes(merger *m, kf_error *error)
{
    const size_t width = m->merges->count + 1u, size = m->size, held_out = m->held_out;
    const uint32_t *text = m->text;
    uint32_t *lists = m->lists;
    neighbour *square = calloc(width * width, sizeof *square), *row = square;
    if (!square) return kfi_fail_memory(error, width * width * sizeof *square);
    /* A pair belongs to its first byte's part: only boundaries end one. */
    for (size_t at = 1; at < size; at++) {
        neighbour *pair = row + (text[at] >> TOKEN_SHIFT);
        pair->all++;
        row = square + (text[at] >> TOKEN_SHIFT) * width;
        if (at < held_out) pair->trained++;
    }
    for (size_t right = 0; right < width; right++) square[right].all = 0;
    for (uint32_t left = 1; left < width; left++) {
        neighbour *pairs = square + left * width;
        m->merges->uses[left - 1] += pairs[0].trained;
        pairs[0].all = 0;
        for (uint32_t right = 1; right < width; right++) {
            /* A small text has few of them. */
            if (!pairs[right].all) continue;
            m->merges->uses[left - 1] += pairs[right].trained;
            begin_list(m, pairs + right, left - 1, right - 1);
        }
    }
    row = square;
    for (size_t at = 1; at < size; at++) {
        neighbour *pair = row + (text[at] >> TOKEN_SHIFT);
        row = square + (text[at] >> TOKEN_SHIFT) * width;
        lists[pair->all] = (uint32_t)at - 1;
        pair->all += pair->all != 0;
    }
    free(square);
    return KF_OK;
}

static uint32_t count_live(const merger *m, uint32_t least)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < m->merges->count; i++)
        live += m->merges->uses[i] >= least || m->merges->tokens[i].length == 1;
    return live;
}

/* Notes what the tokens so far are worth. Returns whether more can no longer pay: what the coded text and the
 * dictionary would take has been below this stage's. Widths are taken as if they could be fractions. */
static int note_stage(merger *m, uint32_t count, double *best)
{
    kfi_merges *merges = m->merges;
    /* A token is in good use when it is used at least half as often as the pair now merged. */
    uint32_t least = count / 2 > m->input->min_count ? count / 2 : m->input->min_count;
    kfi_merge_stage *stage = merges->stages + merges->stage_count++;
    uint64_t codes = m->held_out < m->size ? m->held_codes : m->codes;
    *stage = (kfi_merge_stage){merges->count, count_live(m, least), (double)codes * m->input->scale};
    unsigned octave = stage->live >> KFI_TOKEN_BITS_MIN ? kfi_bit_width(stage->live) - 1 : KFI_TOKEN_BITS_MIN;
    double width = octave;
    if (stage->live >> octave) width += (double)stage->live / (double)(1u << octave) - 1;
    double total = stage->codes * width / 8 + KFI_TOKEN_COST * (double)stage->live;
    if (total < *best) *best = total;
    return total > (stage->live > 1u << KFI_TOKEN_BITS_MIN ? PAST_BEST : PAST_BEST_NARROW) * *best;
}

static kf_status merge_all(merger *m, kf_error *error)
{
    kfi_merges *merges = m->merges;
    const kfi_merge_input *input = m->input;
    double best = DBL_MAX;
    uint32_t next_stage = merges->count;
    while (m->queue_size) {
        uint32_t *list = m->lists + (uint32_t)queue_pop(m);
        uint32_t count = list[2], left = check_list(m, list);
        if (left < input->min_count) continue;
        if (left < count && m->queue_size && m->queue[0] >> 32 > left) {
            queue_push(m, (uint64_t)left << 32 | (uint64_t)(list - m->lists));
            continue;
        }
        if (merges->count >= next_stage && merges->stage_count + 1 < KFI_MERGE_STAGES) {
            if (note_stage(m, left, &best)) return KF_OK;
            next_stage += next_stage / STAGES_PER_DOUBLING + 8;
        }
        if (merges->count >= input->max_tokens) break;
        uint32_t token;
        kf_status status = make_token(m, list, &token, error);
        if (status) return status;
        list_pairs(m, token, list, 1);
        list_pairs(m, token, list, 0);
    }
    (void)note_stage(m, input->min_count, &best);
    return KF_OK;
}

kf_status kfi_merges_make(kfi_merges *merges, const kfi_merge_input *input, kf_error *error)
{
    merger m = {0};
    kf_status status;
    memset(merges, 0, sizeof *merges);
    m.merges = merges;
    m.input = input;
    const size_t most = input->room + 2;
    m.lists_size = 1;
    m.lists_capacity = most * 5 / 2 + 1024;
    m.queue_capacity = most / 8 + 1024;
    merges->tokens = malloc(input->max_tokens * sizeof *merges->tokens);
    m.text = malloc(most * sizeof *m.text);
    m.lists = malloc(m.lists_capacity * sizeof *m.lists);
    m.queue = malloc(m.queue_capacity * sizeof *m.queue);
    merges->uses = malloc(input->max_tokens * sizeof *merges->uses);
    m.left = calloc(input->max_tokens + 1, sizeof *m.left);
    m.right = calloc(input->max_tokens + 1, sizeof *m.right);
    m.met = malloc((input->max_tokens + 2) * sizeof *m.met);
    m.index_size = 2u << kfi_bit_width(input->max_tokens);
    m.index = malloc(m.index_size * sizeof *m.index);
    if (!merges->tokens || !m.text || !m.lists || !m.queue || !merges->uses || !m.left || !m.right
        || !m.met || !m.index) {
        status = kfi_fail_memory(error, most * sizeof *m.text);
    } else {
        memset(m.index, 0xFF, m.index_size * sizeof *m.index);
        load_text(&m);
        status = list_bytes(&m, error);
        if (!status) status = merge_all(&m, error);
    }
    if (status) kfi_merges_free(merges);
    free(m.text);
    free(m.lists);
    free(m.queue);
    free(m.left);
    free(m.right);
    free(m.met);
    free(m.index);
    return status;
}

void kfi_merges_undo(kfi_merges *merges, uint32_t tokens)
{
    const kfi_merge *first = (const kfi_merge *)(const void *)merges->log.data;
    size_t count = merges->log.size / sizeof *first;
    for (; count && first[count - 1].tokens > tokens; count--) {
        const kfi_merge *merge = first + count - 1;
        merges->uses[merge->token] -= merge->times;
        merges->uses[merge->left] += merge->times;
        merges->uses[merge->right] += merge->times;
    }
    merges->log.size = count * sizeof *first;
    if (tokens < merges->count) merges->count = tokens;
}

void kfi_merges_free(kfi_merges *merges)
{
    free(merges->tokens);
    free(merges->uses);
    kfi_array_free(&merges->log);
    *merges = (kfi_merges){0};
}
