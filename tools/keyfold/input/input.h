/* Records (a key, perhaps a value and a weight) out of files of every format that `build` reads.
 *
 *   tsv    key TAB value, the value being the rest of the line
 *   csv    RFC 4180; two of the columns
 *   jsonl  a line is ["key", VALUE] or an object with the fields "key" and "value"
 *   lines  one key a line
 *   nul    keys that end with NUL; with `pairs`: key NUL value NUL
 *
 * Of rows (of an index of names) the key is an id and the value a name; in lines it is the name that is there.
 * A weight that is asked for comes last: TAB weight, another column, a third element or the field "weight",
 * weight NUL. */
#ifndef TOOL_INPUT_INPUT_H
#define TOOL_INPUT_INPUT_H

#include "input/stream.h"

typedef enum kft_input_format {
    FORMAT_AUTO,    /* by the file's name, else by what its first line is */
    FORMAT_TSV,
    FORMAT_CSV,
    FORMAT_JSONL,
    FORMAT_LINES,
    FORMAT_NUL
} kft_input_format;

typedef struct kft_input_settings {
    kft_input_format format;
    int wants_value;            /* 0: values in the input are passed over */
    int wants_weight;
    int row;                    /* a record is an id (its key), a name (its value), and perhaps an attribute and a
                                   payload: in tsv and a JSON array after the name */
    int text;                   /* nothing is recognised: what is there is text of the format, with NUL bytes too */
    int raw;                    /* tsv, lines: no escapes, a CR before the newline is kept, NUL is a byte like others */
    int pairs;                  /* nul */
    int header;                 /* csv: the first record names the columns */
    const char *key_column;     /* csv: a number from 1, or a name of the header */
    const char *value_column;
    const char *weight_column;
    const char *attribute_column;   /* of a row; NULL: none */
    const char *payload_column;
    uint8_t delimiter;          /* csv */
    const char *key_field;      /* jsonl */
    const char *value_field;
    const char *weight_field;
    const char *attribute_field;   /* of a row, which need not have it */
    const char *payload_field;
} kft_input_settings;

typedef struct kft_record {
    uint8_t *key;               /* in the stream's window: valid until the next record */
    size_t key_size;
    uint8_t *value;
    size_t value_size;
    uint8_t *weight;            /* decimal digits, if all is well */
    size_t weight_size;
    uint8_t *attribute;         /* of a row */
    size_t attribute_size;
    uint8_t *payload;
    size_t payload_size;
} kft_record;

typedef struct kft_input {
    kft_stream stream;
    const kft_input_settings *settings;
    kft_input_format format;        /* never FORMAT_AUTO */
    int is_document;            /* it can't be read for what it is, but would be text */
    int guessed;                /* it is taken for lines, as the first line has no tab */
    int like_csv;               /* but that has what CSV has between fields */
    int no_nul;                 /* a NUL byte makes a record bad */
    uint64_t line;              /* where the last record began, from 1; for nul: its number */
    uint64_t lines_read;
    size_t key_index, value_index, weight_index, attribute_index, payload_index;   /* csv: columns from 0, once
                                                                                      `columns_known` */
    int columns_known;
    size_t fields;              /* csv: of the header or the first record; 0: not known yet */
    uint64_t doubtful_until;    /* csv: the last line that a quote seemed to take along */
    char reason[240];           /* why the record is bad */
} kft_input;

enum { INPUT_FAILED = -1, INPUT_END = 0, INPUT_RECORD = 1, INPUT_BAD = 2 };

/* Opens a file ("-": stdin) and settles its format. Returns 0 with stream.problem set on failure;
 * input_close is due in either case. `settings` must outlive the input. */
int input_open(kft_input *input, const kft_input_settings *settings, const char *path);
void input_close(kft_input *input);

/* INPUT_BAD: the record was skipped, `reason` says why, the next call goes on after it.
 * INPUT_FAILED: stream.problem says why. */
int input_next(kft_input *input, kft_record *record);

/* Whether a format with these settings carries values. */
int input_has_values(kft_input_format format, const kft_input_settings *settings);

const char *input_format_name(kft_input_format format);

/* What a file's name says once .gz, .zst, .xz or .bz2 is taken off, or FORMAT_AUTO. */
kft_input_format input_format_of_name(const char *path);

#endif
