/* The program may close a descriptor of ours, and get one of its own with the same number. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/guest/descriptor.h"

static struct descriptor take_socket(void) {
    struct descriptor descriptor;
    assert_true(descriptor_take(&descriptor, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
    return descriptor;
}

static bool is_open(int number) {
    return fcntl(number, F_GETFD) != -1;
}

static void it_is_ours_until_it_is_closed(void **state) {
    (void)state;
    struct descriptor descriptor = take_socket();
    int number = descriptor.number;
    assert_true(descriptor_is_ours(&descriptor));
    descriptor_close(&descriptor);
    assert_false(is_open(number));
    assert_int_equal(descriptor.number, -1);
    assert_false(descriptor_is_ours(&descriptor));
}

static void closed_behind_our_back_it_is_not_ours(void **state) {
    (void)state;
    struct descriptor descriptor = take_socket();
    close(descriptor.number);
    assert_false(descriptor_is_ours(&descriptor));
    descriptor_close(&descriptor);
}

static void the_programs_socket_under_our_number_is_left_open(void **state) {
    (void)state;
    struct descriptor descriptor = take_socket();
    int number = descriptor.number;
    int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(dup2(other, number), number);
    assert_false(descriptor_is_ours(&descriptor));
    descriptor_close(&descriptor);
    assert_true(is_open(number));
    close(number);
    close(other);
}

static void the_same_socket_under_our_number_is_ours_again(void **state) {
    (void)state;
    struct descriptor descriptor = take_socket();
    int copy = dup(descriptor.number);
    close(descriptor.number);
    assert_int_equal(dup2(copy, descriptor.number), descriptor.number);
    assert_true(descriptor_is_ours(&descriptor));
    descriptor_close(&descriptor);
    close(copy);
}

static void a_failed_open_is_no_descriptor_and_keeps_its_errno(void **state) {
    (void)state;
    struct descriptor descriptor;
    assert_false(descriptor_take(&descriptor, open("/nonexistent", O_RDONLY | O_CLOEXEC)));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(descriptor.number, -1);
    descriptor_close(&descriptor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_ours_until_it_is_closed),
        cmocka_unit_test(closed_behind_our_back_it_is_not_ours),
        cmocka_unit_test(the_programs_socket_under_our_number_is_left_open),
        cmocka_unit_test(the_same_socket_under_our_number_is_ours_again),
        cmocka_unit_test(a_failed_open_is_no_descriptor_and_keeps_its_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
