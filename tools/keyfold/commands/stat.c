/* keyfold stat: what a file holds and where its bytes are. */
#include <keyfold/keyfold.h>

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "commands/names_stat.h"
#include "options/names.h"
#include "output/entry.h"
#include "output/escape.h"
#include "output/human.h"
#include "output/message.h"
#include "output/stat_rows.h"

typedef struct stat_options {
    int json;
} stat_options;

static const kft_option_spec options_table[] = {
    { "json", 'j', OPTION_FLAG, offsetof(stat_options, json), NULL,
      "print one JSON object; sizes are in bytes", NULL },
    OPTIONS_END
};

/* Shards may differ in it. */
static const char *encoding_name(const kf_dict_stat *stat)
{
    return stat->value_encoding == KF_ENCODING_AUTO ? "mixed"
                                                    : option_choice_name(encoding_names, (int)stat->value_encoding);
}

static void ratio_row(kft_output *out, const char *name, uint64_t raw, uint64_t stored)
{
    char text[80];
    human_text size;

    if (raw == 0)
        return;
    snprintf(text, sizeof text, "%10s raw, stored in %.1f %% of it", human_size(size, raw),
             100 * (double)stored / (double)raw);
    stat_row(out, name, text);
}

/* A metadata content that is long or no plain text is told by its size only. */
static void print_metadata(kft_output *out, const kf_dict *dict)
{
    kf_bytes name, content;

    for (size_t i = 0; kf_dict_metadata_at(dict, i, &name, &content) == KF_OK; i++) {
        output_text(out, i == 0 ? "metadata        " : "                ");
        output_escaped(out, name.data, name.size);
        output_text(out, " = ");
        if (content.size <= 4096 && is_utf8(content.data, content.size)) {
            output_escaped(out, content.data, content.size);
        } else {
            human_text size;

            output_text(out, human_size(size, content.size));
        }
        output_byte(out, '\n');
    }
}

/* What a file is made of that has shards. Its states are minimal shard by shard, so that is not said of them. */
static void shards_row(kft_output *out, const kf_dict_stat *stat)
{
    human_text count;
    char line[64];

    snprintf(line, sizeof line, "%s, %s", human_count(count, stat->shards),
             stat->is_manifest ? "in the files that this manifest names" : "inside the file");
    stat_row(out, "shards", line);
}

static void print_text(kft_output *out, const kf_dict *dict, const kf_dict_stat *stat)
{
    const kft_whole whole = { stat->file_size, stat->keys, "key" };
    human_text text, extra;
    char line[96], normal[FLAGS_TEXT_SIZE];
    uint8_t id[16];
    stat_id id_text;

    kf_dict_build_id(dict, id);
    if (stat->shards > 0)
        shards_row(out, stat);
    stat_row(out, "keys", human_count(text, stat->keys));
    snprintf(line, sizeof line, "%s bytes", human_count(text, stat->longest_key));
    stat_row(out, "longest key", line);
    snprintf(line, sizeof line, "%s", option_choice_name(value_type_names, (int)stat->value_type));
    if (stat->value_type != KF_VALUES_NONE)
        snprintf(line, sizeof line, "%s, encoding %s",
                 option_choice_name(value_type_names, (int)stat->value_type), encoding_name(stat));
    stat_row(out, "values", line);
    if (stat->normalise != 0)
        stat_row(out, "normalised", flags_text(normal, normalise_names, (uint32_t)stat->normalise));
    if (stat->weights != KF_WEIGHTS_NONE)
        stat_row(out, "weights", stat->weights == KF_WEIGHTS_VALUE ? "the values" : "a column of their own");
    snprintf(line, sizeof line, "%s%s%s%s", human_count(text, stat->states),
             stat->states_extra > 0 ? ", " : stat->shards > 0 ? " (minimal in each shard)" : " (minimal)",
             stat->states_extra > 0 ? human_count(extra, stat->states_extra) : "",
             stat->states_extra > 0 ? " more than the minimum" : "");
    stat_row(out, "states", line);
    stat_size_row(out, "file", stat->file_size, &whole);
    stat_size_row(out, "  keys", stat->key_bytes, &whole);
    stat_size_row(out, "    shared", stat->shared_bytes, &whole);
    stat_size_row(out, "    tokens", stat->token_bytes, &whole);
    stat_size_row(out, "  values", stat->value_bytes, &whole);
    if (stat->weight_bytes > 0)
        stat_size_row(out, "  weights", stat->weight_bytes, &whole);
    if (stat->similarity_bytes > 0)
        stat_size_row(out, "  similarity", stat->similarity_bytes, &whole);
    if (stat->filter_bytes > 0)
        stat_size_row(out, "  filter", stat->filter_bytes, &whole);
    stat_size_row(out, "  metadata", stat->metadata_bytes, &whole);
    stat_size_row(out, "  checksums", stat->checksum_bytes, &whole);
    ratio_row(out, "key text", stat->raw_key_bytes, stat->key_bytes);
    ratio_row(out, "value text", stat->raw_value_bytes, stat->value_bytes);
    stat_row(out, "build id", stat_id_text(id_text, id));
    print_metadata(out, dict);
}

static void print_json(kft_output *out, const char *path, const kf_dict *dict,
                       const kf_dict_stat *stat)
{
    kf_bytes name, content;
    char normal[FLAGS_TEXT_SIZE];
    uint8_t id[16];
    stat_id id_text;

    kf_dict_build_id(dict, id);
    output_byte(out, '{');
    output_json_member(out, "file", (const uint8_t *)path, strlen(path));
    stat_json_text(out, "build_id", stat_id_text(id_text, id));
    stat_json_number(out, "shards", stat->shards);
    output_text(out, stat->is_manifest ? ",\"manifest\":true" : ",\"manifest\":false");
    stat_json_number(out, "keys", stat->keys);
    stat_json_number(out, "longest_key", stat->longest_key);
    stat_json_text(out, "values", option_choice_name(value_type_names, (int)stat->value_type));
    stat_json_text(out, "encoding", stat->value_type == KF_VALUES_NONE ? "none" : encoding_name(stat));
    stat_json_text(out, "weights", option_choice_name(weights_names, (int)stat->weights));
    stat_json_text(out, "normalise", flags_text(normal, normalise_names, (uint32_t)stat->normalise));
    stat_json_number(out, "states", stat->states);
    stat_json_number(out, "states_extra", stat->states_extra);
    stat_json_number(out, "file_size", stat->file_size);
    stat_json_number(out, "key_bytes", stat->key_bytes);
    stat_json_number(out, "shared_bytes", stat->shared_bytes);
    stat_json_number(out, "token_bytes", stat->token_bytes);
    stat_json_number(out, "value_bytes", stat->value_bytes);
    stat_json_number(out, "weight_bytes", stat->weight_bytes);
    stat_json_number(out, "similarity_bytes", stat->similarity_bytes);
    stat_json_number(out, "filter_bytes", stat->filter_bytes);
    stat_json_number(out, "metadata_bytes", stat->metadata_bytes);
    stat_json_number(out, "checksum_bytes", stat->checksum_bytes);
    stat_json_number(out, "raw_key_bytes", stat->raw_key_bytes);
    stat_json_number(out, "raw_value_bytes", stat->raw_value_bytes);
    output_text(out, ",\"metadata\":[");
    for (size_t i = 0; kf_dict_metadata_at(dict, i, &name, &content) == KF_OK; i++) {
        output_text(out, i > 0 ? ",{" : "{");
        output_json_member(out, "name", name.data, name.size);
        output_byte(out, ',');
        output_json_member(out, "content", content.data, content.size);
        output_byte(out, '}');
    }
    output_text(out, "]}\n");
}

static int stat_run(int argc, char **argv)
{
    stat_options options = { 0 };
    kft_arguments rest;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    kf_dict *dict;
    kf_names *names;
    kft_output out;
    kf_status status;
    int code = options_parse(&command_stat, &options, argc, argv, &rest);

    if (code != OPTIONS_GO_ON)
        return code;
    if (rest.count != 1)
        return usage_error(&command_stat, rest.count == 0 ? "which FILE?" : "one FILE only");
    dict = entry_open_either(rest.items[0], &names, &code);
    if (names != NULL)
        code = names_stat_print(rest.items[0], names, options.json);
    kf_names_close(&names);
    if (dict == NULL)
        return code;
    status = kf_dict_get_stat(dict, &stat);
    if (status != KF_OK) {
        code = complain_status(rest.items[0], dict, status);
    } else if (!output_open(&out)) {
        code = EXIT_TROUBLE;
    } else {
        if (options.json)
            print_json(&out, rest.items[0], dict, &stat);
        else
            print_text(&out, dict, &stat);
        code = output_finish(&out, 0);
    }
    kf_dict_close(&dict);
    return code;
}

const kft_command command_stat = {
    "stat", "Show what a file holds and where its bytes are", "[options] FILE", options_table,
    "\"shared\" are the parts of the keys that several places use, \"tokens\" is the\n"
    "keys' token dictionary; both are contained in \"keys\". Of a manifest, the sizes are\n"
    "those of all the files it names, and its own. An index of names has other parts.\n\n"
    "Exit code: 0 done, 2 usage, 3 data or I/O error.\n",
    stat_run, NULL
};
