#include <unistd.h>

#include "app/commands.h"
#include "app/interruption.h"
#include "base/clock.h"
#include "store/sqlite/backup.h"
#include "store/sqlite/folder.h"

enum { PROGRESS_EVERY_US = 200000 };

struct progress {
    bool shown; /* On a terminal only. */
    int64_t next_us;
};

static bool proceed(void *context, int copied, int total)
{
    struct progress *progress = context;
    const int64_t now_us = clock_steady_us();
    if (progress->shown && now_us >= progress->next_us) {
        fprintf(stderr, "\r%3d %%", (int)((int64_t)copied * 100 / total));
        progress->next_us = now_us + PROGRESS_EVERY_US;
    }
    return !interruption_asked();
}

static int run(const char *source, const char *file, struct backup *backup)
{
    struct database_reason reason = {0};
    const int64_t started_us = clock_steady_us();
    if (backup_open(source, file, backup, &reason) != ERROR_NONE) {
        fprintf(stderr, "usher backup: %s\n", reason.text);
        return EXIT_USAGE;
    }
    struct progress progress = {.shown = isatty(STDERR_FILENO) == 1};
    const struct backup_watcher watcher = {.context = &progress, .proceed = proceed};
    const enum error error = backup_copy(backup, watcher, &reason);
    if (progress.shown) fputs("\r     \r", stderr);
    if (error != ERROR_NONE) {
        fprintf(stderr, "usher backup: %s\n", reason.text);
        return EXIT_FAILURE;
    }
    printf("%s: %.1f MB in %.1f s\n", file, (double)backup->size / 1e6,
           (double)(clock_steady_us() - started_us) / 1e6);
    return EXIT_SUCCESS;
}

int backup_command(const struct config *config, const char *file)
{
    static struct backup backup;
    char source[DATABASE_PATH_SIZE];
    if (!folder_database_path(config->data.text, source)) {
        fprintf(stderr, "usher backup: the path \"%.100s\" is too long\n", config->data.text);
        return EXIT_USAGE;
    }
    log_set_level(LOG_ERROR); /* What SQLite warns of is in the reason. */
    interruption_listen();    /* The first signal removes what there is of the copy. */
    const int exit_code = run(source, file, &backup);
    backup_close(&backup);
    return exit_code;
}
