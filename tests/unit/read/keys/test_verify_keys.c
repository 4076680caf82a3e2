/* What verifying says of keys that lie in one thing only, where all that comes before it is as it should be. */
#include "read/keys/verify_endings.h"
#include "read/keys/verify_keys.h"
#include "read/keys/verify_top.h"

#include "forged_keys.h"
#include "suite.h"

static kf_error error;

static kf_status verified(kf_status opened)
{
    ck_assert_int_eq(opened, KF_OK);
    memset(&error, 0, sizeof error);
    return kfi_keys_verify(&f.keys, f.file, &(kfi_progress){ 0 }, &error);
}

#define TELLS(change, text) do { \
        forgery g = sound(); \
        change; \
        ck_assert_msg(verified(forge(&g)) == KF_CORRUPT && strstr(error.message, text), "%s: %s", #change, \
                      error.message); \
    } while (0)

START_TEST(verify_keys__lies)
{
    forgery whole = sound();
    ck_assert_msg(verified(forge(&whole)) == KF_OK, "%s", error.message);
    TELLS(g.count++, "header says");
    TELLS(g.longest++, "header says");
    TELLS(g.count = 2, "more keys than the header says");
    TELLS(g.count = 7, "more keys than the header says");
    TELLS(g.longest--, "too long");
    TELLS(g.root.big[0].smalls = 2, "sum of keys");
    TELLS(g.root.big[1].smalls = 4, "sum of keys");
    TELLS(g.root.big[0].sum = 4, "sum of keys");
    TELLS(g.root.bucket[1].sum = 4, "sum of keys");
    TELLS(g.root.bucket[1].label = 's', "first label");
    TELLS(g.root.big[0].label = 'a', "label twice");
    TELLS((g.root.big[0].label = 'z'), "labels are not in order");
    TELLS(g.small[1].entry[0].own = "s", "first label");
    TELLS((g.small[1].entry[0].own = "b", g.root.bucket[1].label = 'b'), "labels are not in order");
    TELLS(g.root.big[0].path = "\x80", "edge");
    TELLS(g.root.big[0].path = "nopqrstuv", "edge");
    TELLS(g.root.big[0].child = 1000, "wrong child");
    TELLS(g.root.big[0].child = (size_t)-KFI_KEYS_PARAMETERS, "wrong child");
    TELLS(g.small[1].final = 1, "wrong bucket");
    TELLS(g.shared.entry[1].own = "x", "not in order");
    TELLS(g.shared.entry[1].own = "\x7f", "label code");
    TELLS(g.shared.entry[1].own = "y\x80", "wrong code or is too long");
    TELLS(g.shared.entry[1].lcp = 2, "shares more");
    TELLS(g.shared.entry[0].lcp = 1, "out of range");
    TELLS((g.small[0].entry[0].jump = 1, g.small[0].slope = 2), "sum of keys is wrong");
    TELLS(g.small[0].entry[1].jump = 9, "leads nowhere");
    TELLS((g.shared.entry[1].jump = 1, g.shared.slope = 1), "contains itself");
    TELLS(g.indexes = FORGED_INDEXES, "overlap");
}
END_TEST

/* A node that several entries of the directory name: whichever claim is too much, that of its own bytes too. */
START_TEST(verify_keys__nodes_overlap)
{
    for (size_t pad = 0; pad < 100; pad++) {
        forgery g = sound();
        g.pad = pad;
        ck_assert_int_eq(forge(&g), KF_OK);
        for (unsigned i = 1; i < FORGED_INDEXES; i++) forged_point(&f, i, 0, f.parameters.root);
        ck_assert_int_eq(verified(forged_open(&f, f.parameters.root, g.longest, g.count)), KF_CORRUPT);
        ck_assert_str_eq(strstr(error.message, "containers") ? "containers" : error.message, "containers");
    }
}
END_TEST

/* What no jump names is looked at too. */
START_TEST(verify_keys__without_a_reference)
{
    for (unsigned end = 0; end < 3; end++) {
        forgery g = sound();
        ck_assert_int_eq(forge(&g), KF_OK);
        forged_point(&f, 1, 0, end == 0 ? KFI_KEYS_PARAMETERS : end == 1 ? f.tree_size : f.tree_size - 1);
        const kf_status status = verified(forged_open(&f, f.parameters.root, g.longest, g.count));
        ck_assert_int_eq(status, end ? KF_CORRUPT : KF_OK);
        if (end) ck_assert_ptr_nonnull(strstr(error.message, end == 1 ? "entry 1 is out of range" : "a bucket has"));
    }
    forgery g = sound();
    ck_assert_int_eq(forge(&g), KF_OK);
    f.parameters.directory_width = 1;
    f.parameters.directory_count = f.shared_size + 1;
    ck_assert_int_eq(verified(forged_open(&f, f.parameters.root, g.longest, g.count)), KF_CORRUPT);
    ck_assert_ptr_nonnull(strstr(error.message, "more shared containers than room"));
}
END_TEST

/* axyz and, of the same container, bcxyz, where all keys have four bytes. */
START_TEST(verify_keys__fixed_length)
{
    const forged_bucket xyz = { 1, { { 0, "xyz", 0 } }, .final = 0 };
    for (unsigned way = 0; way < 3; way++) {
        const forged_bucket root = { 2, { { 0, "a", 1 }, { 0, way ? "b" : "bc", 1 } }, .final = way == 2 };
        forged_begin(&f);
        f.parameters.fixed_length = 4;
        const size_t shared = forged_bucket_put(&f, 1, &xyz), at = forged_bucket_put(&f, 0, &root);
        forged_point(&f, 0, 1, shared);
        ck_assert_int_eq(verified(forged_open(&f, at, way ? 4 : 5, 2 + root.final)), way == 1 ? KF_OK : KF_CORRUPT);
        if (way != 1) ck_assert_ptr_nonnull(strstr(error.message, way ? "not as long as all" : "between depths"));
    }
}
END_TEST

static kf_status stop(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *told)
{
    ck_assert(phase == KF_PHASE_VERIFY && !total && done);
    return --*(int *)context ? KF_OK : kfi_cancelled(told);
}

START_TEST(verify_keys__cancelled)
{
    forgery g = sound();
    ck_assert_int_eq(forge(&g), KF_OK);
    for (int calls = 1; ; calls++) {
        int left = calls;
        kfi_progress progress = { .tell = stop, .context = &left, .phase = KF_PHASE_VERIFY, .step = 1 };
        const kf_status status = kfi_keys_verify(&f.keys, f.file, &progress, &error);
        ck_assert_int_eq(status, left ? KF_OK : KF_CANCELLED);
        if (!status) break;
        ck_assert_int_lt(calls, 20);
    }
}
END_TEST

/* ---- endings -------------------------------------------------------------------------------------- */

/* Of index 0, a final bucket: nothing, ab, c* (jump to d, eeeeee: longest ceeeeee). */
typedef struct endings {
    forged_bucket first, second;
    const char *string[6];
    uint32_t head;                 /* of the entry */
    unsigned wide;
    int node, character;           /* the second is a node; character mode */
} endings;

enum { HEAD_COUNT = 4 };

static kf_status endings_verified(endings *e)
{
    forged_node node = { .buckets = 1, .bucket = { { .bucket = &e->second } } };
    const forged_bucket root = { 1, { { 0, "r", 1 } }, .slope = 0 };
    forged_begin(&f);
    const size_t first = forged_bucket_put(&f, 1, &e->first);
    const size_t second = e->node ? forged_node_put(&f, &node) : forged_bucket_put(&f, 1, &e->second);
    const size_t at = forged_bucket_put(&f, 0, &root);
    forged_endings(&f, e->head, e->string, e->wide ? 16 : 8);
    forged_point(&f, 1, !e->node, second);
    forged_point(&f, 0, 1, first);
    if (e->character) f.parameters.character_bits = 4;
    ck_assert_int_eq(forged_open(&f, at, 30, 4), KF_OK);
    memset(&error, 0, sizeof error);
    return kfi_endings_verify(&f.keys, f.file, &error);
}

static endings right_endings(unsigned wide)
{
    return (endings){ .first = { 2, { { 0, "ab", 0 }, { 0, "c", 2 } }, .final = 1, .slope = 1 },
                      .second = { 2, { { 0, "d", 0 }, { 0, "eeeeee", 0 } }, .final = 0 },
                      .string = { "", "ab", "cd", "ceeeeee" }, .head = HEAD_COUNT | wide << 6, .wide = wide };
}

#define WRONG(change) do { \
        for (unsigned wide = 0; wide < 2; wide++) { \
            endings e = right_endings(wide); \
            change; \
            ck_assert_msg(endings_verified(&e) == KF_CORRUPT && strstr(error.message, "endings"), "%s: %s", #change, \
                          error.message); \
        } \
    } while (0)

START_TEST(verify_endings__lies)
{
    for (unsigned wide = 0; wide < 2; wide++) {
        endings e = right_endings(wide);
        ck_assert_int_eq(endings_verified(&e), KF_OK);
        e.head = 0;                                        /* nothing is said */
        ck_assert_int_eq(endings_verified(&e), KF_OK);
    }
    WRONG(e.head--);                                       /* fewer, */
    WRONG((e.head++, e.string[4] = "f"));                  /* more, */
    WRONG((e.head |= 1 << 7));                             /* others, */
    WRONG(e.head |= 33);                                   /* too many */
    WRONG(e.string[1] = "aB");
    WRONG(e.first.final = 0);
    WRONG((e.second.entry[1].own = "eeeeeeeeeeeeeee"));    /* longer than a record, */
    WRONG((e.second.entry[1].own = "eeeeee\x80"));         /* no text at all */
    WRONG((e.first.entry[1].own = "cccccccccccccccc"));
    WRONG(e.first.entry[1].jump = 9);
    WRONG(e.node = 1);
    WRONG(e.second.entry[0].lcp = 1);
    WRONG(e.character = 1);
    endings e = right_endings(0);                          /* eight bytes in a narrow record */
    e.second.entry[1].own = "eeeeeee";
    ck_assert_int_eq(endings_verified(&e), KF_CORRUPT);
    e = right_endings(1);                                  /* a container in itself */
    e.second.entry[1].jump = 2;
    e.second.entry[1].own = "e";
    ck_assert_int_eq(endings_verified(&e), KF_CORRUPT);
}
END_TEST

/* ---- the table of first nodes ---------------------------------------------------------------------- */

/* A table of one position: the byte m has class 1, all others 0. Cells: the root; what mno leads to. */
static kf_status top_verified(unsigned positions, uint32_t stride, uint8_t class, unsigned depth, uint64_t position,
                              uint8_t root_kind)
{
    forgery g = sound();
    forge(&g);
    uint8_t *p = f.top;
    p[0] = (uint8_t)positions;
    p[1] = 4;
    p[2] = 1;
    kfi_store32(p + 4, 2);
    p += 8;
    for (unsigned i = 0; i < positions; i++, p += 4) kfi_store32(p, i + 1 == positions ? stride : 1);
    p['m'] = 1;
    p['n'] = class;
    p += 256 * positions;
    const size_t root = f.parameters.root;
    kfi_store32(p + 1, (uint32_t)root);
    p[6] = (uint8_t)depth;
    kfi_store32(p + 7, (uint32_t)position);
    p[11] = 3;
    f.top_size = (size_t)(p + 12 - f.top);
    f.parameters.root_kind = root_kind;
    ck_assert_int_eq(forged_open(&f, root, 5, 11), KF_OK);
    memset(&error, 0, sizeof error);
    return kfi_top_verify(&f.keys, f.file, &error);
}

START_TEST(verify_top__lies)
{
    static const struct {
        uint32_t stride;
        uint8_t class;
        unsigned depth;
        uint8_t root_kind;
        const char *text;
    } lies[] = {
        { 1, 0, 0, KFI_ROOT_EMPTY_KEY, "without a tree" },
        { 1, 1, 0, KFI_ROOT_CONTAINER, "share a class" },
        { 2, 0, 0, KFI_ROOT_CONTAINER, "strides" },
        { 0, 0, 0, KFI_ROOT_CONTAINER, "strides" },
        { 1, 0, 1, KFI_ROOT_CONTAINER, "wrong node" },
        { 1, 0, 0, KFI_ROOT_CONTAINER, "wrong node" },
    };
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        const kf_status status = top_verified(1, lies[i].stride, lies[i].class, lies[i].depth, 512, lies[i].root_kind);
        ck_assert_msg(status == KF_CORRUPT && strstr(error.message, lies[i].text), "%u: %s", i, error.message);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verify_keys");
    TCase *t = tcase_create("verify_keys");
    tcase_add_test(t, verify_keys__lies);
    tcase_add_test(t, verify_keys__nodes_overlap);
    tcase_add_test(t, verify_keys__without_a_reference);
    tcase_add_test(t, verify_keys__fixed_length);
    tcase_add_test(t, verify_keys__cancelled);
    tcase_add_test(t, verify_endings__lies);
    tcase_add_test(t, verify_top__lies);
    suite_add_tcase(s, t);
    return suite_run(s);
}
