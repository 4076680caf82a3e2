/* Many keys in one call. */

/* How the keys of a batch lie in memory; see kfpy_keys. */
#define KFPY_KEYS_SEPARATED ...    /* end to end in `data`, a zero byte between two */
#define KFPY_KEYS_SIZES ...        /* end to end in `data`; `offsets` are their sizes, 64 bits each */
#define KFPY_KEYS_OFFSETS_32 ...   /* Arrow's string and binary, and the large ones */
#define KFPY_KEYS_OFFSETS_64 ...
#define KFPY_KEYS_VIEWS ...        /* Arrow's string and binary views */
#define KFPY_KEYS_FIXED ...        /* `width` bytes, every `stride` bytes */
#define KFPY_KEYS_PADDED ...       /* the same, without the zero bytes at the end: numpy's S */
#define KFPY_KEYS_UCS4 ...         /* so many bytes of UTF-32, likewise: numpy's U */
#define KFPY_KEYS_UCS4_SWAPPED ... /* in the other byte order */
#define KFPY_KEYS_SIGNED ...       /* integers of `width` bytes, every `stride` bytes */
#define KFPY_KEYS_UNSIGNED ...

typedef struct kfpy_keys {
    int layout;
    size_t count;
    const void *data;
    size_t size;               /* of `data`, for SEPARATED and SIZES */
    const void *offsets;       /* VIEWS: the sizes of the buffers, 64 bits each */
    const void **buffers;      /* VIEWS: those that long views point into */
    size_t buffer_count;
    size_t width;
    ptrdiff_t stride;
    const uint8_t *valid;      /* a bit a key, 0: no key; or NULL. Bits, offsets and so on begin at `first` */
    size_t first;
} kfpy_keys;

typedef struct kfpy_lookup {
    size_t count;
    size_t found;              /* how many of the ordinals are not KF_ABSENT */
    uint64_t *ordinals;
    uint64_t *numbers;         /* u64 values, or values of a fixed width end to end */
    char *value_data;
    int64_t *value_offsets;    /* count + 1 */
    int has_zeros;             /* some value has a zero byte in it */
    size_t wrong;              /* the place in the batch that a failure is about */
    ...;
} kfpy_lookup;
kfpy_lookup *kfpy_lookup_new(void);
/* Ends this use of it: an Arrow array made of it may go on. */
void kfpy_lookup_free(kfpy_lookup *batch);

/* All of them append to the ordinals. A key of KFPY_KEYS_SIGNED and _UNSIGNED is encoded as _keys.py does.
 * KF_INVALID: the keys contradict their description (SEPARATED: there is a zero byte in one). */
int kfpy_lookup_find(kfpy_lookup *batch, const kf_dict *dict, const kfpy_keys *keys);
/* The keys are integers: places in another batch; negative ones find nothing. KF_LIMIT: no such place. */
int kfpy_lookup_gather(kfpy_lookup *batch, const kfpy_lookup *distinct, const kfpy_keys *places);
/* The keys are ordinals themselves; -1 is an absent one. KF_LIMIT: no such ordinal. */
int kfpy_lookup_ordinals(kfpy_lookup *batch, const kf_dict *dict, const kfpy_keys *ordinals);

/* Values of all ordinals; `fallback` is that of absent ones.
 * packed: into value_data and value_offsets, or with `separator` a zero byte between two, offsets of no use;
 * fixed:  into `numbers`; KF_TYPE when a value is not of that width;
 * signed: into `numbers` what codec "int" stored; KF_LIMIT when a value does not fit 64 bits. */
int kfpy_lookup_numbers(kfpy_lookup *batch, const kf_dict *dict, uint64_t fallback);
int kfpy_lookup_packed(kfpy_lookup *batch, const kf_dict *dict, int separator, const void *fallback,
                       size_t size);
int kfpy_lookup_fixed(kfpy_lookup *batch, const kf_dict *dict, size_t width, const void *fallback);
int kfpy_lookup_signed(kfpy_lookup *batch, const kf_dict *dict, int64_t fallback);

/* The places of the absent ordinals: count - found of them. */
void kfpy_lookup_missing(const kfpy_lookup *batch, uint64_t *places);
void kfpy_lookup_mask(const kfpy_lookup *batch, uint8_t *found);
/* The numbers, which the caller frees from now on. */
void *kfpy_lookup_take_numbers(kfpy_lookup *batch);
void *kfpy_lookup_take_ordinals(kfpy_lookup *batch);
void kfpy_free(void *memory);

/* KF_OK when every value is UTF-8 by itself; else KF_INVALID, and batch->wrong. */
int kfpy_lookup_check_utf8(kfpy_lookup *batch);

#define KFPY_EXPORT_FOUND ...      /* booleans */
#define KFPY_EXPORT_ORDINALS ...
#define KFPY_EXPORT_NUMBERS ...    /* of the width that they have */
#define KFPY_EXPORT_PACKED ...
#define KFPY_EXPORT_NULLS ...      /* Arrow's null type */
/* An Arrow array that shares the batch's memory. `nulls`: absent ones are null. `format` is copied. */
int kfpy_lookup_export(kfpy_lookup *batch, int what, int nulls, const char *format,
                       struct ArrowSchema *schema, struct ArrowArray *array);

/* For PyCapsule_New: addresses of the name and of the destructor, which also frees the struct. */
void *kfpy_schema_new(void);
void *kfpy_array_new(void);
const void *kfpy_schema_name(void);
const void *kfpy_array_name(void);
const void *kfpy_schema_destructor(void);
const void *kfpy_array_destructor(void);
void kfpy_array_release(struct ArrowArray *array);
void kfpy_schema_release(struct ArrowSchema *schema);
