/*
 * The kernel's clock, read by its function and by the system call, and the time during which the machine was suspended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/guest/clock.h"

static int (*kernel)(clockid_t, struct timespec *);

/*
 * The linker's name for libc's function (--wrap). The plain name is our own function in this program too
 * (preload/guest/tame_clock.c).
 */
int __real_clock_gettime(clockid_t id, struct timespec *time);

static uint64_t libc_now_ms(void) {
    struct timespec now;
    __real_clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Our time is between two readings by libc. */
static void assert_agrees_with_libc(void) {
    uint64_t before_ms = libc_now_ms(), ours_ms = clock_now_ms();
    assert_in_range(ours_ms, before_ms, libc_now_ms());
}

static void it_is_libcs_before_it_is_loaded_and_after(void **state) {
    (void)state;
    assert_agrees_with_libc();
    clock_load();
    assert_agrees_with_libc();
    uint64_t recent_ms = clock_recent_ms();
    assert_in_range(recent_ms, 1, libc_now_ms());
}

static void it_knows_all_clocks(void **state) {
    (void)state;
    struct timespec ours, libcs;
    assert_int_equal(clock_kernel(CLOCK_REALTIME, &ours), 0);
    __real_clock_gettime(CLOCK_REALTIME, &libcs);
    assert_in_range(libcs.tv_sec - ours.tv_sec, 0, 60);
}

/* ---- suspension: the machine was asleep for `asleep_s` seconds ---- */

static time_t asleep_s;

static int suspended(clockid_t id, struct timespec *now) {
    int status = kernel(id == CLOCK_BOOTTIME ? CLOCK_MONOTONIC : id, now);
    if (id == CLOCK_BOOTTIME)
        now->tv_sec += 1000 + asleep_s; /* it was also suspended before we were loaded */
    return status;
}

static void time_goes_on_while_the_machine_is_suspended(void **state) {
    (void)state;
    kernel = clock_kernel;
    clock_kernel = suspended;
    clock_notice_sleep();
    assert_int_equal(clock_slept_ms, 0);
    uint64_t before_ms = clock_now_ms();
    asleep_s = 3600;
    clock_notice_sleep();
    assert_in_range(clock_now_ms() - before_ms, 3599900, 3600100 + 60000);
    asleep_s += 60;
    clock_notice_sleep();
    assert_in_range(clock_now_ms() - before_ms, 3659900, 3660100 + 60000);
    clock_kernel = kernel;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_libcs_before_it_is_loaded_and_after),
        cmocka_unit_test(it_knows_all_clocks),
        cmocka_unit_test(time_goes_on_while_the_machine_is_suspended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
