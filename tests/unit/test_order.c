/*
 * What is true of the order on every host. tests/parity/order checks that the order is the same as libc's. fe80::1
 * without an interface cannot be reached on any host; 127.0.0.1 can be reached on every host.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/order/order.h"

#define MANY 5000

static struct address address(const char *text) {
    struct address result = {.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
    assert_int_equal(inet_pton(result.family, text, result.octets), 1);
    return result;
}

static size_t open_descriptors(void) {
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/** Let the process open only descriptors below `lowest`. Returns the former limit. */
static struct rlimit limit_descriptors(rlim_t lowest) {
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit limit = {.rlim_cur = lowest, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

/** The number that the next descriptor will have. With this as the limit, the process cannot open a descriptor. */
static rlim_t next_descriptor(void) {
    int number = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_not_equal(number, -1);
    close(number);
    return (rlim_t)number;
}

static void what_can_be_reached_comes_first(void **state) {
    (void)state;
    struct address addresses[] = {address("fe80::1"), address("127.0.0.1"), address("fe80::2")};
    uint16_t order[3];
    assert_true(order_addresses(addresses, 3, order));
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 0);
    assert_int_equal(order[2], 2);
}

static void equals_keep_their_order(void **state) {
    (void)state;
    struct address addresses[] = {address("fe80::3"), address("fe80::1"), address("fe80::2"), address("fe80::1")};
    uint16_t order[4];
    assert_true(order_addresses(addresses, 4, order));
    for (uint16_t i = 0; i < 4; i++)
        assert_int_equal(order[i], i);
}

static void one_address_or_none_needs_no_descriptor(void **state) {
    (void)state;
    struct address one = address("127.0.0.1");
    uint16_t order[1] = {7};
    struct rlimit before = limit_descriptors(next_descriptor());
    bool none_ordered = order_addresses(&one, 0, order);
    bool one_ordered = order_addresses(&one, 1, order);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(none_ordered);
    assert_true(one_ordered);
    assert_int_equal(order[0], 0);
}

/* With this many free descriptors there is no order. With one more there is. */
static void without_enough_descriptors_the_order_is_the_given_one(void **state) {
    (void)state;
    struct address addresses[] = {address("fe80::1"), address("127.0.0.1")};
    rlim_t next = next_descriptor();
    uint16_t order[2] = {7, 7};
    struct rlimit before = limit_descriptors(next);
    bool ordered = order_addresses(addresses, 2, order);
    struct rlimit enough = {.rlim_cur = next + 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &enough), 0);
    uint16_t order_with_one[2] = {7, 7};
    bool ordered_with_one = order_addresses(addresses, 2, order_with_one);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(ordered);
    assert_int_equal(order[0], 0);
    assert_int_equal(order[1], 1);
    assert_true(ordered_with_one);
    assert_int_equal(order_with_one[0], 1);
}

static void no_descriptor_stays_open(void **state) {
    (void)state;
    struct address addresses[] = {address("::1"), address("127.0.0.1"), address("fe80::1"), address("192.0.2.1")};
    uint16_t order[4];
    size_t before = open_descriptors();
    for (int i = 0; i < 20; i++)
        assert_true(order_addresses(addresses, 4, order));
    assert_int_equal(open_descriptors(), before);
}

static void descriptors_beyond_1024_will_do(void **state) {
    (void)state;
    static int opened[2000];
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    if (before.rlim_max < 3000) {
        print_message("left out: 3000 descriptors, where this system permits %ju\n", (uintmax_t)before.rlim_max);
        return;
    }
    limit_descriptors(3000);
    for (size_t i = 0; i < 2000; i++)
        opened[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(opened[1999] >= 1024);
    struct address addresses[] = {address("fe80::1"), address("127.0.0.1")};
    uint16_t order[2];
    bool ordered = order_addresses(addresses, 2, order);
    for (size_t i = 0; i < 2000; i++)
        close(opened[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(ordered);
    assert_int_equal(order[0], 1);
}

static struct address many[MANY];
static uint16_t order_of_many[MANY];

static void *order_many(void *ordered) {
    *(bool *)ordered = order_addresses(many, MANY, order_of_many);
    return NULL;
}

/* All addresses of 127.0.0.0/8 are equally good, and come before those that cannot be reached. */
static void thousands_of_addresses_need_no_more_than_32_kib_of_stack(void **state) {
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        many[i] = address(i % 2 == 0 ? "fe80::1" : "127.0.0.1");
        many[i].octets[i % 2 == 0 ? 14 : 2] = (uint8_t)i;
    }
    pthread_attr_t attributes;
    pthread_t thread;
    bool ordered = false;
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, MAX((size_t)32 * 1024, (size_t)PTHREAD_STACK_MIN)), 0);
    assert_int_equal(pthread_attr_setguardsize(&attributes, (size_t)1024 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, order_many, &ordered), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_true(ordered);
    for (size_t i = 0; i < MANY; i++) {
        const struct address *at = &many[order_of_many[i]];
        assert_int_equal(at->family, i < MANY / 2 ? AF_INET : AF_INET6);
    }
}

static void *order_again_and_again(void *failed) {
    struct address addresses[] = {address("fe80::1"), address("127.0.0.1"), address("fe80::2"), address("::1")};
    uint16_t first[4];
    order_addresses(addresses, 4, first);
    for (int i = 0; i < 50; i++) {
        uint16_t order[4];
        if (!order_addresses(addresses, 4, order) || memcmp(order, first, sizeof(order)) != 0)
            *(bool *)failed = true;
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    (void)state;
    pthread_t threads[8];
    bool failed[8] = {false};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, order_again_and_again, &failed[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_false(failed[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_disturb_each_other), /* first, before gai.conf has been read */
        cmocka_unit_test(what_can_be_reached_comes_first),
        cmocka_unit_test(equals_keep_their_order),
        cmocka_unit_test(one_address_or_none_needs_no_descriptor),
        cmocka_unit_test(without_enough_descriptors_the_order_is_the_given_one),
        cmocka_unit_test(no_descriptor_stays_open),
        cmocka_unit_test(descriptors_beyond_1024_will_do),
        cmocka_unit_test(thousands_of_addresses_need_no_more_than_32_kib_of_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
