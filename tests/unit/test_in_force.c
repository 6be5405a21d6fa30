/* Configurations that replace each other while others use them. */
#include "test_config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "originbypass/config/parse.h"
#include "originbypass/in_force/in_force.h"

static struct config *make(const char *host) {
    char text[128];
    snprintf(text, sizeof(text), "hosts = ( \"%s\" );", host);
    return parse_good(text);
}

static bool replace_with(const char *host, uint32_t cache_generation) {
    struct config *config = make(host);
    struct rules *rules = rules_build(config);
    bool replaced = in_force_replace(config, rules, cache_generation);
    if (!replaced) {
        rules_free(rules);
        config_free(config);
    }
    return replaced;
}

static const char *host_of(const struct in_force *acquired) {
    return rules_config(acquired->rules)->rules[0].name;
}

static void nothing_is_in_force_before_the_first_one(void **state) {
    (void)state;
    assert_null(in_force_acquire());
    in_force_release(NULL);
}

enum { BEGINNERS = 8 };

static pthread_barrier_t together;
static atomic_int begun, found;

static void *begin_and_hold(void *unused) {
    struct config *config = make("together.example");
    struct rules *rules = rules_build(config);
    pthread_barrier_wait(&together);
    if (in_force_begin(config, rules)) {
        atomic_fetch_add(&begun, 1);
    } else {
        rules_free(rules);
        config_free(config);
    }
    const struct in_force *acquired = in_force_acquire();
    if (acquired != NULL)
        atomic_fetch_add(&found, 1);
    in_force_release(acquired);
    return unused;
}

static int begin_together(void) {
    pthread_t threads[BEGINNERS];
    pthread_barrier_init(&together, NULL, BEGINNERS);
    for (int i = 0; i < BEGINNERS; i++)
        if (pthread_create(&threads[i], NULL, begin_and_hold, NULL) != 0)
            return 2;
    for (int i = 0; i < BEGINNERS; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&begun) == 1 && atomic_load(&found) == BEGINNERS ? 0 : 1;
}

/* Each round runs in a process of its own, in which no configuration is in force yet. */
static void who_begins_together_finds_one_in_force(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            _exit(begin_together());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void one_of_those_who_begin_has_begun(void **state) {
    (void)state;
    struct config *first = make("first.example"), *second = make("second.example");
    struct rules *rules = rules_build(second);
    assert_true(in_force_begin(first, rules_build(first)));
    assert_false(in_force_begin(second, rules));
    rules_free(rules);
    config_free(second);
    const struct in_force *acquired = in_force_acquire();
    assert_string_equal(host_of(acquired), "first.example");
    assert_int_equal(acquired->generation, 1);
    assert_int_equal(acquired->cache_generation, 0);
    in_force_release(acquired);
}

static void what_is_held_stays_as_it_is(void **state) {
    (void)state;
    const struct in_force *before = in_force_acquire();
    assert_true(replace_with("next.example", 7));
    const struct in_force *after = in_force_acquire();
    assert_int_equal(in_force_reclaim(), 1);
    assert_string_equal(host_of(before), "first.example");
    assert_string_equal(host_of(after), "next.example");
    assert_int_equal(after->generation, 2);
    assert_int_equal(after->cache_generation, 7);
    in_force_release(before);
    in_force_release(after);
    assert_int_equal(in_force_reclaim(), 0);
}

static void who_acquires_twice_releases_twice(void **state) {
    (void)state;
    const struct in_force *acquired = in_force_acquire();
    in_force_acquire_again(acquired);
    assert_true(replace_with("again.example", 0));
    in_force_release(acquired);
    assert_int_equal(in_force_reclaim(), 1);
    in_force_release(acquired);
    assert_int_equal(in_force_reclaim(), 0);
}

static void *release(void *acquired) {
    in_force_release(acquired);
    return NULL;
}

static void another_thread_may_let_go(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        const struct in_force *acquired = in_force_acquire();
        pthread_t thread;
        assert_true(replace_with("thread.example", 0));
        pthread_create(&thread, NULL, release, (void *)acquired);
        pthread_join(thread, NULL);
        assert_int_equal(in_force_reclaim(), 0);
    }
}

/* As if a signal handler had jumped out of a lookup with each of these. */
static void those_that_are_held_for_good_hinder_no_other(void **state) {
    (void)state;
    enum { COUNT = 200 };
    const struct in_force *acquired[COUNT];
    uint32_t generation = 0;
    for (size_t i = 0; i < COUNT; i++) {
        acquired[i] = in_force_acquire();
        generation = acquired[i]->generation;
        assert_true(replace_with("pinned.example", 0));
    }
    for (size_t i = 0; i < 20; i++) {
        assert_true(replace_with("late.example", 0));
        assert_int_equal(in_force_reclaim(), COUNT);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(acquired[i]->generation, generation + 1 - COUNT + i);
        assert_non_null(strstr(host_of(acquired[i]), ".example"));
        in_force_release(acquired[i]);
    }
    assert_int_equal(in_force_reclaim(), 0);
}

enum { REPLACEMENTS = 3000, REPLACEMENTS_MOST = 50 * REPLACEMENTS, USES = 3000 }; /* most: if users come late */

static atomic_bool over;

static void *use(void *uses) {
    while (!atomic_load(&over)) {
        const struct in_force *acquired = in_force_acquire();
        if (strstr(host_of(acquired), ".example") == NULL)
            abort();
        in_force_release(acquired);
        atomic_fetch_add((atomic_ulong *)uses, 1);
    }
    return NULL;
}

/* The address sanitizer reports what is freed too early or never. */
static void thousands_come_and_go_under_threads_that_use_them(void **state) {
    (void)state;
    pthread_t threads[4];
    atomic_ulong uses = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, use, &uses);
    for (int i = 0; i < REPLACEMENTS || (atomic_load(&uses) < USES && i < REPLACEMENTS_MOST); i++) {
        in_force_reclaim();
        while (!replace_with("busy.example", 0))
            in_force_reclaim();
    }
    atomic_store(&over, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(uses >= USES);
    assert_int_equal(in_force_reclaim(), 0);
}

static void a_copy_goes_on_with_what_is_in_force(void **state) {
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        const struct in_force *acquired = in_force_acquire();
        _exit(acquired == NULL || !replace_with("child.example", 0));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_in_force_before_the_first_one),
        cmocka_unit_test(who_begins_together_finds_one_in_force),
        cmocka_unit_test(one_of_those_who_begin_has_begun),
        cmocka_unit_test(what_is_held_stays_as_it_is),
        cmocka_unit_test(who_acquires_twice_releases_twice),
        cmocka_unit_test(another_thread_may_let_go),
        cmocka_unit_test(those_that_are_held_for_good_hinder_no_other),
        cmocka_unit_test(thousands_come_and_go_under_threads_that_use_them),
        cmocka_unit_test(a_copy_goes_on_with_what_is_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
