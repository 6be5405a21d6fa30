/* The fallbacks in the record that a process publishes. */
#include "test_config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "originbypass/in_force/published.h"

static struct name name_of(const char *host) {
    struct name name;
    assert_true(name_fold(&name, host));
    return name;
}

static void fall_back(const char *host) {
    struct name name = name_of(host);
    publish_fallback(&name);
}

static void answer(const char *host) {
    struct name name = name_of(host);
    publish_answer(&name);
}

static uint32_t fallbacks(void) {
    return atomic_load(&published_fallback_count);
}

static void a_name_is_recorded_once_until_it_is_answered(void **state) {
    (void)state;
    assert_int_equal(0, fallbacks());
    fall_back("one.example");
    fall_back("one.example");
    assert_int_equal(1, fallbacks());
    answer("other.example");
    assert_int_equal(1, fallbacks());
    answer("ONE.example.");
    assert_int_equal(0, fallbacks());
}

static void only_the_latest_names_are_kept(void **state) {
    (void)state;
    static const char *const hosts[] = {"a.example", "b.example", "c.example", "d.example", "e.example", "f.example"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        fall_back(hosts[i]);
    assert_int_equal(PUBLISHED_FALLBACKS, fallbacks());
    answer("f.example");
    assert_int_equal(PUBLISHED_FALLBACKS - 1, fallbacks());
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        answer(hosts[i]);
    assert_int_equal(0, fallbacks());
}

enum { THREADS = 4, TURNS = 20000 };

static void *take_turns(void *host) {
    for (int i = 0; i < TURNS; i++) {
        fall_back(host);
        answer(host);
    }
    return host;
}

/* If two want to record at the same moment, one of them does not. */
static void threads_record_without_waiting_for_each_other(void **state) {
    (void)state;
    static const char *const hosts[THREADS] = {"a.example", "b.example", "a.example", "c.example"};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, take_turns, (void *)hosts[i]));
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < THREADS; i++)
        answer(hosts[i]);
    assert_int_equal(0, fallbacks());
}

static atomic_bool enough;

static void *take_turns_until_enough(void *host) {
    while (!atomic_load(&enough)) {
        fall_back(host);
        answer(host);
    }
    return host;
}

enum { COPIES = 300 };

static int record_in_copy(void) {
    published_adopt();
    answer("a.example"); /* which may have been recorded in part */
    fall_back("copy.example");
    bool recorded = fallbacks() == 1;
    answer("copy.example");
    return recorded && fallbacks() == 0 ? 0 : 1;
}

static void a_copy_records_although_a_thread_of_its_parent_was_recording(void **state) {
    (void)state;
    static char host[] = "a.example";
    pthread_t thread;
    int failed = 0;
    assert_int_equal(0, pthread_create(&thread, NULL, take_turns_until_enough, host));
    for (int i = 0; i < COPIES; i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            _exit(record_in_copy());
        assert_int_equal(waitpid(child, &status, 0), child);
        failed += status != 0;
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    assert_int_equal(0, failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_recorded_once_until_it_is_answered),
        cmocka_unit_test(only_the_latest_names_are_kept),
        cmocka_unit_test(threads_record_without_waiting_for_each_other),
        cmocka_unit_test(a_copy_records_although_a_thread_of_its_parent_was_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
