/* The syntax of JSON (RFC 8259). Nothing is built: values keep their spelling, so numbers of any size and precision
 * stay what they are. */
#ifndef TOOL_INPUT_JSON_H
#define TOOL_INPUT_JSON_H

#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH 2048    /* arrays and objects within each other, at most */

typedef struct kft_json {
    const uint8_t *at;     /* what comes next; after a failure, where the fault is */
    const uint8_t *end;
    const char *problem;   /* set after JSON_INVALID */
} kft_json;

typedef enum kft_json_result {
    JSON_VALID,
    JSON_INVALID,
    JSON_CUT      /* all is well, but it ends early */
} kft_json_result;

/* Passes over spaces and line ends. */
void json_skip_space(kft_json *json);

/* Passes over a value, of any type, and the space before it. O(bytes), without recursion. */
kft_json_result json_skip(kft_json *json);

/* Decodes what is between the quotes of a string that is valid, in place; returns the new size, never a larger one. */
size_t json_decode(uint8_t *data, size_t size);

#endif
