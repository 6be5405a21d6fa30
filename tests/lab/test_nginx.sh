#!/usr/bin/env bash
# nginx as a reverse proxy to the name it stands behind, with SNI and certificate check on (world/proxy.conf).
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_meets_the_edge_without_the_library() {
    equal 'error code: 1000' "$(through_proxy)"
}

it_reaches_the_origin_with_host_sni_and_certificate_in_order() {
    contains '"host":"cdn.example.com","sni":"cdn.example.com"' "$(through_proxy "${with_library[@]}")"
    nobody_asked "$LOCAL_DNS"
    equal '' "$(grep -v initgroups "$LAB/log/proxy")" # which nginx is denied in a user namespace
}

it_refuses_an_origin_with_a_foreign_certificate() {
    present_a_foreign_certificate
    contains '502 Bad Gateway' "$(through_proxy "${with_library[@]}")"
    contains 'upstream SSL certificate verify error' "$(<"$LAB/log/proxy")"
}

it_reaches_the_origin_with_8888_down() {
    stop 8.8.8.8
    contains '"server":"origin"' "$(through_proxy "${with_library[@]}")"
    nobody_asked "$LOCAL_DNS"
}

it_meets_the_edge_with_both_down_and_says_why() {
    stop 8.8.8.8
    stop 1.1.1.1
    equal 'error code: 1000' "$(through_proxy "${with_library[@]}")"
    contains '"msg":"failed to resolve origin IP via external DNS, using default DNS"' "$(<"$LAB/log/proxy")"
}

it_reaches_the_origin_again_after_a_reload() {
    start_proxy "${with_library[@]}"
    contains '"server":"origin"' "$(ask)"
    reload_proxy
    contains '"server":"origin"' "$(ask)"
    stop_proxy
    nobody_asked "$LOCAL_DNS"
}

with_library=(LD_PRELOAD="$LAB_LIBRARY" ORIGIN_BYPASS_HOSTS="$CDN")

through_proxy() {
    start_proxy "$@"
    ask
    stop_proxy
}

ask() { curl -s --max-time 20 http://127.0.0.1:8080/; }

present_a_foreign_certificate() {
    stop web
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$CDN" \
        -addext "subjectAltName=DNS:$CDN" -out "$TMPDIR/foreign.pem" -keyout "$TMPDIR/foreign.key"
    sed "s|/run/lab/tls/origin|$TMPDIR/foreign|" "$WORLD/web.conf" >"$TMPDIR/web.conf"
    WORLD=$TMPDIR start web
    trap 'stop web' EXIT
}

check_all "$@"
