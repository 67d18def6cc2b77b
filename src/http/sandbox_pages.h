/* sandbox_pages.h - /sandbox/:provider/pay/:transaction, where a demo's customers pay.
 *
 * The page of the pretended gateway: it shows what is to be paid and lets a person or a script
 * say how the payment ends. What they say reaches usher as a webhook, like a real gateway's.
 * Without --demo there is no such page.
 *
 * Thread: the loop's.
 */
#pragma once

#include "http/desk.h"

/* GET: the page. `provider` and `transaction` are parts of the path, as sent. */
void sandbox_pages_show(struct desk *desk, struct exchange *exchange, struct slice provider,
                        struct slice transaction, int64_t now_ms);

/* POST of a form `action=pay|fail|pending`, with `amount` for another one than asked: 303 to
 * the page for a browser, 202 and JSON for others. */
void sandbox_pages_act(struct desk *desk, struct exchange *exchange, struct slice provider,
                       struct slice transaction, int64_t now_ms);
