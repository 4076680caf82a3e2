#include "write/sort/journal.h"

#include "base/bits.h"
#include "base/hash.h"
#include "write/sort/pair.h"

enum { VERSION = 1, HEAD_WORDS = 8, RUN_WORDS = sizeof(kfi_journal_run) / 8 };
#define MAGIC 0x6c6e726a64666b2eull   /* ".kfdjrnl" */
#define MOST_BYTES (1ull << 62)       /* of a spool: sums of two do not wrap */

uint64_t kfi_journal_pairs(const kfi_journal *journal)
{
    size_t count = kfi_journal_count(journal);
    return count ? kfi_journal_at(journal, count - 1)->pairs : 0;
}

uint64_t kfi_journal_spool_size(const kfi_journal *journal, uint64_t spool)
{
    for (size_t i = kfi_journal_count(journal); i--; ) {
        const kfi_journal_run *run = kfi_journal_at(journal, i);
        if (run->spool == spool) return run->offset + run->size;
    }
    return 0;
}

static kf_status put(kfi_array *out, uint64_t word, kf_error *error)
{
    uint8_t bytes[8];
    kfi_store64(bytes, word);
    return kfi_array_append(out, bytes, sizeof bytes, error);
}

static kf_status put_words(kfi_array *out, const uint64_t *words, size_t count, kf_error *error)
{
    kf_status status = KF_OK;
    for (size_t i = 0; i < count && !status; i++) status = put(out, words[i], error);
    return status;
}

kf_status kfi_journal_write(const kfi_journal *journal, kfi_array *out, kf_error *error)
{
    size_t count = kfi_journal_count(journal), from = out->size;
    uint64_t head[HEAD_WORDS] = {
        MAGIC, VERSION | (uint64_t)count << 32, journal->value_type | (uint64_t)journal->weighted << 32,
        journal->duplicates, journal->next_order, journal->dropped, journal->large_size, journal->large_hash
    };
    kf_status status = put_words(out, head, HEAD_WORDS, error);
    for (size_t i = 0; i < count && !status; i++) {
        const kfi_journal_run *r = kfi_journal_at(journal, i);
        uint64_t run[RUN_WORDS] = { r->spool, r->order, r->offset, r->size, r->longest_key, r->longest_field,
                                    r->largest_block, r->hash, r->pairs, r->input_hash };
        status = put_words(out, run, RUN_WORDS, error);
    }
    if (status) return status;
    return put(out, XXH3_64bits(out->data + from, out->size - from), error);
}

/* Whether the run can follow those that were read, and be what it says. */
static int is_possible(const kfi_journal *journal, const kfi_journal_run *run, const uint64_t *ends)
{
    size_t count = kfi_journal_count(journal);
    const kfi_journal_run *last = count ? kfi_journal_at(journal, count - 1) : NULL;
    if (run->spool >= KFI_JOURNAL_SPOOLS || run->order >= journal->next_order) return 0;
    if (last && (run->order <= last->order || run->pairs <= last->pairs)) return 0;
    if (run->offset > MOST_BYTES || !run->size || run->size > MOST_BYTES) return 0;
    if (run->offset < ends[run->spool]) return 0;
    return run->pairs && run->longest_key <= KFI_SORT_KEY_MAX && run->largest_block <= run->size
           && run->longest_field <= run->largest_block;
}

static kf_status damaged(kf_error *error)
{
    return kfi_fail(error, KF_CORRUPT, "the journal is damaged");
}

kf_status kfi_journal_read(kfi_journal *journal, kf_bytes bytes, kf_error *error)
{
    const uint8_t *p = bytes.data;
    uint64_t ends[KFI_JOURNAL_SPOOLS] = { 0 };
    if (bytes.size < 8 * (HEAD_WORDS + 1) || kfi_load64(p) != MAGIC) return damaged(error);
    if (kfi_load32(p + 8) != VERSION)
        return kfi_fail(error, KF_UNSUPPORTED, "the journal is of version %u, not %d", kfi_load32(p + 8), VERSION);
    size_t count = kfi_load32(p + 12);
    if ((bytes.size - 8 * (HEAD_WORDS + 1)) % (8 * RUN_WORDS)
        || (bytes.size - 8 * (HEAD_WORDS + 1)) / (8 * RUN_WORDS) != count
        || kfi_load64(p + bytes.size - 8) != XXH3_64bits(p, bytes.size - 8))
        return damaged(error);
    journal->value_type = kfi_load32(p + 16);
    journal->weighted = kfi_load32(p + 20);
    journal->duplicates = kfi_load32(p + 24);
    journal->next_order = kfi_load64(p + 32);
    journal->dropped = kfi_load64(p + 40);
    journal->large_size = kfi_load64(p + 48);
    journal->large_hash = kfi_load64(p + 56);
    if (journal->large_size > MOST_BYTES) return damaged(error);
    p += 8 * HEAD_WORDS;
    for (size_t i = 0; i < count; i++, p += 8 * RUN_WORDS) {
        kfi_journal_run run = {
            kfi_load64(p), kfi_load64(p + 8), kfi_load64(p + 16), kfi_load64(p + 24), kfi_load64(p + 32),
            kfi_load64(p + 40), kfi_load64(p + 48), kfi_load64(p + 56), kfi_load64(p + 64), kfi_load64(p + 72)
        };
        if (!is_possible(journal, &run, ends)) return damaged(error);
        ends[run.spool] = run.offset + run.size;
        kf_status status = kfi_array_append(&journal->runs, &run, sizeof run, error);
        if (status) return status;
    }
    return KF_OK;
}

void kfi_journal_free(kfi_journal *journal)
{
    kfi_array_free(&journal->runs);
}
