/* trouble.h - the kinds of trouble of a simulated day, each by its name.
 *
 * A seed that breaks a rule is tried again without one kind after the other: what is left is
 * what it takes. Chance is drawn for a kind also when it is left out, so that the rest of the
 * day stays as it was.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define TROUBLE_LIST(X) \
    X(CRASH, "crash")     /* The process dies at any moment. */ \
    X(REFUSAL, "refusal") /* No transaction, a commit refused, a full disk. */ \
    X(UNKNOWN, "unknown") /* A commit whose outcome nobody knows. */ \
    X(CLOSING, "closing") /* The store finds a turn impossible. */ \
    X(CLOCK, "clock")     /* The clock is put forward and back. */ \
    X(SLOW, "slow")       /* Requests wait for a slow disk. */ \
    X(LOSS, "loss")       /* Answers get lost. */ \
    X(FLOOD, "flood")     /* A queue fills. */ \
    X(BURST, "burst")     /* Many want something at once. */ \
    X(CLICKS, "clicks")   /* People send again what was answered. */ \
    X(REUSE, "reuse")     /* A key for another body, a UUID of two people. */ \
    X(PAYS, "pays") \
    X(CANCELS, "cancels") \
    X(EDITS, "edits") \
    X(STAFF, "staff") \
    X(MONEY, "money") /* It fails, comes late, twice, or wrong. */

enum trouble {
#define TROUBLE_ENUM(name, text) TROUBLE_##name,
    TROUBLE_LIST(TROUBLE_ENUM)
#undef TROUBLE_ENUM
        TROUBLE_COUNT
};

/* Names with commas between them, as a set of bits; false if one is none. */
bool trouble_parse(struct slice text, uint32_t *ret_set);

const char *trouble_name(enum trouble trouble);
