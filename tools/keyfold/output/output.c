#include "output/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "output/escape.h"
#include "output/message.h"
#include "system.h"

#define OUTPUT_SIZE ((size_t)256 << 10)

int output_open(kft_output *out)
{
    out->used = 0;
    out->os_error = 0;
    out->sink = NULL;
    out->sink_context = NULL;
    out->buffer = malloc(OUTPUT_SIZE);
    if (out->buffer == NULL)
        complain("out of memory");
    return out->buffer != NULL;
}

static void write_all(kft_output *out, const uint8_t *data, size_t size)
{
    if (out->sink != NULL) {
        if (size > 0 && out->os_error == 0)
            out->os_error = out->sink(out->sink_context, data, size);
        return;
    }
    while (size > 0 && out->os_error == 0) {
        ssize_t written = write(STDOUT_FILENO, data, size);

        if (written >= 0) {
            data += written;
            size -= (size_t)written;
        } else if (errno != EINTR) {
            out->os_error = errno;
        }
    }
}

void output_flush(kft_output *out)
{
    write_all(out, out->buffer, out->used);
    out->used = 0;
}

void output_bytes(kft_output *out, const void *data, size_t size)
{
    if (size > OUTPUT_SIZE - out->used)
        output_flush(out);
    if (size > OUTPUT_SIZE) {
        write_all(out, data, size);
        return;
    }
    if (size > 0)
        memcpy(out->buffer + out->used, data, size);
    out->used += size;
}

void output_text(kft_output *out, const char *text)
{
    output_bytes(out, text, strlen(text));
}

void output_byte(kft_output *out, uint8_t byte)
{
    if (out->used == OUTPUT_SIZE)
        output_flush(out);
    out->buffer[out->used++] = byte;
}

void output_u64(kft_output *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    output_bytes(out, digits + at, sizeof digits - at);
}

void output_escaped(kft_output *out, const uint8_t *data, size_t size)
{
    size_t start = 0;

    for (size_t i = 0; i < size; i++) {
        uint8_t letter = escape_letter[data[i]];

        if (letter == 0)
            continue;
        output_bytes(out, data + start, i - start);
        output_byte(out, '\\');
        output_byte(out, letter);
        start = i + 1;
    }
    if (size > start)
        output_bytes(out, data + start, size - start);
}

void output_json_string(kft_output *out, const uint8_t *data, size_t size)
{
    size_t start = 0;

    output_byte(out, '"');
    for (size_t i = 0; i < size; i++) {
        char code[8];

        if (data[i] >= 0x20 && data[i] != '"' && data[i] != '\\' && data[i] != 0x7f)
            continue;
        output_bytes(out, data + start, i - start);
        start = i + 1;
        if (data[i] == '"' || data[i] == '\\')
            snprintf(code, sizeof code, "\\%c", data[i]);
        else if (data[i] == '\n')
            snprintf(code, sizeof code, "\\n");
        else if (data[i] == '\t')
            snprintf(code, sizeof code, "\\t");
        else
            snprintf(code, sizeof code, "\\u%04x", data[i]);
        output_text(out, code);
    }
    if (size > start)
        output_bytes(out, data + start, size - start);
    output_byte(out, '"');
}

/* In hexadecimal, with the quote at the end. */
static void put_hex(kft_output *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        output_byte(out, (uint8_t)digits[data[i] >> 4]);
        output_byte(out, (uint8_t)digits[data[i] & 15]);
    }
    output_byte(out, '"');
}

void output_json_item(kft_output *out, const uint8_t *data, size_t size)
{
    if (is_utf8(data, size)) {
        output_json_string(out, data, size);
        return;
    }
    output_text(out, "{\"hex\":\"");
    put_hex(out, data, size);
    output_byte(out, '}');
}

void output_json_member(kft_output *out, const char *name, const uint8_t *data, size_t size)
{
    output_byte(out, '"');
    output_text(out, name);
    if (is_utf8(data, size)) {
        output_text(out, "\":");
        output_json_string(out, data, size);
        return;
    }
    output_text(out, "_hex\":\"");
    put_hex(out, data, size);
}

int output_finish(kft_output *out, int code)
{
    output_flush(out);
    free(out->buffer);
    out->buffer = NULL;
    if (out->os_error == 0)
        return code;
    /* A reader that went away is no error worth words; SIGPIPE usually ends the process before. */
    if (out->os_error == EPIPE)
        return EXIT_SIGNALLED + SIGPIPE;
    complain("standard output: %s", strerror(out->os_error));
    return EXIT_TROUBLE;
}

void output_double(kft_output *out, double number)
{
    char text[40];

    for (int digits = 4; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    output_text(out, text);
}
