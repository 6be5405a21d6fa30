#!/usr/bin/env bash
# nginx as a reverse proxy, which resolves once per reload: what it gets then must be good until the next one.
# shellcheck source-path=SCRIPTDIR source=faults.sh
source "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

ip address replace $NEW/32 dev lo

it_is_connected_to_the_new_address_by_one_reload_after_a_quiet_time() {
    let_the_origin_have_both_addresses
    serve $FIRST well,ttl_s=1,soa_ttl_s=1
    start_proxy_with 'cache = { stale_window_s = 1; };'
    contains "\"address\":\"$OLD\"" "$(ask)"
    behave $FIRST well,ttl_s=1,soa_ttl_s=1,address=$NEW
    sleep 2.5
    reload_proxy
    contains "\"address\":\"$NEW\"" "$(ask)"
    stop_proxy
    nobody_asked "$LOCAL_DNS"
}

it_keeps_its_address_by_a_reload_while_every_upstream_is_gone() {
    serve $FIRST well,ttl_s=1,soa_ttl_s=1
    start_proxy_with 'cache = { stale_window_s = 1; };'
    contains "\"address\":\"$OLD\"" "$(ask)"
    leave $FIRST
    sleep 2.5
    reload_proxy
    reload_proxy
    contains "\"address\":\"$OLD\"" "$(ask)"
    stop_proxy
    nobody_asked "$LOCAL_DNS"
}

start_proxy_with() {
    echo "$1" >"$TMPDIR/faults.conf"
    start_proxy LD_PRELOAD="$LAB_LIBRARY" ORIGIN_BYPASS_HOSTS="$CDN" ORIGIN_BYPASS_UPSTREAMS=$FIRST \
        ORIGIN_BYPASS_CONFIG_FILE="$TMPDIR/faults.conf"
}

ask() { curl -s --max-time 20 http://127.0.0.1:8080/; }

let_the_origin_have_both_addresses() {
    stop web
    sed "s|listen $OLD:\(.*\);|listen $OLD:\1; listen $NEW:\1;|" "$WORLD/web.conf" >"$TMPDIR/web.conf"
    WORLD=$TMPDIR start web
}

check_all "$@"
