/* One set of pairs as a plain file and as several that a manifest bundles, and iterators over both compared
 * entry by entry. Include after model.h. */
#ifndef TESTS_SUPPORT_SHARDS_H
#define TESTS_SUPPORT_SHARDS_H

enum { SHARDS_MOST = 9 };

static unsigned long long shards_compared, shards_entries;

/* The keys low .. high-1 of a model that `has` (NULL: all). */
static inline void shards_write(const model *m, const uint8_t *has, size_t low, size_t high,
                                kf_weights weights,
                                const char *name)
{
    static uint8_t room[MODEL_VALUE_MAX];
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    options.value_type = m->type;
    options.value_encoding = m->encoding;
    options.memory_limit = 16 << 20;
    options.weights = weights;
    options.flags = low % 3 ? m->flags : 0;      /* of filters: some files have one */
    kf_status status = kf_builder_create(&builder, scratch_path(name), &options, &error);
    for (size_t i = low; i < high && !status; i++) {
        const kf_bytes key = m->set.keys[i];
        const int given = weights == KF_WEIGHTS_GIVEN;
        if (has && !has[i]) continue;
        if (m->type == KF_VALUES_U64) {
            const uint64_t number = model_number(m, i);
            status = given ? kf_builder_add_u64_weighted(builder, key.data, key.size, number,
                                                         model_weight(m, i) % 9,
                                                         &error)
                           : kf_builder_add_u64(builder, key.data, key.size, number, &error);
            continue;
        }
        kf_bytes value = { NULL, 0 };
        if (m->type == KF_VALUES_BYTES) value = model_string(m, i, room);
        status = given ? kf_builder_add_weighted(builder, key.data, key.size, value.data, value.size,
                                                 model_weight(m, i) % 9, &error)
                       : kf_builder_add(builder, key.data, key.size, value.data, value.size, &error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    MUST(!status, "%s: %s", m->name, error.message);
    kf_builder_destroy(&builder);
}

/* Builds both and opens them. Not 0 keys. */
static inline void shards_make(model *m, const uint8_t *has, kf_weights weights, const char *name,
                               size_t shards,
                               kf_dict **plain, kf_dict **sharded)
{
    char file_name[40], path[SHARDS_MOST][512];
    const char *members[SHARDS_MOST];
    size_t cut[SHARDS_MOST + 1] = { 0 };
    kf_error error = { 0 };
    for (size_t i = 1; i < shards; i++) cut[i] = set_below(&m->set, m->set.count + 1);
    for (size_t i = 1; i < shards; i++)
        for (size_t k = i; k > 1 && cut[k] < cut[k - 1]; k--) {
            size_t moved = cut[k];
            cut[k] = cut[k - 1];
            cut[k - 1] = moved;
        }
    cut[shards] = m->set.count;
    for (size_t i = 0; i < shards; i++) {
        snprintf(file_name, sizeof file_name, "%s-%zu.kf", name, i);
        shards_write(m, has, cut[i], cut[i + 1], weights, file_name);
        snprintf(path[i], sizeof path[i], "%s", scratch_path(file_name));
        members[i] = path[i];
    }
    snprintf(file_name, sizeof file_name, "%s.kfm", name);
    kf_status status = kf_bundle_write(scratch_path(file_name), members, shards, NULL, &error);
    if (!status) status = kf_dict_open(sharded, scratch_path(file_name), NULL, &error);
    MUST(!status, "%s: %s", m->name, error.message);
    snprintf(file_name, sizeof file_name, "%s.kf", name);
    shards_write(m, has, 0, m->set.count, weights, file_name);
    status = kf_dict_open(plain, scratch_path(file_name), NULL, &error);
    MUST(!status, "%s: %s", m->name, error.message);
    MUST(kf_dict_count(*plain) == kf_dict_count(*sharded), "%s", m->name);
}

static inline int same_bytes(kf_bytes a, kf_bytes b)
{
    return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

static inline void shards_same_value(kf_iter *want, kf_iter *got, const char *what)
{
    kf_bytes a = { NULL, 0 }, b = { NULL, 0 };
    uint64_t x = 0, y = 0;
    kf_status one = kf_iter_value(want, &a), other = kf_iter_value(got, &b);
    MUST(one == other && (one || same_bytes(a, b)), "%s: value", what);
    one = kf_iter_value_u64(want, &x);
    other = kf_iter_value_u64(got, &y);
    MUST(one == other && x == y, "%s: number", what);
}

static inline void shards_same_match(const kf_match *a, const kf_match *b, const char *what)
{
    MUST(a->distance == b->distance && a->similarity == b->similarity && a->weight == b->weight
             && a->position == b->position && a->source == b->source && a->change == b->change
             && a->before == b->before,
         "%s: match: distance %llu %llu similarity %g %g weight %llu %llu", what, (unsigned long long)a->distance,
         (unsigned long long)b->distance, a->similarity, b->similarity, (unsigned long long)a->weight,
         (unsigned long long)b->weight);
}

/* Takes all that both yield, and destroys them. */
static inline void shards_same(kf_iter **want, kf_iter **got, const char *what)
{
    kf_entry a = { { NULL, 0 }, 0 }, b = { { NULL, 0 }, 0 };
    for (size_t n = 0;; n++) {
        const uint64_t remain = kf_iter_remaining(*want), other = kf_iter_remaining(*got);
        MUST(remain == other, "%s: entry %zu: %llu remain, not %llu", what, n, (unsigned long long)other,
             (unsigned long long)remain);
        kf_status one = kf_iter_next(*want, &a), two = kf_iter_next(*got, &b);
        MUST(one == two, "%s: entry %zu: %s, not %s; key %llu", what, n, kf_status_name(two),
             kf_status_name(one),
             (unsigned long long)(one ? b.ordinal : a.ordinal));
        if (one) break;
        MUST(a.ordinal == b.ordinal && same_bytes(a.key, b.key), "%s: entry %zu is key %llu, not %llu", what,
             n,
             (unsigned long long)b.ordinal, (unsigned long long)a.ordinal);
        shards_same_match(kf_iter_match(*want), kf_iter_match(*got), what);
        if (n % 3 == 0 || n > 40) shards_same_value(*want, *got, what);
        shards_entries++;
    }
    MUST(kf_iter_next(*got, &b) == KF_END && kf_iter_remaining(*got) == 0, "%s: the end", what);
    MUST(kf_iter_incomplete(*want) == kf_iter_incomplete(*got), "%s: incomplete", what);
    kf_bytes value;
    MUST(kf_iter_value(*want, &value) == kf_iter_value(*got, &value), "%s: value at the end", what);
    kf_iter_destroy(want);
    kf_iter_destroy(got);
    shards_compared++;
}

/* What a filter is asked, in order. It decides by all that it sees of an entry but the match. */
typedef struct shards_asked {
    uint64_t number, hash, calls;
} shards_asked;

static inline int shards_filter(void *context, kf_iter *iter, const kf_entry *entry)
{
    shards_asked *a = context;
    const kf_match *match = kf_iter_match(iter);
    kf_bytes value = { NULL, 0 };
    uint64_t number = 0, seen = entry->ordinal;
    (void)kf_iter_value_u64(iter, &number);
    if (!kf_iter_value(iter, &value))
        for (size_t i = 0; i < value.size && i < 64; i++) seen = seen * 31 + value.data[i];
    for (size_t i = 0; i < entry->key.size; i++) seen = seen * 31 + entry->key.data[i];
    seen = mix64(seen + number);
    const int wanted = mix64(a->number + seen) % 3 != 0;
    seen += match->position + 3 * match->distance + 5 * match->weight + 7 * match->source;
    a->hash = mix64(a->hash ^ seen);
    a->calls++;
    return wanted;
}

#endif
