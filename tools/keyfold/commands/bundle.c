/* keyfold bundle: a manifest, which opens several dictionaries as one. */
#include <keyfold/keyfold.h>

#include <string.h>

#include "command.h"
#include "options/names.h"
#include "options/target.h"
#include "output/entry.h"
#include "output/human.h"
#include "output/message.h"
#include "output/output.h"

typedef struct bundle_options {
    const char *output;
    int force;
    int metadata;
    int absolute;
    int quiet;
    int json;
} bundle_options;

static const kft_option_choice metadata_modes[] = {
    { "same", KF_BUNDLE_METADATA_SAME }, { "common", KF_BUNDLE_METADATA_COMMON },
    { "none", KF_BUNDLE_METADATA_NONE }, { NULL, 0 }
};

static const kft_option_spec options_table[] = {
    { "output", 'o', OPTION_FILE, offsetof(bundle_options, output), "FILE",
      "the manifest to write, by convention *.kfm (required)", NULL },
    FORCE_OPTION(bundle_options, force),
    { "metadata", 'm', OPTION_CHOICE, offsetof(bundle_options, metadata), "MODE",
      "which metadata it gets: those of the members, which must\n"
      "all have the same (default), those they agree on, or none", metadata_modes },
    { "absolute", 'a', OPTION_FLAG, offsetof(bundle_options, absolute), NULL,
      "name the members by absolute paths, so that the manifest\n"
      "can be moved and they stay (default: all move together)", NULL },
    { "quiet", 'q', OPTION_FLAG, offsetof(bundle_options, quiet), NULL,
      "no summary, only errors", NULL },
    { "json", 'j', OPTION_FLAG, offsetof(bundle_options, json), NULL,
      "print a report as a JSON object on standard output", NULL },
    OPTIONS_END
};

static int print_report(const char *path, const kf_dict_stat *stat, int members)
{
    kft_output out;

    if (!output_open(&out))
        return EXIT_TROUBLE;
    output_byte(&out, '{');
    output_json_member(&out, "file", (const uint8_t *)path, strlen(path));
    output_text(&out, ",\"values\":\"");
    output_text(&out, option_choice_name(value_type_names, (int)stat->value_type));
    output_text(&out, "\",\"keys\":");
    output_u64(&out, stat->keys);
    output_text(&out, ",\"members\":");
    output_u64(&out, (uint64_t)members);
    output_text(&out, ",\"shards\":");
    output_u64(&out, stat->shards);
    output_text(&out, ",\"file_size\":");
    output_u64(&out, stat->file_size);
    output_text(&out, "}\n");
    return output_finish(&out, EXIT_FOUND);
}

/* Opens what was written, as its readers will, and tells what it is. */
static int report(const bundle_options *options, int members)
{
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    human_text keys, shards, size;
    kf_status status;
    int code = EXIT_FOUND;
    kf_dict *dict = entry_open(options->output, KF_OPEN_CHECK, &code);

    if (dict == NULL)
        return code;
    status = kf_dict_get_stat(dict, &stat);
    if (status != KF_OK)
        code = complain_status(options->output, dict, status);
    else if (options->json)
        code = print_report(options->output, &stat, members);
    else if (!options->quiet)
        message((kft_message){ MESSAGE_SUMMARY, KF_OK, options->output, 0 }, "%s keys in %s shard%s, %s",
                human_count(keys, stat.keys), human_count(shards, stat.shards), stat.shards == 1 ? "" : "s",
                human_size(size, stat.file_size));
    kf_dict_close(&dict);
    return code;
}

static int bundle_run(int argc, char **argv)
{
    bundle_options options = { .metadata = KF_BUNDLE_METADATA_SAME };
    kf_bundle_options bundle = KF_BUNDLE_OPTIONS_INIT;
    kf_error error = { .offset = UINT64_MAX };
    kft_arguments rest;
    kf_status status;
    int code = options_parse(&command_bundle, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    code = target_check(&command_bundle, options.output);
    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count == 0)
        return usage_error(&command_bundle, "of which FILE?");
    bundle.metadata = (kf_bundle_metadata)options.metadata;
    bundle.flags = (options.absolute ? KF_BUNDLE_ABSOLUTE : 0u) | (options.force ? KF_BUNDLE_REPLACE_ANY : 0u);
    status = kf_bundle_write(options.output, (const char *const *)rest.items, (size_t)rest.count, &bundle, &error);
    if (status != KF_OK) {
        complain_error(options.output, status, &error);
        /* Whatever the library finds invalid here is in the files. */
        return EXIT_TROUBLE;
    }
    return report(&options, rest.count);
}

const kft_command command_bundle = {
    "bundle", "Open several dictionaries as one through a manifest", "[options] -o FILE FILE...", options_table,
    "No key of one file may lie between the keys of another; their order does not matter.\n"
    "The files stay where they are and must not be changed or replaced afterwards: the\n"
    "manifest is then refused, as when one is missing. All commands read it like any\n"
    "other file, and merge makes one file of it.\n\n"
    "Exit code: 0 done, 2 usage, 3 data or I/O error.\n",
    bundle_run, NULL
};
