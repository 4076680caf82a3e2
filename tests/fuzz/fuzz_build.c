/* Any bytes as a list of pairs: built, and everything looked up, against a sorted list.
 *
 *   0  1  value type: 2 | encoding: 3 | duplicates: 3
 *   1  1  1: with weights, which are given or, with 4, the values
 *         2: cancelled by the progress callback's call number 1 + the other bits / 4
 *   then pairs:  1  bytes of the key before that it begins with   1  further bytes   ..  these
 *                1  bytes of the value (bytes) or of the number   ..  these */
#include "fuzz.h"

#include <keyfold/keyfold.h>

#include <string.h>
#include <unistd.h>

enum { MOST_PAIRS = 4000, KEY_MAX = 600 };

typedef struct pair {
    uint8_t *key;
    size_t size, order;
    const uint8_t *value;      /* in the input, or */
    uint8_t *joined;           /* of several pairs */
    size_t value_size;
    uint64_t number;
} pair;

typedef struct reader {
    const uint8_t *data;
    size_t left;
} reader;

static const uint8_t *take(reader *r, size_t *size)
{
    const uint8_t *at = r->data;
    if (*size > r->left) *size = r->left;
    r->data += *size;
    r->left -= *size;
    return at;
}

static unsigned take_byte(reader *r)
{
    size_t one = 1;
    const uint8_t *at = take(r, &one);
    return one ? *at : 0;
}

static size_t read_pairs(reader *r, pair *pairs)
{
    size_t count = 0;
    for (; r->left && count < MOST_PAIRS; count++) {
        pair *p = &pairs[count], *before = count ? p - 1 : NULL;
        size_t shared = take_byte(r), more = take_byte(r);
        if (!before || shared > before->size) shared = before ? before->size : 0;
        const uint8_t *bytes = take(r, &more);
        if (shared + more > KEY_MAX) shared = 0;
        p->size = shared + more;
        p->order = count;
        p->key = malloc(p->size + 1);
        FUZZ_MUST(p->key, "memory");
        if (shared) memcpy(p->key, before->key, shared);
        if (more) memcpy(p->key + shared, bytes, more);
        p->value_size = take_byte(r);
        p->value = take(r, &p->value_size);
        p->joined = NULL;
        p->number = 0;
        for (size_t i = 0; i < p->value_size && i < 8; i++) p->number = p->number << 8 | p->value[i];
    }
    return count;
}

static int compare_keys(const pair *a, const uint8_t *key, size_t size)
{
    size_t n = a->size < size ? a->size : size;
    int c = n ? memcmp(a->key, key, n) : 0;
    return c ? c : (a->size > size) - (a->size < size);
}

static int compare_pairs(const void *left, const void *right)
{
    const pair *a = left, *b = right;
    int c = compare_keys(a, b->key, b->size);
    return c ? c : (a->order > b->order) - (a->order < b->order);
}

static void join(pair *first, const uint8_t *value, size_t size)
{
    uint8_t *joined = realloc(first->joined, first->value_size + size + 1);
    FUZZ_MUST(joined, "memory");
    if (!first->joined) memcpy(joined, first->value, first->value_size);
    memcpy(joined + first->value_size, value, size);
    first->value = first->joined = joined;
    first->value_size += size;
}

/* Folds the sorted list by the policy. The status that the build must give. */
static kf_status fold(pair *pairs, size_t *count, kf_duplicates policy)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        pair *p = &pairs[i], *last = kept ? &pairs[kept - 1] : NULL;
        if (!last || compare_keys(last, p->key, p->size)) {
            pairs[kept++] = *p;
            continue;
        }
        int take_new = policy == KF_DUPLICATES_LAST
                       || (policy == KF_DUPLICATES_MIN && p->number < last->number)
                       || (policy == KF_DUPLICATES_MAX && p->number > last->number);
        uint64_t sum = last->number + p->number;
        free(p->key);
        if (policy == KF_DUPLICATES_JOIN) join(last, p->value, p->value_size);
        if (take_new) last->number = p->number, last->value = p->value, last->value_size = p->value_size;
        if (policy == KF_DUPLICATES_ERROR || (policy == KF_DUPLICATES_SUM && sum < last->number)) {
            /* The rest is still to be freed. */
            for (size_t rest = i + 1; rest < *count; rest++) pairs[kept++] = pairs[rest];
            *count = kept;
            return policy == KF_DUPLICATES_ERROR ? KF_DUPLICATE : KF_LIMIT;
        }
        if (policy == KF_DUPLICATES_SUM) last->number = sum;
    }
    *count = kept;
    return KF_OK;
}

/* Of a pair, wherever weights are given. */
static uint64_t weight_of(const pair *p) { return p->number * 5 + p->value_size; }

/* All entries come by weight, each once. */
static void check_weights(const kf_dict *dict, const pair *pairs, size_t count, kf_weights weights)
{
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    kf_error error;
    kf_iter *iter;
    kf_entry entry;
    uint64_t last = UINT64_MAX, last_ordinal = 0;
    options.order = KF_ORDER_WEIGHT;
    FUZZ_MUST(!kf_iter_create(&iter, dict, &options, &error), "%s", error.message);
    for (size_t i = 0; i < count; i++) {
        FUZZ_MUST(!kf_iter_next(iter, &entry) && entry.ordinal < count, "entry %zu by weight", i);
        const pair *p = &pairs[entry.ordinal];
        uint64_t weight = kf_iter_match(iter)->weight;
        FUZZ_MUST(weight == (weights == KF_WEIGHTS_GIVEN ? weight_of(p) : p->number), "weight %zu", i);
        FUZZ_MUST(i == 0 || weight < last || (weight == last && entry.ordinal > last_ordinal), "order %zu", i);
        last = weight;
        last_ordinal = entry.ordinal;
    }
    FUZZ_MUST(kf_iter_next(iter, &entry) == KF_END, "more entries by weight than there are");
    kf_iter_destroy(&iter);
}

static void check(const char *path, const pair *pairs, size_t count, kf_value_type type, kf_weights weights)
{
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_error error;
    kf_dict *dict;
    kf_iter *iter;
    kf_entry entry;
    kf_bytes value;
    uint64_t number;
    kf_status status = kf_dict_open(&dict, path, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    FUZZ_MUST(kf_dict_count(dict) == count, "%zu keys", count);
    status = kf_dict_verify(dict, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    if (type == KF_VALUES_U64 || weights) check_weights(dict, pairs, count, weights);
    FUZZ_MUST(!kf_iter_create(&iter, dict, NULL, &error), "%s", error.message);
    for (size_t i = 0; i < count; i++) {
        const pair *p = &pairs[i];
        FUZZ_MUST(!kf_dict_ordinal(dict, p->key, p->size, &number) && number == i, "key %zu", i);
        FUZZ_MUST(!kf_iter_next(iter, &entry) && entry.ordinal == i, "key %zu", i);
        FUZZ_MUST(entry.key.size == p->size && (!p->size || !memcmp(entry.key.data, p->key, p->size)),
                  "key %zu", i);
        FUZZ_MUST(!kf_dict_lower_bound(dict, p->key, p->size, &number) && number == i, "key %zu", i);
        if (type == KF_VALUES_U64)
            FUZZ_MUST(!kf_dict_get_u64(dict, p->key, p->size, &number) && number == p->number, "value %zu",
                      i);
        if (type == KF_VALUES_BYTES) {
            FUZZ_MUST(!kf_dict_get(dict, p->key, p->size, &buffer, &value) && value.size == p->value_size,
                      "value %zu", i);
            FUZZ_MUST(!value.size || !memcmp(value.data, p->value, value.size), "value %zu", i);
        }
        /* What differs in one byte is there only if it is another key of the list. */
        if (!p->size) continue;
        p->key[i % p->size] ^= 1;
        status = kf_dict_ordinal(dict, p->key, p->size, &number);
        if (!status) {
            FUZZ_MUST(number < count && number != i, "a key that is not there is found");
            FUZZ_MUST(!compare_keys(&pairs[number], p->key, p->size), "a wrong key is found");
        }
        p->key[i % p->size] ^= 1;
    }
    FUZZ_MUST(kf_iter_next(iter, &entry) == KF_END, "more keys than there are");
    kf_iter_destroy(&iter);
    kf_dict_close(&dict);
    kf_buffer_free(&buffer);
}

static int cancel(void *context, const kf_progress *progress)
{
    unsigned *left = context;
    (void)progress;
    return *left && !--*left;
}

static kf_status build(const char *path, const kf_build_options *options, const pair *pairs, size_t count,
                       kf_error *error)
{
    kf_builder *builder;
    kf_status status = kf_builder_create(&builder, path, options, error);
    for (size_t i = 0; i < count && !status; i++) {
        const pair *p = &pairs[i];
        const int weighted = options->weights == KF_WEIGHTS_GIVEN;
        if (weighted && options->value_type == KF_VALUES_U64)
            status = kf_builder_add_u64_weighted(builder, p->key, p->size, p->number, weight_of(p), error);
        else if (weighted)
            status = kf_builder_add_weighted(builder, p->key, p->size, p->value,
                                             options->value_type == KF_VALUES_BYTES ? p->value_size : 0,
                                             weight_of(p), error);
        else if (options->value_type == KF_VALUES_U64)
            status = kf_builder_add_u64(builder, p->key, p->size, p->number, error);
        else
            status = kf_builder_add(builder, p->key, p->size, p->value,
                                    options->value_type == KF_VALUES_BYTES ? p->value_size : 0, error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, error);
    kf_builder_destroy(&builder);
    return status;
}

static const char *target(void)
{
    static char path[64];
    const char *folder = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
    if (!*path) snprintf(path, sizeof path, "%s/keyfold-fuzz-%d.kf", folder, (int)getpid());
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pair pairs[MOST_PAIRS];
    reader r = { data, size };
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    unsigned choice = take_byte(&r), flags = take_byte(&r), left = flags & 2 ? 1 + flags / 4 : 0;
    options.value_type = (kf_value_type)(choice & 3);
    options.value_encoding = (kf_encoding)(choice >> 2 & 7);
    options.duplicates = (kf_duplicates)(choice >> 5);
    options.memory_limit = 16 << 20;
    if (flags & 1) options.weights = flags & 4 ? KF_WEIGHTS_VALUE : KF_WEIGHTS_GIVEN;
    options.progress = cancel;
    options.progress_context = &left;
    size_t count = read_pairs(&r, pairs);
    kf_status status = build(target(), &options, pairs, count, &error);
    FUZZ_MUST(!status || (error.status == status && error.message[0]), "no message");
    if (status != KF_INVALID && status != KF_CANCELLED) {
        qsort(pairs, count, sizeof *pairs, compare_pairs);
        kf_status expected = fold(pairs, &count, options.duplicates);
        FUZZ_MUST(status == expected, "%d, not %d: %s", (int)status, (int)expected, error.message);
        if (!status) check(target(), pairs, count, options.value_type, options.weights);
    }
    if (status) FUZZ_MUST(access(target(), F_OK) != 0, "a file in spite of the failure");
    unlink(target());
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].key);
        free(pairs[i].joined);
    }
    return 0;
}

/* ---- seeds ---------------------------------------------------------------------------------------- */

uint8_t *fuzz_seed(unsigned n, size_t *size)
{
    static const uint8_t choices[] = { 0, 0x20, 0x01 | 0x20, 0x05 | 0x40, 0x09 | 0x60, 0x01 | 0xa0,
                                       0x02 | 0x20, 0x0a, 0x0e | 0x20,
                                       0x12 | 0x40, 0x16 | 0x20, 0x02, 0x81 };
    if (n >= 3 * sizeof choices) return NULL;
    uint8_t *data = malloc(8000), *p = data;
    uint64_t random = n + 1;
    FUZZ_MUST(data, "memory");
    *p++ = choices[n % sizeof choices];
    *p++ = (uint8_t)(n / sizeof choices == 1 ? 1 : n / sizeof choices == 2 ? 5 : 0);
    unsigned pairs = n < sizeof choices ? 12 : 120;
    for (unsigned i = 0; i < pairs; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned r = (unsigned)(random >> 33), length = 1 + r % 9;
        *p++ = (uint8_t)(r / 16 % (n % 3 == 0 ? 3 : 30));
        *p++ = (uint8_t)length;
        for (unsigned b = 0; b < length; b++)
            *p++ = (uint8_t)(n % 4 ? 'a' + (random >> (3 * b)) % 6 : random >> (7 * b));
        length = r % 5;
        *p++ = (uint8_t)length;
        for (unsigned b = 0; b < length; b++) *p++ = (uint8_t)("value"[b] + i % 3);
    }
    *size = (size_t)(p - data);
    return data;
}
