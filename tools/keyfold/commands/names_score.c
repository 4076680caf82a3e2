/* keyfold names score: how similar two names are. */
#include <keyfold/keyfold.h>

#include <string.h>

#include "command.h"
#include "options/names.h"
#include "output/message.h"
#include "output/name_hits.h"
#include "output/output.h"

typedef struct names_score_options {
    int scorer;
    int explain;
    int json;
} names_score_options;

static const kft_option_spec options_table[] = {
    { "scorer", 'S', OPTION_CHOICE, offsetof(names_score_options, scorer), "SCORER",
      "how similar names are (default: setratio)", scorer_names },
    { "explain", 'x', OPTION_FLAG, offsetof(names_score_options, explain), NULL,
      "tell which tokens were paired", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(names_score_options, json), NULL, "print a JSON object", NULL },
    OPTIONS_END
};

static void print(const names_score_options *options, kft_output *out, const kf_explanation *explanation)
{
    kft_name_printer printer = { 0 };

    if (options->json) {
        output_text(out, "{\"scorer\":\"");
        output_text(out, kf_scorer_name((kf_scorer)options->scorer));
        output_text(out, "\",\"score\":");
        output_double(out, explanation->score);
        if (options->explain) {
            output_byte(out, ',');
            name_pairs_json(out, explanation->pairs, explanation->count);
        }
        output_text(out, "}\n");
        return;
    }
    output_double(out, explanation->score);
    output_byte(out, '\n');
    for (size_t i = 0; options->explain && i < explanation->count; i++) {
        name_pairs_print(&printer, out, &explanation->pairs[i], 1);
        output_byte(out, '\n');
    }
}

static int names_score_run(int argc, char **argv)
{
    names_score_options options = { 0 };
    kft_arguments rest;
    kft_output out;
    kf_explanation *explanation;
    kf_error error = { 0 };
    kf_status status;
    int code = options_parse(&command_names_score, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 2)
        return usage_error(&command_names_score, "which two names?");
    status = kf_names_explain((kf_scorer)options.scorer, rest.items[0], strlen(rest.items[0]), rest.items[1],
                              strlen(rest.items[1]), &explanation, &error);
    if (status != KF_OK) {
        complain("%s", error.message);
        return EXIT_TROUBLE;
    }
    code = EXIT_TROUBLE;
    if (output_open(&out)) {
        print(&options, &out, explanation);
        code = output_finish(&out, EXIT_FOUND);
    }
    kf_explanation_free(&explanation);
    return code;
}

const kft_command command_names_score = {
    "names score", "Say how similar two names are", "[options] A B", options_table,
    "Prints the score, from 0 to 1; with --explain then TOKEN=TOKEN SIMILARITY, a pair a\n"
    "line. Names are scored as they are: nothing is folded.\n\n"
    "Exit code: 0 done, 2 usage, 3 a name that is not UTF-8.\n",
    names_score_run, NULL
};
