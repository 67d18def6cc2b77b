#include "support/bare_exchange.h"

#include "base/check.h"

struct exchange *bare_exchange_start(struct bare_exchange *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->exchange.method = METHOD_POST;
    fake->exchange.path = SLICE("/api/bookings/hold");
    fake->exchange.request_id = SLICE("test-1");
    arena_init(&fake->exchange.arena, fake->memory, sizeof fake->memory);
    return &fake->exchange;
}

void bare_exchange_send(struct bare_exchange *fake, struct slice name, struct slice value)
{
    CHECK(fake->came_count < BARE_HEADERS_MAX);
    fake->came[fake->came_count++] = (struct bare_header){.name = name, .value = value};
}

struct slice bare_exchange_answered(const struct bare_exchange *fake, struct slice name)
{
    for (size_t index = 0; index < fake->answered_count; index++) {
        if (slice_equal(fake->answered[index].name, name)) return fake->answered[index].value;
    }
    return (struct slice){0};
}

bool bare_exchange_says(const struct bare_exchange *fake, const char *words)
{
    return memmem(fake->body, fake->body_size, words, strlen(words)) != NULL;
}

struct slice exchange_header(const struct exchange *exchange, struct slice name)
{
    const struct bare_exchange *fake = (const struct bare_exchange *)exchange;
    for (size_t index = 0; index < fake->came_count; index++) {
        if (slice_equal(fake->came[index].name, name)) return fake->came[index].value;
    }
    return (struct slice){0};
}

struct slice exchange_header_at(const struct exchange *exchange, struct slice name, size_t place)
{
    const struct bare_exchange *fake = (const struct bare_exchange *)exchange;
    for (size_t index = 0; index < fake->came_count; index++) {
        if (!slice_equal(fake->came[index].name, name)) continue;
        if (place-- == 0) return fake->came[index].value;
    }
    return (struct slice){0};
}

size_t exchange_header_count(const struct exchange *exchange, struct slice name)
{
    const struct bare_exchange *fake = (const struct bare_exchange *)exchange;
    size_t count = 0;
    for (size_t index = 0; index < fake->came_count; index++) {
        if (slice_equal(fake->came[index].name, name)) count++;
    }
    return count;
}

void exchange_add_header(struct exchange *exchange, struct slice name, struct slice value)
{
    struct bare_exchange *fake = (struct bare_exchange *)exchange;
    CHECK(fake->answered_count < BARE_HEADERS_MAX);
    CHECK(value.size <= sizeof fake->values - fake->values_size);
    for (size_t index = 0; index < value.size; index++) CHECK((uint8_t)value.data[index] >= 0x20);
    char *copy = fake->values + fake->values_size;
    if (value.size > 0) memcpy(copy, value.data, value.size);
    fake->values_size += value.size;
    fake->answered[fake->answered_count++] =
        (struct bare_header){.name = name, .value = {copy, value.size}};
}

void exchange_set_header(struct exchange *exchange, struct slice name, struct slice value)
{
    struct bare_exchange *fake = (struct bare_exchange *)exchange;
    size_t kept = 0;
    for (size_t index = 0; index < fake->answered_count; index++) {
        if (slice_equal(fake->answered[index].name, name)) continue;
        fake->answered[kept++] = fake->answered[index];
    }
    fake->answered_count = kept;
    exchange_add_header(exchange, name, value);
}

void exchange_reply(struct exchange *exchange, int status, struct slice content_type,
                    struct slice body)
{
    struct bare_exchange *fake = (struct bare_exchange *)exchange;
    CHECK(fake->status == 0);
    CHECK(body.size <= sizeof fake->body);
    fake->status = status;
    fake->content_type = content_type;
    if (body.size > 0) memcpy(fake->body, body.data, body.size);
    fake->body_size = body.size;
}

void exchange_lend(struct exchange *exchange)
{
    (void)exchange;
}

bool exchange_take_back(struct exchange *exchange)
{
    return ((struct bare_exchange *)exchange)->status != 0;
}
