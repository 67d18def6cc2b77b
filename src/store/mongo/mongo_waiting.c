#include "store/mongo/mongo_waiting.h"

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_state.h"

enum { ASKED_MAX = TURN_COMMANDS_MAX };

void mongo_waiting_command(const struct payment *payment, struct command *ret_command)
{
    command_init(ret_command);
    ret_command->kind = COMMAND_MONEY;
    ret_command->payment = payment->id;
    ret_command->method = payment->method;
    ret_command->news = MONEY_PAID;
    ret_command->amount = payment->paid_amount;
    ret_command->currency = payment->paid_currency;
    ret_command->paid_at_ms = payment->paid_at_ms;
}

static bool passes_by(const struct command *command)
{
    return command->kind == COMMAND_PAY || command->kind == COMMAND_CONFIRM ||
           command->kind == COMMAND_END;
}

/* The gathered booking, if it can have money: one that never had a payment has none. */
static struct mongo_booking *booking_of(struct mongo_store *store, const struct command *command)
{
    struct mongo_fact *fact = mongo_facts_get(&store->facts, MONGO_FACT_BOOKING, command->booking);
    if (!passes_by(command) || fact == NULL || !fact->found) return NULL;
    struct mongo_booking *booking = &store->facts.bookings[fact->place];
    return booking->booking.had_payment || booking->version == 0 ? booking : NULL;
}

/* `{booking_id: {$in: [...]}, status: {$in: [recorded, kept]}}`; false if nobody is asked about. */
static bool make_filter(struct mongo_store *store, const struct turn *turn, bson_t *filter)
{
    bson_t in;
    bson_t array;
    struct mongo_among among;
    mongo_among_begin(&among, filter, "booking_id");
    for (uint32_t index = 0; index < turn->command_count; index++) {
        const struct mongo_booking *booking = booking_of(store, turn->commands[index]);
        if (booking == NULL) continue;
        /* A hold that usher made and that nobody has paid for has no document more. */
        if (!booking->booking.had_payment && booking->booking.first_expires_at_ms > 0) continue;
        mongo_among_add(&among, booking->booking.id);
    }
    mongo_among_end(&among, filter);
    BSON_APPEND_DOCUMENT_BEGIN(filter, "status", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &array);
    BSON_APPEND_UTF8(&array, "0", MONGO_MONEY_RECORDED);
    BSON_APPEND_UTF8(&array, "1", payment_status_name(PAYMENT_COMPLETED).data);
    (void)bson_append_array_end(&in, &array);
    (void)bson_append_document_end(filter, &in);
    return among.count > 0;
}

static enum error want_payments(struct mongo_store *store, const struct turn *turn)
{
    bson_t filter = BSON_INITIALIZER;
    if (!make_filter(store, turn, &filter)) {
        bson_destroy(&filter);
        return ERROR_NONE;
    }
    bson_t *options = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "limit",
                               BCON_INT64(ASKED_MAX), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        store->client.collections[MONGO_PAYMENTS], &filter, options, NULL);
    const bson_t *document = NULL;
    bool any = false;
    tally_add(&store->counts.round_trips, 1);
    for (int count = 0; count < ASKED_MAX && mongoc_cursor_next(cursor, &document); count++) {
        bson_iter_t at;
        struct id id;
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) continue;
        mongo_facts_want(&store->facts, MONGO_FACT_PAYMENT, id);
        any = true;
    }
    const enum error error = mongo_read_end(cursor, "look for money");
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(&filter);
    return any && error == ERROR_NONE ? mongo_facts_fetch(store) : error;
}

/* The predecessor never noted which payment had bought a booking. */
static void name_kept(struct mongo_store *store)
{
    struct mongo_facts *facts = &store->facts;
    for (uint32_t index = 0; index < facts->sets[MONGO_FACT_PAYMENT].record_count; index++) {
        const struct payment *payment = &facts->payments[index].payment;
        const struct mongo_fact *fact =
            mongo_facts_get(facts, MONGO_FACT_BOOKING, payment->booking);
        if (fact == NULL || !fact->found) continue;
        mongo_documents_name_kept(&facts->bookings[fact->place], payment);
    }
}

static bool is_passed_by(struct mongo_store *store, const struct turn *turn, struct id booking)
{
    for (uint32_t index = 0; index < turn->command_count; index++) {
        const struct command *command = turn->commands[index];
        if (id_equal(command->booking, booking) && booking_of(store, command) != NULL) return true;
    }
    return false;
}

static void put_first(struct turn *turn, struct command *command)
{
    for (uint32_t place = turn->command_count; place > 0; place--) {
        turn->commands[place] = turn->commands[place - 1];
    }
    turn->commands[0] = command;
    turn->command_count++;
}

enum error mongo_waiting_put_first(struct mongo_store *store, struct turn *turn)
{
    CHECK(turn->map != NULL);

    const enum error error = want_payments(store, turn);
    if (error != ERROR_NONE) return error;
    name_kept(store);
    struct mongo_facts *facts = &store->facts;
    uint32_t count = 0;
    for (uint32_t index = 0; index < facts->sets[MONGO_FACT_PAYMENT].record_count; index++) {
        const struct mongo_payment *payment = &facts->payments[index];
        const bool room = count < MONGO_WAITING_MAX && turn->command_count < TURN_COMMANDS_MAX;
        if (!room) break;
        if (!payment->money_waits || !is_passed_by(store, turn, payment->payment.booking)) continue;
        struct command *command = &store->waiting.commands[count++];
        mongo_waiting_command(&payment->payment, command);
        command->showtime = turn->map->showtime;
        put_first(turn, command);
    }
    return ERROR_NONE;
}
