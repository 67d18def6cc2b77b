#include "store/sqlite/staff_record.h"

#include "store/sqlite/rows.h"
#include "store/sqlite/staff_rows.h"

enum { REFUSED = SQLITE_CONSTRAINT };

static int failed_to_prepare(struct sqlite_store *store)
{
    return sqlite3_extended_errcode(store->database.handle);
}

/* Runs a change that must hit exactly one row. */
static int change_one(struct sqlite_store *store, sqlite3_stmt *statement)
{
    const int code = database_run(statement);
    if (code != SQLITE_DONE) return code;
    return sqlite3_changes(store->database.handle) == 1 ? SQLITE_DONE : REFUSED;
}

int staff_record_insert_block(struct sqlite_store *store, int64_t showtime,
                              const struct block *block)
{
    if (showtime == 0) return REFUSED;
    sqlite3_stmt *insert =
        database_statement(&store->database, "INSERT INTO block VALUES(?1,?2,?3,?4,?5,?6,?7)");
    if (insert == NULL) return failed_to_prepare(store);
    char seats[STAFF_ROWS_SEATS_SIZE];
    rows_bind_id(insert, 1, &store->ids, ID_BLOCK, block->id);
    (void)sqlite3_bind_int64(insert, 2, showtime);
    database_bind_text(insert, 3, staff_rows_write_seats(block, seats));
    database_bind_text(insert, 4, reason_text(&block->reason));
    database_bind_text(insert, 5, user_name(&block->created_by));
    (void)sqlite3_bind_int64(insert, 6, block->created_at_ms);
    database_bind_moment(insert, 7, block->released_at_ms);
    return change_one(store, insert);
}

static int release_block(struct sqlite_store *store, const struct block *block)
{
    sqlite3_stmt *update =
        database_statement(&store->database, "UPDATE block SET released_at=?2"
                                             " WHERE number=?1 AND released_at IS NULL");
    if (update == NULL) return failed_to_prepare(store);
    rows_bind_id(update, 1, &store->ids, ID_BLOCK, block->id);
    database_bind_moment(update, 2, block->released_at_ms);
    return change_one(store, update);
}

int staff_record_blocks(struct sqlite_store *store, int64_t showtime, const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->block_count; index++) {
        const struct block_fact *fact = &facts->blocks[index];
        int code = SQLITE_DONE;
        if (fact->state == FACT_NEW)
            code = staff_record_insert_block(store, showtime, &fact->block);
        else if (fact->state == FACT_CHANGED) code = release_block(store, &fact->block);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_DONE;
}

int staff_record_journal(struct sqlite_store *store, const struct facts *facts)
{
    for (uint32_t index = 0; index < facts->journal_count; index++) {
        const struct journal_entry *entry = &facts->journal[index];
        const struct journal_line line = {.at_ms = entry->at_ms,
                                          .actor = entry->actor,
                                          .role = staff_role_name(entry->role),
                                          .action = journal_action_name(entry->action),
                                          .subject = entry->subject,
                                          .detail = reason_text(&entry->detail)};
        const int code = staff_rows_write_line(&store->database, &line);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_DONE;
}

int staff_record_cancellation(struct sqlite_store *store, int64_t showtime,
                              const struct seat_map *map)
{
    CHECK(map->status == SHOWTIME_CANCELLED);
    sqlite3_stmt *update = database_statement(
        &store->database,
        "UPDATE showtime SET status='cancelled',cancelled_at=?2,cancellation_reason=?3"
        " WHERE number=?1 AND status<>'cancelled'");
    if (update == NULL) return failed_to_prepare(store);
    (void)sqlite3_bind_int64(update, 1, showtime);
    database_bind_moment(update, 2, map->cancelled_at_ms);
    database_bind_optional(update, 3, reason_text(&map->cancellation_reason));
    return change_one(store, update);
}
