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

/* How alike two names are, from 0 to 1. All but setratio are RapidFuzz's (3.14), over 100, within 1e-12, without a
 * processor. The ratio of two texts is twice the length of their longest common subsequence over their lengths
 * together, in code points; that of two empty ones is 1.
 *
 * Where RapidFuzz parts a text at all white space, a name is parted at U+0020 only: other white space is letters. For
 * names that have none there is no difference. */
typedef enum kf_scorer {
    KF_SCORER_SETRATIO = 0,  /* each token of one is paired with at most one of the other, so that the sum of the
                                pairs' similarities is greatest: twice that sum over the number of all tokens. The
                                similarity of two tokens is their ratio. Neither the order of names nor that of tokens
                                matters */
    KF_SCORER_RATIO,         /* the ratio of the whole names */
    KF_SCORER_TOKEN_SORT_RATIO,   /* the ratio of their tokens but empty ones, sorted, with a space between each two */
    KF_SCORER_TOKEN_SET_RATIO,    /* of the sets of their tokens but empty ones: the greatest ratio of any two of the
                                common ones, these followed by those that only one name has, and these followed by those
                                that only the other one has. 1 if one set is a part of the other, 0 if one is empty */
    KF_SCORER_WRATIO,        /* ratio, and the others at a discount: below a quotient of lengths of 1.5 the token ratios
                                times 0.95, else the greatest ratio of parts times 0.9, beyond 8 times 0.6; 0 if a name
                                is empty */
    KF_SCORER_PARTIAL_RATIO, /* the greatest ratio of the shorter name and a part of the longer one that is as long, or
                                shorter at an end */
    KF_SCORER_JARO_WINKLER   /* common letters near their place, their order, and a common prefix of up to 4 letters;
                                a Jaro similarity of at most 0.7 is not raised by the prefix */
} kf_scorer;

/* "setratio", "ratio", "token_sort_ratio", "token_set_ratio", "wratio", "partial_ratio", "jaro_winkler"; NULL for other
 * numbers. Static. */
KF_API const char *kf_scorer_name(kf_scorer scorer);

/* The scorer of that name. KF_NOT_FOUND, also for NULL; `*out` is as it was then. */
KF_API kf_status kf_scorer_find(const char *name, kf_scorer *out);

/* The score of two names: for setratio, ratio, token_sort_ratio and token_set_ratio the nearest double to its exact
 * value. In setratio tokens of more than 40 code points together are compared to 16 digits. All are symmetric.
 * setratio: O(tokens of both * bytes), and O(tokens^3) where several tokens are alike to the same one. ratio,
 * token_sort_ratio, token_set_ratio: O(bytes of the one * bytes of the other / 64). The others: without the division.
 * Errors: KF_INVALID (not UTF-8, with the offset; an unknown scorer), KF_LIMIT (too many bytes or tokens),
 * KF_NO_MEMORY. */
KF_API kf_status kf_names_score(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size,
                                double *score, kf_error *error);

/* A token of one name and what it was paired with in the other one. This struct does not grow. */
typedef struct kf_token_pair {
    kf_bytes a, b;
    uint32_t a_index, b_index;     /* which token of its name it is, from 0; empty ones count */
    uint32_t common;               /* length of their longest common subsequence, in code points */
    uint32_t reserved;             /* 0 */
    double similarity;             /* what the pair adds: above 0 */
} kf_token_pair;

/* Why two names have their score. Later versions may add fields at the end. */
typedef struct kf_explanation {
    double score;
    size_t count;
    const kf_token_pair *pairs;    /* in the order of the tokens of a. setratio: the pairs that its sum is of, and the
                                      score is twice that sum over the number of all tokens. Of several greatest sums it
                                      is one, the same each time. token_set_ratio: equal tokens, each once, where it
                                      first is. Others: none */
} kf_explanation;

/* Tells how a score comes about. The explanation is the caller's to free, with all that it points to; `*out` is NULL
 * after a failure. Complexity and errors as of kf_names_score. */
KF_API kf_status kf_names_explain(kf_scorer scorer, const void *a, size_t a_size, const void *b, size_t b_size,
                                  kf_explanation **out, kf_error *error);

/* NULL and a pointer to NULL are accepted. */
KF_API void kf_explanation_free(kf_explanation **explanation);

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
    uint64_t memory_limit;         /* bytes for everything the build holds, but 24 for each distinct token and 16 for
                                      each distinct attribute; 0: 1 GiB; at least 16 MiB */
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

/* Stores a metadata entry, as kf_builder_set_metadata does. */
KF_API kf_status kf_names_builder_set_metadata(kf_names_builder *builder, const char *name, const void *data,
                                               size_t size, kf_error *error);

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

/* The bytes of the file, whether two handles are of the same bytes, and the metadata: as kf_dict_content,
 * kf_dict_same_files, kf_dict_metadata and kf_dict_metadata_at. */
KF_API kf_status kf_names_content(const kf_names *names, kf_bytes *content);
KF_API int kf_names_same_files(const kf_names *a, const kf_names *b);
KF_API kf_status kf_names_metadata(const kf_names *names, const char *name, kf_bytes *content);
KF_API kf_status kf_names_metadata_at(const kf_names *names, size_t index, kf_bytes *name, kf_bytes *content);

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
    uint64_t letter_bytes;         /* the letters of names, for searches by ratio and the like */
} kf_names_stat;
#define KF_NAMES_STAT_INIT { sizeof(kf_names_stat), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, KF_VALUES_NONE, 0, 0, 0, 0, \
                             0, 0, KF_LEGAL_KEEP, 0 }

/* Fills `stat` as far as its struct_size reaches. O(1). Errors: KF_INVALID (`stat` was not initialised). */
KF_API kf_status kf_names_get_stat(const kf_names *names, kf_names_stat *stat);

/* What the index makes of a name or a needle before it compares it: the text itself if it processes nothing. `*out`
 * points to `text`, or into `buffer` until that is used again. Processing what was processed changes nothing. O(size).
 * Errors: KF_INVALID (not UTF-8, with the offset), KF_LIMIT (too many bytes or tokens, before or after),
 * KF_NO_MEMORY. */
KF_API kf_status kf_names_process(const kf_names *names, const void *text, size_t size, kf_buffer *buffer,
                                  kf_bytes *out, kf_error *error);

/* Checks every checksum and walks every structure: O(size of the file), and four bytes of memory a name. `options`
 * may be NULL; its threads check the tokens only. Errors: KF_CORRUPT with the offset, KF_CANCELLED, KF_NO_MEMORY,
 * KF_INVALID (options). */
KF_API kf_status kf_names_verify(const kf_names *names, const kf_verify_options *options, kf_error *error);

/* ---- matching --------------------------------------------------------------------------------- */

/* What a thread needs to search an index: some bytes a distinct token and a bit a name. */
typedef struct kf_matcher kf_matcher;

/* The index must outlive the matcher, which is the caller's to destroy. Errors: KF_NO_MEMORY. */
KF_API kf_status kf_matcher_create(kf_matcher **out, const kf_names *names, kf_error *error);
/* NULL and a pointer to NULL are accepted. */
KF_API void kf_matcher_destroy(kf_matcher **matcher);

/* kf_matcher_options.flags */
#define KF_MATCH_TIES ((uint32_t)1 << 0)     /* beyond the limit, also all names that are as good as the last hit, if
                                                they have anything in common with the needle */
#define KF_MATCH_EXPLAIN ((uint32_t)1 << 1)  /* tell each hit's gap and pairs. The gap takes the work of one hit more */

/* What to look for. */
typedef struct kf_matcher_options {
    size_t struct_size;            /* sizeof(kf_matcher_options), set by KF_MATCHER_OPTIONS_INIT */
    uint64_t limit;                /* at most so many hits, the best ones; at least 1 */
    double cutoff;                 /* only hits with at least this score; from 0 to 1 */
    uint64_t work_limit;           /* names, postings, blocks of tokens and pairs of tokens to look at, at most. It
                                      counts work and not time: results are the same on every machine. 0: no limit.
                                      64 names whose letters alone are compared count as one */
    kf_scorer scorer;              /* setratio, ratio, token_sort_ratio or token_set_ratio */
    uint32_t flags;                /* KF_MATCH_..., or 0 */
    uint64_t tie_limit;            /* KF_MATCH_TIES: at most so many hits more, those of the lowest positions; 0: no
                                      limit, and a hundred bytes and the text of each are held */
    kf_scorer rerank;              /* see candidates; else KF_SCORER_SETRATIO */
    uint32_t candidates;           /* if not 0: so many names, the best ones by `scorer`, are scored by `rerank`, and
                                      the hits are the best ones of these. The cutoff, ties and gaps are of that score
                                      then, among the candidates; other names may have a better one. At least `limit` */
    kf_bytes attribute;            /* only names with this attribute; data NULL: with any. One that no name has gives no
                                      hits. KF_INVALID if no name of the index has an attribute */
} kf_matcher_options;
#define KF_MATCHER_OPTIONS_INIT { sizeof(kf_matcher_options), 1, 0.0, 0, KF_SCORER_SETRATIO, 0, 0, \
                                  KF_SCORER_SETRATIO, 0, { NULL, 0 } }

/* A name that was found. Later versions may add fields at the end; an array of them is one of pointers. */
typedef struct kf_name_hit {
    uint64_t position;
    double score;
    kf_bytes id;                   /* a number in decimal */
    kf_bytes name;
    double gap;                    /* KF_MATCH_EXPLAIN: the score less that of the next name, be that a hit or not;
                                      names below the cutoff count as having it. Else 0 */
    const kf_token_pair *pairs;    /* KF_MATCH_EXPLAIN: those of kf_names_explain, a being the needle; of an index with
                                      processing, of both as kf_names_process makes them. Else none */
    size_t pair_count;
    kf_bytes attribute, payload;   /* empty if it has none */
} kf_name_hit;

/* The hits of a search, best first. Later versions may add fields at the end. */
typedef struct kf_name_hits {
    const kf_name_hit *const *hits;
    size_t count;
    int exact;                     /* 0: the work limit ended the search, there may be better names */
    uint64_t work;                 /* in the units of work_limit */
    uint64_t names_seen;           /* names that were looked at, and of those such that were scored */
    uint64_t names_scored;
    uint64_t tied;                 /* names as good as the last hit that are no hits themselves; 0 if its score is 0 */
} kf_name_hits;

/* The names that are most similar to the needle: exactly those, in the order, that scoring every name would find.
 * `*hits` lies in the matcher, with all it points to: valid until the next call on it. `options` may be NULL.
 * Errors: KF_INVALID (options; the needle is not UTF-8, with the offset), KF_LIMIT (the needle has too many bytes or
 * tokens), KF_NO_MEMORY, KF_CORRUPT. */
KF_API kf_status kf_matcher_search(kf_matcher *matcher, const void *needle, size_t needle_size,
                                   const kf_matcher_options *options, const kf_name_hits **hits, kf_error *error);

/* ---- many needles ----------------------------------------------------------------------------- */

/* How a long call goes on. */
typedef struct kf_names_many_options {
    size_t struct_size;            /* sizeof(kf_names_many_options), set by KF_NAMES_MANY_OPTIONS_INIT */
    kf_progress_fn progress;       /* may be NULL; some times a second, in KF_PHASE_MATCH. Cancelling takes no longer
                                      than a search on each thread does */
    void *progress_context;
    unsigned threads;              /* that the call may use, the caller's among them; 0 is 1. At most 256. Each needs a
                                      matcher; with fewer than asked for the call goes on */
    uint32_t flags;                /* KF_DEDUPE_..., or 0 */
    const kf_bytes *attributes;    /* kf_names_search_many: for each needle that of its search, in place of the options'
                                      own; NULL: that one for all */
} kf_names_many_options;
#define KF_NAMES_MANY_OPTIONS_INIT { sizeof(kf_names_many_options), NULL, NULL, 0, 0, NULL }

/* Takes what was found for needles[index]; `hits` and all it points to are valid during the call. Another result than
 * KF_OK ends kf_names_search_many, which returns it, with what the function wrote into `error`. */
typedef kf_status (*kf_names_sink)(void *context, size_t index, const kf_name_hits *hits, kf_error *error);

/* Searches for each of `count` needles as kf_matcher_search does, and hands what was found to `sink`, which is called
 * once a needle: by one thread at a time, any of those of the call, and in any order. `options` and `many` may be NULL.
 * All needles are looked at before the first search. Messages of errors name the needle by its index.
 * Errors: those of kf_matcher_create and kf_matcher_search, of the first needle that fails; KF_CANCELLED; what the sink
 * returned. */
KF_API kf_status kf_names_search_many(const kf_names *names, const kf_bytes *needles, size_t count,
                                      const kf_matcher_options *options, const kf_names_many_options *many,
                                      kf_names_sink sink, void *context, kf_error *error);

/* ---- duplicates ------------------------------------------------------------------------------- */

/* kf_names_many_options.flags of kf_names_dedupe */
#define KF_DEDUPE_WITHIN_ATTRIBUTE ((uint32_t)1 << 0)   /* only pairs of names with the same attribute */
#define KF_DEDUPE_LINKS ((uint32_t)1 << 1)   /* setratio: of names whose tokens are all equal only the pairs of each and
                                                the next one, and only the first of them with others. That is enough to
                                                tell what belongs together, and not a square of pairs */

/* Takes a pair; both and all they point to are valid during the call, and both have the pair's score. Another result
 * than KF_OK ends kf_names_dedupe, which returns it, with what the function wrote into `error`. */
typedef kf_status (*kf_names_pair_sink)(void *context, const kf_name_hit *first, const kf_name_hit *second,
                                        kf_error *error);

/* All pairs of names in an index that have at least the cutoff, which must be above 0: exactly those that scoring every
 * pair would find, each once, `first` being of the lower position. Of `options` only cutoff, scorer and attribute may
 * be set. `sink` is called by one thread at a time, any of those of the call; the order of pairs is the same each time.
 * Takes about as long as searching for each different name with that cutoff, so the higher the faster.
 * Errors: KF_INVALID (options), KF_CANCELLED, KF_NO_MEMORY, KF_CORRUPT; what the sink returned. */
KF_API kf_status kf_names_dedupe(const kf_names *names, const kf_matcher_options *options,
                                 const kf_names_many_options *many, kf_names_pair_sink sink, void *context,
                                 kf_error *error);

/* ---- rows ------------------------------------------------------------------------------------- */

/* The rows of an index by position, as they were added. One thread at a time may use it. */
typedef struct kf_names_iter kf_names_iter;

/* Begins with the row of position `first`; there is none from the count on. The index must outlive the iterator, which
 * is the caller's to destroy. Holds half a byte a name, and 256 KiB. Errors: KF_NO_MEMORY. */
KF_API kf_status kf_names_iter_create(kf_names_iter **out, const kf_names *names, uint64_t first, kf_error *error);

/* The next row, which lies in the iterator until the next call. O(its bytes), and O(names) for the first one and after
 * each eighth of them. Errors: KF_END, KF_CORRUPT, KF_NO_MEMORY. */
KF_API kf_status kf_names_iter_next(kf_names_iter *iter, const kf_names_row **row, kf_error *error);

/* NULL and a pointer to NULL are accepted. */
KF_API void kf_names_iter_destroy(kf_names_iter **iter);

#ifdef __cplusplus
}
#endif
#endif
