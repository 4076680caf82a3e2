#include "write/sort/resume.h"

#include "base/folder.h"
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    NAME_SIZE = 32,
    JOURNAL_WORTH = 8,         /* a checkpoint is worth it for so many times the journal's bytes */
    LARGE_WORTH = 8,           /* and for so many steps' bytes of large values, whose keys may fill no buffer */
    INTERVAL = 60,             /* and after so many seconds: what comes slowly is worth more than its bytes */
    CLOCK_PAIRS = 16,          /* the clock is looked at every so many pairs */
    CHUNK = 64 << 10
};

#define JOURNAL "keyfold.journal"
#define VALUES "keyfold.values"

/* A buffer that has become part of a run. */
typedef struct complete {
    uint64_t order, dropped;
    kfi_resume_point point;
    kfi_journal_run run;       /* as it was then */
} complete;

struct kfi_resume {
    kfi_folder *folder;
    /* The caller's thread. */
    uint64_t resumed;          /* pairs that the journal covered at the start */
    size_t checked;            /* runs of these that agreed with the input */
    kfi_resume_point now;      /* of the pairs added */
    uint64_t large_spilled;    /* what of now.large_size was there when the last buffer was handed over */
    uint64_t spilled_at;       /* seconds: when it was */
    XXH3_state_t *large;
    /* Under the monitor. */
    kfi_journal journal;
    kfi_array pending;         /* of `complete`, beyond the journal's next order */
    kfi_spool *spools[KFI_SPILLERS + 1];   /* the last: large values */
    uint64_t since;            /* bytes of buffers since the last checkpoint */
    uint64_t checked_at;       /* seconds: when that was */
    int busy;                 /* with a checkpoint */
    int done;                 /* the folder is not needed any more */
};

_Static_assert((int)KFI_JOURNAL_SPOOLS == (int)KFI_SPILLERS, "the journal knows all spools");

static const char *runs_name(char name[NAME_SIZE], uint64_t number)
{
    snprintf(name, NAME_SIZE, "keyfold.runs.%u", (unsigned)number);
    return name;
}

/* ---- adding ------------------------------------------------------------------------------------- */

/* A chain: each hash is the seed of the next. */
static uint64_t hash_pair(uint64_t before, kf_bytes key, kf_bytes value)
{
    uint64_t hash = XXH3_64bits_withSeed(key.data, key.size, before);
    return XXH3_64bits_withSeed(value.data, value.size, hash);
}

static kf_status other_input(const kfi_resume *resume, kf_error *error)
{
    return kfi_fail(error, KF_INVALID, "the input is not the one that the build in '%s' began with; "
                    "remove that folder to start anew", kfi_folder_path(resume->folder));
}

kf_status kfi_resume_skip(kfi_sorter *sorter, kf_bytes key, kf_bytes value, int *skipped, kf_error *error)
{
    kfi_resume *resume = sorter->resume;
    *skipped = sorter->added < resume->resumed;
    if (!*skipped) return KF_OK;
    resume->now.input_hash = hash_pair(resume->now.input_hash, key, value);
    resume->now.pairs = ++sorter->added;
    const kfi_journal_run *run = kfi_journal_at(&resume->journal, resume->checked);
    if (sorter->added < run->pairs) return KF_OK;
    resume->checked++;
    return run->input_hash == resume->now.input_hash ? KF_OK : other_input(resume, error);
}

void kfi_resume_count(kfi_sorter *sorter, kf_bytes key, kf_bytes value)
{
    kfi_resume *resume = sorter->resume;
    resume->now.pairs++;
    resume->now.input_hash = hash_pair(resume->now.input_hash, key, value);
    if (!sorter->large || kfi_spool_size(sorter->large) == resume->now.large_size) return;
    resume->now.large_size = kfi_spool_size(sorter->large);
    XXH3_64bits_update(resume->large, value.data, value.size);
}

int kfi_resume_wants_spill(const kfi_sorter *sorter)
{
    const kfi_resume *resume = sorter->resume;
    if (resume->now.large_size - resume->large_spilled >= LARGE_WORTH * sorter->shares.checkpoint_step) return 1;
    return resume->now.pairs % CLOCK_PAIRS == 0 && kfi_seconds() - resume->spilled_at >= INTERVAL;
}

kf_status kfi_resume_flush(kfi_sorter *sorter, kf_error *error)
{
    return sorter->large ? kfi_spool_flush(sorter->large, error) : KF_OK;
}

void kfi_resume_hand_over(kfi_sorter *sorter, kfi_spiller *spiller)
{
    kfi_resume *resume = sorter->resume;
    resume->now.large_hash = XXH3_64bits_digest(resume->large);
    resume->since += resume->now.large_size - resume->large_spilled;
    resume->large_spilled = resume->now.large_size;
    resume->spilled_at = kfi_seconds();
    resume->spools[KFI_SPILLERS] = sorter->large;
    spiller->point = resume->now;
}

kf_status kfi_resume_check_end(const kfi_sorter *sorter, kf_error *error)
{
    return sorter->added < sorter->resume->resumed ? other_input(sorter->resume, error) : KF_OK;
}

/* ---- checkpoints -------------------------------------------------------------------------------- */

static kf_status open_spool(kfi_sorter *sorter, const char *name, uint64_t size, kfi_spool **out, kf_error *error)
{
    return kfi_folder_spool(sorter->resume->folder, name, size, sorter->shares.spool_buffer, sorter->options.account,
                            out, error);
}

kf_status kfi_resume_create_runs(kfi_spiller *spiller, kf_error *error)
{
    char name[NAME_SIZE];
    runs_name(name, (uint64_t)(spiller - spiller->sorter->spillers));
    return open_spool(spiller->sorter, name, 0, &spiller->spool, error);
}

kf_status kfi_resume_create_large(kfi_sorter *sorter, kf_error *error)
{
    return open_spool(sorter, VALUES, 0, &sorter->large, error);
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static kfi_journal_run describe(const kfi_spiller *spiller)
{
    const kfi_run *run = &spiller->writer.run;
    return (kfi_journal_run){
        .spool = (uint64_t)(spiller - spiller->sorter->spillers), .order = run->order, .offset = run->offset,
        .size = run->size, .longest_key = run->longest_key,
        .longest_field = smaller(run->longest_field, run->largest_block), .largest_block = run->largest_block,
        .hash = run->hash, .pairs = spiller->point.pairs, .input_hash = spiller->point.input_hash
    };
}

/* Locked: the journal tells of one more buffer, the next. */
static kf_status cover(kfi_journal *journal, const complete *next, kf_error *error)
{
    size_t count = kfi_journal_count(journal);
    kfi_journal_run *last = count ? kfi_journal_at(journal, count - 1) : NULL;
    if (last && last->order == next->run.order) {
        *last = next->run;
    } else {
        kf_status status = kfi_array_append(&journal->runs, &next->run, sizeof next->run, error);
        if (status) return status;
    }
    journal->next_order = next->order + 1;
    journal->dropped += next->dropped;
    journal->large_size = next->point.large_size;
    journal->large_hash = next->point.large_hash;
    return KF_OK;
}

/* Locked: what of the pending buffers follows the journal's last one goes there. */
static kf_status cover_pending(kfi_resume *resume, kf_error *error)
{
    complete *pending = (complete *)(void *)resume->pending.data;
    size_t count = resume->pending.size / sizeof *pending;
    for (size_t i = 0; i < count; ) {
        if (pending[i].order != resume->journal.next_order) {
            i++;
            continue;
        }
        kf_status status = cover(&resume->journal, &pending[i], error);
        if (status) return status;
        pending[i] = pending[--count];
        resume->pending.size = count * sizeof *pending;
        i = 0;
    }
    return KF_OK;
}

/* `busy`, and so the only one; not locked. */
static kf_status checkpoint(kfi_sorter *sorter, kf_error *error)
{
    kfi_resume *resume = sorter->resume;
    kfi_spool *spools[KFI_SPILLERS + 1];
    kfi_array bytes = { NULL, 0, 0 };
    kfi_monitor_lock(&sorter->monitor);
    memcpy(spools, resume->spools, sizeof spools);
    resume->since = 0;
    resume->checked_at = kfi_seconds();
    kf_status status = kfi_journal_write(&resume->journal, &bytes, error);
    kfi_monitor_unlock(&sorter->monitor);
    for (int i = 0; i <= KFI_SPILLERS && !status; i++)
        if (spools[i]) status = kfi_spool_sync(spools[i], error);
    if (!status) status = kfi_folder_store(resume->folder, JOURNAL, bytes.data, bytes.size, error);
    kfi_array_free(&bytes);
    return status;
}

/* Locked. */
static int is_due(const kfi_sorter *sorter)
{
    const kfi_resume *resume = sorter->resume;
    if (kfi_seconds() - resume->checked_at >= INTERVAL) return 1;
    return resume->since >= sorter->shares.checkpoint_step
           && resume->since / JOURNAL_WORTH >= resume->journal.runs.size;
}

kf_status kfi_resume_complete(kfi_spiller *spiller, uint64_t bytes, uint64_t dropped, kf_error *error)
{
    kfi_sorter *sorter = spiller->sorter;
    kfi_resume *resume = sorter->resume;
    kf_status status = kfi_spool_flush(spiller->spool, error);
    if (status) return status;
    complete done = { spiller->order, dropped, spiller->point, describe(spiller) };
    kfi_monitor_lock(&sorter->monitor);
    resume->spools[spiller - sorter->spillers] = spiller->spool;
    resume->since += bytes;
    status = kfi_array_append(&resume->pending, &done, sizeof done, error);
    if (!status) status = cover_pending(resume, error);
    if (!status && !resume->busy && is_due(sorter)) {
        resume->busy = 1;
        kfi_monitor_unlock(&sorter->monitor);
        status = checkpoint(sorter, error);
        kfi_monitor_lock(&sorter->monitor);
        resume->busy = 0;
    }
    kfi_monitor_unlock(&sorter->monitor);
    return status;
}

kf_status kfi_resume_checkpoint(kfi_sorter *sorter, kf_error *error)
{
    return sorter->resume && sorter->resume->since ? checkpoint(sorter, error) : KF_OK;
}

/* ---- opening ------------------------------------------------------------------------------------ */

static const char anew[] = "remove that folder to start anew";

/* What is wrong lies in this file. */
static kf_status in_file(const kfi_resume *resume, kf_status status, const char *name, kf_error *error)
{
    if (status != KF_CORRUPT) return status;
    return kfi_fail(error, status, "'%s/%s' is damaged; %s", kfi_folder_path(resume->folder), name, anew);
}

/* Runs that keep all pairs will do for any policy: a build that found a duplicate can be resumed with another one. */
static kf_status check_options(const kfi_sorter *sorter, const kfi_journal *journal, kf_error *error)
{
    const kfi_sort_options *options = &sorter->options;
    const char *what = journal->value_type != options->added_type ? "value type"
                       : !journal->weighted != !options->weighted ? "choice of weights"
                       : journal->duplicates != KF_DUPLICATES_ERROR && journal->duplicates != options->duplicates
                             ? "duplicates policy" : NULL;
    if (!what) return KF_OK;
    return kfi_fail(error, KF_INVALID, "the build in '%s' began with another %s; %s",
                    kfi_folder_path(sorter->resume->folder), what, anew);
}

static kf_status load_journal(kfi_sorter *sorter, kf_error *error)
{
    kfi_resume *resume = sorter->resume;
    kfi_array bytes = { NULL, 0, 0 };
    kf_status status = kfi_folder_load(resume->folder, JOURNAL, KFI_JOURNAL_MOST, &bytes, error);
    if (!status) status = kfi_journal_read(&resume->journal, (kf_bytes){ bytes.data, bytes.size }, error);
    kfi_array_free(&bytes);
    if (status == KF_UNSUPPORTED)
        return kfi_fail(error, status, "'%s/%s' was written by another version; %s",
                        kfi_folder_path(resume->folder), JOURNAL, anew);
    if (status && status != KF_NOT_FOUND) return in_file(resume, status, JOURNAL, error);
    if (!status) return check_options(sorter, &resume->journal, error);
    resume->journal.value_type = (uint32_t)sorter->options.added_type;
    resume->journal.weighted = sorter->options.weighted;
    return KF_OK;
}

static kf_status see_key(void *context, kf_bytes key, kf_error *error)
{
    return kfi_key_sample_add(context, key, error);
}

/* A run of the journal becomes one of the sorter's. */
static kf_status take_run(kfi_sorter *sorter, const kfi_journal_run *from, kf_error *error)
{
    char name[NAME_SIZE];
    kfi_run_writer keeper = { .run = {
        .spool = sorter->spillers[from->spool].spool, .offset = from->offset, .size = from->size,
        .order = from->order, .longest_key = (size_t)from->longest_key,
        .longest_field = (size_t)from->longest_field, .largest_block = (size_t)from->largest_block,
        .hash = from->hash, .mark_step = sorter->shares.mark_step
    } };
    kfi_run *run = &keeper.run;
    size_t buffer = sorter->shares.run_buffer;
    if (buffer < run->largest_block) buffer = run->largest_block;
    if (sorter->longest_key < run->longest_key) sorter->longest_key = run->longest_key;
    if (sorter->longest_field < run->longest_field) sorter->longest_field = run->longest_field;
    kf_status status = kfi_run_read_back(run, buffer, sorter->options.value_type, see_key, &sorter->sample, error);
    if (!status) status = kfi_sorter_keep_run(sorter, &keeper, error);
    kfi_run_free(&keeper.run);
    return in_file(sorter->resume, status, runs_name(name, from->spool), error);
}

static kf_status read_large(kfi_sorter *sorter, kf_error *error)
{
    kfi_resume *resume = sorter->resume;
    kfi_spool_reader *reader = NULL;
    const uint8_t *data;
    uint64_t left = resume->journal.large_size;
    kf_status status = kfi_spool_reader_create(&reader, sorter->large, 0, CHUNK, error);
    while (!status && left) {
        size_t size = left < CHUNK ? (size_t)left : CHUNK;
        status = kfi_spool_reader_take(reader, size, &data, error);
        if (!status) XXH3_64bits_update(resume->large, data, size);
        left -= size;
    }
    kfi_spool_reader_destroy(&reader);
    if (!status && XXH3_64bits_digest(resume->large) != resume->journal.large_hash) status = KF_CORRUPT;
    return in_file(resume, status, VALUES, error);
}

static kf_status open_files(kfi_sorter *sorter, kf_error *error)
{
    const kfi_journal *journal = &sorter->resume->journal;
    char name[NAME_SIZE];
    kf_status status = KF_OK;
    for (unsigned i = 0; i < KFI_SPILLERS && !status; i++) {
        uint64_t size = kfi_journal_spool_size(journal, i);
        kfi_spool **spool = &sorter->spillers[i].spool;
        if (size) status = in_file(sorter->resume, open_spool(sorter, runs_name(name, i), size, spool, error), name,
                                   error);
        sorter->resume->spools[i] = *spool;
    }
    if (!status && journal->large_size)
        status = in_file(sorter->resume, open_spool(sorter, VALUES, journal->large_size, &sorter->large, error),
                         VALUES, error);
    return status;
}

/* Takes over what an earlier process left. */
static kf_status take_over(kfi_sorter *sorter, kf_error *error)
{
    kfi_resume *resume = sorter->resume;
    const kfi_journal *journal = &resume->journal;
    kf_status status = open_files(sorter, error);
    for (size_t i = 0; i < kfi_journal_count(journal) && !status; i++)
        status = take_run(sorter, kfi_journal_at(journal, i), error);
    if (!status && sorter->large) status = read_large(sorter, error);
    /* There may be fewer spillers than there were. */
    for (unsigned i = sorter->spiller_count; i < KFI_SPILLERS && !status; i++)
        if (sorter->spillers[i].spool) status = kfi_spool_finish(sorter->spillers[i].spool, error);
    if (status) return status;
    sorter->reserve = kfi_sorter_output_memory(sorter);
    sorter->buffers_spilled = journal->next_order;
    sorter->dropped = journal->dropped;
    resume->resumed = kfi_journal_pairs(journal);
    resume->now.large_size = resume->large_spilled = journal->large_size;
    return KF_OK;
}

kf_status kfi_resume_open(kfi_sorter *sorter, kf_error *error)
{
    kfi_resume *resume = sorter->resume = calloc(1, sizeof *resume);
    if (!resume) return kfi_fail_memory(error, sizeof *resume);
    resume->large = XXH3_createState();
    if (!resume->large) return kfi_fail_memory(error, sizeof *resume->large);
    XXH3_64bits_reset(resume->large);
    resume->spilled_at = resume->checked_at = kfi_seconds();
    kf_status status = kfi_folder_open(&resume->folder, sorter->options.resume_folder, error);
    if (!status) status = load_journal(sorter, error);
    if (!status) status = take_over(sorter, error);
    resume->journal.duplicates = (uint32_t)sorter->options.duplicates;
    for (unsigned i = 0; i < sorter->spiller_count; i++) sorter->spillers[i].writer.hashed = 1;
    return status;
}

static void free_resume(kfi_resume *resume)
{
    XXH3_freeState(resume->large);
    kfi_journal_free(&resume->journal);
    kfi_array_free(&resume->pending);
    free(resume);
}

void kfi_resume_close(kfi_sorter *sorter)
{
    if (!sorter->resume) return;
    if (sorter->resume->done) kfi_folder_end(&sorter->resume->folder);
    else kfi_folder_close(&sorter->resume->folder);
    free_resume(sorter->resume);
    sorter->resume = NULL;
}

uint64_t kfi_sorter_resumed(const kfi_sorter *sorter)
{
    return sorter->resume ? sorter->resume->resumed : 0;
}

void kfi_sorter_done(kfi_sorter *sorter)
{
    char name[NAME_SIZE];
    if (!sorter->resume) return;
    kfi_folder *folder = sorter->resume->folder;
    /* Without the journal, the rest is nothing to go on with. */
    kfi_folder_remove(folder, JOURNAL);
    kfi_folder_remove(folder, JOURNAL ".new");
    for (unsigned i = 0; i < KFI_SPILLERS; i++) kfi_folder_remove(folder, runs_name(name, i));
    kfi_folder_remove(folder, VALUES);
    sorter->resume->done = 1;
}
