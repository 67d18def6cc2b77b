#include "support/unit.h"

#include "http/events.h"
#include "http/listeners.h"
#include "support/fake_exchange.h"
#include "support/fed_map.h"

enum { HEARTBEAT_US = 15000000, LISTENERS = 3 * LISTENERS_SLICE };

static const char greeting[] = "retry: 2000\n\n";
static const char path[] = "/api/showtimes/ab0000000100000000000000/events";

struct fixture {
    struct feed *feed;
    struct house house;
    struct desk desk;
    struct fed_map fed;
    int64_t now_us;
};

/* The turn brings the showtime into memory, if there is one. */
static void decide_look(void *context, struct command *command)
{
    struct fixture *fixture = context;
    assert_int_equal(command->kind, COMMAND_LOOK);
    const bool known = id_equal(command->showtime, fixture->fed.map.showtime);
    command->answer.refusal = known ? REFUSAL_NONE : REFUSAL_SHOWTIME_NOT_FOUND;
    if (known) feed_publish(fixture->feed, 0, &fixture->fed.map);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->feed = feed_open(8);
    fixture->house.live = live_open(fixture->feed, 4);
    fixture->desk = (struct desk){.house = &fixture->house, .loop = 1};
    fixture->desk.listeners =
        listeners_open(&(struct listeners_options){.live = fixture->house.live,
                                                   .desk = &fixture->desk,
                                                   .listeners_max = LISTENERS,
                                                   .heartbeat_us = HEARTBEAT_US});
    fed_map_open(&fixture->fed, fixture->feed, 0, 1, 3);
    fixture->now_us = 1000000;
    fake_desk = (struct fake_desk){.decide = decide_look, .context = fixture};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    listeners_close(fixture->desk.listeners);
    live_close(fixture->house.live);
    feed_close(fixture->feed);
    fed_map_close(&fixture->fed);
    free(fixture);
    return 0;
}

static struct fake_exchange *new_request(void)
{
    return fake_exchange_new(METHOD_GET, SLICE(path), (struct slice){0});
}

/* Somebody who listens from a version on; his greeting has left. */
static struct fake_exchange *listen_from(struct fixture *fixture, uint64_t version)
{
    struct fake_exchange *fake = new_request();
    assert_int_equal(listeners_add(fixture->desk.listeners, &fake->exchange, fed_map_id(0), version,
                                   fixture->now_us),
                     ERROR_NONE);
    assert_true(slice_equal(fake_exchange_body(fake), SLICE(greeting)));
    fake->body_size = 0;
    fake_exchange_written(fake);
    return fake;
}

static void leave(struct fake_exchange *fake)
{
    fake_exchange_leave(fake);
    free(fake);
}

/* Time passes, and what is due is done; gives the slices that it took. */
static uint32_t pass(struct fixture *fixture, int64_t duration_us)
{
    fixture->now_us += duration_us;
    uint32_t slices = 1;
    while (listeners_pulse(fixture->desk.listeners, fixture->now_us)) slices++;
    return slices;
}

/* What has come since the last time. */
static void assert_heard(struct fake_exchange *fake, struct slice expected)
{
    assert_slice_equal(fake_exchange_body(fake), expected);
    fake->body_size = 0;
}

static void assert_snapshot(struct fake_exchange *fake)
{
    assert_non_null(memmem(fake->body, fake->body_size, "event: snapshot\n", 16));
    fake->body_size = 0;
}

static void a_listener_gets_a_snapshot_and_then_changes(void **state)
{
    struct fixture *fixture = *state;
    struct fake_exchange *fake = listen_from(fixture, LIVE_NOTHING);
    assert_int_equal(fake->status, 200);
    assert_string_equal(fake->content_type, "text/event-stream");
    assert_slice_equal(fake_exchange_answer(fake, SLICE("cache-control")), SLICE("no-store"));
    assert_slice_equal(fake_exchange_answer(fake, SLICE("x-accel-buffering")), SLICE("no"));
    assert_slice_equal(fake_exchange_answer(fake, SLICE("x-showtime-version")), SLICE("7"));
    assert_heard(fake, SLICE("id: 7\nevent: snapshot\ndata: {\"showtime_id\":"
                             "\"ab0000000100000000000000\",\"version\":7,\"seats\":{\"A1\":"
                             "\"available\",\"A2\":\"available\",\"A3\":\"available\"}}\n\n"));
    fake_exchange_written(fake);
    assert_heard(fake, SLICE(""));
    fed_map_change(&fixture->fed, 1, SEAT_HELD);
    pass(fixture, LIVE_SPACING_US);
    assert_heard(fake, SLICE("id: 8\nevent: seats\ndata: "
                             "{\"version\":8,\"seats\":{\"A2\":\"held\"}}\n\n"));
    fake_exchange_written(fake);
    pass(fixture, LIVE_SPACING_US);
    assert_heard(fake, SLICE(""));
    leave(fake);
}

static void who_comes_back_gets_what_he_missed(void **state)
{
    struct fixture *fixture = *state;
    struct fake_exchange *other = listen_from(fixture, LIVE_NOTHING);
    fed_map_change(&fixture->fed, 1, SEAT_HELD);
    pass(fixture, LIVE_SPACING_US);
    struct fake_exchange *back = listen_from(fixture, 7);
    assert_heard(back, SLICE("id: 8\nevent: seats\ndata: "
                             "{\"version\":8,\"seats\":{\"A2\":\"held\"}}\n\n"));
    struct fake_exchange *current = listen_from(fixture, 8);
    assert_heard(current, SLICE(""));
    struct fake_exchange *stranger = listen_from(fixture, 5);
    assert_snapshot(stranger);
    leave(other);
    leave(back);
    leave(current);
    leave(stranger);
}

static void a_slow_listener_skips_and_gets_one_merged_event(void **state)
{
    struct fixture *fixture = *state;
    struct fake_exchange *slow = listen_from(fixture, LIVE_NOTHING);
    struct fake_exchange *quick = listen_from(fixture, LIVE_NOTHING);
    fake_exchange_written(quick);
    assert_snapshot(slow);
    for (uint32_t place = 0; place < 3; place++) {
        fed_map_change(&fixture->fed, place, SEAT_HELD);
        pass(fixture, LIVE_SPACING_US);
        fake_exchange_written(quick);
    }
    assert_int_equal(quick->stream_writes, 5); /* The greeting, the snapshot, three events. */
    assert_int_equal(slow->stream_writes, 2);
    assert_heard(slow, SLICE(""));
    fake_exchange_written(slow);
    assert_heard(slow, SLICE("id: 10\nevent: seats\ndata: {\"version\":10,\"seats\":{\"A1\":"
                             "\"held\",\"A2\":\"held\",\"A3\":\"held\"}}\n\n"));
    leave(slow);
    leave(quick);
}

static void a_comment_comes_with_every_heartbeat(void **state)
{
    struct fixture *fixture = *state;
    struct fake_exchange *idle = listen_from(fixture, 7);
    struct fake_exchange *busy = listen_from(fixture, LIVE_NOTHING);
    busy->body_size = 0;
    pass(fixture, HEARTBEAT_US - 1);
    assert_heard(idle, SLICE(""));
    pass(fixture, 1);
    assert_heard(idle, SLICE(":\n\n"));
    assert_heard(busy, SLICE("")); /* His snapshot is still on its way. */
    fake_exchange_written(idle);
    fake_exchange_written(busy);
    pass(fixture, HEARTBEAT_US);
    assert_heard(idle, SLICE(":\n\n"));
    assert_heard(busy, SLICE(":\n\n"));
    leave(idle);
    leave(busy);
}

static void many_listeners_are_told_in_slices_and_the_next_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static struct fake_exchange *fakes[LISTENERS];
    for (uint32_t index = 0; index < LISTENERS; index++) fakes[index] = listen_from(fixture, 7);
    struct fake_exchange *late = new_request();
    fake_exchange_header(late, SLICE("last-event-id"), SLICE("7"));
    events_handle(&fixture->desk, &late->exchange, SLICE("ab0000000100000000000000"));
    assert_int_equal(late->status, 503);
    assert_slice_equal(fake_exchange_answer(late, SLICE("retry-after")), SLICE("5"));
    assert_int_equal(fake_desk.submitted, 0);
    free(late);

    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    fixture->now_us += LIVE_SPACING_US;
    uint32_t told = 0;
    for (uint32_t slices = 0; told < LISTENERS; slices++) {
        assert_true(slices <= LISTENERS / LISTENERS_SLICE + 1);
        (void)listeners_pulse(fixture->desk.listeners, fixture->now_us);
        uint32_t now_told = 0;
        for (uint32_t index = 0; index < LISTENERS; index++)
            now_told += fakes[index]->body_size > 0;
        assert_true(now_told > told);
        assert_true(now_told - told <= LISTENERS_SLICE);
        told = now_told;
    }
    assert_false(listeners_pulse(fixture->desk.listeners, fixture->now_us) &&
                 listeners_pulse(fixture->desk.listeners, fixture->now_us));
    for (uint32_t index = 0; index < LISTENERS; index++) leave(fakes[index]);
}

static void listeners_may_leave_while_others_are_told(void **state)
{
    struct fixture *fixture = *state;
    static struct fake_exchange *fakes[LISTENERS];
    for (uint32_t index = 0; index < LISTENERS; index++) fakes[index] = listen_from(fixture, 7);
    fed_map_change(&fixture->fed, 0, SEAT_HELD);
    fixture->now_us += LIVE_SPACING_US;
    assert_true(listeners_pulse(fixture->desk.listeners, fixture->now_us));
    for (uint32_t index = 0; index < LISTENERS - 1; index++) leave(fakes[index]);
    fed_map_change(&fixture->fed, 1, SEAT_HELD); /* While the first change is still told. */
    pass(fixture, LIVE_SPACING_US);
    struct fake_exchange *last = fakes[LISTENERS - 1];
    if (last->stream_writing) fake_exchange_written(last);
    assert_non_null(memmem(last->body, last->body_size, "\"version\":9", 11));
    leave(last);
    /* All places can be taken again. */
    for (uint32_t index = 0; index < LISTENERS; index++) fakes[index] = listen_from(fixture, 9);
    for (uint32_t index = 0; index < LISTENERS; index++) leave(fakes[index]);
}

static void a_cold_showtime_is_brought_into_memory_first(void **state)
{
    struct fixture *fixture = *state;
    feed_withdraw(fixture->feed, 0);
    struct fake_exchange *fake = new_request();
    events_handle(&fixture->desk, &fake->exchange, SLICE("AB0000000100000000000000"));
    assert_int_equal(fake_desk.submitted, 1);
    assert_int_equal(fake->status, 200);
    fake_exchange_written(fake);
    assert_snapshot(fake);
    leave(fake);
}

static void unknown_and_malformed_showtimes_are_not_found(void **state)
{
    struct fixture *fixture = *state;
    static const char *const ids[] = {"ffffffffffffffffffffffff", "x", "000000000000000000000000",
                                      "ab000000010000000000000"};
    for (size_t index = 0; index < sizeof ids / sizeof *ids; index++) {
        struct fake_exchange *fake = new_request();
        events_handle(&fixture->desk, &fake->exchange, slice_of(ids[index]));
        assert_int_equal(fake->status, 404);
        assert_null(fake->stream);
        assert_string_equal(fake->content_type, "application/problem+json");
        free(fake);
    }
    assert_int_equal(fake_desk.submitted, 1);
}

static void without_commands_a_cold_showtime_is_overloaded(void **state)
{
    struct fixture *fixture = *state;
    feed_withdraw(fixture->feed, 0);
    fake_desk.full = true;
    struct fake_exchange *fake = new_request();
    events_handle(&fixture->desk, &fake->exchange, SLICE("ab0000000100000000000000"));
    assert_int_equal(fake->status, 503);
    free(fake);
}

static void any_event_id_is_taken_and_nonsense_means_a_snapshot(void **state)
{
    struct fixture *fixture = *state;
    static const char *const ids[] = {"", "x", "-1", "07", "7 ", "99", "18446744073709551615"};
    for (size_t index = 0; index < sizeof ids / sizeof *ids; index++) {
        struct fake_exchange *fake = new_request();
        fake_exchange_header(fake, SLICE("last-event-id"), slice_of(ids[index]));
        events_handle(&fixture->desk, &fake->exchange, SLICE("ab0000000100000000000000"));
        assert_int_equal(fake->status, 200);
        fake_exchange_written(fake);
        assert_snapshot(fake);
        leave(fake);
    }
}

static void a_head_leaves_no_listener_behind(void **state)
{
    struct fixture *fixture = *state;
    struct fake_exchange *fake = new_request();
    fake->bodiless = true;
    events_handle(&fixture->desk, &fake->exchange, SLICE("ab0000000100000000000000"));
    assert_int_equal(fake->status, 200);
    assert_slice_equal(fake_exchange_answer(fake, SLICE("x-showtime-version")), SLICE("7"));
    assert_int_equal(fake->body_size, 0);
    free(fake);
}

static void a_watched_showtime_that_left_memory_is_asked_back_once_a_second(void **state)
{
    struct fixture *fixture = *state;
    struct fake_exchange *fake = listen_from(fixture, 7);
    fixture->fed.map.states[0] = SEAT_BOOKED; /* Committed, and never seen in the feed. */
    fixture->fed.map.version++;
    feed_withdraw(fixture->feed, 0);
    fake_desk.full = true;
    pass(fixture, LIVE_SPACING_US);
    fake_desk.full = false;
    pass(fixture, LIVE_SPACING_US);
    assert_int_equal(fake_desk.submitted, 1);
    feed_withdraw(fixture->feed, 0);
    pass(fixture, LIVE_SPACING_US);
    assert_int_equal(fake_desk.submitted, 1);
    pass(fixture, LISTENERS_LOOK_US);
    assert_int_equal(fake_desk.submitted, 2);
    pass(fixture, LIVE_SPACING_US);
    assert_heard(fake, SLICE("id: 8\nevent: seats\ndata: "
                             "{\"version\":8,\"seats\":{\"A1\":\"booked\"}}\n\n"));
    leave(fake);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_listener_gets_a_snapshot_and_then_changes),
        TEST(who_comes_back_gets_what_he_missed),
        TEST(a_slow_listener_skips_and_gets_one_merged_event),
        TEST(a_comment_comes_with_every_heartbeat),
        TEST(many_listeners_are_told_in_slices_and_the_next_is_refused),
        TEST(listeners_may_leave_while_others_are_told),
        TEST(a_cold_showtime_is_brought_into_memory_first),
        TEST(unknown_and_malformed_showtimes_are_not_found),
        TEST(without_commands_a_cold_showtime_is_overloaded),
        TEST(any_event_id_is_taken_and_nonsense_means_a_snapshot),
        TEST(a_head_leaves_no_listener_behind),
        TEST(a_watched_showtime_that_left_memory_is_asked_back_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
