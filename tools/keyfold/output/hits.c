#include "output/hits.h"


void hits_open(kft_hits *hits, const kft_hit_options *options, kf_value_type value_type, int with_needle,
               int raw)
{
    int bare = options->keys_only || options->no_values || (options->ordinal && !options->json);

    hits->options = options;
    hits->printer = (kft_printer){ NULL, bare ? KF_VALUES_NONE : value_type,
                                   !options->keys_only && (options->ordinal || options->json), raw,
                                   options->json, 0 };
    hits->with_needle = with_needle;
    hits->with_distance = 1;
    hits->with_similarity = 0;
}

static void print_json(const kft_hits *hits, const kft_printer *printer, kf_bytes needle,
                       const kft_entry *entry, const kf_iter *iter)
{
    const kf_match *match = kf_iter_match(iter);
    kft_output *out = printer->out;

    output_byte(out, '{');
    if (hits->with_needle) {
        output_json_member(out, "needle", needle.data, needle.size);
        output_byte(out, ',');
    }
    entry_print_members(printer, entry);
    if (hits->with_distance && !hits->options->keys_only) {
        output_text(out, ",\"distance\":");
        output_u64(out, match->distance);
    }
    if (hits->with_similarity && !hits->options->keys_only) {
        output_text(out, ",\"similarity\":");
        output_double(out, match->similarity);
    }
    if (kf_iter_incomplete(iter))
        output_text(out, ",\"incomplete\":true");
    output_text(out, "}\n");
}

static void print_needle(const kft_hits *hits, const kft_printer *printer, kf_bytes needle)
{
    if (hits->with_needle) {
        entry_print_bytes(printer, needle);
        output_byte(printer->out, '\t');
    }
}

static void print_line(const kft_hits *hits, const kft_printer *printer, kf_bytes needle,
                       const kft_entry *entry, const kf_iter *iter)
{
    kft_output *out = printer->out;

    print_needle(hits, printer, needle);
    entry_print_key(printer, entry->key, hits->options->keys_only && !hits->with_needle);
    if (!hits->options->keys_only) {
        output_byte(out, '\t');
        if (hits->with_similarity)
            output_double(out, kf_iter_match(iter)->similarity);
        else
            output_u64(out, kf_iter_match(iter)->distance);
        entry_print_value(printer, entry);
    }
    output_byte(out, '\n');
}

static void print_count(const kft_hits *hits, const kft_printer *printer, kf_bytes needle, uint64_t count,
                        int incomplete)
{
    kft_output *out = printer->out;

    if (!printer->json) {
        print_needle(hits, printer, needle);
        output_u64(out, count);
        output_byte(out, '\n');
        return;
    }
    output_byte(out, '{');
    if (hits->with_needle) {
        output_json_member(out, "needle", needle.data, needle.size);
        output_byte(out, ',');
    }
    output_text(out, "\"count\":");
    output_u64(out, count);
    output_text(out, incomplete ? ",\"incomplete\":true}\n" : "}\n");
}

kf_status hits_print(const kft_hits *hits, kf_bytes needle, kf_iter *iter, const kft_sieve *sieve,
                     kft_reply *reply)
{
    kft_printer printer = hits->printer;
    kf_value_type value_type = hits->options->count ? KF_VALUES_NONE : printer.value_type;
    uint64_t count = 0;
    kft_entry entry;
    kf_status status;

    printer.out = reply->out;
    while (printer.out->os_error == 0 && (status = entry_next(iter, value_type, &entry)) != KF_END) {
        if (status == KF_OK)
            status = sieve->status;
        if (status != KF_OK)
            return status;
        count++;
        if (hits->options->count)
            continue;
        if (printer.json)
            print_json(hits, &printer, needle, &entry, iter);
        else
            print_line(hits, &printer, needle, &entry, iter);
    }
    if (sieve->status != KF_OK)
        return sieve->status;
    if (hits->options->count)
        print_count(hits, &printer, needle, count, kf_iter_incomplete(iter));
    reply->found |= count > 0;
    return KF_OK;
}
