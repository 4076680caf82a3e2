/* What a journal tells of is on disk before the journal is: a machine that loses power must not find a journal and
 * no runs. No test that kills a process sees that, the order of the calls shows it. */
#include "write/sort/journal.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"
#include "feed.h"
#include "resume.h"

#include <pthread.h>

enum { FILES = KFI_JOURNAL_SPOOLS + 1 };      /* the runs' and, last, that of the large values */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    unsigned now;                                   /* counts events */
    unsigned synced[FILES];                         /* when, for the last time */
    unsigned first_sync;                            /* since the last journal */
    unsigned first_written[FILES];                  /* since the file's last sync */
    unsigned journals, runs_told, values_told;
    char wrong[100];
} seen;

static int file_number(const char *path)
{
    const char *name = strstr(path, "/keyfold.");
    int number;
    if (!name) return -1;
    if (!strcmp(name, "/keyfold.values")) return FILES - 1;
    return sscanf(name, "/keyfold.runs.%d", &number) == 1 && number < FILES - 1 ? number : -1;
}

static void journal_published(void)
{
    for (int i = 0; i < FILES; i++) {
        /* Runs are written by the thread that makes the journal; values may come while it is at work. */
        unsigned pending = seen.first_written[i];
        if (pending && (i < FILES - 1 || pending < seen.first_sync || !seen.first_sync))
            snprintf(seen.wrong, sizeof seen.wrong, "journal %u: file %d was written and not synced", seen.journals, i);
        seen.runs_told += i < FILES - 1 && seen.synced[i];
        seen.values_told += i == FILES - 1 && seen.synced[i];
    }
    seen.journals++;
    seen.first_sync = 0;
}

static void watcher(unsigned kind, const char *path)
{
    pthread_mutex_lock(&lock);
    seen.now++;
    int file = file_number(path);
    if (kind == FAULT_RENAME && !strcmp(path, "keyfold.journal")) journal_published();
    if (file >= 0 && kind == FAULT_WRITE && !seen.first_written[file]) seen.first_written[file] = seen.now;
    if (file >= 0 && kind == FAULT_SYNC) {
        seen.synced[file] = seen.now;
        seen.first_written[file] = 0;
        if (!seen.first_sync) seen.first_sync = seen.now;
    }
    pthread_mutex_unlock(&lock);
}

START_TEST(resume__journal_comes_last)
{
    plan p = make_plan((unsigned)_i);
    outcome got;
    p.threads = 1;
    p.folder = "resume";
    p.give = p.input.pairs;
    memset(&seen, 0, sizeof seen);
    fault_watch(watcher);
    carry_out(&p, &got);
    fault_watch(NULL);
    ck_assert_msg(got.status == KF_OK, "%s", got.error.message);
    ck_assert_msg(!seen.wrong[0], "%s", seen.wrong);
    ck_assert_uint_gt(seen.journals, 1);
    ck_assert_uint_gt(seen.runs_told, 1);
    ck_assert_int_eq(seen.values_told > 0, p.input.large_every > 0);
    feed_remove("resume");
}
END_TEST

int main(void)
{
    resume_prepare();
    Suite *suite = suite_create("resume_order");
    TCase *order = tcase_create("order");
    tcase_add_checked_fixture(order, scratch_open, scratch_close);
    suite_add_cases(order, resume__journal_comes_last, 0, CASES);
    suite_add_tcase(suite, order);
    return suite_run(suite);
}
