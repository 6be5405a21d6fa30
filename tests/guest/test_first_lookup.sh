#!/usr/bin/env bash
# The first lookups of a program, which need a large configuration that is not yet parsed.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_parses_the_configuration_once_for_all_threads() {
    begins together
    quiet
}

it_begins_anew_in_a_child_that_is_made_while_another_thread_parses() {
    begins forked
    quiet
}

it_waits_for_the_parser_no_longer_than_a_lookup_takes() {
    begins late
    quiet
}

it_kills_no_program_that_has_little_memory() {
    not_under 'address|thread|valgrind|jemalloc' 'it needs more address space itself'
    not_under musl 'the program is made of glibc functions'
    local kb
    for kb in 160000 180000 200000 220000 240000 260000 280000 300000 400000; do
        (ulimit -v "$kb" && begins scarce) || { echo "with $kb KB" && return 1; }
    done
}

# begins WHAT: with 100,000 hosts, and those of the world. The program has its own calloc.
begins() {
    not_under 'address|thread|jemalloc' 'the program has its own allocator'
    not_under musl 'the program is made of glibc functions'
    not_under valgrind 'it needs minutes to parse a hundred thousand rules'
    [[ -s $TMPDIR/large.conf ]] ||
        { echo "$patient" && echo 'hosts = ( "*.example.com"' && seq -f ', "host-%.0f.example.net"' 100000 && echo ');'; } >"$TMPDIR/large.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/large.conf preloaded "$(compiled crowds_at_first)" "$1"
}

check_all "$@"
