#include "options/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output/entry.h"
#include "output/list.h"
#include "output/message.h"

int members_open(kft_members *members, char *const *paths, int count)
{
    int code = 0;

    memset(members, 0, sizeof *members);
    members->paths = paths;
    members->dicts = calloc((size_t)count, sizeof *members->dicts);
    if (members->dicts == NULL) {
        complain("out of memory");
        return EXIT_TROUBLE;
    }
    for (int i = 0; i < count; i++) {
        const kf_dict *dict = entry_open(paths[i], KF_OPEN_CHECK, &code);

        if (dict == NULL)
            return code;
        members->lists = (i == 0 || members->lists) && list_values(dict);
        members->dicts[members->count++] = dict;
    }
    members->value_type = kf_dict_value_type(members->dicts[0]);
    return 0;
}

void members_close(kft_members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        kf_dict *dict = (kf_dict *)(uintptr_t)members->dicts[i];

        kf_dict_close(&dict);
    }
    free(members->dicts);
    members->dicts = NULL;
    members->count = 0;
}

/* The library calls a member "dictionary N" at the start of its message. */
int members_complain(const kft_members *members, const char *name, kf_status status, const kf_error *error)
{
    static const char word[] = "dictionary ";
    const char *digits = error->message + sizeof word - 1;
    kf_error renamed = *error;
    uint64_t number;
    size_t size;

    if (strncmp(error->message, word, sizeof word - 1) != 0)
        return complain_error(name, status, error);
    size = strspn(digits, "0123456789");
    if (!parse_u64(digits, size, &number) || number >= members->count)
        return complain_error(name, status, error);
    digits += size;
    digits += strspn(digits, ": ");
    snprintf(renamed.message, sizeof renamed.message, "%s", digits);
    return complain_error(members->paths[number], status, &renamed);
}

int members_complain_entry(const kft_members *members, kf_iter *iter, kf_status status, const kf_bytes *key)
{
    kf_error error = { .offset = UINT64_MAX };
    size_t source = kf_iter_match(iter)->source;

    snprintf(error.message, sizeof error.message, "%s",
             status == KF_LIMIT ? "a sum of values is above 18446744073709551615" : kf_status_name(status));
    if (key != NULL && key->size > 0) {
        error.key_size = key->size;
        memcpy(error.key, key->data, key->size < sizeof error.key ? key->size : sizeof error.key);
    }
    return complain_error(members->paths[source < members->count ? source : 0], status, &error);
}
