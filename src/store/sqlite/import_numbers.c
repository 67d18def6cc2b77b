#include "store/sqlite/import_numbers.h"

#include <string.h>

#include "core/numbers.h"

/* As many records of one moment as no store has made. */
#define TRIES_MAX 10000000

bool import_numbers_is_taken(const struct row_ids *ids, enum id_kind kind, int64_t number)
{
    static const char *const sqls[] = {
        [ID_BOOKING] = "SELECT 1 FROM booking WHERE number=?1"
                       " UNION ALL SELECT 1 FROM moved_id WHERE kind=1 AND number=?1",
        [ID_PAYMENT] = "SELECT 1 FROM payment WHERE number=?1"
                       " UNION ALL SELECT 1 FROM moved_id WHERE kind=2 AND number=?1",
        [ID_BLOCK] = "SELECT 1 FROM block WHERE number=?1"
                     " UNION ALL SELECT 1 FROM moved_id WHERE kind=3 AND number=?1",
    };
    sqlite3_stmt *row = database_statement(ids->database, sqls[kind]);
    if (row == NULL) return true;
    (void)sqlite3_bind_int64(row, 1, number);
    const bool taken = sqlite3_step(row) != SQLITE_DONE;
    database_done(row);
    return taken;
}

static bool has_own_code(const struct row_ids *ids, const struct import_numbers_wish *wish,
                         uint64_t number)
{
    if (wish->code == NULL) return true;
    if (number > CODE_NUMBER_MAX) return false;
    const struct code own = code_of_number(&ids->key, number);
    return memcmp(own.letters, wish->code->letters, CODE_SIZE) == 0;
}

/* Two bookings of one code could not be told apart at the box office. */
static bool is_code_free(const struct row_ids *ids, const struct import_numbers_wish *wish)
{
    if (wish->code == NULL) return true;
    const int64_t holder = row_ids_coded(ids, *wish->code);
    return holder == 0 || !import_numbers_is_taken(ids, ID_BOOKING, holder);
}

static bool find_free(struct import_numbers *numbers, const struct import_numbers_wish *wish,
                      int64_t *ret_number)
{
    const enum id_kind kind = wish->kind;
    int64_t number = (int64_t)numbers_at(wish->made_at_ms, kind == ID_BOOKING);
    const bool known = number >= numbers->first[kind] && number <= numbers->last[kind];
    if (!known) numbers->first[kind] = number;
    if (known) number = numbers->last[kind] + 1;
    for (int try = 0; try < TRIES_MAX; try++, number++) {
        if (import_numbers_is_taken(numbers->ids, kind, number)) continue;
        numbers->last[kind] = number;
        *ret_number = number;
        return true;
    }
    return false;
}

bool import_numbers_allot(struct import_numbers *numbers, const struct import_numbers_wish *wish,
                          int64_t *ret_number, struct move_reason *ret_reason)
{
    struct row_ids *ids = numbers->ids;
    const uint64_t own = id_open(&ids->key, wish->kind, wish->id);
    const int64_t known = row_ids_number(ids, wish->kind, wish->id);
    if (known != 0 && (uint64_t)known != own) {
        return move_record_explain(ret_reason, "there is one of its id already");
    }
    if (!is_code_free(ids, wish)) {
        return move_record_explain(ret_reason, "its code is another booking's");
    }
    if (own != 0 && has_own_code(ids, wish, own)) {
        *ret_number = (int64_t)own;
        if (!import_numbers_is_taken(ids, wish->kind, (int64_t)own)) return true;
        if (id_equal(row_ids_id(ids, wish->kind, (int64_t)own), wish->id)) {
            return move_record_explain(ret_reason, "there is one of its id already");
        }
    }
    if (!find_free(numbers, wish, ret_number)) {
        return move_record_explain(ret_reason, "there is no number left for it");
    }
    if (row_ids_move(ids, wish->kind, *ret_number, wish->id, wish->code) == SQLITE_DONE) {
        return true;
    }
    return move_record_explain(ret_reason, "its id cannot be kept: %s",
                               sqlite3_errmsg(ids->database->handle));
}
