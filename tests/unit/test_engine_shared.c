/* test_engine_shared.c - the engine over a store that others write to: races lost, outcomes
 * unknown. The store in memory stands in, and says what it is told to. */
#include "support/unit.h"

#include "engine/engine.h"
#include "store/memory/memory_store.h"

enum { COMMANDS_MAX = 16, SHOWTIMES = 2 };

#define NOW_MS INT64_C(1700000000000)
#define HOUR_MS INT64_C(3600000)

struct house {
    struct memory_store *memory;
    struct store inner;
    struct store_methods methods;
    enum error told; /* What the next commits or gathers say. */
    uint32_t times;  /* How many of them. */
    bool at_gather;  /* It is the gather that says so. */
    uint32_t commits;
    uint32_t turns; /* In the open batch. */
    uint32_t turns_max;
    struct feed *feed;
    struct engine *engine;
    bool locked;
    uint32_t acquired;
    uint32_t gathers_unlocked;
    uint32_t commits_unlocked;
    bool contended;       /* What the lock says next. */
    enum error lock_told; /* The same. */
    uint32_t told_of;     /* Commits told to others: */
    struct id told_showtime;
    uint64_t version; /* of what, and which version. */
    uint32_t answered;
    struct command *order[COMMANDS_MAX];
    struct command commands[COMMANDS_MAX];
};

static const struct siphash_key key = {.bytes = {1}};

static struct id showtime_of(uint8_t number)
{
    return (struct id){.bytes = {number}};
}

static void note_answer(void *context, struct command *command)
{
    struct house *house = context;
    house->order[house->answered++] = command;
}

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    const struct house *house = context;
    return house->inner.methods->load(house->inner.context, showtime, block, ret_map);
}

static enum error begin(void *context)
{
    struct house *house = context;
    house->turns = 0;
    return house->inner.methods->begin(house->inner.context);
}

static bool is_told(struct house *house)
{
    if (house->times == 0) return false;
    house->times--;
    return true;
}

static enum error gather(void *context, struct turn *turn)
{
    struct house *house = context;
    house->turns++;
    if (!house->locked) house->gathers_unlocked++;
    if (house->turns > house->turns_max) house->turns_max = house->turns;
    if (house->at_gather && is_told(house)) return house->told;
    return house->inner.methods->gather(house->inner.context, turn);
}

static enum error record(void *context, const struct turn *turn)
{
    const struct house *house = context;
    return house->inner.methods->record(house->inner.context, turn);
}

static void rollback(void *context)
{
    const struct house *house = context;
    house->inner.methods->rollback(house->inner.context);
}

static enum error commit(void *context)
{
    struct house *house = context;
    house->commits++;
    if (!house->locked) house->commits_unlocked++;
    if (house->at_gather || !is_told(house)) {
        return house->inner.methods->commit(house->inner.context);
    }
    rollback(house);
    return house->told;
}

static enum error tend(void *context, int64_t now_ms)
{
    (void)context;
    (void)now_ms;
    return ERROR_NONE;
}

static enum error acquire(void *context, struct id showtime, bool *ret_contended)
{
    struct house *house = context;
    assert_false(house->locked);
    assert_true(id_equal(showtime, showtime_of(1)) || id_equal(showtime, showtime_of(2)));
    *ret_contended = house->contended;
    if (house->lock_told != ERROR_NONE) return house->lock_told;
    house->locked = true;
    house->acquired++;
    return ERROR_NONE;
}

static void release(void *context, struct id showtime)
{
    struct house *house = context;
    (void)showtime;
    assert_true(house->locked);
    house->locked = false;
}

static void note_commit(void *context, struct id showtime, uint64_t version)
{
    struct house *house = context;
    house->told_of++;
    house->told_showtime = showtime;
    house->version = version;
}

static const struct lock_methods lock_methods = {.acquire = acquire, .release = release};

static int setup(void **state)
{
    static const struct seat_layout layout = {.rows = 10, .cols = 10};
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    house->memory = memory_store_open(&key, &key);
    house->feed = feed_open(SHOWTIMES);
    if (house->memory == NULL || house->feed == NULL) return -1;
    house->inner = memory_store_port(house->memory);
    house->methods = *house->inner.methods;
    house->methods.load = load;
    house->methods.begin = begin;
    house->methods.gather = gather;
    house->methods.record = record;
    house->methods.commit = commit;
    house->methods.rollback = rollback;
    house->methods.tend = tend;
    for (uint32_t number = 1; number <= SHOWTIMES; number++) {
        memory_store_put_showtime(house->memory,
                                  &(struct memory_showtime){.id = showtime_of((uint8_t)number),
                                                            .layout = &layout,
                                                            .starts_at_ms = NOW_MS + HOUR_MS,
                                                            .ends_at_ms = NOW_MS + 2 * HOUR_MS,
                                                            .prices = {90000, 90000, 90000}});
    }
    const struct engine_options options = {
        .policy = {.hold_ms = HOLD_MS_DEFAULT,
                   .payment_ms = PAYMENT_MS_DEFAULT,
                   .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                   .tag_key = key},
        .showtimes_max = SHOWTIMES,
        .store = {.context = house, .methods = &house->methods, .shared = true},
        .feed = house->feed,
        .lock = {.context = house, .methods = &lock_methods},
        .committed = note_commit,
        .committed_context = house,
        .answered = note_answer,
        .answered_context = house};
    house->engine = engine_open(&options);
    return house->engine == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    engine_close(house->engine);
    feed_close(house->feed);
    memory_store_close(house->memory);
    free(house);
    return 0;
}

/* A hold of one seat of row A under a key of its own. */
static struct command *submit(struct house *house, uint32_t index, uint8_t showtime, uint16_t col)
{
    struct command *command = &house->commands[index];
    *command = (struct command){.kind = COMMAND_HOLD,
                                .showtime = showtime_of(showtime),
                                .claim = {.user = user_of(SLICE("an")), .key.bytes = {1}},
                                .seat_count = 1,
                                .seats = {{.col = col}}};
    memcpy(command->claim.key.bytes + 8, &index, sizeof index);
    engine_submit(house->engine, command);
    return command;
}

static void run(struct house *house, int64_t now_ms)
{
    uint32_t steps = 0;
    while (engine_step(house->engine, now_ms)) assert_true(++steps < 100);
}

static void a_turn_that_lost_is_decided_again_in_its_order(void **state)
{
    struct house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 3;
    const struct command *first = submit(house, 0, 1, 1);
    const struct command *second = submit(house, 1, 1, 1);
    assert_true(engine_step(house->engine, NOW_MS));
    assert_int_equal(house->answered, 0);
    assert_int_equal(engine_counts(house->engine).queued, 2);
    const struct command *third = submit(house, 2, 1, 2);
    run(house, NOW_MS + 1);
    assert_int_equal(house->answered, 3);
    assert_ptr_equal(house->order[0], first);
    assert_ptr_equal(house->order[1], second);
    assert_ptr_equal(house->order[2], third);
    assert_int_equal(first->answer.refusal, REFUSAL_NONE);
    assert_int_equal(second->answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_int_equal(third->answer.refusal, REFUSAL_NONE);
    const struct engine_counts counts = engine_counts(house->engine);
    assert_int_equal(counts.races_lost, 3);
    assert_int_equal(counts.loads, 4); /* The map of before is not looked at again. */
    assert_int_equal(counts.commit_failures, 0);
    assert_int_equal(counts.queued, 0);
}

static void what_is_decided_again_comes_before_what_still_waited(void **state)
{
    struct house *house = *state;
    struct staff_order order = {.text = reason_of(SLICE("no light"))};
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 1;
    struct command *cancel = &house->commands[0];
    *cancel = (struct command){.kind = COMMAND_CANCEL_SHOWTIME,
                               .showtime = showtime_of(1),
                               .claim.user = user_of(SLICE("staff")),
                               .order = &order};
    engine_submit(house->engine, cancel);
    const struct command *hold = submit(house, 1, 1, 1); /* Waits for the next turn. */
    run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).races_lost, 1);
    assert_ptr_equal(house->order[0], cancel);
    assert_int_equal(cancel->answer.refusal, REFUSAL_NONE);
    assert_int_equal(hold->answer.refusal, REFUSAL_SHOWTIME_NOT_AVAILABLE);
}

static void a_race_seen_while_gathering_is_one_too(void **state)
{
    struct house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 1;
    house->at_gather = true;
    const struct command *hold = submit(house, 0, 1, 1);
    run(house, NOW_MS);
    assert_int_equal(hold->answer.failure, ERROR_NONE);
    assert_int_equal(engine_counts(house->engine).races_lost, 1);
}

static void who_loses_for_long_hears_so_and_the_others_go_on(void **state)
{
    struct house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 2;
    const struct command *early = submit(house, 0, 1, 1);
    assert_true(engine_step(house->engine, NOW_MS));
    const struct command *late = submit(house, 1, 1, 2);
    assert_true(engine_step(house->engine, NOW_MS + RACE_PATIENCE_MS));
    assert_int_equal(house->answered, 1);
    assert_int_equal(early->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    run(house, NOW_MS + RACE_PATIENCE_MS);
    assert_int_equal(house->answered, 2);
    assert_int_equal(late->answer.failure, ERROR_NONE);
    assert_int_equal(late->answer.refusal, REFUSAL_NONE);
}

static void a_race_that_is_never_won_ends(void **state)
{
    struct house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = UINT32_MAX;
    const struct command *hold = submit(house, 0, 1, 1);
    for (int64_t now_ms = NOW_MS; now_ms <= NOW_MS + RACE_PATIENCE_MS; now_ms += 100) {
        (void)engine_step(house->engine, now_ms);
    }
    assert_int_equal(house->answered, 1);
    assert_int_equal(hold->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    assert_int_equal(engine_counts(house->engine).queued, 0);
}

static void a_batch_is_one_showtimes_turn(void **state)
{
    struct house *house = *state;
    (void)submit(house, 0, 1, 1);
    (void)submit(house, 1, 2, 1);
    run(house, NOW_MS);
    assert_int_equal(house->answered, 2);
    assert_int_equal(house->commits, 2);
    assert_int_equal(house->turns_max, 1);
}

static void an_unknown_outcome_is_told_and_the_engine_goes_on(void **state)
{
    struct house *house = *state;
    house->told = ERROR_OUTCOME_UNKNOWN;
    house->times = 1;
    const struct command *hold = submit(house, 0, 1, 1);
    run(house, NOW_MS);
    assert_int_equal(hold->answer.failure, ERROR_OUTCOME_UNKNOWN);
    assert_false(engine_failed(house->engine));
    const struct command *again = submit(house, 1, 1, 1);
    run(house, NOW_MS);
    assert_int_equal(again->answer.failure, ERROR_NONE);
    assert_int_equal(again->answer.refusal, REFUSAL_NONE);
    assert_int_equal(engine_counts(house->engine).loads, 2);
}

static void a_hold_is_dead_at_its_end_and_its_seat_free_when_every_clock_says_so(void **state)
{
    struct house *house = *state;
    const struct command *hold = submit(house, 0, 1, 1);
    run(house, NOW_MS);
    const int64_t end_ms = hold->answer.booking.hold_expires_at_ms;
    assert_true(engine_next_due_ms(house->engine) == end_ms + STEAL_GUARD_MS);
    const struct command *early = submit(house, 1, 1, 1);
    run(house, end_ms + STEAL_GUARD_MS - 1);
    assert_int_equal(early->answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_false(engine_step(house->engine, end_ms + STEAL_GUARD_MS - 1)); /* And rests. */
    const struct command *late = submit(house, 2, 1, 1);
    run(house, end_ms + STEAL_GUARD_MS);
    assert_int_equal(late->answer.refusal, REFUSAL_NONE);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
}

static void a_turn_has_the_lock_from_before_it_looks_until_after_its_commit(void **state)
{
    struct house *house = *state;
    (void)submit(house, 0, 1, 1);
    (void)submit(house, 1, 1, 2);
    run(house, NOW_MS);
    (void)submit(house, 2, 1, 3);
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 1;
    run(house, NOW_MS);
    assert_int_equal(house->acquired, 3); /* One of them lost its race. */
    assert_int_equal(house->turns, 1);
    assert_int_equal(house->commits, 3);
    assert_int_equal(house->gathers_unlocked, 0);
    assert_int_equal(house->commits_unlocked, 0);
    assert_false(house->locked);
}

static void who_had_to_wait_for_the_lock_reads_the_showtime_again(void **state)
{
    struct house *house = *state;
    (void)submit(house, 0, 1, 1);
    run(house, NOW_MS);
    (void)submit(house, 1, 1, 2);
    run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 1);
    house->contended = true;
    const struct command *hold = submit(house, 2, 1, 3);
    run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 2);
    assert_int_equal(hold->answer.refusal, REFUSAL_NONE);
}

static void without_the_lock_that_it_must_have_a_turn_hears_so_and_writes_nothing(void **state)
{
    struct house *house = *state;
    house->lock_told = ERROR_BOOKING_LOCK_FAILED;
    const struct command *first = submit(house, 0, 1, 1);
    const struct command *second = submit(house, 1, 1, 2);
    assert_false(engine_step(house->engine, NOW_MS)); /* At once, and rests. */
    assert_int_equal(house->answered, 2);
    assert_ptr_equal(house->order[0], first);
    assert_ptr_equal(house->order[1], second);
    assert_int_equal(first->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    assert_int_equal(second->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    struct engine_counts counts = engine_counts(house->engine);
    assert_int_equal(counts.locks_refused, 1);
    assert_int_equal(counts.races_lost, 0);
    assert_int_equal(counts.commit_failures, 0);
    assert_int_equal(counts.queued, 0);
    assert_int_equal(house->commits, 0);
    house->lock_told = ERROR_NONE;
    const struct command *third = submit(house, 2, 1, 1);
    run(house, NOW_MS + 1);
    assert_int_equal(third->answer.failure, ERROR_NONE);
    assert_int_equal(third->answer.refusal, REFUSAL_NONE);
}

static void who_only_looks_needs_no_lock(void **state)
{
    struct house *house = *state;
    house->lock_told = ERROR_BOOKING_LOCK_FAILED;
    struct command *look = submit(house, 0, 1, 1);
    look->kind = COMMAND_LOOK;
    run(house, NOW_MS);
    assert_int_equal(look->answer.failure, ERROR_NONE);
    assert_int_equal(engine_counts(house->engine).loads, 1);
    assert_int_equal(engine_counts(house->engine).locks_refused, 0);
    look = submit(house, 1, 1, 1); /* With a hold behind it, the turn needs one. */
    look->kind = COMMAND_LOOK;
    const struct command *hold = submit(house, 2, 1, 1);
    run(house, NOW_MS);
    assert_int_equal(hold->answer.failure, ERROR_BOOKING_LOCK_FAILED);
}

static void holds_that_end_wait_for_the_lock_without_a_busy_loop(void **state)
{
    struct house *house = *state;
    const struct command *hold = submit(house, 0, 1, 1);
    run(house, NOW_MS);
    const int64_t due_ms = hold->answer.booking.hold_expires_at_ms + STEAL_GUARD_MS;
    house->lock_told = ERROR_BOOKING_LOCK_FAILED;
    assert_false(engine_step(house->engine, due_ms));
    assert_false(engine_step(house->engine, due_ms + 1));
    assert_int_equal(engine_counts(house->engine).locks_refused, 1);
    assert_true(engine_next_due_ms(house->engine) > due_ms + 1);
    house->lock_told = ERROR_NONE;
    run(house, engine_next_due_ms(house->engine));
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
}

static void others_are_told_of_what_was_committed_and_of_nothing_else(void **state)
{
    struct house *house = *state;
    const struct command *hold = submit(house, 0, 1, 1);
    run(house, NOW_MS);
    assert_int_equal(house->told_of, 1);
    assert_true(id_equal(house->told_showtime, showtime_of(1)));
    assert_true(house->version == hold->answer.map_version);
    (void)submit(house, 1, 1, 1); /* Refused: nothing changes. */
    run(house, NOW_MS);
    house->told = ERROR_OUTCOME_UNKNOWN;
    house->times = 1;
    (void)submit(house, 2, 1, 2);
    run(house, NOW_MS);
    (void)submit(house, 4, 1, 1); /* Refused again, by a map that is loaded for it. */
    run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 2);
    assert_int_equal(house->told_of, 1);
    const struct command *last = submit(house, 3, 1, 2);
    run(house, NOW_MS);
    assert_int_equal(house->told_of, 2);
    assert_true(house->version == last->answer.map_version);
}

#define SHARED_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED_TEST(a_turn_that_lost_is_decided_again_in_its_order),
        SHARED_TEST(what_is_decided_again_comes_before_what_still_waited),
        SHARED_TEST(a_race_seen_while_gathering_is_one_too),
        SHARED_TEST(who_loses_for_long_hears_so_and_the_others_go_on),
        SHARED_TEST(a_race_that_is_never_won_ends),
        SHARED_TEST(a_batch_is_one_showtimes_turn),
        SHARED_TEST(an_unknown_outcome_is_told_and_the_engine_goes_on),
        SHARED_TEST(a_turn_has_the_lock_from_before_it_looks_until_after_its_commit),
        SHARED_TEST(who_had_to_wait_for_the_lock_reads_the_showtime_again),
        SHARED_TEST(without_the_lock_that_it_must_have_a_turn_hears_so_and_writes_nothing),
        SHARED_TEST(who_only_looks_needs_no_lock),
        SHARED_TEST(holds_that_end_wait_for_the_lock_without_a_busy_loop),
        SHARED_TEST(others_are_told_of_what_was_committed_and_of_nothing_else),
        SHARED_TEST(a_hold_is_dead_at_its_end_and_its_seat_free_when_every_clock_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
