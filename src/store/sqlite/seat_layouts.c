#include "store/sqlite/seat_layouts.h"

#include "base/buffer.h"
#include "core/layout.h"
#include "store/sqlite/load.h"

enum {
    LIST_SIZE_MAX = 2 + 5 * SEATS_PER_SHOWTIME_MAX, /* `[0,1,...,2499]` */
};

static const char letters[SEAT_TYPE_COUNT + 1] = {
    [SEAT_STANDARD] = 's', [SEAT_VIP] = 'v', [SEAT_COUPLE] = 'c', [SEAT_TYPE_COUNT] = '-'};

/* The JSON of the plan's two lists, and its places as letters. */
struct layout_texts {
    char places[SEATS_PER_SHOWTIME_MAX];
    char aisles[LIST_SIZE_MAX];
    char accessible[LIST_SIZE_MAX];
};

static struct slice write_places(const struct seat_layout *layout, char *target)
{
    const uint32_t count = layout_places(layout);
    for (uint32_t place = 0; place < count; place++) {
        CHECK(layout->types[place] <= SEAT_TYPE_COUNT);
        target[place] = letters[layout->types[place]];
    }
    return (struct slice){.data = target, .size = count};
}

static void append_element(struct buffer *list, size_t index, uint32_t number)
{
    if (index > 0) buffer_append_char(list, ',');
    buffer_append_unsigned(list, number);
}

static struct slice write_aisles(const struct seat_plan *plan, char *target)
{
    struct buffer list;
    buffer_init(&list, target, LIST_SIZE_MAX);
    buffer_append_char(&list, '[');
    for (size_t index = 0; index < plan->aisle_count; index++) {
        append_element(&list, index, plan->aisles_after[index]);
    }
    buffer_append_char(&list, ']');
    CHECK(!list.overflowed);
    return buffer_text(&list);
}

static struct slice write_accessible(const struct seat_plan *plan, char *target)
{
    struct buffer list;
    buffer_init(&list, target, LIST_SIZE_MAX);
    buffer_append_char(&list, '[');
    for (size_t index = 0; index < plan->accessible_count; index++) {
        append_element(&list, index, plan->accessible[index]);
    }
    buffer_append_char(&list, ']');
    CHECK(!list.overflowed);
    return buffer_text(&list);
}

enum error seat_layouts_write(struct database *database, const struct seat_plan *plan,
                              int64_t *ret_number)
{
    CHECK(ret_number != NULL);

    struct layout_texts texts;
    const struct slice columns[] = {
        write_places(&plan->layout, texts.places),
        write_aisles(plan, texts.aisles),
        write_accessible(plan, texts.accessible),
    };
    static const char *const sqls[] = {
        "INSERT OR IGNORE INTO seat_layout(rows,cols,places,aisles_after,accessible)"
        " VALUES(?1,?2,?3,?4,?5)",
        "SELECT number FROM seat_layout WHERE rows=?1 AND cols=?2 AND places=?3"
        " AND aisles_after=?4 AND accessible=?5",
    };
    enum error error = ERROR_NONE;
    for (size_t step = 0; step < sizeof sqls / sizeof sqls[0] && error == ERROR_NONE; step++) {
        sqlite3_stmt *statement = database_statement(database, sqls[step]);
        if (statement == NULL) return database_failure(database, "seat layout");
        (void)sqlite3_bind_int64(statement, 1, plan->layout.rows);
        (void)sqlite3_bind_int64(statement, 2, plan->layout.cols);
        for (int column = 0; column < 3; column++) {
            database_bind_text(statement, 3 + column, columns[column]);
        }
        const int code = sqlite3_step(statement);
        if (code == SQLITE_ROW) *ret_number = sqlite3_column_int64(statement, 0);
        const bool done = code == (step == 0 ? SQLITE_DONE : SQLITE_ROW);
        if (!done) error = database_failure(database, "seat layout");
        database_done(statement);
    }
    return error;
}

/* Reads `[1,2,3]`, as written above, and gives the numbers, each at most `max`, to `list`. */
static bool read_list(struct slice text, uint64_t max, uint16_t *list, size_t capacity,
                      size_t *ret_count)
{
    if (text.size < 2 || text.data[0] != '[' || text.data[text.size - 1] != ']') return false;
    struct slice rest = {.data = text.data + 1, .size = text.size - 2};
    size_t count = 0;
    while (rest.size > 0) {
        uint64_t number = 0;
        if (count == capacity) return false;
        if (!slice_to_number(slice_trim(slice_cut(rest, ',', &rest)), max, &number)) return false;
        list[count++] = (uint16_t)number;
    }
    *ret_count = count;
    return true;
}

bool seat_layouts_read(sqlite3_stmt *row, int first, struct seat_plan *ret_plan)
{
    CHECK(ret_plan != NULL);

    if (!load_layout(sqlite3_column_int64(row, first), sqlite3_column_int64(row, first + 1),
                     database_column_text(row, first + 2), &ret_plan->layout)) {
        return false;
    }
    uint16_t aisles[COLS_MAX];
    const uint32_t places = layout_places(&ret_plan->layout);
    if (!read_list(database_column_text(row, first + 3), COLS_MAX, aisles, COLS_MAX,
                   &ret_plan->aisle_count)) {
        return false;
    }
    for (size_t index = 0; index < ret_plan->aisle_count; index++) {
        ret_plan->aisles_after[index] = (uint8_t)aisles[index];
    }
    return read_list(database_column_text(row, first + 4), places - 1, ret_plan->accessible, places,
                     &ret_plan->accessible_count);
}
