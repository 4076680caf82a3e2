/* Nodes: every one of dictionaries of hard shapes against the keys below it, and their bounds on bytes that lie. */
#include "containers.h"
#include "suite.h"

static size_t nodes, paths, mixed;

/* The first of the container's keys that `rank` keys, its own not counted, come before: what holds it. */
static void check_select(const container *c, const kfi_node *n, size_t rank)
{
    kfi_node_pick pick = { 0 };
    const size_t i = rank + (size_t)n->final;
    const uint8_t label = key_of(c, i).data[c->depth];
    EXPECT(kfi_node_select(n, rank, &pick), i);
    size_t before = 0, small = 0;   /* keys with a lower label; of them and those up to this one, in buckets */
    for (size_t k = (size_t)n->final; k < i; k++) {
        const uint8_t other = key_of(c, k).data[c->depth];
        const unsigned big = kfi_node_bigs_below(n, other);
        before += other < label;
        small += big == n->bigs || n->big_label[big] != other;
    }
    const unsigned big = kfi_node_bigs_below(n, label);
    const int is_big = big < n->bigs && n->big_label[big] == label;
    EXPECT(pick.is_big == is_big && pick.big == big, i);
    if (is_big) {
        EXPECT(pick.before == before, i);
        return;
    }
    EXPECT(kfi_node_buckets_before(n, pick.bucket) <= small, i);
    if (pick.bucket + 1 < n->buckets) EXPECT(kfi_node_buckets_before(n, pick.bucket + 1) > small, i);
    EXPECT(pick.bucket == kfi_node_bucket_of(n, label), i);
    EXPECT(rank - pick.before == small - kfi_node_buckets_before(n, pick.bucket), i);
}

static void check_labels(const kfi_node *n)
{
    for (unsigned label = 0; label <= 256; label++) {
        unsigned bigs = 0, bucket = 0;
        while (bigs < n->bigs && n->big_label[bigs] < label) bigs++;
        EXPECT(kfi_node_bigs_below(n, label) == bigs, label);
        if (label == 256) break;
        while (bucket + 1 < n->buckets && n->bucket_label[bucket] <= label) bucket++;
        EXPECT(kfi_node_bucket_of(n, (uint8_t)label) == bucket, label);
    }
}

static void check_edges(const container *c, const kfi_node *n)
{
    uint8_t *text = malloc(keys->longest_key + 2 * KFI_TOKEN_MAX);
    for (unsigned i = 0; i < n->bigs; i++) {
        kfi_place child;
        const uint8_t *bits;
        uint64_t codes;
        size_t k = (size_t)n->final, under = 0;
        uint8_t *end = kfi_node_edge_append(keys, n, i, text, text + (keys->longest_key - c->depth));
        EXPECT(end && end > text && text[0] == n->big_label[i], i);
        const size_t size = (size_t)(end - text);
        while (key_of(c, k).data[c->depth] < text[0]) k++;
        EXPECT(kfi_node_bigs_before(n, i) + kfi_node_smalls_before(n, i) == k - (size_t)n->final, i);
        for (; k < c->count && key_of(c, k).data[c->depth] == text[0]; k++, under++)
            EXPECT(key_of(c, k).size >= c->depth + size && !memcmp(key_of(c, k).data + c->depth, text, size), k);
        EXPECT(kfi_node_bigs_before(n, i + 1) - kfi_node_bigs_before(n, i) == under && under, i);
        EXPECT(kfi_node_edge_codes(keys, n, i, &bits, &codes) && (codes > 0) == (size > 1), i);
        paths += codes > 0;
        EXPECT(kfi_node_follow(keys, n, i, text, end, &child) == end && child.at < n->at, i);
        EXPECT(!kfi_node_follow(keys, n, i, text, end - 1, &child), i);
    }
    free(text);
}

static void check_node(const container *c)
{
    kfi_node n = { 0 };
    if (!kfi_is_node(c->place.at)) return;
    EXPECT(kfi_node_open(keys, &n, c->place), c->depth);
    EXPECT(n.final == (key_of(c, 0).size == c->depth), c->depth);
    nodes++;
    mixed += n.bigs && n.buckets;
    check_labels(&n);
    check_edges(c, &n);
    const size_t ranks = c->count - (size_t)n.final;
    for (size_t rank = 0; rank < ranks; rank += 1 + ranks / 60) check_select(c, &n, rank);
    check_select(c, &n, ranks - 1);
    /* It ends where its buckets begin, or where its section does: not before. */
    const size_t size = (size_t)(n.first_bucket - n.at);
    for (size_t less = 1; less <= size && less < 30; less++)
        EXPECT(!kfi_node_parse(&n, (kfi_place){ c->place.at, c->place.at + (size - less) }), less);
    EXPECT(!kfi_node_open(keys, &n, (kfi_place){ c->place.at, c->place.end - 1 }), size);
}

START_TEST(node__all)
{
    static const unsigned with_nodes[] = { 3, 4, 5, 11, 18, 19 };
    nodes = paths = mixed = 0;
    for (uint64_t seed = 0; seed < 3; seed++) {
        open_shape(with_nodes[_i], seed);
        visit_all(check_node);
        close_shape();
    }
    ck_assert_uint_gt(nodes, 0);
    if (with_nodes[_i] == 18) {
        ck_assert_uint_gt(paths, 0);
        ck_assert_uint_gt(mixed, 0);
    }
}
END_TEST

/* A node of two child nodes and two buckets, by hand: records of small 1, offset 1, sum 1; no paths. */
enum { AT = 600, SIZE = 700 };
static uint8_t tree[SIZE + KFI_TAIL_PAD];

static const uint8_t by_hand[] = {
    0xc0, 0x08, 2, 2, 0,  'b', 'd',  'c',
    1, 20, 5,  3, 10, 12,         /* one key below b; child 20 bytes back, of 5 keys; 3 below d; 10 back, of 7 */
    2, 30                         /* bucket 0 has 2 keys, bucket 1 begins 30 bytes on */
};

static kfi_node parsed(kfi_keys *k)
{
    kfi_node n = { 0 };
    *k = (kfi_keys){ .tree = tree, .tree_size = SIZE, .longest_key = 10, .count = 20 };
    memcpy(tree + AT, by_hand, sizeof by_hand);
    ck_assert(kfi_node_open(k, &n, (kfi_place){ tree + AT, tree + SIZE }));
    return n;
}

START_TEST(node__by_hand)
{
    kfi_keys k;
    kfi_place place;
    kfi_node_pick pick;
    kfi_node n = parsed(&k), other;
    ck_assert_int_eq(n.final, 1);
    ck_assert_uint_eq(n.bigs, 2);
    ck_assert_uint_eq(n.buckets, 2);
    ck_assert_ptr_eq(n.first_bucket, tree + AT + sizeof by_hand);
    ck_assert(kfi_node_child(&k, &n, 0, &place) && place.at == tree + AT - 20);
    ck_assert(kfi_node_child(&k, &n, 1, &place) && place.at == tree + AT - 10);
    ck_assert(kfi_node_bucket(&n, 1, &place) && place.at == n.first_bucket + 30);
    /* Ranks: a (bucket 0), b of 5, one c... (bucket 1 from smalls 2 on), d of 7, what is above. */
    static const struct { uint8_t rank, is_big, which; uint8_t before; } picks[] = {
        { 0, 0, 0, 0 }, { 1, 1, 0, 1 }, { 5, 1, 0, 1 }, { 6, 0, 0, 5 }, { 7, 0, 1, 7 }, { 8, 1, 1, 8 },
        { 14, 1, 1, 8 }, { 15, 0, 1, 14 }, { 19, 0, 1, 14 },
    };
    for (size_t i = 0; i < sizeof picks / sizeof *picks; i++) {
        ck_assert(kfi_node_select(&n, picks[i].rank, &pick));
        ck_assert_int_eq(pick.is_big, picks[i].is_big);
        ck_assert_uint_eq(pick.is_big ? pick.big : pick.bucket, picks[i].which);
        ck_assert_uint_eq(pick.before, picks[i].before);
    }
    /* What leads out of bounds is refused. */
    tree[AT + 9] = 0;    /* the node itself as its child */
    ck_assert(!kfi_node_child(&k, &n, 0, &place));
    k.tree = tree + AT - 9;
    ck_assert(!kfi_node_child(&k, &n, 1, &place));
    n = parsed(&k);
    tree[AT + 15] = (uint8_t)(SIZE - AT - sizeof by_hand);
    ck_assert(!kfi_node_bucket(&n, 1, &place));
    tree[AT + 15]--;
    ck_assert(kfi_node_bucket(&n, 1, &place));
    place.at = NULL;
    tree[SIZE - 1] = 0x80;   /* a node where a bucket should be, a final bucket */
    ck_assert(!kfi_node_bucket_checked(&n, 1, &place));
    tree[SIZE - 1] = 0x40;
    ck_assert(!kfi_node_bucket_checked(&n, 1, &place));
    tree[SIZE - 1] = 0;
    ck_assert(kfi_node_bucket_checked(&n, 1, &place));
    n = parsed(&k);
    tree[AT + 1] = 9 << 3;   /* sums of nine bytes */
    ck_assert(!kfi_node_open(&k, &other, (kfi_place){ tree + AT, tree + SIZE }));
    n = parsed(&k);
    tree[AT + 2] = tree[AT + 3] = 0;   /* neither child nodes nor buckets */
    ck_assert(kfi_node_parse(&other, (kfi_place){ tree + AT, tree + SIZE }));
    ck_assert(!kfi_node_open(&k, &other, (kfi_place){ tree + AT, tree + SIZE }));
    ck_assert(!kfi_node_select(&other, 0, &pick));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("node");
    TCase *t = tcase_create("node");
    tcase_add_unchecked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, node__all, 0, 6);
    tcase_add_test(t, node__by_hand);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
