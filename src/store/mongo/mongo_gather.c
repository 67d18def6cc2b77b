#include "store/mongo/mongo_gather.h"

#include "base/log.h"
#include "store/gather.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_showtime.h"

#define CUT_PROJECTION "{\"version\": 1, \"settle\": 1, \"batches\": 1, \"status\": 1}"

bool mongo_gather_take_cut(struct mongo_store *store, struct id showtime, const bson_t *document)
{
    struct mongo_cut *cut = &store->cut;
    cut->showtime = (struct id){0};
    if (!mongo_showtime_read_cut(document, &cut->version, &cut->settle)) return false;
    if (!mongo_batches_read(document, &cut->batches)) return false;
    bson_iter_t status;
    cut->cancelled = bson_iter_init_find(&status, document, "status") &&
                     slice_equal(mongo_fields_text(&status), SLICE("cancelled"));
    cut->showtime = showtime;
    return true;
}

static enum error read_cut(struct mongo_store *store, struct id showtime, bool latest)
{
    store->cut.showtime = (struct id){0};
    enum error error = mongo_state_step(store, MONGO_STEP_READ_CUT);
    if (error != ERROR_NONE) return error;
    bson_t document;
    bool there = false;
    tally_add(&store->counts.round_trips, 1);
    error = latest ? mongo_read_latest(&store->client, MONGO_SHOWTIMES, showtime, CUT_PROJECTION,
                                       &document, &there)
                   : mongo_read_one(&store->client, MONGO_SHOWTIMES, showtime, CUT_PROJECTION,
                                    &document, &there);
    if (error != ERROR_NONE) return error;
    if (!there) return ERROR_SHOWTIME_NOT_FOUND;
    const bool whole = mongo_gather_take_cut(store, showtime, &document);
    bson_destroy(&document);
    if (whole) return ERROR_NONE;
    char text[ID_HEX_SIZE];
    id_format(showtime, text);
    log_event(LOG_ERROR, "showtime_broken",
              LOG_TEXT("showtime", ((struct slice){text, sizeof text})),
              LOG_TEXT("field", SLICE("version, settle or batches")));
    return ERROR_INTERNAL_ERROR;
}

enum error mongo_gather_cut(struct mongo_store *store, struct id showtime)
{
    return read_cut(store, showtime, false);
}

/* What a command names, and what it may make. */
static void want(struct mongo_store *store, const struct command *command)
{
    struct mongo_facts *facts = &store->facts;
    const struct claim_key *claim = &command->claim;
    switch (command->kind) {
    case COMMAND_HOLD:
        mongo_facts_want(facts, MONGO_FACT_BOOKING, mongo_ids_made(store->mac, claim));
        mongo_facts_want(facts, MONGO_FACT_KEY, mongo_ids_key(store->mac, claim));
        break;
    case COMMAND_CONFIRM:
    case COMMAND_PAY:
        mongo_facts_want(facts, MONGO_FACT_PAYMENT, mongo_ids_made(store->mac, claim));
        mongo_facts_want(facts, MONGO_FACT_KEY, mongo_ids_key(store->mac, claim));
        mongo_facts_want(facts, MONGO_FACT_BOOKING, command->booking);
        break;
    case COMMAND_REFUND:
        mongo_facts_want(facts, MONGO_FACT_KEY, mongo_ids_key(store->mac, claim));
        mongo_facts_want(facts, MONGO_FACT_PAYMENT, command->payment);
        break;
    case COMMAND_CANCEL:
    case COMMAND_END:
        mongo_facts_want(facts, MONGO_FACT_BOOKING, command->booking);
        break;
    case COMMAND_MONEY:
    case COMMAND_REFUND_DONE:
        mongo_facts_want(facts, MONGO_FACT_PAYMENT, command->payment);
        break;
    case COMMAND_RELEASE:
        mongo_facts_want(facts, MONGO_FACT_BLOCK, command->order->block);
        break;
    default:
        break;
    }
}

/* What the documents read so far name. */
static void want_more(struct mongo_facts *facts)
{
    const struct mongo_fact_set *keys = &facts->sets[MONGO_FACT_KEY];
    for (uint32_t index = 0; index < keys->record_count; index++) {
        mongo_facts_want(facts, MONGO_FACT_BOOKING, facts->keys[index].record.booking);
        mongo_facts_want(facts, MONGO_FACT_PAYMENT, facts->keys[index].record.payment);
    }
    const struct mongo_fact_set *payments = &facts->sets[MONGO_FACT_PAYMENT];
    for (uint32_t index = 0; index < payments->record_count; index++) {
        mongo_facts_want(facts, MONGO_FACT_BOOKING, facts->payments[index].payment.booking);
    }
    const struct mongo_fact_set *bookings = &facts->sets[MONGO_FACT_BOOKING];
    for (uint32_t index = 0; index < bookings->record_count; index++) {
        mongo_facts_want(facts, MONGO_FACT_PAYMENT, facts->bookings[index].booking.active_payment);
        mongo_facts_want(facts, MONGO_FACT_PAYMENT, facts->bookings[index].booking.payment);
    }
}

/* Of another showtime: whatever became of it, the key is taken. */
static bool is_of_another(const struct turn *turn, const struct mongo_booking *booking)
{
    return turn->map == NULL || !id_equal(turn->map->showtime, booking->booking.showtime);
}

/* Has a commit followed the intent? */
static bool booking_stands(const struct turn *turn, const struct mongo_fact *fact,
                           const struct mongo_booking *booking)
{
    const struct seat_map *map = turn->map;
    if (is_of_another(turn, booking)) return true;
    if (booking->never_held_at_ms > 0) return false;
    if (fact->decided || booking->version > 0 || booking->booking.status != BOOKING_PENDING) {
        return true;
    }
    const uint32_t place = seat_map_find(map, booking->booking.seats[0].name);
    if (place == PLACE_NONE || map->states[place] == SEAT_AVAILABLE) return false;
    return id_equal(map->claims[place].booking, booking->booking.id);
}

static const struct mongo_booking *standing_booking(struct mongo_store *store,
                                                    const struct turn *turn, struct id id)
{
    struct mongo_fact *fact = mongo_facts_get(&store->facts, MONGO_FACT_BOOKING, id);
    if (fact == NULL || !fact->found) return NULL;
    const struct mongo_booking *booking = &store->facts.bookings[fact->place];
    if (booking_stands(turn, fact, booking)) return booking;
    fact->adopted = true;
    return NULL;
}

/* A payment stands once its booking has named it, or something became of it. */
static const struct mongo_payment *standing_payment(struct mongo_store *store,
                                                    const struct turn *turn, struct id id)
{
    struct mongo_fact *fact = mongo_facts_get(&store->facts, MONGO_FACT_PAYMENT, id);
    if (fact == NULL || !fact->found) return NULL;
    const struct mongo_payment *payment = &store->facts.payments[fact->place];
    const bool moved = payment->version > 0 || payment->payment.status != PAYMENT_PENDING;
    if (fact->decided || payment->foreign || moved) {
        return payment;
    }
    const struct mongo_booking *booking = standing_booking(store, turn, payment->payment.booking);
    const bool named = booking != NULL && (id_equal(booking->booking.active_payment, id) ||
                                           id_equal(booking->booking.payment, id));
    const bool elsewhere = booking != NULL && is_of_another(turn, booking);
    if (named || elsewhere) return payment;
    fact->adopted = true;
    return NULL;
}

struct search {
    struct mongo_store *store;
    const struct turn *turn;
};

static enum error find_booking(void *context, struct id id, struct booking *ret_booking)
{
    const struct search *search = context;
    const struct mongo_booking *booking = standing_booking(search->store, search->turn, id);
    if (booking == NULL) return ERROR_NOT_FOUND;
    *ret_booking = booking->booking;
    return ERROR_NONE;
}

/* Does a document show more of this showtime than the version that was read? Somebody was first,
 * and the documents may be of different moments. */
static bool is_overtaken(struct mongo_store *store, const struct turn *turn)
{
    struct mongo_facts *facts = &store->facts;
    const struct id showtime = turn->map->showtime;
    const int64_t version = (int64_t)store->cut.version;
    for (uint32_t index = 0; index < facts->sets[MONGO_FACT_BOOKING].record_count; index++) {
        const struct mongo_booking *booking = &facts->bookings[index];
        if (booking->version > version && id_equal(booking->booking.showtime, showtime))
            return true;
    }
    for (uint32_t index = 0; index < facts->sets[MONGO_FACT_PAYMENT].record_count; index++) {
        const struct mongo_payment *payment = &facts->payments[index];
        const struct mongo_fact *of =
            mongo_facts_get(facts, MONGO_FACT_BOOKING, payment->payment.booking);
        if (payment->version <= version || of == NULL || !of->found) continue;
        if (id_equal(facts->bookings[of->place].booking.showtime, showtime)) return true;
    }
    for (uint32_t index = 0; index < facts->sets[MONGO_FACT_BLOCK].record_count; index++) {
        const struct mongo_block *block = &facts->blocks[index];
        if (block->version > version && id_equal(block->block.showtime, showtime)) return true;
    }
    return false;
}

/* As the core knows it: money that waits is not paid yet. */
static struct payment undecided(const struct mongo_payment *from)
{
    struct payment payment = from->payment;
    if (!from->money_waits) return payment;
    payment.paid_amount = 0;
    payment.paid_at_ms = 0;
    payment.paid_currency = (struct currency){0};
    return payment;
}

static enum error find_payment(void *context, struct id id, struct payment *ret_payment)
{
    const struct search *search = context;
    const struct mongo_payment *payment = standing_payment(search->store, search->turn, id);
    if (payment == NULL) return ERROR_NOT_FOUND;
    *ret_payment = undecided(payment);
    return ERROR_NONE;
}

static enum error find_block(void *context, struct id id, struct block *ret_block)
{
    const struct search *search = context;
    struct mongo_facts *facts = &search->store->facts;
    const struct mongo_fact *fact = mongo_facts_get(facts, MONGO_FACT_BLOCK, id);
    if (fact == NULL || !fact->found) return ERROR_NOT_FOUND;
    const struct block *block = &facts->blocks[fact->place].block;
    const struct seat_map *map = search->turn->map;
    if (map == NULL || !id_equal(map->showtime, block->showtime)) return ERROR_NOT_FOUND;
    if (block->released_at_ms == 0) { /* An intent, if the seats are not its own. */
        const uint32_t place = seat_map_find(map, block->seats[0]);
        const bool own = place != PLACE_NONE && map->states[place] == SEAT_BLOCKED &&
                         id_equal(map->claims[place].booking, id);
        if (!own) return ERROR_NOT_FOUND;
    }
    *ret_block = *block;
    return ERROR_NONE;
}

/* A key's record comes after its commit: if what it names does not stand in what was read of the
 * showtime, that is older. */
static bool is_ahead(const struct search *search, const struct key_record *record)
{
    struct mongo_store *store = search->store;
    const bool booked = id_is_none(record->booking) ||
                        standing_booking(store, search->turn, record->booking) != NULL;
    const bool paid = id_is_none(record->payment) ||
                      standing_payment(store, search->turn, record->payment) != NULL;
    return !booked || !paid;
}

/* The record of what a key has made: its own, or the thing itself. */
static enum error find_key(void *context, const struct claim_key *claim,
                           struct key_record *ret_record)
{
    const struct search *search = context;
    struct mongo_store *store = search->store;
    const struct mongo_fact *key =
        mongo_facts_get(&store->facts, MONGO_FACT_KEY, mongo_ids_key(store->mac, claim));
    if (key != NULL && key->found) {
        *ret_record = store->facts.keys[key->place].record;
        if (!claim_key_same(&ret_record->claim, claim)) return ERROR_INTERNAL_ERROR;
        return is_ahead(search, ret_record) ? ERROR_BOOKING_LOCK_FAILED : ERROR_NONE;
    }
    struct key_record record = {.claim = *claim, .created = true};
    const struct id made = mongo_ids_made(store->mac, claim);
    if (claim->operation == OPERATION_HOLD) {
        const struct mongo_booking *booking = standing_booking(store, search->turn, made);
        if (booking == NULL) return ERROR_NOT_FOUND;
        record.claim.fingerprint = booking->fingerprint;
        record.booking = made;
        record.created_at_ms = booking->booking.held_at_ms;
    } else if (claim->operation != OPERATION_REFUND) {
        const struct mongo_payment *payment = standing_payment(store, search->turn, made);
        if (payment == NULL) return ERROR_NOT_FOUND;
        record.claim.fingerprint = payment->fingerprint;
        record.booking = payment->payment.booking;
        record.payment = made;
        record.created_at_ms = payment->payment.created_at_ms;
    } else {
        return ERROR_NOT_FOUND;
    }
    *ret_record = record;
    return ERROR_NONE;
}

/* A booking that is adopted keeps the code it has. */
static void name_made(struct mongo_store *store, struct command *command)
{
    command->made = (struct id){0};
    if (command->kind == COMMAND_HOLD) {
        command->made = mongo_ids_made(store->mac, &command->claim);
        const struct mongo_fact *fact =
            mongo_facts_get(&store->facts, MONGO_FACT_BOOKING, command->made);
        const bool there = fact != NULL && fact->found;
        command->made_code =
            there ? store->facts.bookings[fact->place].booking.code : mongo_ids_code();
    } else if (command->kind == COMMAND_CONFIRM || command->kind == COMMAND_PAY) {
        command->made = mongo_ids_made(store->mac, &command->claim);
    } else if (command->kind == COMMAND_BLOCK) {
        command->made = mongo_ids_next();
    }
}

/* The map must be what the cut shows. One that was kept since the last commit will do: a commit
 * proves it, and without one mongo_gather_prove does. */
static enum error check_map(struct mongo_store *store, const struct seat_map *map)
{
    const struct mongo_cut *cut = &store->cut;
    if (id_equal(cut->showtime, map->showtime) && cut->version == map->version) return ERROR_NONE;
    const enum error error = mongo_gather_cut(store, map->showtime);
    if (error != ERROR_NONE) return error;
    /* A server alone is never overtaken; others are asked again before a refusal. */
    store->unproved = mongo_connection_majority(store->client.connection);
    return cut->version == map->version ? ERROR_NONE : ERROR_BOOKING_LOCK_FAILED;
}

enum error mongo_gather_prove(struct mongo_store *store)
{
    const struct id showtime = store->cut.showtime;
    const uint64_t version = store->cut.version;
    if (!store->gathered || !store->unproved || id_is_none(showtime)) return ERROR_NONE;
    /* No commit proves that this primary still is one. */
    const enum error error = read_cut(store, showtime, true);
    if (error != ERROR_NONE) return error;
    return store->cut.version == version ? ERROR_NONE : ERROR_BOOKING_LOCK_FAILED;
}

/* Has nobody of the turn asked for more than what is in memory? */
static bool is_new_enough(const struct turn *turn)
{
    for (uint32_t index = 0; index < turn->command_count; index++) {
        const struct command *command = turn->commands[index];
        if (command->kind != COMMAND_LOOK || command->seen_version == 0) return false;
        if (command->seen_version > turn->map->version) return false;
    }
    return true;
}

enum error mongo_gather_turn(struct mongo_store *store, struct turn *turn)
{
    CHECK(store->open);

    turn->numbers = &store->numbers;
    mongo_facts_clear(&store->facts);
    if (turn->map != NULL) {
        if (is_new_enough(turn)) store->unproved = false;
        else {
            const enum error error = check_map(store, turn->map);
            if (error != ERROR_NONE) return error;
        }
    } else {
        store->unproved = false;
    }
    store->gathered = true;
    for (uint32_t index = 0; index < turn->command_count; index++) {
        want(store, turn->commands[index]);
    }
    /* Keys name bookings and payments, payments bookings, bookings payments: three looks. */
    for (int look = 0; look < 3; look++) {
        const enum error error = mongo_facts_fetch(store);
        if (error != ERROR_NONE) return error;
        if (look < 2) want_more(&store->facts);
    }
    if (turn->map != NULL) {
        const enum error error = mongo_waiting_put_first(store, turn);
        if (error != ERROR_NONE) return error;
        if (is_overtaken(store, turn)) return ERROR_BOOKING_LOCK_FAILED;
    }
    struct search search = {.store = store, .turn = turn};
    const struct gather_finder finder = {.context = &search,
                                         .find_key = find_key,
                                         .find_booking = find_booking,
                                         .find_payment = find_payment,
                                         .find_block = find_block};
    const enum error error = gather_facts(&finder, turn);
    if (error != ERROR_NONE) return error;
    for (uint32_t index = 0; index < turn->command_count; index++) {
        name_made(store, turn->commands[index]);
    }
    return ERROR_NONE;
}
