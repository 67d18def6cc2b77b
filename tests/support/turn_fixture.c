#include "support/turn_fixture.h"

#include "base/check.h"

enum { ROWS = 3, COLS = 10 };

struct id turn_fixture_id(uint64_t number)
{
    struct id id = {.bytes = {0xfe}};
    for (size_t index = ID_SIZE; index > 4; index--) {
        id.bytes[index - 1] = (uint8_t)number;
        number >>= 8;
    }
    return id;
}

struct uuid turn_fixture_key(uint64_t number)
{
    struct uuid key = {.bytes = {[6] = 0x40, [8] = 0x80}};
    for (size_t index = sizeof key.bytes; index > 9; index--) {
        key.bytes[index - 1] = (uint8_t)number;
        number >>= 8;
    }
    return key;
}

static struct seat_name name_of(struct slice text)
{
    struct seat_name name = {0};
    CHECK(seat_name_parse(text, &name));
    return name;
}

static void lay_out(struct turn_fixture *fixture)
{
    struct seat_layout layout = {.rows = ROWS, .cols = COLS};
    for (uint32_t place = 0; place < ROWS * COLS; place++) {
        static const uint8_t types[ROWS] = {SEAT_VIP, SEAT_STANDARD, SEAT_COUPLE};
        layout.types[place] = types[place / COLS];
    }
    layout.types[ROWS * COLS - 1] = SEAT_TYPE_COUNT;
    seat_map_init(&fixture->map, &layout, fixture->block);
    fixture->map.showtime = turn_fixture_id(1);
    fixture->map.version = 1;
    fixture->map.starts_at_ms = FIXTURE_STARTS_AT_MS;
    fixture->map.ends_at_ms = FIXTURE_ENDS_AT_MS;
    fixture->map.prices[SEAT_STANDARD] = FIXTURE_PRICE_STANDARD;
    fixture->map.prices[SEAT_VIP] = FIXTURE_PRICE_VIP;
    fixture->map.prices[SEAT_COUPLE] = FIXTURE_PRICE_COUPLE;
    const uint32_t blocked = turn_fixture_place(fixture, "B10");
    fixture->map.states[blocked] = SEAT_BLOCKED;
    fixture->map.claims[blocked].booking = turn_fixture_id(2);
}

int turn_fixture_setup(void **state)
{
    struct turn_fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL) return -1;
    *fixture = (struct turn_fixture){
        .now_ms = FIXTURE_NOW_MS,
        .policy = {.hold_ms = HOLD_MS_DEFAULT,
                   .payment_ms = PAYMENT_MS_DEFAULT,
                   .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                   .tag_key = {.bytes = {7}}},
        .has_map = true,
        .remembers = true,
        .memory = calloc(1, sizeof *fixture->memory),
        .turn = calloc(1, sizeof *fixture->turn),
        .block = calloc(1, seat_map_size(ROWS * COLS)),
        .numbers = {
            .key = {.bytes = {9}}, .next_booking = 100, .next_payment = 100, .next_block = 100}};
    *state = fixture;
    if (fixture->memory == NULL || fixture->turn == NULL || fixture->block == NULL) return -1;
    lay_out(fixture);
    return 0;
}

int turn_fixture_teardown(void **state)
{
    struct turn_fixture *fixture = *state;
    free(fixture->memory);
    free(fixture->turn);
    free(fixture->block);
    free(fixture);
    return 0;
}

/* The fingerprint is of what is asked, as the shell's is of the body. */
static struct claim_key claim_of(const char *user, enum operation operation, uint64_t key,
                                 struct slice body)
{
    static const struct siphash_key hash = {.bytes = {1}};
    struct claim_key claim = {
        .user = user_of(slice_of(user)), .operation = operation, .key = turn_fixture_key(key)};
    const uint64_t digest = siphash(&hash, body.data, body.size);
    memcpy(claim.fingerprint.bytes, &digest, sizeof digest);
    return claim;
}

struct command turn_fixture_hold(const char *user, const char *seats, uint64_t key)
{
    struct command command = {.kind = COMMAND_HOLD,
                              .showtime = turn_fixture_id(1),
                              .claim = claim_of(user, OPERATION_HOLD, key, slice_of(seats))};
    struct slice rest = slice_of(seats);
    while (rest.size > 0) {
        CHECK(command.seat_count < SEATS_PER_HOLD_MAX);
        command.seats[command.seat_count++] = name_of(slice_cut(rest, ' ', &rest));
    }
    return command;
}

static struct command paying(const char *user, struct id booking, enum payment_method method,
                             uint64_t key, enum command_kind kind)
{
    struct slice body = {.data = (const char *)booking.bytes, .size = ID_SIZE};
    const enum operation operation = kind == COMMAND_PAY ? OPERATION_PAY : OPERATION_CONFIRM;
    struct command command = {.kind = kind,
                              .showtime = turn_fixture_id(1),
                              .claim = claim_of(user, operation, key, body),
                              .booking = booking,
                              .method = method,
                              .gateway = url_of(SLICE("https://pay.example"))};
    command.claim.fingerprint.bytes[31] = (uint8_t)method;
    return command;
}

struct command turn_fixture_pay(const char *user, struct id booking, enum payment_method method,
                                uint64_t key)
{
    return paying(user, booking, method, key, COMMAND_PAY);
}

struct command turn_fixture_confirm(const char *user, struct id booking, enum payment_method method,
                                    uint64_t key)
{
    return paying(user, booking, method, key, COMMAND_CONFIRM);
}

struct command turn_fixture_cancel(const char *user, struct id booking)
{
    return (struct command){.kind = COMMAND_CANCEL,
                            .showtime = turn_fixture_id(1),
                            .claim.user = user_of(slice_of(user)),
                            .booking = booking};
}

struct command turn_fixture_expire(struct id booking)
{
    return (struct command){
        .kind = COMMAND_END, .showtime = turn_fixture_id(1), .booking = booking};
}

struct command turn_fixture_money(const struct payment *payment, enum money_news news)
{
    return (struct command){.kind = COMMAND_MONEY,
                            .showtime = turn_fixture_id(1),
                            .payment = payment->id,
                            .method = payment->method,
                            .news = news,
                            .amount = payment->amount};
}

static struct command of_staff(const char *user, enum command_kind kind, const char *text,
                               struct staff_order *order)
{
    *order = (struct staff_order){.role = STAFF_ROLE_STAFF, .text = reason_of(slice_of(text))};
    return (struct command){.kind = kind,
                            .showtime = turn_fixture_id(1),
                            .claim.user = user_of(slice_of(user)),
                            .order = order};
}

struct command turn_fixture_block(const char *user, const char *seats, struct staff_order *order)
{
    const struct command command = of_staff(user, COMMAND_BLOCK, "rehearsal", order);
    struct slice rest = slice_of(seats);
    while (rest.size > 0) {
        CHECK(order->seat_count < SEATS_PER_BLOCK_MAX);
        order->seats[order->seat_count++] = name_of(slice_cut(rest, ' ', &rest));
    }
    return command;
}

struct command turn_fixture_release(const char *user, struct id block, struct staff_order *order)
{
    const struct command command = of_staff(user, COMMAND_RELEASE, "", order);
    order->block = block;
    return command;
}

struct command turn_fixture_refund(const char *user, struct id payment, uint64_t key,
                                   struct staff_order *order)
{
    struct command command = of_staff(user, COMMAND_REFUND, "a customer asked", order);
    const struct slice body = {.data = (const char *)payment.bytes, .size = ID_SIZE};
    command.claim = claim_of(user, OPERATION_REFUND, key, body);
    command.payment = payment;
    return command;
}

struct command turn_fixture_refund_done(const char *user, struct id payment, const char *reference,
                                        struct staff_order *order)
{
    struct command command = of_staff(user, COMMAND_REFUND_DONE, reference, order);
    command.payment = payment;
    return command;
}

struct command turn_fixture_cancel_showtime(const char *user, const char *reason,
                                            struct staff_order *order)
{
    return of_staff(user, COMMAND_CANCEL_SHOWTIME, reason, order);
}

static void give_facts(struct turn_fixture *fixture)
{
    struct facts *facts = &fixture->turn->facts;
    for (uint32_t index = 0; index < fixture->booking_count; index++) {
        facts_add_booking(facts, &fixture->bookings[index], FACT_KNOWN);
    }
    for (uint32_t index = 0; index < fixture->payment_count; index++) {
        facts_add_payment(facts, &fixture->payments[index], FACT_KNOWN);
    }
    for (uint32_t index = 0; index < fixture->key_count; index++) {
        facts_add_key(facts, &fixture->keys[index], FACT_KNOWN);
    }
    for (uint32_t index = 0; index < fixture->block_count; index++) {
        facts_add_block(facts, &fixture->blocks[index], FACT_KNOWN);
    }
}

static void take_facts(struct turn_fixture *fixture)
{
    const struct facts *facts = &fixture->turn->facts;
    CHECK(facts->booking_count <= FIXTURE_RECORDS_MAX);
    CHECK(facts->payment_count <= FIXTURE_RECORDS_MAX);
    CHECK(facts->key_count <= FIXTURE_RECORDS_MAX);

    fixture->booking_count = facts->booking_count;
    fixture->payment_count = facts->payment_count;
    fixture->key_count = facts->key_count;
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        fixture->bookings[index] = facts->bookings[index].booking;
    }
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        fixture->payments[index] = facts->payments[index].payment;
    }
    for (uint32_t index = 0; index < facts->key_count; index++) {
        fixture->keys[index] = facts->keys[index].record;
    }
    CHECK(facts->block_count <= FIXTURE_RECORDS_MAX);
    fixture->block_count = facts->block_count;
    for (uint32_t index = 0; index < facts->block_count; index++) {
        fixture->blocks[index] = facts->blocks[index].block;
    }
}

void turn_fixture_run(struct turn_fixture *fixture, struct command *const *commands, uint32_t count)
{
    struct turn *turn = fixture->turn;
    turn_begin(turn, &fixture->policy, fixture->remembers ? fixture->memory : NULL,
               fixture->has_map ? &fixture->map : NULL, fixture->now_ms);
    for (uint32_t index = 0; index < count; index++) turn_add(turn, commands[index]);
    turn->numbers = &fixture->numbers;
    give_facts(fixture);
    turn_decide(turn);
    take_facts(fixture);
    for (uint32_t index = 0; index < count; index++) {
        refusal_memory_note(fixture->memory, commands[index]);
    }
}

const struct answer *turn_fixture_decide(struct turn_fixture *fixture, struct command *command)
{
    turn_fixture_run(fixture, &command, 1);
    return &command->answer;
}

struct booking turn_fixture_held(struct turn_fixture *fixture, const char *user, const char *seats,
                                 uint64_t key)
{
    struct command command = turn_fixture_hold(user, seats, key);
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    CHECK(answer->failure == ERROR_NONE);
    CHECK(answer->refusal == REFUSAL_NONE);
    return answer->booking;
}

struct payment turn_fixture_paying(struct turn_fixture *fixture, const struct booking *booking,
                                   enum payment_method method, uint64_t key)
{
    char user[USER_SIZE_MAX + 1];
    CHECK(slice_to_string(user_name(&booking->user), user, sizeof user));
    struct command command = turn_fixture_pay(user, booking->id, method, key);
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    CHECK(answer->failure == ERROR_NONE);
    CHECK(answer->refusal == REFUSAL_NONE);
    return answer->payment;
}

struct payment turn_fixture_sold(struct turn_fixture *fixture, const struct booking *booking,
                                 uint64_t key)
{
    const struct payment payment = turn_fixture_paying(fixture, booking, PAYMENT_MOMO, key);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    CHECK(turn_fixture_decide(fixture, &money)->outcome == MONEY_CONFIRMED);
    return money.answer.payment;
}

void turn_fixture_lapse(struct turn_fixture *fixture)
{
    struct id bookings[FIXTURE_RECORDS_MAX];
    const size_t count = turn_ending(&fixture->map, fixture->now_ms, bookings, FIXTURE_RECORDS_MAX);
    for (size_t index = 0; index < count; index++) {
        struct command command = turn_fixture_expire(bookings[index]);
        turn_fixture_decide(fixture, &command);
    }
}

struct booking *turn_fixture_booking(struct turn_fixture *fixture, struct id id)
{
    uint32_t index = 0;
    while (index < fixture->booking_count && !id_equal(fixture->bookings[index].id, id)) index++;
    CHECK(index < fixture->booking_count);
    return &fixture->bookings[index];
}

struct payment *turn_fixture_payment(struct turn_fixture *fixture, struct id id)
{
    uint32_t index = 0;
    while (index < fixture->payment_count && !id_equal(fixture->payments[index].id, id)) index++;
    CHECK(index < fixture->payment_count);
    return &fixture->payments[index];
}

uint32_t turn_fixture_place(const struct turn_fixture *fixture, const char *seat)
{
    const uint32_t place = seat_map_find(&fixture->map, name_of(slice_of(seat)));
    CHECK(place != PLACE_NONE);
    return place;
}

enum seat_state turn_fixture_state(const struct turn_fixture *fixture, const char *seat)
{
    return fixture->map.states[turn_fixture_place(fixture, seat)];
}
