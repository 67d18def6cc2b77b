/* gateway.h - what a payment gateway tells us about money, whatever its dialect.
 *
 * Each gateway signs, spells and wants to be answered in its own way. Behind this port there is
 * one meaning: news of one payment, and an outcome to report back. The generic form is one of
 * the dialects.
 *
 * Units:  money is VND; *_ms are UTC milliseconds.
 * Errors: ERROR_INVALID_WEBHOOK_SIGNATURE; ERROR_VALIDATION_FAILED, with what is wrong;
 *         ERROR_PAYMENT_NOT_FOUND for a reference that is none of ours; ERROR_BODY_TOO_LARGE for
 *         a message with more values than we look at.
 * Thread: each gateway belongs to one thread.
 */
#pragma once

#include "base/arena.h"
#include "core/command.h"

enum { GATEWAY_FAULTS_MAX = 8 }; /* More members than any dialect has that must be right. */

/* A message as it came. */
struct gateway_message {
    struct slice body;  /* The raw bytes: signatures are over these. */
    struct slice query; /* One gateway reports by GET. */
    /* A header by its lower-case name; data NULL if there is none, empty if it came more than
     * once: no gateway does that. */
    struct slice (*header)(const void *request, struct slice name);
    const void *request; /* For `header`. */
};

/* What a message says. */
struct gateway_news {
    enum payment_method method;
    struct id payment;
    enum money_news news;
    int64_t amount;           /* 0 unless it was paid. */
    struct currency currency; /* None: VND. */
    int64_t paid_at_ms;       /* 0: not said, or not readable. */
};

/* Why a message is not acceptable. */
struct gateway_faults {
    size_t count;
    struct {
        struct slice field;   /* Empty: the message as a whole. */
        struct slice message; /* Static, or in the arena. */
    } entries[GATEWAY_FAULTS_MAX];
};

/* How a gateway wants to be answered. */
struct gateway_reply {
    int status;
    struct slice content_type;
    struct slice body; /* Static, or in the arena. */
};

struct gateway_methods {
    /* Proves that the message is the gateway's, then reads it. Nothing is read of a message
     * that is not. */
    enum error (*read)(void *context, const struct gateway_message *message, int64_t now_ms,
                       struct arena *arena, struct gateway_news *ret_news,
                       struct gateway_faults *ret_faults);

    /* The answer to a message, by how it went; `outcome` has meaning if `error` is ERROR_NONE.
     * False if the dialect leaves this answer to the house. */
    bool (*reply)(void *context, enum error error, enum money_outcome outcome, struct arena *arena,
                  struct gateway_reply *ret_reply);
};

struct gateway {
    void *context;
    const struct gateway_methods *methods;
};
