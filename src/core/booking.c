#include "core/booking.h"

#include <string.h>

#include "base/check.h"

struct user user_of(struct slice name)
{
    CHECK(name.size >= 1);
    CHECK(name.size <= USER_SIZE_MAX);

    struct user user = {.size = (uint8_t)name.size};
    memcpy(user.name, name.data, name.size);
    return user;
}

bool user_equal(const struct user *left, const struct user *right)
{
    return slice_equal(user_name(left), user_name(right));
}

struct slice user_name(const struct user *user)
{
    return (struct slice){.data = user->name, .size = user->size};
}

bool booking_live(const struct booking *booking, int64_t now_ms)
{
    return booking->status == BOOKING_PENDING && seat_live(booking->hold_expires_at_ms, now_ms);
}

bool booking_may_become(enum booking_status from, enum booking_status to)
{
    static const bool allowed[BOOKING_STATUS_COUNT][BOOKING_STATUS_COUNT] = {
        [BOOKING_PENDING] =
            {[BOOKING_CONFIRMED] = true, [BOOKING_CANCELLED] = true, [BOOKING_EXPIRED] = true},
        [BOOKING_EXPIRED] = {[BOOKING_CONFIRMED] = true},
        [BOOKING_CONFIRMED] = {[BOOKING_CANCELLED] = true},
    };
    CHECK(from < BOOKING_STATUS_COUNT);
    CHECK(to < BOOKING_STATUS_COUNT);
    return allowed[from][to];
}

static void become(struct booking *booking, enum booking_status status, int64_t now_ms)
{
    CHECK(booking_may_become(booking->status, status));
    booking->status = status;
    booking->updated_at_ms = now_ms;
}

void booking_confirm(struct booking *booking, struct id payment, int64_t now_ms)
{
    CHECK(!id_is_none(payment));
    become(booking, BOOKING_CONFIRMED, now_ms);
    booking->confirmed_at_ms = now_ms;
    booking->payment = payment;
    booking->active_payment = (struct id){0};
}

void booking_cancel(struct booking *booking, struct reason reason, int64_t now_ms)
{
    become(booking, BOOKING_CANCELLED, now_ms);
    booking->cancelled_at_ms = now_ms;
    booking->cancellation_reason = reason;
    booking->active_payment = (struct id){0};
}

void booking_expire(struct booking *booking, int64_t now_ms)
{
    become(booking, BOOKING_EXPIRED, now_ms);
    booking->active_payment = (struct id){0};
}

static const struct slice status_names[BOOKING_STATUS_COUNT] = {
    [BOOKING_PENDING] = SLICE_INIT("pending"),
    [BOOKING_CONFIRMED] = SLICE_INIT("confirmed"),
    [BOOKING_CANCELLED] = SLICE_INIT("cancelled"),
    [BOOKING_EXPIRED] = SLICE_INIT("expired"),
};

struct slice booking_status_name(enum booking_status status)
{
    CHECK(status < BOOKING_STATUS_COUNT);
    return status_names[status];
}

bool booking_status_parse(struct slice text, enum booking_status *ret_status)
{
    for (uint32_t status = 0; status < BOOKING_STATUS_COUNT; status++) {
        if (!slice_equal(text, status_names[status])) continue;
        *ret_status = (enum booking_status)status;
        return true;
    }
    return false;
}
