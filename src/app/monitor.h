/* monitor.h - keeps an instance in step with a database that others change too.
 *
 * One thread asks on a timer: which watched seat maps have moved (every 500 ms), what is due and
 * nobody has ended, which money nobody has decided (every second), whether the clocks agree and
 * how much waits (every ten). What it finds becomes a command to the showtime's writer, as from any
 * client.
 *
 * Shape:  at most MONITOR_COMMANDS_MAX commands under way; what is left out comes next time.
 * Thread: monitor_changed and the questions from any; the rest the main thread.
 */
#pragma once

#include "engine/writers.h"
#include "http/live.h"
#include "ports/storage.h"
#include "store/mongo/mongo_connection.h"

enum {
    MONITOR_COMMANDS_MAX = 512,
    MONITOR_ROUND_MS = 500,
    MONITOR_SWEEP_MS = 1000,
    MONITOR_CLOCK_MS = 10000,
    MONITOR_COUNT_MS = 10000,
    /* Behind what its own instance ends on time: others step in only for one that is gone. */
    MONITOR_DUE_AFTER_MS = 1000,
};

struct monitor;

struct monitor_options {
    struct mongo_connection *connection;
    const struct writers *writers;
    struct feed *feed;
    uint32_t loop; /* Whose outbox gets the answers. */
};

/* NULL, and the reason is logged, without memory or a client. */
struct monitor *monitor_open(const struct monitor_options *options);
void monitor_close(struct monitor *monitor); /* Accepts NULL. */

/* Starts the thread. `live` is borrowed. */
MUST_USE bool monitor_start(struct monitor *monitor, struct live *live);
void monitor_stop(struct monitor *monitor);

/* There are answers for the monitor. */
void monitor_wake(struct monitor *monitor);

/* Somebody says that a showtime has that version; forgotten if it is not news. */
void monitor_changed(struct monitor *monitor, struct id showtime, uint64_t version);

/* Did the database answer the last time, and do the clocks agree? */
bool monitor_reachable(const struct monitor *monitor);
bool monitor_well(const struct monitor *monitor);

/* How far the database's clock is ahead of ours, and is that near enough? False if it was never
 * asked. */
bool monitor_clock(const struct monitor *monitor, int64_t *ret_offset_ms, bool *ret_well);

/* What waits, as of the last count; ERROR_STORE_UNAVAILABLE if that is too long ago. */
MUST_USE enum error monitor_counts(struct monitor *monitor, struct storage_counts *ret_counts);
