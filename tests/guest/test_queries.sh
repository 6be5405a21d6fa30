#!/usr/bin/env bash
# What c-ares, left to itself, would take from the program and its files.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_has_unpredictable_ids_without_dev_urandom_and_descriptors() {
    without_leaks 'LeakSanitizer can not do without /proc'
    mkdir -p "$TMPDIR/empty"
    scripted_at "$unwell" 53 well
    export ORIGIN_BYPASS_UPSTREAMS=$unwell
    with_settings "$patient"
    guest ids "$TMPDIR/empty"
    ids_of_200_queries >"$TMPDIR/first"
    : >"$TMPDIR/asked"
    guest ids "$TMPDIR/empty"
    ids_of_200_queries >"$TMPDIR/second"
    local distinct both
    distinct=$(sort -u "$TMPDIR/first" | wc -l)
    both=$(paste "$TMPDIR/first" "$TMPDIR/second" | awk '$1 == $2' | wc -l)
    echo "$distinct different IDs of 200, $both as in another process with the same seed"
    ((distinct > 190 && both < 5)) # some collide by chance
    quiet
}

it_opens_no_file_of_the_resolver() {
    local file opened
    opened=$(guest files)
    nobody_asked "$LOCAL_DNS"
    for file in resolv.conf hosts nsswitch.conf host.conf; do lacks "$file" "$opened"; done
}

it_would_see_what_the_resolver_opens() { contains resolv.conf "$("$(compiled files)")"; }

ids_of_200_queries() {
    local ids
    ids=$(awk '/many/ { print $1 }' "$TMPDIR/asked")
    equal 200 "$(wc -l <<<"$ids")" >&2
    echo "$ids"
}

check_all "$@"
