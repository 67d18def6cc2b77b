/* `usher audit` in shared mode: a database that the store wrote passes; each rule, broken by hand,
 * is found and named.
 *
 * The history is made once; what a damage has changed is put back after it. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_audit.h"
#include "store/mongo/mongo_ids.h"

enum {
    HEARD_MAX = 128,
    THINGS_MAX = 24,
    KEPT_MAX = 64,
    TEXT_SIZE = 2048,
    PATIENCE_MS = 2000,
    BRIEF_MS = 400
};

#define MINUTE_MS INT64_C(60000)

/* What damages and sentences call by a name: `@B1` and the like. */
struct thing {
    char name[8];
    struct id id;
};

struct kept {
    enum mongo_collection collection;
    bson_t *document;
};

struct world {
    struct mongo_fixture fixture;
    struct mongo_desk desk;
    struct mongo_desk other;
    uint32_t thing_count;
    struct thing things[THINGS_MAX];
    uint32_t kept_count;
    struct kept kept[KEPT_MAX];
};

struct heard {
    size_t count;
    char sentences[HEARD_MAX][AUDIT_SENTENCE_SIZE];
};

static void hear(void *context, struct slice text)
{
    struct heard *heard = context;
    assert_true(heard->count < HEARD_MAX);
    assert_true(slice_to_string(text, heard->sentences[heard->count], AUDIT_SENTENCE_SIZE));
    heard->count++;
}

static struct audit_counts audit(struct mongo_fixture *fixture, struct heard *ret_heard)
{
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    ret_heard->count = 0;
    const struct mongo_audit_options options = {
        .report = hear, .context = ret_heard, .patience_ms = PATIENCE_MS};
    const enum error error = mongo_audit_run(&fixture->client, &options, &counts, &reason);
    if (error != ERROR_NONE) print_error("%s\n", reason.text);
    assert_int_equal(error, ERROR_NONE);
    return counts;
}

static void print_heard(const struct heard *heard)
{
    for (size_t line = 0; line < heard->count; line++) {
        print_error("  %s\n", heard->sentences[line]);
    }
}

static void name(struct world *world, const char *text, struct id id)
{
    assert_true(world->thing_count < THINGS_MAX);
    struct thing *thing = &world->things[world->thing_count++];
    assert_true(slice_to_string(slice_of(text), thing->name, sizeof thing->name));
    thing->id = id;
}

/* Puts the ids where their names are. */
static void expand(const struct world *world, const char *text, char *target)
{
    size_t size = 0;
    while (*text != '\0') {
        const struct thing *found = NULL;
        for (uint32_t index = 0; index < world->thing_count && *text == '@'; index++) {
            const struct thing *thing = &world->things[index];
            if (slice_starts_with(slice_of(text + 1), slice_of(thing->name))) found = thing;
        }
        assert_true(size + ID_HEX_SIZE < TEXT_SIZE);
        if (found == NULL) {
            target[size++] = *text++;
            continue;
        }
        id_format(found->id, target + size);
        size += ID_HEX_SIZE;
        text += 1 + strlen(found->name);
    }
    target[size] = '\0';
}

static struct answer ask(struct mongo_desk *desk, struct command command)
{
    mongo_desk_run(desk, &command);
    assert_int_equal(command.answer.refusal, REFUSAL_NONE);
    return command.answer;
}

static struct booking hold(struct world *world, const char *text, const char *user,
                           const char *seats, uint64_t key)
{
    const struct booking booking = ask(&world->desk, turn_fixture_hold(user, seats, key)).booking;
    name(world, text, booking.id);
    return booking;
}

static struct payment pay(struct world *world, const char *text, const char *user,
                          struct id booking, enum payment_method method, uint64_t key)
{
    const struct payment payment =
        ask(&world->desk, turn_fixture_pay(user, booking, method, key)).payment;
    name(world, text, payment.id);
    return payment;
}

/* B1 pending, B2 confirmed by P1, B3 cancelled, B4 pending with P6 active and P2 superseded, B5
 * expired with P3 due, B6 lapsed and rescued by P4. */
static void make_history(struct world *world)
{
    struct mongo_desk *desk = &world->desk;
    (void)hold(world, "B1", "an", "A1 B1", 1);
    const struct booking sold = hold(world, "B2", "binh", "A2 B2", 2);
    const struct payment paid = pay(world, "P1", "binh", sold.id, PAYMENT_MOMO, 3);
    (void)ask(desk, turn_fixture_money(&paid, MONEY_PAID));
    const struct booking cancelled = hold(world, "B3", "chi", "A3", 4);
    (void)ask(desk, turn_fixture_cancel("chi", cancelled.id));
    const struct booking paying = hold(world, "B4", "dung", "A4", 5);
    (void)pay(world, "P2", "dung", paying.id, PAYMENT_MOMO, 6);
    (void)pay(world, "P6", "dung", paying.id, PAYMENT_CARD, 15);
    const struct booking wrong = hold(world, "B5", "em", "A5", 7);
    const struct payment wrong_paid = pay(world, "P3", "em", wrong.id, PAYMENT_MOMO, 8);
    struct command too_little = turn_fixture_money(&wrong_paid, MONEY_PAID);
    too_little.amount--;
    (void)ask(desk, too_little);
    const struct booking late = hold(world, "B6", "giang", "A6", 9);
    const struct payment late_paid = pay(world, "P4", "giang", late.id, PAYMENT_MOMO, 10);
    const int64_t now_ms = desk->now_ms;
    desk->now_ms = late_paid.expires_at_ms + STEAL_GUARD_MS;
    (void)ask(desk, turn_fixture_expire(wrong.id));
    (void)ask(desk, turn_fixture_expire(late.id));
    (void)ask(desk, turn_fixture_money(&late_paid, MONEY_PAID));
    desk->now_ms = now_ms;
}

/* Block X1 stands on B7 and B8, X2 is released; B7 was paid with P5 and refunded by hand; B8 is
 * held in S2, which is cancelled just now. */
static void make_staff_history(struct world *world)
{
    struct staff_order order;
    struct mongo_desk *desk = &world->desk;
    (void)ask(desk, turn_fixture_block("staff", "B7 B8", &order));
    mongo_desk_load(desk);
    name(world, "X1", mongo_desk_owner(desk, "B7"));
    (void)ask(desk, turn_fixture_block("staff", "B3", &order));
    mongo_desk_load(desk);
    const struct id released = mongo_desk_owner(desk, "B3");
    name(world, "X2", released);
    (void)ask(desk, turn_fixture_release("staff", released, &order));
    const struct booking sold = hold(world, "B7", "hoa", "B9", 11);
    const struct payment paid = pay(world, "P5", "hoa", sold.id, PAYMENT_MOMO, 12);
    (void)ask(desk, turn_fixture_money(&paid, MONEY_PAID));
    (void)ask(desk, turn_fixture_refund("staff", paid.id, 13, &order));
    (void)ask(desk, turn_fixture_refund_done("staff", paid.id, "bank 1", &order));
    name(world, "B8", ask(&world->other, turn_fixture_hold("an", "A1", 14)).booking.id);
    (void)ask(&world->other, turn_fixture_cancel_showtime("staff", "no light", &order));
}

/* A round comes a second after the last one at the earliest. */
static void sweep(struct mongo_desk *desk, int64_t later_ms)
{
    const int64_t now_ms = desk->now_ms + later_ms;
    assert_int_equal(desk->store.methods->tend(desk->store.context, now_ms), ERROR_NONE);
}

static void keep(struct world *world)
{
    for (uint32_t collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        bson_t filter = BSON_INITIALIZER;
        mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
            world->fixture.client.collections[collection], &filter, NULL, NULL);
        const bson_t *document = NULL;
        while (mongoc_cursor_next(cursor, &document)) {
            assert_true(world->kept_count < KEPT_MAX);
            world->kept[world->kept_count++] = (struct kept){
                .collection = (enum mongo_collection)collection, .document = bson_copy(document)};
        }
        mongoc_cursor_destroy(cursor);
    }
}

static void put_back(struct world *world, enum mongo_collection collection)
{
    bson_t all = BSON_INITIALIZER;
    bson_error_t why;
    mongoc_collection_t *target = world->fixture.client.collections[collection];
    assert_true(mongoc_collection_delete_many(target, &all, NULL, NULL, &why));
    const bson_t *documents[KEPT_MAX];
    size_t count = 0;
    for (uint32_t index = 0; index < world->kept_count; index++) {
        const struct kept *kept = &world->kept[index];
        if (kept->collection == collection) documents[count++] = kept->document;
    }
    assert_true(mongoc_collection_insert_many(target, documents, count, NULL, NULL, &why));
}

static bson_t *parse(const char *json)
{
    bson_error_t why;
    bson_t *document = bson_new_from_json((const uint8_t *)json, -1, &why);
    if (document == NULL) print_error("%s: %s\n", json, why.message);
    assert_non_null(document);
    return document;
}

enum how { SETS, DELETES, COPIES };

/* Of the document with this id something is set, it is deleted, or a copy of it is added. */
struct damage {
    enum mongo_collection collection;
    enum how how;
    const char *id;     /* `@B1`; NULL: `match` finds it. */
    const char *update; /* Operators, or fields of the copy. */
    const char *sentence;
    const char *match;
};

static void do_copy(mongoc_collection_t *target, const bson_t *filter, const bson_t *fields)
{
    bson_error_t why;
    bson_iter_t at;
    const bson_t *original = NULL;
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(target, filter, NULL, NULL);
    assert_true(mongoc_cursor_next(cursor, &original));
    bson_t copy = BSON_INITIALIZER;
    assert_true(bson_iter_init(&at, original));
    while (bson_iter_next(&at)) {
        if (bson_has_field(fields, bson_iter_key(&at))) continue;
        assert_true(bson_append_iter(&copy, NULL, -1, &at));
    }
    assert_true(bson_concat(&copy, fields));
    const bool done = mongoc_collection_insert_one(target, &copy, NULL, NULL, &why);
    if (!done) print_error("%s\n", why.message);
    assert_true(done);
    bson_destroy(&copy);
    mongoc_cursor_destroy(cursor);
}

static void do_damage(struct world *world, const struct damage *damage)
{
    char text[TEXT_SIZE];
    char wanted[TEXT_SIZE];
    (void)snprintf(wanted, sizeof wanted, "{\"_id\": {\"$oid\": \"%s\"}}", damage->id);
    expand(world, damage->id == NULL ? damage->match : wanted, text);
    bson_t *filter = parse(text);
    expand(world, damage->update == NULL ? "{}" : damage->update, text);
    bson_t *update = parse(text);
    bson_t reply = BSON_INITIALIZER;
    bson_error_t why;
    bson_iter_t at;
    mongoc_collection_t *target = world->fixture.client.collections[damage->collection];
    if (damage->how == SETS) {
        bson_destroy(&reply);
        const bool done = mongoc_collection_update_many(target, filter, update, NULL, &reply, &why);
        if (!done) print_error("%s: %s\n", text, why.message);
        assert_true(done);
        assert_true(bson_iter_init_find(&at, &reply, "modifiedCount"));
        assert_true(bson_iter_as_int64(&at) > 0);
    } else if (damage->how == DELETES) {
        bson_destroy(&reply);
        assert_true(mongoc_collection_delete_many(target, filter, NULL, &reply, &why));
        assert_true(bson_iter_init_find(&at, &reply, "deletedCount"));
        assert_true(bson_iter_as_int64(&at) > 0);
    } else {
        do_copy(target, filter, update);
    }
    bson_destroy(&reply);
    bson_destroy(filter);
    bson_destroy(update);
}

static bool was_heard(const struct heard *heard, const char *part)
{
    for (size_t index = 0; index < heard->count; index++) {
        if (strstr(heard->sentences[index], part) != NULL) return true;
    }
    return false;
}

static void assert_found(struct world *world, const struct damage *table, size_t count)
{
    size_t missed = 0;
    for (size_t index = 0; index < count; index++) {
        struct heard heard;
        char sentence[TEXT_SIZE];
        do_damage(world, &table[index]);
        const struct audit_counts counts = audit(&world->fixture, &heard);
        expand(world, table[index].sentence, sentence);
        if (!was_heard(&heard, sentence) || counts.violations == 0) {
            print_error("not found: %s\n", sentence);
            print_heard(&heard);
            missed++;
        }
        put_back(world, table[index].collection);
    }
    assert_int_equal(missed, 0);
    struct heard heard;
    assert_int_equal(audit(&world->fixture, &heard).violations, 0);
}

#define SET(field, value) "{\"$set\": {\"" field "\": " value "}}"
#define DATE(number) "{\"$date\": {\"$numberLong\": \"" number "\"}}"
#define OID(thing) "{\"$oid\": \"" thing "\"}"
#define SEAT_OF(status, booking) \
    "{\"status\": \"" status "\", \"seat_type\": \"vip\", \"booking_id\": " OID(booking) "}"

static const struct damage showtime_damages[] = {
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

static const struct damage seat_damages[] = {
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

static const struct damage booking_damages[] = {
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

static const struct damage payment_damages[] = {
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

static const struct damage other_damages[] = {
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
    struct world *world = *state;
    struct heard heard;
    const struct audit_counts counts = audit(&world->fixture, &heard);
    print_heard(&heard);
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
        assert_found(*state, table##s, sizeof table##s / sizeof table##s[0]); \
    }

FINDS(showtime_damage)
FINDS(seat_damage)
FINDS(booking_damage)
FINDS(payment_damage)
FINDS(other_damage)

/* The unique indexes refuse these: an operator who dropped one, or a server that made none. */
static void what_a_unique_index_would_refuse_is_found(void **state)
{
    static const struct damage twice[] = {
        {MONGO_BOOKINGS, COPIES, "@B3",
         "{\"_id\": " OID("fe00000000000000000000aa") ", \"idempotency_key\": null}",
         "Showtime @S1: booking @B3 has the code BK-", NULL},
        {MONGO_KEYS, COPIES, NULL, "{\"_id\": " OID("fe00000000000000000000aa") "}",
         "of user an is kept twice", "{\"user_id\": \"an\", \"booking_id\": " OID("@B1") "}"},
    };
    struct world *world = *state;
    bson_error_t why;
    assert_true(mongoc_collection_drop_index(world->fixture.client.collections[MONGO_BOOKINGS],
                                             "code", &why));
    assert_true(mongoc_collection_drop_index(world->fixture.client.collections[MONGO_KEYS],
                                             "key_user", &why));
    assert_found(world, twice, sizeof twice / sizeof twice[0]);
}

static void a_rule_broken_often_is_told_shortly(void **state)
{
    struct world *world = *state;
    for (uint32_t index = 0; index < 30; index++) {
        char fields[TEXT_SIZE];
        (void)snprintf(fields, sizeof fields,
                       "{\"_id\": " OID(
                           "fe00000000000000000001%02x") ", \"booking_code\": "
                                                         "\"BK-AAAAAA%02u\", \"idempotency_key\": "
                                                         "null, \"total_amount\": 1}",
                       index, index);
        const struct damage damage = {MONGO_BOOKINGS, COPIES, "@B3", fields, NULL, NULL};
        do_damage(world, &damage);
    }
    struct heard heard;
    const struct audit_counts counts = audit(&world->fixture, &heard);
    assert_int_equal(counts.violations, 60); /* Two sums each. */
    assert_int_equal(heard.count, AUDIT_LISTED_MAX + 1);
    assert_string_equal(heard.sentences[heard.count - 1], "and 40 more about bookings");
    put_back(world, MONGO_BOOKINGS);
}

static void money_without_a_decision_is_counted_and_breaks_no_rule(void **state)
{
    static const struct damage recorded = {
        MONGO_PAYMENTS,
        SETS,
        "@P6",
        "{\"$set\": {\"status\": \"succeeded\", \"paid_amount\": {\"$numberLong\": \"120000\"}, "
        "\"paid_at\": " DATE("1700000001000") "}}",
        NULL,
        NULL};
    struct world *world = *state;
    struct heard heard;
    do_damage(world, &recorded);
    const struct audit_counts counts = audit(&world->fixture, &heard);
    print_heard(&heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.undecided, 1);
    put_back(world, MONGO_PAYMENTS);
}

static void what_is_not_settled_is_counted_and_breaks_no_rule(void **state)
{
    struct world *world = *state;
    struct heard heard;
    (void)ask(&world->desk, turn_fixture_hold("khanh", "C1", 20));
    const struct booking booking = ask(&world->desk, turn_fixture_hold("khanh", "C2", 21)).booking;
    (void)ask(&world->desk, turn_fixture_cancel("khanh", booking.id));
    struct audit_counts counts = audit(&world->fixture, &heard);
    print_heard(&heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.unsettled, 1);
    sweep(&world->desk, 2 * MINUTE_MS);
    counts = audit(&world->fixture, &heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.unsettled, 0);
}

static void an_intent_without_a_commit_is_counted_and_breaks_no_rule(void **state)
{
    struct world *world = *state;
    struct heard heard;
    struct command command = turn_fixture_hold("minh", "C3", 22);
    assert_int_equal(mongo_desk_decide(&world->desk, &command), ERROR_NONE);
    mongo_desk_undo(&world->desk);
    const struct audit_counts counts = audit(&world->fixture, &heard);
    print_heard(&heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.intents, 1);
}

static void a_payment_intent_without_a_commit_is_counted_as_such(void **state)
{
    struct world *world = *state;
    struct heard heard;
    const struct audit_counts before = audit(&world->fixture, &heard);
    struct command command = turn_fixture_pay("an", world->things[2].id, PAYMENT_MOMO, 23);
    assert_string_equal(world->things[2].name, "B1");
    assert_int_equal(mongo_desk_decide(&world->desk, &command), ERROR_NONE);
    mongo_desk_undo(&world->desk);
    const struct audit_counts counts = audit(&world->fixture, &heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.intents, before.intents + 1);
    assert_int_equal(counts.payments, before.payments);
}

/* What is done to showtime 1 between the first reading of it and that of its documents. */
struct between {
    struct world *world;
    void (*move)(struct world *world);
    uint32_t looks;
};

static void move_once(void *context, struct id showtime)
{
    struct between *between = context;
    if (!id_equal(showtime, between->world->things[0].id)) return;
    if (between->looks++ == 0) between->move(between->world);
}

static struct audit_counts audit_amid(struct world *world, void (*move)(struct world *world),
                                      uint32_t *ret_looks, struct heard *ret_heard)
{
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    struct between between = {.world = world, .move = move};
    const struct mongo_audit_options options = {.report = hear,
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

static void move_hold(struct world *world)
{
    mover = ask(&world->desk, turn_fixture_hold("lan", "C7 C8", 31)).booking;
}

static void move_pay(struct world *world)
{
    moved_payment = ask(&world->desk, turn_fixture_pay("lan", mover.id, PAYMENT_MOMO, 32)).payment;
}

static void move_money(struct world *world)
{
    (void)ask(&world->desk, turn_fixture_money(&moved_payment, MONEY_PAID));
}

static void move_refund(struct world *world)
{
    struct staff_order order;
    (void)ask(&world->desk, turn_fixture_refund("staff", moved_payment.id, 33, &order));
}

static void move_hold_and_cancel(struct world *world)
{
    const struct booking booking = ask(&world->desk, turn_fixture_hold("lan", "C9", 36)).booking;
    (void)ask(&world->desk, turn_fixture_cancel("lan", booking.id));
}

static void move_block(struct world *world)
{
    struct staff_order order;
    (void)ask(&world->desk, turn_fixture_block("staff", "C9", &order));
    mongo_desk_load(&world->desk);
    moved_block = mongo_desk_owner(&world->desk, "C9");
}

static void move_release(struct world *world)
{
    struct staff_order order;
    (void)ask(&world->desk, turn_fixture_release("staff", moved_block, &order));
}

static void what_moves_during_a_look_breaks_no_rule(void **state)
{
    static void (*const moves[])(struct world *) = {move_hold_and_cancel, move_hold,  move_pay,
                                                    move_money,           move_block, move_release,
                                                    move_refund};
    struct world *world = *state;
    uint32_t looks_in_all = 0;
    for (size_t index = 0; index < sizeof moves / sizeof moves[0]; index++) {
        struct heard heard;
        uint32_t looks = 0;
        const struct audit_counts counts = audit_amid(world, moves[index], &looks, &heard);
        if (counts.violations > 0) print_error("move %zu, %u looks\n", index, looks);
        print_heard(&heard);
        assert_int_equal(counts.violations, 0);
        assert_true(looks >= 1);
        looks_in_all += looks;
    }
    assert_true(looks_in_all >= 10);
}

static void damage_of_what_moves_during_a_look_is_found_once(void **state)
{
    struct world *world = *state;
    struct heard heard;
    char sentence[TEXT_SIZE];
    uint32_t looks = 0;
    mover = ask(&world->desk, turn_fixture_hold("mai", "C6", 34)).booking;
    name(world, "B9", mover.id);
    const struct damage damage = {MONGO_BOOKINGS, SETS, "@B9", "{\"$inc\": {\"total_amount\": 1}}",
                                  NULL,           NULL};
    do_damage(world, &damage);
    moved_payment = ask(&world->desk, turn_fixture_pay("mai", mover.id, PAYMENT_MOMO, 35)).payment;
    const struct audit_counts counts = audit_amid(world, move_money, &looks, &heard);
    print_heard(&heard);
    assert_true(looks >= 2);
    assert_int_equal(counts.violations, 2);
    expand(world, "booking @B9 has a total of 200001, but its seats cost 200000", sentence);
    assert_true(was_heard(&heard, sentence));
}

/* Another instance, which holds and cancels until it is told to end. */
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
            ask(&colleague->desk, turn_fixture_hold("tam", "C5", key)).booking;
        (void)ask(&colleague->desk, turn_fixture_cancel("tam", booking.id));
    }
    return NULL;
}

static void what_instances_at_work_leave_undone_breaks_a_rule(void **state)
{
    static const struct damage undone[] = {
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
    struct world *world = *state;
    struct heard heard;
    char sentence[TEXT_SIZE];
    do_damage(world, &undone[0]);
    do_damage(world, &undone[1]);
    assert_int_equal(audit(&world->fixture, &heard).violations, 0);
    struct colleague colleague = {0};
    mongo_desk_open(&colleague.desk, &world->fixture, world->things[0].id, (struct mongo_hook){0});
    assert_int_equal(pthread_create(&colleague.thread, NULL, work, &colleague), 0);
    const struct audit_counts counts = audit(&world->fixture, &heard);
    atomic_store(&colleague.ended, true);
    assert_int_equal(pthread_join(colleague.thread, NULL), 0);
    mongo_desk_close(&colleague.desk);
    print_heard(&heard);
    assert_int_equal(counts.violations, 2);
    expand(world, "Payment @P6 is paid, and no instance decides", sentence);
    assert_true(was_heard(&heard, sentence));
    expand(world, "Showtime @S2 has waited for a sweep", sentence);
    assert_true(was_heard(&heard, sentence));
}

static void an_empty_database_passes_and_stays_empty(void **state)
{
    (void)state;
    struct mongo_fixture fixture = {0};
    struct heard heard;
    mongo_fixture_open(&fixture);
    assert_int_equal(audit(&fixture, &heard).violations, 0);
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
    struct world *world = *state;
    struct heard heard = {0};
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    mongo_fixture_fail(&world->fixture, 10, "{\"failCommands\": [\"find\"], \"errorCode\": 13}");
    const struct mongo_audit_options options = {.report = hear, .context = &heard};
    assert_int_equal(mongo_audit_run(&world->fixture.client, &options, &counts, &reason),
                     ERROR_STORE_UNAVAILABLE);
    mongo_fixture_fail(&world->fixture, 0, NULL);
    assert_true(strlen(reason.text) > 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL) return -1;
    mongo_fixture_open(&world->fixture);
    name(world, "S1", turn_fixture_id(1));
    name(world, "S2", turn_fixture_id(2));
    for (uint32_t number = 0; number < 2; number++) {
        const struct id id = world->things[number].id;
        struct mongo_desk *desk = number == 0 ? &world->desk : &world->other;
        mongo_fixture_put_showtime(&world->fixture, id, FIXTURE_STARTS_AT_MS, FIXTURE_ENDS_AT_MS);
        mongo_desk_open(desk, &world->fixture, id, (struct mongo_hook){0});
    }
    make_history(world);
    make_staff_history(world);
    sweep(&world->desk, MINUTE_MS);
    sweep(&world->other, MINUTE_MS);
    keep(world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    for (uint32_t index = 0; index < world->kept_count; index++) {
        bson_destroy(world->kept[index].document);
    }
    mongo_desk_close(&world->desk);
    mongo_desk_close(&world->other);
    mongo_fixture_close(&world->fixture);
    free(world);
    return 0;
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
        cmocka_unit_test(money_without_a_decision_is_counted_and_breaks_no_rule),
        cmocka_unit_test(a_database_that_fails_is_said_to),
        cmocka_unit_test(what_a_unique_index_would_refuse_is_found),
        cmocka_unit_test(what_is_not_settled_is_counted_and_breaks_no_rule),
        cmocka_unit_test(an_intent_without_a_commit_is_counted_and_breaks_no_rule),
        cmocka_unit_test(what_moves_during_a_look_breaks_no_rule),
        cmocka_unit_test(a_payment_intent_without_a_commit_is_counted_as_such),
        cmocka_unit_test(what_instances_at_work_leave_undone_breaks_a_rule),
        cmocka_unit_test(damage_of_what_moves_during_a_look_is_found_once),
        cmocka_unit_test(an_empty_database_passes_and_stays_empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
