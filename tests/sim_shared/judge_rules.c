#include "sim_shared/judge_rules.h"

#include "base/check.h"
#include "sim_shared/reached.h"
#include "sim_shared/scenarios.h"

/* An entry of `settle` may go once its document shows it, or something later. */
static bool is_shown(const struct mongo_settle_entry *entry)
{
    if (entry->collection == MONGO_BOOKINGS) {
        const struct judged_booking *booking = judge_booking(entry->id);
        return booking != NULL && booking->document.version >= entry->version;
    }
    if (entry->collection != MONGO_PAYMENTS) {
        bson_t *like = bson_new();
        const bson_oid_t *oid = (const void *)entry->id.bytes;
        BSON_APPEND_OID(like, "_id", oid);
        const bool there = database_find(entry->collection, like, NULL) != NULL;
        bson_destroy(like);
        return there;
    }
    const struct judged_payment *payment = judge_payment(entry->id);
    return payment != NULL &&
           (payment->document.version >= entry->version || payment->document.money_waits);
}

void judge_rules_commit(const struct judged_showtime *showtime)
{
    const struct mongo_settle *settle = &showtime->settle_before;
    for (uint32_t index = 0; index < settle->count; index++) {
        const struct mongo_settle_entry *entry = &settle->entries[index];
        const struct mongo_settle_entry *kept =
            mongo_settle_find(&showtime->settle, entry->collection, entry->id);
        JUDGE_MUST(kept != NULL || is_shown(entry),
                   "R4: settle forgot what no document shows yet (collection %d)",
                   (int)entry->collection);
        JUDGE_MUST(kept == NULL || kept->version >= entry->version, "R4: settle went back");
    }
    for (uint32_t place = 0; place < showtime->seat_count; place++) {
        const struct judged_seat *seat = &showtime->seats[place];
        const struct judged_seat *before = &showtime->before[place];
        if (before->state != SEAT_BOOKED || id_equal(before->owner, seat->owner)) continue;
        const struct mongo_settle_entry *entry =
            mongo_settle_find(&showtime->settle, MONGO_BOOKINGS, before->owner);
        JUDGE_MUST(entry != NULL, "R3: a sold seat was let go, and settle does not say so");
    }
}

/* M4: all its seats, each in the same state, or none. */
static void check_seats(const struct judged_booking *booking)
{
    const struct judged_showtime *showtime = &judge.showtimes[booking->showtime];
    const struct booking *standing = &booking->standing;
    const bool holds = booking->stands && standing->status == BOOKING_PENDING;
    const bool sold = booking->stands && standing->status == BOOKING_CONFIRMED;
    uint32_t owned = 0;
    for (uint32_t place = 0; place < showtime->seat_count; place++) {
        const bool claimed = showtime->seats[place].state == SEAT_HELD ||
                             showtime->seats[place].state == SEAT_BOOKED;
        owned += claimed && id_equal(showtime->seats[place].owner, standing->id);
    }
    JUDGE_MUST(owned == (holds || sold ? standing->seat_count : 0),
               "M4: a booking with status %d has %u seats of %u", (int)standing->status, owned,
               standing->seat_count);
    if (!holds && !sold) return;
    const struct id pay = sold ? standing->payment : standing->active_payment;
    for (uint32_t index = 0; index < standing->seat_count; index++) {
        const struct judged_seat *seat = &showtime->seats[judge_place(standing, index)];
        JUDGE_MUST(id_equal(seat->owner, standing->id), "M4: a seat of a booking is another's");
        JUDGE_MUST(seat->state == (sold ? SEAT_BOOKED : SEAT_HELD), "M4: a seat is half sold");
        JUDGE_MUST(id_equal(seat->pay, pay), "M3: a seat names another payment than its booking");
        JUDGE_MUST(sold || seat->held_until_ms == standing->hold_expires_at_ms,
                   "M4: a seat is held for another time than its booking");
    }
}

/* I4: who has a seat is a booking that stands. */
static void check_owners(const struct judged_showtime *showtime)
{
    for (uint32_t place = 0; place < showtime->seat_count; place++) {
        const struct judged_seat *seat = &showtime->seats[place];
        if (seat->state != SEAT_HELD && seat->state != SEAT_BOOKED) continue;
        const struct judged_booking *booking = judge_booking(seat->owner);
        JUDGE_MUST(booking != NULL, "I4: a seat is of a booking without a document");
        if (booking == NULL) continue;
        const enum booking_status status = booking->standing.status;
        JUDGE_MUST(booking->stands && (status == BOOKING_PENDING || status == BOOKING_CONFIRMED),
                   "I4: a seat is of a booking with status %d", (int)status);
    }
}

/* M2, M3: a booking is sold by one payment, and that one is kept. */
static void check_money(const struct judged_payment *payment)
{
    const struct payment *standing = &payment->standing;
    const struct judged_booking *booking = judge_booking(standing->booking);
    const bool bought = booking->stands && booking->standing.status == BOOKING_CONFIRMED &&
                        id_equal(booking->standing.payment, standing->id);
    const bool kept = payment->stands && standing->status == PAYMENT_COMPLETED;
    JUDGE_MUST(!kept || bought, "M2: money is kept, and has not bought its booking");
    JUDGE_MUST(kept || !bought, "M3: a booking is sold by money that is not kept (%d)",
               (int)standing->status);
}

static bool asked_for_cancel(const struct judged_booking *booking)
{
    const struct judged_showtime *showtime = &judge.showtimes[booking->showtime];
    return showtime->cancelled || attempts_of_booking(COMMAND_CANCEL, booking->standing.id) ||
           (!id_is_none(booking->standing.payment) &&
            attempts_of_payment(COMMAND_REFUND, booking->standing.payment));
}

static void move_booking(struct judged_booking *booking, bool stood, const struct booking *before)
{
    const struct booking *standing = &booking->standing;
    const int rank = judge_booking_rank(standing->status);
    JUDGE_MUST(stood || attempts_of_key(&booking->document.key, &standing->user) > 0,
               "a hold was made that nobody asks for, or that was refused");
    JUDGE_MUST(!stood || rank >= judge_booking_rank(before->status),
               "I3: a booking went back from %d to %d", (int)before->status, (int)standing->status);
    reached_saw_if(!stood && booking->document.never_held_at_ms > 0, REACHED_HELD_ANEW);
    if (stood && before->status == standing->status) return;
    booking->lapsed = booking->lapsed || standing->status == BOOKING_EXPIRED;
    switch (standing->status) {
    case BOOKING_EXPIRED: {
        const int64_t end_ms = before->hold_expires_at_ms + STEAL_GUARD_MS - JUDGE_SKEW_MS;
        JUDGE_MUST(weather.now_ms >= end_ms, "I2: a live hold was ended %lld ms too soon",
                   (long long)(end_ms - weather.now_ms));
        break;
    }
    case BOOKING_CANCELLED:
        JUDGE_MUST(asked_for_cancel(booking),
                   "a booking was cancelled that nobody cancels, or that was refused");
        break;
    case BOOKING_CONFIRMED:
        reached_saw_if(stood && before->status == BOOKING_EXPIRED, REACHED_MONEY_RESCUED);
        break;
    default:
        break;
    }
}

/* Is there, or was there right before, a seat that the booking cannot have? */
static bool has_seat_taken(const struct judged_booking *booking)
{
    const struct judged_showtime *showtime = &judge.showtimes[booking->showtime];
    for (uint32_t index = 0; index < booking->standing.seat_count; index++) {
        const uint32_t place = judge_place(&booking->standing, index);
        const struct judged_seat *seats[] = {&showtime->seats[place], &showtime->before[place]};
        for (uint32_t side = 0; side < 2; side++) {
            if (seats[side]->state == SEAT_AVAILABLE) continue;
            if (!id_equal(seats[side]->owner, booking->standing.id)) return true;
        }
    }
    return false;
}

/* M5, M6: money goes back only for a reason that is true. */
static void check_reason(const struct judged_payment *payment, const struct payment *before)
{
    const struct judged_booking *booking = judge_booking(payment->standing.booking);
    const struct judged_showtime *showtime = &judge.showtimes[booking->showtime];
    const enum booking_status status = booking->standing.status;
    switch (payment->standing.reason) {
    case REASON_SEATS_TAKEN:
        JUDGE_MUST(has_seat_taken(booking), "M6: refunded for seats that are free");
        reached_saw(REACHED_REFUND_SEATS_TAKEN);
        break;
    case REASON_BOOKING_PAID:
        JUDGE_MUST(!id_is_none(booking->standing.payment) &&
                       !id_equal(booking->standing.payment, payment->standing.id),
                   "M5: refunded for another payment that is not there");
        reached_saw(REACHED_REFUND_BOOKING_PAID);
        break;
    case REASON_BOOKING_CANCELLED:
        JUDGE_MUST(status == BOOKING_CANCELLED, "M5: refunded for a cancel that was none");
        reached_saw(REACHED_REFUND_BOOKING_CANCELLED);
        break;
    case REASON_SHOWTIME_CANCELLED:
        JUDGE_MUST(showtime->cancelled, "M5: refunded for a show that goes on");
        reached_saw(REACHED_REFUND_SHOW_CANCELLED);
        break;
    case REASON_SHOWTIME_STARTED:
        JUDGE_MUST(weather.now_ms + JUDGE_SKEW_MS >= showtime->starts_at_ms,
                   "M5: refunded for a show that has not begun");
        reached_saw(REACHED_REFUND_SHOW_STARTED);
        break;
    case REASON_AMOUNT_MISMATCH:
        JUDGE_MUST(payment->told_wrong, "M5: refunded for an amount that was right");
        break;
    case REASON_REQUESTED:
        JUDGE_MUST(attempts_of_payment(COMMAND_REFUND, payment->standing.id),
                   "M5: refunded, and no staff asks for it");
        JUDGE_MUST(status == BOOKING_CANCELLED, "M3: refunded, and the booking stays");
        reached_saw_if(before->status == PAYMENT_COMPLETED, REACHED_REFUND_REQUESTED);
        break;
    default:
        judge_break("M5: refunded for reason %d", (int)payment->standing.reason);
        break;
    }
}

static void move_payment(const struct judged_payment *payment, bool stood,
                         const struct payment *before)
{
    const struct payment *standing = &payment->standing;
    const bool was_paid = stood && payment_paid(before->status);
    const bool is_paid = payment_paid(standing->status);
    JUDGE_MUST(stood || attempts_of_key(&payment->document.key, &standing->user) > 0,
               "a payment was made that nobody asks for, or that was refused");
    JUDGE_MUST(is_paid || !was_paid, "M1: money that was decided is open again");
    if (was_paid) {
        JUDGE_MUST(judge_payment_rank(standing->status) >= judge_payment_rank(before->status),
                   "M1: a payment went back from %d to %d", (int)before->status,
                   (int)standing->status);
    }
    if (!is_paid || (was_paid && before->status == standing->status)) return;
    JUDGE_MUST(payment->told_paid || payment->told_wrong, "M1: money was decided that never came");
    JUDGE_MUST(standing->status != PAYMENT_COMPLETED || payment->told_paid,
               "M1: the wrong amount was kept");
    reached_saw_if(standing->status == PAYMENT_COMPLETED && before->status == PAYMENT_FAILED,
                   REACHED_MONEY_AFTER_FAILED);
    if (standing->status == PAYMENT_REFUND_DUE) check_reason(payment, before);
    scenarios_decided(payment, before);
}

/* A payment that a commit superseded before its echo is open, and failed; both are open. */
static bool same_payment(const struct payment *left, const struct payment *right)
{
    if (payment_paid(left->status) != payment_paid(right->status)) return false;
    return !payment_paid(left->status) || left->status == right->status;
}

static bool same_booking(const struct booking *left, const struct booking *right)
{
    return left->status == right->status && id_equal(left->payment, right->payment) &&
           id_equal(left->active_payment, right->active_payment) &&
           left->hold_expires_at_ms == right->hold_expires_at_ms;
}

static void follow_booking(struct judged_booking *booking, bool commits)
{
    const struct booking before = booking->standing;
    const bool stood = booking->stands;
    booking->stands = judge_stands_booking(booking, &booking->standing);
    if (stood == booking->stands && (!stood || same_booking(&before, &booking->standing))) return;
    booking->changed = judge.changes;
    if (!stood) booking->made = judge.changes;
    JUDGE_MUST(commits, "R1: a document moved booking from %d to %d", (int)before.status,
               (int)booking->standing.status);
    JUDGE_MUST(booking->stands, "I1: a booking that stood is gone");
    move_booking(booking, stood, &before);
}

static void follow_payment(struct judged_payment *payment, bool commits)
{
    const struct payment before = payment->standing;
    const bool stood = payment->stands;
    payment->stands = judge_stands_payment(payment, &payment->standing);
    if (stood == payment->stands && (!stood || same_payment(&before, &payment->standing))) return;
    JUDGE_MUST(commits, "R1: a document moved a payment from %d to %d", (int)before.status,
               (int)payment->standing.status);
    JUDGE_MUST(payment->stands, "I1: a payment that stood is gone");
    move_payment(payment, stood, &before);
}

void judge_rules_follow(bool commits)
{
    for (uint32_t index = 0; index < judge.booking_count; index++) {
        follow_booking(&judge.bookings[index], commits);
    }
    for (uint32_t index = 0; index < judge.payment_count; index++) {
        follow_payment(&judge.payments[index], commits);
    }
    for (uint32_t index = 0; index < judge.booking_count; index++) {
        check_seats(&judge.bookings[index]);
    }
    for (uint32_t index = 0; index < judge.payment_count; index++) {
        check_money(&judge.payments[index]);
    }
    for (uint32_t index = 0; index < judge.showtime_count; index++) {
        check_owners(&judge.showtimes[index]);
    }
}
