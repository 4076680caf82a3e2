/* Sorting that can be resumed: what is sorted, and what comes of it. Include after feed.h and fault.h. */
#ifndef TESTS_SUPPORT_RESUME_H
#define TESTS_SUPPORT_RESUME_H

#include "write/sort/sorter.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define SURE(condition, ...) do { if (!(condition)) ck_abort_msg(__VA_ARGS__); } while (0)

enum { SMALL = 48 << 10, KILLED = -1 };

typedef struct plan {
    feed input;
    kf_duplicates duplicates;
    unsigned threads;
    uint64_t memory;
    const char *folder;        /* to resume from, a name in the scratch folder; NULL */
    uint64_t give;             /* so many pairs, then destroy; 0: all, then finish */
    int ranges;                /* sealed and scanned by ranges instead of finished */
} plan;

typedef struct outcome {
    int status;
    uint64_t hash, keys, dropped, resumed;
    kf_error error;
} outcome;

static inline kf_status take(void *context, kf_bytes key, kf_bytes value, kf_error *error)
{
    outcome *out = context;
    (void)error;
    out->hash = XXH3_64bits_withSeed(key.data, key.size, out->hash);
    out->hash = XXH3_64bits_withSeed(value.data, value.size, out->hash);
    out->keys++;
    return KF_OK;
}

static inline kf_status give_pairs(const plan *p, kfi_sorter *sorter, kf_error *error)
{
    uint8_t key[FEED_KEY], number[8], *room = malloc(FEED_VALUE);
    uint64_t count = p->give ? p->give : p->input.pairs;
    kf_status status = room ? KF_OK : KF_NO_MEMORY;
    for (uint64_t i = 0; i < count && !status; i++) {
        kf_bytes value = { NULL, 0 };
        if (p->input.type == KF_VALUES_BYTES) value = feed_value(&p->input, i, room);
        if (p->input.type == KF_VALUES_U64) {
            uint64_t n = feed_number(&p->input, i);
            memcpy(number, &n, 8);
            value = (kf_bytes){ number, 8 };
        }
        status = kfi_sorter_add(sorter, feed_key(&p->input, i, key), value, error);
    }
    free(room);
    return status;
}

static inline kf_status scan_ranges(kfi_sorter *sorter, outcome *out, kf_error *error)
{
    kf_bytes dividers[3];
    kf_status status = kfi_sorter_seal(sorter, 2, error);
    if (status) return status;
    size_t count = kfi_key_sample_divide(kfi_sorter_sample(sorter), 4, dividers);
    for (size_t i = 0; i <= count && !status; i++) {
        kfi_key_range range = { .has_to = i < count };
        if (i) range.from = dividers[i - 1];
        if (i < count) range.to = dividers[i];
        status = kfi_sorter_scan(sorter, &range, take, out, error);
    }
    return status;
}

static inline void carry_out(const plan *p, outcome *out)
{
    kfi_sorter *sorter = NULL;
    kfi_disk_account account = { 0, 0 };
    char folder[600];
    snprintf(folder, sizeof folder, "%s/%s", scratch, p->folder ? p->folder : "");
    kfi_sort_options options = { p->memory, scratch, p->duplicates, p->input.type, &account, p->threads,
                                 p->folder ? folder : NULL, p->input.type, 0 };
    *out = (outcome){ .status = KF_OK };
    kf_status status = kfi_sorter_create(&sorter, &options, &out->error);
    if (!status) {
        out->resumed = kfi_sorter_resumed(sorter);
        status = give_pairs(p, sorter, &out->error);
    }
    if (!status && !p->give)
        status = p->ranges ? scan_ranges(sorter, out, &out->error)
                           : kfi_sorter_finish(sorter, take, out, &out->error);
    if (!status && !p->give) {
        out->dropped = kfi_sorter_dropped(sorter);
        kfi_sorter_done(sorter);
    }
    kfi_sorter_destroy(&sorter);
    out->status = (int)status;
}

/* In a process of its own that dies before its n-th system call; 0: never. */
static inline outcome carry_out_apart(const plan *p, uint64_t n)
{
    int result;
    outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    SURE(shared != MAP_FAILED, "mmap");
    fflush(stdout);
    pid_t child = fork();
    SURE(child >= 0, "fork");
    if (child == 0) {
        if (n) fault_arm(FAULT_IO | FAULT_NAMES, n, 0, FAULT_KILL);
        carry_out(p, shared);
        _exit(0);
    }
    SURE(waitpid(child, &result, 0) == child, "waitpid");
    outcome out = *shared;
    munmap(shared, sizeof *shared);
    SURE(WIFEXITED(result) || WTERMSIG(result) == SIGKILL, "signal %d", WTERMSIG(result));
    if (WIFSIGNALED(result)) out.status = KILLED;
    else SURE(WEXITSTATUS(result) == 0, "exit %d", WEXITSTATUS(result));
    return out;
}

/* ---- the cases ---------------------------------------------------------------------------------- */

static const struct {
    kf_value_type type;
    kf_duplicates duplicates;
    feed_order order;
    uint64_t large_every;
} cases[] = {
    { KF_VALUES_NONE, KF_DUPLICATES_FIRST, FEED_MIXED, 0 },
    { KF_VALUES_NONE, KF_DUPLICATES_LAST, FEED_ASCENDING, 0 },
    { KF_VALUES_U64, KF_DUPLICATES_SUM, FEED_MIXED, 0 },
    { KF_VALUES_U64, KF_DUPLICATES_MIN, FEED_WAVES, 0 },
    { KF_VALUES_U64, KF_DUPLICATES_MAX, FEED_ASCENDING, 0 },
    { KF_VALUES_BYTES, KF_DUPLICATES_LAST, FEED_WAVES, 0 },
    { KF_VALUES_BYTES, KF_DUPLICATES_FIRST, FEED_MIXED, 60 },
    { KF_VALUES_BYTES, KF_DUPLICATES_LAST, FEED_MIXED, 5 },
    { KF_VALUES_BYTES, KF_DUPLICATES_FIRST, FEED_ASCENDING, 9 },
};
enum { CASES = sizeof cases / sizeof *cases };

static inline plan make_plan(unsigned number)
{
    unsigned i = number % CASES;
    plan p = { .duplicates = cases[i].duplicates, .threads = number / CASES % 2 ? 3 : 1, .memory = SMALL,
               .ranges = (int)(number / CASES / 2 + number) % 2 };
    p.input = (feed){ .pairs = 6000, .seed = number + 1, .keys = 4000, .order = cases[i].order, .type = cases[i].type,
                      .large_every = cases[i].large_every, .large_size = 1500 };
    return p;
}

static inline outcome undisturbed(plan p)
{
    outcome out;
    p.folder = NULL;
    carry_out(&p, &out);
    SURE(out.status == KF_OK && out.keys > p.input.keys / 5, "undisturbed: %d %s", out.status, out.error.message);
    return out;
}

static inline void same(const outcome *got, const outcome *want, const char *when)
{
    SURE(got->status == KF_OK, "%s: %d %s", when, got->status, got->error.message);
    SURE(got->hash == want->hash && got->keys == want->keys, "%s: other pairs", when);
    SURE(got->dropped == want->dropped, "%s: %llu dropped, not %llu", when, (unsigned long long)got->dropped,
         (unsigned long long)want->dropped);
    /* What was killed just when it had made the folder, or removed its last file, can leave the folder. */
    SURE(!feed_exists("resume") || rmdir(scratch_path("resume")) == 0, "%s: something is left in the folder", when);
}

/* Leaves a folder behind that covers some of the plan's pairs; how many. */
static inline uint64_t leave(plan p, uint64_t give)
{
    outcome got;
    feed_remove("resume");
    p.folder = "resume";
    p.give = give;
    carry_out(&p, &got);
    SURE(got.status == KF_OK, "leaving: %d %s", got.status, got.error.message);
    p.give = 1;
    carry_out(&p, &got);
    SURE(got.status == KF_OK && got.resumed <= give, "looking: %d %s", got.status, got.error.message);
    return got.resumed;
}

static inline void refused(const outcome *got, kf_status status, const char *text, const char *when)
{
    SURE(got->status == (int)status, "%s: status %d, %s", when, got->status, got->error.message);
    SURE(strstr(got->error.message, text), "%s: %s", when, got->error.message);
    SURE(strstr(got->error.message, "remove that folder"), "%s: %s", when, got->error.message);
}

/* For main. */
static inline void resume_prepare(void) { fault_skip_sync(1); }

#endif
