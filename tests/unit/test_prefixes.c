/* The longest matching prefix, compared with a reference that checks every prefix; and the built-in sets. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "originbypass/values/prefix_sets.h"
#include "originbypass/values/prefixes.h"

static struct prefix_list *list;

static int forget(void **state) {
    (void)state;
    free(list);
    list = NULL;
    return 0;
}

static struct prefix_list *with_room_for(size_t count) {
    struct prefix_list *empty = calloc(1, sizeof(*empty) + count * sizeof(empty->entries[0]));
    assert_non_null(empty);
    return empty;
}

/* Uses these prefixes; NULL ends the list. */
static void given(const char *const *prefixes) {
    forget(NULL);
    list = with_room_for(64);
    for (; *prefixes != NULL; prefixes++)
        if (prefix_parse(*prefixes, strlen(*prefixes), &list->entries[list->count++]) != PREFIX_GOOD)
            fail_msg("no prefix: %s", *prefixes);
    prefixes_arrange(list);
}

#define GIVEN(...) given((const char *const[]){__VA_ARGS__, NULL})

static void assert_matches(const char *text, const char *expected) {
    char found[PREFIX_TEXT_SIZE] = "none";
    struct address address;
    assert_true(address_parse(text, &address));
    const struct prefix_entry *entry = prefixes_match(list, &address);
    if (entry != NULL)
        prefix_text(entry, found);
    if (strcmp(found, expected) != 0)
        fail_msg("%s is held by %s, expected %s", text, found, expected);
}

static void nothing_matches_in_an_empty_list(void **state) {
    (void)state;
    struct address address = {.family = AF_INET};
    assert_null(prefixes_match(NULL, &address));
    list = with_room_for(0);
    prefixes_arrange(list);
    assert_null(prefixes_match(list, &address));
}

static void the_longest_prefix_matches(void **state) {
    (void)state;
    GIVEN("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "192.0.2.0/24");
    assert_matches("10.1.2.3", "10.1.2.3/32");
    assert_matches("10.1.2.4", "10.1.2.0/24");
    assert_matches("10.1.3.0", "10.1.0.0/16");
    assert_matches("10.255.255.255", "10.0.0.0/8");
    assert_matches("192.0.2.255", "192.0.2.0/24");
    assert_matches("9.255.255.255", "none");
    assert_matches("11.0.0.0", "none");
    assert_matches("255.255.255.255", "none");
}

static void a_prefix_between_two_nested_ones_does_not_hide_the_outer(void **state) {
    (void)state;
    GIVEN("2001:db8::/32", "2001:db8:1::/48", "2001:db8:1:1::/64", "2001:db8:8000::/33");
    assert_matches("2001:db8:1:1::1", "2001:db8:1:1::/64");
    assert_matches("2001:db8:1:2::1", "2001:db8:1::/48");
    assert_matches("2001:db8:2::", "2001:db8::/32");
    assert_matches("2001:db8:ffff::", "2001:db8:8000::/33");
    assert_matches("2001:db9::", "none");
}

static void everything_of_a_family_is_a_prefix(void **state) {
    (void)state;
    GIVEN("0.0.0.0/0", "128.0.0.0/1");
    assert_matches("127.255.255.255", "0.0.0.0/0");
    assert_matches("128.0.0.0", "128.0.0.0/1");
    assert_matches("2001:db8::", "none");
    GIVEN("::/0");
    assert_matches("2001:db8::", "::/0");
    assert_matches("127.0.0.1", "none");
}

static void ipv4_prefixes_hold_mapped_and_nat64_addresses(void **state) {
    (void)state;
    GIVEN("203.0.113.0/24", "2001:db8::/32");
    assert_matches("::ffff:203.0.113.7", "203.0.113.0/24");
    assert_matches("64:ff9b::203.0.113.7", "203.0.113.0/24");
    assert_matches("::203.0.113.7", "none");
    assert_matches("64:ff9b:0:1::203.0.113.7", "none");
    assert_matches("::ffff:203.0.114.7", "none");
}

static void mapped_addresses_are_also_held_as_what_they_are(void **state) {
    (void)state;
    GIVEN("::ffff:0:0/96", "203.0.113.0/24", "64:ff9b::/96", "64:ff9b::203.0.113.0/120", "0.0.0.0/0");
    assert_matches("::ffff:192.0.2.1", "::ffff:0.0.0.0/96");
    assert_matches("::ffff:203.0.113.7", "203.0.113.0/24");
    assert_matches("64:ff9b::192.0.2.1", "64:ff9b::/96");
    assert_matches("64:ff9b::203.0.113.7", "64:ff9b::cb00:7100/120");
}

static int narrowness(const char *prefix, const char *set, const char *text) {
    struct prefix_entry entry = {.set = set};
    struct address address;
    assert_int_equal(prefix_parse(prefix, strlen(prefix), &entry), PREFIX_GOOD);
    assert_true(address_parse(text, &address));
    return prefix_narrowness(&entry, &address);
}

static void narrowness_goes_by_length_then_family_then_by_who_wrote_it(void **state) {
    (void)state;
    struct address address = {.family = AF_INET};
    assert_true(prefix_narrowness(NULL, &address) < narrowness("0.0.0.0/0", "set", "10.0.0.1"));
    assert_true(narrowness("10.0.0.0/8", NULL, "10.0.0.1") < narrowness("10.0.0.0/9", "set", "10.0.0.1"));
    assert_true(narrowness("10.0.0.0/8", "set", "10.0.0.1") < narrowness("10.0.0.0/8", NULL, "10.0.0.1"));
    assert_true(narrowness("::ffff:0:0/96", NULL, "::ffff:10.0.0.1") <
                narrowness("10.0.0.0/8", "s", "::ffff:10.0.0.1"));
    assert_true(narrowness("10.0.0.0/8", NULL, "::ffff:10.0.0.1") <
                narrowness("::ffff:10.0.0.0/104", "set", "::ffff:10.0.0.1"));
}

static void a_prefix_that_is_given_twice_is_the_one_that_is_written(void **state) {
    (void)state;
    list = with_room_for(3);
    list->count = 3;
    for (size_t i = 0; i < list->count; i++) {
        prefix_parse("10.0.0.0/8", strlen("10.0.0.0/8"), &list->entries[i]);
        list->entries[i].set = i == 1 ? NULL : "private";
    }
    prefixes_arrange(list);
    assert_int_equal(list->count, 1);
    assert_null(list->entries[0].set);
}

/* ---- compared with a reference ---- */

static const struct prefix_entry *look_at_each(const struct address *address) {
    const struct prefix_entry *best = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct prefix_entry *entry = &list->entries[i];
        bool holds = entry->address.family == address->family;
        for (unsigned bit = 0; bit < entry->length && holds; bit++)
            holds = ((entry->address.octets[bit / 8] ^ address->octets[bit / 8]) >> (7 - bit % 8) & 1) == 0;
        if (holds && (best == NULL || entry->length > best->length))
            best = entry;
    }
    return best;
}

/* Only a few different bits, so that prefixes nest and addresses match them. */
static struct address random_address(sa_family_t family) {
    static const uint8_t octets[] = {0x00, 0x00, 0x80, 0xff, 0xfe, 0x01, 0x40};
    struct address address = {.family = family};
    for (size_t i = 0; i < address_size(family); i++)
        address.octets[i] =
            octets[(size_t)rand() % sizeof(octets)]; // NOLINT(cert-msc30-c,cert-msc50-cpp,concurrency-mt-unsafe)
    return address;
}

static void fill_at_random(size_t count) {
    forget(NULL);
    list = with_room_for(count);
    for (; list->count < count; list->count++) {
        struct prefix_entry *entry = &list->entries[list->count];
        char text[PREFIX_TEXT_SIZE];
        sa_family_t family = list->count % 2 == 0 ? AF_INET : AF_INET6;
        unsigned bits = 8 * (unsigned)address_size(family);
        *entry = (struct prefix_entry){.address = random_address(family)};
        entry->length =
            (uint8_t)((unsigned)rand() % (bits + 1)); // NOLINT(cert-msc30-c,cert-msc50-cpp,concurrency-mt-unsafe)
        prefix_text(entry, text);
        assert_in_range(prefix_parse(text, strlen(text), entry), PREFIX_GOOD, PREFIX_HOST_BITS);
        assert_int_not_equal(prefix_parse(text, strlen(text), entry), PREFIX_NO_LENGTH);
    }
    prefixes_arrange(list);
}

static void finds_what_looking_at_each_prefix_finds(void **state) {
    (void)state;
    size_t matches = 0;
    srand(4711); // NOLINT(cert-msc32-c,cert-msc51-cpp)
    for (size_t round = 0; round < 400; round++) {
        fill_at_random(1 + round % 100);
        for (size_t i = 0; i < 100; i++) {
            struct address address = random_address(i % 2 == 0 ? AF_INET : AF_INET6);
            const struct prefix_entry *found = prefixes_match(list, &address);
            assert_ptr_equal(found, look_at_each(&address));
            matches += found != NULL;
        }
        for (size_t i = 0; i < list->count; i++)
            assert_ptr_equal(prefixes_find(list, &list->entries[i]), &list->entries[i]);
    }
    print_message("%zu of 40000 addresses matched\n", matches);
    assert_in_range(matches, 4000, 39000);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double time_of_matches(size_t prefixes) {
    double least = 1e9;
    fill_at_random(prefixes);
    for (int round = 0; round < 5; round++) {
        double start = seconds();
        for (int i = 0; i < 20000; i++) {
            struct address address = random_address(AF_INET6);
            prefixes_match(list, &address);
        }
        double taken = seconds() - start;
        least = taken < least ? taken : least;
    }
    return least;
}

static void ten_thousand_prefixes_cost_little_more_than_ten(void **state) {
    (void)state;
    double few = time_of_matches(10), many = time_of_matches(10000);
    print_message("20,000 matches among 10 and 10,000 prefixes: %.2f and %.2f ms\n", few * 1e3, many * 1e3);
    assert_true(many < 32 * few);
}

/* ---- the built-in sets ---- */

static void given_set(const char *name) {
    const char *const *prefixes = prefix_sets_find(name);
    assert_non_null(prefixes);
    given(prefixes);
    size_t count = 0;
    while (prefixes[count] != NULL)
        count++;
    assert_int_equal(list->count, count);
}

static void cloudflare_is_the_published_ranges(void **state) {
    (void)state;
    given_set("cloudflare");
    assert_int_equal(list->ipv4_count, 15);
    assert_int_equal(list->count, 15 + 7);
    assert_matches("104.21.80.230", "104.16.0.0/13");
    assert_matches("172.67.0.1", "172.64.0.0/13");
    assert_matches("2606:4700:3030::6815:50e6", "2606:4700::/32");
    assert_matches("2a06:98c7::", "2a06:98c0::/29");
    assert_matches("1.1.1.1", "none");
    assert_matches("104.28.0.0", "none");
}

static void private_is_what_leads_inside(void **state) {
    (void)state;
    static const char *const inside[] = {
        "0.0.0.0", "10.0.0.1",        "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",     "127.0.0.1",
        "::",      "169.254.169.254", "::1",        "fd00::1",        "fe80::1",     "::ffff:10.0.0.1"};
    given_set("private");
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        struct address address;
        assert_true(address_parse(inside[i], &address));
        if (prefixes_match(list, &address) == NULL)
            fail_msg("%s is not private", inside[i]);
    }
    assert_matches("172.32.0.0", "none");
    assert_matches("203.0.113.7", "none");
    assert_matches("2001:db8::7", "none");
}

static void bogon_is_also_what_no_host_has(void **state) {
    (void)state;
    given_set("bogon");
    assert_matches("203.0.113.7", "203.0.113.0/24");
    assert_matches("255.255.255.255", "240.0.0.0/4");
    assert_matches("2001:db8::7", "2001:db8::/32");
    assert_matches("10.0.0.1", "10.0.0.0/8");
    assert_matches("ff02::1", "ff00::/8");
    assert_matches("8.8.8.8", "none");
    assert_matches("2606:4700::1", "none");
    assert_matches("::ffff:8.8.8.8", "none");
}

static void there_are_no_other_sets(void **state) {
    (void)state;
    assert_null(prefix_sets_find("fastly"));
    assert_null(prefix_sets_find(""));
}

int main(void) {
#define TEST(function) cmocka_unit_test_teardown(function, forget)
    const struct CMUnitTest tests[] = {
        TEST(nothing_matches_in_an_empty_list),
        TEST(the_longest_prefix_matches),
        TEST(a_prefix_between_two_nested_ones_does_not_hide_the_outer),
        TEST(everything_of_a_family_is_a_prefix),
        TEST(ipv4_prefixes_hold_mapped_and_nat64_addresses),
        TEST(mapped_addresses_are_also_held_as_what_they_are),
        TEST(narrowness_goes_by_length_then_family_then_by_who_wrote_it),
        TEST(a_prefix_that_is_given_twice_is_the_one_that_is_written),
        TEST(finds_what_looking_at_each_prefix_finds),
        TEST(ten_thousand_prefixes_cost_little_more_than_ten),
        TEST(cloudflare_is_the_published_ranges),
        TEST(private_is_what_leads_inside),
        TEST(bogon_is_also_what_no_host_has),
        TEST(there_are_no_other_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
