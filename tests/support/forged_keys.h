/* Key sections written by hand, whose buckets and nodes say what they are told to say: what no writer writes. Codes are
 * bytes below 128; a label's code is the byte, that of 127 none or the escape. */
#ifndef TESTS_SUPPORT_FORGED_KEYS_H
#define TESTS_SUPPORT_FORGED_KEYS_H

#include "format/header.h"
#include "read/keys/keys_view.h"

#include <stdlib.h>
#include <string.h>

enum {
    FORGED_ROOM = 1 << 14, FORGED_PAD = KFI_TAIL_PAD,
    FORGED_INDEXES = 64,           /* entries of the directory */
    FORGED_DIRECTORY = 2 * FORGED_INDEXES + 8,
    FORGED_FIELD = 4               /* bytes of each number in a node's records */
};

typedef struct forged_keys {
    kfi_keys_parameters parameters;
    uint8_t tree[FORGED_ROOM], shared[FORGED_ROOM], top[FORGED_ROOM];
    size_t tree_size, shared_size, top_size;
    size_t pad;                    /* zeros at TREE's end */
    uint8_t odd_token, odd_length; /* what is wrong about a token */
    uint8_t *file;
    kfi_keys keys;
} forged_keys;

typedef struct forged_entry {
    uint32_t lcp;
    const char *own;               /* label and tail */
    unsigned jump;                 /* directory index + 1; 0: a key */
} forged_entry;

typedef struct forged_bucket {
    unsigned count;
    forged_entry entry[KFI_BUCKET_ENTRIES];
    int final;
    unsigned slope;                /* keys beyond one below each jump */
    unsigned wide;                 /* lcps are in a table of so many; 0: in bytes */
    uint32_t longer[KFI_BUCKET_ENTRIES];   /* than it is each tail is said to be */
} forged_bucket;

typedef struct forged_node {
    int final;
    unsigned bigs, buckets;
    struct { uint8_t label; const char *path; uint64_t child, smalls, sum; const char *raw; } big[4];   /* raw: with
                                                                              their number, instead of the path */
    struct { forged_bucket *bucket; uint8_t label; uint64_t sum; } bucket[4];   /* the first has neither */
} forged_node;

static inline void forged_bits(uint8_t *to, uint64_t *bit, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++, ++*bit) to[*bit >> 3] |= (uint8_t)((value >> i & 1) << (*bit & 7));
}

static inline void forged_begin(forged_keys *f)
{
    free(f->file);
    memset(f, 0, sizeof *f);
    f->parameters = (kfi_keys_parameters){ .root_kind = KFI_ROOT_CONTAINER, .label_bits = 7, .directory_width = 16,
                                           .shared_start = FORGED_DIRECTORY };
    for (unsigned b = 0; b < 256; b++) f->parameters.label_code[b] = b < 127 ? (uint8_t)b : KFI_LABEL_NONE;
    f->tree_size = KFI_KEYS_PARAMETERS;
    f->shared_size = FORGED_DIRECTORY;
}

/* Appends a bucket to SHARED or TREE and returns its position. */
static inline size_t forged_bucket_put(forged_keys *f, int shared, const forged_bucket *b)
{
    uint8_t *const section = shared ? f->shared : f->tree;
    size_t *size = shared ? &f->shared_size : &f->tree_size;
    const size_t at = *size;
    uint8_t *p = section + at;
    uint64_t bit = 0, map = 0;
    uint8_t escaped[KFI_BUCKET_ENTRIES];
    for (unsigned i = 0; i < b->count; i++) {
        if (b->entry[i].jump) map |= 1ull << i;
        escaped[i] = f->parameters.has_escape && (uint8_t)b->entry[i].own[0] >= 127;
    }
    *p++ = (uint8_t)(b->final << 6 | (b->count - 1));
    *p++ = (uint8_t)((map != 0) << 7 | KFI_LENGTHS_FIELDS << 4 | (b->wide ? KFI_LCP_WIDE : KFI_LCP_BYTE));
    *p++ = 32;                     /* bits of a length */
    if (map) {
        *p++ = 8;                  /* bits of a reference */
        *p++ = (uint8_t)b->slope;  /* a varint */
    }
    for (unsigned i = 0; i < b->count; i++)
        forged_bits(p, &bit, escaped[i] ? 127 : (uint8_t)b->entry[i].own[0], 7);
    p += (bit + 7) / 8;
    if (b->wide) {
        *p++ = (uint8_t)(b->wide - 1);
        for (unsigned i = 0; i < b->wide; i++, p += 4) kfi_store32(p, i < b->count ? b->entry[i].lcp : i);
    }
    bit = 0;
    for (unsigned i = 0; i < b->count; i++) forged_bits(p, &bit, b->wide ? i : b->entry[i].lcp, b->wide ? 6 : 8);
    p += (bit + 7) / 8;
    bit = 0;
    if (map) forged_bits(p, &bit, map, b->count);
    p += (bit + 7) / 8;
    bit = 0;
    for (unsigned i = 0; i < b->count; i++)
        forged_bits(p, &bit, strlen(b->entry[i].own) - !escaped[i] + b->longer[i], 32);
    for (unsigned i = 0; i < b->count; i++) if (b->entry[i].jump) forged_bits(p, &bit, b->entry[i].jump - 1, 8);
    for (unsigned i = 0; i < b->count; i++)
        for (const char *c = b->entry[i].own + !escaped[i]; *c; c++) forged_bits(p, &bit, (uint8_t)*c, 8);
    p += (bit + 7) / 8;
    *size = (size_t)(p - section);
    return at;
}

/* Appends a node with its buckets to TREE and returns its position. */
static inline size_t forged_node_put(forged_keys *f, const forged_node *n)
{
    const size_t at = f->tree_size;
    uint8_t *p = f->tree + at, *offset[4] = { NULL };
    const unsigned inner = n->buckets ? n->buckets - 1 : 0;
    *p++ = (uint8_t)(0x80 | n->final << 6 | (FORGED_FIELD - 1) << 3 | (FORGED_FIELD - 1));
    *p++ = FORGED_FIELD << 3 | 2 << 1;        /* path offsets of two bytes */
    *p++ = (uint8_t)n->bigs;
    *p++ = (uint8_t)n->buckets;
    *p++ = FORGED_FIELD - 1;
    for (unsigned i = 0; i < n->bigs; i++) *p++ = n->big[i].label;
    for (unsigned j = 1; j <= inner; j++) *p++ = n->bucket[j].label;
    for (unsigned i = 0; i < n->bigs; i++, p += 3 * FORGED_FIELD) {
        kfi_store32(p, (uint32_t)n->big[i].smalls);
        kfi_store32(p + FORGED_FIELD, (uint32_t)(at - n->big[i].child));
        kfi_store32(p + 2 * FORGED_FIELD, (uint32_t)n->big[i].sum);
    }
    for (unsigned j = 1; j <= inner; j++, p += 2 * FORGED_FIELD) {
        kfi_store32(p, (uint32_t)n->bucket[j].sum);
        offset[j] = p + FORGED_FIELD;
    }
    uint8_t *paths = p + 2 * (n->bigs + 1), *path = paths;
    for (unsigned i = 0; i <= n->bigs; i++, p += 2) {
        p[0] = (uint8_t)(path - paths);
        if (i == n->bigs) break;
        const char *codes = n->big[i].raw ? n->big[i].raw : n->big[i].path;
        const size_t length = strlen(codes);
        if (!n->big[i].raw) *path++ = (uint8_t)length;
        memcpy(path, codes, length);
        path += length;
    }
    f->tree_size = (size_t)(path - f->tree);
    for (unsigned j = 0; j < n->buckets; j++) {
        const size_t bucket = forged_bucket_put(f, 0, n->bucket[j].bucket);
        if (j) kfi_store32(offset[j], (uint32_t)(bucket - (size_t)(path - f->tree)));
    }
    return at;
}

/* Directory index `index` leads to a position in SHARED, or in TREE. Only when both sections are complete. */
static inline void forged_point(forged_keys *f, unsigned index, int shared, size_t position)
{
    const size_t at = shared ? position : f->shared_size + position;
    if (index >= f->parameters.directory_count) f->parameters.directory_count = index + 1;
    f->shared[2 * index] = (uint8_t)at;
    f->shared[2 * index + 1] = (uint8_t)(at >> 8);
}

/* Ends SHARED with endings, of directory index 0 only: `head` before the zero-ended strings. Before forged_point. */
static inline void forged_endings(forged_keys *f, uint32_t head, const char *const *strings, size_t unit)
{
    uint8_t *p = f->shared + f->shared_size;
    f->parameters.endings = f->shared_size;
    kfi_store32(p, 1);
    kfi_store32(p + 4, head);
    for (p += 8; *strings; p += unit) {
        memcpy(p, *strings, strlen(*strings));
        p[unit - 1] = (uint8_t)strlen(*strings++);
    }
    f->shared_size = (size_t)(p - f->shared) + 64;
}

/* Opens what was written, in a block of memory of exactly its size. */
static inline kf_status forged_open(forged_keys *f, size_t root, uint32_t longest, uint64_t count)
{
    enum { TOKENS = 16 + 128 * 4 + 128 + 16 };
    uint8_t tokens[TOKENS] = { 8, 1 };
    kfi_header header = { .keys = count, .longest_key = longest, .section_count = 4 };
    kfi_store32(tokens + 8, 128);
    kfi_store32(tokens + 12, 128);
    for (unsigned i = 0; i < 128; i++) {
        kfi_store32(tokens + 16 + 4 * i, i << KFI_TOKEN_OFFSET_SHIFT | 1);
        tokens[16 + 128 * 4 + i] = (uint8_t)i;
    }
    if (f->odd_token) tokens[16 + 4 * f->odd_token] = f->odd_length;
    f->parameters.root = root;
    kfi_keys_parameters_write(&f->parameters, f->tree);
    const uint8_t *from[] = { tokens, f->tree, f->shared, f->top };
    const size_t sizes[] = { TOKENS, f->tree_size, f->shared_size, f->top_size };
    static const uint32_t types[] = { KFI_SECTION_TOKENS, KFI_SECTION_TREE, KFI_SECTION_SHARED, KFI_SECTION_TOP };
    size_t size = 0;
    for (unsigned i = 0; i < 4; i++) {
        header.sections[i] = (kfi_section){ types[i], size, sizes[i] };
        if (from[i] == f->tree) header.sections[i].size += f->pad;
        size += header.sections[i].size + FORGED_PAD;
    }
    free(f->file);
    f->file = calloc(1, size);
    for (unsigned i = 0; i < 4; i++) memcpy(f->file + header.sections[i].offset, from[i], sizes[i]);
    return kfi_keys_open(&f->keys, f->file, &header, NULL);
}

/* ---- an example ------------------------------------------------------------------------------------ */

/* a, bcd* (jump), mno + child, t, uv, z + child; the child: a, b*; what jumps lead to: x, y. In all
 * a bcdx bcdy mnoa mnobx mnoby t uv za zbx zby. */
typedef struct forgery {
    forged_bucket shared, small[3];
    forged_node child, root;
    unsigned indexes;              /* of the directory, all of the shared bucket */
    size_t pad;                    /* bytes at TREE's end */
    uint32_t longest;
    uint8_t escape, odd_token;
    uint64_t count;
} forgery;

static forged_keys f;

static inline forgery sound(void)
{
    return (forgery){
        .shared = { 2, { { 0, "x", 0 }, { 0, "y", 0 } }, .final = 0 },
        .small = { { 2, { { 0, "a", 0 }, { 0, "bcd", 1 } }, .slope = 1 },
                   { 2, { { 0, "t", 0 }, { 0, "uv", 0 } }, .final = 0 },
                   { 2, { { 0, "a", 0 }, { 0, "b", 1 } }, .slope = 1 } },
        .child = { .buckets = 1 },
        .root = { .bigs = 2, .buckets = 2, .big = { { 'm', "no", 0, 3, 3 }, { 'z', "", 0, 5, 6 } },
                  .bucket = { { .bucket = NULL }, { .label = 't', .sum = 3 } } },
        .indexes = 1, .longest = 5, .count = 11,
    };
}

static inline kf_status forge(forgery *g)
{
    forged_begin(&f);
    f.parameters.has_escape = g->escape;
    f.odd_token = g->odd_token;
    f.odd_length = 20;             /* more than a token has */
    const size_t shared = forged_bucket_put(&f, 1, &g->shared);
    g->child.bucket[0].bucket = &g->small[2];
    g->root.bucket[0].bucket = &g->small[0];
    g->root.bucket[1].bucket = &g->small[1];
    g->root.big[0].child += forged_node_put(&f, &g->child);
    g->root.big[1].child += KFI_KEYS_PARAMETERS;
    const size_t root = forged_node_put(&f, &g->root);
    f.pad = g->pad;
    for (unsigned i = 0; i < g->indexes; i++) forged_point(&f, i, 1, shared);
    return forged_open(&f, root, g->longest, g->count);
}

#endif
