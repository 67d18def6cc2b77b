#include "contract/store_fixture.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/check.h"
#include "store/memory/memory_reader.h"
#include "store/memory/memory_store.h"
#include "store/sqlite/folder.h"
#include "store/sqlite/sqlite_reader.h"
#include "store/sqlite/sqlite_store.h"

#define MOVIE "a00000000000000000000001"
#define CINEMA "c00000000000000000000001"
#define PLACES "vvvvvvvvvvssssssssssccccccccc-"

static const struct siphash_key id_key = {.bytes = {3, 1, 4}};

struct id store_fixture_showtime(uint32_t number)
{
    return turn_fixture_id(number);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "%s\n", message);
        CHECK(message == NULL);
    }
    CHECK(sqlite3_close(database) == SQLITE_OK);
}

static void open_sqlite(struct store_fixture *fixture)
{
    struct database_reason reason;
    CHECK(sqlite_store_open(fixture->path, &fixture->policy.tag_key, &fixture->sqlite, &reason) ==
          ERROR_NONE);
    CHECK(sqlite_reader_open(fixture->path, &fixture->sqlite_reader, &reason) == ERROR_NONE);
    fixture->store = sqlite_store_port(fixture->sqlite);
    fixture->reader = sqlite_reader_port(fixture->sqlite_reader);
    fixture->staff_reader = sqlite_staff_reader_port(fixture->sqlite_reader);
}

static void put_sqlite_showtime(struct store_fixture *fixture, uint32_t number)
{
    char id[ID_HEX_SIZE];
    char sql[1024];
    id_format(store_fixture_showtime(number), id);
    (void)snprintf(
        sql, sizeof sql,
        "INSERT OR IGNORE INTO seat_layout(number,rows,cols,places) VALUES(1,3,10,'" PLACES "');"
        "INSERT OR IGNORE INTO movie(id,title,duration_minutes,status)"
        " VALUES('" MOVIE "','m',120,'ended');"
        "INSERT OR IGNORE INTO cinema(id,name) VALUES('" CINEMA "','c');"
        "INSERT INTO showtime(id,movie,cinema,screen_id,layout,starts_at,ends_at,price_standard,"
        "price_vip,price_couple,total_seats,available_seats)"
        " VALUES('%.24s','" MOVIE "','" CINEMA "','s',1,%lld,%lld,%lld,%lld,%lld,29,29)",
        id, (long long)FIXTURE_STARTS_AT_MS, (long long)FIXTURE_ENDS_AT_MS,
        (long long)FIXTURE_PRICE_STANDARD, (long long)FIXTURE_PRICE_VIP,
        (long long)FIXTURE_PRICE_COUPLE);
    run_sql(fixture->path, sql);
}

static struct memory_showtime memory_showtime_of(uint32_t number, struct seat_layout *layout)
{
    *layout = (struct seat_layout){.rows = 3, .cols = 10};
    for (uint32_t place = 0; place < sizeof PLACES - 1; place++) {
        const char letter = PLACES[place];
        layout->types[place] = letter == 'v'   ? SEAT_VIP
                               : letter == 's' ? SEAT_STANDARD
                               : letter == 'c' ? SEAT_COUPLE
                                               : SEAT_TYPE_COUNT;
    }
    return (struct memory_showtime){.id = store_fixture_showtime(number),
                                    .layout = layout,
                                    .starts_at_ms = FIXTURE_STARTS_AT_MS,
                                    .ends_at_ms = FIXTURE_ENDS_AT_MS,
                                    .prices = {[SEAT_STANDARD] = FIXTURE_PRICE_STANDARD,
                                               [SEAT_VIP] = FIXTURE_PRICE_VIP,
                                               [SEAT_COUPLE] = FIXTURE_PRICE_COUPLE}};
}

static void fill_sqlite(struct store_fixture *fixture)
{
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/usher-store-XXXXXX");
    CHECK(mkdtemp(fixture->folder) != NULL);
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/usher.db", fixture->folder);
    open_sqlite(fixture);
    put_sqlite_showtime(fixture, 1);
    put_sqlite_showtime(fixture, 2);
}

static void fill_memory(struct store_fixture *fixture)
{
    fixture->memory = memory_store_open(&id_key, &fixture->policy.tag_key);
    CHECK(fixture->memory != NULL);
    for (uint32_t number = 1; number <= 2; number++) {
        struct seat_layout layout;
        const struct memory_showtime showtime = memory_showtime_of(number, &layout);
        memory_store_put_showtime(fixture->memory, &showtime);
    }
    fixture->store = memory_store_port(fixture->memory);
    fixture->reader = memory_reader_port(fixture->memory);
    fixture->staff_reader = memory_staff_reader_port(fixture->memory);
}

static void open_mongo(struct store_fixture *fixture)
{
    fixture->mongo_store =
        mongo_fixture_store(&fixture->mongo, &fixture->policy.tag_key, (struct mongo_hook){0});
    fixture->store = mongo_store_port(fixture->mongo_store);
}

static void fill_mongo(struct store_fixture *fixture)
{
    mongo_fixture_borrow(&fixture->mongo);
    for (uint32_t number = 1; number <= 2; number++) {
        mongo_fixture_put_showtime(&fixture->mongo, store_fixture_showtime(number),
                                   FIXTURE_STARTS_AT_MS, FIXTURE_ENDS_AT_MS);
    }
    open_mongo(fixture);
    CHECK(mongo_reader_open(fixture->mongo.connection, &fixture->mongo_reader) == ERROR_NONE);
    fixture->reader = mongo_reader_port(fixture->mongo_reader);
    CHECK(mongo_staff_reader_open(fixture->mongo.connection, &fixture->mongo_staff_reader) ==
          ERROR_NONE);
    fixture->staff_reader = mongo_staff_reader_port(fixture->mongo_staff_reader);
}

static enum store_kind chosen;

bool store_fixture_choose(int argument_count, char **arguments)
{
    const struct slice name = slice_of(argument_count == 2 ? arguments[1] : "");
    static const struct slice names[] = {[STORE_SQLITE] = SLICE_INIT("sqlite"),
                                         [STORE_MEMORY] = SLICE_INIT("memory"),
                                         [STORE_MONGO] = SLICE_INIT("mongo")};
    for (chosen = STORE_SQLITE; chosen <= STORE_MONGO; chosen++) {
        if (slice_equal(name, names[chosen])) return true;
    }
    fprintf(stderr, "usage: %s sqlite|memory|mongo\n", arguments[0]);
    return false;
}

bool store_fixture_shared(void)
{
    return chosen == STORE_MONGO;
}

int store_fixture_setup(void **state)
{
    struct store_fixture *fixture = calloc(1, sizeof *fixture);
    CHECK(fixture != NULL);
    fixture->kind = chosen;
    fixture->policy = (struct turn_policy){.hold_ms = HOLD_MS_DEFAULT,
                                           .payment_ms = PAYMENT_MS_DEFAULT,
                                           .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                           .tag_key = {.bytes = {7}}};
    fixture->now_ms = FIXTURE_NOW_MS;
    fixture->turn = calloc(1, sizeof *fixture->turn);
    fixture->block = aligned_alloc(16, SHOWTIME_BLOCK_SIZE_MAX);
    CHECK(fixture->turn != NULL);
    CHECK(fixture->block != NULL);
    if (chosen == STORE_SQLITE) fill_sqlite(fixture);
    else if (chosen == STORE_MEMORY) fill_memory(fixture);
    else fill_mongo(fixture);
    *state = fixture;
    return 0;
}

static void remove_folder(const struct store_fixture *fixture)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t index = 0; index < sizeof ends / sizeof ends[0]; index++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", fixture->path, ends[index]);
        (void)unlink(path);
    }
    CHECK(rmdir(fixture->folder) == 0);
}

int store_fixture_teardown(void **state)
{
    struct store_fixture *fixture = *state;
    sqlite_reader_close(fixture->sqlite_reader);
    sqlite_store_close(fixture->sqlite);
    memory_store_close(fixture->memory);
    mongo_reader_close(fixture->mongo_reader);
    mongo_staff_reader_close(fixture->mongo_staff_reader);
    mongo_store_close(fixture->mongo_store);
    if (fixture->kind == STORE_SQLITE) remove_folder(fixture);
    free(fixture->turn);
    free(fixture->block);
    free(fixture);
    return 0;
}

void store_fixture_restart(struct store_fixture *fixture)
{
    if (fixture->kind == STORE_MEMORY) {
        memory_store_crash(fixture->memory);
        return;
    }
    if (fixture->kind == STORE_MONGO) {
        mongo_store_close(fixture->mongo_store);
        open_mongo(fixture);
        return;
    }
    sqlite_reader_close(fixture->sqlite_reader);
    sqlite_store_close(fixture->sqlite);
    open_sqlite(fixture);
}

enum error store_fixture_refusal(const struct store_fixture *fixture)
{
    return fixture->store.shared ? ERROR_BOOKING_LOCK_FAILED : ERROR_INTERNAL_ERROR;
}

void store_fixture_move(struct store_fixture *fixture, uint32_t number, int64_t starts_at_ms,
                        int64_t ends_at_ms)
{
    if (fixture->kind == STORE_MEMORY) {
        struct seat_layout layout;
        struct memory_showtime showtime = memory_showtime_of(number, &layout);
        showtime.starts_at_ms = starts_at_ms;
        showtime.ends_at_ms = ends_at_ms;
        memory_store_put_showtime(fixture->memory, &showtime);
        return;
    }
    if (fixture->kind == STORE_MONGO) {
        mongo_fixture_put_showtime(&fixture->mongo, store_fixture_showtime(number), starts_at_ms,
                                   ends_at_ms);
        return;
    }
    char sql[128];
    (void)snprintf(sql, sizeof sql,
                   "UPDATE showtime SET starts_at=%lld,ends_at=%lld WHERE number=%u",
                   (long long)starts_at_ms, (long long)ends_at_ms, number);
    run_sql(fixture->path, sql);
}

void store_fixture_begin(struct store_fixture *fixture)
{
    CHECK(fixture->store.methods->begin(fixture->store.context) == ERROR_NONE);
}

void store_fixture_commit(struct store_fixture *fixture)
{
    CHECK(fixture->store.methods->commit(fixture->store.context) == ERROR_NONE);
}

void store_fixture_rollback(struct store_fixture *fixture)
{
    fixture->store.methods->rollback(fixture->store.context);
}

enum error store_fixture_tend(struct store_fixture *fixture)
{
    return fixture->store.methods->tend(fixture->store.context, fixture->now_ms);
}

enum error store_fixture_find(struct store_fixture *fixture, uint32_t number)
{
    memset(fixture->block, 0, SHOWTIME_BLOCK_SIZE_MAX);
    return fixture->store.methods->load(fixture->store.context, store_fixture_showtime(number),
                                        fixture->block, &fixture->map);
}

void store_fixture_load(struct store_fixture *fixture, uint32_t number)
{
    CHECK(store_fixture_find(fixture, number) == ERROR_NONE);
}

enum error store_fixture_turn(struct store_fixture *fixture, struct command *const *commands,
                              uint32_t count)
{
    const struct store *store = &fixture->store;
    turn_begin(fixture->turn, &fixture->policy, NULL, &fixture->map, fixture->now_ms);
    for (uint32_t index = 0; index < count; index++) turn_add(fixture->turn, commands[index]);
    const enum error error = store->methods->gather(store->context, fixture->turn);
    if (error != ERROR_NONE) return error;
    turn_decide(fixture->turn);
    if (!turn_changed(fixture->turn)) return ERROR_NONE;
    return store->methods->record(store->context, fixture->turn);
}

enum error store_fixture_decide(struct store_fixture *fixture, struct command *command)
{
    return store_fixture_turn(fixture, &command, 1);
}

void store_fixture_run(struct store_fixture *fixture, uint32_t number, struct command *command)
{
    /* Where ids do not count up, what is made in one moment has no order. */
    if (fixture->store.shared) fixture->now_ms++;
    store_fixture_begin(fixture);
    store_fixture_load(fixture, number);
    const enum error error = store_fixture_decide(fixture, command);
    if (error != ERROR_NONE) fprintf(stderr, "a turn was refused: %s\n", error_name(error));
    CHECK(error == ERROR_NONE);
    store_fixture_commit(fixture);
    CHECK(command->answer.failure == ERROR_NONE);
}

struct booking store_fixture_hold(struct store_fixture *fixture, const char *user,
                                  const char *seats, uint64_t key)
{
    struct command command = turn_fixture_hold(user, seats, key);
    store_fixture_run(fixture, 1, &command);
    CHECK(command.answer.refusal == REFUSAL_NONE);
    return command.answer.booking;
}

struct payment store_fixture_pay(struct store_fixture *fixture, const struct booking *booking,
                                 uint64_t key)
{
    char user[USER_SIZE_MAX + 1];
    CHECK(slice_to_string(user_name(&booking->user), user, sizeof user));
    struct command command = turn_fixture_pay(user, booking->id, PAYMENT_MOMO, key);
    store_fixture_run(fixture, 1, &command);
    CHECK(command.answer.refusal == REFUSAL_NONE);
    return command.answer.payment;
}

struct payment store_fixture_sell(struct store_fixture *fixture, const struct booking *booking,
                                  uint64_t key)
{
    const struct payment payment = store_fixture_pay(fixture, booking, key);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    store_fixture_run(fixture, 1, &money);
    CHECK(money.answer.outcome == MONEY_CONFIRMED);
    return money.answer.payment;
}

struct block store_fixture_block(struct store_fixture *fixture, const char *user, const char *seats)
{
    struct staff_order order;
    struct command command = turn_fixture_block(user, seats, &order);
    store_fixture_run(fixture, 1, &command);
    CHECK(command.answer.refusal == REFUSAL_NONE);
    return order.answer.block;
}

void store_fixture_end(struct store_fixture *fixture)
{
    enum { ENDING_MAX = 16 };
    struct id bookings[ENDING_MAX];
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    const size_t count = turn_ending(&fixture->map, fixture->now_ms, bookings, ENDING_MAX);
    struct command ends[ENDING_MAX];
    struct command *pointers[ENDING_MAX];
    for (size_t index = 0; index < count; index++) {
        ends[index] = turn_fixture_expire(bookings[index]);
        pointers[index] = &ends[index];
    }
    CHECK(count > 0);
    CHECK(store_fixture_turn(fixture, pointers, (uint32_t)count) == ERROR_NONE);
    for (size_t index = 0; index < count; index++) CHECK(ends[index].answer.failure == ERROR_NONE);
    store_fixture_commit(fixture);
}

struct booking store_fixture_booking(struct store_fixture *fixture, struct id id)
{
    struct booking booking;
    uint64_t version = 0;
    const struct reader *reader = &fixture->reader;
    CHECK(reader->methods->find_booking(reader->context, id, CONSISTENCY_LATEST, &booking,
                                        &version) == ERROR_NONE);
    return booking;
}

struct payment store_fixture_payment(struct store_fixture *fixture, struct id id)
{
    struct payment payment;
    struct id showtime;
    uint64_t version = 0;
    const struct payment_query query = {.id = id};
    const struct reader *reader = &fixture->reader;
    CHECK(reader->methods->find_payment(reader->context, &query, &payment, &showtime, &version) ==
          ERROR_NONE);
    return payment;
}

static uint32_t place_of(const struct store_fixture *fixture, const char *seat)
{
    struct seat_name name;
    CHECK(seat_name_parse(slice_of(seat), &name));
    const uint32_t place = seat_map_find(&fixture->map, name);
    CHECK(place != PLACE_NONE);
    return place;
}

const struct seat_claim *store_fixture_claim(const struct store_fixture *fixture, const char *seat)
{
    return &fixture->map.claims[place_of(fixture, seat)];
}

enum seat_state store_fixture_state(const struct store_fixture *fixture, const char *seat)
{
    return (enum seat_state)fixture->map.states[place_of(fixture, seat)];
}
