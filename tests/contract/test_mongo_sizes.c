/* test_mongo_sizes.c - a large showtime, and turns as full as they get: all of it fits into a
 * document and an update of it, with the rest of others that nobody has written. */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_read.h"

enum {
    SEATS = 1040, /* A server of tests takes its time with more. */
    EACH = 4,
    GUESTS = SEATS / EACH, /* A turn of them all. */
    DOCUMENT_MAX = 16 * 1024 * 1024,
};

static_assert(GUESTS <= TURN_COMMANDS_MAX, "they fit into a turn");

struct house {
    struct mongo_fixture fixture;
    struct mongo_desk desk;
    struct command commands[GUESTS];
    struct id bookings[GUESTS];
    struct payment payments[GUESTS];
};

static void name_seat(uint32_t place, char text[8])
{
    const struct seat_name name = {.row = (uint16_t)(place / COLS_MAX),
                                   .col = (uint16_t)(place % COLS_MAX + 1)};
    text[seat_name_format(name, text)] = '\0';
}

static void put_hall(struct mongo_fixture *fixture)
{
    const bson_oid_t oid = mongo_ids_to_oid(turn_fixture_id(1));
    bson_t *document = BCON_NEW(
        "_id", BCON_OID(&oid), "start_time", BCON_DATE_TIME(FIXTURE_STARTS_AT_MS), "end_time",
        BCON_DATE_TIME(FIXTURE_ENDS_AT_MS), "price", "{", "standard", BCON_INT32(1), "}",
        "total_seats", BCON_INT32((int32_t)SEATS), "available_seats", BCON_INT32((int32_t)SEATS),
        "version", BCON_INT32(1), "due_at", BCON_NULL, "status", BCON_UTF8("scheduled"));
    bson_t seats;
    BSON_APPEND_DOCUMENT_BEGIN(document, "seats", &seats);
    for (uint32_t place = 0; place < SEATS; place++) {
        char name[8];
        bson_t seat;
        name_seat(place, name);
        BSON_APPEND_DOCUMENT_BEGIN(&seats, name, &seat);
        BSON_APPEND_UTF8(&seat, "status", "available");
        (void)bson_append_document_end(&seats, &seat);
    }
    (void)bson_append_document_end(document, &seats);
    assert_true(mongoc_collection_insert_one(fixture->client.collections[MONGO_SHOWTIMES], document,
                                             NULL, NULL, NULL));
    bson_destroy(document);
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    mongo_fixture_open(&house->fixture);
    put_hall(&house->fixture);
    mongo_desk_open(&house->desk, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    mongo_desk_close(&house->desk);
    mongo_fixture_close(&house->fixture);
    free(house);
    return 0;
}

/* All commands in one turn; each must be granted. */
static void run_all(struct house *house)
{
    struct mongo_desk *desk = &house->desk;
    const struct store *store = &desk->store;
    desk->now_ms++;
    assert_int_equal(store->methods->begin(store->context), ERROR_NONE);
    mongo_desk_load(desk);
    turn_begin(desk->turn, &desk->policy, NULL, &desk->map, desk->now_ms);
    for (uint32_t guest = 0; guest < GUESTS; guest++) {
        house->commands[guest].showtime = desk->showtime;
        turn_add(desk->turn, &house->commands[guest]);
    }
    assert_int_equal(store->methods->gather(store->context, desk->turn), ERROR_NONE);
    turn_decide(desk->turn);
    assert_int_equal(store->methods->record(store->context, desk->turn), ERROR_NONE);
    assert_int_equal(mongo_desk_commit(desk), ERROR_NONE);
    for (uint32_t guest = 0; guest < GUESTS; guest++) {
        assert_int_equal(house->commands[guest].answer.failure, ERROR_NONE);
        assert_int_equal(house->commands[guest].answer.refusal, REFUSAL_NONE);
    }
}

/* The instance dies before it has written the rest; another takes its place. */
static void replace(struct house *house)
{
    const int64_t now_ms = house->desk.now_ms;
    mongo_desk_close(&house->desk);
    mongo_desk_open(&house->desk, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    house->desk.now_ms = now_ms;
}

static void hold_all(struct house *house)
{
    for (uint32_t guest = 0; guest < GUESTS; guest++) {
        char user[16];
        char seats[EACH * 8] = "";
        (void)snprintf(user, sizeof user, "guest-%u", guest);
        for (uint32_t seat = 0; seat < EACH; seat++) {
            char name[8];
            name_seat(guest * EACH + seat, name);
            (void)snprintf(seats + strlen(seats), sizeof seats - strlen(seats), "%s%s",
                           seat == 0 ? "" : " ", name);
        }
        house->commands[guest] = turn_fixture_hold(user, seats, 1 + guest);
    }
    run_all(house);
    for (uint32_t guest = 0; guest < GUESTS; guest++) {
        house->bookings[guest] = house->commands[guest].answer.booking.id;
    }
}

static void pay_all(struct house *house)
{
    for (uint32_t guest = 0; guest < GUESTS; guest++) {
        char user[16];
        (void)snprintf(user, sizeof user, "guest-%u", guest);
        house->commands[guest] =
            turn_fixture_pay(user, house->bookings[guest], PAYMENT_MOMO, 1000 + guest);
    }
    run_all(house);
    for (uint32_t guest = 0; guest < GUESTS; guest++) {
        house->payments[guest] = house->commands[guest].answer.payment;
    }
}

static void tell_all(struct house *house)
{
    for (uint32_t guest = 0; guest < GUESTS; guest++) {
        house->commands[guest] = turn_fixture_money(&house->payments[guest], MONEY_PAID);
    }
    run_all(house);
}

static uint32_t size_of_document(struct house *house)
{
    bson_t document;
    bool there = false;
    assert_int_equal(mongo_read_one(&house->fixture.client, MONGO_SHOWTIMES, turn_fixture_id(1),
                                    NULL, &document, &there),
                     ERROR_NONE);
    assert_true(there);
    const uint32_t size = document.len;
    bson_destroy(&document);
    return size;
}

static int64_t count_left(struct house *house)
{
    bson_t *filter = BCON_NEW("status", "{", "$ne", BCON_UTF8("confirmed"), "}");
    const int64_t count = mongoc_collection_count_documents(
        house->fixture.client.collections[MONGO_BOOKINGS], filter, NULL, NULL, NULL, NULL);
    bson_destroy(filter);
    return count;
}

static void a_large_showtime_is_sold_in_three_turns_whose_rest_nobody_writes(void **state)
{
    struct house *house = *state;
    hold_all(house);
    replace(house);
    pay_all(house);
    replace(house);
    tell_all(house);
    const uint32_t size = size_of_document(house);
    printf("%u bytes with %u seats sold and all of it unsettled\n", size, (unsigned)SEATS);
    assert_true(size < DOCUMENT_MAX / 8);
    replace(house);
    mongo_desk_load(&house->desk);
    assert_int_equal(seat_map_available(&house->desk.map), 0);
    const struct store *store = &house->desk.store;
    for (int round = 1; round <= 2; round++) {
        assert_int_equal(
            store->methods->tend(store->context, house->desk.now_ms + round * INT64_C(60000)),
            ERROR_NONE);
    }
    assert_int_equal(count_left(house), 0);
    assert_true(size_of_document(house) < size - GUESTS * 100); /* The rest is gone. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_large_showtime_is_sold_in_three_turns_whose_rest_nobody_writes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
