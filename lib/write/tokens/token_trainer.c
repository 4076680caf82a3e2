#include "write/tokens/token_trainer.h"
#include "write/tokens/token_sample.h"

#include <stdlib.h>

/* The r of a record is compared with a threshold that falls by an eighth whenever the sample is
 * full: each piece of text then is in the sample with the same probability, whatever the total. */
enum { PIECE = 255, THRESHOLD_ALL = 1 << 24 };

kf_status kfi_token_trainer_create(kfi_token_trainer **out, size_t sample_limit, kfi_effort effort, kf_error *error)
{
    *out = NULL;
    kfi_token_trainer *trainer = calloc(1, sizeof *trainer);
    if (!trainer) return kfi_fail_memory(error, sizeof *trainer);
    trainer->limit = sample_limit;
    trainer->effort = effort;
    trainer->threshold = THRESHOLD_ALL;
    *out = trainer;
    return KF_OK;
}

void kfi_token_trainer_destroy(kfi_token_trainer **trainer)
{
    if (!trainer || !*trainer) return;
    kfi_array_free(&(*trainer)->records);
    free(*trainer);
    *trainer = NULL;
}

/* SplitMix64 (Steele, Lea and Flood 2014) of a counter. */
static uint32_t draw(uint64_t counter)
{
    uint64_t z = counter * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 40);
}

static void note_followers(kfi_followers *followers, unsigned before, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; before = data[i++]) followers->bits[before][data[i] >> 6] |= 1ull << (data[i] & 63);
}

void kfi_token_trainer_followers(const kfi_token_trainer *trainer, kfi_followers *followers)
{
    *followers = trainer->followers;
    if (trainer->threshold < THRESHOLD_ALL) return;
    KFI_EACH_RECORD(p, trainer) note_followers(followers, kfi_record_before(p), p + KFI_RECORD_HEADER, p[0]);
}

static void thin(kfi_token_trainer *trainer)
{
    uint8_t *data = trainer->records.data;
    size_t kept = 0;
    if (trainer->threshold == THRESHOLD_ALL) kfi_token_trainer_followers(trainer, &trainer->followers);
    trainer->threshold -= trainer->threshold / 8 + 1;
    trainer->sample_bytes = 0;
    for (size_t at = 0; at < trainer->records.size;) {
        size_t size = KFI_RECORD_HEADER + data[at];
        if (kfi_record_random(data + at) < trainer->threshold) {
            memmove(data + kept, data + at, size);
            kept += size;
            trainer->sample_bytes += size - KFI_RECORD_HEADER;
        }
        at += size;
    }
    trainer->records.size = kept;
}

kf_status kfi_token_trainer_add(kfi_token_trainer *trainer, unsigned before, const uint8_t *data, size_t size,
                                kf_error *error)
{
    trainer->total_bytes += size;
    for (size_t at = 0; at < size;) {
        size_t piece = size - at < PIECE ? size - at : PIECE;
        /* By piece: the one before may have been the first that did not fit. */
        if (trainer->threshold < THRESHOLD_ALL) note_followers(&trainer->followers, before, data + at, piece);
        uint32_t r = draw(++trainer->pieces);
        if (r < trainer->threshold) {
            kf_status status = kfi_array_reserve(&trainer->records, KFI_RECORD_HEADER + piece, error);
            if (status) return status;
            uint8_t *record = trainer->records.data + trainer->records.size;
            kfi_store32(record, r << 8 | (uint32_t)piece);
            record[4] = (uint8_t)before;
            record[5] = (uint8_t)(before >> 8);
            kfi_copy(record + KFI_RECORD_HEADER, data + at, piece);
            trainer->records.size += KFI_RECORD_HEADER + piece;
            trainer->sample_bytes += piece;
            while (trainer->records.size > trainer->limit && trainer->threshold) thin(trainer);
        }
        at += piece;
        before = data[at - 1];
    }
    return KF_OK;
}
