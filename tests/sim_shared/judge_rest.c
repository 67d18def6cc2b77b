/* judge_rest.c - nothing is under way any more: do all documents say the same? */
#include "base/check.h"
#include "sim_shared/judge.h"

/* The guard, a clock that is behind, and the timer of the engine. */
#define ENDS_WITHIN_MS (3 * STEAL_GUARD_MS)

bool judge_owes(void)
{
    for (uint32_t index = 0; index < judge.showtime_count; index++) {
        if (judge.showtimes[index].settle.count > 0) return true;
    }
    return false;
}

static void rest_booking(const struct judged_booking *booking)
{
    if (!booking->stands) return; /* An intent that nothing followed. */
    JUDGE_MUST(booking->document.booking.status == booking->standing.status,
               "M7: a booking's document says %d and not %d", (int)booking->document.booking.status,
               (int)booking->standing.status);
}

static void rest_payment(const struct judged_payment *payment)
{
    JUDGE_MUST(!payment->document.money_waits, "M1: money waits for its decision");
    JUDGE_MUST(payment->taken == 0 || payment_paid(payment->standing.status),
               "M1: money was taken, and is neither kept nor goes back");
    if (!payment->stands) return;
    JUDGE_MUST(payment->document.payment.status == payment->standing.status,
               "M7: a payment's document says %d and not %d", (int)payment->document.payment.status,
               (int)payment->standing.status);
}

static void rest_showtime(const struct judged_showtime *showtime)
{
    int64_t available = 0;
    JUDGE_MUST(showtime->settle.count == 0, "M7: settle has %u entries at rest",
               showtime->settle.count);
    for (uint32_t place = 0; place < showtime->seat_count; place++) {
        const struct judged_seat *seat = &showtime->seats[place];
        available += seat->state == SEAT_AVAILABLE;
        JUDGE_MUST(seat->state != SEAT_HELD ||
                       seat->held_until_ms + ENDS_WITHIN_MS > weather.now_ms,
                   "M7: a hold that is over is still there");
        JUDGE_MUST(!showtime->cancelled || seat->state == SEAT_AVAILABLE ||
                       seat->state == SEAT_BLOCKED,
                   "M7: a cancelled show has bookings");
    }
    JUDGE_MUST(available == showtime->available, "M7: available_seats says %lld and not %lld",
               (long long)showtime->available, (long long)available);
}

void judge_at_rest(void)
{
    if (judge.broken) return;
    for (uint32_t index = 0; index < judge.booking_count; index++) {
        rest_booking(&judge.bookings[index]);
    }
    for (uint32_t index = 0; index < judge.payment_count; index++) {
        rest_payment(&judge.payments[index]);
    }
    for (uint32_t index = 0; index < judge.showtime_count; index++) {
        rest_showtime(&judge.showtimes[index]);
    }
}
