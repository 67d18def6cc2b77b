/* sandbox_view.h - the pretended gateway's payment page, as HTML.
 *
 * One page without scripts that works on a phone, by keyboard and with a screen reader: what is
 * to be paid, how long, two buttons, and then what became of it.
 *
 * Shape:  at most SANDBOX_VIEW_SIZE_MAX bytes.
 * Units:  *_ms are UTC milliseconds; 0 means "not set".
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"
#include "core/payment.h"

enum { SANDBOX_VIEW_SIZE_MAX = 16 * 1024 };

struct sandbox_view {
    const struct payment *payment;
    const struct booking *booking;
    int64_t now_ms;
    int64_t sent_at_ms; /* When a button was pressed. */
    struct slice nonce; /* Of the style, as in the Content-Security-Policy. */
};

void sandbox_view_append(struct buffer *buffer, const struct sandbox_view *view);
