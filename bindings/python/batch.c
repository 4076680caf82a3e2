/* ---- batches: where the keys lie -------------------------------------------------------------- */

enum {
    KFPY_KEYS_SEPARATED,
    KFPY_KEYS_SIZES,
    KFPY_KEYS_OFFSETS_32,
    KFPY_KEYS_OFFSETS_64,
    KFPY_KEYS_VIEWS,
    KFPY_KEYS_FIXED,
    KFPY_KEYS_PADDED,
    KFPY_KEYS_UCS4,
    KFPY_KEYS_UCS4_SWAPPED,
    KFPY_KEYS_SIGNED,
    KFPY_KEYS_UNSIGNED
};

typedef struct kfpy_keys {
    int layout;
    size_t count;
    const void *data;
    size_t size;
    const void *offsets;
    const void **buffers;
    size_t buffer_count;
    size_t width;
    ptrdiff_t stride;
    const uint8_t *valid;
    size_t first;
} kfpy_keys;

/* So many keys are described at a time: what describes them stays in the cache. */
enum { BATCH_BLOCK = 512, INT_KEY_MOST = 9 };
#define ARENA_MOST ((size_t)1 << 20)

typedef struct key_reader {
    const kfpy_keys *keys;
    size_t next;
    size_t place;             /* in the data, for layouts that are read in order */
    uint8_t *arena;           /* what keys that are not in the data as they are become */
    size_t arena_item;        /* most bytes of one */
    size_t block;
} key_reader;

static int reader_open(key_reader *reader, const kfpy_keys *keys)
{
    memset(reader, 0, sizeof(*reader));
    reader->keys = keys;
    reader->block = BATCH_BLOCK;
    if (keys->layout == KFPY_KEYS_UCS4 || keys->layout == KFPY_KEYS_UCS4_SWAPPED)
        reader->arena_item = keys->width;     /* UTF-8 takes no more than UTF-32 */
    else if (keys->layout >= KFPY_KEYS_SIGNED)
        reader->arena_item = INT_KEY_MOST;
    if (reader->arena_item == 0) return KF_OK;
    if (reader->arena_item * reader->block > ARENA_MOST)
        reader->block = reader->arena_item > ARENA_MOST ? 1 : ARENA_MOST / reader->arena_item;
    reader->arena = malloc(reader->arena_item * reader->block);
    return reader->arena != NULL ? KF_OK : KF_NO_MEMORY;
}

static void reader_close(key_reader *reader)
{
    free(reader->arena);
}

static int is_valid(const kfpy_keys *keys, size_t i)
{
    size_t bit = keys->first + i;
    return keys->valid == NULL || (keys->valid[bit >> 3] >> (bit & 7) & 1);
}

static const uint8_t *item(const kfpy_keys *keys, size_t i)
{
    return (const uint8_t *)keys->data + (ptrdiff_t)(keys->first + i) * keys->stride;
}

/* Integer i, and whether it is a negative one. */
static uint64_t integer(const kfpy_keys *keys, size_t i, int *is_negative)
{
    const uint8_t *at = item(keys, i);
    int is_signed = keys->layout == KFPY_KEYS_SIGNED;
    uint64_t value = 0;
    if (keys->width == 1) {
        value = is_signed ? (uint64_t)(int64_t)(int8_t)*at : *at;
    } else if (keys->width == 2) {
        uint16_t x;
        memcpy(&x, at, sizeof(x));
        value = is_signed ? (uint64_t)(int64_t)(int16_t)x : x;
    } else if (keys->width == 4) {
        uint32_t x;
        memcpy(&x, at, sizeof(x));
        value = is_signed ? (uint64_t)(int64_t)(int32_t)x : x;
    } else {
        memcpy(&value, at, sizeof(value));
    }
    *is_negative = is_signed && value >> 63;
    return value;
}

/* As _encode_int of _keys.py. */
static kf_bytes int_key(const kfpy_keys *keys, size_t i, uint8_t *out)
{
    int is_negative;
    uint64_t value = integer(keys, i, &is_negative);
    uint64_t magnitude = is_negative ? 0 - value : value;
    unsigned size = 0;
    uint8_t flip = is_negative ? 0xff : 0;
    while (size < 8 && magnitude >> (8 * size) != 0) size++;
    out[0] = is_negative ? (uint8_t)(0x7f - size) : (uint8_t)(0x80 + size);
    for (unsigned k = 0; k < size; k++)
        out[1 + k] = (uint8_t)(magnitude >> (8 * (size - 1 - k))) ^ flip;
    return (kf_bytes){ out, size + 1 };
}

/* UTF-8 with Python's "surrogateescape"; without data when the text has none. */
static kf_bytes ucs4_key(const kfpy_keys *keys, size_t i, uint8_t *out)
{
    const uint8_t *at = item(keys, i);
    size_t units = keys->width / 4;
    uint8_t *end = out;
    for (size_t k = 0; k < units; k++) {
        uint32_t c;
        memcpy(&c, at + 4 * k, sizeof(c));
        if (keys->layout == KFPY_KEYS_UCS4_SWAPPED) c = __builtin_bswap32(c);
        if (c < 0x80) {
            *end++ = (uint8_t)c;
        } else if (c < 0x800) {
            *end++ = (uint8_t)(0xc0 | c >> 6);
            *end++ = (uint8_t)(0x80 | (c & 0x3f));
        } else if (c >= 0xdc80 && c <= 0xdcff) {
            *end++ = (uint8_t)(c - 0xdc00);
        } else if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) {
            return (kf_bytes){ NULL, 0 };
        } else if (c < 0x10000) {
            *end++ = (uint8_t)(0xe0 | c >> 12);
            *end++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            *end++ = (uint8_t)(0x80 | (c & 0x3f));
        } else {
            *end++ = (uint8_t)(0xf0 | c >> 18);
            *end++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
            *end++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            *end++ = (uint8_t)(0x80 | (c & 0x3f));
        }
    }
    while (end > out && end[-1] == 0) end--;
    return (kf_bytes){ out, (size_t)(end - out) };
}

static int offsets_key(const kfpy_keys *keys, size_t i, kf_bytes *key)
{
    int64_t start, end;
    if (keys->layout == KFPY_KEYS_OFFSETS_32) {
        const int32_t *offsets = (const int32_t *)keys->offsets + keys->first + i;
        start = offsets[0];
        end = offsets[1];
    } else {
        const int64_t *offsets = (const int64_t *)keys->offsets + keys->first + i;
        start = offsets[0];
        end = offsets[1];
    }
    if (start < 0 || end < start) return KF_INVALID;
    *key = (kf_bytes){ (const uint8_t *)keys->data + start, (size_t)(end - start) };
    return KF_OK;
}

/* A view is a size, then up to 12 bytes; or 4 of them, the number of a buffer and the place in it. */
static int view_key(const kfpy_keys *keys, size_t i, kf_bytes *key)
{
    const uint8_t *at = (const uint8_t *)keys->data + (keys->first + i) * 16;
    int32_t field[4];
    memcpy(field, at, sizeof(field));
    if (field[0] >= 0 && field[0] <= 12) {
        *key = (kf_bytes){ at + 4, (size_t)field[0] };
        return KF_OK;
    }
    if (field[0] < 0 || field[2] < 0 || (size_t)field[2] >= keys->buffer_count || field[3] < 0 ||
        (int64_t)field[0] + field[3] > ((const int64_t *)keys->offsets)[field[2]])
        return KF_INVALID;
    *key = (kf_bytes){ (const uint8_t *)keys->buffers[field[2]] + field[3], (size_t)field[0] };
    return KF_OK;
}

/* The next key of those that lie end to end. */
static int sequential_key(key_reader *reader, size_t i, kf_bytes *key)
{
    const kfpy_keys *keys = reader->keys;
    const uint8_t *at = (const uint8_t *)keys->data + reader->place;
    size_t left = keys->size - reader->place, size, step;
    if (keys->layout == KFPY_KEYS_SIZES) {
        uint64_t given = ((const uint64_t *)keys->offsets)[i];
        if (given > left) return KF_INVALID;
        size = step = (size_t)given;
    } else {
        const uint8_t *zero = left > 0 ? memchr(at, 0, left) : NULL;
        size = zero != NULL ? (size_t)(zero - at) : left;
        step = size + (zero != NULL);
        /* One zero byte after every key but the last. */
        if ((zero != NULL) != (i + 1 < keys->count)) return KF_INVALID;
    }
    *key = (kf_bytes){ at, size };
    reader->place += step;
    return KF_OK;
}

static int read_key(key_reader *reader, size_t i, uint8_t *arena, kf_bytes *key)
{
    const kfpy_keys *keys = reader->keys;
    *key = (kf_bytes){ NULL, 0 };
    if (keys->layout <= KFPY_KEYS_SIZES) {
        int status = sequential_key(reader, i, key);
        if (!is_valid(keys, i)) key->data = NULL;
        return status;
    }
    if (!is_valid(keys, i)) return KF_OK;
    switch (keys->layout) {
    case KFPY_KEYS_OFFSETS_32:
    case KFPY_KEYS_OFFSETS_64:
        return offsets_key(keys, i, key);
    case KFPY_KEYS_VIEWS:
        return view_key(keys, i, key);
    case KFPY_KEYS_FIXED:
        *key = (kf_bytes){ item(keys, i), keys->width };
        return KF_OK;
    case KFPY_KEYS_PADDED:
        *key = (kf_bytes){ item(keys, i), keys->width };
        while (key->size > 0 && key->data[key->size - 1] == 0) key->size--;
        return KF_OK;
    case KFPY_KEYS_UCS4:
    case KFPY_KEYS_UCS4_SWAPPED:
        *key = keys->width > 0 ? ucs4_key(keys, i, arena) : (kf_bytes){ (const uint8_t *)"", 0 };
        return KF_OK;
    case KFPY_KEYS_SIGNED:
    case KFPY_KEYS_UNSIGNED:
        *key = int_key(keys, i, arena);
        return KF_OK;
    default:
        return KF_INVALID;
    }
}

/* ---- batches: ordinals ------------------------------------------------------------------------ */

typedef struct kfpy_lookup {
    size_t count;
    size_t found;
    uint64_t *ordinals;
    uint64_t *numbers;
    char *value_data;
    int64_t *value_offsets;
    int has_zeros;
    size_t wrong;
    size_t width;              /* of an item of `numbers` */
    size_t value_capacity;
    size_t users;              /* the batch itself and Arrow arrays */
} kfpy_lookup;

static kfpy_lookup *kfpy_lookup_new(void)
{
    kfpy_lookup *batch = calloc(1, sizeof(kfpy_lookup));
    if (batch != NULL) batch->users = 1;
    return batch;
}

static void kfpy_lookup_free(kfpy_lookup *batch)
{
    if (batch == NULL || __atomic_sub_fetch(&batch->users, 1, __ATOMIC_ACQ_REL) > 0) return;
    free(batch->ordinals);
    free(batch->numbers);
    free(batch->value_data);
    free(batch->value_offsets);
    free(batch);
}

static int more_ordinals(kfpy_lookup *batch, size_t count)
{
    if (count > SIZE_MAX / 16 - batch->count) return 0;
    return widen(&batch->ordinals, batch->count + count + 1, sizeof(uint64_t));
}

static int find_block(kfpy_lookup *batch, const kf_dict *dict, key_reader *reader, size_t count)
{
    kf_bytes list[BATCH_BLOCK] = { { NULL, 0 } };
    uint64_t *ordinals = batch->ordinals + batch->count;
    size_t found = 0, nulls = 0;
    for (size_t k = 0; k < count; k++) {
        uint8_t *arena = reader->arena != NULL ? reader->arena + k * reader->arena_item : NULL;
        int status = read_key(reader, reader->next + k, arena, &list[k]);
        if (status != KF_OK) {
            batch->wrong = batch->count + k;
            return status;
        }
        if (list[k].data == NULL) {
            nulls++;
            list[k].size = 0;
        }
    }
    kf_status status = kf_dict_ordinal_many(dict, list, count, ordinals, &found);
    for (size_t k = 0; k < count && nulls > 0; k++) {
        if (list[k].data != NULL) continue;
        nulls--;
        found -= ordinals[k] != KF_ABSENT;
        ordinals[k] = KF_ABSENT;
    }
    reader->next += count;
    batch->count += count;
    batch->found += found;
    return (int)status;
}

static int kfpy_lookup_find(kfpy_lookup *batch, const kf_dict *dict, const kfpy_keys *keys)
{
    key_reader reader;
    if (dict == NULL) return KF_INVALID;
    if (!more_ordinals(batch, keys->count)) return KF_NO_MEMORY;
    int status = reader_open(&reader, keys);
    while (status == KF_OK && reader.next < keys->count) {
        size_t left = keys->count - reader.next;
        status = find_block(batch, dict, &reader, left < reader.block ? left : reader.block);
    }
    if (status == KF_OK && keys->layout == KFPY_KEYS_SIZES && reader.place != keys->size) status = KF_INVALID;
    reader_close(&reader);
    return status;
}

/* Ordinals by integers: `from` has `size` of them, or each stands for itself where that is NULL. */
static int by_number(kfpy_lookup *batch, const uint64_t *from, uint64_t size, const kfpy_keys *keys)
{
    if (keys->layout < KFPY_KEYS_SIGNED) return KF_INVALID;
    if (!more_ordinals(batch, keys->count)) return KF_NO_MEMORY;
    uint64_t *out = batch->ordinals + batch->count;
    for (size_t i = 0; i < keys->count; i++) {
        int is_negative = 1;
        uint64_t place = is_valid(keys, i) ? integer(keys, i, &is_negative) : KF_ABSENT;
        if (is_negative && (from != NULL || place == KF_ABSENT)) {
            out[i] = KF_ABSENT;
        } else if (place >= size) {
            batch->wrong = batch->count + i;
            return KF_LIMIT;
        } else {
            out[i] = from != NULL ? from[place] : place;
        }
        batch->found += out[i] != KF_ABSENT;
    }
    batch->count += keys->count;
    return KF_OK;
}

static int kfpy_lookup_gather(kfpy_lookup *batch, const kfpy_lookup *distinct, const kfpy_keys *places)
{
    static const uint64_t none = KF_ABSENT;
    return by_number(batch, distinct->count > 0 ? distinct->ordinals : &none, distinct->count, places);
}

static int kfpy_lookup_ordinals(kfpy_lookup *batch, const kf_dict *dict, const kfpy_keys *ordinals)
{
    return dict == NULL ? (int)KF_INVALID : by_number(batch, NULL, kf_dict_count(dict), ordinals);
}

static void kfpy_lookup_missing(const kfpy_lookup *batch, uint64_t *places)
{
    for (size_t i = 0, k = 0, most = batch->count - batch->found; k < most; i++) {
        if (batch->ordinals[i] == KF_ABSENT) places[k++] = i;
    }
}

static void kfpy_lookup_mask(const kfpy_lookup *batch, uint8_t *found)
{
    for (size_t i = 0; i < batch->count; i++) found[i] = batch->ordinals[i] != KF_ABSENT;
}

static void *kfpy_lookup_take_numbers(kfpy_lookup *batch)
{
    void *taken = batch->numbers;
    batch->numbers = NULL;
    return taken;
}

static void *kfpy_lookup_take_ordinals(kfpy_lookup *batch)
{
    void *taken = batch->ordinals;
    batch->ordinals = NULL;
    return taken;
}

static void kfpy_free(void *memory)
{
    free(memory);
}

/* ---- batches: values -------------------------------------------------------------------------- */

static int kfpy_lookup_numbers(kfpy_lookup *batch, const kf_dict *dict, uint64_t fallback)
{
    if (dict == NULL) return KF_INVALID;
    if (!widen(&batch->numbers, batch->count + 1, sizeof(uint64_t))) return KF_NO_MEMORY;
    batch->width = sizeof(uint64_t);
    for (size_t i = 0; batch->found < batch->count && i < batch->count; i++) batch->numbers[i] = fallback;
    return (int)kf_dict_u64_at_many(dict, batch->ordinals, batch->count, batch->numbers);
}

/* Values of a few ordinals at a time, which then lie in the cache when they are put where they belong. */
typedef struct values {
    kf_buffer data;
    uint64_t ends[BATCH_BLOCK];
    size_t first, count;
} values;

static int read_values(values *block, const kfpy_lookup *batch, const kf_dict *dict, size_t first)
{
    block->first = first;
    block->count = batch->count - first < BATCH_BLOCK ? batch->count - first : BATCH_BLOCK;
    return (int)kf_dict_value_at_many(dict, batch->ordinals + first, block->count, &block->data,
                                       block->ends);
}

static kf_bytes value_of(const values *block, const kfpy_lookup *batch, size_t i, kf_bytes fallback)
{
    uint64_t start = i > 0 ? block->ends[i - 1] : 0;
    if (batch->ordinals[block->first + i] == KF_ABSENT) return fallback;
    return (kf_bytes){ block->data.data + start, (size_t)(block->ends[i] - start) };
}

/* The block's values behind the `used` bytes that there are already. */
static int put_packed(kfpy_lookup *batch, const values *block, int separator, kf_bytes fallback, size_t *used)
{
    static const kf_bytes zero = { (const uint8_t *)"", 1 };
    for (size_t i = 0; i < block->count; i++) {
        kf_bytes value = value_of(block, batch, i, fallback);
        if (separator && block->first + i > 0 &&
            !append(&batch->value_data, &batch->value_capacity, (*used)++, zero))
            return KF_NO_MEMORY;
        if (!append(&batch->value_data, &batch->value_capacity, *used, value)) return KF_NO_MEMORY;
        if (separator && !batch->has_zeros && value.size > 0)
            batch->has_zeros = memchr(value.data, 0, value.size) != NULL;
        *used += value.size;
        batch->value_offsets[block->first + i + 1] = (int64_t)*used;
    }
    return KF_OK;
}

/* All values where they belong at once; what is absent is empty. */
static int put_all(kfpy_lookup *batch, const kf_dict *dict)
{
    kf_buffer data = { (uint8_t *)batch->value_data, batch->value_capacity };
    uint64_t *ends = (uint64_t *)(void *)(batch->value_offsets + 1);
    kf_status status = kf_dict_value_at_many(dict, batch->ordinals, batch->count, &data, ends);
    batch->value_data = (char *)data.data;
    batch->value_capacity = data.capacity;
    return (int)status;
}

static int kfpy_lookup_packed(kfpy_lookup *batch, const kf_dict *dict, int separator, const void *fallback,
                              size_t size)
{
    values block = { .data = { NULL, 0 } };
    kf_bytes absent = { (const uint8_t *)fallback, size };
    size_t used = 0;
    int status = KF_OK;
    if (dict == NULL) return KF_INVALID;
    if (!widen(&batch->value_offsets, batch->count + 1, sizeof(int64_t))) return KF_NO_MEMORY;
    batch->value_offsets[0] = 0;
    batch->has_zeros = 0;
    if (!separator && (size == 0 || batch->found == batch->count)) return put_all(batch, dict);
    for (size_t i = 0; status == KF_OK && i < batch->count; i += BATCH_BLOCK) {
        status = read_values(&block, batch, dict, i);
        if (status == KF_OK) status = put_packed(batch, &block, separator, absent, &used);
    }
    kf_buffer_free(&block.data);
    return status;
}

static int put_fixed(kfpy_lookup *batch, const values *block, kf_bytes fallback)
{
    for (size_t i = 0; i < block->count; i++) {
        kf_bytes value = value_of(block, batch, i, fallback);
        if (value.size != batch->width) {
            batch->wrong = block->first + i;
            return KF_TYPE;
        }
        memcpy((char *)batch->numbers + (block->first + i) * batch->width, value.data, batch->width);
    }
    return KF_OK;
}

static int kfpy_lookup_fixed(kfpy_lookup *batch, const kf_dict *dict, size_t width, const void *fallback)
{
    values block = { .data = { NULL, 0 } };
    int status = KF_OK;
    if (dict == NULL || width == 0) return KF_INVALID;
    if (batch->count >= SIZE_MAX / width || !widen(&batch->numbers, batch->count + 1, width))
        return KF_NO_MEMORY;
    batch->width = width;
    for (size_t i = 0; status == KF_OK && i < batch->count; i += BATCH_BLOCK) {
        status = read_values(&block, batch, dict, i);
        if (status == KF_OK)
            status = put_fixed(batch, &block, (kf_bytes){ (const uint8_t *)fallback, width });
    }
    kf_buffer_free(&block.data);
    return status;
}

/* A number as codec "int" stores it: two's complement, little-endian, in as many bytes as it takes. */
static int signed_value(kf_bytes value, int64_t *number)
{
    uint64_t bits = value.size > 0 && value.data[value.size - 1] >> 7 ? UINT64_MAX : 0;
    uint8_t sign = (uint8_t)bits;
    for (size_t i = value.size; i-- > 0;) {
        if (i >= 8 && value.data[i] != sign) return KF_LIMIT;
        if (i < 8) bits = bits << 8 | value.data[i];
    }
    *number = (int64_t)bits;
    return value.size < 9 || (uint8_t)(bits >> 56) >> 7 == sign >> 7 ? KF_OK : KF_LIMIT;
}

static int kfpy_lookup_signed(kfpy_lookup *batch, const kf_dict *dict, int64_t fallback)
{
    values block = { .data = { NULL, 0 } };
    int status = KF_OK;
    if (dict == NULL) return KF_INVALID;
    if (!widen(&batch->numbers, batch->count + 1, sizeof(int64_t))) return KF_NO_MEMORY;
    batch->width = sizeof(int64_t);
    for (size_t i = 0; status == KF_OK && i < batch->count; i += BATCH_BLOCK) {
        status = read_values(&block, batch, dict, i);
        for (size_t k = 0; status == KF_OK && k < block.count; k++) {
            int64_t number = fallback;
            batch->wrong = i + k;
            if (batch->ordinals[i + k] != KF_ABSENT)
                status = signed_value(value_of(&block, batch, k, (kf_bytes){ NULL, 0 }), &number);
            batch->numbers[i + k] = (uint64_t)number;
        }
    }
    kf_buffer_free(&block.data);
    return status;
}

/* The length of the well-formed sequence that text begins with (Unicode, table 3-7); 0: none. */
static size_t utf8_sequence(const uint8_t *text, size_t size)
{
    uint8_t lead = text[0];
    size_t wanted = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4
                  : 0;
    if (wanted == 0 || wanted > size) return 0;
    for (size_t i = 1; i < wanted; i++) {
        uint8_t least = 0x80, most = 0xbf;
        if (i == 1 && lead == 0xe0) least = 0xa0;
        if (i == 1 && lead == 0xed) most = 0x9f;
        if (i == 1 && lead == 0xf0) least = 0x90;
        if (i == 1 && lead == 0xf4) most = 0x8f;
        if (text[i] < least || text[i] > most) return 0;
    }
    return wanted;
}

static int is_ascii(const char *text, size_t size)
{
    uint64_t any = 0, word;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, text + i, 8);
        any |= word;
    }
    for (; i < size; i++) any |= (uint64_t)(uint8_t)text[i] << 56 | (uint8_t)text[i];
    return (any & UINT64_C(0x8080808080808080)) == 0;
}

static int kfpy_lookup_check_utf8(kfpy_lookup *batch)
{
    if (batch->count == 0 || is_ascii(batch->value_data, (size_t)batch->value_offsets[batch->count]))
        return KF_OK;
    for (size_t i = 0; i < batch->count; i++) {
        const uint8_t *at = (const uint8_t *)batch->value_data + batch->value_offsets[i];
        const uint8_t *end = (const uint8_t *)batch->value_data + batch->value_offsets[i + 1];
        while (at < end) {
            size_t size = utf8_sequence(at, (size_t)(end - at));
            if (size == 0) {
                batch->wrong = i;
                return KF_INVALID;
            }
            at += size;
        }
    }
    return KF_OK;
}
