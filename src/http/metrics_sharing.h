/* metrics_sharing.h - the part of the metrics that only an instance of several has.
 *
 * A part of metrics_page.h.
 */
#pragma once

#include "base/buffer.h"
#include "engine/engine.h"
#include "ports/sharing.h"

/* What the store and its lock have counted, and the engine about them. */
void metrics_sharing_write(const struct sharing_counts *counts, const struct engine_counts *engine,
                           struct buffer *buffer);
