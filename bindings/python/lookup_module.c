/* The module keyfold._lookup: its types and functions. */
#include "lookup.h"

lookup_library library;

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyObject *bind(PyObject *module, PyObject *arguments)
{
    unsigned long long get, get_u64, contains, buffer_free, reset, next, value, value_u64, destroy;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "KKKKKKKKK", &get, &get_u64, &contains, &buffer_free, &reset, &next, &value,
                          &value_u64, &destroy)) return NULL;
    library.get =
        (kf_status (*)(const kf_dict *, const void *, size_t, kf_buffer *, kf_bytes *))(uintptr_t)get;
    library.get_u64 = (kf_status (*)(const kf_dict *, const void *, size_t, uint64_t *))(uintptr_t)get_u64;
    library.contains = (kf_status (*)(const kf_dict *, const void *, size_t, int *))(uintptr_t)contains;
    library.buffer_free = (void (*)(kf_buffer *))(uintptr_t)buffer_free;
    library.iter_reset = (kf_status (*)(kf_iter **, const kf_dict *, const kf_iter_options *, kf_error *))
        (uintptr_t)reset;
    library.iter_next = (kf_status (*)(kf_iter *, kf_entry *))(uintptr_t)next;
    library.iter_value = (kf_status (*)(kf_iter *, kf_bytes *))(uintptr_t)value;
    library.iter_value_u64 = (kf_status (*)(kf_iter *, uint64_t *))(uintptr_t)value_u64;
    library.iter_destroy = (void (*)(kf_iter **))(uintptr_t)destroy;
    Py_RETURN_NONE;
}

typedef struct module_state {
    PyTypeObject *lookup, *entries;
} module_state;

static PyObject *entries(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    const module_state *state = PyModule_GetState(module);
    if (count != 8 || !PyObject_TypeCheck(arguments[0], state->lookup)) {
        PyErr_SetString(PyExc_TypeError, "entries() takes a Lookup and 7 more arguments");
        return NULL;
    }
    return entries_create(state->entries, (Lookup *)arguments[0], arguments + 1);
}

static int module_exec(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    state->lookup = lookup_type(module);
    state->entries = entries_type(module);
    if (state->lookup == NULL || state->entries == NULL) return -1;
    return PyModule_AddType(module, state->lookup);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    const module_state *state = PyModule_GetState(module);
    Py_VISIT((PyObject *)state->lookup);
    Py_VISIT((PyObject *)state->entries);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->lookup);
    Py_CLEAR(state->entries);
    return 0;
}

static PyMethodDef module_methods[] = {
    { "bind", bind, METH_VARARGS,
      "bind(get, get_u64, contains, buffer_free, reset, next, value, value_u64, destroy, /)\n--\n\n"
      "Tells the addresses of kf_dict_get, kf_dict_get_u64, kf_dict_contains, kf_buffer_free and of kf_iter_..." },
    { "entries", METHOD(entries), METH_FASTCALL,
      "entries(table, what, kind, decode_key, prefix, start, stop, reverse, /)\n--\n\n"
      "An iterator over \"keys\", \"values\" or \"items\" within encoded bounds, of which None is no bound." },
    { "survey", survey, METH_O,
      "survey(dict, /)\n--\n\n"
      "The types of its keys and of its values, each None if there are several, or if it is not of type dict." },
    { "pack", METHOD(pack), METH_FASTCALL,
      "pack(dict, length, position, count, kind, codec, /)\n--\n\n"
      "From a position on (0 at first): the next one, the number of pairs, and sizes and bytes of keys and values.\n"
      "None if a pair is not of the kind and codec, or if these are not at home here." },
    { "digest", METHOD(digest), METH_FASTCALL,
      "digest(dict, kind, codec, key, /)\n--\n\n"
      "What digest_packed says of all pairs of a dict; None where kind or codec are not at home here." },
    { "digest_packed", METHOD(digest_packed), METH_FASTCALL,
      "digest_packed(key_sizes, key_data, value_sizes, value_data, is_numbers, key, /)\n--\n\n"
      "The sum of keyed hashes of packed pairs, which does not depend on their order." },
    { NULL, NULL, 0, NULL },
};

static PyModuleDef_Slot module_slots[] = {
    { Py_mod_exec, module_exec },
#if PY_VERSION_HEX >= 0x030D0000
    { Py_mod_gil, Py_MOD_GIL_NOT_USED },
#endif
    { 0, NULL },
};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "keyfold._lookup",
    .m_doc = "Lookups by key and iterators, without a detour through cffi.",
    .m_size = sizeof(module_state),
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__lookup(void);

PyMODINIT_FUNC PyInit__lookup(void)
{
    return PyModuleDef_Init(&module_definition);
}
