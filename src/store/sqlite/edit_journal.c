#include "store/sqlite/editing.h"
#include "store/sqlite/staff_rows.h"

enum error editing_journal(struct editing *editing, struct id id)
{
    const struct catalogue_edit *edit = editing->edit;
    CHECK(edit_wrote(edit));
    CHECK(edit->actor.size > 0);

    CHECK(!editing->detail.overflowed);
    char action[EDITED_ACTION_SIZE_MAX];
    const struct journal_line line = {.at_ms = editing->now_ms,
                                      .actor = user_of(edit->actor),
                                      .role = edit->role,
                                      .action = edited_action(edit, action),
                                      .subject = id,
                                      .detail = buffer_text(&editing->detail)};
    const int code = staff_rows_write_line(editing->writing.database, &line);
    return code == SQLITE_DONE ? ERROR_NONE : writing_failure(&editing->writing);
}
