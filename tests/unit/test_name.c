/* Names in the form in which they are compared, and what libc accepts as a host name or an address. */
#include <ctype.h>
#include <netdb.h>
#include <resolv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/values/name.h"

static struct name folded(const char *text) {
    struct name name;
    memset(&name, 0xAA, sizeof(name));
    if (!name_fold(&name, text))
        fail_msg("not folded: %s", text);
    return name;
}

static bool can_be_folded(const char *text) {
    struct name name;
    return name_fold(&name, text);
}

/** `length` letters with a dot after every 60, as a text that is valid until the next call. */
static char *long_name(size_t length) {
    static char text[1024];
    for (size_t i = 0; i < length; i++)
        text[i] = i % 61 == 60 ? '.' : 'X';
    text[length] = '\0';
    return text;
}

static void upper_case_becomes_lower_case_and_nothing_else_changes(void **state) {
    (void)state;
    for (int c = 1; c < 0x80; c++) {
        char text[16];
        for (size_t place = 0; place < 9; place++) {
            memset(text, 'm', sizeof(text));
            text[place] = (char)c;
            text[9] = '\0';
            struct name name = folded(text);
            text[place] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : (char)c;
            if (c == '.' && place == 8)
                text[place] = '\0';
            assert_string_equal(name.text, text);
        }
    }
}

static void one_trailing_dot_does_not_count(void **state) {
    (void)state;
    assert_string_equal(folded("cdn.example.com.").text, "cdn.example.com");
    assert_string_equal(folded("cdn.example.com..").text, "cdn.example.com.");
    assert_string_equal(folded("a.").text, "a");
}

static void empty_names_are_refused(void **state) {
    (void)state;
    assert_false(can_be_folded(""));
    assert_false(can_be_folded("."));
    assert_true(can_be_folded("a"));
}

static void names_that_differ_in_case_and_trailing_dot_alone_are_equal_in_every_word(void **state) {
    (void)state;
    struct name lower = folded("cdn.example.com"), upper = folded("CDN.Example.COM.");
    assert_int_equal(lower.hash, upper.hash);
    assert_int_equal(lower.length, upper.length);
    assert_memory_equal(lower.words, upper.words, name_words(lower.length) * sizeof(lower.words[0]));
}

static void the_rest_of_the_last_word_is_zero(void **state) {
    (void)state;
    for (size_t length = 1; length <= NAME_LENGTH_MAX; length++) {
        struct name name = folded(long_name(length));
        size_t expected = length % 61 == 0 ? length - 1 : length; /* a final dot does not count */
        assert_int_equal(name.length, expected);
        assert_int_equal(strlen(name.text), expected);
        for (size_t i = expected; i < name_words(name.length) * sizeof(name.words[0]); i++)
            assert_int_equal(name.text[i], 0);
    }
}

static void the_longest_name_has_253_octets_with_or_without_a_trailing_dot(void **state) {
    (void)state;
    assert_true(can_be_folded(long_name(253)));
    assert_true(can_be_folded(strcat(long_name(253), ".")));
    assert_false(can_be_folded(long_name(254)));
    assert_false(can_be_folded(strcat(long_name(254), ".")));
    assert_false(can_be_folded(strcat(long_name(253), "..")));
    assert_false(can_be_folded(long_name(1000)));
}

static void a_name_that_is_not_ascii_is_refused_wherever_the_octet_stands(void **state) {
    (void)state;
    for (size_t place = 0; place < 250; place++)
        for (int octet = 0x80; octet <= 0xFF; octet += 0x7F) {
            char *text = long_name(250);
            text[place] = (char)octet;
            assert_false(can_be_folded(text));
        }
}

static void hashes_tell_names_apart(void **state) {
    (void)state;
    enum { COUNT = 20000, BITS = 1 << 24 };
    uint8_t *seen = test_calloc(BITS / 8, 1);
    int collisions = 0;
    for (int i = 0; i < COUNT; i++) {
        char text[64];
        snprintf(text, sizeof(text), "host%d.service.example.com", i);
        uint32_t bit = folded(text).hash % BITS;
        collisions += seen[bit / 8] >> bit % 8 & 1;
        seen[bit / 8] |= (uint8_t)(1U << bit % 8);
    }
    test_free(seen);
    assert_in_range(collisions, 0, 60); /* the expected number by chance: 20000² / 2 / 2²⁴ = 12 */
}

static uint32_t random_state = 4711;

static uint32_t random_below(uint32_t limit) {
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 8) % limit;
}

/** For names without a backslash, because libc removes a backslash, but it stays in the names that we get. */
static void assert_judged_as_libc_does(const char *text) {
    struct name name;
    if (!name_fold(&name, text))
        return;
    bool expected = res_hnok(text) != 0;
    if (name_is_host_name(&name) != expected)
        fail_msg("'%s' is %sa host name for libc", text, expected ? "" : "not ");
}

static void host_names_are_what_libc_takes_for_host_names(void **state) {
    (void)state;
    const char *texts[] = {"a",    "-a",  "a-",          "a.-b",  "a-.b", "_a",   "a_b._c", "1.2.3.4", "0x7f",
                           "a..b", ".a",  "a..",         "a b",   "a/b",  "a*b",  "*.a",    "a\tb",    "a\x7f",
                           "a,b",  "a:b", "[::1]",       "xn--a", "a@b",  "a\"b", "a$",     "a%en0",   "--",
                           "-",    "_",   "a.b.c.d.e.f", "A.B",   "a+b",  "a(b)"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_judged_as_libc_does(texts[i]);
    for (int c = 1; c < 0x80; c++)
        for (int place = 0; place < 3 && c != '\\'; place++) {
            char text[] = "mmm.mmm";
            text[place] = (char)c;
            assert_judged_as_libc_does(text);
            text[place] = 'm';
            text[place + 4] = (char)c;
            assert_judged_as_libc_does(text);
        }
}

static void a_backslash_is_part_of_no_host_name(void **state) {
    (void)state;
    const char *texts[] = {"a\\.b", "a\\046b", "\\a.b", "a\\"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct name name = folded(texts[i]);
        assert_false(name_is_host_name(&name));
    }
}

static void labels_have_63_octets_at_most_as_in_libc(void **state) {
    (void)state;
    for (size_t length = 60; length < 70; length++) {
        char text[256], label[80];
        memset(label, 'x', sizeof(label));
        snprintf(text, sizeof(text), "a.%.*s.b", (int)length, label);
        assert_judged_as_libc_does(text);
        snprintf(text, sizeof(text), "%.*s", (int)length, label);
        assert_judged_as_libc_does(text);
        snprintf(text, sizeof(text), "a.%.*s", (int)length, label);
        struct name name = folded(text);
        assert_int_equal(name_is_host_name(&name), length <= 63);
    }
}

static void random_names_are_judged_as_libc_does(void **state) {
    (void)state;
    static const char characters[] = "abz09..--__* /";
    for (int i = 0; i < 200000; i++) {
        char text[24];
        size_t length = 1 + random_below(sizeof(text) - 1);
        for (size_t place = 0; place < length; place++)
            text[place] = characters[random_below(sizeof(characters) - 1)];
        text[length] = '\0';
        assert_judged_as_libc_does(text);
    }
}

static bool libc_takes_for_address(const char *text) {
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    bool taken = getaddrinfo(text, NULL, &hints, &list) == 0;
    if (taken)
        freeaddrinfo(list);
    return taken;
}

static void assert_literal_as_for_libc(const char *text) {
    bool expected = libc_takes_for_address(text);
    if (name_is_literal(text) != expected)
        fail_msg("'%s' is %san address for libc", text, expected ? "" : "not ");
}

static void literals_are_what_libc_takes_for_addresses(void **state) {
    (void)state;
    const char *texts[] = {
        "203.0.113.7",
        "0.0.0.0",
        "255.255.255.255",
        "256.0.0.0",
        "1.2.3.256",
        "1.2.3",
        "1.2",
        "1",
        "0",
        "4294967295",
        "4294967296",
        "99999999999999999999",
        "1.16777215",
        "1.16777216",
        "1.2.65535",
        "1.2.65536",
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0X7F000001",
        "0x",
        "0x7f.",
        "08.8.8.8",
        "010.8.8.8",
        "1.2.3.4.",
        "1.2.3.4.5",
        ".1.2.3.4",
        "1..2",
        "1.2.3.4a",
        "1a",
        "a1",
        "+1",
        "-1",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4 x",
        "1.2.3.4\n",
        "::",
        "::1",
        "2001:db8::7",
        "::ffff:203.0.113.7",
        "fe80::1%lo",
        "fe80::1%1",
        "2001:DB8::7",
        "1:2:3:4:5:6:7:8",
        "cdn.example.com",
        "localhost",
        "example.com",
        "0xg",
        "1e3",
        "deadbeef",
        "beef.dead",
        "0x1.0x2.0x3.0x4",
        "1.2.3.0x4",
        "00000000001.1",
        "a",
        "",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_literal_as_for_libc(texts[i]);
}

static void random_texts_are_literals_where_libc_takes_them_for_addresses(void **state) {
    (void)state;
    static const char characters[] = "0123456789....xXaAfgz";
    for (int i = 0; i < 200000; i++) {
        char text[18];
        size_t length = 1 + random_below(sizeof(text) - 1);
        for (size_t place = 0; place < length; place++)
            text[place] = characters[random_below(sizeof(characters) - 1)];
        text[length] = '\0';
        assert_literal_as_for_libc(text);
    }
}

static void a_text_with_a_colon_is_a_literal_whatever_libc_makes_of_it(void **state) {
    (void)state;
    const char *texts[] = {"::1", "fe80::1%nosuchinterface", "2001:db8::7%eth0", "1:2", ":", "[::1]", "host:53"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_true(name_is_literal(texts[i]));
}

static void octets_match_where_they_differ_in_the_case_of_letters_alone(void **state) {
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            bool same_letter = a < 128 && isalpha((int)a) && b < 128 && tolower((int)a) == tolower((int)b);
            const uint8_t one[] = {'x', (uint8_t)a}, other[] = {'X', (uint8_t)b};
            assert_int_equal(name_octets_match(one, other, sizeof(one)), a == b || same_letter);
        }
    assert_true(name_octets_match((const uint8_t *)"ab", (const uint8_t *)"ac", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upper_case_becomes_lower_case_and_nothing_else_changes),
        cmocka_unit_test(one_trailing_dot_does_not_count),
        cmocka_unit_test(empty_names_are_refused),
        cmocka_unit_test(names_that_differ_in_case_and_trailing_dot_alone_are_equal_in_every_word),
        cmocka_unit_test(the_rest_of_the_last_word_is_zero),
        cmocka_unit_test(the_longest_name_has_253_octets_with_or_without_a_trailing_dot),
        cmocka_unit_test(a_name_that_is_not_ascii_is_refused_wherever_the_octet_stands),
        cmocka_unit_test(hashes_tell_names_apart),
        cmocka_unit_test(host_names_are_what_libc_takes_for_host_names),
        cmocka_unit_test(a_backslash_is_part_of_no_host_name),
        cmocka_unit_test(labels_have_63_octets_at_most_as_in_libc),
        cmocka_unit_test(random_names_are_judged_as_libc_does),
        cmocka_unit_test(literals_are_what_libc_takes_for_addresses),
        cmocka_unit_test(random_texts_are_literals_where_libc_takes_them_for_addresses),
        cmocka_unit_test(octets_match_where_they_differ_in_the_case_of_letters_alone),
        cmocka_unit_test(a_text_with_a_colon_is_a_literal_whatever_libc_makes_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
