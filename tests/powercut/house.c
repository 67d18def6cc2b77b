#include "powercut/house.h"

#include "store/sqlite/writer_state.h"
#include "support/turn_fixture.h"

enum {
    BATCHES_MAX = 64, /* No step of a test has so much to do. */
    SHOWTIMES_MAX = HOUSE_SHOWTIMES + 1,
    LONG_LOG = 4000,     /* Pages; see sqlite_store.c. */
    ENDLESS_LOG = 16000, /* The same: it then waits for readers. */
};

#define PLACES "vvvvvvvvvvssssssssssccccccccc-"

void house_init(struct house *house, const char *folder)
{
    *house = (struct house){.policy = {.hold_ms = HOLD_MS_DEFAULT,
                                       .payment_ms = PAYMENT_MS_DEFAULT,
                                       .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                       .tag_key = {.bytes = {7}}}};
    (void)snprintf(house->path, sizeof house->path, "%s/usher.db", folder);
}

bool house_open_store(struct house *house, struct database_reason *ret_reason)
{
    CHECK(house->store == NULL);
    if (sqlite_store_open(house->path, &house->policy.tag_key, &house->store, ret_reason) !=
        ERROR_NONE) {
        return false;
    }
    if (house->bug == HOUSE_BUG_UNSAFE) {
        const int code = database_execute(&house->store->database, "PRAGMA synchronous=OFF");
        CHECK(code == SQLITE_OK);
    }
    house->eager = (struct eager_store){.inner = sqlite_store_port(house->store)};
    return true;
}

struct store house_store(struct house *house)
{
    if (house->bug == HOUSE_BUG_EAGER) return eager_store_port(&house->eager);
    return sqlite_store_port(house->store);
}

bool house_open_engine(struct house *house)
{
    CHECK(house->store != NULL);
    CHECK(house->engine == NULL);
    house->feed = feed_open(SHOWTIMES_MAX);
    CHECK(house->feed != NULL);
    const struct engine_options options = {.policy = house->policy,
                                           .showtimes_max = SHOWTIMES_MAX,
                                           .store = house_store(house),
                                           .feed = house->feed,
                                           .answered = house->answered,
                                           .answered_context = house->answered_context};
    house->engine = engine_open(&options);
    CHECK(house->engine != NULL);
    return engine_recover(house->engine) == ERROR_NONE;
}

void house_close(struct house *house)
{
    engine_close(house->engine);
    feed_close(house->feed);
    sqlite_store_close(house->store);
    house->engine = NULL;
    house->feed = NULL;
    house->store = NULL;
}

struct id house_showtime(uint32_t number)
{
    return turn_fixture_id(number);
}

void house_fill(struct house *house)
{
    char sql[2048];
    int size = snprintf(sql, sizeof sql,
                        "BEGIN;INSERT INTO seat_layout(number,rows,cols,places)"
                        " VALUES(1,3,10,'" PLACES "');"
                        "INSERT INTO movie(id,title,duration_minutes,status)"
                        " VALUES('" HOUSE_MOVIE "','m',120,'now_showing');"
                        "INSERT INTO cinema(id,name) VALUES('c00000000000000000000001','c');");
    for (uint32_t number = 1; number <= HOUSE_SHOWTIMES; number++) {
        char id[ID_HEX_SIZE];
        id_format(house_showtime(number), id);
        const int64_t starts_at_ms = HOUSE_BEGINS_MS + number * 2 * HOUSE_DAY_MS;
        size += snprintf(sql + size, sizeof sql - (size_t)size,
                         "INSERT INTO showtime(id,movie,cinema,screen_id,layout,starts_at,ends_at,"
                         "price_standard,price_vip,price_couple,total_seats,available_seats)"
                         " VALUES('%.24s','" HOUSE_MOVIE "','c00000000000000000000001','s',1,"
                         "%lld,%lld,90000,120000,200000,29,29);",
                         id, (long long)starts_at_ms, (long long)starts_at_ms + 7200000);
    }
    size += snprintf(sql + size, sizeof sql - (size_t)size, "COMMIT");
    CHECK((size_t)size < sizeof sql);
    const int code = database_execute(&house->store->database, sql);
    CHECK(code == SQLITE_OK);
}

bool house_run(struct house *house, int64_t now_ms)
{
    uint32_t batches = 0;
    while (engine_step(house->engine, now_ms)) {
        if (++batches == BATCHES_MAX) return false;
    }
    return !engine_failed(house->engine);
}

void house_lengthen_log(struct house *house, bool wait)
{
    struct database *database = &house->store->database;
    if (database->wal_pages == 0) return;
    database->wal_pages = wait ? ENDLESS_LOG : LONG_LOG;
    database->wal_copied = 0;
}
