/* Buffered results on stdout. A write error is remembered, and said once by output_finish. */
#ifndef TOOL_OUTPUT_OUTPUT_H
#define TOOL_OUTPUT_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct kft_output {
    uint8_t *buffer;
    size_t used;
    int os_error;     /* errno of the first failure; everything after it is dropped */
    /* Where the bytes go instead of stdout, unless NULL: returns 0 or errno. */
    int (*sink)(void *context, const uint8_t *data, size_t size);
    void *sink_context;
} kft_output;

/* Returns 0 when out of memory. */
int output_open(kft_output *out);

void output_bytes(kft_output *out, const void *data, size_t size);
void output_text(kft_output *out, const char *text);
void output_byte(kft_output *out, uint8_t byte);
void output_u64(kft_output *out, uint64_t number);
/* The shortest decimal that is read back as the same number. */
void output_double(kft_output *out, double number);

/* The bytes under the escape rule of escape.h. */
void output_escaped(kft_output *out, const uint8_t *data, size_t size);

/* A JSON string; the bytes are well-formed UTF-8. */
void output_json_string(kft_output *out, const uint8_t *data, size_t size);

/* A JSON member "NAME":"TEXT", or "NAME_hex":"..." when the bytes are not UTF-8. */
void output_json_member(kft_output *out, const char *name, const uint8_t *data, size_t size);

/* An item of a JSON array: "TEXT", or {"hex":"..."} when the bytes are not UTF-8. */
void output_json_item(kft_output *out, const uint8_t *data, size_t size);

void output_flush(kft_output *out);

/* Flushes and frees. Returns `code`, or the exit code of a failed write. */
int output_finish(kft_output *out, int code);

#endif
