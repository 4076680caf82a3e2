/* include/keyfold/progress.h without its comments; tests/python/test_declarations.py compares the two. */
typedef enum kf_phase {
    KF_PHASE_READ = 0,
    KF_PHASE_SORT = 1,
    KF_PHASE_MINIMISE = 2,
    KF_PHASE_LAYOUT = 3,
    KF_PHASE_VALUES = 4,
    KF_PHASE_WRITE = 5,
    KF_PHASE_VERIFY = 6,
    KF_PHASE_MATCH = 7
} kf_phase;

typedef struct kf_progress {
    kf_phase phase;
    uint64_t done;
    uint64_t total;
    uint64_t temporary_bytes;
    uint64_t file_bytes;
} kf_progress;

typedef int (*kf_progress_fn)(void *context, const kf_progress *progress);
