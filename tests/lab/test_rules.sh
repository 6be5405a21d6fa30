#!/usr/bin/env bash
# Host rules: which names are ours. All others go only to libc, and external DNS never hears of them.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_leaves_a_name_that_is_not_listed_to_libc() {
    is_libcs "$CDN" other.example.com "$LOCAL_WEB"
    is_libcs "$CDN" www.example.com "$EDGE_V4"
}

it_leaves_everything_to_libc_without_hosts() { is_libcs '' "$CDN" "$EDGE_V4"; }

it_leaves_everything_to_libc_when_disabled() {
    ORIGIN_BYPASS_DISABLED=1 is_libcs "$CDN" "$CDN" "$EDGE_V4"
}

it_leaves_literals_to_libc() {
    is_libcs '*' 203.0.113.99 203.0.113.99
    equal 2001:db8::1 "$(call '*' getaddrinfo 2001:db8::1 inet6)"
    nobody_asked 8.8.8.8 1.1.1.1 "$LOCAL_DNS"
}

it_takes_several_names_with_commas_and_white_space() {
    local hosts='cdn.example.com,www.example.com  dual.example.com , other.example.com'
    is_ours "$hosts" "$CDN" "$ORIGIN_V4"
    is_ours "$hosts" www.example.com "$ORIGIN_V4"
    is_ours "$hosts" dual.example.com "$ORIGIN_V4"
    is_ours "$hosts" other.example.com 203.0.113.99
}

it_does_not_care_for_case_and_a_trailing_dot() {
    is_ours CDN.Example.com "$CDN" "$ORIGIN_V4"
    is_ours "$CDN" cdn.EXAMPLE.com "$ORIGIN_V4"
    is_ours "$CDN" "$CDN." "$ORIGIN_V4"
    is_ours "$CDN." "$CDN" "$ORIGIN_V4"
}

it_matches_a_wildcard_at_any_depth_but_not_the_name_itself() {
    is_ours '*.example.com' "$CDN" "$ORIGIN_V4"
    is_ours '*.example.com' a.many.example.com "$ORIGIN_V4"
    is_libcs '*.cdn.example.com' "$CDN" "$EDGE_V4"
    is_libcs '*.dn.example.com' "$CDN" "$EDGE_V4"
}

it_lets_the_most_specific_rule_win_whatever_the_order() {
    local hosts
    for hosts in '*.example.com !*.many.example.com b.many.example.com' 'b.many.example.com !*.many.example.com *.example.com'; do
        is_ours "$hosts" "$CDN" "$ORIGIN_V4"
        is_libcs "$hosts" a.many.example.com "$EDGE_V4"
        is_ours "$hosts" b.many.example.com "$ORIGIN_V4"
    done
}

it_leaves_what_an_exclamation_mark_names_to_libc() {
    is_libcs '*.example.com !cdn.example.com' "$CDN" "$EDGE_V4"
    is_ours '*.example.com !cdn.example.com' www.example.com "$ORIGIN_V4"
}

it_takes_every_name_with_a_dot_under_a_star() {
    is_ours '*' "$CDN" "$ORIGIN_V4"
    is_libcs '*' shortcut 'EAI_NONAME'
}

it_leaves_names_that_are_local_by_nature_to_libc_under_a_star() {
    local name
    contains 127.0.0.1 "$(call '*' getaddrinfo localhost inet)"
    for name in a.localhost printer.local db.internal nas.home.arpa x.onion web.default.svc web.default.svc.cluster.local; do
        call '*' getaddrinfo "$name" inet || :
        nobody_asked 8.8.8.8 1.1.1.1
    done
}

is_ours() {
    forget 8.8.8.8 "$LOCAL_DNS"
    equal "$3" "$(call "$1" getaddrinfo "$2" inet)"
    equal 1 "$(queries 8.8.8.8)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

is_libcs() {
    forget 8.8.8.8 1.1.1.1
    equal "$3" "$(call "$1" getaddrinfo "$2" inet || :)"
    nobody_asked 8.8.8.8 1.1.1.1
    quiet
}

prepare() { with_settings "$patient"; }

check_all "$@"
