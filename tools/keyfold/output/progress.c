#include "output/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "output/estimate.h"
#include "output/human.h"
#include "output/message.h"
#include "system.h"

#define INTERVAL 0.1        /* seconds between two lines */
#define RATE_SECONDS 3.0    /* that a rate is about */

static struct {
    progress_mode mode;
    int line_shown;
    size_t columns;             /* of the terminal */
    double started, shown;
    uint64_t input_read, input_total, expected;
    const kft_parallel_options *parallel;
    kft_estimate_build build;
    kft_estimate estimate;
    kf_progress last;           /* what was told last */
    double rate;                /* units of the phase a second, or negative */
    double rate_at;
    uint64_t rate_done;
} state;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void wipe_line(void)
{
    if (state.line_shown)
        fputs("\r\033[K", stderr);
    state.line_shown = 0;
}

void progress_start(progress_mode mode, const kft_parallel_options *parallel)
{
    memset(&state, 0, sizeof state);
    if (mode == PROGRESS_AUTO)
        mode = isatty(STDERR_FILENO) ? PROGRESS_TEXT : PROGRESS_NONE;
    state.columns = system_columns();
    state.mode = mode;
    state.parallel = parallel;
    state.build.has_values = 1;
    state.started = state.rate_at = now();
    state.rate = -1;
    estimate_start(&state.estimate, state.started);
    message_before(wipe_line);
}

void progress_stop(void)
{
    wipe_line();
    state.mode = PROGRESS_NONE;
    message_before(NULL);
}

void progress_values(int has_values)
{
    state.build.has_values = has_values;
}

void progress_of_names(void)
{
    state.build.is_names = 1;
}

void progress_expect(uint64_t pairs)
{
    state.expected = pairs;
}

double progress_seconds(void)
{
    return now() - state.started;
}

static const char *phase_name(kf_phase phase)
{
    static const char *const names[] = { "read", "sort", "minimise", "layout", "values", "write", "verify", "match" };

    return (unsigned)phase < sizeof names / sizeof names[0] ? names[phase] : "work";
}

/* The part of the phase that is done. */
static double part_done(const kf_progress *progress)
{
    uint64_t done = progress->done, total = progress->total;

    if (progress->phase == KF_PHASE_READ || (progress->phase == KF_PHASE_MATCH && total == 0)) {
        if (state.input_total > 0) {
            done = state.input_read;
            total = state.input_total;
        } else {
            total = state.expected;
        }
    }
    if (total == 0)
        return ESTIMATE_UNKNOWN;
    return done >= total ? 1 : (double)done / (double)total;
}

static void measure_rate(const kf_progress *progress, double time)
{
    double passed = time - state.rate_at, speed;

    if (passed < INTERVAL / 2 || progress->done < state.rate_done)
        return;
    speed = (double)(progress->done - state.rate_done) / passed;
    state.rate = state.rate < 0 ? speed : state.rate + (speed - state.rate) * passed / (passed + RATE_SECONDS);
    state.rate_at = time;
    state.rate_done = progress->done;
}

/* A line of at most the terminal's width: what does not fit is left out, as a longer one could not be wiped. */
typedef struct text_line {
    char text[256];
    size_t size;
} text_line;

static void __attribute__((format(printf, 2, 3))) put(text_line *line, const char *format, ...)
{
    char piece[96];
    size_t room = state.columns > 0 && state.columns < sizeof line->text ? state.columns : sizeof line->text;
    va_list values;
    int size;

    va_start(values, format);
    size = vsnprintf(piece, sizeof piece, format, values);
    va_end(values);
    if (size <= 0 || (size_t)size >= sizeof piece || line->size + (size_t)size >= room)
        return;
    memcpy(line->text + line->size, piece, (size_t)size + 1);
    line->size += (size_t)size;
}

static void show_text(const kf_progress *progress, double time)
{
    static const char *const of_pairs[] = { "pairs", "pairs", "keys", "states", "values", NULL, NULL, "names" };
    static const char *const of_names[] = { "names", "names", "tokens", "names", "tokens", NULL, NULL, "names" };
    const char *const *units = state.build.is_names ? of_names : of_pairs;
    double share = estimate_share(&state.estimate), left = estimate_seconds_left(&state.estimate, time);
    int in_bytes = (unsigned)progress->phase >= sizeof of_pairs / sizeof of_pairs[0] || units[progress->phase] == NULL;
    text_line line = { .size = 0 };
    human_text text;

    put(&line, "%-8s", phase_name(progress->phase));
    if (share >= 0)
        put(&line, " %3.0f %%", share * 100);
    put(&line, "  %s", human_seconds(text, time - state.started));
    if (left >= 0)
        put(&line, ", %s left", human_seconds(text, left));
    if (in_bytes)
        put(&line, "  %s", progress->done > 0 ? human_size(text, progress->done) : "");
    else
        put(&line, "  %s %s", human_count(text, progress->done), units[progress->phase]);
    if (state.rate >= 0 && progress->phase == KF_PHASE_VERIFY)
        put(&line, "  %s/s", human_size(text, (uint64_t)state.rate));
    else if (state.rate >= 0 && !in_bytes)
        put(&line, state.rate < 1e5 ? "  %.0f/s" : "  %.2f M/s", state.rate < 1e5 ? state.rate : state.rate / 1e6);
    if (progress->temporary_bytes > 0)
        put(&line, "  disk %s", human_size(text, progress->temporary_bytes));
    if (progress->file_bytes > 0)
        put(&line, "  result %s", human_size(text, progress->file_bytes));
    wipe_line();
    fputs(line.text, stderr);
    fflush(stderr);
    state.line_shown = 1;
}

static void json_number(const char *name, int known, uint64_t number)
{
    if (known)
        fprintf(stderr, ",\"%s\":%" PRIu64, name, number);
    else
        fprintf(stderr, ",\"%s\":null", name);
}

static void json_real(const char *name, int digits, double number)
{
    if (number >= 0)
        fprintf(stderr, ",\"%s\":%.*f", name, digits, number);
    else
        fprintf(stderr, ",\"%s\":null", name);
}

static void show_json(const kf_progress *progress, double share, double left, double time)
{
    uint64_t total = progress->phase == KF_PHASE_READ ? state.expected : progress->total;

    fprintf(stderr, "{\"phase\":\"%s\",\"done\":%" PRIu64, phase_name(progress->phase), progress->done);
    json_number("total", total > 0, total);
    json_real("share", 4, share);
    json_real("rate", 0, state.rate);
    json_real("seconds", 3, time - state.started);
    json_real("eta_seconds", 1, left);
    json_number("bytes_on_disk", 1, progress->temporary_bytes);
    json_number("projected_bytes", progress->file_bytes > 0, progress->file_bytes);
    json_number("input_bytes", 1, state.input_read);
    json_number("input_total", state.input_total > 0, state.input_total);
    fputs("}\n", stderr);
}

/* How many pairs there will be; while they are read, if they go on as they began. */
static uint64_t pairs_in_all(const kf_progress *progress)
{
    if (progress->phase != KF_PHASE_READ)
        return progress->total;
    if (state.input_total == 0 || state.input_read == 0)
        return state.expected;
    return (uint64_t)((double)progress->done * ((double)state.input_total / (double)state.input_read));
}

static void show(const kf_progress *progress)
{
    double time;
    int is_new = progress->phase != state.last.phase;

    state.last = *progress;
    if (state.mode == PROGRESS_NONE)
        return;
    time = now();
    if (is_new) {
        state.rate = -1;
        state.rate_at = time;
        state.rate_done = progress->done;
    } else if (time - state.shown < INTERVAL) {
        return;
    }
    if (progress->phase <= KF_PHASE_MINIMISE && !state.build.is_names)
        state.build.at_once = parallel_at_once(state.parallel, pairs_in_all(progress));
    measure_rate(progress, time);
    estimate_update(&state.estimate, &state.build, progress->phase, part_done(progress), time);
    state.shown = time;
    if (state.mode == PROGRESS_JSON)
        show_json(progress, estimate_share(&state.estimate), estimate_seconds_left(&state.estimate, time), time);
    else
        show_text(progress, time);
}

void progress_input(uint64_t bytes_read, uint64_t bytes_total, uint64_t pairs)
{
    kf_progress progress = state.last;

    state.input_read = bytes_read;
    state.input_total = bytes_total;
    if (progress.phase != KF_PHASE_READ || state.mode == PROGRESS_NONE)
        return;
    progress.done = pairs;
    show(&progress);
}

void progress_needles(const kft_stream *needles, uint64_t answered)
{
    /* What lies in the window is still to be looked for; where it was packed, nobody knows how much that is. */
    size_t waiting = needles->decoder == NULL ? needles->end - needles->begin : 0;

    state.input_read = needles->bytes_read > waiting ? needles->bytes_read - waiting : 0;
    state.input_total = needles->bytes_total;
    show(&(kf_progress){ .phase = KF_PHASE_MATCH, .done = answered });
}

int progress_report(void *context, const kf_progress *progress)
{
    (void)context;
    if (interrupt_signal() != 0)
        return 1;
    show(progress);
    return 0;
}

void progress_done(uint64_t file_bytes)
{
    kf_progress last = state.last;

    if (state.mode != PROGRESS_JSON)
        return;
    if (last.phase >= KF_PHASE_VERIFY) {
        last.done = last.total > 0 ? last.total : last.done;
    } else {
        last.phase = KF_PHASE_WRITE;
        last.done = last.total = last.file_bytes = file_bytes;
    }
    last.temporary_bytes = 0;
    state.rate = -1;
    show_json(&last, 1, 0, now());
}
