#include "powercut/work_command.h"

#include <inttypes.h>

#include "base/check.h"
#include "disk/plain_locale.h"
#include "support/turn_fixture.h"

static const char *const users[] = {"an", "binh", "chi", "dung", "em"};

static const char *choose_user(struct work *work)
{
    return users[random_below(&work->random, sizeof users / sizeof users[0])];
}

/* Some seats side by side. */
static void choose_seats(struct work *work, uint32_t count, char text[64])
{
    struct random *random = &work->random;
    const char row = (char)('A' + random_below(random, 3));
    const uint32_t first = 1 + random_below(random, 9 - count);
    int size = 0;
    for (uint32_t index = 0; index < count; index++) {
        size += snprintf(text + size, 64 - (size_t)size, "%s%c%" PRIu32, index == 0 ? "" : " ", row,
                         first + index);
    }
}

/* One of lately. */
static const struct booking *choose_booking(struct work *work)
{
    const uint32_t count = work->ledger->booking_count;
    const uint32_t lately = count < 8 ? count : 8;
    if (count == 0) return NULL;
    return &work->ledger->bookings[count - 1 - random_below(&work->random, lately)];
}

static const struct payment *choose_payment(struct work *work, enum payment_status wanted)
{
    const struct ledger *ledger = work->ledger;
    const struct payment *payment = NULL;
    for (uint32_t tries = 0; tries < 8 && ledger->payment_count > 0; tries++) {
        payment = &ledger->payments[random_below(&work->random, ledger->payment_count)];
        if (payment->status == wanted) break;
    }
    return payment;
}

static struct id showtime_of(const struct work *work, struct id booking)
{
    for (uint32_t index = 0; index < work->ledger->booking_count; index++) {
        const struct booking *found = &work->ledger->bookings[index];
        if (id_equal(found->id, booking)) return found->showtime;
    }
    return (struct id){0};
}

static struct command hold(struct work *work)
{
    char seats[64];
    choose_seats(work, 1 + random_below(&work->random, 3), seats);
    struct command command = turn_fixture_hold(choose_user(work), seats, work->next_key++);
    command.showtime = house_showtime(1 + random_below(&work->random, HOUSE_SHOWTIMES));
    return command;
}

static struct command pay(struct work *work)
{
    const struct booking *booking = choose_booking(work);
    if (booking == NULL) return hold(work);
    char user[USER_SIZE_MAX + 1];
    CHECK(slice_to_string(user_name(&booking->user), user, sizeof user));
    const enum payment_method method =
        (enum payment_method)random_below(&work->random, PAYMENT_METHOD_COUNT);
    const bool confirms = random_chance(&work->random, 30);
    struct command command = confirms
                                 ? turn_fixture_confirm(user, booking->id, method, work->next_key++)
                                 : turn_fixture_pay(user, booking->id, method, work->next_key++);
    command.showtime = booking->showtime;
    return command;
}

static struct command money(struct work *work)
{
    const struct payment *payment = choose_payment(work, PAYMENT_PENDING);
    if (payment == NULL) return pay(work);
    const uint32_t dice = random_below(&work->random, 100);
    const enum money_news news = dice < 80 ? MONEY_PAID : dice < 90 ? MONEY_FAILED : MONEY_PENDING;
    struct command command = turn_fixture_money(payment, news);
    command.showtime = showtime_of(work, payment->booking);
    return command;
}

static struct command cancel(struct work *work)
{
    const struct booking *booking = choose_booking(work);
    if (booking == NULL) return hold(work);
    char user[USER_SIZE_MAX + 1];
    CHECK(slice_to_string(user_name(&booking->user), user, sizeof user));
    struct command command = turn_fixture_cancel(user, booking->id);
    command.showtime = booking->showtime;
    return command;
}

static struct command block(struct work *work, struct staff_order *order)
{
    const struct ledger *ledger = work->ledger;
    if (ledger->block_count > 0 && random_chance(&work->random, 50)) {
        const struct block *found =
            &ledger->blocks[random_below(&work->random, ledger->block_count)];
        struct command command = turn_fixture_release("staff", found->id, order);
        command.showtime = found->showtime;
        return command;
    }
    char seats[64];
    choose_seats(work, 1 + random_below(&work->random, 4), seats);
    struct command command = turn_fixture_block("staff", seats, order);
    command.showtime = house_showtime(1 + random_below(&work->random, HOUSE_SHOWTIMES));
    return command;
}

static struct command refund(struct work *work, struct staff_order *order)
{
    const bool done = random_chance(&work->random, 50);
    const struct payment *payment =
        choose_payment(work, done ? PAYMENT_REFUND_DUE : PAYMENT_COMPLETED);
    if (payment == NULL) return pay(work);
    struct command command =
        done ? turn_fixture_refund_done("staff", payment->id, "by hand", order)
             : turn_fixture_refund("staff", payment->id, work->next_key++, order);
    command.showtime = showtime_of(work, payment->booking);
    return command;
}

static struct command edit(struct work *work, struct work_slot *slot)
{
    struct random *random = &work->random;
    slot->edit = (struct catalogue_edit){
        .locale = &plain_locale, .actor = SLICE("staff"), .role = SLICE("admin")};
    struct catalogue_edit *wanted = &slot->edit;
    if (random_chance(random, 50)) {
        const int size = snprintf(slot->title, sizeof slot->title, "%" PRIu64, work->next_key++);
        wanted->kind = EDIT_MOVIE;
        wanted->members = UINT32_C(1) << MOVIE_TITLE;
        wanted->movie.title = (struct slice){.data = slot->title, .size = (size_t)size};
        CHECK(id_parse(SLICE(HOUSE_MOVIE), &wanted->movie.id));
    } else {
        wanted->kind = EDIT_SHOWTIME;
        wanted->members = UINT32_C(1) << SHOWTIME_PRICE;
        wanted->showtime.id = house_showtime(1 + random_below(random, HOUSE_SHOWTIMES));
        wanted->showtime.prices[random_below(random, SEAT_TYPE_COUNT)] =
            random_between(random, 60, 200) * 1000;
    }
    return (struct command){.kind = COMMAND_EDIT, .showtime = wanted->showtime.id, .edit = wanted};
}

bool work_command_make(struct work *work, struct work_slot *ret_slot)
{
    if (ledger_full(work->ledger)) return false;
    const uint32_t dice = random_below(&work->random, 100);
    struct work_slot *slot = ret_slot;
    if (dice < 35) slot->command = hold(work);
    else if (dice < 55) slot->command = pay(work);
    else if (dice < 75) slot->command = money(work);
    else if (dice < 82) slot->command = cancel(work);
    else if (dice < 88) slot->command = block(work, &slot->order);
    else if (dice < 94) slot->command = refund(work, &slot->order);
    else if (dice < 99) slot->command = edit(work, slot);
    else {
        slot->command = turn_fixture_cancel_showtime("staff", "no light", &slot->order);
        slot->command.showtime = house_showtime(1 + random_below(&work->random, HOUSE_SHOWTIMES));
    }
    return true;
}
