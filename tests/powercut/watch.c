#include "powercut/watch.h"

#include <stdarg.h>

#include "base/check.h"
#include "powercut/contents.h"

void watch_break(struct watch *watch, const char *format, ...)
{
    if (watch->broken) return;
    watch->broken = true;
    watch->broken_cut = watch->cut;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(watch->fault, sizeof watch->fault, format, arguments);
    va_end(arguments);
}

static void mix(struct watch *watch, uint64_t number)
{
    watch->digest = (watch->digest ^ number) * UINT64_C(0x100000001b3);
}

/* What has been committed since the last look? */
static void look(struct watch *watch)
{
    uint64_t state = 0;
    watch->look_due = false;
    if (!watch->looks) return;
    const bool read = contents_digest(&watch->reader, &state);
    if (!read) watch_break(watch, "what was committed cannot be read");
    else history_add(&watch->history, state);
}

static void note_image(struct watch *watch, uint64_t state)
{
    const struct history *history = &watch->history;
    mix(watch, state);
    if (watch->bare) return;
    if (history_judge(history, history->acknowledged, state) != HISTORY_UNKNOWN) return;
    if (watch->waiting_count == WATCH_WAITING_MAX) {
        watch_break(watch, "too many images of one piece of work");
        return;
    }
    watch->waiting[watch->waiting_count++] = (struct watch_waiting){
        .cut = watch->cut, .state = state, .acknowledged = history->acknowledged};
}

static void cut(struct watch *watch, enum disk_cut_kind kind)
{
    struct random *random = &watch->random;
    const struct examine_image image = {.seed = random_next(random),
                                        .kind = kind,
                                        .cut_again = random_chance(random, 15),
                                        .go_on = random_chance(random, 15)};
    struct examine_truth truth = {.bare = watch->bare,
                                  .history = &watch->history,
                                  .ledger = watch->ledger,
                                  .moment = watch->moment,
                                  .copy_count = watch->copy_count,
                                  .copies = watch->copies};
    uint64_t state = 0;
    char fault[EXAMINE_FAULT_SIZE];
    truth.moment.amid_answers = truth.moment.amid_answers || watch->doubtful;
    watch->cut++;
    if (watch->broken || (watch->only != 0 && watch->only != watch->cut)) return;
    if (examine_image(watch->examiner, watch->disk, &image, &truth, fault, &state)) {
        note_image(watch, state);
    } else {
        watch_break(watch, "%s: %s", disk_cut_name(kind), fault);
    }
}

/* The calls that matter most are those that make durable, and those after which a file has
 * another size or is no more. */
static uint32_t images_at(struct watch *watch, enum disk_call call)
{
    static const uint32_t percents[DISK_CALL_COUNT] = {
        [DISK_CALL_WRITE] = 12,        [DISK_CALL_RESIZE] = 100, [DISK_CALL_SYNC] = 100,
        [DISK_CALL_SYNC_FOLDER] = 100, [DISK_CALL_CREATE] = 50,  [DISK_CALL_REMOVE] = 100};
    if (!random_chance(&watch->random, percents[call])) return 0;
    return call == DISK_CALL_SYNC && disk_unsynced(watch->disk) ? 3 : 1;
}

static void called(void *context, enum disk_call call, const char *name)
{
    struct watch *watch = context;
    (void)name;
    if (watch->busy || watch->broken) return;
    watch->busy = true;
    if (watch->look_due) look(watch);
    const uint32_t images = images_at(watch, call);
    for (uint32_t index = 0; index < images; index++) {
        watch->cuts_at[call]++;
        cut(watch, (enum disk_cut_kind)random_below(&watch->random, DISK_CUT_COUNT));
    }
    watch->look_due = watch->look_due || call == DISK_CALL_SYNC;
    watch->busy = false;
}

void watch_open(struct watch *watch, struct house *house, struct disk *disk,
                struct examiner *examiner, const struct ledger *ledger, uint64_t seed)
{
    watch->house = house;
    watch->disk = disk;
    watch->examiner = examiner;
    watch->ledger = ledger;
    watch->bare = true;
    watch->digest = UINT64_C(0xcbf29ce484222325);
    random_seed(&watch->random, ~seed);
    disk_watch(disk, called, watch);
}

void watch_close(struct watch *watch)
{
    if (watch->looks) watch_closes(watch);
    disk_watch(watch->disk, NULL, NULL);
}

void watch_opened(struct watch *watch)
{
    struct database_reason reason;
    CHECK(!watch->looks);
    watch->busy = true;
    watch->looks =
        database_open(watch->house->path, DATABASE_READ, &watch->reader, &reason) == ERROR_NONE;
    if (!watch->looks) watch_break(watch, "no reader: %.200s", reason.text);
    look(watch);
    watch->busy = false;
}

void watch_closes(struct watch *watch)
{
    CHECK(watch->looks);
    watch->busy = true;
    database_close(&watch->reader);
    watch->looks = false;
    watch->busy = false;
}

void watch_acknowledge(struct watch *watch, struct ledger_moment moment)
{
    if (watch->broken) return;
    watch->busy = true;
    watch->moment = moment;
    watch->acknowledgements++;
    look(watch);
    watch->history.acknowledged = watch->history.count - 1;
    cut(watch, DISK_CUT_LOST);
    if (disk_unsynced(watch->disk)) {
        cut(watch, (enum disk_cut_kind)random_below(&watch->random, DISK_CUT_COUNT));
    }
    watch->busy = false;
}

void watch_settle(struct watch *watch, struct ledger_moment moment)
{
    if (watch->broken) return;
    watch->busy = true;
    look(watch);
    if (watch->doubtful) { /* It may have been given up: no history knows of it. */
        watch->dropped += watch->waiting_count;
        watch->waiting_count = 0;
    }
    for (uint32_t index = 0; index < watch->waiting_count; index++) {
        const struct watch_waiting *waiting = &watch->waiting[index];
        const enum history_verdict verdict =
            history_judge(&watch->history, waiting->acknowledged, waiting->state);
        if (verdict == HISTORY_LAST || verdict == HISTORY_NEWER) continue;
        watch_break(watch, "it holds a state that never was: something is half there");
        watch->broken_cut = waiting->cut;
    }
    watch->waiting_count = 0;
    watch->history.acknowledged = watch->history.count - 1;
    watch->moment = moment;
    watch->busy = false;
}
