#include "options/selection.h"

#include <string.h>

#include "command.h"
#include "options/pattern.h"
#include "output/escape.h"
#include "output/message.h"

static int take_text(const char *text, int escapes, kf_bytes *bytes)
{
    if (text == NULL)
        return 1;
    bytes->data = (const uint8_t *)text;
    bytes->size = strlen(text);
    return !escapes || unescape((uint8_t *)(uintptr_t)text, &bytes->size);
}

static int open_values(kft_selection *selection, const kft_command *command,
                       const kft_selection_options *options, const kf_dict *dict, const char *path)
{
    kf_value_type type = kf_dict_value_type(dict);

    selection->value_min = options->value_min;
    selection->value_max = options->value_max;
    if (options->value_min > 0 || options->value_max < UINT64_MAX) {
        if (type != KF_VALUES_U64)
            return usage_error(command, "--value-min and --value-max are about u64 values, '%s' has none",
                               path);
        selection->by_value = 1;
    }
    if (options->value_regex == NULL)
        return 0;
    if (type != KF_VALUES_BYTES)
        return usage_error(command, "--value-regex is about bytes values, '%s' has none", path);
    selection->by_value = 1;
    return pattern_compile(&selection->value_query, command, kf_query_create_regex, options->value_regex, 0);
}

int selection_open(kft_selection *selection, const kft_command *command,
                   const kft_selection_options *options, int escapes, const kf_dict *dict, const char *path)
{
    memset(selection, 0, sizeof *selection);
    if (!take_text(options->prefix, escapes, &selection->prefix))
        return usage_error(command, BAD_ESCAPE, "TEXT of --prefix-range");
    if (!take_text(options->from, escapes, &selection->from))
        return usage_error(command, BAD_ESCAPE, "KEY of --from");
    if (!take_text(options->to, escapes, &selection->to))
        return usage_error(command, BAD_ESCAPE, "KEY of --to");
    selection->has_to = options->to != NULL;
    return open_values(selection, command, options, dict, path);
}

void selection_close(kft_selection *selection)
{
    kf_query_destroy(&selection->value_query);
}

static int value_passes(void *context, kf_iter *iter, const kf_entry *entry)
{
    kft_sieve *sieve = context;
    const kft_selection *selection = sieve->selection;
    kf_status status;

    (void)entry;
    if (selection->value_query == NULL) {
        uint64_t number = 0;

        status = kf_iter_value_u64(iter, &number);
        if (status == KF_OK)
            return number >= selection->value_min && number <= selection->value_max;
    } else {
        kf_bytes value;

        status = kf_iter_value(iter, &value);
        if (status == KF_OK)
            status = kf_query_matches(selection->value_query, value.data, value.size, NULL);
        if (status == KF_OK || status == KF_NOT_FOUND)
            return status == KF_OK;
    }
    sieve->status = status;
    return 1;
}

void selection_apply(const kft_selection *selection, kft_sieve *sieve, kf_iter_options *options)
{
    sieve->selection = selection;
    sieve->status = KF_OK;
    options->prefix = selection->prefix;
    options->from = selection->from;
    options->to = selection->to;
    options->has_to = selection->has_to;
    if (selection->by_value) {
        options->filter = value_passes;
        options->filter_context = sieve;
    }
}
