/* Keys, values or items of a Dictionary, in order.
 *
 * The library is asked for many entries at once, which are copied and then made objects one by one. Many of them are
 * fetched without the GIL; the first few with it, because most short iterations end among them. */
#include "lookup.h"

#include <stdlib.h>

enum { FIRST = 10, MOST = 1024 };     /* entries at once; ten are what a list of suggestions shows */
#define FETCH_BYTES ((size_t)1 << 20) /* fewer entries, once they have so many bytes */
#define KEPT_BYTES ((size_t)1 << 14)  /* of iterators that had entries of more, the memory is given back */

typedef struct fetched {
    size_t key_end, value_end;        /* in `bytes`; the value follows the key */
    uint64_t number;
} fetched;

typedef struct Entries {
    PyObject_HEAD
    Lookup *table;
    PyObject *pointer;                /* keeps the file mapped */
    const kf_dict *dict;
    PyObject *decode_key;
    kf_iter *iter;                    /* NULL: at the end */
    key_mode keys;
    value_mode values;
    char has_keys, has_values, busy;
    kf_status status;                 /* comes after the entries that were fetched */
    size_t at, count, wanted;
    fetched *entries;
    size_t room;
    char *bytes;
    size_t capacity;
} Entries;

/* ---- fetching --------------------------------------------------------------------------------- */

static int append(Entries *self, size_t *used, kf_bytes bytes)
{
    if (bytes.size > self->capacity - *used) {
        size_t wanted = *used + bytes.size;
        char *wider;
        if (wanted < *used || wanted > SIZE_MAX / 4) return 0;
        wanted += wanted / 2 + 1024;
        wider = realloc(self->bytes, wanted);
        if (wider == NULL) return 0;
        self->bytes = wider;
        self->capacity = wanted;
    }
    if (bytes.size > 0) memcpy(self->bytes + *used, bytes.data, bytes.size);
    *used += bytes.size;
    return 1;
}

static kf_status fetch_one(Entries *self, size_t *used)
{
    fetched *entry = self->entries + self->count;
    kf_bytes value = { NULL, 0 };
    kf_entry found;
    kf_status status = library.iter_next(self->iter, &found);
    if (status != KF_OK) return status;
    if (self->has_keys && !append(self, used, found.key)) return KF_NO_MEMORY;
    entry->key_end = *used;
    if (self->has_values && self->values == VALUES_U64) {
        status = library.iter_value_u64(self->iter, &entry->number);
    } else if (self->has_values && self->values != VALUES_NONE) {
        status = library.iter_value(self->iter, &value);
        if (status == KF_OK && !append(self, used, value)) status = KF_NO_MEMORY;
    }
    entry->value_end = *used;
    return status;
}

static void fetch(Entries *self)
{
    size_t used = 0;
    self->at = self->count = 0;
    if (self->room < self->wanted) {
        fetched *more = realloc(self->entries, self->wanted * sizeof(*more));
        if (more == NULL) {
            self->status = KF_NO_MEMORY;
            return;
        }
        self->entries = more;
        self->room = self->wanted;
    }
    while (self->status == KF_OK && self->count < self->wanted && used < FETCH_BYTES) {
        self->status = fetch_one(self, &used);
        if (self->status == KF_OK) self->count++;
    }
}

static void end(Entries *self)
{
    if (self->capacity > KEPT_BYTES) library.iter_destroy(&self->iter);
    if (self->iter != NULL) lookup_give_spare(self->table, self->dict, self->iter);
    self->iter = NULL;
    self->at = self->count = 0;
    self->status = KF_END;
}

/* ---- objects ---------------------------------------------------------------------------------- */

static PyObject *make_key(Entries *self, const char *data, size_t size)
{
    PyObject *bytes, *key;
    if (self->keys == KEYS_STR) return PyUnicode_DecodeUTF8(data, (Py_ssize_t)size, "surrogateescape");
    bytes = PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
    if (bytes == NULL || self->keys == KEYS_BYTES) return bytes;
    key = PyObject_CallOneArg(self->decode_key, bytes);
    Py_DECREF(bytes);
    return key;
}

static PyObject *make_entry(Entries *self)
{
    const size_t at = self->at++;
    const fetched *entry = self->entries + at;
    const size_t begin = at == 0 ? 0 : entry[-1].value_end, middle = entry->key_end;
    const kf_bytes bytes = { (const uint8_t *)self->bytes + middle, entry->value_end - middle };
    PyObject *key = NULL, *value = NULL, *pair;
    if (self->has_values) {
        value = lookup_make(self->values, bytes, entry->number);
        if (value == NULL) return NULL;
    }
    if (self->has_keys) {
        key = make_key(self, self->bytes + begin, middle - begin);
        if (key == NULL || value == NULL) {
            Py_XDECREF(value);
            return key;
        }
    }
    if (value != NULL) value = lookup_decoded(self->table, self->values, value);
    if (value == NULL || key == NULL) {
        Py_XDECREF(key);
        return value;
    }
    pair = PyTuple_New(2);
    if (pair == NULL) {
        Py_DECREF(key);
        Py_DECREF(value);
        return NULL;
    }
    PyTuple_SET_ITEM(pair, 0, key);
    PyTuple_SET_ITEM(pair, 1, value);
    return pair;
}

static PyObject *next_entry(Entries *self)
{
    PyObject *entry;
    if (self->at == self->count && self->status == KF_OK) {
        if (self->wanted > FIRST || self->table->release) {
            PyThreadState *state = PyEval_SaveThread();
            fetch(self);
            PyEval_RestoreThread(state);
        } else {
            fetch(self);
        }
        self->wanted = self->wanted * 4 < MOST ? self->wanted * 4 : MOST;
    }
    if (self->at < self->count) {
        entry = make_entry(self);
        if (entry == NULL) end(self);
        return entry;
    }
    if (self->status != KF_END) (void)lookup_fail(self->table, self->status);
    end(self);
    return NULL;
}

static PyObject *entries_next(Entries *self)
{
    PyObject *entry = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (self->busy) {
        PyErr_SetString(PyExc_ValueError, "the iterator is in use");
    } else {
        self->busy = 1;
        entry = next_entry(self);
        self->busy = 0;
    }
    Py_END_CRITICAL_SECTION();
    return entry;
}

/* ---- the type --------------------------------------------------------------------------------- */

static int entries_traverse(Entries *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)self->table);
    Py_VISIT(self->pointer);
    Py_VISIT(self->decode_key);
    return 0;
}

static void entries_dealloc(Entries *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    end(self);
    free(self->entries);
    free(self->bytes);
    Py_CLEAR(self->table);
    Py_CLEAR(self->pointer);
    Py_CLEAR(self->decode_key);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static PyType_Slot entries_slots[] = {
    { Py_tp_doc, "An iterator over entries of a Dictionary." },
    { Py_tp_iter, PyObject_SelfIter },
    { Py_tp_iternext, entries_next },
    { Py_tp_traverse, entries_traverse },
    { Py_tp_dealloc, entries_dealloc },
    { 0, NULL },
};

static PyType_Spec entries_spec = {
    .name = "keyfold._lookup.Entries",
    .basicsize = sizeof(Entries),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = entries_slots,
};

PyTypeObject *entries_type(PyObject *module)
{
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &entries_spec, NULL);
}

static int bound(kf_bytes *bytes, PyObject *object)
{
    if (object == Py_None) return 0;
    if (!PyBytes_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a bound must be bytes");
        return -1;
    }
    bytes->data = (const uint8_t *)PyBytes_AS_STRING(object);
    bytes->size = (size_t)PyBytes_GET_SIZE(object);
    return 1;
}

static Entries *new_entries(PyTypeObject *type, Lookup *table, PyObject *const *arguments)
{
    Entries *self = (Entries *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->table = (Lookup *)new_reference((PyObject *)table);
    self->keys = PyUnicode_CompareWithASCIIString(arguments[1], "str") == 0 ? KEYS_STR
               : PyUnicode_CompareWithASCIIString(arguments[1], "bytes") == 0 ? KEYS_BYTES : KEYS_OTHER;
    self->decode_key = new_reference(arguments[2]);
    self->values = table->values;
    self->has_keys = PyUnicode_CompareWithASCIIString(arguments[0], "values") != 0;
    self->has_values = PyUnicode_CompareWithASCIIString(arguments[0], "keys") != 0;
    self->wanted = FIRST;
    return self;
}

PyObject *entries_create(PyTypeObject *type, Lookup *table, PyObject *const *arguments)
{
    kf_iter_options options = KF_ITER_OPTIONS_INIT;
    Entries *self;
    kf_status status;
    if (!PyUnicode_Check(arguments[0]) || !PyUnicode_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "what and kind must be str");
        return NULL;
    }
    if (bound(&options.prefix, arguments[3]) < 0 || bound(&options.from, arguments[4]) < 0) return NULL;
    options.has_to = bound(&options.to, arguments[5]);
    if (options.has_to < 0) return NULL;
    options.flags = arguments[6] == Py_True ? KF_ITER_REVERSE : 0;
    self = new_entries(type, table, arguments);
    if (self == NULL) return NULL;
    self->pointer = lookup_pointer(table, &self->dict);
    if (self->pointer != NULL) {
        self->iter = lookup_take_spare(table, self->dict);
        status = library.iter_reset(&self->iter, self->dict, &options, NULL);
        if (status == KF_OK || lookup_fail(table, status) == 0) return (PyObject *)self;
    }
    Py_DECREF(self);
    return NULL;
}
