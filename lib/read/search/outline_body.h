/* A bucket with its labels and lcps unpacked and nothing else decoded: what all look at who want some of its entries.
 * Compiled once for each instruction set behind search_body.h, whose bucket fields it uses. */
#include "read/keys/node_decode.h"

enum {
    GO_ON = -1                 /* a step that has not reached its end yet; the others give a kf_status */
};

typedef struct outline {
    kfi_vec labels, lcps;      /* labels as codes; wide lcps as indexes of their table */
    kfi_bucket view;
} outline;

/* 0 on damage. */
static int outline_read(outline *o, const kfi_keys *keys, kfi_place place)
{
    if (!kfi_bucket_parse(keys, &o->view, place)) return 0;
    o->labels = kfi_vec_unpack(o->view.labels, keys->parameters.label_bits, o->view.count);
    o->lcps = lcp_decode(&o->view).values;
    return 1;
}

static inline lcp_view outline_lcps(const outline *o) { return (lcp_view){ o->lcps, &o->view }; }

static inline uint64_t rank_of(const outline *o, unsigned entry) { return entry + extra_before(&o->view, entry); }

static inline int is_jump(const outline *o, unsigned entry) { return o->view.jumps.map >> entry & 1; }

static inline int lcp_of(const outline *o, unsigned entry, uint32_t *lcp)
{
    *lcp = ((const uint8_t *)&o->lcps)[entry];
    if (__builtin_expect(o->view.lcp_mode != KFI_LCP_WIDE, 1)) return 1;
    if (*lcp >= o->view.lcp_table_count) return 0;
    *lcp = kfi_load32(o->view.lcp_table + 4 * *lcp);
    return 1;
}

/* The label of an entry that has the escape. */
static __attribute__((noinline)) int escaped_label(const kfi_keys *keys, const outline *o, unsigned entry, size_t depth)
{
    uint64_t bit, count;
    uint8_t text[4 * KFI_TOKEN_MAX] = { 0 };
    if (!tail_codes(keys, &o->view, o->lcps, depth, entry, &bit, &count) || !count) return -1;
    if (!kfi_codes_append(keys, o->view.bits, bit, 1, KFI_TOKEN_FIRST_ROW, text, text + KFI_TOKEN_MAX)) return -1;
    return text[0];
}

/* The byte of label `entry`; -1 on damage. `depth` is the container's. */
static inline int label_of(const kfi_keys *keys, const outline *o, unsigned entry, size_t depth)
{
    const uint8_t code = ((const uint8_t *)&o->labels)[entry];
    if (__builtin_expect(code == kfi_escape_code(&keys->parameters), 0)) return escaped_label(keys, o, entry, depth);
    return keys->label_of[code];
}

/* The first run of entries from entry `from` on whose label is at least `label` (0 to 256), and its label; the
 * number of entries if there is none, -1 on damage. A run begins where lcp is 0. */
static int run_from(const kfi_keys *keys, const outline *o, unsigned from, unsigned label, size_t depth, int *found)
{
    const lcp_view lcps = outline_lcps(o);
    if (label > 255) return (int)o->view.count;
    uint64_t runs = lcps_equal(&lcps, 0) & kfi_bucket_all(&o->view);
    runs &= from < 64 ? ~0ull << from : 0;
    for (; runs; runs &= runs - 1) {
        int run = __builtin_ctzll(runs);
        *found = label_of(keys, o, (unsigned)run, depth);
        if (*found < 0) return -1;
        if (*found >= (int)label) return run;
    }
    return (int)o->view.count;
}
