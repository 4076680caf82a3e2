#include "read/keys/verify_keys.h"

#include "read/keys/bucket_cache.h"
#include "read/keys/node_decode.h"

#include <stdlib.h>

/* What is known of a directory entry. */
typedef struct shared_facts {
    uint64_t keys;
    uint32_t longest;            /* bytes of its longest key, from its depth on */
    uint32_t depth;              /* where it was visited; all references agree if keys have a fixed length */
    uint8_t state;
} shared_facts;

enum { FACTS_NONE, FACTS_OPEN, FACTS_KNOWN };

/* A container being checked. Children are visited depth first and hand their facts to their parent:
 * a child node directly, a jump's target through the directory, so that it is visited once. */
typedef struct level {
    const uint8_t *at;
    uint64_t directory;          /* index, or UINT64_MAX */
    uint64_t bigs, smalls;       /* keys counted so far in child nodes, and in entries */
    uint64_t bucket_start;       /* `smalls` where the bucket at hand begins */
    uint32_t depth, longest;
    uint32_t edge;               /* bytes of the edge that is being followed */
    uint16_t big, bucket;        /* the next ones; while buckets are checked, `big` is the next child node
                                    by label */
    uint8_t entry;
    uint8_t final, entered, in_buckets, bucket_entered;
    int16_t last_label;          /* of the runs; -1: none yet */
} level;

typedef struct verifier {
    const kfi_keys *keys;
    const uint8_t *file;
    kfi_progress *progress;
    kf_error *error;
    shared_facts *facts;
    level *levels;
    size_t height, capacity;
    uint64_t tree_left, shared_left;   /* bytes that no container visited has claimed */
    uint64_t told;                     /* of those that were, what the progress knows of */
    uint8_t *text;
    const char *reason;
    kfi_decoded decoded;
} verifier;

enum { BAD, NEXT, ENTERED, NO_MEMORY };   /* ENTERED: a container was pushed, the caller comes again */

static int bad(verifier *v, const char *reason)
{
    v->reason = reason;
    return BAD;
}

static level *top(const verifier *v) { return &v->levels[v->height - 1]; }

static int in_tree(const kfi_keys *keys, const uint8_t *at)
{
    return (uintptr_t)at - (uintptr_t)keys->tree < keys->tree_size;
}

/* Together the containers visited cannot be larger than their section, so none is visited twice often. */
static int claim(verifier *v, const uint8_t *at, uint64_t size)
{
    uint64_t *left = in_tree(v->keys, at) ? &v->tree_left : &v->shared_left;
    if (size > *left) return 0;
    *left -= size;
    return 1;
}

static int enter(verifier *v, const uint8_t *at, uint32_t depth, uint64_t directory)
{
    if (v->height == v->capacity) {
        size_t capacity = v->capacity ? 2 * v->capacity : 64;
        level *grown = realloc(v->levels, capacity * sizeof *grown);
        if (!grown) return NO_MEMORY;
        v->levels = grown;
        v->capacity = capacity;
    }
    v->levels[v->height++] = (level){ .at = at, .depth = depth, .directory = directory, .last_label = -1 };
    return ENTERED;
}

/* ---- buckets ---------------------------------------------------------------------------------- */

/* Every entry's text is above the one before, and shares with it what its lcp says. */
static int check_texts(verifier *v, uint32_t depth)
{
    const kfi_decoded *d = &v->decoded;
    const uint32_t fixed = v->keys->parameters.fixed_length;
    const uint8_t *limit = v->text + (v->keys->longest_key - depth);
    size_t size = 0;
    int jump = 0;
    for (unsigned e = 0; e < d->view.count; e++) {
        size_t lcp = d->lcp[e];
        uint8_t before = v->text[lcp < size ? lcp : 0];
        if (lcp > size || (e && jump && lcp == size)) return bad(v, "an entry shares more than there is");
        const uint8_t *end = kfi_decoded_append(v->keys, d, e, v->text + lcp, limit);
        if (!end) return bad(v, "a tail has a wrong code or is too long");
        if (lcp < size && v->text[lcp] <= before) return bad(v, "entries are not in order");
        size = (size_t)(end - v->text);
        jump = kfi_decoded_is_jump(d, e);
        if (fixed && !jump && depth + size != fixed) return bad(v, "a key is not as long as all should be");
    }
    return NEXT;
}

static int check_facts(verifier *v, const shared_facts *facts, uint64_t depth)
{
    if (depth + facts->longest > v->keys->longest_key) return bad(v, "a key is too long");
    if (v->keys->parameters.fixed_length && facts->depth != depth)
        return bad(v, "a container is shared between depths");
    return NEXT;
}

/* Counts the entries of the bucket in v->decoded from f->entry on; visits jumps' targets on the way. */
static int check_entries(verifier *v, level *f)
{
    const kfi_decoded *d = &v->decoded;
    const uint8_t *limit = v->text + (v->keys->longest_key - f->depth);
    for (; f->entry < d->view.count; f->entry++) {
        unsigned e = f->entry;
        uint64_t keys = 1;
        if (kfi_decoded_rank(d, e) != f->smalls - f->bucket_start) return bad(v, "a sum of keys is wrong");
        const uint8_t *end = kfi_decoded_append(v->keys, d, e, v->text + d->lcp[e], limit);
        if (!end) return bad(v, "a tail is wrong");   /* unreachable: check_texts has appended it */
        uint32_t size = (uint32_t)(end - v->text), longest = size;
        if (kfi_decoded_is_jump(d, e)) {
            kfi_place place;
            uint64_t index = kfi_bucket_reference(&d->view, e);
            if (!kfi_directory_place(v->keys, index, &place)) return bad(v, "a jump leads nowhere");
            shared_facts *facts = &v->facts[index];
            if (facts->state == FACTS_OPEN) return bad(v, "a container contains itself");
            if (facts->state == FACTS_NONE) {
                facts->state = FACTS_OPEN;
                facts->depth = f->depth + size;
                return enter(v, place.at, f->depth + size, index);
            }
            if (check_facts(v, facts, (uint64_t)f->depth + size) == BAD) return BAD;
            keys = facts->keys;
            longest += facts->longest;
        }
        if (keys > v->keys->count - f->smalls) return bad(v, "there are more keys than the header says");
        f->smalls += keys;
        if (longest > f->longest) f->longest = longest;
    }
    return NEXT;
}

/* Decodes the bucket at `at`, and on the first visit claims it and checks its texts. */
static int open_bucket(verifier *v, const level *f, const uint8_t *at, int first)
{
    const kfi_decoded *d = &v->decoded;
    if (!kfi_bucket_decode(v->keys, kfi_place_of(v->keys, at), f->depth, &v->decoded))
        return bad(v, "a bucket has a field out of range");
    if (!first) return NEXT;
    if (!claim(v, at, kfi_decoded_size(v->keys, d))) return bad(v, "containers overlap");
    if (!kfi_decoded_labels_valid(v->keys, d)) return bad(v, "a label code is not assigned");
    return check_texts(v, f->depth);
}

static int check_bucket(verifier *v, level *f)
{
    int first = !f->entered, result = open_bucket(v, f, f->at, first);
    if (result != NEXT) return result;
    f->entered = 1;
    f->final = (uint8_t)v->decoded.view.final;
    return check_entries(v, f);
}

/* ---- nodes ------------------------------------------------------------------------------------ */

static int check_node_arrays(verifier *v, const kfi_node *n)
{
    if (!claim(v, n->at, (uint64_t)(n->first_bucket - n->at))) return bad(v, "containers overlap");
    if (n->bigs > 256 || n->buckets > 256 || n->bigs + n->buckets == 0)
        return bad(v, "a node has a wrong count");
    for (unsigned i = 1; i < n->bigs; i++)
        if (n->big_label[i] <= n->big_label[i - 1]) return bad(v, "a node's labels are not in order");
    return NEXT;
}

/* Checks the runs of a bucket against the child nodes' labels and the sums stored with these. */
static int check_runs(verifier *v, level *f, const kfi_node *n, unsigned *big)
{
    const kfi_decoded *d = &v->decoded;
    if (f->bucket && d->label[0] != n->bucket_label[f->bucket - 1])
        return bad(v, "a bucket has a wrong first label");
    for (unsigned e = 0; e < d->view.count; e++) {
        if (d->lcp[e]) continue;
        if (d->label[e] <= f->last_label) return bad(v, "a node's labels are not in order");
        f->last_label = d->label[e];
        for (; *big < n->bigs && n->big_label[*big] < d->label[e]; ++*big)
            if (kfi_node_smalls_before(n, *big) != f->smalls + kfi_decoded_rank(d, e))
                return bad(v, "a node's sum of keys is wrong");
        if (*big < n->bigs && n->big_label[*big] == d->label[e]) return bad(v, "a node has a label twice");
    }
    return NEXT;
}

static int check_node_buckets(verifier *v, level *f, const kfi_node *n)
{
    for (; f->bucket < n->buckets; f->bucket++, f->entry = 0, f->bucket_entered = 0) {
        kfi_place place;
        unsigned big = f->big;
        if (!kfi_node_bucket_checked(n, f->bucket, &place))
            return bad(v, "a node has a wrong bucket");
        if (f->bucket && !f->bucket_entered && f->smalls != kfi_node_buckets_before(n, f->bucket))
            return bad(v, "a node's sum of keys is wrong");
        int result = open_bucket(v, f, place.at, !f->bucket_entered);
        if (result == NEXT && !f->bucket_entered) result = check_runs(v, f, n, &big);
        if (result != NEXT) return result;
        if (!f->bucket_entered) f->bucket_start = f->smalls;
        f->bucket_entered = 1;
        f->big = (uint16_t)big;
        result = check_entries(v, f);
        if (result != NEXT) return result;
    }
    for (; f->big < n->bigs; f->big++)
        if (kfi_node_smalls_before(n, f->big) != f->smalls) return bad(v, "a node's sum of keys is wrong");
    return NEXT;
}

/* Follows the edge to the next child node. */
static int visit_big(verifier *v, level *f, const kfi_node *n)
{
    kfi_place child;
    unsigned i = f->big++;
    const uint8_t *limit = v->text + (v->keys->longest_key - f->depth);
    const uint8_t *end = kfi_node_edge_append(v->keys, n, i, v->text, limit);
    if (!end) return bad(v, "an edge has a wrong code or is too long");
    if (!kfi_node_child(v->keys, n, i, &child) || !kfi_is_node(child.at))
        return bad(v, "a node has a wrong child");
    f->edge = (uint32_t)(end - v->text);
    return enter(v, child.at, f->depth + f->edge, UINT64_MAX);
}

static int check_node(verifier *v, level *f)
{
    kfi_node n;
    if (!in_tree(v->keys, f->at) || !kfi_node_parse(&n, kfi_place_of(v->keys, f->at)))
        return bad(v, "a node does not fit its section");
    if (!f->entered && check_node_arrays(v, &n) == BAD) return BAD;
    f->entered = 1;
    f->final = (uint8_t)n.final;
    if (!f->in_buckets) {
        if (f->bigs != kfi_node_bigs_before(&n, f->big)) return bad(v, "a node's sum of keys is wrong");
        if (f->big < n.bigs) return visit_big(v, f, &n);
        f->in_buckets = 1;
        f->big = 0;
    }
    return check_node_buckets(v, f, &n);
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* Pops a finished container and hands on what was found. */
static int leave(verifier *v, shared_facts *result)
{
    const level f = *top(v);
    const kfi_keys *keys = v->keys;
    v->height--;
    if (keys->parameters.fixed_length && f.final) return bad(v, "a key is not as long as all should be");
    if (f.bigs > keys->count - f.smalls || keys->count - f.smalls - f.bigs < f.final)
        return bad(v, "there are more keys than the header says");
    *result = (shared_facts){ f.bigs + f.smalls + f.final, f.longest, f.depth, FACTS_KNOWN };
    if (f.directory != UINT64_MAX) {
        v->facts[f.directory] = *result;
    } else if (v->height) {
        level *parent = top(v);
        if (result->keys > keys->count - parent->bigs)
            return bad(v, "there are more keys than the header says");
        parent->bigs += result->keys;
        if (parent->edge + f.longest > parent->longest) parent->longest = parent->edge + f.longest;
    }
    return NEXT;
}

static kf_status tell(verifier *v)
{
    const uint64_t done = v->keys->tree_size - v->tree_left + (v->keys->shared_size - v->shared_left);
    const uint64_t work = done - v->told;
    v->told = done;
    return kfi_progress_count(v->progress, work, done, v->error);
}

static kf_status run(verifier *v, const uint8_t *at, uint64_t directory, shared_facts *result)
{
    int step = enter(v, at, 0, directory);
    while (v->height && (step == NEXT || step == ENTERED)) {
        kf_status status = tell(v);
        if (status) return status;
        level *f = top(v);
        at = f->at;
        step = kfi_is_node(at) ? check_node(v, f) : check_bucket(v, f);
        if (step == NEXT) step = leave(v, result);
    }
    if (step == NO_MEMORY) return kfi_fail_memory(v->error, 2 * v->capacity * sizeof *v->levels);
    if (step != BAD) return KF_OK;
    uint64_t offset = (uint64_t)(at - v->file);
    return kfi_fail_at(v->error, KF_CORRUPT, offset, "%s (keys, container at %llu)", v->reason,
                       (unsigned long long)offset);
}

static kf_status verify_tokens(const kfi_keys *keys, const uint8_t *file, kf_error *error)
{
    const kfi_tokens *tokens = &keys->tokens;
    for (uint32_t i = 0; i < tokens->count; i++) {
        const uint8_t *entry = tokens->entries + 4 * (size_t)i;
        unsigned length;
        uint32_t row = i;
        const uint8_t *token = kfi_token(tokens, &row, 0, &length);
        if (!kfi_load32(entry) && tokens->count >> tokens->bits) continue;   /* a row that is not full */
        if (!length || (uint64_t)(token - tokens->pool) + length > tokens->pool_size
            || row != kfi_token_row(tokens, token[length - 1]))
            return kfi_fail_at(error, KF_CORRUPT, (uint64_t)(entry - file), "token %u is out of range", i);
    }
    return KF_OK;
}

static kf_status verify_root(verifier *v)
{
    const kfi_keys *keys = v->keys;
    shared_facts whole = { 0 };
    kf_status status = KF_OK;
    if (keys->parameters.root_kind == KFI_ROOT_EMPTY_KEY) whole.keys = 1;
    if (keys->parameters.root_kind == KFI_ROOT_CONTAINER)
        status = run(v, keys->tree + keys->parameters.root, UINT64_MAX, &whole);
    if (!status && (whole.keys != keys->count || whole.longest != keys->longest_key))
        status = kfi_fail(v->error, KF_CORRUPT,
                          "there are %llu keys of up to %u bytes, but the header says %llu of up to %u",
                          (unsigned long long)whole.keys, whole.longest, (unsigned long long)keys->count,
                          keys->longest_key);
    return status;
}

kf_status kfi_keys_verify(const kfi_keys *keys, const uint8_t *file, kfi_progress *progress, kf_error *error)
{
    const uint64_t shared = keys->parameters.directory_count;
    verifier v = { .keys = keys, .file = file, .progress = progress, .error = error, .tree_left = keys->tree_size,
                   .shared_left = keys->shared_size };
    shared_facts ignored;
    kf_status status = verify_tokens(keys, file, error);
    if (status) return status;
    /* A stored container takes bytes of its own. */
    if (shared > keys->shared_size)
        return kfi_fail(error, KF_CORRUPT, "there are more shared containers than room for them");
    v.facts = calloc((size_t)shared + 1, sizeof *v.facts);
    v.text = calloc(1, (size_t)keys->longest_key + 2 * KFI_TOKEN_MAX);
    if (!v.facts || !v.text) status = kfi_fail_memory(error, (size_t)shared * sizeof *v.facts);
    if (!status) status = verify_root(&v);
    /* What a build with little memory left without a reference. Keys of a fixed length tell only from the
     * depth how long their tails are. */
    for (uint64_t i = 0; !status && !keys->parameters.fixed_length && i < shared; i++) {
        kfi_place place = { NULL, NULL };
        if (v.facts[i].state != FACTS_NONE) continue;
        if (!kfi_directory_place(keys, i, &place))
            status = kfi_fail(error, KF_CORRUPT, "directory entry %llu is out of range",
                              (unsigned long long)i);
        v.facts[i].state = FACTS_OPEN;
        if (!status) status = run(&v, place.at, i, &ignored);
    }
    free(v.facts);
    free(v.text);
    free(v.levels);
    return status;
}
