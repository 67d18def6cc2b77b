#include "store/move/move_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/timestamp.h"
#include "core/layout.h"

bool move_check_open(struct move_check *check)
{
    *check = (struct move_check){0};
    check->block = aligned_alloc(16, (seat_map_size(SEATS_PER_SHOWTIME_MAX) + 15) / 16 * 16);
    return check->block != NULL;
}

void move_check_close(struct move_check *check)
{
    free(check->block);
    *check = (struct move_check){0};
}

/* What may stand behind what. */
static bool may_follow(enum move_kind last, enum move_kind next)
{
    static const uint32_t before[MOVE_KIND_COUNT] = {
#define AFTER(kind) (1U << MOVE_##kind)
#define ANY_SHOWTIME \
    (AFTER(HEAD) | AFTER(MOVIE) | AFTER(CINEMA) | AFTER(SHOWTIME) | AFTER(BOOKING) | \
     AFTER(PAYMENT) | AFTER(BLOCK))
        [MOVE_MOVIE] = AFTER(HEAD) | AFTER(MOVIE),
        [MOVE_CINEMA] = AFTER(HEAD) | AFTER(MOVIE) | AFTER(CINEMA),
        [MOVE_SHOWTIME] = ANY_SHOWTIME,
        [MOVE_BOOKING] = AFTER(SHOWTIME) | AFTER(BOOKING) | AFTER(PAYMENT),
        [MOVE_PAYMENT] = AFTER(BOOKING) | AFTER(PAYMENT),
        [MOVE_BLOCK] = AFTER(SHOWTIME) | AFTER(BOOKING) | AFTER(PAYMENT) | AFTER(BLOCK),
        [MOVE_KEY] = ANY_SHOWTIME | AFTER(KEY),
        [MOVE_ENTRY] = ANY_SHOWTIME | AFTER(KEY) | AFTER(ENTRY),
        [MOVE_END] = ANY_SHOWTIME | AFTER(KEY) | AFTER(ENTRY),
#undef ANY_SHOWTIME
#undef AFTER
    };
    return (before[next] >> last & 1) != 0;
}

static bool end_showtime(struct move_check *check, struct move_reason *ret_reason)
{
    if (!check->open) return true;
    check->open = false;
    const uint32_t available = seat_map_available(&check->map);
    if (available == check->available) return true;
    return move_record_explain(ret_reason,
                               "the showtime before says that %u seats are free, but its bookings "
                               "and blocks leave %u",
                               check->available, available);
}

static bool begin_showtime(struct move_check *check, const struct move_showtime *record,
                           struct move_reason *ret_reason)
{
    const struct showtime *showtime = &record->showtime;
    const bool cancelled = showtime->status == SHOWTIME_CANCELLED;
    if (showtime->ends_at_ms > TIMESTAMP_MS_MAX || showtime->starts_at_ms > showtime->ends_at_ms) {
        return move_record_explain(ret_reason, "showtime: it ends before it starts, or never");
    }
    if (cancelled != (record->cancelled_at_ms != 0)) {
        return move_record_explain(ret_reason,
                                   "showtime: \"cancelled_at\" does not fit \"status\"");
    }
    seat_map_init(&check->map, &record->plan->layout, check->block);
    check->map.showtime = showtime->id;
    check->map.status = showtime->status;
    check->available = showtime->available_seats;
    check->open = true;
    check->booking = (struct id){0};
    return true;
}

static bool claim(struct move_check *check, struct seat_name seat, enum seat_state state,
                  const struct seat_claim *by, struct move_reason *ret_reason)
{
    char name[SEAT_NAME_SIZE_MAX];
    const int size = (int)seat_name_format(seat, name);
    const uint32_t place = seat_map_find(&check->map, seat);
    if (place == PLACE_NONE) {
        return move_record_explain(ret_reason, "its showtime has no seat %.*s", size, name);
    }
    if (state == SEAT_AVAILABLE) return true;
    if (check->map.states[place] != SEAT_AVAILABLE) {
        return move_record_explain(ret_reason, "seat %.*s is taken already", size, name);
    }
    seat_map_put(&check->map, place, state, by);
    return true;
}

/* A booking stands before its payments, so what it says of them is judged behind the last one. */
static bool end_booking(const struct move_check *check, struct move_reason *ret_reason)
{
    if (id_is_none(check->named[0]) && id_is_none(check->named[1])) return true;
    return move_record_explain(ret_reason,
                               "the booking before names a payment that does not follow it");
}

static bool check_booking(struct move_check *check, const struct booking *booking,
                          struct move_reason *ret_reason)
{
    static const enum seat_state states[BOOKING_STATUS_COUNT] = {
        [BOOKING_PENDING] = SEAT_HELD,
        [BOOKING_CONFIRMED] = SEAT_BOOKED,
        [BOOKING_CANCELLED] = SEAT_AVAILABLE,
        [BOOKING_EXPIRED] = SEAT_AVAILABLE,
    };
    if (!id_equal(booking->showtime, check->map.showtime)) {
        return move_record_explain(ret_reason, "booking: it is of another showtime than the one"
                                               " before it");
    }
    if (booking->status == BOOKING_CONFIRMED && id_is_none(booking->payment)) {
        return move_record_explain(ret_reason, "booking: it is confirmed without a \"payment\"");
    }
    const struct seat_claim by = {
        .booking = booking->id,
        .held_until_ms = booking->status == BOOKING_PENDING ? booking->hold_expires_at_ms : 0};
    check->booking = booking->id;
    check->user = booking->user;
    check->final_amount = booking->final_amount;
    check->named[0] = booking->active_payment;
    check->named[1] = booking->payment;
    const bool sold = booking->status == BOOKING_CONFIRMED;
    check->bought = sold ? booking->payment : (struct id){0};
    struct move_reason what;
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        if (claim(check, booking->seats[index].name, states[booking->status], &by, &what)) continue;
        return move_record_explain(ret_reason, "booking: %s", what.text);
    }
    return true;
}

/* Money is kept for the seats that it bought, and for nothing else. */
static bool check_kept(const struct move_check *check, const struct payment *payment,
                       struct move_reason *ret_reason)
{
    const bool kept = payment->status == PAYMENT_COMPLETED;
    const bool bought = !id_is_none(check->bought) && id_equal(payment->id, check->bought);
    if (kept == bought) return true;
    return move_record_explain(ret_reason, kept ? "payment: it is completed, but its booking is"
                                                  " not confirmed with it"
                                                : "payment: its booking is confirmed with it, but"
                                                  " it is not completed");
}

static bool check_payment(struct move_check *check, const struct payment *payment,
                          struct move_reason *ret_reason)
{
    if (!id_equal(payment->booking, check->booking)) {
        return move_record_explain(ret_reason, "payment: it is of another booking than the one"
                                               " before it");
    }
    if (!user_equal(&payment->user, &check->user) || payment->amount != check->final_amount) {
        return move_record_explain(ret_reason, "payment: it does not fit its booking");
    }
    for (int index = 0; index < 2; index++) {
        if (id_equal(check->named[index], payment->id)) check->named[index] = (struct id){0};
    }
    return check_kept(check, payment, ret_reason);
}

static bool check_block(struct move_check *check, const struct block *block,
                        struct move_reason *ret_reason)
{
    const enum seat_state state = block->released_at_ms == 0 ? SEAT_BLOCKED : SEAT_AVAILABLE;
    const struct seat_claim by = {.booking = block->id};
    struct move_reason what;
    if (!id_equal(block->showtime, check->map.showtime)) {
        return move_record_explain(ret_reason,
                                   "block: it is of another showtime than the one before it");
    }
    for (uint32_t index = 0; index < block->seat_count; index++) {
        if (claim(check, block->seats[index], state, &by, &what)) continue;
        return move_record_explain(ret_reason, "block: %s", what.text);
    }
    return true;
}

static bool is_one_of(struct slice text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (slice_equal(text, slice_of(*words))) return true;
    }
    return false;
}

static bool check_movie(const struct movie *movie, struct move_reason *ret_reason)
{
    static const char *const statuses[] = {"coming_soon", "now_showing", "ended", NULL};
    if (is_one_of(movie->status, statuses)) return true;
    return move_record_explain(ret_reason, "movie: \"status\" has a value that it cannot have");
}

static bool check_cinema(const struct cinema *cinema, struct move_reason *ret_reason)
{
    static const char *const types[] = {"standard", "imax", "3d", "4dx", "vip", NULL};
    for (size_t index = 0; index < cinema->screen_count; index++) {
        const struct screen *screen = &cinema->screens[index];
        if (!is_one_of(screen->type, types)) {
            return move_record_explain(ret_reason, "cinema: a screen's \"type\" is none");
        }
        if (screen->total_seats == layout_seats(&screen->plan->layout)) continue;
        return move_record_explain(ret_reason, "cinema: a screen's seats are not \"total_seats\"");
    }
    return true;
}

bool move_check_next(struct move_check *check, const struct move_record *record,
                     struct move_reason *ret_reason)
{
    const enum move_kind kind = record->kind;
    if (kind == MOVE_HEAD) {
        check->head = record->head;
        check->last = kind;
        return true;
    }
    if (!may_follow(check->last, kind)) {
        return move_record_explain(ret_reason, "%s: it may not stand here",
                                   move_record_name(kind).data);
    }
    check->last = kind;
    if (kind != MOVE_PAYMENT && !end_booking(check, ret_reason)) return false;
    if (kind == MOVE_MOVIE) return check_movie(&record->movie, ret_reason);
    if (kind == MOVE_CINEMA) return check_cinema(&record->cinema, ret_reason);
    if (kind == MOVE_BOOKING) return check_booking(check, &record->booking.booking, ret_reason);
    if (kind == MOVE_PAYMENT) return check_payment(check, &record->payment.payment, ret_reason);
    if (kind == MOVE_BLOCK) return check_block(check, &record->block, ret_reason);
    if (kind >= MOVE_SHOWTIME && !end_showtime(check, ret_reason)) return false;
    return kind != MOVE_SHOWTIME || begin_showtime(check, &record->showtime, ret_reason);
}
