#include "output/stat_rows.h"

#include <stdio.h>
#include <string.h>

#include "output/human.h"

char *stat_id_text(stat_id text, const uint8_t id[16])
{
    for (size_t i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
    return text;
}

void stat_row(kft_output *out, const char *name, const char *text)
{
    static const char spaces[] = "                ";

    output_text(out, name);
    output_text(out, spaces + strlen(name));
    output_text(out, text);
    output_byte(out, '\n');
}

void stat_size_row(kft_output *out, const char *name, uint64_t bytes, const kft_whole *whole)
{
    char text[64];
    human_text size;
    double entries = whole->entries > 0 ? (double)whole->entries : 1;
    double all = whole->bytes > 0 ? (double)whole->bytes : 1;

    snprintf(text, sizeof text, "%10s  %5.1f %%  %8.2f B/%s", human_size(size, bytes), 100 * (double)bytes / all,
             (double)bytes / entries, whole->entry);
    stat_row(out, name, text);
}

void stat_json_number(kft_output *out, const char *name, uint64_t number)
{
    output_text(out, ",\"");
    output_text(out, name);
    output_text(out, "\":");
    output_u64(out, number);
}

void stat_json_text(kft_output *out, const char *name, const char *text)
{
    output_byte(out, ',');
    output_json_member(out, name, (const uint8_t *)text, strlen(text));
}
