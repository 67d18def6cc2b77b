#include "store/sqlite/editing.h"
#include "store/sqlite/staff_rows.h"

enum { ACTION_SIZE_MAX = 32 };

/* `movie.create` */
static struct slice action_of(const struct editing *editing, struct slice kind, char *target)
{
    const bool created = editing->edit->outcome == EDIT_CREATED;
    struct buffer action;
    buffer_init(&action, target, ACTION_SIZE_MAX);
    buffer_append(&action, kind);
    buffer_append(&action, created ? SLICE(".create") : SLICE(".update"));
    CHECK(!action.overflowed);
    return buffer_text(&action);
}

enum error editing_journal(struct editing *editing, struct slice kind, struct id id)
{
    const struct catalogue_edit *edit = editing->edit;
    CHECK(edit_wrote(edit));
    CHECK(edit->actor.size > 0);

    json_close_object(&editing->json);
    CHECK(!editing->detail.overflowed);
    char action[ACTION_SIZE_MAX];
    const struct journal_line line = {.at_ms = editing->now_ms,
                                      .actor = user_of(edit->actor),
                                      .role = edit->role,
                                      .action = action_of(editing, kind, action),
                                      .subject = id,
                                      .detail = buffer_text(&editing->detail)};
    const int code = staff_rows_write_line(editing->writing.database, &line);
    return code == SQLITE_DONE ? ERROR_NONE : writing_failure(&editing->writing);
}
