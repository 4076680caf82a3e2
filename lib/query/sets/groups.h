/* The keys of several dictionaries in one order, each with the dictionaries (members) that have it: what set
 * operations and diff are made of.
 *
 * Members stand in a tournament tree of losers (Knuth, The Art of Computer Programming 3, 5.4.1) that knows
 * how many bytes each contestant shares with the last winner, so that most matches are decided without
 * looking at the keys (Ng and Kakehi, "Merging string sequences by longest common prefixes", IPSJ Digital
 * Courier 4, 2008). The walk through a dictionary tells how much consecutive keys share, so the sharing costs
 * nothing to find out.
 *
 *      last winner "can"     shares   the matches, from the leaf of member 0, who was it, to the root
 *      member 0    "cane"    3
 *      member 1    "cat"     2        0 against 1: 3 > 2, member 0 wins
 *      member 2    "cancel"  3        0 against 2: 3 = 3, from there bytes decide: 2 wins,
 *                                     0 shares 3 with it
 *
 * Where keys must be in all members, or in the first, members that are behind are not merged but moved up:
 * by steps at first, then by a search (leapfrogging). */
#ifndef KFI_QUERY_SETS_GROUPS_H
#define KFI_QUERY_SETS_GROUPS_H

#include "read/iter.h"
#include "read/keys/walk.h"

/* Which keys to visit; a visit of more is allowed. */
typedef enum kfi_group_keys {
    KFI_KEYS_ANY,        /* that any member has */
    KFI_KEYS_EVERY,      /* that every member has */
    KFI_KEYS_FIRST       /* that the first member has */
} kfi_group_keys;

#define KFI_MEMBER_NONE SIZE_MAX

typedef struct kfi_member {
    const uint8_t *key;
    size_t size;
    size_t shared;              /* bytes of the key that whom it lost to has too, or the last winner */
    uint64_t ordinal, end;      /* of the current key, and where the range ends */
    uint64_t base, stop;        /* the walk goes through the ordinals base .. stop-1 */
    int done;
    uint8_t patience;           /* steps before a search */
    const kf_dict *dict;
    kfi_walk walk;
    kf_iter *hits;              /* in place of the walk, where a query chooses the keys */
} kfi_member;

typedef struct kfi_group_entry {
    size_t member;
    uint64_t ordinal;
} kfi_group_entry;

typedef struct kfi_groups {
    /* The current key and who has it, by ascending member. */
    kf_bytes key;
    kfi_group_entry *group;
    size_t group_count;
    uint64_t distance;          /* what the query says of the key */
    size_t culprit;             /* after a failure: the member concerned */
    int incomplete;

    /* Private from here on. */
    kfi_member *members;
    size_t count;
    size_t *losers;             /* [0]: the winner; [n]: who lost match n, below which are 2n and 2n + 1 */
    uint8_t *text;              /* the last winner's key */
    size_t text_size;
    kfi_group_keys keys;
    size_t bar;                 /* the member below whose key nothing is of interest */
    int over;
} kfi_groups;

/* `within` gives range and query. KF_INVALID, KF_NO_MEMORY, KF_CORRUPT; close it after a failure too. */
kf_status kfi_groups_open(kfi_groups *groups, const kf_dict *const *dicts, size_t count, kfi_group_keys keys,
                          const kf_iter_options *within, kf_error *error);
void kfi_groups_close(kfi_groups *groups);

/* The next key. KF_END, KF_CORRUPT, KF_NO_MEMORY. The keys ascend strictly, whatever the files' bytes. */
kf_status kfi_groups_next(kfi_groups *groups);

#endif
