#!/usr/bin/env bash
# The settings of libc's own resolver do not affect a listed name. Each test first shows that they would mislead libc.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

caller=$(compiled caller) || exit 125

it_ignores_the_hosts_file() {
    echo "$LOCAL_WEB $CDN" >>/etc/hosts
    leads_astray "$CDN"
}

it_ignores_search_domains() {
    printf 'search search.test\noptions ndots:5\n' >>/etc/resolv.conf
    leads_astray "$CDN"
}

it_ignores_localdomain_and_res_options() {
    not_under musl 'it has no such variables'
    LOCALDOMAIN=search.test RES_OPTIONS=ndots:5 leads_astray "$CDN"
}

it_ignores_hostaliases() {
    not_under musl 'it has no such variable'
    echo 'shortcut intranet.example.com' >"$TMPDIR/aliases"
    HOSTALIASES=$TMPDIR/aliases leads_astray shortcut
}

it_ignores_search_domains_for_a_name_without_a_dot() {
    printf 'search search.test\n' >>/etc/resolv.conf
    leads_astray shortcut
}

it_works_without_a_resolv_conf() {
    rm /etc/resolv.conf
    is_led_to_the_origin "$CDN"
}

it_works_where_nsswitch_knows_no_dns() {
    sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
    is_led_to_the_origin "$CDN"
}

it_works_while_the_local_dns_is_down() {
    stop "$LOCAL_DNS"
    is_led_to_the_origin "$CDN"
}

leads_astray() {
    equal "$LOCAL_WEB" "$("$caller" getaddrinfo "$1" inet)"
    forget "$LOCAL_DNS"
    is_led_to_the_origin "$1"
}

is_led_to_the_origin() {
    local function
    for function in getaddrinfo gethostbyname gethostbyname_r; do
        forget 8.8.8.8
        equal "$ORIGIN_V4" "$(bypass "$1" "$caller" "$function" "$1" inet)"
        equal '1 1' "$(queries 8.8.8.8) $(queries 8.8.8.8 "$1" A)"
    done
    quiet
    nobody_asked "$LOCAL_DNS"
}

prepare() { with_settings "$patient"; }

check_all "$@"
