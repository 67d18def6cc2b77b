/* main.c - works in a house, cuts its power in every moment, and looks at what is left.
 *
 *     powercut [--seed N] [--images COUNT | --seconds S] [--bug NAME]
 *     powercut --seed N --days 1 [--steps S] [--cut C] [--verbose]
 *
 * Each seed is a day's work of its own; with `--images` there are as many days as it takes. With
 * `--bug` something is wrong on purpose, and the run passes if it loses acknowledged work. The
 * last line is `N passed, M failed`; an image that was as it must be has passed.
 */
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "disk/disk_vfs.h"
#include "disk/seeded_random.h"
#include "powercut/work.h"

enum {
    STEPS_DEFAULT = 80,
    DAYS_MAX = 1000000,
    COMPLETE_IMAGES = 2000, /* Smaller runs may miss something by chance. */
    REPEAT_EVERY = 10,      /* Days between those that are done twice. */
    FAULTS_SHOWN = 5,
};

struct options {
    uint64_t seed;
    uint64_t images; /* 0: no limit. */
    uint64_t seconds;
    uint64_t days;
    uint64_t steps;
    uint64_t cut;
    enum house_bug bug;
    bool verbose;
};

/* What all days came to. */
struct tally {
    uint64_t failed;
    uint64_t lost_work; /* Of them, those that lost what was acknowledged. */
    uint64_t acknowledgements;
    uint64_t cuts_at[DISK_CALL_COUNT];
    uint64_t kinds[COMMAND_EDIT + 1];
    uint64_t checkpoints;
    uint64_t days;
    uint64_t restarts;
    uint64_t kills;
    uint64_t faults;
    uint64_t lives_ended;
    uint64_t copies;
    uint64_t dropped;
};

static const char *const bug_names[] = {"none", "lying-disk", "unsafe", "eager"};

static char folder[64];
static struct examiner examiner;
static struct house house;
static struct watch watch;
static struct work work;
static struct ledger ledger;
static struct tally tally;

static uint64_t running_seed;

static void tell_the_seed(int number)
{
    (void)number;
    fprintf(stderr, "SEED=%" PRIu64 "\n  powercut --seed %" PRIu64 " --days 1 --verbose\n",
            running_seed, running_seed);
    fflush(NULL);
    signal(SIGABRT, SIG_DFL);
}

static void join(char path[HOUSE_PATH_SIZE], const char *name)
{
    (void)snprintf(path, HOUSE_PATH_SIZE, "%s/%s", folder, name);
}

/* The empty files that stand for those in memory. */
static void clear_folder(const char *name)
{
    char path[HOUSE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s/usher.db", folder, name);
    (void)unlink(path);
    for (unsigned copy = 0; copy < EXAMINE_COPIES_MAX; copy++) {
        (void)snprintf(path, sizeof path, "%s/%s/copy%u.db", folder, name, copy);
        (void)unlink(path);
        (void)snprintf(path, sizeof path, "%s/%s/copy%u.db.part", folder, name, copy);
        (void)unlink(path);
    }
}

static void make_folders(void)
{
    char path[HOUSE_PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "/tmp/usher-powercut-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    join(path, "house");
    CHECK(mkdir(path, 0700) == 0);
    join(path, "image");
    CHECK(mkdir(path, 0700) == 0);
    examine_open(&examiner, path);
}

static void remove_folders(void)
{
    char path[HOUSE_PATH_SIZE];
    examine_close(&examiner);
    clear_folder("house");
    clear_folder("image");
    join(path, "house");
    CHECK(rmdir(path) == 0);
    join(path, "image");
    CHECK(rmdir(path) == 0);
    CHECK(rmdir(folder) == 0);
}

static void add_up(void)
{
    tally.acknowledgements += watch.acknowledgements;
    for (uint32_t call = 0; call < DISK_CALL_COUNT; call++) {
        tally.cuts_at[call] += watch.cuts_at[call];
    }
    for (uint32_t kind = 0; kind <= COMMAND_EDIT; kind++) tally.kinds[kind] += work.kinds[kind];
    tally.checkpoints += work.checkpoints;
    tally.days += work.days;
    tally.restarts += work.restarts;
    tally.kills += work.kills;
    tally.faults += work.faults;
    tally.lives_ended += work.lives_ended;
    tally.copies += work.copies;
    tally.dropped += watch.dropped;
}

/* Works for a day; gives how many steps it came to. */
static uint64_t work_a_day(const struct options *options, uint64_t seed)
{
    char path[HOUSE_PATH_SIZE];
    running_seed = seed;
    clear_folder("house");
    (void)seeded_random_begin(seed);
    disk_vfs_seed(seed);
    join(path, "house");
    house_init(&house, path);
    house.bug = options->bug;
    struct disk *disk = disk_open(path, seed);
    CHECK(disk != NULL);
    disk_lie(disk, options->bug == HOUSE_BUG_LYING_DISK);
    if (seed % 4 == 0) disk_slow(disk, 700000);
    ledger = (struct ledger){0};
    watch = (struct watch){.only = options->cut};
    watch_open(&watch, &house, disk, &examiner, &ledger, seed);
    work = (struct work){.house = &house,
                         .disk = disk,
                         .watch = &watch,
                         .ledger = &ledger,
                         .verbose = options->verbose};
    work_open(&work, seed);
    uint64_t step = 0;
    while (step < options->steps && !watch.broken) {
        work_step(&work);
        step++;
    }
    work_close(&work);
    watch_close(&watch);
    disk_close(disk);
    return step;
}

/* The same seed must find the same. */
static bool repeats(const struct options *options, uint64_t seed)
{
    const uint64_t digest = watch.digest;
    (void)work_a_day(options, seed);
    return !watch.broken && watch.digest == digest;
}

static void run_day(const struct options *options, uint64_t seed)
{
    const uint64_t steps = work_a_day(options, seed);
    add_up();
    if (!watch.broken && seed % REPEAT_EVERY == 0 && options->cut == 0 &&
        options->bug == HOUSE_BUG_NONE && !repeats(options, seed)) {
        watch_break(&watch, "the same seed gave other images");
    }
    if (!watch.broken) return;
    tally.failed++;
    tally.lost_work += strstr(watch.fault, "acknowledged") != NULL;
    if (tally.failed > FAULTS_SHOWN || options->bug != HOUSE_BUG_NONE) return;
    printf("cut %" PRIu64 ": %s\nSEED=%" PRIu64 "\n  powercut --seed %" PRIu64
           " --days 1 --steps %" PRIu64 " --cut %" PRIu64 " --verbose\n",
           watch.broken_cut, watch.fault, seed, seed, steps, watch.broken_cut);
}

static bool done(const struct options *options, uint64_t days, int64_t began_us)
{
    if (options->bug != HOUSE_BUG_NONE && tally.lost_work > 0) return true;
    if (options->days > 0) return days >= options->days;
    if (options->seconds > 0) {
        return clock_steady_us() - began_us >= (int64_t)options->seconds * 1000000;
    }
    return examiner.images >= options->images;
}

/* Zero, and so not reached? */
static uint32_t require(uint64_t count, const char *what)
{
    printf("%8" PRIu64 " %s\n", count, what);
    return count == 0;
}

static uint32_t report(void)
{
    static const char *const calls[DISK_CALL_COUNT] = {
        [DISK_CALL_WRITE] = "cuts before a write",
        [DISK_CALL_RESIZE] = "cuts before a resize",
        [DISK_CALL_SYNC] = "cuts before a flush",
        [DISK_CALL_SYNC_FOLDER] = "cuts before a flush of the folder",
        [DISK_CALL_CREATE] = "cuts before a creation",
        [DISK_CALL_REMOVE] = "cuts before a removal"};
    static const char *const commands[] = {
        "holds",  "confirms", "payments", "cancels",      "news of money",   NULL,   NULL,
        "blocks", "releases", "refunds",  "refunds paid", "showtimes ended", "edits"};
    uint32_t missing = require(tally.acknowledgements, "acknowledgements");
    for (uint32_t kind = 0; kind < DISK_CUT_COUNT; kind++) {
        char what[48];
        (void)snprintf(what, sizeof what, "images: %s", disk_cut_name((enum disk_cut_kind)kind));
        missing += require(examiner.kinds[kind], what);
    }
    for (uint32_t call = 0; call < DISK_CALL_COUNT; call++) {
        if (calls[call] != NULL) missing += require(tally.cuts_at[call], calls[call]);
    }
    for (uint32_t kind = 0; kind <= COMMAND_EDIT; kind++) {
        if (commands[kind] != NULL) missing += require(tally.kinds[kind], commands[kind]);
    }
    missing += require(tally.checkpoints, "checkpoints");
    missing += require(tally.days, "changes of the keys' day");
    missing += require(tally.restarts, "restarts");
    missing += require(tally.kills, "of them after a kill");
    missing += require(tally.faults, "faults of the disk");
    missing += require(tally.lives_ended, "servers that ended because of one");
    missing += require(tally.copies, "backups");
    missing += require(examiner.copies, "backups on images");
    missing += require(examiner.cut_again, "cuts of a recovery");
    missing += require(examiner.newer, "images with a commit under way, whole");
    missing += require(examiner.went_on, "images that went on");
    missing += require(examiner.replays, "keys replayed on images");
    printf("%8" PRIu64 " images of a failing disk, not judged by the history\n", tally.dropped);
    return missing;
}

static bool read_bug(struct slice text, enum house_bug *ret_bug)
{
    for (uint32_t bug = 0; bug < sizeof bug_names / sizeof bug_names[0]; bug++) {
        if (!slice_equal(text, slice_of(bug_names[bug]))) continue;
        *ret_bug = (enum house_bug)bug;
        return true;
    }
    return false;
}

static bool read_options(int count, char **arguments, struct options *options)
{
    const struct {
        struct slice name;
        uint64_t *number;
        uint64_t max;
    } numbers[] = {
        {SLICE("--seed"), &options->seed, UINT64_MAX / 2},
        {SLICE("--images"), &options->images, UINT32_MAX},
        {SLICE("--seconds"), &options->seconds, 1000000},
        {SLICE("--days"), &options->days, DAYS_MAX},
        {SLICE("--steps"), &options->steps, WORK_STEPS_MAX},
        {SLICE("--cut"), &options->cut, UINT32_MAX},
    };
    for (int index = 1; index < count; index++) {
        const struct slice name = slice_of(arguments[index]);
        if (slice_equal(name, SLICE("--verbose"))) {
            options->verbose = true;
            continue;
        }
        if (++index == count) return false;
        const struct slice value = slice_of(arguments[index]);
        bool known = slice_equal(name, SLICE("--bug")) && read_bug(value, &options->bug);
        for (size_t number = 0; number < sizeof numbers / sizeof numbers[0] && !known; number++) {
            known = slice_equal(name, numbers[number].name) &&
                    slice_to_number(value, numbers[number].max, numbers[number].number);
        }
        if (!known) return false;
    }
    return true;
}

int main(int count, char **arguments)
{
    struct options options = {.seed = 1, .images = 1000, .steps = STEPS_DEFAULT};
    if (!read_options(count, arguments, &options)) {
        fprintf(stderr, "usage: powercut [--seed N] [--images COUNT | --seconds S | --days COUNT]\n"
                        "                [--steps S] [--cut C] [--verbose]\n"
                        "                [--bug lying-disk|unsafe|eager]\n");
        return 2;
    }
    signal(SIGABRT, tell_the_seed);
    disk_vfs_install();
    make_folders();
    const int64_t began_us = clock_steady_us();
    uint64_t days = 0;
    for (; days < DAYS_MAX && !done(&options, days, began_us); days++) {
        run_day(&options, options.seed + days);
    }
    remove_folders();
    if (options.bug != HOUSE_BUG_NONE) {
        const bool found = tally.lost_work > 0;
        printf("%s: %s after %" PRIu64 " images\n%d passed, %d failed\n", bug_names[options.bug],
               found ? watch.fault : "not found", examiner.images, found, !found);
        return found ? 0 : 1;
    }
    const uint32_t missing = report();
    const bool complete = missing == 0 || examiner.images < COMPLETE_IMAGES;
    const uint64_t failed = tally.failed + (complete ? 0 : 1);
    if (!complete) printf("%" PRIu32 " of these were never reached\n", missing);
    printf("%" PRIu64 " days in %" PRId64 " ms, from SEED=%" PRIu64 " on\n", days,
           (clock_steady_us() - began_us) / 1000, options.seed);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", examiner.images - tally.failed, failed);
    return failed == 0 ? 0 : 1;
}
