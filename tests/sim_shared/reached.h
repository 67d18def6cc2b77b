/* reached.h - states that a run of many seeds must have reached to have proved anything.
 *
 * A to L are the scenarios of the protocol's model; see scenarios.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define REACHED_LIST(X) \
    X(DEATH) \
    X(DIED_AFTER_COMMIT) \
    X(ALL_DIED_WITH_DEBTS) \
    X(PARTITION) \
    X(LATE_APPLIED) \
    X(LATE_COMMIT) \
    X(LATE_TOO_LATE) \
    X(LOCK_AWAY) \
    X(LOCK_OF_TWO) \
    X(LOCK_REFUSED) \
    X(CONFLICT) \
    X(OUTCOME_UNKNOWN) \
    X(REPLAYED) \
    X(HELD_ANEW) \
    X(MONEY_RECORDED) \
    X(MONEY_TAKEN_UP) \
    X(MONEY_RESCUED) \
    X(MONEY_AFTER_FAILED) \
    X(REFUND_BOOKING_CANCELLED) \
    X(REFUND_BOOKING_PAID) \
    X(REFUND_DONE) \
    X(REFUND_REQUESTED) \
    X(REFUND_SEATS_TAKEN) \
    X(REFUND_SHOW_CANCELLED) \
    X(REFUND_SHOW_STARTED) \
    X(A_PAID_TWICE_CANCELLED) \
    X(B_TWO_PAID_TWICE) \
    X(C_TWO_PAID_CANCELLED) \
    X(D_TWO_PAID_STAFF_REFUND) \
    X(E_LATE_STAFF_REFUND) \
    X(F_TWO_PAID_SHOW_CANCELLED) \
    X(G_TWO_PAID_LATE_TWICE) \
    X(H_PAID_LATE_TWICE) \
    X(I_TWO_PAID_RESCUED) \
    X(J_FAILED_THEN_PAID) \
    X(K_READ_WHILE_DECIDED) \
    X(L_READ_AROUND_LATE_MONEY)

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
