/* When libc is asked for the prefixes of a NAT64, and how long they are known. libc and the clock are the test's. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/libc.h"
#include "originbypass/lookup/nat64.h"

/* ---- the clock ---- */

static _Atomic uint64_t now_ms;

static int read_clock(clockid_t id, struct timespec *time) {
    (void)id;
    *time = (struct timespec){.tv_sec = (time_t)(now_ms / 1000), .tv_nsec = (long)(now_ms % 1000) * 1000000};
    return 0;
}

static void pass(uint64_t seconds) {
    now_ms += seconds * 1000;
}

/* ---- libc ---- */

static const char *_Atomic libcs_address; /* NULL: the error */
static _Atomic int libcs_error;
static _Atomic unsigned asked;
static void (*_Atomic meanwhile)(void);

static struct addrinfo *node_of(const char *text) {
    struct node {
        struct addrinfo info;
        struct sockaddr_in6 address;
    } *node = calloc(1, sizeof(*node));
    if (node == NULL)
        abort();
    node->address.sin6_family = AF_INET6;
    inet_pton(AF_INET6, text, &node->address.sin6_addr);
    node->info = (struct addrinfo){
        .ai_family = AF_INET6, .ai_addrlen = sizeof(node->address), .ai_addr = (struct sockaddr *)&node->address};
    return &node->info;
}

/* It may be called in another thread, where nothing may be asserted. */
int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    if (strcmp(node, "ipv4only.arpa.") != 0 || service != NULL || hints->ai_family != AF_INET6)
        abort();
    if (meanwhile != NULL)
        meanwhile();
    asked++;
    errno = ENOENT;
    if (libcs_address == NULL)
        return libcs_error;
    *list = node_of(libcs_address);
    return 0;
}

static void libc_says(const char *address) {
    libcs_address = address;
}

static void libc_fails(int error) {
    libcs_address = NULL;
    libcs_error = error;
}

/* ---- */

#define PREFIX "64:ff9b::/96"
#define KNOWN_ADDRESS "64:ff9b::192.0.0.170"

static const char *prefix(void) {
    static char text[NAT64_PREFIX_TEXT_SIZE];
    struct nat64_prefixes prefixes;
    if (!nat64_known(&prefixes))
        return "none";
    assert_int_equal(prefixes.count, 1);
    nat64_prefix_text(&prefixes.prefixes[0], text);
    return text;
}

/* Until what libc says is known, perhaps by a thread: the times that are then known differ from LIBC_WAITS_MS. */
static void renew(uint64_t kept_s) {
    unsigned before = asked;
    nat64_learn();
    for (int i = 0; i < 3000 && (asked == before || LOAD(nat64_until_ms) != now_ms + kept_s * 1000); i++)
        usleep(10000);
    assert_int_equal(asked, before + 1);
    assert_int_equal(LOAD(nat64_until_ms), now_ms + kept_s * 1000);
}

/* A host with IPv6 alone, which knows that there is no prefix, but for too long. */
static int begin(void **state) {
    (void)state;
    clock_kernel = read_clock;
    meanwhile = NULL;
    pass(3600);
    libc_fails(EAI_NONAME);
    renew(60);
    pass(3600);
    STORE(nat64_host, UINT64_MAX);
    asked = 0;
    return 0;
}

static void a_prefix_is_asked_for_once_a_minute(void **state) {
    (void)state;
    libc_says(KNOWN_ADDRESS);
    for (int second = 0; second < 60; second++) {
        nat64_learn();
        assert_string_equal(prefix(), PREFIX);
        assert_true(nat64_may_help(now_ms));
        pass(1);
    }
    assert_int_equal(asked, 1);
    renew(60);
}

static void that_there_is_none_is_known_for_a_minute(void **state) {
    (void)state;
    assert_true(nat64_may_help(now_ms));
    for (int second = 0; second < 60; second++) {
        nat64_learn();
        assert_string_equal(prefix(), "none");
        assert_false(nat64_may_help(now_ms));
        pass(1);
    }
    assert_int_equal(asked, 1);
    assert_true(nat64_may_help(now_ms));
}

static void another_prefix_takes_the_place_of_the_first(void **state) {
    (void)state;
    static const uint64_t pauses_s[] = {60, 659, 660, 3600};
    for (size_t i = 0; i < sizeof(pauses_s) / sizeof(pauses_s[0]); i++) {
        libc_says(KNOWN_ADDRESS);
        pass(3600);
        renew(60);
        libc_says("2001:db8:64::192.0.0.170");
        pass(pauses_s[i]);
        renew(60);
        assert_string_equal(prefix(), "2001:db8:64::/96");
    }
}

static void a_prefix_that_is_gone_is_forgotten(void **state) {
    (void)state;
    static const int errors[] = {EAI_NONAME, EAI_NODATA};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        libc_says(KNOWN_ADDRESS);
        pass(60);
        renew(60);
        assert_string_equal(prefix(), PREFIX);
        libc_fails(errors[i]);
        pass(60);
        renew(60);
        assert_string_equal(prefix(), "none");
    }
}

static void a_prefix_is_kept_if_libc_gets_no_answer(void **state) {
    (void)state;
    static const int errors[] = {EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_SYSTEM};
    libc_says(KNOWN_ADDRESS);
    nat64_learn();
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        libc_fails(errors[i]);
        pass(60);
        renew(30);
        assert_string_equal(prefix(), PREFIX);
    }
}

static void libc_is_asked_again_half_a_minute_after_a_failure(void **state) {
    (void)state;
    libc_fails(EAI_AGAIN);
    nat64_learn();
    pass(29);
    assert_false(nat64_may_help(now_ms));
    nat64_learn();
    assert_int_equal(asked, 1);
    pass(1);
    assert_true(nat64_may_help(now_ms));
    nat64_learn();
    assert_int_equal(asked, 2);
}

/* ---- while libc is asked ---- */

static sem_t goes_on;

static void wait_for_the_test(void) {
    sem_wait(&goes_on);
}

static void no_call_waits_for_libc_if_the_prefix_was_known_a_short_time_ago(void **state) {
    (void)state;
    libc_says(KNOWN_ADDRESS);
    nat64_learn();
    pass(60);
    sem_init(&goes_on, 0, 0);
    meanwhile = wait_for_the_test;
    for (int call = 0; call < 3; call++) {
        nat64_learn();
        assert_string_equal(prefix(), PREFIX);
        assert_false(nat64_is_due(now_ms));
    }
    libc_fails(EAI_NONAME);
    sem_post(&goes_on);
    for (int i = 0; i < 3000 && LOAD(nat64_count) > 0; i++)
        usleep(10000);
    assert_string_equal(prefix(), "none");
    assert_int_equal(asked, 2);
}

static void a_prefix_that_was_known_long_ago_is_not_used_again(void **state) {
    (void)state;
    libc_says(KNOWN_ADDRESS);
    nat64_learn();
    pass(660);
    libc_says("2001:db8:64::192.0.0.170");
    nat64_learn();
    assert_string_equal(prefix(), "2001:db8:64::/96");
}

static void a_call_from_within_libc_does_not_ask(void **state) {
    (void)state;
    libc_says(KNOWN_ADDRESS);
    STORE(nat64_until_ms, 0); /* as at first, when each call asks that needs a prefix */
    meanwhile = nat64_learn;
    nat64_learn();
    assert_int_equal(asked, 1);
}

/* ---- */

static void errno_is_kept(void **state) {
    (void)state;
    struct nat64_prefixes prefixes;
    libc_says(KNOWN_ADDRESS);
    errno = EXDEV;
    nat64_learn();
    nat64_known(&prefixes);
    nat64_look_at_host(now_ms);
    assert_int_equal(errno, EXDEV);
}

static void the_host_is_looked_at_once_a_second(void **state) {
    (void)state;
    STORE(nat64_host, (now_ms + 1000) << 1 | 1);
    assert_true(nat64_may_help(now_ms + 999));
    assert_int_equal(LOAD(nat64_host), (now_ms + 1000) << 1 | 1);
    nat64_may_help(now_ms + 1000);
    assert_int_equal(LOAD(nat64_host) >> 1, now_ms + 2000);
}

static void a_host_with_ipv4_needs_no_prefix(void **state) {
    (void)state;
    STORE(nat64_host, UINT64_MAX - 1);
    assert_false(nat64_may_help(now_ms));
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup(function, begin)
    const struct CMUnitTest tests[] = {
        TEST(a_prefix_is_asked_for_once_a_minute),
        TEST(that_there_is_none_is_known_for_a_minute),
        TEST(another_prefix_takes_the_place_of_the_first),
        TEST(a_prefix_that_is_gone_is_forgotten),
        TEST(a_prefix_is_kept_if_libc_gets_no_answer),
        TEST(libc_is_asked_again_half_a_minute_after_a_failure),
        TEST(no_call_waits_for_libc_if_the_prefix_was_known_a_short_time_ago),
        TEST(a_prefix_that_was_known_long_ago_is_not_used_again),
        TEST(a_call_from_within_libc_does_not_ask),
        TEST(errno_is_kept),
        TEST(the_host_is_looked_at_once_a_second),
        TEST(a_host_with_ipv4_needs_no_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
