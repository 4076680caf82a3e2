/* Threads that touch a member at once each open it; the first to be done puts its own into the table, and the others
 * drop theirs. */
#include "read/shards/shard_later.h"

#include "base/path.h"
#include "base/thread.h"
#include "format/shards.h"
#include "read/plain.h"
#include "read/shards/shards_verify.h"

#include <stdlib.h>

enum { PLACE = 4096 };         /* room for a path */

struct kfi_shards_later {
    const kfi_header *whole;
    kfi_shard *entries;
    char *path;                /* of the manifest */
    kf_open_options options;
    kfi_monitor monitor;
    kf_error problem;          /* under its lock: of the last member that could not be opened */
};

kf_status kfi_shards_later_create(kfi_shards *shards, const kfi_header *whole, kfi_shard *entries, const char *path,
                                  const kf_open_options *options, kf_error *error)
{
    kfi_shards_later *l = calloc(1, sizeof *l);
    if (!l) return kfi_fail_memory(error, sizeof *l);
    kf_status status = kfi_monitor_create(&l->monitor, error);
    l->path = strdup(path);
    if (!status && !l->path) {
        kfi_monitor_destroy(&l->monitor);
        status = kfi_fail_memory(error, strlen(path));
    }
    if (status) {
        free(l->path);
        free(l);
        return status;
    }
    l->whole = whole;
    l->entries = entries;
    l->options = *options;
    shards->later = l;
    return KF_OK;
}

void kfi_shards_later_destroy(kfi_shards_later **pointer)
{
    kfi_shards_later *l = *pointer;
    if (!l) return;
    kfi_monitor_destroy(&l->monitor);
    free(l->entries);
    free(l->path);
    free(l);
    *pointer = NULL;
}

uint64_t kfi_shards_later_size(const kfi_shards_later *l, size_t count)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) size += l->entries[i].size;
    return size;
}

const kfi_shard *kfi_shards_entry(const kfi_shards *s, size_t shard)
{
    return s->later ? &s->later->entries[shard] : NULL;
}

/* Lets the caller bring the file, to `place` maybe. What it returns of a lookup's own statuses would be taken for
 * one's. */
static kf_status ask_for(const kfi_shards_later *l, const kfi_shard *e, const char *path, char *place, size_t room,
                         kf_error *error)
{
    *place = 0;
    if (!l->options.member_needed) return KF_OK;
    const kf_member member = { sizeof member, path, e->size, e->keys, e->path, e->build_id, place, room };
    kf_status status = l->options.member_needed(l->options.member_context, &member, error);
    if (status == KF_NOT_FOUND || status == KF_END || status == KF_TYPE) status = KF_IO;
    if (status && error->status != status) kfi_fail(error, status, "'%s' was not made available", path);
    return status;
}

static kf_status open_file(const kfi_shards_later *l, const kfi_shard *e, unsigned weights, kf_dict **out,
                           kf_error *error)
{
    kfi_mapping mapping = { 0 };
    kfi_header header;
    char place[PLACE], *path = kfi_path_beside(l->path, e->path);
    *out = NULL;
    if (!path) return kfi_fail_memory(error, e->path.size);
    kf_status status = ask_for(l, e, path, place, sizeof place, error);
    if (!status) status = kfi_mapping_open(&mapping, *place ? place : path, l->options.flags, error);
    free(path);
    if (status) return status;
    status = kfi_header_parse(&header, mapping.data, mapping.size, error);
    if (!status) status = kfi_shard_identify(&header, e, KF_REPLACED, error);
    if (status) {
        kfi_mapping_close(&mapping);
        return status;
    }
    status = kfi_shard_open(out, mapping, l->whole, e, KF_REPLACED, error);
    if (!status && !kfi_shard_weights_agree(*out, weights)) {
        status = kfi_fail(error, KF_CORRUPT, "the weights are not of the kind that the whole has");
        kfi_plain_close(out);
    }
    return status;
}

kf_status kfi_shards_touch(const kfi_shards *s, size_t shard, const kf_dict **member)
{
    kfi_shards_later *l = s->later;
    kf_error error = { .offset = UINT64_MAX };
    kf_dict *opened, *none = NULL;
    kf_status status = open_file(l, &l->entries[shard], s->weights, &opened, &error);
    if (status) {
        kfi_shards_blame(&error, status, shard, s->path[shard]);
        kfi_monitor_lock(&l->monitor);
        l->problem = error;
        kfi_monitor_unlock(&l->monitor);
        return status;
    }
    if (!atomic_compare_exchange_strong(&s->member[shard], &none, opened)) {
        kfi_plain_close(&opened);
        opened = none;
    }
    *member = opened;
    return KF_OK;
}

kf_status kfi_shards_open_all(const kfi_shards *s, kf_error *error)
{
    for (size_t i = 0; i < s->count; i++) {
        const kf_dict *member;
        kf_status status = kfi_shards_member(s, i, &member);
        if (!status) continue;
        kfi_monitor_lock(&s->later->monitor);
        if (error) *error = s->later->problem;
        kfi_monitor_unlock(&s->later->monitor);
        return status;
    }
    return KF_OK;
}

int kfi_shards_told(const kf_dict *dict, kf_status status, kf_error *error)
{
    kfi_shards_later *l = dict->shards ? dict->shards->later : NULL;
    int told = 0;
    if (!l) return 0;
    kfi_monitor_lock(&l->monitor);
    told = l->problem.status && l->problem.status == status;
    if (told && error) *error = l->problem;
    kfi_monitor_unlock(&l->monitor);
    return told;
}
