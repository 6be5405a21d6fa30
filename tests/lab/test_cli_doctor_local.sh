#!/usr/bin/env bash
# originbypass doctor: says where libc's answer comes from, and what of it is external DNS'.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

SERVER=127.0.0.1:5353

it_names_the_line_of_the_hosts_file_that_libc_answers_from() {
    printf '# pinned\n%s other.example.com %s # last year\n' "$EDGE_V4" "${CDN^^}" >>/etc/hosts
    local line
    line=$(wc -l </etc/hosts)
    doctor_of "$CDN" "$CDN"
    tells note "$CDN: libc says $EDGE_V4 (/etc/hosts, line $line), an edge of the CDN, as expected"
    doctor_of www.example.com "$CDN"
    tells note "$CDN: a program gets libc's answer: $EDGE_V4 (/etc/hosts, line $line), an edge of the CDN and no origin"
}

it_names_no_line_that_does_not_count() {
    printf '#%s %s\n203.0.113.99 other.example.com\n%s\n' "$EDGE_V4" "$CDN" "$EDGE_V4" >>/etc/hosts
    doctor_of "$CDN" "$CDN"
    tells note "$CDN: libc says $EDGE_V4, $EDGE_V6, an edge of the CDN, as expected"
}

it_says_that_libc_has_no_name_server_to_ask() {
    echo 'search example.com' >/etc/resolv.conf
    doctor_of "$CDN" "$CDN" intranet.example.com
    tells note "$CDN: libc has no answer: " '; /etc/resolv.conf names no name server'
    tells bad "intranet.example.com: a program gets libc's answer, and there is none: " 'names no name server' \
        "Name this network's name servers in /etc/resolv.conf"
    contains 'names no name server' "$(grep -m 1 '^bad ' <<<"$report")"
    rm /etc/resolv.conf
    doctor_of "$CDN" "$CDN"
    tells note "$CDN: libc has no answer: " '; /etc/resolv.conf does not exist'
}

it_says_that_an_upstream_is_the_local_dns() {
    export ORIGIN_BYPASS_UPSTREAMS=$LOCAL_DNS
    doctor_of "$CDN"
    tells note "$LOCAL_DNS: is a nameserver of /etc/resolv.conf, too: it says to the library what it says to libc"
    tells bad "$CDN: external DNS says $EDGE_V4" 'as libc does' 'Name a server outside in upstreams'
    contains "$LOCAL_DNS (libc's, too)" "$(ORIGIN_BYPASS_HOSTS=$CDN "$originbypass" resolve --explain "$CDN")"
}

it_takes_no_address_of_this_host_for_an_origin() {
    local address
    for address in 0.0.0.0 127.0.0.1; do
        scripted_at 127.0.0.1 5353 "well,address=$address"
        ORIGIN_BYPASS_UPSTREAMS=$SERVER doctor_of "$CDN" "$CDN"
        tells bad "$CDN: external DNS says $address ($SERVER: $address), which leads a program to its own host" \
            "that does not filter in place of $SERVER"
        kill "${ending[-1]}"
        until_true is_gone "${ending[-1]}"
    done
}

# Public DNS shows no edge, so a hidden primary would be no remedy.
it_names_the_upstream_that_alone_says_an_edge() {
    export ORIGIN_BYPASS_UPSTREAMS="$LOCAL_DNS 8.8.8.8"
    doctor_of "$CDN" "http://$CDN/"
    tells bad "$CDN: the upstreams differ, and the first that answers decides: no origin from $LOCAL_DNS: $EDGE_V4, $EDGE_V6; an origin from 8.8.8.8: $ORIGIN_V4" \
        "Take $LOCAL_DNS out of upstreams or ORIGIN_BYPASS_UPSTREAMS"
    lacks 'hidden primary' "$report"
    lacks 'external DNS says' "$report"
}

it_names_the_upstream_that_blocks_a_name() {
    scripted_at 127.0.0.1 5353 well,address=0.0.0.0
    ORIGIN_BYPASS_UPSTREAMS="$SERVER 1.1.1.1" doctor_of "$CDN" "https://$CDN/"
    tells bad "$CDN: the upstreams differ" "no origin from $SERVER: 0.0.0.0; an origin from 1.1.1.1: $ORIGIN_V4" "Take $SERVER out"
    lacks "Cloudflare's addresses" "$report"
    tells bad "https://$CDN:443/: no connection to port 443" 'its address leads to this host itself'
}

it_warns_that_a_router_may_lead_every_upstream_to_the_local_dns() {
    stop "$LOCAL_DNS"
    "$LAB/bin/dnsmasq" --no-daemon --conf-file=/dev/null --bind-interfaces --listen-address="$LOCAL_DNS" --no-hosts --no-resolv \
        --pid-file= --server=198.51.100.53 --host-record="$CDN,$EDGE_V4,$EDGE_V6" >"$TMPDIR/local.log" 2>&1 &
    end_with_the_test $!
    until_true answers "$LOCAL_DNS"
    fault_nat "ip daddr { 8.8.8.8, 1.1.1.1 } udp dport 53 dnat to $LOCAL_DNS" "ip daddr { 8.8.8.8, 1.1.1.1 } tcp dport 53 dnat to $LOCAL_DNS"
    doctor_of "$CDN" "$CDN"
    end_faults
    tells bad "$CDN: external DNS says $EDGE_V4, $EDGE_V6, an edge of the CDN and no origin, as libc does" \
        "But if these servers tell another network the origin's address, a router leads port 53 to the local DNS"
}

# A wildcard lists names that only the local DNS should answer.
it_says_that_the_local_dns_leads_inside() {
    doctor_of '*.example.com' http://other.example.com/
    tells note "other.example.com: the local DNS leads inside (10.0.0.80), and with the library a program connects outside (203.0.113.99)" \
        'exclude the name: "!other.example.com" among the hosts'
    ip address add 203.0.113.99/32 dev lo
    doctor_of '*.example.com' http://other.example.com/
    ip address del 203.0.113.99/32 dev lo
    tells bad 'http://other.example.com:80/: no connection to port 80' 'If it should connect inside, exclude the name: "!other.example.com" among the hosts'
    lacks "Cloudflare's addresses" "$report"
    doctor_of "$CDN" "$CDN"
    lacks 'leads inside' "$report"
}

# A rule for the short name would not help: external DNS knows none.
it_says_to_write_the_full_name_of_a_short_one() {
    local short=${CDN%%.*}
    cp /etc/resolv.conf "$TMPDIR/resolv.conf"
    echo "search ${CDN#*.}" >>/etc/resolv.conf
    doctor_of "$CDN" "$short"
    cp "$TMPDIR/resolv.conf" /etc/resolv.conf
    tells bad "$short: is a short name, which libc completes to $CDN (search in /etc/resolv.conf). That one is listed" \
        "Write $CDN into the program, in place of $short"
    lacks "Add $short" "$report"
    doctor_of "$CDN" "$short"
    tells bad "$short: is not listed"
}

it_sees_a_proxy_in_the_environment_of_a_process() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    http_proxy=http://127.0.0.1:1 ORIGIN_BYPASS_HOSTS=$CDN LD_PRELOAD=$LAB_LIBRARY sleep 60 &
    end_with_the_test $!
    until_true grep -q sleep "/proc/$!/comm"
    doctor --pid $! "http://$CDN/"
    tells note "http_proxy is set in the environment of process $!, and this report went past that proxy"
    http_proxy=http://127.0.0.1:1 doctor --pid "$$" "http://$CDN/"
    lacks 'went past that proxy' "$report"
}

check_all "$@"
