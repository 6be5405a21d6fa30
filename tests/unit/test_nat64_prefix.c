/* IPv4 addresses in IPv6 ones as RFC 6052 has them, and how RFC 7050 finds out a network's prefix. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/values/nat64_prefix.h"

static struct address address(const char *text) {
    struct address parsed;
    if (!address_parse(text, &parsed))
        fail_msg("no address: %s", text);
    return parsed;
}

/* The prefixes that these addresses of the known name show, as a text; NULL ends the list. */
static const char *found_in(const char *const *texts) {
    static char all[NAT64_PREFIXES_MAX * (NAT64_PREFIX_TEXT_SIZE + 1)];
    struct in6_addr addresses[16];
    struct nat64_prefixes found;
    size_t count = 0;
    for (; texts[count] != NULL; count++)
        addresses[count] = address(texts[count]).ipv6;
    nat64_prefixes_find(addresses, count, &found);
    all[0] = '\0';
    for (size_t i = 0; i < found.count; i++) {
        if (i > 0)
            strcat(all, " ");
        nat64_prefix_text(&found.prefixes[i], all + strlen(all));
    }
    return all;
}
#define FOUND_IN(...) found_in((const char *const[]){__VA_ARGS__, NULL})

static struct nat64_prefix prefix_of(const char *known_address) {
    struct in6_addr ipv6 = address(known_address).ipv6;
    struct nat64_prefixes found;
    nat64_prefixes_find(&ipv6, 1, &found);
    assert_int_equal(found.count, 1);
    return found.prefixes[0];
}

/* The table of RFC 6052, section 2.4, with the address of the known name for each prefix. */
static const struct {
    const char *known, *prefix, *translated;
} TABLE[] = {
    {"2001:db8:c000:aa::", "2001:db8::/32", "2001:db8:c000:221::"},
    {"2001:db8:1c0:0:aa::", "2001:db8:100::/40", "2001:db8:1c0:2:21::"},
    {"2001:db8:122:c000:0:aa00::", "2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
    {"2001:db8:122:3c0:0:aa::", "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
    {"2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
    {"2001:db8:122:344::c000:aa", "2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"},
    {"64:ff9b::c000:aa", "64:ff9b::/96", "64:ff9b::192.0.2.33"},
};

static void addresses_are_those_of_the_table_in_rfc_6052(void **state) {
    (void)state;
    struct address ipv4 = address("192.0.2.33"), back;
    for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
        struct nat64_prefix prefix = prefix_of(TABLE[i].known);
        struct address expected = address(TABLE[i].translated), ipv6 = nat64_prefix_embed(&prefix, &ipv4);
        assert_string_equal(FOUND_IN(TABLE[i].known), TABLE[i].prefix);
        assert_memory_equal(&ipv6.ipv6, &expected.ipv6, sizeof(ipv6.ipv6));
        assert_true(nat64_prefix_extract(&prefix, &ipv6, &back));
        assert_true(address_equal(&back, &ipv4));
    }
}

static void a_suffix_stays(void **state) {
    (void)state;
    struct nat64_prefix prefix = prefix_of("2001:db8:122:344:c0:0:aa12:3456");
    struct address ipv4 = address("192.0.2.33"), expected = address("2001:db8:122:344:c0:2:2112:3456");
    struct address ipv6 = nat64_prefix_embed(&prefix, &ipv4);
    assert_memory_equal(&ipv6.ipv6, &expected.ipv6, sizeof(ipv6.ipv6));
    assert_string_equal(FOUND_IN("2001:db8:122:344:c0:0:aa12:3456"), "2001:db8:122:344::/64");
}

static void the_same_prefix_counts_once_and_others_beside_it(void **state) {
    (void)state;
    assert_string_equal(FOUND_IN("64:ff9b::192.0.0.170", "64:ff9b::192.0.0.171"), "64:ff9b::/96");
    assert_string_equal(FOUND_IN("64:ff9b::192.0.0.171", "2001:db8:64::192.0.0.170", "2001:db8:64::192.0.0.171"),
                        "64:ff9b::/96 2001:db8:64::/96");
}

static void no_more_prefixes_are_kept_than_there_is_room_for(void **state) {
    (void)state;
    assert_string_equal(FOUND_IN("2001:db8:1::192.0.0.170", "2001:db8:2::192.0.0.170", "2001:db8:3::192.0.0.170",
                                 "2001:db8:4::192.0.0.170", "2001:db8:5::192.0.0.170"),
                        "2001:db8:1::/96 2001:db8:2::/96 2001:db8:3::/96 2001:db8:4::/96");
}

static void what_has_no_known_address_is_no_prefix(void **state) {
    (void)state;
    assert_string_equal(FOUND_IN("2001:db8::7"), "");
    assert_string_equal(FOUND_IN("64:ff9b::192.0.0.172"), "");
    assert_string_equal(FOUND_IN("2001:db8:122:344:1c0:0:aa00:0"), ""); /* the octet that must be zero */
}

static void of_two_places_the_one_counts_that_the_other_address_shows(void **state) {
    (void)state;
    assert_string_equal(FOUND_IN("2001:db8:c000:aa:c0:0:aa00:0"), "");
    assert_string_equal(FOUND_IN("2001:db8:c000:aa:c0:0:aa00:0", "2001:db8:c000:aa:c0:0:ab00:0"),
                        "2001:db8:c000:aa::/64");
}

static void an_address_outside_the_prefix_has_nothing_in_it(void **state) {
    (void)state;
    struct nat64_prefixes prefixes = {2, {prefix_of("64:ff9b::192.0.0.170"), prefix_of("2001:db8:c000:aa::")}};
    struct address inside = address("2001:db8:cb00:7107::"), outside = address("2001:db9:cb00:7107::"), ipv4;
    struct address expected = address("203.0.113.7");
    assert_ptr_equal(nat64_prefixes_match(&prefixes, &inside, &ipv4), &prefixes.prefixes[1]);
    assert_true(address_equal(&ipv4, &expected));
    assert_null(nat64_prefixes_match(&prefixes, &outside, &ipv4));
    assert_null(nat64_prefixes_match(&prefixes, &expected, &ipv4));
}

static void addresses_of_no_other_host_are_never_translated(void **state) {
    (void)state;
    static const char *const nowhere[] = {"0.0.0.0",   "0.255.0.1",       "127.0.0.1", "127.255.255.255", "169.254.1.1",
                                          "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"};
    static const char *const own[] = {"10.0.0.1",    "10.255.255.255", "172.16.0.1",      "172.31.255.255",
                                      "192.168.1.1", "100.64.0.1",     "100.127.255.255", "192.0.0.170"};
    static const char *const global[] = {"1.1.1.1",     "9.255.255.255", "11.0.0.0",    "100.63.255.255",
                                         "100.128.0.0", "126.0.0.1",     "128.0.0.1",   "172.15.0.1",
                                         "172.32.0.1",  "192.0.1.1",     "192.167.0.1", "192.0.2.1",
                                         "203.0.113.7", "198.51.100.7",  "198.18.0.1",  "223.1.1.1"};
    struct nat64_prefix shared = prefix_of("64:ff9b::192.0.0.170"), own_prefix = prefix_of("2001:db8:64::192.0.0.170");
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        struct address ipv4 = address(nowhere[i]);
        assert_false(nat64_prefix_takes(&shared, &ipv4));
        assert_false(nat64_prefix_takes(&own_prefix, &ipv4));
    }
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        struct address ipv4 = address(own[i]);
        assert_false(nat64_prefix_takes(&shared, &ipv4));
        assert_true(nat64_prefix_takes(&own_prefix, &ipv4));
    }
    for (size_t i = 0; i < sizeof(global) / sizeof(global[0]); i++) {
        struct address ipv4 = address(global[i]);
        assert_true(nat64_prefix_takes(&shared, &ipv4));
        assert_true(nat64_prefix_takes(&own_prefix, &ipv4));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_those_of_the_table_in_rfc_6052),
        cmocka_unit_test(a_suffix_stays),
        cmocka_unit_test(the_same_prefix_counts_once_and_others_beside_it),
        cmocka_unit_test(no_more_prefixes_are_kept_than_there_is_room_for),
        cmocka_unit_test(what_has_no_known_address_is_no_prefix),
        cmocka_unit_test(of_two_places_the_one_counts_that_the_other_address_shows),
        cmocka_unit_test(an_address_outside_the_prefix_has_nothing_in_it),
        cmocka_unit_test(addresses_of_no_other_host_are_never_translated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
