#include <arpa/inet.h>

#include "test_config.h"

/* The general settings of a configuration file: each key, its default value, its range. */

static void assert_defaults(const struct config *config) {
    const struct host_settings *general = &config->general;
    assert_int_equal(config->rule_count, 0);
    assert_int_equal(general->upstreams->count, 4);
    assert_server(general->upstreams, 0, "8.8.8.8");
    assert_server(general->upstreams, 1, "1.1.1.1");
    assert_server(general->upstreams, 2, "2001:4860:4860::8888");
    assert_server(general->upstreams, 3, "2606:4700:4700::1111");
    assert_false(general->fallback_never);
    assert_int_equal(general->family, FAMILY_ANY);
    assert_int_equal(general->query.timeout_ms, 1000);
    assert_int_equal(general->query.hedge_ms, 200);
    assert_int_equal(general->query.deadline_ms, 2000);
    assert_int_equal(general->cache.mode, CACHE_STALE);
    assert_int_equal(general->cache.stale_window_s, 30);
    assert_int_equal(general->cache.stale_wait_ms, 500);
    assert_int_equal(general->cache.min_ttl_s, 1);
    assert_int_equal(general->cache.max_ttl_s, 86400);
    assert_int_equal(general->cache.negative_ttl_s, 60);
    assert_int_equal(config->max_entries, 4096);
    assert_null(general->reject);
    assert_null(general->accept);
    assert_false(general->strict);
    assert_null(general->query_name);
    assert_null(general->pinned_ipv4);
    assert_null(general->pinned_ipv6);
    assert_int_equal(config->include_count, 0);
    assert_int_equal(config->exclude_count, 0);
    assert_int_equal(config->log_level, LOG_LEVEL_WARN);
    assert_string_equal(config->log_file, "stderr");
    assert_null(config->metrics_directory);
}

static void an_empty_file_means_the_defaults(void **state) {
    (void)state;
    struct config *config = parse_good("");
    assert_defaults(config);
    assert_string_equal(config->file, "test.conf");
    config_free(config);
}

static void the_defaults_may_be_written_out(void **state) {
    (void)state;
    struct config *config = parse_good("hosts = ( );\n"
                                       "upstreams = [ \"8.8.8.8\", \"1.1.1.1\", \"2001:4860:4860::8888\", "
                                       "\"2606:4700:4700::1111\" ];\n"
                                       "fallback  = \"libc\";  family = \"any\";\n"
                                       "query     = { timeout_ms = 1000; hedge_ms = 200; deadline_ms = 2000; };\n"
                                       "cache     = { mode = \"stale\"; stale_window_s = 30; stale_wait_ms = 500;\n"
                                       "              max_entries = 4096; min_ttl_s = 1; max_ttl_s = 86400;\n"
                                       "              negative_ttl_s = 60; };\n"
                                       "answers   = { reject = [ ]; accept = [ ]; strict = false; };\n"
                                       "programs  = { include = [ ]; exclude = [ ]; };\n"
                                       "log       = { level = \"warn\"; file = \"stderr\"; };\n"
                                       "metrics   = { directory = \"\"; };\n");
    assert_defaults(config);
    config_free(config);
}

static void every_setting_can_be_changed(void **state) {
    (void)state;
    struct config *config = parse_good(
        "upstreams = ( \"9.9.9.9:5353\", \"[2001:db8::1]:54\", \"2001:db8::2\" );\n"
        "fallback = \"never\"; family = \"ipv6\";\n"
        "query = { timeout_ms = 1; hedge_ms = 0x10; deadline_ms = 60000L; };\n"
        "cache = { mode = \"ttl\"; stale_window_s = 0; stale_wait_ms = 0; max_entries = 1;\n"
        "          min_ttl_s = 7; max_ttl_s = 7; negative_ttl_s = 0; };\n"
        "answers = { reject = [ \"cloudflare\", \"10.0.0.0/8\" ]; accept = [ \"10.1.2.3\" ]; strict = true; };\n"
        "programs = { include = [ \"/usr/sbin/*\" ]; exclude = [ \"*/apt\", \"/bin/sh:-c\" ]; };\n"
        "log = { level = \"DEBUG\"; file = \"/var/log/o.log\"; };\n"
        "metrics = { directory = \"/run/o\"; };\n");
    const struct host_settings *general = &config->general;
    assert_int_equal(general->upstreams->count, 3);
    assert_server(general->upstreams, 0, "9.9.9.9:5353");
    assert_server(general->upstreams, 1, "[2001:db8::1]:54");
    assert_server(general->upstreams, 2, "2001:db8::2");
    assert_true(general->fallback_never);
    assert_int_equal(general->family, FAMILY_IPV6);
    assert_int_equal(general->query.timeout_ms, 1);
    assert_int_equal(general->query.hedge_ms, 16);
    assert_int_equal(general->query.deadline_ms, 60000);
    assert_int_equal(general->cache.mode, CACHE_TTL);
    assert_int_equal(general->cache.stale_window_s, 0);
    assert_int_equal(general->cache.stale_wait_ms, 0);
    assert_int_equal(general->cache.min_ttl_s, 7);
    assert_int_equal(general->cache.max_ttl_s, 7);
    assert_int_equal(general->cache.negative_ttl_s, 0);
    assert_int_equal(config->max_entries, 1);
    assert_int_equal(general->reject->count, 22 + 1);
    assert_int_equal(general->accept->count, 1);
    assert_true(general->strict);
    assert_int_equal(config->include_count, 1);
    assert_string_equal(config->program_include[0], "/usr/sbin/*");
    assert_int_equal(config->exclude_count, 2);
    assert_string_equal(config->program_exclude[1], "/bin/sh:-c");
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_string_equal(config->log_file, "/var/log/o.log");
    assert_string_equal(config->metrics_directory, "/run/o");
    config_free(config);
}

static void an_upstream_given_twice_is_kept_once(void **state) {
    (void)state;
    struct config *config = parse_good("upstreams = [ \"9.9.9.9\", \"8.8.8.8:54\", \"9.9.9.9:53\", \"8.8.8.8\" ];");
    assert_int_equal(config->general.upstreams->count, 3);
    assert_server(config->general.upstreams, 2, "8.8.8.8");
    config_free(config);
}

static void numbers_have_ranges(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"query = { timeout_ms = 0; };", 1, "query.timeout_ms is 0: expected a whole number from 1 to 60000"},
        {"query = {\n timeout_ms = 60001; };", 2, "query.timeout_ms is 60001"},
        {"query = { hedge_ms = -1; };", 1, "query.hedge_ms is -1: expected a whole number from 1 to 60000"},
        {"query = { deadline_ms = 60001; };", 1, "query.deadline_ms is 60001"},
        {"query = { deadline_ms = 1.5; };", 1, "query.deadline_ms is 1.5: expected a whole number"},
        {"query = { deadline_ms = 1e3; };", 1, "query.deadline_ms is 1e3: expected a whole number"},
        {"query = { deadline_ms = true; };", 1, "query.deadline_ms is true: expected a whole number"},
        {"query = { deadline_ms = \"900\"; };", 1, "query.deadline_ms is \"900\": expected a whole number"},
        {"query = { deadline_ms = [ 900 ]; };", 1, "query.deadline_ms is a list: expected a whole number"},
        {"query = { deadline_ms = { }; };", 1, "query.deadline_ms is a group: expected a whole number"},
        {"cache = { stale_window_s = 2592001; };", 1, "a whole number from 0 to 2592000"},
        {"cache = { stale_wait_ms = 60001; };", 1, "a whole number from 0 to 60000"},
        {"cache = { max_entries = 0; };", 1, "a whole number from 1 to 1000000"},
        {"cache = { max_entries = 1000001; };", 1, "cache.max_entries is 1000001"},
        {"cache = { min_ttl_s = 604801; };", 1, "a whole number from 0 to 604800"},
        {"cache = { max_ttl_s = 0; };", 1, "a whole number from 1 to 604800"},
        {"cache = { negative_ttl_s = 86401; };", 1, "a whole number from 0 to 86400"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void numbers_that_do_not_fit_are_not_cut(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"cache = { \n\n max_entries = 4294967297; };", 3, "cache.max_entries is 4294967297: expected"},
        {"query = { timeout_ms = 4294968296; };", 1, "is 4294968296"},
        {"query = { timeout_ms = -4294966296; };", 1, "is -4294966296"},
        {"query = { timeout_ms = 0x1000003e8; };", 1, "is 0x1000003e8"},
        {"query = { timeout_ms = 18446744073709552616L; };", 1, "is 18446744073709552616L"},
        {"query = { timeout_ms = 0x100000000000003E8LL; };", 1, "is 0x100000000000003E8LL"},
        {"query = { timeout_ms = 99999999999999999999999999999999999999999999999999999999999999999999999999999999999; "
         "}",
         1, "is 9999999999"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void settings_must_not_contradict_each_other(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"\ncache = { min_ttl_s = 10; max_ttl_s = 9; };", 2, "cache.min_ttl_s is 10: expected no more than max_ttl_s"},
        {"query = { deadline_ms = 200; };", 1, "query.hedge_ms is 200: expected less than deadline_ms, which is 200"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void words_are_those_of_the_contract(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"family = \"IPv4\";", 1, "family is \"IPv4\": expected \"any\", \"ipv4\" or \"ipv6\""},
        {"family = 4;", 1, "family is 4: expected \"any\""},
        {"fallback = \"\";", 1, "fallback is \"\": expected \"libc\" or \"never\""},
        {"fallback = false;", 1, "fallback is false"},
        {"cache = { mode = \"fresh\"; };", 1, "cache.mode is \"fresh\": expected \"stale\", \"pinned\" or \"ttl\""},
        {"answers = { strict = 1; };", 1, "answers.strict is 1: expected true or false"},
        {"answers = { strict = \"true\"; };", 1, "answers.strict is \"true\": expected true or false"},
        {"log = { level = \"loud\"; };", 1, "log.level is \"loud\": expected \"debug\", \"info\""},
        {"log = { level = 3; };", 1, "log.level is 3"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void paths_are_absolute(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"log = { file = \"o.log\"; };", 1, "log.file is \"o.log\": expected \"stderr\", or the absolute path"},
        {"log = { file = \"\"; };", 1, "log.file is \"\""},
        {"log = { file = true; };", 1, "log.file is true"},
        {"metrics = { directory = \"run\"; };", 1, "metrics.directory is \"run\": expected the absolute path"},
        {"metrics = { directory = 0; };", 1, "metrics.directory is 0"},
        {"programs = { include = [ \"nginx\" ]; };", 1, "\"nginx\" matches no executable: expected a pattern"},
        {"programs = { exclude = ( \"/a\",\n \"\" ); };", 2, "\"\" matches no executable"},
        {"programs = { exclude = [ \"/a\\\\*\" ]; };", 1, "matches no executable"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void unknown_keys_are_refused(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"\n\nhost = ( );", 3, "\"host\" is not a key of the configuration: expected hosts, upstreams, fallback"},
        {"query = { };\ncolour = 1;", 2, "\"colour\" is not a key of the configuration"},
        {"query = {\n timeout = 5; };", 2,
         "\"timeout\" is not a key of query: expected timeout_ms, hedge_ms, deadline_ms"},
        {"cache = { Mode = \"ttl\"; };", 1, "\"Mode\" is not a key of cache: expected mode, "},
        {"answers = { drop = [ ]; };", 1, "\"drop\" is not a key of answers"},
        {"programs = { only = [ ]; };", 1, "\"only\" is not a key of programs"},
        {"log = { path = \"/x\"; };", 1, "\"path\" is not a key of log: expected level, file"},
        {"metrics = { dir = \"/x\"; };", 1, "\"dir\" is not a key of metrics: expected directory"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void kinds_are_not_mixed_up(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"hosts = \"a.example.com\";", 1, "hosts is \"a.example.com\": expected a list"},
        {"hosts = { };", 1, "hosts is a group: expected a list"},
        {"hosts = ( 5 );", 1, "5 is not a host"},
        {"hosts = (\n\"a.example.com\"\n,\n[ ] );", 4, "a list is not a host"},
        {"upstreams = \"8.8.8.8\";", 1, "upstreams is \"8.8.8.8\": expected a list of strings"},
        {"upstreams = [ 8 ];", 1, "upstreams is 8: expected a list of strings"},
        {"upstreams = (\n\"8.8.8.8\",\n{ } );", 3, "upstreams is a group: expected a list of strings"},
        {"query = 1000;", 1, "query is 1000: expected a group"},
        {"cache = \"stale\";", 1, "cache is \"stale\": expected a group"},
        {"answers = [ ];", 1, "answers is a list: expected a group"},
        {"answers = { reject = \"cloudflare\"; };", 1, "answers.reject is \"cloudflare\": expected a list of strings"},
        {"programs = { include = true; };", 1, "programs.include is true: expected a list of strings"},
        {"log = \"debug\";", 1, "log is \"debug\": expected a group"},
        {"metrics = ( );", 1, "metrics is a list: expected a group"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void upstreams_are_addresses(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"upstreams = [ ];", 1, "upstreams has 0 servers: expected 1 to 16"},
        {"upstreams = [ \"\" ];", 1, "\"\" is not an IP address"},
        {"upstreams = [\n\"8.8.8.8\",\n\"dns.google\" ];", 3, "\"dns.google\" is not an IP address"},
        {"upstreams = [ \"8.8.8.8:0\" ];", 1, "\"8.8.8.8:0\" has a bad port: expected 1 to 65535"},
        {"upstreams = [ \"1.0.0.1\", \"1.0.0.2\", \"1.0.0.3\", \"1.0.0.4\", \"1.0.0.5\", \"1.0.0.6\", \"1.0.0.7\","
         "\"1.0.0.8\", \"1.0.0.9\", \"1.0.0.10\", \"1.0.0.11\", \"1.0.0.12\", \"1.0.0.13\", \"1.0.0.14\", \"1.0.0.15\","
         "\"1.0.0.16\", \"1.0.0.17\" ];",
         1, "upstreams has 17 servers: expected 1 to 16"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void all_errors_are_told(void **state) {
    (void)state;
    struct config *config = parse("hosts = ( \"a..b\",\n \"ok.example.com\",\n \"1.2.3.4\" );\n"
                                  "upstreams = [ \"x\", \"y\" ];\n"
                                  "family = 6;\n"
                                  "colour = \"red\";\n");
    assert_int_equal(config->error_count, 6);
    static const int lines[] = {4, 4, 5, 6, 1, 3};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(config->errors[i].line, lines[i]);
    assert_int_equal(config->rule_count, 0);
    config_free(config);
}

static void a_hundred_errors_are_enough(void **state) {
    (void)state;
    char text[4096] = "hosts = ( \"!\"";
    for (int i = 0; i < 200; i++)
        strcat(text, ",\n\"!\"");
    strcat(text, " );");
    struct config *config = parse(text);
    assert_int_equal(config->error_count, 101);
    assert_int_equal(config->errors[99].line, 100);
    assert_non_null(strstr(config->errors[100].reason, "more errors"));
    config_free(config);
}

static void the_log_settings_of_a_refused_file_count(void **state) {
    (void)state;
    struct config *config = parse("hosts = ( \"!\" );\n"
                                  "log = { level = \"info\"; file = \"/var/log/o.log\"; };");
    assert_int_equal(config->error_count, 1);
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_string_equal(config->log_file, "/var/log/o.log");
    config_free(config);
    config = parse("log = { level = \"none\"; file = \"nowhere\"; };");
    assert_int_equal(config->log_level, LOG_LEVEL_NONE);
    assert_string_equal(config->log_file, "stderr");
    config_free(config);
}

static void a_value_in_an_error_is_printable_and_short(void **state) {
    (void)state;
    char text[4096] = "hosts = ( \"b\xc3\xbc\x1b\x7f";
    for (int i = 0; i < 300; i++)
        strcat(text, "long.");
    strcat(text, "\" );");
    struct config *config = parse(text);
    const char *reason = config->errors[0].reason;
    assert_memory_equal(reason, "\"b\\xc3\\xbc\\x1b\\x7flong.", 22);
    assert_non_null(strstr(reason, "\"... is not ASCII"));
    assert_true(strlen(reason) < 300);
    config_free(config);
}

static void a_value_in_an_error_is_cut_behind_80_octets(void **state) {
    (void)state;
#define OCTETS_80 "a123456789b123456789c123456789d123456789e123456789f123456789g123456789h123456789"
    static const struct bad_text table[] = {
        {"family = \"" OCTETS_80 "\";", 1, "family is \"" OCTETS_80 "\": expected"},
        {"family = \"" OCTETS_80 "i\";", 1, "family is \"" OCTETS_80 "\"...: expected"},
    };
    ASSERT_ALL_REFUSED(table);
}

static struct in_addr ipv4(const char *text) {
    struct in_addr address;
    assert_int_equal(inet_pton(AF_INET, text, &address), 1);
    return address;
}

static void prefixes_are_sorted_and_each_stands_once(void **state) {
    (void)state;
    struct config *config = parse_good("answers = { reject = [ \"203.0.113.0/24\", \"10.0.0.1\",\n"
                                       "\"2001:db8::/32\", \"::/0\", \"203.0.113.0/24\",\n"
                                       "\"10.0.0.1/32\", \"0.0.0.0/0\", \"2001:db8::1\" ]; };");
    const struct prefix_list *reject = config->general.reject;
    static const char *const expected[] = {"0.0.0.0/0", "10.0.0.1/32",   "203.0.113.0/24",
                                           "::/0",      "2001:db8::/32", "2001:db8::1/128"};
    assert_int_equal(reject->count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < reject->count; i++) {
        char text[PREFIX_TEXT_SIZE];
        prefix_text(&reject->entries[i], text);
        assert_string_equal(text, expected[i]);
        assert_null(reject->entries[i].set);
    }
    assert_int_equal(reject->ipv4_count, 3);
    assert_int_equal(reject->entries[0].line, 3);
    assert_int_equal(reject->entries[2].address.ipv4.s_addr, ipv4("203.0.113.0").s_addr);
    config_free(config);
}

static void a_set_stands_for_its_prefixes(void **state) {
    (void)state;
    struct config *config = parse_good("answers = { reject = [ \"203.0.113.0/24\",\n\"private\", \"10.0.0.0/8\",\n"
                                       "\"private\" ]; };");
    const struct prefix_list *reject = config->general.reject;
    assert_int_equal(reject->count, 11 + 1);
    for (size_t i = 0; i < reject->count; i++) {
        char text[PREFIX_TEXT_SIZE];
        prefix_text(&reject->entries[i], text);
        bool is_written = strcmp(text, "203.0.113.0/24") == 0 || strcmp(text, "10.0.0.0/8") == 0;
        if (is_written)
            assert_null(reject->entries[i].set);
        else
            assert_string_equal(reject->entries[i].set, "private");
        assert_int_equal(reject->entries[i].line, strcmp(text, "203.0.113.0/24") == 0 ? 1 : 2);
    }
    config_free(config);
}

static void a_prefix_may_be_accepted_inside_a_rejected_one(void **state) {
    (void)state;
    struct config *config = parse_good("answers = { reject = [ \"10.0.0.0/8\", \"cloudflare\", \"::/8\" ];"
                                       "accept = [ \"10.0.0.0/9\", \"private\", \"::/9\" ]; };");
    config_free(config);
}

static void a_prefix_that_is_written_is_an_exception_from_a_set(void **state) {
    (void)state;
    struct config *config = parse_good("answers = { reject = [ \"private\" ]; accept = [ \"10.0.0.0/8\" ]; };");
    config_free(config);
}

static void bad_prefixes_are_refused(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"answers = { reject = [ \"10.0.0.1/8\" ]; };", 1,
         "\"10.0.0.1/8\" has bits set after its length: expected 10.0.0.0/8"},
        {"answers = { reject = [ \"10.1.127.0/17\", \"10.1.129.0/17\" ]; };", 1, "expected 10.1.0.0/17"},
        {"answers = { accept = [ \"2001:db8::1/33\" ]; };", 1, "expected 2001:db8::/33"},
        {"answers = { reject = [ \"11.0.0.0/7\" ]; };", 1, "expected 10.0.0.0/7"},
        {"answers = { accept = [ \"::1/0\" ]; };", 1, "expected ::/0"},
        {"answers = { reject = [ \"10.0.0.0/33\" ]; };", 1, "has a bad length after the slash: expected 0 to 32"},
        {"answers = { reject = [ \"::/129\" ]; };", 1, "has a bad length after the slash: expected 0 to 128"},
        {"answers = { reject = [ \"::/1024\" ]; };", 1, "has a bad length after the slash: expected 0 to 128"},
        {"answers = { reject = [ \"10.0.0.0/\" ]; };", 1, "has a bad length after the slash: expected 0 to 32"},
        {"answers = { reject = [ \"10.0.0.0/-1\" ]; };", 1, "has a bad length"},
        {"answers = { reject = [ \"10.0.0.0/8/8\" ]; };", 1, "has a bad length"},
        {"answers = { reject = [ \"10.0.0/8\" ]; };", 1, "\"10.0.0/8\" is neither a prefix nor a set: expected"},
        {"answers = { reject = [ \"10.0.0.256\" ]; };", 1, "is neither a prefix nor a set"},
        {"answers = { reject = [ \"1111:2222:3333:4444:5555:6666:123.123.123.1234\" ]; };", 1,
         "is neither a prefix nor a set"},
        {"answers = { reject = [ \"/8\" ]; };", 1, "is neither a prefix nor a set"},
        {"answers = { reject = [\n\n\"fastly\" ]; };", 3, "\"fastly\" is neither a prefix nor a set"},
        {"answers = { reject = [ \"file:byoip.txt\" ]; };", 1, "is neither a prefix nor a set"},
        {"answers = { reject = [ \"Cloudflare\" ]; };", 1, "is neither a prefix nor a set"},
        {"answers = { reject = [ \"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8\" ]; };", 1,
         "is neither a prefix nor a set"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void the_same_prefix_in_both_lists_is_refused(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"answers = { accept = [ \"10.0.0.0/8\",\n\"private\" ];\nreject = [ \"private\" ]; };", 3,
         "\"private\" is rejected here and accepted in line 2: expected in only one list"},
        {"answers = { reject = [ \"192.0.2.0/24\",\n\"10.0.0.1\", \"10.0.0.2\" ];\naccept = [ \"10.0.0.1/32\" ]; };", 2,
         "10.0.0.1/32 is rejected here and accepted in line 3"},
        {"answers = { reject = [ \"::/0\" ];\naccept = [ \"::/0\", \"::1\" ]; };", 1, "::/0 is rejected here"},
        {"answers = { reject = [ \"bogon\" ];\naccept = [ \"private\" ]; };", 1,
         "0.0.0.0/8 of \"bogon\" is rejected here and accepted in line 2"},
    };
    ASSERT_ALL_REFUSED(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_means_the_defaults),
        cmocka_unit_test(the_defaults_may_be_written_out),
        cmocka_unit_test(every_setting_can_be_changed),
        cmocka_unit_test(an_upstream_given_twice_is_kept_once),
        cmocka_unit_test(numbers_have_ranges),
        cmocka_unit_test(numbers_that_do_not_fit_are_not_cut),
        cmocka_unit_test(settings_must_not_contradict_each_other),
        cmocka_unit_test(words_are_those_of_the_contract),
        cmocka_unit_test(paths_are_absolute),
        cmocka_unit_test(unknown_keys_are_refused),
        cmocka_unit_test(kinds_are_not_mixed_up),
        cmocka_unit_test(upstreams_are_addresses),
        cmocka_unit_test(all_errors_are_told),
        cmocka_unit_test(a_hundred_errors_are_enough),
        cmocka_unit_test(the_log_settings_of_a_refused_file_count),
        cmocka_unit_test(a_value_in_an_error_is_printable_and_short),
        cmocka_unit_test(a_value_in_an_error_is_cut_behind_80_octets),
        cmocka_unit_test(prefixes_are_sorted_and_each_stands_once),
        cmocka_unit_test(a_set_stands_for_its_prefixes),
        cmocka_unit_test(a_prefix_may_be_accepted_inside_a_rejected_one),
        cmocka_unit_test(a_prefix_that_is_written_is_an_exception_from_a_set),
        cmocka_unit_test(bad_prefixes_are_refused),
        cmocka_unit_test(the_same_prefix_in_both_lists_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
