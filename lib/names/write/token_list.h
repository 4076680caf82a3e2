/* The distinct tokens of all names with the numbers of their names, in the order of their bytes, in a temporary file;
 * and which id each of them gets: see kfi_band. Bands begin with the tokens of most names, whose ids take least. */
#ifndef KFI_NAMES_WRITE_TOKEN_LIST_H
#define KFI_NAMES_WRITE_TOKEN_LIST_H

#include "base/array.h"
#include "base/file.h"
#include "base/progress.h"
#include "names/names_layout.h"

enum { KFI_BANDS = 6 };          /* most frequent, frequent, the rest, of 3, 2 and 1 names */

/* How far the walks over a list are, all together. */
typedef struct kfi_token_work { kfi_progress progress; uint64_t done; } kfi_token_work;

typedef struct kfi_token_list {
    kfi_spool *spool;
    int is_one_band;             /* set by who made it: all tokens are in the first band, as if their frequencies
                                    differed */
    kfi_token_work *work;        /* NULL: nobody wants to know */
    uint32_t count;
    uint64_t postings;           /* sum of frequencies */
    kfi_array top;               /* uint32_t, a heap: the greatest frequencies */
    uint32_t least[2];           /* frequency of the last token in each of the first two bands, */
    uint32_t ties[2];            /* and how many of that frequency are in it */
    kfi_band bands[KFI_BANDS];
    kfi_array frequencies;       /* uint32_t, by id, of bands where they differ */
} kfi_token_list;

kf_status kfi_token_list_create(kfi_token_list *list, const char *folder, kfi_disk_account *account, kf_error *error);
/* A kfi_pair_sink: takes the next token. */
kf_status kfi_token_list_add(void *list, kf_bytes token, kf_bytes frequency, kf_error *error);
/* All were added: settles the bands' ids. */
kf_status kfi_token_list_finish(kfi_token_list *list, kf_error *error);
void kfi_token_list_free(kfi_token_list *list);

/* Goes through all tokens, in order. */
typedef struct kfi_token_walk {
    const kfi_token_list *list;
    kfi_spool_reader *reader;
    uint32_t ties[2], next[KFI_BANDS];
    kf_bytes token;              /* the current one, valid until the next call */
    uint32_t id, frequency;
    unsigned band;
} kfi_token_walk;

kf_status kfi_token_walk_begin(kfi_token_walk *walk, const kfi_token_list *list, kf_error *error);
/* KF_END after the last one. */
kf_status kfi_token_walk_next(kfi_token_walk *walk, kf_error *error);
void kfi_token_walk_end(kfi_token_walk *walk);

#endif
