#include "contract/audit_fixture.h"

#include "support/unit.h"

enum { PATIENCE_MS = 4000 }; /* Who is at work moves something within a quarter of it. */

#define MINUTE_MS INT64_C(60000)

void audit_fixture_hear(void *context, struct slice text)
{
    struct audit_heard *heard = context;
    assert_true(heard->count < AUDIT_HEARD_MAX);
    assert_true(slice_to_string(text, heard->sentences[heard->count], AUDIT_SENTENCE_SIZE));
    heard->count++;
}

struct audit_counts audit_fixture_run(struct mongo_fixture *fixture, struct audit_heard *ret_heard)
{
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    ret_heard->count = 0;
    const struct mongo_audit_options options = {
        .report = audit_fixture_hear, .context = ret_heard, .patience_ms = PATIENCE_MS};
    const enum error error = mongo_audit_run(&fixture->client, &options, &counts, &reason);
    if (error != ERROR_NONE) print_error("%s\n", reason.text);
    assert_int_equal(error, ERROR_NONE);
    return counts;
}

void audit_fixture_print(const struct audit_heard *heard)
{
    for (size_t line = 0; line < heard->count; line++) {
        print_error("  %s\n", heard->sentences[line]);
    }
}

void audit_fixture_name(struct audit_world *world, const char *text, struct id id)
{
    assert_true(world->thing_count < AUDIT_THINGS_MAX);
    struct audit_thing *thing = &world->things[world->thing_count++];
    assert_true(slice_to_string(slice_of(text), thing->name, sizeof thing->name));
    thing->id = id;
}

/* Puts the ids where their names are. */
void audit_fixture_expand(const struct audit_world *world, const char *text, char *target)
{
    size_t size = 0;
    while (*text != '\0') {
        const struct audit_thing *found = NULL;
        for (uint32_t index = 0; index < world->thing_count && *text == '@'; index++) {
            const struct audit_thing *thing = &world->things[index];
            if (slice_starts_with(slice_of(text + 1), slice_of(thing->name))) found = thing;
        }
        assert_true(size + ID_HEX_SIZE < AUDIT_TEXT_SIZE);
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

struct answer audit_fixture_ask(struct mongo_desk *desk, struct command command)
{
    mongo_desk_run(desk, &command);
    assert_int_equal(command.answer.refusal, REFUSAL_NONE);
    return command.answer;
}

static struct booking hold(struct audit_world *world, const char *text, const char *user,
                           const char *seats, uint64_t key)
{
    const struct booking booking =
        audit_fixture_ask(&world->desk, turn_fixture_hold(user, seats, key)).booking;
    audit_fixture_name(world, text, booking.id);
    return booking;
}

static struct payment pay(struct audit_world *world, const char *text, const char *user,
                          struct id booking, enum payment_method method, uint64_t key)
{
    const struct payment payment =
        audit_fixture_ask(&world->desk, turn_fixture_pay(user, booking, method, key)).payment;
    audit_fixture_name(world, text, payment.id);
    return payment;
}

/* B1 pending, B2 confirmed by P1, B3 cancelled, B4 pending with P6 active and P2 superseded, B5
 * expired with P3 due, B6 lapsed and rescued by P4. */
static void make_history(struct audit_world *world)
{
    struct mongo_desk *desk = &world->desk;
    (void)hold(world, "B1", "an", "A1 B1", 1);
    const struct booking sold = hold(world, "B2", "binh", "A2 B2", 2);
    const struct payment paid = pay(world, "P1", "binh", sold.id, PAYMENT_MOMO, 3);
    (void)audit_fixture_ask(desk, turn_fixture_money(&paid, MONEY_PAID));
    const struct booking cancelled = hold(world, "B3", "chi", "A3", 4);
    (void)audit_fixture_ask(desk, turn_fixture_cancel("chi", cancelled.id));
    const struct booking paying = hold(world, "B4", "dung", "A4", 5);
    (void)pay(world, "P2", "dung", paying.id, PAYMENT_MOMO, 6);
    (void)pay(world, "P6", "dung", paying.id, PAYMENT_CARD, 15);
    const struct booking wrong = hold(world, "B5", "em", "A5", 7);
    const struct payment wrong_paid = pay(world, "P3", "em", wrong.id, PAYMENT_MOMO, 8);
    struct command too_little = turn_fixture_money(&wrong_paid, MONEY_PAID);
    too_little.amount--;
    (void)audit_fixture_ask(desk, too_little);
    const struct booking late = hold(world, "B6", "giang", "A6", 9);
    const struct payment late_paid = pay(world, "P4", "giang", late.id, PAYMENT_MOMO, 10);
    const int64_t now_ms = desk->now_ms;
    desk->now_ms = late_paid.expires_at_ms + STEAL_GUARD_MS;
    (void)audit_fixture_ask(desk, turn_fixture_expire(wrong.id));
    (void)audit_fixture_ask(desk, turn_fixture_expire(late.id));
    (void)audit_fixture_ask(desk, turn_fixture_money(&late_paid, MONEY_PAID));
    desk->now_ms = now_ms;
}

/* Block X1 stands on B7 and B8, X2 is released; B7 was paid with P5 and refunded by hand; B8 is
 * held in S2, which is cancelled just now. */
static void make_staff_history(struct audit_world *world)
{
    struct staff_order order;
    struct mongo_desk *desk = &world->desk;
    (void)audit_fixture_ask(desk, turn_fixture_block("staff", "B7 B8", &order));
    mongo_desk_load(desk);
    audit_fixture_name(world, "X1", mongo_desk_owner(desk, "B7"));
    (void)audit_fixture_ask(desk, turn_fixture_block("staff", "B3", &order));
    mongo_desk_load(desk);
    const struct id released = mongo_desk_owner(desk, "B3");
    audit_fixture_name(world, "X2", released);
    (void)audit_fixture_ask(desk, turn_fixture_release("staff", released, &order));
    const struct booking sold = hold(world, "B7", "hoa", "B9", 11);
    const struct payment paid = pay(world, "P5", "hoa", sold.id, PAYMENT_MOMO, 12);
    (void)audit_fixture_ask(desk, turn_fixture_money(&paid, MONEY_PAID));
    (void)audit_fixture_ask(desk, turn_fixture_refund("staff", paid.id, 13, &order));
    (void)audit_fixture_ask(desk, turn_fixture_refund_done("staff", paid.id, "bank 1", &order));
    audit_fixture_name(
        world, "B8",
        audit_fixture_ask(&world->other, turn_fixture_hold("an", "A1", 14)).booking.id);
    (void)audit_fixture_ask(&world->other,
                            turn_fixture_cancel_showtime("staff", "no light", &order));
}

void audit_fixture_sweep(struct mongo_desk *desk, int64_t later_ms)
{
    const int64_t now_ms = desk->now_ms + later_ms;
    assert_int_equal(desk->store.methods->tend(desk->store.context, now_ms), ERROR_NONE);
}

static void keep(struct audit_world *world)
{
    for (uint32_t collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        bson_t filter = BSON_INITIALIZER;
        mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
            world->fixture.client.collections[collection], &filter, NULL, NULL);
        const bson_t *document = NULL;
        while (mongoc_cursor_next(cursor, &document)) {
            assert_true(world->kept_count < AUDIT_KEPT_MAX);
            world->kept[world->kept_count++] = (struct audit_kept){
                .collection = (enum mongo_collection)collection, .document = bson_copy(document)};
        }
        mongoc_cursor_destroy(cursor);
    }
}

void audit_fixture_put_back(struct audit_world *world, enum mongo_collection collection)
{
    bson_t all = BSON_INITIALIZER;
    bson_error_t why;
    mongoc_collection_t *target = world->fixture.client.collections[collection];
    assert_true(mongoc_collection_delete_many(target, &all, NULL, NULL, &why));
    const bson_t *documents[AUDIT_KEPT_MAX];
    size_t count = 0;
    for (uint32_t index = 0; index < world->kept_count; index++) {
        const struct audit_kept *kept = &world->kept[index];
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

void audit_fixture_damage(struct audit_world *world, const struct audit_damage *damage)
{
    char text[AUDIT_TEXT_SIZE];
    char wanted[AUDIT_TEXT_SIZE];
    (void)snprintf(wanted, sizeof wanted, "{\"_id\": {\"$oid\": \"%s\"}}", damage->id);
    audit_fixture_expand(world, damage->id == NULL ? damage->match : wanted, text);
    bson_t *filter = parse(text);
    audit_fixture_expand(world, damage->update == NULL ? "{}" : damage->update, text);
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

bool audit_fixture_was_heard(const struct audit_heard *heard, const char *part)
{
    for (size_t index = 0; index < heard->count; index++) {
        if (strstr(heard->sentences[index], part) != NULL) return true;
    }
    return false;
}

void audit_fixture_assert_found(struct audit_world *world, const struct audit_damage *table,
                                size_t count)
{
    size_t missed = 0;
    for (size_t index = 0; index < count; index++) {
        struct audit_heard heard;
        char sentence[AUDIT_TEXT_SIZE];
        audit_fixture_damage(world, &table[index]);
        const struct audit_counts counts = audit_fixture_run(&world->fixture, &heard);
        audit_fixture_expand(world, table[index].sentence, sentence);
        if (!audit_fixture_was_heard(&heard, sentence) || counts.violations == 0) {
            print_error("not found: %s\n", sentence);
            audit_fixture_print(&heard);
            missed++;
        }
        audit_fixture_put_back(world, table[index].collection);
    }
    assert_int_equal(missed, 0);
    struct audit_heard heard;
    assert_int_equal(audit_fixture_run(&world->fixture, &heard).violations, 0);
}

int audit_fixture_setup(void **state)
{
    struct audit_world *world = calloc(1, sizeof *world);
    if (world == NULL) return -1;
    mongo_fixture_open(&world->fixture);
    audit_fixture_name(world, "S1", turn_fixture_id(1));
    audit_fixture_name(world, "S2", turn_fixture_id(2));
    for (uint32_t number = 0; number < 2; number++) {
        const struct id id = world->things[number].id;
        struct mongo_desk *desk = number == 0 ? &world->desk : &world->other;
        mongo_fixture_put_showtime(&world->fixture, id, FIXTURE_STARTS_AT_MS, FIXTURE_ENDS_AT_MS);
        mongo_desk_open(desk, &world->fixture, id, (struct mongo_hook){0});
    }
    make_history(world);
    make_staff_history(world);
    audit_fixture_sweep(&world->desk, MINUTE_MS);
    audit_fixture_sweep(&world->other, MINUTE_MS);
    keep(world);
    *state = world;
    return 0;
}

int audit_fixture_teardown(void **state)
{
    struct audit_world *world = *state;
    for (uint32_t index = 0; index < world->kept_count; index++) {
        bson_destroy(world->kept[index].document);
    }
    mongo_desk_close(&world->desk);
    mongo_desk_close(&world->other);
    mongo_fixture_close(&world->fixture);
    free(world);
    return 0;
}
