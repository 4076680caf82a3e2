/* The readers of the formats, and what they share. */
#ifndef TOOL_INPUT_READER_H
#define TOOL_INPUT_READER_H

#include "input/input.h"

/* One for each format; each is an input_next whose record has no value or weight yet. */
int input_next_tsv(kft_input *input, kft_record *record);
int input_next_lines(kft_input *input, kft_record *record);
int input_next_nul(kft_input *input, kft_record *record);
int input_next_csv(kft_input *input, kft_record *record);
int input_next_jsonl(kft_input *input, kft_record *record);

/* Says why a record is bad, and returns INPUT_BAD. */
int input_bad(kft_input *input, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for an empty line, which is bad in every format but nul. */
int input_empty_line(kft_input *input);

/* INPUT_RECORD, or INPUT_BAD where there is a NUL byte that has no place in the format. */
int input_check_nul(kft_input *input, const uint8_t *data, size_t size);

/* The next piece up to `delimiter` or the end. INPUT_RECORD, INPUT_BAD (NUL), INPUT_END or INPUT_FAILED. */
int input_next_line(kft_input *input, uint8_t delimiter, uint8_t **data, size_t *size);

#endif
