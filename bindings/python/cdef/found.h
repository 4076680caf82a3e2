/* Names: what names.c adds. */
kf_names_build_options kfpy_names_build_options(void);
kf_names_report kfpy_names_report(void);
kf_names_stat kfpy_names_stat(void);
kf_names_row kfpy_names_row(void);
kf_matcher_options kfpy_matcher_options(void);
kf_names_many_options kfpy_names_many_options(void);

void kfpy_names_free(kf_names *names);
void kfpy_names_builder_free(kf_names_builder *builder);
void kfpy_matcher_free(const void *keep, kf_matcher *matcher);
void kfpy_names_iter_free(const void *keep, kf_names_iter *iter);
void kfpy_explanation_free(kf_explanation *explanation);

/* Texts end to end. */
typedef struct kfpy_texts {
    const char *data;
    const uint64_t *sizes;         /* NULL: there are none at all */
    const uint8_t *there;          /* 0: none in this row, and nothing in `sizes` for it; NULL: all are there */
} kfpy_texts;

/* Rows to add. */
typedef struct kfpy_name_rows {
    size_t count;
    uint64_t first;                /* without ids and numbers: the first row's id, counted on from there */
    const uint64_t *numbers;       /* ids that are integers, as two's complement if `is_signed`; or NULL */
    int is_signed;
    kfpy_texts ids, names, attributes, payloads;
} kfpy_name_rows;

/* Adds them; *row is the one that an error is about. */
int kfpy_names_add(kf_names_builder *builder, const kfpy_name_rows *rows, size_t *row, kf_error *error);

/* Texts end to end as kf_bytes. */
void kfpy_texts_split(const char *data, const uint64_t *sizes, size_t count, kf_bytes *out);

/* What searches for many needles find. */
typedef struct kfpy_note {
    uint64_t needle;
    uint64_t tied;                 /* as in kf_name_hits */
    int exact;
} kfpy_note;

typedef struct kfpy_found {
    size_t count;                  /* of hits */
    uint64_t *needles;             /* the needle of each */
    size_t notes_count;
    kfpy_note *notes;              /* what there is to say of needles that have more hits, or may have better ones */
    ...;
} kfpy_found;
kfpy_found *kfpy_found_new(void);
void kfpy_found_free(kfpy_found *found);
/* Appends the hits of a needle. A kf_names_search_many sink, of which `found` is the context. */
kf_status kfpy_found_add(void *found, size_t needle, const kf_name_hits *hits, kf_error *error);
/* The needles had places in a longer list: those are theirs from now on. */
void kfpy_found_renumber(kfpy_found *found, const uint64_t *places);
/* Takes the next rows of an index instead, at most so many: KF_END if there are no more. */
int kfpy_found_read(kfpy_found *found, kf_names_iter *iter, size_t rows, kf_error *error);

#define KFPY_FOUND_ID ...
#define KFPY_FOUND_NAME ...
#define KFPY_FOUND_ATTRIBUTE ... /* an empty one is none */
#define KFPY_FOUND_PAYLOAD ...   /* likewise */
#define KFPY_FOUND_SCORE ...
#define KFPY_FOUND_GAP ...
#define KFPY_FOUND_POSITION ...
#define KFPY_FOUND_NUMBER ...      /* the id, of 64 bits with a sign; KF_LIMIT: one is no such number */
/* Makes a column of a batch: of the hits with these places, UINT64_MAX for a row without one. It is in value_data and
 * value_offsets, or in numbers; the ordinals say which rows have something. */
int kfpy_found_column(const kfpy_found *found, int what, const uint64_t *places, size_t count, kfpy_lookup *column);
