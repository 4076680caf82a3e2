/* Builds of a model in any order of adding, with keys that come more than once, by several threads into several
 * shards. Include after model.h. */
#ifndef TESTS_SUPPORT_PARALLEL_H
#define TESTS_SUPPORT_PARALLEL_H


typedef struct how {
    unsigned threads, shards;
    uint64_t memory;
    unsigned order;            /* below ORDERS */
    kf_duplicates duplicates;
    kf_weights weights;
    kf_progress_fn progress;
    void *progress_context;
} how;

enum {
    ORDERS = 7,
    LARGEST_PART = 5           /* pairs, of tiny parts */
};

/* What is added: the turn of each key, once or several times. Which value comes with it follows from its place
 * among its equals and the policy, so that what the policy chooses is the model's value in any order. */
typedef struct pairs {
    size_t *turn, *ordered;    /* ordered: room for another order */
    size_t count;
    uint8_t *copies, *seen;    /* of each key: how many, and how many of them were added so far */
    uint8_t *room;             /* of a value */
} pairs;

/* `more`: how many more pairs than keys. Sorted. */
static inline pairs pairs_draw(model *m, size_t more)
{
    pairs p = { .count = m->set.count + (m->set.count ? more : 0) };
    p.turn = malloc((p.count + 1) * sizeof *p.turn);
    p.ordered = malloc((p.count + 1) * sizeof *p.ordered);
    p.copies = malloc(m->set.count + 1);
    p.seen = malloc(m->set.count + 1);
    p.room = malloc(MODEL_VALUE_MAX);
    ck_assert(p.turn && p.ordered && p.copies && p.seen && p.room);
    memset(p.copies, 1, m->set.count + 1);
    for (size_t extra = m->set.count; extra < p.count; extra++) {
        size_t i = set_below(&m->set, m->set.count);
        if (p.copies[i] == 255) i = (i + 1) % m->set.count;
        if (p.copies[i] < 255) p.copies[i]++;
    }
    p.count = 0;
    for (size_t i = 0; i < m->set.count; i++)
        for (unsigned c = 0; c < p.copies[i]; c++) p.turn[p.count++] = i;
    return p;
}

static inline void pairs_free(pairs *p)
{
    free(p->turn);
    free(p->ordered);
    free(p->copies);
    free(p->seen);
    free(p->room);
}

static inline void pairs_shuffle(const pairs *p, size_t *turn, uint64_t seed)
{
    memcpy(turn, p->turn, p->count * sizeof *turn);
    for (size_t i = p->count; i > 1; i--) {
        size_t j = (size_t)((seed = mix64(seed)) % i), other = turn[j];
        turn[j] = turn[i - 1];
        turn[i - 1] = other;
    }
}

/* Sorted parts: part k has every n-th pair; one after the other, or a pair of each in turn. */
static inline void pairs_deal(const pairs *p, size_t *turn, size_t n, int in_turn)
{
    size_t at = 0, size = (p->count + n - 1) / n;
    if (!in_turn) {
        for (size_t k = 0; k < n; k++)
            for (size_t i = k; i < p->count; i += n) turn[at++] = p->turn[i];
        return;
    }
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < n; k++)
            if (k * size + i < p->count) turn[at++] = p->turn[k * size + i];
}

/* Sorted parts of a few pairs each, of anywhere. */
static inline void pairs_tiny(const pairs *p, size_t *turn, uint64_t seed)
{
    pairs_shuffle(p, turn, seed);
    for (size_t i = 0, size; i < p->count; i += size) {
        size = 1 + (size_t)((seed = mix64(seed)) % LARGEST_PART);
        if (size > p->count - i) size = p->count - i;
        for (size_t a = i + 1; a < i + size; a++)
            for (size_t b = a; b > i && turn[b] < turn[b - 1]; b--) {
                size_t other = turn[b];
                turn[b] = turn[b - 1];
                turn[b - 1] = other;
            }
    }
}

static inline void pairs_order(const pairs *p, size_t *turn, unsigned order)
{
    switch (order) {
    case 0: memcpy(turn, p->turn, p->count * sizeof *turn); break;   /* one giant part */
    case 1: pairs_shuffle(p, turn, 1); break;
    case 2: pairs_deal(p, turn, 5, 0); break;
    case 3: pairs_deal(p, turn, 3, 1); break;
    case 4: pairs_tiny(p, turn, 9); break;
    case 5: for (size_t i = 0; i < p->count; i++) turn[i] = p->turn[p->count - 1 - i];
            break;
    default: pairs_shuffle(p, turn, 2);
    }
}

/* The number of the c-th of n pairs of key i, so that all give the model's by the policy. */
static inline uint64_t pairs_number(const model *m, size_t i, unsigned c, unsigned n, kf_duplicates duplicates)
{
    uint64_t number = model_number(m, i), other = mix64(number + c);
    switch (duplicates) {
    case KF_DUPLICATES_FIRST: return c ? other : number;
    case KF_DUPLICATES_LAST: return c + 1 < n ? other : number;
    case KF_DUPLICATES_SUM: return c ? number / n : number - number / n * (n - 1);
    case KF_DUPLICATES_MIN: return c == n / 2 ? number : number | other;
    case KF_DUPLICATES_MAX: return c == n / 2 ? number : number & other;
    default: return number;
    }
}

static inline kf_status pairs_add(const model *m, const pairs *p, const how *h, kf_builder *builder, kf_error *error)
{
    kf_status status = KF_OK;
    pairs_order(p, p->ordered, h->order);
    memset(p->seen, 0, m->set.count + 1);
    for (size_t at = 0; at < p->count && !status; at++) {
        const size_t i = p->ordered[at];
        const unsigned c = p->seen[i]++, n = p->copies[i];
        const int given = h->weights == KF_WEIGHTS_GIVEN;
        const int chosen = h->duplicates == KF_DUPLICATES_LAST ? c + 1 == n : c == 0;
        const uint64_t weight = model_weight(m, i) + (chosen ? 0 : c + 1);
        kf_bytes key = m->set.keys[i], value = { NULL, 0 };
        if (m->type == KF_VALUES_U64) {
            uint64_t number = pairs_number(m, i, c, n, h->duplicates);
            status = given ? kf_builder_add_u64_weighted(builder, key.data, key.size, number, weight, error)
                           : kf_builder_add_u64(builder, key.data, key.size, number, error);
            continue;
        }
        if (m->type == KF_VALUES_BYTES) value = model_string(m, chosen ? i : (i + c) % m->set.count, p->room);
        status = given ? kf_builder_add_weighted(builder, key.data, key.size, value.data, value.size, weight, error)
                       : kf_builder_add(builder, key.data, key.size, value.data, value.size, error);
    }
    return status;
}

static inline kf_status pairs_try(const model *m, const pairs *p, const how *h, const char *name,
                                  kf_build_report *report, kf_error *error)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = m->type;
    options.value_encoding = m->encoding;
    options.memory_limit = h->memory;
    options.duplicates = h->duplicates;
    options.weights = h->weights;
    options.threads = h->threads;
    options.shards = h->shards;
    options.progress = h->progress;
    options.progress_context = h->progress_context;
    kf_status status = kf_builder_create(&builder, scratch_path(name), &options, error);
    if (!status) status = kf_builder_set_metadata(builder, "entry", "of all", 6, error);
    if (!status) status = pairs_add(m, p, h, builder, error);
    if (!status) status = kf_builder_finish(builder, report, error);
    kf_builder_destroy(&builder);
    return status;
}

static inline void pairs_build(const model *m, const pairs *p, const how *h, const char *name, kf_build_report *report)
{
    kf_error error = { 0 };
    kf_status status = pairs_try(m, p, h, name, report, &error);
    MUST(!status, "%s: threads %u shards %u memory %u MiB order %u: %s", m->name, h->threads, h->shards,
         (unsigned)(h->memory >> 20), h->order, error.message);
    MUST(report->keys == m->set.count && report->pairs_added == p->count
             && report->pairs_dropped == p->count - m->set.count, "%s: the report's counts", m->name);
}

#endif
