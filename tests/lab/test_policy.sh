#!/usr/bin/env bash
# Which addresses of an answer may be used, and what happens if none may.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

caller=$(compiled caller) || exit 125
SHOP=shop.example.com
BYOIP=byoip.example.com
CUSTOMERS_PREFIX=198.51.100.80
set_file=/etc/originbypass/byoip.txt

# --- addresses removed ----------------------------------------------------------------------------------------------

it_uses_every_address_without_a_policy() {
    configure 'hosts = ( "*.example.com" );'
    equal "$EDGE_V4 $ORIGIN_V4" "$(look_up mixed.example.com)"
}

it_takes_rejected_addresses_out() {
    configure 'hosts = ( "*.example.com" ); answers = { reject = [ "cloudflare" ]; };'
    equal "$ORIGIN_V4" "$(look_up mixed.example.com)"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
    contains "\"host\":\"mixed.example.com\"" "$(preloaded curl -sS --max-time 20 https://mixed.example.com/)"
}

it_lets_the_longest_prefix_decide() {
    configure 'hosts = ( "*.example.com" );
        answers = { reject = [ "203.0.113.0/24", "cloudflare" ]; accept = [ "104.21.80.230/32" ]; };'
    equal "$EDGE_V4" "$(look_up mixed.example.com)"
    configure 'hosts = ( "*.example.com" );
        answers = { accept = [ "203.0.113.0/24" ]; reject = [ "203.0.113.7" ]; };'
    equal "$EDGE_V4" "$(look_up mixed.example.com)"
}

it_leads_curl_to_what_is_accepted_within_a_rejected_prefix() {
    configure 'hosts = ( { name = "*.example.com"; reject = [ "203.0.113.0/24" ]; } );'
    contains 'error code: 1000' "$(preloaded curl -sS --max-time 20 https://mixed.example.com/)"
    configure 'hosts = ( { name = "*.example.com"; reject = [ "0.0.0.0/0" ]; accept = [ "203.0.113.7" ]; } );'
    contains '"host":"mixed.example.com"' "$(preloaded curl -sS --max-time 20 https://mixed.example.com/)"
}

it_lets_the_lists_of_a_host_replace_the_general_ones() {
    configure 'hosts = ( { name = "*.example.com"; reject = [ "203.0.113.0/24" ]; } ); answers = { reject = [ "cloudflare" ]; };'
    equal "$EDGE_V4" "$(look_up mixed.example.com)"
    configure 'hosts = ( { name = "mixed.example.com"; reject = [ ]; } ); answers = { reject = [ "cloudflare" ]; };'
    equal "$EDGE_V4 $ORIGIN_V4" "$(look_up mixed.example.com)"
}

it_rejects_a_public_name_that_points_inside() {
    configure 'hosts = ( "*.example.com" ); answers = { reject = [ "private" ]; strict = true; };'
    stop 8.8.8.8
    stop 1.1.1.1
    equal EAI_AGAIN "$(look_up intranet.example.com)" # the local DNS has it at 10.0.0.80
    contains 'warn every address is rejected host=intranet.example.com ip=10.0.0.80 prefix=10.0.0.0/8 used=False' \
        "$(said host ip prefix used)"
}

it_takes_the_users_own_prefixes_from_a_file() {
    configure "hosts = ( \"$BYOIP\" );"
    equal "$CUSTOMERS_PREFIX" "$(look_up "$BYOIP")"
    configure "hosts = ( \"$BYOIP\" ); answers = { reject = [ \"cloudflare\", \"file:$set_file\" ]; };"
    printf '# ours, which the CDN announces\n\n  198.51.100.64/26 # shop\r\n2001:db8:80::/48\n' >"$set_file"
    equal "$ORIGIN_V4" "$(look_up "$BYOIP")"
    contains '"server":"origin"' "$(preloaded curl -sS --max-time 20 "https://$BYOIP/")"
}

# --- nothing is left ------------------------------------------------------------------------------------------------

it_asks_the_next_upstream_at_once_when_all_is_rejected() {
    configure "hosts = ( { name = \"*.example.com\"; reject = [ \"cloudflare\" ]; upstreams = [ \"8.8.8.8\", \"$PRIMARY\" ]; } );
        query = { hedge_ms = 10000; deadline_ms = 20000; timeout_ms = 10000; };"
    local begin=$EPOCHREALTIME took_ms
    equal "$ORIGIN_V4" "$(look_up "$SHOP")"
    took_ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
    echo "took $took_ms ms with a hedge after 10000 ms"
    ((took_ms < 5000))
    equal 1 "$(queries 8.8.8.8 "$SHOP" A)"
    nobody_asked "$LOCAL_DNS"
    contains '"server":"origin"' "$(preloaded curl -sS --max-time 20 "https://$SHOP/")"
}

it_lets_libc_answer_after_the_last_upstream() {
    configure "hosts = ( \"$BYOIP\" ); answers = { reject = [ \"198.51.100.0/24\" ]; strict = true; };"
    equal "$ORIGIN_V4" "$(look_up "$BYOIP")"
    equal '1 1' "$(queries 8.8.8.8 "$BYOIP" A) $(queries 1.1.1.1 "$BYOIP" A)"
    contains "reason=8.8.8.8: every address is rejected; 1.1.1.1: every address is rejected" "$(said reason)"
    lacks 'warn every address is rejected' "$(said)"
}

it_takes_rejected_addresses_out_of_libcs_answer_too() {
    configure 'hosts = ( "mixed.example.com" ); answers = { reject = [ "cloudflare" ]; };'
    stop 8.8.8.8
    stop 1.1.1.1
    local function rejected
    equal "$ORIGIN_V4" "$(look_up mixed.example.com unspec)"
    for function in gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r; do
        equal "$ORIGIN_V4" "$(preloaded "$caller" "$function" mixed.example.com inet)"
    done
    for rejected in cloudflare 203.0.113.0/24; do # libc's first address matches one of them
        configure "hosts = ( \"mixed.example.com\" ); answers = { reject = [ \"$rejected\" ]; };"
        equal mixed.example.com "$(preloaded "$python" -c '
import socket
print(socket.getaddrinfo("mixed.example.com", 443, flags=socket.AI_CANONNAME)[0][3])')"
    done
}

it_uses_them_with_a_warning_when_libc_has_nothing_else() {
    configure "hosts = ( \"$SHOP\" ); answers = { reject = [ \"cloudflare\" ]; };"
    contains 'error code: 1000' "$(preloaded curl -sS --max-time 20 -4 "https://$SHOP/")"
    contains "warn every address is rejected host=$SHOP ip=$EDGE_V4 prefix=104.16.0.0/13 used=True" \
        "$(said host ip prefix used)"
    contains "warn resolved address is a CDN edge, not an origin host=$SHOP ip=$EDGE_V4" "$(said host ip)"
    equal "$EDGE_V4" "$(preloaded "$caller" gethostbyname "$SHOP")"
}

it_fails_then_when_it_is_strict() {
    configure "hosts = ( \"$SHOP\" ); answers = { reject = [ \"cloudflare\" ]; strict = true; };"
    fails preloaded curl -sS --max-time 20 "https://$SHOP/"
    contains "warn every address is rejected host=$SHOP ip=$EDGE_V4 prefix=104.16.0.0/13 used=False" \
        "$(preloaded "$caller" getaddrinfo "$SHOP" inet >/dev/null || said host ip prefix used)"
    equal EAI_AGAIN "$(look_up "$SHOP" unspec)"
    local function
    for function in gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r; do
        equal TRY_AGAIN "$(preloaded "$caller" "$function" "$SHOP" inet)"
    done
    equal 0 "$(grep -c "$EDGE_V4" "$LAB/log/web")"
}

it_is_strict_for_one_host() {
    configure "hosts = ( \"lost.example.com\", { name = \"$SHOP\"; strict = true; } ); answers = { reject = [ \"cloudflare\" ]; };"
    equal EAI_AGAIN "$(look_up "$SHOP" inet)"
    equal "$EDGE_V4" "$(look_up lost.example.com inet)"
}

it_is_strict_for_a_whole_wildcard_but_for_a_host_of_it() {
    configure "hosts = ( { name = \"*.example.com\"; strict = true; }, \"lost.example.com\" ); answers = { reject = [ \"cloudflare\" ]; };"
    equal EAI_AGAIN "$(look_up "$SHOP" inet)"
    fails preloaded curl -sS --max-time 20 -4 "https://$SHOP/"
    equal "$EDGE_V4" "$(look_up lost.example.com inet)"
}

it_uses_what_external_dns_said_where_libc_knows_nothing_at_all() {
    configure 'hosts = ( "lost.example.com" ); answers = { reject = [ "cloudflare" ]; };'
    equal "$EDGE_V4" "$(look_up lost.example.com unspec)"
    contains 'warn every address is rejected host=lost.example.com ip=104.21.80.230 prefix=104.16.0.0/13 used=True' \
        "$(said host ip prefix used)"
    local function
    for function in gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r; do
        equal "$EDGE_V4" "$(preloaded "$caller" "$function" lost.example.com inet)"
    done
    configure 'hosts = ( "lost.example.com" ); answers = { reject = [ "cloudflare" ]; strict = true; };'
    equal EAI_NONAME "$(look_up lost.example.com unspec | sed 's/EAI_NODATA/EAI_NONAME/')" # libc's error
}

it_uses_what_external_dns_said_where_libc_is_never_asked() {
    configure "hosts = ( \"$SHOP\" ); fallback = \"never\"; answers = { reject = [ \"cloudflare\" ]; };"
    equal "$EDGE_V4" "$(look_up "$SHOP" inet)"
    contains "warn every address is rejected host=$SHOP ip=$EDGE_V4 prefix=104.16.0.0/13 used=True" "$(said host ip prefix used)"
    configure "hosts = ( \"$SHOP\" ); fallback = \"never\"; answers = { reject = [ \"cloudflare\" ]; strict = true; };"
    equal EAI_AGAIN "$(look_up "$SHOP" inet)"
    contains "used=False" "$(said used)"
    nobody_asked "$LOCAL_DNS"
}

it_remembers_for_a_while_that_all_is_rejected() {
    configure "hosts = ( \"$SHOP\" ); answers = { reject = [ \"cloudflare\" ]; };"
    equal "$EDGE_V4" "$(preloaded "$caller" getaddrinfo "$SHOP" inet 20)"
    equal '1 1' "$(queries 8.8.8.8 "$SHOP" A) $(queries 1.1.1.1 "$SHOP" A)"
    equal 1 "$(said | grep -c 'every address is rejected')"
}

it_keeps_the_addresses_that_a_name_has_had_when_all_new_ones_are_rejected() {
    configure "hosts = ( { name = \"$SHOP\"; upstreams = [ \"$PRIMARY\" ]; } );
        cache = { mode = \"ttl\"; max_ttl_s = 1; }; answers = { reject = [ \"cloudflare\" ]; };"
    trap 'cp "$WORLD/primary.zone" "$LAB"; stop "$PRIMARY"; start "$PRIMARY"' EXIT
    coproc look_up { preloaded "$python" -u -c 'import socket
for line in open(0): print(socket.gethostbyname("shop.example.com"))'; }
    ask_the_process
    equal "$ORIGIN_V4" "$reply"
    sed -i "s/^shop .*/shop A $EDGE_V4/" "$LAB/primary.zone"
    stop "$PRIMARY"
    start "$PRIMARY"
    equal "$EDGE_V4" "$(dig "@$PRIMARY" +short "$SHOP")"
    sleep 1.2
    local asked_before
    asked_before=$(primary_queries)
    ask_the_process
    equal "$ORIGIN_V4" "$reply"
    (($(primary_queries) > asked_before))
    equal 0 "$(queries "$LOCAL_DNS" "$SHOP")"
}

ask_the_process() {
    echo >&"${look_up[1]}"
    read -r -t 20 reply <&"${look_up[0]}"
}

it_gives_the_family_that_is_not_rejected() {
    configure "hosts = ( \"dual.example.com\" ); answers = { reject = [ \"203.0.113.0/24\" ]; };"
    equal "$ORIGIN_V6" "$(look_up dual.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
}

# --- bad input ------------------------------------------------------------------------------------------------------

it_refuses_a_file_with_a_line_that_is_no_prefix() {
    bad_set_file $'192.0.2.0/24\n\n192.0.2.1/24\n' 'line=3 reason="192.0.2.1/24" has bits set after its length: expected 192.0.2.0/24'
    bad_set_file $'cloudflare\n' 'line=1 reason="cloudflare" is neither a prefix'
    bad_set_file $'# nothing\n' 'line=None reason=the file has no prefix'
    bad_set_file "$(head -c 3000 /dev/zero | tr '\0' 'x')" 'line=1'
}

it_refuses_a_noisy_file() {
    configure "hosts = ( \"$CDN\" ); answers = { reject = [ \"file:$set_file\" ]; };"
    head -c 65536 /dev/urandom >"$set_file"
    is_refused "file=$set_file"
}

it_refuses_a_file_that_can_not_be_read() {
    configure "hosts = ( \"$CDN\" );
answers = { reject = [ \"file:$set_file\" ]; };"
    is_refused "file=/etc/originbypass/originbypass.conf line=2 reason=\"file:$set_file\" cannot be used: the file does not exist"
    mkfifo "$set_file"
    is_refused 'cannot be used: this is not a regular file'
}

it_reads_the_file_at_the_programs_start() {
    configure "hosts = ( \"$BYOIP\" ); answers = { reject = [ \"file:$set_file\" ]; };"
    echo 198.51.100.0/24 >"$set_file"
    equal "$ORIGIN_V4" "$(preloaded "$python" -c "
import os, socket
os.remove('$set_file')
print(socket.gethostbyname('$BYOIP'))")"
}

bad_set_file() {
    configure "hosts = ( \"$CDN\" ); answers = { reject = [ \"file:$set_file\" ]; };"
    printf '%s' "$1" >"$set_file"
    is_refused "file=$set_file $2"
}

is_refused() {
    equal "$EDGE_V4" "$(look_up "$CDN" inet)"
    equal 1 "$(wc -l <"$messages")"
    contains 'error configuration refused' "$(said)"
    contains "$1" "$(said file line reason)"
}

configure() {
    mkdir -p /etc/originbypass
    printf '%s\n' "$1" >/etc/originbypass/originbypass.conf
}

# Sorted, because the server decides the order of two addresses of one family.
look_up() { preloaded "$caller" getaddrinfo "$1" "${2-inet}" | sort | paste -sd' '; }

check_all "$@"
