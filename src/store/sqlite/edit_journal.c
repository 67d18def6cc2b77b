#include "store/sqlite/editing.h"

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
    sqlite3_stmt *statement = database_statement(
        editing->writing.database,
        "INSERT INTO journal(at,actor,role,action,subject,detail) VALUES(?1,?2,?3,?4,?5,?6)");
    if (statement == NULL) return writing_failure(&editing->writing);
    char hex[ID_HEX_SIZE];
    char action[ACTION_SIZE_MAX];
    (void)sqlite3_bind_int64(statement, 1, editing->now_ms);
    database_bind_text(statement, 2, edit->actor);
    database_bind_text(statement, 3, edit->role);
    database_bind_text(statement, 4, action_of(editing, kind, action));
    writing_bind_id(statement, 5, id, hex);
    database_bind_text(statement, 6, buffer_text(&editing->detail));
    bool wrote = false;
    return writing_run(&editing->writing, statement, &wrote);
}
