#include "support/fake_exchange.h"

#include "http/shared.h"

struct fake_desk fake_desk;

struct fake_exchange *fake_exchange_new(enum http_method method, struct slice path,
                                        struct slice body)
{
    struct fake_exchange *fake = calloc(1, sizeof *fake);
    CHECK(fake != NULL);
    fake->exchange.method = method;
    fake->exchange.path = path;
    fake->exchange.body = body;
    fake->exchange.request_id = SLICE("test");
    fake->exchange.peer = SLICE("127.0.0.1");
    arena_init(&fake->exchange.arena, fake->arena_block, sizeof fake->arena_block);
    return fake;
}

void fake_exchange_header(struct fake_exchange *fake, struct slice name, struct slice value)
{
    CHECK(fake->request_header_count < FAKE_HEADERS_MAX);
    fake->request_headers[fake->request_header_count++] = (struct fake_header){name, value};
}

struct slice fake_exchange_answer(const struct fake_exchange *fake, struct slice name)
{
    for (size_t index = 0; index < fake->answer_header_count; index++) {
        const struct fake_header *header = &fake->answer_headers[index];
        if (slice_equal_ignoring_case(header->name, name)) return header->value;
    }
    return (struct slice){0};
}

struct slice fake_exchange_body(const struct fake_exchange *fake)
{
    return (struct slice){fake->body, fake->body_size};
}

struct slice exchange_header(const struct exchange *exchange, struct slice name)
{
    const struct fake_exchange *fake = (const struct fake_exchange *)exchange;
    for (size_t index = 0; index < fake->request_header_count; index++) {
        if (slice_equal(fake->request_headers[index].name, name))
            return fake->request_headers[index].value;
    }
    return (struct slice){0};
}

struct slice exchange_header_at(const struct exchange *exchange, struct slice name, size_t place)
{
    const struct fake_exchange *fake = (const struct fake_exchange *)exchange;
    for (size_t index = 0; index < fake->request_header_count; index++) {
        if (!slice_equal(fake->request_headers[index].name, name)) continue;
        if (place-- == 0) return fake->request_headers[index].value;
    }
    return (struct slice){0};
}

size_t exchange_header_count(const struct exchange *exchange, struct slice name)
{
    const struct fake_exchange *fake = (const struct fake_exchange *)exchange;
    size_t count = 0;
    for (size_t index = 0; index < fake->request_header_count; index++) {
        count += slice_equal(fake->request_headers[index].name, name);
    }
    return count;
}

void exchange_add_header(struct exchange *exchange, struct slice name, struct slice value)
{
    struct fake_exchange *fake = (struct fake_exchange *)exchange;
    CHECK(!fake->answered);
    CHECK(fake->answer_header_count < EXCHANGE_HEADERS_MAX);
    fake->answer_headers[fake->answer_header_count++] = (struct fake_header){name, value};
}

void exchange_set_header(struct exchange *exchange, struct slice name, struct slice value)
{
    struct fake_exchange *fake = (struct fake_exchange *)exchange;
    size_t kept = 0;
    for (size_t index = 0; index < fake->answer_header_count; index++) {
        if (slice_equal(fake->answer_headers[index].name, name)) continue;
        fake->answer_headers[kept++] = fake->answer_headers[index];
    }
    fake->answer_header_count = kept;
    exchange_add_header(exchange, name, value);
}

void exchange_reply(struct exchange *exchange, int status, struct slice content_type,
                    struct slice body)
{
    struct fake_exchange *fake = (struct fake_exchange *)exchange;
    CHECK(!fake->answered);
    CHECK(body.size <= sizeof fake->body);
    CHECK(content_type.size < sizeof fake->content_type);
    /* Borrowed until now: the values may be gone afterwards. */
    static char kept[FAKE_HEADERS_MAX][512];
    for (size_t index = 0; index < fake->answer_header_count; index++) {
        struct slice *value = &fake->answer_headers[index].value;
        CHECK(value->size < sizeof kept[index]);
        if (value->size > 0) memcpy(kept[index], value->data, value->size);
        value->data = kept[index];
    }
    fake->answered = true;
    fake->status = status;
    fake->body_size = body.size;
    if (content_type.size > 0) memcpy(fake->content_type, content_type.data, content_type.size);
    if (body.size > 0) memcpy(fake->body, body.data, body.size);
}

void exchange_reply_shared(struct exchange *exchange, int status, struct slice content_type,
                           struct shared *body)
{
    exchange_reply(exchange, status, content_type, shared_bytes(body));
    shared_unref(body);
}

static void keep_write(struct fake_exchange *fake, struct shared *bytes)
{
    const struct slice text = shared_bytes(bytes);
    CHECK(!fake->stream_writing);
    CHECK(text.size > 0);
    CHECK(fake->body_size + text.size <= sizeof fake->body);
    memcpy(fake->body + fake->body_size, text.data, text.size);
    fake->body_size += text.size;
    fake->stream_writing = true;
    fake->stream_writes++;
    shared_unref(bytes);
}

struct stream *stream_begin(struct exchange *exchange, struct slice content_type,
                            struct shared *first, const struct stream_callbacks *callbacks,
                            void *owner)
{
    struct fake_exchange *fake = (struct fake_exchange *)exchange;
    exchange_reply(exchange, 200, content_type, (struct slice){0});
    if (fake->bodiless) {
        shared_unref(first);
        return NULL;
    }
    fake->stream = callbacks;
    fake->stream_owner = owner;
    keep_write(fake, first);
    return (struct stream *)fake;
}

void stream_write(struct stream *stream, struct shared *bytes)
{
    struct fake_exchange *fake = (struct fake_exchange *)stream;
    CHECK(fake->stream != NULL);
    keep_write(fake, bytes);
}

void fake_exchange_written(struct fake_exchange *fake)
{
    CHECK(fake->stream_writing);
    fake->stream_writing = false;
    fake->stream->written(fake->stream_owner);
}

void fake_exchange_leave(struct fake_exchange *fake)
{
    CHECK(fake->stream != NULL);
    const struct stream_callbacks *callbacks = fake->stream;
    fake->stream = NULL;
    callbacks->gone(fake->stream_owner);
}

struct command *desk_take(struct desk *desk)
{
    if (fake_desk.full) return NULL;
    CHECK(fake_desk.taken == 0);
    fake_desk.taken++;
    fake_desk.command = (struct command){.loop = desk->loop};
    return &fake_desk.command;
}

void *desk_room(struct desk *desk, struct command *command, size_t size)
{
    (void)desk;
    CHECK(command == &fake_desk.command);
    CHECK(fake_desk.room == NULL);
    fake_desk.room = calloc(1, size);
    return fake_desk.room;
}

void desk_give_back(struct desk *desk, struct command *command)
{
    (void)desk;
    CHECK(command == &fake_desk.command);
    CHECK(fake_desk.taken == 1);
    fake_desk.taken--;
    free(fake_desk.room);
    fake_desk.room = NULL;
}

void desk_submit(struct desk *desk, struct exchange *exchange, struct command *command,
                 desk_answer *answer)
{
    CHECK(command == &fake_desk.command);
    CHECK(fake_desk.decide != NULL);
    fake_desk.submitted++;
    fake_desk.decide(fake_desk.context, command);
    answer(desk, exchange, command);
    desk_give_back(desk, command);
}

void desk_send(struct desk *desk, struct command *command)
{
    CHECK(command == &fake_desk.command);
    CHECK(fake_desk.decide != NULL);
    fake_desk.submitted++;
    fake_desk.decide(fake_desk.context, command);
    desk_give_back(desk, command);
}

void desk_read(struct desk *desk, struct exchange *exchange, desk_work *work, struct id current)
{
    (void)current;
    work(desk, exchange);
}
