#include "powercut/work.h"

#include <inttypes.h>

#include "base/check.h"
#include "powercut/contents.h"
#include "powercut/work_command.h"

static struct ledger_moment moment_of(const struct work *work)
{
    return (struct ledger_moment){.now_ms = work->now_ms,
                                  .amid_answers = work->answered_count < work->sent_count};
}

static void answered(void *context, struct command *command)
{
    struct work *work = context;
    const struct answer *answer = &command->answer;
    work->answered_count++;
    if (work->verbose) {
        printf("  cut %" PRIu64 ": command kind %d, failure %d, refusal %d, version %" PRIu64 "\n",
               work->watch->cut, (int)command->kind, (int)answer->failure, (int)answer->refusal,
               answer->map_version);
    }
    if (answer->failure != ERROR_NONE) {
        if (disk_failed(work->disk) > 0) return;
        watch_break(work->watch, "a command of kind %d failed with %d, and the disk was well",
                    (int)command->kind, (int)answer->failure);
        return;
    }
    if (answer->refusal == REFUSAL_NONE) work->kinds[command->kind]++;
    ledger_note(work->ledger, command, work->now_ms);
    watch_acknowledge(work->watch, moment_of(work));
}

static void settle(struct work *work)
{
    watch_settle(work->watch, moment_of(work));
}

static void open_house(struct work *work)
{
    struct database_reason reason;
    work->house->answered = answered;
    work->house->answered_context = work;
    if (!house_open_store(work->house, &reason)) {
        watch_break(work->watch, "the house does not open: %.300s", reason.text);
        return;
    }
    if (work->watch->bare) {
        house_fill(work->house);
        work->watch->bare = false;
    }
    watch_opened(work->watch);
    if (!house_open_engine(work->house)) watch_break(work->watch, "the engine does not start");
    settle(work);
}

void work_open(struct work *work, uint64_t seed)
{
    random_seed(&work->random, seed);
    work->now_ms = HOUSE_BEGINS_MS;
    work->next_key = 1;
    work->watch->moment = moment_of(work);
    open_house(work);
}

static void stop_copying(struct work *work)
{
    if (work->copying) backup_close(&work->backup);
    work->copying = false;
}

void work_close(struct work *work)
{
    stop_copying(work);
    if (work->watch->looks) watch_closes(work->watch);
    house_close(work->house);
}

static void pass_time(struct work *work)
{
    struct random *random = &work->random;
    const uint32_t dice = random_below(random, 100);
    if (dice < 80) work->now_ms += random_between(random, 0, 5000);
    else if (dice < 94) work->now_ms += random_between(random, 0, 180000);
    else if (dice < 98) work->now_ms += random_between(random, 0, 900000);
    else {
        work->now_ms += HOUSE_DAY_MS;
        work->days++;
    }
    /* A slow disk takes its time. */
    const uint64_t waited_us = disk_waited_us(work->disk);
    work->now_ms += (int64_t)((waited_us - work->waited_us) / 1000);
    work->waited_us = waited_us;
}

static void run_commands(struct work *work)
{
    struct random *random = &work->random;
    const uint32_t wanted = 1 + random_below(random, random_chance(random, 70) ? 2 : 6);
    work->sent_count = 0;
    work->answered_count = 0;
    uint32_t made = 0;
    while (made < wanted && work_command_make(work, &work->slots[made])) made++;
    work->sent_count = made;
    for (uint32_t index = 0; index < made; index++) {
        engine_submit(work->house->engine, &work->slots[index].command);
    }
    if (!house_run(work->house, work->now_ms) && disk_failed(work->disk) == 0) {
        watch_break(work->watch, "the engine failed, and the disk was well");
    }
    settle(work);
}

/* With its log so long that it must be copied, now and then. */
static void tend(struct work *work)
{
    const bool lengthens = random_chance(&work->random, 60);
    if (lengthens) house_lengthen_log(work->house, random_chance(&work->random, 40));
    work->checkpoints += lengthens;
    engine_tend(work->house->engine, work->now_ms);
    settle(work);
}

/* The server ends, in order or killed, and starts again; the machine goes on. */
static void end_life(struct work *work, bool killed)
{
    watch_closes(work->watch);
    if (killed) {
        const bool at_once = random_chance(&work->random, 60);
        const uint32_t after = at_once ? 0 : random_below(&work->random, 4);
        disk_plan(work->disk,
                  (struct disk_plan){.fault = DISK_FAULT_DEATH, .after = after, .times = 1});
    }
    house_close(work->house);
    disk_revive(work->disk);
    work->restarts++;
    work->kills += killed;
    open_house(work);
}

/* Now and then twice, before there was anything to do. */
static void restart(struct work *work)
{
    stop_copying(work);
    end_life(work, random_chance(&work->random, 50));
    if (!work->watch->broken && random_chance(&work->random, 60)) end_life(work, true);
}

/* Whoever was not told, or told that nobody knows, asks again. */
static void learn(struct work *work)
{
    char missing[LEDGER_FAULT_SIZE];
    work->watch->busy = true;
    if (!ledger_learn(work->ledger, work->house, work->now_ms, missing)) {
        watch_break(work->watch, "acknowledged work is missing: %s", missing);
    }
    work->watch->busy = false;
}

/* A disk that fails in the middle of something, and a server that ends in order and starts again
 * if it no longer knows what is there. */
static void fail(struct work *work)
{
    static const enum disk_fault faults[] = {DISK_FAULT_FULL, DISK_FAULT_WRITE, DISK_FAULT_SYNC,
                                             DISK_FAULT_SYNC};
    struct random *random = &work->random;
    stop_copying(work);
    disk_plan(work->disk, (struct disk_plan){.fault = faults[random_below(random, 4)],
                                             .after = random_below(random, 4),
                                             .times = 1 + random_below(random, 3),
                                             .kept_share = random_below(random, 101)});
    work->watch->doubtful = true;
    if (random_chance(random, 40)) tend(work);
    else run_commands(work);
    work->faults += disk_failed(work->disk);
    if (engine_failed(work->house->engine) && !work->watch->broken) {
        work->lives_ended++;
        restart(work);
    }
    if (!work->watch->broken) learn(work);
    disk_plan(work->disk, (struct disk_plan){0});
    work->watch->doubtful = false;
}

static bool proceed(void *context, int copied, int total)
{
    (void)context;
    return copied <= total;
}

/* A backup shows the moment at which it began, and takes a while. */
static void begin_copy(struct work *work)
{
    struct watch *watch = work->watch;
    if (watch->copy_count == EXAMINE_COPIES_MAX) return;
    struct examine_copy *copy = &watch->copies[watch->copy_count];
    char path[HOUSE_PATH_SIZE];
    struct database_reason reason;
    (void)snprintf(copy->name, sizeof copy->name, "copy%u.db", (unsigned)watch->copy_count);
    (void)snprintf(path, sizeof path, "%.*scopy%u.db",
                   (int)(strlen(work->house->path) - strlen("usher.db")), work->house->path,
                   (unsigned)watch->copy_count);
    copy->state = watch->history.states[watch->history.count - 1];
    copy->acknowledged = false;
    work->copying = true;
    watch->copy_count++;
    if (backup_open(work->house->path, path, &work->backup, &reason) == ERROR_NONE) return;
    watch_break(watch, "no backup: %.300s", reason.text);
}

static void end_copy(struct work *work)
{
    struct watch *watch = work->watch;
    struct database_reason reason;
    const struct backup_watcher watcher = {.proceed = proceed};
    if (backup_copy(&work->backup, watcher, &reason) == ERROR_NONE) {
        watch->copies[watch->copy_count - 1].acknowledged = true;
        work->copies++;
    } else {
        watch_break(watch, "no backup: %.300s", reason.text);
    }
    stop_copying(work);
    settle(work);
}

void work_step(struct work *work)
{
    struct random *random = &work->random;
    pass_time(work);
    if (work->verbose) {
        printf("cut %" PRIu64 ": at +%" PRId64 " s\n", work->watch->cut,
               (work->now_ms - HOUSE_BEGINS_MS) / 1000);
    }
    const uint32_t dice = random_below(random, 100);
    if (dice < 12) tend(work);
    else if (dice < 16) restart(work);
    else if (dice < 22) fail(work);
    else if (dice < 25 && !work->copying) begin_copy(work);
    else if (dice < 33 && work->copying) end_copy(work);
    else run_commands(work);
}
