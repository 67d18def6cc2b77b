#include "app/commands.h"
#include "base/clock.h"
#include "store/mongo/mongo_audit.h"
#include "store/mongo/mongo_move.h"
#include "store/sqlite/audit.h"
#include "store/sqlite/folder.h"

static void print_violation(void *context, struct slice text)
{
    (void)context;
    /* What is stored may be anything, and a terminal obeys control characters. */
    for (size_t index = 0; index < text.size; index++) {
        const unsigned char letter = (unsigned char)text.data[index];
        putchar(letter < ' ' || letter == 0x7f ? '?' : letter);
    }
    putchar('\n');
}

static void print_counts(const struct audit_counts *counts, int64_t took_us)
{
    printf("%llu showtimes, %llu bookings, %llu claimed seats, %llu payments, %llu keys "
           "checked in %.1f s\n",
           (unsigned long long)counts->showtimes, (unsigned long long)counts->bookings,
           (unsigned long long)counts->claims, (unsigned long long)counts->payments,
           (unsigned long long)counts->keys, (double)took_us / 1e6);
}

/* What instances do by themselves breaks no rule; who looks should know of it. */
static void print_waiting(const struct audit_counts *counts)
{
    if (counts->unsettled > 0) {
        printf("%llu to be written by the next sweep\n", (unsigned long long)counts->unsettled);
    }
    if (counts->undecided > 0) {
        printf("%llu paid and to be decided by an instance\n",
               (unsigned long long)counts->undecided);
    }
    if (counts->intents > 0) {
        printf("%llu begun and never decided, without effect\n",
               (unsigned long long)counts->intents);
    }
}

/* The process's exit code, once all is read. */
static int conclude(const struct audit_counts *counts, int64_t started_us)
{
    print_counts(counts, clock_steady_us() - started_us);
    print_waiting(counts);
    if (counts->violations == 0) {
        puts("every rule holds");
        return EXIT_SUCCESS;
    }
    printf("%llu broken\n", (unsigned long long)counts->violations);
    return EXIT_FAILURE;
}

static int audit_file(const struct config *config)
{
    char path[DATABASE_PATH_SIZE];
    struct audit_counts counts = {0};
    struct database_reason reason = {0};
    if (!folder_database_path(config->data.text, path)) {
        fprintf(stderr, "usher audit: the path \"%.100s\" is too long\n", config->data.text);
        return EXIT_USAGE;
    }
    log_set_level(LOG_ERROR); /* What SQLite warns of is in the reason. */
    const int64_t started_us = clock_steady_us();
    if (audit_run(path, print_violation, NULL, &counts, &reason) != ERROR_NONE) {
        fprintf(stderr, "usher audit: %s\n", reason.text);
        return counts.violations > 0 ? EXIT_FAILURE : EXIT_USAGE;
    }
    return conclude(&counts, started_us);
}

static int audit_shared(const struct config *config)
{
    struct mongo_connection *connection = NULL;
    struct mongo_client client = {0};
    struct audit_counts counts = {0};
    struct mongo_reason reason = {""};
    log_set_level(LOG_ERROR); /* What the driver warns of is in the reason. */
    const int64_t started_us = clock_steady_us();
    mongo_connection_begin();
    enum error error = mongo_connection_open(config->mongo_uri.text, &connection, &reason);
    if (error == ERROR_NONE) {
        mongo_explain(&reason, "the pool has no client left");
        error = mongo_client_open(connection, &client);
    }
    if (error == ERROR_NONE) error = mongo_move_check_whole(&client, &reason);
    if (error == ERROR_NONE) {
        const struct mongo_audit_options options = {.report = print_violation};
        error = mongo_audit_run(&client, &options, &counts, &reason);
    }
    mongo_client_close(&client);
    mongo_connection_close(connection);
    if (error == ERROR_NONE) return conclude(&counts, started_us);
    fprintf(stderr, "usher audit: MONGO_URI: %s\n", reason.text);
    return counts.violations > 0 ? EXIT_FAILURE : EXIT_USAGE;
}

int audit_command(const struct config *config)
{
    const bool shared = config_slice(&config->mongo_uri).size > 0;
    return shared ? audit_shared(config) : audit_file(config);
}
