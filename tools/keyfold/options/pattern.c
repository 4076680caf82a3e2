#include "options/pattern.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "output/escape.h"
#include "output/message.h"

/* Of a longer pattern only the beginning is shown, and no mark under it: it fits no line of a terminal. */
#define SHOWN_SIZE 200

/* Whether the pattern may be shown as it is; else all of it is escaped. Terminals obey the control characters
 * U+0080 to U+009F too. */
static int is_plain(const char *pattern, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)pattern[i] < 0x20 || pattern[i] == 0x7f ||
            (i > 0 && (uint8_t)pattern[i - 1] == 0xC2 && (uint8_t)pattern[i] < 0xA0))
            return 0;
    return is_utf8((const uint8_t *)pattern, size);
}

/* Writes the first `size` bytes of a pattern; returns the columns they take, a character taking one. */
static size_t show(char *to, const char *pattern, size_t size, int plain)
{
    size_t columns = 0;

    if (!plain) {
        escape_for_terminal(to, (const uint8_t *)pattern, size);
        return strlen(to);
    }
    memcpy(to, pattern, size);
    to[size] = 0;
    for (size_t i = 0; i < size; i++)
        columns += ((uint8_t)pattern[i] & 0xC0) != 0x80;
    return columns;
}

int pattern_compile(kf_query **out, const kft_command *command, kft_pattern_maker make,
                    const char *pattern, uint32_t flags)
{
    kf_error error = { .offset = UINT64_MAX };
    size_t size = strlen(pattern);
    size_t shown_size = size < SHOWN_SIZE ? size : SHOWN_SIZE;
    kf_status status = make(out, pattern, size, flags, &error);
    int plain = is_plain(pattern, shown_size);
    char shown[4 * SHOWN_SIZE + 1];

    if (status == KF_OK)
        return 0;
    show(shown, pattern, shown_size, plain);
    complain("%s: pattern '%s%s': %s", command->name, shown, size > shown_size ? "..." : "",
             error.message[0] != 0 ? error.message : kf_status_name(status));
    if (error.offset <= size && size == shown_size && isatty(STDERR_FILENO)) {
        fprintf(stderr, "  %s\n", shown);
        fprintf(stderr, "  %*s^\n", (int)show(shown, pattern, (size_t)error.offset, plain), "");
    }
    return status == KF_NO_MEMORY ? EXIT_TROUBLE : EXIT_USAGE;
}
