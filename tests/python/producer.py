"""A producer of Arrow's C data interface, in ctypes, that may lie. It counts what is made and released."""
import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p


class Schema(Structure):
    pass


class Array(Structure):
    pass


class Stream(Structure):
    pass


RELEASE_SCHEMA, RELEASE_ARRAY = CFUNCTYPE(None, POINTER(Schema)), CFUNCTYPE(None, POINTER(Array))
RELEASE_STREAM = CFUNCTYPE(None, POINTER(Stream))
Schema._fields_ = [("format", c_char_p), ("name", c_char_p), ("metadata", c_void_p), ("flags", c_int64),
                   ("n_children", c_int64), ("children", POINTER(POINTER(Schema))), ("dictionary", POINTER(Schema)),
                   ("release", RELEASE_SCHEMA), ("private", c_void_p)]
Array._fields_ = [("length", c_int64), ("null_count", c_int64), ("offset", c_int64), ("n_buffers", c_int64),
                  ("n_children", c_int64), ("buffers", POINTER(c_void_p)), ("children", POINTER(POINTER(Array))),
                  ("dictionary", POINTER(Array)), ("release", RELEASE_ARRAY), ("private", c_void_p)]
GET_SCHEMA = CFUNCTYPE(c_int, POINTER(Stream), POINTER(Schema))
GET_NEXT = CFUNCTYPE(c_int, POINTER(Stream), POINTER(Array))
GET_ERROR = CFUNCTYPE(c_void_p, POINTER(Stream))
Stream._fields_ = [("schema", GET_SCHEMA), ("next", GET_NEXT), ("error", GET_ERROR), ("release", RELEASE_STREAM),
                   ("private", c_void_p)]

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [c_void_p, c_char_p, c_void_p]


def text_column(texts, **lies):
    """What an Array of strings is made of; None is null."""
    offsets, data, bits = [0], b"", 0
    for place, text in enumerate(texts):
        data += b"" if text is None else text.encode()
        bits |= (text is not None) << place
        offsets.append(len(data))
    nulls = sum(text is None for text in texts)
    valid = bits.to_bytes(len(texts) // 8 + 1, "little") if nulls else None
    return {"format": b"u", "length": len(texts), "null_count": nulls,
            "buffers": [valid, (ctypes.c_int32 * len(offsets))(*offsets), data], **lies}


def int_column(numbers, **lies):
    """The same of int64."""
    return {"format": b"l", "length": len(numbers), "null_count": 0,
            "buffers": [None, (c_int64 * len(numbers))(*numbers)], **lies}


def view_column(texts, fields=None, sizes=None, **lies):
    """The same of string views; `fields`: the four numbers of each view, if they are not those of the texts."""
    data = b"".join(text.encode() for text in texts)
    if fields is None:
        fields, at = [], 0
        for text in texts:
            assert len(text.encode()) > 12
            fields.append((len(text.encode()), int.from_bytes(text.encode()[:4], "little"), 0, at))
            at += len(text.encode())
    views = (ctypes.c_int32 * (4 * len(fields)))(*[number for each in fields for number in each])
    return {"format": b"vu", "length": len(fields), "null_count": 0,
            "buffers": [None, views, data, (c_int64 * 1)(len(data) if sizes is None else sizes)], **lies}


class Producer:
    """Batches of columns, each a dict by the name of the column, which text_column and the like make. `table`: lies
    about the struct around them. `fails`: (code, message) of get_next after the batches."""

    def __init__(self, batches, table=None, fails=None, schema_fails=None):
        self.batches, self.table, self.fails, self.schema_fails = batches, table or {}, fails, schema_fails
        self.made = {"schema": 0, "array": 0, "stream": 0}
        self.released = {"schema": 0, "array": 0, "stream": 0}
        self._keep = []
        self._next = 0
        self._message = None

    def _callback(self, kind, name):
        released = self.released

        def release(pointer):
            released[name] += 1
            pointer.contents.release = kind()
        made = kind(release)
        self._keep.append(made)
        return made

    def _schema(self, out, format, name, children=(), dictionary=None):
        pointers = (POINTER(Schema) * max(1, len(children)))(*[ctypes.pointer(each) for each in children])
        out.format, out.name, out.flags = format, name, 2
        out.n_children, out.children = len(children), pointers if children else None
        if dictionary is not None:
            out.dictionary = ctypes.pointer(dictionary)
        self._keep += [pointers, children, dictionary]

    def _column_schema(self, name, column):
        made = Schema()
        distinct = column.get("dictionary")
        self._schema(made, column["format"], name, (),
                     self._column_schema(b"", distinct) if distinct is not None else None)
        return made

    def _get_schema(self, stream, out):
        if self.schema_fails:
            self._message = self.schema_fails[1]
            return self.schema_fails[0]
        names = self.batches[0]
        self._schema(out.contents, self.table.get("format", b"+s"), b"",
                     [self._column_schema(name.encode(), column) for name, column in names.items()])
        if "schema_children" in self.table:
            out.contents.n_children = self.table["schema_children"]
        out.contents.release = self._callback(RELEASE_SCHEMA, "schema")
        self.made["schema"] += 1
        return 0

    def _array(self, column):
        made = Array()
        buffers = [None if each is None else ctypes.cast(each, c_void_p) for each in column["buffers"]]
        pointers = (c_void_p * max(1, len(buffers)))(*buffers)
        made.length, made.null_count, made.offset = column["length"], column["null_count"], column.get("offset", 0)
        made.n_buffers, made.buffers = column.get("n_buffers", len(buffers)), pointers
        if column.get("no_buffers"):
            made.buffers = None
        if column.get("dictionary") is not None and not column.get("no_dictionary"):
            distinct = self._array(column["dictionary"])
            made.dictionary = ctypes.pointer(distinct)
            self._keep.append(distinct)
        self._keep += [pointers, column]
        return made

    def _get_next(self, stream, out):
        if self._next == len(self.batches):
            if self.fails:
                self._message = self.fails[1]
                return self.fails[0]
            out.contents.release = RELEASE_ARRAY()
            return 0
        columns = [self._array(each) for each in self.batches[self._next].values()]
        pointers = (POINTER(Array) * max(1, len(columns)))(*[ctypes.pointer(each) for each in columns])
        self._next += 1
        array = out.contents
        array.length = self.table.get("length", min([each.length for each in columns], default=0))
        array.null_count, array.offset = self.table.get("null_count", 0), self.table.get("offset", 0)
        array.n_buffers, array.n_children = 1, self.table.get("n_children", len(columns))
        none = (c_void_p * 1)(ctypes.cast(self.table["valid"], c_void_p) if "valid" in self.table else None)
        array.buffers = none
        array.children = None if self.table.get("no_children") else pointers
        array.release = self._callback(RELEASE_ARRAY, "array")
        self._keep += [columns, pointers, none]
        self.made["array"] += 1
        return 0

    def _get_error(self, stream):
        text = ctypes.c_char_p(self._message)
        self._keep.append(text)
        return ctypes.cast(text, c_void_p).value

    def __arrow_c_stream__(self, requested_schema=None):
        stream = Stream()
        callbacks = (GET_SCHEMA(self._get_schema), GET_NEXT(self._get_next), GET_ERROR(self._get_error))
        stream.schema, stream.next, stream.error = callbacks
        stream.release = self._callback(RELEASE_STREAM, "stream")
        self.made["stream"] += 1

        def destroy(capsule):
            if stream.release:
                stream.release(ctypes.pointer(stream))
        destructor = CFUNCTYPE(None, c_void_p)(destroy)
        self._keep += [stream, callbacks, destructor]
        return _new(ctypes.addressof(stream), b"arrow_array_stream", ctypes.cast(destructor, c_void_p))
