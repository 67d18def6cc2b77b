#include "store/sqlite/staff_rows.h"

#include "base/log.h"
#include "store/sqlite/rows.h"
#include "json/json_read.h"
#include "json/json_write.h"

enum { SEATS_ARENA_SIZE = 32 * 1024 }; /* A hundred names are as many small nodes. */

bool staff_rows_read_seats(struct slice json, struct block *block)
{
    _Alignas(16) char memory[SEATS_ARENA_SIZE];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    const struct json *root = NULL;
    struct json_fault fault;
    if (!json_parse(json, &arena, &root, &fault)) return false;
    if (root->kind != JSON_ARRAY || root->count > SEATS_PER_BLOCK_MAX) return false;

    uint8_t count = 0;
    for (const struct json *seat = root->first; seat != NULL; seat = seat->next) {
        if (seat->kind != JSON_STRING) return false;
        if (!seat_name_parse(seat->text, &block->seats[count])) return false;
        count++;
    }
    block->seat_count = count;
    return count > 0;
}

struct slice staff_rows_write_seats(const struct block *block, char text[STAFF_ROWS_SEATS_SIZE])
{
    struct buffer buffer;
    buffer_init(&buffer, text, STAFF_ROWS_SEATS_SIZE);
    struct json_writer writer = json_writer_of(&buffer);
    json_open_array(&writer);
    for (uint32_t index = 0; index < block->seat_count; index++) {
        char name[SEAT_NAME_SIZE_MAX];
        const size_t size = seat_name_format(block->seats[index], name);
        json_text(&writer, (struct slice){.data = name, .size = size});
    }
    json_close_array(&writer);
    CHECK(!buffer.overflowed);
    return buffer_text(&buffer);
}

static bool report_broken(sqlite3_stmt *row, const char *table)
{
    log_event(LOG_ERROR, "row_broken", LOG_TEXT("table", slice_of(table)),
              LOG_NUMBER("number", sqlite3_column_int64(row, 0)));
    return false;
}

bool staff_rows_read_block(sqlite3_stmt *row, const struct row_ids *ids, struct block *ret_block)
{
    struct block block = {
        .id = rows_column_id(row, 0, ids, ID_BLOCK),
        .showtime = database_column_id(row, 1),
        .created_at_ms = sqlite3_column_int64(row, 5),
        .released_at_ms = sqlite3_column_int64(row, 6),
    };
    const bool read = !id_is_none(block.id) && !id_is_none(block.showtime) &&
                      staff_rows_read_seats(database_column_text(row, 2), &block) &&
                      rows_read_reason(row, 3, &block.reason) &&
                      rows_read_user(row, 4, &block.created_by);
    if (!read) return report_broken(row, "block");
    *ret_block = block;
    return true;
}

enum error staff_rows_read_line(sqlite3_stmt *row, struct arena *arena,
                                struct journal_line *ret_line)
{
    struct journal_line line = {
        .at_ms = sqlite3_column_int64(row, 1),
        .role = arena_copy(arena, database_column_text(row, 3)),
        .action = arena_copy(arena, database_column_text(row, 4)),
        .subject = database_column_id(row, 5),
        .detail = arena_copy(arena, database_column_text(row, 6)),
    };
    if (line.role.data == NULL || line.action.data == NULL || line.detail.data == NULL) {
        return ERROR_OVERLOADED;
    }
    if (id_is_none(line.subject) || !rows_read_user(row, 2, &line.actor)) {
        (void)report_broken(row, "journal");
        return ERROR_INTERNAL_ERROR;
    }
    *ret_line = line;
    return ERROR_NONE;
}

int staff_rows_write_line(struct database *database, const struct journal_line *line)
{
    sqlite3_stmt *insert =
        database_statement(database, "INSERT INTO journal(at,actor,role,action,subject,detail)"
                                     " VALUES(?1,?2,?3,?4,?5,?6)");
    if (insert == NULL) return sqlite3_extended_errcode(database->handle);
    char subject[ID_HEX_SIZE];
    id_format(line->subject, subject);
    (void)sqlite3_bind_int64(insert, 1, line->at_ms);
    database_bind_text(insert, 2, user_name(&line->actor));
    database_bind_text(insert, 3, line->role);
    database_bind_text(insert, 4, line->action);
    database_bind_text(insert, 5, (struct slice){.data = subject, .size = sizeof subject});
    database_bind_text(insert, 6, line->detail);
    return database_run(insert);
}
