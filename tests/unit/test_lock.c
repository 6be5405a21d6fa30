/* Locks, and what happens to them in a copy of the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "copy.h"
#include "originbypass/guest/lock.h"

static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

static bool was_held;

static int adopt_and_use(void) {
    bool held = lock_adopt(&lock);
    lock_acquire(&lock);
    lock_release(&lock);
    return held == was_held && !lock_adopt(&lock) ? 0 : 1;
}

static void *make_copy(void *status) {
    *(int *)status = status_of_copy(adopt_and_use);
    return NULL;
}

/* Makes the copy in another thread, which is the only thread that the copy has. */
static void expect_good_copy(void) {
    int status = -1;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, make_copy, &status), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(status, 0);
}

static void a_copy_of_a_process_in_which_nobody_held_it_finds_it_free(void **state) {
    (void)state;
    was_held = false;
    expect_good_copy();
}

static void a_copy_is_told_that_a_thread_held_it_that_it_does_not_have_and_can_use_it(void **state) {
    (void)state;
    was_held = true;
    lock_acquire(&lock);
    expect_good_copy();
    lock_release(&lock);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_of_a_process_in_which_nobody_held_it_finds_it_free),
        cmocka_unit_test(a_copy_is_told_that_a_thread_held_it_that_it_does_not_have_and_can_use_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
