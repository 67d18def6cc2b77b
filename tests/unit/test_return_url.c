#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/limits.h"
#include "http/return_url.h"

static const struct slice hosts[] = {SLICE_INIT("good.example"), SLICE_INIT("port.example:8443"),
                                     SLICE_INIT("plain.example:443")};

static const struct return_url_rules rules = {
    .hosts = hosts, .host_count = 3, .default_url = SLICE_INIT("https://usual.example/done?x=1")};

static bool allowed(const char *url)
{
    return return_url_allowed(&rules, slice_of(url));
}

static void listed_hosts_are_allowed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "https://good.example",
        "https://good.example/",
        "https://good.example/a/b?c=d&e=%20#f",
        "HTTPS://GOOD.example/",
        "https://good.example:443/",
        "https://good.example:/",
        "https://good.example?x=https://evil.example",
        "https://port.example:8443/x",
        "https://plain.example/",
        "https://usual.example/other",
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        if (!allowed(rows[row])) fail_msg("refused %s", rows[row]);
    }
}

static const char *const bypasses[] = {
    "",
    "/",
    "good.example",
    "//good.example",
    "//evil.example",
    "https:good.example",
    "https:evil.example",
    "https:/good.example",
    "https:///good.example",
    "https://",
    "https://:443",
    "http://good.example/",
    "ftp://good.example/",
    "javascript:alert(1)//good.example",
    "data:text/html,good.example",
    "https://evil.example/",
    "https://evil.example/https://good.example",
    "https://evil.example?good.example",
    "https://evil.example#good.example",
    "https://good@evil.example",
    "https://good.example@evil.example/",
    "https://evil.example@good.example/",
    "https://@good.example/",
    "https://a:b@good.example/",
    "https://good.example:80/",
    "https://good.example:8443/",
    "https://good.example:0443/",
    "https://good.example:443:443/",
    "https://good.example:x/",
    "https://port.example/",
    "https://port.example:443/",
    "https://good.example.evil.example/",
    "https://good.example.",
    "https://sub.good.example/",
    "https://good.exampl",
    "https://xgood.example",
    "https://good%2eexample/",
    "https://good.example%2eevil.example/",
    "https://good.example%00.evil.example/",
    "https://good.example%2f@evil.example/",
    "https://good.example\\@evil.example/",
    "https://evil.example\\good.example/",
    "https:\\\\good.example/",
    "https://good.example\\.evil.example/",
    " https://good.example/",
    "https://good.example/ ",
    "https://good.example/a b",
    "https://good.example/\n",
    "https://good.example/\r\nX: y",
    "https://go\tod.example/",
    "https://good.example/\x7f",
    "https://good.example/\xc3\xa9",
    "https://g\xd0\xbe\xd0\xbe"
    "d.example/",
    "https://good\xe3\x80\x82"
    "example/",
    "https://xn--good.example/",
    "https://good.example/%zz",
    "https://good.example/<script>",
    "https://good.example/\"x",
    "https://[::1]/",
    "https://[v1.good.example]/",
    "https://127.0.0.1/",
    "https://[good.example]/",
    "https://good.example,evil.example/",
    "https://good.example;evil.example/",
};

static void every_bypass_is_refused(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof bypasses / sizeof bypasses[0]; row++) {
        if (allowed(bypasses[row])) fail_msg("allowed %s", bypasses[row]);
    }
    assert_false(return_url_allowed(&rules, SLICE("https://good.example/\0x")));
    assert_false(return_url_allowed(&rules, SLICE("https://good.example\0.evil.example/")));
}

static void the_length_is_limited(void **state)
{
    (void)state;
    char text[URL_SIZE_MAX + 1];
    memset(text, 'a', sizeof text);
    memcpy(text, "https://good.example/", 21);
    assert_true(return_url_allowed(&rules, (struct slice){text, URL_SIZE_MAX}));
    assert_false(return_url_allowed(&rules, (struct slice){text, URL_SIZE_MAX + 1}));
}

static void without_rules_nothing_is_allowed(void **state)
{
    (void)state;
    const struct return_url_rules none = {0};
    assert_false(return_url_allowed(&none, SLICE("https://good.example/")));
    const struct slice empty[] = {SLICE_INIT(""), SLICE_INIT(":443")};
    const struct return_url_rules odd = {.hosts = empty, .host_count = 2};
    assert_false(return_url_allowed(&odd, SLICE("https://good.example/")));
    assert_false(return_url_allowed(&odd, SLICE("https:///")));
}

static void an_address_in_brackets_is_no_host(void **state)
{
    (void)state;
    const struct slice listed[] = {SLICE_INIT("v1.good"), SLICE_INIT("good.example")};
    const struct return_url_rules loose = {.hosts = listed, .host_count = 2};
    assert_true(return_url_allowed(&loose, SLICE("https://v1.good/")));
    assert_false(return_url_allowed(&loose, SLICE("https://[v1.good]/")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed_hosts_are_allowed),
        cmocka_unit_test(every_bypass_is_refused),
        cmocka_unit_test(the_length_is_limited),
        cmocka_unit_test(without_rules_nothing_is_allowed),
        cmocka_unit_test(an_address_in_brackets_is_no_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
