#!/usr/bin/env bash
# A program whose clocks do not advance: the library uses the kernel's time.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_gives_up_at_its_deadline_while_the_programs_clock_stands_still() {
    stop 8.8.8.8
    silence 1.1.1.1
    with_settings 'fallback = "never"; query = { timeout_ms = 400; hedge_ms = 100; deadline_ms = 1000; };'
    equal EAI_AGAIN "$(preloading frozen_clock call "$CDN" getaddrinfo "$CDN" inet)"
    contains 'no answer in time' "$(said reason)"
}

it_asks_again_and_renews_while_the_programs_clock_stands_still() {
    with_settings 'query = { timeout_ms = 5000; hedge_ms = 100; deadline_ms = 5000; }; cache = { min_ttl_s = 0; };'
    scripted_at "$unwell" 53 silence_at_first,of=,ttl_s=1
    export ORIGIN_BYPASS_UPSTREAMS=$unwell
    equal "$ORIGIN_V4" "$(preloading frozen_clock call "$CDN" getaddrinfo "$CDN" inet)"
    equal 2 "$(wc -l <"$TMPDIR/asked")"
    coproc look_up { preloading frozen_clock bypass "$CDN" "$(compiled asks)"; }
    # shellcheck disable=SC2154 # coproc sets it
    at_command=${look_up[1]} pid=$look_up_PID
    until_true has_renewed
    exec {at_command}>&-
    wait "$pid"
}

has_renewed() {
    local address
    echo "$CDN" >&"$at_command"
    read -r address <&"${look_up[0]}"
    equal "$ORIGIN_V4" "$address" && (($(wc -l <"$TMPDIR/asked") >= 4))
}

it_answers_under_faketime_with_a_time_that_stands_still() {
    local library
    not_under jemalloc 'it and faketime wait for each other'
    not_under musl 'libfaketime is for glibc'
    library=$(ls /usr/lib/*/faketime/libfaketime.so.1)
    silence 8.8.8.8 # so that time must pass
    LAB_LIBRARY+=" $library"
    equal "$ORIGIN_V4" "$(FAKETIME='2020-01-01 00:00:00' call "$CDN" getaddrinfo "$CDN" inet)"
}

# preloading NAME COMMAND...: preloads the program NAME of this directory after the library.
preloading() { LAB_LIBRARY="$LAB_LIBRARY $(compiled "$1" -shared -fPIC)" "${@:2}"; }

check_all "$@"
