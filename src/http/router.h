/* router.h - which handler a request goes to, and who may come in.
 *
 * Checks in the contract's order: route, method, authentication, rate limit. What a handler then
 * gets is a request that it may decide on.
 *
 * Thread: the loop's.
 */
#pragma once

#include "http/desk.h"

/* Answers the exchange, now or later. */
void router_handle(struct desk *desk, struct exchange *exchange);
