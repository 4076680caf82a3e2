/* What a shard must be to be a member: what its own file says is compared with what the whole says of it. */
#include "base/file.h"
#include "format/shards.h"
#include "read/plain.h"
#include "read/shards/shards_verify.h"

#include <stdio.h>
#include <string.h>

kf_status kfi_shards_blame(kf_error *error, kf_status status, size_t shard, kf_bytes path)
{
    char said[sizeof error->message], name[100] = "";
    if (!error) return status;
    memcpy(said, error->message, sizeof said);
    snprintf(name, sizeof name, "%.*s", (int)(path.size < sizeof name ? path.size : sizeof name - 1),
             path.size ? (const char *)path.data : "");
    /* An error of the system names the file already. */
    if (path.size && !strstr(said, name))
        snprintf(error->message, sizeof error->message, "shard %zu ('%s'): %.*s", shard, name,
                 (int)sizeof said - 160, said);
    else
        snprintf(error->message, sizeof error->message, "shard %zu: %.*s", shard, (int)sizeof said - 30, said);
    return status;
}

kf_status kfi_shard_identify(const kfi_header *h, const kfi_shard *e, kf_status other, kf_error *error)
{
    if (h->keys == e->keys && h->file_size == e->size && !memcmp(h->build_id, e->build_id, sizeof e->build_id))
        return KF_OK;
    return kfi_fail(error, other, "this is not the dictionary that was put in here: it was replaced since");
}

int kfi_shard_weights_agree(const kf_dict *d, unsigned weights)
{
    if (weights == KF_WEIGHTS_GIVEN) return d->weights.own != NULL;
    return !d->weights.own && (weights == KF_WEIGHTS_NONE || d->weights.has_section);
}

kf_status kfi_shard_open(kf_dict **out, kfi_mapping mapping, const kfi_header *whole, const kfi_shard *e,
                         kf_status other, kf_error *error)
{
    kf_dict *d = NULL;
    kf_status status = kfi_plain_open(&d, mapping, error);
    if (!status) status = kfi_shard_identify(&d->header, e, other, error);
    if (!status && (d->header.value_type != whole->value_type || d->header.longest_key > whole->longest_key))
        status = kfi_fail(error, KF_CORRUPT, "keys or values are not of the kind that the whole has");
    if (!status && d->header.normalise != whole->normalise)
        status = kfi_fail(error, KF_CORRUPT, "the keys are not in the normal form that the whole has");
    if (status) kfi_plain_close(&d);
    else d->keys.interleave = 1;   /* what is worth dividing is too large for the caches */
    *out = d;
    return status;
}
