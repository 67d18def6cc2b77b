/* router_desk.h - a desk with everything behind it, for requests that a fuzzer makes.
 *
 * Commands are decided by the real core over the store in memory, and undone afterwards: every
 * request meets the same world, in which `an` holds A1 and B1, `binh` has bought A2 and B2, and
 * `chi` pays for A4. The catalogue is one movie, one cinema and two showtimes.
 *
 * Thread: one.
 */
#pragma once

#include "http/desk.h"

/* Made at the first call. */
struct desk *router_desk(void);

/* A token of that role, good for ever. */
struct slice router_desk_token(enum role role);
