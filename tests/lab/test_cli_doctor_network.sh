#!/usr/bin/env bash
# originbypass doctor: tells each fault of the network between a program and external DNS from the others.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

# As long as the library waits for an answer. The command waits at least two seconds.
TIMEOUT_MS=300
SERVER=127.0.0.1:5353
to_local_dns="dnat to $LOCAL_DNS"

# --- out of reach ---------------------------------------------------------------------------------------------------

it_says_that_each_upstream_answers_and_how_fast() {
    examine
    finds_nothing_bad
    local server
    for server in 8.8.8.8 1.1.1.1; do
        [[ $report =~ $server:' answers over UDP in '(< )?[0-9]+\.[0-9]' ms' && $report =~ $server:' answers over TCP in '(< )?[0-9]+\.[0-9]' ms' ]]
    done
    tells good 'external DNS: no network policy keeps the upstreams away'
    tells good "external DNS: no sign of anything that answers in the upstreams' place"
}

it_measures_how_fast_an_upstream_is() {
    scripted_at 127.0.0.1 5353 well,after_ms=150
    examine_with "$SERVER"
    tells good "$SERVER: answers over UDP in "
    (($(sed -n 's/.*answers over UDP in \([0-9]*\)\..*/\1/p' <<<"$report") >= 150))
}

it_tells_udp_that_is_dropped() {
    fault 'udp dport 53 ip daddr { 8.8.8.8, 1.1.1.1 } drop'
    examine
    tells bad "8.8.8.8: nothing comes back over UDP within 2000 ms"
    tells good '8.8.8.8: answers over TCP'
    tells bad 'UDP to every upstream is dropped, TCP passes: a network policy'
    equal 1 "$status"
}

it_tells_udp_that_is_rejected() {
    fault 'udp dport 53 ip daddr { 8.8.8.8, 1.1.1.1 } reject'
    examine
    tells bad '8.8.8.8: not reachable over UDP'
    tells bad 'UDP to every upstream is rejected, TCP passes'
}

it_tells_tcp_that_is_dropped_and_calls_it_a_small_loss() {
    fault 'tcp dport 53 ip daddr { 8.8.8.8, 1.1.1.1 } drop'
    examine
    finds_nothing_bad
    tells note '8.8.8.8: nothing comes back over TCP' 'only answers too long for UDP are lost'
    tells note 'TCP to every upstream is dropped, UDP passes'
}

it_tells_tcp_that_is_rejected() {
    fault 'tcp dport 53 ip daddr { 8.8.8.8, 1.1.1.1 } reject with tcp reset'
    examine
    finds_nothing_bad
    tells note '1.1.1.1: not reachable over TCP'
    tells note 'TCP to every upstream is rejected, UDP passes'
}

it_tells_a_policy_that_drops_all_external_dns() {
    fault 'ip daddr { 8.8.8.8, 1.1.1.1 } drop'
    examine
    tells bad 'every upstream is out of reach, over UDP and TCP (packets are dropped): a network policy or firewall' \
        "Let this pod's or host's traffic out"
    tells bad "$CDN: no upstream answers for $CDN (8.8.8.8: no answer in time; 1.1.1.1: no answer in time); libc answers: $EDGE_V4"
    lacks "in the upstreams' place" "$report"
}

it_tells_a_policy_that_rejects_all_external_dns() {
    fault 'ip daddr { 8.8.8.8, 1.1.1.1 } meta l4proto { tcp, udp } reject'
    examine
    tells bad 'every upstream is out of reach, over UDP and TCP (packets are rejected)'
}

it_says_first_that_external_dns_is_out_of_reach() {
    fault 'ip daddr { 8.8.8.8, 1.1.1.1 } drop'
    examine
    equal 1 "$status"
    contains 'external DNS: every upstream is out of reach' "$(grep -m 1 '^bad ' <<<"$report")"
    contains 'Nothing new can be resolved until they answer' "$report"
}

# Each of them has a minute for its answer, so that they are asked at the same time or this does not end in time.
it_asks_all_servers_at_the_same_time() {
    local server
    for server in 8.8.8.8 1.1.1.1 "$LOCAL_DNS"; do
        fault "ip daddr $server udp dport 53 counter drop" "ip daddr $server tcp dport 53 counter drop"
    done
    configure "hosts = ( \"$CDN\" ); query = { timeout_ms = 60000; };"
    "$originbypass" doctor >"$TMPDIR/report" 2>&1 &
    until_true all_are_asked
    kill $!
}

all_are_asked() { [[ $(nft list table ip fault | grep -v "daddr $LOCAL_DNS tcp" | grep -c 'dport 53 counter packets 0 ') == 0 ]]; }

it_does_not_wait_long_for_a_local_dns_that_is_dead_and_tries_no_url_without_an_address() {
    fault 'udp dport 53 drop' 'tcp dport 53 drop'
    examine_with '8.8.8.8 1.1.1.1' "https://$CDN/"
    tells note "$CDN: libc has no answer: it has not answered within 4 s"
    tells bad "https://$CDN:443/: not tried: a program gets no address for $CDN"
    tells bad "$CDN: no upstream answers" "libc is asked, and it has not answered within 4 s"
}

it_does_not_take_one_upstream_that_is_down_for_a_policy() {
    stop 8.8.8.8
    examine
    tells bad '8.8.8.8: not reachable over UDP'
    tells bad '8.8.8.8: not reachable over TCP'
    tells note 'external DNS: 1 of 2 upstreams can be asked: no network policy keeps them all away'
    tells good "$CDN: external DNS says $ORIGIN_V4"
}

it_does_not_take_one_upstream_that_is_silent_for_a_policy() {
    silence 1.1.1.1
    examine
    tells bad "1.1.1.1: nothing comes back over UDP within 2000 ms"
    tells note 'external DNS: 1 of 2 upstreams can be asked'
}

# Of two questions that follow each other one arrives.
it_tells_lost_packets_from_a_server_that_is_silent() {
    fault 'udp dport 53 ip daddr 8.8.8.8 numgen inc mod 2 0 drop'
    examine_with 8.8.8.8
    tells note '8.8.8.8: answers over UDP in ' 'but 2 of 4 questions had no answer: packets are lost' 'connection table'
    tells good 'external DNS: no network policy'
    lacks firewall "$report"
}

it_says_that_a_server_for_dns_over_tls_is_no_upstream() {
    openssl s_server -accept 127.0.0.1:853 -cert "$LAB/tls/origin.pem" -key "$LAB/tls/origin.key" -quiet </dev/zero >/dev/null 2>&1 &
    end_with_the_test $!
    until_true port_is_open 127.0.0.1 853
    examine_with 127.0.0.1:853
    tells bad '127.0.0.1:853: not reachable over UDP' 'Leave the port out: 853 is for DNS over TLS'
    tells bad "127.0.0.1:853: closes TCP without an answer to a question for $CDN and for example.net"
    tells bad 'external DNS: no upstream answers over UDP or TCP'
    lacks firewall "$report"
}

it_asks_about_the_port_if_it_is_not_the_usual_one() {
    examine_with 8.8.8.8:5353
    tells bad '8.8.8.8:5353: not reachable over UDP' 'Correct the port (name servers listen at 53'
    tells bad 'external DNS: the only upstream is out of reach' 'its address or port is wrong, it is down, or a network policy'
}

it_says_that_there_is_no_route_to_an_upstream() {
    ip -6 route add unreachable 2001:db8:53::/48
    examine_with '[2001:db8:53::1] 2001:db8:53::2'
    ip -6 route del unreachable 2001:db8:53::/48
    tells bad '2001:db8:53::1: not reachable over UDP: this host has no route to it' 'Give this host IPv6'
    tells bad 'external DNS: this host has no route to any upstream'
    lacks firewall "$report"
}

it_calls_no_policy_to_blame_for_one_upstream_that_is_silent_and_one_without_tcp() {
    silence 8.8.8.8
    fault 'tcp dport 53 ip daddr 1.1.1.1 drop'
    examine
    tells note 'external DNS: 1 of 2 upstreams can be asked: no network policy keeps them all away'
    tells note '1.1.1.1: nothing comes back over TCP'
    lacks 'every upstream' "$report"
}

it_can_not_tell_a_policy_from_the_only_upstream_being_down_and_says_so() {
    silence 8.8.8.8
    examine_with 8.8.8.8
    tells bad 'the only upstream is out of reach' 'it is down, or a network policy or firewall is in the way'
}

it_tells_an_upstream_that_is_there_and_refuses() {
    scripted_at 127.0.0.1 5353 refusal
    examine_with "$SERVER"
    tells bad "$SERVER: says REFUSED over UDP for $CDN"
    tells good 'external DNS: no network policy'
}

# --- another server in its place ------------------------------------------------------------------------------------

it_tells_udp_that_is_captured() {
    fault_nat "udp dport 53 $to_local_dns"
    examine
    tells bad '192.0.2.1: there is no server at this address, and yet it answers over UDP: ' ISTIO_META_DNS_CAPTURE
    tells bad "1.1.1.1: says $EDGE_V4 over UDP and $ORIGIN_V4 over TCP for $CDN; over UDP it is what libc says"
    tells bad "$CDN: external DNS says" "First deal with the findings about who answers in the upstreams' place"
}

it_tells_tcp_that_is_captured() {
    fault_nat "tcp dport 53 $to_local_dns"
    examine
    tells bad '192.0.2.1: there is no server at this address, and yet it answers over TCP: '
    tells bad "8.8.8.8: says $ORIGIN_V4 over UDP and $EDGE_V4 over TCP for $CDN; over TCP it is what libc says"
}

it_tells_that_all_of_dns_is_captured() {
    fault_nat "udp dport 53 $to_local_dns" "tcp dport 53 $to_local_dns"
    examine
    tells bad '192.0.2.1: there is no server at this address, and yet it answers over UDP and TCP: ' \
        'ambient.istio.io/dns-capture' excludeOutboundPorts
    lacks 'no sign of anything' "$report"
}

it_tells_one_upstream_that_is_captured() {
    fault_nat "ip daddr 8.8.8.8 udp dport 53 $to_local_dns"
    examine
    tells bad "8.8.8.8: says $EDGE_V4 over UDP and $ORIGIN_V4 over TCP"
    lacks '192.0.2.1' "$report"
    lacks '1.1.1.1: says' "$report"
}

it_tells_an_upstream_that_answers_for_names_that_do_not_exist() {
    scripted_at 127.0.0.1 5353 well
    examine_with "$SERVER"
    tells bad "$SERVER: answers 203.0.113.7 over UDP for nobody-" 'which does not exist: something else answers in its place'
}

it_tells_an_upstream_that_knows_what_only_the_cluster_knows() {
    echo 'search default.svc.cluster.local svc.cluster.local cluster.local' >>/etc/resolv.conf
    fault_nat "ip daddr 8.8.8.8 udp dport 53 $to_local_dns" "ip daddr 8.8.8.8 tcp dport 53 $to_local_dns"
    examine
    tells bad '8.8.8.8: answers 10.96.0.1 over UDP for kubernetes.default.svc.cluster.local, which only the cluster knows'
    lacks '1.1.1.1: answers 10.96.0.1' "$report"
}

it_does_not_judge_by_addresses_that_take_turns() {
    scripted_at 127.0.0.1 5353 @"$TMPDIR/behaviour"
    echo another_address_over_tcp >"$TMPDIR/behaviour"
    examine_with "$SERVER"
    tells note "$SERVER: says 203.0.113.7 over UDP and 203.0.113.8 over TCP for $CDN" 'whose addresses take turns'
}

it_tells_an_address_of_istios() {
    scripted_at 127.0.0.1 5353 well,address=240.240.12.1
    examine_with "$SERVER"
    tells bad "$SERVER: answers 240.240.12.1 for $CDN, an address that Istio gives to services in the mesh" \
        ISTIO_META_DNS_CAPTURE
}

it_tells_an_address_of_istios_in_the_local_answer() {
    echo "240.240.0.7 $CDN" >>/etc/hosts
    examine
    finds_nothing_bad
    tells note "$CDN: libc says 240.240.0.7 (/etc/hosts, line 3), which Istio's DNS proxy gives"
}

it_sees_a_meshs_dns_proxy_that_does_not_answer_for_the_upstreams() {
    listen SOCK_DGRAM 15053
    examine
    finds_nothing_bad
    tells note "something listens at port 15053 here, as Istio's DNS proxy does" 'leave it as it is'
}

it_names_a_meshs_dns_proxy_where_dns_is_captured() {
    listen SOCK_DGRAM 15053
    fault_nat "udp dport 53 $to_local_dns"
    examine
    tells bad "something listens at port 15053 here, as Istio's DNS proxy does: it may be what answers"
}

it_sees_a_meshs_sidecar() {
    listen SOCK_STREAM 15001
    examine
    finds_nothing_bad
    tells note 'something listens at port 15001 here' ServiceEntry
}

# --- helpers --------------------------------------------------------------------------------------------------------

examine() { examine_with '8.8.8.8 1.1.1.1'; }

examine_with() {
    configure "hosts = ( \"$CDN\" ); query = { timeout_ms = $TIMEOUT_MS; hedge_ms = 100; deadline_ms = 1000; };"
    ORIGIN_BYPASS_UPSTREAMS=$1 doctor "${@:2}"
}

# listen SOCK_DGRAM|SOCK_STREAM PORT: listens until the test ends.
listen() {
    : >"$TMPDIR/listening" # an earlier server has written there that it is ready
    "$python" -c '
import socket, sys, time
server = socket.socket(socket.AF_INET, getattr(socket, sys.argv[1]))
server.bind(("127.0.0.1", int(sys.argv[2])))
server.type == socket.SOCK_STREAM and server.listen()
print("ready", flush=True)
time.sleep(60)' "$@" >"$TMPDIR/listening" &
    end_with_the_test $!
    until_true grep -q ready "$TMPDIR/listening"
}

it_says_that_queries_with_edns_alone_are_dropped() {
    fault 'ip daddr { 8.8.8.8, 1.1.1.1 } udp dport 53 @th,144,16 != 0 drop'
    doctor_of "$CDN" "$CDN"
    end_faults
    tells bad 'external DNS: UDP queries with EDNS are dropped, and those without it pass' 'Let UDP queries with EDNS (an OPT record, RFC 6891) through'
    tells bad '8.8.8.8: answers over UDP to a query without EDNS, and to none with it'
    lacks 'UDP to every upstream' "$report"
    lacks 'Allow UDP' "$report"
}

# Queries without EDNS get answers at the same place, so it is neither UDP nor the server.
it_says_that_this_hosts_own_firewall_rejects_queries_with_edns_alone() {
    add_faults output 'type filter hook output priority 0;' \
        'ip daddr { 8.8.8.8, 1.1.1.1 } udp dport 53 @th,144,16 != 0 drop'
    examine
    end_faults
    tells bad "external DNS: this host's own firewall rejects UDP queries with EDNS, and those without it get answers" \
        'Take the rule for outgoing DNS queries with EDNS'
    tells bad "8.8.8.8: answers over UDP to a query without EDNS, and this host's own firewall lets none with EDNS out"
    lacks 'UDP to every upstream' "$report"
    lacks 'rejected on the way' "$report"
    lacks 'on the way drops' "$report"
}

# The kernel tells the sender of UDP what its own rules do, and no one on the way has seen the packet.
it_says_that_this_hosts_own_firewall_keeps_a_user_back() {
    setpriv --reuid 65534 --clear-groups true 2>/dev/null || skip 'there is no user 65534 in this user namespace'
    add_faults output 'type filter hook output priority 0;' \
        'meta skuid 65534 ip daddr { 8.8.8.8, 1.1.1.1 } meta l4proto { udp, tcp } drop'
    status=0
    report=$(ORIGIN_BYPASS_HOSTS=$CDN setpriv --reuid 65534 --regid 65534 --clear-groups "$originbypass" doctor "$CDN" 2>/dev/null) || status=$?
    end_faults
    equal 1 "$status"
    tells bad "external DNS: every upstream is out of reach: this host's own firewall does not let user 65534 send to it" \
        'Change the rules for outgoing packets of this host or pod'
    tells bad "8.8.8.8: not reachable over UDP: this host's own firewall does not let user 65534 send to it (Operation not permitted)"
    lacks 'nothing listens there' "$report"
    lacks 'are rejected' "$report"
}

check_all "$@"
