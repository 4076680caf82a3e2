/* Files that appear as a whole or not at all, and temporary files. */
#include "base/file.h"

#include "fault.h"
#include "random.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static void set_up(void) { scratch_open(); }
static void tear_down(void)
{
    fault_off();
    fault_short_io(0);
    fault_refuse_nameless(0);
    scratch_close();
}

/* ---- output --------------------------------------------------------------------------------- */

static void assert_content(const char *name, const void *data, size_t size)
{
    size_t got;
    uint8_t *content = scratch_read(name, &got);
    ck_assert_ptr_nonnull(content);
    ck_assert_uint_eq(got, size);
    if (size) ck_assert_mem_eq(content, data, size);
    free(content);
}

static unsigned mode_of(const char *name)
{
    struct stat information;
    ck_assert_int_eq(stat(scratch_path(name), &information), 0);
    return information.st_mode & 07777;
}

/* _i: bit 0 the target exists already, bit 1 without O_TMPFILE, bit 2 short writes. */
START_TEST(output__publish)
{
    enum { SIZE = 3 * 1000 * 1000 };
    uint8_t *data = malloc(SIZE);
    random_bytes(data, SIZE);
    if (_i & 1) scratch_write("t", "old", 3);
    fault_refuse_nameless(_i & 2);
    fault_short_io(_i & 4 ? 100001 : 0);

    umask(027);
    kfi_output *o;
    kf_error e;
    int files = fault_open_files();
    ck_assert_int_eq(kfi_output_create(&o, scratch_path("t"), &e), KF_OK);
    size_t done = 0;
    for (size_t step = 1; done < SIZE; step = step * 3 + 1) {
        size_t part = step % 1500000 < SIZE - done ? step % 1500000 : SIZE - done;
        ck_assert_int_eq(kfi_output_write(o, data + done, part, &e), KF_OK);
        done += part;
        ck_assert_uint_eq(kfi_output_offset(o), done);
    }
    /* Patches and reads before, across and inside the part that is still buffered. */
    const uint64_t places[] = { 0, 5, 1 << 20, SIZE / 2, SIZE - 10 };
    for (size_t i = 0; i < 5; i++) {
        uint8_t patch[10], back[10];
        random_bytes(patch, 10);
        memcpy(data + places[i], patch, 10);
        ck_assert_int_eq(kfi_output_patch(o, places[i], patch, 10, &e), KF_OK);
        ck_assert_int_eq(kfi_output_read(o, places[i], back, 10, &e), KF_OK);
        ck_assert_mem_eq(back, patch, 10);
    }
    ck_assert_int_eq(kfi_output_patch(o, SIZE - 5, data, 6, &e), KF_INVALID);
    ck_assert_int_eq(kfi_output_patch(o, SIZE + 1, data, 0, &e), KF_INVALID);
    ck_assert_int_eq(kfi_output_read(o, SIZE - 5, data, 6, &e), KF_INVALID);
    ck_assert_int_eq(kfi_output_read(o, UINT64_MAX, data, 1, &e), KF_INVALID);

    /* Before it is published, nobody sees any of it. */
    if (_i & 1) assert_content("t", "old", 3);
    else ck_assert_int_ne(access(scratch_path("t"), F_OK), 0);
    ck_assert_int_eq(scratch_count(), (_i & 1) + !!(_i & 2));

    ck_assert_int_eq(kfi_output_publish(o, &e), KF_OK);
    kfi_output_destroy(&o);
    ck_assert_ptr_null(o);
    assert_content("t", data, SIZE);
    ck_assert_uint_eq(mode_of("t"), 0640);
    ck_assert_int_eq(scratch_count(), 1);
    ck_assert_int_eq(fault_open_files(), files);
    free(data);
}
END_TEST

/* A process without standard input gets descriptor 0 for the next file that it opens. */
START_TEST(output__without_standard_input)
{
    kfi_output *o;
    kf_error e;
    fault_refuse_nameless(_i);
    const int kept = dup(0);
    close(0);
    kf_status status = kfi_output_create(&o, scratch_path("t"), &e);
    if (!status) status = kfi_output_write(o, "content", 7, &e);
    if (!status) status = kfi_output_publish(o, &e);
    kfi_output_destroy(&o);
    ck_assert_int_eq(fcntl(0, F_GETFD), -1);   /* closed again */
    dup2(kept, 0);
    close(kept);
    ck_assert_int_eq(status, KF_OK);
    assert_content("t", "content", 7);
}
END_TEST

START_TEST(output__temporary_is_private)
{
    kfi_output *o;
    umask(0);
    fault_refuse_nameless(1);
    ck_assert_int_eq(kfi_output_create(&o, scratch_path("t"), NULL), KF_OK);
    DIR *folder = opendir(scratch);
    int seen = 0;
    for (struct dirent *entry; (entry = readdir(folder)); ) {
        size_t n = strlen(entry->d_name);
        if (entry->d_name[0] != '.' || n < 3) continue;
        seen++;
        ck_assert_int_eq(strncmp(entry->d_name, ".t.", 3), 0);
        ck_assert_str_eq(entry->d_name + n - 4, ".tmp");
        ck_assert_uint_eq(mode_of(entry->d_name), 0600);
    }
    closedir(folder);
    ck_assert_int_eq(seen, 1);
    kfi_output_destroy(&o);
    ck_assert_int_eq(scratch_count(), 0);
    kfi_output_destroy(&o);
    kfi_output_destroy(NULL);
}
END_TEST

START_TEST(output__refuses)
{
    kfi_output *o;
    kf_error e;
    scratch_write("real", "old", 3);
    ck_assert_int_eq(symlink("real", scratch_path("link")), 0);
    ck_assert_int_eq(symlink("nowhere", scratch_path("dangling")), 0);
    ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
    ck_assert_int_eq(mkdir(scratch_path("dir"), 0700), 0);
    const char *bad[] = { "link", "dangling", "pipe", "dir", "dir/", ".", "..", "dir/..", "" };
    int files = fault_open_files();
    fault_mark();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        o = (kfi_output *)&e;
        ck_assert_int_eq(kfi_output_create(&o, scratch_path(bad[i]), &e), KF_INVALID);
        ck_assert_ptr_null(o);
    }
    ck_assert_int_eq(kfi_output_create(&o, "", &e), KF_INVALID);
    ck_assert_int_eq(kfi_output_create(&o, "/dev/null", &e), KF_INVALID);
    ck_assert_int_eq(kfi_output_create(&o, scratch_path("absent/t"), &e), KF_IO);
    ck_assert_int_eq(e.os_error, ENOENT);
    ck_assert_int_eq(kfi_output_create(&o, scratch_path("real/t"), &e), KF_IO);
    ck_assert_int_eq(e.os_error, ENOTDIR);

    /* What appears at the target while the file is being written is looked at again. */
    for (int nameless = 0; nameless < 2; nameless++) {
        fault_refuse_nameless(!nameless);
        ck_assert_int_eq(kfi_output_create(&o, scratch_path("late"), &e), KF_OK);
        ck_assert_int_eq(symlink("real", scratch_path("late")), 0);
        ck_assert_int_eq(kfi_output_publish(o, &e), KF_INVALID);
        kfi_output_destroy(&o);
        ck_assert_int_eq(unlink(scratch_path("late")), 0);
    }
    assert_content("real", "old", 3);
    ck_assert_int_eq(scratch_count(), 5);
    ck_assert_int_eq(fault_open_files(), files);
    ck_assert_int_eq(fault_live(), 0);
}
END_TEST

/* Files of others are not replaced when that was forbidden, also if they appear late. */
START_TEST(output__protected)
{
    static const struct { const char *content; size_t size; kf_status wanted; } cases[] = {
        { "magic and more", 14, KF_OK }, { "magic", 5, KF_OK }, { "", 0, KF_OK }, { "magi", 4, KF_INVALID },
        { "mAgic and more", 14, KF_INVALID }, { "text", 4, KF_INVALID }, { "\0\0\0\0\0\0", 6, KF_INVALID },
    };
    kfi_output *o;
    kf_error e;
    int files = fault_open_files();
    fault_mark();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int late = 0; late < 3; late++) {
            unlink(scratch_path("t"));
            if (!late) scratch_write("t", cases[i].content, cases[i].size);
            if (!late) ck_assert_int_eq(kfi_output_check(scratch_path("t"), "magic", 5, &e), cases[i].wanted);
            ck_assert_int_eq(kfi_output_check(scratch_path("t"), NULL, 0, &e), KF_OK);
            fault_refuse_nameless(late == 1);
            ck_assert_int_eq(kfi_output_create(&o, scratch_path("t"), &e), KF_OK);
            kf_status status = kfi_output_protect(o, "magic", 5, &e);
            ck_assert_int_eq(status, late ? KF_OK : cases[i].wanted);
            if (late) scratch_write("t", cases[i].content, cases[i].size);
            if (!status) status = kfi_output_write(o, "new", 3, &e);
            if (!status) status = kfi_output_publish(o, &e);
            ck_assert_int_eq(status, cases[i].wanted);
            kfi_output_destroy(&o);
            if (status) assert_content("t", cases[i].content, cases[i].size);
            else assert_content("t", "new", 3);
            ck_assert_int_eq(scratch_count(), 1);
        }
    ck_assert_int_eq(kfi_output_check(scratch_path("absent/t"), "magic", 5, &e), KF_IO);
    ck_assert_int_eq(kfi_output_check(scratch_path(""), "magic", 5, &e), KF_INVALID);
    ck_assert_int_eq(kfi_output_check("", "magic", 5, &e), KF_INVALID);
    ck_assert_int_eq(fault_open_files(), files);
    ck_assert_int_eq(fault_live(), 0);
    fault_refuse_nameless(0);
}
END_TEST

/* Relative paths hold when the working folder changes, and the longest name leaves room. */
START_TEST(output__paths)
{
    kfi_output *o;
    kf_error e;
    char name[256], deep[300];
    memset(name, 'n', 255);
    name[255] = '\0';
    for (int nameless = 0; nameless < 2; nameless++) {
        fault_refuse_nameless(!nameless);
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(chdir(scratch), 0);
            ck_assert_int_eq(kfi_output_create(&o, i ? name : "t", &e), KF_OK);
            ck_assert_int_eq(chdir("/"), 0);
            ck_assert_int_eq(kfi_output_write(o, "new", 3, &e), KF_OK);
            ck_assert_int_eq(kfi_output_publish(o, &e), KF_OK);
            kfi_output_destroy(&o);
            assert_content(i ? name : "t", "new", 3);
        }
    }
    snprintf(deep, sizeof deep, "%sx", name);
    ck_assert_int_eq(kfi_output_create(&o, scratch_path(deep), &e), KF_IO);
    ck_assert_int_eq(e.os_error, ENAMETOOLONG);
    ck_assert_int_eq(scratch_count(), 2);
}
END_TEST

static kf_status write_new(const char *name, const uint8_t *data, size_t size, kf_error *e)
{
    kfi_output *o;
    kf_status status = kfi_output_create(&o, scratch_path(name), e);
    if (!status) status = kfi_output_write(o, data, size, e);
    if (!status) status = kfi_output_patch(o, 3, data + 3, 5, e);
    if (!status) status = kfi_output_publish(o, e);
    kfi_output_destroy(&o);
    return status;
}

/* Whatever call fails, in whatever way: an error, the old file as it was, and no litter. The one
 * exception is the folder's sync, which comes after the new file is in place and says so. */
START_TEST(output__every_call_fails)
{
    enum { SIZE = 2200000 };   /* more than the buffer: a part is written past it */
    uint8_t *data = malloc(SIZE);
    random_bytes(data, SIZE);
    static const int reasons[] = { EIO, ENOSPC };
    int exists = _i & 1;
    fault_refuse_nameless(_i & 2);
    int files = fault_open_files();
    for (int r = 0; r < 2; r++)
        for (int mode = FAULT_ONCE; mode <= FAULT_FROM; mode++)
            for (uint64_t n = 1; ; n++) {
                kf_error e;
                unlink(scratch_path("t"));
                if (exists) scratch_write("t", "old", 3);
                fault_mark();
                fault_arm(FAULT_ALL, n, reasons[r], mode);
                kf_status status = write_new("t", data, SIZE, &e);
                int fired = fault_fired();
                fault_off();
                ck_assert_int_eq(fault_live(), 0);
                ck_assert_int_eq(fault_open_files(), files);
                if (status == KF_OK) {
                    /* The call that failed was one that another way replaced, or a closing one. */
                    assert_content("t", data, SIZE);
                } else if (strstr(e.message, "in place")) {
                    ck_assert(fired);
                    assert_content("t", data, SIZE);
                } else {
                    ck_assert(fired);
                    ck_assert(status == KF_NO_MEMORY
                              || status == (reasons[r] == EIO ? KF_IO : KF_NO_SPACE));
                    ck_assert_int_eq(e.status, status);
                    if (exists) assert_content("t", "old", 3);
                    else ck_assert_int_ne(access(scratch_path("t"), F_OK), 0);
                }
                ck_assert_int_eq(scratch_count(), access(scratch_path("t"), F_OK) == 0);
                if (!fired) break;
            }
    free(data);
}
END_TEST

/* Each call of each kind must really be reported: a sweep that stays silent would prove nothing. */
START_TEST(output__each_kind_is_reported)
{
    static const unsigned kinds[] = { FAULT_ALLOC, FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_MODE };
    uint8_t data[100];
    random_bytes(data, sizeof data);
    for (int named = 0; named < 2; named++)
        for (size_t k = 0; k < 5; k++) {
            fault_refuse_nameless(named);
            scratch_write("t", "old", 3);
            fault_arm(kinds[k], 1, EIO, FAULT_FROM);
            ck_assert_int_ne(write_new("t", data, sizeof data, NULL), KF_OK);
            ck_assert_int_eq(fault_fired(), 1);
            fault_off();
        }
    /* A failing close counts as long as the file has not been published. */
    kf_error e;
    kfi_output *o;
    ck_assert_int_eq(kfi_output_create(&o, scratch_path("t"), &e), KF_OK);
    fault_arm(FAULT_CLOSE, 1, EIO, FAULT_ONCE);
    ck_assert_int_eq(kfi_output_publish(o, &e), KF_IO);
    fault_off();
    kfi_output_destroy(&o);
    assert_content("t", "old", 3);
    ck_assert_int_eq(scratch_count(), 1);
}
END_TEST

START_TEST(output__interrupted_calls)
{
    uint8_t data[2000];
    random_bytes(data, sizeof data);
    for (uint64_t n = 1; n < 6; n++) {
        fault_arm(FAULT_OPEN | FAULT_WRITE | FAULT_SYNC, n, EINTR, FAULT_ONCE);
        ck_assert_int_eq(write_new("t", data, sizeof data, NULL), KF_OK);
        fault_off();
        assert_content("t", data, sizeof data);
    }
}
END_TEST

START_TEST(output__file_size_limit)
{
    static uint8_t data[1 << 18];
    scratch_write("t", "old", 3);
    struct rlimit limit = { 100000, RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    kf_error e;
    kf_status status = write_new("t", data, sizeof data, &e);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    ck_assert_int_eq(status, KF_NO_SPACE);
    ck_assert_int_eq(e.os_error, EFBIG);
    assert_content("t", "old", 3);
    ck_assert_int_eq(scratch_count(), 1);
}
END_TEST

/* Killed before any one of its calls, a process leaves the old file or the new one, whole, and no
 * litter. The exceptions that output.c names: a replaced target between its link and its rename, and
 * everything where nameless files are refused. _i: bit 0 the target exists, bit 1 no O_TMPFILE. */
START_TEST(output__killed)
{
    enum { SIZE = 1500000 };
    uint8_t *data = malloc(SIZE);
    random_bytes(data, SIZE);
    int litter = 0, old = 0, new = 0, exists = _i & 1;
    fault_refuse_nameless(_i & 2);
    for (uint64_t n = 1; ; n++) {
        unlink(scratch_path("t"));
        if (exists) scratch_write("t", "old", 3);
        pid_t child = fork();
        if (child == 0) {
            fault_arm(FAULT_IO, n, 0, FAULT_KILL);
            _exit(write_new("t", data, SIZE, NULL) == KF_OK ? 0 : 1);
        }
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        int killed = WIFSIGNALED(how);
        ck_assert(killed || (WIFEXITED(how) && WEXITSTATUS(how) == 0));

        size_t size;
        uint8_t *content = scratch_read("t", &size);
        if (content && size == SIZE && memcmp(content, data, SIZE) == 0) {
            new++;
        } else {
            ck_assert(exists ? content && size == 3 && memcmp(content, "old", 3) == 0 : !content);
            old++;
        }
        DIR *folder = opendir(scratch);
        for (struct dirent *entry; (entry = readdir(folder)); ) {
            size_t length = strlen(entry->d_name);
            if (length < 4 || strcmp(entry->d_name + length - 4, ".tmp")) continue;
            litter++;
            unlink(scratch_path(entry->d_name));
        }
        closedir(folder);
        ck_assert_int_eq(scratch_count(), content != NULL);
        free(content);
        if (!killed) break;
    }
    ck_assert_int_gt(old, 5);
    ck_assert_int_gt(new, 1);
    int nameless = _i & 2 ? -1 : open(scratch, O_TMPFILE | O_RDWR, 0600);
    if (nameless >= 0) {
        close(nameless);
        /* Killed before the rename, that is all. */
        ck_assert_int_le(litter, exists ? 2 : 0);
    }
    free(data);
}
END_TEST

/* ---- temporary files ------------------------------------------------------------------------ */

static const struct {
    const char *name;
    int removed;
    mode_t mode;
    size_t size;
    long age;              /* seconds */
} remains[] = {
    { ".keyfold-abcXYZ", 1, 0600, 0, 100 }, { ".keyfold-019AZz", 1, 0600, 0, 1000000 },
    { ".keyfold-young1", 0, 0600, 0, 20 }, { ".keyfold-future", 0, 0600, 0, -1000 },
    { ".keyfold-groups", 0, 0640, 0, 100 }, { ".keyfold-sticky", 0, 01600, 0, 100 },
    { ".keyfold-filled", 0, 0600, 1, 100 }, { ".keyfold-short", 0, 0600, 0, 100 },
    { ".keyfold-toolong", 0, 0600, 0, 100 }, { ".keyfold-with.a", 0, 0600, 0, 100 },
    { ".keyfold-", 0, 0600, 0, 100 }, { "keyfold-abcdef", 0, 0600, 0, 100 },
    { ".keyfolk-abcdef", 0, 0600, 0, 100 }
};
enum { REMAINS = sizeof remains / sizeof remains[0] };

static void set_age(const char *name, long age)
{
    struct timespec times[2];
    times[0] = times[1] = (struct timespec){ .tv_sec = time(NULL) - age };
    ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(name), times, AT_SYMLINK_NOFOLLOW), 0);
}

static int is_there(const char *name)
{
    struct stat information;
    return lstat(scratch_path(name), &information) == 0;
}

static void leave_remains(void)
{
    for (size_t i = 0; i < REMAINS; i++) {
        scratch_write(remains[i].name, "x", remains[i].size);
        ck_assert_int_eq(chmod(scratch_path(remains[i].name), remains[i].mode), 0);
        set_age(remains[i].name, remains[i].age);
    }
}

static int count_remains(int removable)
{
    int count = 0;
    for (size_t i = 0; i < REMAINS; i++)
        count += remains[i].removed == removable && is_there(remains[i].name);
    return count;
}

static kf_status open_temporary(uint64_t peak, int refuse)
{
    kfi_disk_account account = { 0, peak };
    kf_error e;
    kf_status status = KF_OK;
    fault_refuse_nameless(refuse);
    int fd = kfi_temporary_open(scratch, peak == UINT64_MAX ? NULL : &account, &e, &status);
    fault_refuse_nameless(0);
    ck_assert_int_eq(fd < 0, status != KF_OK);
    if (fd >= 0) close(fd);
    return status;
}

START_TEST(temporary__removes_what_was_left)
{
    leave_remains();
    /* Not by a build that has written something already, and where there can be no such files. */
    ck_assert_int_eq(open_temporary(1, 1), KF_OK);
    ck_assert_int_eq(open_temporary(UINT64_MAX, 1), KF_OK);
    int nameless = open(scratch, O_TMPFILE | O_RDWR, 0600);
    if (nameless >= 0) {
        close(nameless);
        ck_assert_int_eq(open_temporary(0, 0), KF_OK);
    }
    ck_assert_int_eq(scratch_count(), REMAINS);

    ck_assert_int_eq(open_temporary(0, 1), KF_OK);
    ck_assert_int_eq(count_remains(1), 0);
    ck_assert_int_eq(count_remains(0), REMAINS - 2);
    ck_assert_int_eq(scratch_count(), REMAINS - 2);
}
END_TEST

/* Names that fit, of what is no such file. */
START_TEST(temporary__leaves_others)
{
    static const char *const others[] = { ".keyfold-folder", ".keyfold-fifooo", ".keyfold-linked",
                                          ".keyfold-links2", ".keyfold-linka1", ".keyfold-others" };
    ck_assert_int_eq(mkdir(scratch_path(others[0]), 0600), 0);
    ck_assert_int_eq(mkfifo(scratch_path(others[1]), 0600), 0);
    ck_assert_int_eq(symlink("target", scratch_path(others[2])), 0);
    scratch_write("target", "", 0);
    ck_assert_int_eq(chmod(scratch_path("target"), 0600), 0);
    scratch_write(others[3], "", 0);
    ck_assert_int_eq(link(scratch_path(others[3]), scratch_path(others[4])), 0);
    scratch_write(others[5], "", 0);
    for (int i = 3; i < 6; i++) ck_assert_int_eq(chmod(scratch_path(others[i]), 0600), 0);
    int count = 7;
    if (chown(scratch_path(others[5]), 12345, (gid_t)-1) != 0) unlink(scratch_path(others[5])), count--;
    for (int i = 0; i < count - 1; i++) set_age(others[i], 1000);
    set_age("target", 1000);
    ck_assert_int_eq(open_temporary(0, 1), KF_OK);
    ck_assert_int_eq(scratch_count(), count);
    /* One name alone makes it one of ours. */
    ck_assert_int_eq(unlink(scratch_path(others[4])), 0);
    set_age(others[3], 1000);
    ck_assert_int_eq(open_temporary(0, 1), KF_OK);
    ck_assert_int_eq(scratch_count(), count - 2);
}
END_TEST

/* Killed before any one of its calls, it leaves one empty file at most, which goes a minute later. */
START_TEST(temporary__killed)
{
    int left = 0, killed = 1;
    for (uint64_t n = 1; killed; n++) {
        pid_t child = fork();
        if (child == 0) {
            fault_arm(FAULT_IO | FAULT_NAMES, n, 0, FAULT_KILL);
            _exit(open_temporary(0, 1) == KF_OK ? 0 : 1);
        }
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        killed = WIFSIGNALED(how);
        ck_assert(killed || (WIFEXITED(how) && WEXITSTATUS(how) == 0));
        ck_assert_int_le(scratch_count(), 1);
        left += scratch_count();
        if (!scratch_count()) continue;
        ck_assert_int_eq(open_temporary(0, 1), KF_OK);
        ck_assert_int_eq(scratch_count(), 1);

        DIR *folder = opendir(scratch);
        for (struct dirent *entry; (entry = readdir(folder)); )
            if (entry->d_name[0] == '.' && entry->d_name[1] == 'k') set_age(entry->d_name, 61);
        closedir(folder);
        ck_assert_int_eq(open_temporary(0, 1), KF_OK);
        ck_assert_int_eq(scratch_count(), 0);
    }
    ck_assert_int_eq(left, 1);
}
END_TEST

/* What was left is not worth an error. */
START_TEST(temporary__every_call_fails)
{
    int files = fault_open_files();
    for (uint64_t n = 1; ; n++) {
        leave_remains();
        fault_mark();
        fault_arm(FAULT_STAT | FAULT_NAMES, n, EACCES, FAULT_ONCE);
        kf_status status = open_temporary(0, 1);
        int fired = fault_fired();
        fault_off();
        ck_assert_int_eq(status, KF_OK);
        ck_assert_int_eq(fault_live(), 0);
        ck_assert_int_eq(fault_open_files(), files);
        ck_assert_int_eq(count_remains(0), REMAINS - 2);
        ck_assert_int_le(count_remains(1), fired);
        ck_assert_int_le(scratch_count(), REMAINS - 2 + fired);
        if (!fired) break;
        ck_assert_uint_lt(n, 100);
        scratch_close();
        scratch_open();
    }
    /* A folder that can't be read, or is not there. */
    kf_error e;
    kf_status status = KF_OK;
    kfi_disk_account account = { 0, 0 };
    ck_assert_int_eq(kfi_temporary_open(scratch_path("none"), &account, &e, &status), -1);
    ck_assert_int_eq(status, KF_IO);
    ck_assert_int_eq(e.os_error, ENOENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("output");
    TCase *c = tcase_create("output");
    tcase_add_checked_fixture(c, set_up, tear_down);
    suite_add_cases(c, output__publish, 0, 8);
    suite_add_cases(c, output__without_standard_input, 0, 2);
    tcase_add_test(c, output__temporary_is_private);
    tcase_add_test(c, output__refuses);
    tcase_add_test(c, output__protected);
    tcase_add_test(c, output__paths);
    suite_add_cases(c, output__every_call_fails, 0, 4);
    tcase_add_test(c, output__each_kind_is_reported);
    tcase_add_test(c, output__interrupted_calls);
    tcase_add_test(c, output__file_size_limit);
    suite_add_cases(c, output__killed, 0, 4);
    tcase_add_test(c, temporary__removes_what_was_left);
    tcase_add_test(c, temporary__leaves_others);
    tcase_add_test(c, temporary__killed);
    tcase_add_test(c, temporary__every_call_fails);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
