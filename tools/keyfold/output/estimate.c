#include "output/estimate.h"

#include <string.h>

/* The phases' usual parts of the time, rounded means of builds of sorted and shuffled keys, alone, with integers
 * and with texts, at a memory limit that made them spill and without. Single builds are far from them: reading takes
 * 0.05 to 0.45, layout 0.05 (accessions) to 0.6 (random keys), values to 0.65 (texts under zstd). */
static const double of_keys[ESTIMATE_PHASES] = { 0.27, 0.04, 0.30, 0.38, 0, 0.01, 0 };
static const double of_pairs[ESTIMATE_PHASES] = { 0.27, 0.04, 0.23, 0.25, 0.20, 0.01, 0 };
static const double of_shards[ESTIMATE_PHASES] = { 0.45, 0.05, 0.49, 0, 0, 0.01, 0 };
static const double of_names[ESTIMATE_PHASES] = { 0.40, 0.02, 0.15, 0.28, 0.14, 0.01, 0 };
static const double of_verifying[ESTIMATE_PHASES] = { 0, 0, 0, 0, 0, 0, 1 };

/* Of the work for a shard, what is done after its last key was counted: 0.15 (accessions) to 0.6 (random keys). */
#define SHARD_REST 0.4

#define TELLING_SHARE 0.005     /* what has to be done, */
#define TELLING_SECONDS 0.3     /* and how long, before a speed says anything */

void estimate_start(kft_estimate *estimate, double now)
{
    memset(estimate, 0, sizeof *estimate);
    estimate->weights = of_pairs;
    estimate->since = estimate->phase_since = estimate->updated = now;
    estimate->phase_to = estimate->weights[KF_PHASE_READ];
    estimate->finish = ESTIMATE_UNKNOWN;
}

static double sum_from(const double *weights, unsigned phase)
{
    double sum = 0;

    for (; phase < ESTIMATE_PHASES; phase++)
        sum += weights[phase];
    return sum;
}

/* The phases to come share what is left by their weights, wherever the ones before got to. */
static void enter(kft_estimate *estimate, kf_phase phase, double now)
{
    double rest = sum_from(estimate->weights, phase);

    if (1 - rest > estimate->share)
        estimate->share = 1 - rest;
    estimate->phase = phase;
    estimate->phase_since = now;
    estimate->part = ESTIMATE_UNKNOWN;
    estimate->phase_from = estimate->share;
    estimate->phase_to = rest > 0 ? estimate->share + (1 - estimate->share) * estimate->weights[phase] / rest : 1;
    if (estimate->blind) {
        /* The input may have come as slowly as somebody typed. */
        estimate->blind = 0;
        estimate->since = now;
        estimate->from = estimate->share;
    }
}

/* Seconds a whole build would take at the speed so far, or ESTIMATE_UNKNOWN. */
static double scale(double share, double seconds)
{
    return share < TELLING_SHARE || seconds < TELLING_SECONDS ? ESTIMATE_UNKNOWN : seconds / share;
}

static double guess_left(const kft_estimate *estimate, double part, double now)
{
    double phase = estimate->phase_to - estimate->phase_from;
    double seconds = now - estimate->phase_since;
    double own = scale(part > 0 ? part * phase : 0, seconds);
    double before = scale(estimate->phase_from - estimate->from, estimate->phase_since - estimate->since);
    double all = scale(estimate->share - estimate->from, now - estimate->since);
    double trust = part > 0.2 ? 1 : part > 0 ? part * 5 : 0;
    double left;

    if (all < 0)
        return ESTIMATE_UNKNOWN;
    if (before < 0)
        before = all;
    if (own < 0)
        trust = 0;
    left = phase * (1 - (part > 0 ? part : 0)) * (trust * own + (1 - trust) * before);
    if (part < 0)
        left = left > seconds ? left - seconds : 0;
    return left + (1 - estimate->phase_to) * all;
}

/* The guess is smoothed as a time of day: what passes is then subtracted by itself. */
static void smooth(kft_estimate *estimate, double left, double now)
{
    double passed = now - estimate->updated, lag = left * 0.1 + 0.5;

    if (left < 0)
        return;
    estimate->updated = now;
    if (estimate->finish < 0)
        estimate->finish = now + left;
    else
        estimate->finish += (now + left - estimate->finish) * passed / (passed + lag);
}

/* What is done of shards that are built side by side, when a part of their keys was counted: the first ones are
 * counted before any is complete, and that lead stays until the last ones are completed. */
static double part_of_shards(double part, double at_once)
{
    return part - SHARD_REST * (part < at_once ? part : at_once);
}

static const double *weights_of(const kft_estimate_build *build, kf_phase phase)
{
    if (phase == KF_PHASE_VERIFY)
        return of_verifying;
    if (build->is_names)
        return of_names;
    return build->at_once > 0 ? of_shards : build->has_values ? of_pairs : of_keys;
}

void estimate_update(kft_estimate *estimate, const kft_estimate_build *build, kf_phase phase, double part, double now)
{
    double share;

    if ((unsigned)phase >= ESTIMATE_PHASES)
        return;
    if (phase > estimate->phase) {
        if (estimate->phase == KF_PHASE_READ || phase <= KF_PHASE_MINIMISE)
            estimate->weights = weights_of(build, phase);
        enter(estimate, phase, now);
    } else if (phase == KF_PHASE_READ) {
        estimate->blind = part < 0;
        estimate->weights = weights_of(build, phase);
        estimate->phase_to = estimate->weights[phase];
    }
    if (phase == KF_PHASE_MINIMISE && build->at_once > 0)
        part = part_of_shards(part, build->at_once);
    share = part > 0 ? estimate->phase_from + part * (estimate->phase_to - estimate->phase_from) : 0;
    if (share > estimate->share)
        estimate->share = share;
    /* Without news the end that was expected stands, until it is overdue. */
    if (!estimate->blind && (part != estimate->part || estimate->finish < now))
        smooth(estimate, guess_left(estimate, part, now), now);
    estimate->part = part;
}

double estimate_share(const kft_estimate *estimate)
{
    return estimate->blind ? ESTIMATE_UNKNOWN : estimate->share;
}

double estimate_seconds_left(const kft_estimate *estimate, double now)
{
    if (estimate->blind || estimate->finish < 0)
        return ESTIMATE_UNKNOWN;
    return estimate->finish > now ? estimate->finish - now : 0;
}
