#include "sim_shared/day.h"

#include "base/check.h"
#include "sim_shared/driver.h"
#include "sim_shared/judge.h"
#include "sim_shared/onlooker.h"
#include "sim_shared/people.h"
#include "sim_shared/reached.h"
#include "sim_shared/story.h"
#include "store/mongo/mongo_ids.h"
#include "support/turn_fixture.h"

#define BEGINNING_MS INT64_C(1700000000000)

enum {
    ROUND_MS = 1000, /* While all come to rest. */
    ROUNDS_REST = 8, /* Longer than a sweep waits for those who are alive. */
    ROUNDS_MAX = 200,
    YIELDS_MAX = 200,
};

static struct random chance;
static uint64_t operations;

static uint32_t one_of(const uint32_t *choices, uint32_t count)
{
    return choices[random_below(&chance, count)];
}

static void append_seats(bson_t *document, uint32_t count)
{
    static const char *const types[] = {"standard", "vip", "couple"};
    bson_t seats;
    BSON_APPEND_DOCUMENT_BEGIN(document, "seats", &seats);
    for (uint32_t place = 0; place < count; place++) {
        char name[16];
        bson_t seat;
        (void)snprintf(name, sizeof name, "A%u", place + 1);
        BSON_APPEND_DOCUMENT_BEGIN(&seats, name, &seat);
        BSON_APPEND_UTF8(&seat, "status", "available");
        BSON_APPEND_UTF8(&seat, "seat_type", types[place % 3]);
        (void)bson_append_document_end(&seats, &seat);
    }
    (void)bson_append_document_end(document, &seats);
}

static void put_showtime(uint32_t number, uint32_t seats)
{
    const bson_oid_t oid = mongo_ids_to_oid(turn_fixture_id(number));
    const int64_t starts_at_ms = weather.now_ms + random_between(&chance, 60, 900) * 1000;
    bson_t *document = BCON_NEW("_id", BCON_OID(&oid), "start_time", BCON_DATE_TIME(starts_at_ms),
                                "end_time", BCON_DATE_TIME(starts_at_ms + 7200000), "price", "{",
                                "standard", BCON_INT64(90000), "vip", BCON_INT64(120000), "couple",
                                BCON_INT64(200000), "}", "total_seats", BCON_INT32((int32_t)seats),
                                "available_seats", BCON_INT32((int32_t)seats), "version",
                                BCON_INT32(1), "status", BCON_UTF8("scheduled"));
    append_seats(document, seats);
    const struct statement statement = {STATEMENT_INSERT, MONGO_SHOWTIMES, NULL, document};
    CHECK(database_do(&statement) == EFFECT_DONE);
    bson_destroy(document);
}

/* Quiet days and stormy ones. */
static void make_weather(void)
{
    weather.strike_percent = one_of((const uint32_t[]){0, 2, 5, 15}, 4);
    weather.death_permille = one_of((const uint32_t[]){0, 3, 8, 20}, 4);
    weather.partition_permille = one_of((const uint32_t[]){0, 0, 3, 8}, 4);
    weather.outage_permille = one_of((const uint32_t[]){0, 0, 15, 50}, 4);
    weather.slow_percent = one_of((const uint32_t[]){0, 0, 1, 3}, 4);
}

static struct house_options make_house(void)
{
    static const uint32_t hold_ms[] = {HOLD_MS_DEFAULT, 10000, 20000, 60000};
    static const uint32_t payment_ms[] = {PAYMENT_MS_DEFAULT, 8000, 15000, 90000};
    struct house_options options = {.instances = 2 + random_below(&chance, HOUSE_INSTANCES_MAX - 1),
                                    .policy = {.hold_ms = one_of(hold_ms, 4),
                                               .payment_ms = one_of(payment_ms, 4),
                                               .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                               .tag_key = {.bytes = {7}}},
                                    .lock = (enum house_lock)random_below(&chance, 3),
                                    .lock_trouble_percent =
                                        one_of((const uint32_t[]){0, 10, 50}, 3),
                                    .heard = people_heard,
                                    .lost = people_lost};
    for (uint32_t index = 0; index < HOUSE_INSTANCES_MAX; index++) {
        options.skews_ms[index] =
            random_chance(&chance, 50) ? 0 : random_between(&chance, -JUDGE_SKEW_MS, JUDGE_SKEW_MS);
    }
    return options;
}

/* Two instances that agree on the time, and no lock. */
static void keep_simple(struct house_options *house)
{
    house->instances = 2;
    house->lock = HOUSE_LOCK_NONE;
    house->policy.hold_ms = HOLD_MS_DEFAULT;
    house->policy.payment_ms = PAYMENT_MS_DEFAULT;
    memset(house->skews_ms, 0, sizeof house->skews_ms);
}

static void open_day(const struct day *day)
{
    random_seed(&chance, day->seed);
    weather_begin(&chance, BEGINNING_MS);
    driver_begin();
    attempts_begin();
    judge_begin(day->verbose);
    database_begin((struct database_watcher){.changed = judge_changed});
    const uint32_t showtimes = day->tells_story ? 1 : 1 + random_chance(&chance, 30);
    const uint32_t seats = day->tells_story ? 3 : 1 + random_below(&chance, 5);
    for (uint32_t number = 1; number <= showtimes; number++) put_showtime(number, seats);
    struct house_options house = make_house();
    if (day->tells_story) keep_simple(&house);
    fibers_begin(&chance, one_of((const uint32_t[]){0, 40, 80, 95}, 4));
    weather.instances = house.instances;
    house_begin(&house);
    const struct people_options people = {.instances = house.instances,
                                          .showtimes = showtimes,
                                          .seats = seats,
                                          .staff_percent = one_of((const uint32_t[]){0, 10, 25}, 3),
                                          .wrong_amounts = random_chance(&chance, 30),
                                          .quiet = day->tells_story};
    people_begin(&people);
    onlooker_begin();
}

static void close_day(void)
{
    house_end();
    onlooker_end();
    fibers_end();
    weather_end();
    judge_end();
    database_end();
}

static void yield_some(uint32_t most)
{
    const uint32_t count = 1 + random_below(&chance, most);
    for (uint32_t index = 0; index < count; index++) fibers_yield();
}

/* Mostly nothing; now and then a hold's length, or what is left of it. */
static void pass_time(void)
{
    weather.now_ms += random_between(&chance, 0, 200);
    if (random_chance(&chance, 6)) weather.now_ms += random_between(&chance, 1000, 15000);
    if (random_chance(&chance, 1)) weather.now_ms += HOLD_MS_DEFAULT;
}

static void have_trouble(const struct day *day)
{
    make_weather();
    for (uint32_t step = 0; step < day->steps && !judge.broken; step++) {
        const uint32_t acts = random_below(&chance, 3);
        for (uint32_t act = 0; act < acts; act++) people_act();
        (void)people_insist(false);
        pass_time();
        yield_some(60);
    }
}

/* Each step is heard before the next. */
static void tell_story(const struct day *day)
{
    weather.planned = day->strike;
    weather.struck_at = day->struck_at;
    fibers_set_stay(50);
    for (uint32_t step = 0; story_go_on(day->story, step) && !judge.broken; step++) {
        uint32_t open = 1;
        for (uint32_t round = 0; round < ROUNDS_MAX && open > 0 && !judge.broken; round++) {
            yield_some(20);
            weather.now_ms += random_between(&chance, 0, 100);
            open = people_insist(false);
        }
        JUDGE_MUST(open == 0, "step %u of a story was not answered", step);
    }
}

/* Time goes on, and what is late comes. */
static void pass_round(void)
{
    weather.now_ms += ROUND_MS;
    if (weather.late_count > 0 && random_chance(&chance, 30)) weather_deliver();
    for (uint32_t index = 0; index < YIELDS_MAX && !(house_idle() && index > 12); index++) {
        fibers_yield();
    }
}

/* A hold that lapses on the way needs its time too. */
static void come_to_rest(void)
{
    for (uint32_t round = 0; round < ROUNDS_MAX && !judge.broken; round++) {
        if (round == ROUNDS_REST) weather_deliver_all();
        if (round > 2 * ROUNDS_REST && !judge_owes()) break;
        pass_round();
    }
    judge_at_rest();
}

static void all_die(void)
{
    house_allow(0);
    fibers_set_stay(0);
    while (house_up() > 0) fibers_yield();
    reached_saw_if(judge_owes(), REACHED_ALL_DIED_WITH_DEBTS);
    weather_calm();
}

static void all_hear(void)
{
    house_allow(UINT32_MAX);
    uint32_t open = 1;
    for (uint32_t round = 0; round < ROUNDS_MAX && open > 0 && !judge.broken; round++) {
        open = people_insist(true);
        pass_round();
    }
    JUDGE_MUST(open == 0, "%u requests were never answered", open);
}

static void all_ends(void)
{
    weather.now_ms += HOLD_MS_DEFAULT + PAYMENT_MS_DEFAULT;
    come_to_rest();
}

bool day_run(const struct day *day)
{
    open_day(day);
    if (day->tells_story) tell_story(day);
    else have_trouble(day);
    operations = weather.operations;
    all_die();
    house_allow(1);
    come_to_rest();
    all_hear();
    all_ends();
    close_day();
    return !judge.broken;
}

uint64_t day_operations(void)
{
    return operations;
}
