/* client_address.h - where a request comes from, seen past the proxies that we trust.
 *
 * X-Forwarded-For is what anybody likes to write in it, but for the entries that our own proxies
 * have added at its end. So it is read from its end, and only as long as the one who wrote the
 * entry is trusted.
 *
 * Shape:  at most CLIENT_HOPS_MAX entries are looked at. An entry that is no address ends the
 *         walk: the client is then the trusted proxy that wrote it.
 * Thread: the exchange's loop.
 */
#pragma once

#include "base/address.h"
#include "http/exchange.h"

enum { CLIENT_HOPS_MAX = 16 }; /* Trusted proxies one behind the other: two or three. */

/* The last hop that is not trusted; all zero if the peer has no address. */
struct address client_address_of(const struct address_ranges *proxies,
                                 const struct exchange *exchange);
