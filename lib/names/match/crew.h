/* Threads that share a long call on an index. Its work is in pieces that are numbered: each thread takes the next one,
 * with a matcher of its own. What a call returns does not depend on the number of threads: of several pieces that fail
 * the first one counts, and only pieces behind it are left out. */
#ifndef KFI_NAMES_MATCH_CREW_H
#define KFI_NAMES_MATCH_CREW_H

#include "base/error.h"

#include <keyfold/names.h>

enum { KFI_CREW_MOST = 256 };      /* threads */

typedef struct kfi_crew_worker {
    kf_matcher *matcher;
    unsigned number;               /* of the thread, below that of threads */
    struct kfi_crew *crew;
} kfi_crew_worker;

typedef struct kfi_crew_work {
    const kf_names *names;
    uint64_t count;                /* pieces */
    uint64_t units;                /* of progress */
    /* Does a piece, on any thread; sets how many units that was. */
    kf_status (*run)(void *context, kfi_crew_worker *worker, uint64_t piece, uint64_t *units, kf_error *error);
    void *context;
} kfi_crew_work;

/* Copies the caller's options, or their defaults. KF_INVALID. */
kf_status kfi_crew_options(kf_names_many_options *out, const kf_names_many_options *given, uint32_t known_flags,
                           kf_error *error);
/* How many threads such work may have. */
unsigned kfi_crew_threads(const kfi_crew_work *work, const kf_names_many_options *options);

/* All pieces. KF_CANCELLED; KF_NO_MEMORY if there is none for even one matcher; what the first piece to fail did. */
kf_status kfi_crew_run(const kfi_crew_work *work, const kf_names_many_options *options, kf_error *error);

/* Around what one thread at a time may do. Returns whether the piece still matters. */
int kfi_crew_enter(kfi_crew_worker *worker);
/* Entered: lets others in until one of them has left, or for a while. The same result. */
int kfi_crew_wait(kfi_crew_worker *worker);
void kfi_crew_leave(kfi_crew_worker *worker);

#endif
