/* Numbers as people read them. Each function fills and returns `text`. */
#ifndef TOOL_OUTPUT_HUMAN_H
#define TOOL_OUTPUT_HUMAN_H

#include <stdint.h>

typedef char human_text[32];

/* 1536 -> "1.50 KiB" */
char *human_size(human_text text, uint64_t bytes);

/* 1234567 -> "1 234 567" */
char *human_count(human_text text, uint64_t count);

/* 75.2 -> "1:15", 0.5 -> "0.50 s" */
char *human_seconds(human_text text, double seconds);

#endif
