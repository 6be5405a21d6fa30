/* Which host rule decides on a name, and that the number of rules does not matter. */
#include <stdlib.h>
#include <time.h>

#include "originbypass/config/parse.h"
#include "originbypass/rules/rules.h"
#include "test_config.h"

static struct config *given_config;
static struct rules *rules;

static int forget(void **state) {
    (void)state;
    rules_free(rules);
    config_free(given_config);
    rules = NULL;
    given_config = NULL;
    return 0;
}

/* Uses the rules as a file has them: "\"cdn.example.com\", \"!keep.example.com\"". */
static void given(const char *hosts) {
    char text[1024];
    forget(NULL);
    snprintf(text, sizeof(text), "hosts = ( %s );", hosts);
    given_config = parse_good(text);
    rules = rules_build(given_config);
    assert_non_null(rules);
    assert_ptr_equal(rules_config(rules), given_config);
}

static struct name folded(const char *text) {
    struct name name;
    if (!name_fold(&name, text))
        fail_msg("not folded: %s", text);
    return name;
}

/* A rule as it is written; "" for no rule. */
static const char *text_of(const struct host_rule *rule) {
    static const char *const before[] = {[RULE_NAME] = "", [RULE_BELOW] = "*.", [RULE_ALL] = "*"};
    static char text[300];
    if (rule == NULL)
        return "";
    snprintf(text, sizeof(text), "%s%s%s", rule->excluded ? "!" : "", before[rule->kind], rule->name);
    return text;
}

static void assert_decides(const char *expected, const char *host) {
    struct name name = folded(host);
    const char *rule = text_of(rules_match(rules, &name));
    if (strcmp(rule, expected) != 0)
        fail_msg("on %s decides \"%s\", expected \"%s\"", host, rule, expected);
}

static bool is_ours(const char *host) {
    struct name name = folded(host);
    return rules_settings(rules, &name) != NULL;
}

static void without_rules_every_name_is_libcs(void **state) {
    (void)state;
    given("");
    assert_decides("", "cdn.example.com");
    assert_decides("", "localhost");
    assert_false(is_ours("cdn.example.com"));
}

static void a_name_stands_for_itself_alone(void **state) {
    (void)state;
    given("\"cdn.example.com\"");
    assert_decides("cdn.example.com", "cdn.example.com");
    assert_decides("", "www.cdn.example.com");
    assert_decides("", "example.com");
    assert_decides("", "xcdn.example.com");
    assert_decides("", "cdn.example.com.net");
    assert_decides("", "cdn.example.co");
}

static void a_wildcard_stands_for_any_depth_below_and_not_for_the_name_itself(void **state) {
    (void)state;
    given("\"*.example.com\"");
    assert_decides("*.example.com", "a.example.com");
    assert_decides("*.example.com", "c.b.a.example.com");
    assert_decides("", "example.com");
    assert_decides("", "aexample.com");
    assert_decides("", "com");
}

static void a_wildcard_and_its_name_are_two_rules(void **state) {
    (void)state;
    given("\"*.example.com\", \"!example.com\"");
    assert_decides("!example.com", "example.com");
    assert_decides("*.example.com", "www.example.com");
}

static void the_star_stands_for_every_name_with_a_dot(void **state) {
    (void)state;
    given("\"*\"");
    assert_decides("*", "example.com");
    assert_decides("*", "a.b.c.example.com");
    assert_decides("", "com");
    assert_decides("", "backend");
    assert_decides("", "backend.");
}

static void names_that_are_local_by_their_nature_stay_at_home_under_the_star(void **state) {
    (void)state;
    static const char *const homes[] = {"localhost", "local", "internal", "home.arpa", "onion", "svc", "cluster.local"};
    given("\"*\"");
    for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
        char host[64];
        assert_decides("", homes[i]);
        snprintf(host, sizeof(host), "web.%s", homes[i]);
        assert_decides("", host);
        snprintf(host, sizeof(host), "a.web.%s", homes[i]);
        assert_decides("", host);
        snprintf(host, sizeof(host), "web.%sx", homes[i]);
        assert_decides("*", host);
        snprintf(host, sizeof(host), "%s.example.com", homes[i]);
        assert_decides("*", host);
    }
    assert_decides("*", "web.xlocal");
    assert_decides("*", "web.xhome.arpa");
    assert_decides("*", "1.0.0.10.in-addr.arpa");
}

static void a_rule_of_its_own_takes_a_local_name_along(void **state) {
    (void)state;
    given("\"*\", \"printer.local\", \"*.corp.internal\"");
    assert_decides("printer.local", "printer.local");
    assert_decides("*.corp.internal", "db.corp.internal");
    assert_decides("", "scanner.local");
    assert_decides("", "corp.internal");
}

static void an_excluding_rule_leaves_the_name_to_libc(void **state) {
    (void)state;
    given("\"*.example.com\", \"!keep.example.com\", \"!*.in.example.com\"");
    assert_decides("!keep.example.com", "keep.example.com");
    assert_decides("*.example.com", "www.keep.example.com");
    assert_decides("!*.in.example.com", "a.in.example.com");
    assert_decides("*.example.com", "in.example.com");
    assert_true(is_ours("www.example.com"));
    assert_false(is_ours("keep.example.com"));
    assert_false(is_ours("a.in.example.com"));
}

static void an_excluding_star_leaves_what_has_no_other_rule(void **state) {
    (void)state;
    given("\"!*\", \"cdn.example.com\"");
    assert_decides("!*", "www.example.com");
    assert_false(is_ours("www.example.com"));
    assert_true(is_ours("cdn.example.com"));
}

static void the_most_specific_rule_wins_whatever_the_order(void **state) {
    (void)state;
    static const char *const orders[] = {
        "\"*\", \"!*.example.com\", \"*.b.example.com\", \"!a.b.example.com\"",
        "\"!a.b.example.com\", \"*.b.example.com\", \"!*.example.com\", \"*\"",
        "\"*.b.example.com\", \"*\", \"!a.b.example.com\", \"!*.example.com\"",
    };
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        given(orders[i]);
        assert_decides("!a.b.example.com", "a.b.example.com");
        assert_decides("*.b.example.com", "c.b.example.com");
        assert_decides("*.b.example.com", "x.a.b.example.com");
        assert_decides("!*.example.com", "b.example.com");
        assert_decides("!*.example.com", "c.example.com");
        assert_decides("*", "example.com");
    }
}

static void case_and_a_trailing_dot_do_not_matter(void **state) {
    (void)state;
    given("\"CDN.Example.COM.\", \"*.Example.NET.\"");
    assert_decides("cdn.example.com", "cdn.example.com");
    assert_decides("cdn.example.com", "cDn.eXample.cOm.");
    assert_decides("*.example.net", "WWW.EXAMPLE.NET.");
    assert_decides("", "EXAMPLE.NET.");
}

static void an_address_is_never_ours(void **state) {
    (void)state;
    given("\"*\"");
    assert_false(is_ours("203.0.113.7"));
    assert_false(is_ours("192.0.2"));
    assert_false(is_ours("127.0x1"));
    assert_false(is_ours("2001:db8::7"));
    assert_true(is_ours("203.0.113.7.example.com"));
}

static void what_is_no_host_name_is_never_ours(void **state) {
    (void)state;
    given("\"*\", \"*.example.com\"");
    assert_false(is_ours("a b.example.com"));
    assert_false(is_ours("a..example.com"));
    assert_false(is_ours(".example.com"));
    assert_false(is_ours("-a.example.com"));
    assert_false(is_ours("*.example.com"));
    assert_false(is_ours("a/b.example.com"));
    assert_true(is_ours("_a-b.example.com"));
}

static void the_settings_are_those_of_the_rule_that_decides(void **state) {
    (void)state;
    given("\"*.example.com\", { name = \"api.example.com\"; query = \"Origin.example.net\"; }");
    struct name api = folded("api.example.com");
    struct name www = folded("www.example.com");
    assert_string_equal(rules_settings(rules, &api)->query_name, "origin.example.net");
    assert_null(rules_settings(rules, &www)->query_name);
}

/* Names and wildcards in turn: "host0.example.com", "*.host1.example.com" … */
static struct rules *build_many(size_t count, struct config **source) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    fputs("hosts = ( \"*.example.org\"", file);
    for (size_t i = 0; i < count; i++) {
        char host[64];
        snprintf(host, sizeof(host), ", \"%shost%zu.example.com\"", i % 2 == 0 ? "" : "*.", i);
        fputs(host, file); /* functions that write with a format are wrapped here, as in the library */
    }
    fputs(" );", file);
    fclose(file);
    *source = parse_good(text);
    free(text);
    assert_int_equal((*source)->rule_count, count + 1);
    struct rules *many = rules_build(*source);
    assert_non_null(many);
    return many;
}

static void every_one_of_many_rules_is_found(void **state) {
    (void)state;
    forget(NULL);
    rules = build_many(10000, &given_config);
    for (size_t i = 0; i < 10000; i++) {
        char host[64], rule[64];
        snprintf(host, sizeof(host), "%shost%zu.example.com", i % 2 == 0 ? "" : "www.", i);
        snprintf(rule, sizeof(rule), "%shost%zu.example.com", i % 2 == 0 ? "" : "*.", i);
        assert_decides(rule, host);
    }
    assert_decides("", "host10000.example.com");
    assert_decides("", "host1.example.com");
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * The time for a thousand lookups of three names: one has a rule of its own, one matches a wildcard, one has no rule.
 */
static uint64_t cost_ns(const struct rules *of) {
    const struct name names[] = {folded("host8.example.com"), folded("a.b.host9.example.com"),
                                 folded("a.b.c.host.net")};
    size_t found = 0;
    uint64_t began_ns = now_ns();
    for (size_t i = 0; i < 1000; i++) {
        for (size_t j = 0; j < 3; j++)
            found += rules_match(of, &names[j]) != NULL;
    }
    uint64_t took_ns = now_ns() - began_ns;
    assert_int_equal(found, 2000);
    return took_ns;
}

static void ten_thousand_rules_are_as_quick_as_ten(void **state) {
    (void)state;
    struct config *few_config, *many_config;
    struct rules *few = build_many(10, &few_config);
    struct rules *many = build_many(10000, &many_config);
    uint64_t few_ns = UINT64_MAX, many_ns = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        uint64_t took_ns = cost_ns(few);
        few_ns = took_ns < few_ns ? took_ns : few_ns;
        took_ns = cost_ns(many);
        many_ns = took_ns < many_ns ? took_ns : many_ns;
    }
    /* A search through all rules would take a thousand times as long. */
    if (many_ns > 10 * few_ns)
        fail_msg("with ten rules %llu ns, with 10,000 rules %llu ns", (unsigned long long)few_ns,
                 (unsigned long long)many_ns);
    rules_free(few);
    rules_free(many);
    config_free(few_config);
    config_free(many_config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_every_name_is_libcs),
        cmocka_unit_test(a_name_stands_for_itself_alone),
        cmocka_unit_test(a_wildcard_stands_for_any_depth_below_and_not_for_the_name_itself),
        cmocka_unit_test(a_wildcard_and_its_name_are_two_rules),
        cmocka_unit_test(the_star_stands_for_every_name_with_a_dot),
        cmocka_unit_test(names_that_are_local_by_their_nature_stay_at_home_under_the_star),
        cmocka_unit_test(a_rule_of_its_own_takes_a_local_name_along),
        cmocka_unit_test(an_excluding_rule_leaves_the_name_to_libc),
        cmocka_unit_test(an_excluding_star_leaves_what_has_no_other_rule),
        cmocka_unit_test(the_most_specific_rule_wins_whatever_the_order),
        cmocka_unit_test(case_and_a_trailing_dot_do_not_matter),
        cmocka_unit_test(an_address_is_never_ours),
        cmocka_unit_test(what_is_no_host_name_is_never_ours),
        cmocka_unit_test(the_settings_are_those_of_the_rule_that_decides),
        cmocka_unit_test(every_one_of_many_rules_is_found),
        cmocka_unit_test(ten_thousand_rules_are_as_quick_as_ten),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
