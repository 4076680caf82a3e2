/* A builder that is killed, or whose disk is full: the target is the old file or the new one, whole. */
#include "fault.h"
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static model old_model, new_model;
static unsigned build_threads = 1, build_shards = 1;

enum { PARALLEL_THREADS = 4, PARALLEL_SHARDS = 3 };

/* The second run of a loop test builds in parallel. */
static void choose_way(int is_parallel)
{
    build_threads = is_parallel ? PARALLEL_THREADS : 1;
    build_shards = is_parallel ? PARALLEL_SHARDS : 1;
}

static void make_models(size_t scale)
{
    old_model = (model){ .type = KF_VALUES_U64, .value_shape = 3, .value_seed = 1, .name = "old" };
    new_model = (model){ .type = KF_VALUES_BYTES, .value_shape = 3, .value_seed = 2, .name = "new" };
    set_make(&old_model.set, 9, 5, 1);
    set_make(&new_model.set, 19, 6, scale);
    ck_assert_uint_ne(old_model.set.count, new_model.set.count);
}

static void free_models(void)
{
    set_free(&old_model.set);
    set_free(&new_model.set);
}

static kf_status build_new(const char *path, kf_error *error)
{
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    options.value_type = new_model.type;
    options.memory_limit = (uint64_t)build_threads * (16 << 20);
    options.threads = build_threads;
    options.shards = build_shards;
    kf_status status = kf_builder_create(&builder, path, &options, error);
    if (!status) status = model_add_all(&new_model, builder, 3, error);
    if (!status) status = kf_builder_finish(builder, NULL, error);
    kf_builder_destroy(&builder);
    return status;
}

/* Opens what lies at `path` and looks everything up; 1 if it is the new file. */
static int check_whole(const char *path, const char *when)
{
    kf_dict *dict;
    kf_error error = { 0 };
    kf_status status = kf_dict_open(&dict, path, NULL, &error);
    MUST(!status, "%s: the file cannot be opened: %s", when, error.message);
    int is_new = kf_dict_count(dict) == new_model.set.count;
    model *m = is_new ? &new_model : &old_model;
    status = kf_dict_verify(dict, NULL, &error);
    MUST(!status, "%s: %s", when, error.message);
    model_check_facts(m, dict);
    model_check_lookups(m, dict, 500);
    model_check_values(m, dict, 500);
    kf_dict_close(&dict);
    return is_new;
}

/* Removes what a killed builder may leave, `.NAME.RANDOM.tmp`, and counts it; anything else is an error. Where files
 * have names, a thread may also be between making a temporary file and taking its name away. */
static int sweep_litter(const char *name, const char *when)
{
    int litter = 0;
    DIR *folder = opendir(scratch);
    ck_assert(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)); ) {
        const char *found = entry->d_name;
        size_t size = strlen(found), length = strlen(name);
        if (!strcmp(found, ".") || !strcmp(found, "..") || !strcmp(found, name)) continue;
        int known = size > length + 6 && found[0] == '.' && !strncmp(found + 1, name, length)
                    && found[1 + length] == '.' && !strcmp(found + size - 4, ".tmp");
        if (build_threads > 1 && !strncmp(found, ".keyfold-", 9)) known = 1;
        MUST(known, "%s: left behind: %s", when, found);
        ck_assert_int_eq(unlink(scratch_path(found)), 0);
        litter++;
    }
    closedir(folder);
    return litter;
}

/* Runs a build in a process that dies before its n-th call of these kinds. Whether it died. */
static int killed_build(const char *path, unsigned kinds, uint64_t n)
{
    int result;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        fault_arm(kinds, n, 0, FAULT_KILL);
        kf_status status = build_new(path, NULL);
        _exit(status ? 1 : 0);
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    if (WIFSIGNALED(result)) {
        ck_assert_int_eq(WTERMSIG(result), SIGKILL);
        return 1;
    }
    ck_assert(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    return 0;
}

static void kill_before_every(unsigned kinds, uint64_t stride, int litter_allowed)
{
    char when[80];
    uint64_t n = 1;
    const char *path = strdup(scratch_path("target.kf"));
    for (;; n += stride) {
        snprintf(when, sizeof when, "killed before call %llu", (unsigned long long)n);
        model_build(&old_model, "target.kf", 0, 0, NULL);
        int killed = killed_build(path, kinds, n), is_new = check_whole(path, when);
        int litter = sweep_litter("target.kf", when);
        MUST(litter <= (killed ? litter_allowed : 0), "%s: %d files left behind", when, litter);
        if (!killed) MUST(is_new, "%s: built, and still the old file", when);
        if (!killed) break;
        tally("kills", 1);
    }
    ck_assert_uint_gt(n, 5);
    free((void *)(uintptr_t)path);
}

START_TEST(kill__before_every_system_call)
{
    choose_way(_i / 2);
    make_models(2);
    fault_refuse_nameless(_i % 2);
    /* With a name, or while it gets one: one file may stay, of each thread. */
    kill_before_every(FAULT_IO, _i / 2 ? 5 : 1, _i / 2 ? PARALLEL_THREADS + 1 : 1);
    fault_refuse_nameless(0);
    free_models();
}
END_TEST

START_TEST(kill__before_allocations)
{
    choose_way(_i);
    make_models(1);
    kill_before_every(FAULT_ALLOC, _i ? 29 : 9, 0);
    free_models();
}
END_TEST

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

START_TEST(kill__at_random_times)
{
    char when[80];
    kf_error error;
    unsigned rounds = (_i ? 30 : 60) * scale_of_run(), died = 0, replaced = 0;
    choose_way(_i);
    make_models(12);
    char *path = strdup(scratch_path("target.kf"));
    double start = now();
    ck_assert_int_eq(build_new(path, &error), KF_OK);
    double whole = now() - start;
    for (unsigned round = 0; round < rounds; round++) {
        int result;
        uint64_t part = mix64(mix64(seed_or(0)) + round) % 1200;
        snprintf(when, sizeof when, "round %u", round);
        model_build(&old_model, "target.kf", 0, 0, NULL);
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) _exit(build_new(path, NULL) ? 1 : 0);
        struct timespec wait = { 0, 0 };
        double seconds = whole * (double)part / 1000;
        wait.tv_sec = (time_t)seconds;
        wait.tv_nsec = (long)((seconds - (double)wait.tv_sec) * 1e9);
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &result, 0), child);
        died += WIFSIGNALED(result) != 0;
        replaced += (unsigned)check_whole(path, when);
        MUST(WIFSIGNALED(result) || (WIFEXITED(result) && !WEXITSTATUS(result)), "%s: the build failed",
             when);
        MUST(sweep_litter("target.kf", when) <= WIFSIGNALED(result), "%s: files left behind", when);
    }
    ck_assert_uint_gt(died, 0);
    tally("kills at random times", died);
    printf("kill__at_random_times: %u builds, %u killed, %u replaced the file\n", rounds, died, replaced);
    fflush(stdout);
    free(path);
    free_models();
}
END_TEST

/* ---- no space ------------------------------------------------------------------------------------- */

/* 0: the build succeeded; 1: it failed as it should; else something is wrong. */
static int build_within(const char *path)
{
    kf_error error = { 0 };
    kf_status status = build_new(path, &error);
    if (!status) return 0;
    return status == KF_NO_SPACE && error.status == KF_NO_SPACE && error.message[0] ? 1 : 2;
}

static int run(int (*body)(const char *path, uint64_t limit), const char *path, uint64_t limit)
{
    int result;
    fflush(stdout);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) _exit(body(path, limit));
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    return WIFEXITED(result) ? WEXITSTATUS(result) : 99;
}

static int within_file_limit(const char *path, uint64_t limit)
{
    struct rlimit most = { limit, limit };
    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &most) ? 98 : build_within(path);
}

START_TEST(full__file_size_limit)
{
    unsigned refused = 0;
    choose_way(_i);
    make_models(8);
    char *path = strdup(scratch_path("target.kf"));
    for (uint64_t limit = 0; limit < 10 << 20; limit = limit * 3 / 2 + 4096) {
        model_build(&old_model, "target.kf", 0, 0, NULL);
        int result = run(within_file_limit, path, limit);
        ck_assert_msg(result <= 1, "limit %llu: %d", (unsigned long long)limit, result);
        ck_assert_int_eq(check_whole(path, "limited"), result == 0);
        ck_assert_int_eq(scratch_count(), 1);
        if (result == 0) break;
        refused++;
        tally("full disks", 1);
    }
    ck_assert_uint_gt(refused, 3);
    free(path);
    free_models();
}
END_TEST

/* In a file system of `limit` bytes that only this process sees. */
static int within_disk(const char *path, uint64_t limit)
{
    char option[64], target[600];
    (void)path;
    if (geteuid() ? unshare(CLONE_NEWUSER | CLONE_NEWNS) : unshare(CLONE_NEWNS)) return 77;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) return 77;
    snprintf(option, sizeof option, "size=%llu", (unsigned long long)limit);
    if (mount("tmpfs", scratch, "tmpfs", 0, option)) return 77;
    snprintf(target, sizeof target, "%s/target.kf", scratch);
    model_build(&old_model, "target.kf", 0, 0, NULL);
    int result = build_within(target), is_new = check_whole(target, "on a small disk");
    if (result > 1) return result;
    if (scratch_count() != 1) return 97;
    return is_new == (result == 0) ? result : 96;
}

START_TEST(full__disk)
{
    unsigned refused = 0;
    choose_way(_i);
    make_models(8);
    for (uint64_t limit = 96 << 10; limit < 64 << 20; limit = limit * 5 / 4) {
        int result = run(within_disk, NULL, limit);
        if (result == 77) {
            printf("full__disk: a file system cannot be mounted here, skipped\n");
            fflush(stdout);
            break;
        }
        ck_assert_msg(result <= 1, "a disk of %llu bytes: %d", (unsigned long long)limit, result);
        if (result == 0) {
            ck_assert_uint_gt(refused, 0);
            break;
        }
        refused++;
        tally("full disks", 1);
    }
    free_models();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("kill");
    TCase *t = tcase_create("kill");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    suite_add_cases(t, kill__before_every_system_call, 0, 4);
    suite_add_cases(t, kill__before_allocations, 0, 2);
    suite_add_cases(t, kill__at_random_times, 0, 2);
    suite_add_cases(t, full__file_size_limit, 0, 2);
    suite_add_cases(t, full__disk, 0, 2);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
