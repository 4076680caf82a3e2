#include "output/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "output/escape.h"

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

/* The library quotes a path where its message has one. */
static int names_path(const char *text, const char *path)
{
    char quoted[sizeof(((kf_error *)0)->message) + 2];
    int size = snprintf(quoted, sizeof quoted, "'%s'", path);

    return size > 0 && (size_t)size < sizeof quoted && strstr(text, quoted) != NULL;
}

int complain_error(const char *path, kf_status status, const kf_error *error)
{
    const char *text = error->message[0] != 0 ? error->message : kf_status_name(status);
    int named = names_path(text, path);
    char detail[4 * sizeof error->key + 64] = "";

    if (error->key_size > 0) {
        char key[4 * sizeof error->key + 1];
        size_t shown = error->key_size < sizeof error->key ? error->key_size : sizeof error->key;

        escape_for_terminal(key, error->key, shown);
        snprintf(detail, sizeof detail, " (key '%s'%s)", key, shown < error->key_size ? "..." : "");
    } else if (status == KF_CORRUPT && error->offset != UINT64_MAX) {
        snprintf(detail, sizeof detail, " (at byte %llu)", (unsigned long long)error->offset);
    }
    complain("%s%s%s%s", named ? "" : path, named ? "" : ": ", text, detail);
    return status == KF_INVALID ? EXIT_USAGE : EXIT_TROUBLE;
}

int complain_status(const char *path, kf_status status)
{
    complain("%s: %s", path, kf_status_name(status));
    return EXIT_TROUBLE;
}
