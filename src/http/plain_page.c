#include "http/plain_page.h"

#include "base/check.h"
#include "http/api_document.h"

void plain_page_begin(struct buffer *page, struct slice title)
{
    buffer_append(page,
                  SLICE("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, "
                        "initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>"));
    buffer_append(page, title);
    buffer_append(page, SLICE("</title>\n<style>"));
    buffer_append(page, slice_of(plain_page_style));
    buffer_append(page, SLICE("</style>\n</head>\n<body>\n<main>\n<h1>"));
    buffer_append(page, title);
    buffer_append(page, SLICE("</h1>\n"));
}

void plain_page_reply(struct exchange *exchange, struct buffer *page)
{
    buffer_append(page, SLICE("</main>\n</body>\n</html>\n"));
    CHECK(!page->overflowed);
    exchange_add_header(exchange, SLICE("content-security-policy"), slice_of(plain_page_policy));
    exchange_add_header(exchange, SLICE("x-content-type-options"), SLICE("nosniff"));
    exchange_add_header(exchange, SLICE("referrer-policy"), SLICE("no-referrer"));
    exchange_reply(exchange, 200, SLICE("text/html; charset=utf-8"), buffer_text(page));
}
