/* test_mongo_crashes.c - a store that dies before each of its steps, and another that goes on.
 *
 * One customer buys and is refunded, another one gives back, staff block and release. The first
 * store ends before its n-th step, for every n; the clients then ask a second store, from the
 * request on that was not answered. Whatever n was, all documents must say the same in the end.
 * The audit is content at each of these moments: with what the crash left behind, when a sweep has
 * settled it, and in the end.
 */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_audit.h"

enum { STAGES = 9, CRASHES_MIN = 30, CRASHES_MAX = 120, KEYS_PER_WORLD = 10 };

#define MINUTE_MS INT64_C(60000)

struct crash {
    uint32_t left; /* Steps until the end. */
    bool happened;
    bool seen[MONGO_STEP_COUNT]; /* Ended before it, in some world. */
};

/* One showtime and what its clients know. */
struct world {
    struct mongo_desk desk;
    uint64_t number;
    struct id booking;
    struct id other;
    struct payment payment;
    struct id block;
};

static enum error count_down(void *context, enum mongo_step step)
{
    struct crash *crash = context;
    if (crash->left-- > 0) return ERROR_NONE;
    crash->happened = true;
    crash->seen[step] = true;
    return ERROR_OUTCOME_UNKNOWN;
}

/* A turn, again while others come first. */
static enum error ask(struct world *world, struct command *command)
{
    enum error error = ERROR_BOOKING_LOCK_FAILED;
    for (int race = 0; race < 5 && error == ERROR_BOOKING_LOCK_FAILED; race++) {
        error = mongo_desk_try(&world->desk, command);
    }
    return error;
}

static enum error hold(struct world *world, const char *user, const char *seats, uint64_t key,
                       struct id *ret_booking)
{
    struct command command = turn_fixture_hold(user, seats, world->number * KEYS_PER_WORLD + key);
    const enum error error = ask(world, &command);
    if (error != ERROR_NONE) return error;
    assert_int_equal(command.answer.refusal, REFUSAL_NONE);
    *ret_booking = command.answer.booking.id;
    return ERROR_NONE;
}

static enum error pay(struct world *world)
{
    struct command command =
        turn_fixture_pay("an", world->booking, PAYMENT_MOMO, world->number * KEYS_PER_WORLD + 2);
    const enum error error = ask(world, &command);
    if (error != ERROR_NONE) return error;
    assert_int_equal(command.answer.refusal, REFUSAL_NONE);
    assert_true(command.answer.created);
    world->payment = command.answer.payment;
    return ERROR_NONE;
}

static enum error tell_money(struct world *world)
{
    struct command command = turn_fixture_money(&world->payment, MONEY_PAID);
    const enum error error = ask(world, &command);
    if (error != ERROR_NONE) return error;
    assert_int_equal(command.answer.payment.status, PAYMENT_COMPLETED);
    return ERROR_NONE;
}

static enum error cancel(struct world *world)
{
    struct command command = turn_fixture_cancel("binh", world->other);
    const enum error error = ask(world, &command);
    if (error == ERROR_NONE) assert_int_equal(command.answer.refusal, REFUSAL_NONE);
    return error;
}

/* Asked again, it finds its own block in the way. */
static enum error block(struct world *world)
{
    struct staff_order order;
    struct command command = turn_fixture_block("staff", "C1", &order);
    const enum error error = ask(world, &command);
    if (error != ERROR_NONE) return error;
    /* The map of the turn, which is right whether it was granted or refused. */
    assert_int_equal(mongo_desk_state(&world->desk, "C1"), SEAT_BLOCKED);
    world->block = mongo_desk_owner(&world->desk, "C1");
    return ERROR_NONE;
}

static enum error release(struct world *world)
{
    struct staff_order order;
    struct command command = turn_fixture_release("staff", world->block, &order);
    return ask(world, &command);
}

static enum error refund(struct world *world)
{
    struct staff_order order;
    struct command command =
        turn_fixture_refund("staff", world->payment.id, world->number * KEYS_PER_WORLD + 4, &order);
    const enum error error = ask(world, &command);
    if (error != ERROR_NONE) return error;
    assert_int_equal(command.answer.payment.status, PAYMENT_REFUND_DUE);
    return ERROR_NONE;
}

/* A round comes a second after the last one at the earliest. */
static enum error sweep(struct world *world, int64_t later_ms)
{
    const struct store *store = &world->desk.store;
    return store->methods->tend(store->context, world->desk.now_ms + later_ms);
}

static enum error run_stage(struct world *world, int stage)
{
    switch (stage) {
    case 0:
        return hold(world, "an", "A1 A2", 1, &world->booking);
    case 1:
        return pay(world);
    case 2:
        return tell_money(world);
    case 3:
        return hold(world, "binh", "B1", 3, &world->other);
    case 4:
        return cancel(world);
    case 5:
        return block(world);
    case 6:
        return release(world);
    case 7:
        return refund(world);
    default:
        return sweep(world, 2 * MINUTE_MS);
    }
}

/* As far as the store comes; STAGES if it comes to the end. */
static int run(struct world *world, int stage, const struct crash *crash)
{
    for (; stage < STAGES; stage++) {
        const enum error error = run_stage(world, stage);
        if (crash != NULL && crash->happened) return stage;
        assert_int_equal(error, ERROR_NONE);
    }
    return stage;
}

static void assert_says(struct mongo_fixture *fixture, enum mongo_collection collection,
                        struct id id, const char *text)
{
    char *json = mongo_fixture_json(fixture, collection, id);
    assert_non_null(json);
    if (strstr(json, text) == NULL) fprintf(stderr, "%s is not in %s\n", text, json);
    assert_non_null(strstr(json, text));
    bson_free(json);
}

static void hear(void *context, struct slice text)
{
    (void)context;
    print_error("%.*s\n", (int)text.size, text.data);
}

static struct audit_counts assert_no_rule_is_broken(struct mongo_fixture *fixture)
{
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    /* Nobody else is at work here, so there is nothing to wait for. */
    const struct mongo_audit_options options = {.report = hear, .patience_ms = 1};
    assert_int_equal(mongo_audit_run(&fixture->client, &options, &counts, &reason), ERROR_NONE);
    assert_int_equal(counts.violations, 0);
    return counts;
}

/* What a crash left behind is settled by whoever sweeps next; the client need not come back. */
static uint64_t assert_a_sweep_settles(struct mongo_fixture *fixture, struct world *world)
{
    const struct audit_counts before = assert_no_rule_is_broken(fixture);
    assert_int_equal(sweep(world, MINUTE_MS), ERROR_NONE);
    const struct audit_counts after = assert_no_rule_is_broken(fixture);
    assert_int_equal(after.unsettled, 0);
    assert_int_equal(after.undecided, before.undecided);
    return before.unsettled;
}

/* Makes room for another world: an audit reads them all. */
static void clear(struct mongo_fixture *fixture)
{
    for (uint32_t collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        bson_t all = BSON_INITIALIZER;
        bson_error_t why;
        if (collection == MONGO_SETTINGS) continue;
        assert_true(mongoc_collection_delete_many(fixture->client.collections[collection], &all,
                                                  NULL, NULL, &why));
    }
}

static void assert_all_agree(struct mongo_fixture *fixture, struct world *world)
{
    mongo_desk_load(&world->desk);
    assert_int_equal(seat_map_available(&world->desk.map), 29);
    assert_says(fixture, MONGO_BOOKINGS, world->booking, "\"status\" : \"cancelled\"");
    assert_says(fixture, MONGO_BOOKINGS, world->other, "\"status\" : \"cancelled\"");
    assert_says(fixture, MONGO_PAYMENTS, world->payment.id, "\"status\" : \"refund_due\"");
    assert_says(fixture, MONGO_PAYMENTS, world->payment.id, "\"reason\" : \"requested\"");
    assert_says(fixture, MONGO_BLOCKS, world->block, "\"released_at\" : { \"$date\"");
    assert_says(fixture, MONGO_SHOWTIMES, world->desk.showtime, "\"settle\" : [  ]");
    assert_says(fixture, MONGO_SHOWTIMES, world->desk.showtime, "\"available_seats\" : 29");
}

static void a_crash_before_any_step_is_put_right_by_another_store(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct crash crash = {0};
    uint32_t crashes = 0;
    uint64_t unsettled = 0;
    for (bool ended = false; !ended; crashes++) {
        assert_true(crashes < CRASHES_MAX);
        struct world world = {.number = 100 + crashes};
        const struct id showtime = turn_fixture_id(world.number);
        clear(fixture);
        mongo_fixture_put_showtime(fixture, showtime, FIXTURE_STARTS_AT_MS, FIXTURE_ENDS_AT_MS);
        crash.left = crashes;
        crash.happened = false;
        mongo_desk_open(&world.desk, fixture, showtime,
                        (struct mongo_hook){.before = count_down, .context = &crash});
        const int stage = run(&world, 0, &crash);
        mongo_desk_close(&world.desk);
        mongo_desk_open(&world.desk, fixture, showtime, (struct mongo_hook){0});
        ended = stage == STAGES;
        unsettled += assert_a_sweep_settles(fixture, &world);
        assert_int_equal(run(&world, ended ? STAGES - 1 : stage, NULL), STAGES);
        assert_all_agree(fixture, &world);
        assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), 3);
        const struct audit_counts counts = assert_no_rule_is_broken(fixture);
        assert_int_equal(counts.unsettled + counts.undecided, 0);
        mongo_desk_close(&world.desk);
    }
    assert_true(crashes >= CRASHES_MIN);
    assert_true(unsettled >= CRASHES_MIN);
    for (uint32_t step = 0; step < MONGO_STEP_READ_GATE; step++) {
        if (step != MONGO_STEP_READ_BACK) assert_true(crash.seen[step]);
    }
    printf("%u crashes\n", crashes - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_crash_before_any_step_is_put_right_by_another_store,
                                        mongo_fixture_setup, mongo_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
