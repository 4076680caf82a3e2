#include "write/blocks/key_blocks.h"

#include "base/array.h"
#include "format/blocks.h"
#include "write/blocks/blocks_writer.h"

#include <stdlib.h>

enum { SPOOL_BUFFER = 256 << 10 };

struct kfi_key_blocks {
    kfi_spool *spool;              /* of each key: bytes that it shares with the one before, bytes that follow, these */
    uint64_t count, memory;
    const char *folder;
    kfi_disk_account *account;
    kfi_array key;                 /* the last one */
    kfi_spool_reader *reader;
    uint32_t next;
};

kf_status kfi_key_blocks_create(kfi_key_blocks **out, uint64_t memory, const char *folder, kfi_disk_account *account,
                                kf_error *error)
{
    kfi_key_blocks *k = *out = calloc(1, sizeof *k);
    if (!k) return kfi_fail_memory(error, sizeof *k);
    k->memory = memory;
    k->folder = folder;
    k->account = account;
    kf_status status = kfi_spool_create(&k->spool, folder, SPOOL_BUFFER, account, error);
    if (status) kfi_key_blocks_destroy(out);
    return status;
}

void kfi_key_blocks_destroy(kfi_key_blocks **keys)
{
    kfi_key_blocks *k = *keys;
    if (!k) return;
    kfi_spool_reader_destroy(&k->reader);
    kfi_spool_destroy(&k->spool);
    kfi_array_free(&k->key);
    free(k);
    *keys = NULL;
}

kf_status kfi_key_blocks_add(kfi_key_blocks *k, kf_bytes key, kf_error *error)
{
    size_t shared = 0;
    while (shared < key.size && shared < k->key.size && key.data[shared] == k->key.data[shared]) shared++;
    kf_status status = kfi_spool_write_varint(k->spool, shared, error);
    if (!status) status = kfi_spool_write_varint(k->spool, key.size - shared, error);
    if (!status) status = kfi_spool_write(k->spool, key.data + shared, key.size - shared, error);
    k->key.size = shared;
    if (!status) status = kfi_array_append(&k->key, key.data + shared, key.size - shared, error);
    k->count++;
    return status;
}

int kfi_key_blocks_fit(const kfi_key_blocks *k) { return k->count <= KFI_BLOCK_KEYS_LIMIT; }

/* ---- as a source of blocks ---------------------------------------------------------------------- */

static void end(void *self)
{
    kfi_key_blocks *k = self;
    kfi_spool_reader_destroy(&k->reader);
}

static kf_status begin(void *self, kf_error *error)
{
    kfi_key_blocks *k = self;
    k->next = 0;
    k->key.size = 0;
    return kfi_spool_reader_create(&k->reader, k->spool, 0, SPOOL_BUFFER, error);
}

static kf_status next(void *self, kf_bytes *key, uint32_t *id, kf_error *error)
{
    kfi_key_blocks *k = self;
    uint64_t shared, size = 0;
    const uint8_t *rest = NULL;
    if (k->next == k->count) return KF_END;
    kf_status status = kfi_spool_reader_varint(k->reader, &shared, error);
    if (!status) status = kfi_spool_reader_varint(k->reader, &size, error);
    if (!status && size) status = kfi_spool_reader_take(k->reader, (size_t)size, &rest, error);
    if (!status && shared > k->key.size) status = KF_END;
    if (status == KF_END) return kfi_fail(error, KF_CORRUPT, "a temporary file of keys was changed");
    if (status) return status;
    k->key.size = (size_t)shared;
    status = kfi_array_append(&k->key, rest, (size_t)size, error);
    *key = (kf_bytes){ k->key.data, k->key.size };
    *id = k->next++;
    return status;
}

kf_status kfi_key_blocks_write(kfi_key_blocks *k, kfi_writer *writer, kf_error *error)
{
    const kfi_sort_options sort = { .memory = k->memory, .folder = k->folder, .duplicates = KF_DUPLICATES_ERROR,
                                    .value_type = KF_VALUES_BYTES, .account = k->account };
    const kfi_block_source source = { k, begin, next, end, (uint32_t)k->count, KFI_BLOCK_KEY_LENGTH, NULL };
    if (!kfi_key_blocks_fit(k)) return KF_OK;
    kf_status status = kfi_spool_finish(k->spool, error);
    return status ? status : kfi_blocks_write(&source, &sort, writer, error);
}
