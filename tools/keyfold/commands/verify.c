/* keyfold verify: every checksum and every structure of one or more files. */
#include <keyfold/keyfold.h>

#include <stdio.h>

#include "command.h"
#include "interrupt.h"
#include "options/names.h"
#include "options/parallel.h"
#include "output/entry.h"
#include "output/message.h"
#include "output/progress.h"

typedef struct verify_options {
    int quiet;
    int progress;
    uint64_t threads;   /* 0: as many as there are processors */
} verify_options;

static const kft_option_spec options_table[] = {
    { "quiet", 'q', OPTION_FLAG, offsetof(verify_options, quiet), NULL,
      "say nothing about files that are fine, no progress", NULL },
    { "threads", 0, OPTION_NUMBER, offsetof(verify_options, threads), "COUNT",
      "use at most so many threads (default: as many as there\n"
      "are processors)", NULL },
    { "progress", 0, OPTION_CHOICE, offsetof(verify_options, progress), "MODE",
      "show progress on standard error (default: auto, which is\n"
      "text on a terminal)", progress_names },
    OPTIONS_END
};

static int verify_file(const char *path, const verify_options *options)
{
    kf_verify_options verify = KF_VERIFY_OPTIONS_INIT;
    int code = 0;
    kf_names *names;
    kf_dict *dict = entry_open_either(path, &names, &code);
    kf_error error = { 0 };
    kf_status status;

    if (dict == NULL && names == NULL)
        return code;
    error.offset = UINT64_MAX;
    verify.threads = options->threads > 0 ? (unsigned)options->threads : processors(THREADS_MOST);
    verify.progress = progress_report;
    progress_start(options->quiet ? PROGRESS_NONE : (progress_mode)options->progress, NULL);
    status = dict != NULL ? kf_dict_verify(dict, &verify, &error) : kf_names_verify(names, &verify, &error);
    if (status == KF_OK)
        progress_done(0);
    progress_stop();
    if (status == KF_CANCELLED)
        code = EXIT_SIGNALLED + interrupt_signal();
    else if (status != KF_OK)
        code = complain_error(path, status, &error);
    else if (!options->quiet)
        printf("%s: OK\n", path);
    kf_dict_close(&dict);
    kf_names_close(&names);
    return code;
}

static int verify_run(int argc, char **argv)
{
    verify_options options = { 0 };
    kft_arguments rest;
    int code = options_parse(&command_verify, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_verify, "which FILE?");
    if (options.threads > THREADS_MOST)
        return usage_error(&command_verify, "--threads is at most %d", THREADS_MOST);
    interrupt_catch();
    code = 0;
    for (int i = 0; i < rest.count; i++) {
        int one = verify_file(rest.items[i], &options);

        if (one > EXIT_SIGNALLED) {
            message((kft_message){ MESSAGE_ERROR, KF_CANCELLED, NULL, 0 }, "interrupted");
            return one;
        }
        if (one != 0)
            code = EXIT_TROUBLE;
    }
    return code;
}

const kft_command command_verify = {
    "verify", "Check every checksum and structure of a file", "[options] FILE...", options_table,
    "Prints FILE: OK, or what is damaged. A checksum finds accidents, not forgery.\n\n"
    "Exit code: 0 all is well, 2 usage, 3 damaged or unreadable, 128+N stopped by signal N.\n",
    verify_run, NULL
};
