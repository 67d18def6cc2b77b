#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/query.h"
#include "support/bare_exchange.h"

static struct bare_exchange fake;
static struct query query;

static void parse(struct slice text)
{
    struct exchange *exchange = bare_exchange_start(&fake);
    query_parse(text, &exchange->arena, &query);
}

static bool finish(void)
{
    const bool good = query_finish(&fake.exchange, &query, 0);
    if (!good) assert_int_equal(fake.status, 400);
    return good;
}

static void values_are_decoded(void **state)
{
    (void)state;
    parse(SLICE("q=%C4%91%e1%BB%93ng+A%26B%2b&%73tatus=x=y&empty="));
    assert_true(
        slice_equal(query_text(&query, SLICE("q"), 64), SLICE("\xc4\x91\xe1\xbb\x93ng A&B+")));
    assert_true(slice_equal(query_text(&query, SLICE("status"), 64), SLICE("x=y")));
    assert_null(query_text(&query, SLICE("empty"), 64).data);
    assert_null(query_text(&query, SLICE("absent"), 64).data);
    assert_true(finish());
    parse((struct slice){0});
    assert_true(finish());
    parse(SLICE(""));
    assert_true(finish());
}

static void what_is_not_strict_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "q",        "q=%",   "q=%4",    "q=%zz",     "q=%00",       "q=a%0Ab", "q=%FF",
        "q=%C0%AF", "q=%7f", "q=1&q=2", "q=1&%71=2", "q=1&",        "&q=1",    "q=1&&",
        "=1",       "&",     "other=1", "Q=1",       "q=1&limit=5", "q=\x01",  "q=\xff",
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        parse(slice_of(rows[row]));
        (void)query_text(&query, SLICE("q"), 64);
        if (finish()) fail_msg("took %s", rows[row]);
        assert_true(bare_exchange_says(&fake, "\"errorCode\":\"VALIDATION_FAILED\""));
    }
    parse(SLICE("q=abcd"));
    assert_null(query_text(&query, SLICE("q"), 3).data);
    assert_false(finish());
}

static void the_wrong_parameters_are_named(void **state)
{
    (void)state;
    parse(SLICE("colour=red&limit=0&limit=1"));
    (void)query_limit(&query);
    assert_false(finish());
    assert_true(
        bare_exchange_says(&fake, "{\"field\":\"colour\",\"message\":\"is unknown here\"}"));
    assert_true(bare_exchange_says(
        &fake, "{\"field\":\"limit\",\"message\":\"must be a number from 1 to 100\"}"));
    assert_true(
        bare_exchange_says(&fake, "{\"field\":\"limit\",\"message\":\"is given more than once\"}"));
}

static void limits_are_1_to_100(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t limit; /* 0: refused. */
    } rows[] = {{"", 20},
                {"limit=", 20},
                {"limit=1", 1},
                {"limit=100", 100},
                {"limit=0", 0},
                {"limit=101", 0},
                {"limit=-1", 0},
                {"limit=01", 0},
                {"limit=1.0", 0},
                {"limit=+1", 0},
                {"limit=1e1", 0},
                {"limit=x", 0},
                {"limit=99999999999999999999999", 0}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        parse(slice_of(rows[row].text));
        const uint32_t limit = query_limit(&query);
        assert_int_equal(finish(), rows[row].limit != 0);
        if (rows[row].limit != 0) assert_int_equal(limit, rows[row].limit);
    }
}

static void a_cursor_comes_back_as_it_went(void **state)
{
    (void)state;
    struct id id;
    assert_true(id_parse(SLICE("65a1b2c3d4e5f60718293aff"), &id));
    char text[7 + CURSOR_TEXT_SIZE] = "cursor=";
    query_format_cursor(id, text + 7);
    parse((struct slice){text, sizeof text});
    assert_true(id_equal(query_cursor(&query), id));
    assert_true(finish());
    parse(SLICE(""));
    assert_true(id_is_none(query_cursor(&query)));
    assert_true(finish());
    static const char *const rows[] = {"cursor=x",
                                       "cursor=AAAAAAAAAAAAAAAA",
                                       "cursor=65a1b2c3d4e5f60718293aff",
                                       "cursor=ZaGyw9Tl9gcYKTr-AAAA",
                                       "cursor=ZaGyw9Tl9gcYKTo",
                                       "cursor=ZaGyw9Tl9gcYKTr%3D"};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        parse(slice_of(rows[row]));
        assert_true(id_is_none(query_cursor(&query)));
        assert_false(finish());
    }
}

static void ids_are_read_in_either_case(void **state)
{
    (void)state;
    parse(SLICE("movie_id=65A1B2C3D4E5F60718293AFF"));
    assert_false(id_is_none(query_id(&query, SLICE("movie_id"))));
    assert_true(finish());
    parse(SLICE("movie_id=65A1"));
    assert_true(id_is_none(query_id(&query, SLICE("movie_id"))));
    assert_false(finish());
}

static void parameters_are_bounded(void **state)
{
    (void)state;
    static char text[4096];
    memset(text, '&', sizeof text);
    parse((struct slice){text, sizeof text});
    assert_false(finish());
    parse(SLICE("a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1&r=1"));
    assert_false(finish());
    assert_true(bare_exchange_says(&fake, "too many parameters"));
}

static void consistency_is_strong_or_not_given(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        enum consistency consistency;
    } rows[] = {
        {"", true, CONSISTENCY_LATEST},
        {"consistency=", true, CONSISTENCY_LATEST},
        {"consistency=strong", true, CONSISTENCY_STRONG},
        {"consistency=str%6Fng", true, CONSISTENCY_STRONG},
        {"consistency=Strong", false, CONSISTENCY_LATEST},
        {"consistency=strong+", false, CONSISTENCY_LATEST},
        {"consistency=weak", false, CONSISTENCY_LATEST},
        {"consistency", false, CONSISTENCY_LATEST},
        {"consistency=strong&consistency=strong", false, CONSISTENCY_LATEST},
        {"consistancy=strong", false, CONSISTENCY_LATEST},
        {"consistency=strong&limit=1", false, CONSISTENCY_LATEST},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct exchange *exchange = bare_exchange_start(&fake);
        exchange->query = slice_of(rows[row].text);
        enum consistency consistency = CONSISTENCY_LATEST;
        const bool good = query_only_consistency(exchange, &consistency, 0);
        if (good != rows[row].good) fail_msg("judged wrongly: %s", rows[row].text);
        if (good) assert_int_equal(consistency, rows[row].consistency);
        else assert_true(bare_exchange_says(&fake, "\"errorCode\":\"VALIDATION_FAILED\""));
        if (good) assert_int_equal(fake.status, 0);
    }
    struct exchange *exchange = bare_exchange_start(&fake);
    exchange->query = SLICE("consistency=weak");
    enum consistency consistency = CONSISTENCY_LATEST;
    assert_false(query_only_consistency(exchange, &consistency, 0));
    assert_true(
        bare_exchange_says(&fake, "{\"field\":\"consistency\",\"message\":\"must be strong\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_decoded),
        cmocka_unit_test(what_is_not_strict_is_refused),
        cmocka_unit_test(the_wrong_parameters_are_named),
        cmocka_unit_test(limits_are_1_to_100),
        cmocka_unit_test(a_cursor_comes_back_as_it_went),
        cmocka_unit_test(ids_are_read_in_either_case),
        cmocka_unit_test(parameters_are_bounded),
        cmocka_unit_test(consistency_is_strong_or_not_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
