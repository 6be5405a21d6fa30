#!/usr/bin/env bash
# getent, which asks libc's functions in its own ways: `hosts` asks for IPv6 first, `ahostsv6` for mapped addresses.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_shows_the_origin_as_hosts() {
    equal "$ORIGIN_V4     $CDN" "$(bypass "$CDN" getent hosts "$CDN")"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_shows_the_origin_as_ahosts() {
    contains "$ORIGIN_V4     STREAM $CDN" "$(bypass "$CDN" getent ahosts "$CDN")"
    nobody_asked "$LOCAL_DNS"
}

it_never_shows_the_ipv6_address_of_the_edge() {
    local database
    for database in hosts ahosts ahostsv4 ahostsv6; do
        contains "${EDGE_V6%%::*}" "$(getent "${database%v4}" "$CDN")"
        forget "$LOCAL_DNS"
        lacks "${EDGE_V6%%::*}" "$(bypass "$CDN" getent "$database" "$CDN")"
        nobody_asked "$LOCAL_DNS"
    done
}

it_shows_what_it_shows_with_libc_over_the_same_dns() {
    local name database
    for name in "$CDN" dual.example.com six.example.com alias.example.com empty.example.com; do
        for database in hosts ahosts ahostsv4 ahostsv6; do
            echo "getent $database $name:"
            same_as_libc '*.example.com' getent "$database" "$name"
        done
    done
}

it_shows_the_edge_without_the_library() {
    contains "$EDGE_V6" "$(getent hosts "$CDN")"
}

check_all "$@"
