/* sandbox.h - a payment gateway that plays its part in a demo.
 *
 * It reports to usher as a real one would: a signed message over HTTP, to the same webhook, from
 * outside. So a demo shows the real path of money, and nothing in the server knows that the
 * gateway is pretended.
 *
 * Thread: any, but open and close.
 */
#pragma once

#include "core/command.h"

struct sandbox;

struct sandbox_options {
    struct slice base; /* Of usher itself: `http://127.0.0.1:3000`; copied. */
    /* The webhooks' secrets, borrowed; empty: the provider is off. */
    struct slice secrets[PAYMENT_METHOD_COUNT];
};

/* What the gateway will say. */
struct sandbox_report {
    enum payment_method method;
    struct id payment;
    enum money_news news;
    int64_t amount;
};

/* NULL without memory. */
struct sandbox *sandbox_open(const struct sandbox_options *options);
void sandbox_close(struct sandbox *sandbox); /* Accepts NULL. */

/* Sends the report soon, and again until it is taken. False if the provider is off or too many
 * reports wait. */
MUST_USE bool sandbox_send(struct sandbox *sandbox, const struct sandbox_report *report,
                           int64_t now_ms);
