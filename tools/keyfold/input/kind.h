/* What a file is, told by its content: files of other programs are refused by name, not read as text.
 *
 * A list of keys may hold any bytes but NUL, which is escaped there. So marks that are short, or words, only tell
 * where there is a NUL byte, too; those that tell alone are long enough that no list of keys begins so by chance. */
#ifndef TOOL_INPUT_KIND_H
#define TOOL_INPUT_KIND_H

#include <stddef.h>
#include <stdint.h>

/* What is looked for at the start of a stream. */
enum {
    LOOK_PACKED = 1u << 0,     /* compressed data, which is unpacked */
    LOOK_UNICODE = 1u << 1,    /* UTF-16 and UTF-32, which are decoded */
    LOOK_FOREIGN = 1u << 2,    /* files of other programs, which are refused */
    LOOK_NUL = 1u << 3,        /* NUL bytes, which are refused */
    LOOK_RETURNS = 1u << 4,    /* lines that end with CR alone, which are refused */
    LOOK_LINE = 1u << 5,       /* at one line only: who writes it waits for an answer */
    LOOK_NUL_ENDS = 1u << 6,   /* records end with NUL bytes: lines without any are refused */
    LOOK_TEXT = LOOK_PACKED | LOOK_UNICODE | LOOK_FOREIGN | LOOK_NUL | LOOK_RETURNS
};

#define KIND_HEAD ((size_t)64 << 10)   /* bytes that are looked at */

/* The beginning of a stream. */
typedef struct kft_head {
    const uint8_t *data;
    size_t size;
    int whole;            /* nothing follows */
} kft_head;

typedef struct kft_kind {
    const char *name;     /* with its article: "a Parquet file" */
    const char *remedy;   /* what to do instead; %s stands for the file's name, once at most */
} kft_kind;

/* Returns 1 and says what it is, or 0. `nul_tells`: the text that it should be has no NUL bytes. */
int kind_foreign(const kft_head *head, int nul_tells, kft_kind *kind);

/* The same for what a zip archive is. */
void kind_of_zip(const kft_head *head, kft_kind *kind);

/* Whether lines end with CR alone. */
int kind_has_returns(const kft_head *head);

typedef enum kft_json_shape {
    JSON_SHAPE_NONE,
    JSON_SHAPE_LINES,      /* arrays or objects, a line each, two at least */
    JSON_SHAPE_LINE,       /* one line, which is all */
    JSON_SHAPE_OBJECT,     /* a document of several lines */
    JSON_SHAPE_ARRAY
} kft_json_shape;

kft_json_shape kind_json(const kft_head *head);

/* Whether it is XML, HTML, YAML, SQL or the like: text, but no records in lines. */
int kind_document(const kft_head *head, kft_kind *kind);

/* Whether a document, JSON too, may have such a first line. */
int kind_may_begin_document(const uint8_t *data, size_t size);

/* What a name that ends so says of a file that nothing else is known of; or NULL. */
const kft_kind *kind_of_extension(const char *extension, size_t size);

/* Whether it is MessagePack or CBOR: these have no mark, so all of the head is walked. */
int kind_serialised(const kft_head *head, kft_kind *kind);

#endif
