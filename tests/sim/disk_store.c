#include "sim/disk_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "disk/disk_vfs.h"
#include "disk/plain_locale.h"
#include "disk/seeded_random.h"
#include "ports/catalogue_edit.h"
#include "store/sqlite/writer_state.h"

enum { FAR_WRITES = 6 }; /* About as many pages as a commit writes. */

#define MOVIE "a00000000000000000000001"
#define CINEMA "c00000000000000000000001"

enum { STORES_COMPLETE = 300 }; /* Fewer may miss something by chance. */

/* How a process ends. */
enum ending {
    ENDING_IN_ORDER, /* It closes its file, as it does when it no longer knows what is there. */
    ENDING_KILLED,   /* The machine goes on, and the next process sees what this one wrote. */
    ENDING_CUT,      /* The power fails. */
};

/* Of this process, with the empty file that stands for the one in memory. */
static char folder[64];

/* What went wrong in all stores; each of it must have. */
static struct {
    uint64_t stores;
    uint64_t full;
    uint64_t unread;
    uint64_t unflushed;
    uint64_t died;
    uint64_t in_order;
    uint64_t killed;
    uint64_t cut;
    uint64_t again; /* While the next process started. */
} seen;

static void count_fault(enum disk_fault fault)
{
    seen.full += fault == DISK_FAULT_FULL;
    seen.unread += fault == DISK_FAULT_READ;
    seen.unflushed += fault == DISK_FAULT_SYNC;
    seen.died += fault == DISK_FAULT_DEATH;
}

static void count_ending(enum ending ending)
{
    seen.in_order += ending == ENDING_IN_ORDER;
    seen.killed += ending == ENDING_KILLED;
    seen.cut += ending == ENDING_CUT;
}

/* At the end; a run that has missed a fault fails. */
static void report(void)
{
    const bool missing = seen.full == 0 || seen.unread == 0 || seen.unflushed == 0 ||
                         seen.died == 0 || seen.in_order == 0 || seen.killed == 0 ||
                         seen.cut == 0 || seen.again == 0;
    printf("disk: %" PRIu64 " times full, %" PRIu64 " reads and %" PRIu64
           " flushes failed, %" PRIu64 " deaths in a commit\n"
           "processes: %" PRIu64 " ended in order, %" PRIu64 " were killed, %" PRIu64
           " lost their power, %" PRIu64 " more than once\n",
           seen.full, seen.unread, seen.unflushed, seen.died, seen.in_order, seen.killed, seen.cut,
           seen.again);
    fflush(stdout);
    if (missing && seen.stores >= STORES_COMPLETE) {
        printf("0 passed, 1 failed: one of these never was\n");
        fflush(stdout);
        _exit(1);
    }
}

static void remove_folder(void)
{
    char path[DISK_STORE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/usher.db", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void make_folder(void)
{
    if (folder[0] != '\0') return;
    (void)snprintf(folder, sizeof folder, "/tmp/usher-sim-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK(atexit(report) == 0);
    CHECK(atexit(remove_folder) == 0);
    disk_vfs_install();
}

static void plan(struct memory_store *store, struct disk_plan wanted)
{
    store->planned = wanted.fault;
    disk_plan(store->disk, wanted);
}

static void plan_death(struct memory_store *store, uint32_t after)
{
    plan(store, (struct disk_plan){.fault = DISK_FAULT_DEATH, .after = after, .times = 1});
}

/* The power fails in the flush: all of the commit is on its way, nothing is sure. */
static void called(void *context, enum disk_call call, const char *name)
{
    struct memory_store *store = context;
    (void)name;
    store->last_was_sync = call == DISK_CALL_SYNC;
    if (!store->last_was_sync || !store->dies_in_sync) return;
    store->dies_in_sync = false;
    plan_death(store, 0);
}

static void open_sqlite(struct memory_store *store)
{
    struct database_reason reason;
    const enum error error =
        sqlite_store_open(store->path, &store->tag_key, &store->sqlite, &reason);
    if (error != ERROR_NONE) fprintf(stderr, "%s\n", reason.text);
    CHECK(error == ERROR_NONE);
    disk_rows_outdated(store);
}

static void prepare_programme(struct memory_store *store)
{
    const int code = database_execute(
        &store->sqlite->database,
        "INSERT INTO movie(id,title,duration_minutes,status) VALUES('" MOVIE "','m',90,'ended');"
        "INSERT INTO cinema(id,name) VALUES('" CINEMA "','c')");
    CHECK(code == SQLITE_OK);
}

struct memory_store *memory_store_open(const struct siphash_key *id_key,
                                       const struct siphash_key *tag_key)
{
    uint64_t seed = 0;
    memcpy(&seed, id_key->bytes, sizeof seed);
    make_folder();
    (void)seeded_random_begin(seed);
    disk_vfs_seed(seed);
    struct memory_store *store = calloc(1, sizeof *store);
    CHECK(store != NULL);
    store->lists = calloc(DISK_LIST_COUNT, sizeof *store->lists);
    CHECK(store->lists != NULL);
    store->tag_key = *tag_key;
    (void)snprintf(store->path, sizeof store->path, "%s/usher.db", folder);
    random_seed(&store->random, seed);
    store->disk = disk_open(folder, seed);
    CHECK(store->disk != NULL);
    disk_watch(store->disk, called, store);
    seen.stores++;
    open_sqlite(store);
    prepare_programme(store);
    return store;
}

void memory_store_close(struct memory_store *store)
{
    if (store == NULL) return;
    sqlite_store_close(store->sqlite);
    disk_close(store->disk);
    for (uint32_t list = 0; list < DISK_LIST_COUNT; list++) free(store->lists[list].rows);
    free(store->lists);
    free(store);
}

static int64_t put_layout(struct memory_store *store, const struct seat_layout *layout)
{
    static const char letters[] = {
        [SEAT_STANDARD] = 's', [SEAT_VIP] = 'v', [SEAT_COUPLE] = 'c', [SEAT_TYPE_COUNT] = '-'};
    char places[SEATS_PER_SHOWTIME_MAX];
    const size_t count = (size_t)layout->rows * layout->cols;
    for (size_t place = 0; place < count; place++) places[place] = letters[layout->types[place]];
    struct database *database = &store->sqlite->database;
    sqlite3_stmt *insert = database_statement(
        database, "INSERT OR IGNORE INTO seat_layout(rows,cols,places) VALUES(?1,?2,?3)");
    CHECK(insert != NULL);
    (void)sqlite3_bind_int(insert, 1, layout->rows);
    (void)sqlite3_bind_int(insert, 2, layout->cols);
    database_bind_text(insert, 3, (struct slice){.data = places, .size = count});
    CHECK(database_run(insert) == SQLITE_DONE);
    sqlite3_stmt *row = database_statement(
        database, "SELECT number FROM seat_layout WHERE rows=?1 AND cols=?2 AND places=?3");
    CHECK(row != NULL);
    (void)sqlite3_bind_int(row, 1, layout->rows);
    (void)sqlite3_bind_int(row, 2, layout->cols);
    database_bind_text(row, 3, (struct slice){.data = places, .size = count});
    CHECK(sqlite3_step(row) == SQLITE_ROW);
    const int64_t number = sqlite3_column_int64(row, 0);
    database_done(row);
    return number;
}

/* The simulation only adds. */
void memory_store_put_showtime(struct memory_store *store, const struct memory_showtime *showtime)
{
    const struct seat_layout *layout = showtime->layout;
    int seat_count = 0;
    for (uint32_t place = 0; place < (uint32_t)layout->rows * layout->cols; place++) {
        seat_count += layout->types[place] != SEAT_TYPE_COUNT;
    }
    const int64_t number = put_layout(store, layout);
    sqlite3_stmt *insert = database_statement(
        &store->sqlite->database,
        "INSERT INTO showtime(id,movie,cinema,screen_id,layout,starts_at,ends_at,price_standard,"
        "price_vip,price_couple,total_seats,available_seats)"
        " VALUES(?1,'" MOVIE "','" CINEMA "','s',?2,?3,?4,?5,?6,?7,?8,?8)");
    CHECK(insert != NULL);
    char id[ID_HEX_SIZE];
    id_format(showtime->id, id);
    database_bind_text(insert, 1, (struct slice){.data = id, .size = ID_HEX_SIZE});
    (void)sqlite3_bind_int64(insert, 2, number);
    (void)sqlite3_bind_int64(insert, 3, showtime->starts_at_ms);
    (void)sqlite3_bind_int64(insert, 4, showtime->ends_at_ms);
    (void)sqlite3_bind_int64(insert, 5, showtime->prices[SEAT_STANDARD]);
    (void)sqlite3_bind_int64(insert, 6, showtime->prices[SEAT_VIP]);
    (void)sqlite3_bind_int64(insert, 7, showtime->prices[SEAT_COUPLE]);
    (void)sqlite3_bind_int(insert, 8, seat_count);
    CHECK(database_run(insert) == SQLITE_DONE);
}

void memory_store_fail_next(struct memory_store *store, enum memory_fault fault)
{
    store->fault = fault;
}

/* A commit that must be lost: the power fails before its last write, or in its flush and the disk
 * has nothing of it; or the flush fails and leaves nothing. One that must be kept the same way. */
static void arrange_unknown(struct memory_store *store, bool kept)
{
    struct random *random = &store->random;
    store->kept = kept;
    if (random_chance(random, 40)) {
        plan(store, (struct disk_plan){
                        .fault = DISK_FAULT_SYNC, .times = 1, .kept_share = kept ? 100 : 0});
        return;
    }
    store->dies_in_sync = kept || random_chance(random, 40);
    if (!store->dies_in_sync) plan_death(store, random_below(random, FAR_WRITES));
}

static void arrange(struct memory_store *store)
{
    switch (store->fault) {
    case MEMORY_FAULT_BEGIN:
    case MEMORY_FAULT_RECORD_UNAVAILABLE:
    case MEMORY_FAULT_COMMIT_UNAVAILABLE:
        plan(store, (struct disk_plan){.fault = DISK_FAULT_FULL,
                                       .after = random_below(&store->random, FAR_WRITES),
                                       .times = 1});
        break;
    case MEMORY_FAULT_COMMIT_LOST:
    case MEMORY_FAULT_COMMIT_KEPT:
        arrange_unknown(store, store->fault == MEMORY_FAULT_COMMIT_KEPT);
        break;
    default:
        break;
    }
}

/* What is left of the arrangement: the fault comes once, or later. */
static void clear_up(struct memory_store *store)
{
    if (disk_failed(store->disk) > 0) {
        count_fault(store->planned);
        store->fault = MEMORY_FAULT_NONE;
    }
    store->dies_in_sync = false;
    if (!disk_dead(store->disk)) disk_plan(store->disk, (struct disk_plan){0});
}

static enum ending choose_ending(struct memory_store *store)
{
    const uint32_t dice = random_below(&store->random, 100);
    if (!store->unknown) return dice < 30 ? ENDING_KILLED : ENDING_CUT;
    const bool died = disk_dead(store->disk);
    if (store->kept) return dice < 30 ? ENDING_KILLED : ENDING_CUT;
    if (!died && dice < 40) return ENDING_IN_ORDER;
    /* A process that is killed in its flush has written all, and the next one sees it. */
    return died && !store->last_was_sync && dice < 60 ? ENDING_KILLED : ENDING_CUT;
}

/* What was under way when the power failed may be there whole or not at all, as arranged. */
static enum disk_cut_kind choose_cut(struct memory_store *store)
{
    if (store->unknown && store->last_was_sync) {
        return store->kept ? DISK_CUT_WRITTEN : DISK_CUT_LOST;
    }
    return (enum disk_cut_kind)random_below(&store->random, DISK_CUT_COUNT);
}

static void come_back(struct memory_store *store, enum ending ending, enum disk_cut_kind kind)
{
    if (ending == ENDING_CUT) {
        disk_cut(store->disk, kind, random_next(&store->random), store->disk);
    }
    disk_revive(store->disk);
}

/* The next process comes to its end in the same way, while it starts or copies the log. */
static void end_again(struct memory_store *store, enum ending ending)
{
    struct database_reason reason;
    seen.again++;
    plan_death(store, random_below(&store->random, 8));
    if (sqlite_store_open(store->path, &store->tag_key, &store->sqlite, &reason) == ERROR_NONE) {
        const enum error error = database_checkpoint(&store->sqlite->database, false);
        CHECK(error == ERROR_NONE || disk_dead(store->disk));
        sqlite_store_close(store->sqlite);
    }
    come_back(store, ending, (enum disk_cut_kind)random_below(&store->random, DISK_CUT_COUNT));
}

void memory_store_crash(struct memory_store *store)
{
    const enum ending ending = choose_ending(store);
    const enum disk_cut_kind kind = choose_cut(store);
    count_ending(ending);
    if (ending != ENDING_IN_ORDER && !disk_dead(store->disk)) plan_death(store, 0);
    sqlite_store_close(store->sqlite);
    come_back(store, ending, kind);
    if (random_chance(&store->random, 25)) end_again(store, ending);
    store->unknown = false;
    store->fault = MEMORY_FAULT_NONE;
    open_sqlite(store);
}

static const struct store *inner_of(const struct memory_store *store, struct store *port)
{
    *port = sqlite_store_port(store->sqlite);
    return port;
}

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    struct store port;
    const struct store *inner = inner_of(context, &port);
    return inner->methods->load(inner->context, showtime, block, ret_map);
}

static enum error pending(void *context, struct id after, struct id *showtimes, size_t capacity,
                          size_t *ret_count)
{
    struct store port;
    const struct store *inner = inner_of(context, &port);
    return inner->methods->pending(inner->context, after, showtimes, capacity, ret_count);
}

static enum error begin(void *context)
{
    struct store port;
    struct memory_store *store = context;
    const struct store *inner = inner_of(store, &port);
    if (store->fault == MEMORY_FAULT_RECORD && random_chance(&store->random, 50)) {
        plan(store, (struct disk_plan){.fault = DISK_FAULT_READ,
                                       .after = random_below(&store->random, 2),
                                       .times = 1});
    }
    return inner->methods->begin(inner->context);
}

static enum error gather(void *context, struct turn *turn)
{
    struct store port;
    const struct store *inner = inner_of(context, &port);
    return inner->methods->gather(inner->context, turn);
}

/* That the store finds a turn impossible is no fault of the disk, unless it cannot read. */
static bool refuses(struct memory_store *store)
{
    if (disk_failed(store->disk) > 0) store->fault = MEMORY_FAULT_NONE;
    if (store->fault != MEMORY_FAULT_RECORD) return false;
    store->fault = MEMORY_FAULT_NONE;
    return true;
}

static enum error record(void *context, const struct turn *turn)
{
    struct store port;
    const struct store *inner = inner_of(context, &port);
    if (refuses(context)) return ERROR_INTERNAL_ERROR;
    disk_rows_outdated(context);
    return inner->methods->record(inner->context, turn);
}

static enum error edit(void *context, struct catalogue_edit *wanted, int64_t now_ms)
{
    struct store port;
    const struct store *inner = inner_of(context, &port);
    if (refuses(context)) return ERROR_INTERNAL_ERROR;
    disk_rows_outdated(context);
    wanted->locale = &plain_locale;
    wanted->actor = SLICE("staff");
    wanted->role = SLICE("admin");
    return inner->methods->edit(inner->context, wanted, now_ms);
}

static enum error commit(void *context)
{
    struct memory_store *store = context;
    struct store port;
    const struct store *inner = inner_of(store, &port);
    if (disk_failed(store->disk) == 0) arrange(store);
    const enum error error = inner->methods->commit(inner->context);
    store->unknown = store->unknown || error == ERROR_OUTCOME_UNKNOWN;
    clear_up(store);
    disk_rows_outdated(store);
    return error;
}

static void rollback(void *context)
{
    struct store port;
    const struct store *inner = inner_of(context, &port);
    inner->methods->rollback(inner->context);
    clear_up(context);
    disk_rows_outdated(context);
}

static enum error tend(void *context, int64_t now_ms)
{
    struct store port;
    const struct store *inner = inner_of(context, &port);
    disk_rows_outdated(context);
    return inner->methods->tend(inner->context, now_ms);
}

static const struct store_methods methods = {.load = load,
                                             .pending = pending,
                                             .begin = begin,
                                             .gather = gather,
                                             .record = record,
                                             .edit = edit,
                                             .commit = commit,
                                             .rollback = rollback,
                                             .tend = tend};

struct store memory_store_port(struct memory_store *store)
{
    return (struct store){.context = store, .methods = &methods};
}
