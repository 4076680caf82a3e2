/* What the parts of keyfold._lookup share. */
#ifndef KFPY_LOOKUP_H
#define KFPY_LOOKUP_H

#include "lookup_key.h"

#include <keyfold/keyfold.h>

#if PY_VERSION_HEX < 0x030D0000     /* before there were threads without a GIL */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

/* The library's functions, as `bind` was told; the same in all interpreters of the process. */
typedef struct lookup_library {
    kf_status (*get)(const kf_dict *, const void *, size_t, kf_buffer *, kf_bytes *);
    kf_status (*get_u64)(const kf_dict *, const void *, size_t, uint64_t *);
    kf_status (*contains)(const kf_dict *, const void *, size_t, int *);
    void (*buffer_free)(kf_buffer *);
    kf_status (*iter_reset)(kf_iter **, const kf_dict *, const kf_iter_options *, kf_error *);
    kf_status (*iter_next)(kf_iter *, kf_entry *);
    kf_status (*iter_value)(kf_iter *, kf_bytes *);
    kf_status (*iter_value_u64)(kf_iter *, uint64_t *);
    void (*iter_destroy)(kf_iter **);
} lookup_library;
extern lookup_library library;

/* From VALUES_INT on, a function in Python may have to decode the bytes. */
typedef enum value_mode {
    VALUES_NONE,
    VALUES_U64,
    VALUES_STR,
    VALUES_RAW,
    VALUES_INT,
    VALUES_FLOAT,
    VALUES_OTHER
} value_mode;

typedef struct Lookup {
    PyObject_HEAD
    PyObject *pointer;          /* cffi's, which keeps the file mapped; NULL before the first _hold */
    const kf_dict *dict;        /* what it points to; NULL: closed */
    PyObject *encode;           /* of keys and values, as in KeyKind and Codec */
    PyObject *decode;
    PyObject *not_found;        /* the exception's class */
    key_mode keys;
    value_mode values;
    char release;               /* the GIL during a lookup */
    kf_iter *spare;             /* over `dict`, for the next who iterates; NULL: none */
} Lookup;

static inline PyObject *new_reference(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

/* A reference to the pointer, so that the file stays mapped whatever close() does meanwhile; NULL: closed. */
PyObject *lookup_pointer(Lookup *self, const kf_dict **dict);

/* An iterator over the dictionary that is not in use, or NULL. */
kf_iter *lookup_take_spare(Lookup *self, const kf_dict *dict);

/* Keeps an iterator that is not needed any more, or destroys it. */
void lookup_give_spare(Lookup *self, const kf_dict *dict, kf_iter *iter);

/* What is not KF_OK: 0 if the key is absent, else -1 with the exception that _failed makes of a status. */
int lookup_fail(Lookup *self, kf_status status);

/* The value, or the bytes that `decode` makes it of. */
PyObject *lookup_make(value_mode mode, kf_bytes value, uint64_t number);

/* What lookup_make made, as the value. Takes the reference. */
PyObject *lookup_decoded(Lookup *self, value_mode mode, PyObject *made);

PyTypeObject *lookup_type(PyObject *module);

/* Entries in order (entries.c): the type, and an iterator. The arguments are those of `entries` but for the table. */
PyTypeObject *entries_type(PyObject *module);
PyObject *entries_create(PyTypeObject *type, Lookup *table, PyObject *const *arguments);

/* What a pair of a dict is made of. */
typedef struct pair_modes {
    key_mode key;
    value_mode value;
} pair_modes;

/* Those of a kind and a codec; 0 if they are not at home here. */
int pair_modes_of(pair_modes *modes, PyObject *kind, PyObject *codec);
/* 1: both are read, and their owners to be released. 0: not of the types. -1: an exception is set. */
int pair_read(key_bytes *name, key_bytes *content, PyObject *key, PyObject *value, pair_modes modes);
PyObject *pack(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

/* What a dict holds (digest.c). */
PyObject *survey(PyObject *module, PyObject *mapping);
PyObject *digest(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *digest_packed(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

#endif
