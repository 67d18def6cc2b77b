#include "store/sqlite/row_ids.h"

#include <string.h>

#include "store/sqlite/rows.h"

bool row_ids_open(struct database *database, struct row_ids *ret_ids)
{
    struct row_ids ids = {.database = database};
    if (!rows_read_key(database, &ids.key)) return false;
    sqlite3_stmt *row = database_statement(database, "SELECT 1 FROM moved_id LIMIT 1");
    if (row == NULL) return false;
    const int code = sqlite3_step(row);
    ids.moved = code == SQLITE_ROW;
    if (code != SQLITE_ROW && code != SQLITE_DONE) (void)database_failure(database, "moved ids");
    database_done(row);
    *ret_ids = ids;
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* The first column of the row, or 0. */
static int64_t ask(const struct row_ids *ids, sqlite3_stmt *row)
{
    const int code = sqlite3_step(row);
    const int64_t number = code == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        (void)database_failure(ids->database, "moved id");
    }
    database_done(row);
    return number;
}

int64_t row_ids_number(const struct row_ids *ids, enum id_kind kind, struct id id)
{
    if (ids->moved) {
        sqlite3_stmt *row =
            database_statement(ids->database, "SELECT number FROM moved_id WHERE id=?1 AND"
                                              " kind=?2");
        if (row == NULL) return 0;
        (void)sqlite3_bind_blob(row, 1, id.bytes, ID_SIZE, SQLITE_TRANSIENT);
        (void)sqlite3_bind_int(row, 2, (int)kind);
        const int64_t number = ask(ids, row);
        if (number != 0) return number;
    }
    return (int64_t)id_open(&ids->key, kind, id);
}

struct id row_ids_id(const struct row_ids *ids, enum id_kind kind, int64_t number)
{
    if (number < 1 || (uint64_t)number > ID_NUMBER_MAX) return (struct id){0};
    if (!ids->moved) return id_seal(&ids->key, kind, (uint64_t)number);
    sqlite3_stmt *row =
        database_statement(ids->database, "SELECT id FROM moved_id WHERE kind=?1 AND number=?2");
    if (row == NULL) return (struct id){0};
    (void)sqlite3_bind_int(row, 1, (int)kind);
    (void)sqlite3_bind_int64(row, 2, number);
    const int code = sqlite3_step(row);
    struct id id = {0};
    if (code == SQLITE_DONE) {
        id = id_seal(&ids->key, kind, (uint64_t)number);
    } else if (code == SQLITE_ROW) {
        const struct slice bytes = database_column_blob(row, 0);
        if (bytes.size == ID_SIZE) memcpy(id.bytes, bytes.data, ID_SIZE);
    } else {
        (void)database_failure(ids->database, "moved id");
    }
    database_done(row);
    return id;
}

int64_t row_ids_coded(const struct row_ids *ids, struct code code)
{
    const int64_t own = (int64_t)code_to_number(&ids->key, code);
    if (!ids->moved) return own;
    sqlite3_stmt *row =
        database_statement(ids->database, "SELECT number FROM moved_id WHERE code_number=?1");
    if (row == NULL) return 0;
    (void)sqlite3_bind_int64(row, 1, own);
    const int64_t number = ask(ids, row);
    if (number != 0) return number;
    /* Nor has a moved booking the code of its number. */
    const struct code given = row_ids_code(ids, own);
    return memcmp(given.letters, code.letters, CODE_SIZE) == 0 ? own : 0;
}

struct code row_ids_code(const struct row_ids *ids, int64_t number)
{
    int64_t coded = 0;
    if (ids->moved) {
        sqlite3_stmt *row = database_statement(
            ids->database, "SELECT code_number FROM moved_id WHERE kind=?1 AND number=?2");
        if (row != NULL) {
            (void)sqlite3_bind_int(row, 1, ID_BOOKING);
            (void)sqlite3_bind_int64(row, 2, number);
            coded = ask(ids, row);
        }
    }
    return code_of_number(&ids->key, (uint64_t)(coded != 0 ? coded : number));
}

int64_t row_ids_next_taken(const struct row_ids *ids, int64_t from)
{
    if (!ids->moved) return INT64_MAX;
    sqlite3_stmt *row =
        database_statement(ids->database, "SELECT code_number FROM moved_id"
                                          " WHERE code_number>=?1 ORDER BY code_number LIMIT 1");
    if (row == NULL) return INT64_MAX;
    (void)sqlite3_bind_int64(row, 1, from);
    const int64_t taken = ask(ids, row);
    return taken == 0 ? INT64_MAX : taken;
}

int row_ids_move(struct row_ids *ids, enum id_kind kind, int64_t number, struct id id,
                 const struct code *code)
{
    CHECK(number > 0);
    sqlite3_stmt *insert =
        database_statement(ids->database, "INSERT INTO moved_id VALUES(?1,?2,?3,?4)");
    if (insert == NULL) return sqlite3_extended_errcode(ids->database->handle);
    (void)sqlite3_bind_int(insert, 1, (int)kind);
    (void)sqlite3_bind_int64(insert, 2, number);
    (void)sqlite3_bind_blob(insert, 3, id.bytes, ID_SIZE, SQLITE_TRANSIENT);
    if (code != NULL) {
        (void)sqlite3_bind_int64(insert, 4, (int64_t)code_to_number(&ids->key, *code));
    }
    ids->moved = true;
    return database_run(insert);
}
