/* health.h - what the operator's probes ask.
 *
 * /health/live: the process answers. /health/ready: it can serve bookings, else 503. /health:
 * every check with its verdict; 503 if one fails.
 */
#pragma once

#include "http/desk.h"

void health_live(struct desk *desk, struct exchange *exchange, int64_t now_ms);
void health_ready(struct desk *desk, struct exchange *exchange, int64_t now_ms);
