#include "lookup_key.h"

/* The function's TypeError and ValueError mean that the object is no key of the kind. */
static int read_other(key_bytes *key, PyObject *object, PyObject *encode)
{
    PyObject *bytes;
    if (encode == NULL) return 0;
    Py_INCREF(encode);
    bytes = PyObject_CallOneArg(encode, object);
    Py_DECREF(encode);
    if (bytes == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_TypeError) && !PyErr_ExceptionMatches(PyExc_ValueError)) return -1;
        PyErr_Clear();
        return 0;
    }
    if (!PyBytes_Check(bytes)) {
        PyErr_Format(PyExc_TypeError, "a key was encoded as %.100s", Py_TYPE(bytes)->tp_name);
        Py_DECREF(bytes);
        return -1;
    }
    key->data = PyBytes_AS_STRING(bytes);
    key->size = (size_t)PyBytes_GET_SIZE(bytes);
    key->owner = bytes;
    return 1;
}

/* UTF-8 of a str into memory that is large enough; NULL at a surrogate, else the end. */
static uint8_t *put_utf8(uint8_t *out, int kind, const void *data, Py_ssize_t length)
{
    for (Py_ssize_t i = 0; i < length; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c < 0x80) {
            *out++ = (uint8_t)c;
            continue;
        }
        if (c < 0x800) {
            *out++ = (uint8_t)(0xc0 | c >> 6);
        } else {
            if (c < 0x10000) {
                if (c >= 0xd800 && c < 0xe000) return NULL;
                *out++ = (uint8_t)(0xe0 | c >> 12);
            } else {
                *out++ = (uint8_t)(0xf0 | c >> 18);
                *out++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
            }
            *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        }
        *out++ = (uint8_t)(0x80 | (c & 0x3f));
    }
    return out;
}

/* PyUnicode_AsUTF8 would leave a copy in the caller's object for as long as it lives, and is not used. */
static int read_str(key_bytes *key, PyObject *object, PyObject *encode)
{
    Py_ssize_t length;
    int kind;
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(object) < 0) return -1;
#endif
    length = PyUnicode_GET_LENGTH(object);
    if (PyUnicode_IS_ASCII(object)) {
        key->data = PyUnicode_DATA(object);
        key->size = (size_t)length;
        return 1;
    }
    kind = (int)PyUnicode_KIND(object);    /* bytes a character: 1, 2 or 4, in UTF-8 at most 2, 3 or 4 */
    if (length <= KEY_PLACE / 4) {
        uint8_t *end = put_utf8(key->place, kind, PyUnicode_DATA(object), length);
        if (end == NULL) return read_other(key, object, encode);
        key->data = key->place;
        key->size = (size_t)(end - key->place);
        return 1;
    }
    key->owner = PyUnicode_AsUTF8String(object);
    if (key->owner == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) return -1;
        PyErr_Clear();
        return read_other(key, object, encode);
    }
    key->data = PyBytes_AS_STRING(key->owner);
    key->size = (size_t)PyBytes_GET_SIZE(key->owner);
    return 1;
}

/* Integers of up to 8 bytes, as in _keys.py: a byte that tells sign and size, the magnitude big-endian, and
 * all of it inverted where the number is negative. */
static int read_int(key_bytes *key, PyObject *object, PyObject *encode)
{
    int overflow = 0;
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint8_t inverted = number < 0 ? 0xff : 0;
    unsigned size = 0;
    if (overflow) return read_other(key, object, encode);
    while (size < 8 && magnitude >> (8 * size)) size++;
    key->place[0] = (uint8_t)((0x80 + size) ^ inverted);
    for (unsigned i = 0; i < size; i++)
        key->place[1 + i] = (uint8_t)(magnitude >> (8 * (size - 1 - i))) ^ inverted;
    key->data = key->place;
    key->size = 1 + size;
    return 1;
}

int key_read(key_bytes *key, PyObject *object, key_mode mode, PyObject *encode)
{
    key->owner = NULL;
    switch (mode) {
    case KEYS_STR:
        return PyUnicode_Check(object) ? read_str(key, object, encode) : 0;
    case KEYS_BYTES:
        if (!PyBytes_Check(object)) return encode != NULL ? read_other(key, object, encode) : 0;
        key->data = PyBytes_AS_STRING(object);
        key->size = (size_t)PyBytes_GET_SIZE(object);
        return 1;
    case KEYS_INT:
        if (PyLong_CheckExact(object)) return read_int(key, object, encode);
        break;
    case KEYS_OTHER:
        break;
    }
    return read_other(key, object, encode);
}
