#!/usr/bin/env bash
# A filter of system calls allows what libc's resolver and stdio need, and ends the program for any other call. It does not
# end it because of us.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

origin=203.0.113.7
log=$TMPDIR/filtered.log

prepare() {
    [[ -z $checker ]] || skip 'the filter would also end the checker'
    rm -f "$log" "$TMPDIR/pipe"
}

it_lets_libc_alone_look_up_and_print() {
    equal 104.21.80.230 "$("$(compiled filtered)" filter "$CDN")"
}

it_lets_a_whole_lookup_and_its_messages_through() {
    equal "$origin $origin" "$(filtered filter "$CDN" "$CDN" 2>"$log")"
    says_twice "$log"
}

it_lets_a_refresh_through_without_a_thread() {
    with_settings 'cache = { min_ttl_s = 0; max_ttl_s = 1; };'
    equal "$origin $origin $origin $origin" "$(filtered "$CDN" "$CDN" filter sleep "$CDN" "$CDN" 2>"$log")"
}

it_answers_where_poll_is_forbidden() {
    with_settings "$patient cache = { min_ttl_s = 0; };"
    scripted_at "$unwell" 53 well,ttl_s=1,after_ms=1000
    ORIGIN_BYPASS_UPSTREAMS=$unwell guest without_poll cdn.example.com www.example.com
    quiet
}

it_answers_over_tcp_where_poll_is_forbidden() {
    with_settings "$patient cache = { min_ttl_s = 0; };"
    scripted_at "$unwell" 53 truncation_over_udp,ttl_s=1,after_ms=500
    ORIGIN_BYPASS_UPSTREAMS=$unwell guest without_poll cdn.example.com
    quiet
}

# The answer is in the cache, so only the message goes through the filter.
it_lets_a_message_go_to_a_pipe() {
    equal "$origin $origin" "$(filtered "$CDN" filter "$CDN" 2> >(cat >"$log"))"
    until_true says_twice "$log"
}

it_lets_a_message_be_lost_where_a_pipe_is_full() {
    open_pipe
    dd if=/dev/zero of="$TMPDIR/pipe" oflag=nonblock bs=4096 2>/dev/null || :
    equal "$origin $origin" "$(filtered "$CDN" filter "$CDN" 2>&"$into")"
}

it_lets_a_message_be_lost_where_nobody_reads_a_pipe() {
    open_pipe
    exec {both}<&-
    equal "$origin $origin" "$(filtered "$CDN" filter "$CDN" 2>&"$into")"
}

it_lets_a_message_go_to_a_file() {
    equal "$origin $origin" "$(filtered "$CDN" filter "$CDN" 2>"$log")"
    says_twice "$log"
}

it_lets_a_message_go_to_a_terminal() {
    local program
    program=$(compiled filtered)
    export ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_HOSTS=$CDN
    script -qec "LD_PRELOAD=$LAB_LIBRARY $program $CDN filter $CDN" /dev/null >"$log" </dev/null
    says_twice "$log"
}

it_lets_a_message_go_to_a_log_file() {
    equal "$origin $origin" "$(ORIGIN_BYPASS_LOG_FILE=$log filtered "$CDN" filter "$CDN")"
    says_twice "$log"
}

# filtered WORD...: the output, in one line.
filtered() {
    ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_HOSTS=$CDN with_library "$(compiled filtered)" "$@" >"$TMPDIR/found" &&
        paste -sd ' ' "$TMPDIR/found"
}

# Opens one end to write to, and one that keeps the pipe open.
open_pipe() {
    mkfifo "$TMPDIR/pipe"
    exec {both}<>"$TMPDIR/pipe"
    exec {into}>"$TMPDIR/pipe"
}

says_twice() { equal 2 "$(grep -c '"msg":"resolved origin IP' "$1")"; }

check_all "$@"
