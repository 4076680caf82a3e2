/* Names: the best matches of a name among millions, by the similarity of their tokens.
 *
 *   kf_names_builder  compiles rows of an id and a name, perhaps with an attribute and a payload, into an index file
 *   kf_names          maps such a file
 *   kf_matcher        finds the names of an index that are most similar to a needle, exactly
 *
 * A name is text in UTF-8. Its tokens are what is between its spaces (U+0020): one more than there are spaces, and
 * those at an end or between two spaces are empty. The empty name has one token, which is empty. Names are compared
 * as they are, unless the index was built to *process* them (kf_names_build_options.processing): then names and needles
 * are compared as kf_names_process makes them, and hits show the names as they were given.
 *
 * The position of a name is how many were added before it. Of names with equal scores the lowest position comes first.
 *
 * Threads: functions that take `const kf_names *` may be called from any number of threads at once. A builder and a
 * matcher belong to one thread at a time. What dict.h says of damaged and replaced files holds here too. */
#ifndef KEYFOLD_NAMES_H
#define KEYFOLD_NAMES_H

#include <keyfold/dict.h>
#include <keyfold/progress.h>
#include <keyfold/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits of a name, and of a needle. */
#define KF_NAME_BYTES 65535   /* most bytes */
#define KF_NAME_TOKENS 1024   /* most tokens */
#define KF_ATTRIBUTE_BYTES 65535   /* most bytes of an attribute */

/* How alike two names are, from 0 to 1. */
typedef enum kf_scorer {
    KF_SCORER_SETRATIO = 0   /* each token of one is paired with at most one of the other, so that the sum of the
                                pairs' similarities is greatest: twice that sum over the number of all tokens. The
                                similarity of two tokens is twice the length of their longest common subsequence over
                                their lengths together, in code points; that of two empty ones is 1. Neither the order
                                of names nor that of tokens matters */
} kf_scorer;

/* The score of two names, the nearest double to its exact value. Tokens of more than 40 code points together are
 * compared to 16 digits.
 * O(tokens of both * bytes), and O(tokens^3) where several tokens are alike to the same one.
 * Errors: KF_INVALID (not UTF-8, with the offset; an unknown scorer), KF_LIMIT (too many bytes or tokens),
 * KF_NO_MEMORY. */
KF_API kf_status kf_names_score(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size,
                                double *score, kf_error *error);

/* ---- building --------------------------------------------------------------------------------- */

/* A build of an index under way. */
typedef struct kf_names_builder kf_names_builder;

/* How names and needles are processed before they are compared: flags, applied in this order. Unicode 13.0 says what
 * letters, marks and punctuation are; code points that it does not assign stay as they are. */
enum {
    KF_NAMES_FOLD_CASE = 1u << 0,      /* as KF_NORMALISE_CASE */
    KF_NAMES_NFC = 1u << 1,            /* as KF_NORMALISE_NFC */
    KF_NAMES_NFKC = 1u << 2,           /* as KF_NORMALISE_NFKC; not both */
    KF_NAMES_NO_ACCENTS = 1u << 3,     /* as KF_NORMALISE_ACCENTS */
    KF_NAMES_NO_PUNCTUATION = 1u << 4, /* punctuation (general categories P) becomes spaces; symbols (S) stay */
    KF_NAMES_SQUEEZE = 1u << 5         /* white space of any kind becomes spaces, runs of them one, and those at the
                                          ends go */
};

/* What is done to the legal form at the end of a name, or at its start where it stands there (PT, OOO). Forms are
 * recognised whatever their case, accents and punctuation, in one token or several: "S.A.", "sa", "S. A.". The longest
 * one is taken, again and again. A name that is nothing but a form stays as it is. Forms that are written without a
 * space before them, as in Chinese and Japanese, are not found. */
typedef enum kf_legal_forms {
    KF_LEGAL_KEEP = 0,         /* nothing */
    KF_LEGAL_CANONICAL = 1,    /* each form becomes the first one of its row in the table: Limited and LTD become Ltd */
    KF_LEGAL_IGNORE = 2        /* forms are left out */
} kf_legal_forms;

/* For kf_names_build_options.flags. */
enum {
    KF_NAMES_REPLACE_ANY = 1u << 0,    /* as KF_BUILD_REPLACE_ANY */
    KF_NAMES_UNIQUE_IDS = 1u << 1      /* names with equal ids are refused, when all were added. Costs nothing where ids
                                          ascend, else sorting them */
};

/* How to build. Read during kf_names_builder_create only; its strings are copied. */
typedef struct kf_names_build_options {
    size_t struct_size;            /* sizeof(kf_names_build_options), set by KF_NAMES_BUILD_OPTIONS_INIT */
    uint64_t memory_limit;         /* bytes for everything the build holds, but 16 for each distinct token and each
                                      distinct attribute; 0: 1 GiB; at least 16 MiB */
    const char *temporary_folder;  /* NULL: the target's folder */
    kf_progress_fn progress;       /* may be NULL */
    void *progress_context;
    unsigned threads;              /* that the build may use, the caller's among them; 0 is 1. At most 256 */
    uint32_t flags;                /* KF_NAMES_REPLACE_ANY ... */
    uint32_t processing;           /* KF_NAMES_FOLD_CASE ...; 0: names are compared as they are */
    kf_legal_forms legal_forms;
    const char *separators;        /* UTF-8: each of these code points becomes a space. NULL: none. With legal forms
                                      letters, marks and digits are not allowed here */
    const char *legal_table;       /* UTF-8, a form a line: the canonical one, and after tabs other ways to write it.
                                      With ^ before it one is looked for at the start of names instead. Empty lines and
                                      lines that begin with # say nothing. NULL: the library's table. The file has the
                                      table in it: later ones change nothing */
} kf_names_build_options;
#define KF_NAMES_BUILD_OPTIONS_INIT { sizeof(kf_names_build_options), 0, NULL, NULL, NULL, 0, 0, 0, KF_LEGAL_KEEP, \
                                      NULL, NULL }

/* What a build did. */
typedef struct kf_names_report {
    size_t struct_size;            /* sizeof(kf_names_report), set by KF_NAMES_REPORT_INIT */
    uint64_t names;
    uint64_t tokens;               /* distinct ones */
    uint64_t name_bytes;           /* of all names, processed */
    uint64_t file_size;
    uint64_t temporary_peak;       /* most bytes of temporary files at one time */
} kf_names_report;
#define KF_NAMES_REPORT_INIT { sizeof(kf_names_report), 0, 0, 0, 0, 0 }

/* Starts a build of the file `path`; `options` NULL: the defaults. Nothing appears at `path` before
 * kf_names_builder_finish succeeds; a keyfold file there is then replaced atomically, another one is refused (but see
 * KF_NAMES_REPLACE_ANY). The builder is the caller's to destroy; `*out` is NULL after a failure.
 * Errors: KF_INVALID (options; a table of legal forms with a form twice, with the number of its line), KF_NO_MEMORY,
 * KF_IO. */
KF_API kf_status kf_names_builder_create(kf_names_builder **out, const char *path,
                                         const kf_names_build_options *options, kf_error *error);

/* Adds a name; both are copied. Ids are any bytes, and need not differ; decimal numbers are stored as such if all
 * are. O(bytes).
 * Errors: KF_INVALID (the name is not UTF-8, with the offset in it), KF_LIMIT (too long, too many tokens, or so once
 * it is processed; an id of more than 1 MiB; more than 2^32 - 2 names), both of which leave the builder as it was;
 * KF_NO_MEMORY, KF_IO, KF_NO_SPACE, KF_CANCELLED, after which only kf_names_builder_destroy is allowed. */
KF_API kf_status kf_names_builder_add(kf_names_builder *builder, const void *id, size_t id_size,
                                      const void *name, size_t name_size, kf_error *error);

/* A row of an index. Attribute and payload may be left out: that is the same as empty ones. */
typedef struct kf_names_row {
    size_t struct_size;            /* sizeof(kf_names_row), set by KF_NAMES_ROW_INIT */
    kf_bytes id;
    kf_bytes name;
    kf_bytes attribute;            /* any bytes, such as a country: a search can be for names of one attribute only */
    kf_bytes payload;              /* any bytes, which come along with the hit */
} kf_names_row;
#define KF_NAMES_ROW_INIT { sizeof(kf_names_row), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }

/* Adds a name with what belongs to it. As kf_names_builder_add, and besides: KF_LIMIT (an attribute of more than
 * KF_ATTRIBUTE_BYTES, a payload of more than 1 GiB), KF_INVALID (`row` was not initialised), which leave the builder
 * as it was. */
KF_API kf_status kf_names_builder_add_row(kf_names_builder *builder, const kf_names_row *row, kf_error *error);

/* Compiles all names, writes the file beside the target, fsyncs it and renames it. `report` may be NULL. A builder
 * finishes once. On failure the target is as before. O(tokens * log(tokens)).
 * Errors: those of kf_names_builder_add; KF_DUPLICATE (two ids are equal, and KF_NAMES_UNIQUE_IDS forbids that: with
 * the id, and the positions in the message); KF_INVALID (`report` was not initialised). */
KF_API kf_status kf_names_builder_finish(kf_names_builder *builder, kf_names_report *report, kf_error *error);

/* Ends a build in any state and frees everything. NULL and a pointer to NULL are accepted. */
KF_API void kf_names_builder_destroy(kf_names_builder **builder);

/* ---- the index -------------------------------------------------------------------------------- */

/* An open index. */
typedef struct kf_names kf_names;

/* Opens `path`: O(1) in the file's size. `options` as for kf_dict_open; may be NULL. The handle is the caller's to
 * close. Errors: KF_TYPE (the file is a dictionary: kf_dict_open), and those of kf_dict_open. */
KF_API kf_status kf_names_open(kf_names **out, const char *path, const kf_open_options *options, kf_error *error);

/* Opens an index that is in memory, as kf_dict_open_memory does. */
KF_API kf_status kf_names_open_memory(kf_names **out, const void *data, size_t size,
                                      const kf_open_options *options, kf_error *error);

/* Closes. NULL and a pointer to NULL are accepted. Matchers must have been destroyed. */
KF_API void kf_names_close(kf_names **names);

/* How many names there are. O(1). */
KF_API uint64_t kf_names_count(const kf_names *names);

/* 16 bytes derived from the file's whole content. O(1). */
KF_API void kf_names_build_id(const kf_names *names, uint8_t id[16]);

/* What an index holds and where its bytes are. */
typedef struct kf_names_stat {
    size_t struct_size;            /* sizeof(kf_names_stat), set by KF_NAMES_STAT_INIT */
    uint64_t names;
    uint64_t tokens;               /* distinct ones */
    uint64_t name_bytes;           /* of all names, processed; and so are the next two */
    uint64_t longest_name;         /* bytes */
    uint64_t most_tokens;          /* of a name */
    uint64_t file_size;
    uint64_t vocabulary_bytes;     /* the tokens as dictionaries */
    uint64_t block_bytes;          /* the tokens as blocks */
    uint64_t posting_bytes;        /* which names have a token */
    uint64_t forward_bytes;        /* which tokens a name has */
    uint64_t position_bytes;
    uint64_t id_bytes;
    kf_value_type id_type;         /* KF_VALUES_U64 if all ids are numbers, else KF_VALUES_BYTES */
    uint32_t reserved;             /* 0 */
    uint64_t attributes;           /* different ones, the empty one among them; 0: no name has an attribute */
    uint64_t attribute_bytes;
    uint64_t payload_bytes;        /* 0: no name has a payload */
    uint64_t text_bytes;           /* the names as they were given; 0: names are not processed */
    uint32_t processing;           /* KF_NAMES_FOLD_CASE ... */
    kf_legal_forms legal_forms;
} kf_names_stat;
#define KF_NAMES_STAT_INIT { sizeof(kf_names_stat), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, KF_VALUES_NONE, 0, 0, 0, 0, \
                             0, 0, KF_LEGAL_KEEP }

/* Fills `stat` as far as its struct_size reaches. O(1). Errors: KF_INVALID (`stat` was not initialised). */
KF_API kf_status kf_names_get_stat(const kf_names *names, kf_names_stat *stat);

/* What the index makes of a name or a needle before it compares it: the text itself if it processes nothing. `*out`
 * points to `text`, or into `buffer` until that is used again. Processing what was processed changes nothing. O(size).
 * Errors: KF_INVALID (not UTF-8, with the offset), KF_LIMIT (too many bytes or tokens, before or after),
 * KF_NO_MEMORY. */
KF_API kf_status kf_names_process(const kf_names *names, const void *text, size_t size, kf_buffer *buffer,
                                  kf_bytes *out, kf_error *error);

/* Checks every checksum and walks every structure: O(size of the file), and four bytes of memory a name. `options`
 * may be NULL; its threads are not used yet. Errors: KF_CORRUPT with the offset, KF_CANCELLED, KF_NO_MEMORY,
 * KF_INVALID (options). */
KF_API kf_status kf_names_verify(const kf_names *names, const kf_verify_options *options, kf_error *error);

/* ---- matching --------------------------------------------------------------------------------- */

/* What a thread needs to search an index: some bytes a distinct token and a bit a name. */
typedef struct kf_matcher kf_matcher;

/* The index must outlive the matcher, which is the caller's to destroy. Errors: KF_NO_MEMORY. */
KF_API kf_status kf_matcher_create(kf_matcher **out, const kf_names *names, kf_error *error);
/* NULL and a pointer to NULL are accepted. */
KF_API void kf_matcher_destroy(kf_matcher **matcher);

/* What to look for. */
typedef struct kf_matcher_options {
    size_t struct_size;            /* sizeof(kf_matcher_options), set by KF_MATCHER_OPTIONS_INIT */
    uint64_t limit;                /* at most so many hits, the best ones; at least 1 */
    double cutoff;                 /* only hits with at least this score; from 0 to 1 */
    uint64_t work_limit;           /* names, postings, blocks of tokens and pairs of tokens to look at, at most. It
                                      counts work and not time: results are the same on every machine. 0: no limit */
    kf_scorer scorer;
    uint32_t flags;                /* 0 */
} kf_matcher_options;
#define KF_MATCHER_OPTIONS_INIT { sizeof(kf_matcher_options), 1, 0.0, 0, KF_SCORER_SETRATIO, 0 }

/* A name that was found. Later versions may add fields at the end; an array of them is one of pointers. */
typedef struct kf_name_hit {
    uint64_t position;
    double score;
    kf_bytes id;                   /* a number in decimal */
    kf_bytes name;
} kf_name_hit;

/* The hits of a search, best first. Later versions may add fields at the end. */
typedef struct kf_name_hits {
    const kf_name_hit *const *hits;
    size_t count;
    int exact;                     /* 0: the work limit ended the search, there may be better names */
    uint64_t work;                 /* in the units of work_limit */
    uint64_t names_seen;           /* names that were looked at, and of those such that were scored */
    uint64_t names_scored;
} kf_name_hits;

/* The names that are most similar to the needle: exactly those, in the order, that scoring every name would find.
 * `*hits` lies in the matcher, with all it points to: valid until the next call on it. `options` may be NULL.
 * Errors: KF_INVALID (options; the needle is not UTF-8, with the offset), KF_LIMIT (the needle has too many bytes or
 * tokens), KF_NO_MEMORY, KF_CORRUPT. */
KF_API kf_status kf_matcher_search(kf_matcher *matcher, const void *needle, size_t needle_size,
                                   const kf_matcher_options *options, const kf_name_hits **hits, kf_error *error);

#ifdef __cplusplus
}
#endif
#endif
