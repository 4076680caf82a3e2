/* The table by first bytes against the tree of nodes that it was made of: a cell must name a node that the bytes lead
 * to, with the keys before it, and no deeper one must be within the table's positions. */
#include "base/bits.h"
#include "random.h"
#include "suite.h"
#include "write/keys/top_writer.h"

enum { NODES = 300, EDGES = 12, PATH = 20, TEXT = 64 };

typedef struct edge { unsigned to; uint8_t label[PATH]; size_t size; uint64_t before; } edge;
typedef struct node { edge edge[EDGES]; unsigned edges; uint64_t address, keys; } node;

static node nodes[NODES];
static unsigned count;

/* ---- making a tree, the root last ----------------------------------------------------------------- */

/* A state of some entries and edges to nodes that nobody has claimed yet: those from `free` on. */
static void add_node(kfi_top_builder *top, unsigned *unclaimed, unsigned edges, unsigned bytes, uint64_t weight)
{
    uint8_t text[EDGES * PATH + 256];
    kfi_bucket_entry entries[256];
    kfi_big_edge bigs[EDGES];
    node *n = &nodes[count];
    kfi_laid_state s = { .entries = entries, .bigs = bigs, .text = text, .final = (int)random_below(2) };
    uint64_t before = (uint64_t)s.final;
    size_t used = 0;
    *n = (node){ .address = count ? nodes[count - 1].address + 1 + random_below(1000) : random_below(5) };
    for (unsigned byte = 0; byte < bytes; byte++) {
        if (n->edges < edges && random_below(bytes - byte) < edges - n->edges) {
            edge *e = &n->edge[n->edges];
            *e = (edge){ .to = (*unclaimed)++, .label = { (uint8_t)(byte * 3) }, .size = 1, .before = before };
            while (e->size < PATH && random_below(3) == 0) e->label[e->size++] = (uint8_t)(3 * random_below(3));
            bigs[n->edges++] = (kfi_big_edge){ nodes[e->to].keys, nodes[e->to].address, used, (uint32_t)e->size - 1,
                                               e->label[0] };
            memcpy(text + used, e->label + 1, e->size - 1);
            used += e->size - 1;
            before += nodes[e->to].keys;
            s.big_count = n->edges;
        } else if (random_below(3)) {
            for (unsigned k = 0; k <= random_below(2); k++, s.entry_count++) {   /* of one label: lcp parts them */
                entries[s.entry_count] = (kfi_bucket_entry){ 1 + random_below(weight), KFI_NO_JUMP, used, 1, k };
                text[used++] = (uint8_t)(k ? random_below(2) : byte * 3);
                before += entries[s.entry_count].keys;
            }
        }
    }
    n->keys = s.keys = before;
    HOLDS(kfi_top_builder_add(top, &s, n->address, NULL) == KF_OK);
    count++;
}

static kfi_top_builder *make_tree(uint64_t keys, uint64_t weight)
{
    kfi_top_builder *top = NULL;
    unsigned unclaimed = 0, wanted = 1 + (unsigned)random_below(NODES - 1), bytes = 1 + (unsigned)random_below(40);
    ck_assert_int_eq(kfi_top_builder_create(&top, keys, NULL), KF_OK);
    count = 0;
    while (count < wanted || count - unclaimed > 1) {
        unsigned left = count - unclaimed, most = left < EDGES ? left : EDGES, edges = 0;
        if (count + 1 >= wanted) edges = most;
        else if (most && random_below(2)) edges = 1 + (unsigned)random_below(most);
        add_node(top, &unclaimed, edges < bytes ? edges : bytes, bytes, weight);
        if (count == NODES || (bytes == 1 && count >= wanted)) break;
    }
    return top;
}

/* ---- looking up ----------------------------------------------------------------------------------- */

static kfi_array section;

typedef struct place { uint64_t depth, address, rank; } place;

/* As FORMAT.md 4.9 says. */
static unsigned positions(void) { return section.size ? section.data[0] : 0; }

static place look_up(const uint8_t *text)
{
    const uint8_t *p = section.data, *stride = p + 8, *class = stride + 4 * p[0], *cells = class + 256 * p[0];
    uint64_t cell = 0;
    for (unsigned i = 0; i < p[0]; i++) cell += (uint64_t)class[256 * i + text[i]] * kfi_load32(stride + 4 * i);
    HOLDS(cell < kfi_load32(p + 4));
    p = cells + cell * (1u + p[1] + p[2]);
    uint8_t bytes[8] = { 0 };
    memcpy(bytes, p + 1, section.data[1]);
    place found = { p[0], kfi_load64(bytes), 0 };
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, p + 1 + section.data[1], section.data[2]);
    found.rank = kfi_load64(bytes);
    return found;
}

/* The deepest node that at most so many bytes of the text lead to. */
static place descend(const uint8_t *text, uint64_t most)
{
    const node *n = &nodes[count - 1];
    place at = { 0, n->address, 0 };
    for (unsigned i = 0; i < n->edges;) {
        const edge *e = &n->edge[i];
        if (at.depth + e->size > most || memcmp(text + at.depth, e->label, e->size)) {
            i++;
            continue;
        }
        at = (place){ at.depth + e->size, nodes[e->to].address, at.rank + e->before };
        n = &nodes[e->to];
        i = 0;
    }
    return at;
}

static void check(kfi_top_builder *top, uint64_t limit)
{
    section.size = 0;
    HOLDS(kfi_top_builder_write(top, limit, &section, NULL) == KF_OK);
    if (!section.size) return;
    const unsigned many = positions();
    const uint64_t cells = kfi_load32(section.data + 4), width = 1u + section.data[1] + section.data[2];
    HOLDS(section.size == 8 + 4 * many + 256 * many + cells * width);
    HOLDS(256 * many + cells * width <= limit);
    for (unsigned n = 0; n < 300; n++) {
        uint8_t text[TEXT];
        uint64_t size = 0;
        /* Most texts follow edges; the rest is any. */
        for (unsigned at = count - 1; nodes[at].edges && random_below(8) && size + PATH < TEXT;) {
            const edge *e = &nodes[at].edge[random_below(nodes[at].edges)];
            memcpy(text + size, e->label, e->size);
            size += e->size;
            at = e->to;
        }
        for (; size < TEXT; size++) text[size] = (uint8_t)(random_below(4) ? 3 * random_below(40) : random_below(256));
        place found = look_up(text), want = descend(text, many);
        HOLDS(found.depth == want.depth);
        HOLDS(found.address == want.address);
        HOLDS(found.rank == want.rank);
    }
}

/* ---- tests ---------------------------------------------------------------------------------------- */

START_TEST(top__leads_to_the_deepest_node)
{
    unsigned tables = 0, deep = 0;
    FOR_SEEDS(seed, 300 * scale_of_run()) {
        random_state = seed << 40;
        kfi_top_builder *top = make_tree(1 << 10, 1);
        for (uint64_t limit = 100; limit < 1 << 20; limit *= 4) {
            check(top, limit);
            tables += section.size > 0;
            deep += positions() > 1;
        }
        kfi_top_builder_destroy(&top);
    }
    ck_assert_uint_gt(tables, 200);
    ck_assert_uint_gt(deep, 50);
    kfi_array_free(&section);
}
END_TEST

/* Nodes with too few keys below them are not kept: a search begins higher up then. */
START_TEST(top__leaves_small_nodes_out)
{
    const uint64_t least = 40;
    unsigned higher = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        random_state = seed << 40 | 1;
        kfi_top_builder *top = make_tree((least - 1) << 15, 1);
        if (nodes[count - 1].keys >= least)   /* the root, with all keys, always is kept */
            ck_assert_int_eq(kfi_top_builder_write(top, 1 << 16, &section, NULL), KF_OK);
        for (unsigned n = 0; n < 100 && section.size; n++) {
            uint8_t text[TEXT];
            for (size_t i = 0; i < TEXT; i++) text[i] = (uint8_t)(3 * random_below(4));
            place found = look_up(text), want = descend(text, found.depth);
            ck_assert_uint_eq(found.depth, want.depth);
            ck_assert_uint_eq(found.address, want.address);
            ck_assert_uint_eq(found.rank, want.rank);
            higher += descend(text, positions()).depth > found.depth;
        }
        section.size = 0;
        kfi_top_builder_destroy(&top);
    }
    ck_assert_uint_gt(higher, 0);
    kfi_array_free(&section);
}
END_TEST

START_TEST(top__of_nothing)
{
    kfi_top_builder *top = NULL;
    ck_assert_int_eq(kfi_top_builder_create(&top, 0, NULL), KF_OK);
    ck_assert_int_eq(kfi_top_builder_write(top, 1 << 20, &section, NULL), KF_OK);
    ck_assert_uint_eq(section.size, 0);
    kfi_top_builder_destroy(&top);
    ck_assert_ptr_null(top);
    kfi_top_builder_destroy(&top);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("top_writer");
    TCase *t = tcase_create("top_writer");
    tcase_add_test(t, top__leads_to_the_deepest_node);
    tcase_add_test(t, top__leaves_small_nodes_out);
    tcase_add_test(t, top__of_nothing);
    suite_add_tcase(s, t);
    return suite_run(s);
}
