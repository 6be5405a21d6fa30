#!/usr/bin/env bash
# Signals and cancellation in the middle of lookups, and SIGPIPE, which never comes from us.
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

it_serves_at_once_a_thread_whose_handler_has_jumped_out_of_a_lookup() { serves_at_once_after_a_jump again; }
it_serves_at_once_a_thread_that_asks_from_deeper_after_a_jump() { serves_at_once_after_a_jump deeper; }
it_serves_at_once_a_thread_whose_handler_jumps_from_a_stack_of_its_own() { serves_at_once_after_a_jump stack; }
it_keeps_nothing_of_threads_that_end_after_a_jump() { serves_at_once_after_a_jump ended; }

it_sees_each_change_of_the_configuration_though_each_has_a_lookup_that_was_left() {
    not_under 'thread|jemalloc|valgrind' 'it takes most of a minute, and is not about memory or locks'
    silent_at_first 16000 30000
    preloaded "$(compiled jump)" reloads # its hosts are those of the file
}

it_serves_at_once_a_thread_whose_stack_is_unmapped_after_a_jump() {
    not_under 'address|valgrind' 'it does not support other stacks, or reports the system calls for them'
    not_under musl 'it has no makecontext(3)'
    serves_at_once_after_a_jump fiber
}

it_gives_a_handler_that_resolves_during_a_lookup_libcs_answer() { answers_a_handler libc; }
it_gives_a_handler_with_a_stack_of_its_own_libcs_answer() { answers_a_handler stack; }

it_gives_a_handler_that_resolves_during_a_lookup_none_where_libc_is_never_asked() {
    export never='fallback = "never";'
    answers_a_handler never
    nobody_asked "$LOCAL_DNS"
}

# shellcheck disable=SC2031
serves_at_once_after_a_jump() {
    not_under thread "it delivers signals later, so the handler jumps out of other places"
    silent_at_first 16000 30000
    guest jump "$1"
    nobody_asked "$LOCAL_DNS"
    quiet
}

answers_a_handler() {
    not_under thread "it reports handlers that allocate or set errno, which is what is tested"
    silent_at_first 400 4000
    echo "${never-}" >>"$ORIGIN_BYPASS_CONFIG_FILE"
    dig "@$unwell" +tries=1 +time=1 warm.many.example.com A >"$TMPDIR/dig" || :
    ORIGIN_BYPASS_METRICS=$TMPDIR guest handler "$1"
    equal 2 "$(said host reason | grep -c 'many.example.com reason=called from within another lookup')"
}

it_ends_threads_that_are_cancelled_during_a_lookup_in_that_lookup() {
    not_under thread 'a thread must not leave its own getaddrinfo, which calls ours, like this'
    not_under address 'it reports a stack overflow in a thread that ends like this'
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
