#include <arpa/inet.h>
#include <libconfig.h>
#include <stdlib.h>
#include <time.h>

#include "test_config.h"

#include "originbypass/config/parse.h"
#include "originbypass/config/tame_libconfig.h"

/* The hosts of a configuration file: the rules, and the settings that a host has of its own. */

static void assert_rule(const struct config *config, const char *name, enum rule_kind kind, bool excluded, int line) {
    const struct host_rule *rule = find_rule(config, name, kind);
    assert_non_null(rule);
    assert_int_equal(rule->excluded, excluded);
    assert_int_equal(rule->line, line);
}

static void a_rule_is_a_name_a_wildcard_everything_or_an_exception(void **state) {
    (void)state;
    struct config *config = parse_good("hosts = ( \"cdn.example.com\",\n"
                                       "  \"*.example.net\",\n"
                                       "  \"!keep.example.net\",\n"
                                       "  \"!*.home.example.net\",\n"
                                       "  \"*\"\n"
                                       ");");
    assert_int_equal(config->rule_count, 5);
    assert_rule(config, "cdn.example.com", RULE_NAME, false, 1);
    assert_rule(config, "example.net", RULE_BELOW, false, 2);
    assert_rule(config, "keep.example.net", RULE_NAME, true, 3);
    assert_rule(config, "home.example.net", RULE_BELOW, true, 4);
    assert_rule(config, "", RULE_ALL, false, 5);
    for (size_t i = 0; i < config->rule_count; i++)
        assert_ptr_equal(config->rules[i].settings, &config->general);
    config_free(config);
}

static void hosts_may_stand_in_an_array(void **state) {
    (void)state;
    struct config *config = parse_good("hosts = [ \"a.example.com\", \"b.example.com\" ];");
    assert_int_equal(config->rule_count, 2);
    config_free(config);
}

static void case_and_a_final_dot_do_not_matter(void **state) {
    (void)state;
    struct config *config = parse_good("hosts = ( \"CDN.Example.COM.\", \"*.EXAMPLE.net.\", \"_srv.a-b.example\" );");
    assert_rule(config, "cdn.example.com", RULE_NAME, false, 1);
    assert_rule(config, "example.net", RULE_BELOW, false, 1);
    assert_rule(config, "_srv.a-b.example", RULE_NAME, false, 1);
    config_free(config);
}

static void a_rule_given_twice_is_kept_once(void **state) {
    (void)state;
    struct config *config = parse_good("hosts = ( \"a.example.com\", \"*.example.com\", \"!b.example.com\", \"*\",\n"
                                       "  \"A.example.com.\", \"*.example.com\", \"!b.example.com\", \"*\",\n"
                                       "  { name = \"a.example.com\"; } );");
    assert_int_equal(config->rule_count, 4);
    assert_rule(config, "a.example.com", RULE_NAME, false, 1);
    config_free(config);
}

static void rules_that_contradict_each_other_are_refused(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"hosts = ( \"a.example.com\",\n\"!A.example.com\" );", 2,
         "\"!A.example.com\" contradicts the rule for the same name in line 1"},
        {"hosts = ( \"!*.example.com\",\n\"*.example.com\" );", 2, "\"*.example.com\" contradicts"},
        {"hosts = ( \"*\", \"!*\" );", 1, "\"!*\" contradicts"},
        {"hosts = ( \"auto\",\n\"*\" );", 2, "\"*\" contradicts the rule for the same name in line 1"},
        {"hosts = ( \"*\",\n\"auto\" );", 2, "\"*\" contradicts the rule for the same name in line 1"},
        {"hosts = ( \"a.example.com\",\n{ name = \"a.example.com\"; strict = true; } );", 2, "contradicts the rule"},
        {"hosts = ( { name = \"a.b\"; strict = true; },\n { name = \"a.b\"; strict = true; } );", 2, "in line 1"},
    };
    ASSERT_ALL_REFUSED(table);
}

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define NAME_255 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63

static void what_is_no_rule_is_refused(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"hosts = ( \"\" );", 1, "\"\" names no host"},
        {"hosts = ( \"!\" );", 1, "\"!\" names no host"},
        {"hosts = (\n\"*.\"\n);", 2, "\"*.\" names no host"},
        {"hosts = ( \".\" );", 1, "\".\" has an empty label"},
        {"hosts = ( \".example.com\" );", 1, "\".example.com\" has an empty label"},
        {"hosts = ( \"a..example.com\" );", 1, "has an empty label"},
        {"hosts = ( \"a.example.com..\" );", 1, "has an empty label"},
        {"hosts = ( \"a.*.example.com\" );", 1, "\"a.*.example.com\" has a wildcard in the wrong place"},
        {"hosts = ( \"a*.example.com\" );", 1, "has a wildcard in the wrong place"},
        {"hosts = ( \"**.example.com\" );", 1, "has a wildcard in the wrong place"},
        {"hosts = ( \"*.*\" );", 1, "has a wildcard in the wrong place"},
        {"hosts = ( \"!!a.example.com\" );", 1, "\"!!a.example.com\" is not a host name"},
        {"hosts = ( \"a b.example.com\" );", 1, "\"a b.example.com\" is not a host name"},
        {"hosts = ( \"a.example.com, b.example.com\" );", 1, "is not a host name"},
        {"hosts = ( \"a.example.com;b.example.com\" );", 1,
         "has a semicolon in it: separate hosts by commas or blanks"},
        {"hosts = ( \"'*.example.com'\" );", 1, "has quotes around it: remove them"},
        {"hosts = ( \"\xe2\x80\x9c"
         "a.example.com\xe2\x80\x9d\" );",
         1, "has a character that only looks like an ASCII one, such as a curly quote"},
        {"hosts = ( \"-a.example.com\" );", 1, "is not a host name"},
        {"hosts = ( \"a.example.com:443\" );", 1, "\"a.example.com:443\" is not a host name: expected only letters"},
        {"hosts = ( \"https://a.example.com/\" );", 1, "without scheme or path"},
        {"hosts = ( \"1.2.3.4\" );", 1, "\"1.2.3.4\" is an IP address"},
        {"hosts = ( \"0x7f.1\" );", 1, "\"0x7f.1\" is an IP address"},
        {"hosts = ( \"2001:db8::1\" );", 1, "\"2001:db8::1\" is an IP address"},
        {"hosts = ( \"b\xc3\xbc"
         "cher.example\" );",
         1, "\"b\\xc3\\xbccher.example\" is not ASCII: expected the name's xn-- form"},
        {"hosts = ( \"" LABEL_63 "x.example.com\" );", 1, "has a label that is too long"},
        {"hosts = ( \"" NAME_255 "\" );", 1, "is too long: expected at most 253 octets"},
        {"hosts = ( \"!auto\" );", 1, "\"!auto\" excludes nothing"},
        {"hosts = ( { name = \"Auto\"; strict = true; } );", 1, "\"Auto\" has no settings of its own"},
        {"hosts = ( { } );", 1, "a host has no name"},
        {"hosts = (\n{\nname = 5;\n} );", 3, "a host has no name"},
        {"hosts = ( { name = \"a..b\"; } );", 1, "\"a..b\" has an empty label"},
        {"hosts = ( { name = \"!a.example.com\"; strict = true; } );", 1,
         "\"!a.example.com\" is excluded, so settings have no effect"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void the_longest_names_are_rules(void **state) {
    (void)state;
    static const char label_61[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi";
    char text[600];
    snprintf(text, sizeof(text), "hosts = ( \"*.%s.%s.%s.%s\" );", LABEL_63, LABEL_63, LABEL_63, label_61);
    struct config *config = parse_good(text);
    assert_int_equal(strlen(config->rules[0].name), 253);
    config_free(config);
}

static void a_host_begins_with_the_general_settings(void **state) {
    (void)state;
    struct config *config = parse_good("hosts = ( { name = \"*.example.com\"; strict = true; } );\n"
                                       "upstreams = [ \"9.9.9.9\" ]; fallback = \"never\"; family = \"ipv4\";\n"
                                       "query = { timeout_ms = 7; }; cache = { mode = \"ttl\"; max_ttl_s = 9; };\n"
                                       "answers = { reject = [ \"bogon\" ]; accept = [ \"10.0.0.1\" ]; };");
    const struct host_settings *settings = find_rule(config, "example.com", RULE_BELOW)->settings;
    assert_ptr_not_equal(settings, &config->general);
    assert_true(settings->strict);
    assert_false(config->general.strict);
    assert_ptr_equal(settings->upstreams, config->general.upstreams);
    assert_true(settings->fallback_never);
    assert_int_equal(settings->family, FAMILY_IPV4);
    assert_int_equal(settings->query.timeout_ms, 7);
    assert_int_equal(settings->cache.mode, CACHE_TTL);
    assert_int_equal(settings->cache.max_ttl_s, 9);
    assert_ptr_equal(settings->reject, config->general.reject);
    assert_ptr_equal(settings->accept, config->general.accept);
    assert_null(settings->query_name);
    assert_null(settings->pinned_ipv4);
    config_free(config);
}

static void a_host_replaces_the_general_settings(void **state) {
    (void)state;
    struct config *config = parse_good(
        "upstreams = [ \"9.9.9.9\" ]; fallback = \"never\"; family = \"ipv4\";\n"
        "cache = { min_ttl_s = 5; negative_ttl_s = 6; };\n"
        "answers = { reject = [ \"bogon\" ]; accept = [ \"10.0.0.1\" ]; strict = true; };\n"
        "hosts = ( { name = \"a.example.com\"; query = \"Origin.Example.COM.\"; upstreams = [ \"203.0.113.53:5300\" "
        "];\n"
        "            reject = [ ]; accept = [ \"10.0.0.2\", \"10.0.0.3\" ]; strict = false; family = \"ipv6\";\n"
        "            fallback = \"libc\"; cache = { mode = \"pinned\"; stale_window_s = 1; stale_wait_ms = 2;\n"
        "                                          min_ttl_s = 3; max_ttl_s = 4; }; } );");
    const struct host_settings *settings = find_rule(config, "a.example.com", RULE_NAME)->settings;
    assert_string_equal(settings->query_name, "origin.example.com");
    assert_int_equal(settings->upstreams->count, 1);
    assert_server(settings->upstreams, 0, "203.0.113.53:5300");
    assert_null(settings->reject);
    assert_int_equal(settings->accept->count, 2);
    assert_false(settings->strict);
    assert_int_equal(settings->family, FAMILY_IPV6);
    assert_false(settings->fallback_never);
    assert_int_equal(settings->cache.mode, CACHE_PINNED);
    assert_int_equal(settings->cache.stale_window_s, 1);
    assert_int_equal(settings->cache.stale_wait_ms, 2);
    assert_int_equal(settings->cache.min_ttl_s, 3);
    assert_int_equal(settings->cache.max_ttl_s, 4);
    assert_int_equal(settings->cache.negative_ttl_s, 6);
    assert_int_equal(config->general.cache.mode, CACHE_STALE);
    config_free(config);
}

static void assert_address(const struct answer *answer, size_t position, const char *expected) {
    struct address address = answer_address(answer, position);
    char text[INET6_ADDRSTRLEN];
    assert_non_null(inet_ntop(address.family, address.octets, text, sizeof(text)));
    assert_string_equal(text, expected);
}

static void pinned_addresses_keep_their_order(void **state) {
    (void)state;
    struct config *config =
        parse_good("hosts = ( { name = \"old.example.com\"; addresses = [ \"203.0.113.7\", \"2001:db8::7\",\n"
                   "\"203.0.113.5\", \"203.0.113.7\" ]; } );");
    const struct host_settings *settings = config->rules[0].settings;
    assert_int_equal(settings->pinned_ipv4->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(settings->pinned_ipv4->family, AF_INET);
    assert_int_equal(settings->pinned_ipv4->address_count, 2);
    assert_address(settings->pinned_ipv4, 0, "203.0.113.7");
    assert_address(settings->pinned_ipv4, 1, "203.0.113.5");
    assert_int_equal(settings->pinned_ipv6->address_count, 1);
    assert_address(settings->pinned_ipv6, 0, "2001:db8::7");
    config_free(config);
}

static void a_family_that_is_not_pinned_has_no_record(void **state) {
    (void)state;
    struct config *config = parse_good("hosts = ( { name = \"a.b\"; addresses = [ \"203.0.113.7\" ]; },"
                                       "          { name = \"b.b\"; addresses = ( \"2001:db8::7\" ); } );");
    assert_int_equal(find_rule(config, "a.b", RULE_NAME)->settings->pinned_ipv6->outcome, OUTCOME_NO_RECORD);
    assert_int_equal(find_rule(config, "b.b", RULE_NAME)->settings->pinned_ipv4->outcome, OUTCOME_NO_RECORD);
    assert_int_equal(find_rule(config, "b.b", RULE_NAME)->settings->pinned_ipv4->family, AF_INET);
    config_free(config);
}

static void bad_settings_of_a_host_are_refused(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"hosts = ( { name = \"a.b\";\n origin = \"x\"; } );", 2,
         "\"origin\" is not a key of a host: expected name, query"},
        {"hosts = ( { name = \"a.b\";\n query = { timeout_ms = 5; }; } );", 2,
         "query of host \"a.b\" is a group: expected the name"},
        {"hosts = ( { name = \"a.b\";\n query = \"*.b\"; } );", 2, "\"*.b\" has a wildcard in the wrong place"},
        {"hosts = ( { name = \"a.b\"; query = \"192.0.2.1\"; } );", 1,
         "\"192.0.2.1\" is an IP address: expected a host name"},
        {"hosts = ( { name = \"a.b\"; query = \"\"; } );", 1, "\"\" names no host"},
        {"hosts = ( { name = \"a.b\"; upstreams = [ ]; } );", 1, "upstreams of host \"a.b\" has 0 servers"},
        {"hosts = ( { name = \"a.b\";\nupstreams = [ \"x\" ]; } );", 2, "\"x\" is not an IP address"},
        {"hosts = ( { name = \"a.b\"; addresses = [ ]; } );", 1,
         "addresses of host \"a.b\" is a list: expected 1 to 256 addresses"},
        {"hosts = ( { name = \"a.b\"; addresses = \"192.0.2.1\"; } );", 1, "expected a list of strings"},
        {"hosts = ( { name = \"a.b\"; addresses = [ \"192.0.2.1:80\" ]; } );", 1,
         "\"192.0.2.1:80\" is not an IP address: expected one without a port"},
        {"hosts = ( { name = \"a.b\"; addresses = [ \"origin.b\" ]; } );", 1, "\"origin.b\" is not an IP address"},
        {"hosts = ( { name = \"a.b\"; addresses = [ \"192.0.2.1\" ];\nquery = \"b.b\"; } );", 2,
         "query and addresses are both set"},
        {"hosts = ( { name = \"a.b\"; addresses = [ \"192.0.2.1\" ];\nupstreams = [ \"9.9.9.9\" ]; } );", 2,
         "upstreams and addresses are both set"},
        {"hosts = ( { name = \"a.b\"; strict = 1; } );", 1, "strict of host \"a.b\" is 1: expected true or false"},
        {"hosts = ( { name = \"a.b\"; family = \"ipv5\"; } );", 1, "family of host \"a.b\" is \"ipv5\""},
        {"hosts = ( { name = \"a.b\"; fallback = \"dns\"; } );", 1, "fallback of host \"a.b\" is \"dns\""},
        {"hosts = ( { name = \"a.b\"; cache = true; } );", 1, "cache of host \"a.b\" is true: expected a group"},
        {"hosts = ( { name = \"a.b\"; cache = { mode = \"x\"; }; } );", 1, "cache.mode of host \"a.b\" is \"x\""},
        {"hosts = ( { name = \"a.b\"; cache = { size = 1; }; } );", 1, "\"size\" is not a key of cache of a host"},
        {"hosts = ( { name = \"a.b\"; cache = {\nmax_entries = 1; }; } );", 2,
         "cache.max_entries of host \"a.b\" is 1: expected no such key"},
        {"cache = { min_ttl_s = 60; };\nhosts = ( { name = \"a.b\"; cache = { max_ttl_s = 59; }; } );", 2,
         "cache.min_ttl_s is 60: expected no more than max_ttl_s"},
        {"hosts = ( { name = \"a.b\"; reject = [ \"x\" ]; } );", 1, "\"x\" is neither a prefix nor a set"},
        {"hosts = ( { name = \"a.b\"; reject = [ \"::/0\" ];\naccept = [ \"::/0\" ]; } );", 1,
         "::/0 is rejected here and accepted in line 2 for host \"a.b\""},
        {"answers = { accept = [ \"10.0.0.0/8\" ]; };\nhosts = ( { name = \"a.b\"; reject = [ \"10.0.0.0/8\" ]; } );",
         2, "10.0.0.0/8 is rejected here and accepted in line 1 for host \"a.b\""},
    };
    ASSERT_ALL_REFUSED(table);
}

static void a_general_mistake_is_not_told_again_for_every_host(void **state) {
    (void)state;
    struct config *config = parse("cache = { min_ttl_s = 60; max_ttl_s = 1; };\n"
                                  "hosts = ( { name = \"a.b\"; cache = { mode = \"ttl\"; }; } );");
    assert_int_equal(config->error_count, 1);
    config_free(config);
}

static char *many_hosts(int count, const char *format) {
    char *text = malloc(64 + (size_t)count * 64);
    assert_non_null(text);
    char *end = text + sprintf(text, "hosts = (");
    for (int i = 0; i < count; i++) {
        *end++ = i == 0 ? ' ' : ',';
        end += snprintf(end, 63, format, i);
    }
    strcpy(end, ");");
    return text;
}

/* Many names, so that the rules of both kinds collide in the table that finds contradictions. */
static void auto_is_every_name_that_leads_to_an_edge(void **state) {
    (void)state;
    struct config *config = parse_good("family = \"ipv4\"; hosts = ( \"auto\", \"AUTO\", \"!a.b\", \"auto.\" );");
    assert_int_equal(config->rule_count, 3);
    assert_rule(config, "", RULE_ALL, false, 1);
    assert_rule(config, "auto", RULE_NAME, false, 1);
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct host_rule *rule = &config->rules[i];
        assert_int_equal(rule->settings->when, rule->kind == RULE_ALL ? WHEN_EDGE : WHEN_ALWAYS);
        assert_int_equal(rule->settings->family, FAMILY_IPV4);
    }
    config_free(config);
}

static void without_edges_no_name_can_lead_to_one(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"edges = [ ];\nwhen = \"edge\";", 2, "when is \"edge\", but edges is empty"},
        {"edges = [ ];\nhosts = ( \"auto\" );", 2, "when is \"edge\", but edges is empty"},
        {"hosts = (\n{ name = \"a.b\"; when = \"edge\"; edges = [ ]; } );", 2, "when is \"edge\", but edges is empty"},
        {"edges = [ ];\nhosts = (\n{ name = \"a.b\"; when = \"edge\"; } );", 3, "but edges is empty"},
        {"when = \"edges\";", 1, "expected \"always\" or \"edge\""},
    };
    ASSERT_ALL_REFUSED(table);
    config_free(parse_good("edges = [ ]; hosts = ( \"a.b\" );"));
}

static void the_same_name_may_have_a_rule_of_each_kind(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) {
        char text[160];
        snprintf(text, sizeof(text),
                 "hosts = ( \"x%d.b\", \"host-%d.example\", \"!*.x%d.b\", \"!*.host-%d.example\" );", i, i, i, i);
        struct config *config = parse_good(text);
        assert_int_equal(config->rule_count, 4);
        for (size_t j = 0; j < 4; j++)
            assert_int_equal(config->rules[j].excluded, config->rules[j].kind == RULE_BELOW);
        config_free(config);
    }
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double least(double a, double b) {
    return a < b ? a : b;
}

static void read_with_libconfig(void *text) {
    config_t plain;
    config_init(&plain);
    assert_int_equal(config_read_string(&plain, text), CONFIG_TRUE);
}

/* Compared with the time that libconfig needs to read the same text: most of that work cannot be avoided. */
static void ten_thousand_rules_cost_little_more_than_libconfig_alone(void **state) {
    (void)state;
    char *text = many_hosts(10000, "\n\"host-%d.example.com\"");
    double ours = 1e9;
    double libconfig = 1e9;
    for (int round = 0; round < 5; round++) {
        double start = seconds();
        struct config *config = parse_good(text);
        ours = least(ours, seconds() - start);
        assert_int_equal(config->rule_count, 10000);
        assert_rule(config, "host-9999.example.com", RULE_NAME, false, 10001);
        config_free(config);
        start = seconds();
        assert_true(tame_call(read_with_libconfig, text, 64 << 20));
        libconfig = least(libconfig, seconds() - start);
    }
    free(text);
    print_message("10,000 rules: %.1f ms, libconfig alone %.1f ms\n", ours * 1e3, libconfig * 1e3);
#ifndef UNDER_SANITIZER /* the sanitizer slows down our code, but not libconfig */
    assert_true(ours < 4 * libconfig);
#endif
}

/* Ten times as many hosts take about ten times as long, because no host is compared with all others. */
static void the_cost_of_hosts_is_linear(void **state) {
    (void)state;
    static const char group[] = "{ name=\"h%d.b\"; reject=[\"10.0.0.0/8\"]; }";
    double times[2] = {1e9, 1e9};
    for (int round = 0; round < 6; round++) {
        char *text = many_hosts(round % 2 == 0 ? 2000 : 20000, group);
        double start = seconds();
        struct config *config = parse_good(text);
        times[round % 2] = least(times[round % 2], seconds() - start);
        config_free(config);
        free(text);
    }
    print_message("2,000 and 20,000 host groups: %.1f and %.1f ms\n", times[0] * 1e3, times[1] * 1e3);
    assert_true(times[1] < 40 * times[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_is_a_name_a_wildcard_everything_or_an_exception),
        cmocka_unit_test(hosts_may_stand_in_an_array),
        cmocka_unit_test(case_and_a_final_dot_do_not_matter),
        cmocka_unit_test(a_rule_given_twice_is_kept_once),
        cmocka_unit_test(rules_that_contradict_each_other_are_refused),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(the_longest_names_are_rules),
        cmocka_unit_test(a_host_begins_with_the_general_settings),
        cmocka_unit_test(a_host_replaces_the_general_settings),
        cmocka_unit_test(pinned_addresses_keep_their_order),
        cmocka_unit_test(a_family_that_is_not_pinned_has_no_record),
        cmocka_unit_test(bad_settings_of_a_host_are_refused),
        cmocka_unit_test(a_general_mistake_is_not_told_again_for_every_host),
        cmocka_unit_test(auto_is_every_name_that_leads_to_an_edge),
        cmocka_unit_test(without_edges_no_name_can_lead_to_one),
        cmocka_unit_test(the_same_name_may_have_a_rule_of_each_kind),
        cmocka_unit_test(ten_thousand_rules_cost_little_more_than_libconfig_alone),
        cmocka_unit_test(the_cost_of_hosts_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
