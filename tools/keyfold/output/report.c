#include "output/report.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options/names.h"
#include "output/human.h"
#include "output/message.h"
#include "output/output.h"

void report_say(const char *path, const kf_build_report *report, double seconds)
{
    human_text keys, size, time, dropped, temporary, shards;

    message((kft_message){ MESSAGE_SUMMARY, KF_OK, path, 0 }, "%s keys, %s (%.2f B/key), %s%s%s%s%s%s%s%s",
             human_count(keys, report->keys), human_size(size, report->file_size),
             report->keys > 0 ? (double)report->file_size / (double)report->keys : 0.0,
             human_seconds(time, seconds), report->shards > 1 ? ", in " : "",
             report->shards > 1 ? human_count(shards, report->shards) : "", report->shards > 1 ? " shards" : "",
             report->pairs_dropped > 0 ? ", duplicates dropped: " : "",
             report->pairs_dropped > 0 ? human_count(dropped, report->pairs_dropped) : "",
             report->temporary_peak > 0 ? ", temporary files up to " : "",
             report->temporary_peak > 0 ? human_size(temporary, report->temporary_peak) : "");
}

static void json_number(kft_output *out, const char *name, uint64_t number)
{
    output_text(out, ",\"");
    output_text(out, name);
    output_text(out, "\":");
    output_u64(out, number);
}

int report_print(const char *path, kf_value_type value_type, const kf_build_report *report, const char *name,
                 uint64_t number, double seconds)
{
    char time[48];
    kft_output out;

    if (!output_open(&out))
        return EXIT_TROUBLE;
    output_byte(&out, '{');
    output_json_member(&out, "file", (const uint8_t *)path, strlen(path));
    output_text(&out, ",\"values\":\"");
    output_text(&out, option_choice_name(value_type_names, (int)value_type));
    output_byte(&out, '"');
    json_number(&out, "keys", report->keys);
    json_number(&out, "pairs_added", report->pairs_added);
    json_number(&out, "pairs_dropped", report->pairs_dropped);
    json_number(&out, name, number);
    json_number(&out, "states", report->states);
    json_number(&out, "states_extra", report->states_extra);
    json_number(&out, "file_size", report->file_size);
    json_number(&out, "temporary_peak", report->temporary_peak);
    json_number(&out, "shards", report->shards);
    snprintf(time, sizeof time, ",\"seconds\":%.3f}\n", seconds);
    output_text(&out, time);
    return output_finish(&out, 0);
}
