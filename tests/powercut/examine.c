#include "powercut/examine.h"

#include <stdarg.h>

#include "base/check.h"
#include "disk/disk_vfs.h"
#include "disk/seeded_random.h"
#include "powercut/contents.h"
#include "powercut/examine_life.h"
#include "store/sqlite/audit.h"
#include "store/sqlite/writer_state.h"

void examine_open(struct examiner *examiner, const char *folder)
{
    *examiner = (struct examiner){.disk = disk_open(folder, 1)};
    CHECK(examiner->disk != NULL);
    (void)snprintf(examiner->folder, sizeof examiner->folder, "%s", folder);
    house_init(&examiner->house, folder);
}

void examine_close(struct examiner *examiner)
{
    disk_close(examiner->disk);
}

__attribute__((format(printf, 2, 3))) static bool fail(const struct examiner *examiner,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(examiner->fault, EXAMINE_FAULT_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

static void report(void *context, struct slice text)
{
    const struct examiner *examiner = context;
    (void)fail(examiner, "the audit says: %.*s", (int)text.size, text.data);
}

static bool audit(struct examiner *examiner, const char *path, struct audit_counts *ret_counts)
{
    struct database_reason reason;
    if (audit_run(path, report, examiner, ret_counts, &reason) != ERROR_NONE) {
        return fail(examiner, "the audit cannot run: %.200s", reason.text);
    }
    return ret_counts->violations == 0;
}

/* The server starts, its log is copied into the file, and in the middle of it the power fails
 * again. */
static void cut_again(struct examiner *examiner, struct random *random)
{
    struct house *house = &examiner->house;
    struct database_reason reason;
    disk_plan(examiner->disk, (struct disk_plan){.fault = DISK_FAULT_DEATH,
                                                 .after = random_below(random, 12),
                                                 .times = 1});
    if (house_open_store(house, &reason)) {
        if (database_checkpoint(&house->store->database, random_chance(random, 50)) != ERROR_NONE) {
            CHECK(disk_dead(examiner->disk));
        }
    }
    house_close(house);
    examiner->cut_again += disk_dead(examiner->disk);
    const enum disk_cut_kind kind = (enum disk_cut_kind)random_below(random, DISK_CUT_COUNT);
    disk_cut(examiner->disk, kind, random_next(random), examiner->disk);
}

/* Opens the store and reads its state. */
static bool recover(struct examiner *examiner, uint64_t *ret_state)
{
    struct house *house = &examiner->house;
    struct database_reason reason = {0};
    if (!house_open_store(house, &reason)) {
        return fail(examiner, "it does not open: %.300s", reason.text);
    }
    if (contents_digest(&house->store->database, ret_state)) return true;
    return fail(examiner, "it cannot be read: %s", sqlite3_errmsg(house->store->database.handle));
}

/* Closed and opened once more, it says the same. */
static bool recover_again(struct examiner *examiner, uint64_t state)
{
    uint64_t again = 0;
    house_close(&examiner->house);
    if (!recover(examiner, &again)) return false;
    return again == state || fail(examiner, "opened a second time it says something else");
}

static bool check_copies(struct examiner *examiner, const struct examine_truth *truth)
{
    for (uint32_t index = 0; index < truth->copy_count; index++) {
        const struct examine_copy *copy = &truth->copies[index];
        char path[HOUSE_PATH_SIZE + sizeof copy->name];
        (void)snprintf(path, sizeof path, "%s/%s", examiner->folder, copy->name);
        if (!disk_has(examiner->disk, path)) {
            if (!copy->acknowledged) continue;
            return fail(examiner, "an acknowledged backup is gone");
        }
        struct database_reason reason;
        struct audit_counts counts;
        uint64_t state = 0;
        if (!contents_digest_file(path, &state, &reason)) {
            return fail(examiner, "a backup cannot be read: %.200s", reason.text);
        }
        if (state != copy->state) return fail(examiner, "a backup shows another moment");
        if (!audit(examiner, path, &counts)) return false;
        examiner->copies++;
    }
    return true;
}

static bool judge(struct examiner *examiner, const struct examine_truth *truth, uint64_t state,
                  const struct audit_counts *counts)
{
    if (truth->bare) {
        const bool empty = counts->bookings == 0 && counts->keys == 0;
        return empty || fail(examiner, "a store that has not begun has bookings");
    }
    const struct history *history = truth->history;
    const enum history_verdict verdict = history_judge(history, history->acknowledged, state);
    struct ledger_moment moment = truth->moment;
    char missing[LEDGER_FAULT_SIZE];
    if (verdict == HISTORY_NEWER || verdict == HISTORY_UNKNOWN) moment.amid_answers = true;
    if (!ledger_check(truth->ledger, &examiner->house, moment, missing)) {
        return fail(examiner, "acknowledged work is missing: %s", missing);
    }
    if (verdict == HISTORY_OLDER) return fail(examiner, "an acknowledged commit is missing");
    examiner->newer += verdict != HISTORY_LAST;
    return true;
}

static bool look(struct examiner *examiner, const struct examine_image *image,
                 const struct examine_truth *truth, uint64_t *ret_state)
{
    struct audit_counts counts;
    struct random random;
    random_seed(&random, image->seed);
    if (image->cut_again) cut_again(examiner, &random);
    if (!recover(examiner, ret_state)) return false;
    if (!audit(examiner, examiner->house.path, &counts)) return false;
    if (!judge(examiner, truth, *ret_state, &counts)) return false;
    if (!check_copies(examiner, truth)) return false;
    if (image->cut_again && !recover_again(examiner, *ret_state)) return false;
    if (!image->go_on || truth->bare) return true;
    examiner->went_on++;
    if (!examine_life(examiner, truth, &random)) return false;
    return audit(examiner, examiner->house.path, &counts);
}

bool examine_image(struct examiner *examiner, struct disk *disk, const struct examine_image *image,
                   const struct examine_truth *truth, char fault[EXAMINE_FAULT_SIZE],
                   uint64_t *ret_state)
{
    /* The house that lives on must not notice. */
    const struct random before = seeded_random_begin(image->seed);
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SAVE);
    examiner->fault = fault;
    examiner->images++;
    examiner->kinds[image->kind]++;
    disk_cut(disk, image->kind, image->seed, examiner->disk);
    const bool held = look(examiner, image, truth, ret_state);
    house_close(&examiner->house);
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_RESTORE);
    seeded_random_resume(&before);
    return held;
}
