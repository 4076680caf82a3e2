/* keyfold._lookup: d[key], d.get(key) and key in d of a Dictionary, and (in entries.c) its iterators.
 *
 * Written against CPython instead of cffi, because the library finds a key in 200 ns, and a call by way of
 * cffi, with the key encoded and the value fetched in Python, took three times as long again. The library is
 * not linked a second time: `bind` is told where its functions are.
 *
 * A lookup keeps the GIL, as one of a dict does: to give it away and take it back costs more than it brings,
 * and threads that do so at every key are slower than one. The exception is a file that memory may not hold,
 * where a lookup may have to wait for the disk (`_release_gil`). */
#include "lookup.h"

/* ---- one lookup ------------------------------------------------------------------------------- */

#define LARGEST_KEPT ((size_t)1 << 20)

#ifndef Py_GIL_DISABLED
/* Where values are assembled. Lookups that keep the GIL share it: no Python code runs, and no other thread,
 * between the library's call and the moment its value is an object. */
static kf_buffer shared_buffer = KF_BUFFER_INIT;
#endif

/* Without an exception if it is NULL. */
static PyObject *held_pointer(Lookup *self, const kf_dict **dict)
{
    PyObject *pointer;
    Py_BEGIN_CRITICAL_SECTION(self);
    *dict = self->dict;
    pointer = *dict == NULL ? NULL : new_reference(self->pointer);
    Py_END_CRITICAL_SECTION();
    return pointer;
}

/* Opens a dictionary that has only arrived in this process, or raises what hinders that, or that it is closed. */
__attribute__((cold)) static int open_late(Lookup *self)
{
    PyObject *pointer = PyObject_CallMethod((PyObject *)self, "_pointer", NULL);
    if (pointer == NULL) return -1;
    Py_DECREF(pointer);
    return 0;
}

PyObject *lookup_pointer(Lookup *self, const kf_dict **dict)
{
    PyObject *pointer = held_pointer(self, dict);
    if (pointer != NULL) return pointer;
    /* It may be closed, or not be open yet though all of its attributes are there: another thread is about to hold
     * the pointer. */
    if (open_late(self) < 0) return NULL;
    pointer = held_pointer(self, dict);
    if (pointer == NULL) PyErr_SetString(PyExc_ValueError, "the dictionary is closed");
    return pointer;
}

kf_iter *lookup_take_spare(Lookup *self, const kf_dict *dict)
{
    kf_iter *iter = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (self->dict == dict) {
        iter = self->spare;
        self->spare = NULL;
    }
    Py_END_CRITICAL_SECTION();
    return iter;
}

void lookup_give_spare(Lookup *self, const kf_dict *dict, kf_iter *iter)
{
    Py_BEGIN_CRITICAL_SECTION(self);
    if (self->dict == dict && self->spare == NULL) {
        self->spare = iter;
        iter = NULL;
    }
    Py_END_CRITICAL_SECTION();
    library.iter_destroy(&iter);
}

int lookup_fail(Lookup *self, kf_status status)
{
    PyObject *none;
    if (status == KF_NOT_FOUND) return 0;
    none = PyObject_CallMethod((PyObject *)self, "_failed", "i", (int)status);
    if (none == NULL) return -1;
    Py_DECREF(none);
    return 0;
}

static PyObject *make_int(const uint8_t *data, size_t size)
{
    uint64_t bits = size > 0 && data[size - 1] & 0x80 ? UINT64_MAX : 0;
    long long number;
    for (size_t i = size; i > 0; i--) bits = bits << 8 | data[i - 1];
    memcpy(&number, &bits, sizeof(number));
    return PyLong_FromLongLong(number);
}

static PyObject *make_float(const uint8_t *data)
{
    uint64_t bits = 0;
    double number;
    for (size_t i = 8; i > 0; i--) bits = bits << 8 | data[i - 1];
    memcpy(&number, &bits, sizeof(number));
    return PyFloat_FromDouble(number);
}

PyObject *lookup_make(value_mode mode, kf_bytes value, uint64_t number)
{
    const char *text = value.size > 0 ? (const char *)value.data : "";
    if (value.size > PY_SSIZE_T_MAX) return PyErr_NoMemory();
    switch (mode) {
    case VALUES_NONE:
        return new_reference(Py_None);
    case VALUES_U64:
        return PyLong_FromUnsignedLongLong(number);
    case VALUES_STR:
        return PyUnicode_DecodeUTF8(text, (Py_ssize_t)value.size, "surrogateescape");
    case VALUES_INT:
        if (value.size <= 8) return make_int(value.data, value.size);
        break;
    case VALUES_FLOAT:
        if (value.size == 8) return make_float(value.data);
        break;
    case VALUES_RAW:
    case VALUES_OTHER:
        break;
    }
    return PyBytes_FromStringAndSize(text, (Py_ssize_t)value.size);
}

/* Reads a byte of each page, so that whoever copies the value does not wait for the disk. */
static void touch(kf_bytes value)
{
    volatile uint8_t last = 0;
    for (size_t at = 0; at < value.size; at += 4096) last = value.data[at];
    if (value.size > 0) last = value.data[value.size - 1];
    (void)last;
}

/* 1: found, and *made is what lookup_make says, unless it is NULL. 0: absent. -1: an exception is set. */
static int look_up(Lookup *self, const key_bytes *key, value_mode mode, PyObject **made)
{
    kf_buffer own = KF_BUFFER_INIT, *buffer = &own;
    kf_bytes value = { NULL, 0 };
    uint64_t number = 0;
    int found = 1;
    const kf_dict *dict;
    PyThreadState *state = NULL;
    kf_status status;
    PyObject *pointer = lookup_pointer(self, &dict);
    if (pointer == NULL) return -1;
    if (self->release) state = PyEval_SaveThread();
#ifndef Py_GIL_DISABLED
    if (state == NULL) buffer = &shared_buffer;
#endif
    if (mode == VALUES_NONE) {
        status = library.contains(dict, key->data, key->size, &found);
        if (status == KF_OK && !found) status = KF_NOT_FOUND;
    } else if (mode == VALUES_U64) {
        status = library.get_u64(dict, key->data, key->size, &number);
    } else {
        status = library.get(dict, key->data, key->size, buffer, &value);
    }
    if (state != NULL) {
        if (status == KF_OK) touch(value);
        PyEval_RestoreThread(state);
    }
    if (status == KF_OK && made != NULL) *made = lookup_make(mode, value, number);
    if (buffer->capacity > (buffer == &own ? 0 : LARGEST_KEPT)) library.buffer_free(buffer);
    Py_DECREF(pointer);
    if (status != KF_OK) return lookup_fail(self, status);
    return made != NULL && *made == NULL ? -1 : 1;
}

/* Raises what _undecodable makes of the exception that `decode` raised, with that one as its cause. */
static void explain(Lookup *self)
{
    PyObject *type, *problem, *traceback, *error;
    if (!PyErr_ExceptionMatches(PyExc_Exception)) return;
    PyErr_Fetch(&type, &problem, &traceback);
    PyErr_NormalizeException(&type, &problem, &traceback);
    if (traceback != NULL) PyException_SetTraceback(problem, traceback);
    error = PyObject_CallMethod((PyObject *)self, "_undecodable", "O", problem);
    if (error != NULL) {
        if (error != problem) PyException_SetCause(error, new_reference(problem));
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    Py_XDECREF(type);
    Py_XDECREF(problem);
    Py_XDECREF(traceback);
}

PyObject *lookup_decoded(Lookup *self, value_mode mode, PyObject *made)
{
    PyObject *decode, *value;
    if (mode < VALUES_INT || !PyBytes_CheckExact(made)) return made;
    decode = new_reference(self->decode);
    value = PyObject_CallOneArg(decode, made);
    Py_DECREF(decode);
    Py_DECREF(made);
    if (value == NULL) explain(self);
    return value;
}

/* 1, 0 or -1, as look_up. */
static int find(Lookup *self, PyObject *object, PyObject **made)
{
    key_bytes key;
    int found;
    if (self->dict == NULL && open_late(self) < 0) return -1;
    found = key_read(&key, object, self->keys, self->encode);
    if (found <= 0) return found;
    found = look_up(self, &key, made == NULL ? VALUES_NONE : self->values, made);
    Py_XDECREF(key.owner);
    return found;
}

static PyObject *value_or(Lookup *self, PyObject *key, PyObject *fallback)
{
    PyObject *made = NULL;
    int found = find(self, key, &made);
    if (found > 0) return lookup_decoded(self, self->values, made);
    return found < 0 ? NULL : new_reference(fallback);
}

/* ---- the methods ------------------------------------------------------------------------------ */

static PyObject *lookup_subscript(Lookup *self, PyObject *key)
{
    PyObject *made = NULL, *error;
    int found = find(self, key, &made);
    if (found > 0) return lookup_decoded(self, self->values, made);
    if (found < 0) return NULL;
    error = PyObject_CallOneArg(self->not_found, key);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return NULL;
}

static int lookup_contains(Lookup *self, PyObject *key)
{
    return find(self, key, NULL);
}

/* get's arguments where a name is given, or their number is wrong. */
static int named_arguments(PyObject *const *arguments, Py_ssize_t count, PyObject *names, PyObject *found[2])
{
    static const char *const known[] = { "key", "default" };
    Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    if (count + named > 2) {
        PyErr_Format(PyExc_TypeError, "get() takes at most 2 arguments (%zd given)", count + named);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) found[i] = arguments[i];
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        int place = 0;
        while (place < 2 && PyUnicode_CompareWithASCIIString(name, known[place]) != 0) place++;
        if (place == 2 || found[place] != NULL) {
            PyErr_Format(PyExc_TypeError, place == 2 ? "get() got an unexpected keyword argument %R"
                                                     : "get() got multiple values for argument %R", name);
            return -1;
        }
        found[place] = arguments[count + i];
    }
    if (found[0] == NULL) {
        PyErr_SetString(PyExc_TypeError, "get() missing 1 required positional argument: 'key'");
        return -1;
    }
    return 0;
}

static PyObject *lookup_get(Lookup *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    PyObject *found[2] = { NULL, NULL };
    if (names == NULL && count == 1) return value_or(self, arguments[0], Py_None);
    if (names == NULL && count == 2) return value_or(self, arguments[0], arguments[1]);
    if (named_arguments(arguments, count, names, found) < 0) return NULL;
    return value_or(self, found[0], found[1] == NULL ? Py_None : found[1]);
}

/* _entry(encoded, default, raw): what a nested dict has under an encoded key. */
static PyObject *lookup_entry(Lookup *self, PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *made = NULL;
    value_mode mode;
    key_bytes key;
    int found;
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "_entry() takes 3 arguments");
        return NULL;
    }
    if (self->dict == NULL && open_late(self) < 0) return NULL;
    mode = self->values;
    if (mode != VALUES_U64 && PyObject_IsTrue(arguments[2])) mode = VALUES_RAW;
    if (!PyBytes_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "an encoded key must be bytes");
        return NULL;
    }
    found = key_read(&key, arguments[0], KEYS_BYTES, NULL);
    if (found > 0) found = look_up(self, &key, mode, &made);
    if (found > 0) return lookup_decoded(self, mode, made);
    return found < 0 ? NULL : new_reference(arguments[1]);
}

/* _get_few(keys, default): the values of the keys in a list or tuple, in a list; None unless all are of the very type
 * that this dictionary's keys have. */
static PyObject *lookup_get_few(Lookup *self, PyObject *const *arguments, Py_ssize_t count)
{
    PyTypeObject *type;
    PyObject *keys, *values;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "_get_few() takes 2 arguments");
        return NULL;
    }
    if (self->dict == NULL && open_late(self) < 0) return NULL;
    type = self->keys == KEYS_STR ? &PyUnicode_Type : self->keys == KEYS_BYTES ? &PyBytes_Type
           : self->keys == KEYS_INT ? &PyLong_Type : NULL;
    keys = PySequence_Tuple(arguments[0]);   /* nobody changes it meanwhile */
    if (keys == NULL) return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keys); i++)
        if (!Py_IS_TYPE(PyTuple_GET_ITEM(keys, i), type)) type = NULL;
    values = type == NULL ? new_reference(Py_None) : PyList_New(PyTuple_GET_SIZE(keys));
    for (Py_ssize_t i = 0; type != NULL && values != NULL && i < PyTuple_GET_SIZE(keys); i++) {
        PyObject *value = value_or(self, PyTuple_GET_ITEM(keys, i), arguments[1]);
        if (value == NULL) Py_CLEAR(values);
        else PyList_SET_ITEM(values, i, value);
    }
    Py_DECREF(keys);
    return values;
}

static int mode_of(const char *name, const char *const *names)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(name, names[i]) == 0) return i;
    return -1;
}

static PyObject *lookup_set_up(Lookup *self, PyObject *arguments)
{
    static const char *const key_names[] = { "", "str", "bytes", "int", NULL };
    static const char *const value_names[] = { "none", "u64", "str", "raw", "int", "float", NULL };
    const char *keys, *values;
    PyObject *encode, *decode, *not_found;
    int mode;
    if (!PyArg_ParseTuple(arguments, "ssOOO", &keys, &values, &encode, &decode, &not_found)) return NULL;
    mode = mode_of(keys, key_names);
    self->keys = mode < 0 ? KEYS_OTHER : (key_mode)mode;
    mode = mode_of(values, value_names);
    self->values = mode < 0 ? VALUES_OTHER : (value_mode)mode;
    Py_XSETREF(self->encode, new_reference(encode));
    Py_XSETREF(self->decode, new_reference(decode));
    Py_XSETREF(self->not_found, new_reference(not_found));
    Py_RETURN_NONE;
}

static PyObject *lookup_hold(Lookup *self, PyObject *arguments)
{
    PyObject *pointer, *before;
    kf_iter *spare = NULL;
    unsigned long long address;
    if (!PyArg_ParseTuple(arguments, "OK", &pointer, &address)) return NULL;
    if (address != 0 && self->not_found == NULL) {
        PyErr_SetString(PyExc_ValueError, "_set_up comes first");
        return NULL;
    }
    Py_INCREF(pointer);
    Py_BEGIN_CRITICAL_SECTION(self);
    before = pointer;
    if (address == 0 || self->pointer == NULL) {    /* else another thread has opened it, or closed it for good */
        before = self->pointer;
        spare = self->spare;
        self->pointer = pointer;
        self->dict = (const kf_dict *)(uintptr_t)address;
        self->spare = NULL;
    }
    Py_END_CRITICAL_SECTION();
    if (spare != NULL) library.iter_destroy(&spare);
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

/* An attribute that a dictionary lacks before it is open. */
static PyObject *present(PyObject *object, const char *name)
{
    if (object != NULL) return new_reference(object);
    PyErr_SetString(PyExc_AttributeError, name);
    return NULL;
}

static PyObject *get_pointer(Lookup *self, void *closure)
{
    PyObject *pointer;
    (void)closure;
    Py_BEGIN_CRITICAL_SECTION(self);
    pointer = present(self->pointer, "_c");
    Py_END_CRITICAL_SECTION();
    return pointer;
}

static PyObject *get_encode(Lookup *self, void *closure)
{
    (void)closure;
    return present(self->encode, "_encode");
}

static PyObject *get_decode(Lookup *self, void *closure)
{
    (void)closure;
    return present(self->decode, "_decode");
}

static PyObject *get_release(Lookup *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(self->release);
}

static int set_release(Lookup *self, PyObject *value, void *closure)
{
    int is_true = value == NULL ? 0 : PyObject_IsTrue(value);
    (void)closure;
    if (is_true < 0) return -1;
    self->release = (char)is_true;
    return 0;
}

/* ---- the type --------------------------------------------------------------------------------- */

static int lookup_traverse(Lookup *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->pointer);
    Py_VISIT(self->encode);
    Py_VISIT(self->decode);
    Py_VISIT(self->not_found);
    return 0;
}

static int lookup_clear(Lookup *self)
{
    self->dict = NULL;
    if (self->spare != NULL) library.iter_destroy(&self->spare);
    Py_CLEAR(self->pointer);
    Py_CLEAR(self->encode);
    Py_CLEAR(self->decode);
    Py_CLEAR(self->not_found);
    return 0;
}

static void lookup_dealloc(Lookup *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)lookup_clear(self);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef lookup_methods[] = {
    { "get", METHOD(lookup_get), METH_FASTCALL | METH_KEYWORDS,
      "get($self, /, key, default=None)\n--\n\nThe value of a key, or the default.\n\n"
      ">>> table = keyfold.compile(\"capitals.kf\", {\"Peru\": \"Lima\"})\n"
      ">>> table.get(\"Peru\"), table.get(\"Chile\", \"?\")\n('Lima', '?')" },
    { "_entry", METHOD(lookup_entry), METH_FASTCALL,
      "_entry($self, encoded, default, raw, /)\n--\n\n"
      "The value under an encoded key, or its bytes if `raw`; or the default." },
    { "_get_few", METHOD(lookup_get_few), METH_FASTCALL,
      "_get_few($self, keys, default, /)\n--\n\n"
      "The values of some keys as a list; None if one is not of the very type of the keys here." },
    { "_set_up", METHOD(lookup_set_up), METH_VARARGS,
      "_set_up($self, keys, values, encode, decode, not_found, /)\n--\n\n"
      "Chooses how keys and values are read: by the names of kinds and codecs; \"\" is any." },
    { "_hold", METHOD(lookup_hold), METH_VARARGS,
      "_hold($self, pointer, address, /)\n--\n\n"
      "Keeps cffi's pointer of a kf_dict, and uses the address that it has; the first that is given. 0 closes." },
    { "__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL },
    { NULL, NULL, 0, NULL },
};

static PyGetSetDef lookup_attributes[] = {
    { "_c", (getter)get_pointer, NULL, NULL, NULL },
    { "_encode", (getter)get_encode, NULL, NULL, NULL },
    { "_decode", (getter)get_decode, NULL, NULL, NULL },
    { "_release_gil", (getter)get_release, (setter)set_release, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot lookup_slots[] = {
    { Py_tp_doc, "Lookups by key, for Dictionary." },
    { Py_tp_methods, lookup_methods },
    { Py_tp_getset, lookup_attributes },
    { Py_tp_traverse, lookup_traverse },
    { Py_tp_clear, lookup_clear },
    { Py_tp_dealloc, lookup_dealloc },
    { Py_mp_subscript, lookup_subscript },
    { Py_sq_contains, lookup_contains },
    { 0, NULL },
};

static PyType_Spec lookup_spec = {
    .name = "keyfold._lookup.Lookup",
    .basicsize = sizeof(Lookup),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = lookup_slots,
};

PyTypeObject *lookup_type(PyObject *module)
{
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &lookup_spec, NULL);
}
