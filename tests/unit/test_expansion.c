/* Expansions: libc's own, remembered for a time and limited in number; a reader never sees a part of one. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/doors/expansion.h"

/* The time at which the current test runs. */
static uint64_t now_ms = 5000000;

static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};
static const struct addrinfo of_this_host = {.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};

/* Whatever earlier tests have stored has expired. */
static int much_later(void **state) {
    (void)state;
    now_ms += 3600000;
    return 0;
}

/** An expansion with this many nodes, which has the same value everywhere. */
static struct expansion of(uint32_t count, int32_t value) {
    struct expansion expansion = {.flags = value, .count = count};
    for (uint32_t i = 0; i < count; i++)
        expansion.nodes[i] = (struct expansion_node){
            .protocol = value, .port = (in_port_t)value, .family = AF_INET, .socktype = (uint8_t)value};
    return expansion;
}

static bool is_of(const struct expansion *expansion, uint32_t count, int32_t value) {
    struct expansion expected = of(count, value);
    expected.until_ms = expansion->until_ms;
    return memcmp(expansion, &expected, offsetof(struct expansion, nodes[count])) == 0;
}

static void remember(const char *service, const struct addrinfo *hints, int32_t value) {
    struct expansion expansion = of(4, value);
    expansion_remember(service, hints, now_ms, &expansion);
}

static bool is_known(const char *service, const struct addrinfo *hints, uint64_t at_ms) {
    struct expansion expansion;
    return expansion_recall(service, hints, at_ms, &expansion);
}

static bool is_remembered(const char *service, const struct addrinfo *hints, int32_t value) {
    struct expansion expansion;
    return expansion_recall(service, hints, now_ms, &expansion) && is_of(&expansion, 4, value);
}

/* ---- libc's list ---- */

/* The next node of the family. Which family comes first does not matter here: the order of addresses decides that. */
static const struct expansion_node *next_of(const struct expansion *expansion, uint32_t *from, int family) {
    while (*from < expansion->count && expansion->nodes[*from].family != family)
        ++*from;
    assert_true(*from < expansion->count);
    return &expansion->nodes[(*from)++];
}

static void assert_is_libcs(const char *service, const struct addrinfo *hints) {
    struct expansion expansion;
    struct addrinfo *list;
    int error = getaddrinfo(NULL, service, hints, &list);
    assert_int_equal(expansion_ask(service, hints, &expansion), error);
    if (error != 0)
        return;
    assert_int_equal(expansion.flags, list->ai_flags);
    uint32_t count = 0, from[2] = {0, 0};
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next, count++) {
        const struct expansion_node *node = next_of(&expansion, &from[info->ai_family == AF_INET], info->ai_family);
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)info->ai_addr;
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)info->ai_addr;
        assert_int_equal(node->socktype, info->ai_socktype);
        assert_int_equal(node->protocol, info->ai_protocol);
        assert_int_equal(node->port, info->ai_family == AF_INET ? ipv4->sin_port : ipv6->sin6_port);
    }
    assert_int_equal(expansion.count, count);
    freeaddrinfo(list);
}

static void it_is_libcs_own_list_for_every_family_and_socket_type_and_service(void **state) {
    (void)state;
    static const char *const services[] = {"", "443", "0", "65535", "http", "domain"};
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
    static const int socktypes[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW};
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        assert_is_libcs(services[i], NULL);
        for (size_t j = 0; j < sizeof(families) / sizeof(families[0]); j++)
            for (size_t k = 0; k < sizeof(socktypes) / sizeof(socktypes[0]); k++) {
                struct addrinfo hints = {.ai_family = families[j], .ai_socktype = socktypes[k]};
                assert_is_libcs(services[i], &hints);
                hints.ai_flags = AI_ADDRCONFIG | AI_PASSIVE;
                assert_is_libcs(services[i], &hints);
            }
    }
}

static void a_protocol_keeps_its_whole_number(void **state) {
    (void)state;
    const struct addrinfo raw = {.ai_socktype = SOCK_RAW, .ai_protocol = 0x12345678};
    struct expansion expansion;
    assert_int_equal(expansion_ask("", &raw, &expansion), 0);
    assert_int_equal(expansion.nodes[0].protocol, 0x12345678);
    assert_is_libcs("", &raw);
}

static void it_is_libcs_own_error(void **state) {
    (void)state;
    struct expansion expansion;
    const struct addrinfo no_family = {.ai_family = 99}, no_socktype = {.ai_socktype = 99},
                          numeric = {.ai_flags = AI_NUMERICSERV}, no_flag = {.ai_flags = 1 << 20};
    assert_int_equal(expansion_ask("443", &no_family, &expansion), EAI_FAMILY);
    assert_int_equal(expansion_ask("443", &no_socktype, &expansion), EAI_SOCKTYPE);
    assert_int_equal(expansion_ask("http", &numeric, &expansion), EAI_NONAME);
    assert_int_equal(expansion_ask("443", &no_flag, &expansion), EAI_BADFLAGS);
    assert_int_equal(expansion_ask("no-such-service", &stream, &expansion), EAI_SERVICE);
}

/* ---- the table ---- */

static void what_is_remembered_is_recalled(void **state) {
    (void)state;
    remember("http", &stream, 80);
    assert_true(is_remembered("http", &stream, 80));
    remember("http", &stream, 81);
    assert_true(is_remembered("http", &stream, 81));
}

static void what_was_not_asked_is_not_recalled(void **state) {
    (void)state;
    remember("http", &stream, 80);
    struct addrinfo other = stream;
    assert_false(is_known("htt", &stream, now_ms));
    assert_false(is_known("https", &stream, now_ms));
    assert_false(is_known("", &stream, now_ms));
    assert_false(is_known("http", NULL, now_ms));
    other.ai_family = AF_INET;
    assert_false(is_known("http", &other, now_ms));
    other = stream;
    other.ai_socktype = SOCK_DGRAM;
    assert_false(is_known("http", &other, now_ms));
    other = stream;
    other.ai_protocol = IPPROTO_UDP;
    assert_false(is_known("http", &other, now_ms));
    other = stream;
    other.ai_flags = AI_NUMERICSERV;
    assert_false(is_known("http", &other, now_ms));
}

static void no_hints_are_not_hints_without_anything(void **state) {
    (void)state;
    static const struct addrinfo nothing = {0};
    remember("", &nothing, 1);
    assert_false(is_known("", NULL, now_ms));
    remember("", NULL, 2);
    assert_true(is_remembered("", &nothing, 1));
    assert_true(is_remembered("", NULL, 2));
}

static void it_is_good_for_a_minute(void **state) {
    (void)state;
    remember("http", &stream, 80);
    assert_true(is_known("http", &stream, now_ms + 59999));
    assert_false(is_known("http", &stream, now_ms + 60000));
}

static void it_is_good_for_a_second_where_the_hosts_addresses_count(void **state) {
    (void)state;
    remember("http", &of_this_host, 80);
    remember("http", NULL, 80);
    assert_true(is_known("http", &of_this_host, now_ms + 999));
    assert_true(is_known("http", NULL, now_ms + 999));
    assert_false(is_known("http", &of_this_host, now_ms + 1000));
    assert_false(is_known("http", NULL, now_ms + 1000));
}

static void a_new_one_begins_a_new_time(void **state) {
    (void)state;
    struct expansion expansion = of(2, 80);
    remember("http", &of_this_host, 80);
    expansion_remember("http", &of_this_host, now_ms + 5000, &expansion);
    assert_true(is_known("http", &of_this_host, now_ms + 5999));
}

static void a_long_service_is_not_remembered(void **state) {
    (void)state;
    char service[64] = "";
    for (size_t length = 1; length < sizeof(service); length++) {
        service[length - 1] = 's';
        remember(service, &stream, (int32_t)length);
        assert_int_equal(is_remembered(service, &stream, (int32_t)length), length <= 30);
    }
}

static void a_long_list_is_not_remembered(void **state) {
    (void)state;
    for (uint32_t count = 0; count <= EXPANSION_NODES_MAX; count++) {
        char service[8];
        snprintf(service, sizeof(service), "%u", count);
        struct expansion expansion = of(count, 7), found;
        expansion_remember(service, &stream, now_ms, &expansion);
        bool is_found = expansion_recall(service, &stream, now_ms, &found);
        assert_int_equal(is_found, count <= 8);
        if (is_found)
            assert_true(is_of(&found, count, 7));
    }
}

static void of_a_hundred_thousand_a_bounded_number_is_kept_and_the_last_one_always(void **state) {
    (void)state;
    char service[16];
    size_t kept = 0;
    for (int32_t i = 0; i < 100000; i++) {
        snprintf(service, sizeof(service), "%d", i);
        remember(service, &stream, i);
        assert_true(is_remembered(service, &stream, i));
    }
    for (int32_t i = 0; i < 100000; i++) {
        snprintf(service, sizeof(service), "%d", i);
        if (is_known(service, &stream, now_ms)) {
            assert_true(is_remembered(service, &stream, i));
            kept++;
        }
    }
    assert_in_range(kept, 8, 64);
}

static void a_handful_is_kept_beside_each_other(void **state) {
    (void)state;
    static const char *const services[] = {"", "80", "443", "http"};
    for (int32_t i = 0; i < 4; i++) {
        remember(services[i], &stream, i);
        remember(services[i], NULL, 10 + i);
    }
    for (int32_t i = 0; i < 4; i++) {
        assert_true(is_remembered(services[i], &stream, i));
        assert_true(is_remembered(services[i], NULL, 10 + i));
    }
}

/* ---- threads ---- */

#define THREADS 16
#define WRITERS 2
#define ROUNDS 20000

static atomic_uint recalled, torn;

static void *read_again_and_again(void *unused) {
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct expansion found;
        if (!expansion_recall("http", &stream, now_ms, &found))
            continue;
        recalled++;
        if (!is_of(&found, found.count, found.flags) || (uint32_t)found.flags % 8 + 1 != found.count)
            torn++;
    }
    return unused;
}

static void *write_again_and_again(void *unused) {
    for (int32_t round = 0; round < ROUNDS; round++) {
        struct expansion expansion = of((uint32_t)round % 8 + 1, round);
        expansion_remember("http", &stream, now_ms, &expansion);
    }
    return read_again_and_again(unused);
}

static void readers_see_whole_expansions_alone_while_others_write(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    recalled = torn = 0;
    remember("http", &stream, 3);
    for (uint32_t i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < WRITERS ? write_again_and_again : read_again_and_again, NULL), 0);
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(torn, 0);
    assert_true(recalled > ROUNDS);
}

/* ---- fork ---- */

static void a_copy_in_which_nobody_was_writing_keeps_what_is_remembered(void **state) {
    (void)state;
    remember("http", &stream, 80);
    expansions_adopt();
    assert_true(is_remembered("http", &stream, 80));
}

#define LATER(test) cmocka_unit_test_setup(test, much_later)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_libcs_own_list_for_every_family_and_socket_type_and_service),
        cmocka_unit_test(a_protocol_keeps_its_whole_number),
        cmocka_unit_test(it_is_libcs_own_error),
        LATER(what_is_remembered_is_recalled),
        LATER(what_was_not_asked_is_not_recalled),
        LATER(no_hints_are_not_hints_without_anything),
        LATER(it_is_good_for_a_minute),
        LATER(it_is_good_for_a_second_where_the_hosts_addresses_count),
        LATER(a_new_one_begins_a_new_time),
        LATER(a_long_service_is_not_remembered),
        LATER(a_long_list_is_not_remembered),
        LATER(of_a_hundred_thousand_a_bounded_number_is_kept_and_the_last_one_always),
        LATER(a_handful_is_kept_beside_each_other),
        LATER(readers_see_whole_expansions_alone_while_others_write),
        LATER(a_copy_in_which_nobody_was_writing_keeps_what_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
