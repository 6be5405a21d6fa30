/* Whether an answer from before a reload is still valid after it: settings are compared by their meaning. */
#include "originbypass/config/compare.h"
#include "originbypass/config/parse.h"

#include "test_config.h"

static const char COMMON[] = "hosts = ( { name = \"a.b\"; %s } ); %s";

static struct config *with(const char *own, const char *general) {
    char text[512];
    snprintf(text, sizeof(text), COMMON, own, general);
    return parse_good(text);
}

static bool are_equal(const char *own, const char *general, const char *other_own, const char *other_general) {
    struct config *a = with(own, general), *b = with(other_own, other_general);
    bool equal = config_compare_equal(a->rules[0].settings, b->rules[0].settings);
    config_free(a);
    config_free(b);
    return equal;
}

static void the_same_text_means_the_same(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "query = \"c.d\";",
        "upstreams = [ \"192.0.2.1\", \"192.0.2.2:5353\" ];",
        "addresses = [ \"192.0.2.1\", \"2001:db8::1\" ];",
        "reject = [ \"cloudflare\", \"192.0.2.0/24\" ]; accept = [ \"192.0.2.1\" ];",
        "family = \"ipv4\"; fallback = \"never\"; cache = { mode = \"ttl\"; };",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
            if (are_equal(texts[i], "", texts[j], "") != (i == j))
                fail_msg("\"%s\" and \"%s\"", texts[i], texts[j]);
}

static void lines_and_comments_mean_nothing(void **state) {
    (void)state;
    assert_true(are_equal("", "answers = { reject = [ \"192.0.2.0/24\" ]; };", "",
                          "\n\n/* moved */ answers = { reject = [ \"192.0.2.0/24\" ]; };"));
    assert_true(are_equal("", "log = { level = \"info\"; };", "", "log = { level = \"debug\"; };"));
}

static void it_does_not_matter_where_a_setting_stands(void **state) {
    (void)state;
    assert_true(are_equal("family = \"ipv4\";", "", "", "family = \"ipv4\";"));
    assert_true(are_equal("reject = [ \"private\" ];", "", "", "answers = { reject = [ \"private\" ]; };"));
}

static void every_setting_counts(void **state) {
    (void)state;
    static const char *const generals[] = {
        "upstreams = [ \"192.0.2.1\" ];",
        "fallback = \"never\";",
        "family = \"ipv6\";",
        "when = \"edge\";",
        "edges = [ \"192.0.2.0/24\" ];",
        "query = { timeout_ms = 999; };",
        "query = { hedge_ms = 199; };",
        "query = { deadline_ms = 1999; };",
        "cache = { mode = \"pinned\"; };",
        "cache = { stale_window_s = 31; };",
        "cache = { stale_wait_ms = 501; };",
        "cache = { min_ttl_s = 2; };",
        "cache = { max_ttl_s = 86401; };",
        "cache = { negative_ttl_s = 61; };",
        "answers = { reject = [ \"192.0.2.0/24\" ]; };",
        "answers = { accept = [ \"192.0.2.0/24\" ]; };",
        "answers = { strict = true; };",
    };
    for (size_t i = 0; i < sizeof(generals) / sizeof(generals[0]); i++) {
        if (are_equal("", "", "", generals[i]))
            fail_msg("does not count: %s", generals[i]);
        assert_true(are_equal("", generals[i], "", generals[i]));
    }
}

static void the_general_upstreams_count_where_a_host_has_its_own(void **state) {
    (void)state;
    static const char own[] = "upstreams = [ \"192.0.2.53\" ];";
    assert_false(are_equal(own, "upstreams = [ \"192.0.2.1\" ];", own, "upstreams = [ \"192.0.2.2\" ];"));
}

static void the_order_of_upstreams_counts(void **state) {
    (void)state;
    assert_false(are_equal("upstreams = [ \"192.0.2.1\", \"192.0.2.2\" ];", "",
                           "upstreams = [ \"192.0.2.2\", \"192.0.2.1\" ];", ""));
    assert_false(are_equal("upstreams = [ \"192.0.2.1:53\" ];", "", "upstreams = [ \"192.0.2.1:54\" ];", ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_means_the_same),
        cmocka_unit_test(lines_and_comments_mean_nothing),
        cmocka_unit_test(it_does_not_matter_where_a_setting_stands),
        cmocka_unit_test(every_setting_counts),
        cmocka_unit_test(the_general_upstreams_count_where_a_host_has_its_own),
        cmocka_unit_test(the_order_of_upstreams_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
