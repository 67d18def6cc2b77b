#include "powercut/contents.h"

static const char *const queries[] = {
    "SELECT sql FROM sqlite_schema ORDER BY name",
    "SELECT * FROM setting WHERE name <> 'copied_at'", /* A copy's own; see copy_mark.h. */
    "SELECT * FROM seat_layout",
    "SELECT * FROM movie",
    "SELECT * FROM cinema",
    "SELECT * FROM screen",
    "SELECT * FROM showtime",
    "SELECT * FROM booking",
    "SELECT * FROM seat_claim",
    "SELECT * FROM block",
    "SELECT * FROM payment",
    "SELECT * FROM journal",
    "SELECT * FROM idempotency_0",
    "SELECT * FROM idempotency_1",
};

static void mix(uint64_t *digest, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t index = 0; index < size; index++) {
        *digest = (*digest ^ byte[index]) * UINT64_C(0x100000001b3);
    }
}

static void mix_row(uint64_t *digest, sqlite3_stmt *row)
{
    for (int column = 0; column < sqlite3_column_count(row); column++) {
        const int type = sqlite3_column_type(row, column);
        mix(digest, &type, sizeof type);
        if (type == SQLITE_INTEGER) {
            const sqlite3_int64 number = sqlite3_column_int64(row, column);
            mix(digest, &number, sizeof number);
        } else if (type != SQLITE_NULL) {
            const void *bytes = sqlite3_column_blob(row, column);
            mix(digest, bytes, (size_t)sqlite3_column_bytes(row, column));
        }
    }
}

static bool read_all(struct database *database, uint64_t *digest)
{
    for (size_t index = 0; index < sizeof queries / sizeof queries[0]; index++) {
        sqlite3_stmt *row = database_statement(database, queries[index]);
        if (row == NULL) return false;
        mix(digest, &index, sizeof index);
        int code = sqlite3_step(row);
        for (; code == SQLITE_ROW; code = sqlite3_step(row)) mix_row(digest, row);
        database_done(row);
        if (code != SQLITE_DONE) return false;
    }
    return true;
}

bool contents_digest(struct database *database, uint64_t *ret_digest)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    if (database_execute(database, "BEGIN") != SQLITE_OK) return false;
    const bool read = read_all(database, &digest);
    const bool ended = database_execute(database, "COMMIT") == SQLITE_OK;
    if (read) *ret_digest = digest;
    return read && ended;
}

bool contents_digest_file(const char *path, uint64_t *ret_digest,
                          struct database_reason *ret_reason)
{
    struct database database;
    if (database_open(path, DATABASE_READ, &database, ret_reason) != ERROR_NONE) return false;
    const bool read = contents_digest(&database, ret_digest);
    if (!read)
        database_explain(ret_reason, "a row cannot be read: %s", sqlite3_errmsg(database.handle));
    database_close(&database);
    return read;
}
