/* What is known about each upstream: whether it is good, skipped or down, and when to ask whether it is back. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/guest/log.h"
#include "originbypass/upstream/health.h"

#define NOW_MS UINT64_C(5000000)
/* Longer than any delay, including its jitter. */
#define AN_AGE_MS UINT64_C(1000000)

/* Places are never freed, so each test has servers of its own. */
static struct server_address new_server(void) {
    static uint16_t last_port = 1000;
    struct server_address server = {.port = ++last_port};
    if (!address_parse("192.0.2.1", &server.address))
        fail_msg("not parsed");
    return server;
}

static char messages[] = "/tmp/test_health.XXXXXX";

static int keep_messages(void **state) {
    (void)state;
    int file = mkstemp(messages);
    if (file < 0)
        return -1;
    log_configure(LOG_LEVEL_DEBUG, messages);
    return close(file);
}

static int forget_messages(void **state) {
    (void)state;
    log_configure(LOG_LEVEL_NONE, "stderr");
    return unlink(messages);
}

/* How many messages are about this server and contain the text. */
static int told(const struct server_address *server, const char *text) {
    char line[4096], bare[SERVER_ADDRESS_TEXT_SIZE], quoted[SERVER_ADDRESS_TEXT_SIZE + 2];
    int count = 0;
    FILE *file = fdopen(open(messages, O_RDONLY | O_CLOEXEC), "r"); /* fopen() is wrapped in this program */
    assert_non_null(file);
    server_address_text(server, bare);
    snprintf(quoted, sizeof(quoted), "\"%s\"", bare);
    while (fgets(line, sizeof(line), file) != NULL)
        count += strstr(line, quoted) != NULL && strstr(line, text) != NULL;
    fclose(file);
    return count;
}

/* How long ago an answer arrived: before the queries of silent() were asked. */
#define AGO_MS 10

static void silent(const struct server_address *server, uint32_t queries) {
    health_unanswered(server, queries, "no answer in time", NOW_MS - 1, NOW_MS);
}

/* ---- states ---- */

static void an_unknown_server_is_good_and_not_to_be_probed(void **state) {
    (void)state;
    struct server_address server = new_server();
    assert_int_equal(health_state(&server), HEALTH_GOOD);
    assert_false(health_claim_probe(&server, NOW_MS + AN_AGE_MS));
}

static void one_that_left_a_query_unanswered_is_skipped(void **state) {
    (void)state;
    struct server_address server = new_server(), other = new_server();
    silent(&server, 1);
    assert_int_equal(health_state(&server), HEALTH_SKIPPED);
    assert_int_equal(health_state(&other), HEALTH_GOOD);
    silent(&server, 1);
    assert_int_equal(health_state(&server), HEALTH_SKIPPED);
    assert_int_equal(told(&server, "upstream is down"), 0);
}

static void one_that_left_three_in_a_row_unanswered_is_down_which_is_told_once(void **state) {
    (void)state;
    struct server_address server = new_server();
    for (int i = 0; i < 3; i++)
        silent(&server, 1);
    assert_int_equal(health_state(&server), HEALTH_DOWN);
    for (int i = 0; i < 10; i++)
        silent(&server, 1);
    assert_int_equal(health_state(&server), HEALTH_DOWN);
    assert_int_equal(told(&server, "upstream is down"), 1);
    assert_int_equal(told(&server, "no answer in time"), 1);
    assert_int_equal(told(&server, "\"warn\""), 1);
}

static void several_queries_count_at_once(void **state) {
    (void)state;
    struct server_address server = new_server();
    silent(&server, 2);
    assert_int_equal(health_state(&server), HEALTH_SKIPPED);
    silent(&server, 2);
    assert_int_equal(health_state(&server), HEALTH_DOWN);
}

static void an_answer_in_between_begins_the_row_anew(void **state) {
    (void)state;
    struct server_address server = new_server();
    silent(&server, 2);
    health_answered(&server, 7, NOW_MS - AGO_MS);
    assert_int_equal(health_state(&server), HEALTH_GOOD);
    silent(&server, 2);
    assert_int_equal(health_state(&server), HEALTH_SKIPPED);
    assert_int_equal(told(&server, "upstream is"), 0);
}

static void one_that_was_down_is_good_by_one_answer_which_is_told_once(void **state) {
    (void)state;
    struct server_address server = new_server();
    silent(&server, 3);
    health_answered(&server, 7, NOW_MS - AGO_MS);
    assert_int_equal(health_state(&server), HEALTH_GOOD);
    health_answered(&server, 7, NOW_MS - AGO_MS);
    assert_int_equal(told(&server, "upstream is back"), 1);
    assert_int_equal(told(&server, "\"info\""), 1);
    assert_false(health_claim_probe(&server, NOW_MS + AN_AGE_MS));
}

static void servers_that_differ_in_address_or_port_are_two(void **state) {
    (void)state;
    struct server_address server = new_server(), port = server, address = server, ipv6 = server;
    port.port++;
    assert_true(address_parse("192.0.2.2", &address.address));
    assert_true(address_parse("2001:db8::1", &ipv6.address));
    silent(&server, 3);
    assert_int_equal(health_state(&server), HEALTH_DOWN);
    assert_int_equal(health_state(&port), HEALTH_GOOD);
    assert_int_equal(health_state(&address), HEALTH_GOOD);
    assert_int_equal(health_state(&ipv6), HEALTH_GOOD);
}

/* ---- probes ---- */

/* The time when the next probe can be claimed, tried for each millisecond. */
static uint64_t next_probe_ms(const struct server_address *server, uint64_t from_ms) {
    for (uint64_t now_ms = from_ms; now_ms < from_ms + AN_AGE_MS; now_ms++)
        if (health_claim_probe(server, now_ms))
            return now_ms;
    fail_msg("there is no probe");
    return 0;
}

static void delays_between_probes_double_from_one_second_to_sixty_with_jitter(void **state) {
    (void)state;
    static const uint64_t delays_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    struct server_address server = new_server();
    uint64_t last_ms = NOW_MS;
    silent(&server, 1);
    for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
        uint64_t now_ms = next_probe_ms(&server, last_ms);
        assert_in_range(now_ms - last_ms, delays_ms[i] * 3 / 4, delays_ms[i] * 5 / 4);
        health_unanswered(&server, 1, "no answer in time", now_ms, now_ms + 500); /* the next probe stays */
        last_ms = now_ms;
    }
}

static void delays_are_not_all_the_same(void **state) {
    (void)state;
    uint64_t least_ms = UINT64_MAX, most_ms = 0;
    for (int i = 0; i < 20; i++) {
        struct server_address server = new_server();
        silent(&server, 1);
        uint64_t at_ms = next_probe_ms(&server, NOW_MS);
        least_ms = at_ms < least_ms ? at_ms : least_ms;
        most_ms = at_ms > most_ms ? at_ms : most_ms;
    }
    assert_true(most_ms - least_ms > 50);
}

static void after_an_answer_delays_begin_with_a_second_again(void **state) {
    (void)state;
    struct server_address server = new_server();
    uint64_t now_ms = NOW_MS;
    silent(&server, 3);
    for (int i = 0; i < 5; i++)
        now_ms = next_probe_ms(&server, now_ms);
    health_answered(&server, 7, now_ms - 1);
    health_unanswered(&server, 1, "no answer in time", now_ms, now_ms);
    assert_in_range(next_probe_ms(&server, now_ms) - now_ms, 750, 1250);
}

static void silence_does_not_count_where_others_were_answered_since_the_question(void **state) {
    (void)state;
    struct server_address server = new_server();
    health_answered(&server, 7, NOW_MS + 100);
    health_unanswered(&server, 4, "no answer in time", NOW_MS + 50, NOW_MS + 200);
    assert_int_equal(health_state(&server), HEALTH_GOOD);
    health_unanswered(&server, 1, "no answer in time", NOW_MS + 101, NOW_MS + 200);
    assert_int_equal(health_state(&server), HEALTH_SKIPPED);
}

static void what_is_known_is_outdated_after_twice_the_delay_without_news(void **state) {
    (void)state;
    struct server_address server = new_server();
    assert_false(health_is_outdated(&server, NOW_MS));
    silent(&server, 3);
    assert_false(health_is_outdated(&server, NOW_MS - 1)); /* for a thread that read the clock before the news came */
    assert_false(health_is_outdated(&server, NOW_MS + 2000));
    assert_true(health_is_outdated(&server, NOW_MS + 2001));
    assert_true(health_claim_probe(&server, NOW_MS + 2001)); /* the delay is two seconds now */
    health_unanswered(&server, 1, "no answer in time", NOW_MS + 2001, NOW_MS + 3000);
    assert_false(health_is_outdated(&server, NOW_MS + 7000));
    assert_true(health_is_outdated(&server, NOW_MS + 7001));
}

#define CALLERS 16

static pthread_barrier_t together;
static _Atomic int claims;

static void *claim(void *given) {
    pthread_barrier_wait(&together);
    if (health_claim_probe(given, NOW_MS + 2000))
        atomic_fetch_add(&claims, 1);
    return NULL;
}

static void of_many_callers_one_probes(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct server_address server = new_server();
        pthread_t threads[CALLERS];
        silent(&server, 1);
        atomic_store(&claims, 0);
        pthread_barrier_init(&together, NULL, CALLERS);
        for (size_t i = 0; i < CALLERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, claim, &server), 0);
        for (size_t i = 0; i < CALLERS; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&together);
        assert_int_equal(atomic_load(&claims), 1);
    }
}

/* ---- figures ---- */

static bool figures_of(const struct server_address *server, struct health_figures *figures) {
    for (size_t place = 0; place < HEALTH_PLACES; place++)
        if (health_read(place, figures) && figures->server.port == server->port)
            return true;
    return false;
}

static void queries_failures_and_replies_are_counted_with_their_time(void **state) {
    (void)state;
    struct server_address server = new_server();
    struct health_figures figures;
    assert_false(figures_of(&server, &figures));
    for (int i = 0; i < 3; i++)
        health_count_query(&server);
    health_count_failure(&server);
    health_answered(&server, 7, NOW_MS - AGO_MS);
    health_answered(&server, 30, NOW_MS - AGO_MS);
    silent(&server, 1);
    assert_true(figures_of(&server, &figures));
    assert_int_equal(figures.state, HEALTH_SKIPPED);
    assert_int_equal(figures.queries, 3);
    assert_int_equal(figures.failures, 1);
    assert_int_equal(figures.replies, 2);
    assert_int_equal(figures.round_trips_ms, 37);
}

/* ---- fork ---- */

static void in_a_copy_the_state_is_known_and_the_figures_begin_at_zero(void **state) {
    (void)state;
    struct server_address server = new_server(), next = new_server();
    struct health_figures figures;
    health_count_query(&server);
    silent(&server, 3);
    health_adopt();
    assert_int_equal(health_state(&server), HEALTH_DOWN);
    assert_true(figures_of(&server, &figures));
    assert_int_equal(figures.queries, 0);
    silent(&next, 1);
    assert_int_equal(health_state(&next), HEALTH_SKIPPED);
}

/* Must be the last test, because places are never freed. */
static void beyond_the_table_servers_are_good(void **state) {
    (void)state;
    struct server_address server;
    struct health_figures figures;
    for (size_t i = 0; i < HEALTH_PLACES; i++) {
        server = new_server();
        silent(&server, 3);
    }
    server = new_server();
    silent(&server, 3);
    health_answered(&server, 7, NOW_MS - AGO_MS);
    health_count_query(&server);
    health_count_failure(&server);
    assert_int_equal(health_state(&server), HEALTH_GOOD);
    assert_false(health_claim_probe(&server, NOW_MS + AN_AGE_MS));
    for (size_t place = 0; place < HEALTH_PLACES; place++)
        assert_true(health_read(place, &figures));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_server_is_good_and_not_to_be_probed),
        cmocka_unit_test(one_that_left_a_query_unanswered_is_skipped),
        cmocka_unit_test(one_that_left_three_in_a_row_unanswered_is_down_which_is_told_once),
        cmocka_unit_test(several_queries_count_at_once),
        cmocka_unit_test(an_answer_in_between_begins_the_row_anew),
        cmocka_unit_test(one_that_was_down_is_good_by_one_answer_which_is_told_once),
        cmocka_unit_test(servers_that_differ_in_address_or_port_are_two),
        cmocka_unit_test(delays_between_probes_double_from_one_second_to_sixty_with_jitter),
        cmocka_unit_test(delays_are_not_all_the_same),
        cmocka_unit_test(after_an_answer_delays_begin_with_a_second_again),
        cmocka_unit_test(silence_does_not_count_where_others_were_answered_since_the_question),
        cmocka_unit_test(what_is_known_is_outdated_after_twice_the_delay_without_news),
        cmocka_unit_test(of_many_callers_one_probes),
        cmocka_unit_test(queries_failures_and_replies_are_counted_with_their_time),
        cmocka_unit_test(in_a_copy_the_state_is_known_and_the_figures_begin_at_zero),
        cmocka_unit_test(beyond_the_table_servers_are_good),
    };
    return cmocka_run_group_tests(tests, keep_messages, forget_messages);
}
