#!/usr/bin/env bash
# Which upstream is asked, and when the next one is: hedges, reported failures, and packets that are not answers.
# shellcheck source-path=SCRIPTDIR source=faults.sh
source "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

hedge_ms=500 deadline_ms=4000
patient="query = { timeout_ms = 3000; hedge_ms = $hedge_ms; deadline_ms = $deadline_ms; };"

# --- hedges ----------------------------------------------------------------------------------------------------------

it_asks_the_preferred_alone_while_that_one_answers() {
    serve $FIRST well,address=$NEW
    serve $SECOND well
    begin "$patient"
    hears $NEW one 10 '#.example.com'
    equal '10 0' "$(asked $FIRST) $(asked $SECOND)"
}

it_asks_the_next_after_hedge_ms_of_silence() {
    serve $FIRST silence
    serve $SECOND well
    begin "$patient"
    hears $OLD cdn.example.com
    at_least $hedge_ms "$slowest_ms"
    less_than $((2 * hedge_ms)) "$slowest_ms"
    equal '1 1' "$(asked $FIRST) $(asked $SECOND)"
}

it_takes_the_first_usable_answer_and_drops_the_late_one() {
    serve $FIRST well,address=$WRONG,after_ms=$((3 * hedge_ms))
    serve $SECOND well
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $((2 * hedge_ms)) "$slowest_ms"
    sleep 1.5 # the late reply comes
    hears $OLD one 3 cdn.example.com
    equal '1 1' "$(asked $FIRST) $(asked $SECOND)"
}

it_takes_the_preferred_ones_answer_where_that_comes_first_after_all() {
    serve $FIRST well,after_ms=$((3 * hedge_ms / 2))
    serve $SECOND well,address=$WRONG,after_ms=$((4 * hedge_ms))
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $((4 * hedge_ms)) "$slowest_ms"
    equal '1 1' "$(asked $FIRST) $(asked $SECOND)"
}

it_asks_a_third_after_two_hedges() {
    serve $FIRST silence
    serve $SECOND silence
    serve 192.0.2.66 well
    upstreams="$FIRST $SECOND 192.0.2.66" begin "$patient"
    hears $OLD cdn.example.com
    at_least $((2 * hedge_ms)) "$slowest_ms"
    less_than $((4 * hedge_ms)) "$slowest_ms"
    equal '1 1 1' "$(asked $FIRST) $(asked $SECOND) $(asked 192.0.2.66)"
}

it_asks_the_same_one_again_where_there_is_no_next() {
    serve $FIRST silence_at_first
    upstreams=$FIRST begin "$patient"
    hears $OLD cdn.example.com
    at_least $hedge_ms "$slowest_ms"
    less_than $((3 * hedge_ms)) "$slowest_ms"
    equal 2 "$(asked $FIRST)"
    quiet
}

it_asks_each_of_two_twice_and_gives_up_at_the_deadline() {
    serve $FIRST silence
    serve $SECOND silence
    begin "$patient"
    hears "$EDGE_V4" cdn.example.com
    at_least $((3 * hedge_ms)) "$slowest_ms"
    less_than $((deadline_ms + 2 * hedge_ms)) "$slowest_ms"
    equal '2 2' "$(asked $FIRST) $(asked $SECOND)"
    contains "reason=$FIRST: no answer in time; $SECOND: no answer in time" "$(said reason)"
}

it_loses_a_single_packet_without_an_outage() {
    serve $FIRST silence_at_first
    serve $SECOND silence_at_first
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $deadline_ms "$slowest_ms"
    lacks 'failed to resolve' "$(said)"
}

# --- reported failures: they do not wait for the hedge ---------------------------------------------------------------

it_asks_the_next_at_once_after_servfail() { at_once_after server_failure; }
it_asks_the_next_at_once_after_refused() { at_once_after refusal; }
# First the server is asked again without EDNS, which it may not know (RFC 6891, section 7).
it_asks_the_next_at_once_after_formerr() { at_once_after format_error 2; }
it_asks_the_next_at_once_after_notimp() { at_once_after not_implemented; }

it_asks_the_next_at_once_where_one_type_fails_and_the_other_is_silent() {
    family=unspec
    at_once_after failure_for_ipv4_and_silence_for_ipv6 2 2
}

it_asks_the_next_at_once_after_an_icmp_refusal() {
    serve $SECOND well
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $hedge_ms "$slowest_ms"
}

it_asks_the_next_at_once_where_the_network_has_no_way_to_the_first() {
    serve $SECOND well
    upstreams="198.18.0.1 $SECOND" begin "$patient"
    hears $OLD cdn.example.com
    less_than $hedge_ms "$slowest_ms"
}

it_keeps_asking_a_server_that_said_something() {
    serve $FIRST server_failure
    serve $SECOND well
    begin "$patient"
    hears $OLD one 5 '#.example.com'
    equal '5 5' "$(asked $FIRST) $(asked $SECOND)"
    quiet
}

at_once_after() {
    serve $FIRST "$1"
    serve $SECOND well
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $hedge_ms "$slowest_ms"
    equal "${2-1} ${3-1}" "$(asked $FIRST) $(asked $SECOND)"
}

it_takes_a_reply_that_is_on_its_way_for_no_silence() {
    serve $FIRST failure_later_for_ipv6
    serve $SECOND failure_later_for_ipv6
    family=unspec begin "$patient"
    hears "$EDGE_V6" one 5 '#.many.example.com'
    equal '10 10' "$(asked $FIRST) $(asked $SECOND)"
}

# --- packets that are not answers ------------------------------------------------------------------------------------

it_does_not_take_a_packet_with_a_wrong_id_for_an_answer() { is_no_answer other_id,address=$WRONG; }
it_does_not_take_a_packet_with_a_wrong_question_for_an_answer() { is_no_answer other_question,address=$WRONG; }
it_does_not_take_a_packet_from_another_source_for_an_answer() { is_no_answer well,address=$WRONG,source=192.0.2.66; }
it_does_not_take_noise_for_an_answer() { leads_to_the_next noise; }
it_does_not_take_half_a_packet_for_an_answer() { leads_to_the_next half_an_answer,address=$WRONG; }
it_does_not_take_an_empty_packet_for_an_answer() { leads_to_the_next nothing; }

it_takes_the_answer_that_comes_behind_wrong_ones() {
    serve $FIRST others_and_then_well
    serve $SECOND well,address=$NEW
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $hedge_ms "$slowest_ms"
    equal '1 0' "$(asked $FIRST) $(asked $SECOND)"
}

is_no_answer() {
    leads_to_the_next "$1"
    at_least $hedge_ms "$slowest_ms"
}

leads_to_the_next() {
    serve $FIRST "$1"
    serve $SECOND well
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $((2 * hedge_ms)) "$slowest_ms"
    equal '1 1' "$(asked $FIRST) $(asked $SECOND)"
}

# --- truncated: TCP --------------------------------------------------------------------------------------------------

it_asks_the_same_one_by_tcp_for_what_is_truncated() {
    serve $FIRST truncation_over_udp
    serve $SECOND well,address=$WRONG
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $hedge_ms "$slowest_ms"
    equal 'udp tcp' "$(cut -d' ' -f5 "$TMPDIR/asked-$FIRST" | paste -sd' ')"
    equal 0 "$(asked $SECOND)"
}

it_takes_a_thousand_addresses() {
    serve $FIRST truncation_over_udp,addresses=1000,address=10.1.0.1
    begin "$patient"
    look_up one 2 cdn.example.com
    equal '1000 2' "$addresses $(asked $FIRST)" # one by UDP and one by TCP, and then the cache
}

it_asks_the_next_where_tcp_is_silent() { leads_on_by_tcp truncation_and_silence_over_tcp; }
it_asks_the_next_where_tcp_is_reset() { leads_on_by_tcp truncation reset; }
it_asks_the_next_where_tcp_is_refused() { leads_on_by_tcp truncation udp; }

it_keeps_the_deadline_where_tcp_is_silent() {
    serve $FIRST truncation_and_silence_over_tcp
    upstreams=$FIRST begin 'query = { timeout_ms = 9000; hedge_ms = 500; deadline_ms = 1000; };'
    hears "$EDGE_V4" cdn.example.com
    less_than 2000 "$slowest_ms"
}

leads_on_by_tcp() {
    serve $FIRST "$@"
    serve $SECOND well
    begin "$patient"
    hears $OLD cdn.example.com
    less_than $((2 * hedge_ms)) "$slowest_ms"
    equal 1 "$(asked $SECOND)"
}

# --- what is an answer -----------------------------------------------------------------------------------------------

it_takes_no_such_name_for_an_answer() {
    serve $FIRST no_name
    serve $SECOND well,address=$WRONG
    begin "$patient"
    hears "$EDGE_V4" cdn.example.com
    less_than $hedge_ms "$slowest_ms"
    equal '2 0' "$(asked $FIRST) $(asked $SECOND)" # the other is for AAAA, which could show that the name exists
}

it_takes_no_such_record_for_an_answer() {
    serve $FIRST no_record
    serve $SECOND well,address=$WRONG
    begin "$patient"
    hears EAI_NODATA cdn.example.com
    equal '1 0' "$(asked $FIRST) $(asked $SECOND)"
}

it_does_not_follow_aliases_in_a_circle() {
    serve $FIRST cname_loop
    begin "$patient"
    look_up cdn.example.com
    lacks 203.0.113 "$heard"
    less_than $hedge_ms "$slowest_ms"
    equal 1 "$(asked $FIRST)"
}

# This is not silence: a server that answers for A but not for AAAA keeps its place.
it_goes_on_to_prefer_who_answered_one_of_both_types() {
    family=unspec
    serve $FIRST silence_for_ipv6_alone
    serve $SECOND well,address=$WRONG
    begin "$patient"
    hears $OLD one 3 '#.example.com'
    equal 6 "$(asked $FIRST)"
    lacks 'upstream is down' "$(said)"
}

check_all "$@"
