#!/usr/bin/env bash
# Small stacks.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_answers_in_threads_with_32_kib_of_stack() {
    not_under 'address|thread' 'its own use of the stack is larger'
    guest stacks
    quiet
}

it_writes_its_messages_in_threads_with_32_kib_of_stack() {
    not_under 'address|thread' 'its own use of the stack is larger'
    ORIGIN_BYPASS_LOG_LEVEL=debug guest stacks
    contains 'info resolved origin IP' "$(said program)"
    contains 'debug resolved origin IP via external DNS' "$(said program)"
}

it_adds_at_most_8_kib_when_it_passes_a_call_through() {
    not_under 'address|thread|valgrind' 'its own use of the stack differs'
    local plain ours
    plain=$("$(compiled depth)")
    ours=$(guest depth)
    echo "$plain octets without the library, $ours with it"
    ((ours <= plain + 8 * 1024))
}

check_all "$@"
