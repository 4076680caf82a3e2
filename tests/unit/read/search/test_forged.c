/* Searches, lists, walks and guided walks on keys that lie in one thing only, on deep ones without memory, and under
 * guides that forget and fail: what damage at random and usual dictionaries hardly come to. */
#include "read/keys/by_key.h"
#include "read/keys/walk.h"
#include "read/search/descent.h"
#include "read/search/hunt.h"
#include "read/search/list.h"
#include "read/search/search.h"

#include "fault.h"
#include "forged_keys.h"
#include "suite.h"

#include <errno.h>

enum { MANY = 200 };

static kf_entry entries[MANY];
static _Alignas(64) kfi_list list;
static uint8_t arena[3000];
static size_t room = sizeof arena;

static kf_bytes bytes_of(const char *text) { return (kf_bytes){ (const uint8_t *)text, strlen(text) }; }

static kf_status find(const char *text)
{
    uint64_t ordinal, other;
    const kf_status status = kfi_search_best()->find(&f.keys, (const uint8_t *)text, strlen(text), &ordinal);
    ck_assert_int_eq(kfi_search_portable.find(&f.keys, (const uint8_t *)text, strlen(text), &other), status);
    return status;
}

/* Begins a list anew: with the keys of a prefix, or from an ordinal on. */
static kf_status begin(const char *prefix, uint64_t ordinal, uint64_t *left)
{
    kfi_list_destroy(&list);
    kfi_list_init(&list, arena, room);
    kf_status status = kfi_list_begin(&list, &f.keys);
    if (!status) status = prefix ? kfi_list_prefix(&list, bytes_of(prefix), left) : kfi_list_seek(&list, ordinal);
    if (!prefix) *left = f.keys.count - ordinal;
    return status;
}

/* All that is left, and how many keys that were. */
static kf_status fill(uint64_t left, size_t *total)
{
    kf_status status = KF_OK;
    for (size_t count; left && !status; left -= count) {
        status = kfi_list_fill(&list, entries, left < MANY ? (size_t)left : MANY, &count);
        *total += count;
    }
    return status;
}

static kf_status listed(const char *prefix, uint64_t ordinal)
{
    uint64_t left = 0;
    size_t total = 0;
    kf_status status = begin(prefix, ordinal, &left);
    if (!status) status = fill(left, &total);
    if (!status) ck_assert_uint_eq(total, left);
    return status;
}

/* ---- edges ---------------------------------------------------------------------------------------- */

/* A root with one child and no buckets, whose edge lies; what follows the root is zeros. */
static void edge(const char *raw, size_t pad)
{
    forged_bucket leaf = { 2, { { 0, "x", 0 }, { 0, "y", 0 } }, .final = 0 };
    forged_node child = { .buckets = 1, .bucket = { { .bucket = &leaf } } };
    forged_node root = { .bigs = 1, .big = { { .label = 'm', .path = "no", .sum = 2, .raw = raw } } };
    forged_begin(&f);
    f.pad = pad;
    root.big[0].child = forged_node_put(&f, &child);
    ck_assert_int_eq(forged_open(&f, forged_node_put(&f, &root), 300, 2), KF_OK);
}

/* How a descent along a long text that begins with `start` ends. */
static kfi_step descended(const char *start)
{
    static uint8_t text[4096];
    kf_prefix_match notes[KFI_DESCENT_ROOM];
    kfi_descents d;
    size_t count;
    memcpy(text, start, strlen(start));
    ck_assert_int_eq(kfi_descents_create(&d, &f.keys, kfi_search_best(), text, sizeof text), KF_OK);
    const kfi_step step = kfi_descents_begin(&d, 0, notes, KFI_DESCENT_ROOM, &count);
    kfi_descents_destroy(&d);
    return step;
}

START_TEST(forged__edges)
{
    static const struct { const char *raw; size_t pad; } lies[] = {
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 30 },   /* a number of codes without an end, */
        { "\xff\xff", 0 },                                            /* that ends behind the section, */
        { "\xff\xff\xff\xff\x0f", 30 },                               /* above the bits that there are, */
        { "\x81\x01", 30 },                                           /* above them only times a code's width, */
        { "\x7f", 30 },                                               /* so in one byte */
    };
    uint64_t ordinal;
    edge(NULL, 0);
    ck_assert(find("mnox") == KF_OK && find("mno") == KF_NOT_FOUND && descended("mnox") == KFI_STEP_ABSENT);
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        edge(lies[i].raw, lies[i].pad);
        ck_assert_msg(find("mnox") == KF_CORRUPT, "%u", i);
        ck_assert_msg(descended("mnox") == KFI_STEP_CORRUPT, "%u", i);
        ck_assert_msg(kfi_lower_bound(&f.keys, bytes_of("mnzz"), &ordinal) == KF_CORRUPT, "%u", i);
        ck_assert_msg(listed("m", 0) == KF_CORRUPT && listed(NULL, 1) == KF_CORRUPT, "%u", i);
    }
}
END_TEST

/* A length that no token has, where the search only sees that the text differs. */
START_TEST(forged__token)
{
    forgery g = sound();
    uint64_t ordinal;
    ck_assert_int_eq(forge(&g), KF_OK);
    ck_assert_int_eq(kfi_lower_bound(&f.keys, bytes_of("mnzzzz"), &ordinal), KF_OK);
    ck_assert_uint_eq(ordinal, 6);
    g = sound();
    g.odd_token = 'o';
    ck_assert_int_eq(forge(&g), KF_OK);
    ck_assert_int_eq(kfi_lower_bound(&f.keys, bytes_of("mnzzzz"), &ordinal), KF_CORRUPT);
}
END_TEST

/* ---- lists ---------------------------------------------------------------------------------------- */

#define LISTED(expected, prefix, ordinal, change) do { \
        forgery g = sound(); \
        change; \
        ck_assert_int_eq(forge(&g), KF_OK); \
        ck_assert_msg(listed(prefix, ordinal) == (expected), "%s", #change); \
    } while (0)

START_TEST(forged__lists)
{
    for (unsigned ordinal = 0; ordinal < 11; ordinal++) LISTED(KF_OK, NULL, ordinal, (void)g);
    LISTED(KF_OK, "", 0, (void)g);
    LISTED(KF_OK, "mn", 0, g.root.big[0].sum = 0);                  /* no keys, then */
    LISTED(KF_CORRUPT, "mn", 0, g.root.big[0].child = 1000);
    LISTED(KF_CORRUPT, "", 0, g.small[0].longer[0] = 2 << 20);
    LISTED(KF_CORRUPT, NULL, 3, g.small[0].final = 1);              /* met after the child that comes behind it, */
    LISTED(KF_CORRUPT, "", 0, (g.root.big[0].label = 'b', g.small[0].entry[1].own = "ccd", g.small[0].longer[1] = 999));
    LISTED(KF_CORRUPT, NULL, 0, (g.escape = 1, g.small[0].entry[1].own = "\x80"));   /* or before it */
    LISTED(KF_CORRUPT, NULL, 0, g.small[0].wide = 1);
    LISTED(KF_CORRUPT, "", 0, g.small[0].wide = 1);
    LISTED(KF_OK, "", 0, g.small[0].wide = 2);
}
END_TEST

START_TEST(forged__list_again)
{
    forgery g = sound();
    uint64_t left;
    size_t total = 0;
    ck_assert_int_eq(forge(&g), KF_OK);
    ck_assert_int_eq(begin("b", 0, &left), KF_OK);
    ck_assert_uint_eq(left, 2);
    ck_assert_int_eq(kfi_list_begin(&list, &f.keys), KF_OK);        /* of the same keys */
    ck_assert_int_eq(kfi_list_prefix(&list, bytes_of("z"), &left), KF_OK);
    ck_assert_int_eq(fill(left, &total), KF_OK);
    ck_assert(total == 3 && entries[2].ordinal == 10 && !memcmp(entries[2].key.data, "zby", 3));
    f.parameters.root_kind = KFI_ROOT_EMPTY_KEY;                    /* where there can't be as many */
    ck_assert_int_eq(forged_open(&f, 0, 5, 11), KF_OK);
    ck_assert_int_eq(begin(NULL, 0, &left), KF_OK);
    ck_assert_int_eq(begin(NULL, 3, &left), KF_CORRUPT);
}
END_TEST

/* More bits of lengths than all keys of a bucket can have: only a file of many MiB holds them. */
START_TEST(forged__list_of_long_lengths)
{
    enum { CODES = 1 << 26 };
    forged_begin(&f);
    uint8_t *p = f.tree + f.tree_size;
    p[1] = KFI_LENGTHS_UNARY32 << 4 | KFI_LCP_BYTE;
    kfi_store32(p + 2, CODES);
    p[6] = 'a';
    p[8] = 1;                      /* an empty tail; all behind it is zeros */
    f.tree_size += 9;
    f.pad = CODES / 8 + 100;
    ck_assert_int_eq(forged_open(&f, KFI_KEYS_PARAMETERS, 5, 1), KF_OK);
    ck_assert_int_eq(find("a"), KF_OK);
    ck_assert_int_eq(listed("", 0), KF_CORRUPT);
}
END_TEST

/* ---- searches ------------------------------------------------------------------------------------- */

/* a, aa, aaa, ...: as many different lcps as a bucket can have, and a table of them with one more. */
START_TEST(forged__wide_lcps)
{
    char text[KFI_BUCKET_ENTRIES + 2];
    memset(text, 'a', sizeof text);
    for (unsigned wide = KFI_BUCKET_ENTRIES; wide < KFI_BUCKET_ENTRIES + 2; wide++) {
        forged_bucket all = { .count = KFI_BUCKET_ENTRIES, .wide = wide };
        forged_begin(&f);
        for (unsigned i = 0; i < all.count; i++) all.entry[i] = (forged_entry){ i, "a", 0 };
        ck_assert_int_eq(forged_open(&f, forged_bucket_put(&f, 0, &all), 70, all.count), KF_OK);
        for (unsigned size = 0; size <= all.count + 1; size++) {
            text[size] = 0;
            ck_assert_int_eq(find(text), size && size <= all.count ? KF_OK : KF_NOT_FOUND);
            text[size] = 'a';
        }
        ck_assert_int_eq(listed("", 0), KF_OK);
    }
}
END_TEST

/* A text, and a key, that ends where a jump leads to a final bucket. */
START_TEST(forged__prefixes)
{
    kf_prefix_match notes[4 * KFI_STEP_NOTES];
    forgery g = sound();
    kfi_search s;
    size_t count = 0, some;
    kfi_step step = KFI_STEP_ON;
    g.shared.final = 1;
    ck_assert_int_eq(forge(&g), KF_OK);
    kfi_search_text(&s, &f.keys, (const uint8_t *)"bcd", 3);
    for (; step == KFI_STEP_ON; count += some)
        step = kfi_search_portable.prefixes(&f.keys, &s, notes + count, 2 * KFI_STEP_NOTES, &some);
    ck_assert(step == KFI_STEP_ABSENT && count == 1 && notes[0].size == 3 && notes[0].ordinal == 1);
    char text[300];                /* a key of which nothing is copied */
    memset(text, 'k', 299);
    text[299] = 0;
    const forged_bucket last = { 1, { { 0, "x", 0 } }, .final = 1 };
    forged_begin(&f);
    const size_t shared = forged_bucket_put(&f, 1, &last);
    const size_t root = forged_bucket_put(&f, 0, &(forged_bucket){ 1, { { 0, text, 1 } }, .slope = 1 });
    forged_point(&f, 0, 1, shared);
    ck_assert_int_eq(forged_open(&f, root, 300, 2), KF_OK);
    ck_assert(find(text) == KF_OK && find(text + 1) == KF_NOT_FOUND);
}
END_TEST

/* More keys in the first bytes of a text than there are lengths, since nodes' buckets say that they are final too: such
 * a descent is not kept. */
START_TEST(forged__descents)
{
    static uint8_t text[4096];
    kf_prefix_match notes[KFI_DESCENT_ROOM];
    kfi_descents d;
    forged_bucket root = { 1, { { 0, "a", 1 } }, .final = 1 }, first = { 1, { { 0, "b", 2 } }, .final = 1 },
                  second = { 1, { { 0, "c", 0 } }, .final = 1 };
    forged_node nodes[] = { { .final = 1, .buckets = 1, .bucket = { { .bucket = &first } } },
                            { .final = 1, .buckets = 1, .bucket = { { .bucket = &second } } } };
    forged_begin(&f);
    size_t at[2];
    for (unsigned i = 0; i < 2; i++) at[i] = forged_node_put(&f, &nodes[i]);
    const size_t root_at = forged_bucket_put(&f, 0, &root);
    for (unsigned i = 0; i < 2; i++) forged_point(&f, i, 0, at[i]);
    ck_assert_int_eq(forged_open(&f, root_at, 9, 9), KF_OK);
    memcpy(text, "abx", 3);
    ck_assert_int_eq(kfi_descents_create(&d, &f.keys, kfi_search_best(), text, sizeof text), KF_OK);
    for (unsigned turn = 0; turn < 2; turn++) {
        size_t count;
        ck_assert_int_eq(kfi_descents_begin(&d, 0, notes, KFI_DESCENT_ROOM, &count), KFI_STEP_ABSENT);
        ck_assert_uint_eq(count, 5);
        ck_assert(notes[0].size == 0 && notes[1].size == 1 && notes[2].size == 1 && notes[4].size == 2);
    }
    kfi_descents_destroy(&d);
}
END_TEST

/* ---- guides --------------------------------------------------------------------------------------- */

enum { ROW = KFI_GUIDE_NEXT + 128, LIVE = ROW };

/* All bytes lead to the one state that there is, but for the dead ones. At fill number `forget_at`, or when labels are
 * asked for at that time, it forgets all, and what it is asked after that is `then`. */
static uint32_t table[2 * ROW];
static uint8_t class_of[256];
static unsigned asked, forget_at;
static uint32_t then;
static const char *dead;

static void forget(kfi_guide *g)
{
    for (unsigned c = 0; c < 128; c++) table[LIVE + KFI_GUIDE_NEXT + c] = KFI_GUIDE_UNKNOWN;
    *(uint8_t *)&table[LIVE + KFI_GUIDE_LABELS] = KFI_GUIDE_LABELS_UNKNOWN;
    g->resets++;
}

static uint32_t answer(kfi_guide *g, uint32_t state, uint8_t byte)
{
    ck_assert_uint_eq(state, LIVE);
    *(uint8_t *)&table[LIVE + KFI_GUIDE_LABELS] = KFI_GUIDE_LABELS_UNKNOWN;
    if (++asked == forget_at) forget(g);
    if (forget_at && asked == forget_at + 1) return then;
    return table[LIVE + KFI_GUIDE_NEXT + byte] = strchr(dead, byte) ? KFI_GUIDE_DEAD : LIVE;
}

static int labels_of(kfi_guide *g, uint32_t state)
{
    if (++asked == forget_at) forget(g);
    *(uint8_t *)&table[state + KFI_GUIDE_LABELS] = KFI_GUIDE_MANY;
    return 1;
}

static kf_status hunted(uint32_t start, size_t *hits)
{
    kfi_hunt h;
    kf_status status = kfi_hunt_create(&h, f.keys.longest_key);
    *hits = 0;
    if (status) return status;
    memset(table, 0, sizeof table);
    for (unsigned b = 0; b < 128; b++) class_of[b] = (uint8_t)b;
    kfi_guide guide = { .table = table, .class_of = class_of, .start = start, .fill = answer,
                        .find_labels = labels_of };
    asked = 0;
    forget(&guide);
    table[LIVE + KFI_GUIDE_INFO] = 1;
    kfi_hunt_begin(&h, &f.keys, &guide, 0, f.keys.count);
    while (!(status = kfi_hunt_next(&h))) ++*hits;
    kfi_hunt_destroy(&h);
    return status;
}

START_TEST(forged__guides)
{
    forgery g = sound();
    size_t hits;
    unsigned failed = 0, died = 0, calls;
    ck_assert_int_eq(forge(&g), KF_OK);
    dead = "";
    forget_at = 0;
    ck_assert_int_eq(hunted(KFI_GUIDE_DEAD, &hits), KF_END);
    ck_assert_uint_eq(hits, 0);
    ck_assert_int_eq(hunted(LIVE, &hits), KF_END);
    ck_assert_uint_eq(hits, 11);
    calls = asked;
    for (forget_at = 1; forget_at <= calls; forget_at++) {
        then = KFI_GUIDE_FAILED;
        const kf_status status = hunted(LIVE, &hits);
        ck_assert(status == KF_NO_MEMORY || (status == KF_END && hits == 11));
        failed += status == KF_NO_MEMORY;
        then = KFI_GUIDE_DEAD;
        ck_assert_int_eq(hunted(LIVE, &hits), KF_END);
        ck_assert_uint_le(hits, 11);
        died += hits < 11;
    }
    ck_assert(failed && died);
}
END_TEST

/* Labels of child nodes that are not in order: b, m, a, of which m is dead. There is an end. */
START_TEST(forged__guided_out_of_order)
{
    forgery g = sound();
    size_t hits;
    g.root.bigs = 3;
    g.root.buckets = 0;
    g.root.big[2] = g.root.big[1];
    g.root.big[0].label = 'b';
    g.root.big[0].path = "";
    g.root.big[1].label = 'm';
    g.root.big[2].label = 'a';
    g.root.big[2].sum = 9;
    for (unsigned i = 0; i < 3; i++) g.root.big[i].smalls = 0;
    g.root.big[2].child = KFI_KEYS_PARAMETERS;
    g.count = 9;
    ck_assert_int_eq(forge(&g), KF_OK);
    forget_at = 0;
    dead = "m";
    ck_assert_int_eq(hunted(LIVE, &hits), KF_CORRUPT);
    ck_assert_uint_eq(hits, 3);
}
END_TEST

/* ---- memory --------------------------------------------------------------------------------------- */

/* `deep` jumps one after the other, then a node with a child and buckets; beside each jump a key. */
static void chain(unsigned deep)
{
    forgery g = sound();
    size_t at[40];
    uint64_t keys = g.count;
    g.indexes = 0;
    g.shared.entry[0].jump = 0;
    forge(&g);
    const size_t node = f.parameters.root;
    const forged_bucket step[] = { { 2, { { 0, "a", 0 }, { 0, "n", 1 } }, .final = 0 } };
    for (unsigned i = 0; i < deep; i++, keys++) {
        forged_bucket b = step[0];
        b.entry[1].jump = i + 2;   /* index 0 is the shared bucket, 1 the node */
        at[i] = forged_bucket_put(&f, 1, &b);
    }
    const size_t shared = FORGED_DIRECTORY;
    const size_t root = forged_bucket_put(&f, 0, &(forged_bucket){ 1, { { 0, "r", deep + 2 } }, .final = 0 });
    forged_point(&f, 0, 1, shared);
    forged_point(&f, 1, 0, node);
    for (unsigned i = 0; i < deep; i++) forged_point(&f, i + 2, 1, at[i]);
    ck_assert_int_eq(forged_open(&f, root, deep + 6, keys), KF_OK);
}

/* Containers that are remembered, then one as deep as there is room for, of which only the first key is wanted. */
static void leaves(void)
{
    enum { LEAVES = 15, ENTRIES = 2 * LEAVES, DEEP = 23 };
    static char labels[ENTRIES][2];
    size_t at[LEAVES + DEEP];
    forged_bucket root = { .count = ENTRIES + 2, .slope = 1 };
    forged_begin(&f);
    for (unsigned i = 0; i < LEAVES; i++)
        at[i] = forged_bucket_put(&f, 1, &(forged_bucket){ 2, { { 0, "x", 0 }, { 0, "y", 0 } }, .final = 0 });
    for (unsigned i = LEAVES; i < LEAVES + DEEP; i++)
        at[i] = forged_bucket_put(&f, 1, &(forged_bucket){ 1, { { 0, "d", i } }, .final = 0 });
    for (unsigned i = 0; i < ENTRIES; i++) {
        labels[i][0] = (char)('0' + i);
        root.entry[i] = (forged_entry){ 0, labels[i], i % LEAVES + 1 };
    }
    root.entry[ENTRIES] = (forged_entry){ 0, "n", 0 };
    root.entry[ENTRIES + 1] = (forged_entry){ 0, "r", LEAVES + DEEP };
    const size_t where = forged_bucket_put(&f, 0, &root);
    for (unsigned i = 0; i < LEAVES + DEEP; i++) forged_point(&f, i, 1, at[i]);
    ck_assert_int_eq(forged_open(&f, where, DEEP + 3, 2 * ENTRIES + 3), KF_OK);
}

static kf_status work_leaves(void)
{
    uint64_t left;
    size_t count;
    kf_status status = begin("", 0, &left);
    for (; left && !status; left -= count) status = kfi_list_fill(&list, entries, left < 2 ? 1 : 2, &count);
    if (!status) ck_assert(entries[0].ordinal == f.keys.count - 1 && list.capacity > KFI_LIST_LEVELS);
    return status;
}

typedef kf_status work_fn(void);

static kf_status work_list(void) { return listed("", 0); }

static kf_status work_seeks(void)
{
    kf_status status = KF_OK;
    for (uint64_t i = 0; i < f.keys.count && !status; i++) status = listed(NULL, i);
    return status;
}

static kf_status work_walk(void)
{
    kfi_walk w;
    kf_status status = kfi_walk_create(&w, &f.keys);
    for (uint64_t i = f.keys.count; i-- && !status; ) {
        status = kfi_walk_seek(&w, i);
        if (!status) status = kfi_walk_next(&w);
        if (status == KF_END) status = KF_OK;
    }
    kfi_walk_destroy(&w);
    return status;
}

static kf_status work_hunt(void)
{
    size_t hits;
    forget_at = 0;
    dead = "";
    const kf_status status = hunted(LIVE, &hits);
    if (status == KF_END) ck_assert_uint_eq(hits, f.keys.count);
    return status == KF_END ? KF_OK : status;
}

/* At whichever level there is no memory for more of them. */
START_TEST(forged__deep_without_memory)
{
    static work_fn *const works[] = { work_list, work_seeks, work_walk, work_hunt, work_leaves };
    unsigned failed = 0;
    for (unsigned deep = 18; deep < 27; deep++) {
        if (works[_i] == work_leaves) leaves();
        else chain(deep);
        room = deep % 2 && works[_i] != work_leaves ? 16 : sizeof arena;
        for (uint64_t n = 1; ; n++) {
            fault_mark();
            fault_arm(FAULT_ALLOC, n, ENOMEM, FAULT_ONCE);
            const kf_status status = works[_i]();
            const int fired = fault_fired();
            kfi_list_destroy(&list);
            kfi_list_init(&list, arena, room);
            fault_off();
            ck_assert_int_eq(fault_live(), 0);
            ck_assert_msg(status == (fired ? KF_NO_MEMORY : KF_OK), "%u deep, call %u: %d", deep, (unsigned)n, status);
            failed += (unsigned)fired;
            if (!fired) break;
        }
    }
    ck_assert_uint_gt(failed, 15);
}
END_TEST

static void finish(void)
{
    kfi_list_destroy(&list);
    free(f.file);
}

int main(void)
{
    Suite *s = suite_create("forged");
    TCase *t = tcase_create("forged");
    tcase_add_unchecked_fixture(t, NULL, finish);
    tcase_add_test(t, forged__edges);
    tcase_add_test(t, forged__token);
    tcase_add_test(t, forged__lists);
    tcase_add_test(t, forged__list_again);
    tcase_add_test(t, forged__list_of_long_lengths);
    tcase_add_test(t, forged__wide_lcps);
    tcase_add_test(t, forged__prefixes);
    tcase_add_test(t, forged__descents);
    tcase_add_test(t, forged__guides);
    tcase_add_test(t, forged__guided_out_of_order);
    suite_add_cases(t, forged__deep_without_memory, 0, 5);
    suite_add_tcase(s, t);
    return suite_run(s);
}
