/* include/keyfold/status.h without its comments; tests/python/test_declarations.py compares the two. */
typedef enum kf_status {
    KF_OK = 0,
    KF_NOT_FOUND = 1,
    KF_END = 2,
    KF_INVALID = 3,
    KF_NO_MEMORY = 4,
    KF_IO = 5,
    KF_NO_SPACE = 6,
    KF_FORMAT = 7,
    KF_UNSUPPORTED = 8,
    KF_CORRUPT = 9,
    KF_DUPLICATE = 10,
    KF_LIMIT = 11,
    KF_TYPE = 12,
    KF_CANCELLED = 13,
    KF_REPLACED = 14
} kf_status;

typedef struct kf_error {
    kf_status status;
    int os_error;
    uint64_t offset;
    size_t key_size;
    uint8_t key[64];
    char message[256];
} kf_error;

typedef struct kf_bytes {
    const uint8_t *data;
    size_t size;
} kf_bytes;

typedef struct kf_buffer {
    uint8_t *data;
    size_t capacity;
} kf_buffer;

void kf_buffer_free(kf_buffer *buffer);

const char *kf_status_name(kf_status status);

const char *kf_library_version(void);
