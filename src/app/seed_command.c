#include "app/seed_command.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/app_locale.h"
#include "app/commands.h"
#include "app/demo_catalogue.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalogue/catalogue_file.h"
#include "store/sqlite/catalogue_write.h"
#include "store/sqlite/folder.h"

enum { EXIT_REFUSED = 1 };

/* What one load needs and tells. */
struct load {
    struct arena arena;
    struct faults faults;
    struct catalogue_entries entries;
    struct catalogue_report report;
};

/* Address space only: what the file does not use is never backed by memory. */
static bool load_open(struct load *load, size_t file_size)
{
    const size_t size = catalogue_file_arena_size(file_size);
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED) {
        fputs("usher: there is not enough memory to read the catalogue\n", stderr);
        return false;
    }
    *load = (struct load){0};
    arena_init(&load->arena, block, size);
    return true;
}

static void load_close(struct load *load)
{
    CHECK(munmap(load->arena.block, load->arena.capacity) == 0);
}

static void print_faults(const char *name, const struct faults *faults)
{
    fprintf(stderr, "%s: %zu %s, nothing was loaded\n", name, faults->count,
            faults->count == 1 ? "mistake" : "mistakes");
    for (size_t index = 0; index < faults_listed(faults); index++) {
        const struct slice text = faults_text(faults, index);
        fprintf(stderr, "%.*s\n", (int)text.size, text.data);
    }
    const size_t unlisted = faults->count - faults_listed(faults);
    if (unlisted > 0) fprintf(stderr, "and %zu more\n", unlisted);
}

static void print_kept(const char *name, const struct load *load)
{
    const struct catalogue_report *report = &load->report;
    fprintf(stderr, "%s: %zu showtimes would change but have bookings, nothing was loaded\n", name,
            report->kept_count);
    for (size_t at = 0; at < report->kept_count && at < CATALOGUE_WRITE_KEPT_MAX; at++) {
        char id[ID_HEX_SIZE];
        id_format(load->entries.showtimes[report->kept[at]].showtime.id, id);
        fprintf(stderr,
                "showtimes[%zu]: showtime %.*s has bookings or blocked seats and cannot "
                "change\n",
                report->kept[at], ID_HEX_SIZE, id);
    }
    if (report->kept_count > CATALOGUE_WRITE_KEPT_MAX) {
        fprintf(stderr, "and %zu more\n", report->kept_count - CATALOGUE_WRITE_KEPT_MAX);
    }
}

static enum error write_file(void *context, const struct catalogue_entries *entries,
                             struct catalogue_report *ret_report)
{
    return catalogue_write(context, entries, app_locale(), ret_report);
}

/* Reads the text and writes it; says on standard error why not. */
static int load_text(struct load *load, seed_write *write, void *context, struct slice text,
                     int64_t now_ms, const char *name)
{
    if (!catalogue_file_read(text, now_ms, &load->arena, &load->entries, &load->faults)) {
        print_faults(name, &load->faults);
        return EXIT_REFUSED;
    }
    const enum error error = write(context, &load->entries, &load->report);
    switch (error) {
    case ERROR_NONE:
        return EXIT_SUCCESS;
    case ERROR_VALIDATION_FAILED:
        print_kept(name, load);
        return EXIT_REFUSED;
    case ERROR_OUTCOME_UNKNOWN:
        fprintf(stderr, "%s: the disk failed; load the file again to be sure\n", name);
        return EXIT_RESTART;
    default:
        fprintf(stderr, "%s: the store cannot be written, nothing was loaded\n", name);
        return EXIT_REFUSED;
    }
}

static void print_loaded(const struct load *load)
{
    const struct catalogue_report *report = &load->report;
    printf("loaded %zu movies, %zu cinemas, %zu showtimes (%zu new, %zu updated)\n",
           load->entries.movie_count, load->entries.cinema_count, load->entries.showtime_count,
           report->movies.added + report->cinemas.added + report->showtimes.added,
           report->movies.changed + report->cinemas.changed + report->showtimes.changed);
}

/* Reads the whole file into memory of its own; NULL, and it is said why, if it cannot be. */
static char *read_file(const char *path, size_t *ret_size)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    char *data = file < 0 ? NULL : malloc(CATALOGUE_FILE_SIZE_MAX + 1);
    size_t size = 0;
    ssize_t part = data == NULL ? -1 : 1;
    while (part > 0 && size <= CATALOGUE_FILE_SIZE_MAX) {
        part = read(file, data + size, CATALOGUE_FILE_SIZE_MAX + 1 - size);
        if (part < 0 && errno == EINTR) part = 1;
        else if (part > 0) size += (size_t)part;
    }
    if (part < 0) {
        fprintf(stderr, "usher: %s cannot be read: %s\n", path, strerror(errno));
    } else if (size > CATALOGUE_FILE_SIZE_MAX) {
        fprintf(stderr, "usher: %s is larger than 64 MiB\n", path);
        part = -1;
    }
    if (file >= 0) close(file);
    if (part == 0) {
        *ret_size = size;
        return data;
    }
    free(data);
    return NULL;
}

static int seed_folder(struct slice text, const char *path, const char *folder_path)
{
    struct folder folder = {0};
    struct database database = {0};
    struct database_reason reason;
    struct load load;
    if (!load_open(&load, text.size)) return EXIT_REFUSED;
    int exit_code = EXIT_REFUSED;
    if (folder_open(folder_path, &folder, &reason) != ERROR_NONE ||
        database_open(folder.database_path, DATABASE_WRITE, &database, &reason) != ERROR_NONE) {
        fprintf(stderr, "usher: %s\n", reason.text);
    } else {
        exit_code = load_text(&load, write_file, &database, text, clock_now_ms(), path);
    }
    if (exit_code == EXIT_SUCCESS) print_loaded(&load);
    database_close(&database);
    folder_close(&folder);
    load_close(&load);
    return exit_code;
}

int seed_command(const char *path, const char *folder)
{
    CHECK(path != NULL);
    CHECK(folder != NULL);

    size_t size = 0;
    char *data = read_file(path, &size);
    if (data == NULL) return EXIT_USAGE;
    const int exit_code = seed_folder((struct slice){.data = data, .size = size}, path, folder);
    free(data);
    return exit_code;
}

int seed_file(const char *path, seed_write *write, void *context)
{
    CHECK(path != NULL);

    size_t size = 0;
    struct load load;
    char *data = read_file(path, &size);
    if (data == NULL) return EXIT_USAGE;
    int exit_code = EXIT_REFUSED;
    if (load_open(&load, size)) {
        exit_code =
            load_text(&load, write, context, (struct slice){data, size}, clock_now_ms(), path);
        if (exit_code == EXIT_SUCCESS) print_loaded(&load);
        load_close(&load);
    }
    free(data);
    return exit_code;
}

static bool is_empty(struct database *database)
{
    sqlite3_stmt *statement =
        database_statement(database, "SELECT 1 WHERE EXISTS(SELECT 1 FROM movie)"
                                     " OR EXISTS(SELECT 1 FROM cinema)"
                                     " OR EXISTS(SELECT 1 FROM showtime)");
    if (statement == NULL) return false;
    const bool empty = sqlite3_step(statement) == SQLITE_DONE;
    database_done(statement);
    return empty;
}

int seed_demo_into(seed_write *write, void *context, int64_t now_ms)
{
    const struct slice text = {.data = (const char *)demo_catalogue, .size = demo_catalogue_size};
    struct load load;
    if (!load_open(&load, text.size)) return EXIT_REFUSED;
    const int exit_code = load_text(&load, write, context, text, now_ms, "demo catalogue");
    if (exit_code == EXIT_SUCCESS) {
        log_event(LOG_INFO, "demo_loaded", LOG_NUMBER("movies", load.entries.movie_count),
                  LOG_NUMBER("cinemas", load.entries.cinema_count),
                  LOG_NUMBER("showtimes", load.entries.showtime_count));
    }
    load_close(&load);
    return exit_code;
}

int seed_demo(const char *database_path, int64_t now_ms)
{
    CHECK(database_path != NULL);

    struct database database = {0};
    struct database_reason reason;
    if (database_open(database_path, DATABASE_WRITE, &database, &reason) != ERROR_NONE) {
        fprintf(stderr, "usher: %s\n", reason.text);
        return EXIT_REFUSED;
    }
    int exit_code = EXIT_SUCCESS;
    if (is_empty(&database)) exit_code = seed_demo_into(write_file, &database, now_ms);
    database_close(&database);
    return exit_code;
}
