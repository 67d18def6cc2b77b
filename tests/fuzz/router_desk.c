#include "fuzz/router_desk.h"

#include "base/check.h"
#include "calendar/calendar.h"
#include "calendar/fold.h"
#include "contract/store_fixture.h"
#include "engine/feed.h"
#include "http/auth.h"
#include "http/listeners.h"
#include "http/live.h"
#include "http/seat_pages.h"
#include "store/sqlite/catalogue_read.h"
#include "support/fake_exchange.h"

#define JWT_SECRET SLICE("0123456789abcdef0123456789abcdef")
#define WEBHOOK_SECRET SLICE("whsec_momo_0123456789")
#define TOKEN_ENDS_AT_S INT64_C(4102444800) /* 2100 */

enum { HEARTBEAT_US = 15000000, SHOWTIMES = 4, TOKEN_SIZE = 512 };

static const struct locale locale = {.fold = fold_text, .date_of = calendar_date_of};
static const struct jwt_options jwt = {.secrets = {JWT_SECRET}, .secret_count = 1};

static struct store_fixture *world; /* The store in memory. */
static struct store_fixture *file;  /* What the catalogue reads. */
static struct house house;
static struct desk desk;

static struct store_fixture *open_fixture(const char *kind)
{
    char *arguments[] = {(char[]){"fuzz"}, (char *)(uintptr_t)kind};
    void *state = NULL;
    CHECK(store_fixture_choose(2, arguments));
    CHECK(store_fixture_setup(&state) == 0);
    return state;
}

static void make_history(void)
{
    (void)store_fixture_hold(world, "an", "A1 B1", 1);
    const struct booking sold = store_fixture_hold(world, "binh", "A2 B2", 2);
    (void)store_fixture_sell(world, &sold, 3);
    const struct booking paying = store_fixture_hold(world, "chi", "A4", 5);
    (void)store_fixture_pay(world, &paying, 6);
    (void)store_fixture_block(world, "staff", "B5 B6");
}

bool desk_is_open(const struct house *open_house)
{
    return open_house != NULL;
}

/* The engine's part: finds the showtime, decides, and writes. */
static enum error decide_in_batch(struct command *command)
{
    const struct store *store = &world->store;
    struct seat_map *map = NULL;
    if (command->kind == COMMAND_EDIT)
        return store->methods->edit(store->context, command->edit, world->now_ms);
    if (!id_is_none(command->showtime)) {
        memset(world->block, 0, SHOWTIME_BLOCK_SIZE_MAX);
        const enum error error =
            store->methods->load(store->context, command->showtime, world->block, &world->map);
        if (error == ERROR_NONE) map = &world->map;
    }
    if (command->kind == COMMAND_LOOK) {
        command->answer.refusal = map == NULL ? REFUSAL_SHOWTIME_NOT_FOUND : REFUSAL_NONE;
        return ERROR_NONE;
    }
    turn_begin(world->turn, &world->policy, NULL, map, world->now_ms);
    turn_add(world->turn, command);
    const enum error error = store->methods->gather(store->context, world->turn);
    if (error != ERROR_NONE) return error;
    turn_decide(world->turn);
    if (!turn_changed(world->turn)) return ERROR_NONE;
    return store->methods->record(store->context, world->turn);
}

static void decide(void *context, struct command *command)
{
    (void)context;
    store_fixture_begin(world);
    CHECK(decide_in_batch(command) == ERROR_NONE);
    store_fixture_rollback(world);
}

static void open_house(void)
{
    struct feed *feed = feed_open(SHOWTIMES);
    CHECK(feed != NULL);
    store_fixture_load(world, 1);
    feed_publish(feed, 0, &world->map);
    house = (struct house){.feed = feed,
                           .live = live_open(feed, SHOWTIMES),
                           .seat_pages = seat_pages_open(),
                           .heartbeat_ms = HEARTBEAT_US / 1000,
                           .dev = true,
                           .gateway = url_of(SLICE("https://gateway.example")),
                           .default_return_url = url_of(SLICE("https://shop.example/paid")),
                           .return_host_count = 1,
                           .return_hosts = {SLICE("shop.example")},
                           .cors = {.count = 1, .origins = {SLICE("https://shop.example")}},
                           .locale = &locale,
                           .version = SLICE("0"),
                           .loop_count = 1};
    house.providers[PAYMENT_MOMO] = (struct provider){.on = true, .webhook_secret = WEBHOOK_SECRET};
    CHECK(house.live != NULL && house.seat_pages != NULL);
}

/* The file is the only thing that would stay behind. */
static void remove_file(void)
{
    void *state = file;
    (void)store_fixture_teardown(&state);
    file = NULL;
}

static void open_desk(void)
{
    file = open_fixture("sqlite");
    (void)atexit(remove_file);
    struct catalogue_read *catalogue = NULL;
    struct database_reason reason;
    CHECK(catalogue_read_open(file->path, &locale, &catalogue, &reason) == ERROR_NONE);
    const struct authenticator_options options = {.jwt = jwt, .dev = true};
    desk = (struct desk){.house = &house,
                         .reader = world->reader,
                         .staff_reader = world->staff_reader,
                         .catalogue = catalogue_read_port(catalogue),
                         .authenticator = auth_open(&options)};
    desk.webhook_macs[PAYMENT_MOMO] = mac_open(WEBHOOK_SECRET);
    const struct listeners_options listening = {
        .live = house.live, .desk = &desk, .listeners_max = 2, .heartbeat_us = HEARTBEAT_US};
    desk.listeners = listeners_open(&listening);
    CHECK(desk.authenticator != NULL && desk.listeners != NULL);
}

struct desk *router_desk(void)
{
    if (world != NULL) return &desk;
    world = open_fixture("memory");
    make_history();
    open_house();
    open_desk();
    fake_desk.decide = decide;
    return &desk;
}

struct slice router_desk_token(enum role role)
{
    static char texts[ROLE_ADMIN + 1][TOKEN_SIZE];
    static struct slice tokens[ROLE_ADMIN + 1];
    if (tokens[role].size > 0) return tokens[role];
    struct buffer buffer;
    const struct jwt_grant grant = {
        .user = SLICE("an"), .role = role, .expires_at_s = TOKEN_ENDS_AT_S};
    buffer_init(&buffer, texts[role], TOKEN_SIZE);
    buffer_append(&buffer, SLICE("Bearer "));
    CHECK(jwt_sign(&jwt, &grant, &buffer));
    tokens[role] = buffer_text(&buffer);
    return tokens[role];
}
