#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "http/live.h"
#include "support/fed_map.h"

enum { SHOWTIMES = 4, STEP_US = LIVE_SPACING_US };

struct fixture {
    struct feed *feed;
    struct live *live;
    struct fed_map fed;
    struct live_showtime *showtime; /* Of `fed`, watched. */
    int64_t now_us;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->feed = feed_open(8);
    fixture->live = live_open(fixture->feed, SHOWTIMES);
    fixture->now_us = 1000000;
    fed_map_open(&fixture->fed, fixture->feed, 0, 2, 2);
    uint64_t version = 0;
    assert_int_equal(
        live_watch(fixture->live, fed_map_id(0), fixture->now_us, &fixture->showtime, &version),
        ERROR_NONE);
    assert_int_equal(version, 7);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    live_unwatch(fixture->live, fixture->showtime);
    live_close(fixture->live);
    feed_close(fixture->feed);
    fed_map_close(&fixture->fed);
    free(fixture);
    return 0;
}

/* Looks for changes as a loop does, a while after the last time. */
static uint64_t refresh(struct fixture *fixture)
{
    uint64_t version = 0;
    fixture->now_us += STEP_US;
    assert_true(live_refresh(fixture->live, fixture->showtime, fixture->now_us, &version));
    return version;
}

static void assert_event(struct fixture *fixture, uint64_t from, struct slice expected)
{
    uint64_t to = 0;
    struct shared *text = live_event(fixture->showtime, from, &to);
    assert_non_null(text);
    assert_slice_equal(shared_bytes(text), expected);
    shared_unref(text);
}

static bool is_snapshot(struct fixture *fixture, uint64_t from)
{
    uint64_t to = 0;
    struct shared *text = live_event(fixture->showtime, from, &to);
    assert_non_null(text);
    const bool found =
        memmem(shared_bytes(text).data, shared_bytes(text).size, "event: snapshot\n", 16) != NULL;
    shared_unref(text);
    return found;
}

static void who_knows_nothing_gets_every_seat(void **state)
{
    struct fixture *fixture = *state;
    fixture->fed.map.states[1] = SEAT_ABSENT;
    fixture->fed.map.states[2] = SEAT_BLOCKED;
    fed_map_change(&fixture->fed, 0, SEAT_BOOKED);
    assert_int_equal(refresh(fixture), 8);
    assert_event(fixture, LIVE_NOTHING,
                 SLICE("id: 8\nevent: snapshot\ndata: {\"showtime_id\":"
                       "\"ab0000000100000000000000\",\"version\":8,\"seats\":{\"A1\":\"booked\","
                       "\"B1\":\"blocked\",\"B2\":\"available\"}}\n\n"));
}

static void a_change_is_told_by_its_seats(void **state)
{
    struct fixture *fixture = *state;
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    fed_map_change(&fixture->fed, 3, SEAT_BOOKED);
    assert_int_equal(refresh(fixture), 9);
    assert_event(fixture, 7,
                 SLICE("id: 9\nevent: seats\ndata: "
                       "{\"version\":9,\"seats\":{\"A1\":\"held\",\"B2\":\"booked\"}}\n\n"));
}

static void an_event_is_one_text_for_all(void **state)
{
    struct fixture *fixture = *state;
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    refresh(fixture);
    uint64_t to = 0;
    struct shared *first = live_event(fixture->showtime, 7, &to);
    struct shared *second = live_event(fixture->showtime, 7, &to);
    assert_ptr_equal(first, second);
    assert_null(live_event(fixture->showtime, 8, &to));
    assert_int_equal(to, 8);
    shared_unref(first);
    shared_unref(second);
}

static void events_are_a_fifth_of_a_second_apart(void **state)
{
    struct fixture *fixture = *state;
    uint64_t version = 0;
    uint32_t events = 0;
    for (uint32_t round = 1; round <= 1000; round++) { /* Ten seconds. */
        fed_map_change(&fixture->fed, 0, round % 2 == 0 ? SEAT_AVAILABLE : SEAT_HELD);
        fixture->now_us += 10000;
        const uint64_t before = version;
        assert_true(live_refresh(fixture->live, fixture->showtime, fixture->now_us, &version));
        events += version != before;
    }
    assert_in_range(events, 50, 51);
    assert_int_equal(version, fixture->fed.map.version);
}

static void a_seat_that_came_and_went_is_no_change(void **state)
{
    struct fixture *fixture = *state;
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    fed_map_change(&fixture->fed, 0, SEAT_AVAILABLE);
    refresh(fixture);
    assert_event(fixture, 7, SLICE("id: 9\nevent: seats\ndata: {\"version\":9,\"seats\":{}}\n\n"));
}

static void who_missed_events_gets_them_merged(void **state)
{
    struct fixture *fixture = *state;
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    refresh(fixture);
    fed_map_change(&fixture->fed, 1, SEAT_HELD);
    refresh(fixture);
    fed_map_change(&fixture->fed, 0, SEAT_BOOKED);
    refresh(fixture);
    assert_event(fixture, 7,
                 SLICE("id: 10\nevent: seats\ndata: "
                       "{\"version\":10,\"seats\":{\"A1\":\"booked\",\"A2\":\"held\"}}\n\n"));
    assert_event(
        fixture, 9,
        SLICE("id: 10\nevent: seats\ndata: {\"version\":10,\"seats\":{\"A1\":\"booked\"}}\n\n"));
}

static void versions_never_told_of_or_too_old_get_a_snapshot(void **state)
{
    struct fixture *fixture = *state;
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    fed_map_change(&fixture->fed, 1, SEAT_HELD);
    refresh(fixture);
    assert_true(is_snapshot(fixture, 8)); /* Between two events. */
    assert_true(is_snapshot(fixture, 6));
    assert_true(is_snapshot(fixture, 10));
    for (uint32_t round = 1; round < LIVE_RESUMES_MAX; round++) {
        assert_false(is_snapshot(fixture, 7));
        fed_map_change(&fixture->fed, 2, round % 2 == 0 ? SEAT_AVAILABLE : SEAT_HELD);
        refresh(fixture);
    }
    assert_true(is_snapshot(fixture, 7));
    assert_false(is_snapshot(fixture, 9));
}

static void another_layout_makes_all_versions_unknown(void **state)
{
    struct fixture *fixture = *state;
    fixture->fed.map.states[1] = SEAT_ABSENT;
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    refresh(fixture);
    assert_true(is_snapshot(fixture, 7));
    fed_map_close(&fixture->fed);
    fed_map_open(&fixture->fed, fixture->feed, 0, 3, 2);
    fixture->fed.map.version = 20;
    fed_map_change(&fixture->fed, 5, SEAT_HELD);
    refresh(fixture);
    assert_true(is_snapshot(fixture, 8));
    fed_map_change(&fixture->fed, 5, SEAT_BOOKED);
    refresh(fixture);
    assert_event(
        fixture, 21,
        SLICE("id: 22\nevent: seats\ndata: {\"version\":22,\"seats\":{\"C2\":\"booked\"}}\n\n"));
}

static void a_large_merged_change_is_a_snapshot(void **state)
{
    struct fixture *fixture = *state;
    fed_map_close(&fixture->fed);
    fed_map_open(&fixture->fed, fixture->feed, 0, ROWS_MAX, COLS_MAX);
    fixture->fed.map.version = 20;
    fed_map_change(&fixture->fed, 0, SEAT_AVAILABLE);
    refresh(fixture);
    for (uint32_t place = 0; place < SEATS_PER_SHOWTIME_MAX; place++)
        fixture->fed.map.states[place] = SEAT_BOOKED;
    fed_map_change(&fixture->fed, 0, SEAT_BOOKED);
    refresh(fixture);
    assert_false(is_snapshot(fixture, 21)); /* The last change, however large, is told. */
    fed_map_change(&fixture->fed, 0, SEAT_AVAILABLE);
    refresh(fixture);
    assert_true(is_snapshot(fixture, 21));
    assert_false(is_snapshot(fixture, 22));
}

static void a_showtime_out_of_memory_is_asked_for_and_comes_back(void **state)
{
    struct fixture *fixture = *state;
    uint64_t version = 0;
    struct live_showtime *other = NULL;
    assert_int_equal(live_watch(fixture->live, fed_map_id(1), 0, &other, &version),
                     ERROR_SHOWTIME_NOT_FOUND);
    feed_withdraw(fixture->feed, 0);
    fixture->now_us += STEP_US;
    assert_false(live_refresh(fixture->live, fixture->showtime, fixture->now_us, &version));
    assert_int_equal(version, 7);
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    assert_int_equal(refresh(fixture), 8);
    assert_false(is_snapshot(fixture, 7));
}

static void watched_showtimes_fill_the_table_and_others_make_room(void **state)
{
    struct fixture *fixture = *state;
    struct fed_map maps[SHOWTIMES + 1];
    struct live_showtime *watched[SHOWTIMES + 1] = {fixture->showtime};
    uint64_t version = 0;
    for (uint32_t slot = 1; slot <= SHOWTIMES; slot++) {
        fed_map_open(&maps[slot], fixture->feed, slot, 2, 2);
        assert_int_equal(
            live_watch(fixture->live, fed_map_id(slot), fixture->now_us, &watched[slot], &version),
            slot < SHOWTIMES ? ERROR_NONE : ERROR_OVERLOADED);
    }
    /* Two are left; the one that was left first makes room, the other can be resumed. */
    live_unwatch(fixture->live, watched[2]);
    live_unwatch(fixture->live, watched[1]);
    assert_int_equal(
        live_watch(fixture->live, fed_map_id(SHOWTIMES), fixture->now_us, &watched[2], &version),
        ERROR_NONE);
    fed_map_change(&maps[1], 0, SEAT_HELD);
    fixture->now_us += STEP_US;
    assert_int_equal(
        live_watch(fixture->live, fed_map_id(1), fixture->now_us, &watched[1], &version),
        ERROR_NONE);
    struct shared *text = live_event(watched[1], 7, &version);
    assert_slice_equal(
        shared_bytes(text),
        SLICE("id: 8\nevent: seats\ndata: {\"version\":8,\"seats\":{\"A1\":\"held\"}}\n\n"));
    shared_unref(text);
    for (uint32_t slot = 1; slot < SHOWTIMES; slot++) live_unwatch(fixture->live, watched[slot]);
    for (uint32_t slot = 1; slot <= SHOWTIMES; slot++) fed_map_close(&maps[slot]);
}

/* A client: what he makes of the events. */
struct client {
    uint64_t version;
    uint8_t states[SEATS_PER_SHOWTIME_MAX];
};

static enum seat_state state_of(const char *word)
{
    for (uint32_t state = 0; state < SEAT_ABSENT; state++) {
        const struct slice name = seat_state_name((enum seat_state)state);
        if (strncmp(word, name.data, name.size) == 0) return (enum seat_state)state;
    }
    CHECK(false);
    return SEAT_ABSENT;
}

static void hear(struct client *client, struct slice text, const struct seat_map *map)
{
    char event[1 << 17];
    CHECK(text.size < sizeof event);
    memcpy(event, text.data, text.size);
    event[text.size] = '\0';
    unsigned long long version = 0;
    assert_int_equal(sscanf(event, "id: %llu\n", &version), 1);
    assert_true(client->version == LIVE_NOTHING || version > client->version);
    client->version = version;
    if (strstr(event, "event: snapshot") != NULL)
        memset(client->states, SEAT_ABSENT, sizeof client->states);
    char *seat = strstr(event, "\"seats\":{") + 9;
    while (*seat == '"') {
        char *end = strchr(seat + 1, '"');
        struct seat_name name;
        assert_true(seat_name_parse((struct slice){seat + 1, (size_t)(end - seat - 1)}, &name));
        client->states[seat_map_find(map, name)] = (uint8_t)state_of(end + 3);
        seat = strchr(end + 3, '"') + 1;
        if (*seat == ',') seat++;
    }
}

static void replayed_events_give_the_map(void **state)
{
    enum { CLIENTS = 8, ROUNDS = 2000 };
    struct fixture *fixture = *state;
    const unsigned seed = (unsigned)time(NULL);
    print_message("SEED=%u\n", seed);
    unsigned next = seed;
    fed_map_close(&fixture->fed);
    fed_map_open(&fixture->fed, fixture->feed, 0, 30, 11);
    struct seat_map *map = &fixture->fed.map;
    map->states[7] = SEAT_ABSENT;
    map->version = 20;
    struct client *clients = calloc(CLIENTS, sizeof *clients);
    for (uint32_t index = 0; index < CLIENTS; index++) clients[index].version = LIVE_NOTHING;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const bool last = round == ROUNDS - 1;
        for (int count = rand_r(&next) % 4; count > 0; count--) {
            const uint32_t place = (uint32_t)rand_r(&next) % map->place_count;
            if (place != 7)
                fed_map_change(&fixture->fed, place,
                               (enum seat_state)(rand_r(&next) % SEAT_ABSENT));
        }
        if (!last && rand_r(&next) % 4 == 0) continue;
        refresh(fixture);
        for (uint32_t index = 0; index < CLIENTS; index++) {
            /* Client 0 takes all, the last one hardly ever any. */
            if (!last && (uint32_t)rand_r(&next) % (1 + 16 * index) != 0) continue;
            uint64_t to = 0;
            struct shared *text = live_event(fixture->showtime, clients[index].version, &to);
            if (text == NULL) continue;
            hear(&clients[index], shared_bytes(text), map);
            assert_int_equal(clients[index].version, to);
            shared_unref(text);
        }
    }
    for (uint32_t index = 0; index < CLIENTS; index++) {
        assert_int_equal(clients[index].version, map->version);
        assert_memory_equal(clients[index].states, map->states, map->place_count);
    }
    free(clients);
}

struct loop_thread {
    struct fixture *fixture;
    const struct seat_map *shape; /* Of the map, which changes meanwhile. */
    atomic_bool *done;
    struct client client;
    uint32_t events;
    pthread_t thread;
};

static int64_t next_us(void)
{
    static atomic_llong now_us = 10000000;
    return atomic_fetch_add(&now_us, STEP_US / 2);
}

static void *listen_until_done(void *context)
{
    struct loop_thread *loop = context;
    struct fixture *fixture = loop->fixture;
    bool last = false;
    while (!last) {
        last = atomic_load(loop->done);
        struct live_showtime *showtime = NULL;
        uint64_t version = 0;
        CHECK(live_watch(fixture->live, fed_map_id(0), next_us() + 2 * STEP_US * last, &showtime,
                         &version) == ERROR_NONE);
        if (last) (void)live_refresh(fixture->live, showtime, next_us() + INT32_MAX, &version);
        struct shared *text = live_event(showtime, loop->client.version, &version);
        if (text != NULL) {
            hear(&loop->client, shared_bytes(text), loop->shape);
            loop->events++;
        }
        shared_unref(text);
        live_unwatch(fixture->live, showtime);
    }
    return NULL;
}

static void two_loops_listen_while_a_third_publishes(void **state)
{
    struct fixture *fixture = *state;
    atomic_bool done = false;
    static struct loop_thread loops[2];
    static uint8_t states[SEATS_PER_SHOWTIME_MAX];
    struct seat_map shape = fixture->fed.map;
    memcpy(states, shape.states, shape.place_count);
    shape.states = states;
    for (size_t index = 0; index < 2; index++) {
        loops[index] = (struct loop_thread){
            .fixture = fixture, .shape = &shape, .done = &done, .client.version = LIVE_NOTHING};
        assert_int_equal(
            pthread_create(&loops[index].thread, NULL, listen_until_done, &loops[index]), 0);
    }
    for (uint32_t round = 0; round < 3000; round++) {
        fed_map_change(&fixture->fed, round % 4, round % 8 < 4 ? SEAT_HELD : SEAT_AVAILABLE);
    }
    atomic_store(&done, true);
    for (size_t index = 0; index < 2; index++) {
        pthread_join(loops[index].thread, NULL);
        assert_true(loops[index].events > 0);
        assert_int_equal(loops[index].client.version, fixture->fed.map.version);
        assert_memory_equal(loops[index].client.states, fixture->fed.map.states, 4);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_knows_nothing_gets_every_seat),
        TEST(a_change_is_told_by_its_seats),
        TEST(an_event_is_one_text_for_all),
        TEST(events_are_a_fifth_of_a_second_apart),
        TEST(a_seat_that_came_and_went_is_no_change),
        TEST(who_missed_events_gets_them_merged),
        TEST(versions_never_told_of_or_too_old_get_a_snapshot),
        TEST(another_layout_makes_all_versions_unknown),
        TEST(a_large_merged_change_is_a_snapshot),
        TEST(a_showtime_out_of_memory_is_asked_for_and_comes_back),
        TEST(watched_showtimes_fill_the_table_and_others_make_room),
        TEST(replayed_events_give_the_map),
        TEST(two_loops_listen_while_a_third_publishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
