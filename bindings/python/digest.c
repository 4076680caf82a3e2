/* What identifies the content of a dict: a sum of hashes of its pairs, so that neither order matters nor anything has
 * to be sorted. The hash is SipHash-1-3 with 128 bits (Aumasson and Bernstein 2012) of sizes and bytes. As long as its
 * key is secret, nobody can make two dicts with the same sum (Clarke et al. 2003, MSet-Add-Hash). */
#include "lookup.h"

enum { AHEAD = 12 };    /* pairs */

typedef struct sip {
    uint64_t a, b, c, d;
} sip;

typedef struct sum {
    uint64_t low, high, pairs;
} sum;

static inline uint64_t turn(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(sip *s)
{
    s->a += s->b;
    s->b = turn(s->b, 13) ^ s->a;
    s->a = turn(s->a, 32);
    s->c += s->d;
    s->d = turn(s->d, 16) ^ s->c;
    s->a += s->d;
    s->d = turn(s->d, 21) ^ s->a;
    s->c += s->b;
    s->b = turn(s->b, 17) ^ s->c;
    s->c = turn(s->c, 32);
}

static inline void sip_word(sip *s, uint64_t word)
{
    s->d ^= word;
    sip_round(s);
    s->a ^= word;
}

/* Little-endian. */
static inline uint64_t load_word(const uint8_t *data)
{
    uint64_t word;
    memcpy(&word, data, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The last 1 to 7 of so many bytes. */
static inline uint64_t load_rest(const uint8_t *bytes, size_t size)
{
    const unsigned rest = size % 8;
    uint64_t word = 0;
    if (size > 8) return load_word(bytes + size - 8) >> (64 - 8 * rest);
    for (unsigned i = rest; i > 0; i--) word = word << 8 | bytes[i - 1];
    return word;
}

/* The size and the bytes: what follows can't be taken for a part of them. */
static inline void sip_bytes(sip *s, const void *bytes, size_t size)
{
    const uint8_t *data = bytes;
    sip_word(s, size);
    for (size_t at = 0; at + 8 <= size; at += 8) sip_word(s, load_word(data + at));
    if (size % 8) sip_word(s, load_rest(data, size));
}

static void add_pair(sum *total, const uint64_t key[2], const void *name, size_t name_size, const void *value,
                     size_t value_size)
{
    sip s = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f83u, key[0] ^ 0x6c7967656e657261u,
              key[1] ^ 0x7465646279746573u };
    uint64_t low, high;
    sip_bytes(&s, name, name_size);
    sip_bytes(&s, value, value_size);
    s.c ^= 0xee;
    for (int i = 0; i < 3; i++) sip_round(&s);
    low = s.a ^ s.b ^ s.c ^ s.d;
    s.b ^= 0xdd;
    for (int i = 0; i < 3; i++) sip_round(&s);
    high = s.a ^ s.b ^ s.c ^ s.d;
    total->low += low;
    total->high += high + (total->low < low);
    total->pairs++;
}

static PyObject *sum_bytes(const sum *total)
{
    uint8_t bytes[24];
    const uint64_t words[3] = { total->low, total->high, total->pairs };
    for (unsigned i = 0; i < 24; i++) bytes[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
    return PyBytes_FromStringAndSize((const char *)bytes, 24);
}

static int read_secret(uint64_t key[2], PyObject *object)
{
    if (!PyBytes_Check(object) || PyBytes_GET_SIZE(object) != 16) {
        PyErr_SetString(PyExc_TypeError, "the key must be 16 bytes");
        return -1;
    }
    for (unsigned i = 0; i < 2; i++) key[i] = load_word((const uint8_t *)PyBytes_AS_STRING(object) + 8 * i);
    return 0;
}

/* ---- of a dict -------------------------------------------------------------------------------- */

PyObject *survey(PyObject *module, PyObject *mapping)
{
    PyTypeObject *keys = NULL, *values = NULL;
    PyObject *key, *value;
    Py_ssize_t at = 0;
    int same_keys = 1, same_values = 1;
    (void)module;
    if (!PyDict_CheckExact(mapping)) return Py_BuildValue("OO", Py_None, Py_None);
    Py_BEGIN_CRITICAL_SECTION(mapping);
    while ((same_keys || same_values) && PyDict_Next(mapping, &at, &key, &value)) {
        if (keys == NULL) {
            keys = Py_TYPE(key);
            values = Py_TYPE(value);
        }
        same_keys &= Py_TYPE(key) == keys;
        same_values &= Py_TYPE(value) == values;
    }
    key = keys != NULL && same_keys ? (PyObject *)keys : Py_None;
    value = values != NULL && same_values ? (PyObject *)values : Py_None;
    Py_INCREF(key);
    Py_INCREF(value);
    Py_END_CRITICAL_SECTION();
    return Py_BuildValue("NN", key, value);
}

/* Asks for the objects some pairs ahead: they lie anywhere. `ahead` is where that is. */
static inline void fetch_ahead(PyObject *mapping, Py_ssize_t *ahead)
{
    PyObject *key, *value;
    if (!PyDict_Next(mapping, ahead, &key, &value)) return;
    __builtin_prefetch(key);
    __builtin_prefetch((const char *)key + 64);
    __builtin_prefetch(value);
    __builtin_prefetch((const char *)value + 48);      /* where the bytes of a str begin */
}

/* 1, 0 or -1. Lone surrogates are left to Python. */
static int add_object(sum *total, const uint64_t secret[2], PyObject *key, PyObject *value, pair_modes modes)
{
    key_bytes name, content;
    int done = pair_read(&name, &content, key, value, modes);
    if (done <= 0) return done;
    add_pair(total, secret, name.data, name.size, content.data, content.size);
    Py_XDECREF(content.owner);
    Py_XDECREF(name.owner);
    return 1;
}

PyObject *digest(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    sum total = { 0, 0, 0 };
    uint64_t secret[2];
    PyObject *key, *value;
    Py_ssize_t at = 0, ahead = 0;
    pair_modes modes;
    int done = 1;
    (void)module;
    if (count != 4 || !PyDict_CheckExact(arguments[0]) || !PyUnicode_Check(arguments[1]) ||
        !PyUnicode_Check(arguments[2])) {
        PyErr_SetString(PyExc_TypeError, "digest() takes a dict, a kind, a codec and a key");
        return NULL;
    }
    if (read_secret(secret, arguments[3]) < 0) return NULL;
    if (!pair_modes_of(&modes, arguments[1], arguments[2])) Py_RETURN_NONE;
    Py_BEGIN_CRITICAL_SECTION(arguments[0]);
    for (int i = 0; i < AHEAD; i++) fetch_ahead(arguments[0], &ahead);
    while (done > 0 && PyDict_Next(arguments[0], &at, &key, &value)) {
        fetch_ahead(arguments[0], &ahead);
        done = add_object(&total, secret, key, value, modes);
    }
    Py_END_CRITICAL_SECTION();
    if (done < 0) return NULL;
    if (done == 0) Py_RETURN_NONE;
    return sum_bytes(&total);
}

/* ---- of packed pairs --------------------------------------------------------------------------- */

static int add_packed(sum *total, const uint64_t secret[2], const Py_buffer views[4], int is_numbers)
{
    const size_t pairs = (size_t)views[0].len / 8;
    const uint64_t *key_sizes = views[0].buf, *value_sizes = views[2].buf;
    const uint8_t *key = views[1].buf, *value = views[3].buf;
    size_t keys_left = (size_t)views[1].len, values_left = (size_t)views[3].len;
    if ((size_t)views[2].len / 8 != pairs) return 0;
    for (size_t i = 0; i < pairs; i++) {
        uint8_t number[8];
        if (key_sizes[i] > keys_left) return 0;
        if (is_numbers) {
            for (unsigned k = 0; k < 8; k++) number[k] = (uint8_t)(value_sizes[i] >> (8 * k));
            add_pair(total, secret, key, (size_t)key_sizes[i], number, 8);
        } else {
            if (value_sizes[i] > values_left) return 0;
            add_pair(total, secret, key, (size_t)key_sizes[i], value, (size_t)value_sizes[i]);
            value += value_sizes[i];
            values_left -= (size_t)value_sizes[i];
        }
        key += key_sizes[i];
        keys_left -= (size_t)key_sizes[i];
    }
    return 1;
}

PyObject *digest_packed(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    Py_buffer views[4];
    sum total = { 0, 0, 0 };
    uint64_t secret[2];
    int held = 0, fits;
    (void)module;
    if (count != 6 || read_secret(secret, arguments[5]) < 0) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "digest_packed() takes 6 arguments");
        return NULL;
    }
    while (held < 4 && PyObject_GetBuffer(arguments[held], &views[held], PyBUF_SIMPLE) == 0) held++;
    fits = held == 4 && add_packed(&total, secret, views, arguments[4] == Py_True);
    while (held > 0) PyBuffer_Release(&views[--held]);
    if (fits) return sum_bytes(&total);
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "the sizes do not fit the data");
    return NULL;
}
