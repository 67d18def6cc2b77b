#include "http/api_pages.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "http/api_document.h"
#include "http/cors.h"
#include "http/negotiation.h"
#include "http/problem.h"

enum { TAG_SIZE_MAX = 32 }; /* Sixteen digits and `-gzip` in quotes. */

/* A file of the binary in its two forms. */
struct carried {
    struct slice type;
    struct slice plain;
    struct slice gzip;
    struct slice digest;
};

static struct slice bytes_of(const unsigned char *data, size_t size)
{
    return (struct slice){.data = (const char *)data, .size = size};
}

/* Each form has a tag of its own; empty without room. */
static struct slice make_tag(struct exchange *exchange, struct slice digest, bool gzip)
{
    char *block = arena_take(&exchange->arena, TAG_SIZE_MAX);
    if (block == NULL) return (struct slice){0};
    struct buffer tag;
    buffer_init(&tag, block, TAG_SIZE_MAX);
    buffer_append_char(&tag, '"');
    buffer_append(&tag, digest);
    if (gzip) buffer_append(&tag, SLICE("-gzip"));
    buffer_append_char(&tag, '"');
    CHECK(!tag.overflowed);
    return buffer_text(&tag);
}

static void send(struct exchange *exchange, const struct carried *file)
{
    const bool gzip = negotiation_takes_gzip(exchange_header(exchange, SLICE("accept-encoding")));
    const struct slice tag = make_tag(exchange, file->digest, gzip);
    if (tag.size == 0) {
        problem_reply(exchange, &(struct problem){.error = ERROR_OVERLOADED}, clock_now_ms());
        return;
    }
    exchange_add_header(exchange, SLICE("etag"), tag);
    cors_vary_by_encoding(exchange);
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-cache"));
    if (negotiation_has_tag(exchange_header(exchange, SLICE("if-none-match")), tag)) {
        exchange_reply(exchange, 304, (struct slice){0}, (struct slice){0});
        return;
    }
    if (gzip) exchange_add_header(exchange, SLICE("content-encoding"), SLICE("gzip"));
    exchange_reply(exchange, 200, file->type, gzip ? file->gzip : file->plain);
}

void api_pages_document(struct exchange *exchange)
{
    send(exchange, &(struct carried){.type = SLICE("application/json"),
                                     .plain = bytes_of(api_document, api_document_size),
                                     .gzip = bytes_of(api_document_gzip, api_document_gzip_size),
                                     .digest = slice_of(api_document_digest)});
}

void api_pages_page(struct exchange *exchange)
{
    exchange_add_header(exchange, SLICE("content-security-policy"), slice_of(api_page_policy));
    exchange_add_header(exchange, SLICE("x-content-type-options"), SLICE("nosniff"));
    exchange_add_header(exchange, SLICE("referrer-policy"), SLICE("no-referrer"));
    send(exchange, &(struct carried){.type = SLICE("text/html; charset=utf-8"),
                                     .plain = bytes_of(api_page, api_page_size),
                                     .gzip = bytes_of(api_page_gzip, api_page_gzip_size),
                                     .digest = slice_of(api_page_digest)});
}
