#include "options/range.h"

#include <string.h>

#include "command.h"
#include "output/escape.h"

static int take_text(const kft_range_options *options, const char *text, kf_bytes *bytes)
{
    if (text == NULL)
        return 1;
    bytes->data = (const uint8_t *)text;
    bytes->size = strlen(text);
    return !options->escapes || unescape((uint8_t *)(uintptr_t)text, &bytes->size);
}

int range_take(const kft_command *command, const kft_range_options *options, kf_iter_options *range)
{
    if (!take_text(options, options->prefix, &range->prefix))
        return usage_error(command, BAD_ESCAPE, "TEXT of --prefix");
    if (!take_text(options, options->from, &range->from))
        return usage_error(command, BAD_ESCAPE, "KEY of --from");
    if (!take_text(options, options->to, &range->to))
        return usage_error(command, BAD_ESCAPE, "KEY of --to");
    range->has_to = options->to != NULL;
    return 0;
}
