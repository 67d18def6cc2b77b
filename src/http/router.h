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

/* The pattern of a route, by the number that exchange_notes carries; `none` for 0. */
struct slice router_pattern(uint32_t route);

/* How many numbers there are. */
uint32_t router_route_count(void);

/* `GET` stands for HEAD too; `OTHER` for what no route takes. */
struct slice router_method_name(enum http_method method);
