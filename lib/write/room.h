/* Whether the disk has room for what is to come: asked while there is time to make some.
 *
 * What a build has on disk, one image of it:
 *
 *   adding     runs, large values                       grow to R: what all pairs take
 *   scanning   these, and the values' spool             where one grows the other is given back: about R
 *   writing    the values' spool, and the result        the same, but of compressed values: less
 *
 * So R is what is needed, and of several images too: what is copied into the file is one image at a time. It is
 * known as soon as a part of the pairs was added that is like all. What can be resumed keeps R until the end, and
 * the values' spool and the result come on top; and the result may be on another disk.
 *
 * Nothing is refused that may fit after all: what can't be told counts as nothing. */
#ifndef KFI_WRITE_ROOM_H
#define KFI_WRITE_ROOM_H

#include "base/error.h"

#include <stdint.h>

typedef struct kfi_room {
    const char *runs_folder, *folder;   /* of runs and large values; of the other temporary files */
    const char *target_folder;
    int runs_are_kept;
    int values_are_whole;      /* all values will be in one spool */
} kfi_room;

/* KF_NO_SPACE: runs and large values will be about `runs` bytes, of which `used` are there, and the values' spool
 * about `values`. */
kf_status kfi_room_for_runs(const kfi_room *room, uint64_t used, double runs, double values, kf_error *error);
/* KF_NO_SPACE: the result needs about so many bytes more; at most `returned` come back to the temporary folder. */
kf_status kfi_room_for_result(const kfi_room *room, uint64_t more, uint64_t returned, kf_error *error);

#endif
