/* keyfold dump of an index of names: its rows, as names build reads them. */
#include <stdio.h>

#include "commands/dump.h"
#include "output/guard.h"
#include "output/message.h"
#include "output/output.h"

typedef struct names_dumping {
    kft_output out;
    const dump_options *options;
    int columns;          /* 2 to 4: attributes and payloads are there if any name has one */
} names_dumping;

static void print_bytes(names_dumping *d, kf_bytes bytes)
{
    if (d->options->raw)
        output_bytes(&d->out, bytes.data, bytes.size);
    else
        output_escaped(&d->out, bytes.data, bytes.size);
}

static void print_tsv(names_dumping *d, const kf_names_row *row, int at_start)
{
    const kf_bytes columns[] = { row->id, row->name, row->attribute, row->payload };
    kf_bytes first = row->id;

    if (at_start && !d->options->raw && first.size > 0 && guard_misleads(first, 0)) {
        char guarded[5];

        snprintf(guarded, sizeof guarded, "\\x%02x", first.data[0]);
        output_text(&d->out, guarded);
        first.data++;
        first.size--;
    }
    print_bytes(d, first);
    for (int i = 1; i < d->columns; i++) {
        output_byte(&d->out, '\t');
        print_bytes(d, columns[i]);
    }
    output_byte(&d->out, '\n');
}

static void print_json(names_dumping *d, const kf_names_row *row)
{
    output_byte(&d->out, '{');
    output_json_member(&d->out, "id", row->id.data, row->id.size);
    output_byte(&d->out, ',');
    output_json_member(&d->out, "name", row->name.data, row->name.size);
    if (row->attribute.size > 0) {
        output_byte(&d->out, ',');
        output_json_member(&d->out, "attribute", row->attribute.data, row->attribute.size);
    }
    if (row->payload.size > 0) {
        output_byte(&d->out, ',');
        output_json_member(&d->out, "payload", row->payload.data, row->payload.size);
    }
    output_text(&d->out, "}\n");
}

static int dump_rows(names_dumping *d, const char *path, kf_names_iter *iter)
{
    const kf_names_row *row;
    kf_error error = { 0 };
    kf_status status = KF_OK;

    for (int at_start = 1; d->out.os_error == 0; at_start = 0) {
        status = kf_names_iter_next(iter, &row, &error);
        if (status != KF_OK)
            break;
        if (d->options->format == DUMP_JSONL)
            print_json(d, row);
        else
            print_tsv(d, row, at_start);
    }
    return status == KF_OK || status == KF_END ? 0 : complain_error(path, status, &error);
}

int names_dump(const char *path, const kf_names *names, const dump_options *options)
{
    names_dumping d = { .options = options };
    kf_names_stat stat = KF_NAMES_STAT_INIT;
    kf_names_iter *iter;
    kf_error error = { 0 };
    kf_status status = kf_names_get_stat(names, &stat);
    int code;

    if (options->format == DUMP_NUL)
        return usage_error(&command_dump, "rows of names are printed as tsv or jsonl");
    d.columns = stat.payload_bytes > 0 ? 4 : stat.attributes > 0 ? 3 : 2;
    if (status == KF_OK)
        status = kf_names_iter_create(&iter, names, 0, &error);
    if (status != KF_OK)
        return complain_error(path, status, &error);
    code = output_open(&d.out) ? output_finish(&d.out, dump_rows(&d, path, iter)) : EXIT_TROUBLE;
    kf_names_iter_destroy(&iter);
    return code;
}
