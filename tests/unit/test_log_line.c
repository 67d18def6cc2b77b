/* test_log_line.c - whatever an event's values contain, it is one line, and says the same. */
#include "support/unit.h"

#include <string.h>

#include "base/log_limit.h"
#include "base/log_line.h"
#include "json/json_read.h"

#define NOW_MS INT64_C(1700000000123)

static char target[LOG_LINE_SIZE_MAX];

static struct slice write_fields(enum log_format format, const struct log_field *fields,
                                 size_t count)
{
    const struct log_line line = {.level = LOG_WARNING,
                                  .event = "tried",
                                  .now_ms = NOW_MS,
                                  .fields = fields,
                                  .field_count = count};
    return log_line_write(&line, format, target);
}

static struct slice write_value(enum log_format format, struct slice value)
{
    return write_fields(format, &LOG_TEXT("value", value), 1);
}

/* The line as JSON: an object, then a newline, and nothing else. */
static const struct json *parse(struct slice line)
{
    static char block[64 * 1024];
    struct arena arena;
    const struct json *root = NULL;
    struct json_fault fault = {0};
    arena_init(&arena, block, sizeof block);
    assert_true(line.size > 1);
    assert_int_equal(line.data[line.size - 1], '\n');
    assert_null(memchr(line.data, '\n', line.size - 1));
    line.size--;
    assert_true(json_parse(line, &arena, &root, &fault));
    assert_int_equal(root->kind, JSON_OBJECT);
    return root;
}

static struct slice value_of(struct slice line)
{
    return json_member(parse(line), SLICE("value"))->text;
}

static void a_json_line_has_time_level_event_and_fields(void **state)
{
    (void)state;
    const struct log_field fields[] = {
        LOG_TEXT("word", SLICE("Rạp")), LOG_NUMBER("count", -7), {.key = NULL, .number = 1}};
    const struct slice line = write_fields(LOG_FORMAT_JSON, fields, 3);
    assert_slice_equal(line, SLICE("{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warning\","
                                   "\"event\":\"tried\",\"word\":\"Rạp\",\"count\":-7}\n"));
    assert_int_equal(parse(line)->count, 5);
}

static void a_text_line_says_the_same_for_people(void **state)
{
    (void)state;
    const struct log_field fields[] = {
        LOG_TEXT("word", SLICE("Rạp")), LOG_NUMBER("count", -7), {.key = NULL, .number = 1}};
    assert_slice_equal(write_fields(LOG_FORMAT_TEXT, fields, 3),
                       SLICE("2023-11-14T22:13:20.123Z warning tried word=\"Rạp\" count=-7\n"));
}

static void quotes_and_backslashes_are_escaped(void **state)
{
    (void)state;
    const struct slice value = SLICE("a\"b\\c");
    assert_slice_equal(value_of(write_value(LOG_FORMAT_JSON, value)), value);
    assert_slice_equal(write_value(LOG_FORMAT_TEXT, value),
                       SLICE("2023-11-14T22:13:20.123Z warning tried value=\"a\\\"b\\\\c\"\n"));
}

static void what_could_forge_a_line_or_move_a_cursor_is_replaced(void **state)
{
    (void)state;
    static const struct {
        struct slice value;
        struct slice shown;
    } cases[] = {
        {SLICE_INIT("a\nb"), SLICE_INIT("a\xef\xbf\xbd"
                                        "b")},
        {SLICE_INIT("\r\x1b[2J\x7f"), SLICE_INIT("\xef\xbf\xbd\xef\xbf\xbd[2J\xef\xbf\xbd")},
        {SLICE_INIT("\0"), SLICE_INIT("\xef\xbf\xbd")},
        /* U+009B, a terminal's escape; U+2028, a line end; U+202E, an override. */
        {SLICE_INIT("\xc2\x9b"), SLICE_INIT("\xef\xbf\xbd\xef\xbf\xbd")},
        {SLICE_INIT("\xe2\x80\xa8"), SLICE_INIT("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {SLICE_INIT("\xe2\x80\xae"), SLICE_INIT("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {SLICE_INIT("\xe2\x81\xa6"), SLICE_INIT("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        const struct slice line = write_value(LOG_FORMAT_JSON, cases[index].value);
        assert_slice_equal(value_of(line), cases[index].shown);
        const struct slice text = write_value(LOG_FORMAT_TEXT, cases[index].value);
        assert_ptr_equal(memchr(text.data, '\n', text.size), text.data + text.size - 1);
    }
}

static void bytes_that_are_no_utf8_are_replaced_one_by_one(void **state)
{
    (void)state;
    static const struct slice cases[] = {SLICE_INIT("\xff"),         SLICE_INIT("\xc3"),
                                         SLICE_INIT("\xc0\x80"),     SLICE_INIT("\xe0\x80\x80"),
                                         SLICE_INIT("\xed\xa0\x80"), SLICE_INIT("\xf4\x90\x80\x80"),
                                         SLICE_INIT("\xe1\xbb"),     SLICE_INIT("\xf0\x80\x80\x80"),
                                         SLICE_INIT("\x80")};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        const struct slice shown = value_of(write_value(LOG_FORMAT_JSON, cases[index]));
        assert_int_equal(shown.size, 3 * cases[index].size);
    }
    const struct slice fine = SLICE("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80"
                                    "\xf4\x8f\xbf\xbf");
    assert_slice_equal(value_of(write_value(LOG_FORMAT_JSON, fine)), fine);
}

static void a_long_value_is_cut_between_two_letters(void **state)
{
    (void)state;
    char value[1000];
    memset(value, 'x', sizeof value);
    memcpy(value + LOG_VALUE_SIZE_MAX - 1, "\xe1\xba\xa1", 3); /* It begins before the end. */
    const struct slice shown =
        value_of(write_value(LOG_FORMAT_JSON, (struct slice){value, sizeof value}));
    assert_int_equal(shown.size, LOG_VALUE_SIZE_MAX - 1 + 3 + 3);
    assert_memory_equal(shown.data + LOG_VALUE_SIZE_MAX - 1, "\xe1\xba\xa1\xe2\x80\xa6", 6);
    const struct slice whole = {value, LOG_VALUE_SIZE_MAX - 1};
    assert_slice_equal(value_of(write_value(LOG_FORMAT_JSON, whole)), whole);
}

static void fields_that_do_not_fit_are_left_out_and_the_line_stays_whole(void **state)
{
    (void)state;
    static char noise[LOG_VALUE_SIZE_MAX];
    memset(noise, '\n', sizeof noise); /* Each byte becomes three. */
    struct log_field fields[9];
    for (size_t index = 0; index < 9; index++) {
        fields[index] = LOG_TEXT("value", ((struct slice){noise, sizeof noise - index}));
    }
    for (size_t count = 1; count <= 9; count++) {
        const struct slice line = write_fields(LOG_FORMAT_TEXT, fields, count);
        assert_true(line.size <= LOG_LINE_SIZE_MAX);
        assert_int_equal(line.data[line.size - 1], '\n');
        assert_int_equal(memmem(line.data, line.size, " cut=true\n", 10) != NULL, count > 2);
    }
    fields[1].key = "other"; /* JSON has a name once. */
    fields[2].key = "third";
    const struct json *root = parse(write_fields(LOG_FORMAT_JSON, fields, 3));
    assert_non_null(json_member(root, SLICE("other")));
    assert_null(json_member(root, SLICE("third")));
    assert_true(json_member(root, SLICE("cut"))->truth);
}

static void a_limit_counts_what_it_leaves_out(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    uint64_t left_out = 99;
    for (int line = 0; line < 3; line++) assert_true(log_limit_pass(&limit, 3, NOW_MS, &left_out));
    assert_int_equal(left_out, 0);
    for (int line = 0; line < 5; line++) {
        assert_false(log_limit_pass(&limit, 3, NOW_MS + 1, &left_out));
    }
    assert_true(log_limit_pass(&limit, 3, NOW_MS + LOG_LIMIT_WINDOW_MS, &left_out));
    assert_int_equal(left_out, 5);
    assert_string_equal(log_limit_field(left_out).key, "left_out");
    assert_int_equal(log_limit_field(left_out).number, 5);
    assert_null(log_limit_field(0).key);
    assert_true(log_limit_pass(&limit, 3, NOW_MS + LOG_LIMIT_WINDOW_MS, &left_out));
    assert_int_equal(left_out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_line_has_time_level_event_and_fields),
        cmocka_unit_test(a_text_line_says_the_same_for_people),
        cmocka_unit_test(quotes_and_backslashes_are_escaped),
        cmocka_unit_test(what_could_forge_a_line_or_move_a_cursor_is_replaced),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced_one_by_one),
        cmocka_unit_test(a_long_value_is_cut_between_two_letters),
        cmocka_unit_test(fields_that_do_not_fit_are_left_out_and_the_line_stays_whole),
        cmocka_unit_test(a_limit_counts_what_it_leaves_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
