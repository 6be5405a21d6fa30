#!/usr/bin/env bash
# DNS cookies (RFC 7873) with servers that do what no good one does: they lose them, mix them up, forge or refuse them.
# shellcheck source-path=SCRIPTDIR source=faults.sh
source "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

hedge_ms=3000
patient="query = { timeout_ms = 5000; hedge_ms = $hedge_ms; deadline_ms = 20000; };"
SERVER_COOKIE=5e5e5e5e5e5e5e5e LONG=$SERVER_COOKIE$SERVER_COOKIE$SERVER_COOKIE$SERVER_COOKIE

# --- what is sent ----------------------------------------------------------------------------------------------------

it_sends_a_cookie_of_ours_and_then_the_servers_behind_it() { sends_back good "$SERVER_COOKIE"; }
it_sends_the_longest_cookie_back() { sends_back long "$LONG"; }

it_sends_another_cookie_to_another_server() {
    serve $FIRST server_failure
    serve $SECOND well
    begin "$patient"
    hears $OLD one 2 '#.example.com'
    equal "$(cookies_to $FIRST 1)" "$(cookies_to $FIRST 2)"
    fails equal "$(cookies_to $FIRST 1)" "$(cookies_to $SECOND 1)" >/dev/null
}

it_begins_with_another_cookie_in_a_child() {
    serve $FIRST well,cookie=good
    begin "$patient"
    hears $OLD parents.example.com
    hears $OLD child 2 '#.example.com'
    equal 16 "$(cookies_to $FIRST 2 | tr -d '\n' | wc -c)"
    fails equal "$(cookies_to $FIRST 1)" "$(cookies_to $FIRST 2)" >/dev/null
    equal "$(cookies_to $FIRST 2)$SERVER_COOKIE" "$(cookies_to $FIRST 3)"
}

it_begins_with_another_cookie_at_another_address_of_ours() {
    serve $FIRST well,cookie=good
    begin "$patient"
    hears $OLD one 2 '#.here.example.com'
    ip route replace local $FIRST dev lo table local src 192.0.2.66
    hears $OLD there.example.com
    ip route replace local $FIRST dev lo table local
    equal 16 "$(cookies_to $FIRST 3 | tr -d '\n' | wc -c)"
    fails equal "$(cookies_to $FIRST 1)" "$(cookies_to $FIRST 3)" >/dev/null
}

it_takes_a_cookie_that_only_comes_back_for_a_proof() {
    serve $FIRST well,cookie=echo
    begin "$patient"
    hears $OLD one 3 '#.example.com'
    equal "udp udp udp" "$(transports_to $FIRST)"
    equal "$(cookies_to $FIRST 1)" "$(cookies_to $FIRST 3)"
}

sends_back() {
    serve $FIRST "well,cookie=$1"
    begin "$patient"
    hears $OLD one 3 '#.example.com'
    local ours
    ours=$(cookies_to $FIRST 1)
    equal 16 ${#ours}
    equal "$ours$2 $ours$2" "$(cookies_to $FIRST 2) $(cookies_to $FIRST 3)"
    equal "udp udp udp" "$(transports_to $FIRST)"
}

# --- what is not believed --------------------------------------------------------------------------------------------

it_asks_over_tcp_after_a_reply_without_the_cookie_of_a_server_that_has_one() { is_not_believed none; }
it_asks_over_tcp_after_a_reply_with_another_cookie_than_ours() { is_not_believed other; }
it_asks_over_tcp_after_a_reply_with_the_beginning_of_our_cookie() { is_not_believed stub; }
it_asks_over_tcp_after_a_reply_with_too_short_a_cookie() { is_not_believed short; }
it_asks_over_tcp_after_a_reply_with_too_long_a_cookie() { is_not_believed huge; }

it_does_not_believe_another_cookie_than_ours_in_the_first_reply() {
    serve $FIRST forged_over_udp,cookie=other,tcp_cookie=good
    begin "$patient"
    hears $OLD cdn.example.com
    equal 'udp tcp' "$(transports_to $FIRST)"
}

it_expects_no_cookie_of_a_reply_to_a_question_without_edns() {
    serve $FIRST well,cookie=good
    serve $SECOND well,address=$WRONG
    begin "$patient"
    hears $OLD first.example.com
    behave $FIRST both_without_edns,cookie=good
    hears $OLD second.example.com
    equal 'udp udp udp' "$(transports_to $FIRST)"
    equal plain "$(cookies_to $FIRST 3)"
}

# And goes on with cookies, since over TCP there was the right one.
is_not_believed() {
    serve $FIRST well,cookie=good
    begin "$patient"
    hears $OLD first.example.com
    behave $FIRST "forged_over_udp,cookie=$1,tcp_cookie=good"
    hears $OLD one 2 '#.example.com'
    less_than $hedge_ms "$slowest_ms"
    equal 'udp udp tcp udp tcp' "$(transports_to $FIRST)"
    equal "$(cookies_to $FIRST 1)$SERVER_COOKIE" "$(cookies_to $FIRST 5)"
}

# --- servers that have cookies no more, or those of others: as forwarders do that pass them on -----------------------

it_asks_once_over_tcp_where_a_server_has_cookies_no_more() { ends_cookies none; }
it_asks_once_over_tcp_where_a_server_has_others_cookies() { ends_cookies other; }

ends_cookies() {
    serve $FIRST well,cookie=good
    serve $SECOND well,address=$WRONG
    begin "$patient"
    hears $OLD first.example.com
    behave $FIRST "well,cookie=$1"
    hears $OLD one 3 '#.example.com'
    less_than $hedge_ms "$slowest_ms"
    equal 'udp udp tcp udp udp' "$(transports_to $FIRST)"
    equal '- -' "$(cookies_to $FIRST 4) $(cookies_to $FIRST 5)"
}

it_does_not_need_tcp_from_the_next_question_on() {
    serve $FIRST well,cookie=good udp
    serve $SECOND well,address=$NEW
    begin "$patient"
    hears $OLD first.example.com
    behave $FIRST well,cookie=none
    hears $NEW second.example.com
    hears $OLD one 2 '#.example.com'
    less_than $hedge_ms "$slowest_ms"
    quiet
}

# --- servers that refuse ---------------------------------------------------------------------------------------------

it_asks_again_with_the_cookie_that_a_refusal_brings() {
    serve $FIRST bad_cookie_without_its_own,cookie=good
    begin "$patient"
    hears $OLD one 2 '#.example.com'
    equal 'udp udp udp' "$(transports_to $FIRST)"
    equal "$(cookies_to $FIRST 1)$SERVER_COOKIE" "$(cookies_to $FIRST 2)"
    fails equal "$(ids_to $FIRST 1)" "$(ids_to $FIRST 2)" >/dev/null
}

it_asks_over_tcp_after_a_second_refusal() {
    serve $FIRST bad_cookie_over_udp
    begin "$patient"
    hears $OLD cdn.example.com
    equal 'udp udp tcp' "$(transports_to $FIRST)"
}

it_asks_over_tcp_after_a_refusal_that_brings_no_cookie() {
    serve $FIRST bad_cookie_without_a_cookie
    begin "$patient"
    hears $OLD cdn.example.com
    equal 'udp tcp' "$(transports_to $FIRST)"
}

it_gives_up_after_a_refusal_over_tcp() {
    serve $FIRST bad_cookie
    upstreams=$FIRST begin "$patient"
    hears "$EDGE_V4" cdn.example.com
    equal 'udp udp tcp' "$(transports_to $FIRST)"
    contains "reason=$FIRST: BADCOOKIE" "$(said reason)"
}

it_asks_a_server_that_refuses_the_option_without_edns_and_then_without_the_option() {
    goes_on_without_the_option format_error_for_cookies
}

it_asks_a_server_for_which_the_option_is_a_bad_version_without_edns_and_then_without_the_option() {
    goes_on_without_the_option bad_version_for_cookies
}

goes_on_without_the_option() {
    serve $FIRST "$1"
    serve $SECOND well,address=$WRONG
    begin "$patient"
    hears $OLD one 2 '#.example.com'
    equal 'plain -' "$(cookies_to $FIRST 2) $(cookies_to $FIRST 3)"
    equal 'udp udp udp' "$(transports_to $FIRST)"
}

# transports_to ADDRESS: of its questions, in their order; cookies_to ADDRESS NUMBER: the one in that question.
transports_to() { awk '{ print $5 }' "$TMPDIR/asked-$1" | paste -sd' '; }
cookies_to() { awk -v number="$2" '++count == number { print $6 }' "$TMPDIR/asked-$1"; }
ids_to() { awk -v number="$2" '++count == number { print $1, $2 }' "$TMPDIR/asked-$1"; }

check_all "$@"
