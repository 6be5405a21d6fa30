/* How a call is recognized, and that its list becomes the same answer again. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/doors/repeat.h"

static const struct addrinfo plain = {.ai_socktype = SOCK_STREAM};

static bool have_one_key(const char *service, const struct addrinfo *hints, const char *other_service,
                         const struct addrinfo *other_hints) {
    struct cache_list one, other;
    assert_true(repeat_make_key(&one, service, hints));
    assert_true(repeat_make_key(&other, other_service, other_hints));
    return memcmp(one.key, other.key, sizeof(one.key)) == 0;
}

static void like_calls_have_one_key(void **state) {
    (void)state;
    struct addrinfo same = plain;
    assert_true(have_one_key("443", &plain, "443", &same));
    assert_true(have_one_key("a-long-service!", NULL, "a-long-service!", NULL));
}

static void every_octet_of_the_service_counts(void **state) {
    (void)state;
    static const char *const services[] = {"",         "4",         "44",       "443",      "444",
                                           "12345678", "123456789", "12345679", "1234567x", "123456789abcdef"};
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        for (size_t j = 0; j < i; j++)
            assert_false(have_one_key(services[i], &plain, services[j], &plain));
}

static void every_hint_counts(void **state) {
    (void)state;
    static const struct addrinfo others[] = {
        {.ai_socktype = SOCK_DGRAM},
        {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET},
        {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP},
        {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(have_one_key("443", &plain, "443", &others[i]));
    assert_false(have_one_key("443", &plain, "443", NULL));
}

static void what_does_not_fit_into_a_key_has_none(void **state) {
    (void)state;
    struct cache_list list;
    assert_false(repeat_make_key(&list, "00000000000000443", &plain));
    assert_false(repeat_make_key(&list, "443", &(struct addrinfo){.ai_family = 256 + AF_INET}));
    assert_false(repeat_make_key(&list, "443", &(struct addrinfo){.ai_socktype = -1}));
    assert_false(repeat_make_key(&list, "443", &(struct addrinfo){.ai_protocol = 65536 + IPPROTO_TCP}));
}

static void a_call_for_the_canonical_name_has_no_key(void **state) {
    (void)state;
    struct cache_list list;
    assert_false(repeat_make_key(&list, "443", &(struct addrinfo){.ai_flags = AI_CANONNAME}));
}

/* ---- the list ---- */

static const struct expansion https = {
    .count = 3,
    .nodes = {{.protocol = IPPROTO_TCP, .port = 0xbb01, .family = AF_INET6, .socktype = SOCK_STREAM},
              {.protocol = IPPROTO_TCP, .port = 0xbb01, .family = AF_INET, .socktype = SOCK_STREAM},
              {.protocol = IPPROTO_UDP, .port = 0xbb01, .family = AF_INET, .socktype = SOCK_DGRAM}}};

static struct addrinfo *build(size_t count, int flags) {
    struct address addresses[64];
    struct addrinfo *answer;
    for (size_t i = 0; i < count; i++)
        addresses[i] = (struct address){.family = i % 2 ? AF_INET : AF_INET6, .octets = {32, 1, (uint8_t)i}};
    assert_int_equal(addrinfo_build(addresses, count, &https, flags, NULL, &answer), 0);
    return answer;
}

static void assert_equal(const struct addrinfo *one, const struct addrinfo *other) {
    for (; one != NULL && other != NULL; one = one->ai_next, other = other->ai_next) {
        assert_int_equal(one->ai_flags, other->ai_flags);
        assert_int_equal(one->ai_family, other->ai_family);
        assert_int_equal(one->ai_socktype, other->ai_socktype);
        assert_int_equal(one->ai_protocol, other->ai_protocol);
        assert_int_equal(one->ai_addrlen, other->ai_addrlen);
        assert_memory_equal(one->ai_addr, other->ai_addr, one->ai_addrlen);
        assert_null(other->ai_canonname);
    }
    assert_ptr_equal(one, other);
}

static void a_list_becomes_the_same_answer_again(void **state) {
    (void)state;
    struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG}, *answer = build(4, AI_ADDRCONFIG), *again;
    struct cache_list list;
    assert_true(repeat_make_key(&list, "443", &hints));
    assert_true(repeat_store(&list, answer));
    assert_int_equal(repeat_build(&list, &again), 0);
    assert_equal(answer, again);
    freeaddrinfo(answer);
    freeaddrinfo(again);
}

static void an_answer_that_is_too_long_is_not_taken(void **state) {
    (void)state;
    struct addrinfo *answer = build(64, 0);
    struct cache_list list;
    assert_false(repeat_store(&list, answer));
    freeaddrinfo(answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_calls_have_one_key),
        cmocka_unit_test(every_octet_of_the_service_counts),
        cmocka_unit_test(every_hint_counts),
        cmocka_unit_test(what_does_not_fit_into_a_key_has_none),
        cmocka_unit_test(a_call_for_the_canonical_name_has_no_key),
        cmocka_unit_test(a_list_becomes_the_same_answer_again),
        cmocka_unit_test(an_answer_that_is_too_long_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
