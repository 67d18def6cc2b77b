/* test_writer.c - loops on threads of their own submit to the writer and collect its answers,
 * while others read what is published. Runs under ThreadSanitizer too. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "engine/writer.h"
#include "store/memory/memory_store.h"

enum { LOOPS = 2, COMMANDS_EACH = 400, WAIT_MS = 1, SLOW_MS = 300, PATIENCE_MS = 20000 };

#define HOUR_MS INT64_C(3600000)

static const struct id showtime = {.bytes = {7}};

struct house {
    struct memory_store *store;
    struct feed *feed;
    struct writer *writer;
    atomic_uint wakes[LOOPS];
    atomic_uint failures;
};

/* One loop's thread and what it was told. */
struct client {
    struct house *house;
    uint32_t loop;
    uint32_t granted;
    uint32_t refused;
    uint32_t failed;
    struct command commands[COMMANDS_EACH];
};

static void wake(void *context, uint32_t loop)
{
    struct house *house = context;
    atomic_fetch_add(&house->wakes[loop], 1);
}

static void note_failure(void *context)
{
    struct house *house = context;
    atomic_fetch_add(&house->failures, 1);
}

/* A disk that takes its time, or hangs until it is told to go on. */
static struct {
    const struct store_methods *methods;
    atomic_int begin_ms;
    atomic_bool hangs;
    atomic_uint begun;
} disk;

static void pass(int milliseconds)
{
    const struct timespec pause = {.tv_nsec = milliseconds * 1000000L};
    nanosleep(&pause, NULL);
}

static enum error begin_slowly(void *context)
{
    atomic_fetch_add(&disk.begun, 1);
    pass(atomic_load(&disk.begin_ms));
    while (atomic_load(&disk.hangs)) pass(WAIT_MS);
    return disk.methods->begin(context);
}

static struct store slow_store(struct memory_store *memory)
{
    static struct store_methods methods;
    struct store store = memory_store_port(memory);
    disk.methods = store.methods;
    atomic_store(&disk.begin_ms, 0);
    atomic_store(&disk.hangs, false);
    atomic_store(&disk.begun, 0);
    methods = *store.methods;
    methods.begin = begin_slowly;
    store.methods = &methods;
    return store;
}

static int setup(void **state)
{
    static const struct siphash_key key = {.bytes = {1}};
    static const struct seat_layout layout = {.rows = 10, .cols = 10};
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    house->store = memory_store_open(&key, &key);
    house->feed = feed_open(4);
    if (house->store == NULL || house->feed == NULL) return -1;
    const int64_t now_ms = clock_now_ms();
    memory_store_put_showtime(house->store,
                              &(struct memory_showtime){.id = showtime,
                                                        .layout = &layout,
                                                        .starts_at_ms = now_ms + HOUR_MS,
                                                        .ends_at_ms = now_ms + 2 * HOUR_MS,
                                                        .prices = {90000, 90000, 90000}});
    const struct writer_options options = {.engine = {.policy = {.hold_ms = HOLD_MS_DEFAULT,
                                                                 .payment_ms = PAYMENT_MS_DEFAULT,
                                                                 .held_seats_max = UINT32_MAX,
                                                                 .tag_key = key},
                                                      .showtimes_max = 4,
                                                      .store = slow_store(house->store),
                                                      .feed = house->feed},
                                           .loop_count = LOOPS,
                                           .wake = wake,
                                           .failed = note_failure,
                                           .context = house};
    house->writer = writer_open(&options);
    if (house->writer == NULL) return -1;
    return writer_start(house->writer) == ERROR_NONE ? 0 : -1;
}

static int teardown(void **state)
{
    struct house *house = *state;
    assert_true(writer_stop(house->writer, PATIENCE_MS));
    writer_close(house->writer);
    feed_close(house->feed);
    memory_store_close(house->store);
    free(house);
    return 0;
}

/* Every client wants the same hundred seats, several times over. */
static struct command *prepare(struct client *client, uint32_t index)
{
    struct command *command = &client->commands[index];
    *command = (struct command){
        .kind = COMMAND_HOLD,
        .showtime = showtime,
        .loop = client->loop,
        .claim = {.user = user_of(SLICE("an")), .key.bytes = {1}},
        .seat_count = 1,
        .seats = {{.row = (uint16_t)(index / 10 % 10), .col = (uint16_t)(index % 10 + 1)}}};
    const uint32_t number = client->loop * COMMANDS_EACH + index;
    memcpy(command->claim.key.bytes + 8, &number, sizeof number);
    return command;
}

static uint32_t collect(struct client *client)
{
    uint32_t count = 0;
    struct command *command = writer_collect(client->house->writer, client->loop);
    for (; command != NULL; command = command->next, count++) {
        if (command->answer.failure != ERROR_NONE) client->failed++;
        else if (command->answer.refusal == REFUSAL_NONE) client->granted++;
        else client->refused++;
    }
    return count;
}

static void *run_client(void *context)
{
    struct client *client = context;
    struct feed_view view;
    uint64_t version = 0;
    uint32_t answered = 0;
    for (uint32_t index = 0; index < COMMANDS_EACH; index++) {
        if (!writer_submit(client->house->writer, prepare(client, index))) client->failed++;
        answered += collect(client);
        if (!feed_read(client->house->feed, showtime, &view)) continue;
        if (view.version < version) client->failed++; /* A map never goes back. */
        version = view.version;
    }
    for (int waited_ms = 0; answered < COMMANDS_EACH && waited_ms < PATIENCE_MS; waited_ms++) {
        pass(WAIT_MS);
        answered += collect(client);
    }
    if (answered != COMMANDS_EACH) client->failed++;
    return NULL;
}

static void loops_on_threads_get_every_answer_and_no_seat_twice(void **state)
{
    struct house *house = *state;
    pthread_t threads[LOOPS];
    static struct client clients[LOOPS];
    for (uint32_t loop = 0; loop < LOOPS; loop++) {
        clients[loop] = (struct client){.house = house, .loop = loop};
        assert_int_equal(pthread_create(&threads[loop], NULL, run_client, &clients[loop]), 0);
    }
    uint32_t granted = 0;
    uint32_t refused = 0;
    for (uint32_t loop = 0; loop < LOOPS; loop++) {
        assert_int_equal(pthread_join(threads[loop], NULL), 0);
        assert_int_equal(clients[loop].failed, 0);
        assert_true(atomic_load(&house->wakes[loop]) > 0);
        granted += clients[loop].granted;
        refused += clients[loop].refused;
    }
    assert_int_equal(granted, 100);
    assert_int_equal(refused, LOOPS * COMMANDS_EACH - 100);
    assert_int_equal(writer_state(house->writer).counts.queued, 0);
}

static void a_writer_that_stops_takes_nothing_more_and_answers_what_waits(void **state)
{
    struct house *house = *state;
    static struct client client;
    client = (struct client){.house = house};
    for (uint32_t index = 0; index < 50; index++) {
        assert_true(writer_submit(house->writer, prepare(&client, index)));
    }
    assert_true(writer_stop(house->writer, PATIENCE_MS));
    assert_false(writer_submit(house->writer, prepare(&client, 51)));
    assert_int_equal(collect(&client), 50);
    assert_int_equal(client.granted, 50);
}

static void an_unknown_outcome_is_told_once_and_ends_the_service(void **state)
{
    struct house *house = *state;
    static struct client client;
    client = (struct client){.house = house};
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_LOST);
    assert_true(writer_submit(house->writer, prepare(&client, 0)));
    assert_true(writer_stop(house->writer, PATIENCE_MS));
    const struct command *command = writer_collect(house->writer, 0);
    assert_non_null(command);
    assert_int_equal(command->answer.failure, ERROR_OUTCOME_UNKNOWN);
    assert_int_equal(atomic_load(&house->failures), 1);
    assert_false(writer_alive(house->writer, clock_steady_us(), INT64_MAX / 2));
}

static void a_writer_that_has_no_time_left_begins_no_further_batch(void **state)
{
    struct house *house = *state;
    static struct client clients[LOOPS];
    atomic_store(&disk.begin_ms, SLOW_MS);
    for (uint32_t loop = 0; loop < LOOPS; loop++) {
        clients[loop] = (struct client){.house = house, .loop = loop};
        for (uint32_t index = 0; index < COMMANDS_EACH; index++) {
            assert_true(writer_submit(house->writer, prepare(&clients[loop], index)));
        }
    }
    if (!writer_stop(house->writer, SLOW_MS)) assert_true(writer_stop(house->writer, PATIENCE_MS));
    const uint32_t answered = collect(&clients[0]) + collect(&clients[1]);
    assert_in_range(answered, 1, LOOPS * COMMANDS_EACH - 1);
}

static void a_stop_ends_though_a_batch_hangs_and_says_so(void **state)
{
    struct house *house = *state;
    static struct client client;
    client = (struct client){.house = house};
    atomic_store(&disk.hangs, true);
    assert_true(writer_submit(house->writer, prepare(&client, 0)));
    while (atomic_load(&disk.begun) == 0) pass(WAIT_MS);
    assert_false(writer_stop(house->writer, SLOW_MS));
    atomic_store(&disk.hangs, false);
    assert_true(writer_stop(house->writer, PATIENCE_MS));
    assert_int_equal(collect(&client), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loops_on_threads_get_every_answer_and_no_seat_twice, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_writer_that_stops_takes_nothing_more_and_answers_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_outcome_is_told_once_and_ends_the_service, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_writer_that_has_no_time_left_begins_no_further_batch,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_stop_ends_though_a_batch_hangs_and_says_so, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
