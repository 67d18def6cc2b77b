#include "engine/engine_turn.h"

#include "base/check.h"
#include "base/log.h"
#include "ports/catalogue_edit.h"

/* Puts the bookings that must end first into the turn. */
static void add_endings(struct engine *engine, const struct resident *resident)
{
    struct turn *turn = &engine->turn;
    struct id bookings[TURN_COMMANDS_MAX];
    /* Where another instance's clock may be behind, nobody takes a seat at the very end. */
    const int64_t now_ms = turn->now_ms - engine_guard_ms(engine);
    const size_t count = turn_ending(&resident->map, now_ms, bookings, TURN_COMMANDS_MAX);
    for (size_t index = 0; index < count; index++) {
        struct command *ending = &engine->endings[index];
        ending->kind = COMMAND_END;
        ending->showtime = resident->showtime;
        ending->booking = bookings[index];
        turn_add(turn, ending);
    }
    if (resident->map.status == SHOWTIME_CANCELLED) return;
    engine->batch.expired_count += (uint32_t)count;
}

/* Takes the first command that waits into the batch. */
static struct command *take_waiting(struct engine *engine, struct resident *resident)
{
    struct batch *batch = &engine->batch;
    struct command *command = residents_pop(resident);
    engine->queued--;
    if (batch->last == NULL) batch->first = command;
    else batch->last->next = command;
    batch->last = command;
    batch->command_count++;
    return command;
}

static bool edit_waits(const struct resident *resident)
{
    return resident->waiting > 0 && resident->first->kind == COMMAND_EDIT;
}

/* Adds what waits, as far as it fits. An edit ends the turn before it; `refused` takes edits
 * too, in a turn that is not decided. */
static void fill_turn(struct engine *engine, struct resident *resident, bool exists, bool refused)
{
    struct turn *turn = &engine->turn;
    bool ends = false;
    if (exists) add_endings(engine, resident);
    while (turn->command_count < TURN_COMMANDS_MAX && resident->waiting > 0 && !ends) {
        if (edit_waits(resident) && !refused) break;
        struct command *command = take_waiting(engine, resident);
        ends = turn_ends_with(command);
        turn_add(turn, command);
    }
}

/* Brings the map of a slot into memory; ERROR_SHOWTIME_NOT_FOUND if there is no showtime. */
static enum error load(struct engine *engine, struct resident *resident)
{
    if (resident->loaded) return ERROR_NONE;
    const struct store *store = &engine->options.store;
    const enum error error =
        store->methods->load(store->context, resident->showtime, resident->block, &resident->map);
    if (error != ERROR_NONE) return error;
    CHECK(id_equal(resident->map.showtime, resident->showtime));
    resident->loaded = true;
    engine->counts.loads++;
    return ERROR_NONE;
}

/* Fails the commands of the turn just run, and no others. */
static void fail_turn(struct engine *engine, enum error failure)
{
    struct turn *turn = &engine->turn;
    for (uint32_t index = 0; index < turn->command_count; index++) {
        command_clear_answer(turn->commands[index], failure);
    }
}

/* The store refused the turn: a seat sold already, a row it cannot read, or rows that contradict
 * each other. The other turns go on; this showtime is closed, for nobody knows what else is
 * wrong with it. */
static void close_showtime(struct engine *engine, uint32_t slot)
{
    struct resident *resident = &engine->residents.slots[slot];
    char showtime[ID_HEX_SIZE];
    id_format(resident->showtime, showtime);
    log_event(LOG_ERROR, "showtime_closed",
              LOG_TEXT("showtime", ((struct slice){showtime, sizeof showtime})),
              LOG_TEXT("why", SLICE("what is stored contradicts the turn; run `usher audit`")));
    engine->counts.turns_refused++;
    resident->loaded = false;
    resident->closed = slot < engine->residents.capacity;
    fail_turn(engine, ERROR_INTERNAL_ERROR);
}

/* What the turn did, for when it is committed. */
static void count_changes(struct engine *engine)
{
    const struct facts *facts = &engine->turn.facts;
    struct batch *batch = &engine->batch;
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        const struct booking_fact *fact = &facts->bookings[index];
        const bool held_before = fact->booking.status == BOOKING_PENDING && fact->state != FACT_NEW;
        if (fact->state == FACT_KNOWN || held_before) continue;
        batch->bookings[fact->booking.status]++;
    }
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        if (fact->state != FACT_KNOWN) batch->payments[fact->payment.status]++;
    }
}

static void log_turn(const struct engine *engine, const struct resident *resident)
{
    if (!log_enabled(LOG_DEBUG)) return;
    char showtime[ID_HEX_SIZE];
    id_format(resident->showtime, showtime);
    log_event(LOG_DEBUG, "turn", LOG_TEXT("showtime", ((struct slice){showtime, sizeof showtime})),
              LOG_NUMBER("version", resident->map.version),
              LOG_NUMBER("commands", engine->turn.command_count),
              LOG_NUMBER("seats", engine->turn.seat_change_count));
}

static enum error decide_and_record(struct engine *engine, uint32_t slot, bool *ret_changed)
{
    const struct store *store = &engine->options.store;
    struct turn *turn = &engine->turn;
    enum error error = store->methods->gather(store->context, turn);
    if (error == ERROR_NONE) {
        turn_decide(turn);
        *ret_changed = turn_changed(turn);
        if (turn->contradicted) error = ERROR_INTERNAL_ERROR;
        else if (*ret_changed) error = store->methods->record(store->context, turn);
    }
    if (error == ERROR_NONE) count_changes(engine);
    if (error != ERROR_INTERNAL_ERROR) return error;
    *ret_changed = false;
    close_showtime(engine, slot);
    return ERROR_NONE;
}

/* What came before its showtime was closed, and did not fit into the turn that closed it. */
static void refuse_waiting(struct engine *engine, struct resident *resident, int64_t now_ms)
{
    turn_begin(&engine->turn, &engine->options.policy, &engine->memory, NULL, now_ms);
    fill_turn(engine, resident, false, true);
    fail_turn(engine, ERROR_STORE_UNAVAILABLE);
}

/* Hands the first waiting edit to the store. What it changed of a showtime is read back, so that
 * memory shows what the batch commits. An error fails the whole batch. */
static enum error run_edit(struct engine *engine, uint32_t slot, int64_t now_ms)
{
    struct resident *resident = &engine->residents.slots[slot];
    const struct store *store = &engine->options.store;
    struct batch *batch = &engine->batch;
    struct command *command = take_waiting(engine, resident);
    command_clear_answer(command, ERROR_NONE);
    enum error error = store->methods->edit(store->context, command->edit, now_ms);
    if (error == ERROR_INTERNAL_ERROR) {
        command->answer.failure = error;
        return ERROR_NONE;
    }
    if (error != ERROR_NONE || slot == engine->residents.capacity) return error;
    if (edit_wrote(command->edit)) {
        resident->loaded = false;
        error = load(engine, resident);
        if (error != ERROR_NONE) return error;
        batch->changed[batch->turn_count - 1] = true;
        batch->written[batch->turn_count - 1] = true;
    }
    if (resident->loaded) command->answer.map_version = resident->map.version;
    return ERROR_NONE;
}

/* Will the map refuse it, as long as nobody else of the turn frees a seat? */
static bool is_hopeless(const struct resident *resident, const struct command *command)
{
    if (!resident->loaded) return false;
    for (uint32_t index = 0; index < command->seat_count; index++) {
        const uint32_t place = seat_map_find(&resident->map, command->seats[index]);
        if (place == PLACE_NONE || resident->map.states[place] != SEAT_AVAILABLE) return true;
    }
    return false;
}

/* May what waits change anything? Who looks, or asks for a seat that is taken, does not, and is
 * answered even where the lock must be had and cannot: in a sale that is most of them. */
static bool may_write(const struct resident *resident)
{
    const struct command *command = resident->first;
    for (uint32_t count = 0; command != NULL && count < TURN_COMMANDS_MAX; count++) {
        const bool refused = command->kind == COMMAND_HOLD && is_hopeless(resident, command);
        if (command->kind != COMMAND_LOOK && !refused) return true;
        command = command->next;
    }
    return false;
}

/* Is there anything to write? A map is loaded without a lock. */
static bool wants_lock(const struct engine *engine, const struct resident *resident, int64_t now_ms)
{
    if (engine->options.lock.methods == NULL) return false;
    const bool lapses =
        resident->loaded && resident->map.next_lapse_ms <= now_ms - engine_guard_ms(engine);
    return lapses || may_write(resident);
}

/* Takes the lock of the batch's one showtime. What waits stays in its order for the answer if it
 * cannot be had. */
static enum error lock_turn(struct engine *engine, uint32_t slot)
{
    const struct lock *lock = &engine->options.lock;
    struct resident *resident = &engine->residents.slots[slot];
    struct batch *batch = &engine->batch;
    bool contended = false;
    const enum error error = lock->methods->acquire(lock->context, resident->showtime, &contended);
    if (contended) resident->loaded = false;
    if (error == ERROR_NONE) {
        batch->locked = resident->showtime;
        return error;
    }
    batch->refused = true;
    engine->counts.locks_refused++;
    engine_turn_take(engine, slot);
    return error;
}

enum error engine_turn_run(struct engine *engine, uint32_t slot, int64_t now_ms)
{
    struct resident *resident = &engine->residents.slots[slot];
    struct batch *batch = &engine->batch;
    const bool named = slot < engine->residents.capacity;
    if (named) residents_use(&engine->residents, slot);
    batch->slots[batch->turn_count] = slot;
    batch->changed[batch->turn_count] = false;
    batch->written[batch->turn_count] = false;
    batch->turn_count++;

    if (resident->closed) {
        refuse_waiting(engine, resident, now_ms);
        return ERROR_NONE;
    }
    if (named && wants_lock(engine, resident, now_ms)) {
        const enum error error = lock_turn(engine, slot);
        if (error != ERROR_NONE) return error;
    }
    const bool was_loaded = resident->loaded;
    const enum error loaded = named ? load(engine, resident) : ERROR_SHOWTIME_NOT_FOUND;
    const bool exists = loaded == ERROR_NONE;
    batch->changed[batch->turn_count - 1] = exists && !was_loaded;
    turn_begin(&engine->turn, &engine->options.policy, &engine->memory,
               exists ? &resident->map : NULL, now_ms);
    fill_turn(engine, resident, exists, false);
    if (!exists && loaded == ERROR_INTERNAL_ERROR) {
        close_showtime(engine, slot);
        return ERROR_NONE;
    }
    if (!exists && loaded != ERROR_SHOWTIME_NOT_FOUND) return loaded;
    if (engine->turn.command_count == 0) {
        return edit_waits(resident) ? run_edit(engine, slot, now_ms) : ERROR_NONE;
    }
    engine->counts.turns++;
    histogram_add(&engine->counts.turn_commands, &histogram_sizes, engine->turn.command_count);
    bool changed = false;
    const enum error error = decide_and_record(engine, slot, &changed);
    if (exists) log_turn(engine, resident);
    if (changed) {
        batch->changed[batch->turn_count - 1] = true;
        batch->written[batch->turn_count - 1] = true;
    }
    return error;
}

void engine_turn_take(struct engine *engine, uint32_t slot)
{
    turn_begin(&engine->turn, &engine->options.policy, NULL, NULL, 1);
    fill_turn(engine, &engine->residents.slots[slot], false, true);
}
