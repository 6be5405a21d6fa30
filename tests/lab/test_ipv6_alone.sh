#!/usr/bin/env bash
# The default upstreams on a host with IPv6 alone, with IPv4 alone, with both, and without any network.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=ipv6_alone.sh
source "$lab/ipv6_alone.sh"

SIX=six.example.com # behind the CDN with both families; outside it has an IPv6 origin alone
NO_ROUTE='not asked: this host has no route to it'

# --- IPv6 alone ------------------------------------------------------------------------------------------------------

it_reaches_the_origin_by_the_third_upstream() {
    contains '"server":"origin"' "$(bypass auto "${there[@]}" curl -sS --max-time 20 "https://$SIX/")"
    quiet
    equal '1 1' "$(queries $UNBOUND_V6 $SIX A) $(queries $UNBOUND_V6 $SIX AAAA)"
    nobody_asked 8.8.8.8 1.1.1.1 $DNSMASQ_V6
}

it_asks_the_fourth_when_the_third_is_silent() {
    silence_v6 $UNBOUND_V6
    contains '"server":"origin"' "$(bypass $SIX "${there[@]}" curl -sS --max-time 20 "https://$SIX/")"
    equal 1 "$(queries $DNSMASQ_V6 $SIX AAAA)"
}

# Three unanswered queries in a row make a server one that is down.
it_neither_asks_nor_judges_servers_that_it_has_no_route_to() {
    with_settings "$patient"
    bypass '*' "${there[@]}" "$python" -c '
import socket
for i in range(20):
    try: socket.getaddrinfo(f"{i}.many.example.com", 443, socket.AF_INET6)
    except socket.gaierror: pass'
    quiet
    # One of the A queries tells that libc knows no way to IPv4: see test_dns64.sh.
    equal 21 "$(queries $UNBOUND_V6)"
}

it_names_each_service_once_when_its_servers_are_silent() {
    silence_v6 $UNBOUND_V6
    silence_v6 $DNSMASQ_V6
    equal "$EDGE_V6" "$(call_there $SIX)"
    equal "reason=$UNBOUND_V6: no answer in time; $DNSMASQ_V6: no answer in time" "$(reason)"
}

it_explains_whom_it_does_not_ask() {
    ORIGIN_BYPASS_HOSTS=$SIX "${there[@]}" "$originbypass" resolve -6 --explain $SIX >"$TMPDIR/explained"
    contains "8.8.8.8 $NO_ROUTE" "$(squeezed)"
    contains "1.1.1.1 $NO_ROUTE" "$(squeezed)"
    contains "$UNBOUND_V6 AAAA" "$(squeezed)"
    contains "program $ORIGIN_V6 (from external DNS" "$(squeezed)"
}

it_finds_nothing_bad_there() {
    diagnose_there $SIX
    contains "good  $UNBOUND_V6: answers over UDP" "$report"
    contains "good  $SIX: external DNS says $ORIGIN_V6" "$report"
    equal '' "$(grep -E '8\.8\.8\.8|1\.1\.1\.1|^bad' <<<"$report" || :)"
}

it_notes_a_server_of_ones_own_that_it_has_no_route_to() {
    ORIGIN_BYPASS_UPSTREAMS="203.0.113.53 $UNBOUND_V6" diagnose_there $SIX
    contains "note  203.0.113.53: not asked: this host has no route to it. The others are asked in its place" "$report"
    equal '' "$(grep '^bad' <<<"$report" || :)"
    "${there[@]}" ip route add unreachable 2001:db8:53::/48
    ORIGIN_BYPASS_UPSTREAMS="2001:db8:53::1 $UNBOUND_V6" diagnose_there $SIX
    contains 'note  2001:db8:53::1: not asked: this host has no route to it. The others are asked in its place. Give this host a route to it' "$report"
}

# --- both families, IPv4 alone, neither ------------------------------------------------------------------------------

it_asks_by_ipv6_when_ipv4_is_silent() {
    silence 8.8.8.8
    silence 1.1.1.1
    equal "$ORIGIN_V4" "$(call $CDN getaddrinfo $CDN inet)"
}

it_names_each_service_once_when_both_families_are_silent() {
    silence 8.8.8.8
    silence 1.1.1.1
    silence_v6 $UNBOUND_V6
    silence_v6 $DNSMASQ_V6
    equal "$EDGE_V4" "$(call $CDN getaddrinfo $CDN inet)"
    equal 'reason=8.8.8.8: no answer in time; 1.1.1.1: no answer in time' "$(reason)"
}

it_names_each_service_once_where_ipv4_is_alone() {
    without_ipv6_upstreams
    stop 8.8.8.8
    stop 1.1.1.1
    equal "$EDGE_V4" "$(call $CDN getaddrinfo $CDN inet)"
    local refused='not reachable: refused, or no route'
    equal "reason=8.8.8.8: $refused; 1.1.1.1: $refused" "$(reason)"
}

it_says_that_there_is_no_route_at_all() {
    bypass $CDN unshare --net "$(compiled caller)" getaddrinfo $CDN inet >"$TMPDIR/out" || :
    equal "reason=8.8.8.8: $NO_ROUTE; 1.1.1.1: $NO_ROUTE" "$(reason)"
    equal '' "$(said | grep 'upstream is down' || :)"
}

# ---------------------------------------------------------------------------------------------------------------------

prepare() {
    echo "nameserver $LOCAL_V6" >/etc/resolv.conf
    for address in $UNBOUND_V6 $DNSMASQ_V6; do
        unsilence_v6 "$address"
    done
    forget $UNBOUND_V6 $DNSMASQ_V6 $LOCAL_V6
}

without_ipv6_upstreams() {
    ip address del "$UNBOUND_V6/128" dev lo
    ip address del "$DNSMASQ_V6/128" dev lo
}

call_there() { bypass "$1" "${there[@]}" "$(compiled caller)" getaddrinfo "$1" inet6; }

reason() { said reason | sed -n 's/^warn failed to resolve.* reason=/reason=/p'; }

squeezed() { tr -s ' ' <"$TMPDIR/explained"; }

diagnose_there() {
    report=$(COLUMNS=1000 ORIGIN_BYPASS_HOSTS=$SIX "${there[@]}" "$originbypass" doctor "$@") || :
    echo "$report"
}

make_host_with_ipv6_alone || exit 125
check_all "$@"
