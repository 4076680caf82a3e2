#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "human.h"
#include "interrupt.h"
#include "message.h"

#define INTERVAL 0.1   /* seconds between two lines */

static struct {
    progress_mode mode;
    int line_shown;
    double started, phase_started, last_shown;
    kf_phase phase;
    uint64_t input_read, input_total;
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

void progress_start(progress_mode mode)
{
    memset(&state, 0, sizeof state);
    if (mode == PROGRESS_AUTO)
        mode = isatty(STDERR_FILENO) ? PROGRESS_TEXT : PROGRESS_NONE;
    state.mode = mode;
    state.started = state.phase_started = now();
    message_before(wipe_line);
}

void progress_stop(void)
{
    wipe_line();
    state.mode = PROGRESS_NONE;
    message_before(NULL);
}

void progress_input(uint64_t bytes_read, uint64_t bytes_total)
{
    state.input_read = bytes_read;
    state.input_total = bytes_total;
}

double progress_seconds(void)
{
    return now() - state.started;
}

static const char *phase_name(kf_phase phase)
{
    static const char *const names[] = { "read", "sort", "minimise", "layout", "values", "write" };

    return (unsigned)phase < sizeof names / sizeof names[0] ? names[phase] : "work";
}

/* The part of the phase that is done, 0 to 1, or a negative number. */
static double share(const kf_progress *progress)
{
    uint64_t done = progress->done, total = progress->total;

    if (progress->phase == KF_PHASE_READ) {
        done = state.input_read;
        total = state.input_total;
    }
    if (total == 0)
        return -1;
    return done >= total ? 1 : (double)done / (double)total;
}

static void show_text(const kf_progress *progress, double time)
{
    static const char *const units[] = { "pairs", "pairs", "keys", "states", "values", "bytes" };
    double part = share(progress), seconds = time - state.phase_started;
    human_text count, temporary, left;
    int bytes = progress->phase == KF_PHASE_WRITE;
    unsigned phase = (unsigned)progress->phase <= 5 ? (unsigned)progress->phase : 5;

    wipe_line();
    fprintf(stderr, "%-9s", phase_name(progress->phase));
    if (bytes)
        fprintf(stderr, "%s", human_size(count, progress->done));
    else
        fprintf(stderr, "%s %s", human_count(count, progress->done), units[phase]);
    if (seconds > 0.5 && !bytes)
        fprintf(stderr, "  %.2f M/s", (double)progress->done / seconds / 1e6);
    if (part >= 0)
        fprintf(stderr, "  %.0f %%", part * 100);
    if (part > 0.01 && seconds > 1)
        fprintf(stderr, "  %s left", human_seconds(left, seconds / part * (1 - part)));
    if (progress->temporary_bytes > 0)
        fprintf(stderr, "  temporary %s", human_size(temporary, progress->temporary_bytes));
    fflush(stderr);
    state.line_shown = 1;
}

static void show_json(const kf_progress *progress, double time)
{
    fprintf(stderr,
            "{\"phase\":\"%s\",\"done\":%" PRIu64 ",\"total\":%" PRIu64 ",\"input_bytes\":%" PRIu64
            ",\"input_total\":%" PRIu64 ",\"temporary_bytes\":%" PRIu64 ",\"seconds\":%.3f}\n",
            phase_name(progress->phase), progress->done, progress->total, state.input_read,
            state.input_total, progress->temporary_bytes, time - state.started);
}

int progress_report(void *context, const kf_progress *progress)
{
    double time;

    if (interrupt_signal() != 0)
        return 1;
    if (state.mode == PROGRESS_NONE)
        return 0;
    time = now();
    if (progress->phase != state.phase) {
        state.phase = progress->phase;
        state.phase_started = time;
    } else if (time - state.last_shown < INTERVAL) {
        return 0;
    }
    state.last_shown = time;
    if (state.mode == PROGRESS_JSON)
        show_json(progress, time);
    else
        show_text(progress, time);
    return 0;
}
