/* A file gets its name when its bytes are on disk, and the folder is synced when it has the name: the order of the
 * calls shows it. */
#include "base/file.h"
#include "base/folder.h"
#include "keyfold/builder.h"

#include "fault.h"
#include "scratch.h"
#include "suite.h"

static char events[200];      /* w: write, s: sync of a file, n: a name is given, f: sync of a folder; once each */

static char written[600];     /* what was written to last */

static void watcher(unsigned kind, const char *path)
{
    if (kind == FAULT_WRITE) snprintf(written, sizeof written, "%s", path);
    size_t size = strlen(events);
    char event = kind == FAULT_WRITE ? 'w' : kind != FAULT_SYNC ? 'n' : strcmp(path, scratch) ? 's' : 'f';
    if (size && events[size - 1] == event) return;
    if (size < sizeof events - 1) events[size] = event;
}

static void begin(void)
{
    memset(events, 0, sizeof events);
    fault_watch(watcher);
}

START_TEST(sync__output)
{
    static uint8_t data[3 << 20];
    kfi_output *output;
    kf_error e;
    const int nameless_refused = _i & 1, hurry = _i >> 1;
    for (int exists = 0; exists < 2; exists++) {
        fault_refuse_nameless(nameless_refused);
        begin();
        ck_assert_int_eq(kfi_output_create(&output, scratch_path("out"), &e), KF_OK);
        if (hurry) kfi_output_hurry(output);
        for (int i = 0; i < 2; i++) ck_assert_int_eq(kfi_output_write(output, data, sizeof data, &e), KF_OK);
        ck_assert_int_eq(kfi_output_patch(output, 5, "patch", 5, &e), KF_OK);
        ck_assert_int_eq(kfi_output_write(output, "the end", 7, &e), KF_OK);
        ck_assert_int_eq(kfi_output_publish(output, &e), KF_OK);
        kfi_output_destroy(&output);
        fault_watch(NULL);
        ck_assert_str_eq(events, hurry ? "wn" : "wsnf");
    }
    fault_refuse_nameless(0);
}
END_TEST

/* Builds of one automaton and of several wait for the disk unless they are told not to. */
START_TEST(sync__builder)
{
    for (unsigned shards = 1; shards < 3; shards++)
        for (uint32_t flags = 0; flags <= KF_BUILD_NO_SYNC; flags += KF_BUILD_NO_SYNC) {
            kf_build_options options = KF_BUILD_OPTIONS_INIT;
            kf_build_report report = KF_BUILD_REPORT_INIT;
            kf_builder *builder;
            kf_error e;
            options.shards = shards;
            options.flags = flags;
            ck_assert_int_eq(kf_builder_create(&builder, scratch_path("table.kf"), &options, &e), KF_OK);
            for (unsigned i = 0; i < 40000; i++) {
                char key[16];
                int size = snprintf(key, sizeof key, "%u", i * 2654435761u);
                ck_assert_int_eq(kf_builder_add(builder, key, (size_t)size, NULL, 0, &e), KF_OK);
            }
            begin();
            ck_assert_int_eq(kf_builder_finish(builder, &report, &e), KF_OK);
            fault_watch(NULL);
            ck_assert_uint_eq(report.shards, shards);
            ck_assert_int_eq(strchr(events, 's') == NULL, flags != 0);
            ck_assert_int_eq(strchr(events, 'f') == NULL, flags != 0);
            kf_builder_destroy(&builder);
        }
}
END_TEST

START_TEST(sync__folder)
{
    kfi_folder *folder;
    kfi_spool *spool;
    kf_error e;
    ck_assert_int_eq(kfi_folder_open(&folder, scratch, &e), KF_OK);
    for (int round = 0; round < 2; round++) {
        begin();
        ck_assert_int_eq(kfi_folder_store(folder, "whole", "content", 7, &e), KF_OK);
        ck_assert_str_eq(events, "wsnf");
        ck_assert_str_eq(written, scratch_path("whole.new"));
    }
    begin();
    ck_assert_int_eq(kfi_folder_spool(folder, "spool", 0, 64, NULL, &spool, &e), KF_OK);
    ck_assert_str_eq(events, "f");                  /* its name lasts before anything relies on it */
    ck_assert_int_eq(kfi_spool_write(spool, "content", 7, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_flush(spool, &e), KF_OK);
    ck_assert_int_eq(kfi_spool_sync(spool, &e), KF_OK);
    ck_assert_str_eq(events, "fws");
    fault_watch(NULL);
    kfi_spool_destroy(&spool);
    kfi_folder_close(&folder);
}
END_TEST

int main(void)
{
    fault_skip_sync(1);
    Suite *suite = suite_create("sync");
    TCase *order = tcase_create("order");
    tcase_add_checked_fixture(order, scratch_open, scratch_close);
    suite_add_cases(order, sync__output, 0, 4);
    tcase_add_test(order, sync__builder);
    tcase_add_test(order, sync__folder);
    suite_add_tcase(suite, order);
    return suite_run(suite);
}
