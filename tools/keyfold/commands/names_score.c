/* keyfold names score: how similar two names are. */
#include <keyfold/keyfold.h>

#include <string.h>

#include "command.h"
#include "output/message.h"
#include "output/output.h"

static const kft_option_spec options_table[] = { OPTIONS_END };

static int names_score_run(int argc, char **argv)
{
    kft_arguments rest;
    kft_output out;
    kf_error error = { 0 };
    kf_status status;
    double score;
    int target = 0, code = options_parse(&command_names_score, &target, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 2)
        return usage_error(&command_names_score, "which two names?");
    status = kf_names_score(KF_SCORER_SETRATIO, rest.items[0], strlen(rest.items[0]), rest.items[1],
                            strlen(rest.items[1]), &score, &error);
    if (status != KF_OK) {
        complain("%s", error.message);
        return EXIT_TROUBLE;
    }
    if (!output_open(&out))
        return EXIT_TROUBLE;
    output_double(&out, score);
    output_byte(&out, '\n');
    return output_finish(&out, EXIT_FOUND);
}

const kft_command command_names_score = {
    "names score", "Say how similar two names are", "A B", options_table,
    "Prints the score, from 0 to 1.\n\n"
    "Exit code: 0 done, 2 usage, 3 a name that is not UTF-8.\n",
    names_score_run, NULL
};
