#include "http/request_body.h"

#include "base/buffer.h"
#include "base/hex.h"

enum { ELEMENT_NAME_SIZE_MAX = 80 }; /* A member's name and `[12345]`. */

/* `application/json`, with or without `charset=utf-8`; nothing else that could change how the
 * bytes are read. */
static bool type_is_json(struct slice content_type)
{
    struct slice parameter = {0};
    const struct slice type = slice_trim(slice_cut(content_type, ';', &parameter));
    if (!slice_equal_ignoring_case(type, SLICE("application/json"))) return false;
    parameter = slice_trim(parameter);
    return parameter.size == 0 || slice_equal_ignoring_case(parameter, SLICE("charset=utf-8")) ||
           slice_equal_ignoring_case(parameter, SLICE("charset=\"utf-8\""));
}

static void refuse(struct exchange *exchange, struct slice message, int64_t now_ms)
{
    const struct field_error error = {.message = message};
    problem_reply(exchange,
                  &(struct problem){.error = ERROR_VALIDATION_FAILED,
                                    .detail = message,
                                    .errors = &error,
                                    .error_count = 1},
                  now_ms);
}

const struct json *request_body_parse_into(struct exchange *exchange, struct arena *arena,
                                           int64_t now_ms)
{
    CHECK(arena != NULL);

    const struct slice name = SLICE("content-type");
    if (exchange_header_count(exchange, name) > 1 ||
        (exchange->body.size > 0 && !type_is_json(exchange_header(exchange, name)))) {
        problem_reply(exchange, &(struct problem){.error = ERROR_UNSUPPORTED_MEDIA_TYPE}, now_ms);
        return NULL;
    }
    if (exchange->body.size == 0) {
        refuse(exchange, SLICE("A JSON body is required"), now_ms);
        return NULL;
    }
    const struct json *root = NULL;
    struct json_fault fault;
    if (!json_parse(exchange->body, arena, &root, &fault)) {
        refuse(exchange, fault.message, now_ms);
        return NULL;
    }
    if (root->kind != JSON_OBJECT) {
        refuse(exchange, SLICE("The body must be a JSON object"), now_ms);
        return NULL;
    }
    return root;
}

bool request_body_parse(struct exchange *exchange, struct request_body *ret_body, int64_t now_ms)
{
    CHECK(ret_body != NULL);

    const struct json *root = request_body_parse_into(exchange, &exchange->arena, now_ms);
    if (root == NULL) return false;
    *ret_body = (struct request_body){.arena = &exchange->arena, .root = root};
    return true;
}

void request_body_complain(struct request_body *body, struct slice name, struct slice message)
{
    if (body->error_count == FIELD_ERRORS_MAX) return;
    body->errors[body->error_count++] = (struct field_error){.field = name, .message = message};
}

/* Notes an error about the element at `index` of a member. */
static void complain_at(struct request_body *body, struct slice name, size_t index,
                        struct slice message)
{
    char *text = arena_take(body->arena, ELEMENT_NAME_SIZE_MAX);
    struct slice field = name;
    if (text != NULL) {
        struct buffer buffer;
        buffer_init(&buffer, text, ELEMENT_NAME_SIZE_MAX);
        buffer_append(&buffer, name);
        buffer_append_char(&buffer, '[');
        buffer_append_unsigned(&buffer, index);
        buffer_append_char(&buffer, ']');
        if (!buffer.overflowed) field = buffer_text(&buffer);
    }
    request_body_complain(body, field, message);
}

bool request_body_finish(struct exchange *exchange, struct request_body *body, int64_t now_ms)
{
    for (const struct json *member = body->root->first; member != NULL; member = member->next) {
        bool known = false;
        for (size_t index = 0; index < body->known_count && !known; index++) {
            known = slice_equal(body->known[index], member->key);
        }
        if (!known) request_body_complain(body, member->key, SLICE("is an unknown member"));
    }
    if (body->error_count == 0) return true;
    problem_reply(exchange,
                  &(struct problem){.error = ERROR_VALIDATION_FAILED,
                                    .errors = body->errors,
                                    .error_count = body->error_count},
                  now_ms);
    return false;
}

/* The member as it is, NULL if absent. */
static const struct json *find_member(struct request_body *body, struct slice name)
{
    CHECK(body->known_count < BODY_MEMBERS_MAX);
    body->known[body->known_count++] = name;
    return json_member(body->root, name);
}

/* Makes a sentence with a number in it; without room, the sentence says less. */
static struct slice sentence(struct request_body *body, struct slice before, size_t number,
                             struct slice after)
{
    enum { SENTENCE_SIZE_MAX = 80 };
    char *text = arena_take(body->arena, SENTENCE_SIZE_MAX);
    if (text == NULL) return SLICE("has the wrong size");
    struct buffer buffer;
    buffer_init(&buffer, text, SENTENCE_SIZE_MAX);
    buffer_append(&buffer, before);
    buffer_append_unsigned(&buffer, number);
    buffer_append(&buffer, after);
    return buffer_text(&buffer);
}

/* What is wrong with a text; empty: nothing. */
static struct slice judge_string(struct request_body *body, const struct json *value,
                                 size_t size_max)
{
    if (value->kind != JSON_STRING) return SLICE("must be a string");
    if (value->text.size == 0) return SLICE("must not be empty");
    if (value->text.size > size_max) {
        return sentence(body, SLICE("must be at most "), size_max, SLICE(" bytes long"));
    }
    return (struct slice){0};
}

static struct slice string_of(struct request_body *body, struct slice name,
                              const struct json *member, size_t size_max)
{
    const struct slice complaint = judge_string(body, member, size_max);
    if (complaint.size == 0) return member->text;
    request_body_complain(body, name, complaint);
    return (struct slice){0};
}

struct slice request_body_string(struct request_body *body, struct slice name, size_t size_max)
{
    const struct json *member = find_member(body, name);
    if (member != NULL) return string_of(body, name, member, size_max);
    request_body_complain(body, name, SLICE("is required"));
    return (struct slice){0};
}

struct slice request_body_optional_string(struct request_body *body, struct slice name,
                                          size_t size_max)
{
    const struct json *member = find_member(body, name);
    if (member == NULL) return (struct slice){0};
    return string_of(body, name, member, size_max);
}

struct id request_body_id(struct request_body *body, struct slice name)
{
    struct id id = {0}; /* All zeros is well formed too, and the id of nothing. */
    const struct json *member = find_member(body, name);
    if (member == NULL) {
        request_body_complain(body, name, SLICE("is required"));
    } else if (member->kind != JSON_STRING || !hex_parse(member->text, id.bytes, ID_SIZE)) {
        request_body_complain(body, name, SLICE("must be an id of 24 hex digits"));
    } else {
        /* The tree is in our arena: the text may be brought to the one spelling that counts. */
        id_format(id, (char *)member->text.data);
    }
    return id;
}

/* Notes what is wrong with the array itself. */
static bool judge_array(struct request_body *body, struct slice name, const struct json *member,
                        size_t count_max)
{
    struct slice complaint = {0};
    if (member == NULL) complaint = SLICE("is required");
    else if (member->kind != JSON_ARRAY) complaint = SLICE("must be an array of strings");
    else if (member->count == 0 || member->count > count_max)
        complaint = sentence(body, SLICE("must have 1 to "), count_max, SLICE(" entries"));
    if (complaint.size == 0) return true;
    request_body_complain(body, name, complaint);
    return false;
}

size_t request_body_strings(struct request_body *body, struct slice name, size_t size_max,
                            struct slice *ret_texts, size_t count_max)
{
    CHECK(ret_texts != NULL);
    CHECK(count_max > 0);

    const struct json *member = find_member(body, name);
    if (!judge_array(body, name, member, count_max)) return 0;
    const size_t errors_before = body->error_count;
    size_t count = 0;
    for (const struct json *entry = member->first; entry != NULL; entry = entry->next) {
        const struct slice complaint = judge_string(body, entry, size_max);
        if (complaint.size > 0) complain_at(body, name, count, complaint);
        ret_texts[count++] = entry->text;
    }
    CHECK(count == member->count);
    return body->error_count == errors_before ? count : 0;
}

static bool is_named_before(const struct seat_name *seats, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        if (seats[index].row == seats[count].row && seats[index].col == seats[count].col &&
            seats[index].zeros == seats[count].zeros) {
            return true;
        }
    }
    return false;
}

size_t request_body_seats(struct request_body *body, struct slice name, struct seat_name *ret_seats,
                          size_t count_max)
{
    CHECK(ret_seats != NULL);
    CHECK(count_max > 0);

    const struct json *member = find_member(body, name);
    if (!judge_array(body, name, member, count_max)) return 0;
    bool good = true;
    size_t count = 0;
    size_t position = 0;
    for (const struct json *entry = member->first; entry != NULL; entry = entry->next) {
        struct slice complaint = {0};
        if (entry->kind != JSON_STRING) complaint = SLICE("must be a string");
        else if (!seat_name_parse(entry->text, &ret_seats[count]))
            complaint = SLICE("must be a seat such as A1 or AB120");
        else if (is_named_before(ret_seats, count)) complaint = SLICE("names a seat twice");
        else count++;
        if (complaint.size > 0) complain_at(body, name, position, complaint);
        good = good && complaint.size == 0;
        position++;
    }
    return good ? count : 0;
}
