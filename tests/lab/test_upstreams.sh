#!/usr/bin/env bash
# Upstreams: their addresses, and those that reply without an answer, so that the next one is asked. Two of these are real
# servers that are configured for it, the others are scripted (scripted_dns.py).
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

unwell=192.0.2.53
ip address replace "$unwell/32" dev lo
ip address replace 2001:db8::53/128 dev lo nodad

it_asks_the_next_when_unbound_refuses() { falls_through_to_8888_with unbound_with 'access-control: 0.0.0.0/0 refuse'; }
it_asks_the_next_when_unbound_fails() { falls_through_to_8888_with unbound_with "do-not-query-address: $AUTHORITY"; }

it_asks_the_next_after_a_refusal() { falls_through_to_8888_with scripted refusal; }
it_asks_the_next_after_a_server_failure() { falls_through_to_8888_with scripted server_failure; }
it_asks_the_next_after_not_implemented() { falls_through_to_8888_with scripted not_implemented; }
it_asks_the_next_after_a_format_error() { falls_through_to_8888_with scripted format_error; }
it_asks_the_next_after_silence() { falls_through_to_8888_with scripted silence; }
it_asks_the_next_after_noise() { falls_through_to_8888_with scripted noise; }
it_asks_the_next_after_an_empty_datagram() { falls_through_to_8888_with scripted nothing; }
it_asks_the_next_after_a_header_alone() { falls_through_to_8888_with scripted header_alone; }
it_asks_the_next_after_half_an_answer() { falls_through_to_8888_with scripted half_an_answer; }
it_asks_the_next_after_its_own_query_comes_back() { falls_through_to_8888_with scripted echo; }
it_asks_the_next_after_a_truncation_where_tcp_is_refused() { falls_through_to_8888_with scripted truncation udp; }
it_asks_the_next_after_a_truncation_that_tcp_does_not_cure() { falls_through_to_8888_with scripted truncation; }

it_does_not_believe_an_answer_with_another_id() { falls_through_to_8888_with scripted other_id; }
it_does_not_believe_an_answer_to_another_question() { falls_through_to_8888_with scripted other_question; }

it_does_not_believe_an_answer_in_another_case() {
    is_answered_by "$unwell" 53 "$unwell" forged_case_and_then_well
}

it_takes_an_answer_from_a_server_that_does_not_keep_the_case() { gives_both both_in_small_letters udp; }

it_asks_in_mixed_case_and_gives_no_name_in_it() {
    local name=a-name-of-so-many-letters-that-some-of-them-are-capitals.example.com
    scripted alias_below_for_mixed_case
    contains " a.$name" "$(ORIGIN_BYPASS_UPSTREAMS=$unwell bypass '*.example.com' getent ahostsv4 "$name")"
    nobody_asked "$LOCAL_DNS"
}

it_knows_a_name_by_its_capitals_in_turkish() {
    local name=iiiiiiiiiiiiiiii.example.com
    [[ -e /usr/share/i18n/locales/tr_TR ]] || skip 'the sources of locales are not installed (package locales)'
    localedef -i tr_TR -f UTF-8 "$TMPDIR/tr_TR.UTF-8"
    scripted well_with_whole_names
    contains 203.0.113.7 "$(ORIGIN_BYPASS_UPSTREAMS=$unwell bypass '*.example.com' \
        env LOCPATH="$TMPDIR" LC_ALL=tr_TR.UTF-8 getent ahostsv4 "$name")"
}

it_believes_a_failure_by_a_header_alone_after_edns_and_not_again() {
    scripted bare_failure_without_edns
    equal "$EDGE_V4" "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN" inet)"
    contains "reason=$unwell: no answer in time" "$(said reason)"
    scripted_at "$unwell" 5353 bare_refusal
    equal "$EDGE_V4" "$(ORIGIN_BYPASS_UPSTREAMS=$unwell:5353 call "$CDN" getaddrinfo "$CDN" inet)"
    contains "reason=$unwell:5353: REFUSED" "$(said reason)"
}

it_takes_an_address_with_and_without_a_port() {
    is_answered_by "$unwell" 53 "$unwell"
    is_answered_by "$unwell" 5353 "$unwell:5353"
    is_answered_by 2001:db8::53 53 2001:db8::53
    is_answered_by 2001:db8::53 53 '[2001:db8::53]:53'
    is_answered_by 2001:db8::53 5353 '[2001:db8::53]:5353'
}

it_gives_the_type_that_is_answered_and_fails_for_the_other_without_libc() {
    scripted well_for_ipv4_alone
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN" unspec)"
    equal EAI_AGAIN "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN" inet6 || :)"
    nobody_asked "$LOCAL_DNS"
}

it_says_the_reason_when_no_upstream_is_well() {
    scripted refusal
    equal "$EDGE_V4" "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN" inet)"
    contains "host=$CDN" "$(said host reason)"
    contains refused "$(said reason | tr '[:upper:]' '[:lower:]')"
}

# unbound does not repeat the question in that reply.
it_says_that_unbound_refuses() {
    unbound_with 'access-control: 0.0.0.0/0 refuse'
    equal "$EDGE_V4" "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN" inet)"
    contains "reason=$unwell: REFUSED" "$(said reason)"
}

it_uses_another_port_and_another_id_for_every_query() {
    scripted well
    equal "$ORIGIN_V4 200" \
        "$(ORIGIN_BYPASS_UPSTREAMS=$unwell bypass '*.many.example.com' "$(compiled crowd)" 1 200 200 many.example.com)"
    local ids ports
    equal 200 "$(grep -c many "$TMPDIR/asked")"
    ids=$(grep many "$TMPDIR/asked" | cut -d' ' -f1 | sort -u | wc -l)
    ports=$(grep many "$TMPDIR/asked" | cut -d' ' -f2 | sort -u | wc -l)
    echo "$ids different IDs and $ports different ports in 200 queries"
    ((ids > 190 && ports > 150)) # some collide by chance
}

it_takes_an_answer_over_tcp_that_comes_octet_by_octet() {
    is_answered_by "$unwell" 53 "$unwell" truncation_over_udp,piece=1
}

# The result does not depend on how c-ares' versions read such records.
it_takes_an_answer_whatever_else_the_message_holds() {
    is_answered_by "$unwell" 53 "$unwell" well_with_odd_records
    is_answered_by "$unwell" 53 "$unwell" odd_records_over_tcp
}

# Questions for both types at once; neither affects the other.
it_asks_for_both_types_without_edns_where_a_server_knows_nothing_of_it() { gives_both both_without_edns udp; }
it_takes_both_types_from_a_server_that_ends_tcp_after_each_reply() { gives_both both_over_tcp; }
it_asks_for_both_types_by_tcp_where_a_server_knows_nothing_of_edns() { gives_both both_without_edns_over_tcp; }

it_asks_without_edns_where_a_server_says_format_error_by_a_header_alone() { gives_both bare_without_edns udp; }

it_waits_for_one_type_over_udp_where_tcp_is_refused_for_the_other() { gives_ipv6_alone udp; }
it_waits_for_one_type_over_udp_where_tcp_is_reset_for_the_other() { gives_ipv6_alone reset; }

it_takes_an_answer_over_udp_that_is_larger_than_asked_for() {
    scripted well,addresses=90,address=10.1.0.1 udp
    equal 90 "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN" inet | wc -l)"
    scripted_at "$unwell" 5353 both_without_edns,addresses=90,address=10.1.0.1 udp
    equal 91 "$(ORIGIN_BYPASS_UPSTREAMS=$unwell:5353 call "$CDN" getaddrinfo "$CDN" | wc -l)"
    quiet
}

gives_both() {
    scripted "$@"
    equal "2001:db8::7 203.0.113.7" "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN" | sort | paste -sd' ')"
    quiet
}

gives_ipv6_alone() {
    scripted truncation_for_ipv4_and_a_late_ipv6 "$1"
    equal 2001:db8::7 "$(ORIGIN_BYPASS_UPSTREAMS=$unwell call "$CDN" getaddrinfo "$CDN")"
    nobody_asked "$LOCAL_DNS"
}

is_answered_by() (
    scripted_at "$1" "$2" "${4-well}"
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_UPSTREAMS=$3 call "$CDN" getaddrinfo "$CDN" inet)"
    was_asked
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
    quiet
)

falls_through_to_8888_with() {
    "$@"
    equal "$ORIGIN_V4" "$(look_up)"
    was_asked
    equal 1 "$(queries 8.8.8.8 "$CDN" A)"
    nobody_asked "$LOCAL_DNS"
}

# The tests count how often each server is asked, so no server may be asked again because a busy machine makes it late.
prepare() {
    with_settings 'query = { timeout_ms = 3000; hedge_ms = 1000; deadline_ms = 4000; };'
}

was_asked() { [[ -s $TMPDIR/asked ]] || { echo 'the upstream was not asked' && return 1; }; }

look_up() { ORIGIN_BYPASS_UPSTREAMS="$unwell 8.8.8.8" call "$CDN" getaddrinfo "$CDN" inet; }

# scripted BEHAVIOUR [udp]: a server at the unwell address. Once it is ready, it writes down each question.
scripted() { scripted_at "$unwell" 53 "$@"; }

unbound_with() {
    sed -e "/ interface:/d; s|^server:|&\n    interface: $unwell\n    $1|; s|/run/lab/log/8.8.8.8|$TMPDIR/asked|" \
        "$WORLD/unbound.conf" >"$TMPDIR/unwell.conf"
    [[ $1 != access-control* ]] || sed -i '/access-control: .* allow/d' "$TMPDIR/unwell.conf"
    "$LAB/bin/unbound" -d -c "$TMPDIR/unwell.conf" &
    end_with_the_test $!
    until_true dig_gets_a_reply
    : >"$TMPDIR/asked"
}

dig_gets_a_reply() { dig "@$unwell" +tries=1 ready.example.com | grep -q 'status: '; }

check_all "$@"
