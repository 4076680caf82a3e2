#include "write/sort/run.h"

#include "base/hash.h"

#include <stdlib.h>

enum {
    BLOCK_HEAD = 4,
    NIBBLE_MAX = 15,
    RECORD_HEAD_MAX = 1 + 2 * KFI_VARINT_MAX,
    MARK_PREFIX = 255,         /* bytes of a key that a mark keeps */
    DISCARD_MARKS = 2          /* so many marks' worth of a run are discarded at once: an eighth of a buffer's */
};

void kfi_run_free(kfi_run *run)
{
    kfi_array_free(&run->marks);
    kfi_array_free(&run->text);
}

/* Source and target have KFI_SORT_PAD bytes behind: most suffixes are one load and one store. */
static inline void copy_suffix(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size <= KFI_SORT_PAD) memcpy(to, from, KFI_SORT_PAD);
    else memcpy(to, from, size);
}

uint64_t kfi_run_hash(uint64_t before, const uint8_t *records, size_t size)
{
    return XXH3_64bits_withSeed(records, size, before);
}

/* ---- writing ------------------------------------------------------------------------------ */

void kfi_run_writer_begin(kfi_run_writer *writer, kfi_spool *spool, size_t block_target, uint64_t mark_step)
{
    writer->run = (kfi_run){ .spool = spool, .offset = kfi_spool_size(spool), .mark_step = mark_step };
    writer->spool = spool;
    writer->block_target = block_target;
    writer->last_size = 0;
}

static size_t block_bytes(size_t block_target, size_t longest_key, size_t longest_field)
{
    return BLOCK_HEAD + block_target + RECORD_HEAD_MAX + longest_key + longest_field + KFI_SORT_PAD;
}

uint64_t kfi_run_writer_memory(size_t block_target, size_t longest_key, size_t longest_field)
{
    return block_bytes(block_target, longest_key, longest_field) + longest_key + KFI_SORT_PAD;
}

kf_status kfi_run_writer_segment(kfi_run_writer *writer, size_t longest_key, size_t longest_field,
                                 kf_error *error)
{
    size_t needed = block_bytes(writer->block_target, longest_key, longest_field);
    if (writer->block_capacity < needed) {
        free(writer->block);
        writer->block_capacity = 0;
        writer->block = malloc(needed);
        if (!writer->block) return kfi_fail_memory(error, needed);
        writer->block_capacity = needed;
    }
    if (writer->last_capacity < longest_key + KFI_SORT_PAD) {
        uint8_t *key = realloc(writer->last_key, longest_key + KFI_SORT_PAD);
        if (!key) return kfi_fail_memory(error, longest_key + KFI_SORT_PAD);
        writer->last_key = key;
        writer->last_capacity = longest_key + KFI_SORT_PAD;
    }
    writer->block_used = BLOCK_HEAD;
    writer->segment_start = 1;
    if (writer->run.longest_key < longest_key) writer->run.longest_key = longest_key;
    if (writer->run.longest_field < longest_field) writer->run.longest_field = longest_field;
    return KF_OK;
}

kf_status kfi_run_writer_flush(kfi_run_writer *writer, kf_error *error)
{
    if (writer->block_used == BLOCK_HEAD) return KF_OK;
    memset(writer->block + writer->block_used, 0, KFI_SORT_PAD);
    size_t size = writer->block_used + KFI_SORT_PAD;
    kfi_store32(writer->block, (uint32_t)(size - BLOCK_HEAD));
    writer->block_used = BLOCK_HEAD;
    writer->run.size += size;
    if (writer->hashed)
        writer->run.hash = kfi_run_hash(writer->run.hash, writer->block + BLOCK_HEAD, size - BLOCK_HEAD);
    if (writer->run.largest_block < size) writer->run.largest_block = size;
    return kfi_spool_write(writer->spool, writer->block, size, error);
}

static size_t nibble(size_t value)
{
    return value < NIBBLE_MAX ? value : NIBBLE_MAX;
}

/* Whether the block that begins at `offset` is to be marked. */
static int mark_is_due(const kfi_run *run, uint64_t offset)
{
    const kfi_array *marks = &run->marks;
    if (!marks->size) return 1;
    const kfi_run_mark *last = (const kfi_run_mark *)(const void *)(marks->data + marks->size) - 1;
    return offset - last->offset >= run->mark_step;
}

static kf_status mark_block(kfi_run *run, uint64_t offset, const kfi_sort_pair *pair, kf_error *error)
{
    kfi_run_mark mark = { offset, run->text.size, pair->key_size < MARK_PREFIX ? pair->key_size : MARK_PREFIX };
    kf_status status = kfi_array_append(&run->text, pair->key, mark.size, error);
    return status ? status : kfi_array_append(&run->marks, &mark, sizeof mark, error);
}

kf_status kfi_run_writer_put(void *self, const kfi_sort_pair *pair, kf_error *error)
{
    kfi_run_writer *writer = self;
    size_t lcp = pair->lcp;
    if (writer->segment_start) {
        /* The source's first pair knows nothing of the segment before. */
        size_t shorter = pair->key_size < writer->last_size ? pair->key_size : writer->last_size;
        lcp = kfi_sort_common(pair->key, writer->last_key, shorter);
        writer->segment_start = 0;
    }
    if (writer->block_used == BLOCK_HEAD && mark_is_due(&writer->run, writer->run.size)) {
        kf_status status = mark_block(&writer->run, writer->run.size, pair, error);
        if (status) return status;
        lcp = 0;
    }
    size_t suffix = pair->key_size - lcp;
    uint8_t *p = writer->block + writer->block_used;
    uint8_t *head = p++;
    *head = (uint8_t)(nibble(lcp) << 4 | nibble(suffix));
    if (lcp >= NIBBLE_MAX) p += kfi_varint_write(p, lcp - NIBBLE_MAX);
    if (suffix >= NIBBLE_MAX) p += kfi_varint_write(p, suffix - NIBBLE_MAX);
    copy_suffix(p, pair->key + lcp, suffix);
    copy_suffix(writer->last_key + lcp, pair->key + lcp, suffix);
    writer->last_size = pair->key_size;
    p += suffix;
    if (pair->field_size) memcpy(p, pair->field, pair->field_size);
    p += pair->field_size;
    writer->block_used = (size_t)(p - writer->block);
    if (writer->block_used >= writer->block_target) return kfi_run_writer_flush(writer, error);
    return KF_OK;
}

void kfi_run_writer_free(kfi_run_writer *writer)
{
    free(writer->block);
    free(writer->last_key);
    kfi_run_free(&writer->run);
    memset(writer, 0, sizeof *writer);
}

/* ---- reading ------------------------------------------------------------------------------ */

uint64_t kfi_run_reader_memory(const kfi_run *run)
{
    return run->longest_key + KFI_SORT_PAD;
}

/* How many marks have keys below `key`, as far as their first bytes tell. */
static size_t marks_below(const kfi_run *run, kf_bytes key)
{
    const kfi_run_mark *marks = (const kfi_run_mark *)(const void *)run->marks.data;
    size_t low = 0, high = run->marks.size / sizeof *marks;
    if (!key.size) return 0;
    if (key.size > MARK_PREFIX) key.size = MARK_PREFIX;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const kfi_run_mark *mark = &marks[middle];
        const uint8_t *text = mark->size ? run->text.data + mark->text : key.data;   /* there may be no text */
        if (kfi_sort_compare(text, mark->size, key.data, key.size) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Where mark number `i` lies; 0 before the first, the run's end after the last. */
static uint64_t mark_offset(const kfi_run *run, size_t i)
{
    const kfi_run_mark *marks = (const kfi_run_mark *)(const void *)run->marks.data;
    return i < run->marks.size / sizeof *marks ? marks[i].offset : run->size;
}

kf_status kfi_run_reader_open(kfi_run_reader *reader, const kfi_run *run, const kfi_key_range *range,
                              size_t buffer_size, kf_value_type type, kf_error *error)
{
    /* The range before reads up to the first key of this one: that is in the first marked block of this range at
     * the latest. Several ranges before it may read a run's first block, and none before the first range. */
    size_t first = marks_below(run, range->from), end = range->has_to ? marks_below(run, range->to) : SIZE_MAX;
    uint64_t skipped = first ? mark_offset(run, first - 1) : 0;
    memset(reader, 0, sizeof *reader);
    reader->run = run;
    reader->discarded = range->from.size ? mark_offset(run, first + 1) : 0;
    reader->discard_end = end == SIZE_MAX ? run->size : end ? mark_offset(run, end - 1) : 0;
    reader->type = type;
    reader->left = run->size - skipped;
    reader->largest_block = run->largest_block;
    reader->longest_key = run->longest_key;
    reader->longest_field = run->longest_field;
    reader->key = malloc(run->longest_key + KFI_SORT_PAD);
    if (!reader->key) return kfi_fail_memory(error, run->longest_key + KFI_SORT_PAD);
    return kfi_spool_reader_create(&reader->input, run->spool, run->offset + skipped, buffer_size, error);
}

void kfi_run_reader_close(kfi_run_reader *reader)
{
    kfi_spool_reader_destroy(&reader->input);
    free(reader->key);
    memset(reader, 0, sizeof *reader);
}

static kf_status damaged(kf_error *error)
{
    return kfi_fail(error, KF_CORRUPT, "a temporary file does not hold what was written to it");
}

/* What lies before the block at hand. */
static void discard(kfi_run_reader *reader)
{
    uint64_t behind = reader->run->size - reader->left;
    if (behind > reader->discard_end) behind = reader->discard_end;
    uint64_t step = behind < reader->discard_end ? DISCARD_MARKS * reader->run->mark_step : 1;
    if (behind < reader->discarded + step) return;
    kfi_spool_discard(reader->run->spool, reader->run->offset + reader->discarded, behind - reader->discarded);
    reader->discarded = behind;
}

static kf_status next_block(kfi_run_reader *reader, kf_error *error)
{
    const uint8_t *data;
    discard(reader);
    if (!reader->left) return KF_END;
    if (reader->left < BLOCK_HEAD) return damaged(error);
    kf_status status = kfi_spool_reader_take(reader->input, BLOCK_HEAD, &data, error);
    if (status) return status == KF_END ? damaged(error) : status;
    size_t size = kfi_load32(data);
    reader->left -= BLOCK_HEAD;
    if (size <= KFI_SORT_PAD || size > reader->left || size > reader->largest_block)
        return damaged(error);
    status = kfi_spool_reader_take(reader->input, size, &data, error);
    if (status) return status == KF_END ? damaged(error) : status;
    reader->left -= size;
    reader->block = reader->at = data;
    reader->end = data + size - KFI_SORT_PAD;
    return KF_OK;
}

kf_status kfi_run_reader_next(kfi_run_reader *reader, kf_error *error)
{
    uint64_t extra;
    if (reader->at == reader->end) {
        kf_status status = next_block(reader, error);
        if (status) return status;
    }
    const uint8_t *p = reader->at, *end = reader->end;
    size_t lcp = *p >> 4, suffix = *p & NIBBLE_MAX;
    p++;
    if (lcp == NIBBLE_MAX) {
        if (!(p = kfi_sort_varint_get(p, end, &extra)) || extra > KFI_SORT_KEY_MAX) return damaged(error);
        lcp += extra;
    }
    if (suffix == NIBBLE_MAX) {
        if (!(p = kfi_sort_varint_get(p, end, &extra)) || extra > KFI_SORT_KEY_MAX) return damaged(error);
        suffix += extra;
    }
    if (lcp > reader->key_size || suffix > (size_t)(end - p) || lcp + suffix > reader->longest_key)
        return damaged(error);
    size_t shared = lcp;
    if (!lcp) shared = kfi_sort_common(reader->key, p, reader->key_size < suffix ? reader->key_size : suffix);
    copy_suffix(reader->key + lcp, p, suffix);
    p += suffix;
    reader->key_size = lcp + suffix;
    reader->at = kfi_sort_field_skip(p, end, reader->type);
    if (!reader->at || (size_t)(reader->at - p) > reader->longest_field) return damaged(error);
    reader->pair = (kfi_sort_pair){ reader->key, reader->key_size, shared, p, (size_t)(reader->at - p) };
    return KF_OK;
}

/* A block was begun, at `offset`: what it adds to the hash, and its mark. */
static kf_status see_block(kfi_run *run, const kfi_run_reader *reader, uint64_t offset, uint64_t *hash,
                           kf_error *error)
{
    *hash = kfi_run_hash(*hash, reader->block, (size_t)(reader->end - reader->block) + KFI_SORT_PAD);
    int whole = *reader->block >> 4 == 0;
    return whole && mark_is_due(run, offset) ? mark_block(run, offset, &reader->pair, error) : KF_OK;
}

kf_status kfi_run_read_back(kfi_run *run, size_t buffer_size, kf_value_type type, kfi_key_sink see, void *context,
                            kf_error *error)
{
    static const kfi_key_range everything = { .has_to = 0 };
    kfi_run_reader reader;
    uint64_t hash = 0;
    kf_status status = kfi_run_reader_open(&reader, run, &everything, buffer_size, type, error);
    while (!status) {
        uint64_t left = reader.left;
        status = kfi_run_reader_next(&reader, error);
        if (!status && left != reader.left) status = see_block(run, &reader, run->size - left, &hash, error);
        if (!status) status = see(context, (kf_bytes){ reader.key, reader.key_size }, error);
    }
    if (status == KF_END) status = hash == run->hash ? KF_OK : damaged(error);
    kfi_run_reader_close(&reader);
    return status;
}
