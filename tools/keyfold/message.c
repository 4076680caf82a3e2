#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "escape.h"

static void (*before)(void);

void message_before(void (*function)(void))
{
    before = function;
}

void complain(const char *format, ...)
{
    va_list values;

    if (before != NULL)
        before();
    fputs("keyfold: ", stderr);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

int complain_error(const char *path, kf_status status, const kf_error *error)
{
    const char *text = error->message[0] != 0 ? error->message : kf_status_name(status);
    const char *where = strstr(text, path) != NULL ? "" : path;
    const char *colon = where[0] != 0 ? ": " : "";

    if (error->key_size > 0) {
        char key[4 * sizeof error->key + 1];
        size_t shown = error->key_size < sizeof error->key ? error->key_size : sizeof error->key;

        escape_for_terminal(key, error->key, shown);
        complain("%s%s%s (key '%s'%s)", where, colon, text, key,
                 shown < error->key_size ? "..." : "");
    } else {
        complain("%s%s%s", where, colon, text);
    }
    return status == KF_INVALID ? EXIT_USAGE : EXIT_TROUBLE;
}

int complain_status(const char *path, kf_status status)
{
    complain("%s: %s", path, kf_status_name(status));
    return EXIT_TROUBLE;
}
