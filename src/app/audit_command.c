#include "app/commands.h"
#include "base/clock.h"
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

int audit_command(const struct config *config)
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
    print_counts(&counts, clock_steady_us() - started_us);
    if (counts.violations == 0) {
        puts("every rule holds");
        return EXIT_SUCCESS;
    }
    printf("%llu broken\n", (unsigned long long)counts.violations);
    return EXIT_FAILURE;
}
