/* probe.h - runs days in a child process, so that a broken CHECK ends the child alone.
 *
 * The child works through a span of seeds and stops at the first one that fails; the parent
 * learns which it was, how it ended, and may try it in other ways.
 *
 * Thread: one child at a time.
 */
#pragma once

#include "sim/play.h"

enum { PROBE_REPEAT_EVERY = 25 }; /* Seeds between those that are run twice. */

enum probe_end {
    PROBE_HELD,
    PROBE_BROKEN, /* The auditor found a broken rule. */
    PROBE_DIED,   /* A CHECK or a sanitizer ended the process. */
};

/* How the last day of a span ended. */
struct probe_result {
    enum probe_end end;
    const char *rule; /* That is broken; of use for comparison. */
    uint64_t seed;
    uint64_t step;
    uint64_t held; /* Days that ended well. */
    uint64_t digest;
    char fault[MODEL_FAULT_SIZE_MAX];
};

struct probe_span {
    struct play first;
    uint64_t count;   /* Seeds, from the first play's on. */
    int64_t until_us; /* Of the steady clock: no day begins after it; 0: any. */
    bool silent;      /* Nobody reads what the child says. */
};

/* Runs the span to its end, or to the first day that fails. */
struct probe_result probe_run(const struct probe_span *span);

/* Do both tell of the same mistake? */
bool probe_same(const struct probe_result *left, const struct probe_result *right);
