/* How much of a whole build is done, and how long the rest will take; or of verifying, which has one phase.
 *
 * Phases differ in what they count, so each has a weight, its usual part of the time, and the shares of all of them
 * add up. The rest of a phase is told from the phase's own speed, phases to come from what everything before took
 * by their weights. */
#ifndef TOOL_OUTPUT_ESTIMATE_H
#define TOOL_OUTPUT_ESTIMATE_H

#include <keyfold/progress.h>

#define ESTIMATE_PHASES 7
#define ESTIMATE_UNKNOWN (-1.0)

typedef struct kft_estimate {
    const double *weights;
    kf_phase phase;
    int blind;              /* nobody knows how much there is to read */
    double since, from;     /* where the clock and the share stood when both began to tell something */
    double phase_since;     /* when the phase began */
    double phase_from;      /* the share then, */
    double phase_to;        /* and once it is over */
    double share;           /* done, 0 to 1 */
    double finish;          /* when all will be done; ESTIMATE_UNKNOWN */
    double part;            /* told last */
    double updated;
} kft_estimate;

/* What is known of a build; it may be told again until the first phase after reading. */
typedef struct kft_estimate_build {
    int has_values;
    int is_names;           /* it is an index of names */
    double at_once;         /* the part of the keys that is built at once, when they are divided into shards,
                               all of whose work is KF_PHASE_MINIMISE; else 0 */
} kft_estimate_build;

void estimate_start(kft_estimate *estimate, double now);

/* `part` of the phase is done, 0 to 1, or ESTIMATE_UNKNOWN. */
void estimate_update(kft_estimate *estimate, const kft_estimate_build *build, kf_phase phase, double part, double now);

/* Both may be ESTIMATE_UNKNOWN. The share never becomes less. */
double estimate_share(const kft_estimate *estimate);
double estimate_seconds_left(const kft_estimate *estimate, double now);

#endif
