#!/usr/bin/env bash
# Copies of a process in the middle of lookups: fork, _Fork, a raw clone, vfork.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_answers_400_children_of_a_process_with_eight_threads_in_lookups() {
    not_under 'address|thread' "the sanitizer's own locks are not released in a child that is made meanwhile"
    not_under valgrind "what other threads hold is lost in a child, as it has to be"
    with_settings "$patient cache = { max_entries = 1000000; };" # no name is evicted, however long a child takes
    guest forks
    equal 1 "$(queries 8.8.8.8 warm.many.example.com A)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_does_not_wait_in_a_fork_for_a_thread_that_waits_for_another_fork_handler() {
    not_under jemalloc 'its own fork handler stops the thread from allocating'
    not_under thread "the sanitizer's own locks are not released in a child that is made meanwhile"
    not_under musl 'it calls no functions of .preinit_array'
    with_settings "$patient"
    guest fork_handlers
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_leaves_a_child_none_of_the_sockets_of_its_parents_threads() {
    not_under valgrind "what other threads hold is lost in a child, as it has to be"
    silent_at_first 8000 20000
    with_warm_name
    guest inherited
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_answers_a_child_of_fork_at_once_what_the_parent_waits_for() { is_answered_at_once fork; }
it_answers_a_child_of__fork_at_once_what_the_parent_waits_for() { is_answered_at_once _Fork; }
it_answers_a_child_of_clone_at_once_what_the_parent_waits_for() { is_answered_at_once clone; }

it_shares_with_a_child_of_vfork_what_it_learns() {
    not_under thread "when the child ends, it believes that the parent has ended and lost its threads"
    not_under valgrind "it replaces vfork by fork"
    silent_at_first 1000 8000
    with_warm_name
    guest copies vfork
    equal 1 "$(asked_for warm)"
    equal 2 "$(asked_for learnt)" # the first one is not answered
    nobody_asked "$LOCAL_DNS"
    quiet
}

# The manual says so about programs that make a child for each connection.
it_shares_with_a_child_of_fork_nothing_that_its_siblings_learn() {
    not_checked Python
    contains 'what a child learns is lost to its siblings' "$(tr '\n' ' ' <"$top/preload/man/liboriginbypass.7")"
    bypass '*.example.com' "$python" -c '
import os, socket
def in_child():
    child = os.fork()
    if child == 0:
        socket.gethostbyname("learnt.many.example.com")
        socket.gethostbyname("warm.many.example.com")
        os._exit(0)
    os.waitpid(child, 0)
socket.gethostbyname("warm.many.example.com")
in_child()
in_child()'
    equal 2 "$(queries 8.8.8.8 learnt.many.example.com A)"
    equal 1 "$(queries 8.8.8.8 warm.many.example.com A)"
}

it_answers_both_after_a_handler_has_forked_during_a_lookup() { answers_both fork; }
it_answers_both_after_a_handler_has_called__fork_during_a_lookup() { answers_both _Fork; }
it_answers_both_after_a_handler_has_cloned_during_a_lookup() { answers_both clone; }

is_answered_at_once() {
    not_under valgrind "what other threads hold is lost in a child, as it has to be"
    silent_at_first 8000 20000
    with_warm_name
    guest copies "$1"
    equal 1 "$(asked_for warm)"
    equal 2 "$(asked_for awaited)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

answers_both() {
    not_under thread "it reports handlers that fork, allocate or set errno, which is what is tested"
    silent_at_first 400 4000
    guest handler_fork "$1"
    equal 3 "$(asked_for awaited)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

asked_for() { grep -c " $1[.]many[.]example[.]com" "$TMPDIR/asked"; }

# The server is then no longer silent to this name.
with_warm_name() { dig "@$unwell" +tries=1 +time=1 warm.many.example.com A >"$TMPDIR/dig" || : >"$TMPDIR/asked"; }

check_all "$@"
