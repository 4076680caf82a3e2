/* How names that were found are printed: a line of columns, or JSON. */
#ifndef TOOL_OUTPUT_NAME_HITS_H
#define TOOL_OUTPUT_NAME_HITS_H

#include <keyfold/keyfold.h>

#include "output/output.h"

typedef struct kft_name_printer {
    int json;
    int raw;              /* no escapes */
    int with_needle;
    int explain;
} kft_name_printer;

/* A hit of a needle. */
void name_hit_print(const kft_name_printer *printer, kft_output *out, kf_bytes needle, const kf_name_hits *hits,
                    size_t i);
/* A needle without any; `exact`: for sure. */
void name_missing_print(const kft_name_printer *printer, kft_output *out, kf_bytes needle, int exact);

/* Parts of it. A text; one with a tab behind it. */
void name_text_print(const kft_name_printer *printer, kft_output *out, kf_bytes text);
void name_column_print(const kft_name_printer *printer, kft_output *out, kf_bytes text);
/* "id":...,"name":...,"position":..., and what else it has. */
void name_members_print(kft_output *out, const kf_name_hit *hit);
/* "pairs":[...] */
void name_pairs_json(kft_output *out, const kf_token_pair *pairs, size_t count);
/* TOKEN=TOKEN SIMILARITY; ... */
void name_pairs_print(const kft_name_printer *printer, kft_output *out, const kf_token_pair *pairs, size_t count);

/* A cutoff as it is given, from 0 to 1. Returns 0 if it is none. */
int parse_score(const char *text, double *score);

#endif
