/* Lists of endings against strings that are composed here, and the room that they are given. */
#include "random.h"
#include "suite.h"
#include "write/keys/endings_writer.h"

#include <stdlib.h>

enum { STATES = KFI_ENDINGS_INDEXES + 100, STRINGS = KFI_ENDINGS_MOST + 1, ROOM = 64 };

typedef struct string { uint8_t bytes[ROOM]; size_t size; } string;
typedef struct list { unsigned count; size_t longest; string strings[STRINGS]; } list;   /* count 0: none */

static list lists[STATES];        /* by directory index */
static kfi_endings_builder endings;
static kfi_array section;

/* Adds text and rest to the list that index `index` should have; 0 if they do not fit. */
static int expect(list *l, const uint8_t *text, size_t size, const string *rest)
{
    const size_t whole = size + rest->size;
    if (l->count == KFI_ENDINGS_MOST || whole > KFI_ENDINGS_LONGEST) return 0;
    string *s = &l->strings[l->count++];
    memcpy(s->bytes, text, size);
    memcpy(s->bytes + size, rest->bytes, rest->size);
    s->size = whole;
    if (whole > l->longest) l->longest = whole;
    return 1;
}

/* A state of some entries, most of which jump to indexes below `made`; all are noted in a random order. */
static void add_state(const uint64_t *order, unsigned made, unsigned entries, unsigned letters)
{
    kfi_bucket_entry e[STRINGS];
    uint8_t text[STRINGS * ROOM], whole[ROOM] = { 0 };
    const string nothing = { .size = 0 };
    kfi_laid_state s = { .entries = e, .text = text, .final = (int)random_below(2) };
    list *l = &lists[order[made]];
    size_t used = 0, size = 0;
    int fits = 1;
    *l = (list){ 0 };
    s.keys = (uint64_t)s.final;
    if (s.final) fits &= expect(l, whole, 0, &nothing);
    for (unsigned i = 0; i < entries; i++) {
        const uint32_t lcp = (uint32_t)random_below(size + 1), own = 1 + (uint32_t)random_below(letters);
        uint64_t jump = made && random_below(3) == 0 ? order[random_below(made)] : KFI_NO_JUMP;
        if (lcp + own > ROOM / 2) continue;
        for (unsigned k = 0; k < own; k++) text[used + k] = whole[lcp + k] = (uint8_t)random_below(256);
        size = lcp + own;
        e[s.entry_count++] = (kfi_bucket_entry){ 1, jump, used, own, lcp };
        used += own;
        if (jump == KFI_NO_JUMP) {
            s.keys++;
            fits = fits && expect(l, whole, size, &nothing);
            continue;
        }
        const list *below = &lists[jump];
        s.keys += below->count ? below->count : 1000;
        fits = fits && below->count && jump < KFI_ENDINGS_INDEXES;
        for (unsigned k = 0; fits && k < below->count; k++) fits = expect(l, whole, size, &below->strings[k]);
    }
    if (!fits) l->count = 0;
    ck_assert_int_eq(kfi_endings_add(&endings, &s, order[made], NULL), KF_OK);
}

static void make_states(unsigned letters)
{
    static uint64_t order[STATES];
    for (unsigned i = 0; i < STATES; i++) {
        const unsigned j = (unsigned)random_below(i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (unsigned made = 0; made < STATES; made++) {
        unsigned entries = 1 + (unsigned)random_below(random_below(4) ? 4 : 30);
        add_state(order, made, entries, letters);
    }
}

static size_t units_of(const list *l) { return l->longest < KFI_ENDINGS_UNIT ? 1 : 2; }

/* What is written is what there is room for, in the order of indexes. Returns how many lists that is. */
static unsigned check_section(uint64_t most)
{
    uint64_t entries = 0, units = 0, taken = 0;
    for (unsigned i = 0; i < KFI_ENDINGS_INDEXES; i++) {
        if (!lists[i].count) continue;
        units += lists[i].count * units_of(&lists[i]);
        if (kfi_endings_records_at(i + 1) + units * KFI_ENDINGS_UNIT + KFI_ENDINGS_TAIL > most) break;
        entries = i + 1;
        taken = units;
    }
    section.size = 0;
    ck_assert_int_eq(kfi_endings_write(&endings, most, &section, NULL), KF_OK);
    if (!entries) {
        ck_assert_uint_eq(section.size, 0);
        return 0;
    }
    const uint8_t *records = section.data + kfi_endings_records_at(entries);
    ck_assert_uint_eq(kfi_load32(section.data), entries);
    ck_assert_uint_eq(section.size, kfi_endings_records_at(entries) + taken * KFI_ENDINGS_UNIT + KFI_ENDINGS_TAIL);
    for (unsigned i = 0; i < KFI_ENDINGS_TAIL; i++) ck_assert_uint_eq(section.data[section.size - 1 - i], 0);
    unsigned known = 0;
    for (unsigned i = 0; i < entries; i++) {
        const kfi_ending_list found = kfi_ending_list_load(section.data + KFI_ENDINGS_HEAD + i * KFI_ENDINGS_ENTRY);
        const list *l = &lists[i];
        ck_assert_uint_eq(found.count, l->count);
        known += l->count > 0;
        if (l->count) ck_assert_uint_eq(found.wide, units_of(l) - 1);
        for (unsigned k = 0; k < l->count; k++) {
            uint8_t record[2 * KFI_ENDINGS_UNIT] = { 0 };
            const size_t size = units_of(l) * KFI_ENDINGS_UNIT;
            memcpy(record, l->strings[k].bytes, l->strings[k].size);
            record[size - 1] = (uint8_t)l->strings[k].size;
            HOLDS(!memcmp(record, records + (size_t)found.first * KFI_ENDINGS_UNIT + k * size, size));
        }
    }
    return known;
}

START_TEST(endings__lists)
{
    random_state = (uint64_t)_i;
    endings = (kfi_endings_builder){ 0 };
    make_states(_i % 2 ? 4 : 1);
    const unsigned all = check_section(1 << 20);
    ck_assert_uint_gt(all, 100);
    ck_assert_uint_lt(all, KFI_ENDINGS_INDEXES - 10);
    ck_assert_uint_lt(check_section(3000), all);
    for (uint64_t most = 0; most < 400; most++) check_section(most);
    kfi_endings_free(&endings);
    kfi_array_free(&section);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("endings");
    TCase *all = tcase_create("lists");
    suite_add_cases(all, endings__lists, 0, 6);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
