#!/usr/bin/env bash
# originbypass doctor: names the true cause if a listed host has no usable address, and looks at what a program would get
# if the host is not listed.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

SERVER=127.0.0.1:5353 SECOND=127.0.0.1:5354
EDGES="$EDGE_V4, $EDGE_V6"

# --- no upstream answers --------------------------------------------------------------------------------------------

it_says_that_no_upstream_answers_and_that_libc_is_not_asked_with_fallback_never() {
    stop 8.8.8.8 && stop 1.1.1.1
    examine '8.8.8.8 1.1.1.1' 'fallback = "never";'
    equal 1 "$status"
    tells bad "$CDN: no upstream answers for $CDN (8.8.8.8: not reachable: refused, or no route; 1.1.1.1: not reachable" \
        'fallback = "never": the lookup fails with EAI_AGAIN, and libc is not asked' 'See the findings on the upstreams'
    lacks 'without an address' "$report"
}

it_says_that_no_upstream_answers_and_what_libc_answers() {
    stop 8.8.8.8 && stop 1.1.1.1
    examine '8.8.8.8 1.1.1.1'
    tells bad "$CDN: no upstream answers for $CDN (8.8.8.8: " "libc answers: $EDGES, an edge of the CDN"
}

it_says_that_libc_has_no_address_either() {
    scripted_at 127.0.0.1 5353 no_name
    ORIGIN_BYPASS_UPSTREAMS=$SERVER doctor_of nobody.example.com nobody.example.com
    tells bad 'nobody.example.com: external DNS' '(NXDOMAIN); libc answers, and has no address either: the lookup fails with EAI_'
}

it_does_not_call_the_network_to_blame_if_a_server_is_silent_for_one_name() {
    answer silence
    examine "$SERVER"
    finds_bad 3
    tells bad "$SERVER: replies to no question over UDP for $CDN (asked 8 times), and to 4 of 4 for example.net" \
        "dig @127.0.0.1 -p 5353 $CDN"
    tells bad "$SERVER: replies to no question over TCP for $CDN"
    tells bad "$CDN: no upstream answers for $CDN ($SERVER: no answer in time); libc answers"
    tells good 'external DNS: no network policy'
    lacks firewall "$report"
}

it_says_that_a_server_fails_for_one_name() {
    answer servfail
    examine "$SERVER"
    finds_bad 3
    tells bad "$SERVER: says SERVFAIL over UDP for $CDN, and answers for example.net: its own lookup of this name failed (DNSSEC" \
        "delv $CDN" 'lame delegation' "tell the zone's owner"
    tells bad "$CDN: no upstream has an answer for $CDN ($SERVER: SERVFAIL); libc answers: $EDGES"
}

it_says_that_a_server_fails_for_every_name() {
    scripted_at 127.0.0.1 5353 server_failure
    examine "$SERVER"
    tells bad "$SERVER: says SERVFAIL over UDP for $CDN and for example.net: it can look nothing up" \
        'Check the server itself'
    lacks delv "$(grep UDP <<<"$report")"
}

it_says_that_one_upstream_fails_and_the_other_is_silent() {
    answer servfail
    examine "$SERVER 127.0.0.1:9"
    tells bad "$CDN: no upstream has an answer for $CDN ($SERVER: SERVFAIL; 127.0.0.1:9: not reachable"
}

it_says_that_a_server_refuses_this_client() {
    scripted_at 127.0.0.1 5353 refusal
    examine "$SERVER" 'fallback = "never";'
    tells bad "$SERVER: says REFUSED over UDP for $CDN and for example.net: it does not serve this client" \
        'Let this server answer queries from here'
    tells bad "$CDN: no upstream has an answer for $CDN ($SERVER: REFUSED); fallback = \"never\": the lookup fails with EAI_AGAIN"
}

it_says_that_a_server_refuses_one_name() {
    answer refused
    examine "$SERVER"
    tells bad "$SERVER: says REFUSED over UDP for $CDN, and answers for example.net: it does not serve this name"
}

it_says_that_an_answer_is_too_long_for_udp_and_does_not_come_over_tcp() {
    configure "hosts = ( \"crowd.example.com\" ); query = { timeout_ms = 300; hedge_ms = 100; deadline_ms = 1000; };"
    local barred
    for barred in drop:'no answer over TCP in time' 'reject with tcp reset:not reachable over TCP'; do
        fault "tcp dport 53 ip daddr { 8.8.8.8, 1.1.1.1 } ${barred%%:*}"
        doctor
        tells bad '8.8.8.8: its answer for crowd.example.com is too long for UDP, and it does not come over TCP' "${barred##*:}" \
            'Let TCP to port 53 of the server out'
        tells bad 'external DNS: TCP to every upstream is' 'UDP passes: a network policy or firewall'
        tells bad "no upstream has an answer for crowd.example.com (8.8.8.8: truncated over UDP, and ${barred##*:}"
        contains "truncated over UDP, and ${barred##*:}" "$("$originbypass" resolve --explain crowd.example.com)"
        end_faults
    done
}

it_says_that_long_replies_are_lost() {
    configure 'hosts = ( "sixty.example.com" ); query = { timeout_ms = 300; hedge_ms = 100; deadline_ms = 1000; };'
    fault 'ip saddr { 8.8.8.8, 1.1.1.1 } udp sport 53 meta length > 600 drop'
    doctor
    tells bad '8.8.8.8: its answer for sixty.example.com comes over TCP and not over UDP, where it replies for example.net' \
        'Let UDP replies of up to 1232 octets through'
    lacks 'takes too long' "$report"
    lacks 'as a resolver does' "$report"
}

# A server that is slow looks the same, but for the short reply without EDNS that comes at once.
it_tells_long_replies_without_any_way_from_a_slow_server() {
    configure 'hosts = ( "sixty.example.com" ); query = { timeout_ms = 300; hedge_ms = 100; deadline_ms = 1000; };'
    fault 'ip saddr { 8.8.8.8, 1.1.1.1 } udp sport 53 meta length > 600 drop' \
        'ip daddr { 8.8.8.8, 1.1.1.1 } tcp dport 53 reject with tcp reset'
    doctor
    tells bad 'external DNS: replies longer than 512 octets are lost over UDP, and TCP, which would bring them, is rejected' \
        'Let UDP replies of up to 1232 octets through' 'or let TCP'
    tells bad '8.8.8.8: its answer for sixty.example.com is longer than 512 octets (it comes cut off without EDNS)' \
        'long replies are lost on the way'
    tells bad '8.8.8.8: not reachable over TCP'
    lacks 'takes too long' "$report"
    lacks 'UDP passes' "$report"
}

it_tells_a_slow_server_from_a_dead_one() {
    scripted_at 127.0.0.1 5353 well,after_ms=1300
    examine "$SERVER"
    tells bad "$SERVER: answers over UDP in 1" ' ms, which is too late: query.timeout_ms is 300'
    tells bad "$CDN: external DNS takes at least 1" 'query.timeout_ms = 300 is too short for that'
    lacks firewall "$report"
}

it_says_which_part_of_an_answer_is_the_edge() {
    configure "hosts = ( { name = \"$CDN\"; addresses = [ \"$ORIGIN_V4\", \"$EDGE_V6\" ]; } );"
    doctor
    tells bad "$CDN: the configuration says $ORIGIN_V4, $EDGE_V6, of which some are an edge of the CDN and no origin"
}

# The answers come after the deadline too, so that no machine is slow enough to wait for them.
it_says_that_timeout_ms_is_too_short() {
    scripted_at 127.0.0.1 5353 well,after_ms=1200
    configure "hosts = ( \"$CDN\" ); query = { timeout_ms = 5; hedge_ms = 1; deadline_ms = 1000; };"
    ORIGIN_BYPASS_UPSTREAMS=$SERVER doctor
    tells bad "$SERVER: answers over UDP in " ' ms, which is too late: query.timeout_ms is 5' 'Raise timeout_ms'
    tells bad "$CDN: external DNS takes at least " 'query.timeout_ms = 5 is too short for that; libc answers'
    lacks firewall "$report"
}

it_says_that_answers_come_too_late() {
    scripted_at 127.0.0.1 5353 well,after_ms=200
    configure "hosts = ( \"$CDN\" ); query = { timeout_ms = 5000; hedge_ms = 5; deadline_ms = 50; };"
    ORIGIN_BYPASS_UPSTREAMS=$SERVER doctor
    tells bad "$CDN: external DNS had no answer within query.deadline_ms = 50, and has one if it is asked again ($SERVER: 203.0.113.7); libc" \
        'give lookups more time'
}

# --- the name has no address ----------------------------------------------------------------------------------------

it_says_that_there_is_no_such_name() {
    answer nxdomain
    examine "$SERVER" 'fallback = "never";'
    finds_bad 1
    tells bad "$CDN: external DNS ($SERVER) says that no such name exists (NXDOMAIN); fallback = \"never\": the lookup fails with EAI_NONAME" \
        'Correct the name'
}

it_takes_a_name_below_a_wildcard_that_only_libc_knows_for_one_of_the_local_network() {
    doctor_of '*.example.com' intranet.example.com
    finds_nothing_bad
    tells note 'intranet.example.com: external DNS (8.8.8.8, 1.1.1.1) says that no such name exists (NXDOMAIN); libc answers: 10.0.0.80, as for a name that only the local network knows' \
        'exclude the name'
    doctor_of 'intranet.example.com' intranet.example.com
    finds_bad 1
}

it_says_who_knows_that_there_is_no_such_name_if_the_other_upstream_is_dead() {
    answer nxdomain
    examine "$SERVER 127.0.0.1:9"
    tells bad "$CDN: external DNS ($SERVER) says that no such name exists (NXDOMAIN)" 'Correct the name'
}

it_says_that_a_name_has_no_record_of_either_type() {
    answer nodata
    examine "$SERVER"
    finds_bad 1
    tells bad "$CDN: external DNS ($SERVER) knows the name, but has neither an A nor an AAAA record for it (NODATA); the lookup fails with EAI_NODATA, and libc is not asked"
}

it_says_that_an_alias_leads_to_a_name_without_an_address() {
    answer dangling
    examine "$SERVER"
    finds_bad 1
    tells bad "$CDN: external DNS ($SERVER) says that the name is an alias (CNAME) of a name without an address; the lookup fails with EAI_NONAME"
}

it_follows_an_alias_out_of_a_hidden_primary() {
    configure "hosts = ( { name = \"alias-nowhere.example.com\"; upstreams = [ \"$PRIMARY\" ]; } );"
    doctor
    tells bad 'alias-nowhere.example.com: is an alias (CNAME) of gone.example.net; external DNS (8.8.8.8, 1.1.1.1) says that no such name exists (NXDOMAIN)'
}

it_says_that_the_upstreams_differ() {
    answer nxdomain
    scripted_at 127.0.0.1 5354 one_name,of=cdn.,as=address
    examine "$SERVER $SECOND"
    tells bad "$CDN: the upstreams differ about $CDN ($SERVER: NXDOMAIN; $SECOND: 203.0.113.7)" 'Name only upstreams that know this host'
    examine "$SECOND $SERVER"
    finds_nothing_bad
    tells note "$CDN: the upstreams differ about $CDN ($SECOND: 203.0.113.7; $SERVER: NXDOMAIN)"
}

# --- the configuration takes what there is --------------------------------------------------------------------------

it_names_the_addresses_and_the_list_that_rejects_them() {
    answer edges
    examine "$SERVER" 'reject = [ "cloudflare" ];'
    finds_bad 1
    tells bad "$CDN: every address that external DNS gives is rejected (104.21.80.230 by 104.16.0.0/13 of \"cloudflare\", 2606:4700::1 by 2606:4700::/32 of \"cloudflare\"); libc answers: $EDGES" \
        'put them into accept, or take the prefix out of reject'
}

it_says_that_a_strict_host_may_not_use_libcs_addresses_either() {
    answer edges
    examine "$SERVER" 'reject = [ "cloudflare" ]; strict = true;'
    finds_bad 1
    tells bad "libc answers $EDGES, which the host may not use either: the lookup fails with EAI_AGAIN"
}

it_says_that_rejected_addresses_are_used_if_libc_is_never_asked() {
    answer edges
    examine "$SERVER" 'reject = [ "cloudflare" ]; fallback = "never";'
    finds_bad 1
    tells bad "$CDN: external DNS says 104.21.80.230, 2606:4700::1, an edge of the CDN" 'reject takes all of them' 'fallback = "never"'
}

it_names_what_no_prefix_of_an_accept_list_lets_through() {
    answer edges
    examine "$SERVER" 'reject = [ "0.0.0.0/0", "::/0" ]; accept = [ "203.0.113.0/24" ];'
    tells bad "$CDN: every address that external DNS gives is rejected (104.21.80.230 by 0.0.0.0/0, 2606:4700::1 by ::/0)"
}

it_names_the_family_that_a_host_is_limited_to() {
    answer address
    examine "$SERVER" 'family = "ipv6";'
    finds_bad 1
    tells bad "$CDN: external DNS gives only 203.0.113.7, and family = \"ipv6\" does not let the host use that; the lookup fails with EAI_NODATA" \
        'Take family out of the configuration of this host'
    examine "$SERVER" 'family = "ipv4"; addresses = [ "2001:db8:1::7" ];'
    tells bad "$CDN: the configuration pins 2001:db8:1::7, and family = \"ipv4\" does not let the host use that"
}

it_says_that_the_configuration_pins_an_edge() {
    examine 8.8.8.8 "addresses = [ \"$EDGE_V4\" ];"
    finds_bad 1
    tells bad "$CDN: the configuration says $EDGE_V4, an edge of the CDN and no origin" "Write the origin's own addresses into addresses"
    lacks 'external DNS says' "$report"
}

it_names_the_query_that_does_not_exist_and_the_one_that_is_an_edge() {
    configure "hosts = ( { name = \"$CDN\"; query = \"nothing.example.com\"; }, { name = \"shop.example.com\"; query = \"shop.example.com\"; } );"
    doctor "$CDN"
    tells bad "$CDN: its query, nothing.example.com, is asked for in its place: external DNS" \
        'Correct the query of this host'
    doctor shop.example.com
    tells bad "shop.example.com: of its query shop.example.com external DNS says" "an edge of the CDN and no origin" 'Correct the query of this host'
}

# --- no route -------------------------------------------------------------------------------------------------------

it_says_that_a_host_has_only_ipv6_addresses_and_there_is_no_ipv6_here() {
    answer ipv6
    examine "$SERVER" '' "https://$CDN/"
    finds_bad 2
    tells bad "$CDN: has only IPv6 addresses (2001:db8:1::7), and this host has no IPv6 route to them" 'Give the name an A record' 'pin an IPv4 address'
    tells bad "https://$CDN:443/: no connection to port 443: this host has no route to any address of $CDN"
    lacks 'admits only Cloudflare' "$report"
    lacks 'a program connects there' "$report"
}

it_has_nothing_against_ipv6_addresses_with_a_route() {
    ip -6 route add 2001:db8:1::/48 dev lo
    answer ipv6
    examine "$SERVER"
    ip -6 route del 2001:db8:1::/48 dev lo
    finds_nothing_bad
    tells good "$CDN: external DNS says 2001:db8:1::7"
}

it_says_that_there_is_no_route_to_an_ipv4_address_either() {
    examine 8.8.8.8 'addresses = [ "198.51.100.7" ];'
    finds_bad 1
    tells bad "$CDN: its addresses are 198.51.100.7, and this host has no route to any of them" 'Give this host a route'
}

# --- hosts that are not listed --------------------------------------------------------------------------------------

it_says_what_a_program_gets_for_a_host_that_is_not_listed() {
    configure "hosts = ( \"$CDN\" );"
    doctor www.example.com
    finds_bad 1
    tells bad 'www.example.com: is not listed, no host rule matches it: libc answers. Add "www.example.com" to hosts in /etc/originbypass/originbypass.conf'
    tells note "www.example.com: a program gets libc's answer: $EDGES, an edge of the CDN and no origin"
    lacks 'a program connects there' "$report"
    lacks 'external DNS' "$report"
    lacks '8.8.8.8' "$report"
}

it_says_what_to_add_to_the_variable() {
    doctor_of "$CDN" www.example.com
    tells bad 'www.example.com: is not listed' 'Add www.example.com to ORIGIN_BYPASS_HOSTS'
}

it_says_which_rule_excludes_a_host() {
    doctor_of "*.example.com !$CDN" "$CDN"
    finds_bad 1
    tells bad "$CDN: the rule !$CDN (ORIGIN_BYPASS_HOSTS) excludes it: libc answers" "Remove \"!$CDN\""
    tells note "$CDN: a program gets libc's answer: $EDGES"
    configure "hosts = ( \"*.example.com\", \"!*.cdn.example.com\" );"
    doctor a.cdn.example.com
    tells bad 'a.cdn.example.com: the rule !*.cdn.example.com (/etc/originbypass/originbypass.conf:1) excludes it' \
        'or add "a.cdn.example.com", which is more specific'
}

it_says_which_names_a_rule_for_all_leaves_to_libc() {
    echo "$LOCAL_WEB printer" >>/etc/hosts
    doctor_of '*' printer
    finds_bad 1
    tells bad 'printer: is not listed, the rule * is not for names without a dot or local names' 'Add printer to ORIGIN_BYPASS_HOSTS'
    tells note "printer: a program gets libc's answer: $LOCAL_WEB"
}

it_says_that_a_mesh_answers_for_a_host_that_is_not_listed() {
    echo '240.240.0.7 www.example.com' >>/etc/hosts
    doctor_of "$CDN" www.example.com
    finds_bad 1
    tells note "www.example.com: a program gets libc's answer: 240.240.0.7 (/etc/hosts, line 3), which Istio's DNS proxy gives"
}

it_says_that_there_is_no_route_to_libcs_answer_for_a_host_that_is_not_listed() {
    echo '198.51.100.7 www.example.com' >>/etc/hosts
    doctor_of "$CDN" www.example.com
    finds_bad 2
    tells bad 'www.example.com: its addresses are 198.51.100.7 (/etc/hosts, line 3), and this host has no route to any of them'
}

it_fetches_a_url_of_a_host_that_is_not_listed_as_a_program_would() {
    not_checked curl
    doctor_of "$CDN" https://www.example.com/
    equal 1 "$status"
    tells bad 'https://www.example.com:443/: connected to' 'an edge of the CDN and no origin'
    lacks "connected to $ORIGIN_V4" "$report"
    lacks '8.8.8.8' "$report"
}

it_asks_the_upstreams_only_for_the_hosts_that_are_listed() {
    answer address
    configure "hosts = ( \"$CDN\" ); upstreams = [ \"$SERVER\" ];"
    doctor shop.example.com "$CDN"
    tells good "$CDN: external DNS says 203.0.113.7"
    contains "$CDN" "$(<"$TMPDIR/asked")"
    lacks shop.example.com "$(<"$TMPDIR/asked")"
}

# --- helpers --------------------------------------------------------------------------------------------------------

# answer OUTCOME: from now on a server at 127.0.0.1:5353 has this outcome for the CDN's host, and knows no other name.
answer() { scripted_at 127.0.0.1 5353 "one_name,of=cdn.,as=$1"; }

# examine UPSTREAMS [SETTINGS] [ARGUMENT...]: for the CDN's host, with these settings.
examine() {
    configure "hosts = ( { name = \"$CDN\"; ${2-} } ); query = { timeout_ms = 300; hedge_ms = 100; deadline_ms = 1000; };"
    ORIGIN_BYPASS_UPSTREAMS=$1 doctor "${@:3}"
}

check_all "$@"
