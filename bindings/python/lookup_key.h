/* Keys of Python as the bytes that a file has for them. */
#ifndef KFPY_LOOKUP_KEY_H
#define KFPY_LOOKUP_KEY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

/* What is encoded here; a function in Python encodes the rest (keyfold/_keys.py). */
typedef enum key_mode {
    KEYS_OTHER,
    KEYS_STR,
    KEYS_BYTES,
    KEYS_INT
} key_mode;

#define KEY_PLACE 512

typedef struct key_bytes {
    const void *data;
    size_t size;
    PyObject *owner;            /* of the data, to be released; NULL: the caller's object is, or `place` */
    uint8_t place[KEY_PLACE];
} key_bytes;

/* 1: the key is read. 0: the object can't be a key here, or only `encode` (may be NULL) could tell. -1: an exception is
 * set. */
int key_read(key_bytes *key, PyObject *object, key_mode mode, PyObject *encode);

#endif
