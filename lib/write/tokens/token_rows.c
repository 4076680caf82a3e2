/* What follows a byte is mostly one of few things, so that a code may be narrower than one that chooses among all
 * tokens. Each byte that has much text behind it is a class of its own, all others are one class; each class has a row
 * of tokens, of which codes choose.
 *
 * Rows are found by parsing a sample with all tokens that were merged, keeping in each row those that were used most
 * after its class, and parsing again with what is left: each width begins with the rows of the one above it. A byte
 * that was seen after a class always has its token in that row, so that any text of such pairs can be parsed. What a
 * width is worth is told by records that the rows were not made of. */
#include "write/tokens/token_rows.h"

#include "base/hash.h"

#include <float.h>
#include <stdlib.h>

/* Wider codes are taken, and classes are not, if that costs little: fewer codes take less time. */
#define WIDER_MAY_COST 1.04
#define CLASSES_SAVE 0.985

/* Each bit less saves less than the one before: the next is tried if the last has saved so much. */
#define SAVES_MORE 1.08

/* If the widest codes take so much more than one class does, no narrower ones are tried. */
#define HOPELESS 1.08

/* Bytes of an entry, and those that a token takes in the pool, which tokens share. */
#define ENTRY_COST 4.0
#define POOL_COST 2.5

enum {
    TEXT_PER_ENTRY = 32,       /* bytes of text that a class has for each entry of its row */
    SEARCH_SAMPLE = 1 << 20,   /* bytes of text that a width is chosen by */
    HELD_OUT = 7,              /* mask of the random number */
    USES_LEAST = 2,
    USES_TOLD_APART = 1 << 10
};

typedef struct known_text {
    const uint8_t *record;       /* one of those that are equal */
    uint32_t used, held;         /* how many */
} known_text;

typedef struct rows {
    const kfi_token_trainer *trainer;
    kfi_token_text *tokens;
    uint32_t count;
    kfi_token_classes classes;
    uint64_t *rows_of;           /* by token: the classes in whose rows it is */
    kfi_token_trie all, tries[KFI_TOKEN_CLASSES_MAX];
    kfi_token_text *row;         /* scratch */
    uint64_t followed[KFI_TOKEN_CLASSES_MAX][4];   /* by class: bytes that follow, a bit each */
    const uint32_t *uses;        /* by class and token, in the last parse */
    uint32_t *room[2];           /* for those, and for what they were with the best width */
    known_text *texts;           /* that are parsed, each once */
    size_t text_count;
    uint64_t held_codes, held_bytes;
    kfi_parse_scratch *scratch;
} rows;

/* ---- what is parsed ---------------------------------------------------------------------------- */

static int is_held(const uint8_t *record) { return (kfi_record_random(record) & HELD_OUT) == HELD_OUT; }

/* Bytes of a record by which it is equal to others: what is before it, and its text. */
static size_t compared_of(const uint8_t *record) { return KFI_RECORD_HEADER - KFI_RECORD_BEFORE + (size_t)record[0]; }

static uint64_t hash_of(const uint8_t *record)
{
    return XXH3_64bits(record + KFI_RECORD_BEFORE, compared_of(record));
}

/* Records with about `bytes` bytes of text, equal ones together. */
static kf_status collect_texts(rows *r, uint64_t bytes, kf_error *error)
{
    const kfi_token_trainer *t = r->trainer;
    uint32_t below = t->threshold;
    size_t records = 0;
    if (bytes < t->sample_bytes) below = (uint32_t)((double)below * ((double)bytes / (double)t->sample_bytes));
    KFI_EACH_RECORD(p, t) records += kfi_record_random(p) < below && p[0];
    const size_t mask = ((size_t)2 << kfi_bit_width(records)) - 1;
    uint32_t *index = calloc(mask + 1, sizeof *index);   /* of texts, from 1 on: open addressing */
    r->texts = malloc((records + 1) * sizeof *r->texts);
    if (!index || !r->texts) {
        free(index);
        return kfi_fail_memory(error, records * sizeof *r->texts);
    }
    KFI_EACH_RECORD(p, t) {
        if (kfi_record_random(p) >= below || !p[0]) continue;
        size_t i = (size_t)hash_of(p) & mask;
        for (; index[i]; i = (i + 1) & mask) {
            const uint8_t *other = r->texts[index[i] - 1].record;
            if (other[0] == p[0] && !memcmp(other + KFI_RECORD_BEFORE, p + KFI_RECORD_BEFORE, compared_of(p))) break;
        }
        if (!index[i]) {
            r->texts[r->text_count] = (known_text){ p, 0, 0 };
            index[i] = (uint32_t)++r->text_count;
        }
        known_text *same = r->texts + index[i] - 1;
        *(is_held(p) ? &same->held : &same->used) += 1;
        if (is_held(p)) r->held_bytes += p[0];
    }
    free(index);
    return KF_OK;
}

/* ---- classes ------------------------------------------------------------------------------- */

typedef struct share { uint64_t bytes; unsigned before; } share;

static int by_bytes(const void *a, const void *b)
{
    const share *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return (int)x->before - (int)y->before;
}

/* Of codes that will be about `bits` wide. Class 0 is of all that has little text behind it, and of nothing before.
 * Returns how many there are. */
static unsigned choose_classes(rows *r, const kfi_followers *followers, unsigned bits)
{
    share shares[KFI_NOTHING_BEFORE];
    kfi_token_classes *classes = &r->classes;
    const double scale = (double)r->trainer->total_bytes / (double)r->trainer->sample_bytes;
    for (unsigned b = 0; b < KFI_NOTHING_BEFORE; b++) shares[b] = (share){ 0, b };
    KFI_EACH_RECORD(p, r->trainer) {
        const uint8_t *text = p + KFI_RECORD_HEADER;
        if (kfi_record_before(p) != KFI_NOTHING_BEFORE) shares[kfi_record_before(p)].bytes += p[0] > 0;
        for (unsigned i = 1; i < p[0]; i++) shares[text[i - 1]].bytes++;
    }
    qsort(shares, KFI_NOTHING_BEFORE, sizeof *shares, by_bytes);
    memset(classes->of, 0, sizeof classes->of);
    classes->count = 1;
    for (unsigned i = 0; i < KFI_NOTHING_BEFORE && classes->count < KFI_TOKEN_CLASSES_MAX; i++) {
        if ((double)shares[i].bytes * scale < (double)((uint64_t)TEXT_PER_ENTRY << bits)) break;
        classes->of[shares[i].before] = (uint8_t)classes->count++;
    }
    for (unsigned b = 0; b <= KFI_NOTHING_BEFORE; b++)
        for (unsigned i = 0; i < 4; i++) r->followed[classes->of[b]][i] |= followers->bits[b][i];
    return classes->count;
}

/* ---- one width ------------------------------------------------------------------------------- */

/* With what is in the rows, or with all tokens everywhere. */
static void parse_texts(rows *r, int is_classed, uint32_t *uses)
{
    kfi_parse_scratch *s = r->scratch;
    memset(uses, 0, (size_t)r->classes.count * r->count * sizeof *uses);
    r->uses = uses;
    r->held_codes = 0;
    for (const known_text *t = r->texts; t < r->texts + r->text_count; t++) {
        const uint8_t *bytes = t->record + KFI_RECORD_HEADER;
        const unsigned before = kfi_record_before(t->record), size = t->record[0];
        const uint32_t codes = is_classed ? kfi_token_parse_classed(r->tries, &r->classes, before, bytes, size, s)
                                          : kfi_token_parse(&r->all, bytes, size, s);
        r->held_codes += (uint64_t)codes * t->held;
        for (unsigned i = 0; i < size; i += s->length[i])
            if (s->code[i] != KFI_TOKEN_NONE)   /* always: each byte of a text here has a token */
                uses[r->classes.of[i ? bytes[i - 1] : before] * (size_t)r->count + s->code[i]] += t->used;
    }
}

static int is_followed(const rows *r, unsigned class, const kfi_token_text *token)
{
    return token->length == 1 && (r->followed[class][token->bytes[0] >> 6] >> (token->bytes[0] & 63) & 1);
}

/* Leaves in a class's row at most `limit` tokens, the most used ones; 0 if there are more bytes that follow. */
static int restrict_row(rows *r, unsigned class, uint32_t limit)
{
    uint32_t by_uses[USES_TOLD_APART + 1] = {0}, left = limit, least = USES_TOLD_APART, ties;
    const uint32_t *uses = r->uses + (size_t)class * r->count;
    const uint64_t bit = 1ull << class;
    for (uint32_t i = 0; i < r->count; i++) {
        if (!is_followed(r, class, r->tokens + i)) by_uses[uses[i] < USES_TOLD_APART ? uses[i] : USES_TOLD_APART]++;
        else if (!left--) return 0;
    }
    while (least >= USES_LEAST && by_uses[least] <= left) left -= by_uses[least--];
    ties = least >= USES_LEAST ? left : 0;   /* of those used `least` times, so many are kept */
    for (uint32_t i = 0; i < r->count; i++) {
        const uint32_t n = uses[i] < USES_TOLD_APART ? uses[i] : USES_TOLD_APART;
        int keep = is_followed(r, class, r->tokens + i) || n > least;
        if (!keep && n == least && ties) keep = 1, ties--;
        r->rows_of[i] = (r->rows_of[i] & ~bit) | (keep ? bit : 0);
    }
    return 1;
}

/* `*fits`: 0 if the bytes that follow some class are more. */
static kf_status restrict_rows(rows *r, unsigned bits, int *fits, kf_error *error)
{
    kf_status status = KF_OK;
    for (unsigned class = 0; class < r->classes.count && !status; class++) {
        uint32_t count = 0;
        if (!(*fits = restrict_row(r, class, 1u << bits))) return KF_OK;
        for (uint32_t i = 0; i < r->count; i++)
            if (r->rows_of[i] >> class & 1) r->row[count++] = r->tokens[i];
        kfi_token_trie_free(&r->tries[class]);
        status = kfi_token_trie_build(&r->tries[class], r->row, count, error);
    }
    return status;
}

/* What all text and the dictionary take, by the codes of what is held out. */
static double total_of(const rows *r, uint64_t codes, unsigned bits, uint64_t entries, uint32_t tokens)
{
    const double scale = (double)r->trainer->total_bytes / (double)r->held_bytes;
    return (double)codes * scale * bits / 8 + ENTRY_COST * (double)entries + POOL_COST * tokens;
}

static double total(const rows *r, unsigned bits)
{
    uint32_t tokens = 0;
    for (uint32_t i = 0; i < r->count; i++) tokens += r->rows_of[i] != 0;
    return total_of(r, r->held_codes, bits, (uint64_t)r->classes.count << bits, tokens);
}

/* Finds the width, and its rows and uses. It is 0 if none takes less than `most`. */
static kf_status choose_bits(rows *r, unsigned widest, double most, uint64_t *best, unsigned *chosen, kf_error *error)
{
    const size_t size = r->count * sizeof *best;
    double before = DBL_MAX;
    const uint32_t *best_uses = NULL;
    uint64_t best_codes = 0;
    *chosen = 0;
    parse_texts(r, 0, r->room[0]);
    for (unsigned bits = widest; bits >= KFI_TOKEN_BITS_LEAST; bits--) {
        int fits = 1;
        kf_status status = restrict_rows(r, bits, &fits, error);
        if (status) return status;
        if (!fits) break;
        parse_texts(r, 1, r->room[best_uses == r->room[0]]);
        const double bytes = total(r, bits);
        const double saved = before / bytes;
        if (bytes >= before || bytes >= most * (*chosen ? 1 : HOPELESS)) break;
        before = bytes;
        if (bytes >= most) continue;
        most = bytes / WIDER_MAY_COST;
        *chosen = bits;
        best_codes = r->held_codes;
        memcpy(best, r->rows_of, size);
        best_uses = r->uses;
        if (saved < SAVES_MORE) break;
    }
    if (!*chosen) return KF_OK;
    memcpy(r->rows_of, best, size);
    r->uses = best_uses;
    r->held_codes = best_codes;
    return KF_OK;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* What all text takes with one class, by the records that tell what others are worth. */
static kf_status total_of_one(rows *r, const kfi_token_choice *choice, double *bytes, kf_error *error)
{
    kfi_token_trie trie;
    kf_status status = kfi_token_trie_build(&trie, choice->tokens, choice->count, error);
    if (status) return status;
    uint64_t codes = 0;
    for (const known_text *t = r->texts; t < r->texts + r->text_count; t++)
        if (t->held)
            codes += (uint64_t)t->held
                   * kfi_token_parse(&trie, t->record + KFI_RECORD_HEADER, t->record[0], r->scratch);
    kfi_token_trie_free(&trie);
    *bytes = total_of(r, codes, choice->bits, choice->count, choice->count);
    return KF_OK;
}

static int most_used(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x > *y ? -1 : *x < *y;
}

/* Makes the choice of what is in the rows, each with its most used tokens first, so that frequent ones share cache
 * lines. `order` has room for all tokens of a row. */
static void take_rows(rows *r, kfi_token_choice *choice, unsigned bits, uint64_t *order)
{
    uint32_t kept = 0, *index = r->room[0];   /* uses are read before any is overwritten */
    for (unsigned class = 0; class < r->classes.count; class++) {
        const uint32_t *uses = r->uses + (size_t)class * r->count;
        uint32_t n = 0, *row = choice->rows + ((size_t)class << bits);
        for (uint32_t i = 0; i < r->count; i++) {
            const int kept_anyway = is_followed(r, class, r->tokens + i);
            if (!(r->rows_of[i] >> class & 1)) continue;
            if (uses[i] || kept_anyway) order[n++] = (uint64_t)uses[i] << 32 | ~i;
            else r->rows_of[i] &= ~(1ull << class);
        }
        qsort(order, n, sizeof *order, most_used);
        for (uint32_t i = 0; i < n; i++) row[i] = ~(uint32_t)order[i];
        for (uint32_t i = n; i >> bits == 0; i++) row[i] = KFI_TOKEN_NONE;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        index[i] = kept;
        if (!r->rows_of[i]) continue;
        r->tokens[kept] = r->tokens[i];
        r->tokens[kept].code = kept;
        kept++;
    }
    for (size_t i = 0; i < (size_t)r->classes.count << bits; i++)
        if (choice->rows[i] != KFI_TOKEN_NONE) choice->rows[i] = index[choice->rows[i]];
    free(choice->tokens);
    choice->tokens = r->tokens;
    choice->count = kept;
    choice->bits = bits;
    choice->classes = r->classes;
    choice->rate = (double)r->held_codes / (double)r->held_bytes;
    r->tokens = NULL;
}

static kf_status choose(rows *r, kfi_token_choice *choice, uint64_t *scratch, kf_error *error)
{
    const unsigned extra = choice->bits - KFI_TOKEN_BITS_MIN, narrower = extra > 3 ? 3 : extra > 1 ? 2 : 1;
    double most;
    unsigned bits;
    kf_status status = collect_texts(r, SEARCH_SAMPLE, error);
    if (status || !r->held_bytes) return status;
    status = total_of_one(r, choice, &most, error);
    if (!status) status = choose_bits(r, choice->bits - narrower, most * CLASSES_SAVE, scratch, &bits, error);
    if (status || !bits) return status;
    const size_t entries = (size_t)r->classes.count << bits;
    choice->rows = malloc(entries * sizeof *choice->rows);
    if (!choice->rows) return kfi_fail_memory(error, entries * sizeof *choice->rows);
    take_rows(r, choice, bits, scratch);
    return KF_OK;
}

kf_status kfi_token_rows_choose(kfi_token_choice *choice, const kfi_token_trainer *trainer,
                                const kfi_followers *followers, kfi_token_text *tokens, uint32_t count,
                                kf_error *error)
{
    rows *r = calloc(1, sizeof *r);
    uint64_t *scratch = malloc(count * sizeof *scratch);
    kf_status status = KF_OK;
    if (r) r->tokens = tokens;
    if (!r || !scratch) {
        status = kfi_fail_memory(error, sizeof *r);
        goto out;
    }
    r->trainer = trainer;
    r->count = count;
    for (uint32_t i = 0; i < count; i++) tokens[i].code = i;
    const unsigned likely = choice->bits > KFI_TOKEN_BITS_MIN + 2 ? choice->bits - 4 : 6;
    if (!trainer->sample_bytes || choose_classes(r, followers, likely) == 1) goto out;
    for (int i = 0; i < 2; i++) r->room[i] = malloc((size_t)r->classes.count * count * sizeof **r->room);
    r->rows_of = calloc(count, sizeof *r->rows_of);
    r->row = malloc(count * sizeof *r->row);
    r->scratch = malloc(sizeof *r->scratch);
    if (!r->room[0] || !r->room[1] || !r->rows_of || !r->row || !r->scratch)
        status = kfi_fail_memory(error, (size_t)r->classes.count * count * sizeof **r->room);
    if (!status) status = kfi_token_trie_build(&r->all, tokens, count, error);
    if (!status) status = choose(r, choice, scratch, error);
out:
    if (r) {
        tokens = r->tokens;
        kfi_token_trie_free(&r->all);
        for (unsigned class = 0; class < KFI_TOKEN_CLASSES_MAX; class++) kfi_token_trie_free(&r->tries[class]);
        free(r->row);
        free(r->scratch);
        free(r->room[0]);
        free(r->room[1]);
        free(r->texts);
        free(r->rows_of);
    }
    free(tokens);
    free(r);
    free(scratch);
    return status;
}
