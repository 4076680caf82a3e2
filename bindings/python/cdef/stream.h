/* The entries of an iterator as an Arrow stream of tables with the columns "key" and "value". */
#define KFPY_STREAM_NONE ...       /* no such column */
#define KFPY_STREAM_TEXT ...       /* UTF-8, with offsets of 64 bits; */
#define KFPY_STREAM_BYTES ...
#define KFPY_STREAM_SMALL ...      /* added to these two: of 32 bits */
#define KFPY_STREAM_KEY ...        /* keys of kind int */
#define KFPY_STREAM_INT ...        /* values of codec "int" */
#define KFPY_STREAM_U64 ...        /* values that the file holds as integers */
#define KFPY_STREAM_FIXED ...      /* values of a fixed width, as they are */

typedef struct kfpy_stream_column {
    int what;
    const char *format;            /* Arrow's; one of 64-bit integers says whether they are signed */
    size_t width;                  /* of an item, where they have one */
} kfpy_stream_column;

/* Makes an ArrowArrayStream, which is left in `out`. `keep` is the address of the Python object to whom the iterator
 * belongs: the stream holds a reference. Texts are copied. */
int kfpy_stream_export(struct ArrowArrayStream *out, kf_iter *iter, size_t keep, const char *path,
                       const kfpy_stream_column *key, const kfpy_stream_column *value);

void *kfpy_stream_new(void);
const void *kfpy_stream_name(void);
const void *kfpy_stream_destructor(void);
