/* observer.h - looks at every answer of a loop: counts it, and writes of it what an operator needs.
 *
 * A line per request would cost more than the request, so at `info` only those are told that
 * failed for our reasons or took long; failed logins and forged webhooks are warnings. What
 * strangers can provoke is limited, each kind by itself so that none hides another, see
 * base/log_limit.h. At `debug` all are told. The path, the
 * query, headers and bodies are never written: the route's pattern says enough.
 *
 * Thread: the loop's.
 */
#pragma once

#include "base/log_limit.h"
#include "http/meter.h"

enum {
    OBSERVER_SLOW_US = 1000000, /* Nobody waits longer without wondering. */
    OBSERVER_LINES_MAX = 20,    /* In a window, of failures and slow requests; per loop. */
    OBSERVER_INTRUDERS_MAX =
        5, /* In a window, of failed logins, and of forged webhooks; per loop. */
};

struct observer {
    struct meter *meter;
    struct log_limit failures;
    struct log_limit logins;
    struct log_limit webhooks;
};

void observer_note(struct observer *observer, const struct server_answer *answer);
