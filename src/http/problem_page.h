/* problem_page.h - the short page behind a problem's `type`, for people.
 *
 * HTML without script or anything from elsewhere.
 *
 * Thread: the exchange's loop.
 */
#pragma once

#include "http/exchange.h"

/* Answers `GET /problems/CODE` with the code's page, `GET /problems` (an empty code) with the
 * list of all, and an unknown code with 404. */
void problem_page_reply(struct exchange *exchange, struct slice code, int64_t now_ms);

/* Appends the page of an error, or the list for ERROR_NONE. */
struct buffer;
void problem_page_append(struct buffer *buffer, enum error error);
