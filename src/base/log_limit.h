/* log_limit.h - keeps strangers from filling the disk with log lines.
 *
 * What anybody can provoke is written a few times in LOG_LIMIT_WINDOW_MS and then counted, so
 * that the next line says how many were left out.
 *
 * Thread: one owner.
 */
#pragma once

#include "base/log.h"

enum {
    LOG_LIMIT_WINDOW_MS = 10000,
    LOG_LIMIT_FAILURES_MAX = 5, /* A full disk fails every batch, and the log may be on it. */
};

struct log_limit {
    int64_t window; /* Of the last line. */
    uint32_t written;
    uint64_t left_out;
};

/* May a line be written now? At most `lines_max` in a window. If so, `ret_left_out` says how
 * many were not since the last one. */
bool log_limit_pass(struct log_limit *limit, uint32_t lines_max, int64_t now_ms,
                    uint64_t *ret_left_out);

/* The field that says so; no field if none was left out. */
struct log_field log_limit_field(uint64_t left_out);
