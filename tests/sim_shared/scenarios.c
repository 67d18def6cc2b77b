#include "sim_shared/scenarios.h"

#include "base/check.h"
#include "sim_shared/reached.h"

static uint32_t count_paid(struct id booking)
{
    uint32_t count = 0;
    for (uint32_t index = 0; index < judge.payment_count; index++) {
        const struct payment *payment = &judge.payments[index].standing;
        count += id_equal(payment->booking, booking) && payment_paid(payment->status);
    }
    return count;
}

void scenarios_decided(const struct judged_payment *payment, const struct payment *before)
{
    const struct judged_booking *booking = judge_booking(payment->standing.booking);
    CHECK(booking != NULL);
    const enum payment_reason reason = payment->standing.reason;
    const bool kept = payment->standing.status == PAYMENT_COMPLETED;
    const bool rescued = kept && booking->lapsed;
    reached_saw_if(reason == REASON_REQUESTED && booking->lapsed, REACHED_E_LATE_STAFF_REFUND);
    if (count_paid(payment->standing.booking) < 2) return;
    reached_saw_if(reason == REASON_BOOKING_CANCELLED, REACHED_C_TWO_PAID_CANCELLED);
    reached_saw_if(reason == REASON_REQUESTED, REACHED_D_TWO_PAID_STAFF_REFUND);
    reached_saw_if(reason == REASON_SHOWTIME_CANCELLED, REACHED_F_TWO_PAID_SHOW_CANCELLED);
    reached_saw_if(rescued || (reason == REASON_BOOKING_PAID && booking->lapsed),
                   REACHED_I_TWO_PAID_RESCUED);
    reached_saw_if(before->status == PAYMENT_FAILED, REACHED_J_FAILED_THEN_PAID);
}

void scenarios_taken(const struct judged_payment *payment)
{
    const struct judged_booking *booking = judge_booking(payment->standing.booking);
    CHECK(booking != NULL);
    const bool two = count_paid(payment->standing.booking) >= 2;
    reached_saw_if(booking->standing.status == BOOKING_CANCELLED, REACHED_A_PAID_TWICE_CANCELLED);
    reached_saw_if(two, REACHED_B_TWO_PAID_TWICE);
    reached_saw_if(two && booking->lapsed, REACHED_G_TWO_PAID_LATE_TWICE);
    reached_saw_if(!two && booking->lapsed, REACHED_H_PAID_LATE_TWICE);
}

void scenarios_read(enum booking_status before, enum booking_status after, bool lapsed)
{
    const bool ends = after == BOOKING_CANCELLED || after == BOOKING_CONFIRMED;
    reached_saw_if(before == BOOKING_PENDING && ends, REACHED_K_READ_WHILE_DECIDED);
    reached_saw_if(lapsed && before != after, REACHED_L_READ_AROUND_LATE_MONEY);
}
