/* The one escape rule of the tool's line formats, so that any bytes fit a line and come back:
 *
 *   tab \t   newline \n   carriage return \r   NUL \0   backslash \\   nothing \&
 *
 * Every other byte stands for itself. \xHH is read as the byte with that hexadecimal number; it is
 * written only where output would begin like a file of another kind; \& stands for nothing, and is written for the
 * empty key where it would be an empty line. A backslash before anything else is an error. */
#ifndef TOOL_OUTPUT_ESCAPE_H
#define TOOL_OUTPUT_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/* The letter that follows the backslash for each byte that is escaped, else 0. */
extern const uint8_t escape_letter[256];

/* 0 to 15, or -1. */
int hex_digit(uint8_t byte);

/* What to say when one is invalid; %s is what it is in. */
#define BAD_ESCAPE "invalid escape in the %s: a backslash is written \\\\"

/* Undoes the escapes in place; returns 0, with the text as it was, when one is invalid. */
int unescape(uint8_t *data, size_t *size);

/* For messages: bytes that could harm a terminal become \xHH. Writes at most 4 * size + 1 bytes. */
void escape_for_terminal(char *out, const uint8_t *data, size_t size);

/* The number of bytes of the well-formed character at `data`, which has `size` bytes, 1 at least; 0: there is none. */
size_t utf8_character(const uint8_t *data, size_t size);

/* Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
int is_utf8(const uint8_t *data, size_t size);

#endif
