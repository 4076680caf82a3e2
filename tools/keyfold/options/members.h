/* The dictionaries of commands that take several: opening, and saying which one is at fault. */
#ifndef TOOL_OPTIONS_MEMBERS_H
#define TOOL_OPTIONS_MEMBERS_H

#include <keyfold/keyfold.h>

#include "options/options.h"

typedef struct kft_members {
    const kf_dict **dicts;
    char *const *paths;
    size_t count;
    kf_value_type value_type;   /* of all of them, once an operation on them was accepted */
    int lists;                  /* the values of all of them are lists (output/list.h) */
} kft_members;

/* Opens the files. Returns 0, or the exit code after a message; members_close is due in either case. */
int members_open(kft_members *members, char *const *paths, int count);
void members_close(kft_members *members);

/* Reports a failed call on the members, by the path of the one concerned if the message has its number, else
 * under `name`. Returns the exit code. */
int members_complain(const kft_members *members, const char *name, kf_status status, const kf_error *error);

/* The same when reading an iterator over the members fails; `key` is NULL when it was not its value. */
int members_complain_entry(const kft_members *members, kf_iter *iter, kf_status status, const kf_bytes *key);

#endif
