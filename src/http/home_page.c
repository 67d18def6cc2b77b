#include "http/home_page.h"

#include "http/plain_page.h"

enum { PAGE_SIZE_MAX = 8 * 1024 };

static const char links[] =
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
    "</ul>\n";

/* Elsewhere who reads this page has neither the program nor its secret. */
static const char hint[] =
    "<h2>To book</h2>\n"
    "<p>Print a token with <code>build/usher token --user me</code>, and follow the curl lines of "
    "the README.</p>\n";

void home_page_handle(struct desk *desk, struct exchange *exchange)
{
    char text[PAGE_SIZE_MAX];
    struct buffer page;
    buffer_init(&page, text, sizeof text);
    plain_page_begin(&page, SLICE("usher is running"));
    buffer_append(&page, SLICE(links));
    if (desk->house->sandbox != NULL) buffer_append(&page, SLICE(hint));
    plain_page_reply(exchange, &page);
}
