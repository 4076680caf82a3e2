/* The token codec: training, shortest parse, section, and reading of damaged sections. */
#include "write/tokens/token_merge.h"
#include "write/tokens/token_sample.h"
#include "write/tokens/token_trainer.h"
#include "format/tokens.h"

#include "suite.h"

/* ---- helpers ------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

typedef struct text_set {
    uint8_t *data;
    size_t *starts;      /* count + 1 of them */
    size_t count;
} text_set;

typedef enum text_kind {
    TEXT_WORDS, TEXT_RANDOM, TEXT_SMALL_ALPHABET, TEXT_ALL_BYTES, TEXT_CHAINS, TEXT_RUNS
} text_kind;
enum { TEXT_KINDS = TEXT_RUNS + 1 };

static size_t make_string(text_kind kind, uint8_t *out)
{
    static const char *const syllables[] = {
        "th", "e", "in", "ing", "er", "an", "on", " ", "lib", "re", "ion", "al", "at", "-dev", "s"
    };
    size_t size = 0, n = random_below(12);
    switch (kind) {
    case TEXT_WORDS:
        for (size_t i = 0; i < n; i++) {
            const char *s = syllables[random_below(random_below(15) + 1)];
            memcpy(out + size, s, strlen(s));
            size += strlen(s);
        }
        break;
    case TEXT_RANDOM:
        for (; size < n * 3; size++) out[size] = (uint8_t)random_below(256);
        break;
    case TEXT_SMALL_ALPHABET:
        for (; size < n * 5; size++) out[size] = (uint8_t)("ACGT"[random_below(4)]);
        break;
    case TEXT_ALL_BYTES:
        for (; size < 256; size++) out[size] = (uint8_t)(size * 7 + n);
        break;
    case TEXT_CHAINS:   /* after each letter one of four, others after others */
        for (unsigned letter = random_below(16); size < n * 2; letter = (letter * 5 + random_below(4)) % 16)
            out[size++] = (uint8_t)("abcdefghijklmnop"[letter]);
        break;
    default:
        memset(out, random_below(3) ? 'a' : 0, n * 9);
        size = n * 9;
    }
    return size;
}

static text_set make_texts(text_kind kind, size_t count)
{
    text_set set = {malloc(count * 256 + 1), malloc((count + 1) * sizeof(size_t)), count};
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        set.starts[i] = at;
        at += make_string(kind, set.data + at);
    }
    set.starts[count] = at;
    return set;
}

static void free_texts(text_set *set)
{
    free(set->data);
    free(set->starts);
}

/* Of `train` and the others: the first byte of a string is what is before it, as a label is before a key's tail. */
static int is_labelled;
static kfi_effort effort;

/* String i of a set; returns its size. */
static size_t string_at(const text_set *set, size_t i, const uint8_t **data, unsigned *before)
{
    const size_t size = set->starts[i + 1] - set->starts[i];
    const int labelled = is_labelled && size;
    *before = labelled ? set->data[set->starts[i]] : KFI_NOTHING_BEFORE;
    *data = set->data + set->starts[i] + labelled;
    return size - (size_t)labelled;
}

static kfi_token_encoder *train(const text_set *set, unsigned bits, size_t limit)
{
    kfi_token_trainer *trainer = NULL;
    kfi_token_encoder *encoder = NULL;
    ck_assert_int_eq(kfi_token_trainer_create(&trainer, limit, effort, NULL), KF_OK);
    for (size_t i = 0; i < set->count; i++) {
        const uint8_t *data;
        unsigned before;
        const size_t size = string_at(set, i, &data, &before);
        ck_assert_int_eq(kfi_token_trainer_add(trainer, before, data, size, NULL), KF_OK);
    }
    ck_assert_int_eq(kfi_token_encoder_train(&encoder, trainer, bits, NULL), KF_OK);
    kfi_token_trainer_destroy(&trainer);
    ck_assert_ptr_null(trainer);
    return encoder;
}

/* The section in an allocation of exactly its size, so that ASan sees any read past it. */
static uint8_t *exact_section(const kfi_token_encoder *encoder, size_t *size)
{
    kfi_array array = {0};
    ck_assert_int_eq(kfi_token_encoder_write(encoder, &array, NULL), KF_OK);
    uint8_t *section = malloc(array.size);
    memcpy(section, array.data, array.size);
    *size = array.size;
    kfi_array_free(&array);
    return section;
}

static uint32_t first_row(const kfi_tokens *tokens, unsigned before)
{
    return before == KFI_NOTHING_BEFORE ? KFI_TOKEN_FIRST_ROW : kfi_token_row(tokens, (uint8_t)before);
}

/* Decodes and compares; returns the decoded size. */
static size_t expect_decodes(const kfi_tokens *tokens, unsigned before, const uint16_t *codes, size_t count,
                             const uint8_t *data, size_t size)
{
    size_t at = 0;
    uint32_t row = first_row(tokens, before);
    for (size_t i = 0; i < count; i++) {
        unsigned length;
        uint8_t block[KFI_TOKEN_MAX];
        const uint8_t *token = kfi_token(tokens, &row, codes[i], &length);
        ck_assert_uint_lt(codes[i], 1u << tokens->bits);
        ck_assert_uint_ge(length, 1);
        ck_assert_uint_le(length, KFI_TOKEN_MAX);
        memcpy(block, token, KFI_TOKEN_MAX);
        ck_assert_uint_le(at + length, size);
        ck_assert(!memcmp(block, data + at, length));
        at += length;
        ck_assert_uint_eq(row, kfi_token_row(tokens, data[at - 1]));
    }
    ck_assert_uint_eq(at, size);
    return at;
}

static size_t encoded(kfi_token_encoder *encoder, unsigned before, const uint8_t *data, size_t size, uint16_t *codes)
{
    size_t count = SIZE_MAX;
    ck_assert_int_eq(kfi_token_encode(encoder, before, data, size, codes, &count, NULL), KF_OK);
    return count;
}

/* ---- round trips --------------------------------------------------------------------------- */

/* Returns how many rows the dictionary has. */
static unsigned check_round_trip(const text_set *set, unsigned bits, size_t limit)
{
    kfi_token_encoder *encoder = train(set, bits, limit);
    kfi_tokens tokens;
    size_t size;
    uint8_t *section = exact_section(encoder, &size);
    ck_assert_int_eq(kfi_tokens_open(&tokens, section, size, NULL), KF_OK);
    ck_assert_uint_eq(tokens.bits, kfi_token_encoder_bits(encoder));
    if (bits) ck_assert_uint_eq(tokens.bits, bits);
    if (bits) ck_assert_uint_le(tokens.count, 1u << tokens.bits);
    uint16_t codes[256];
    for (size_t i = 0; i < set->count; i++) {
        const uint8_t *data;
        unsigned before;
        const size_t length = string_at(set, i, &data, &before);
        size_t count = encoded(encoder, before, data, length, codes);
        ck_assert_uint_le(count, length);
        expect_decodes(&tokens, before, codes, count, data, length);
    }
    const unsigned rows = tokens.count ? ((tokens.count - 1) >> tokens.bits) + 1 : 0;
    free(section);
    kfi_token_encoder_destroy(&encoder);
    ck_assert_ptr_null(encoder);
    return rows;
}

START_TEST(test_round_trip_every_width)
{
    for (int kind = 0; kind < TEXT_KINDS; kind++) {
        random_state = (uint64_t)kind + 1;
        text_set set = make_texts((text_kind)kind, 200);
        check_round_trip(&set, (unsigned)_i, 1 << 20);
        check_round_trip(&set, (unsigned)_i, 3000);   /* sampled */
        free_texts(&set);
    }
}
END_TEST

START_TEST(test_automatic_width)
{
    effort = (kfi_effort)_i;
    for (int kind = 0; kind < TEXT_KINDS; kind++) {
        random_state = (uint64_t)kind + 77;
        text_set set = make_texts((text_kind)kind, 300);
        check_round_trip(&set, 0, 1 << 20);
        check_round_trip(&set, 0, 0);                 /* nothing is sampled: single bytes only */
        free_texts(&set);
    }
    effort = KFI_EFFORT_USUAL;
}
END_TEST

/* Much text of which one byte tells the next is coded by classes, whatever the sample was. */
START_TEST(test_classes)
{
    is_labelled = _i;
    random_state = 31;
    text_set set = make_texts(TEXT_CHAINS, 12000);
    ck_assert_uint_gt(check_round_trip(&set, 0, 1 << 20), 4);
    check_round_trip(&set, 0, 20000);
    free_texts(&set);
    is_labelled = 0;
}
END_TEST

START_TEST(test_empty)
{
    uint8_t nothing = 0;
    text_set set = {&nothing, (size_t[]){0, 0, 0}, 0};
    check_round_trip(&set, 0, 100);
    check_round_trip(&set, 16, 100);
    set.count = 2;                                    /* two empty strings */
    check_round_trip(&set, 0, 100);
}
END_TEST

/* A width is chosen near the smallest of all. */
START_TEST(test_automatic_is_best)
{
    random_state = 5;
    text_set set = make_texts(TEXT_WORDS, 12000);
    double totals[KFI_TOKEN_BITS_MAX + 1], chosen = 0, least = 1e300;
    unsigned automatic = 0;
    for (unsigned bits = KFI_TOKEN_BITS_MIN - 1; bits <= KFI_TOKEN_BITS_MAX; bits++) {
        int is_automatic = bits < KFI_TOKEN_BITS_MIN;
        kfi_token_encoder *encoder = train(&set, is_automatic ? 0 : bits, 1 << 20);
        uint16_t codes[256];
        size_t size, count = 0;
        for (size_t i = 0; i < set.count; i++)
            count += encoded(encoder, KFI_NOTHING_BEFORE, set.data + set.starts[i],
                                      set.starts[i + 1] - set.starts[i], codes);
        free(exact_section(encoder, &size));
        totals[bits] = (double)size + (double)count * kfi_token_encoder_bits(encoder) / 8;
        if (is_automatic) chosen = totals[bits], automatic = kfi_token_encoder_bits(encoder);
        else if (totals[bits] < least) least = totals[bits];
        kfi_token_encoder_destroy(&encoder);
    }
    ck_assert_msg(chosen <= least * 1.05, "width %u: %.0f, best %.0f", automatic, chosen, least);
    /* repetitive text is at least halved */
    ck_assert_double_lt(chosen, (double)set.starts[set.count] / 2);
    free_texts(&set);
}
END_TEST

/* ---- shortest parse ------------------------------------------------------------------------ */

/* Breadth-first by definition: reach[i] = fewest tokens for the first i bytes, over all tokens of a row. */
static size_t fewest_tokens(const kfi_tokens *tokens, unsigned before, const uint8_t *data, size_t size)
{
    size_t *reach = malloc((size + 1) * sizeof *reach);
    for (size_t i = 0; i <= size; i++) reach[i] = i ? SIZE_MAX / 2 : 0;
    for (size_t i = 0; i < size; i++) {
        for (uint32_t code = 0; code >> tokens->bits == 0; code++) {
            unsigned length;
            uint32_t row = first_row(tokens, i ? data[i - 1] : before);
            const uint8_t *token = kfi_token(tokens, &row, code, &length);
            if (length && length <= size - i && !memcmp(token, data + i, length) && reach[i] + 1 < reach[i + length])
                reach[i + length] = reach[i] + 1;
        }
    }
    size_t fewest = reach[size];
    free(reach);
    return fewest;
}

START_TEST(test_fewest_tokens)
{
    for (int kind = 0; kind < TEXT_KINDS; kind++) {
        random_state = (uint64_t)kind + 200;
        is_labelled = _i;
        text_set set = make_texts((text_kind)kind, _i ? 8000 : 300);
        kfi_token_encoder *encoder = train(&set, _i ? 0 : 9, 1 << 20);
        kfi_tokens tokens;
        size_t size;
        uint8_t *section = exact_section(encoder, &size);
        ck_assert_int_eq(kfi_tokens_open(&tokens, section, size, NULL), KF_OK);
        uint16_t codes[256];
        for (size_t i = 0; i < 60; i++) {
            const uint8_t *data;
            unsigned before;
            const size_t length = string_at(&set, i, &data, &before);
            ck_assert_uint_eq(encoded(encoder, before, data, length, codes),
                              fewest_tokens(&tokens, before, data, length));
        }
        is_labelled = 0;
        free(section);
        kfi_token_encoder_destroy(&encoder);
        free_texts(&set);
    }
}
END_TEST

/* Strings above the parser's window are coded whole and nearly as short. */
START_TEST(test_long_string)
{
    random_state = 300;
    text_set set = make_texts(TEXT_WORDS, 20000);
    size_t total = set.starts[set.count], size;
    kfi_token_encoder *encoder = train(&set, _i ? 0 : 10, 1 << 20);
    kfi_tokens tokens;
    uint8_t *section = exact_section(encoder, &size);
    ck_assert_int_eq(kfi_tokens_open(&tokens, section, size, NULL), KF_OK);
    uint16_t *codes = malloc(total * sizeof *codes);
    static const size_t sizes[] = {32768, 32769, 33024, 65536, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_uint_lt(sizes[i], total);
        size_t count = encoded(encoder, KFI_NOTHING_BEFORE, set.data, sizes[i], codes);
        expect_decodes(&tokens, KFI_NOTHING_BEFORE, codes, count, set.data, sizes[i]);
        if (sizes[i] > 40000) continue;
        size_t fewest = fewest_tokens(&tokens, KFI_NOTHING_BEFORE, set.data, sizes[i]);
        ck_assert_uint_ge(count, fewest);
        ck_assert_uint_le(count, fewest + (sizes[i] > 32768));
    }
    free(codes);
    free(section);
    kfi_token_encoder_destroy(&encoder);
    free_texts(&set);
}
END_TEST

/* Bytes and pairs that come once, after the sample was full in the middle of the only string. */
START_TEST(test_sample_is_full_within_a_string)
{
    enum { SAME = 3000, SIZE = SAME + 256 };
    static uint8_t data[SIZE];
    static uint16_t codes[SIZE];
    memset(data, 'a', SAME);
    for (unsigned b = 0; b < 256; b++) data[SAME + b] = (uint8_t)b;
    text_set set = {data, (size_t[]){0, SIZE}, 1};
    for (size_t limit = 0; limit <= SIZE + 255; limit += 255) {
        kfi_token_encoder *encoder = train(&set, 0, limit);
        kfi_tokens tokens;
        size_t size;
        uint8_t *section = exact_section(encoder, &size);
        ck_assert_int_eq(kfi_tokens_open(&tokens, section, size, NULL), KF_OK);
        const size_t count = encoded(encoder, KFI_NOTHING_BEFORE, data, SIZE, codes);
        expect_decodes(&tokens, KFI_NOTHING_BEFORE, codes, count, data, SIZE);
        free(section);
        kfi_token_encoder_destroy(&encoder);
    }
}
END_TEST

/* How often tokens are used is kept in step with merges, and with undoing them: together they always spell the text. */
START_TEST(test_uses_follow_merges)
{
    for (int kind = 0; kind < TEXT_KINDS; kind++) {
        text_set set = make_texts((text_kind)kind, 400);
        uint8_t *records = malloc(set.starts[set.count] + 8 * set.count), all[256];
        kfi_merge_input input = {.records = records, .train_below = 1, .below = 1, .room = set.count + 1,
                                 .bytes = all, .max_tokens = 2000, .min_count = 2, .scale = 1, .trained_scale = 1};
        memset(all, 1, sizeof all);
        for (size_t i = 0; i < set.count; i++) {
            size_t size = set.starts[i + 1] - set.starts[i];
            if (size > 255) size = 255;
            kfi_store32(records + input.size, (uint32_t)size);
            memcpy(records + input.size + KFI_RECORD_HEADER, set.data + set.starts[i], size);
            input.size += KFI_RECORD_HEADER + size;
            input.room += size;
        }
        kfi_merges merges;
        ck_assert_int_eq(kfi_merges_make(&merges, &input, NULL), KF_OK);
        const uint64_t bytes = input.room - set.count - 1;
        for (uint32_t tokens = merges.count;; tokens = 256 + (tokens - 256) * 2 / 3) {
            uint64_t spelled = 0, used = 0;
            kfi_merges_undo(&merges, tokens);
            ck_assert_uint_eq(merges.count, tokens);
            for (uint32_t i = 0; i < merges.count; i++) {
                spelled += (uint64_t)merges.uses[i] * merges.tokens[i].length;
                used += merges.uses[i];
            }
            ck_assert_uint_eq(spelled, bytes);
            if (tokens == 256) {
                ck_assert_uint_eq(used, bytes);
                break;
            }
        }
        kfi_merges_free(&merges);
        free(records);
        free_texts(&set);
    }
}
END_TEST

/* A byte that was never added, or not behind what is before it, is told, and leads nowhere. */
START_TEST(test_unknown_bytes_are_told)
{
    const char known[] = "ACGTACGTTTGACA";
    random_state = 8;
    effort = _i % 2 ? KFI_EFFORT_LITTLE : KFI_EFFORT_USUAL;
    text_set set = make_texts(TEXT_SMALL_ALPHABET, 50);
    kfi_token_encoder *encoder = train(&set, _i < 2 ? 8 : 0, 1 << 20);
    uint8_t data[200];
    uint16_t codes[200];
    size_t count;
    kf_error error;
    memset(data, 'A', sizeof data);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = 'B';
        ck_assert_int_eq(kfi_token_encode(encoder, KFI_NOTHING_BEFORE, data, sizeof data, codes, &count, &error),
                         KF_CORRUPT);
        ck_assert_uint_le(count, sizeof data);
        ck_assert_ptr_nonnull(strstr(error.message, "temporary file"));
        data[i] = 'A';
    }
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)random_below(256);
    ck_assert_int_eq(kfi_token_encode(encoder, KFI_NOTHING_BEFORE, data, sizeof data, codes, &count, NULL),
                     KF_CORRUPT);
    encoded(encoder, KFI_NOTHING_BEFORE, (const uint8_t *)known, sizeof known - 1, codes);
    kfi_token_encoder_destroy(&encoder);
    free_texts(&set);
    effort = KFI_EFFORT_USUAL;
}
END_TEST

START_TEST(test_deterministic)
{
    random_state = 9;
    text_set set = make_texts(TEXT_WORDS, 5000);
    for (size_t limit = 2000; limit < 4000000; limit *= 20) {
        kfi_token_encoder *a = train(&set, 0, limit), *b = train(&set, 0, limit);
        size_t size_a, size_b;
        uint8_t *section_a = exact_section(a, &size_a), *section_b = exact_section(b, &size_b);
        ck_assert_uint_eq(size_a, size_b);
        ck_assert(!memcmp(section_a, section_b, size_a));
        uint16_t codes_a[256], codes_b[256];
        for (size_t i = 0; i < 100; i++) {
            const uint8_t *data = set.data + set.starts[i];
            size_t length = set.starts[i + 1] - set.starts[i];
            size_t count = encoded(a, KFI_NOTHING_BEFORE, data, length, codes_a);
            ck_assert_uint_eq(encoded(b, KFI_NOTHING_BEFORE, data, length, codes_b), count);
            ck_assert(!memcmp(codes_a, codes_b, count * sizeof *codes_a));
        }
        free(section_a);
        free(section_b);
        kfi_token_encoder_destroy(&a);
        kfi_token_encoder_destroy(&b);
    }
    free_texts(&set);
}
END_TEST

START_TEST(test_wrong_width)
{
    kfi_token_trainer *trainer = NULL;
    kfi_token_encoder *encoder = NULL;
    kf_error error;
    ck_assert_int_eq(kfi_token_trainer_create(&trainer, 100, KFI_EFFORT_USUAL, NULL), KF_OK);
    ck_assert_int_eq(kfi_token_encoder_train(&encoder, trainer, 7, &error), KF_INVALID);
    ck_assert_int_eq(kfi_token_encoder_train(&encoder, trainer, 17, &error), KF_INVALID);
    ck_assert_ptr_null(encoder);
    kfi_token_trainer_destroy(&trainer);
    kfi_token_trainer_destroy(&trainer);
    kfi_token_trainer_destroy(NULL);
    kfi_token_encoder_destroy(NULL);
}
END_TEST

/* ---- damage -------------------------------------------------------------------------------- */

/* Touches every byte that a reader of these codes would. */
static unsigned read_all(const kfi_tokens *tokens)
{
    unsigned sum = 0;
    for (uint32_t code = 0; code < (1u << 16) + 1; code += code < tokens->count + 4 ? 1 : 997) {
        unsigned length;
        uint8_t block[KFI_TOKEN_MAX];
        uint32_t row = kfi_token_row(tokens, (uint8_t)code);
        const uint32_t first = row;
        const uint8_t *token = kfi_token(tokens, &row, code, &length);
        memcpy(block, token, KFI_TOKEN_MAX);
        ck_assert_uint_le(length, KFI_TOKEN_MAX);
        if (first + code >= tokens->count) ck_assert_uint_eq(length, 0);
        for (unsigned i = 0; i < length; i++) sum += block[i];
    }
    return sum;
}

START_TEST(test_random_sections)
{
    random_state = 11;
    unsigned opened = 0;
    for (int round = 0; round < (int)rounds_of(3000); round++) {
        size_t size = random_below(700);
        uint8_t *section = malloc(size + !size);
        for (size_t i = 0; i < size; i++) section[i] = (uint8_t)random_below(256);
        if (size >= 32 && random_below(4)) {          /* a frame that passes; the rest is random */
            const size_t frame = size >= 32 + 256 && random_below(2) ? 32 + 256 : 32;
            uint32_t count = random_below((uint32_t)((size - frame) / 4 + 1));
            section[0] = (uint8_t)(4 + random_below(13));
            section[1] = frame == 32 ? 1 : (uint8_t)(2 + random_below(63));
            kfi_store32(section + 8, count);
            kfi_store32(section + 12, (uint32_t)(size - frame - 4 * count));
        }
        kfi_tokens tokens;
        kf_error error;
        kf_status status = kfi_tokens_open(&tokens, section, size, &error);
        ck_assert(status == KF_OK || status == KF_CORRUPT);
        if (!status) opened++, read_all(&tokens);
        free(section);
    }
    ck_assert_uint_gt(opened, rounds_of(1000));
}
END_TEST

START_TEST(test_cut_and_flipped_sections)
{
    random_state = 12;
    text_set set = make_texts(_i ? TEXT_CHAINS : TEXT_WORDS, _i ? 3000 : 500);
    kfi_token_encoder *encoder = train(&set, _i ? 0 : 9, 1 << 20);
    size_t size;
    uint8_t *section = exact_section(encoder, &size);
    kfi_tokens tokens;
    kf_error error;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut + !cut);
        memcpy(part, section, cut);
        ck_assert_int_eq(kfi_tokens_open(&tokens, part, cut, &error), KF_CORRUPT);
        free(part);
    }
    for (int round = 0; round < (int)rounds_of(2000); round++) {
        uint8_t *part = malloc(size);
        memcpy(part, section, size);
        for (int flips = 0; flips < 3; flips++)
            part[random_below((uint32_t)size)] ^= (uint8_t)(1u << random_below(8));
        if (!kfi_tokens_open(&tokens, part, size, &error)) read_all(&tokens);
        free(part);
    }
    free(section);
    kfi_token_encoder_destroy(&encoder);
    free_texts(&set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tokens");
    TCase *codec = tcase_create("codec");
    tcase_set_timeout(codec, 120);
    suite_add_cases(codec, test_round_trip_every_width, KFI_TOKEN_BITS_MIN, KFI_TOKEN_BITS_MAX + 1);
    tcase_add_loop_test(codec, test_automatic_width, KFI_EFFORT_USUAL, KFI_EFFORT_GREAT + 1);
    tcase_add_test(codec, test_empty);
    tcase_add_test(codec, test_automatic_is_best);
    tcase_add_loop_test(codec, test_classes, 0, 2);
    tcase_add_loop_test(codec, test_fewest_tokens, 0, 2);
    tcase_add_loop_test(codec, test_long_string, 0, 2);
    tcase_add_test(codec, test_sample_is_full_within_a_string);
    tcase_add_test(codec, test_uses_follow_merges);
    tcase_add_loop_test(codec, test_unknown_bytes_are_told, 0, 4);
    tcase_add_test(codec, test_deterministic);
    tcase_add_test(codec, test_wrong_width);
    suite_add_tcase(suite, codec);
    TCase *damage = tcase_create("damage");
    tcase_set_timeout(damage, 120);
    tcase_add_test(damage, test_random_sections);
    tcase_add_loop_test(damage, test_cut_and_flipped_sections, 0, 2);
    suite_add_tcase(suite, damage);
    return suite_run(suite);
}
