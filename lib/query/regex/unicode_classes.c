#include "query/regex/unicode_classes.h"

#include "base/thread.h"

#include <stdlib.h>
#include <utf8proc.h>

typedef struct run {
    uint32_t first, category;
} run;

typedef struct cased {
    uint32_t code, fold;
} cased;

/* Twice what Unicode 15 has. */
enum { RUNS_MOST = 8192, CASED_MOST = 2 * 3072 };

static struct {
    kfi_once made;
    int incomplete;              /* there is no room for all that this utf8proc knows */
    size_t run_count, cased_count;
    run runs[RUNS_MOST];         /* of code points of one category, ascending, from 0 */
    cased by_code[CASED_MOST];   /* those that are not alone when case is ignored, by code point, */
    cased by_fold[CASED_MOST];   /* and by what they fold to */
} tables = { .made = KFI_ONCE_INIT };

typedef struct category_name {
    uint32_t categories;
    const char *brief, *full;
} category_name;

#define BIT(name) (UINT32_C(1) << UTF8PROC_CATEGORY_##name)
#define CASED (BIT(LU) | BIT(LL) | BIT(LT))
#define LETTER (CASED | BIT(LM) | BIT(LO))
#define MARK (BIT(MN) | BIT(MC) | BIT(ME))
#define NUMBER (BIT(ND) | BIT(NL) | BIT(NO))
#define PUNCTUATION (BIT(PC) | BIT(PD) | BIT(PS) | BIT(PE) | BIT(PI) | BIT(PF) | BIT(PO))
#define SYMBOL (BIT(SM) | BIT(SC) | BIT(SK) | BIT(SO))
#define SEPARATOR (BIT(ZS) | BIT(ZL) | BIT(ZP))
#define OTHER (BIT(CC) | BIT(CF) | BIT(CS) | BIT(CO) | BIT(CN))

static const category_name names[] = {
    { BIT(LU), "lu", "uppercaseletter" }, { BIT(LL), "ll", "lowercaseletter" },
    { BIT(LT), "lt", "titlecaseletter" }, { BIT(LM), "lm", "modifierletter" },
    { BIT(LO), "lo", "otherletter" }, { BIT(MN), "mn", "nonspacingmark" },
    { BIT(MC), "mc", "spacingmark" }, { BIT(ME), "me", "enclosingmark" },
    { BIT(ND), "nd", "decimalnumber" }, { BIT(NL), "nl", "letternumber" },
    { BIT(NO), "no", "othernumber" }, { BIT(PC), "pc", "connectorpunctuation" },
    { BIT(PD), "pd", "dashpunctuation" }, { BIT(PS), "ps", "openpunctuation" },
    { BIT(PE), "pe", "closepunctuation" }, { BIT(PI), "pi", "initialpunctuation" },
    { BIT(PF), "pf", "finalpunctuation" }, { BIT(PO), "po", "otherpunctuation" },
    { BIT(SM), "sm", "mathsymbol" }, { BIT(SC), "sc", "currencysymbol" },
    { BIT(SK), "sk", "modifiersymbol" }, { BIT(SO), "so", "othersymbol" },
    { BIT(ZS), "zs", "spaceseparator" }, { BIT(ZL), "zl", "lineseparator" },
    { BIT(ZP), "zp", "paragraphseparator" }, { BIT(CC), "cc", "control" },
    { BIT(CF), "cf", "format" }, { BIT(CS), "cs", "surrogate" },
    { BIT(CO), "co", "privateuse" }, { BIT(CN), "cn", "unassigned" },
    { CASED, "lc", "casedletter" }, { CASED, "l&", "l&" },
    { LETTER, "l", "letter" }, { MARK, "m", "mark" }, { NUMBER, "n", "number" },
    { PUNCTUATION, "p", "punctuation" }, { SYMBOL, "s", "symbol" }, { SEPARATOR, "z", "separator" },
    { OTHER, "c", "other" }, { UINT32_MAX, "any", "any" }, { ~BIT(CN), "assigned", "assigned" },
};

uint32_t kfi_unicode_word(void)
{
    return LETTER | NUMBER;
}

uint32_t kfi_unicode_digit(void)
{
    return BIT(ND);
}

static int same(const uint8_t *name, size_t size, const char *known)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t c = name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 32 : name[i];
        if (c == ' ' || c == '_' || c == '-') continue;
        if (c != (uint8_t)*known || !c) return 0;
        known++;
    }
    return !*known;
}

uint32_t kfi_unicode_categories(const uint8_t *name, size_t size)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (same(name, size, names[i].brief) || same(name, size, names[i].full)) return names[i].categories;
    return 0;
}

static int compare_folds(const void *left, const void *right)
{
    const cased *a = left, *b = right;
    if (a->fold != b->fold) return a->fold < b->fold ? -1 : 1;
    return (a->code > b->code) - (a->code < b->code);
}

static int compare_codes(const void *left, const void *right)
{
    const cased *a = left, *b = right;
    return (a->code > b->code) - (a->code < b->code);
}

/* The lower case of the upper case is the same for code points exactly when the C and S entries of Unicode's
 * CaseFolding.txt fold them to the same, but for the dotless i and the I with a dot, each alone there. */
static uint32_t fold_of(uint32_t code)
{
    if (code == 0x130 || code == 0x131) return code;
    return (uint32_t)utf8proc_tolower(utf8proc_toupper((utf8proc_int32_t)code));
}

/* Planes 4 to 13 have no characters and no plans for any, 15 and 16 are private use by the standard: three
 * quarters of all code points, of which only the first and the last two of each plane are looked at. */
static uint32_t next_of(uint32_t code)
{
    uint32_t plane = code >> 16, within = code & 0xffff;
    return plane >= 4 && plane != 14 && within == 0 ? code + 0xfffe : code + 1;
}

static void find_runs(void)
{
    uint32_t category = UINT32_MAX;
    for (uint32_t code = 0; code <= KFI_CODE_POINT_MAX; code = next_of(code)) {
        uint32_t now = (uint32_t)utf8proc_get_property((utf8proc_int32_t)code)->category;
        if (now == category) continue;
        category = now;
        if (tables.run_count == RUNS_MOST) tables.incomplete = 1;
        else tables.runs[tables.run_count++] = (run){ code, category };
    }
}

/* What has case is a letter that is not "other", a mark or letter number of Greek and Roman, or an enclosed
 * letter: looking at these categories spares nine tenths of the questions. */
static void find_cased(void)
{
    const run *runs = tables.runs;
    for (size_t i = 0; i + 1 < tables.run_count; i++) {
        if (!((CASED | BIT(MN) | BIT(NL) | BIT(SO)) >> runs[i].category & 1)) continue;
        for (uint32_t code = runs[i].first; code < runs[i + 1].first; code++) {
            const uint32_t fold = fold_of(code);
            if (fold == code) continue;
            if (tables.cased_count + 2 > CASED_MOST) {
                tables.incomplete = 1;
                return;
            }
            tables.by_code[tables.cased_count++] = (cased){ code, fold };
            tables.by_code[tables.cased_count++] = (cased){ fold, fold };
        }
    }
}

static void make_tables(void)
{
    cased *list = tables.by_code;
    size_t kept = 0;
    find_runs();
    find_cased();
    qsort(list, tables.cased_count, sizeof *list, compare_codes);
    for (size_t i = 0; i < tables.cased_count; i++)
        if (!kept || list[i].code != list[kept - 1].code) list[kept++] = list[i];
    tables.cased_count = kept;
    memcpy(tables.by_fold, list, kept * sizeof *list);
    qsort(tables.by_fold, kept, sizeof *list, compare_folds);
}

static kf_status prepare(kf_error *error)
{
    kfi_once_run(&tables.made, make_tables);
    if (!tables.incomplete) return KF_OK;
    return kfi_fail(error, KF_LIMIT, "this utf8proc knows more of Unicode than keyfold has room for: use a newer one");
}

kf_status kfi_unicode_add(kfi_set *set, uint32_t categories, kf_error *error)
{
    kf_status status = prepare(error);
    const run *runs = tables.runs;
    const size_t count = tables.run_count;
    for (size_t i = 0; i < count && !status; i++) {
        if (!(categories >> runs[i].category & 1)) continue;
        size_t end = i + 1;
        while (end < count && (categories >> runs[end].category & 1)) end++;
        uint32_t last = end < count ? runs[end].first - 1 : KFI_CODE_POINT_MAX;
        status = kfi_set_add(set, runs[i].first, last, error);
        i = end;
    }
    return status;
}

/* The first pair whose code, or whose fold, is not below `least`. */
static size_t lower_bound(const cased *list, uint32_t least, int folds)
{
    size_t low = 0, high = tables.cased_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((folds ? list[middle].fold : list[middle].code) < least) low = middle + 1;
        else high = middle;
    }
    return low;
}

kf_status kfi_unicode_fold(kfi_set *set, kf_error *error)
{
    kf_status status = prepare(error);
    const cased *codes = tables.by_code, *alike = tables.by_fold;
    const size_t count = tables.cased_count, ranges = kfi_set_count(set);
    for (size_t r = 0; r < ranges && !status; r++) {
        kfi_range range = kfi_set_ranges(set)[r];
        for (size_t i = lower_bound(codes, range.low, 0);
             i < count && codes[i].code <= range.high && !status; i++)
            for (size_t k = lower_bound(alike, codes[i].fold, 1);
                 k < count && alike[k].fold == codes[i].fold && !status; k++)
                status = kfi_set_add(set, alike[k].code, alike[k].code, error);
    }
    return status;
}
