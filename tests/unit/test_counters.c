/* Counters of many threads are added up without a lock. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/metrics/counters.h"

static uint64_t total_of(enum counter counter) {
    uint64_t totals[COUNTER_COUNT];
    counters_read(totals);
    return totals[counter];
}

static void add(enum counter counter, int count) {
    for (int i = 0; i < count; i++)
        counters_add(counter);
}

static int reset(void **state) {
    (void)state;
    counters_reset_in_child();
    return 0;
}

static void each_counter_counts_for_itself(void **state) {
    (void)state;
    uint64_t totals[COUNTER_COUNT];
    for (int counter = 0; counter < COUNTER_COUNT; counter++)
        add((enum counter)counter, counter + 1);
    counters_read(totals);
    for (int counter = 0; counter < COUNTER_COUNT; counter++)
        assert_int_equal(totals[counter], counter + 1);
}

static void each_counter_has_a_name_of_its_own(void **state) {
    (void)state;
    assert_string_equal(counter_name(COUNTER_HITS), "hits");
    assert_string_equal(counter_name(COUNTER_PASS_THROUGHS), "pass_throughs");
    for (int i = 0; i < COUNTER_COUNT; i++) {
        assert_non_null(counter_name((enum counter)i));
        for (int other = 0; other < i; other++)
            assert_string_not_equal(counter_name((enum counter)i), counter_name((enum counter)other));
    }
}

enum { ADDITIONS = 20000 };

static void *add_hits_and_misses(void *unused) {
    (void)unused;
    for (int i = 0; i < ADDITIONS; i++) {
        counters_add(COUNTER_HITS);
        counters_add(COUNTER_MISSES);
    }
    return NULL;
}

/** Also reads while the threads add: the sum of a counter never decreases. */
static void add_in_threads(int count) {
    pthread_t threads[4];
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_hits_and_misses, NULL), 0);
    uint64_t last = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t hits = total_of(COUNTER_HITS);
        assert_true(hits >= last);
        last = hits;
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void nothing_is_lost_between_threads_that_have_ended(void **state) {
    (void)state;
    add_in_threads(4);
    add_in_threads(4);
    assert_int_equal(total_of(COUNTER_HITS), 8 * ADDITIONS);
    assert_int_equal(total_of(COUNTER_MISSES), 8 * ADDITIONS);
}

static void *add_one_hit(void *unused) {
    (void)unused;
    counters_add(COUNTER_HITS);
    return NULL;
}

static void *add_hits_together(void *barrier) {
    counters_add(COUNTER_HITS);
    pthread_barrier_wait(barrier); /* after the first hit, the thread has its block */
    pthread_barrier_wait(barrier);
    for (int i = 0; i < 250 * ADDITIONS; i++)
        counters_add(COUNTER_HITS);
    return NULL;
}

/** A thread, and the 64th thread after it, which must share the block of the first. */
static void nothing_is_lost_between_threads_that_share_a_block(void **state) {
    (void)state;
    pthread_t first, other, last;
    pthread_barrier_t of_first, of_last;
    pthread_barrier_init(&of_first, NULL, 2);
    pthread_barrier_init(&of_last, NULL, 2);
    pthread_create(&first, NULL, add_hits_together, &of_first);
    pthread_barrier_wait(&of_first);
    for (int i = 1; i < 64; i++) {
        pthread_create(&other, NULL, add_one_hit, NULL);
        pthread_join(other, NULL);
    }
    pthread_create(&last, NULL, add_hits_together, &of_last);
    pthread_barrier_wait(&of_last);
    pthread_barrier_wait(&of_first);
    pthread_barrier_wait(&of_last);
    pthread_join(first, NULL);
    pthread_join(last, NULL);
    pthread_barrier_destroy(&of_first);
    pthread_barrier_destroy(&of_last);
    assert_int_equal(total_of(COUNTER_HITS), 2 * (250 * ADDITIONS + 1) + 63);
}

static void a_child_begins_at_zero_and_its_parent_goes_on(void **state) {
    (void)state;
    int status;
    add_in_threads(2);
    add(COUNTER_FALLBACKS, 3);
    pid_t child = fork();
    if (child == 0) {
        counters_reset_in_child();
        uint64_t before = total_of(COUNTER_FALLBACKS) + total_of(COUNTER_HITS);
        add(COUNTER_FALLBACKS, 5);
        _exit(before == 0 ? (int)total_of(COUNTER_FALLBACKS) : 100);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 5);
    assert_int_equal(total_of(COUNTER_FALLBACKS), 3);
    assert_int_equal(total_of(COUNTER_HITS), 2 * ADDITIONS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_counter_counts_for_itself, reset),
        cmocka_unit_test_setup(each_counter_has_a_name_of_its_own, reset),
        cmocka_unit_test_setup(nothing_is_lost_between_threads_that_have_ended, reset),
        cmocka_unit_test_setup(nothing_is_lost_between_threads_that_share_a_block, reset),
        cmocka_unit_test_setup(a_child_begins_at_zero_and_its_parent_goes_on, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
