/* Columns of memory as packed pairs. */
#define KFPY_COLUMN_BITS ...       /* layouts that lookups do not have: a bit an item, */
#define KFPY_COLUMN_FLOATS ...     /* floating-point numbers of `width` bytes */

/* A column. With `distinct` its items are places in that one, which has no `distinct` itself. */
typedef struct kfpy_column {
    kfpy_keys items;               /* VIEWS: `offsets` are the sizes of the buffers, 64 bits each */
    const struct kfpy_column *distinct;
    int negative_is_null;          /* places below 0 are nulls, not errors */
    int64_t multiply, divide;      /* for times: what their unit is in that of the codec, */
    int64_t least, most;           /* and what the codec can hold */
} kfpy_column;

/* What the items become. */
#define KFPY_PACK_BYTES ...        /* the bytes that they are */
#define KFPY_PACK_KEY ...          /* integers as keys (see _keys.py) */
#define KFPY_PACK_INT ...          /* integers as codec "int" stores them */
#define KFPY_PACK_FLOAT ...        /* integers and floats as codec "float" does */
#define KFPY_PACK_DAYS ...         /* integers as codec "date" does: KF_LIMIT when one can't be held, or not exactly */
#define KFPY_PACK_TIMES ...        /* as "datetime" and "timedelta" do */
#define KFPY_PACK_UNSIGNED ...     /* numbers in `sizes`, without data; KF_LIMIT when one is below 0 */
#define KFPY_PACK_WORDS ...        /* the same; numbers below 0 as two's complement */

typedef struct kfpy_packed {
    size_t count;
    uint64_t *sizes;
    char *data;                    /* items end to end */
    size_t size;
    size_t wrong;                  /* the item, from `from`, that a failure is about */
    ...;
} kfpy_packed;
kfpy_packed *kfpy_packed_new(void);
void kfpy_packed_free(kfpy_packed *packed);

/* Clears the mask of items that are null; how many, or -1 - status. */
int64_t kfpy_column_nulls(const kfpy_column *column, size_t from, size_t count, uint8_t *mask, size_t *wrong);
/* Whether an integer without a 0 in the mask (which may be NULL) is below 0. */
int kfpy_column_has_negative(const kfpy_column *column, size_t from, size_t count, const uint8_t *mask);
/* Packs items anew, but for those with a 0 in the mask (which may be NULL). KF_INVALID: the column contradicts its
 * description; KF_TYPE: the item is no text in UTF-8. */
int kfpy_pack(kfpy_packed *packed, const kfpy_column *column, size_t from, size_t count, const uint8_t *mask,
              int what);
