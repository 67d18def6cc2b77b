/* `usher audit` in shared mode: a database that the store wrote passes; each rule, broken by hand,
 * is found and named. */
#include "support/unit.h"

#include "contract/audit_fixture.h"

static const struct audit_damage showtime_damages[] = {
    {MONGO_SHOWTIMES, SETS, "@S1", SET("version", "-1"), "Showtime @S1 has the version -1", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", "{\"$unset\": {\"version\": 1}}", "Showtime @S1 has no version",
     NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("status", "\"open\""),
     "Showtime @S1 has a status that none can have", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("cancelled_at", DATE("5")),
     "Showtime @S1 is scheduled, but cancelled_at says otherwise", NULL},
    {MONGO_SHOWTIMES, SETS, "@S2", SET("cancelled_at", "null"),
     "Showtime @S2 is cancelled, but cancelled_at says otherwise", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("price.vip", "-1"),
     "Showtime @S1 has a price that none can have", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats", "[]"), "Showtime @S1 has no seats", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A1.status", "\"lost\""),
     "Showtime @S1: seat A1 has a value that no seat can have", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A9.booking_id", OID("@B1")),
     "Showtime @S1: seat A9 has a value that no seat can have", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("end_time", "null"), "Showtime @S1 cannot be served", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("total_seats", "30"),
     "Showtime @S1 says 30 seats, but 29 are", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", "{\"$inc\": {\"available_seats\": 1}}",
     "Showtime @S1 says 22 free seats, but 21 are", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("due_at", "null"),
     "Showtime @S1 says that something is due at 0, but it is at", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("layout", "{\"rows\": 1, \"cols\": 2, \"places\": \"sx\"}"),
     "Showtime @S1 has a layout that none can have", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     SET("layout", "{\"rows\": 3, \"cols\": 10, \"places\": "
                   "\"vvvvvvvvvvsssssssssscccccccccc\"}"),
     "Showtime @S1: seat C10 is not what the layout says", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("settle", "[1]"),
     "Showtime @S1: what is to be settled is unreadable", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"settle\": [{\"b\": " OID("@B3") ", \"v\": 9999, \"set\": {\"v\": 9999}}], "
                                                    "\"settle_at\": " DATE("5") "}}",
     "Showtime @S1: what is to be settled of @B3 is of version 9999", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"settle\": [{\"b\": " OID(
         "@B3") ", \"v\": 3, \"set\": {\"v\": 3}}, "
                "{\"b\": " OID("@B3") ", \"v\": 4, \"set\": {\"v\": 4}}], \"settle_at\": " DATE(
                    "5") "}}",
     "Showtime @S1: @B3 is to be settled twice", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     SET("settle", "[{\"b\": " OID("@B3") ", \"v\": 3, \"set\": {\"v\": 3}}]"),
     "Showtime @S1: 1 are to be settled, but no sweep will find them", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"settle\": [{\"b\": " OID("fe00000000000000000000aa") ", \"v\": 3, \"set\": "
                                                                         "{\"v\": 3}}], "
                                                                         "\"settle_at\": " DATE(
                                                                             "5") "}}",
     "Showtime @S1: booking fe00000000000000000000aa is to be settled, but does not exist", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"settle\": [{\"x\": " OID("fe00000000000000000000aa") ", \"v\": 3, \"set\": "
                                                                         "{\"v\": 3}}], "
                                                                         "\"settle_at\": " DATE(
                                                                             "5") "}}",
     "Showtime @S1: block fe00000000000000000000aa is to be settled, but does not exist", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"settle\": [{\"p\": " OID("fe00000000000000000000aa") ", \"v\": 3, \"set\": "
                                                                         "{\"v\": 3}}], "
                                                                         "\"settle_at\": " DATE(
                                                                             "5") "}}",
     "Showtime @S1: payment fe00000000000000000000aa is to be settled, but it does not exist",
     NULL},
    {MONGO_SHOWTIMES, SETS, "@S2",
     "{\"$set\": {\"settle\": [{\"p\": " OID("@P1") ", \"v\": 3, \"set\": {\"v\": 3}}], "
                                                    "\"settle_at\": " DATE("5") "}}",
     "Showtime @S2: payment @P1 is to be settled, but it is of another showtime", NULL},
    {MONGO_SHOWTIMES, SETS, "@S2",
     "{\"$set\": {\"settle\": [{\"b\": " OID("@B1") ", \"v\": 3, \"set\": {\"v\": 3}}], "
                                                    "\"settle_at\": " DATE("5") "}}",
     "Showtime @S2: booking @B1 is of showtime @S1, but has a seat or a decision here", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"settle\": [{\"b\": " OID(
         "@B2") ", \"v\": 999, \"set\": {\"status\": "
                "\"expired\", \"v\": 999}}], \"version\": 999, \"settle_at\": " DATE("5") "}}",
     "Showtime @S1: booking @B2 is to be settled as expired, but its document says confirmed",
     NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"settle\": [{\"p\": " OID(
         "@P3") ", \"v\": 999, \"set\": {\"status\": "
                "\"completed\", \"v\": 999}}], \"version\": 999, \"settle_at\": " DATE("5") "}}",
     "payment @P3 is to be settled as completed, but its document says refund_due", NULL},
    {MONGO_SHOWTIMES, COPIES, "@S2", "{\"_id\": 5}", "has a _id that is no id", NULL},
    {MONGO_SHOWTIMES, DELETES, "@S2", NULL, "Showtime @S2 does not exist, but booking @B8 is of it",
     NULL},
};

static const struct audit_damage seat_damages[] = {
    {MONGO_SHOWTIMES, SETS, "@S1",
     SET("seats.A2", "{\"status\": \"available\", \"seat_type\": \"vip\"}"),
     "Showtime @S1: booking @B2 does not have its seat A2: nobody has", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A2", SEAT_OF("booked", "@B6")),
     "Showtime @S1: booking @B2 does not have its seat A2: booking @B6 has", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A2", SEAT_OF("booked", "@B6")),
     "Showtime @S1: booking @B6 has seat A2, which it does not list", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A1", SEAT_OF("booked", "@B1")),
     "Showtime @S1: booking @B1 is pending, but its seat A1 is booked", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1",
     "{\"$set\": {\"seats.A2.status\": \"held\", \"seats.A2.held_until\": " DATE("5") "}}",
     "Showtime @S1: booking @B2 is confirmed, but its seat A2 is held", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A1.held_until", DATE("5")),
     "but holds its seat A1 until 5", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A2.pay", OID("@P4")),
     "Showtime @S1: booking @B2 has payment @P1, but its seat A2 says @P4", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A4.pay", OID("@P2")),
     "Showtime @S1: booking @B4 has payment @P6, but its seat A4 says @P2", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A1.user_id", "\"binh\""),
     "Showtime @S1: booking @B1 is not of the user whom its seat A1 names", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A1.booking_id", OID("fe00000000000000000000aa")),
     "Showtime @S1: booking fe00000000000000000000aa has seat A1, but does not exist", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A3", SEAT_OF("booked", "@B3")),
     "Showtime @S1: booking @B3 is cancelled, but seat A3 is still its", NULL},
    {MONGO_SHOWTIMES, SETS, "@S1", SET("seats.A9", SEAT_OF("booked", "@B8")),
     "Showtime @S1: booking @B8 is of showtime @S2, but has a seat or a decision here", NULL},
};

static const struct audit_damage booking_damages[] = {
    {MONGO_BOOKINGS, DELETES, "@B2", NULL,
     "Showtime @S1: booking @B2 has seat A2, but does not exist", NULL},
    {MONGO_BOOKINGS, COPIES, "@B2",
     "{\"_id\": " OID("fe00000000000000000000aa") ", \"booking_code\": \"BK-AAAAAAAA\"}",
     "Showtime @S1: booking fe00000000000000000000aa does not have its seat A2: booking @B2 has",
     NULL},
    {MONGO_BOOKINGS, SETS, "@B4", SET("status", "\"confirmed\""),
     "Showtime @S1: booking @B4 is confirmed without a payment", NULL},
    {MONGO_BOOKINGS, SETS, "@B2", SET("status", "\"cancelled\""),
     "payment @P1 is kept, but bought nothing: its booking is cancelled", NULL},
    {MONGO_BOOKINGS, SETS, "@B2", SET("payment_id", OID("@P4")),
     "Showtime @S1: booking @B2 is confirmed with payment @P4, which is not its own", NULL},
    {MONGO_BOOKINGS, SETS, "@B2", SET("payment_id", OID("fe00000000000000000000aa")),
     "confirmed with payment fe00000000000000000000aa, which is not its own", NULL},
    {MONGO_BOOKINGS, SETS, "@B1", "{\"$inc\": {\"total_amount\": 1}}", "but its seats cost 210000",
     NULL},
    {MONGO_BOOKINGS, SETS, "@B1", SET("final_amount", "5"), "210000 less 0 is not 5", NULL},
    {MONGO_BOOKINGS, SETS, "@B1", SET("seats.0.seat_id", "\"C10\""),
     "Showtime @S1: booking @B1 lists seat C10, which its showtime does not have", NULL},
    {MONGO_BOOKINGS, SETS, "@B1", SET("seats.1.seat_id", "\"A1\""),
     "Showtime @S1: booking @B1 lists seat A1 twice", NULL},
    {MONGO_BOOKINGS, SETS, "@B1", SET("seats", "\"nonsense\""),
     "Showtime @S1: booking @B1 has a value that no booking can have", NULL},
    {MONGO_BOOKINGS, SETS, "@B3", SET("status", "\"lost\""),
     "Showtime @S1: booking @B3 has a value that no booking can have", NULL},
    {MONGO_BOOKINGS, SETS, "@B3", SET("cancelled_at", "null"),
     "Showtime @S1: booking @B3 is cancelled, but cancelled_at says otherwise", NULL},
    {MONGO_BOOKINGS, SETS, "@B1", SET("cancelled_at", DATE("5")),
     "Showtime @S1: booking @B1 is pending, but cancelled_at says otherwise", NULL},
    {MONGO_BOOKINGS, SETS, "@B2", SET("never_held_at", DATE("5")),
     "Showtime @S1: booking @B2 is said to have never held its seats, and so is shown to nobody, "
     "but it is confirmed",
     NULL},
    {MONGO_BOOKINGS, SETS, "@B3", SET("never_held_at", DATE("5")),
     "Showtime @S1: booking @B3 is said to have never held its seats, and so is shown to nobody, "
     "but it is cancelled",
     NULL},
    {MONGO_BOOKINGS, SETS, "@B2", SET("confirmed_at", "null"),
     "Showtime @S1: booking @B2 is confirmed, but since when is not said", NULL},
    {MONGO_BOOKINGS, SETS, "@B8", SET("held_at", DATE("1900000000000")),
     "Showtime @S2: booking @B8 was pending after its showtime was cancelled", NULL},
    {MONGO_BOOKINGS, SETS, "@B3", SET("v", "9999"),
     "Showtime @S1: booking @B3 shows version 9999, but the showtime has", NULL},
    {MONGO_BOOKINGS, SETS, "@B1", SET("showtime_id", OID("fe00000000000000000000aa")),
     "Showtime fe00000000000000000000aa does not exist, but booking @B1 is of it", NULL},
    {MONGO_BOOKINGS, SETS, "@B3", SET("showtime_id", "null"),
     "A booking (@B3) has a showtime_id that is no id", NULL},
    {MONGO_BOOKINGS, SETS, "@B3", SET("showtime_id", "true"),
     "A booking (@B3) has a showtime_id that is no id", NULL},
    {MONGO_BOOKINGS, COPIES, "@B3",
     "{\"_id\": 5, \"booking_code\": \"BK-AAAAAAAA\", \"idempotency_key\": null}",
     "Showtime @S1 has a booking whose _id is no id", NULL},
    {MONGO_BOOKINGS, COPIES, "@B3",
     "{\"_id\": " OID("fe00000000000000000000aa") ", \"booking_code\": \"BK-AAAAAAAA\"}",
     "of user chi has made bookings fe00000000000000000000aa and @B3", NULL},
    {MONGO_BOOKINGS, SETS, "@B1", SET("user_id", "\"binh\""),
     "of user an names booking @B1, which is not that user's", NULL},
};

static const struct audit_damage payment_damages[] = {
    {MONGO_PAYMENTS, SETS, "@P1", SET("status", "\"refund_due\""),
     "payment @P1 goes back, but its booking is still confirmed with it", NULL},
    {MONGO_PAYMENTS, SETS, "@P1", SET("status", "\"refund_due\""),
     "Showtime @S1: booking @B2 is confirmed, but its payment @P1 is not completed", NULL},
    {MONGO_PAYMENTS, SETS, "@P1", SET("status", "\"succeeded\""),
     "Showtime @S1: booking @B2 is confirmed, but its payment @P1 is not completed", NULL},
    {MONGO_PAYMENTS, DELETES, "@P1", NULL,
     "Showtime @S1: booking @B2 is confirmed with payment @P1, which is not its own", NULL},
    {MONGO_PAYMENTS, COPIES, "@P6", "{\"_id\": \"five\"}",
     "Booking @B4 has a payment whose _id is no id", NULL},
    {MONGO_PAYMENTS, COPIES, "@P1", "{\"_id\": " OID("fe00000000000000000000aa") "}",
     "Showtime @S1: booking @B2 has 2 payments that are kept", NULL},
    {MONGO_PAYMENTS, COPIES, "@P1", "{\"_id\": " OID("fe00000000000000000000aa") "}",
     "of user binh has made payments fe00000000000000000000aa and @P1", NULL},
    {MONGO_PAYMENTS, SETS, "@P1", "{\"$inc\": {\"paid_amount\": -1}}",
     "Showtime @S1: booking @B2 costs 210000, but its payment @P1 paid 209999", NULL},
    {MONGO_PAYMENTS, SETS, "@P3",
     "{\"$set\": {\"status\": \"completed\", \"refund_requested_at\": null}}",
     "booking @B5: payment @P3 is kept, but bought nothing: its booking is expired", NULL},
    {MONGO_PAYMENTS, SETS, "@P3", SET("refund_requested_at", "null"),
     "payment @P3 is refund_due, but refund_requested_at says otherwise", NULL},
    {MONGO_PAYMENTS, SETS, "@P1", SET("paid_at", "null"),
     "payment @P1 was paid, but when is not said", NULL},
    {MONGO_PAYMENTS, SETS, "@P6", SET("paid_amount", "5"), "payment @P6 has money, but is not paid",
     NULL},
    {MONGO_PAYMENTS, SETS, "@P6", SET("amount", "5"), "payment @P6 asks for 5", NULL},
    {MONGO_PAYMENTS, SETS, "@P6", SET("booking_id", OID("fe00000000000000000000aa")),
     "Payment @P6 is for booking fe00000000000000000000aa, which does not exist", NULL},
    {MONGO_PAYMENTS, SETS, "@P6",
     "{\"$set\": {\"status\": \"succeeded\", \"booking_id\": " OID("fe00000000000000000000aa") "}}",
     "Payment @P6 is paid for booking fe00000000000000000000aa, which does not exist", NULL},
    {MONGO_PAYMENTS, SETS, "@P6", SET("user_id", "\"x\""),
     "payment @P6 is not its booking's user's", NULL},
    {MONGO_PAYMENTS, SETS, "@P6", SET("reason", "\"mood\""),
     "payment @P6 has a value that no payment can have", NULL},
    {MONGO_PAYMENTS, SETS, "@P6", SET("v", "9999"),
     "Showtime @S1: booking @B4 shows version 9999, but the showtime has", NULL},
    {MONGO_PAYMENTS, SETS, "@P3", SET("reason", "\"requested\""),
     "payment @P3 goes back at the staff's request, but its booking is expired", NULL},
    {MONGO_PAYMENTS, SETS, "@P3", SET("reason", "\"showtime_cancelled\""),
     "payment @P3 goes back for a cancelled showtime, which is scheduled", NULL},
    {MONGO_PAYMENTS, SETS, "@P5", SET("refund_done_at", "null"),
     "payment @P5 is refunded, but refund_done_at says otherwise", NULL},
    {MONGO_PAYMENTS, SETS, "@P5",
     "{\"$set\": {\"status\": \"refund_due\", \"refund_done_at\": null}}",
     "payment @P5 is refund_due, but has the reference of a refund", NULL},
    {MONGO_PAYMENTS, SETS, NULL, SET("booking_id", "\"none\""),
     "A payment (@P6) has a booking_id that is no id", "{\"_id\": " OID("@P6") "}"},
};

static const struct audit_damage other_damages[] = {
    {MONGO_BLOCKS, DELETES, "@X1", NULL, "Showtime @S1: block @X1 has seat B7, but does not exist",
     NULL},
    {MONGO_BLOCKS, SETS, "@X1", SET("released_at", DATE("5")),
     "Showtime @S1: block @X1 is released, but seat B7 is still blocked by it", NULL},
    {MONGO_BLOCKS, SETS, "@X1", SET("released_at", DATE("5")),
     "block @X1 has 0 entries of its release in the journal", NULL},
    {MONGO_BLOCKS, SETS, "@X2", SET("released_at", "null"),
     "Showtime @S1: block @X2 does not have its seat B3", NULL},
    {MONGO_BLOCKS, SETS, "@X2", SET("released_at", "null"), "block @X2 lists 1 seats, but has 0",
     NULL},
    {MONGO_BLOCKS, SETS, "@X1", SET("seats", "[\"B7\", \"C10\"]"),
     "block @X1 lists seat C10, which its showtime does not have", NULL},
    {MONGO_BLOCKS, SETS, "@X1", SET("seats", "[1]"), "block @X1 has a value that no block can have",
     NULL},
    {MONGO_BLOCKS, SETS, "@X1", SET("v", "9999"),
     "Showtime @S1: block @X1 shows version 9999, but the showtime has", NULL},
    {MONGO_BLOCKS, SETS, "@X2", SET("showtime_id", OID("fe00000000000000000000aa")),
     "Showtime fe00000000000000000000aa does not exist, but block @X2 is of it", NULL},
    {MONGO_BLOCKS, SETS, "@X1", SET("showtime_id", OID("@S2")),
     "Showtime @S1: block @X1 is of showtime @S2, but has a seat or a decision here", NULL},
    {MONGO_JOURNAL, DELETES, NULL, NULL, "block @X1 has 0 entries of its making in the journal",
     "{\"action\": \"block.create\"}"},
    {MONGO_JOURNAL, DELETES, NULL, NULL, "payment @P5 has 0 entries of its refund in the journal",
     "{\"action\": \"payment.refund\"}"},
    {MONGO_JOURNAL, COPIES, NULL, "{\"_id\": " OID("fe00000000000000000000aa") "}",
     "payment @P5 has 2 entries of its refund in the journal", "{\"action\": \"payment.refund\"}"},
    {MONGO_JOURNAL, DELETES, NULL, NULL, "payment @P5 has 0 entries of its refund by hand",
     "{\"action\": \"payment.refund_done\"}"},
    {MONGO_JOURNAL, DELETES, NULL, NULL, "Showtime @S2 has 0 entries of its cancel in the journal",
     "{\"action\": \"showtime.cancel\"}"},
    {MONGO_KEYS, SETS, NULL, SET("booking_id", OID("fe00000000000000000000aa")),
     "of user an names booking fe00000000000000000000aa, which does not exist",
     "{\"user_id\": \"an\", \"booking_id\": " OID("@B1") "}"},
    {MONGO_KEYS, SETS, NULL, SET("payment_id", OID("@P1")), "of user dung names payment @P1",
     "{\"payment_id\": " OID("@P6") "}"},
    {MONGO_KEYS, SETS, NULL, SET("request_hash", "5"), "has a value that no key can have",
     "{\"payment_id\": " OID("@P6") "}"},
    {MONGO_SETTINGS, DELETES, NULL, NULL, "The settings have no key of the ids", "{}"},
};

static void a_history_that_is_settled_passes(void **state)
{
    struct audit_world *world = *state;
    struct audit_heard heard;
    const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    audit_fixture_print(&heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.showtimes, 2);
    assert_int_equal(counts.bookings, 8);
    assert_int_equal(counts.claims, 9);
    assert_int_equal(counts.payments, 6);
    assert_true(counts.keys >= 14);
    assert_int_equal(counts.unsettled + counts.undecided + counts.intents, 0);
}

#define FINDS(table) \
    static void every_##table##_is_found(void **state) \
    { \
        audit_fixture_assert_found(*state, table##s, sizeof table##s / sizeof table##s[0]); \
    }

FINDS(showtime_damage)
FINDS(seat_damage)
FINDS(booking_damage)
FINDS(payment_damage)
FINDS(other_damage)

/* The unique indexes refuse these: an operator who dropped one, or a server that made none. */
static void what_a_unique_index_would_refuse_is_found(void **state)
{
    static const struct audit_damage twice[] = {
        {MONGO_BOOKINGS, COPIES, "@B3",
         "{\"_id\": " OID("fe00000000000000000000aa") ", \"idempotency_key\": null}",
         "Showtime @S1: booking @B3 has the code BK-", NULL},
        {MONGO_KEYS, COPIES, NULL, "{\"_id\": " OID("fe00000000000000000000aa") "}",
         "of user an is kept twice", "{\"user_id\": \"an\", \"booking_id\": " OID("@B1") "}"},
    };
    struct audit_world *world = *state;
    bson_error_t why;
    assert_true(mongoc_collection_drop_index(world->fixture.client.collections[MONGO_BOOKINGS],
                                             "code", &why));
    assert_true(mongoc_collection_drop_index(world->fixture.client.collections[MONGO_KEYS],
                                             "key_user", &why));
    audit_fixture_assert_found(world, twice, sizeof twice / sizeof twice[0]);
}

static void a_rule_broken_often_is_told_shortly(void **state)
{
    struct audit_world *world = *state;
    for (uint32_t index = 0; index < 30; index++) {
        char fields[AUDIT_TEXT_SIZE];
        (void)snprintf(fields, sizeof fields,
                       "{\"_id\": " OID(
                           "fe00000000000000000001%02x") ", \"booking_code\": "
                                                         "\"BK-AAAAAA%02u\", \"idempotency_key\": "
                                                         "null, \"total_amount\": 1}",
                       index, index);
        const struct audit_damage damage = {MONGO_BOOKINGS, COPIES, "@B3", fields, NULL, NULL};
        audit_fixture_damage(world, &damage);
    }
    struct audit_heard heard;
    const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
    assert_int_equal(counts.violations, 60); /* Two sums each. */
    assert_int_equal(heard.count, AUDIT_LISTED_MAX + 1);
    assert_string_equal(heard.sentences[heard.count - 1], "and 40 more about bookings");
    audit_fixture_put_back(world, MONGO_BOOKINGS);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_that_is_settled_passes),
        cmocka_unit_test(every_showtime_damage_is_found),
        cmocka_unit_test(every_seat_damage_is_found),
        cmocka_unit_test(every_booking_damage_is_found),
        cmocka_unit_test(every_payment_damage_is_found),
        cmocka_unit_test(every_other_damage_is_found),
        cmocka_unit_test(a_rule_broken_often_is_told_shortly),
        cmocka_unit_test(what_a_unique_index_would_refuse_is_found),
    };
    return cmocka_run_group_tests(tests, audit_fixture_setup, audit_fixture_teardown);
}
