/* command.h - what a client, a gateway or a timer asks of a showtime, and the answer.
 *
 * A command waits in its showtime's queue, is decided in a turn, and is answered after the
 * turn's commit. Whoever made it owns it and may touch it again once it is answered.
 *
 * Units:  *_ms are UTC milliseconds; money is VND.
 */
#pragma once

#include "base/error.h"
#include "core/idempotency.h"
#include "core/payment.h"
#include "core/staff_order.h"

enum command_kind {
    COMMAND_HOLD,    /* claim, seats */
    COMMAND_CONFIRM, /* claim, booking, method, gateway, return_url */
    COMMAND_PAY,     /* the same */
    COMMAND_CANCEL,  /* claim.user, booking */
    COMMAND_MONEY,   /* payment, method, news, amount, currency, paid_at_ms */
    COMMAND_END,     /* booking; made by the engine */
    COMMAND_LOOK,    /* seen_version: brings the showtime into memory, not older than that. */
    /* Of the staff; all with claim.user and order. */
    COMMAND_BLOCK,           /* order.seats, .text */
    COMMAND_RELEASE,         /* order.block */
    COMMAND_REFUND,          /* claim, payment, order.text */
    COMMAND_REFUND_DONE,     /* payment, order.text */
    COMMAND_CANCEL_SHOWTIME, /* order.text */
    COMMAND_EDIT, /* edit; not decided in a turn, but handed to the store between turns. */
    COMMAND_NEWS, /* seen_version; not decided: the engine forgets a map that is older. */
};

struct catalogue_edit;

enum money_news { MONEY_PAID, MONEY_FAILED, MONEY_PENDING };

/* What a money command did. */
enum money_outcome {
    MONEY_NOTED,         /* Failed or pending, written down. */
    MONEY_CONFIRMED,     /* It bought the seats. */
    MONEY_TO_REFUND,     /* It goes back. */
    MONEY_KNOWN_ALREADY, /* Nothing: decided before, or no news. */
};

struct answer {
    enum error failure;   /* Queue full, store gone, outcome unknown; nothing else is then set. */
    enum refusal refusal; /* The verdict, if there was no failure. */
    bool replayed;        /* Decided before, under the same key. */
    bool created; /* HOLD: always. PAY: a payment of its own (201), not one that was there. */
    enum money_outcome outcome; /* COMMAND_MONEY */
    uint64_t map_version;       /* The version decided at; 0 without a showtime. */
    int64_t retry_at_ms;        /* TOO_MANY_HOLDS: when the oldest hold ends. */
    uint8_t conflict_count;
    struct seat_conflict conflicts[SEATS_PER_HOLD_MAX]; /* All, not only the first. */
    struct booking booking;                             /* Set on success where one was named. */
    struct payment payment; /* CONFIRM, PAY, MONEY; REFUND; REFUND_DONE, also when refused. */
};

struct command {
    enum command_kind kind;
    struct id showtime; /* Whose queue; none: only the key can be judged. */
    struct claim_key claim;
    struct id booking;
    struct id payment;
    struct id made;        /* What it makes, if the store derives that from the claim; none: */
    struct code made_code; /* drawn from numbers. With a booking's code. */
    uint8_t seat_count;
    struct seat_name seats[SEATS_PER_HOLD_MAX]; /* Distinct, in the order asked. */
    enum payment_method method;
    enum money_news news;
    uint64_t seen_version; /* The showtime has had it. LOOK: 0 asks for the newest. */
    int64_t amount;
    struct currency currency;    /* None: the booking's. */
    int64_t paid_at_ms;          /* 0: now. */
    struct catalogue_edit *edit; /* With its own answer; see ports/catalogue_edit.h. */
    struct staff_order *order;   /* The sender's; the engine leaves what it hears in it. */
    struct command *next;        /* The queue's, while it waits; the outbox's, when answered. */
    void *owner;                 /* The sender's; the engine passes it through. */
    uint32_t loop;               /* The sender's loop, whose outbox gets the answer. */
    int64_t raced_since_ms;      /* The engine's: since when its turns lose races; 0: no one. */
    struct url gateway;          /* Where pages of this method are; see transaction.h. */
    struct url return_url;
    struct answer answer;
};

/* Makes an empty command. Leaves alone what it does not have to touch: the text of its URLs, and
 * the answer, which its turn makes. */
void command_init(struct command *command);

/* Makes an empty answer, with no booking and no payment, or that of a failure. Of a booking and
 * a payment only the id is touched: most answers have none, and they are large. */
void command_clear_answer(struct command *command, enum error failure);
