#include "store/sqlite/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/copy_mark.h"
#include "store/sqlite/durable.h"
#include "store/sqlite/rows.h"

/* SQLite's log cannot start over while a copy reads, and the server's disk must have room for it:
 * some minutes of the busiest sale. */
#define LOG_SIZE_MAX (INT64_C(1) << 30)

enum {
    STEP_PAGES = 256, /* 1 MB: how soon a request to stop is heard. */
    /* 16 MB. The server's commits may share a disk with the copy, and wait for what the kernel
     * has yet to write of it. */
    FLUSH_PAGES = 4096,
};

static bool explain_errno(struct database_reason *ret_reason, const char *path, const char *what)
{
    database_explain(ret_reason, "%s cannot be %s: %s", path, what, strerror(errno));
    return false;
}

/* A relative path gets "./" in front: SQLite takes one that begins with "file:" for a URI. */
static bool set_paths(struct backup *backup, const char *path, struct database_reason *ret_reason)
{
    const char *front = path[0] == '/' ? "" : "./";
    const int size = snprintf(backup->path, sizeof backup->path, "%s%s", front, path);
    const int part_size = snprintf(backup->part, sizeof backup->part, "%s%s.part", front, path);
    if (size > 0 && part_size > 0 && (size_t)part_size < sizeof backup->part) return true;
    database_explain(ret_reason, "the path of the backup is longer than %d bytes",
                     DATABASE_PATH_SIZE - 8);
    return false;
}

/* The first read fixes the moment; a file without a key is no store yet. */
static bool open_source(struct backup *backup, const char *source,
                        struct database_reason *ret_reason)
{
    struct database *database = &backup->source;
    if (database_open(source, DATABASE_READ, database, ret_reason) != ERROR_NONE) return false;
    struct siphash_key key;
    const bool read =
        database_execute(database, "BEGIN") == SQLITE_OK && rows_read_key(database, &key);
    explicit_bzero(&key, sizeof key);
    if (read) return true;
    database_explain(ret_reason, "%s cannot be read, or is not a store: %s", source,
                     sqlite3_errmsg(database->handle));
    return false;
}

/* The descriptor stays open to the end: it hears of every write that the disk refuses. */
static bool open_part(struct backup *backup, struct database_reason *ret_reason)
{
    if (faccessat(AT_FDCWD, backup->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        database_explain(ret_reason, "%s is there already; nothing is overwritten", backup->path);
        return false;
    }
    const int file = open(backup->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST) {
        database_explain(ret_reason,
                         "%s is there: another backup is under way, or was killed; then remove it",
                         backup->part);
        return false;
    }
    if (file < 0) return explain_errno(ret_reason, backup->part, "made");
    backup->file = file + 1;
    return true;
}

/* Without a journal and flushes of its own: a copy that fails is thrown away. */
static bool open_target(struct backup *backup, struct database_reason *ret_reason)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(backup->part, &backup->target, flags, NULL) == SQLITE_OK &&
        sqlite3_exec(backup->target, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL,
                     NULL) == SQLITE_OK) {
        return true;
    }
    database_explain(ret_reason, "%s cannot be written: %s", backup->part,
                     sqlite3_errmsg(backup->target));
    return false;
}

static void close_target(struct backup *backup)
{
    const int code = sqlite3_close(backup->target);
    CHECK(code == SQLITE_OK);
    backup->target = NULL;
}

enum error backup_open(const char *source, const char *path, struct backup *ret_backup,
                       struct database_reason *ret_reason)
{
    CHECK(source != NULL);
    CHECK(path != NULL);
    CHECK(ret_reason != NULL);

    *ret_backup = (struct backup){0};
    const bool opened = set_paths(ret_backup, path, ret_reason) &&
                        open_source(ret_backup, source, ret_reason) &&
                        open_part(ret_backup, ret_reason) && open_target(ret_backup, ret_reason);
    return opened ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}

static bool log_is_long(const struct backup *backup)
{
    struct stat status;
    const char *path = sqlite3_filename_wal(sqlite3_db_filename(backup->source.handle, "main"));
    return stat(path, &status) == 0 && status.st_size > LOG_SIZE_MAX;
}

/* SQLITE_DONE, SQLITE_INTERRUPT if the watcher ends it, SQLITE_TOOBIG if the server's log grows
 * too long meanwhile, or the code of a failure. */
static int copy_pages(struct backup *backup, sqlite3_backup *copy, struct backup_watcher watcher)
{
    int code = SQLITE_OK;
    int flushed = 0;
    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(copy, STEP_PAGES);
        const int total = sqlite3_backup_pagecount(copy);
        const int copied = total - sqlite3_backup_remaining(copy);
        if (code != SQLITE_OK) continue;
        if (!watcher.proceed(watcher.context, copied, total)) code = SQLITE_INTERRUPT;
        if (log_is_long(backup)) code = SQLITE_TOOBIG;
        if (copied - flushed < FLUSH_PAGES) continue;
        if (fdatasync(backup->file - 1) != 0) code = SQLITE_IOERR_FSYNC;
        flushed = copied;
    }
    return code;
}

static bool copy_store(struct backup *backup, struct backup_watcher watcher,
                       struct database_reason *ret_reason)
{
    sqlite3_backup *copy =
        sqlite3_backup_init(backup->target, "main", backup->source.handle, "main");
    if (copy == NULL) {
        database_explain(ret_reason, "the copy cannot begin: %s", sqlite3_errmsg(backup->target));
        return false;
    }
    const int code = copy_pages(backup, copy, watcher);
    const int finish_code = sqlite3_backup_finish(copy);
    if (code == SQLITE_DONE && finish_code == SQLITE_OK) return true;
    if (code == SQLITE_INTERRUPT) {
        database_explain(ret_reason, "stopped before the copy was whole");
    } else if (code == SQLITE_TOOBIG) {
        database_explain(ret_reason,
                         "given up: the server's log has grown past %lld MB meanwhile; choose a "
                         "quiet hour or a faster disk",
                         (long long)(LOG_SIZE_MAX >> 20));
    } else {
        const int cause = code == SQLITE_DONE ? finish_code : code;
        database_explain(ret_reason, "%s cannot be copied to %s: %s",
                         sqlite3_db_filename(backup->source.handle, "main"), backup->part,
                         sqlite3_errstr(cause));
    }
    return false;
}

/* A copy has its source's header, which names a WAL; with one of its own, a crash could leave a
 * WAL behind that a later copy of this name would be read with. Servers put it back. */
static bool mark_copy(struct backup *backup, struct database_reason *ret_reason)
{
    static const char rollback_journal[2] = {1, 1};
    enum { HEADER_VERSIONS = 18 }; /* Where a file says how it is written, and read. */
    if (pwrite(backup->file - 1, rollback_journal, sizeof rollback_journal, HEADER_VERSIONS) !=
        (ssize_t)sizeof rollback_journal) {
        return explain_errno(ret_reason, backup->part, "written");
    }
    if (!open_target(backup, ret_reason)) return false;
    const bool marked = copy_mark_set(backup->target) == SQLITE_OK;
    if (!marked) {
        database_explain(ret_reason, "%s cannot be marked as a copy: %s", backup->part,
                         sqlite3_errmsg(backup->target));
    }
    close_target(backup);
    return marked;
}

/* File systems that cannot rename without replacing, some over networks, get a check first. */
static bool give_name(const struct backup *backup)
{
    const int code = renameat2(AT_FDCWD, backup->part, AT_FDCWD, backup->path, RENAME_NOREPLACE);
    if (code == 0 || errno != EINVAL) return code == 0;
    if (faccessat(AT_FDCWD, backup->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(backup->part, backup->path) == 0;
}

static bool keep_copy(struct backup *backup, struct database_reason *ret_reason)
{
    struct stat status;
    const int file = backup->file - 1;
    if (fsync(file) != 0 || fstat(file, &status) != 0) {
        return explain_errno(ret_reason, backup->part, "made durable");
    }
    if (!give_name(backup)) return explain_errno(ret_reason, backup->path, "given its name");
    backup->done = true;
    backup->size = (uint64_t)status.st_size;
    if (durable_folder_of(backup->path)) return true;
    return explain_errno(ret_reason, backup->path, "made durable, though it is whole");
}

enum error backup_copy(struct backup *backup, struct backup_watcher watcher,
                       struct database_reason *ret_reason)
{
    CHECK(backup->file > 0);
    CHECK(!backup->done);
    CHECK(watcher.proceed != NULL);
    CHECK(ret_reason != NULL);

    if (!copy_store(backup, watcher, ret_reason)) return ERROR_STORE_UNAVAILABLE;
    close_target(backup);
    database_close(&backup->source); /* The WAL may start over while the copy is flushed. */
    const bool kept = mark_copy(backup, ret_reason) && keep_copy(backup, ret_reason);
    return kept ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}

void backup_close(struct backup *backup)
{
    (void)sqlite3_close(backup->target);
    database_close(&backup->source);
    if (backup->file > 0) {
        if (!backup->done) (void)unlink(backup->part);
        close(backup->file - 1);
    }
    *backup = (struct backup){0};
}
