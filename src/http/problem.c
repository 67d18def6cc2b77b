#include "http/problem.h"

#include "http/problem_text.h"
#include "json/json_write.h"

enum {
    INSTANCE_SIZE_MAX = 256, /* Enough of a path to recognise it. */
    SENTENCE_SIZE_MAX = 512, /* A detail. */
    FIELD_SIZE_MAX = 64,     /* A member's name from outside. */
    MESSAGE_SIZE_MAX = 192,  /* What is wrong with it. */
    RETRY_DIGITS_MAX = 20,   /* An int64. */
};

enum error problem_error_of(enum refusal refusal)
{
    switch (refusal) {
    case REFUSAL_NONE:
        return ERROR_NONE;
#define REFUSAL_CASE(name) \
    case REFUSAL_##name: \
        return ERROR_##name;
        REFUSAL_LIST(REFUSAL_CASE)
#undef REFUSAL_CASE
    case REFUSAL_COUNT:
        break;
    }
    CHECK(refusal < REFUSAL_COUNT);
    return ERROR_INTERNAL_ERROR;
}

static struct slice cut(struct slice text, size_t size_max)
{
    if (text.size > size_max) text.size = size_max;
    return text;
}

/* The state that a code is about; the code names the gravest one, the list has all. */
static enum seat_state state_of(enum error error)
{
    switch (error) {
    case ERROR_SEAT_ALREADY_BOOKED:
        return SEAT_BOOKED;
    case ERROR_SEAT_HELD_BY_ANOTHER:
        return SEAT_HELD;
    case ERROR_SEAT_BLOCKED:
        return SEAT_BLOCKED;
    case ERROR_INVALID_SEAT:
        return SEAT_ABSENT;
    default:
        return SEAT_AVAILABLE;
    }
}

static struct slice predicate(enum seat_state state, bool many)
{
    switch (state) {
    case SEAT_BOOKED:
        return many ? SLICE(" are already booked") : SLICE(" is already booked");
    case SEAT_HELD:
        return many ? SLICE(" are held") : SLICE(" is held");
    case SEAT_BLOCKED:
        return many ? SLICE(" are blocked") : SLICE(" is blocked");
    default:
        return many ? SLICE(" do not exist") : SLICE(" does not exist");
    }
}

static size_t count_in_state(const struct problem *problem, enum seat_state state)
{
    size_t count = 0;
    for (size_t index = 0; index < problem->conflict_count; index++) {
        if (problem->conflicts[index].state == state) count++;
    }
    return count;
}

/* `Seats A1, A2 are already booked`: of the seats that the code is about. */
static void append_seats_sentence(struct buffer *sentence, const struct problem *problem,
                                  enum seat_state state, size_t count)
{
    buffer_append(sentence, count > 1 ? SLICE("Seats ") : SLICE("Seat "));
    bool first = true;
    for (size_t index = 0; index < problem->conflict_count; index++) {
        const struct seat_conflict *conflict = &problem->conflicts[index];
        if (conflict->state != state) continue;
        if (!first) buffer_append(sentence, SLICE(", "));
        first = false;
        char name[SEAT_NAME_SIZE_MAX];
        buffer_append(sentence, (struct slice){name, seat_name_format(conflict->name, name)});
    }
    buffer_append(sentence, predicate(state, count > 1));
}

/* The detail, in `block` if it has to be made. */
static struct slice detail_of(const struct problem *problem, char *block)
{
    if (problem->detail.size > 0) return cut(problem->detail, SENTENCE_SIZE_MAX);
    const enum seat_state state = state_of(problem->error);
    const size_t count = state == SEAT_AVAILABLE ? 0 : count_in_state(problem, state);
    if (count > 0) {
        struct buffer sentence;
        buffer_init(&sentence, block, SENTENCE_SIZE_MAX);
        append_seats_sentence(&sentence, problem, state, count);
        if (!sentence.overflowed) return buffer_text(&sentence);
    }
    if (problem->error_count == 1 && problem->errors[0].field.size > 0) {
        struct buffer sentence;
        buffer_init(&sentence, block, SENTENCE_SIZE_MAX);
        buffer_append(&sentence, cut(problem->errors[0].field, FIELD_SIZE_MAX));
        buffer_append_char(&sentence, ' ');
        buffer_append(&sentence, cut(problem->errors[0].message, MESSAGE_SIZE_MAX));
        return buffer_text(&sentence);
    }
    return problem_text_of(problem->error)->detail;
}

static void write_conflicts(struct json_writer *writer, const struct problem *problem)
{
    json_key(writer, SLICE("seats"));
    json_open_array(writer);
    for (size_t index = 0; index < problem->conflict_count; index++) {
        const struct seat_conflict *conflict = &problem->conflicts[index];
        char name[SEAT_NAME_SIZE_MAX];
        const size_t size = seat_name_format(conflict->name, name);
        const bool absent = conflict->state == SEAT_ABSENT;
        json_open_object(writer);
        json_member_text(writer, SLICE("seat_id"), (struct slice){name, size});
        json_member_text(writer, SLICE("status"),
                         absent ? SLICE("invalid") : seat_state_name(conflict->state));
        if (conflict->yours) json_member_bool(writer, SLICE("yours"), true);
        json_close_object(writer);
    }
    json_close_array(writer);
}

static void write_errors(struct json_writer *writer, const struct problem *problem)
{
    json_key(writer, SLICE("errors"));
    json_open_array(writer);
    for (size_t index = 0; index < problem->error_count; index++) {
        const struct field_error *error = &problem->errors[index];
        json_open_object(writer);
        json_member_text(writer, SLICE("field"), cut(error->field, FIELD_SIZE_MAX));
        json_member_text(writer, SLICE("message"), cut(error->message, MESSAGE_SIZE_MAX));
        json_close_object(writer);
    }
    json_close_array(writer);
}

static int status_of(const struct problem *problem)
{
    return problem->status != 0 ? problem->status : error_status(problem->error);
}

static struct slice write_body(const struct problem *problem, const struct problem_request *request,
                               char *target)
{
    char sentence[SENTENCE_SIZE_MAX];
    const struct slice detail = detail_of(problem, sentence);
    const struct slice code = slice_of(error_name(problem->error));
    char type[64];
    struct buffer type_text;
    buffer_init(&type_text, type, sizeof type);
    buffer_append(&type_text, SLICE("/problems/"));
    buffer_append(&type_text, code);

    struct buffer body;
    buffer_init(&body, target, PROBLEM_SIZE_MAX);
    struct json_writer writer = json_writer_of(&body);
    json_open_object(&writer);
    json_member_text(&writer, SLICE("type"), buffer_text(&type_text));
    json_member_text(&writer, SLICE("title"), slice_of(error_title(problem->error)));
    json_member_number(&writer, SLICE("status"), status_of(problem));
    json_member_text(&writer, SLICE("detail"), detail);
    json_member_text(&writer, SLICE("instance"), cut(request->path, INSTANCE_SIZE_MAX));
    json_member_text(&writer, SLICE("request_id"), request->request_id);
    if (problem->conflict_count > 0) write_conflicts(&writer, problem);
    if (problem->error_count > 0) write_errors(&writer, problem);
    json_member_number(&writer, SLICE("statusCode"), status_of(problem));
    json_member_text(&writer, SLICE("errorCode"), code);
    json_member_text(&writer, SLICE("message"), detail);
    json_member_time(&writer, SLICE("timestamp"), request->now_ms);
    json_close_object(&writer);
    return buffer_text(&body);
}

struct slice problem_body(const struct problem *problem, const struct problem_request *request,
                          char *target)
{
    CHECK(problem->conflict_count <= SEATS_PER_BLOCK_MAX);
    CHECK(problem->error_count <= FIELD_ERRORS_MAX);

    struct slice body = write_body(problem, request, target);
    if (body.size > 0) return body;
    /* Names full of control bytes grow sixfold when they are escaped: leave them out. */
    const struct problem plain = {.error = problem->error, .status = problem->status};
    body = write_body(&plain, request, target);
    CHECK(body.size > 0);
    return body;
}

int64_t problem_retry_after_s(const struct problem *problem)
{
    if (problem->retry_after_s > 0) return problem->retry_after_s;
    return problem_text_of(problem->error)->retry_after_s;
}

static struct slice authenticate_of(const struct problem *problem)
{
    if (problem->authenticate.size > 0) return problem->authenticate;
    switch (problem->error) {
    case ERROR_TOKEN_MISSING:
        return SLICE("Bearer realm=\"usher\"");
    case ERROR_TOKEN_INVALID:
        return SLICE("Bearer realm=\"usher\", error=\"invalid_token\"");
    default:
        return (struct slice){0};
    }
}

void problem_reply(struct exchange *exchange, const struct problem *problem, int64_t now_ms)
{
    CHECK(problem->error != ERROR_NONE);

    exchange->notes.error = problem->error;
    char target[PROBLEM_SIZE_MAX];
    const struct problem_request request = {
        .path = exchange->path, .request_id = exchange->request_id, .now_ms = now_ms};
    const struct slice body = problem_body(problem, &request, target);

    char digits[RETRY_DIGITS_MAX];
    struct buffer retry_after;
    buffer_init(&retry_after, digits, sizeof digits);
    if (problem_retry_after_s(problem) > 0) {
        buffer_append_number(&retry_after, problem_retry_after_s(problem));
        exchange_add_header(exchange, SLICE("retry-after"), buffer_text(&retry_after));
    }
    if (problem->allow.size > 0) exchange_add_header(exchange, SLICE("allow"), problem->allow);
    const struct slice authenticate = authenticate_of(problem);
    if (authenticate.size > 0) {
        exchange_add_header(exchange, SLICE("www-authenticate"), authenticate);
    }
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-store"));
    exchange_reply(exchange, status_of(problem), SLICE("application/problem+json"), body);
}

void problem_reply_error(struct exchange *exchange, enum error error, int64_t now_ms)
{
    problem_reply(exchange, &(struct problem){.error = error}, now_ms);
}
