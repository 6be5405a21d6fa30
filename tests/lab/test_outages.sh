#!/usr/bin/env bash
# External DNS is down: nobody listens (the kernel refuses by ICMP), packets vanish, or there is no route at all.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_asks_1111_when_8888_refuses() {
    stop 8.8.8.8
    reaches_the_origin_by 1.1.1.1
}

it_asks_1111_when_8888_is_silent() {
    silence 8.8.8.8
    reaches_the_origin_by 1.1.1.1
}

it_asks_1111_when_there_is_no_route_to_8888() {
    trap 'ip address add 8.8.8.8/32 dev lo' EXIT
    ip address del 8.8.8.8/32 dev lo
    reaches_the_origin_by 1.1.1.1
}

it_does_not_ask_1111_when_8888_answers() {
    reaches_the_origin_by 8.8.8.8
    nobody_asked 1.1.1.1
}

it_uses_the_default_dns_and_says_so_when_both_refuse() {
    stop 8.8.8.8
    stop 1.1.1.1
    is_sent_to_the_edge_with_a_warning
}

it_uses_the_default_dns_and_says_so_when_both_are_silent() {
    silence 8.8.8.8
    silence 1.1.1.1
    is_sent_to_the_edge_with_a_warning
}

it_uses_the_default_dns_and_says_so_when_one_refuses_and_one_is_silent() {
    silence 8.8.8.8
    stop 1.1.1.1
    is_sent_to_the_edge_with_a_warning
}

it_gives_up_near_its_deadline_when_both_are_silent() {
    silence 8.8.8.8
    silence 1.1.1.1
    local begin=$EPOCHREALTIME took_ms deadline_ms=2000
    equal "$EDGE_V4" "$(call "$CDN" getaddrinfo "$CDN" inet)"
    took_ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
    echo "took $took_ms ms with a deadline of $deadline_ms ms"
    ((took_ms < 2 * deadline_ms))
}

it_recovers_with_external_dns_in_the_same_process() {
    stop 8.8.8.8
    stop 1.1.1.1
    coproc look_up { bypass "$CDN" "$python" -u -c 'import socket
for line in open(0): print(socket.gethostbyname("cdn.example.com"))'; }
    ask_the_process
    equal "$EDGE_V4" "$reply"
    start 8.8.8.8
    until_true is_the_origin_again
}

# The probe is due after 1.25 s at the latest, and after 2 s without a lookup the next one waits for it.
it_takes_nginx_to_the_origin_at_its_first_reload_after_an_outage() {
    stop 8.8.8.8
    stop 1.1.1.1
    with_settings "hosts = ( \"$CDN\" ); $patient"
    start_proxy LD_PRELOAD="$checker_before $LAB_LIBRARY" ORIGIN_BYPASS_CONFIG_FILE="$ORIGIN_BYPASS_CONFIG_FILE"
    end_with_the_test "$proxy"
    sleep 2.1
    start 1.1.1.1
    contains 'error code: 1000' "$(curl -sS http://127.0.0.1:8080/)"
    reload_proxy
    contains '"server":"origin"' "$(curl -sS http://127.0.0.1:8080/)"
}

it_uses_the_upstreams_of_the_environment_in_their_order() {
    ORIGIN_BYPASS_UPSTREAMS='1.1.1.1 8.8.8.8' reaches_the_origin_by 1.1.1.1
    nobody_asked 8.8.8.8
}

it_takes_one_upstream_alone() {
    stop 1.1.1.1
    export ORIGIN_BYPASS_UPSTREAMS=1.1.1.1
    is_sent_to_the_edge_with_a_warning
    nobody_asked 8.8.8.8
}

reaches_the_origin_by() {
    contains '"server":"origin"' "$(bypass "$CDN" curl -sS --max-time 20 "https://$CDN/")"
    equal '1 1' "$(queries "$1" "$CDN" A) $(queries "$1" "$CDN" AAAA)"
    nobody_asked "$LOCAL_DNS"
}

is_sent_to_the_edge_with_a_warning() {
    contains 'error code: 1000' "$(bypass "$CDN" curl -sS --max-time 30 "https://$CDN/")"
    equal 1 "$(grep -c 'failed to resolve' "$messages")"
    contains "warn failed to resolve origin IP via external DNS, using default DNS host=$CDN" "$(said host reason)"
    contains "warn resolved address is a CDN edge, not an origin host=$CDN" "$(said host)"
    lacks 'reason=None' "$(said reason | grep 'failed to resolve')"
}

ask_the_process() {
    echo >&"${look_up[1]}"
    read -r -t 20 reply <&"${look_up[0]}"
}

is_the_origin_again() {
    ask_the_process
    [[ $reply == "$ORIGIN_V4" ]]
}

check_all "$@"
