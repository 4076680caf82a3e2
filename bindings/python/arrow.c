/* ---- Arrow: arrays of what a batch holds ------------------------------------------------------ */

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#define ARROW_NULLABLE 2

enum { KFPY_EXPORT_FOUND, KFPY_EXPORT_ORDINALS, KFPY_EXPORT_NUMBERS, KFPY_EXPORT_PACKED,
       KFPY_EXPORT_NULLS };

typedef struct exported {
    kfpy_lookup *batch;
    uint8_t *valid;
    const void *buffers[3];
} exported;

static void release_exported(struct ArrowArray *array)
{
    exported *own = array->private_data;
    kfpy_lookup_free(own->batch);
    free(own->valid);
    free(own);
    array->release = NULL;
}

static void release_format(struct ArrowSchema *schema)
{
    free(schema->private_data);
    schema->release = NULL;
}

static uint8_t *found_bits(const kfpy_lookup *batch)
{
    uint8_t *bits = calloc(batch->count / 8 + 1, 1);
    for (size_t i = 0; bits != NULL && i < batch->count; i++)
        bits[i >> 3] |= (uint8_t)((batch->ordinals[i] != KF_ABSENT) << (i & 7));
    return bits;
}

static int kfpy_lookup_export(kfpy_lookup *batch, int what, int nulls, const char *format,
                             struct ArrowSchema *schema, struct ArrowArray *array)
{
    size_t format_size = strlen(format) + 1;
    size_t absent = nulls && what != KFPY_EXPORT_FOUND && what != KFPY_EXPORT_NULLS
                  ? batch->count - batch->found : 0;
    exported *own = calloc(1, sizeof(exported));
    char *copy = malloc(format_size);
    if (own != NULL && (absent > 0 || what == KFPY_EXPORT_FOUND)) own->valid = found_bits(batch);
    if (own == NULL || copy == NULL || (absent > 0 && own->valid == NULL) ||
        (what == KFPY_EXPORT_FOUND && own->valid == NULL)) {
        if (own != NULL) free(own->valid);
        free(own);
        free(copy);
        return KF_NO_MEMORY;
    }
    memcpy(copy, format, format_size);
    __atomic_add_fetch(&batch->users, 1, __ATOMIC_RELAXED);
    own->batch = batch;
    own->buffers[0] = what == KFPY_EXPORT_FOUND ? NULL : own->valid;
    own->buffers[1] = what == KFPY_EXPORT_FOUND ? (const void *)own->valid
                    : what == KFPY_EXPORT_ORDINALS ? (const void *)batch->ordinals
                    : what == KFPY_EXPORT_NUMBERS ? (const void *)batch->numbers
                    : (const void *)batch->value_offsets;
    own->buffers[2] = batch->value_data;
    *array = (struct ArrowArray){
        .length = (int64_t)batch->count,
        .null_count = (int64_t)(what == KFPY_EXPORT_NULLS ? batch->count : absent),
        .n_buffers = what == KFPY_EXPORT_PACKED ? 3 : what == KFPY_EXPORT_NULLS ? 0 : 2,
        .buffers = own->buffers, .release = release_exported, .private_data = own };
    *schema = (struct ArrowSchema){
        .format = copy, .name = "", .flags = ARROW_NULLABLE,
        .release = release_format, .private_data = copy };
    return KF_OK;
}

static void kfpy_array_release(struct ArrowArray *array)
{
    if (array->release != NULL) array->release(array);
}

static void kfpy_schema_release(struct ArrowSchema *schema)
{
    if (schema->release != NULL) schema->release(schema);
}

static const char schema_name[] = "arrow_schema", array_name[] = "arrow_array";

/* The destructor of a capsule: nobody may have taken what is in it. */
static void free_schema_capsule(PyObject *capsule)
{
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, schema_name);
    if (schema != NULL) kfpy_schema_release(schema);
    free(schema);
}

static void free_array_capsule(PyObject *capsule)
{
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, array_name);
    if (array != NULL) kfpy_array_release(array);
    free(array);
}

static void *kfpy_schema_new(void)
{
    return calloc(1, sizeof(struct ArrowSchema));
}

static void *kfpy_array_new(void)
{
    return calloc(1, sizeof(struct ArrowArray));
}

static const void *kfpy_schema_name(void)
{
    return schema_name;
}

static const void *kfpy_array_name(void)
{
    return array_name;
}

static const void *kfpy_schema_destructor(void)
{
    return (const void *)(uintptr_t)free_schema_capsule;
}

static const void *kfpy_array_destructor(void)
{
    return (const void *)(uintptr_t)free_array_capsule;
}
