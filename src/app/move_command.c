#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app/app_locale.h"
#include "app/commands.h"
#include "app/interruption.h"
#include "base/clock.h"
#include "store/mongo/mongo_export.h"
#include "store/mongo/mongo_import.h"
#include "store/sqlite/copy_mark.h"
#include "store/sqlite/durable.h"
#include "store/sqlite/folder.h"
#include "store/sqlite/sqlite_export.h"
#include "store/sqlite/sqlite_import.h"

enum { EXIT_REFUSED = 1, PROGRESS_EVERY_US = 200000 };

/* One export or import, and what it has open. */
struct move {
    const struct config *config;
    const char *name; /* Of the command. */
    bool shared;      /* The store is MongoDB's. */
    const char *path; /* Of the file; "-": standard input or output. */
    int descriptor;   /* Of it. */
    struct move_file file;
    struct folder folder;
    struct database database;
    struct mongo_connection *connection;
    struct move_reason reason;
    bool shows; /* Progress is shown: on a terminal only. */
    int64_t next_us;
};

static bool proceed(void *context, uint64_t line)
{
    struct move *move = context;
    if (move->shows && line % 256 == 0) {
        const int64_t now_us = clock_steady_us();
        if (now_us >= move->next_us) {
            fprintf(stderr, "\r%llu records", (unsigned long long)line);
            move->next_us = now_us + PROGRESS_EVERY_US;
        }
    }
    return !interruption_asked();
}

static int say(const struct move *move, int exit_code, const char *why)
{
    if (move->shows) fputs("\r                      \r", stderr);
    fprintf(stderr, "usher %s: %s\n", move->name, why);
    return exit_code;
}

static bool is_stream(const struct move *move)
{
    return strcmp(move->path, "-") == 0;
}

/* `s` for all counts but one. */
static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* What is on standard output may be the file itself. */
static void print_totals(const struct move *move, const char *done, int64_t took_us)
{
    const int64_t *counts = move->file.counts;
    FILE *target = is_stream(move) ? stderr : stdout;
    if (move->shows) fputs("\r                      \r", stderr);
    fprintf(target, "%s", done);
    for (enum move_kind kind = MOVE_MOVIE; kind < MOVE_END; kind++) {
        const char *name = kind == MOVE_ENTRY ? "journal line" : move_record_name(kind).data;
        fprintf(target, "%s %lld %s%s", kind == MOVE_MOVIE ? "" : ",", (long long)counts[kind],
                name, plural(counts[kind]));
    }
    fprintf(target, " in %.1f s\n", (double)took_us / 1e6);
}

/* Starts what both commands need; an exit code, 0 to go on. */
static int open_move(struct move *move, const struct config *config, const char *path)
{
    move->config = config;
    move->shared = config_slice(&config->mongo_uri).size > 0;
    move->path = path;
    move->shows = isatty(STDERR_FILENO) == 1;
    move->descriptor = -1;
    log_set_level(LOG_ERROR); /* What SQLite warns of is in the reason. */
    interruption_listen();    /* The first signal takes back what there is of it. */
    if (!move->shared) return EXIT_SUCCESS;
    struct mongo_reason why = {""};
    mongo_connection_begin();
    if (mongo_connection_open_patient(config->mongo_uri.text, &move->connection, &why) ==
        ERROR_NONE) {
        return EXIT_SUCCESS;
    }
    (void)move_record_explain(&move->reason, "MONGO_URI: %.400s", why.text);
    return say(move, EXIT_USAGE, move->reason.text);
}

static void close_move(struct move *move)
{
    move_file_close(&move->file);
    database_close(&move->database);
    folder_close(&move->folder);
    mongo_connection_close(move->connection);
}

static bool open_memory(struct move *move)
{
    const bool opened = move_file_open(&move->file, move->descriptor);
    move->file.watch = (struct move_watch){.context = move, .proceed = proceed};
    return opened || move_record_explain(&move->reason, "there is no memory for it");
}

static bool lock_folder(struct move *move)
{
    struct database_reason why;
    if (folder_open(move->config->data.text, &move->folder, &why) == ERROR_NONE) return true;
    return move_record_explain(&move->reason, "%.500s", why.text);
}

/* Opens the embedded store as a server does, its lock included. */
static bool open_store(struct move *move)
{
    char path[DATABASE_PATH_SIZE];
    struct database_reason why;
    const char *folder = move->config->data.text;
    if (!folder_database_path(folder, path) || access(path, F_OK) != 0) {
        return move_record_explain(&move->reason, "there is no store in %.400s", folder);
    }
    if (!lock_folder(move)) return false;
    if (database_open(path, DATABASE_WRITE, &move->database, &why) == ERROR_NONE &&
        copy_mark_settle(&move->database, clock_now_ms(), &why) == ERROR_NONE) {
        return true;
    }
    return move_record_explain(&move->reason, "%.500s", why.text);
}

/* Makes the file; nothing is overwritten. */
static bool create_file(struct move *move)
{
    if (is_stream(move)) {
        move->descriptor = STDOUT_FILENO;
        return true;
    }
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    move->descriptor = open(move->path, flags, 0600);
    if (move->descriptor >= 0) return true;
    if (errno == EEXIST) {
        return move_record_explain(&move->reason, "%.400s is there already; nothing is overwritten",
                                   move->path);
    }
    return move_record_explain(&move->reason, "%.400s cannot be made: %s", move->path,
                               strerror(errno));
}

static bool export_records(struct move *move)
{
    const struct move_head head = {.format = MOVE_FORMAT,
                                   .program = SLICE(USHER_VERSION),
                                   .made_at_ms = clock_now_ms(),
                                   .store = move->shared ? SLICE("mongodb") : SLICE("embedded")};
    if (!open_memory(move)) return false;
    return move->shared ? mongo_export(move->connection, &head, &move->file, &move->reason)
                        : sqlite_export(&move->database, &head, &move->file, &move->reason);
}

/* The file is on the disk, with its name. */
static bool keep_file(struct move *move)
{
    if (is_stream(move)) return true;
    if (fsync(move->descriptor) == 0 && durable_folder_of(move->path)) return true;
    return move_record_explain(&move->reason, "%.400s cannot be made durable: %s", move->path,
                               strerror(errno));
}

static int run_export(struct move *move)
{
    const int64_t started_us = clock_steady_us();
    if (!move->shared && !open_store(move)) return say(move, EXIT_USAGE, move->reason.text);
    if (!create_file(move)) return say(move, EXIT_USAGE, move->reason.text);
    const bool kept = export_records(move) && keep_file(move);
    if (!is_stream(move)) {
        (void)close(move->descriptor);
        if (!kept) (void)unlink(move->path);
    }
    if (!kept) return say(move, EXIT_REFUSED, move->reason.text);
    print_totals(move, "exported", clock_steady_us() - started_us);
    return EXIT_SUCCESS;
}

int export_command(const struct config *config, const char *file)
{
    static struct move move = {.name = "export"};
    int exit_code = open_move(&move, config, file);
    if (exit_code == EXIT_SUCCESS) exit_code = run_export(&move);
    close_move(&move);
    return exit_code;
}

static bool open_target(struct move *move, struct move_target *ret_target)
{
    if (move->shared) {
        struct mongo_import *import = NULL;
        if (!mongo_import_open(move->connection, app_locale(), clock_now_ms(), &import,
                               &move->reason)) {
            return false;
        }
        *ret_target = mongo_import_target(import);
        return true;
    }
    struct sqlite_import *import = NULL;
    if (!sqlite_import_open(move->folder.database_path, app_locale(), clock_now_ms(), &import,
                            &move->reason)) {
        return false;
    }
    *ret_target = sqlite_import_target(import);
    return true;
}

/* Record by record: read, judged, written. */
static bool copy(struct move *move, struct move_check *check, struct move_target target)
{
    static struct move_record record;
    struct move_reason why;
    do {
        if (!move_file_next(&move->file, &record, &move->reason)) return false;
        const bool put = move_check_next(check, &record, &why) &&
                         target.methods->put(target.context, &record, check, &why);
        if (put) continue;
        return move_record_explain(&move->reason, "line %llu: %.400s",
                                   (unsigned long long)move->file.line, why.text);
    } while (record.kind != MOVE_END);
    return true;
}

static bool import_records(struct move *move)
{
    struct move_check check = {0};
    struct move_target target = {0};
    if (!open_memory(move) || !move_check_open(&check)) {
        return move_record_explain(&move->reason, "there is no memory for it");
    }
    bool whole = open_target(move, &target);
    if (whole) {
        whole = copy(move, &check, target);
        target.methods->close(target.context);
    }
    move_check_close(&check);
    return whole;
}

static bool open_file(struct move *move)
{
    move->descriptor = STDIN_FILENO;
    if (is_stream(move)) return true;
    move->descriptor = open(move->path, O_RDONLY | O_CLOEXEC);
    if (move->descriptor >= 0) return true;
    return move_record_explain(&move->reason, "%.400s cannot be read: %s", move->path,
                               strerror(errno));
}

/* A store that this import has made for nothing goes again. */
static void remove_store(const struct move *move)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[DATABASE_PATH_SIZE + sizeof "-wal"];
    for (size_t index = 0; index < sizeof ends / sizeof *ends; index++) {
        (void)snprintf(path, sizeof path, "%s%s", move->folder.database_path, ends[index]);
        (void)unlink(path);
    }
}

static int run_import(struct move *move)
{
    const int64_t started_us = clock_steady_us();
    if (!open_file(move)) return say(move, EXIT_USAGE, move->reason.text);
    if (!move->shared && !lock_folder(move)) return say(move, EXIT_USAGE, move->reason.text);
    const bool was_there = move->shared || access(move->folder.database_path, F_OK) == 0;
    const bool whole = import_records(move);
    if (!is_stream(move)) (void)close(move->descriptor);
    if (!whole && !was_there) remove_store(move);
    if (!whole) {
        (void)say(move, EXIT_REFUSED, move->reason.text);
        fputs("nothing was imported\n", stderr);
        return EXIT_REFUSED;
    }
    print_totals(move, "imported", clock_steady_us() - started_us);
    return EXIT_SUCCESS;
}

int import_command(const struct config *config, const char *file)
{
    static struct move move = {.name = "import"};
    int exit_code = open_move(&move, config, file);
    if (exit_code == EXIT_SUCCESS) exit_code = run_import(&move);
    close_move(&move);
    return exit_code;
}
