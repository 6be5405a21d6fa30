#!/usr/bin/env bash
# Programs of musl get answers from external DNS, in lists that musl's own freeaddrinfo(3) frees.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"
# shellcheck source-path=SCRIPTDIR source=musl.sh
source "$top/tests/guest/musl.sh"

it_answers_every_function() {
    local function
    for function in getaddrinfo gethostbyname2 gethostbyname2_r; do
        equal "$ORIGIN_V4" "$(musl_caller "$dual" "$function" "$dual" inet)"
        equal "$ORIGIN_V6" "$(musl_caller "$dual" "$function" "$dual" inet6)"
        quiet
    done
    for function in gethostbyname gethostbyname_r; do equal "$ORIGIN_V4" "$(musl_caller "$CDN" "$function" "$CDN")"; done
}

it_leaves_other_names_to_libc() {
    equal "$EDGE_V4" "$(musl_caller other.example.com getaddrinfo "$CDN" inet)"
    equal 192.0.2.1 "$(musl_caller "$CDN" getaddrinfo 192.0.2.1 inet)"
    equal EAI_NONAME "$(musl_caller "$CDN" getaddrinfo nobody.example.com inet || :)"
    nobody_asked 8.8.8.8 1.1.1.1
}

it_answers_again_from_the_cache() {
    local asks
    asks=$(compiled_for_musl asks)
    # shellcheck disable=SC2154 # coproc sets it
    coproc asking { bypass "$CDN" "$asks"; }
    equal "$ORIGIN_V4" "$(ask)"
    silence 8.8.8.8
    silence 1.1.1.1
    equal "$ORIGIN_V4" "$(ask)"
    quiet
}

# musl frees all nodes of a list together. libc's list has the edge's address and the origin's.
it_takes_rejected_addresses_out_of_libcs_list() {
    needs_dnsmasq 2.86 'gives a name one address'
    local rejected left
    silence 8.8.8.8
    silence 1.1.1.1
    for rejected in "$EDGE_V4 $ORIGIN_V4" "$ORIGIN_V4 $EDGE_V4"; do
        left=${rejected#* }
        with_settings "hosts = ( \"mixed.example.com\" ); answers = { reject = [ \"${rejected% *}/32\" ]; }; $impatient"
        equal "$left" "$(musl_caller mixed.example.com getaddrinfo mixed.example.com inet 100)"
        equal "$left" "$(musl_caller mixed.example.com gethostbyname mixed.example.com)"
    done
}

it_needs_hardly_more_stack_than_musl() {
    local function own
    for function in getaddrinfo gethostbyname gethostbyname_r; do
        own=$(least_stack "$function")
        equal within "$(within 2048 "$own" "$(least_stack "$function" bypass "$CDN")")"
        equal within "$(within 1024 "$own" "$(least_stack "$function" bypass "$dual")")"
    done
}

it_answers_a_crowd_of_small_threads() { in_small_threads crowd; }
it_answers_a_small_thread_that_jumps_out_of_lookups() { in_small_threads jump; }
it_answers_small_threads_after_others_were_cancelled() { in_small_threads cancel; }

# --- helpers --------------------------------------------------------------------------------------------------------

dual=dual.example.com
impatient='query = { timeout_ms = 200; hedge_ms = 100; deadline_ms = 400; };'

prepare() { needs_musl; }

in_small_threads() {
    with_settings 'hosts = ( "*.example.com" ); fallback = "never"; query = { timeout_ms = 900; hedge_ms = 800; deadline_ms = 5000; };'
    scripted_at "$unwell" 53 silence_at_first,of=silent,after_ms=100
    ORIGIN_BYPASS_UPSTREAMS=$unwell preloaded "$(compiled_for_musl small_threads)" "$1"
}

# least_stack FUNCTION [COMMAND...]
least_stack() { "${@:2}" "$(compiled_for_musl least_stack)" "$1" "$CDN"; }

# within MORE OWN OURS
within() { (($3 <= $2 + $1)) && echo within || echo "$3 octets, and musl needs $2"; }

# Asks the coprocess.
ask() {
    local answer
    # shellcheck disable=SC2154 # coproc sets it
    echo "$CDN" >&"${asking[1]}" && read -r answer <&"${asking[0]}" && echo "$answer"
}

# musl_caller HOSTS ARGUMENT...
musl_caller() { bypass "$1" "$(compiled_for_musl caller)" "${@:2}"; }

check_all "$@"
