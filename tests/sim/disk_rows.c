/* disk_rows.c - the rows of usher.db as the store in memory shows its own. */
#include <stdlib.h>

#include "base/check.h"
#include "core/journal.h"
#include "sim/disk_store.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/staff_rows.h"
#include "store/sqlite/writer_state.h"

void disk_rows_outdated(const struct memory_store *store)
{
    for (uint32_t list = 0; list < DISK_LIST_COUNT; list++) store->lists[list].current = false;
}

/* What a list is read with. */
struct reading {
    const char *sql;
    size_t size; /* Of a row. */
    bool (*read)(const struct memory_store *store, sqlite3_stmt *row, void *ret_row);
};

static void read_rows(const struct memory_store *store, const struct reading *reading,
                      struct disk_rows *rows)
{
    sqlite3_stmt *row = database_statement(&store->sqlite->database, reading->sql);
    CHECK(row != NULL);
    rows->count = 0;
    int code = sqlite3_step(row);
    for (; code == SQLITE_ROW; code = sqlite3_step(row)) {
        if (rows->count == rows->capacity) {
            rows->capacity = rows->capacity * 2 + 64;
            rows->rows = realloc(rows->rows, rows->capacity * reading->size);
            CHECK(rows->rows != NULL);
        }
        const bool read = reading->read(store, row, rows->rows + rows->count * reading->size);
        CHECK(read);
        rows->count++;
    }
    CHECK(code == SQLITE_DONE);
    database_done(row);
    rows->current = true;
}

static const void *list_rows(const struct memory_store *store, enum disk_list list,
                             const struct reading *reading, size_t *ret_count)
{
    struct disk_rows *rows = &store->lists[list];
    if (!rows->current) read_rows(store, reading, rows);
    *ret_count = rows->count;
    return rows->rows;
}

static bool read_booking(const struct memory_store *store, sqlite3_stmt *row, void *ret_row)
{
    return rows_read_booking(row, &store->sqlite->ids, ret_row);
}

static bool read_payment(const struct memory_store *store, sqlite3_stmt *row, void *ret_row)
{
    return rows_read_payment(row, &store->sqlite->ids, ret_row);
}

static bool read_block(const struct memory_store *store, sqlite3_stmt *row, void *ret_row)
{
    return staff_rows_read_block(row, &store->sqlite->ids, ret_row);
}

static bool read_key(const struct memory_store *store, sqlite3_stmt *row, void *ret_row)
{
    const struct row_ids *ids = &store->sqlite->ids;
    struct key_record record = {.booking = rows_column_id(row, 4, ids, ID_BOOKING),
                                .payment = rows_column_id(row, 5, ids, ID_PAYMENT),
                                .created = sqlite3_column_int(row, 6) != 0,
                                .created_at_ms = sqlite3_column_int64(row, 7)};
    const struct slice name = database_column_blob(row, 0);
    const struct slice fingerprint = database_column_blob(row, 3);
    if (name.size != sizeof record.claim.key) return false;
    if (fingerprint.size != sizeof record.claim.fingerprint) return false;
    memcpy(&record.claim.key, name.data, name.size);
    memcpy(&record.claim.fingerprint, fingerprint.data, fingerprint.size);
    if (!rows_read_user(row, 1, &record.claim.user)) return false;
    while (!slice_equal(operation_name(record.claim.operation), database_column_text(row, 2))) {
        CHECK(record.claim.operation + 1 < OPERATION_COUNT);
        record.claim.operation++;
    }
    *(struct key_record *)ret_row = record;
    return true;
}

static bool read_entry(const struct memory_store *store, sqlite3_stmt *row, void *ret_row)
{
    (void)store;
    struct journal_entry entry = {.at_ms = sqlite3_column_int64(row, 0),
                                  .subject = database_column_id(row, 4)};
    while (!slice_equal(journal_action_name(entry.action), database_column_text(row, 3))) {
        CHECK(entry.action + 1 < JOURNAL_ACTION_COUNT);
        entry.action++;
    }
    const bool admin = slice_equal(database_column_text(row, 2), staff_role_name(STAFF_ROLE_ADMIN));
    entry.role = admin ? STAFF_ROLE_ADMIN : STAFF_ROLE_STAFF;
    if (!rows_read_user(row, 1, &entry.actor) || !rows_read_reason(row, 5, &entry.detail)) {
        return false;
    }
    *(struct journal_entry *)ret_row = entry;
    return true;
}

const struct booking *memory_store_bookings(const struct memory_store *store, size_t *ret_count)
{
    static const struct reading reading = {
        .sql = "SELECT " ROWS_BOOKING " FROM booking b"
               " JOIN showtime s ON s.number=b.showtime ORDER BY b.number",
        .size = sizeof(struct booking),
        .read = read_booking};
    return list_rows(store, DISK_LIST_BOOKINGS, &reading, ret_count);
}

const struct payment *memory_store_payments(const struct memory_store *store, size_t *ret_count)
{
    static const struct reading reading = {.sql = "SELECT " ROWS_PAYMENT
                                                  " FROM payment p ORDER BY p.number",
                                           .size = sizeof(struct payment),
                                           .read = read_payment};
    return list_rows(store, DISK_LIST_PAYMENTS, &reading, ret_count);
}

const struct key_record *memory_store_keys(const struct memory_store *store, size_t *ret_count)
{
    static const struct reading reading = {
        .sql = "SELECT key,user,operation,fingerprint,booking,payment,created,created_at"
               " FROM (SELECT * FROM idempotency_0 UNION ALL SELECT * FROM idempotency_1)"
               " ORDER BY created_at",
        .size = sizeof(struct key_record),
        .read = read_key};
    return list_rows(store, DISK_LIST_KEYS, &reading, ret_count);
}

const struct block *memory_store_blocks(const struct memory_store *store, size_t *ret_count)
{
    static const struct reading reading = {
        .sql = "SELECT " STAFF_ROWS_BLOCK " FROM block k"
               " JOIN showtime s ON s.number=k.showtime ORDER BY k.number",
        .size = sizeof(struct block),
        .read = read_block};
    return list_rows(store, DISK_LIST_BLOCKS, &reading, ret_count);
}

/* Edits have entries here, and none in memory. */
const struct journal_entry *memory_store_journal(const struct memory_store *store,
                                                 size_t *ret_count)
{
    static const struct reading reading = {
        .sql = "SELECT at,actor,role,action,subject,detail FROM journal"
               " WHERE action<>'showtime.update' ORDER BY number",
        .size = sizeof(struct journal_entry),
        .read = read_entry};
    return list_rows(store, DISK_LIST_JOURNAL, &reading, ret_count);
}
