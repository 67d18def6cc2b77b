/* plain_page.h - the beginning and the headers of the small pages for people.
 *
 * The style stands in the page, and its digest in the policy, so that nothing else can be loaded
 * or run. Both are made from api/plain.css when usher is built.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"
#include "http/exchange.h"

/* Appends a page's head and heading; `title` is HTML. The page goes on in its body. */
void plain_page_begin(struct buffer *page, struct slice title);

/* Appends the end and answers 200 with the whole. */
void plain_page_reply(struct exchange *exchange, struct buffer *page);
