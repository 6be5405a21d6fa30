#!/usr/bin/env bash
# With when = "edge", libc answers as always where no edge is, and an origin's answer is the one that libc would give for
# the origin. See names.sh for the names, addrinfos.c and hostents.c for the calls.
# shellcheck source-path=SCRIPTDIR source=compare.sh
source "$(dirname "${BASH_SOURCE[0]}")/compare.sh"

edge=127.0.0.55 # a DNS server that leads every name to an edge
edge_v4=198.18.0.1 edge_v6=2001:db8:ed9e::1

it_gives_what_libc_gives_if_no_name_leads_to_an_edge() { on_host both agree_without_edges; }
it_gives_what_libc_gives_for_the_origin_if_every_name_leads_to_an_edge() { on_host both agree_on_origins; }
it_gives_the_same_on_a_host_with_ipv4_alone() { on_host ipv4_without_ipv6 agree_on_origins; }

# A query outside would fail the call.
agree_without_edges() {
    local program
    libc_asks "$authority"
    configure_edges "$nobody" never "$edge_v4"
    for program in addrinfos hostents; do
        agree_here "$program" "${asked[@]}" "${addresses[@]}"
        agree_here "$program" "${no_names[@]}" "${asked_by_libc[@]}"
    done
}

agree_here() {
    libcs "$1" many "${@:2}" >"$plain"
    ours "$1" many "${@:2}" >"$ours"
    no_difference "$1 many ${2-} ..."
}

agree_on_origins() {
    local program
    lead_to_edges
    libc_asks "$authority"
    find_origins
    for program in addrinfos hostents; do
        libc_asks "$authority"
        libcs "$program" many "${origins[@]}" >"$plain"
        libc_asks "$edge"
        configure_edges "$authority" libc "$edge_v4\", \"$edge_v6"
        ours "$program" many "${origins[@]}" >"$ours"
        no_difference "$program many ${origins[0]} ..."
    done
}

# The names that have an address: for the others, libc's edge stays. `*` leaves names to libc that are local by nature.
find_origins() {
    local name
    origins=()
    for name in "${asked[@]}"; do
        [[ $name =~ \.(local|internal|arpa|svc|localhost)$ ]] || ! getent ahosts "$name" >/dev/null || origins+=("$name")
    done
}

lead_to_edges() {
    dnsmasq --no-daemon --conf-file=/dev/null --no-hosts --no-resolv --bind-interfaces --listen-address="$edge" \
        --address="/#/$edge_v4" --address="/#/$edge_v6" --pid-file= >"$LAB/log/edge" 2>&1 </dev/null &
    until_true leads_to_edges || { cat "$LAB/log/edge" && return 1; }
}
leads_to_edges() { [[ $(dig +short +time=1 +tries=1 "@$edge" ready.test A) == "$edge_v4" ]]; }

# configure_edges SERVER FALLBACK PREFIXES
configure_edges() {
    configure "$1" "$2"
    printf 'when = "edge"; edges = [ "%s" ];\n' "$3" >>"$config"
}

compare_all "$@"
