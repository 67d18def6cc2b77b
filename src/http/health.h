/* health.h - what the operator's probes ask, and the truth about it.
 *
 * /health/live: the process answers. /health/ready: it can serve bookings, else 503: its store
 * can be read and is where the next start will look for it, the writer works, and the end has
 * not begun; over a shared store it tells how the database, the clock and Redis are. /health: all
 * that, whether the disk has room and the last batch was committed, and the numbers behind the
 * verdicts; 503 if one fails.
 *
 * A full disk is no reason for /health/ready: reads go on, and behind a balancer that believes
 * it, no later commit could prove that all is well again.
 *
 * Thread: the loop's.
 */
#pragma once

#include "http/desk.h"

enum {
    HEALTH_WRITER_PATIENCE_US = 5000000, /* The deadline of an answer: later is not ready. */
    HEALTH_DISK_FREE_MIN = 1 << 20,      /* A batch writes less; with it gone, none is safe. */
};

void health_all(struct desk *desk, struct exchange *exchange, int64_t now_ms);
void health_live(struct desk *desk, struct exchange *exchange, int64_t now_ms);
void health_ready(struct desk *desk, struct exchange *exchange, int64_t now_ms);
