/* A hostent is the same as the one that libc's gethostbyname2_r(3) builds from a DNS answer, in an equal buffer. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/doors/hostent.h"

#define GUARD 0x5a
#define MARGIN 64

static const uint8_t two_ipv4[] = {192, 0, 2, 1, 192, 0, 2, 2};
static const uint8_t two_ipv6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
                                   0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
static const char chain[] = "c3.test\0t1.test\0t2.test\0Canon.Test";

static struct answer *build(sa_family_t family, size_t address_count, const char *names, size_t name_count) {
    struct answer *answer = answer_build(&(struct answer_parts){
        .outcome = OUTCOME_ADDRESSES,
        .family = family,
        .addresses = family == AF_INET ? two_ipv4 : two_ipv6,
        .address_count = address_count,
        .names = names,
        .name_count = name_count,
    });
    assert_non_null(answer);
    return answer;
}

static void without_a_chain_the_name_is_the_callers_and_there_are_no_aliases(void **state) {
    (void)state;
    char buffer[256];
    struct hostent host;
    struct answer *answer = build(AF_INET, 2, NULL, 0);
    assert_int_equal(hostent_fill(answer, "BoTh.Test", &host, buffer, sizeof(buffer)), 0);
    assert_string_equal(host.h_name, "BoTh.Test");
    assert_null(host.h_aliases[0]);
    assert_int_equal(host.h_addrtype, AF_INET);
    assert_int_equal(host.h_length, 4);
    assert_memory_equal(host.h_addr_list[0], two_ipv4, 4);
    assert_memory_equal(host.h_addr_list[1], two_ipv4 + 4, 4);
    assert_null(host.h_addr_list[2]);
    free(answer);
}

static void a_final_dot_is_dropped(void **state) {
    (void)state;
    char buffer[256];
    struct hostent host;
    struct answer *answer = build(AF_INET, 1, NULL, 0);
    assert_int_equal(hostent_fill(answer, "both.test.", &host, buffer, sizeof(buffer)), 0);
    assert_string_equal(host.h_name, "both.test");
    free(answer);
    answer = build(AF_INET, 1, chain, 4);
    assert_int_equal(hostent_fill(answer, "C3.Test.", &host, buffer, sizeof(buffer)), 0);
    assert_string_equal(host.h_aliases[0], "C3.Test");
    free(answer);
}

static void of_a_chain_the_last_is_the_name_and_the_others_are_aliases_in_order(void **state) {
    (void)state;
    char buffer[512];
    struct hostent host;
    struct answer *answer = build(AF_INET6, 2, chain, 4);
    assert_int_equal(hostent_fill(answer, "C3.test", &host, buffer, sizeof(buffer)), 0);
    assert_string_equal(host.h_name, "Canon.Test");
    assert_string_equal(host.h_aliases[0], "C3.test");
    assert_string_equal(host.h_aliases[1], "t1.test");
    assert_string_equal(host.h_aliases[2], "t2.test");
    assert_null(host.h_aliases[3]);
    assert_int_equal(host.h_addrtype, AF_INET6);
    assert_int_equal(host.h_length, 16);
    assert_memory_equal(host.h_addr_list[0], two_ipv6, 16);
    assert_memory_equal(host.h_addr_list[1], two_ipv6 + 16, 16);
    assert_null(host.h_addr_list[2]);
    free(answer);
}

static bool untouched(const char *octets, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (octets[i] != GUARD)
            return false;
    return true;
}

/*
 * These sizes were measured with glibc 2.36 and only nss_dns. The buffer begins `shift` octets after a word boundary.
 */
static const struct {
    sa_family_t family;
    size_t addresses;
    const char *name;
    const char *names;
    size_t name_count;
    size_t shift;
    size_t enough;
} measured[] = {
    {AF_INET, 2, "both.test", NULL, 0, 0, 56},
    {AF_INET, 2, "both.test", NULL, 0, 3, 53},
    {AF_INET, 1, "v4.test", NULL, 0, 0, 40},
    {AF_INET, 1, "v4.test", NULL, 0, 3, 37},
    {AF_INET, 1, "v4.test", NULL, 0, 6, 42},
    {AF_INET6, 2, "both.test", NULL, 0, 0, 80},
    {AF_INET6, 2, "both.test", NULL, 0, 3, 77},
    {AF_INET6, 2, "both.test", NULL, 0, 6, 74},
    {AF_INET, 1, "c1.test", "c1.test\0t1.test", 2, 0, 56},
    {AF_INET, 1, "c1.test", "c1.test\0t1.test", 2, 3, 53},
    {AF_INET, 1, "c1.test", "c1.test\0t1.test", 2, 6, 58},
    {AF_INET6, 1, "c1.test", "c1.test\0t1.test", 2, 0, 64},
    {AF_INET6, 1, "c1.test", "c1.test\0t1.test", 2, 3, 69},
    {AF_INET6, 1, "c1.test", "c1.test\0t1.test", 2, 6, 66},
    {AF_INET, 2, "c3.test", chain, 4, 0, 104},
    {AF_INET, 2, "c3.test", chain, 4, 3, 101},
    {AF_INET, 2, "c3.test", chain, 4, 6, 106},
    {AF_INET6, 2, "c3.test", chain, 4, 0, 128},
    {AF_INET6, 2, "c3.test", chain, 4, 3, 125},
    {AF_INET6, 2, "c3.test", chain, 4, 6, 130},
};

static void the_size_that_is_enough_is_libcs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
        _Alignas(8) char room[512];
        struct hostent host;
        char *buffer = room + MARGIN + measured[i].shift;
        struct answer *answer =
            build(measured[i].family, measured[i].addresses, measured[i].names, measured[i].name_count);
        assert_int_equal(hostent_fill(answer, measured[i].name, &host, buffer, measured[i].enough), 0);
        assert_int_equal(hostent_fill(answer, measured[i].name, &host, buffer, measured[i].enough - 1), ERANGE);
        free(answer);
    }
}

static void nothing_is_written_outside_of_the_buffer(void **state) {
    (void)state;
    struct answer *answer = build(AF_INET6, 2, chain, 4);
    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t size = 0; size < 160; size++) {
            _Alignas(8) char room[512];
            struct hostent host;
            char *buffer = room + MARGIN + shift;
            memset(room, GUARD, sizeof(room));
            hostent_fill(answer, "c3.test", &host, buffer, size);
            assert_true(untouched(room, MARGIN + shift));
            assert_true(untouched(buffer + size, sizeof(room) - MARGIN - shift - size));
        }
    }
    free(answer);
}

static void a_buffer_too_small_leaves_the_host_as_it_was(void **state) {
    (void)state;
    char buffer[16];
    struct hostent host;
    struct hostent before;
    memset(&host, GUARD, sizeof(host));
    before = host;
    struct answer *answer = build(AF_INET, 2, chain, 4);
    assert_int_equal(hostent_fill(answer, "c3.test", &host, buffer, sizeof(buffer)), ERANGE);
    assert_memory_equal(&host, &before, sizeof(host));
    assert_int_equal(hostent_fill(answer, "c3.test", &host, buffer, 0), ERANGE);
    free(answer);
}

static bool is_inside(const void *pointer, size_t size, const char *buffer, size_t buffer_size) {
    uintptr_t start = (uintptr_t)pointer;
    return start >= (uintptr_t)buffer && start + size <= (uintptr_t)buffer + buffer_size;
}

static void everything_stands_in_the_buffer_and_is_aligned(void **state) {
    (void)state;
    struct answer *answer = build(AF_INET6, 2, chain, 4);
    for (size_t shift = 0; shift < 8; shift++) {
        _Alignas(8) char room[256];
        struct hostent host;
        char *buffer = room + shift;
        size_t size = sizeof(room) - shift;
        assert_int_equal(hostent_fill(answer, "c3.test", &host, buffer, size), 0);
        assert_true(is_inside(host.h_name, strlen(host.h_name) + 1, buffer, size));
        assert_true(is_inside(host.h_aliases, 4 * sizeof(char *), buffer, size));
        assert_true(is_inside(host.h_addr_list, 3 * sizeof(char *), buffer, size));
        assert_int_equal((uintptr_t)host.h_aliases % sizeof(char *), 0);
        assert_int_equal((uintptr_t)host.h_addr_list % sizeof(char *), 0);
        for (size_t i = 0; i < 2; i++) {
            assert_true(is_inside(host.h_addr_list[i], 16, buffer, size));
            assert_int_equal((uintptr_t)host.h_addr_list[i] % 4, 0);
        }
        for (size_t i = 0; i < 3; i++)
            assert_true(is_inside(host.h_aliases[i], strlen(host.h_aliases[i]) + 1, buffer, size));
    }
    free(answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_chain_the_name_is_the_callers_and_there_are_no_aliases),
        cmocka_unit_test(a_final_dot_is_dropped),
        cmocka_unit_test(of_a_chain_the_last_is_the_name_and_the_others_are_aliases_in_order),
        cmocka_unit_test(the_size_that_is_enough_is_libcs),
        cmocka_unit_test(nothing_is_written_outside_of_the_buffer),
        cmocka_unit_test(a_buffer_too_small_leaves_the_host_as_it_was),
        cmocka_unit_test(everything_stands_in_the_buffer_and_is_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
