/* `usher audit` in shared mode, beside what instances do and leave undone: it counts what they will
 * do by themselves, looks again at what moves, and tells what they should have done. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "contract/audit_fixture.h"
#include "store/mongo/mongo_ids.h"

enum { BRIEF_MS = 400 };

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

static void money_without_a_decision_is_counted_and_breaks_no_rule(void **state)
{
    static const struct audit_damage recorded = {
        MONGO_PAYMENTS,
        SETS,
        "@P6",
        "{\"$set\": {\"status\": \"succeeded\", \"paid_amount\": {\"$numberLong\": \"120000\"}, "
        "\"paid_at\": " DATE("1700000001000") "}}",
        NULL,
        NULL};
    struct audit_world *world = *state;
    struct audit_heard heard;
    audit_fixture_damage(world, &recorded);
    const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    audit_fixture_print(&heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.undecided, 1);
    audit_fixture_put_back(world, MONGO_PAYMENTS);
}

static void what_is_not_settled_is_counted_and_breaks_no_rule(void **state)
{
    struct audit_world *world = *state;
    struct audit_heard heard;
    (void)audit_fixture_ask(&world->desk, turn_fixture_hold("khanh", "C1", 20));
    const struct booking booking =
        audit_fixture_ask(&world->desk, turn_fixture_hold("khanh", "C2", 21)).booking;
    (void)audit_fixture_ask(&world->desk, turn_fixture_cancel("khanh", booking.id));
    struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    audit_fixture_print(&heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.unsettled, 1);
    audit_fixture_sweep(&world->desk, 2 * MINUTE_MS);
    counts = audit_fixture_run(&world->fixture, &heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.unsettled, 0);
}

static void an_intent_without_a_commit_is_counted_and_breaks_no_rule(void **state)
{
    struct audit_world *world = *state;
    struct audit_heard heard;
    struct command command = turn_fixture_hold("minh", "C3", 22);
    assert_int_equal(mongo_desk_decide(&world->desk, &command), ERROR_NONE);
    mongo_desk_undo(&world->desk);
    const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    audit_fixture_print(&heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.intents, 1);
}

static void a_payment_intent_without_a_commit_is_counted_as_such(void **state)
{
    struct audit_world *world = *state;
    struct audit_heard heard;
    const struct audit_counts before = audit_fixture_run(&world->fixture, &heard);
    struct command command = turn_fixture_pay("an", world->things[2].id, PAYMENT_MOMO, 23);
    assert_string_equal(world->things[2].name, "B1");
    assert_int_equal(mongo_desk_decide(&world->desk, &command), ERROR_NONE);
    mongo_desk_undo(&world->desk);
    const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.intents, before.intents + 1);
    assert_int_equal(counts.payments, before.payments);
}

/* What is done to showtime 1 between the first reading of it and that of its documents. */
struct between {
    struct audit_world *world;
    void (*move)(struct audit_world *world);
    uint32_t looks;
};

static void move_once(void *context, struct id showtime)
{
    struct between *between = context;
    if (!id_equal(showtime, between->world->things[0].id)) return;
    if (between->looks++ == 0) between->move(between->world);
}

static struct audit_counts audit_amid(struct audit_world *world,
                                      void (*move)(struct audit_world *world), uint32_t *ret_looks,
                                      struct audit_heard *ret_heard)
{
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    struct between between = {.world = world, .move = move};
    const struct mongo_audit_options options = {.report = audit_fixture_hear,
                                                .context = ret_heard,
                                                .patience_ms = BRIEF_MS,
                                                .hook = {.read = move_once, .context = &between}};
    ret_heard->count = 0;
    assert_int_equal(mongo_audit_run(&world->fixture.client, &options, &counts, &reason),
                     ERROR_NONE);
    *ret_looks = between.looks;
    return counts;
}

/* What the moves make, for those after them. */
static struct booking mover;
static struct payment moved_payment;
static struct id moved_block;

static void move_hold(struct audit_world *world)
{
    mover = audit_fixture_ask(&world->desk, turn_fixture_hold("lan", "C7 C8", 31)).booking;
}

static void move_pay(struct audit_world *world)
{
    moved_payment =
        audit_fixture_ask(&world->desk, turn_fixture_pay("lan", mover.id, PAYMENT_MOMO, 32))
            .payment;
}

static void move_money(struct audit_world *world)
{
    (void)audit_fixture_ask(&world->desk, turn_fixture_money(&moved_payment, MONEY_PAID));
}

static void move_refund(struct audit_world *world)
{
    struct staff_order order;
    (void)audit_fixture_ask(&world->desk,
                            turn_fixture_refund("staff", moved_payment.id, 33, &order));
}

static void move_hold_and_cancel(struct audit_world *world)
{
    const struct booking booking =
        audit_fixture_ask(&world->desk, turn_fixture_hold("lan", "C9", 36)).booking;
    (void)audit_fixture_ask(&world->desk, turn_fixture_cancel("lan", booking.id));
}

static void move_block(struct audit_world *world)
{
    struct staff_order order;
    (void)audit_fixture_ask(&world->desk, turn_fixture_block("staff", "C9", &order));
    mongo_desk_load(&world->desk);
    moved_block = mongo_desk_owner(&world->desk, "C9");
}

static void move_release(struct audit_world *world)
{
    struct staff_order order;
    (void)audit_fixture_ask(&world->desk, turn_fixture_release("staff", moved_block, &order));
}

static void what_moves_during_a_look_breaks_no_rule(void **state)
{
    static void (*const moves[])(struct audit_world *) = {
        move_hold_and_cancel, move_hold,    move_pay,   move_money,
        move_block,           move_release, move_refund};
    struct audit_world *world = *state;
    uint32_t looks_in_all = 0;
    for (size_t index = 0; index < sizeof moves / sizeof moves[0]; index++) {
        struct audit_heard heard;
        uint32_t looks = 0;
        const struct audit_counts counts = audit_amid(world, moves[index], &looks, &heard);
        if (counts.violations > 0) print_error("move %zu, %u looks\n", index, looks);
        audit_fixture_print(&heard);
        assert_int_equal(counts.violations, 0);
        assert_true(looks >= 1);
        looks_in_all += looks;
    }
    assert_true(looks_in_all >= 10);
}

static void damage_of_what_moves_during_a_look_is_found_once(void **state)
{
    struct audit_world *world = *state;
    struct audit_heard heard;
    char sentence[AUDIT_TEXT_SIZE];
    uint32_t looks = 0;
    mover = audit_fixture_ask(&world->desk, turn_fixture_hold("mai", "C6", 34)).booking;
    audit_fixture_name(world, "B9", mover.id);
    const struct audit_damage damage = {
        MONGO_BOOKINGS, SETS, "@B9", "{\"$inc\": {\"total_amount\": 1}}", NULL, NULL};
    audit_fixture_damage(world, &damage);
    moved_payment =
        audit_fixture_ask(&world->desk, turn_fixture_pay("mai", mover.id, PAYMENT_MOMO, 35))
            .payment;
    const struct audit_counts counts = audit_amid(world, move_money, &looks, &heard);
    audit_fixture_print(&heard);
    assert_true(looks >= 2);
    assert_int_equal(counts.violations, 2);
    audit_fixture_expand(world, "booking @B9 has a total of 200001, but its seats cost 200000",
                         sentence);
    assert_true(audit_fixture_was_heard(&heard, sentence));
}

/* Another instance, which holds and cancels until it is told to end. The audit asks the machine's
 * clock how long a showtime has waited, so that this one plays tomorrow and is sold today. */
struct colleague {
    pthread_t thread;
    struct mongo_desk desk;
    atomic_bool ended;
};

static void *work(void *context)
{
    struct colleague *colleague = context;
    for (uint64_t key = 1000; !atomic_load(&colleague->ended); key++) {
        const struct booking booking =
            audit_fixture_ask(&colleague->desk, turn_fixture_hold("tam", "C5", key)).booking;
        (void)audit_fixture_ask(&colleague->desk, turn_fixture_cancel("tam", booking.id));
    }
    return NULL;
}

static void start(struct colleague *colleague, struct mongo_fixture *fixture)
{
    const struct id showtime = turn_fixture_id(3);
    const int64_t now_ms = clock_now_ms();
    mongo_fixture_put_showtime(fixture, showtime, now_ms + DAY_MS, now_ms + DAY_MS + HOUR_MS);
    mongo_desk_open(&colleague->desk, fixture, showtime, (struct mongo_hook){0});
    colleague->desk.now_ms = now_ms;
    assert_int_equal(pthread_create(&colleague->thread, NULL, work, colleague), 0);
}

static void stop(struct colleague *colleague)
{
    atomic_store(&colleague->ended, true);
    assert_int_equal(pthread_join(colleague->thread, NULL), 0);
    mongo_desk_close(&colleague->desk);
}

static void what_instances_at_work_leave_undone_breaks_a_rule(void **state)
{
    static const struct audit_damage undone[] = {
        {MONGO_PAYMENTS, SETS, "@P6",
         "{\"$set\": {\"status\": \"succeeded\", \"paid_amount\": {\"$numberLong\": "
         "\"120000\"}, \"paid_at\": " DATE("1700000001000") "}}",
         NULL, NULL},
        {MONGO_SHOWTIMES, SETS, "@S2",
         "{\"$set\": {\"settle\": [{\"b\": " OID("@B8") ", \"v\": 2, \"set\": {\"v\": 2}}], "
                                                        "\"settle_at\": " DATE(
                                                            "1700000001000") "}}",
         NULL, NULL},
    };
    struct audit_world *world = *state;
    struct audit_heard heard;
    char sentence[AUDIT_TEXT_SIZE];
    audit_fixture_sweep(&world->desk, 4 * MINUTE_MS); /* What others have left is of 2023 too. */
    audit_fixture_damage(world, &undone[0]);
    audit_fixture_damage(world, &undone[1]);
    assert_int_equal(audit_fixture_run(&world->fixture, &heard).violations, 0);
    struct colleague colleague = {0};
    start(&colleague, &world->fixture);
    const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    stop(&colleague);
    audit_fixture_print(&heard);
    assert_int_equal(counts.violations, 2);
    audit_fixture_expand(world, "Payment @P6 is paid, and no instance decides", sentence);
    assert_true(audit_fixture_was_heard(&heard, sentence));
    audit_fixture_expand(world, "Showtime @S2 has waited for a sweep", sentence);
    assert_true(audit_fixture_was_heard(&heard, sentence));
}

static void many_edits_of_a_showtime_do_not_hide_its_cancel(void **state)
{
    struct audit_world *world = *state;
    struct audit_heard heard;
    mongoc_collection_t *journal = world->fixture.client.collections[MONGO_JOURNAL];
    bson_error_t why;
    bson_t all = BSON_INITIALIZER;
    assert_true(mongoc_collection_delete_many(journal, &all, NULL, NULL, &why));
    const bson_oid_t subject = mongo_ids_to_oid(world->things[1].id);
    for (uint32_t entry = 0; entry < 100; entry++) {
        bson_t *document =
            BCON_NEW("action", BCON_UTF8("showtime.update"), "subject", BCON_OID(&subject));
        assert_true(mongoc_collection_insert_one(journal, document, NULL, NULL, &why));
        bson_destroy(document);
    }
    for (uint32_t index = 0; index < world->kept_count; index++) {
        const struct audit_kept *kept = &world->kept[index];
        if (kept->collection != MONGO_JOURNAL) continue;
        assert_true(mongoc_collection_insert_one(journal, kept->document, NULL, NULL, &why));
    }
    const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    audit_fixture_print(&heard);
    assert_int_equal(counts.violations, 0);
    audit_fixture_put_back(world, MONGO_JOURNAL);
}

static void an_empty_database_passes_and_stays_empty(void **state)
{
    (void)state;
    struct mongo_fixture fixture = {0};
    struct audit_heard heard;
    mongo_fixture_open(&fixture);
    assert_int_equal(audit_fixture_run(&fixture, &heard).violations, 0);
    mongoc_database_t *database = mongo_client_database(&fixture.client);
    bson_error_t why;
    char **names = mongoc_database_get_collection_names_with_opts(database, NULL, &why);
    assert_non_null(names);
    assert_null(names[0]);
    bson_strfreev(names);
    mongoc_database_destroy(database);
    mongo_fixture_close(&fixture);
}

static void a_database_that_fails_is_said_to(void **state)
{
    struct audit_world *world = *state;
    struct audit_heard heard = {0};
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    mongo_fixture_fail(&world->fixture, 10, "{\"failCommands\": [\"find\"], \"errorCode\": 13}");
    const struct mongo_audit_options options = {.report = audit_fixture_hear, .context = &heard};
    assert_int_equal(mongo_audit_run(&world->fixture.client, &options, &counts, &reason),
                     ERROR_STORE_UNAVAILABLE);
    mongo_fixture_fail(&world->fixture, 0, NULL);
    assert_true(strlen(reason.text) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_without_a_decision_is_counted_and_breaks_no_rule),
        cmocka_unit_test(many_edits_of_a_showtime_do_not_hide_its_cancel),
        cmocka_unit_test(a_database_that_fails_is_said_to),
        cmocka_unit_test(what_is_not_settled_is_counted_and_breaks_no_rule),
        cmocka_unit_test(an_intent_without_a_commit_is_counted_and_breaks_no_rule),
        cmocka_unit_test(what_moves_during_a_look_breaks_no_rule),
        cmocka_unit_test(a_payment_intent_without_a_commit_is_counted_as_such),
        cmocka_unit_test(what_instances_at_work_leave_undone_breaks_a_rule),
        cmocka_unit_test(damage_of_what_moves_during_a_look_is_found_once),
        cmocka_unit_test(an_empty_database_passes_and_stays_empty),
    };
    return cmocka_run_group_tests(tests, audit_fixture_setup, audit_fixture_teardown);
}
