#include <stdarg.h>

#include "base/check.h"
#include "powercut/ledger.h"
#include "store/sqlite/keys.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/sqlite_reader.h"

struct check {
    const struct ledger *ledger;
    struct ledger *learner; /* The same, if it may learn. */
    struct house *house;
    struct sqlite_reader *reader;
    struct ledger_moment moment;
    char *fault;
};

__attribute__((format(printf, 2, 3))) static bool miss(const struct check *check,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->fault, LEDGER_FAULT_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* Bookings and payments only ever go up here. */
static int booking_rank(enum booking_status status)
{
    static const int ranks[BOOKING_STATUS_COUNT] = {[BOOKING_PENDING] = 0,
                                                    [BOOKING_EXPIRED] = 1,
                                                    [BOOKING_CONFIRMED] = 2,
                                                    [BOOKING_CANCELLED] = 3};
    return ranks[status];
}

static const struct ledger_showtime *showtime_of(const struct ledger *ledger, struct id id)
{
    for (uint32_t number = 1; number <= HOUSE_SHOWTIMES; number++) {
        if (id_equal(house_showtime(number), id)) return &ledger->showtimes[number - 1];
    }
    CHECK(id_is_none(id));
    return NULL;
}

static bool same_booking(const struct booking *told, const struct booking *stored)
{
    if (!id_equal(told->showtime, stored->showtime) || !user_equal(&told->user, &stored->user) ||
        memcmp(&told->code, &stored->code, sizeof told->code) != 0 ||
        told->seat_count != stored->seat_count || told->final_amount != stored->final_amount ||
        told->held_at_ms != stored->held_at_ms) {
        return false;
    }
    for (uint32_t index = 0; index < told->seat_count; index++) {
        const struct booked_seat *seat = &told->seats[index];
        const struct booked_seat *other = &stored->seats[index];
        if (seat->name.row != other->name.row || seat->name.col != other->name.col ||
            seat->price != other->price) {
            return false;
        }
    }
    return true;
}

/* May the server have carried it so far by itself? */
static bool may_follow(const struct check *check, const struct booking *told,
                       const struct booking *stored)
{
    const struct ledger_showtime *showtime = showtime_of(check->ledger, told->showtime);
    if (check->moment.amid_answers && booking_rank(stored->status) >= booking_rank(told->status)) {
        return true;
    }
    if (stored->status == told->status)
        return stored->hold_expires_at_ms >= told->hold_expires_at_ms;
    if (booking_rank(stored->status) < booking_rank(told->status)) return false;
    if (stored->status == BOOKING_EXPIRED) return told->hold_expires_at_ms <= check->moment.now_ms;
    return stored->status == BOOKING_CANCELLED && showtime->cancelled;
}

static bool check_booking(const struct check *check, const struct booking *told)
{
    const struct reader reader = sqlite_reader_port(check->reader);
    struct booking stored;
    uint64_t version = 0;
    char id[ID_HEX_SIZE];
    id_format(told->id, id);
    if (reader.methods->find_booking(reader.context, told->id, CONSISTENCY_LATEST, &stored,
                                     &version) != ERROR_NONE) {
        return miss(check, "booking %.24s is gone", id);
    }
    if (!same_booking(told, &stored)) return miss(check, "booking %.24s is another", id);
    if (!may_follow(check, told, &stored)) {
        return miss(check, "booking %.24s was answered as %d and is stored as %d", id,
                    (int)told->status, (int)stored.status);
    }
    if (version < showtime_of(check->ledger, told->showtime)->version) {
        return miss(check, "the version of a seat map went back");
    }
    return true;
}

static bool check_payment(const struct check *check, const struct payment *told)
{
    const struct reader reader = sqlite_reader_port(check->reader);
    const struct payment_query query = {.id = told->id};
    struct payment stored;
    struct id showtime;
    uint64_t version = 0;
    char id[ID_HEX_SIZE];
    id_format(told->id, id);
    if (reader.methods->find_payment(reader.context, &query, &stored, &showtime, &version) !=
        ERROR_NONE) {
        return miss(check, "payment %.24s is gone", id);
    }
    if (!id_equal(stored.booking, told->booking) || stored.amount != told->amount ||
        stored.method != told->method || stored.created_at_ms != told->created_at_ms) {
        return miss(check, "payment %.24s is another", id);
    }
    if (stored.status < told->status) {
        return miss(check, "payment %.24s was answered as %d and is stored as %d", id,
                    (int)told->status, (int)stored.status);
    }
    return true;
}

/* Keys live at least a day. */
static bool check_key(const struct check *check, const struct ledger_key *key)
{
    struct key_record record;
    if (check->moment.now_ms - key->at_ms >= HOUSE_DAY_MS) return true;
    if (keys_find(check->house->store, &key->command.claim, &record) != ERROR_NONE) {
        return miss(check, "the key of command kind %d is gone", (int)key->command.kind);
    }
    if (!fingerprint_equal(&record.claim.fingerprint, &key->command.claim.fingerprint) ||
        !id_equal(record.booking, key->command.answer.booking.id)) {
        return miss(check, "the key of command kind %d is another's", (int)key->command.kind);
    }
    return true;
}

static bool stands(const struct check *check, const struct block *wanted)
{
    const struct staff_reader reader = sqlite_staff_reader_port(check->reader);
    struct block blocks[STAFF_LISTED_MAX];
    size_t count = 0;
    struct id next;
    const struct staff_block_query query = {.showtime = wanted->showtime,
                                            .page.limit = STAFF_LISTED_MAX};
    const enum error error =
        reader.methods->list_blocks(reader.context, &query, blocks, &count, &next);
    if (error != ERROR_NONE) return false;
    for (size_t index = 0; index < count; index++) {
        if (id_equal(blocks[index].id, wanted->id)) return true;
    }
    return false;
}

static bool has_seats(const struct seat_map *map, const struct booking *booking)
{
    for (uint32_t seat = 0; seat < booking->seat_count; seat++) {
        const uint32_t place = seat_map_find(map, booking->seats[seat].name);
        if (place == PLACE_NONE || map->states[place] != SEAT_BOOKED) return false;
        if (!id_equal(map->claims[place].booking, booking->id)) return false;
    }
    return true;
}

static bool check_seats(const struct check *check, const struct seat_map *map, bool cancelled)
{
    for (uint32_t index = 0; index < check->ledger->booking_count; index++) {
        const struct booking *booking = &check->ledger->bookings[index];
        if (booking->status != BOOKING_CONFIRMED || cancelled) continue;
        if (!id_equal(booking->showtime, map->showtime) || has_seats(map, booking)) continue;
        return miss(check, "a seat that was sold is somebody else's, or nobody's");
    }
    return true;
}

static bool check_showtime(const struct check *check, uint32_t number)
{
    static _Alignas(16) uint8_t memory[SHOWTIME_BLOCK_SIZE_MAX];
    const struct ledger_showtime *showtime = &check->ledger->showtimes[number - 1];
    const struct store store = sqlite_store_port(check->house->store);
    struct seat_map map;
    if (store.methods->load(store.context, house_showtime(number), memory, &map) != ERROR_NONE) {
        return miss(check, "showtime %u is gone", number);
    }
    if (map.version < showtime->version) return miss(check, "the version of a map went back");
    if (showtime->cancelled && map.status != SHOWTIME_CANCELLED) {
        return miss(check, "the cancel of showtime %u is gone", number);
    }
    if (check->moment.amid_answers) return true;
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        if (showtime->prices[type] == 0 || map.prices[type] == showtime->prices[type]) continue;
        return miss(check, "a price of showtime %u is gone", number);
    }
    return check_seats(check, &map, showtime->cancelled);
}

static int64_t ask(const struct check *check, const char *sql)
{
    sqlite3_stmt *row = database_statement(&check->house->store->database, sql);
    if (row == NULL) return -1;
    const int64_t number = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
    database_done(row);
    return number;
}

static bool check_staff(const struct check *check)
{
    const struct ledger *ledger = check->ledger;
    if (check->moment.amid_answers) return true;
    for (uint32_t index = 0; index < ledger->block_count; index++) {
        const struct block *block = &ledger->blocks[index];
        if (stands(check, block) == (block->released_at_ms == 0)) continue;
        return miss(check, "a block, or its release, is gone");
    }
    if (ask(check, "SELECT count(*) FROM journal") < ledger->journal_count) {
        return miss(check, "an entry of the journal is gone");
    }
    const int64_t title = ask(check, "SELECT CAST(title AS INTEGER) FROM movie");
    if (title == (int64_t)ledger->movie_title) return true;
    return miss(check, "a movie's new title is gone");
}

static bool check_all(const struct check *check)
{
    const struct ledger *ledger = check->ledger;
    for (uint32_t index = 0; index < ledger->booking_count; index++) {
        if (!check_booking(check, &ledger->bookings[index])) return false;
    }
    for (uint32_t index = 0; index < ledger->payment_count; index++) {
        if (!check_payment(check, &ledger->payments[index])) return false;
    }
    for (uint32_t index = 0; index < ledger->key_count; index++) {
        if (!check_key(check, &ledger->keys[index])) return false;
    }
    for (uint32_t number = 1; number <= HOUSE_SHOWTIMES; number++) {
        if (!check_showtime(check, number)) return false;
    }
    return check_staff(check);
}

/* Runs one of the looks with a reader of its own. */
static bool with_reader(struct check *check, bool (*look)(const struct check *check))
{
    CHECK(check->house->store != NULL);
    struct database_reason reason;
    if (sqlite_reader_open(check->house->path, &check->reader, &reason) != ERROR_NONE) {
        return miss(check, "no reader: %.200s", reason.text);
    }
    const bool held = look(check);
    sqlite_reader_close(check->reader);
    return held;
}

bool ledger_check(const struct ledger *ledger, struct house *house, struct ledger_moment moment,
                  char fault[LEDGER_FAULT_SIZE])
{
    struct check check = {.ledger = ledger, .house = house, .moment = moment, .fault = fault};
    return with_reader(&check, check_all);
}

static void learn_records(struct ledger *ledger, const struct check *check)
{
    const struct reader reader = sqlite_reader_port(check->reader);
    uint64_t version = 0;
    for (uint32_t index = 0; index < ledger->booking_count; index++) {
        struct booking *booking = &ledger->bookings[index];
        const struct id id = booking->id;
        CHECK(reader.methods->find_booking(reader.context, id, CONSISTENCY_LATEST, booking,
                                           &version) == ERROR_NONE);
    }
    for (uint32_t index = 0; index < ledger->payment_count; index++) {
        struct payment *payment = &ledger->payments[index];
        const struct payment_query query = {.id = payment->id};
        struct id showtime;
        CHECK(reader.methods->find_payment(reader.context, &query, payment, &showtime, &version) ==
              ERROR_NONE);
    }
    for (uint32_t index = 0; index < ledger->block_count; index++) {
        struct block *block = &ledger->blocks[index];
        block->released_at_ms = stands(check, block) ? 0 : 1;
    }
}

static bool learn(const struct check *check)
{
    static _Alignas(16) uint8_t memory[SHOWTIME_BLOCK_SIZE_MAX];
    struct ledger *ledger = check->learner;
    if (!check_all(check)) return false;
    learn_records(ledger, check);
    for (uint32_t number = 1; number <= HOUSE_SHOWTIMES; number++) {
        const struct store store = sqlite_store_port(check->house->store);
        struct ledger_showtime *showtime = &ledger->showtimes[number - 1];
        struct seat_map map;
        CHECK(store.methods->load(store.context, house_showtime(number), memory, &map) ==
              ERROR_NONE);
        memcpy(showtime->prices, map.prices, sizeof showtime->prices);
        showtime->cancelled = map.status == SHOWTIME_CANCELLED;
    }
    ledger->movie_title = (uint64_t)ask(check, "SELECT CAST(title AS INTEGER) FROM movie");
    return true;
}

bool ledger_learn(struct ledger *ledger, struct house *house, int64_t now_ms,
                  char fault[LEDGER_FAULT_SIZE])
{
    struct check check = {.ledger = ledger,
                          .learner = ledger,
                          .house = house,
                          .moment = {.now_ms = now_ms, .amid_answers = true},
                          .fault = fault};
    return with_reader(&check, learn);
}
