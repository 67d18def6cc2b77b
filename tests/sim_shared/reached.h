/* reached.h - states that a run of many seeds must have reached to have proved anything.
 *
 * The scenarios A to L are those of the protocol's model; docs/decisions/0008 tells of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define REACHED_LIST(X) \
    X(ALL_DIED_WITH_DEBTS) \
    X(DIED_AFTER_COMMIT) \
    X(DEATH) \
    X(MONEY_TAKEN_UP) \
    X(MONEY_RECORDED) \
    X(REPLAYED) \
    X(REFUND_DONE) \
    X(CONFLICT) \
    X(MONEY_RESCUED) \
    X(REFUND_SEATS_TAKEN) \
    X(REFUND_BOOKING_PAID) \
    X(REFUND_BOOKING_CANCELLED) \
    X(REFUND_SHOW_CANCELLED) \
    X(REFUND_SHOW_STARTED) \
    X(REFUND_REQUESTED) \
    X(MONEY_AFTER_FAILED) \
    X(LOCK_OF_TWO) \
    X(LOCK_AWAY) \
    X(LOCK_REFUSED) \
    X(READ_WHILE_IT_MOVED) \
    X(OUTCOME_UNKNOWN) \
    X(PARTITION) \
    X(LATE_APPLIED) \
    X(LATE_TOO_LATE) \
    X(LATE_COMMIT)

enum reached {
#define REACHED_ENUM(name) REACHED_##name,
    REACHED_LIST(REACHED_ENUM)
#undef REACHED_ENUM
        REACHED_COUNT
};

void reached_saw(enum reached state);

/* Counts only if `condition`. */
void reached_saw_if(bool condition, enum reached state);

/* Prints all counts; gives how many states were never reached. */
uint32_t reached_report(void);
