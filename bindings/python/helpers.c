#include <stdlib.h>
#include <string.h>

#include <keyfold/keyfold.h>

#define OPTIONS(type, name, ...)            \
    static type name(void)                  \
    {                                       \
        type options = __VA_ARGS__;         \
        return options;                     \
    }
OPTIONS(kf_open_options, kfpy_open_options, KF_OPEN_OPTIONS_INIT)
OPTIONS(kf_build_options, kfpy_build_options, KF_BUILD_OPTIONS_INIT)
OPTIONS(kf_iter_options, kfpy_iter_options, KF_ITER_OPTIONS_INIT)
OPTIONS(kf_fuzzy_options, kfpy_fuzzy_options, KF_FUZZY_OPTIONS_INIT)
OPTIONS(kf_nearest_options, kfpy_nearest_options, KF_NEAREST_OPTIONS_INIT)
OPTIONS(kf_set_options, kfpy_set_options, KF_SET_OPTIONS_INIT)
OPTIONS(kf_merge_options, kfpy_merge_options, KF_MERGE_OPTIONS_INIT)
OPTIONS(kf_find_options, kfpy_find_options, KF_FIND_OPTIONS_INIT)
OPTIONS(kf_bundle_options, kfpy_bundle_options, KF_BUNDLE_OPTIONS_INIT)
OPTIONS(kf_verify_options, kfpy_verify_options, KF_VERIFY_OPTIONS_INIT)
OPTIONS(kf_build_report, kfpy_build_report, KF_BUILD_REPORT_INIT)
OPTIONS(kf_member, kfpy_member, KF_MEMBER_INIT)
OPTIONS(kf_dict_stat, kfpy_dict_stat, KF_DICT_STAT_INIT)

/* Python's own takes longer than all the rest of opening a small file. */
static char *kfpy_real_path(const char *path)
{
    return realpath(path, NULL);
}

static void kfpy_dict_free(kf_dict *dict)
{
    kf_dict_close(&dict);
}

static void kfpy_builder_free(kf_builder *builder)
{
    kf_builder_destroy(&builder);
}

static void kfpy_query_free(kf_query *query)
{
    kf_query_destroy(&query);
}

/* `keep` is bound to the destructor in Python, so that a dictionary outlives its iterators. */
static void kfpy_iter_free(const void *keep, kf_iter *iter)
{
    (void)keep;
    kf_iter_destroy(&iter);
}

/* ---- lookups (those by key of a Dictionary are in lookup.c) ------------------------------------ */

/* A key or value of 256 bytes or less is copied into the slot itself, which Python reads without asking for a
 * pointer first. A slot belongs to one call at a time instead of to a thread, because a signal handler or a
 * finalizer may make another between a call and the moment its caller reads the value. */
#define KFPY_INLINE 256

typedef struct slot {
    char inlined[KFPY_INLINE];
    const char *data;
    kf_buffer buffer;
} slot;

static char *kfpy_slot_new(void)
{
    return calloc(1, sizeof(slot));
}

static void kfpy_slot_free(char *bytes)
{
    if (bytes != NULL) kf_buffer_free(&((slot *)bytes)->buffer);
    free(bytes);
}

static const char *kfpy_slot_data(const char *bytes)
{
    return ((const slot *)bytes)->data;
}

static int64_t leave(slot *place, kf_status status, kf_bytes value)
{
    if (status != KF_OK) return -1 - (int64_t)status;
    if (value.size <= KFPY_INLINE) {
        if (value.size > 0) memcpy(place->inlined, value.data, value.size);
    } else {
        place->data = (const char *)value.data;
    }
    return (int64_t)value.size;
}

static int64_t kfpy_value_at(const kf_dict *dict, uint64_t ordinal, char *bytes)
{
    slot *place = (slot *)bytes;
    kf_bytes value = { NULL, 0 };
    if (dict == NULL || place == NULL) return -1 - (int64_t)KF_INVALID;
    return leave(place, kf_dict_value_at(dict, ordinal, &place->buffer, &value), value);
}

static int64_t kfpy_key_at(const kf_dict *dict, uint64_t ordinal, char *bytes)
{
    slot *place = (slot *)bytes;
    kf_bytes key = { NULL, 0 };
    if (dict == NULL || place == NULL) return -1 - (int64_t)KF_INVALID;
    return leave(place, kf_dict_key_at(dict, ordinal, &place->buffer, &key), key);
}

typedef struct kfpy_number {
    int64_t status;
    uint64_t value;
} kfpy_number;

static kfpy_number kfpy_u64_at(const kf_dict *dict, uint64_t ordinal)
{
    kfpy_number number = { KF_INVALID, 0 };
    if (dict != NULL) number.status = kf_dict_u64_at(dict, ordinal, &number.value);
    return number;
}

static kfpy_number kfpy_ordinal(const kf_dict *dict, const void *key, size_t key_size)
{
    kfpy_number number = { KF_INVALID, 0 };
    if (dict != NULL) number.status = kf_dict_ordinal(dict, key, key_size, &number.value);
    return number;
}

static kfpy_number kfpy_lower_bound(const kf_dict *dict, const void *key, size_t key_size)
{
    kfpy_number number = { KF_INVALID, 0 };
    if (dict != NULL) number.status = kf_dict_lower_bound(dict, key, key_size, &number.value);
    return number;
}

static kfpy_number kfpy_longest_prefix(const kf_dict *dict, const void *text, size_t text_size)
{
    kfpy_number number = { KF_INVALID, 0 };
    kf_prefix_match match = { 0, 0 };
    if (dict != NULL) number.status = kf_dict_longest_prefix(dict, text, text_size, &match);
    number.value = match.size;
    return number;
}

typedef struct kfpy_range {
    int64_t status;
    uint64_t first;
    uint64_t count;
} kfpy_range;

static kfpy_range kfpy_prefix_range(const kf_dict *dict, const void *prefix, size_t prefix_size)
{
    kfpy_range range = { KF_INVALID, 0, 0 };
    if (dict != NULL)
        range.status = kf_dict_prefix_range(dict, prefix, prefix_size, &range.first, &range.count);
    return range;
}

/* ---- blocks of entries ------------------------------------------------------------------------ */

#define KFPY_WANT_KEYS 1
#define KFPY_WANT_VALUES 2
#define KFPY_WANT_NUMBERS 4
#define KFPY_WANT_MATCHES 8

typedef struct kfpy_block {
    size_t count;
    char *key_data;
    uint64_t *key_ends;
    char *value_data;
    uint64_t *value_ends;
    uint64_t *numbers;
    uint64_t *ordinals;
    kf_match *matches;
    size_t entries;          /* how many the arrays hold */
    size_t key_capacity;
    size_t value_capacity;
} kfpy_block;

/* A block ends early once it holds so many bytes, whatever the number of entries asked for. */
#define BLOCK_BYTES ((size_t)1 << 20)

static kfpy_block *kfpy_block_new(void)
{
    return calloc(1, sizeof(kfpy_block));
}

static void kfpy_block_free(kfpy_block *block)
{
    if (block == NULL) return;
    free(block->key_data);
    free(block->key_ends);
    free(block->value_data);
    free(block->value_ends);
    free(block->numbers);
    free(block->ordinals);
    free(block->matches);
    free(block);
}

static int widen(void *array, size_t count, size_t size)
{
    void *wider = realloc(*(void **)array, count * size);
    if (wider == NULL) return 0;
    memcpy(array, &wider, sizeof(wider));
    return 1;
}

static int make_room(kfpy_block *block, size_t entries)
{
    if (entries <= block->entries) return 1;
    if (!widen(&block->key_ends, entries, sizeof(uint64_t)) ||
        !widen(&block->value_ends, entries, sizeof(uint64_t)) ||
        !widen(&block->numbers, entries, sizeof(uint64_t)) ||
        !widen(&block->ordinals, entries, sizeof(uint64_t)) ||
        !widen(&block->matches, entries, sizeof(kf_match)))
        return 0;
    block->entries = entries;
    return 1;
}

/* Appends bytes behind the `used` ones of a growing array. */
static int append(char **data, size_t *capacity, size_t used, kf_bytes bytes)
{
    if (bytes.size > *capacity - used) {
        size_t wanted = used + bytes.size;
        if (wanted < used || wanted > SIZE_MAX / 2) return 0;
        wanted += wanted / 2 + 256;
        if (!widen(data, wanted, 1)) return 0;
        *capacity = wanted;
    }
    if (bytes.size > 0) memcpy(*data + used, bytes.data, bytes.size);
    return 1;
}

static int kfpy_block_fill(kfpy_block *block, kf_iter *iter, size_t entries, int want)
{
    size_t keys = 0, values = 0;
    block->count = 0;
    if (entries > SIZE_MAX / sizeof(kf_match) || !make_room(block, entries)) return KF_NO_MEMORY;
    while (block->count < entries && keys + values < BLOCK_BYTES) {
        size_t at = block->count;
        kf_entry entry;
        kf_status status = kf_iter_next(iter, &entry);
        if (status != KF_OK) return (int)status;
        if (want & KFPY_WANT_KEYS) {
            if (!append(&block->key_data, &block->key_capacity, keys, entry.key)) return KF_NO_MEMORY;
            block->key_ends[at] = keys += entry.key.size;
        }
        if (want & KFPY_WANT_VALUES) {
            kf_bytes value = { NULL, 0 };
            status = kf_iter_value(iter, &value);
            if (status != KF_OK) return (int)status;
            if (!append(&block->value_data, &block->value_capacity, values, value)) return KF_NO_MEMORY;
            block->value_ends[at] = values += value.size;
        }
        if (want & KFPY_WANT_NUMBERS) {
            status = kf_iter_value_u64(iter, &block->numbers[at]);
            if (status != KF_OK) return (int)status;
        }
        if (want & KFPY_WANT_MATCHES) block->matches[at] = *kf_iter_match(iter);
        block->ordinals[at] = entry.ordinal;
        block->count = at + 1;
    }
    return KF_OK;
}

/* ---- building --------------------------------------------------------------------------------- */

#define KFPY_BAD_BATCH 1000

/* Pairs end to end, as a worker process packed them: nothing in it is taken for granted. */
typedef struct kfpy_batch {
    size_t count;
    const char *key_data;
    size_t key_size;
    const uint64_t *key_sizes;
    const char *value_data;
    size_t value_size;
    const uint64_t *value_sizes;   /* of u64 values, the values */
    const uint64_t *weights;       /* or NULL */
    int numbers;
} kfpy_batch;

static int kfpy_add_batch(kf_builder *builder, const kfpy_batch *batch, kf_error *error)
{
    const char *key = batch->key_data, *value = batch->value_data;
    size_t keys = batch->key_size, values = batch->value_size;
    for (size_t i = 0; i < batch->count; i++) {
        uint64_t key_size = batch->key_sizes[i], second = batch->value_sizes[i];
        kf_status status;
        if (key_size > keys || (!batch->numbers && second > values)) return KFPY_BAD_BATCH;
        if (batch->numbers)
            status = batch->weights == NULL
                ? kf_builder_add_u64(builder, key, (size_t)key_size, second, error)
                : kf_builder_add_u64_weighted(builder, key, (size_t)key_size, second, batch->weights[i], error);
        else
            status = batch->weights == NULL
                ? kf_builder_add(builder, key, (size_t)key_size, value, (size_t)second, error)
                : kf_builder_add_weighted(builder, key, (size_t)key_size, value, (size_t)second,
                                          batch->weights[i], error);
        if (status != KF_OK) return (int)status;
        key += key_size;
        keys -= (size_t)key_size;
        if (batch->numbers) continue;
        value += second;
        values -= (size_t)second;
    }
    return keys == 0 && values == 0 ? KF_OK : KFPY_BAD_BATCH;
}
