/* Whether a directory is safe to create a counter file in. */
#include "counters_of_processes.h"

static const char *fault_of(const char *path) {
    struct descriptor opened;
    const char *fault = counters_directory_open(path, &opened);
    descriptor_close(&opened);
    return fault;
}

static void a_directory_that_all_may_write_needs_the_sticky_bit(void **state) {
    (void)state;
    assert_null(fault_of(directory));
    assert_int_equal(chmod(directory, 0777), 0);
    assert_non_null(strstr(fault_of(directory), "sticky"));
    assert_int_equal(chmod(directory, 01777), 0);
    assert_null(fault_of(directory));
}

static void a_directory_of_another_user_is_not_safe(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("only root can give a directory away\n");
        skip();
    }
    assert_int_equal(chown(directory, 65534, 65534), 0);
    assert_non_null(strstr(fault_of(directory), "belongs"));
    assert_int_equal(seteuid(65534), 0);
    const char *fault = fault_of(directory);
    assert_int_equal(seteuid(0), 0);
    assert_null(fault);
}

static void what_is_no_directory_is_told(void **state) {
    (void)state;
    char path[256];
    assert_non_null(strstr(fault_of(path_of("missing", path)), "not exist"));
    close(open(path_of("file", path), O_WRONLY | O_CREAT, 0644));
    assert_non_null(strstr(fault_of(path_of("file", path)), "no directory"));
    assert_int_equal(symlink(directory, path_of("link", path)), 0);
    assert_non_null(strstr(fault_of(path), "no directory"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_directory_that_all_may_write_needs_the_sticky_bit),
        TEST(a_directory_of_another_user_is_not_safe),
        TEST(what_is_no_directory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
