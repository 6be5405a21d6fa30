/* One query in flight per name and type: who leads it, who waits for it, and how it ends. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "originbypass/guest/clock.h"
#include "originbypass/lookup/flights.h"

/* Long enough that it never ends in a test that passes, even with valgrind and on a busy machine. */
#define LONG_MS 200000
/* Short enough to wait for it. */
#define SHORT_MS 200
/* The largest number of flights (PLACE_COUNT in flights.c). */
#define FLIGHTS_MAX 256

static struct process_section section;

static int nobody_is_in_flight(void **state) {
    (void)state;
    flights_adopt();
    return process_enter(&section, UINT64_MAX) ? 0 : -1;
}

static int let_go(void **state) {
    (void)state;
    process_leave(&section);
    return 0;
}

static enum flight_part board(const char *host, enum record_types type, uint64_t time_ms, struct flight *flight) {
    struct name name;
    if (!name_fold(&name, host))
        fail_msg("not folded: %s", host);
    uint64_t now_ms = clock_now_ms();
    return flight_board(&name, type, now_ms + time_ms, now_ms, flight);
}

static enum flight_end wait_for(const struct flight *flight, uint64_t time_ms, struct failure *failure) {
    return flight_wait(&section, flight, clock_now_ms() + time_ms, failure);
}

static void the_first_leads_and_the_others_join(void **state) {
    (void)state;
    struct flight first, second, third;
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &first), FLIGHT_LEADS);
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &second), FLIGHT_JOINS);
    assert_int_equal(board("CDN.example.com.", RECORD_A, LONG_MS, &third), FLIGHT_JOINS);
    assert_int_equal(second.place, first.place);
    assert_int_equal(third.place, first.place);
}

static void each_name_and_type_has_a_flight_of_its_own(void **state) {
    (void)state;
    struct flight flight;
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &flight), FLIGHT_LEADS);
    assert_int_equal(board("cdn.example.com", RECORD_AAAA, LONG_MS, &flight), FLIGHT_LEADS);
    assert_int_equal(board("www.example.com", RECORD_A, LONG_MS, &flight), FLIGHT_LEADS);
    assert_int_equal(board("cdn.example.com", RECORD_AAAA, LONG_MS, &flight), FLIGHT_JOINS);
}

static void who_joined_learns_that_the_answer_is_there(void **state) {
    (void)state;
    struct flight leads, joins;
    struct failure failure;
    board("cdn.example.com", RECORD_A, LONG_MS, &leads);
    board("cdn.example.com", RECORD_A, LONG_MS, &joins);
    flight_land(&leads, NULL);
    assert_int_equal(wait_for(&joins, LONG_MS, &failure), FLIGHT_LANDED);
}

static void who_joined_learns_why_there_is_none(void **state) {
    (void)state;
    struct flight leads, joins;
    struct failure failure;
    board("cdn.example.com", RECORD_A, LONG_MS, &leads);
    board("cdn.example.com", RECORD_A, LONG_MS, &joins);
    flight_land(&leads, &(struct failure){.no_recovery = true, .reason = "8.8.8.8: FORMERR"});
    assert_int_equal(wait_for(&joins, LONG_MS, &failure), FLIGHT_FAILED);
    assert_string_equal(failure.reason, "8.8.8.8: FORMERR");
    assert_true(failure.no_recovery);
}

static void after_a_landing_the_next_one_leads(void **state) {
    (void)state;
    struct flight flight, again;
    board("cdn.example.com", RECORD_A, LONG_MS, &flight);
    flight_land(&flight, NULL);
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &again), FLIGHT_LEADS);
}

static void who_looks_late_learns_how_it_ended_though_another_flight_has_begun(void **state) {
    (void)state;
    struct flight leads, joins, next;
    struct failure failure;
    board("cdn.example.com", RECORD_A, LONG_MS, &leads);
    board("cdn.example.com", RECORD_A, LONG_MS, &joins);
    flight_land(&leads, &(struct failure){.reason = "no route to host"});
    board("www.example.com", RECORD_A, LONG_MS, &next);
    assert_int_equal(next.place, leads.place);
    assert_int_equal(wait_for(&joins, LONG_MS, &failure), FLIGHT_FAILED);
    assert_string_equal(failure.reason, "no route to host");
    flight_land(&next, NULL);
    assert_int_equal(wait_for(&joins, LONG_MS, &failure), FLIGHT_EXPIRED);
}

static void who_has_no_time_left_stops_waiting_and_the_flight_goes_on(void **state) {
    (void)state;
    struct flight leads, joins;
    struct failure failure;
    board("cdn.example.com", RECORD_A, LONG_MS, &leads);
    board("cdn.example.com", RECORD_A, LONG_MS, &joins);
    uint64_t began_ms = clock_now_ms();
    assert_int_equal(wait_for(&joins, SHORT_MS, &failure), FLIGHT_EXPIRED);
    assert_in_range(clock_now_ms() - began_ms, SHORT_MS, LONG_MS / 2);
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &joins), FLIGHT_JOINS);
}

static void a_flight_whose_leader_is_lost_ends_at_its_deadline(void **state) {
    (void)state;
    struct flight lost, joins, next;
    struct failure failure;
    board("cdn.example.com", RECORD_A, LONG_MS, &lost);
    flight_land(&lost, &(struct failure){.reason = "the reason of an earlier flight"});
    uint64_t began_ms = clock_now_ms();
    board("cdn.example.com", RECORD_A, SHORT_MS, &lost);
    board("cdn.example.com", RECORD_A, LONG_MS, &joins);
    assert_int_equal(wait_for(&joins, LONG_MS, &failure), FLIGHT_EXPIRED);
    assert_in_range(clock_now_ms() - began_ms, SHORT_MS, LONG_MS / 2);
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &next), FLIGHT_LEADS);
    assert_int_equal(next.place, lost.place);
    assert_int_equal(wait_for(&joins, LONG_MS, &failure), FLIGHT_EXPIRED);
}

static void a_leader_past_its_deadline_does_not_land_the_next_flight(void **state) {
    (void)state;
    struct flight late, next, joins;
    struct failure failure;
    board("cdn.example.com", RECORD_A, 0, &late);
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &next), FLIGHT_LEADS);
    flight_land(&late, &(struct failure){.reason = "too late"});
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &joins), FLIGHT_JOINS);
    flight_land(&next, NULL);
    assert_int_equal(wait_for(&joins, LONG_MS, &failure), FLIGHT_LANDED);
}

static void where_the_table_is_full_one_asks_alone(void **state) {
    (void)state;
    struct flight flights[FLIGHTS_MAX], more;
    char host[64];
    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        snprintf(host, sizeof(host), "host%zu.example.com", i);
        assert_int_equal(board(host, RECORD_A, LONG_MS, &flights[i]), FLIGHT_LEADS);
    }
    assert_int_equal(board("one.more.example.com", RECORD_A, LONG_MS, &more), FLIGHT_ALONE);
    assert_int_equal(board("host0.example.com", RECORD_A, LONG_MS, &more), FLIGHT_JOINS);
    assert_int_equal(board("host255.example.com", RECORD_A, LONG_MS, &more), FLIGHT_JOINS);
    flight_land(&flights[100], NULL);
    assert_int_equal(board("one.more.example.com", RECORD_A, LONG_MS, &more), FLIGHT_LEADS);
    assert_int_equal(more.place, flights[100].place);
}

static bool board_as_guest(const char *host, enum record_types type, struct flight *flight) {
    struct name name;
    if (!name_fold(&name, host))
        fail_msg("not folded: %s", host);
    return flight_board_as_guest(&name, type, clock_now_ms(), flight);
}

static void a_guest_joins_what_is_in_the_air_and_begins_nothing(void **state) {
    (void)state;
    struct flight leads, guest;
    struct failure failure;
    assert_false(board_as_guest("cdn.example.com", RECORD_A, &guest));
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &leads), FLIGHT_LEADS); /* the guest began none */
    assert_true(board_as_guest("CDN.example.com", RECORD_A, &guest));
    assert_int_equal(guest.place, leads.place);
    assert_false(board_as_guest("cdn.example.com", RECORD_AAAA, &guest));
    assert_false(board_as_guest("www.example.com", RECORD_A, &guest));
    assert_true(board_as_guest("cdn.example.com", RECORD_A, &guest));
    flight_land(&leads, NULL);
    assert_int_equal(wait_for(&guest, LONG_MS, &failure), FLIGHT_LANDED);
    assert_false(board_as_guest("cdn.example.com", RECORD_A, &guest));
}

static void a_guest_does_not_join_a_flight_past_its_deadline(void **state) {
    (void)state;
    struct flight lost, guest;
    board("cdn.example.com", RECORD_A, 0, &lost);
    assert_false(board_as_guest("cdn.example.com", RECORD_A, &guest));
}

/* ---- threads ---- */

#define WAITING 64

static _Atomic int aboard, led, landed;

static void *board_and_wait(void *unused) {
    struct process_section own;
    struct flight flight;
    struct failure failure;
    if (!process_enter(&own, UINT64_MAX))
        return unused;
    if (board("cdn.example.com", RECORD_A, LONG_MS, &flight) == FLIGHT_LEADS)
        atomic_fetch_add(&led, 1);
    atomic_fetch_add(&aboard, 1);
    if (flight_wait(&own, &flight, clock_now_ms() + LONG_MS, &failure) == FLIGHT_LANDED)
        atomic_fetch_add(&landed, 1);
    process_leave(&own);
    return unused;
}

static void sleep_ms(long time_ms) {
    nanosleep(&(struct timespec){.tv_nsec = time_ms * 1000000}, NULL);
}

static void all_who_wait_are_woken_by_the_landing(void **state) {
    (void)state;
    pthread_t threads[WAITING];
    struct flight leads;
    uint64_t began_ms = clock_now_ms();
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &leads), FLIGHT_LEADS);
    for (size_t i = 0; i < WAITING; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, board_and_wait, NULL), 0);
    while (atomic_load(&aboard) < WAITING)
        sleep_ms(1);
    sleep_ms(SHORT_MS); /* most threads sleep by now */
    assert_int_equal(atomic_load(&landed), 0);
    flight_land(&leads, NULL);
    for (size_t i = 0; i < WAITING; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&led), 0);
    assert_int_equal(atomic_load(&landed), WAITING);
    /* A thread that was not woken would have slept until the deadline. */
    assert_in_range(clock_now_ms() - began_ms, SHORT_MS, LONG_MS / 2);
}

/* ---- copies of the process ---- */

static void in_a_copy_the_flights_of_the_original_are_over(void **state) {
    (void)state;
    struct flight original, joined, own, more;
    struct failure failure;
    board("cdn.example.com", RECORD_A, LONG_MS, &original);
    board("cdn.example.com", RECORD_A, LONG_MS, &joined);
    flights_adopt();
    assert_int_equal(wait_for(&joined, LONG_MS, &failure), FLIGHT_EXPIRED);
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &own), FLIGHT_LEADS);
    assert_int_equal(board("cdn.example.com", RECORD_A, LONG_MS, &more), FLIGHT_JOINS);
    flight_land(&own, NULL);
    assert_int_equal(wait_for(&more, LONG_MS, &failure), FLIGHT_LANDED);
}

#define ABOARD(test) cmocka_unit_test_setup_teardown(test, nobody_is_in_flight, let_go)

int main(void) {
    const struct CMUnitTest tests[] = {
        ABOARD(the_first_leads_and_the_others_join),
        ABOARD(each_name_and_type_has_a_flight_of_its_own),
        ABOARD(who_joined_learns_that_the_answer_is_there),
        ABOARD(who_joined_learns_why_there_is_none),
        ABOARD(after_a_landing_the_next_one_leads),
        ABOARD(who_looks_late_learns_how_it_ended_though_another_flight_has_begun),
        ABOARD(who_has_no_time_left_stops_waiting_and_the_flight_goes_on),
        ABOARD(a_flight_whose_leader_is_lost_ends_at_its_deadline),
        ABOARD(a_leader_past_its_deadline_does_not_land_the_next_flight),
        ABOARD(where_the_table_is_full_one_asks_alone),
        ABOARD(a_guest_joins_what_is_in_the_air_and_begins_nothing),
        ABOARD(a_guest_does_not_join_a_flight_past_its_deadline),
        ABOARD(all_who_wait_are_woken_by_the_landing),
        ABOARD(in_a_copy_the_flights_of_the_original_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
