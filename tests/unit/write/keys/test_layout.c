/* The layout of automata made by hand: what it gives to its sink, put together again, must be the automaton's keys,
 * whatever the sink decides about the states that have several parents. */
#include "scratch.h"
#include "suite.h"
#include "chain.h"
#include "chain_shapes.h"

#include "write/keys/layout.h"

enum { KEYS_MOST = 3000, NODES = 2000 };

static void set_up(void) { scratch_open(); }
static void tear_down(void) { scratch_close(); }

/* ---- lists of words: 2 bytes of size, then the word ----------------------------------------------- */

typedef struct words { kfi_array bytes; uint64_t count; } words;

static void add_word(words *to, const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    uint8_t size[2];
    kfi_store16(size, (uint16_t)(a_size + b_size));
    ck_assert_int_eq(kfi_array_append(&to->bytes, size, 2, NULL), KF_OK);
    if (a_size) ck_assert_int_eq(kfi_array_append(&to->bytes, a, a_size, NULL), KF_OK);
    if (b_size) ck_assert_int_eq(kfi_array_append(&to->bytes, b, b_size, NULL), KF_OK);
    to->count++;
}

/* Each word of `from` behind a prefix. */
static void add_words(words *to, const uint8_t *prefix, size_t size, const words *from)
{
    for (const uint8_t *p = from->bytes.data; from->count && p < from->bytes.data + from->bytes.size;) {
        add_word(to, prefix, size, p + 2, kfi_load16(p));
        p += 2 + kfi_load16(p);
    }
}

/* ---- the sink ------------------------------------------------------------------------------------- */

static struct {
    kfi_shared_table table;
    words node[NODES], stored[CHAIN_STATES], root;
    unsigned nodes, roots, reports;
    unsigned stores;          /* of the small states that ask: none, all, or any */
    uint64_t cancel_at;
} now;

static void expand(const kfi_laid_state *s, words *out)
{
    uint8_t last[CHAIN_KEY];
    uint32_t e = 0, b = 0;
    uint64_t keys = (uint64_t)s->final;
    if (s->final) add_word(out, NULL, 0, NULL, 0);
    while (e < s->entry_count || b < s->big_count) {
        const kfi_big_edge *big = b < s->big_count ? &s->bigs[b] : NULL;
        const kfi_bucket_entry *entry = e < s->entry_count ? &s->entries[e] : NULL;
        if (big && (!entry || (!entry->lcp && s->text[entry->offset] > big->label))) {
            uint8_t label[CHAIN_LABEL] = { big->label };
            memcpy(label + 1, s->text + big->path, big->path_size);
            ck_assert_uint_lt(big->address, now.nodes);
            ck_assert_uint_eq(big->keys, now.node[big->address].count);
            add_words(out, label, big->path_size + 1, &now.node[big->address]);
            keys += big->keys;
            b++;
            continue;
        }
        memcpy(last + entry->lcp, s->text + entry->offset, entry->size);
        if (entry->jump == KFI_NO_JUMP) {
            ck_assert_uint_eq(entry->keys, 1);
            add_word(out, last, entry->lcp + entry->size, NULL, 0);
        } else {
            ck_assert_uint_eq(entry->keys, now.stored[entry->jump].count);
            add_words(out, last, entry->lcp + entry->size, &now.stored[entry->jump]);
        }
        keys += entry->keys;
        e++;
    }
    ck_assert_uint_eq(keys, s->keys);
    ck_assert_uint_eq(out->count, s->keys);
}

static int is_small(const kfi_laid_state *s)
{
    return !s->big_count && s->entry_count + (unsigned)s->final <= KFI_BUCKET_ENTRIES;
}

static kf_status take_node(void *context, const kfi_laid_state *s, kfi_shared_state *shared, uint64_t *address,
                           kf_error *error)
{
    (void)context, (void)error;
    ck_assert(!is_small(s));
    ck_assert_uint_lt(now.nodes, NODES);
    *address = now.nodes;
    expand(s, &now.node[now.nodes]);
    if (shared) expand(s, &now.stored[shared - now.table.states]);
    now.root = now.node[now.nodes++];   /* the root comes last */
    return KF_OK;
}

static kf_status take_small(void *context, const kfi_laid_state *s, kfi_shared_state *shared, kf_error *error)
{
    (void)context, (void)error;
    ck_assert(is_small(s));
    ck_assert_ptr_nonnull(shared);
    shared->stored = now.stores == 1 || (now.stores == 2 && chain_draw(2));
    if (shared->stored) expand(s, &now.stored[shared - now.table.states]);
    return KF_OK;
}

static kf_status take_small_root(void *context, const kfi_laid_state *s, kf_error *error)
{
    (void)context, (void)error;
    ck_assert(is_small(s));
    memset(&now.root, 0, sizeof now.root);
    expand(s, &now.root);
    now.roots++;
    return KF_OK;
}

static kf_status tell(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    (void)context;
    ck_assert_int_eq(phase, KF_PHASE_LAYOUT);
    ck_assert_uint_le(done, total);
    ck_assert_uint_eq(done, ++now.reports);
    return done == now.cancel_at ? kfi_cancelled(error) : KF_OK;
}

/* ---- running it ----------------------------------------------------------------------------------- */

static kf_status lay_out(chain *c)
{
    kfi_progress progress = { tell, NULL, KF_PHASE_LAYOUT, 0, 1, 0 };
    const kfi_layout_sink sink = { NULL, take_node, take_small, take_small_root, &progress };
    c->records = c->references = 0;
    for (int i = 0; i < c->states; i++) c->state[i].id = UINT64_MAX;
    for (size_t i = 0; i < c->edges; i++) c->edge[i].fresh = 0;
    now.nodes = now.roots = now.reports = 0;
    ck_assert_int_eq(kfi_spool_create(&c->stream, scratch, 1 << 12, NULL, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_create(&c->reference, scratch, 1 << 12, NULL, NULL), KF_OK);
    if (c->states) ck_assert_int_eq(chain_emit(c, c->states - 1, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_finish(c->stream, NULL), KF_OK);
    ck_assert_int_eq(kfi_spool_finish(c->reference, NULL), KF_OK);
    kfi_automaton a = { .states = c->stream, .references = c->reference, .state_count = c->records,
                        .reference_count = c->references };
    progress.total = c->records;
    ck_assert_int_eq(kfi_shared_table_create(&now.table, &a, 1 << 16, NULL), KF_OK);
    kf_status status = kfi_layout_run(&a, &now.table, &sink, NULL);
    kfi_shared_table_free(&now.table);
    kfi_automaton_destroy(&a);
    c->stream = c->reference = NULL;
    return status;
}

static void free_words(void)
{
    if (now.roots) kfi_array_free(&now.root.bytes);
    for (unsigned i = 0; i < NODES; i++) kfi_array_free(&now.node[i].bytes);
    for (unsigned i = 0; i < CHAIN_STATES; i++) kfi_array_free(&now.stored[i].bytes);
    memset(now.node, 0, sizeof now.node);
    memset(now.stored, 0, sizeof now.stored);
}

/* The keys that come out are the chain's, with each way to decide about shared states. */
static void check(chain *c)
{
    for (now.stores = 0; now.stores < 3; now.stores++) {
        uint8_t key[CHAIN_KEY];
        ck_assert_int_eq(lay_out(c), KF_OK);
        ck_assert_uint_eq(now.reports, c->records);
        ck_assert_uint_eq(now.root.count, chain_root(c)->keys);
        const uint8_t *p = now.root.bytes.data;
        for (uint64_t i = 0; i < now.root.count; i++, p += 2 + kfi_load16(p)) {
            size_t size = chain_key(c, i, key);
            ck_assert(kfi_load16(p) == size && !memcmp(p + 2, key, size));
        }
        free_words();
    }
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static chain made;

START_TEST(layout__small_roots)
{
    chain_state_new(&made, 1);                      /* the empty key alone */
    check(&made);
    ck_assert_uint_eq(now.roots, 1);
    chain_free(&made);
    chain_state_new(&made, 0);
    chain_edge_new(&made, "one key", 7, CHAIN_SINK);
    check(&made);
    chain_free(&made);
    chain_uniform(&made, 'a', KFI_BUCKET_ENTRIES, 1, 0);   /* as many as there is room for */
    check(&made);
    ck_assert_uint_eq(now.nodes, 0);
    chain_free(&made);
}
END_TEST

START_TEST(layout__nodes)
{
    chain_uniform(&made, 1, KFI_BUCKET_ENTRIES, 1, 1);     /* one too many */
    check(&made);
    ck_assert_uint_eq(now.nodes, 1);
    ck_assert_uint_eq(now.roots, 0);
    chain_free(&made);
    chain_uniform(&made, 'a', 100, 2, 0);                   /* a node that a hundred edges lead to */
    check(&made);
    ck_assert_uint_eq(now.nodes, 2);
    chain_free(&made);
}
END_TEST

/* A state that two edges lead to, below states that stay small. */
START_TEST(layout__shared_states)
{
    chain_uniform(&made, 'a', 3, 1, 1);
    chain_state_new(&made, 0);
    chain_edge_new(&made, "x", 1, 0);
    chain_edge_new(&made, "yy", 2, CHAIN_SINK);
    chain_state_new(&made, 1);
    chain_edge_new(&made, "left", 4, 0);
    chain_edge_new(&made, "right", 5, 1);
    chain_edge_new(&made, "straight", 8, 1);
    check(&made);
    chain_free(&made);
}
END_TEST

/* Any states over earlier ones, as long as they have not too many keys. */
static void make_any(uint64_t seed)
{
    chain_draws = seed << 32;
    for (unsigned n = 2 + (unsigned)chain_draw(30); n--;) {
        chain_state_new(&made, chain_draw(3) == 0);
        unsigned edges = chain_draw(6) ? 1 + (unsigned)chain_draw(5) : 1 + (unsigned)chain_draw(90);
        for (unsigned i = 0; i < edges; i++) {
            uint8_t label[4] = { (uint8_t)(i * 2 + chain_draw(2)), (uint8_t)chain_draw(256), 0, 255 };
            int to = made.states > 1 && chain_draw(3) ? made.states - 2 - (int)chain_draw((uint64_t)made.states - 1)
                                                      : CHAIN_SINK;
            if (to > CHAIN_SINK && chain_draw(2)) to = made.states - 2;
            if (to > CHAIN_SINK && made.state[made.states - 1].keys + made.state[to].keys > KEYS_MOST) to = CHAIN_SINK;
            chain_edge_new(&made, label, 1 + chain_draw(4), to);
        }
    }
}

START_TEST(layout__any)
{
    FOR_SEEDS(seed, 25 * scale_of_run()) {
        make_any(seed);
        check(&made);
        chain_free(&made);
    }
}
END_TEST

START_TEST(layout__cancelled)
{
    make_any(5);
    ck_assert_int_eq(lay_out(&made), KF_OK);
    const unsigned records = now.reports;
    for (now.cancel_at = 1; now.cancel_at <= records; now.cancel_at++) {
        free_words();
        ck_assert_int_eq(lay_out(&made), KF_CANCELLED);
        ck_assert_uint_eq(now.reports, now.cancel_at);
    }
    free_words();
    chain_free(&made);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layout");
    TCase *t = tcase_create("layout");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, layout__small_roots);
    tcase_add_test(t, layout__nodes);
    tcase_add_test(t, layout__shared_states);
    tcase_add_test(t, layout__any);
    tcase_add_test(t, layout__cancelled);
    suite_add_tcase(s, t);
    return suite_run(s);
}
