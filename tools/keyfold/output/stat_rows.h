/* Rows that stat prints of any file. */
#ifndef TOOL_OUTPUT_STAT_ROWS_H
#define TOOL_OUTPUT_STAT_ROWS_H

#include "output/output.h"

typedef char stat_id[33];

/* A build id in hexadecimal; returns `text`. */
char *stat_id_text(stat_id text, const uint8_t id[16]);

void stat_row(kft_output *out, const char *name, const char *text);

/* What sizes are related to. */
typedef struct kft_whole {
    uint64_t bytes, entries;
    const char *entry;     /* "key" */
} kft_whole;

/* A part's size, its share of the file and its bytes an entry. */
void stat_size_row(kft_output *out, const char *name, uint64_t bytes, const kft_whole *whole);

/* A member "NAME":NUMBER of a JSON object, after a comma. */
void stat_json_number(kft_output *out, const char *name, uint64_t number);
/* The same of a text. */
void stat_json_text(kft_output *out, const char *name, const char *text);

#endif
