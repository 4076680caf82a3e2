/* ---- the entries of an iterator as an Arrow stream -------------------------------------------- */

enum { KFPY_STREAM_NONE, KFPY_STREAM_TEXT, KFPY_STREAM_BYTES, KFPY_STREAM_KEY, KFPY_STREAM_INT, KFPY_STREAM_U64,
       KFPY_STREAM_FIXED, KFPY_STREAM_SMALL = 16 };

typedef struct kfpy_stream_column {
    int what;
    const char *format;
    size_t width;
} kfpy_stream_column;

/* A batch ends when it has so many rows, or bytes. */
enum { STREAM_ROWS = 65536 };
#define STREAM_BYTES ((size_t)4 << 20)

typedef struct stream_column {
    int what;
    int small;
    char format[8];
    size_t width;
    const char *name;
} stream_column;

typedef struct stream {
    kf_iter *iter;
    PyObject *keep;
    char *path;
    int ended;
    int count;                /* of columns */
    stream_column columns[2];
    char message[512];
} stream;

/* A column of a batch while it is filled, and then what its Arrow array owns. */
typedef struct filling {
    char *data;               /* texts, or numbers */
    size_t used, capacity;
    void *offsets;
    size_t offsets_used, offsets_capacity;
    const void *buffers[3];
} filling;

typedef struct table_batch {
    struct ArrowArray children[2];
    struct ArrowArray *pointers[2];
    const void *buffers[1];
} table_batch;

typedef struct table_schema {
    struct ArrowSchema children[2];
    struct ArrowSchema *pointers[2];
} table_schema;

static void filling_free(filling *column)
{
    if (column == NULL) return;
    free(column->data);
    free(column->offsets);
    free(column);
}

static int put(filling *column, const void *bytes, size_t size)
{
    if (!append(&column->data, &column->capacity, column->used, (kf_bytes){ bytes, size })) return KF_NO_MEMORY;
    column->used += size;
    return KF_OK;
}

static int put_offset(filling *column, int small)
{
    int64_t wide = (int64_t)column->used;
    int32_t narrow = (int32_t)wide;
    char *data = column->offsets;
    kf_bytes bytes = { small ? (const uint8_t *)&narrow : (const uint8_t *)&wide, small ? 4 : 8 };
    if (small && wide > INT32_MAX) return KF_LIMIT;
    int room = append(&data, &column->offsets_capacity, column->offsets_used, bytes);
    column->offsets = data;
    column->offsets_used += bytes.size;
    return room ? KF_OK : KF_NO_MEMORY;
}

/* A key of kind int, as two's complement (see _keys.py). */
static int key_number(kf_bytes key, int is_signed, uint64_t *number)
{
    uint64_t magnitude = 0;
    if (key.size == 0 || key.data[0] == 0 || key.data[0] == 0xff) return KF_LIMIT;
    int is_negative = key.data[0] < 0x80;
    size_t size = is_negative ? (size_t)(0x7f - key.data[0]) : (size_t)(key.data[0] - 0x80);
    if (size > 8 || size + 1 != key.size) return KF_LIMIT;
    for (size_t i = 1; i <= size; i++)
        magnitude = magnitude << 8 | (uint8_t)(is_negative ? ~key.data[i] : key.data[i]);
    if (is_negative && (!is_signed || magnitude > (uint64_t)1 << 63)) return KF_LIMIT;
    if (!is_negative && is_signed && magnitude >> 63) return KF_LIMIT;
    *number = is_negative ? 0 - magnitude : magnitude;
    return KF_OK;
}

static int is_utf8(kf_bytes text)
{
    const uint8_t *at = text.data, *end = text.data + text.size;
    if (is_ascii((const char *)text.data, text.size)) return 1;
    while (at < end) {
        size_t size = utf8_sequence(at, (size_t)(end - at));
        if (size == 0) return 0;
        at += size;
    }
    return 1;
}

static int put_item(filling *column, const stream_column *kind, kf_bytes bytes, uint64_t number)
{
    int status = KF_OK;
    switch (kind->what) {
    case KFPY_STREAM_TEXT:
        if (!is_utf8(bytes)) return KF_TYPE;
        /* fallthrough */
    case KFPY_STREAM_BYTES:
        status = put(column, bytes.data, bytes.size);
        return status == KF_OK ? put_offset(column, kind->small) : status;
    case KFPY_STREAM_KEY:
        status = key_number(bytes, kind->format[0] == 'l', &number);
        break;
    case KFPY_STREAM_INT: {
        int64_t value = 0;
        status = signed_value(bytes, &value);
        number = (uint64_t)value;
        break;
    }
    case KFPY_STREAM_FIXED:
        return bytes.size == kind->width ? put(column, bytes.data, bytes.size) : KF_TYPE;
    default:
        break;
    }
    return status == KF_OK ? put(column, &number, sizeof(number)) : status;
}

static int stream_failed(stream *own, int status, const char *what, uint64_t ordinal)
{
    own->ended = 1;
    if (status == KF_TYPE)
        snprintf(own->message, sizeof(own->message), "%s: the %s with ordinal %llu is not %s", own->path, what,
                 (unsigned long long)ordinal,
                 own->columns[*what == 'v'].what == KFPY_STREAM_TEXT
                     ? (*what == 'k' ? "UTF-8: open the file with keys=\"bytes\""
                                     : "UTF-8: open the file with codec=\"raw\"") : "one of its codec");
    else if (status == KF_LIMIT)
        snprintf(own->message, sizeof(own->message), "%s: the %s with ordinal %llu does not fit the type of its column",
                 own->path, what, (unsigned long long)ordinal);
    else
        snprintf(own->message, sizeof(own->message), "%s: %s", own->path, kf_status_name((kf_status)status));
    return status == KF_NO_MEMORY ? ENOMEM : EINVAL;
}

static int stream_fill(stream *own, filling *columns[2], int64_t *rows)
{
    for (*rows = 0; *rows < STREAM_ROWS; (*rows)++) {
        kf_entry entry = { { NULL, 0 }, 0 };
        kf_bytes value = { NULL, 0 };
        uint64_t number = 0;
        size_t used = columns[0]->used + (own->count > 1 ? columns[1]->used : 0);
        if (used >= STREAM_BYTES) return 0;
        int status = (int)kf_iter_next(own->iter, &entry);
        if (status == KF_END) {
            own->ended = 1;
            return 0;
        }
        if (status == KF_OK) status = put_item(columns[0], &own->columns[0], entry.key, 0);
        if (status != KF_OK) return stream_failed(own, status, "key", entry.ordinal);
        if (own->count < 2) continue;
        status = own->columns[1].what == KFPY_STREAM_U64 ? (int)kf_iter_value_u64(own->iter, &number)
                                                         : (int)kf_iter_value(own->iter, &value);
        if (status == KF_OK) status = put_item(columns[1], &own->columns[1], value, number);
        if (status != KF_OK) return stream_failed(own, status, "value", entry.ordinal);
    }
    return 0;
}

static void release_column(struct ArrowArray *array)
{
    filling_free(array->private_data);
    array->release = NULL;
}

static void release_batch(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++) kfpy_array_release(array->children[i]);
    free(array->private_data);
    array->release = NULL;
}

static filling *filling_new(const stream_column *kind)
{
    filling *column = calloc(1, sizeof(filling));
    int has_offsets = kind->what == KFPY_STREAM_TEXT || kind->what == KFPY_STREAM_BYTES;
    if (column == NULL || !widen(&column->data, 64, 1) || (has_offsets && put_offset(column, kind->small) != KF_OK)) {
        filling_free(column);
        return NULL;
    }
    column->capacity = 64;
    return column;
}

static int stream_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    stream *own = self->private_data;
    filling *columns[2] = { NULL, NULL };
    int64_t rows = 0;
    memset(out, 0, sizeof(*out));
    if (own->ended) return 0;
    table_batch *batch = calloc(1, sizeof(table_batch));
    int room = batch != NULL;
    for (int i = 0; room && i < own->count; i++) room = (columns[i] = filling_new(&own->columns[i])) != NULL;
    int code = room ? stream_fill(own, columns, &rows) : stream_failed(own, KF_NO_MEMORY, "key", 0);
    if (code != 0 || rows == 0) {
        for (int i = 0; i < 2; i++) filling_free(columns[i]);
        free(batch);
        return code;
    }
    for (int i = 0; i < own->count; i++) {
        filling *column = columns[i];
        column->buffers[1] = column->offsets != NULL ? column->offsets : column->data;
        column->buffers[2] = column->data;
        batch->children[i] = (struct ArrowArray){
            .length = rows, .n_buffers = column->offsets != NULL ? 3 : 2, .buffers = column->buffers,
            .release = release_column, .private_data = column };
        batch->pointers[i] = &batch->children[i];
    }
    *out = (struct ArrowArray){
        .length = rows, .n_buffers = 1, .buffers = batch->buffers, .n_children = own->count,
        .children = batch->pointers, .release = release_batch, .private_data = batch };
    return 0;
}

/* A child's texts lie in memory of its own: it may be taken out of its parent. */
static void release_table_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) kfpy_schema_release(schema->children[i]);
    free(schema->private_data);
    schema->release = NULL;
}

static int stream_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    stream *own = self->private_data;
    table_schema *table = calloc(1, sizeof(table_schema));
    memset(out, 0, sizeof(*out));
    for (int i = 0; table != NULL && i < own->count; i++) {
        char *format = malloc(sizeof(own->columns[i].format));
        if (format == NULL) {
            for (int k = 0; k < i; k++) kfpy_schema_release(&table->children[k]);
            free(table);
            table = NULL;
            break;
        }
        memcpy(format, own->columns[i].format, sizeof(own->columns[i].format));
        table->children[i] = (struct ArrowSchema){
            .format = format, .name = own->columns[i].name, .flags = ARROW_NULLABLE, .release = release_format,
            .private_data = format };
        table->pointers[i] = &table->children[i];
    }
    if (table == NULL) return stream_failed(own, KF_NO_MEMORY, "key", 0);
    *out = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = own->count, .children = table->pointers,
        .release = release_table_schema, .private_data = table };
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *self)
{
    const stream *own = self->private_data;
    return own->message[0] != 0 ? own->message : NULL;
}

static void stream_release(struct ArrowArrayStream *self)
{
    stream *own = self->private_data;
    self->release = NULL;
    /* Any thread may do this, and also one that ends after Python. */
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        Py_DECREF(own->keep);
        PyGILState_Release(state);
    }
    free(own->path);
    free(own);
}

static void add_column(stream *own, const kfpy_stream_column *column, const char *name)
{
    if (column->what == KFPY_STREAM_NONE) return;
    stream_column *made = &own->columns[own->count++];
    made->what = column->what & ~KFPY_STREAM_SMALL;
    made->small = (column->what & KFPY_STREAM_SMALL) != 0;
    made->width = column->width;
    made->name = name;
    memcpy(made->format, column->format, strnlen(column->format, sizeof(made->format) - 1));
}

static int kfpy_stream_export(struct ArrowArrayStream *out, kf_iter *iter, size_t keep, const char *path,
                              const kfpy_stream_column *key, const kfpy_stream_column *value)
{
    stream *own = calloc(1, sizeof(stream));
    if (own != NULL) own->path = strdup(path);
    if (own == NULL || own->path == NULL) {
        free(own);
        return KF_NO_MEMORY;
    }
    own->iter = iter;
    add_column(own, key, "key");
    add_column(own, value, "value");
    PyGILState_STATE state = PyGILState_Ensure();
    own->keep = (PyObject *)keep;
    Py_INCREF(own->keep);
    PyGILState_Release(state);
    *out = (struct ArrowArrayStream){
        .get_schema = stream_schema, .get_next = stream_next, .get_last_error = stream_error,
        .release = stream_release, .private_data = own };
    return KF_OK;
}

static const char stream_name[] = "arrow_array_stream";

/* The destructor of a capsule: nobody may have taken what is in it. */
static void free_stream_capsule(PyObject *capsule)
{
    struct ArrowArrayStream *made = PyCapsule_GetPointer(capsule, stream_name);
    if (made != NULL && made->release != NULL) made->release(made);
    free(made);
}

static void *kfpy_stream_new(void)
{
    return calloc(1, sizeof(struct ArrowArrayStream));
}

static const void *kfpy_stream_name(void)
{
    return stream_name;
}

static const void *kfpy_stream_destructor(void)
{
    return (const void *)(uintptr_t)free_stream_capsule;
}
