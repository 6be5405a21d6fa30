#!/usr/bin/env bash
# On a host with IPv6 alone, an origin with IPv4 alone is reached by the network's NAT64, at the address that libc's DNS64
# would have made of the origin's.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=dns64.sh
source "$lab/dns64.sh"

caller=$(compiled caller) || exit 125
OTHER=other.example.com # no edge, and an IPv4 address outside

# --- what it is for --------------------------------------------------------------------------------------------------

it_reaches_an_origin_with_ipv4_alone() {
    contains 'error code: 1000' "$(curl -sS --max-time 20 "https://$CDN/")"
    contains "\"server\":\"origin\",\"address\":\"$ORIGIN_64\"" "$(bypass "$CDN" curl -sS --max-time 20 "https://$CDN/")"
    quiet
}

it_answers_each_function() {
    local function
    for function in getaddrinfo gethostbyname2 gethostbyname2_r; do
        equal "$ORIGIN_64" "$(call "$CDN" "$function" "$CDN" inet6)"
        equal "$ORIGIN_64" "$(call "$CDN" "$function" "$CDN" inet6 5)"
    done
    equal "$ORIGIN_V4" "$(call "$CDN" gethostbyname "$CDN")"
    equal "$ORIGIN_64 $ORIGIN_V4" "$(call "$CDN" getaddrinfo "$CDN" unspec 5 | paste -sd' ')"
    quiet
}

it_says_at_debug_what_it_made_of_which_address() {
    ORIGIN_BYPASS_LOG_LEVEL=debug call "$CDN" getaddrinfo "$CDN" inet6 >"$TMPDIR/out"
    contains "debug synthesised IPv6 address from IPv4, as DNS64 does host=$CDN ip=$ORIGIN_64 ipv4=$ORIGIN_V4 prefix=64:ff9b::/96" \
        "$(said host ip ipv4 prefix)"
}

it_leaves_alone_an_origin_with_ipv6() {
    equal "$ORIGIN_V6" "$(call dual.example.com getaddrinfo dual.example.com inet6)"
    equal "$ORIGIN_V6" "$(call six.example.com getaddrinfo six.example.com inet6)"
    equal 0 "$(queries "$LOCAL6")"
}

it_takes_the_addresses_of_the_configuration() {
    with_settings "$patient hosts = ( { name = \"$CDN\"; addresses = [ \"203.0.113.70\" ]; } );"
    equal 64:ff9b::cb00:7146 "$(preloaded "$caller" getaddrinfo "$CDN" inet6)"
    with_settings "$patient hosts = ( { name = \"$CDN\"; family = \"ipv4\"; } );"
    equal "$ORIGIN_64" "$(preloaded "$caller" getaddrinfo "$CDN" inet6)"
    with_settings "$patient hosts = ( { name = \"$CDN\"; family = \"ipv6\"; } );"
    equal "$no_data" "$(preloaded "$caller" getaddrinfo "$CDN" inet6 || :)"
    quiet
}

it_never_makes_addresses_of_those_that_are_no_others() {
    local address
    for address in 127.0.0.1 10.0.0.1 169.254.1.1 224.0.0.1; do
        with_settings "$patient hosts = ( { name = \"$CDN\"; addresses = [ \"$address\" ]; } );"
        equal "$no_data" "$(preloaded "$caller" getaddrinfo "$CDN" inet6 || :)"
    done
}

it_serves_an_old_answer_as_it_serves_others() {
    with_settings "$patient hosts = ( \"$CDN\" ); cache = { max_ttl_s = 1; stale_window_s = 3600; };"
    preloaded "$python" -c "
import os, signal, socket, time
def look_up(): return socket.getaddrinfo('$CDN', 443, socket.AF_INET6, socket.SOCK_STREAM)[0][4][0]
print(look_up())
os.kill(${servers6[$EXTERNAL6]}, signal.SIGSTOP)
try:
    time.sleep(1.1) # the answer's lifetime
    print(look_up())
finally:
    os.kill(${servers6[$EXTERNAL6]}, signal.SIGCONT)
" >"$TMPDIR/out"
    equal "$ORIGIN_64 $ORIGIN_64" "$(paste -sd' ' "$TMPDIR/out")"
    equal 1 "$(queries "$LOCAL6" ipv4only.arpa)"
}

# --- the prefix ------------------------------------------------------------------------------------------------------

it_asks_libc_once_for_the_prefix() {
    equal "$ORIGIN_64" "$(call "$CDN $OTHER" getaddrinfo "$CDN" inet6 50)"
    equal '1 0' "$(queries "$LOCAL6" ipv4only.arpa) $(queries "$LOCAL6" "$CDN")"
    equal 0 "$(queries "$EXTERNAL6" ipv4only.arpa)"
}

it_gives_it_to_all_threads_that_ask_at_first() {
    bypass '*.many.example.com' "$python" -c "
import socket, threading
found, start = [], threading.Barrier(32)
def look_up(name):
    start.wait()
    found.append(socket.getaddrinfo(name, 443, socket.AF_INET6, socket.SOCK_STREAM)[0][4][0])
threads = [threading.Thread(target=look_up, args=(f'{i}.many.example.com',)) for i in range(32)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), *set(found))" >"$TMPDIR/out"
    equal "32 $ORIGIN_64" "$(<"$TMPDIR/out")"
    quiet
}

it_knows_the_prefix_in_a_child() {
    bypass "$CDN" "$python" -c "
import os, socket
def look_up(): print(socket.getaddrinfo('$CDN', 443, socket.AF_INET6, socket.SOCK_STREAM)[0][4][0], flush=True)
look_up()
child = os.fork()
look_up()
if child: os.waitpid(child, 0)" >"$TMPDIR/out"
    equal "$ORIGIN_64 $ORIGIN_64 $ORIGIN_64" "$(paste -sd' ' "$TMPDIR/out")"
    equal 1 "$(queries "$LOCAL6" ipv4only.arpa)"
}

it_uses_a_prefix_of_the_networks_own() {
    local_dns 2001:db8:64::/96
    equal 2001:db8:64::cb00:7107 "$(call "$CDN" getaddrinfo "$CDN" inet6)"
    local_dns 2001:db8:64::/64
    equal 2001:db8:64:0:cb:71:700:0 "$(call "$CDN" getaddrinfo "$CDN" inet6)"
    local_dns fd64::/32
    equal fd64:0:cb00:7107:: "$(call "$CDN" gethostbyname2 "$CDN" inet6)"
    equal "$("$caller" getaddrinfo "$OTHER" inet6)" "$(call "$CDN" getaddrinfo "$OTHER" inet6)"
    quiet
}

it_has_no_ipv6_address_where_there_is_no_prefix() {
    local_dns
    equal "$no_data" "$(call "$CDN" getaddrinfo "$CDN" inet6 50 || :)"
    equal 1 "$(queries "$LOCAL6" ipv4only.arpa)"
    equal "$no_data_in_h_errno" "$(call "$CDN" gethostbyname2 "$CDN" inet6 || :)"
    equal "$ORIGIN_V4" "$(call "$CDN" getaddrinfo "$CDN" unspec 5)"
    quiet
}

it_has_no_ipv6_address_where_libcs_dns_is_dead() {
    end_server6 "$LOCAL6"
    equal "$no_data" "$(call "$CDN" getaddrinfo "$CDN" inet6 5 || :)"
    equal "$ORIGIN_V6" "$(call six.example.com getaddrinfo six.example.com inet6)"
    quiet
}

# libc would wait for minutes.
it_lets_signals_in_while_libc_is_asked() {
    local pid gone=yes
    printf 'options timeout:60 attempts:5\n' >>/etc/resolv.conf
    kill -STOP "${servers6[$LOCAL6]}"
    ORIGIN_BYPASS_HOSTS=$CDN LD_PRELOAD=$LAB_LIBRARY "$caller" getaddrinfo "$CDN" inet6 >"$TMPDIR/out" 2>&1 &
    pid=$!
    end_with_the_test "$pid"
    until_true asks_libcs_dns || gone=never
    kill -TERM "$pid"
    until_true is_gone "$pid" || gone=no
    kill -CONT "${servers6[$LOCAL6]}" # a stopped server would not end with the test
    equal yes "$gone"
}
asks_libcs_dns() { grep -q ' 000000FD000000000000000010000000:0035 ' /proc/net/udp6; }

it_asks_for_no_prefix_on_a_host_with_ipv4() {
    ip address add 192.0.2.70/32 dev lo
    equal "$no_data" "$(call "$CDN" getaddrinfo "$CDN" inet6 5 || :)"
    equal "$ORIGIN_V4" "$(call "$CDN" getaddrinfo "$CDN" unspec 5)"
    equal "$EDGE_64" "$("$caller" getaddrinfo "$CDN" inet6)"
    ip address del 192.0.2.70/32 dev lo
    equal 0 "$(queries "$LOCAL6" ipv4only.arpa)"
    equal 0 "$(queries "$EXTERNAL6" ipv4only.arpa)"
}

# --- lists of addresses look inside ----------------------------------------------------------------------------------

it_takes_an_edge_inside_for_an_edge() {
    local prefix
    for prefix in 64:ff9b::/96 2001:db8:64::/64; do
        local_dns "$prefix"
        equal "$("$caller" getaddrinfo origin-shop.example.com inet6)" "$(call auto getaddrinfo "$CDN" inet6)"
        equal "$("$caller" getaddrinfo origin-shop.example.com inet6)" "$(call auto gethostbyname2 "$CDN" inet6)"
        quiet
    done
    ORIGIN_BYPASS_LOG_LEVEL=info call auto getaddrinfo "$CDN" inet6 >"$TMPDIR/out"
    contains "info resolved origin IP hostname=$CDN ip=$ORIGIN_V4 instead_of=$("$caller" getaddrinfo "$CDN" inet6)" \
        "$(said hostname ip instead_of)"
}

it_reaches_the_origin_with_auto() {
    contains '"server":"origin"' "$(bypass auto curl -sS --max-time 20 "https://$CDN/")"
    contains 'local web server' "$(bypass auto curl -sS --max-time 20 -g "http://[$LOCAL_WEB_64]/")"
    quiet
}

it_asks_nobody_outside_about_a_name_that_libc_leads_elsewhere() {
    local_dns 2001:db8:64::/96
    equal 2001:db8:64::a00:50 "$(call auto getaddrinfo "$OTHER" inet6)"
    equal 0 "$(queries "$EXTERNAL6")"
}

it_rejects_libcs_address_for_what_is_inside() {
    local prefix
    export ORIGIN_BYPASS_UPSTREAMS='[::1]:5353' # nobody listens there
    for prefix in 64:ff9b::/96 2001:db8:64::/64 fd64::/96; do
        local_dns "$prefix"
        with_settings "$patient hosts = ( \"$CDN\" ); answers = { reject = [ \"cloudflare\" ]; strict = true; };"
        equal EAI_AGAIN "$(preloaded "$caller" getaddrinfo "$CDN" inet6 || :)"
        with_settings "$patient hosts = ( \"$OTHER\" ); answers = { reject = [ \"private\" ]; strict = true; };"
        equal EAI_AGAIN "$(preloaded "$caller" getaddrinfo "$OTHER" inet6 || :)"
        with_settings "$patient hosts = ( \"origin-shop.example.com\" ); answers = { reject = [ \"private\" ]; strict = true; };"
        equal "$("$caller" getaddrinfo origin-shop.example.com inet6)" \
            "$(preloaded "$caller" getaddrinfo origin-shop.example.com inet6)"
    done
}

it_makes_no_address_that_is_rejected_itself() {
    with_settings "$patient hosts = ( \"$CDN\" ); answers = { reject = [ \"64:ff9b::/96\", \"cloudflare\" ]; };"
    equal "$no_data" "$(preloaded "$caller" getaddrinfo "$CDN" inet6 || :)"
    with_settings "$patient hosts = ( \"$CDN\" ); answers = { reject = [ \"::/0\" ]; accept = [ \"$ORIGIN_V4\" ]; };"
    equal "$ORIGIN_64" "$(preloaded "$caller" getaddrinfo "$CDN" inet6)"
}

it_counts_libcs_address_as_ipv4() {
    export ORIGIN_BYPASS_UPSTREAMS='[::1]:5353'
    with_settings "$patient hosts = ( { name = \"origin-shop.example.com\"; family = \"ipv4\"; } );"
    equal "$ORIGIN_64" "$(preloaded "$caller" getaddrinfo origin-shop.example.com inet6)"
    equal "$ORIGIN_64" "$(preloaded "$caller" gethostbyname2 origin-shop.example.com inet6)"
    with_settings "$patient hosts = ( { name = \"origin-shop.example.com\"; family = \"ipv6\"; } );"
    equal "$no_data" "$(preloaded "$caller" getaddrinfo origin-shop.example.com inet6 || :)"
}

# --- what the command says -------------------------------------------------------------------------------------------

it_explains_which_address_was_synthesised() {
    ORIGIN_BYPASS_HOSTS=$CDN explained
    contains "program   $ORIGIN_64, $ORIGIN_V4  (from external DNS, kept for " "$(<"$TMPDIR/said")"
    contains "DNS64     $ORIGIN_64 is synthesised from $ORIGIN_V4, with the network's prefix 64:ff9b::/96" "$(<"$TMPDIR/said")"
    equal "$ORIGIN_64 $ORIGIN_V4 64:ff9b::/96" "$(ORIGIN_BYPASS_HOSTS=$CDN "$originbypass" resolve --explain --json "$CDN" |
        in_json 's = d["synthesised"]; print(len(s) == 1 and s[0]["address"], s[0]["from"], s[0]["prefix"])')"
}

it_explains_no_address_of_libcs() {
    ORIGIN_BYPASS_HOSTS=six.example.com explained
    lacks DNS64 "$(<"$TMPDIR/said")"
    equal '[]' "$(ORIGIN_BYPASS_HOSTS=six.example.com "$originbypass" resolve --explain --json "$CDN" | in_json 'print(d["synthesised"])')"
}

it_explains_an_edge_inside() {
    local_dns 2001:db8:64::/96
    ORIGIN_BYPASS_HOSTS=auto explained
    contains 'when      libc says an edge (2001:db8:64::6815:50e6, cloudflare): external DNS is asked' "$(<"$TMPDIR/said")"
    contains 'program   2001:db8:64::cb00:7107, 203.0.113.7  (from external DNS, kept for ' "$(<"$TMPDIR/said")"
}

it_lets_doctor_find_nothing_bad_with_a_nat64() {
    diagnosed
    contains "good  $CDN: external DNS says $ORIGIN_V4, $ORIGIN_64: with the library a program connects there." "$report"
    contains "good  https://$CDN:443/: connected to $ORIGIN_64 port 443" "$report"
    contains ', 0 bad' "$report"
}

it_lets_doctor_name_what_is_missing_without_a_nat64() {
    local_dns
    diagnosed
    contains "bad   $CDN: has only IPv4 addresses ($ORIGIN_V4), this host has IPv6 alone, and no NAT64 that leads there: libc has" "$report"
    contains 'no IPv6 address for ipv4only.arpa. Give the name an AAAA record, pin an IPv6 address of the origin' "$report"
}

diagnosed() { report=$(COLUMNS=1000 ORIGIN_BYPASS_HOSTS=$CDN "$originbypass" doctor "https://$CDN/") || :; }
explained() { "$originbypass" resolve --explain "$CDN" >"$TMPDIR/said" || :; }
in_json() { "$python" -c "import json, sys; d = json.load(sys.stdin)['hosts'][0]; $1"; }

check_all "$@"
