/* One warning per minute and host, and how many were left out. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "originbypass/rules/warnings.h"

#define MINUTE_MS UINT64_C(60000)

/* Nothing is ever forgotten. So each test has its own time, long after the warnings of the others. */
static uint64_t now_ms = UINT64_C(5000000);

static int a_day_later(void **state) {
    (void)state;
    now_ms += 24 * 60 * MINUTE_MS;
    return 0;
}

static bool is_due_of(enum warning warning, const char *host, uint64_t at_ms, uint32_t *left_out) {
    struct name name;
    if (!name_fold(&name, host))
        fail_msg("not folded: %s", host);
    return warnings_due(warning, &name, at_ms, left_out);
}

static bool is_due(const char *host, uint64_t at_ms, uint32_t *left_out) {
    return is_due_of(WARNING_FAILED, host, at_ms, left_out);
}

static void the_first_is_due_and_nothing_was_left_out(void **state) {
    (void)state;
    uint32_t left_out = 99;
    assert_true(is_due("first.example.com", now_ms, &left_out));
    assert_int_equal(left_out, 0);
}

static void within_a_minute_no_other_is(void **state) {
    (void)state;
    uint32_t left_out;
    assert_true(is_due("cdn.example.com", now_ms, &left_out));
    assert_false(is_due("cdn.example.com", now_ms, &left_out));
    assert_false(is_due("CDN.example.com.", now_ms + MINUTE_MS / 2, &left_out));
    assert_false(is_due("cdn.example.com", now_ms + MINUTE_MS - 1, &left_out));
}

static void a_thread_that_read_the_clock_a_little_earlier_is_not_late(void **state) {
    (void)state;
    uint32_t left_out;
    assert_true(is_due("race.example.com", now_ms, &left_out));
    assert_false(is_due("race.example.com", now_ms - 1, &left_out));
}

static void after_a_minute_the_next_is_and_tells_how_many_were_left_out(void **state) {
    (void)state;
    uint32_t left_out;
    uint64_t next_ms = now_ms + MINUTE_MS;
    assert_true(is_due("www.example.com", now_ms, &left_out));
    for (int i = 0; i < 7; i++)
        assert_false(is_due("www.example.com", now_ms + 1000, &left_out));
    assert_true(is_due("www.example.com", next_ms, &left_out));
    assert_int_equal(left_out, 7);
    assert_false(is_due("www.example.com", next_ms + 1, &left_out));
    assert_true(is_due("www.example.com", next_ms + 2 * MINUTE_MS, &left_out));
    assert_int_equal(left_out, 1);
}

static void each_host_has_its_own_minute(void **state) {
    (void)state;
    uint32_t left_out;
    assert_true(is_due("a.example.com", now_ms, &left_out));
    assert_false(is_due("a.example.com", now_ms + 1, &left_out));
    assert_true(is_due("b.example.com", now_ms + 1, &left_out));
    assert_int_equal(left_out, 0);
    assert_false(is_due("a.example.com", now_ms + 2, &left_out));
}

static void each_kind_has_its_own_minute(void **state) {
    (void)state;
    uint32_t left_out;
    assert_true(is_due_of(WARNING_FAILED, "kinds.example.com", now_ms, &left_out));
    assert_true(is_due_of(WARNING_REJECTED, "kinds.example.com", now_ms, &left_out));
    assert_false(is_due_of(WARNING_FAILED, "kinds.example.com", now_ms + 1, &left_out));
    assert_false(is_due_of(WARNING_REJECTED, "kinds.example.com", now_ms + 1, &left_out));
    assert_true(is_due_of(WARNING_REJECTED, "kinds.example.com", now_ms + MINUTE_MS, &left_out));
}

static void of_an_edge_a_host_is_warned_of_once(void **state) {
    (void)state;
    uint32_t left_out;
    assert_true(is_due_of(WARNING_EDGE, "edge.example.com", now_ms, &left_out));
    assert_false(is_due_of(WARNING_EDGE, "edge.example.com", now_ms + 1, &left_out));
    assert_false(is_due_of(WARNING_EDGE, "edge.example.com", now_ms + 60 * MINUTE_MS, &left_out));
    assert_true(is_due_of(WARNING_EDGE, "other.example.com", now_ms + 60 * MINUTE_MS, &left_out));
}

static void of_many_hosts_those_warned_of_last_are_known(void **state) {
    (void)state;
    uint32_t left_out;
    char host[64];
    for (int i = 0; i < 5000; i++) {
        snprintf(host, sizeof(host), "host%d.example.com", i);
        assert_true(is_due(host, now_ms + (uint64_t)i, &left_out));
        assert_false(is_due(host, now_ms + (uint64_t)i, &left_out));
    }
}

#define CALLERS 16

static pthread_barrier_t together;
static _Atomic uint32_t warned;

static void *warn(void *unused) {
    uint32_t left_out;
    pthread_barrier_wait(&together);
    for (int i = 0; i < 100; i++)
        if (is_due("many.example.com", now_ms, &left_out))
            atomic_fetch_add(&warned, 1);
    return unused;
}

static void many_threads_warn_once(void **state) {
    (void)state;
    pthread_t threads[CALLERS];
    uint32_t left_out;
    pthread_barrier_init(&together, NULL, CALLERS);
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, warn, NULL), 0);
    for (size_t i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    assert_int_equal(atomic_load(&warned), 1);
    assert_true(is_due("many.example.com", now_ms + MINUTE_MS, &left_out));
    assert_int_equal(left_out, CALLERS * 100 - 1);
}

static void a_copy_goes_on_where_its_original_was(void **state) {
    (void)state;
    uint32_t left_out;
    assert_true(is_due("cdn.example.com", now_ms, &left_out));
    warnings_adopt();
    assert_false(is_due("cdn.example.com", now_ms + 1, &left_out));
    assert_true(is_due("cdn.example.com", now_ms + MINUTE_MS, &left_out));
    assert_int_equal(left_out, 1);
}

#define LATER(test) cmocka_unit_test_setup(test, a_day_later)

int main(void) {
    const struct CMUnitTest tests[] = {
        LATER(the_first_is_due_and_nothing_was_left_out),
        LATER(within_a_minute_no_other_is),
        LATER(a_thread_that_read_the_clock_a_little_earlier_is_not_late),
        LATER(after_a_minute_the_next_is_and_tells_how_many_were_left_out),
        LATER(each_host_has_its_own_minute),
        LATER(each_kind_has_its_own_minute),
        LATER(of_an_edge_a_host_is_warned_of_once),
        LATER(of_many_hosts_those_warned_of_last_are_known),
        LATER(many_threads_warn_once),
        LATER(a_copy_goes_on_where_its_original_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
