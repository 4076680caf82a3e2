/* ---- columns of memory as packed pairs -------------------------------------------------------- */

enum { KFPY_COLUMN_BITS = 32, KFPY_COLUMN_FLOATS };

enum { KFPY_PACK_BYTES, KFPY_PACK_KEY, KFPY_PACK_INT, KFPY_PACK_FLOAT, KFPY_PACK_DAYS, KFPY_PACK_TIMES,
       KFPY_PACK_UNSIGNED, KFPY_PACK_WORDS };

typedef struct kfpy_column {
    kfpy_keys items;
    const struct kfpy_column *distinct;
    int negative_is_null;
    int64_t multiply, divide;
    int64_t least, most;
} kfpy_column;

typedef struct kfpy_packed {
    size_t count;
    uint64_t *sizes;
    char *data;
    size_t size;
    size_t wrong;
    size_t items;             /* how many sizes there is room for */
    size_t capacity;
} kfpy_packed;

static kfpy_packed *kfpy_packed_new(void)
{
    return calloc(1, sizeof(kfpy_packed));
}

static void kfpy_packed_free(kfpy_packed *packed)
{
    if (packed == NULL) return;
    free(packed->sizes);
    free(packed->data);
    free(packed);
}

/* Item i of a column as its distinct column has it, if there is one: at *from, unless it is null. */
static int locate(const kfpy_column **column, size_t *i, int *null)
{
    const kfpy_column *at = *column;
    int is_negative = 0;
    *null = !is_valid(&at->items, *i);
    if (at->distinct == NULL || *null) return KF_OK;
    uint64_t place;
    if (at->items.layout == KFPY_COLUMN_BITS) {
        size_t bit = at->items.first + *i;
        place = ((const uint8_t *)at->items.data)[bit >> 3] >> (bit & 7) & 1;
    } else {
        place = integer(&at->items, *i, &is_negative);
    }
    if (is_negative && at->negative_is_null) {
        *null = 1;
        return KF_OK;
    }
    if (is_negative || place >= at->distinct->items.count) return KF_INVALID;
    *column = at->distinct;
    *i = (size_t)place;
    *null = !is_valid(&at->distinct->items, *i);
    return KF_OK;
}

static int64_t kfpy_column_nulls(const kfpy_column *column, size_t from, size_t count, uint8_t *mask, size_t *wrong)
{
    int64_t nulls = 0;
    if (column->items.valid == NULL && !column->negative_is_null &&
        (column->distinct == NULL || column->distinct->items.valid == NULL))
        return 0;
    for (size_t i = 0; i < count; i++) {
        const kfpy_column *at = column;
        size_t place = from + i;
        int null;
        int status = locate(&at, &place, &null);
        if (status != KF_OK) {
            *wrong = i;
            return -1 - status;
        }
        if (null) mask[i] = 0;
        nulls += null;
    }
    return nulls;
}

static int kfpy_column_has_negative(const kfpy_column *column, size_t from, size_t count, const uint8_t *mask)
{
    for (size_t i = 0; i < count; i++) {
        const kfpy_column *at = column;
        size_t place = from + i;
        int null, is_negative = 0;
        if (mask != NULL && !mask[i]) continue;
        if (locate(&at, &place, &null) != KF_OK || null) continue;
        if (at->items.layout == KFPY_KEYS_SIGNED) integer(&at->items, place, &is_negative);
        if (is_negative) return 1;
    }
    return 0;
}

static double half(uint16_t bits)
{
    unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    uint64_t word = (uint64_t)(bits >> 15) << 63;
    double value;
    if (exponent == 0) {                      /* 0, or a multiple of 2^-24 */
        value = fraction * 0x1p-24;
        return bits >> 15 ? -value : value;
    }
    word |= (uint64_t)(exponent == 31 ? 2047 : exponent + 1023 - 15) << 52 | (uint64_t)fraction << 42;
    memcpy(&value, &word, sizeof(value));
    return value;
}

static int floating(const kfpy_keys *keys, size_t i, double *value)
{
    if (keys->layout == KFPY_KEYS_SIGNED || keys->layout == KFPY_KEYS_UNSIGNED) {
        int is_negative;
        uint64_t bits = integer(keys, i, &is_negative);
        *value = is_negative ? (double)(int64_t)bits : (double)bits;
        return KF_OK;
    }
    if (keys->layout != KFPY_COLUMN_FLOATS) return KF_INVALID;
    if (keys->width == 2) {
        uint16_t x;
        memcpy(&x, item(keys, i), sizeof(x));
        *value = half(x);
    } else if (keys->width == 4) {
        float x;
        memcpy(&x, item(keys, i), sizeof(x));
        *value = x;
    } else {
        memcpy(value, item(keys, i), sizeof(*value));
    }
    return KF_OK;
}

/* As codec "int" stores it: two's complement, little-endian, bit_length / 8 + 1 bytes. */
static kf_bytes int_value(uint64_t value, int is_negative, uint8_t *out)
{
    uint64_t magnitude = is_negative ? 0 - value : value;
    size_t bits = magnitude == 0 ? 0 : (size_t)(64 - __builtin_clzll(magnitude)), size = bits / 8 + 1;
    for (size_t k = 0; k < size; k++)
        out[k] = k < 8 ? (uint8_t)(value >> (8 * k)) : is_negative ? 0xff : 0;
    return (kf_bytes){ out, size };
}

static void little_endian(uint64_t word, uint8_t *out)
{
    for (int k = 0; k < 8; k++) out[k] = (uint8_t)(word >> (8 * k));
}

/* A time in the unit of its codec. */
static int time_of(const kfpy_column *column, size_t i, int64_t *time)
{
    int is_negative;
    int64_t value = (int64_t)integer(&column->items, i, &is_negative);
    if (column->divide <= 0 || value % column->divide != 0) return KF_LIMIT;
    value /= column->divide;
    if (__builtin_mul_overflow(value, column->multiply, time)) return KF_LIMIT;
    return *time >= column->least && *time <= column->most ? KF_OK : KF_LIMIT;
}

/* The bytes of an item; in `out`, or in the column itself. */
static int bytes_of(const kfpy_column *column, size_t i, int what, uint8_t *out, kf_bytes *bytes)
{
    const kfpy_keys *keys = &column->items;
    int is_negative;
    if (what == KFPY_PACK_FLOAT) {
        double value;
        uint64_t word;
        if (floating(keys, i, &value) != KF_OK) return KF_INVALID;
        memcpy(&word, &value, sizeof(word));
        little_endian(word, out);
        *bytes = (kf_bytes){ out, 8 };
        return KF_OK;
    }
    if (what != KFPY_PACK_BYTES) {
        if (keys->layout != KFPY_KEYS_SIGNED && keys->layout != KFPY_KEYS_UNSIGNED) return KF_INVALID;
        if (what == KFPY_PACK_KEY) {
            *bytes = int_key(keys, i, out);
        } else if (what != KFPY_PACK_INT) {
            int64_t time = 0;
            if (time_of(column, i, &time) != KF_OK) return KF_LIMIT;
            little_endian((uint64_t)time, out);
            *bytes = (kf_bytes){ out, what == KFPY_PACK_DAYS ? 4 : 8 };
        } else {
            uint64_t value = integer(keys, i, &is_negative);
            *bytes = int_value(value, is_negative, out);
        }
        return KF_OK;
    }
    key_reader reader = { .keys = keys };
    if (keys->layout <= KFPY_KEYS_SIZES || keys->layout >= KFPY_KEYS_SIGNED) return KF_INVALID;
    int status = read_key(&reader, i, out, bytes);
    if (status != KF_OK) return status;
    if (bytes->data == NULL && bytes->size == 0 && keys->layout >= KFPY_KEYS_UCS4) return KF_TYPE;
    return keys->data == NULL && bytes->size > 0 ? KF_INVALID : KF_OK;
}

static int number_of_item(const kfpy_column *column, size_t i, int what, uint64_t *number)
{
    int is_negative;
    if (column->items.layout != KFPY_KEYS_SIGNED && column->items.layout != KFPY_KEYS_UNSIGNED) return KF_INVALID;
    *number = integer(&column->items, i, &is_negative);
    return is_negative && what == KFPY_PACK_UNSIGNED ? KF_LIMIT : KF_OK;
}

/* Strings without gaps are copied at once. */
static int pack_offsets(kfpy_packed *packed, const kfpy_column *column, size_t from, size_t count)
{
    kf_bytes first, last;
    for (size_t i = 0; i < count; i++) {
        if (offsets_key(&column->items, from + i, &last) != KF_OK) {
            packed->wrong = i;
            return KF_INVALID;
        }
        packed->sizes[i] = last.size;
        if (i == 0) first = last;
    }
    size_t size = count > 0 ? (size_t)(last.data - first.data) + last.size : 0;
    if (size > 0 && column->items.data == NULL) return KF_INVALID;
    if (count > 0 && !append(&packed->data, &packed->capacity, 0, (kf_bytes){ first.data, size }))
        return KF_NO_MEMORY;
    packed->count = count;
    packed->size = size;
    return KF_OK;
}

static int pack_item(kfpy_packed *packed, const kfpy_column *column, size_t i, int what, uint8_t *room)
{
    kf_bytes bytes;
    int null;
    int status = locate(&column, &i, &null);
    if (status != KF_OK) return status;
    if (null) return KF_INVALID;        /* the mask should have said so */
    if (what >= KFPY_PACK_UNSIGNED) return number_of_item(column, i, what, &packed->sizes[packed->count++]);
    status = bytes_of(column, i, what, room, &bytes);
    if (status != KF_OK) return status;
    if (!append(&packed->data, &packed->capacity, packed->size, bytes)) return KF_NO_MEMORY;
    packed->size += bytes.size;
    packed->sizes[packed->count++] = bytes.size;
    return KF_OK;
}

static int kfpy_pack(kfpy_packed *packed, const kfpy_column *column, size_t from, size_t count, const uint8_t *mask,
                     int what)
{
    const kfpy_column *last = column->distinct != NULL ? column->distinct : column;
    int layout = column->items.layout, status = KF_OK;
    size_t room_size = last->items.layout == KFPY_KEYS_UCS4 || last->items.layout == KFPY_KEYS_UCS4_SWAPPED
                     ? last->items.width : INT_KEY_MOST;
    packed->count = packed->size = packed->wrong = 0;
    if (from > column->items.count || count > column->items.count - from) return KF_INVALID;
    if (count > packed->items) {
        if (!widen(&packed->sizes, count, sizeof(uint64_t))) return KF_NO_MEMORY;
        packed->items = count;
    }
    if (what == KFPY_PACK_BYTES && mask == NULL && column->distinct == NULL &&
        (layout == KFPY_KEYS_OFFSETS_32 || layout == KFPY_KEYS_OFFSETS_64))
        return pack_offsets(packed, column, from, count);
    uint8_t *room = malloc(room_size + 1);
    if (room == NULL) return KF_NO_MEMORY;
    for (size_t i = 0; status == KF_OK && i < count; i++) {
        packed->wrong = i;
        if (mask == NULL || mask[i]) status = pack_item(packed, column, from + i, what, room);
    }
    free(room);
    return status;
}
