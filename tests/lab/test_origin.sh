#!/usr/bin/env bash
# If public DNS shows only the edge: the three ways to the origin, and the messages if none is taken.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

caller=$(compiled caller) || exit 125
SHOP=shop.example.com
PRIMARY_ALONE="upstreams = [ \"$PRIMARY\" ];"

# --- without --------------------------------------------------------------------------------------------------------

it_meets_the_edge_where_public_dns_shows_nothing_else_and_says_so() {
    configure "hosts = ( \"$SHOP\" );"
    meets_the_edge
    equal "warn resolved address is a CDN edge, not an origin host=$SHOP ip=$EDGE_V4 set=cloudflare" "$(said host ip set)"
    for way_out in 'hidden primary' query addresses; do contains "$way_out" "$(said what_to_do)"; done
}

it_says_that_it_is_the_edge_once_a_host() {
    configure 'hosts = ( "*.example.com" ); cache = { mode = "ttl"; min_ttl_s = 0; max_ttl_s = 1; };'
    preloaded "$python" -c '
import socket, time
for family in socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC:
    socket.getaddrinfo("shop.example.com", 443, family)
    time.sleep(1.1)
socket.getaddrinfo("lost.example.com", 443)'
    (($(queries 8.8.8.8 "$SHOP" A) > 1))
    equal "$SHOP lost.example.com" "$(said host | sed 's/.*host=//' | paste -sd' ')"
}

it_says_so_of_the_edge_that_libc_answers_with() {
    configure "hosts = ( \"$SHOP\" );"
    stop 8.8.8.8
    stop 1.1.1.1
    meets_the_edge
    contains "warn resolved address is a CDN edge, not an origin host=$SHOP" "$(said host)"
    contains 'external DNS has not answered' "$(said what_to_do)"
    lacks 'hidden primary' "$(said what_to_do)"
}

it_tells_of_the_three_ways_where_public_dns_does_not_know_the_name() {
    configure "hosts = ( { name = \"$SHOP\"; query = \"nosuch.example.com\"; } );"
    meets_the_edge
    contains 'hidden primary' "$(said what_to_do)"
}

it_says_so_of_an_edge_that_is_pinned() {
    configure "hosts = ( { name = \"$SHOP\"; addresses = [ \"$EDGE_V4\" ]; } );"
    meets_the_edge
    contains "warn resolved address is a CDN edge, not an origin host=$SHOP ip=$EDGE_V4" "$(said host ip)"
}

# --- a hidden primary -----------------------------------------------------------------------------------------------

it_reaches_the_origin_by_a_hidden_primary() {
    configure "hosts = ( { name = \"$SHOP\"; $PRIMARY_ALONE } );"
    reaches_the_origin
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
    quiet
}

it_reaches_the_origin_by_a_hidden_primary_of_a_wildcard() {
    configure "hosts = ( { name = \"*.example.com\"; $PRIMARY_ALONE } );"
    reaches_the_origin
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
}

it_leads_nginx_to_the_origin_by_a_hidden_primary() {
    configure "hosts = ( { name = \"$SHOP\"; $PRIMARY_ALONE } );"
    equal 'error code: 1000' "$(through_proxy)"
    contains "\"host\":\"$SHOP\",\"sni\":\"$SHOP\"" "$(through_proxy LD_PRELOAD="$LAB_LIBRARY")"
}

it_asks_the_hidden_primary_for_its_host_alone() {
    configure "hosts = ( \"*.example.com\", { name = \"$SHOP\"; $PRIMARY_ALONE } );"
    equal "$ORIGIN_V4" "$(look_up "$CDN" inet)"
    equal 1 "$(queries 8.8.8.8 "$CDN" A)"
}

it_does_not_take_the_edges_ipv6_address_from_anybody_where_the_primary_has_none() {
    configure "hosts = ( { name = \"$SHOP\"; $PRIMARY_ALONE }, { name = \"alias-within.example.com\"; $PRIMARY_ALONE } );"
    equal EAI_NODATA "$(look_up "$SHOP" inet6)"
    equal EAI_NODATA "$(look_up alias-within.example.com inet6 | sed 's/EAI_NONAME/EAI_NODATA/')" # libc's error for a chain
    equal "$ORIGIN_V4" "$(look_up alias-within.example.com unspec)"
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
}

it_follows_an_alias_out_of_the_primarys_zone_through_the_general_upstreams() {
    configure "hosts = ( { name = \"alias-outside.example.com\"; $PRIMARY_ALONE } );"
    SHOP=alias-outside.example.com reaches_the_origin
    equal '1 0' "$(queries 8.8.8.8 pool.example.net A) $(queries 8.8.8.8 alias-outside.example.com)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_names_the_end_of_such_a_chain_as_the_canonical_name() {
    configure "hosts = ( { name = \"alias-outside.example.com\"; $PRIMARY_ALONE } );"
    equal pool.example.net "$(preloaded "$python" -c '
import socket
print(socket.getaddrinfo("alias-outside.example.com", 443, socket.AF_INET, flags=socket.AI_CANONNAME)[0][3])')"
}

it_asks_the_second_general_upstream_for_the_rest_of_the_chain_too() {
    configure "hosts = ( { name = \"alias-outside.example.com\"; $PRIMARY_ALONE } );"
    stop 8.8.8.8
    equal "$ORIGIN_V4" "$(look_up alias-outside.example.com inet)"
    equal 1 "$(queries 1.1.1.1 pool.example.net A)"
}

it_lets_libc_answer_where_the_rest_of_the_chain_can_not_be_had() {
    configure "hosts = ( { name = \"alias-outside.example.com\"; $PRIMARY_ALONE }, { name = \"alias-nowhere.example.com\"; $PRIMARY_ALONE } );"
    equal "$EDGE_V4" "$(look_up alias-nowhere.example.com inet)"
    contains 'reason=no such name (NXDOMAIN)' "$(said reason)"
    stop 8.8.8.8
    stop 1.1.1.1
    equal "$EDGE_V4" "$(look_up alias-outside.example.com inet)"
    contains 'reason=8.8.8.8: not reachable' "$(said reason)"
}

it_lets_libc_answer_when_the_hidden_primary_is_down() {
    configure "hosts = ( { name = \"$SHOP\"; $PRIMARY_ALONE } );"
    stop "$PRIMARY"
    meets_the_edge
    contains "reason=$PRIMARY: not reachable" "$(said reason)"
    nobody_asked 8.8.8.8 1.1.1.1
}

# --- another name ---------------------------------------------------------------------------------------------------

it_reaches_the_origin_by_the_name_of_an_unproxied_record() {
    configure "hosts = ( { name = \"$SHOP\"; query = \"origin-shop.example.com\"; } );"
    reaches_the_origin
    equal '1 0' "$(queries 8.8.8.8 origin-shop.example.com A) $(queries 8.8.8.8 "$SHOP")"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_reaches_the_origin_by_another_name_for_a_whole_wildcard() {
    configure 'hosts = ( { name = "*.example.com"; query = "origin-shop.example.com"; } );'
    reaches_the_origin
    SHOP=anything.example.com reaches_the_origin
}

it_keeps_the_programs_name_as_the_canonical_one() {
    configure "hosts = ( { name = \"$SHOP\"; query = \"origin-shop.example.com\"; } );"
    equal "$SHOP" "$(preloaded "$python" -c 'import socket; print(socket.gethostbyname_ex("shop.example.com")[0])')"
}

# --- pinned addresses -----------------------------------------------------------------------------------------------

it_reaches_the_origin_by_its_address_and_asks_nobody() {
    configure "hosts = ( { name = \"$SHOP\"; addresses = [ \"$ORIGIN_V4\" ]; } );"
    reaches_the_origin
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
    quiet
}

it_reaches_the_origin_by_its_address_for_a_whole_wildcard() {
    configure "hosts = ( { name = \"*.example.com\"; addresses = [ \"$ORIGIN_V4\" ]; } );"
    reaches_the_origin
    SHOP=anything.example.com reaches_the_origin
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
}

it_has_no_record_of_a_family_that_is_not_pinned() {
    configure "hosts = ( { name = \"$SHOP\"; addresses = [ \"$ORIGIN_V4\" ]; }, { name = \"six.example.com\"; addresses = [ \"$ORIGIN_V6\" ]; } );"
    equal EAI_NODATA "$(look_up "$SHOP" inet6)"
    equal EAI_NODATA "$(look_up six.example.com inet)"
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
}

it_gives_pinned_addresses_in_the_order_of_the_file_after_libcs_ordering() {
    configure "hosts = ( { name = \"$SHOP\"; addresses = [ \"203.0.113.9\", \"$ORIGIN_V4\", \"203.0.113.8\", \"$ORIGIN_V6\" ]; } );"
    equal "203.0.113.9 $ORIGIN_V4 203.0.113.8" "$(preloaded "$caller" gethostbyname "$SHOP" inet | paste -sd' ')"
    equal "$ORIGIN_V6" "$(look_up "$SHOP" unspec | head -n 1)"
}

# --- the other settings of a host -----------------------------------------------------------------------------------

it_gives_one_family_alone_for_a_host() {
    configure 'hosts = ( { name = "dual.example.com"; family = "ipv4"; }, { name = "*.example.com"; family = "ipv6"; } );'
    equal "$ORIGIN_V4" "$(look_up dual.example.com unspec)"
    equal EAI_NODATA "$(look_up dual.example.com inet6)"
    equal EAI_NODATA "$(look_up "$CDN" unspec)"
    equal 0 "$(queries 8.8.8.8 "$CDN" A)"
    nobody_asked "$LOCAL_DNS"
}

it_leads_curl_over_the_family_of_a_host() {
    configure 'hosts = ( { name = "dual.example.com"; family = "ipv4"; } );'
    contains " 200 $ORIGIN_V4" "$(curl_to dual.example.com)"
    configure 'hosts = ( { name = "*.example.com"; family = "ipv6"; } );'
    contains " 200 $ORIGIN_V6" "$(curl_to dual.example.com)"
}

it_gives_one_family_alone_of_libcs_answer_too() {
    configure "hosts = ( { name = \"$SHOP\"; family = \"ipv4\"; } );"
    stop 8.8.8.8
    stop 1.1.1.1
    equal "$EDGE_V4" "$(look_up "$SHOP" unspec)"
}

it_fails_for_a_host_without_a_fallback() {
    configure "hosts = ( \"$CDN\", { name = \"$SHOP\"; fallback = \"never\"; } );"
    stop 8.8.8.8
    stop 1.1.1.1
    equal EAI_AGAIN "$(look_up "$SHOP" inet)"
    equal "$EDGE_V4" "$(look_up "$CDN" inet)"
}

it_does_not_lead_curl_to_the_edge_without_a_fallback() {
    stop 8.8.8.8
    stop 1.1.1.1
    configure 'hosts = ( "*.example.com" );'
    contains 'error code: 1000' "$(curl_to "$SHOP")"
    configure 'hosts = ( { name = "*.example.com"; fallback = "never"; } );'
    fails curl_to "$SHOP"
    equal 1 "$(grep -c '"status":"403"' "$LAB/log/web")"
}

it_caches_a_host_by_its_own_settings() {
    configure "hosts = ( \"$CDN\", { name = \"*.example.com\"; cache = { mode = \"ttl\"; max_ttl_s = 1; }; } );"
    preloaded "$python" -c '
import socket, time
for _ in range(2):
    for host in "cdn.example.com", "www.example.com":
        socket.getaddrinfo(host, 443, socket.AF_INET)
    time.sleep(1.2)'
    equal '1 2' "$(queries 8.8.8.8 "$CDN" A) $(queries 8.8.8.8 www.example.com A)"
}

# --- what the documents show ----------------------------------------------------------------------------------------

it_reaches_the_origin_with_each_configuration_of_the_readme() {
    local way
    for way in upstreams query addresses; do
        reaches_the_origin_with "$(readme_block 'When public DNS shows the edge' "$way = ")"
    done
}

it_reaches_the_origin_with_each_configuration_of_the_manual_page() {
    local way
    for way in upstreams query addresses; do
        reaches_the_origin_with "$(manual_block originbypass-troubleshooting.7 'PUBLIC DNS SHOWS THE EDGE' "$way = ")"
    done
}

reaches_the_origin_with() {
    contains "$SHOP" "$1"
    configure "$1"
    reaches_the_origin
    quiet
}

it_reaches_the_origin_with_the_policy_of_the_manual_page() {
    configure "$(manual_block originbypass.conf.5 ADDRESSES 'reject = ')"
    echo 198.51.100.0/24 >/etc/originbypass/byoip.txt
    reaches_the_origin
    equal 1 "$(queries 8.8.8.8 "$SHOP" A)"
    stop "$PRIMARY"
    equal EAI_AGAIN "$(look_up "$SHOP" inet)"
}

configure() {
    mkdir -p /etc/originbypass
    printf '%s\n' "$1" >/etc/originbypass/originbypass.conf
}

look_up() { preloaded "$caller" getaddrinfo "$@"; }

curl_to() { preloaded curl -sS --max-time 20 -w ' %{http_code} %{remote_ip} %{ssl_verify_result}' "https://$1/"; }

reaches_the_origin() {
    local answer
    answer=$(curl_to "$SHOP")
    contains "\"host\":\"$SHOP\",\"sni\":\"$SHOP\"" "$answer"
    contains " 200 $ORIGIN_V4 0" "$answer"
}

meets_the_edge() {
    contains 'error code: 1000' "$(preloaded curl -sS --max-time 20 -4 "https://$SHOP/")"
}

# The lab's reverse proxy, for the shop instead of its usual name.
through_proxy() (
    sed "s/$CDN/$SHOP/" "$WORLD/proxy.conf" >"$TMPDIR/proxy.conf"
    WORLD=$TMPDIR start_proxy "$@"
    curl -s --max-time 20 http://127.0.0.1:8080/
    stop_proxy
)

check_all "$@"
