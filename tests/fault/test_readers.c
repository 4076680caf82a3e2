/* Many processes that read a file while it is replaced by rename: each sees one whole file or another,
 * never a mixture, and all of them share one copy of its pages. */
#include "sanitized.h"
#include "scratch.h"
#include "suite.h"
#include "tally.h"

#include <keyfold/keyfold.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { READERS = 32, KEYS = 500, REPLACEMENTS = SANITIZED ? 30 : 200, GENERATION = 1000000 };

#define MUST(condition, ...) do { if (!(condition)) ck_abort_msg(__VA_ARGS__); } while (0)

/* Key i has the value generation * GENERATION + i: answers of two generations cannot be confused. */
static void build_generation(const char *path, uint64_t generation, unsigned keys)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    options.value_type = KF_VALUES_U64;
    options.memory_limit = 16 << 20;
    kf_status status = kf_builder_create(&builder, path, &options, &error);
    for (unsigned i = 0; i < keys && !status; i++) {
        char key[32];
        size_t size = (size_t)snprintf(key, sizeof key, "key %08x", i * 2654435761u);
        status = kf_builder_add_u64(builder, key, size, generation * GENERATION + i, &error);
    }
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    MUST(!status, "%s", error.message);
    kf_builder_destroy(&builder);
}

/* The generation that all answers of the handle belong to, or -1. */
static int64_t generation_of(const kf_dict *dict)
{
    int64_t generation = -1;
    if (kf_dict_count(dict) != KEYS) return -1;
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        uint64_t value;
        size_t size = (size_t)snprintf(key, sizeof key, "key %08x", i * 2654435761u);
        if (kf_dict_get_u64(dict, key, size, &value) || value % GENERATION != i) return -1;
        if (generation < 0) generation = (int64_t)(value / GENERATION);
        if ((uint64_t)generation != value / GENERATION) return -1;
    }
    return generation;
}

typedef struct shared_state {
    atomic_int stop;
    atomic_ullong opened, seen;
    /* The build id of each generation, as the first reader saw it; 0: not seen yet. */
    atomic_ullong id[REPLACEMENTS + 1];
} shared_state;

static shared_state *state;

/* A reader's life; 0 if nothing was ever wrong. */
static int read_on(const char *path)
{
    kf_dict *kept = NULL;
    int64_t kept_generation = 0, last = 0;
    while (!atomic_load(&state->stop)) {
        kf_dict *dict;
        uint8_t id[16];
        unsigned long long low, expected = 0;
        if (kf_dict_open(&dict, path, NULL, NULL)) return 2;
        int64_t generation = generation_of(dict);
        if (generation < last) return 3;             /* mixed, or an old file came back */
        kf_dict_build_id(dict, id);
        memcpy(&low, id, sizeof low);
        if (!atomic_compare_exchange_strong(&state->id[generation], &expected, low) && expected != low)
            return 4;
        if (generation != last) atomic_fetch_add(&state->seen, 1);
        last = generation;
        atomic_fetch_add(&state->opened, 1);
        /* A handle goes on answering from the file that it opened. */
        if (kept && generation_of(kept) != kept_generation) return 5;
        if (!kept || generation % 7 == 0) {
            kf_dict_close(&kept);
            kept = dict;
            kept_generation = generation;
        } else {
            kf_dict_close(&dict);
        }
    }
    kf_dict_close(&kept);
    return 0;
}

START_TEST(readers__while_the_file_is_replaced)
{
    char *path = strdup(scratch_path("shared.kf"));
    pid_t children[READERS];
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(state, MAP_FAILED);
    build_generation(path, 0, KEYS);
    for (unsigned r = 0; r < READERS; r++) {
        children[r] = fork();
        ck_assert_int_ge(children[r], 0);
        if (children[r] == 0) _exit(read_on(path));
    }
    for (uint64_t generation = 1; generation <= REPLACEMENTS; generation++)
        build_generation(path, generation, KEYS);
    atomic_store(&state->stop, 1);
    for (unsigned r = 0; r < READERS; r++) {
        int result;
        ck_assert_int_eq(waitpid(children[r], &result, 0), children[r]);
        MUST(WIFEXITED(result) && WEXITSTATUS(result) == 0, "reader %u: status %x", r, (unsigned)result);
    }
    printf("readers: %llu files opened, %llu of them new ones\n", atomic_load(&state->opened),
           atomic_load(&state->seen));
    fflush(stdout);
    ck_assert_uint_gt(atomic_load(&state->opened), READERS);
    ck_assert_uint_gt(atomic_load(&state->seen), REPLACEMENTS / 2);
    tally("replacements", REPLACEMENTS);
    tally("answers", atomic_load(&state->opened) * KEYS);
    munmap(state, sizeof *state);
    ck_assert_int_eq(scratch_count(), 1);
    free(path);
}
END_TEST

/* The proportional set size of a mapping of `path` in this process, in KiB; -1: not to be found. */
static long mapped_share(const char *path)
{
    char line[1024];
    long share = -1;
    int inside = 0;
    FILE *maps = fopen("/proc/self/smaps", "r");
    if (!maps) return -1;
    while (fgets(line, sizeof line, maps)) {
        if (strchr(line, '/')) inside = strstr(line, path) != NULL;
        else if (strstr(line, "-") && strstr(line, " 00:00 0")) inside = 0;
        long kib;
        if (inside && sscanf(line, "Pss: %ld", &kib) == 1) share = (share < 0 ? 0 : share) + kib;
    }
    fclose(maps);
    return share;
}

static void pass(const int *to)
{
    if (write(to[1], "", 1) != 1) _exit(9);
}

/* 32 processes with the whole file in use hold it once. */
START_TEST(readers__share_one_copy)
{
    char *path = strdup(scratch_path("large.kf"));
    int ready[2], go[2], done[2], quit[2];
    pid_t children[READERS];
    long *shares = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), sum = 0;
    char byte;
    build_generation(path, 1, 100000);
    ck_assert(!pipe(ready) && !pipe(go) && !pipe(done) && !pipe(quit));
    for (unsigned r = 0; r < READERS; r++) {
        children[r] = fork();
        ck_assert_int_ge(children[r], 0);
        if (children[r]) continue;
        kf_dict *dict;
        if (kf_dict_open(&dict, path, NULL, NULL) || kf_dict_verify(dict, NULL, NULL)) _exit(2);
        pass(ready);
        if (read(go[0], &byte, 1) != 1) _exit(3);
        shares[r] = mapped_share(path);
        pass(done);
        if (read(quit[0], &byte, 1) != 1) _exit(4);
        kf_dict_close(&dict);
        _exit(0);
    }
    for (unsigned r = 0; r < READERS; r++) ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    for (unsigned r = 0; r < READERS; r++) pass(go);
    for (unsigned r = 0; r < READERS; r++) ck_assert_int_eq(read(done[0], &byte, 1), 1);
    for (unsigned r = 0; r < READERS; r++) pass(quit);
    for (unsigned r = 0; r < READERS; r++) {
        int result;
        ck_assert_int_eq(waitpid(children[r], &result, 0), children[r]);
        MUST(WIFEXITED(result) && WEXITSTATUS(result) == 0, "reader %u: status %x", r, (unsigned)result);
        sum += shares[r];
    }
    FILE *file = fopen(path, "rb");
    fseek(file, 0, SEEK_END);
    long size = ftell(file) / 1024;
    fclose(file);
    if (shares[0] < 0) printf("readers: no /proc/self/smaps here, skipped\n");
    else ck_assert_msg(sum > size / 2 && sum <= size + size / 10, "%ld KiB of a file of %ld KiB", sum, size);
    munmap(shares, 4096);
    free(path);
}
END_TEST

/* One handle, opened before 64 forks. */
START_TEST(readers__handle_survives_forks)
{
    kf_dict *dict;
    pid_t children[64];
    char *path = strdup(scratch_path("forked.kf"));
    build_generation(path, 7, KEYS);
    ck_assert_int_eq(kf_dict_open(&dict, path, NULL, NULL), KF_OK);
    for (unsigned c = 0; c < 64; c++) {
        children[c] = fork();
        ck_assert_int_ge(children[c], 0);
        if (children[c] == 0) {
            int wrong = generation_of(dict) != 7;
            kf_dict_close(&dict);
            _exit(wrong);
        }
    }
    ck_assert_int_eq(generation_of(dict), 7);
    kf_dict_close(&dict);
    for (unsigned c = 0; c < 64; c++) {
        int result;
        ck_assert_int_eq(waitpid(children[c], &result, 0), children[c]);
        ck_assert(WIFEXITED(result) && WEXITSTATUS(result) == 0);
        tally("forks", 1);
    }
    free(path);
}
END_TEST

static void *read_in_thread(void *context)
{
    const kf_dict *dict = context;
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_iter *iter;
    kf_entry entry;
    kf_bytes key;
    uint64_t value, wrong = 0;
    for (unsigned turn = 0; turn < 30; turn++) {
        wrong += generation_of(dict) != 7;
        wrong += kf_iter_create(&iter, dict, NULL, NULL) != KF_OK;
        for (uint64_t n = 0; n < KEYS; n++) {
            wrong += kf_iter_next(iter, &entry) != KF_OK || entry.ordinal != n;
            wrong += kf_iter_value_u64(iter, &value) != KF_OK || value / GENERATION != 7;
            wrong += kf_dict_key_at(dict, n, &buffer, &key) != KF_OK || key.size != entry.key.size;
        }
        kf_iter_destroy(&iter);
        if (turn == 3) wrong += kf_dict_verify(dict, NULL, NULL) != KF_OK;
    }
    kf_buffer_free(&buffer);
    return (void *)(uintptr_t)wrong;
}

/* One handle, eight threads. */
START_TEST(readers__threads_share_a_handle)
{
    kf_dict *dict;
    pthread_t threads[8];
    char *path = strdup(scratch_path("threads.kf"));
    build_generation(path, 7, KEYS);
    ck_assert_int_eq(kf_dict_open(&dict, path, NULL, NULL), KF_OK);
    for (unsigned t = 0; t < 8; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, read_in_thread, dict), 0);
    for (unsigned t = 0; t < 8; t++) {
        void *wrong;
        ck_assert_int_eq(pthread_join(threads[t], &wrong), 0);
        ck_assert_ptr_null(wrong);
        tally("threads", 1);
    }
    kf_dict_close(&dict);
    free(path);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("readers");
    TCase *t = tcase_create("readers");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, readers__while_the_file_is_replaced);
    tcase_add_test(t, readers__share_one_copy);
    tcase_add_test(t, readers__handle_survives_forks);
    suite_add_tcase(s, t);
    t = tcase_create("threads");      /* by themselves, for the thread sanitizer */
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, readers__threads_share_a_handle);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
