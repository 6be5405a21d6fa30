#!/usr/bin/env bash
# ORIGIN_BYPASS_HOSTS=auto is the whole configuration: real programs, and what the command says. See test_when_edge.sh.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
source "$lab/proxy.sh"

SIX=six.example.com   # outside it has an IPv6 origin alone
SHOP=shop.example.com # it is the edge outside, too
OTHER=other.example.com

# --- real programs ---------------------------------------------------------------------------------------------------

it_leads_programs_to_the_origin_without_a_list_of_names() {
    contains "\"host\":\"$CDN\"" "$(bypass auto curl -sS --max-time 20 "https://$CDN/")"
    quiet
}

it_leads_nginx_to_the_origin() {
    start_proxy "${with_auto[@]}"
    contains '"server":"origin"' "$(curl -sS --max-time 20 http://127.0.0.1:8080/)"
    reload_proxy
    contains '"server":"origin"' "$(curl -sS --max-time 20 http://127.0.0.1:8080/)"
    stop_proxy
}

it_leads_tinyproxy_to_the_origin_and_to_the_local_network() {
    run_proxy env "${with_auto[@]}" tinyproxy -d -c "$lab/proxies/tinyproxy.conf"
    way=("${forward[@]}")
    contains '"server":"origin"' "$(ask "http://$CDN/")"
    forget 8.8.8.8 1.1.1.1
    ask http://intranet.example.com/ >"$TMPDIR/page"
    nobody_asked 8.8.8.8 1.1.1.1
    stop_proxy
}

it_gives_each_family_its_own_answer_in_one_process() {
    in_python auto "
import socket
def look_up(name, family):
    try: return sorted({a[4][0] for a in socket.getaddrinfo(name, 443, family, socket.SOCK_STREAM)})
    except socket.gaierror as error: return error.errno == socket.EAI_NODATA and 'nothing'
for name in '$CDN', '$SIX', '$SHOP', 'dual.example.com':
    for family in socket.AF_INET6, socket.AF_INET, socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6:
        print(name, *look_up(name, family))
" >"$TMPDIR/out"
    cat "$TMPDIR/out"
    equal "$(
        printf "$CDN %s\n" 'n o t h i n g' "$ORIGIN_V4" "$ORIGIN_V4" "$ORIGIN_V4" 'n o t h i n g'
        printf "$SIX %s\n" "$ORIGIN_V6" 'n o t h i n g' "$ORIGIN_V6" 'n o t h i n g' "$ORIGIN_V6"
        printf "$SHOP %s\n" "$EDGE_V6" "$EDGE_V4" "$EDGE_V4 $EDGE_V6" "$EDGE_V4" "$EDGE_V6"
        printf 'dual.example.com %s\n' "$ORIGIN_V6" "$ORIGIN_V4" "$ORIGIN_V6 $ORIGIN_V4" "$ORIGIN_V4" "$ORIGIN_V6"
    )" "$(<"$TMPDIR/out")"
}

it_asks_libc_again_when_the_ttl_of_the_origin_is_over() {
    with_settings "$patient cache = { max_ttl_s = 1; };"
    in_python auto "
import socket, time
print(socket.gethostbyname('$CDN'))
open('/etc/hosts', 'a').write('$LOCAL_WEB $CDN\n')
end = time.monotonic() + 60
while socket.gethostbyname('$CDN') != '$LOCAL_WEB' and time.monotonic() < end: time.sleep(.05)
print(socket.gethostbyname('$CDN'), *{a[4][0] for a in socket.getaddrinfo('$CDN', 80)})
" >"$TMPDIR/out"
    equal "$ORIGIN_V4
$LOCAL_WEB $LOCAL_WEB" "$(<"$TMPDIR/out")"
}

it_keeps_an_origin_while_the_local_dns_fails() {
    with_settings "$patient cache = { max_ttl_s = 1; mode = \"ttl\"; };"
    coproc looking_up { in_python auto "
import socket
for line in open(0): print(socket.gethostbyname('$CDN'), *{a[4][0] for a in socket.getaddrinfo('$CDN', 80)}, flush=True)"; }
    origin_is_found
    stop "$LOCAL_DNS"
    until_true asked_outside_again
    origin_is_found
}

# shellcheck disable=SC2154 # bash sets looking_up
origin_is_found() {
    local found
    echo >&"${looking_up[1]}"
    read -r found <&"${looking_up[0]}"
    equal "$ORIGIN_V4 $ORIGIN_V4" "$found"
}

asked_outside_again() {
    origin_is_found || return
    (($(queries 8.8.8.8 "$CDN" A) > 1))
}

it_says_that_the_family_leaves_the_origin_out() {
    with_settings "$patient hosts = ( { name = \"*\"; when = \"edge\"; family = \"ipv6\"; } );"
    report=$(COLUMNS=1000 "$originbypass" doctor "$CDN") || :
    tells "external DNS has no other address than edges that family = \"ipv6\" lets the host use: a program connects to the CDN"
    tells 'take family out of the configuration of this host'
}

it_says_that_the_local_dns_fails() {
    stop "$LOCAL_DNS"
    diagnosed "$CDN"
    tells "bad   $CDN: a program gets libc's answer, and there is none ("
    tells "no reply from the name server of /etc/resolv.conf $LOCAL_DNS"
    equal 1 "$status"
}

it_says_which_name_server_makes_each_lookup_wait() {
    printf '%s\n' 'nameserver 192.0.2.1' "nameserver $LOCAL_DNS" 'options timeout:30' >/etc/resolv.conf
    ip route replace 192.0.2.0/24 dev lo
    diagnosed "$CDN"
    ip route del 192.0.2.0/24 dev lo
    tells "bad   $CDN: a program gets libc's answer, and waits for it (it has not answered within 4 s): no reply from the name server of /etc/resolv.conf 192.0.2.1."
    equal 1 "$status"
}

it_counts_edges() {
    mkdir -m 1777 "$TMPDIR/edges"
    export ORIGIN_BYPASS_METRICS=$TMPDIR/edges
    call auto getaddrinfo "$CDN" inet 3 >"$TMPDIR/out"
    call auto getaddrinfo "$SHOP" inet 3 >"$TMPDIR/out"
    call auto getaddrinfo "$OTHER" inet 3 >"$TMPDIR/out"
    equal '4 1 3' "$(counter edges_seen) $(counter edges_replaced) $(counter pass_throughs)"
}

# --- the command -----------------------------------------------------------------------------------------------------

it_explains_whether_libc_leads_to_an_edge() {
    explained "$CDN"
    contains "libc says an edge ($EDGE_V4, cloudflare): external DNS is asked" "$(<"$TMPDIR/explained")"
    contains "$ORIGIN_V4  (from external DNS" "$(<"$TMPDIR/explained")"
    explained "$OTHER"
    contains 'libc says no edge: external DNS is not asked' "$(<"$TMPDIR/explained")"
    contains "$LOCAL_WEB  (from libc)" "$(<"$TMPDIR/explained")"
    equal 0 "$(queries 8.8.8.8 "$OTHER")"
    explained "$SHOP"
    contains 'from libc: external DNS has no other address than edges' "$(<"$TMPDIR/explained")"
}

it_fails_to_explain_an_edge_that_external_dns_was_not_asked_about() {
    stop 8.8.8.8
    stop 1.1.1.1
    fails explained "$CDN"
    contains 'from libc, as the fallback' "$(<"$TMPDIR/explained")"
}

it_shows_the_rule_of_the_word_auto() {
    ORIGIN_BYPASS_HOSTS=auto "$originbypass" check >"$TMPDIR/checked"
    cat "$TMPDIR/checked"
    contains 'the upstreams; when = edge' "$(grep '^\*' "$TMPDIR/checked")"
}

it_says_where_a_program_connects_that_has_only_the_word_auto() {
    diagnosed "https://$CDN/" "$SHOP" "$OTHER"
    equal 0 "$status"
    tells "good  $CDN: external DNS says $ORIGIN_V4: with the library a program connects there"
    tells "good  https://$CDN:443/: status 200"
    tells "good  $OTHER: libc says $LOCAL_WEB, no edge of the CDN: a program connects there, and external DNS is not asked"
    tells "note  $SHOP: external DNS has no other address than edges: a program connects to the CDN ("
    equal 0 "$(queries 8.8.8.8 "$OTHER")"
}

# -q leaves out the notes on the host, so what it prints must not lead there.
it_says_all_that_matters_of_a_url_with_q() {
    diagnosed -q "https://$SHOP/"
    equal 1 "$status"
    tells "bad   https://$SHOP:443/: connected to "
    tells 'In the configuration file give the host upstreams of its own'
    ! tells 'See the finding' || return 1
    diagnosed -q "https://nowhere.invalid/"
    tells "bad   https://nowhere.invalid:443/: not tried: a program gets libc's answer for nowhere.invalid, and libc has no address"
    ! tells 'See the finding' || return 1
}

it_says_that_external_dns_did_not_answer_for_an_edge() {
    stop 8.8.8.8
    stop 1.1.1.1
    diagnosed "$CDN" "$OTHER"
    equal 1 "$status"
    tells "bad   $CDN: no upstream answers for $CDN"
    tells "good  $OTHER: libc says $LOCAL_WEB, no edge of the CDN"
}

it_looks_at_a_process_that_has_only_the_word_auto() {
    start_proxy "${with_auto[@]}"
    diagnosed --pid "$proxy" "$CDN" "$OTHER"
    stop_proxy
    equal 0 "$status"
    tells "from ORIGIN_BYPASS_HOSTS: auto; upstreams: 8.8.8.8 1.1.1.1"
    tells "good  $CDN: external DNS says $ORIGIN_V4: with the library a program connects there"
    tells "good  $OTHER: libc says $LOCAL_WEB, no edge of the CDN"
}

it_refuses_what_could_never_be_an_edge() {
    refused "edges = [ ]; when = \"edge\"; hosts = ( \"$CDN\" );" 'when is "edge", but edges is empty'
    refused "edges = [ ]; hosts = ( \"auto\" );" 'when is "edge", but edges is empty'
    refused "hosts = ( { name = \"$CDN\"; when = \"edge\"; edges = [ ]; } );" 'when is "edge", but edges is empty'
    refused "hosts = ( { name = \"$CDN\"; when = \"edges\"; } );" 'expected "always" or "edge"'
    refused 'hosts = ( "!auto" );' '"!auto" excludes nothing'
    refused "hosts = ( { name = \"auto\"; family = \"ipv4\"; } );" '"auto" has no settings of its own'
    refused 'hosts = ( "auto", "*" );' '"*" contradicts the rule for the same name in line 1'
}

it_takes_a_host_of_the_name_auto_with_a_final_dot() {
    with_settings 'hosts = ( "auto." );'
    equal auto "$("$originbypass" check --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["rules"][0]["rule"])')"
}

# --- the lab ---------------------------------------------------------------------------------------------------------

with_auto=("LD_PRELOAD=$LAB_LIBRARY" ORIGIN_BYPASS_HOSTS=auto)
in_python() { bypass "$1" "$python" -c "$2"; }
counter() { "$originbypass" stats --prometheus | sed -n "s/^originbypass_$1_total //p"; }
explained() { ORIGIN_BYPASS_HOSTS=auto "$originbypass" resolve -4 --explain "$1" >"$TMPDIR/explained"; }

# diagnosed ARGUMENT...: sets $status, and $report with each finding on one line.
diagnosed() {
    status=0
    report=$(COLUMNS=1000 ORIGIN_BYPASS_HOSTS=auto "$originbypass" doctor "$@") || status=$?
    echo "$report"
}
tells() { contains "$1" "$report"; }

# refused SETTINGS TEXT: check refuses these settings with an error that has the text.
refused() {
    with_settings "$1"
    "$originbypass" check >"$TMPDIR/refused" 2>&1 && return 1
    contains "$2" "$(<"$TMPDIR/refused")"
}

prepare() { with_settings "$patient"; }

check_all "$@"
