#!/usr/bin/env bash
# originbypass resolve: the addresses that a program gets, and every step that leads to them.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

SHOP=shop.example.com
file=/etc/originbypass/originbypass.conf

# --- the addresses ---------------------------------------------------------------------------------------------------

it_says_that_the_variable_replaces_the_hosts_of_the_file() {
    with_settings "hosts = ( \"shop.example.com\" );"
    contains 'libc: no rule matches: ORIGIN_BYPASS_HOSTS replaces the hosts of the file' \
        "$(ORIGIN_BYPASS_HOSTS=$CDN "$originbypass" resolve --explain shop.example.com 2>&1)"
}

it_prints_what_a_program_gets() {
    configure 'hosts = ( "*.example.com", "!other.example.com" );'
    equal "$ORIGIN_V4  $CDN" "$(resolve "$CDN")"
    nobody_asked "$LOCAL_DNS"
    equal "10.0.0.80  other.example.com" "$(resolve other.example.com)"
}

it_says_that_nobody_answers_if_libc_is_never_asked() {
    configure "hosts = ( \"$CDN\" ); fallback = \"never\";"
    stop 8.8.8.8 && stop 1.1.1.1
    local status=0
    resolve --explain "$CDN" >"$TMPDIR/explained" || status=$?
    equal 1 "$status"
    contains '(from nobody: external DNS has no usable answer, and fallback = "never")' "$(grep '^  program' "$TMPDIR/explained")"
}

it_says_that_libcs_addresses_are_rejected_too() {
    configure "hosts = ( { name = \"$SHOP\"; reject = [ \"cloudflare\" ]; strict = true; } );"
    contains '(from libc, as the fallback, whose addresses the host may not use either)' \
        "$(resolve --explain "$SHOP" | grep '^  program')"
}

it_prints_them_in_the_programs_order() {
    configure 'hosts = ( "*.example.com" );'
    equal "$(preloaded getent ahosts dual.example.com | awk '/STREAM/ {print $1}')" \
        "$(resolve dual.example.com | awk '{print $1}')"
    equal "$ORIGIN_V4  dual.example.com" "$(resolve -4 dual.example.com)"
    equal "$ORIGIN_V6  dual.example.com" "$(resolve -6 dual.example.com)"
}

it_takes_the_environment_as_the_library_does() {
    configure 'hosts = ( "*.example.com" ); upstreams = [ "127.0.0.1:1" ];'
    equal "$ORIGIN_V4  $CDN" "$(ORIGIN_BYPASS_UPSTREAMS=8.8.8.8 resolve "$CDN")"
    contains "$EDGE_V6  $CDN" "$(ORIGIN_BYPASS_HOSTS=www.example.com resolve "$CDN")"
    contains "$EDGE_V6  $CDN" "$(ORIGIN_BYPASS_DISABLED=1 resolve "$CDN")"
}

it_exits_with_1_where_a_host_has_no_address() {
    configure 'hosts = ( "*.example.com" );'
    equal "$ORIGIN_V4  $CDN
1" "$(resolve "$CDN" gone.example.com; echo $?)"
    contains 'gone.example.com: Name or service not known' "$(<"$messages")"
    equal 1 "$(resolve -6 "$CDN"; echo $?)"
}

it_says_when_libc_has_answered_in_the_place_of_external_dns() {
    configure 'hosts = ( "*.example.com" );'
    stop 8.8.8.8
    stop 1.1.1.1
    contains "$EDGE_V6  $CDN" "$(resolve "$CDN")"
    contains "$CDN: external DNS has no usable answer, and libc has answered" "$(<"$messages")"
    lacks '"level"' "$(<"$messages")" # the library's own messages are for programs
}

it_exits_with_1_where_libc_has_answered_for_a_listed_host() {
    configure 'hosts = ( "*.example.com", "!other.example.com" );'
    equal 0 "$(resolve "$CDN" >/dev/null; echo $?)"
    equal 0 "$(resolve other.example.com >/dev/null; echo $?)"
    stop 8.8.8.8
    stop 1.1.1.1
    equal 0 "$(resolve other.example.com >/dev/null; echo $?)"
    equal 1 "$(resolve "$CDN" >/dev/null; echo $?)"
    equal 1 "$(resolve --json "$CDN" >/dev/null; echo $?)"
    equal 1 "$(resolve --explain "$CDN" >/dev/null; echo $?)"
}

it_warns_of_an_edge_though_nothing_is_to_be_explained() {
    configure "hosts = ( \"$SHOP\", \"$CDN\" );"
    equal 0 "$(resolve "$SHOP" >/dev/null; echo $?)"
    equal "originbypass resolve: $SHOP: $EDGE_V6 is an edge of the CDN (cloudflare), and no origin; --explain shows more" \
        "$(<"$messages")"
    resolve "$CDN"
    equal '' "$(<"$messages")"
    configure "hosts = ( \"$CDN\" );"
    equal 0 "$(resolve "$SHOP" >/dev/null; echo $?)"
    contains "$SHOP: $EDGE_V6 is an edge of the CDN (cloudflare), and no origin, and external DNS is not asked for this host" \
        "$(<"$messages")"
}

it_has_the_edge_in_its_document() {
    configure "hosts = ( \"$SHOP\", \"$CDN\" );"
    equal "$SHOP $EDGE_V6 cloudflare
$CDN None" "$(resolve --json "$SHOP" "$CDN" | json '
for host in document["hosts"]:
    print(host["host"], *(host["edge"].values() if host["edge"] else [None]))')"
}

it_exits_with_1_where_the_configuration_is_refused() {
    configure 'hosts = ( "cdn.example.com" ); upstream = [ "8.8.8.8" ];'
    contains "$EDGE_V6  $CDN" "$(resolve "$CDN" || echo "failed with $?")"
    contains 'failed with 1' "$(resolve "$CDN" || echo "failed with $?")"
    contains "configuration is refused, and every call goes to libc: $file:1: " "$(<"$messages")"
    equal 1 "$(wc -l <"$messages")"
}

it_exits_with_2_for_a_wrong_command_line() {
    equal 2 "$(resolve; echo $?)"
    contains 'Usage: originbypass resolve' "$(<"$messages")"
    equal 2 "$(resolve --wrong "$CDN"; echo $?)"
    contains '--wrong is not an option' "$(<"$messages")"
}

it_is_a_document_of_json() {
    configure 'hosts = ( "*.example.com", { name = "old.example.com"; addresses = [ "203.0.113.7" ]; } );
        cache = { max_ttl_s = 60; };'
    equal "$CDN|203.0.113.7|external DNS|60
old.example.com|203.0.113.7|the configuration|0
gone.example.com||libc, as the fallback|0" "$(resolve --json "$CDN" old.example.com gone.example.com | json '
for host in document["hosts"]:
    print(host["host"], " ".join(host["addresses"]), host["answered_by"], host["kept_s"], sep="|")')"
}

# --- every step ------------------------------------------------------------------------------------------------------

it_explains_the_rule_and_its_line() {
    configure $'hosts = (\n  "*.example.com",\n  "!other.example.com"\n);'
    contains "rule      *.example.com  ($file:2)" "$(explain "$CDN")"
    contains "rule      !other.example.com  ($file:3)" "$(explain other.example.com)"
    contains "rule      *.example.com  (ORIGIN_BYPASS_HOSTS)" "$(ORIGIN_BYPASS_HOSTS='*.example.com' explain "$CDN")"
}

it_explains_that_libc_answers_for_a_host_without_a_rule_and_what() {
    configure 'hosts = ( "www.example.com" );'
    contains 'libc: no rule matches' "$(explain "$CDN")"
    contains "program   $EDGE_V6, $EDGE_V4  (from libc)" "$(explain "$CDN")"
    contains 'External DNS is not asked for this host.' "$(explain "$CDN")"
    nobody_asked 8.8.8.8 1.1.1.1
    configure 'hosts = ( "*" );'
    contains 'leaves names without a dot, and those that are local by their nature, at home' "$(explain a.local)"
}

it_explains_each_upstream_with_its_round_trip_time() {
    scripted_at 127.0.0.1 5301 well,after_ms=300
    configure "hosts = ( \"$CDN\" ); upstreams = [ \"127.0.0.1:5301\", \"8.8.8.8\" ]; query = { hedge_ms = 1000; };"
    equal $'127.0.0.1:5301 A addresses slow\n8.8.8.8 A addresses quick' "$(explain --json "$CDN" | json '
for upstream in document["hosts"][0]["upstreams"]:
    answer = upstream["answers"][0]
    print(upstream["upstream"], answer["type"], answer["outcome"],
        "slow" if answer["round_trip_ms"] >= 300 else "quick")')"
}

it_explains_what_an_upstream_has_said() {
    scripted_at 127.0.0.1 5301 well
    configure 'hosts = ( "*.example.com" );'
    contains 'CNAME alias.example.com -> alias.cdn.example.net -> origin.example.net' "$(explain alias.example.com)"
    contains "  60  $ORIGIN_V4" "$(ORIGIN_BYPASS_UPSTREAMS=127.0.0.1:5301 explain "$CDN")" # the TTL
    contains 'NXDOMAIN' "$(explain gone.example.com)"
    contains 'NODATA' "$(explain empty.example.com)"
    stop 8.8.8.8
    contains 'not reachable: refused, or no route' "$(explain "$CDN")"
    start 8.8.8.8
    silence 8.8.8.8
    contains 'no answer in time' "$(explain "$CDN")"
}

it_explains_which_addresses_are_taken_out_and_why() {
    configure 'hosts = ( { name = "byoip.example.com"; reject = [ "198.51.100.0/24" ]; }, "*.example.com" );
        answers = { reject = [ "cloudflare" ]; };'
    contains "$EDGE_V4, rejected by 104.16.0.0/13 of \"cloudflare\"" "$(explain mixed.example.com)"
    contains "program   $ORIGIN_V4  (from external DNS" "$(explain mixed.example.com)"
    contains 'rejected by 198.51.100.0/24' "$(explain byoip.example.com)"
    contains "program   $EDGE_V4  (from libc, as the fallback; rejected, but there is no other)" \
        "$(explain lost.example.com)"
}

it_explains_what_libc_would_have_said() {
    configure 'hosts = ( "*.example.com" );'
    contains "libc      $EDGE_V6, $EDGE_V4" "$(explain "$CDN")"
    contains 'libc      Name or service not known' "$(explain lost.example.com)"
}

it_knows_libc_also_where_the_library_is_preloaded_into_the_command() {
    configure 'hosts = ( "*.example.com" );'
    contains "libc      $EDGE_V6, $EDGE_V4" "$(preloaded "$originbypass" resolve --explain "$CDN")"
}

it_warns_of_an_edge_that_libc_answers_with_why_external_dns_has_not_answered() {
    configure 'hosts = ( "*.example.com" );'
    local said
    stop 8.8.8.8
    stop 1.1.1.1
    said=$(explain shop.example.com) || :
    contains 'is an edge of the CDN (cloudflare), and no origin. External DNS has not answered: see above.' "$said"
    lacks 'hidden primary' "$said"
}

it_names_the_upstream_that_says_an_origin_if_another_says_an_edge() {
    configure "hosts = ( \"$CDN\" ); upstreams = [ \"$LOCAL_DNS\", \"8.8.8.8\" ];"
    local said
    said=$(explain "$CDN")
    contains 'is an edge of the CDN (cloudflare), and no origin. 8.8.8.8 says an origin: take the upstreams out that do not.' "$said"
    lacks 'hidden primary' "$said"
}

it_warns_of_an_edge_with_the_three_ways_out() {
    configure 'hosts = ( "*.example.com" );'
    local said
    said=$(explain "$SHOP")
    contains "$EDGE_V4, an edge of cloudflare" "$said"
    contains "warning   $EDGE_V6 is an edge of the CDN (cloudflare), and no origin" "$said"
    contains 'upstreams  a hidden primary' "$said"
    contains 'query      a name of the same origin that is not proxied' "$said"
    contains 'addresses  the origin' "$said"
    lacks warning "$(explain "$CDN")"
    equal cloudflare "$(explain --json "$SHOP" | json 'print(document["hosts"][0]["edge"]["set"])')"
}

it_explains_the_way_of_a_host_with_settings_of_its_own() {
    configure "hosts = ( { name = \"$SHOP\"; upstreams = [ \"$PRIMARY\" ]; family = \"ipv4\"; },
        { name = \"fourth.example.com\"; query = \"dual.example.com\"; },
        { name = \"alias-outside.example.com\"; upstreams = [ \"$PRIMARY\" ]; },
        { name = \"old.example.com\"; addresses = [ \"203.0.113.7\" ]; } );"
    contains "way       $PRIMARY; family = ipv4" "$(explain "$SHOP")"
    lacks AAAA "$(explain "$SHOP")"
    contains 'asked for dual.example.com' "$(explain fourth.example.com)"
    contains 'alias of  pool.example.net, which the general upstreams are asked for' "$(explain alias-outside.example.com)"
    contains "program   $ORIGIN_V4" "$(explain alias-outside.example.com)"
    contains 'way       always 203.0.113.7' "$(explain old.example.com)"
    contains "program   $ORIGIN_V4  (from the configuration)" "$(explain old.example.com)"
}

it_says_nothing_to_the_terminal_but_colours() {
    configure "hosts = ( \"*.example.com\", { name = \"evil.example.com\"; upstreams = [ \"127.0.0.1:5301\" ]; } );"
    scripted_at 127.0.0.1 5301 alias_with_an_escape
    contains "$ORIGIN_V4" "$(explain evil.example.com)"
    lacks $'\033' "$(explain evil.example.com)"
    contains 'ev\x1bil.example.com' "$(explain $'ev\033il.example.com')"
    lacks $'\033' "$(resolve $'ev\033il.example.com' 2>&1 || cat "$messages")"
    contains 'ev\u001bil' "$(explain --json $'ev\033il.example.com')"
    contains $'\033[1m'"$CDN"$'\033[0m' "$(on_a_terminal "$originbypass" resolve --explain "$CDN")"
    lacks $'\033' "$(NO_COLOR=1 on_a_terminal "$originbypass" resolve --explain "$CDN")"
}

# --- -----------------------------------------------------------------------------------------------------------------

resolve() { "$originbypass" resolve "$@" 2>"$messages"; }

# If the host has no address, only the explanation counts.
explain() { resolve --explain "$@" || (($? == 1)); }

on_a_terminal() {
    TERM=xterm "$python" -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' "$@" </dev/null
}

# json PROGRAM: what the Python program prints about the document on standard input.
json() {
    "$python" -c "import json, sys
document = json.load(sys.stdin)
$1"
}

configure() {
    mkdir -p /etc/originbypass
    printf '%s\n' "$1" >"$file"
}

check_all "$@"
