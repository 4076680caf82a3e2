#include "output/name_hits.h"

#include <stdlib.h>

void name_text_print(const kft_name_printer *printer, kft_output *out, kf_bytes text)
{
    if (printer->raw)
        output_bytes(out, text.data, text.size);
    else
        output_escaped(out, text.data, text.size);
}

void name_column_print(const kft_name_printer *printer, kft_output *out, kf_bytes text)
{
    name_text_print(printer, out, text);
    output_byte(out, '\t');
}

void name_pairs_print(const kft_name_printer *printer, kft_output *out, const kf_token_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            output_text(out, "; ");
        name_text_print(printer, out, pairs[i].a);
        output_byte(out, '=');
        name_text_print(printer, out, pairs[i].b);
        output_byte(out, ' ');
        output_double(out, pairs[i].similarity);
    }
}

void name_pairs_json(kft_output *out, const kf_token_pair *pairs, size_t count)
{
    output_text(out, "\"pairs\":[");
    for (size_t i = 0; i < count; i++) {
        output_text(out, i > 0 ? ",{" : "{");
        output_json_member(out, "a", pairs[i].a.data, pairs[i].a.size);
        output_byte(out, ',');
        output_json_member(out, "b", pairs[i].b.data, pairs[i].b.size);
        output_text(out, ",\"a_index\":");
        output_u64(out, pairs[i].a_index);
        output_text(out, ",\"b_index\":");
        output_u64(out, pairs[i].b_index);
        output_text(out, ",\"common\":");
        output_u64(out, pairs[i].common);
        output_text(out, ",\"similarity\":");
        output_double(out, pairs[i].similarity);
        output_byte(out, '}');
    }
    output_byte(out, ']');
}

void name_members_print(kft_output *out, const kf_name_hit *hit)
{
    output_json_member(out, "id", hit->id.data, hit->id.size);
    output_byte(out, ',');
    output_json_member(out, "name", hit->name.data, hit->name.size);
    output_text(out, ",\"position\":");
    output_u64(out, hit->position);
    if (hit->attribute.size > 0) {
        output_byte(out, ',');
        output_json_member(out, "attribute", hit->attribute.data, hit->attribute.size);
    }
    if (hit->payload.size > 0) {
        output_byte(out, ',');
        output_json_member(out, "payload", hit->payload.data, hit->payload.size);
    }
}

static void print_json(const kft_name_printer *printer, kft_output *out, kf_bytes needle, const kf_name_hits *hits,
                       size_t i)
{
    const kf_name_hit *hit = hits->hits[i];

    output_byte(out, '{');
    if (printer->with_needle) {
        output_json_member(out, "needle", needle.data, needle.size);
        output_byte(out, ',');
    }
    name_members_print(out, hit);
    output_text(out, ",\"score\":");
    output_double(out, hit->score);
    if (printer->explain) {
        output_text(out, ",\"gap\":");
        output_double(out, hit->gap);
        output_byte(out, ',');
        name_pairs_json(out, hit->pairs, hit->pair_count);
    }
    if (i + 1 == hits->count && hits->tied > 0) {
        output_text(out, ",\"tied\":");
        output_u64(out, hits->tied);
    }
    output_text(out, hits->exact ? "}\n" : ",\"incomplete\":true}\n");
}

void name_hit_print(const kft_name_printer *printer, kft_output *out, kf_bytes needle, const kf_name_hits *hits,
                    size_t i)
{
    const kf_name_hit *hit = hits->hits[i];

    if (printer->json) {
        print_json(printer, out, needle, hits, i);
        return;
    }
    if (printer->with_needle)
        name_column_print(printer, out, needle);
    name_column_print(printer, out, hit->id);
    name_column_print(printer, out, hit->name);
    output_double(out, hit->score);
    if (printer->explain) {
        output_byte(out, '\t');
        output_double(out, hit->gap);
        output_byte(out, '\t');
        name_pairs_print(printer, out, hit->pairs, hit->pair_count);
    }
    output_byte(out, '\n');
}

void name_missing_print(const kft_name_printer *printer, kft_output *out, kf_bytes needle, int exact)
{
    if (!printer->json) {
        name_text_print(printer, out, needle);
        output_byte(out, '\n');
        return;
    }
    output_byte(out, '{');
    output_json_member(out, "needle", needle.data, needle.size);
    output_text(out, exact ? "}\n" : ",\"incomplete\":true}\n");
}

int parse_score(const char *text, double *score)
{
    char *end;

    *score = strtod(text, &end);
    return end != text && *end == 0 && *score >= 0 && *score <= 1;
}
