/* keyfold stat of an index of names. */
#include "commands/names_stat.h"

#include <stdio.h>
#include <string.h>

#include "options/names.h"
#include "output/human.h"
#include "output/message.h"
#include "output/stat_rows.h"

/* The parts of a file, in the order of their printing; some may not be there. */
typedef struct part { const char *name, *json; uint64_t bytes; } part;
enum { PARTS = 10 };

static void list_parts(const kf_names_stat *stat, part parts[PARTS])
{
    parts[0] = (part){ "  vocabulary", "vocabulary_bytes", stat->vocabulary_bytes };
    parts[1] = (part){ "  blocks", "block_bytes", stat->block_bytes };
    parts[2] = (part){ "  postings", "posting_bytes", stat->posting_bytes };
    parts[3] = (part){ "  names", "forward_bytes", stat->forward_bytes };
    parts[4] = (part){ "  positions", "position_bytes", stat->position_bytes };
    parts[5] = (part){ "  ids", "id_bytes", stat->id_bytes };
    parts[6] = (part){ "  attributes", "attribute_bytes", stat->attribute_bytes };
    parts[7] = (part){ "  payloads", "payload_bytes", stat->payload_bytes };
    parts[8] = (part){ "  texts", "text_bytes", stat->text_bytes };
    parts[9] = (part){ "  letters", "letter_bytes", stat->letter_bytes };
}

static void print_text(kft_output *out, const kf_names *names, const kf_names_stat *stat)
{
    human_text text, most;
    const kft_whole whole = { stat->file_size, stat->names, "name" };
    part parts[PARTS];
    char line[96], flags[FLAGS_TEXT_SIZE];
    uint8_t id[16];
    stat_id id_text;

    kf_names_build_id(names, id);
    stat_row(out, "names", human_count(text, stat->names));
    stat_row(out, "tokens", human_count(text, stat->tokens));
    snprintf(line, sizeof line, "%s bytes; at most %s tokens", human_count(text, stat->longest_name),
             human_count(most, stat->most_tokens));
    stat_row(out, "longest name", line);
    stat_row(out, "ids", stat->id_type == KF_VALUES_U64 ? "numbers" : "bytes");
    if (stat->attributes > 0) {
        snprintf(line, sizeof line, "%s different ones", human_count(text, stat->attributes));
        stat_row(out, "attributes", line);
    }
    if (stat->processing != 0)
        stat_row(out, "processing", flags_text(flags, processing_names, stat->processing));
    if (stat->legal_forms != KF_LEGAL_KEEP)
        stat_row(out, "legal forms", option_choice_name(legal_names, (int)stat->legal_forms));
    stat_size_row(out, "file", stat->file_size, &whole);
    list_parts(stat, parts);
    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].bytes > 0)
            stat_size_row(out, parts[i].name, parts[i].bytes, &whole);
    snprintf(line, sizeof line, "%10s raw", human_size(text, stat->name_bytes));
    stat_row(out, "name text", line);
    stat_row(out, "build id", stat_id_text(id_text, id));
}

static void print_json(kft_output *out, const char *path, const kf_names *names, const kf_names_stat *stat)
{
    part parts[PARTS];
    char flags[FLAGS_TEXT_SIZE];
    uint8_t id[16];
    stat_id id_text;

    kf_names_build_id(names, id);
    output_byte(out, '{');
    output_json_member(out, "file", (const uint8_t *)path, strlen(path));
    stat_json_text(out, "build_id", stat_id_text(id_text, id));
    stat_json_number(out, "names", stat->names);
    stat_json_number(out, "tokens", stat->tokens);
    stat_json_number(out, "longest_name", stat->longest_name);
    stat_json_number(out, "most_tokens", stat->most_tokens);
    stat_json_text(out, "ids", option_choice_name(value_type_names, (int)stat->id_type));
    stat_json_text(out, "processing", flags_text(flags, processing_names, stat->processing));
    stat_json_text(out, "legal", option_choice_name(legal_names, (int)stat->legal_forms));
    stat_json_number(out, "attributes", stat->attributes);
    stat_json_number(out, "file_size", stat->file_size);
    list_parts(stat, parts);
    for (size_t i = 0; i < PARTS; i++)
        stat_json_number(out, parts[i].json, parts[i].bytes);
    stat_json_number(out, "name_bytes", stat->name_bytes);
    output_text(out, "}\n");
}

int names_stat_print(const char *path, const kf_names *names, int json)
{
    kf_names_stat stat = KF_NAMES_STAT_INIT;
    kf_status status = kf_names_get_stat(names, &stat);
    kft_output out;

    if (status != KF_OK)
        return complain_status(path, NULL, status);
    if (!output_open(&out))
        return EXIT_TROUBLE;
    if (json)
        print_json(&out, path, names, &stat);
    else
        print_text(&out, names, &stat);
    return output_finish(&out, 0);
}
