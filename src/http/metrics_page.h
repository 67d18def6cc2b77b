/* metrics_page.h - all that is counted, as Prometheus reads it.
 *
 * Thread: one at a time: it counts in the store.
 * Source: docs/monitoring.md lists the metrics.
 */
#pragma once

#include "base/buffer.h"
#include "http/desk.h"

enum { METRICS_PAGE_SIZE_MAX = 1 << 20 }; /* Every series that there can be fits. */

struct metrics_page {
    const struct house *house;
    const uint64_t *connections; /* [house->loop_count], open at this moment. */
    uint64_t listeners;          /* Those of them that hear live seat maps. */
    int64_t now_ms;
};

/* Writes the page; `buffer` has METRICS_PAGE_SIZE_MAX. */
void metrics_page_write(const struct metrics_page *page, struct buffer *buffer);
