#!/usr/bin/env bash
# The effect of an upstream's silence: it is skipped, then down, probed in addition to the traffic, and preferred again.
# shellcheck source-path=SCRIPTDIR source=faults.sh
source "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

hedge_ms=400 deadline_ms=2000
query="query = { timeout_ms = 400; hedge_ms = $hedge_ms; deadline_ms = $deadline_ms; };"

# --- one is silent ---------------------------------------------------------------------------------------------------

it_waits_for_a_silent_server_but_once() {
    silence 8.8.8.8
    upstreams='8.8.8.8 1.1.1.1' begin "$query"
    count_packets_to 8.8.8.8
    hears $OLD cdn.example.com
    at_least $hedge_ms "$slowest_ms"
    less_than $((2 * hedge_ms)) "$slowest_ms"
    hears $OLD one 20 '#.apps.example.net'
    less_than $hedge_ms "$slowest_ms"
    less_than 5 "$(packets_to 8.8.8.8)"
    at_least 1 "$(packets_to 8.8.8.8)"
    nobody_asked "$LOCAL_DNS"
}

it_waits_for_a_silent_server_but_once_with_both_families() {
    silence 8.8.8.8
    family=unspec upstreams='8.8.8.8 1.1.1.1' begin "$query"
    count_packets_to 8.8.8.8
    hears $OLD cdn.example.com
    less_than $((2 * hedge_ms)) "$slowest_ms"
    hears $OLD one 20 '#.apps.example.net'
    less_than $hedge_ms "$slowest_ms"
    less_than 5 "$(packets_to 8.8.8.8)"
}

it_says_once_that_a_server_is_down_and_once_that_it_is_back() {
    silence 8.8.8.8
    upstreams='8.8.8.8 1.1.1.1' ORIGIN_BYPASS_LOG_LEVEL=info begin "$query"
    look_up 'first.many.example.com'
    until_true said_with_lookups_going_on 'warn upstream is down' 8.8.8.8
    look_up one 5 '#.many.example.com'
    less_than $hedge_ms "$slowest_ms"
    unsilence 8.8.8.8
    until_true said_with_lookups_going_on 'info upstream is back' 8.8.8.8
    forget 8.8.8.8 1.1.1.1
    look_up one 5 '#.apps.example.net'
    equal '5 0' "$(queries 8.8.8.8) $(queries 1.1.1.1)"
    equal '1 1' "$(how_often 'warn upstream is down' 8.8.8.8) $(how_often 'info upstream is back' 8.8.8.8)"
    equal '0 0' "$(how_often 'warn upstream is down' 1.1.1.1) $(how_often 'info upstream is back' 1.1.1.1)"
    nobody_asked "$LOCAL_DNS"
}

# A caller never waits for a probe: each lookup is faster than a probe's time-out.
it_probes_beside_the_traffic_with_growing_delays_and_one_query_at_a_time() {
    serve $FIRST silence
    serve $SECOND well
    begin 'query = { timeout_ms = 1000; hedge_ms = 400; deadline_ms = 2000; };'
    look_up first.example.com
    forget_questions $FIRST
    local slowest_of_all_ms=0 ends=$((SECONDS + 8))
    while ((SECONDS < ends)); do
        hears $OLD together 8 '#.example.com'
        ((slowest_ms <= slowest_of_all_ms)) || slowest_of_all_ms=$slowest_ms
        sleep 0.1
    done
    less_than 400 "$slowest_of_all_ms"
    # Probes after about 1 s, 2 s and 4 s: two or three of them in eight seconds.
    at_least 2 "$(asked $FIRST)"
    less_than 5 "$(asked $FIRST)"
    equal 1 "$(how_often 'warn upstream is down' $FIRST)"
}

it_prefers_a_skipped_server_again_after_one_answered_probe() {
    serve $FIRST silence
    serve $SECOND well
    begin "$query"
    hears $OLD first.example.com
    behave $FIRST well,address=$NEW
    until_true hears $NEW '#.example.com'
    forget_questions $SECOND
    hears $NEW one 5 '#.example.com'
    equal 0 "$(asked $SECOND)"
    lacks 'upstream is' "$(said)" # it was never down
}

it_asks_a_skipped_server_where_no_other_answers() {
    serve $FIRST silence
    serve $SECOND well
    begin "$query"
    hears $OLD first.example.com
    behave $FIRST well,address=$NEW
    behave $SECOND server_failure
    hears $NEW other.example.com
}

# A truncated answer counts as an answer. If a firewall blocks TCP, one large name must not harm all others.
it_does_not_take_a_server_for_silent_whose_tcp_alone_is() {
    serve $FIRST well_but_for_large
    serve $SECOND well_but_for_large,address=$WRONG
    begin "$query"
    look_up one 3 large.example.com
    hears $OLD one 10 '#.example.com'
    lacks 'upstream is down' "$(said)"
}

# --- all are gone ----------------------------------------------------------------------------------------------------

it_costs_one_deadline_when_all_are_silent_and_then_nothing() {
    silence 8.8.8.8
    silence 1.1.1.1
    local libc_us
    begin_without_the_library
    look_up one 10 cdn.example.com
    libc_us=$all_us
    end
    upstreams='8.8.8.8 1.1.1.1' begin "$query"
    hears "$EDGE_V4" cdn.example.com
    less_than $((deadline_ms + hedge_ms)) "$slowest_ms"
    count_packets_to 8.8.8.8 1.1.1.1
    hears "$EDGE_V4" one 10 cdn.example.com
    echo "ten lookups: $all_us us, with libc alone $libc_us us"
    less_than $((libc_us + 100000)) "$all_us"
    equal '0 0' "$(packets_to 8.8.8.8) $(packets_to 1.1.1.1)"
}

it_does_not_wait_for_all_gone_in_16_threads_nor_in_a_child() {
    serve $FIRST silence
    serve $SECOND silence
    begin "$query"
    look_up together 16 cdn.example.com # one flight, then libc
    less_than $((deadline_ms + hedge_ms)) "$slowest_ms"
    equal '2 2' "$(asked $FIRST) $(asked $SECOND)"
    hears "$EDGE_V4" together 16 cdn.example.com
    less_than $hedge_ms "$slowest_ms"
    hears "$EDGE_V4" child 10 cdn.example.com
    less_than $hedge_ms "$slowest_ms"
    hears "$EDGE_V4" together 16 '#.many.example.com'
    less_than $hedge_ms "$slowest_ms"
}

it_does_not_wait_for_a_silent_one_in_16_threads_nor_in_a_child() {
    serve $FIRST silence
    serve $SECOND well
    begin "$query"
    hears $OLD together 16 '#.example.com'
    less_than $((2 * hedge_ms)) "$slowest_ms"
    forget_questions $FIRST
    hears $OLD together 16 '#.example.com'
    less_than $hedge_ms "$slowest_ms"
    hears $OLD child 20 '#.example.com'
    less_than $hedge_ms "$slowest_ms"
    less_than 4 "$(asked $FIRST)"
}

it_uses_external_dns_again_within_seconds() {
    silence 8.8.8.8
    silence 1.1.1.1
    upstreams='8.8.8.8 1.1.1.1' begin "$query"
    hears "$EDGE_V4" one 2 cdn.example.com
    unsilence 8.8.8.8
    unsilence 1.1.1.1
    until_true hears $OLD cdn.example.com
}

# The parent's knowledge spares the child the wait. The child finds out by itself that a server is back.
it_finds_out_in_a_child_too_that_a_server_is_back() {
    serve $FIRST silence
    upstreams=$FIRST begin "$query"
    look_up cdn.example.com
    behave $FIRST well
    hears "$EDGE_V4,$OLD" child 300 cdn.example.com
    less_than $hedge_ms "$slowest_ms"
}

it_takes_a_server_that_refuses_by_icmp_for_silent() {
    upstreams=$FIRST begin "$query"
    hears "$EDGE_V4" one 5 cdn.example.com
    serve $FIRST well
    hears "$EDGE_V4" one 5 cdn.example.com # not asked yet
    equal 0 "$(asked $FIRST)"
    until_true hears $OLD cdn.example.com
}

# --- no threads, jumping clocks --------------------------------------------------------------------------------------

it_probes_within_hedge_ms_by_one_caller_where_no_thread_can_be_started() {
    LAB_LIBRARY="$(compiled no_threads -shared -fPIC) $LAB_LIBRARY"
    serve $FIRST silence
    upstreams=$FIRST begin "$query"
    hears "$EDGE_V4" cdn.example.com
    sleep 1.3 # the first probe is due
    forget_questions $FIRST
    look_up together 8 '#.many.example.com'
    less_than $((2 * hedge_ms)) "$slowest_ms"
    equal 1 "$(asked $FIRST)"
    behave $FIRST well
    until_true hears $OLD cdn.example.com
}

it_does_the_same_when_the_clock_jumps() {
    LAB_LIBRARY="$(compiled jumping_clock -shared -fPIC) $LAB_LIBRARY"
    serve $FIRST silence
    serve $SECOND well,ttl_s=1000
    begin "$query"
    hears $OLD cdn.example.com
    at_least $hedge_ms "$slowest_ms"
    less_than $((2 * hedge_ms)) "$slowest_ms"
    hears $OLD one 20 '#.example.com'
    less_than $hedge_ms "$slowest_ms"
    less_than 5 "$(asked $FIRST)"
    forget_questions $SECOND
    hears $OLD one 20 cdn.example.com
    equal 0 "$(asked $SECOND)"
    behave $FIRST well,address=$NEW
    until_true hears $NEW '#.example.com'
}

it_would_see_the_clock_jump() {
    not_under address 'Python is not built for it'
    local shown
    shown=$(LD_PRELOAD=$(compiled jumping_clock -shared -fPIC) "$python" -c 'import time
print(abs(int(time.time() - time.time())) // 86400)')
    at_least 700 "$shown"
}

# --- warnings --------------------------------------------------------------------------------------------------------

it_warns_once_of_each_host_and_each_server() {
    serve $FIRST silence
    serve $SECOND silence
    begin "$query"
    look_up one 10 cdn.example.com
    look_up one 10 www.example.com
    equal 2 "$(said | grep -c 'failed to resolve')"
    until_true said_with_lookups_going_on 'warn upstream is down' $FIRST
    until_true said_with_lookups_going_on 'warn upstream is down' $SECOND
    look_up one 10 cdn.example.com
    equal '1 1' "$(how_often 'warn upstream is down' $FIRST) $(how_often 'warn upstream is down' $SECOND)"
    equal 1 "$(said host | grep -c 'failed to resolve.*host=cdn.example.com')"
}

said_with_lookups_going_on() {
    look_up 'on.#.apps.example.net' >/dev/null
    at_least 1 "$(how_often "$1" "$2")" >/dev/null
}

check_all "$@"
