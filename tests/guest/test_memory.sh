#!/usr/bin/env bash
# The memory that the program gets and how it frees it, errno, and programs with their own allocators.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_gives_lists_that_libc_frees_whole_node_by_node_and_in_halves() {
    guest freed
    quiet
}

it_leaves_errno_alone_in_calls_that_it_answers() {
    guest errors
    quiet
}

it_answers_under_an_allocator_that_resolves() {
    not_under 'address|thread|valgrind|jemalloc' 'it has an allocator of its own'
    not_under musl 'the allocator is made of glibc functions'
    compile -shared -fPIC -o "$TMPDIR/resolving_allocator.so" "$top/tests/guest/resolving_allocator.c"
    LAB_LIBRARY+=" $TMPDIR/resolving_allocator.so"
    equal "$ORIGIN_V4" "$(call "$CDN" getaddrinfo "$CDN" inet)"
    equal 60 "$(call '*.example.com' getaddrinfo sixty.example.com inet | wc -l)"
    equal "$ORIGIN_V4" "$(call '*.example.com' gethostbyname www.example.com inet)"
}

it_is_loaded_whatever_allocation_fails() {
    not_under address 'its own allocations come before ours'
    survives load
}

it_dies_of_no_allocation_that_fails() { survives first cold hit refresh reload gethostbyname; }

survives() {
    not_under 'thread|jemalloc|valgrind' 'it has an allocator of its own'
    local situation checker_flags=() # the program's allocator is called before a sanitizer is ready
    export ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/scarce.conf
    for situation in "$@"; do
        echo 'hosts = ( "*.example.com" );' >"$ORIGIN_BYPASS_CONFIG_FILE"
        preloaded "$(compiled scarce)" "$situation" "$ORIGIN_BYPASS_CONFIG_FILE"
    done
}

check_all "$@"
