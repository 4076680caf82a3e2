#include "write/keys/endings_writer.h"

enum { RECORD = 2 * KFI_ENDINGS_UNIT };

/* A list in the making: at most KFI_ENDINGS_MOST records, the string first, its length last. */
typedef struct maker {
    unsigned count, longest;
    uint8_t records[KFI_ENDINGS_MOST][RECORD];
} maker;

/* 0 if it does not fit. */
static int add(maker *m, const uint8_t *text, size_t size, const uint8_t *rest)
{
    const size_t length = size + rest[RECORD - 1];
    if (m->count == KFI_ENDINGS_MOST || length > KFI_ENDINGS_LONGEST) return 0;
    uint8_t *record = m->records[m->count++];
    memset(record, 0, RECORD);
    memcpy(record, text, size);
    memcpy(record + size, rest, length - size);
    record[RECORD - 1] = (uint8_t)length;
    if (length > m->longest) m->longest = (unsigned)length;
    return 1;
}

/* 0 if the strings below the state are too many or too long, or not all known. */
static int collect(const kfi_endings_builder *endings, const kfi_laid_state *state, maker *m)
{
    static const uint8_t nothing[RECORD];
    uint8_t text[KFI_ENDINGS_LONGEST];
    m->count = m->longest = 0;
    if (state->keys > KFI_ENDINGS_MOST) return 0;
    if (state->final && !add(m, nothing, 0, nothing)) return 0;
    for (uint32_t i = 0; i < state->entry_count; i++) {
        const kfi_bucket_entry *e = &state->entries[i];
        const size_t size = (size_t)e->lcp + e->size;
        if (size > KFI_ENDINGS_LONGEST) return 0;
        memcpy(text + e->lcp, state->text + e->offset, e->size);
        if (e->jump == KFI_NO_JUMP) {
            if (!add(m, text, size, nothing)) return 0;
            continue;
        }
        if (e->jump >= KFI_ENDINGS_INDEXES || !endings->lists[e->jump].count) return 0;
        const uint8_t *rest = endings->records.data + (size_t)endings->lists[e->jump].first * RECORD;
        for (unsigned k = 0; k < endings->lists[e->jump].count; k++, rest += RECORD)
            if (!add(m, text, size, rest)) return 0;
    }
    return 1;
}

kf_status kfi_endings_add(kfi_endings_builder *endings, const kfi_laid_state *state, uint64_t index, kf_error *error)
{
    maker m;
    if (index >= KFI_ENDINGS_INDEXES || !collect(endings, state, &m)) return KF_OK;
    const size_t first = endings->records.size / RECORD;
    kf_status status = kfi_array_append(&endings->records, m.records, m.count * RECORD, error);
    if (status) return status;
    endings->lists[index].first = (uint32_t)first;
    endings->lists[index].count = (uint8_t)m.count;
    endings->lists[index].longest = (uint8_t)m.longest;
    return KF_OK;
}

static unsigned units_of(const kfi_endings_builder *endings, uint64_t index)
{
    return endings->lists[index].longest < KFI_ENDINGS_UNIT ? 1 : 2;
}

/* As many of the first indexes as there is room for; the last one has a list. */
static uint64_t choose(const kfi_endings_builder *endings, uint64_t most)
{
    uint64_t units = 0, chosen = 0;
    for (uint64_t i = 0; i < KFI_ENDINGS_INDEXES; i++) {
        if (!endings->lists[i].count) continue;
        units += endings->lists[i].count * units_of(endings, i);
        if (kfi_endings_records_at(i + 1) + units * KFI_ENDINGS_UNIT + KFI_ENDINGS_TAIL > most) break;
        chosen = i + 1;
    }
    return chosen;
}

kf_status kfi_endings_write(const kfi_endings_builder *endings, uint64_t most, kfi_array *out, kf_error *error)
{
    const uint64_t entries = choose(endings, most), records_at = kfi_endings_records_at(entries);
    if (!entries) return KF_OK;
    kf_status status = kfi_array_reserve(out, most, error);
    if (status) return status;
    uint8_t *section = out->data + out->size;
    uint32_t unit = 0;
    memset(section, 0, records_at);
    kfi_store32(section, (uint32_t)entries);
    for (uint64_t i = 0; i < entries; i++) {
        const unsigned count = endings->lists[i].count, units = units_of(endings, i);
        const uint8_t *from = endings->records.data + (size_t)endings->lists[i].first * RECORD;
        if (!count) continue;
        kfi_store32(section + KFI_ENDINGS_HEAD + i * KFI_ENDINGS_ENTRY, unit << 7 | (units - 1) << 6 | count);
        for (unsigned k = 0; k < count; k++, from += RECORD, unit += units) {
            uint8_t *record = section + records_at + (size_t)unit * KFI_ENDINGS_UNIT;
            memcpy(record, from, units * KFI_ENDINGS_UNIT);
            record[units * KFI_ENDINGS_UNIT - 1] = from[RECORD - 1];
        }
    }
    out->size += records_at + (size_t)unit * KFI_ENDINGS_UNIT;
    memset(out->data + out->size, 0, KFI_ENDINGS_TAIL);
    out->size += KFI_ENDINGS_TAIL;
    return KF_OK;
}

void kfi_endings_free(kfi_endings_builder *endings) { kfi_array_free(&endings->records); }
