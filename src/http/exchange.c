#include "http/exchange.h"

#include "http/server_state.h"

static struct exchange_slot *slot_of(struct exchange *exchange)
{
    struct exchange_slot *slot = (struct exchange_slot *)exchange;
    CHECK(slot->loop != NULL);
    return slot;
}

/* h2o keeps the names in lower case. It takes Host out of the headers; nobody needs the others
 * that it takes out. */
static size_t find_headers(const struct exchange *exchange, struct slice name, size_t place,
                           struct slice *ret_value)
{
    const struct exchange_slot *slot = (const struct exchange_slot *)exchange;
    if (slot->connection == NULL) return 0;
    const h2o_req_t *request = slot->connection->request;
    CHECK(request != NULL);

    if (slice_equal(name, SLICE("host"))) {
        const h2o_iovec_t host = request->input.authority;
        if (host.base == NULL) return 0;
        if (place == 0) *ret_value = (struct slice){.data = host.base, .size = host.len};
        return 1;
    }
    size_t count = 0;
    for (size_t index = 0; index < request->headers.size; index++) {
        const h2o_header_t *header = &request->headers.entries[index];
        const struct slice found = {.data = header->name->base, .size = header->name->len};
        if (!slice_equal(found, name)) continue;
        if (count == place)
            *ret_value = (struct slice){.data = header->value.base, .size = header->value.len};
        count++;
    }
    return count;
}

struct slice exchange_header(const struct exchange *exchange, struct slice name)
{
    return exchange_header_at(exchange, name, 0);
}

struct slice exchange_header_at(const struct exchange *exchange, struct slice name, size_t place)
{
    struct slice value = {0};
    (void)find_headers(exchange, name, place, &value);
    return value;
}

size_t exchange_header_count(const struct exchange *exchange, struct slice name)
{
    struct slice first = {0};
    return find_headers(exchange, name, 0, &first);
}

static struct slice keep_value(struct exchange_slot *slot, struct slice value)
{
    char *target = slot->kept + slot->kept_size;
    CHECK(value.size <= sizeof slot->kept - slot->kept_size);
    if (value.size > 0) memcpy(target, value.data, value.size);
    slot->kept_size += (uint32_t)value.size;
    return (struct slice){target, value.size};
}

void exchange_add_header(struct exchange *exchange, struct slice name, struct slice value)
{
    struct exchange_slot *slot = slot_of(exchange);
    CHECK(slot->header_count < EXCHANGE_HEADERS_MAX);
    CHECK(name.size > 0);
    for (size_t index = 0; index < value.size; index++) {
        const unsigned char letter = (unsigned char)value.data[index];
        CHECK(letter >= 0x20 && letter != 0x7f);
    }
    if (slot->lent) value = keep_value(slot, value);
    slot->headers[slot->header_count++] = (struct exchange_field){.name = name, .value = value};
}

void exchange_set_header(struct exchange *exchange, struct slice name, struct slice value)
{
    struct exchange_slot *slot = slot_of(exchange);
    uint32_t kept = 0;
    for (uint32_t index = 0; index < slot->header_count; index++) {
        if (slice_equal(slot->headers[index].name, name)) continue;
        slot->headers[kept++] = slot->headers[index];
    }
    slot->header_count = kept;
    exchange_add_header(exchange, name, value);
}

void exchange_set_answer(struct exchange_slot *slot, h2o_req_t *request, int status,
                         struct slice content_type, size_t body_size)
{
    request->res.status = status;
    request->res.reason = server_request_reason(status);
    /* Without a length h2o would close the connection; these two statuses never have a body. */
    const bool bodiless = status == 204 || status == 304;
    request->res.content_length = bodiless ? SIZE_MAX : body_size;
    if (slot->loop->stopping) request->http1_is_persistent = 0;

    h2o_headers_t *headers = &request->res.headers;
    if (content_type.size > 0)
        h2o_add_header(&request->pool, headers, H2O_TOKEN_CONTENT_TYPE, NULL, content_type.data,
                       content_type.size);
    h2o_add_header_by_str(&request->pool, headers, H2O_STRLIT("X-Request-Id"), 0, NULL,
                          slot->exchange.request_id.data, slot->exchange.request_id.size);
    for (uint32_t index = 0; index < slot->header_count; index++) {
        const struct exchange_field *field = &slot->headers[index];
        h2o_add_header_by_str(&request->pool, headers, field->name.data, field->name.size, 0, NULL,
                              field->value.data, field->value.size);
    }
}

void exchange_tell(struct exchange_slot *slot, int status, size_t body_size)
{
    const struct exchange *exchange = &slot->exchange;
    server_request_tell(slot->loop, &(struct server_answer){.exchange = exchange,
                                                            .request_id = exchange->request_id,
                                                            .status = status,
                                                            .body_size = body_size});
}

/* Sends `body`, which h2o may go on reading until the answer is written; `owner`, if any, is
 * released then. */
static void send_answer(struct exchange_slot *slot, int status, struct slice content_type,
                        struct slice body, struct shared *owner)
{
    static h2o_generator_t generator = {.proceed = NULL, .stop = NULL};

    struct server_connection *connection = slot->connection;
    h2o_req_t *request = connection->request;
    CHECK(connection->exchange == slot);
    CHECK(connection->phase == CONNECTION_HANDLING);
    CHECK(status >= 200 && status <= 599);

    exchange_set_answer(slot, request, status, content_type, body.size);
    const bool sends_body = !slot->head && status != 204 && status != 304 && body.size > 0;
    h2o_iovec_t vector = h2o_iovec_init(body.data, body.size);
    if (sends_body && owner == NULL) vector = h2o_strdup(&request->pool, body.data, body.size);

    connection->phase = CONNECTION_ANSWERING;
    connection->exchange = NULL;
    connection->body = owner;
    const uint32_t ticks =
        (slot->loop->server->options.answer_timeout_ms + SERVER_TICK_MS - 1) / SERVER_TICK_MS;
    connection->deadline = slot->loop->tick + 1 + ticks;

    /* First, so that whoever has the answer finds it counted. */
    exchange_tell(slot, status, sends_body ? body.size : 0);
    h2o_start_response(request, &generator);
    h2o_send(request, &vector, sends_body ? 1 : 0, H2O_SEND_STATE_FINAL);
    server_request_release_slot(slot);
    server_connection_watch(connection);
}

static void keep_reply(struct exchange_slot *slot, int status, struct slice content_type,
                       struct shared *body)
{
    CHECK(!slot->replied);
    slot->replied = true;
    slot->reply_status = status;
    slot->reply_type = content_type;
    slot->reply_body = body;
}

/* The other thread's body is gone when its handler ends. */
static void keep_copy(struct exchange_slot *slot, int status, struct slice content_type,
                      struct slice body)
{
    struct shared *copy = NULL;
    char *block = body.size > 0 ? malloc(body.size) : NULL;
    if (block != NULL) {
        memcpy(block, body.data, body.size);
        copy = shared_of(block, body.size);
    }
    if (body.size > 0 && copy == NULL) keep_reply(slot, 503, (struct slice){0}, NULL);
    else keep_reply(slot, status, content_type, copy);
}

void exchange_lend(struct exchange *exchange)
{
    struct exchange_slot *slot = slot_of(exchange);
    CHECK(!slot->lent);
    slot->lent = true;
    slot->replied = false;
    slot->kept_size = 0;
}

bool exchange_take_back(struct exchange *exchange)
{
    struct exchange_slot *slot = slot_of(exchange);
    CHECK(slot->lent);
    slot->lent = false;
    if (!slot->replied) return false;
    struct shared *body = slot->reply_body;
    if (body == NULL) exchange_reply(exchange, slot->reply_status, slot->reply_type, SLICE(""));
    else exchange_reply_shared(exchange, slot->reply_status, slot->reply_type, body);
    return true;
}

void exchange_reply(struct exchange *exchange, int status, struct slice content_type,
                    struct slice body)
{
    struct exchange_slot *slot = slot_of(exchange);
    if (slot->lent) {
        keep_copy(slot, status, content_type, body);
        return;
    }
    if (slot->connection == NULL) {
        exchange_tell(slot, status, 0);
        server_request_release_slot(slot);
        return;
    }
    send_answer(slot, status, content_type, body, NULL);
}

void exchange_reply_shared(struct exchange *exchange, int status, struct slice content_type,
                           struct shared *body)
{
    struct exchange_slot *slot = slot_of(exchange);
    CHECK(body != NULL);
    if (slot->lent) {
        keep_reply(slot, status, content_type, body);
        return;
    }
    if (slot->connection == NULL) {
        shared_unref(body);
        exchange_tell(slot, status, 0);
        server_request_release_slot(slot);
        return;
    }
    send_answer(slot, status, content_type, shared_bytes(body), body);
}
