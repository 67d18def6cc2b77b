/* return_url.h - may a payment page send the customer there?
 *
 * Judged by one strict parser, liburiparser, on the very text that is kept and handed on; a
 * host must be listed exactly. The server itself never fetches it.
 *
 * Thread: any.
 * Source: RFC 3986; docs/http-api.md, "Payments".
 */
#pragma once

#include "base/slice.h"

struct return_url_rules {
    const struct slice *hosts; /* `shop.example`, or `shop.example:8443` for another port. */
    size_t host_count;
    struct slice default_url; /* Its host is allowed too; empty: none. */
};

/* https, at most URL_SIZE_MAX bytes of ASCII, no user, a listed host? */
bool return_url_allowed(const struct return_url_rules *rules, struct slice url);
