/* sometimes.h - states that a simulation must have reached to have proved anything.
 *
 * A run that never rescued late money says nothing about rescues. Each site counts; the run
 * over many seeds fails if a count stays zero.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SOMETIMES_LIST(X) \
    X(HOLD_GRANTED) \
    X(CONFLICT_HELD) \
    X(CONFLICT_BOOKED) \
    X(CONFLICT_WITH_FREE_SEATS) \
    X(CONFLICT_YOURS) \
    X(SEAT_INVALID) \
    X(TOO_MANY_HOLDS) \
    X(SHOW_NOT_FOUND) \
    X(SHOW_STARTED) \
    X(SHOW_NOT_AVAILABLE) \
    X(KEY_REUSED_OF_EFFECT) \
    X(KEY_REUSED_OF_REFUSAL) \
    X(KEY_REUSED_IN_OTHER_SHOWTIME) \
    X(REFUSAL_REPLAYED) \
    X(EFFECT_AFTER_REFUSAL) \
    X(EFFECT_REPLAYED) \
    X(EFFECT_REPLAYED_AT_ONCE) \
    X(EFFECT_REPLAYED_AFTER_RESTART) \
    X(EFFECT_REPLAYED_AFTER_ITS_END) \
    X(UUID_OF_TWO_KEYS) \
    X(PAY_CREATED) \
    X(PAY_CREATED_AFTER_START) \
    X(PAY_ANSWERED_THE_OPEN_ONE) \
    X(PAY_SUPERSEDED) \
    X(PAY_AFTER_FAILED) \
    X(PAY_EXTENDED_THE_HOLD) \
    X(PAY_REFUSED_EXPIRED) \
    X(PAY_REFUSED_AT_THE_VERY_END) \
    X(PAY_REFUSED_PAID) \
    X(PAY_REFUSED_CANCELLED) \
    X(PAY_REFUSED_FOREIGN) \
    X(CONFIRM_NAMED_AN_OPEN_PAYMENT) \
    X(CANCELLED) \
    X(CANCELLED_AGAIN) \
    X(CANCELLED_WHILE_PAYING) \
    X(CANCEL_REFUSED_CONFIRMED) \
    X(CANCEL_REFUSED_EXPIRED) \
    X(HOLD_LAPSED) \
    X(HOLD_LAPSED_WHILE_PAYING) \
    X(MONEY_KEPT_IN_TIME) \
    X(MONEY_KEPT_AFTER_START) \
    X(MONEY_RESCUED) \
    X(MONEY_RESCUED_AT_THE_VERY_END) \
    X(MONEY_AFTER_FAILED_KEPT) \
    X(MONEY_SUPERSEDED_KEPT) \
    X(REFUND_SEATS_TAKEN) \
    X(REFUND_SHOW_STARTED) \
    X(REFUND_SHOW_CANCELLED) \
    X(REFUND_BOOKING_CANCELLED) \
    X(REFUND_BOOKING_PAID) \
    X(REFUND_AMOUNT) \
    X(MONEY_TOLD_AGAIN) \
    X(MONEY_FAILED_NOTED) \
    X(MONEY_PENDING_NOTED) \
    X(MONEY_PENDING_AFTER_FAILED) \
    X(MONEY_FAILED_AFTER_PAID) \
    X(MONEY_UNKNOWN_PAYMENT) \
    X(PRICE_CHANGED) \
    X(SHOW_MOVED) \
    X(EDIT_REFUSED_BOOKED) \
    X(EDIT_REFUSED_OVER) \
    X(QUEUE_FULL) \
    X(NO_ROOM_FOR_SHOWTIME) \
    X(SHOWTIME_LEFT_MEMORY) \
    X(TURN_OF_MANY) \
    X(BEGIN_REFUSED) \
    X(COMMIT_REFUSED) \
    X(DISK_FULL_IN_TURN) \
    X(SHOWTIME_CLOSED) \
    X(OUTCOME_UNKNOWN_KEPT) \
    X(OUTCOME_UNKNOWN_LOST) \
    X(OUTCOME_UNKNOWN_BUT_REFUSED) \
    X(CRASH_WITH_QUEUE) \
    X(CRASH_WITH_LIVE_HOLDS) \
    X(RECOVERED_WITH_OVERDUE_HOLDS) \
    X(ANSWER_LOST_AND_FOUND)

enum sometimes {
#define SOMETIMES_ENUM(name) SOMETIMES_##name,
    SOMETIMES_LIST(SOMETIMES_ENUM)
#undef SOMETIMES_ENUM
        SOMETIMES_COUNT
};

void sometimes_saw(enum sometimes state);

/* Counts only if `condition`; for sites that would else need a branch. */
void sometimes_saw_if(bool condition, enum sometimes state);

/* Prints all counts; gives how many states were never reached. */
uint32_t sometimes_report(void);
