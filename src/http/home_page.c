#include "http/home_page.h"

static const char page[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>usher</title>\n"
    "</head>\n"
    "<body>\n"
    "<main>\n"
    "<h1>usher is running</h1>\n"
    "<p>Seat booking for cinemas: hold seats, pay, confirm.</p>\n"
    "<h2>To look around</h2>\n"
    "<ul>\n"
    "<li><a href=\"/api/movies\">Movies</a></li>\n"
    "<li><a href=\"/api/cinemas\">Cinemas</a></li>\n"
    "<li><a href=\"/api/showtimes?available=true\">Showtimes with free seats</a></li>\n"
    "<li><a href=\"/health\">Health</a></li>\n"
    "<li><a href=\"/docs\">The API</a>, and <a href=\"/openapi.json\">the same for programs</a>"
    "</li>\n"
    "<li><a href=\"/problems\">What each error code means</a></li>\n"
    "</ul>\n"
    "<h2>To book</h2>\n"
    "<p>Print a token with <code>build/usher token --user me</code>, and follow the curl lines of "
    "the README.</p>\n"
    "</main>\n"
    "</body>\n"
    "</html>\n";

void home_page_handle(struct desk *desk, struct exchange *exchange)
{
    (void)desk;
    exchange_add_header(exchange, SLICE("content-security-policy"),
                        SLICE("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"));
    exchange_add_header(exchange, SLICE("x-content-type-options"), SLICE("nosniff"));
    exchange_add_header(exchange, SLICE("referrer-policy"), SLICE("no-referrer"));
    exchange_reply(exchange, 200, SLICE("text/html; charset=utf-8"), SLICE(page));
}
