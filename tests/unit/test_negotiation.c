#include "support/unit.h"

#include "http/html.h"
#include "http/negotiation.h"

static void gzip_is_sent_to_those_who_take_it(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool taken;
    } rows[] = {
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br , gzip;q=0.5", true},
        {"gzip;q=1.000", true},
        {"gzip; q=0.001", true},
        {"*", true},
        {"deflate, *;q=0.1", true},
        {"", false},
        {"identity", false},
        {"br, deflate", false},
        {"gzip;q=0", false},
        {"gzip; q=0", false},
        {"gzip ; Q=0.000", false},
        {"gzip;q=0, *", false},
        {"*;q=0", false},
        {"*, gzip;q=0", false},
        {"notgzip", false},
        {"gzipped", false},
        {",,,", false},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        assert_int_equal(negotiation_takes_gzip(slice_of(rows[index].header)), rows[index].taken);
    }
    assert_false(negotiation_takes_gzip((struct slice){0}));
}

static void html_is_sent_to_browsers_only(void **state)
{
    (void)state;
    assert_true(negotiation_takes_html(
        SLICE("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")));
    assert_true(negotiation_takes_html(SLICE("application/json;q=0.1, Text/HTML;level=1")));
    assert_false(negotiation_takes_html(SLICE("*/*")));
    assert_false(negotiation_takes_html(SLICE("application/json")));
    assert_false(negotiation_takes_html(SLICE("text/html;q=0")));
    assert_false(negotiation_takes_html((struct slice){0}));
}

static void a_tag_is_found_in_a_list_weak_or_strong(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool found;
    } rows[] = {
        {"\"42-ab\"", true},
        {"W/\"42-ab\"", true},
        {"\"41-ab\", \"42-ab\"", true},
        {"\"41-ab\",W/\"42-ab\" , \"7\"", true},
        {"*", true},
        {" * ", true},
        {"", false},
        {"42-ab", false},
        {"\"42-ab-gzip\"", false},
        {"\"42\"", false},
        {"w/\"42-ab\"", false},
        {"\"41-ab\"", false},
        {"*, \"1\"", false},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        assert_int_equal(negotiation_has_tag(slice_of(rows[index].header), SLICE("\"42-ab\"")),
                         rows[index].found);
    }
    assert_false(negotiation_has_tag((struct slice){0}, SLICE("\"42-ab\"")));
}

static void a_list_without_end_is_not_read_to_its_end(void **state)
{
    (void)state;
    char block[4 * NEGOTIATION_ENTRIES_MAX + 4];
    struct buffer list;
    buffer_init(&list, block, sizeof block);
    for (uint32_t count = 0; count < NEGOTIATION_ENTRIES_MAX; count++)
        buffer_append(&list, SLICE("brx,"));
    buffer_append(&list, SLICE("gzip"));
    assert_false(list.overflowed);

    assert_false(negotiation_takes_gzip(buffer_text(&list)));
    assert_true(negotiation_takes_gzip(slice_from(buffer_text(&list), 4)));
}

static void text_becomes_no_markup(void **state)
{
    (void)state;
    char block[128];
    struct buffer buffer;
    buffer_init(&buffer, block, sizeof block);
    html_append(&buffer, SLICE("<a href=\"x\" id='y'>&amp;đ"));

    assert_slice_equal(buffer_text(&buffer),
                       SLICE("&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;đ"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_sent_to_those_who_take_it),
        cmocka_unit_test(html_is_sent_to_browsers_only),
        cmocka_unit_test(a_tag_is_found_in_a_list_weak_or_strong),
        cmocka_unit_test(a_list_without_end_is_not_read_to_its_end),
        cmocka_unit_test(text_becomes_no_markup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
