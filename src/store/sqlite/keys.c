#include "store/sqlite/keys.h"

#include <string.h>

#include "base/log.h"
#include "store/key_day.h"
#include "store/sqlite/rows.h"

#define KEY_COLUMNS "fingerprint,booking,payment,created,created_at"
#define KEY_MATCHES " WHERE key=?1 AND user=?2 AND operation=?3"
#define KEY_VALUES " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"

static enum error read_setting(struct sqlite_store *store, const char *name, int64_t *ret_value)
{
    sqlite3_stmt *row =
        database_statement(&store->database, "SELECT value FROM setting WHERE name=?1");
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    database_bind_text(row, 1, slice_of(name));
    const bool found = sqlite3_step(row) == SQLITE_ROW;
    if (found) *ret_value = sqlite3_column_int64(row, 0);
    database_done(row);
    return found ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}

enum error keys_open(struct sqlite_store *store)
{
    int64_t table = 0;
    int64_t day = 0;
    if (read_setting(store, "keys_table", &table) != ERROR_NONE ||
        read_setting(store, "keys_day", &day) != ERROR_NONE) {
        return ERROR_STORE_UNAVAILABLE;
    }
    if (table < 0 || table > 1 || day < 0) return ERROR_STORE_UNAVAILABLE;
    store->keys = (struct keys_in_use){.table = (int)table, .day = day};
    keys_keep(store);
    return ERROR_NONE;
}

static void bind_claim(sqlite3_stmt *statement, const struct claim_key *claim)
{
    (void)sqlite3_bind_blob(statement, 1, &claim->key, sizeof claim->key, SQLITE_STATIC);
    database_bind_text(statement, 2, user_name(&claim->user));
    database_bind_text(statement, 3, operation_name(claim->operation));
}

static bool read_record(const struct sqlite_store *store, sqlite3_stmt *row,
                        const struct claim_key *claim, struct key_record *ret_record)
{
    const struct row_ids *ids = &store->ids;
    const struct slice fingerprint = database_column_blob(row, 0);
    if (fingerprint.size != sizeof claim->fingerprint.bytes) return false;
    struct key_record record = {.claim = *claim,
                                .booking = rows_column_id(row, 1, ids, ID_BOOKING),
                                .payment = rows_column_id(row, 2, ids, ID_PAYMENT),
                                .created = sqlite3_column_int(row, 3) != 0,
                                .created_at_ms = sqlite3_column_int64(row, 4)};
    if (id_is_none(record.booking)) return false;
    memcpy(record.claim.fingerprint.bytes, fingerprint.data, fingerprint.size);
    *ret_record = record;
    return true;
}

enum error keys_find(struct sqlite_store *store, const struct claim_key *claim,
                     struct key_record *ret_record)
{
    CHECK(ret_record != NULL);

    sqlite3_stmt *row = database_statement(
        &store->database, "SELECT " KEY_COLUMNS " FROM idempotency_0" KEY_MATCHES
                          " UNION ALL SELECT " KEY_COLUMNS " FROM idempotency_1" KEY_MATCHES);
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    bind_claim(row, claim);
    const int code = sqlite3_step(row);
    enum error error = ERROR_NOT_FOUND;
    if (code == SQLITE_ROW) {
        const bool whole = read_record(store, row, claim, ret_record);
        error = whole ? ERROR_NONE : ERROR_INTERNAL_ERROR;
        if (!whole) log_event(LOG_ERROR, "row_broken", LOG_TEXT("table", SLICE("idempotency")));
    } else if (code != SQLITE_DONE) {
        error = writer_state_note(store, database_failure(&store->database, "find key"));
    }
    database_done(row);
    return error;
}

int keys_insert(struct sqlite_store *store, const struct key_record *record)
{
    static const char *const inserts[] = {"INSERT INTO idempotency_0" KEY_VALUES,
                                          "INSERT INTO idempotency_1" KEY_VALUES};
    CHECK(store->keys.table == 0 || store->keys.table == 1);

    const struct row_ids *ids = &store->ids;
    sqlite3_stmt *insert = database_statement(&store->database, inserts[store->keys.table]);
    if (insert == NULL) return sqlite3_extended_errcode(store->database.handle);
    bind_claim(insert, &record->claim);
    (void)sqlite3_bind_blob(insert, 4, record->claim.fingerprint.bytes,
                            sizeof record->claim.fingerprint.bytes, SQLITE_STATIC);
    rows_bind_id(insert, 5, ids, ID_BOOKING, record->booking);
    rows_bind_id(insert, 6, ids, ID_PAYMENT, record->payment);
    (void)sqlite3_bind_int(insert, 7, record->created);
    (void)sqlite3_bind_int64(insert, 8, record->created_at_ms);
    return database_run(insert);
}

/* A DELETE without a condition gives the table's pages back without looking at its rows. */
static bool change_day(struct sqlite_store *store, bool empty, struct keys_in_use next)
{
    static const char *const deletes[] = {"DELETE FROM idempotency_0", "DELETE FROM idempotency_1"};
    if (empty && database_execute(&store->database, deletes[next.table]) != SQLITE_OK) {
        return false;
    }
    sqlite3_stmt *update = database_statement(
        &store->database, "UPDATE setting SET value=CASE name WHEN 'keys_table' THEN ?1 ELSE ?2 END"
                          " WHERE name IN ('keys_table','keys_day')");
    if (update == NULL) return false;
    (void)sqlite3_bind_int(update, 1, next.table);
    (void)sqlite3_bind_int64(update, 2, next.day);
    return database_run(update) == SQLITE_DONE;
}

enum error keys_begin_day(struct sqlite_store *store, int64_t now_ms)
{
    CHECK(!sqlite3_get_autocommit(store->database.handle));

    const int64_t today = key_day_of(now_ms);
    const enum key_day_action action = key_day_judge(store->keys.day, today);
    if (action == KEY_DAY_KEEP) return ERROR_NONE;
    struct keys_in_use next = {.table = store->keys.table, .day = today};
    if (action == KEY_DAY_SWITCH) next.table = 1 - next.table;
    if (!change_day(store, action == KEY_DAY_SWITCH, next)) {
        return database_failure(&store->database, "keys day");
    }
    store->keys = next;
    return ERROR_NONE;
}

void keys_undo(struct sqlite_store *store)
{
    store->keys = store->keys_committed;
}

void keys_keep(struct sqlite_store *store)
{
    store->keys_committed = store->keys;
}

enum error keys_tend(struct sqlite_store *store, int64_t now_ms)
{
    CHECK(!store->open);

    if (key_day_judge(store->keys.day, key_day_of(now_ms)) == KEY_DAY_KEEP) return ERROR_NONE;
    if (database_execute(&store->database, "BEGIN IMMEDIATE") != SQLITE_OK) {
        return database_failure(&store->database, "keys begin");
    }
    enum error error = keys_begin_day(store, now_ms);
    if (error == ERROR_NONE && database_execute(&store->database, "COMMIT") != SQLITE_OK) {
        error = database_failure(&store->database, "keys commit");
    }
    if (!sqlite3_get_autocommit(store->database.handle)) {
        (void)database_execute(&store->database, "ROLLBACK");
    }
    if (error == ERROR_NONE) keys_keep(store);
    else keys_undo(store);
    return error;
}
