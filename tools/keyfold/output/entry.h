/* How get, scan and dump print one entry: a line "key<TAB>value" (or the key alone), or JSON. */
#ifndef TOOL_OUTPUT_ENTRY_H
#define TOOL_OUTPUT_ENTRY_H

#include <keyfold/keyfold.h>

#include "output/output.h"

typedef struct kft_printer {
    kft_output *out;
    kf_value_type value_type;   /* KF_VALUES_NONE: keys alone */
    int ordinal;                /* in place of the value; in JSON beside it */
    int raw;                    /* no escapes */
    int json;
    int lists;                  /* values are lists (see list.h), of which all items are printed: with tabs between
                                 * them, and as JSON arrays */
} kft_printer;

typedef struct kft_entry {
    kf_bytes key;
    uint64_t ordinal;
    kf_bytes value;             /* KF_VALUES_BYTES */
    uint64_t number;            /* KF_VALUES_U64 */
} kft_entry;

void entry_print(const kft_printer *printer, const kft_entry *entry);

/* Parts of what entry_print prints, for lines that have more: bytes as the printer writes them; the tab and
 * what follows a key, if anything does; the members of the JSON object. A key that is `alone` on its line is written \&
 * if it is empty, as an empty line is no key to build. */
void entry_print_bytes(const kft_printer *printer, kf_bytes bytes);
void entry_print_key(const kft_printer *printer, kf_bytes key, int alone);
void entry_print_value(const kft_printer *printer, const kft_entry *entry);
void entry_print_members(const kft_printer *printer, const kft_entry *entry);

/* The line of a key that is absent, with `text` where the value would be. */
void entry_print_absent(const kft_printer *printer, kf_bytes key, const char *text);

/* The iterator's next entry with its value, if any: KF_OK, KF_END or a failure. */
kf_status entry_next(kf_iter *iter, kf_value_type value_type, kft_entry *entry);

/* Opens a dictionary or reports why not; `*code` is the exit code then. With KF_OPEN_CHECK what a manifest lacks is
 * told before anything is printed; without, by whatever first touches it. */
kf_dict *entry_open(const char *path, uint32_t flags, int *code);

/* The same for commands that take an index of names too: it is in `*names` then, which is NULL otherwise. */
kf_dict *entry_open_either(const char *path, kf_names **names, int *code);

#endif
