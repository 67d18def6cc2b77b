#include "http/problem_page.h"

#include "base/buffer.h"
#include "http/plain_page.h"
#include "http/problem.h"
#include "http/problem_text.h"

enum { PAGE_SIZE_MAX = 12 * 1024 }; /* The list of all codes is the longest page. */

/* All that is appended here is our own text, written without letters that HTML reads. */
static void append_error(struct buffer *buffer, enum error error)
{
    const struct problem_text *text = problem_text_of(error);
    plain_page_begin(buffer, slice_of(error_title(error)));
    buffer_append(buffer, SLICE("<p><code>"));
    buffer_append(buffer, slice_of(error_name(error)));
    buffer_append(buffer, SLICE("</code>, HTTP status "));
    buffer_append_number(buffer, error_status(error));
    buffer_append(buffer, SLICE("</p>\n<h2>What it means</h2>\n<p>"));
    buffer_append(buffer, text->meaning);
    buffer_append(buffer, SLICE("</p>\n<h2>What to do</h2>\n<p>"));
    buffer_append(buffer, text->remedy);
    buffer_append(buffer, SLICE("</p>\n<p><a href=\"/problems\">All codes</a></p>\n"));
}

static void append_list(struct buffer *buffer)
{
    plain_page_begin(buffer, SLICE("Problems"));
    buffer_append(buffer, SLICE("<ul>\n"));
    for (int error = ERROR_NONE + 1; error < ERROR_COUNT; error++) {
        const struct slice name = slice_of(error_name((enum error)error));
        buffer_append(buffer, SLICE("<li><a href=\"/problems/"));
        buffer_append(buffer, name);
        buffer_append(buffer, SLICE("\">"));
        buffer_append(buffer, name);
        buffer_append(buffer, SLICE("</a> "));
        buffer_append_number(buffer, error_status((enum error)error));
        buffer_append(buffer, SLICE(" "));
        buffer_append(buffer, slice_of(error_title((enum error)error)));
        buffer_append(buffer, SLICE("</li>\n"));
    }
    buffer_append(buffer, SLICE("</ul>\n"));
}

void problem_page_append(struct buffer *buffer, enum error error)
{
    if (error == ERROR_NONE) append_list(buffer);
    else append_error(buffer, error);
}

static bool find_code(struct slice code, enum error *ret_error)
{
    for (int error = ERROR_NONE + 1; error < ERROR_COUNT; error++) {
        if (!slice_equal(code, slice_of(error_name((enum error)error)))) continue;
        *ret_error = (enum error)error;
        return true;
    }
    return false;
}

void problem_page_reply(struct exchange *exchange, struct slice code, int64_t now_ms)
{
    enum error error = ERROR_NONE;
    if (code.size > 0 && !find_code(code, &error)) {
        const struct slice detail = SLICE("There is no such code; /problems lists all of them");
        problem_reply(exchange, &(struct problem){.error = ERROR_NOT_FOUND, .detail = detail},
                      now_ms);
        return;
    }
    char text[PAGE_SIZE_MAX];
    struct buffer page;
    buffer_init(&page, text, sizeof text);
    problem_page_append(&page, error);
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("public, max-age=3600"));
    plain_page_reply(exchange, &page);
}
