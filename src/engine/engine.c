#include "engine/engine.h"

#include "base/check.h"
#include "base/log.h"
#include "engine/engine_turn.h"

struct engine *engine_open(const struct engine_options *options)
{
    CHECK(options->showtimes_max >= 1);
    CHECK(options->showtimes_max <= SHOWTIMES_RESIDENT_MAX);
    CHECK(options->answered != NULL);
    CHECK(options->lock.methods == NULL || options->store.shared);

    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) return NULL;
    engine->options = *options;
    engine->first_ready = RESIDENT_NONE;
    engine->last_ready = RESIDENT_NONE;
    const bool opened = residents_open(&engine->residents, options->showtimes_max) &&
                        deadlines_open(&engine->deadlines, options->showtimes_max);
    if (opened) return engine;
    engine_close(engine);
    return NULL;
}

void engine_close(struct engine *engine)
{
    if (engine == NULL) return;
    residents_close(&engine->residents);
    deadlines_close(&engine->deadlines);
    free(engine);
}

static void answer(struct engine *engine, struct command *command)
{
    engine->options.answered(engine->options.answered_context, command);
}

static void answer_failure(struct engine *engine, struct command *command, enum error failure)
{
    command_clear_answer(command, failure);
    answer(engine, command);
}

static void make_ready(struct engine *engine, uint32_t slot)
{
    struct resident *resident = &engine->residents.slots[slot];
    if (resident->ready) return;
    resident->ready = true;
    resident->next_ready = RESIDENT_NONE;
    if (engine->last_ready == RESIDENT_NONE) engine->first_ready = slot;
    else engine->residents.slots[engine->last_ready].next_ready = slot;
    engine->last_ready = slot;
}

static uint32_t take_ready(struct engine *engine)
{
    const uint32_t slot = engine->first_ready;
    if (slot == RESIDENT_NONE) return slot;
    struct resident *resident = &engine->residents.slots[slot];
    engine->first_ready = resident->next_ready;
    if (engine->first_ready == RESIDENT_NONE) engine->last_ready = RESIDENT_NONE;
    resident->ready = false;
    return slot;
}

static uint32_t feed_place(const struct engine *engine, uint32_t slot)
{
    return engine->options.feed_base + slot;
}

static bool is_mine(const struct engine *engine, struct id showtime)
{
    return engine_part(showtime, engine->options.parts) == engine->options.part;
}

/* The slot of a showtime, a new one if it has none; RESIDENT_NONE if there is no room. */
static uint32_t slot_for(struct engine *engine, struct id showtime)
{
    struct residents *residents = &engine->residents;
    if (id_is_none(showtime)) return residents->capacity;
    uint32_t slot = residents_find(residents, showtime);
    if (slot != RESIDENT_NONE) return slot;
    uint32_t left = RESIDENT_NONE;
    slot = residents_take(residents, showtime, &left);
    if (left != RESIDENT_NONE) feed_withdraw(engine->options.feed, feed_place(engine, left));
    return slot;
}

enum error engine_recover(struct engine *engine)
{
    enum { PAGE = 64 };
    const struct store *store = &engine->options.store;
    struct id showtimes[PAGE];
    struct id after = {0};
    size_t count = PAGE;
    while (count == PAGE) {
        const enum error error =
            store->methods->pending(store->context, after, showtimes, PAGE, &count);
        if (error != ERROR_NONE) return error;
        CHECK(count <= PAGE);
        for (size_t index = 0; index < count; index++) {
            if (!is_mine(engine, showtimes[index])) continue;
            const uint32_t slot = slot_for(engine, showtimes[index]);
            if (slot == RESIDENT_NONE) return ERROR_OVERLOADED;
            make_ready(engine, slot);
        }
        if (count > 0) after = showtimes[count - 1];
    }
    return ERROR_NONE;
}

/* A map that others have gone beyond is not decided on: its commit would be lost. It is loaded by
 * the turn that needs it, and by none for the news alone. */
static void forget_older(struct engine *engine, const struct command *command)
{
    const bool told = command->kind == COMMAND_NEWS || command->kind == COMMAND_LOOK;
    if (!told || !engine->options.store.shared) return;
    const uint32_t slot = residents_find(&engine->residents, command->showtime);
    if (slot == RESIDENT_NONE) return;
    struct resident *resident = &engine->residents.slots[slot];
    if (resident->loaded && resident->map.version < command->seen_version) {
        resident->loaded = false;
    }
}

void engine_submit(struct engine *engine, struct command *command)
{
    CHECK(command != NULL);
    CHECK(command->kind != COMMAND_END);
    CHECK((command->kind == COMMAND_EDIT) == (command->edit != NULL));

    forget_older(engine, command);
    if (command->kind == COMMAND_NEWS) {
        answer_failure(engine, command, ERROR_NONE);
        return;
    }
    command->next = NULL;
    command->raced_since_ms = 0;
    if (engine->failed) {
        answer_failure(engine, command, ERROR_STORE_UNAVAILABLE);
        return;
    }
    const uint32_t slot = slot_for(engine, command->showtime);
    if (slot == RESIDENT_NONE) {
        answer_failure(engine, command, ERROR_OVERLOADED);
        return;
    }
    struct resident *resident = &engine->residents.slots[slot];
    if (resident->closed || resident->waiting >= QUEUE_PER_SHOWTIME_MAX) {
        const bool closed = resident->closed;
        answer_failure(engine, command, closed ? ERROR_STORE_UNAVAILABLE : ERROR_OVERLOADED);
        return;
    }
    residents_push(resident, command);
    engine->queued++;
    make_ready(engine, slot);
}

/* When the map wants a turn by itself. */
static int64_t due_ms(const struct engine *engine, const struct seat_map *map)
{
    if (map->next_lapse_ms == INT64_MAX) return INT64_MAX;
    return map->next_lapse_ms + engine_guard_ms(engine);
}

static void tell_others(const struct engine *engine, const struct seat_map *map)
{
    if (engine->options.committed == NULL) return;
    engine->options.committed(engine->options.committed_context, map->showtime, map->version);
}

/* What the next batch needs to know of each showtime of this one. */
static void settle_slots(struct engine *engine, bool committed, int64_t now_ms)
{
    for (uint32_t index = 0; index < engine->batch.turn_count; index++) {
        const uint32_t slot = engine->batch.slots[index];
        struct resident *resident = &engine->residents.slots[slot];
        const bool named = slot < engine->residents.capacity;
        if (resident->waiting > 0) make_ready(engine, slot);
        if (!named) continue;
        if (!committed) resident->loaded = false;
        if (resident->loaded) {
            if (engine->batch.changed[index]) {
                feed_publish(engine->options.feed, feed_place(engine, slot), &resident->map);
            }
            if (engine->batch.written[index]) tell_others(engine, &resident->map);
            deadlines_set(&engine->deadlines, slot, due_ms(engine, &resident->map));
            continue;
        }
        const bool known = !committed && !resident->closed;
        deadlines_set(&engine->deadlines, slot, known ? now_ms + EXPIRY_RETRY_MS : INT64_MAX);
        if (!known && !resident->closed && resident->waiting == 0 && !resident->ready) {
            residents_leave(&engine->residents, slot);
        }
    }
}

/* Hands the commands back, after the commit or with its failure. */
static void answer_batch(struct engine *engine, enum error failure)
{
    struct command *command = engine->batch.first;
    while (command != NULL) {
        struct command *next = command->next;
        command->next = NULL;
        if (failure != ERROR_NONE) command_clear_answer(command, failure);
        else refusal_memory_note(&engine->memory, command);
        engine->counts.commands++;
        answer(engine, command);
        command = next;
    }
}

static void log_failure(struct engine *engine, enum error error, int64_t now_ms)
{
    uint64_t left_out = 0;
    if (!log_limit_pass(&engine->failures, LOG_LIMIT_FAILURES_MAX, now_ms, &left_out)) return;
    log_event(LOG_ERROR, "commit_failed", LOG_TEXT("error", slice_of(error_name(error))),
              LOG_NUMBER("commands", engine->batch.command_count), log_limit_field(left_out));
}

static void note_failure(struct engine *engine, enum error error, int64_t now_ms)
{
    engine->counts.commit_failures++;
    engine->counts.last_failure = error;
    engine->counts.last_failure_at_ms = now_ms;
    engine->resume_at_ms = now_ms + EXPIRY_RETRY_MS;
    if (error == ERROR_OUTCOME_UNKNOWN && !engine->options.store.shared) engine->failed = true;
    log_failure(engine, error, now_ms);
}

static void note_commit(struct engine *engine)
{
    const struct batch *batch = &engine->batch;
    struct engine_counts *counts = &engine->counts;
    counts->commits++;
    counts->last_failure = ERROR_NONE;
    counts->holds_expired += batch->expired_count;
    for (size_t status = 0; status < BOOKING_STATUS_COUNT; status++) {
        counts->bookings[status] += batch->bookings[status];
    }
    for (size_t status = 0; status < PAYMENT_STATUS_COUNT; status++) {
        counts->payments[status] += batch->payments[status];
    }
    histogram_add(&counts->batch_turns, &histogram_sizes, batch->turn_count);
    histogram_add(&counts->batch_commands, &histogram_sizes, batch->command_count);
    log_event(LOG_DEBUG, "commit", LOG_NUMBER("turns", batch->turn_count),
              LOG_NUMBER("commands", batch->command_count),
              LOG_NUMBER("expired", batch->expired_count));
}

/* The clock was put back: what waits for a moment of the old one would wait too long. A map in
 * memory knows its own moments; the others are tried as after a failed commit. */
static void follow_clock(struct engine *engine, int64_t now_ms)
{
    const bool back = now_ms < engine->stepped_at_ms;
    engine->stepped_at_ms = now_ms;
    if (!back) return;
    const int64_t retry_ms = now_ms + EXPIRY_RETRY_MS;
    if (engine->resume_at_ms > retry_ms) engine->resume_at_ms = retry_ms;
    for (uint32_t slot = 0; slot < engine->residents.capacity; slot++) {
        const struct resident *resident = &engine->residents.slots[slot];
        if (id_is_none(resident->showtime) || resident->loaded || resident->closed) continue;
        deadlines_set(&engine->deadlines, slot, retry_ms);
    }
}

/* Showtimes with a booking that must end want a turn. */
static void wake_due(struct engine *engine, int64_t now_ms)
{
    if (now_ms < engine->resume_at_ms) return;
    while (deadlines_next_ms(&engine->deadlines) <= now_ms) {
        const uint32_t slot = deadlines_first(&engine->deadlines);
        deadlines_set(&engine->deadlines, slot, INT64_MAX);
        make_ready(engine, slot);
    }
}

static enum error run_turns(struct engine *engine, int64_t now_ms)
{
    struct batch *batch = &engine->batch;
    const uint32_t turns_max = engine->options.store.shared ? 1 : BATCH_TURNS_MAX;
    enum error error = ERROR_NONE;
    while (error == ERROR_NONE && batch->turn_count < turns_max &&
           batch->command_count < BATCH_COMMANDS_MAX) {
        const uint32_t slot = take_ready(engine);
        if (slot == RESIDENT_NONE) break;
        error = engine_turn_run(engine, slot, now_ms);
    }
    return error;
}

/* Takes what waits without a transaction, when none can be had. */
static void take_without_turns(struct engine *engine)
{
    struct batch *batch = &engine->batch;
    while (batch->turn_count < BATCH_TURNS_MAX && batch->command_count < BATCH_COMMANDS_MAX) {
        const uint32_t slot = take_ready(engine);
        if (slot == RESIDENT_NONE) break;
        batch->slots[batch->turn_count++] = slot;
        engine_turn_take(engine, slot);
    }
}

static bool has_lost_enough(struct command *command, int64_t now_ms)
{
    const int64_t passed_ms = now_ms - command->raced_since_ms;
    if (command->raced_since_ms != 0 && passed_ms >= 0) return passed_ms >= RACE_PATIENCE_MS;
    command->raced_since_ms = now_ms;
    return false;
}

/* Somebody else's turn came before this batch's: its commands go back to where they waited, and
 * will be decided again. Those that have lost for too long stay in the batch. */
static void put_back(struct engine *engine, int64_t now_ms)
{
    struct batch *batch = &engine->batch;
    CHECK(batch->turn_count == 1);

    struct resident *resident = &engine->residents.slots[batch->slots[0]];
    struct command *first = NULL;
    struct command **kept = &first;
    struct command **refused = &batch->first;
    uint32_t count = 0;
    for (struct command *command = batch->first; command != NULL; command = command->next) {
        if (has_lost_enough(command, now_ms)) {
            *refused = command;
            refused = &command->next;
        } else {
            *kept = command;
            kept = &command->next;
            count++;
        }
    }
    *kept = NULL;
    *refused = NULL;
    if (count > 0) residents_put_back(resident, first, count);
    engine->queued += count;
    batch->command_count -= count;
    engine->counts.races_lost++;
}

static void note_end(struct engine *engine, enum error error, int64_t now_ms)
{
    if (engine->batch.refused) return; /* Counted where it was. */
    if (error == ERROR_NONE) note_commit(engine);
    else if (error == ERROR_BOOKING_LOCK_FAILED) put_back(engine, now_ms);
    else note_failure(engine, error, now_ms);
}

/* As soon as the outcome stands, and others are told of it: who takes the lock then knows. */
static void give_back_lock(struct engine *engine)
{
    const struct lock *lock = &engine->options.lock;
    if (id_is_none(engine->batch.locked)) return;
    lock->methods->release(lock->context, engine->batch.locked);
}

bool engine_step(struct engine *engine, int64_t now_ms)
{
    CHECK(now_ms > 0);

    const struct store *store = &engine->options.store;
    follow_clock(engine, now_ms);
    wake_due(engine, now_ms);
    if (engine->first_ready == RESIDENT_NONE) return false;
    struct batch *batch = &engine->batch;
    *batch = (struct batch){0};
    engine->counts.batches++;

    enum error error =
        engine->failed ? ERROR_STORE_UNAVAILABLE : store->methods->begin(store->context);
    if (error != ERROR_NONE) {
        take_without_turns(engine);
    } else {
        error = run_turns(engine, now_ms);
        if (error == ERROR_NONE) error = store->methods->commit(store->context);
        else store->methods->rollback(store->context);
    }
    note_end(engine, error, now_ms);
    settle_slots(engine, error == ERROR_NONE, now_ms);
    give_back_lock(engine);
    answer_batch(engine, error);
    return engine->first_ready != RESIDENT_NONE || engine_next_due_ms(engine) <= now_ms;
}

void engine_tend(struct engine *engine, int64_t now_ms)
{
    const struct store *store = &engine->options.store;
    if (engine->failed) return;
    if (store->methods->tend(store->context, now_ms) == ERROR_OUTCOME_UNKNOWN) {
        engine->failed = true;
        log_event(LOG_ERROR, "store_broken", LOG_TEXT("where", SLICE("housekeeping")));
    }
}

int64_t engine_next_due_ms(const struct engine *engine)
{
    const int64_t due_ms = deadlines_next_ms(&engine->deadlines);
    if (due_ms == INT64_MAX) return due_ms;
    return due_ms > engine->resume_at_ms ? due_ms : engine->resume_at_ms;
}

bool engine_failed(const struct engine *engine)
{
    return engine->failed;
}

struct engine_counts engine_counts(const struct engine *engine)
{
    struct engine_counts counts = engine->counts;
    counts.resident = engine->residents.count;
    counts.queued = engine->queued;
    return counts;
}
