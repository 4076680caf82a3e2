/* keyfold verify: every checksum and every structure of one or more files. */
#include <keyfold/keyfold.h>

#include <stdio.h>

#include "command.h"
#include "entry.h"
#include "message.h"

typedef struct verify_options {
    int quiet;
} verify_options;

static const kft_option_spec options_table[] = {
    { "quiet", 'q', OPTION_FLAG, offsetof(verify_options, quiet), NULL,
      "say nothing about files that are fine", NULL },
    OPTIONS_END
};

static int verify_file(const char *path, int quiet)
{
    int code = 0;
    kf_dict *dict = entry_open(path, 0, &code);
    kf_error error = { 0 };
    kf_status status;

    if (dict == NULL)
        return code;
    error.offset = UINT64_MAX;
    status = kf_dict_verify(dict, NULL, &error);
    if (status != KF_OK)
        code = complain_error(path, status, &error);
    else if (!quiet)
        printf("%s: OK\n", path);
    kf_dict_close(&dict);
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
    code = 0;
    for (int i = 0; i < rest.count; i++)
        if (verify_file(rest.items[i], options.quiet) != 0)
            code = EXIT_TROUBLE;
    return code;
}

const kft_command command_verify = {
    "verify", "Check every checksum and structure of a file", "[options] FILE...", options_table,
    "Prints FILE: OK, or what is damaged. A checksum finds accidents, not forgery.\n\n"
    "Exit code: 0 all is well, 2 usage, 3 damaged or unreadable.\n",
    verify_run
};
