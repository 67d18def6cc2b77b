/* The raw bytes of requests that have one meaning, and of those that have two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/framing.h"

struct head_case {
    struct slice bytes;
    enum error error;
};

#define HEAD(text, expected) \
    { \
        SLICE_INIT(text), ERROR_##expected \
    }
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static const struct head_case heads[] = {
    HEAD(GET "Host: a\r\n\r\n", NONE),
    HEAD(GET "hOsT:a:3000\r\n\r\n", NONE),
    HEAD(GET "Host: [::1]:3000\r\n\r\n", NONE),
    HEAD("\r\n" GET "Host: a\r\n\r\n", NONE),
    HEAD("GET / HTTP/1.0\r\n\r\n", NONE),
    HEAD(GET "Host: a\r\nX-A: \x80\xff\tb\r\n\r\n", NONE),
    HEAD(GET "Host: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", NONE),
    HEAD(POST "Content-Length: 0\r\n\r\n", NONE),
    HEAD(POST "Content-Length: 16384\r\n\r\n", NONE),
    HEAD(POST "Transfer-Encoding: chunked\r\n\r\n", NONE),
    HEAD(POST "Transfer-Encoding: Chunked\r\nExpect: 100-continue\r\n\r\n", NONE),
    HEAD("GET http://a/b HTTP/1.1\r\nHost: A\r\n\r\n", NONE),
    HEAD("GET https://a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", NONE),
    HEAD("POST /api/payments/webhook/momo HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n",
         NONE),

    /* Host. */
    HEAD(GET "\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host:\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a b\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a/b\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: u@a\r\n\r\n", BAD_REQUEST),

    /* The length of the body. */
    HEAD(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 5, 5\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Transfer-Encoding: gzip, chunked\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Transfer-Encoding: xchunked\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Transfer-Encoding: chunked \r\n\r\n", BAD_REQUEST),
    HEAD(POST "Transfer-Encoding: identity\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Transfer-Encoding:\r\n\r\n", BAD_REQUEST),
    HEAD("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: +5\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: -5\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 0x5\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 5 \r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 5 5\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 05\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length:\r\n\r\n", BAD_REQUEST),
    HEAD(POST "Content-Length: 16385\r\n\r\n", BODY_TOO_LARGE),
    HEAD(POST "Content-Length: 18446744073709551617\r\n\r\n", BODY_TOO_LARGE),
    HEAD("POST /api/payments/webhook/momo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
         BODY_TOO_LARGE),
    HEAD(POST "Expect: 200-ok\r\n\r\n", BAD_REQUEST),

    /* Lines. */
    HEAD("GET / HTTP/1.1\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\n\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nX-A: b\n\r\n", BAD_REQUEST),
    HEAD("\n" GET "Host: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET / HTTP/1.0\n\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nX-A: b\rc\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nX-A: b\0c\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nX-A: b\r\n c\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nX-A: b\r\n\tc\r\n\r\n", BAD_REQUEST),
    HEAD(GET " Host: a\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host : a\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host\t: a\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\n: b\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nX-A\r\n\r\n", BAD_REQUEST),
    HEAD(GET "Host: a\r\nX A: b\r\n\r\n", BAD_REQUEST),

    /* The request line. */
    HEAD("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD(" / HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("G\"T / HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET / HTTP/1.2\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET / HTTP/2.0\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD_REQUEST),
    HEAD("GET /\r\n\r\n", BAD_REQUEST),
    HEAD("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", BAD_REQUEST),
    HEAD("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET a HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
    HEAD("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", BAD_REQUEST),
};

static void each_head_is_judged_as_the_table_says(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof heads / sizeof heads[0]; index++) {
        const struct slice bytes = heads[index].bytes;
        struct framing_head head;
        const enum error error = framing_check(bytes, 0, &head);
        if (error != heads[index].error) print_error("head %zu: %s\n", index, bytes.data);
        assert_int_equal(error, heads[index].error);
        assert_int_equal(head.size, error == ERROR_NONE ? bytes.size : 0);
    }
}

/* However a head is cut, the verdict comes at its end at the latest and is the same. */
static void a_head_that_comes_in_parts_gets_the_same_verdict(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof heads / sizeof heads[0]; index++) {
        const struct slice bytes = heads[index].bytes;
        size_t seen = 0;
        enum error error = ERROR_NONE;
        struct framing_head head = {0};
        for (size_t size = 1; size <= bytes.size && error == ERROR_NONE; size++) {
            /* A copy of its own size, so that a look past the end is caught. */
            char *copy = malloc(size);
            assert_non_null(copy);
            memcpy(copy, bytes.data, size);
            error = framing_check((struct slice){copy, size}, seen, &head);
            if (error == ERROR_NONE) assert_int_equal(head.size, size == bytes.size ? size : 0);
            seen = size;
            free(copy);
        }
        if (error != heads[index].error) print_error("head %zu: %s\n", index, bytes.data);
        assert_int_equal(error, heads[index].error);
    }
}

static void what_follows_a_head_is_not_part_of_it(void **state)
{
    (void)state;
    const struct slice bytes = SLICE(POST "Content-Length: 7\r\n\r\nGET / HTTP/1.1");
    struct framing_head head;
    assert_int_equal(framing_check(bytes, 0, &head), ERROR_NONE);
    assert_int_equal(head.size, bytes.size - 14);
    assert_int_equal(head.content_length, 7);
    assert_false(head.chunked);
    assert_int_equal(head.body_size_max, FRAMING_BODY_SIZE_MAX);
}

static void the_limit_of_a_body_is_that_of_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t size_max;
    } rows[] = {
        {"/api/payments/webhook/momo", FRAMING_WEBHOOK_SIZE_MAX},
        {"/api/cinemas", FRAMING_CINEMA_SIZE_MAX},
        {"/api/cinemas/0123456789abcdef01234567", FRAMING_CINEMA_SIZE_MAX},
        {"/api/movies", FRAMING_BODY_SIZE_MAX},
        {"/api/payments", FRAMING_BODY_SIZE_MAX},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        char text[128];
        const int size =
            snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: a\r\n\r\n", rows[row].path);
        struct framing_head head;
        const struct slice bytes = {.data = text, .size = (size_t)size};
        assert_int_equal(framing_check(bytes, 0, &head), ERROR_NONE);
        assert_int_equal(head.body_size_max, rows[row].size_max);
    }
}

static size_t fill_line(char *block, size_t line_size)
{
    memset(block, 'a', line_size);
    memcpy(block, "GET /", 5);
    memcpy(block + line_size - 9, " HTTP/1.1", 9);
    memcpy(block + line_size, "\r\nHost: a\r\n\r\n", 13);
    return line_size + 13;
}

static void a_request_line_has_a_limit(void **state)
{
    (void)state;
    static char block[8192];
    struct framing_head head;
    struct slice bytes = {block, fill_line(block, FRAMING_LINE_SIZE_MAX)};
    assert_int_equal(framing_check(bytes, 0, &head), ERROR_NONE);
    bytes.size = fill_line(block, FRAMING_LINE_SIZE_MAX + 1);
    assert_int_equal(framing_check(bytes, 0, &head), ERROR_HEADERS_TOO_LARGE);
    /* Without its end, too. */
    bytes.size = FRAMING_LINE_SIZE_MAX + 10;
    (void)fill_line(block, 2 * FRAMING_LINE_SIZE_MAX - 13);
    assert_int_equal(framing_check(bytes, 0, &head), ERROR_HEADERS_TOO_LARGE);
}

static void a_header_block_has_a_limit(void **state)
{
    (void)state;
    static char block[32768];
    static const char start[] = GET "Host: a\r\nX-A: ";
    const size_t start_size = sizeof start - 1;
    struct framing_head head;
    memset(block, 'a', sizeof block);
    memcpy(block, start, start_size);
    const size_t fitting = FRAMING_FIELDS_SIZE_MAX + sizeof "GET / HTTP/1.1" - 1;
    for (size_t size = fitting; size <= fitting + 1; size++) {
        memset(block + start_size, 'a', sizeof block - start_size);
        memcpy(block + size - 4, "\r\n\r\n", 4);
        assert_int_equal(framing_check((struct slice){block, size}, 0, &head),
                         size == fitting ? ERROR_NONE : ERROR_HEADERS_TOO_LARGE);
    }
    memset(block + start_size, 'a', sizeof block - start_size);
    assert_int_equal(framing_check((struct slice){block, 10000}, 0, &head), ERROR_NONE);
    assert_int_equal(framing_check((struct slice){block, 20481}, 10000, &head),
                     ERROR_HEADERS_TOO_LARGE);
}

static void the_number_of_fields_has_a_limit(void **state)
{
    (void)state;
    static const size_t counts[] = {FRAMING_FIELDS_MAX, FRAMING_FIELDS_MAX + 1,
                                    FRAMING_FIELDS_MAX + 50};
    for (size_t place = 0; place < 3; place++) {
        static char block[4096];
        size_t size = sizeof(GET) - 1;
        memcpy(block, GET "Host: a\r\n", sizeof(GET "Host: a\r\n") - 1);
        size += sizeof "Host: a\r\n" - 1;
        for (size_t count = 1; count < counts[place]; count++) {
            memcpy(block + size, "X-A: b\r\n", 8);
            size += 8;
        }
        memcpy(block + size, "\r\n", 2);
        struct framing_head head;
        assert_int_equal(framing_check((struct slice){block, size + 2}, 0, &head),
                         place == 0 ? ERROR_NONE : ERROR_HEADERS_TOO_LARGE);
    }
}

static void assert_text(struct slice text, const char *expected)
{
    assert_true(slice_equal(text, slice_of(expected)));
}

static void a_sane_request_id_is_found_even_if_the_head_is_refused(void **state)
{
    (void)state;
    struct framing_head head;
    const struct slice good =
        SLICE(GET "Host: a\r\nX-Request-Id: \r\nx-request-ID: a.B_9-\r\nX-Request-Id: c\r\n\r\n");
    assert_int_equal(framing_check(good, 0, &head), ERROR_NONE);
    assert_text(head.request_id, "a.B_9-");
    const struct slice bad = SLICE(GET "X-Request-Id: a\r\n\r\n");
    assert_int_equal(framing_check(bad, 0, &head), ERROR_BAD_REQUEST);
    assert_text(head.request_id, "a");
    const struct slice odd = SLICE(GET "Host: a\r\nX-Request-Id: a\"b\r\n\r\n");
    assert_int_equal(framing_check(odd, 0, &head), ERROR_NONE);
    assert_int_equal(head.request_id.size, 0);
}

static void the_target_of_any_form_becomes_a_path(void **state)
{
    (void)state;
    assert_text(framing_target(SLICE("/a?b")), "/a?b");
    assert_text(framing_target(SLICE("//a/b")), "//a/b");
    assert_text(framing_target(SLICE("http://a/b?c")), "/b?c");
    assert_text(framing_target(SLICE("HTTP://a")), "/");
    assert_text(framing_target(SLICE("http://a?b")), "");
    assert_text(framing_target(SLICE("http://")), "");
    assert_text(framing_target(SLICE("*")), "");
    assert_text(framing_target(SLICE("")), "");
}

struct chunk_case {
    struct slice bytes;
    enum error error;
    bool whole;
    size_t body_size;
};

static const struct chunk_case chunk_cases[] = {
    {SLICE_INIT("0\r\n\r\n"), ERROR_NONE, true, 0},
    {SLICE_INIT("5\r\nhello\r\n0\r\n\r\n"), ERROR_NONE, true, 5},
    {SLICE_INIT("5\r\nhello\r\n0\r\n\r\nG\nT"), ERROR_NONE, true, 5},
    {SLICE_INIT("A\r\n0123456789\r\n1\r\n\n\r\n000\r\nX: y\r\nZ:\tw\r\n\r\n"), ERROR_NONE, true,
     11},
    {SLICE_INIT("5\r\nhell"), ERROR_NONE, false, 5},
    {SLICE_INIT("14\r\n"), ERROR_NONE, false, 20},
    {SLICE_INIT("15\r\n"), ERROR_BODY_TOO_LARGE, false, 0},
    {SLICE_INIT("a\r\n0123456789\r\nb\r\n"), ERROR_BODY_TOO_LARGE, false, 0},
    {SLICE_INIT("ffffffff\r\n"), ERROR_BODY_TOO_LARGE, false, 0},
    {SLICE_INIT("0x5\r\nhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("000000005\r\nhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("ffffffffffffffff5\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("-5\r\nhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT(" 5\r\nhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("5 \r\nhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("5;a=b\r\nhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("5\nhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("5\r\nhello\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("5\r\nhello0\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("5\r\nhello\r\n\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("5\rhello\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("0\r\nX: y\n\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("0\r\nX: \0\r\n\r\n"), ERROR_BAD_REQUEST, false, 0},
    {SLICE_INIT("0\r\n\rX"), ERROR_BAD_REQUEST, false, 0},
};

static void chunks_are_judged_alike_however_they_are_cut(void **state)
{
    (void)state;
    enum { BODY_MAX = 20 };
    for (size_t index = 0; index < sizeof chunk_cases / sizeof chunk_cases[0]; index++) {
        const struct chunk_case *wanted = &chunk_cases[index];
        for (size_t step = 1; step <= wanted->bytes.size; step++) {
            struct framing_chunks chunks = {0};
            enum error error = ERROR_NONE;
            for (size_t start = 0; start < wanted->bytes.size && error == ERROR_NONE;
                 start += step) {
                struct slice part = slice_from(wanted->bytes, start);
                if (part.size > step) part.size = step;
                error = framing_chunks_check(&chunks, part, BODY_MAX);
            }
            if (error != wanted->error) print_error("chunks %zu, step %zu\n", index, step);
            assert_int_equal(error, wanted->error);
            assert_int_equal(chunks.whole, wanted->whole);
            if (error == ERROR_NONE) assert_int_equal(chunks.body_size, wanted->body_size);
        }
    }
}

static void a_trailer_has_a_limit(void **state)
{
    (void)state;
    struct framing_chunks chunks = {0};
    assert_int_equal(framing_chunks_check(&chunks, SLICE("0\r\n"), 10), ERROR_NONE);
    enum error error = ERROR_NONE;
    int lines = 0;
    for (; lines < 1000 && error == ERROR_NONE; lines++)
        error = framing_chunks_check(&chunks, SLICE("X-A: b\r\n"), 10);
    assert_int_equal(error, ERROR_HEADERS_TOO_LARGE);
    assert_in_range(lines, 100, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_head_is_judged_as_the_table_says),
        cmocka_unit_test(a_head_that_comes_in_parts_gets_the_same_verdict),
        cmocka_unit_test(what_follows_a_head_is_not_part_of_it),
        cmocka_unit_test(the_limit_of_a_body_is_that_of_its_path),
        cmocka_unit_test(a_request_line_has_a_limit),
        cmocka_unit_test(a_header_block_has_a_limit),
        cmocka_unit_test(the_number_of_fields_has_a_limit),
        cmocka_unit_test(a_sane_request_id_is_found_even_if_the_head_is_refused),
        cmocka_unit_test(the_target_of_any_form_becomes_a_path),
        cmocka_unit_test(chunks_are_judged_alike_however_they_are_cut),
        cmocka_unit_test(a_trailer_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
