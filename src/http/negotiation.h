/* negotiation.h - what a request's headers say about the form of the answer.
 *
 * Browsers, proxies and curl ask differently for the same thing; these read the lists with
 * weights and tags that they send, leniently: what cannot be read counts as not said.
 *
 * Shape:  lists are looked at up to NEGOTIATION_ENTRIES_MAX entries.
 * Thread: any.
 * Source: RFC 9110, sections 8.8.3, 12.4.2, 12.5.1, 12.5.3 and 13.1.2.
 */
#pragma once

#include "base/slice.h"

enum { NEGOTIATION_ENTRIES_MAX = 32 }; /* Browsers send about eight. */

/* Does an Accept-Encoding want gzip rather than nothing? */
bool negotiation_takes_gzip(struct slice accept_encoding);

/* Does an Accept name text/html? Wildcards do not count: curl sends one and wants JSON. */
bool negotiation_takes_html(struct slice accept);

/* Does an If-None-Match have this entity tag, quotes included, compared weakly? */
bool negotiation_has_tag(struct slice if_none_match, struct slice tag);
