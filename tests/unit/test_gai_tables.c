/* gai.conf has the meaning that libc gives it, even for odd lines. tests/parity/order compares the results. */
#include <arpa/inet.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/order/gai_tables.h"

static bool reload;

static struct gai_tables *parse_octets(const char *text, size_t length) {
    static char copy[1024];
    assert_in_range(length, 0, sizeof(copy) - 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    struct gai_tables *tables = gai_tables_parse(copy, length, &reload);
    assert_non_null(tables);
    return tables;
}

static struct gai_tables *parse(const char *text) {
    return parse_octets(text, strlen(text));
}

static struct in6_addr ipv6(const char *text) {
    struct in6_addr address;
    assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
    return address;
}

static int label(const struct gai_tables *tables, const char *text) {
    struct in6_addr address = ipv6(text);
    return gai_tables_label(tables, &address);
}

static int precedence(const struct gai_tables *tables, const char *text) {
    struct in6_addr address = ipv6(text);
    return gai_tables_precedence(tables, &address);
}

static int scope(const struct gai_tables *tables, const char *text) {
    return gai_tables_scope(tables, (struct in_addr){inet_addr(text)});
}

static int precedence_after(const char *text, const char *address) {
    struct gai_tables *tables = parse(text);
    int value = precedence(tables, address);
    free(tables);
    return value;
}

static int scope_after(const char *text, const char *address) {
    struct gai_tables *tables = parse(text);
    int value = scope(tables, address);
    free(tables);
    return value;
}

static void assert_own_tables(const struct gai_tables *tables) {
    assert_int_equal(label(tables, "::1"), 0);
    assert_int_equal(label(tables, "2001:db8::1"), 1);
    assert_int_equal(label(tables, "2002:c000:201::1"), 2);
    assert_int_equal(label(tables, "::192.0.2.1"), 3);
    assert_int_equal(label(tables, "::ffff:192.0.2.1"), 4);
    assert_int_equal(label(tables, "fec0::1"), 5);
    assert_int_equal(label(tables, "fd00::1"), 6);
    assert_int_equal(label(tables, "2001:0:1::1"), 7);
    assert_int_equal(precedence(tables, "::1"), 50);
    assert_int_equal(precedence(tables, "2001:db8::1"), 40);
    assert_int_equal(precedence(tables, "2002::1"), 30);
    assert_int_equal(precedence(tables, "::192.0.2.1"), 20);
    assert_int_equal(precedence(tables, "::ffff:192.0.2.1"), 10);
    assert_int_equal(scope(tables, "127.1.2.3"), 2);
    assert_int_equal(scope(tables, "169.254.1.2"), 2);
    assert_int_equal(scope(tables, "10.0.0.1"), 14);
}

static void a_file_that_says_nothing_leaves_libcs_tables(void **state) {
    (void)state;
    struct gai_tables *tables = parse("# label ::/0 99\n\n   \nLABEL ::/0 99\nlabels ::/0 99\n");
    assert_own_tables(&gai_tables_own);
    assert_own_tables(tables);
    free(tables);
}

static void one_entry_replaces_its_table_and_no_other(void **state) {
    (void)state;
    struct gai_tables *tables = parse("label 2001:db8::/32 99\n");
    assert_int_equal(label(tables, "2001:db8::1"), 99);
    assert_int_equal(label(tables, "::1"), 1);
    assert_int_equal(label(tables, "::ffff:192.0.2.1"), 1);
    assert_int_equal(precedence(tables, "::1"), 50);
    assert_int_equal(scope(tables, "127.0.0.1"), 2);
    free(tables);
    tables = parse("precedence ::ffff:0:0/96 100\n");
    assert_int_equal(precedence(tables, "::ffff:192.0.2.1"), 100);
    assert_int_equal(precedence(tables, "::1"), 40);
    assert_int_equal(label(tables, "::1"), 0);
    free(tables);
    tables = parse("scopev4 10.0.0.0/8 5\n");
    assert_int_equal(scope(tables, "10.1.2.3"), 5);
    assert_int_equal(scope(tables, "127.0.0.1"), 14);
    free(tables);
}

static void the_longest_prefix_decides_and_of_equals_the_first(void **state) {
    (void)state;
    struct gai_tables *tables = parse("label ::/0 1\nlabel 2001:db8::/33 2\nlabel 2001:db8::/32 3\n"
                                      "label 2001:db8:8000::/35 4\nlabel 2001:db8:8000::/35 5\n");
    assert_int_equal(label(tables, "2001:db8::1"), 2);
    assert_int_equal(label(tables, "2001:db8:a000::1"), 3);
    assert_int_equal(label(tables, "2001:db8:9fff::1"), 4);
    assert_int_equal(label(tables, "2001:db9::1"), 1);
    free(tables);
    tables = parse("scopev4 10.0.0.0/8 3\nscopev4 10.128.0.0/9 4\nscopev4 10.128.0.0/17 5\nscopev4 10.128.0.0/9 6\n");
    assert_int_equal(scope(tables, "10.1.0.0"), 3);
    assert_int_equal(scope(tables, "10.129.0.0"), 4);
    assert_int_equal(scope(tables, "10.128.1.0"), 5);
    free(tables);
}

static void prefixes_end_anywhere_in_an_octet(void **state) {
    (void)state;
    assert_int_equal(precedence_after("precedence fc00::/7 9\n", "fdff::1"), 9);
    assert_int_equal(precedence_after("precedence fc00::/7 9\n", "fe00::1"), 40);
    assert_int_equal(precedence_after("precedence 2001:db8::7/128 9\n", "2001:db8::7"), 9);
    assert_int_equal(precedence_after("precedence 2001:db8::7/128 9\n", "2001:db8::6"), 40);
    assert_int_equal(precedence_after("precedence 2001:db8::7/127 9\n", "2001:db8::6"), 9);
    assert_int_equal(precedence_after("precedence 8000::/1 9\n", "ffff::1"), 9);
    assert_int_equal(precedence_after("precedence ffff::/0 9\n", "1::1"), 9);
    assert_int_equal(scope_after("scopev4 10.0.0.255/25 9\n", "10.0.0.130"), 9);
    assert_int_equal(scope_after("scopev4 10.0.0.255/25 9\n", "10.0.0.127"), 14);
}

static void scopes_are_also_taken_in_mapped_form(void **state) {
    (void)state;
    assert_int_equal(scope_after("scopev4 ::ffff:10.0.0.0/104 5\n", "10.255.0.1"), 5);
    assert_int_equal(scope_after("scopev4 ::ffff:0.0.0.0/96 5\n", "10.255.0.1"), 5);
    assert_int_equal(scope_after("scopev4 ::ffff:10.0.0.0/95 5\n", "10.0.0.1"), 14);
    assert_int_equal(scope_after("scopev4 ::10.0.0.0/104 5\n", "10.0.0.1"), 14);
}

static void numbers_are_those_of_strtoul(void **state) {
    (void)state;
    static const char address[] = "2001:db8::1";
    assert_int_equal(precedence_after("precedence 2001:db8::/+32 +9\n", address), 9);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 2147483647\n", address), INT_MAX);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 2147483648\n", address), 40);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 99999999999999999999\n", address), 40);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 -1\n", address), 40);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 9x\n", address), 40);
    assert_int_equal(precedence_after("precedence 2001:db8::/32x 9\n", address), 40);
    assert_int_equal(precedence_after("precedence 2001:db8::/129 9\n", address), 40);
}

/* tests/parity/order asks glibc itself. */
static void a_number_that_is_not_there_is_zero_or_drops_its_line_as_this_glibc_has_it(void **state) {
    (void)state;
    bool dropped = precedence_after("precedence 2001:db8::/32\n", "2001:db8::1") == 40;
    int with_value_zero = dropped ? 40 : 0, with_length_zero = dropped ? 40 : 9;
    assert_int_equal(precedence_after("precedence 2001:db8::/32\n", "2001:db8::1"), with_value_zero);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 #9\n", "2001:db8::1"), with_value_zero);
    assert_int_equal(precedence_after("precedence 2001:db8::/ 9\n", "1::1"), with_length_zero);
    assert_int_equal(dropped, strverscmp(gnu_get_libc_version(), "2.37") >= 0);
}

static void entries_without_a_length_or_with_a_wrong_address_are_dropped(void **state) {
    (void)state;
    assert_int_equal(precedence_after("precedence 2001:db8::1 9\n", "2001:db8::1"), 40);
    assert_int_equal(precedence_after("precedence\n", "2001:db8::1"), 40);
    assert_int_equal(precedence_after("precedence 192.0.2.0/24 9\n", "::ffff:192.0.2.1"), 10);
    assert_int_equal(precedence_after("precedence 2001:db8::g/32 9\n", "2001:db8::1"), 40);
    assert_int_equal(scope_after("scopev4 10.0.0.1 5\n", "10.0.0.1"), 14);
    assert_int_equal(scope_after("scopev4 10.0.0.0/33 5\n", "10.0.0.0"), 14);
}

static void white_space_comments_and_the_rest_of_a_line_do_not_matter(void **state) {
    (void)state;
    assert_int_equal(precedence_after(" \t precedence\v2001:db8::/32\f9\rrest\n", "2001:db8::1"), 9);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 9#8\n", "2001:db8::1"), 9);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 9", "2001:db8::1"), 9);
    assert_int_equal(precedence_after("precedence 2001:db8::/32 9\r\n", "2001:db8::1"), 9);
}

static void a_nul_ends_its_line_alone(void **state) {
    (void)state;
    static const char text[] = "precedence 2001:db8::/32 7\0 9\nprecedence 2002::/16 8";
    struct gai_tables *tables = parse_octets(text, sizeof(text) - 1);
    assert_int_equal(precedence(tables, "2001:db8::1"), 7);
    assert_int_equal(precedence(tables, "2002::1"), 8);
    free(tables);
}

static bool reload_after(const char *text, bool before) {
    reload = before;
    free(parse(text));
    return reload;
}

static void reload_is_what_the_last_line_says_or_what_it_was(void **state) {
    (void)state;
    assert_true(reload_after("reload yes\n", false));
    assert_true(reload_after("reload no\nreload yes\n", false));
    assert_false(reload_after("reload yes\nreload no\n", true));
    assert_false(reload_after("reload YES\n", true));
    assert_false(reload_after("reload\n", true));
    assert_true(reload_after("# reload no\n", true));
    assert_false(reload_after("", false));
}

static void a_long_file_is_read_to_its_end(void **state) {
    (void)state;
    enum { LINES = 3000, LINE_SIZE = 40 };
    char *text = malloc((size_t)LINES * LINE_SIZE);
    assert_non_null(text);
    size_t length = 0;
    for (unsigned int i = 0; i < LINES; i++)
        length += (size_t)snprintf(text + length, LINE_SIZE, "label 2001:db8:%x::/48 %u\n", i, 100 + i);
    struct gai_tables *tables = gai_tables_parse(text, length, &reload);
    assert_int_equal(label(tables, "2001:db8::1"), 100);
    assert_int_equal(label(tables, "2001:db8:bb7::1"), 100 + 0xbb7);
    assert_int_equal(label(tables, "2001:db8:bb8::1"), 1);
    free(tables);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_says_nothing_leaves_libcs_tables),
        cmocka_unit_test(one_entry_replaces_its_table_and_no_other),
        cmocka_unit_test(the_longest_prefix_decides_and_of_equals_the_first),
        cmocka_unit_test(prefixes_end_anywhere_in_an_octet),
        cmocka_unit_test(scopes_are_also_taken_in_mapped_form),
        cmocka_unit_test(numbers_are_those_of_strtoul),
        cmocka_unit_test(a_number_that_is_not_there_is_zero_or_drops_its_line_as_this_glibc_has_it),
        cmocka_unit_test(entries_without_a_length_or_with_a_wrong_address_are_dropped),
        cmocka_unit_test(white_space_comments_and_the_rest_of_a_line_do_not_matter),
        cmocka_unit_test(a_nul_ends_its_line_alone),
        cmocka_unit_test(reload_is_what_the_last_line_says_or_what_it_was),
        cmocka_unit_test(a_long_file_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
