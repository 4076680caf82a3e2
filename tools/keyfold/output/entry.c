#include "output/entry.h"

#include <stdio.h>
#include <string.h>

#include "output/list.h"
#include "output/message.h"

void entry_print_bytes(const kft_printer *printer, kf_bytes bytes)
{
    if (printer->raw)
        output_bytes(printer->out, bytes.data, bytes.size);
    else
        output_escaped(printer->out, bytes.data, bytes.size);
}

void entry_print_key(const kft_printer *printer, kf_bytes key, int alone)
{
    if (alone && key.size == 0 && !printer->raw)
        output_text(printer->out, "\\&");
    else
        entry_print_bytes(printer, key);
}

static void print_array(kft_output *out, kf_bytes list)
{
    kf_bytes item;
    int first = 1;

    output_text(out, ",\"value\":[");
    for (; list_next(&list, &item); first = 0) {
        if (!first)
            output_byte(out, ',');
        output_json_item(out, item.data, item.size);
    }
    output_byte(out, ']');
}

void entry_print_members(const kft_printer *printer, const kft_entry *entry)
{
    kft_output *out = printer->out;

    output_json_member(out, "key", entry->key.data, entry->key.size);
    if (printer->ordinal) {
        output_text(out, ",\"ordinal\":");
        output_u64(out, entry->ordinal);
    }
    if (printer->value_type == KF_VALUES_U64) {
        output_text(out, ",\"value\":");
        output_u64(out, entry->number);
    } else if (printer->value_type == KF_VALUES_BYTES && printer->lists) {
        print_array(out, entry->value);
    } else if (printer->value_type == KF_VALUES_BYTES) {
        output_byte(out, ',');
        output_json_member(out, "value", entry->value.data, entry->value.size);
    }
}

void entry_print_value(const kft_printer *printer, const kft_entry *entry)
{
    kft_output *out = printer->out;

    if (printer->ordinal) {
        output_byte(out, '\t');
        output_u64(out, entry->ordinal);
    } else if (printer->value_type == KF_VALUES_U64) {
        output_byte(out, '\t');
        output_u64(out, entry->number);
    } else if (printer->value_type == KF_VALUES_BYTES && printer->lists) {
        kf_bytes list = entry->value, item;

        while (list_next(&list, &item)) {
            output_byte(out, '\t');
            entry_print_bytes(printer, item);
        }
    } else if (printer->value_type == KF_VALUES_BYTES) {
        output_byte(out, '\t');
        entry_print_bytes(printer, entry->value);
    }
}

void entry_print(const kft_printer *printer, const kft_entry *entry)
{
    kft_output *out = printer->out;

    if (printer->json) {
        output_byte(out, '{');
        entry_print_members(printer, entry);
        output_text(out, "}\n");
        return;
    }
    entry_print_key(printer, entry->key, !printer->ordinal && printer->value_type == KF_VALUES_NONE);
    entry_print_value(printer, entry);
    output_byte(out, '\n');
}

void entry_print_absent(const kft_printer *printer, kf_bytes key, const char *text)
{
    kft_output *out = printer->out;

    if (printer->json) {
        output_byte(out, '{');
        output_json_member(out, "key", key.data, key.size);
        output_text(out, printer->ordinal ? ",\"ordinal\":null," : ",");
        output_json_member(out, "missing", (const uint8_t *)text, strlen(text));
        output_text(out, "}\n");
        return;
    }
    entry_print_bytes(printer, key);
    output_byte(out, '\t');
    output_text(out, text);
    output_byte(out, '\n');
}

kf_status entry_next(kf_iter *iter, kf_value_type value_type, kft_entry *entry)
{
    kf_entry found;
    kf_status status = kf_iter_next(iter, &found);

    if (status != KF_OK)
        return status;
    *entry = (kft_entry){ found.key, found.ordinal, { NULL, 0 }, 0 };
    if (value_type == KF_VALUES_BYTES)
        return kf_iter_value(iter, &entry->value);
    if (value_type == KF_VALUES_U64)
        return kf_iter_value_u64(iter, &entry->number);
    return KF_OK;
}

static kf_dict *open_dict(const char *path, uint32_t flags, kf_names **names, int *code)
{
    kf_open_options options = KF_OPEN_OPTIONS_INIT;
    kf_dict *dict = NULL;
    kf_error error = { 0 };
    kf_status status;

    options.flags = flags;
    status = kf_dict_open(&dict, path, &options, &error);
    options.flags = flags & ~(uint32_t)KF_OPEN_CHECK;
    if (status == KF_TYPE && names != NULL)
        status = kf_names_open(names, path, &options, &error);
    else if (status == KF_TYPE)
        snprintf(error.message, sizeof error.message, "%s",
                 "this is an index of names, not a dictionary: keyfold names match searches it");
    if (status != KF_OK)
        *code = complain_error(path, status, &error);
    if (status == KF_IO && strstr(path, "://") != NULL)
        message((kft_message){ MESSAGE_HINT, KF_OK, NULL, 0 },
                "'python -m keyfold', the command of the Python package, takes URLs.");
    return dict;
}

kf_dict *entry_open(const char *path, uint32_t flags, int *code)
{
    return open_dict(path, flags, NULL, code);
}

kf_dict *entry_open_either(const char *path, kf_names **names, int *code)
{
    *names = NULL;
    return open_dict(path, KF_OPEN_CHECK, names, code);
}
