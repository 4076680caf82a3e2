#include "output/message.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "output/escape.h"
#include "system.h"

#define TEXT_SIZE 8192

static void (*before)(void);
static int as_json;

void message_before(void (*function)(void))
{
    before = function;
}

void message_as_json(int yes)
{
    as_json = yes;
}

static const char *status_word(kf_status status)
{
    static const char *const words[] = {
        NULL, "not_found", "end", "invalid", "no_memory", "io", "no_space", "format", "unsupported", "corrupt",
        "duplicate", "limit", "type", "cancelled", "replaced",
    };

    return (unsigned)status < sizeof words / sizeof words[0] ? words[status] : NULL;
}

/* A member's name and a string; bytes that are not UTF-8 become U+FFFD. */
static void put_member(const char *name, const char *text)
{
    const uint8_t *at = (const uint8_t *)text, *end;

    if (text == NULL) {
        fprintf(stderr, ",\"%s\":null", name);
        return;
    }
    fprintf(stderr, ",\"%s\":\"", name);
    for (end = at + strlen(text); at < end; ) {
        size_t size = utf8_character(at, (size_t)(end - at));

        if (size == 0)
            fputs("\xEF\xBF\xBD", stderr);
        else if (*at == '"' || *at == '\\')
            fprintf(stderr, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            fprintf(stderr, "\\u%04x", *at);
        else
            fwrite(at, 1, size, stderr);
        at += size > 0 ? size : 1;
    }
    fputc('"', stderr);
}

/* A line of its own even if other threads write: nothing comes between. */
static void put(const kft_message *about, const char *text)
{
    static const char *const levels[] = { "error", "warning", "note", "summary", "note" };

    if (before != NULL)
        before();
    flockfile(stderr);
    if (!as_json) {
        fprintf(stderr, "%s%s\n", about->level == MESSAGE_HINT ? "" : "keyfold: ", text);
    } else {
        fprintf(stderr, "{\"level\":\"%s\"", levels[about->level]);
        put_member("message", text);
        put_member("status", status_word(about->status));
        put_member("file", about->file);
        if (about->line > 0)
            fprintf(stderr, ",\"line\":%" PRIu64 "}\n", about->line);
        else
            fputs(",\"line\":null}\n", stderr);
    }
    funlockfile(stderr);
}

void message(kft_message about, const char *format, ...)
{
    char text[TEXT_SIZE];
    size_t used = 0;
    va_list values;

    if (about.file != NULL && about.line > 0)
        used = (size_t)snprintf(text, sizeof text, "%.4096s:%" PRIu64 ": ", about.file, about.line);
    else if (about.file != NULL)
        used = (size_t)snprintf(text, sizeof text, "%.4096s: ", about.file);
    va_start(values, format);
    vsnprintf(text + used, sizeof text - used, format, values);
    va_end(values);
    put(&about, text);
}

void complain(const char *format, ...)
{
    const kft_message about = { MESSAGE_ERROR, KF_OK, NULL, 0 };
    char text[TEXT_SIZE];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    put(&about, text);
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
    const kft_message about = { MESSAGE_ERROR, status, path, 0 };
    char detail[4 * sizeof error->key + 64] = "";

    if (error->key_size > 0) {
        char key[4 * sizeof error->key + 1];
        size_t shown = error->key_size < sizeof error->key ? error->key_size : sizeof error->key;

        escape_for_terminal(key, error->key, shown);
        snprintf(detail, sizeof detail, " (key '%s'%s)", key, shown < error->key_size ? "..." : "");
    } else if (status == KF_CORRUPT && error->offset != UINT64_MAX) {
        snprintf(detail, sizeof detail, " (at byte %llu)", (unsigned long long)error->offset);
    }
    if (names_path(text, path)) {
        char whole[sizeof error->message + sizeof detail];

        snprintf(whole, sizeof whole, "%s%s", text, detail);
        put(&about, whole);
    } else {
        message(about, "%s%s", text, detail);
    }
    return status == KF_INVALID ? EXIT_USAGE : EXIT_TROUBLE;
}

int complain_of(const char *path, const kf_dict *dict, kf_status status, const kf_error *error)
{
    kf_error member;

    return complain_error(path, status, dict != NULL && kf_dict_member_error(dict, status, &member) ? &member : error);
}

int complain_status(const char *path, const kf_dict *dict, kf_status status)
{
    kf_error member;

    if (dict != NULL && kf_dict_member_error(dict, status, &member))
        return complain_error(path, status, &member);
    message((kft_message){ MESSAGE_ERROR, status, path, 0 }, "%s", kf_status_name(status));
    return EXIT_TROUBLE;
}
