#include "http/programme.h"

#include "base/check.h"
#include "base/clock.h"
#include "catalogue/catalogue_entry.h"
#include "http/catalogue_routes.h"
#include "http/reply.h"
#include "http/request_body.h"
#include "http/staff.h"

enum {
    ARENA_PER_BYTE = 64,         /* A value of two bytes (`1,`) becomes a node. */
    ARENA_BASE_SIZE = 16 * 1024, /* The parser's own. */
    LOCATION_SIZE_MAX = 64,
    SENTENCE_SIZE_MAX = 160,
};

static_assert(sizeof(struct json) + 16 <= 2 * ARENA_PER_BYTE, "a node for every two bytes");

/* An edit and all that it points to; the command's room. */
struct work {
    struct catalogue_edit edit;
    struct faults faults;
    struct arena arena;
};

/* The entry that is the answer; the exchange's, which outlives the command. */
struct shown {
    enum edit_kind kind;
    struct id id;
    int status;
};

static const struct {
    struct slice path;
    struct slice name;
    enum error not_found;
} kinds[] = {
    [EDIT_MOVIE] = {SLICE_INIT("/api/movies/"), SLICE_INIT("movie"), ERROR_MOVIE_NOT_FOUND},
    [EDIT_CINEMA] = {SLICE_INIT("/api/cinemas/"), SLICE_INIT("cinema"), ERROR_CINEMA_NOT_FOUND},
    [EDIT_SHOWTIME] = {SLICE_INIT("/api/showtimes/"), SLICE_INIT("showtime"),
                       ERROR_SHOWTIME_NOT_FOUND},
};

static void reply_invalid(struct exchange *exchange, const struct field_error *errors, size_t count)
{
    problem_reply(
        exchange,
        &(struct problem){.error = ERROR_VALIDATION_FAILED, .errors = errors, .error_count = count},
        clock_now_ms());
}

static struct id id_of(const struct catalogue_edit *edit)
{
    if (edit->kind == EDIT_MOVIE) return edit->movie.id;
    return edit->kind == EDIT_CINEMA ? edit->cinema.id : edit->showtime.id;
}

static void set_id(struct catalogue_edit *edit, struct id id)
{
    if (edit->kind == EDIT_MOVIE) edit->movie.id = id;
    else if (edit->kind == EDIT_CINEMA) edit->cinema.id = id;
    else edit->showtime.id = id;
}

/* `/api/movies/65a...` in the exchange's arena; empty without room. */
static struct slice location_of(struct exchange *exchange, const struct catalogue_edit *edit)
{
    char *target = arena_take(&exchange->arena, LOCATION_SIZE_MAX);
    char hex[ID_HEX_SIZE];
    if (target == NULL) return (struct slice){0};
    id_format(id_of(edit), hex);
    struct buffer buffer;
    buffer_init(&buffer, target, LOCATION_SIZE_MAX);
    buffer_append(&buffer, kinds[edit->kind].path);
    buffer_append(&buffer, (struct slice){hex, sizeof hex});
    CHECK(!buffer.overflowed);
    return buffer_text(&buffer);
}

/* An error for each member of the edit's `members_changed`. */
static size_t add_members(const struct catalogue_edit *edit, struct slice message,
                          struct field_error *errors)
{
    size_t count = 0;
    for (uint32_t member = 0; edit->members_changed >> member != 0; member++) {
        if (!edit_has(edit->members_changed, member)) continue;
        errors[count++] = (struct field_error){catalogue_entry_member(edit->kind, member), message};
    }
    return count;
}

static void reply_taken(struct exchange *exchange, const struct catalogue_edit *edit)
{
    struct field_error errors[1 + MOVIE_MEMBER_COUNT];
    char sentence[SENTENCE_SIZE_MAX];
    struct buffer buffer;
    buffer_init(&buffer, sentence, sizeof sentence);
    buffer_append(&buffer, SLICE("belongs to a "));
    buffer_append(&buffer, kinds[edit->kind].name);
    buffer_append(&buffer, SLICE(" with other content; change it with PATCH "));
    buffer_append(&buffer, location_of(exchange, edit));
    errors[0] = (struct field_error){SLICE("id"), buffer_text(&buffer)};
    const size_t others =
        add_members(edit, SLICE("is not that of the entry that is there"), errors + 1);
    reply_invalid(exchange, errors, 1 + others);
}

static_assert((int)MOVIE_MEMBER_COUNT >= (int)CINEMA_MEMBER_COUNT, "room for each kind");
static_assert((int)MOVIE_MEMBER_COUNT >= (int)SHOWTIME_MEMBER_COUNT, "room for each kind");
static_assert(1 + MOVIE_MEMBER_COUNT <= FIELD_ERRORS_MAX, "all are told");

static void reply_kept(struct exchange *exchange, const struct catalogue_edit *edit)
{
    struct field_error errors[MOVIE_MEMBER_COUNT];
    const size_t count = add_members(
        edit, SLICE("must stay as it is: seats of the showtime were booked or are blocked"),
        errors);
    reply_invalid(exchange, errors, count);
}

static void reply_no_screen(struct exchange *exchange, const struct catalogue_edit *edit)
{
    char sentence[SENTENCE_SIZE_MAX];
    struct buffer buffer;
    buffer_init(&buffer, sentence, sizeof sentence);
    buffer_append(&buffer, SLICE("the cinema has no screen "));
    const bool named = edit_has(edit->members, SHOWTIME_SCREEN);
    buffer_append(&buffer, named ? edit->showtime.screen_id : SLICE("of this name"));
    const struct field_error error = {SLICE("screen_id"), buffer_text(&buffer)};
    reply_invalid(exchange, &error, 1);
}

/* Answers what did not come to pass; false if it did. */
static bool refused(struct exchange *exchange, const struct catalogue_edit *edit)
{
    const struct field_error late = {SLICE("start_time"), SLICE("must end before the year 10000")};
    switch (edit->outcome) {
    case EDIT_CREATED:
    case EDIT_CHANGED:
    case EDIT_SAME:
        return false;
    case EDIT_NOT_FOUND:
        problem_reply_error(exchange, kinds[edit->kind].not_found, clock_now_ms());
        return true;
    case EDIT_TAKEN:
        reply_taken(exchange, edit);
        return true;
    case EDIT_NO_MOVIE:
        problem_reply_error(exchange, ERROR_MOVIE_NOT_FOUND, clock_now_ms());
        return true;
    case EDIT_NO_CINEMA:
        problem_reply_error(exchange, ERROR_CINEMA_NOT_FOUND, clock_now_ms());
        return true;
    case EDIT_NO_SCREEN:
        reply_no_screen(exchange, edit);
        return true;
    case EDIT_KEPT:
        reply_kept(exchange, edit);
        return true;
    case EDIT_OVER:
        problem_reply_error(exchange, ERROR_SHOWTIME_NOT_AVAILABLE, clock_now_ms());
        return true;
    default:
        CHECK(edit->outcome == EDIT_TOO_LATE);
        reply_invalid(exchange, &late, 1);
        return true;
    }
}

/* Who reads the store may be a clerk. */
static void show(struct desk *desk, struct exchange *exchange)
{
    const struct shown *shown = exchange->state;
    const struct catalogue *catalogue = &desk->catalogue;
    if (shown->kind == EDIT_MOVIE) {
        catalogue_show_movie(exchange, catalogue, shown->id, shown->status, clock_now_ms());
    } else if (shown->kind == EDIT_CINEMA) {
        catalogue_show_cinema(exchange, catalogue, shown->id, shown->status, clock_now_ms());
    } else {
        catalogue_show_showtime(exchange, catalogue, shown->id, shown->status, clock_now_ms());
    }
}

static void answer(struct desk *desk, struct exchange *exchange, const struct command *command)
{
    const struct catalogue_edit *edit = command->edit;
    if (refused(exchange, edit)) return;
    const struct slice location = location_of(exchange, edit);
    if (edit->create && location.size > 0) {
        exchange_add_header(exchange, SLICE("location"), location);
    }
    if (edit->kind == EDIT_SHOWTIME) reply_add_version(exchange, command->answer.map_version);
    struct shown *shown = arena_take(&exchange->arena, sizeof *shown);
    if (shown == NULL) {
        problem_reply_error(exchange, ERROR_OVERLOADED, clock_now_ms());
        return;
    }
    *shown = (struct shown){
        .kind = edit->kind, .id = id_of(edit), .status = edit->outcome == EDIT_CREATED ? 201 : 200};
    exchange->state = shown;
    desk_read(desk, exchange, show, (struct id){0});
}

/* Reads the body into the work. False when it has answered. */
static bool read_body(struct exchange *exchange, struct work *work, int64_t now_ms)
{
    const struct json *root = request_body_parse_into(exchange, &work->arena, now_ms);
    if (root == NULL) return false;
    if (catalogue_entry_read(root, &work->arena, &work->edit, &work->faults)) return true;
    struct field_error errors[FIELD_ERRORS_MAX];
    size_t count = faults_listed(&work->faults);
    if (count > FIELD_ERRORS_MAX) count = FIELD_ERRORS_MAX;
    for (size_t index = 0; index < count; index++) {
        errors[index] = (struct field_error){faults_place(&work->faults, index),
                                             faults_message(&work->faults, index)};
    }
    reply_invalid(exchange, errors, count);
    return false;
}

/* The entry to be changed is the path's. False when it has answered. */
static bool read_path(struct exchange *exchange, struct catalogue_edit *edit, struct slice text)
{
    struct id id = {0};
    if (!id_parse(text, &id)) {
        problem_reply_error(exchange, kinds[edit->kind].not_found, clock_now_ms());
        return false;
    }
    const struct id given = id_of(edit);
    if (!id_is_none(given) && !id_equal(given, id)) {
        const struct field_error error = {SLICE("id"), SLICE("must be that of the path")};
        reply_invalid(exchange, &error, 1);
        return false;
    }
    set_id(edit, id);
    return true;
}

/* The memory for reading the body; NULL if too much is in use. */
static struct work *open_work(struct desk *desk, struct command *command,
                              const struct exchange *exchange, enum edit_kind kind)
{
    size_t size = ARENA_BASE_SIZE + exchange->body.size * ARENA_PER_BYTE;
    if (kind == EDIT_CINEMA) {
        size += SCREENS_MAX * (sizeof(struct screen) + sizeof(struct seat_plan) + 32);
    }
    struct work *work = desk_room(desk, command, sizeof *work + 16 + size);
    if (work == NULL) return NULL;
    char *block = (char *)work + sizeof *work;
    block += 16 - (uintptr_t)block % 16;
    arena_init(&work->arena, block, size);
    return work;
}

/* The answer comes after the commit. `path_id` has no data if the entry is to be added. */
static void submit(struct desk *desk, struct exchange *exchange, enum edit_kind kind,
                   struct slice path_id, int64_t now_ms)
{
    CHECK(exchange->role != ROLE_USER);

    struct command *command = desk_take(desk);
    struct work *work = command == NULL ? NULL : open_work(desk, command, exchange, kind);
    if (work == NULL) {
        if (command != NULL) desk_give_back(desk, command);
        problem_reply_error(exchange, ERROR_OVERLOADED, clock_now_ms());
        return;
    }
    /* The exchange may be answered and gone before the writer comes to the edit. */
    const struct slice actor = arena_copy(&work->arena, user_name(&exchange->user));
    CHECK(actor.data != NULL);
    struct catalogue_edit *edit = &work->edit;
    *edit = (struct catalogue_edit){.kind = kind,
                                    .create = path_id.data == NULL,
                                    .locale = desk->house->locale,
                                    .actor = actor,
                                    .role = staff_role_name(staff_role_of(exchange))};
    if (!read_body(exchange, work, now_ms) ||
        (!edit->create && !read_path(exchange, edit, path_id))) {
        desk_give_back(desk, command);
        return;
    }
    command->kind = COMMAND_EDIT;
    command->edit = edit;
    if (kind == EDIT_SHOWTIME) command->showtime = edit->showtime.id;
    desk_submit(desk, exchange, command, answer);
}

void programme_create(struct desk *desk, struct exchange *exchange, enum edit_kind kind,
                      int64_t now_ms)
{
    submit(desk, exchange, kind, (struct slice){0}, now_ms);
}

void programme_change(struct desk *desk, struct exchange *exchange, enum edit_kind kind,
                      struct slice id, int64_t now_ms)
{
    CHECK(id.data != NULL);
    submit(desk, exchange, kind, id, now_ms);
}
