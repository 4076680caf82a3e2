/* Pairs of a dict as bytes, for what is common: keys that are str or bytes, values that are str, bytes, integers or
 * None. The rest is Python's (keyfold/_pack.py). */
#include "lookup.h"

#include <stdlib.h>

/* ---- one pair ---------------------------------------------------------------------------------- */

static int mode_of(PyObject *name, const char *const *names)
{
    int i = 0;
    while (names[i] != NULL && PyUnicode_CompareWithASCIIString(name, names[i]) != 0) i++;
    return i;
}

int pair_modes_of(pair_modes *modes, PyObject *kind, PyObject *codec)
{
    static const char *const kinds[] = { "str", "bytes", NULL };
    static const char *const codecs[] = { "none", "u64", "str", "raw", NULL };
    static const key_mode key_modes[] = { KEYS_STR, KEYS_BYTES, KEYS_OTHER };
    static const value_mode value_modes[] = { VALUES_NONE, VALUES_U64, VALUES_STR, VALUES_RAW, VALUES_OTHER };
    modes->key = key_modes[mode_of(kind, kinds)];
    modes->value = value_modes[mode_of(codec, codecs)];
    return modes->key != KEYS_OTHER && modes->value != VALUES_OTHER;
}

/* 1: read. 0: not of the type. -1: an exception is set. */
static int read_value(key_bytes *bytes, PyObject *value, value_mode mode)
{
    static const char nothing[1];
    unsigned long long number;
    bytes->owner = NULL;
    switch (mode) {
    case VALUES_NONE:
        bytes->data = nothing;
        bytes->size = 0;
        return value == Py_None;
    case VALUES_STR:
        return PyUnicode_CheckExact(value) ? key_read(bytes, value, KEYS_STR, NULL) : 0;
    case VALUES_RAW:
        return PyBytes_CheckExact(value) ? key_read(bytes, value, KEYS_BYTES, NULL) : 0;
    case VALUES_U64:
        if (!PyLong_CheckExact(value)) return 0;
        number = PyLong_AsUnsignedLongLong(value);
        if (number == (unsigned long long)-1 && PyErr_Occurred()) {
            PyErr_Clear();
            return 0;
        }
        for (unsigned i = 0; i < 8; i++) bytes->place[i] = (uint8_t)(number >> (8 * i));
        bytes->data = bytes->place;
        bytes->size = 8;
        return 1;
    case VALUES_INT:
    case VALUES_FLOAT:
    case VALUES_OTHER:
        break;
    }
    return 0;
}

int pair_read(key_bytes *name, key_bytes *content, PyObject *key, PyObject *value, pair_modes modes)
{
    int done;
    if (!Py_IS_TYPE(key, modes.key == KEYS_STR ? &PyUnicode_Type : &PyBytes_Type)) return 0;
    done = key_read(name, key, modes.key, NULL);
    if (done <= 0) return done;
    done = read_value(content, value, modes.value);
    if (done <= 0) Py_XDECREF(name->owner);
    return done;
}

/* ---- many -------------------------------------------------------------------------------------- */

typedef struct column {
    char *data;
    size_t size, capacity;
} column;

static int append(column *c, const void *data, size_t size)
{
    if (size > c->capacity - c->size) {
        size_t wanted = c->size + size;
        char *wider;
        if (wanted < size || wanted > PY_SSIZE_T_MAX / 2) return 0;
        wanted += wanted / 2 + 1024;
        wider = realloc(c->data, wanted);
        if (wider == NULL) return 0;
        c->data = wider;
        c->capacity = wanted;
    }
    if (size > 0) memcpy(c->data + c->size, data, size);
    c->size += size;
    return 1;
}

static PyObject *bytes_of(const column *c)
{
    return PyBytes_FromStringAndSize(c->data, c->data == NULL ? 0 : (Py_ssize_t)c->size);
}

enum { KEY_SIZES, KEYS, VALUE_SIZES, VALUES, COLUMNS };

/* 1, 0 or -1. */
static int add_pair(column columns[COLUMNS], PyObject *key, PyObject *value, pair_modes modes)
{
    key_bytes name, content;
    uint64_t key_size, value_size;
    int done = pair_read(&name, &content, key, value, modes);
    if (done <= 0) return done;
    key_size = name.size;
    value_size = content.size;
    done = append(&columns[KEY_SIZES], &key_size, 8) && append(&columns[KEYS], name.data, name.size);
    if (modes.value == VALUES_U64) {
        unsigned long long number = PyLong_AsUnsignedLongLong(value);
        value_size = number;
        content.size = 0;
    }
    done = done && append(&columns[VALUE_SIZES], &value_size, 8)
        && append(&columns[VALUES], content.data, content.size);
    Py_XDECREF(name.owner);
    Py_XDECREF(content.owner);
    if (!done) PyErr_NoMemory();
    return done ? 1 : -1;
}

enum { ENOUGH = 1 << 20 };      /* bytes of keys and values */

/* pack(dict, length, position, count, kind, codec): the next position, how many pairs, and the four columns of a
 * Batch; None if a pair is not of the types. Fewer pairs than `count` when they are large. */
PyObject *pack(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    column columns[COLUMNS] = { { NULL, 0, 0 } };
    PyObject *key, *value, *result = NULL;
    Py_ssize_t length, at, wanted, pairs = 0;
    pair_modes modes;
    int done = 1;
    (void)module;
    if (given != 6 || !PyDict_CheckExact(arguments[0]) || !PyUnicode_Check(arguments[4]) ||
        !PyUnicode_Check(arguments[5])) {
        PyErr_SetString(PyExc_TypeError, "pack() takes a dict, three numbers, a kind and a codec");
        return NULL;
    }
    length = PyLong_AsSsize_t(arguments[1]);
    at = PyLong_AsSsize_t(arguments[2]);
    wanted = PyLong_AsSsize_t(arguments[3]);
    if (PyErr_Occurred()) return NULL;
    if (!pair_modes_of(&modes, arguments[4], arguments[5])) Py_RETURN_NONE;
    Py_BEGIN_CRITICAL_SECTION(arguments[0]);
    if (PyDict_Size(arguments[0]) != length) {
        PyErr_SetString(PyExc_RuntimeError, "dictionary changed size during iteration");
        done = -1;
    }
    while (done > 0 && pairs < wanted && columns[KEYS].size + columns[VALUES].size < ENOUGH
           && PyDict_Next(arguments[0], &at, &key, &value)) {
        done = add_pair(columns, key, value, modes);
        pairs += done > 0;
    }
    Py_END_CRITICAL_SECTION();
    if (done > 0)
        result = Py_BuildValue("nnNNNN", at, pairs, bytes_of(&columns[0]), bytes_of(&columns[1]), bytes_of(&columns[2]),
                               bytes_of(&columns[3]));
    else if (done == 0)
        result = new_reference(Py_None);
    for (int i = 0; i < COLUMNS; i++) free(columns[i].data);
    return result;
}
