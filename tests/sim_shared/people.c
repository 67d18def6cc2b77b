#include "sim_shared/people.h"

#include "base/check.h"
#include "sim_shared/judge.h"
#include "sim_shared/reached.h"
#include "support/turn_fixture.h"

enum { CALLS_MAX = 1024, KNOWN_MAX = 256, LATELY = 4, SEATS_TEXT_SIZE = 64, USERS = 4 };

/* A command, until its sender has heard what became of it. */
struct call {
    struct command command;
    struct staff_order order;
    uint32_t key;
    int64_t due_ms; /* Not before. */
    bool heard;
    uint32_t answers; /* Definite ones. */
};

struct known {
    struct id id;
    struct id showtime;
    struct user user;
    struct payment payment; /* Of a payment. */
};

static struct {
    struct people_options options;
    uint32_t key_count;
    uint32_t call_count;
    struct call *calls;
    uint32_t booking_count;
    struct known bookings[KNOWN_MAX];
    uint32_t payment_count;
    struct known payments[KNOWN_MAX];
    uint32_t block_count;
    struct known blocks[KNOWN_MAX];
} people;

static const char *const users[USERS] = {"an", "binh", "chi", "dung"};

void people_begin(const struct people_options *options)
{
    struct call *calls = people.calls;
    memset(&people, 0, sizeof people);
    people.options = *options;
    people.calls = calls == NULL ? calloc(CALLS_MAX, sizeof *calls) : calls;
    CHECK(people.calls != NULL);
}

static uint32_t below(uint32_t count)
{
    return random_below(weather.random, count);
}

static bool chance(uint32_t percent)
{
    return random_chance(weather.random, percent);
}

static void send_to(uint32_t index, uint32_t instance)
{
    const struct call *call = &people.calls[index];
    struct attempt *attempt = attempts_add(&call->command, (int32_t)index, call->key);
    if (!house_send(instance, attempt)) attempts_forget(attempt);
}

static void send_to_any(uint32_t index)
{
    send_to(index, 1 + below(people.options.instances));
}

/* Some send twice at once. */
static void add(const struct command *command, uint32_t key, int64_t due_ms)
{
    if (people.call_count == CALLS_MAX) return;
    const uint32_t index = people.call_count++;
    struct call *call = &people.calls[index];
    *call = (struct call){.command = *command, .key = key, .due_ms = due_ms};
    if (command->order != NULL) {
        call->order = *command->order;
        call->command.order = &call->order;
    }
    if (due_ms > weather.now_ms) return;
    send_to_any(index);
    if (!people.options.quiet && chance(10)) send_to_any(index);
}

static uint32_t next_key(void)
{
    CHECK(people.key_count + 1 < JUDGE_KEYS_MAX);
    return ++people.key_count;
}

static bool is_full(void)
{
    return people.call_count + 8 >= CALLS_MAX || people.key_count + 8 >= JUDGE_KEYS_MAX ||
           people.booking_count + 1 >= KNOWN_MAX || people.payment_count + 1 >= KNOWN_MAX;
}

static struct id any_showtime(void)
{
    if (people.options.showtimes == 1) return turn_fixture_id(1);
    return turn_fixture_id(1 + (chance(80) ? 0 : below(people.options.showtimes)));
}

/* The showtime is in the body too. */
static void add_hold(const char *user, const char *seats, uint32_t key)
{
    struct command command = turn_fixture_hold(user, seats, key);
    command.showtime = any_showtime();
    command.claim.fingerprint.bytes[31] = command.showtime.bytes[ID_SIZE - 1];
    add(&command, key, 0);
}

void people_hold(const char *user, const char *seats)
{
    const uint32_t key = next_key();
    add_hold(user, seats, key);
}

static void choose_seats(char *text)
{
    const uint32_t count = 1 + below(people.options.seats < 3 ? people.options.seats : 3);
    const uint32_t first = below(people.options.seats);
    size_t size = 0;
    for (uint32_t index = 0; index < count; index++) {
        const uint32_t seat = 1 + (first + index) % people.options.seats;
        const int more =
            snprintf(text + size, SEATS_TEXT_SIZE - size, "%sA%u", index == 0 ? "" : " ", seat);
        CHECK(more > 0);
        size += (size_t)more;
    }
}

static void new_hold(void)
{
    char seats[SEATS_TEXT_SIZE];
    choose_seats(seats);
    people_hold(users[below(USERS)], seats);
}

static const char *name_of(const struct user *user)
{
    for (uint32_t index = 0; index < USERS; index++) {
        if (slice_equal(user_name(user), slice_of(users[index]))) return users[index];
    }
    return users[0];
}

void people_pay(uint32_t booking, enum payment_method method, bool confirms)
{
    CHECK(booking < people.booking_count);
    const struct known *known = &people.bookings[booking];
    const char *user = name_of(&known->user);
    const uint32_t key = next_key();
    struct command command = confirms ? turn_fixture_confirm(user, known->id, method, key)
                                      : turn_fixture_pay(user, known->id, method, key);
    command.showtime = known->showtime;
    add(&command, key, 0);
}

void people_cancel(uint32_t booking)
{
    CHECK(booking < people.booking_count);
    const struct known *known = &people.bookings[booking];
    struct command command = turn_fixture_cancel(name_of(&known->user), known->id);
    command.showtime = known->showtime;
    add(&command, 0, 0);
}

static void tell_money(uint32_t payment, enum money_news news, bool wrong, int64_t due_ms)
{
    const struct known *known = &people.payments[payment];
    struct command command = turn_fixture_money(&known->payment, news);
    command.showtime = known->showtime;
    if (wrong) command.amount = 1;
    struct judged_payment *judged = judge_payment(known->id);
    CHECK(judged != NULL);
    if (news == MONEY_PAID && wrong) judged->told_wrong = true;
    else if (news == MONEY_PAID) judged->told_paid = true;
    add(&command, 0, due_ms);
}

void people_money(uint32_t payment, enum money_news news, bool wrong)
{
    CHECK(payment < people.payment_count);
    tell_money(payment, news, wrong, 0);
}

void people_refund(uint32_t payment)
{
    CHECK(payment < people.payment_count);
    const struct known *known = &people.payments[payment];
    const uint32_t key = next_key();
    struct staff_order order;
    struct command command = turn_fixture_refund("staff", known->id, key, &order);
    command.showtime = known->showtime;
    add(&command, key, 0);
}

/* Rather one of lately. */
static uint32_t lately(uint32_t count)
{
    CHECK(count > 0);
    const uint32_t reach = count < LATELY || chance(15) ? count : LATELY;
    return count - 1 - below(reach);
}

static void new_pay(void)
{
    if (people.booking_count == 0) return;
    people_pay(lately(people.booking_count), chance(50) ? PAYMENT_MOMO : PAYMENT_VNPAY, chance(30));
}

static void new_cancel(void)
{
    if (people.booking_count > 0) people_cancel(lately(people.booking_count));
}

static void ask_again(void)
{
    if (people.call_count > 0) send_to_any(lately(people.call_count));
}

/* The same key for other seats. */
static void reuse_key(void)
{
    char seats[SEATS_TEXT_SIZE];
    if (people.call_count == 0) return;
    uint32_t index = lately(people.call_count);
    for (uint32_t back = 1; back <= 8 && back <= people.call_count; back++) {
        /* Rather one that may be half done. */
        if (!people.calls[people.call_count - back].heard) index = people.call_count - back;
    }
    const struct call *call = &people.calls[index];
    if (call->command.kind != COMMAND_HOLD) return;
    choose_seats(seats);
    add_hold(name_of(&call->command.claim.user), seats, call->key);
}

static void finish_refund(void)
{
    struct staff_order order;
    if (people.payment_count == 0) return;
    const struct known *known = &people.payments[lately(people.payment_count)];
    struct command command = turn_fixture_refund_done("staff", known->id, "by hand", &order);
    command.showtime = known->showtime;
    add(&command, 0, 0);
}

static void block(void)
{
    char seats[SEATS_TEXT_SIZE];
    struct staff_order order;
    choose_seats(seats);
    struct command command = turn_fixture_block("staff", seats, &order);
    command.showtime = any_showtime();
    add(&command, 0, 0);
}

static void release(void)
{
    struct staff_order order;
    if (people.block_count == 0) return;
    const struct known *known = &people.blocks[lately(people.block_count)];
    struct command command = turn_fixture_release("staff", known->id, &order);
    command.showtime = known->showtime;
    add(&command, 0, 0);
}

static void cancel_showtime(void)
{
    struct staff_order order;
    struct command command = turn_fixture_cancel_showtime("staff", "no film", &order);
    command.showtime = any_showtime();
    add(&command, 0, 0);
}

static void act_as_staff(void)
{
    const uint32_t dice = below(100);
    if (dice < 45) {
        if (people.payment_count > 0) people_refund(lately(people.payment_count));
    } else if (dice < 70) {
        finish_refund();
    } else if (dice < 82) {
        block();
    } else if (dice < 96) {
        release();
    } else {
        cancel_showtime();
    }
}

void people_act(void)
{
    const uint32_t dice = below(100);
    if (is_full()) return;
    if (chance(people.options.staff_percent)) act_as_staff();
    else if (dice < 35) new_hold();
    else if (dice < 65) new_pay();
    else if (dice < 75) new_cancel();
    else if (dice < 92) ask_again();
    else reuse_key();
}

uint32_t people_insist(bool all)
{
    uint32_t open = 0;
    for (uint32_t index = 0; index < people.call_count; index++) {
        const struct call *call = &people.calls[index];
        if (call->heard) continue;
        open++;
        const bool due = all || call->due_ms <= weather.now_ms;
        const bool first = call->due_ms > 0 && call->answers == 0;
        if (due && chance(all || first ? 50 : 10)) send_to_any(index);
    }
    return open;
}

static int64_t later_ms(int64_t most_ms)
{
    return weather.now_ms + random_between(weather.random, 1, most_ms);
}

/* What the gateway will tell of a new payment. */
static void plan_money(uint32_t payment)
{
    const int64_t end_ms = people.payments[payment].payment.expires_at_ms;
    const int64_t left_ms = end_ms > weather.now_ms ? end_ms - weather.now_ms : 1;
    const uint32_t dice = below(100);
    if (people.options.quiet || is_full() || dice < 10) return;
    const bool wrong = people.options.wrong_amounts && chance(8);
    if (chance(30)) tell_money(payment, MONEY_FAILED, false, later_ms(left_ms));
    if (dice < 60) {
        tell_money(payment, MONEY_PAID, wrong, later_ms(chance(50) ? 2000 : left_ms));
    } else {
        tell_money(payment, MONEY_PAID, wrong, end_ms + random_between(weather.random, 0, 8000));
    }
    if (chance(30)) tell_money(payment, MONEY_PAID, wrong, later_ms(2 * left_ms));
}

static void note(uint32_t *count, struct known *list, struct id id, const struct command *command,
                 const struct payment *payment)
{
    for (uint32_t index = 0; index < *count; index++) {
        if (id_equal(list[index].id, id)) return;
    }
    if (*count == KNOWN_MAX) return;
    struct known *known = &list[(*count)++];
    *known = (struct known){.id = id, .showtime = command->showtime, .user = command->claim.user};
    if (payment == NULL) return;
    known->payment = *payment;
    plan_money(*count - 1);
}

static void learn(const struct attempt *attempt)
{
    const struct command *command = &attempt->command;
    const struct answer *answer = &command->answer;
    if (answer->refusal != REFUSAL_NONE) return;
    if (command->kind == COMMAND_HOLD) {
        note(&people.booking_count, people.bookings, answer->booking.id, command, NULL);
    } else if (command->kind == COMMAND_PAY || command->kind == COMMAND_CONFIRM) {
        note(&people.payment_count, people.payments, answer->payment.id, command, &answer->payment);
    } else if (command->kind == COMMAND_BLOCK) {
        note(&people.block_count, people.blocks, command->order->answer.block.id, command, NULL);
    }
}

static void print_answer(const struct attempt *attempt)
{
    static const char *const kinds[] = {
        "hold",  "confirm", "pay",    "cancel",      "money",           "end", "look",
        "block", "release", "refund", "refund done", "cancel showtime", "edit"};
    const struct answer *answer = &attempt->command.answer;
    printf("%lld ms, instance %u answers %s (call %d, key %u, asked at %lld): %s, refusal %d%s, "
           "version %llu\n",
           (long long)(weather.now_ms % 100000000), attempt->instance, kinds[attempt->command.kind],
           attempt->call, attempt->key, (long long)(attempt->sent_at_ms % 100000000),
           error_name(answer->failure), (int)answer->refusal, answer->replayed ? ", replayed" : "",
           (unsigned long long)answer->map_version);
}

void people_heard(const struct attempt *attempt)
{
    struct call *call = &people.calls[attempt->call];
    if (judge.verbose) print_answer(attempt);
    judge_heard(attempt);
    if (attempt->command.answer.failure != ERROR_NONE) {
        reached_saw_if(attempt->command.answer.failure == ERROR_OUTCOME_UNKNOWN,
                       REACHED_OUTCOME_UNKNOWN);
        return;
    }
    call->heard = true;
    call->answers++;
    learn(attempt);
}

void people_lost(const struct attempt *attempt)
{
    CHECK(attempt->call >= 0);
}

bool people_know_booking(struct id *ret_booking)
{
    if (people.booking_count == 0) return false;
    *ret_booking = people.bookings[lately(people.booking_count)].id;
    return true;
}

bool people_know_payment(struct id *ret_payment)
{
    if (people.payment_count == 0) return false;
    *ret_payment = people.payments[lately(people.payment_count)].id;
    return true;
}
