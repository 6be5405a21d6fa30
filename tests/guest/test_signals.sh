#!/usr/bin/env bash
# Signals and cancellation in the middle of look-ups, and SIGPIPE, which never comes from us.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_answers_right_with_a_signal_every_millisecond() {
    with_settings "$patient"
    guest timer right
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_keeps_its_deadline_with_a_signal_every_millisecond() {
    silence 8.8.8.8
    silence 1.1.1.1
    with_settings 'fallback = "never"; query = { timeout_ms = 2000; hedge_ms = 100; deadline_ms = 1500; };'
    guest timer late 1500
    contains 'no answer in time' "$(said reason)"
}

it_answers_after_a_handler_has_jumped_out_of_a_lookup() {
    not_under thread "it hands signals on later, and so the handler jumps out of other places"
    silent_at_first 1600 3000
    guest jump 3000
}

it_answers_a_handler_that_resolves_during_a_lookup() {
    not_under thread "it reports handlers that allocate or set errno, which is what is tested"
    silent_at_first 400 4000
    dig "@$unwell" +tries=1 +time=1 warm.many.example.com A >"$TMPDIR/dig" || :
    guest handler
    quiet
}

it_answers_threads_that_are_cancelled_during_a_lookup() {
    not_under address 'it takes the stack of a thread that ends so for overrun'
    silent_at_first 200 4000
    guest cancelled
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_survives_a_log_pipe_that_nobody_reads() {
    local caller
    caller=$(compiled caller)
    mkfifo "$TMPDIR/pipe"
    exec {both}<>"$TMPDIR/pipe"
    exec {log}>"$TMPDIR/pipe" {both}<&-
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_HOSTS=$CDN \
        with_library env --default-signal=PIPE "$caller" getaddrinfo "$CDN" inet 50 2>&"$log")"
}

it_survives_an_upstream_that_resets_tcp() {
    scripted_at "$unwell" 53 truncation reset
    ORIGIN_BYPASS_UPSTREAMS="$unwell 8.8.8.8" bypass '*.example.com' "$(compiled reset -rdynamic)"
    nobody_asked "$LOCAL_DNS"
}

check_all "$@"
