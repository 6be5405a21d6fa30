#!/usr/bin/env bash
# No thread of ours stays, none is needed, and the process can end in the middle of lookups.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

nobody=65534
short_lives='cache = { min_ttl_s = 0; max_ttl_s = 1; negative_ttl_s = 1; };'

it_leaves_no_thread_so_that_the_program_may_have_its_own_user_namespace() {
    not_under 'thread' 'it has a thread of its own'
    guest own_namespace
    quiet
}

it_answers_where_a_filter_refuses_threads() {
    without_leaks 'LeakSanitizer itself needs a thread'
    with_settings "$short_lives"
    guest no_threads filter
    quiet
}

it_answers_a_user_who_may_have_no_thread() {
    has_user "$nobody"
    without_leaks 'LeakSanitizer itself needs a thread'
    with_settings "$short_lives"
    guest no_threads limit "$nobody"
    quiet
}

it_renews_many_names_at_once_by_four_threads_over_few_sockets() {
    not_under thread 'it has a thread of its own, and threads are counted'
    without_leaks 'the program can only open 256 descriptors'
    with_settings "$patient cache = { min_ttl_s = 0; stale_window_s = 3600; };"
    scripted_at "$unwell" 53 well,ttl_s=1,after_ms=250
    ulimit -n 256
    ORIGIN_BYPASS_UPSTREAMS=$unwell guest storm 120 "$TMPDIR/asked"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_lets_32_threads_without_a_cache_not_wait_for_each_other() {
    not_under 'address|thread|valgrind' 'it needs more memory than the program may have'
    with_settings "$patient cache = { max_entries = 1000000; };"
    scripted_at "$unwell" 53 well,after_ms=200
    ORIGIN_BYPASS_UPSTREAMS=$unwell guest without_cache 32
    quiet
}

it_lets_the_process_exit_while_four_threads_look_up() {
    with_settings "$patient"
    guest exits
    quiet
}

# An ordinary user's user namespace has only one user.
has_user() { setpriv --reuid "$1" --clear-groups true 2>/dev/null || skip "there is no user $1 in this user namespace"; }

check_all "$@"
