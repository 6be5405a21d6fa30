#!/usr/bin/env bash
# Descriptors: many, none left, taken by the program in the middle of a lookup, and none of ours in other programs.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_works_with_6000_descriptors_open() {
    with_settings "$patient"
    guest descriptors many
    quiet
}

it_answers_from_the_cache_in_the_same_order_with_no_descriptor_left() {
    ORIGIN_BYPASS_LOG_LEVEL=none guest descriptors none
}

it_touches_no_socket_of_a_daemon_that_closed_all_numbers_below_1024() {
    logged_at_debug guest daemon before
    nobody_asked "$LOCAL_DNS"
}

it_touches_no_socket_of_a_daemon_that_takes_all_numbers_during_a_lookup() {
    not_under thread "the test is a race: a thread closes a number that another one uses"
    silent_at_first 2000 8000 awaited
    ORIGIN_BYPASS_UPSTREAMS+=" 8.8.8.8"
    logged_at_debug guest daemon during "$TMPDIR/asked"
    equal 1 "$(grep -c awaited "$TMPDIR/asked")"
    nobody_asked "$LOCAL_DNS"
}

it_asks_again_a_moment_after_the_program_has_closed_its_socket() {
    not_under thread "to close a number that another thread uses is the race that is tested"
    silent_at_first 4000 8000 awaited
    logged_at_debug guest daemon closing "$TMPDIR/asked"
    equal 2 "$(grep -c awaited "$TMPDIR/asked")"
    nobody_asked "$LOCAL_DNS"
}

it_leaves_no_descriptor_to_programs_that_are_spawned_during_lookups() {
    not_under valgrind "it has descriptors of its own in each program"
    with_settings "$patient"
    logged_at_debug guest spawns
}

logged_at_debug() { ORIGIN_BYPASS_LOG_LEVEL=debug "$@"; }

check_all "$@"
