#!/usr/bin/env bash
# On a host with IPv6 alone, the library makes of external DNS's IPv4 addresses what libc gets from a DNS64 for the same
# data: a real unbound. See names.sh for the names, addrinfos.c and hostents.c for the calls.
# shellcheck source-path=SCRIPTDIR source=compare.sh
source "$(dirname "${BASH_SOURCE[0]}")/compare.sh"

it_gives_what_libc_gets_from_a_dns64() { on_host ipv6 agree_with_dns64 64:ff9b::/96 64:ff9b::c000:201; }
it_gives_what_libc_gets_from_a_dns64_with_a_prefix_of_the_networks_own() { on_host ipv6 agree_with_dns64 2001:db8:64::/64 2001:db8:64:0:c0:2:100:0; }
it_gives_what_libc_gets_from_a_dns64_when_a_call_is_made_again_and_again() { on_host ipv6 agree_again; }

# The chain of link1.test is longer than unbound follows. Of such a name its DNS64 does not always say that it failed.
agree_with_dns64() {
    local program names
    mapfile -t names < <(printf '%s\n' "${asked[@]}" | grep -vx link1.test)
    start_dns64 "$1"
    libc_asks "$dns64"
    configure "$resolver" never
    for program in addrinfos hostents; do
        libcs "$program" many "${names[@]}" >"$plain"
        contains "$2" "$(<"$plain")"
        ours "$program" many "${names[@]}" >"$ours"
        no_difference "$program many ${names[0]} ..."
    done
}

agree_again() {
    start_dns64 64:ff9b::/96
    libc_asks "$dns64"
    configure "$resolver" never
    libcs addrinfos again many.example.com apps.example.net >"$plain"
    ours addrinfos again many.example.com apps.example.net >"$ours"
    no_difference "addrinfos again"
}

compare_all "$@"
