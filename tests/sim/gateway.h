/* gateway.h - the payment providers: money comes in time, late, twice, wrong, or never.
 *
 * For each payment it draws what will happen, and then tells usher, again and again until it
 * hears a definite answer, as providers do; sometimes once more.
 *
 * Shape:  up to GATEWAY_MESSAGES_MAX messages in a run.
 */
#pragma once

#include "sim/clients.h"

enum { GATEWAY_MESSAGES_MAX = 8192 };

struct message {
    uint32_t payment; /* Of the model. */
    enum money_news news;
    int64_t amount;
    bool other_currency;
    bool foreign; /* Under another provider, or of no payment. */
    bool in_flight;
    bool done;
    int64_t due_ms;
};

struct gateway {
    struct clients *clients;
    uint32_t planned; /* Payments whose future is drawn. */
    uint32_t message_count;
    uint32_t open_count;
    struct message *messages; /* [GATEWAY_MESSAGES_MAX] */
    uint8_t *told;            /* [MODEL_PAYMENTS_MAX] Usher has taken note of its money. */
};

void gateway_open(struct gateway *gateway, struct clients *clients);

/* Draws the future of new payments, and delivers what is due; all of it if `hurry`. Gives how
 * many messages are still to be delivered. */
uint32_t gateway_act(struct gateway *gateway, bool hurry);

/* A delivery came back. */
void gateway_told(struct gateway *gateway, int32_t message, bool heard);

/* Every payment whose money usher took note of is kept or goes back. */
void gateway_check(const struct gateway *gateway);
