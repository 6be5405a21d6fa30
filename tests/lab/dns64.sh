# shellcheck shell=bash
# For tests on a host with IPv6 alone and a DNS64: no IPv4 address but the loopback's. A file sources check.sh and then this
# one, and runs in a network of its own from then on, beside the world. Its servers know the names of the world:
#
#     2001:4860:4860::8888   external DNS: unbound, recursing to the authority
#     fd00::10               the local DNS in /etc/resolv.conf: unbound, a DNS64 (local_dns), which asks the next one
#     fd00::11               dnsmasq, which leads the CDN's names to the edge, and knows names of the local network
#     2001:db8:53::53        the authority: knot
#     web6                   nginx: what is the edge, the origin and the local web server for IPv4, at the addresses that
#                            the DNS64 gives for them, as if a NAT64 led there
#
# Their logs are named like them, for queries() and nobody_asked().

# shellcheck disable=SC2034 # used by the tests
EXTERNAL6=2001:4860:4860::8888 LOCAL6=fd00::10 NEXT6=fd00::11 AUTHORITY6=2001:db8:53::53
ORIGIN_64=64:ff9b::cb00:7107 EDGE_64=64:ff9b::6815:50e6 LOCAL_WEB_64=fd00::80

[[ -n ${LAB_DNS64-} ]] || LAB_DNS64=1 exec unshare --net -- "$0" "$@"

make_ipv6_network() {
    local address
    ip link set lo up || return
    for address in "$EXTERNAL6" "$LOCAL6" "$NEXT6" "$AUTHORITY6" "$ORIGIN_64" "$EDGE_64" "$LOCAL_WEB_64"; do
        ip address add "$address/128" dev lo nodad || return
    done
}

# server6 NAME COMMAND...: begins it; its output is in a log, and so it is ended with the file.
server6() {
    "${@:2}" >>"$LAB/log/$1.out" 2>&1 </dev/null &
    servers6[$1]=$!
}
declare -A servers6

end_server6() {
    [[ -n ${servers6[$1]-} ]] || return 0
    kill "${servers6[$1]}" 2>/dev/null || :
    wait "${servers6[$1]}" 2>/dev/null || :
    unset "servers6[$1]"
}

make_ipv6_world() {
    local conf=$LAB/ipv6
    mkdir -p "$conf/knot" "$conf/nginx" || return
    { cat "$LAB/internet.zone" && printf 'ipv4only.arpa. A %s\n' 192.0.0.170 192.0.0.171; } >"$conf/internet.zone"
    # shellcheck disable=SC2153 # the one of the world
    sed -e "s|$AUTHORITY@53|$AUTHORITY6@53|; s|/run/lab/knot|$conf/knot|; s|/run/lab/internet.zone|$conf/internet.zone|" \
        "$WORLD/knot.conf" >"$conf/knot.conf"
    unbound6 "$EXTERNAL6" iterator "$AUTHORITY6" >"$conf/external.conf"
    sed -e "s|^listen-address=.*|listen-address=$NEXT6|; s|^log-facility=.*|log-facility=$LAB/log/$NEXT6|; s|^local=.*||" \
        -e "/^no-resolv/a server=$AUTHORITY6" -e 's|,2606:4700:3030::6815:50e6||; /^address=.*2606:/d' "$WORLD/local.conf" >"$conf/dnsmasq.conf"
    sed -e "s|203.0.113.7:|[$ORIGIN_64]:|; s|104.21.80.230:|[$EDGE_64]:|; s|10.0.0.80:|[$LOCAL_WEB_64]:|" \
        -e '/listen \[2606:/d; /listen \[2001:db8::7\]/d' -e 's|/run/lab/log/web|/run/lab/log/web6|' "$WORLD/web.conf" >"$conf/web.conf"
    server6 "$AUTHORITY6" "$LAB/bin/knotd" -c "$conf/knot.conf"
    server6 "$NEXT6" "$LAB/bin/dnsmasq" --conf-file="$conf/dnsmasq.conf"
    server6 web6 "$LAB/bin/nginx" -p "$conf/nginx" -c "$conf/web.conf"
    server6 "$EXTERNAL6" "$LAB/bin/unbound" -d -c "$LAB/ipv6/external.conf"
    until_true answers "$AUTHORITY6" && until_true answers "$NEXT6" && until_true answers "$EXTERNAL6" &&
        until_true port_is_open "$ORIGIN_64" 443
}

# unbound6 ADDRESS MODULES SERVER [SETTING]
unbound6() {
    sed -e "s|interface: .*|interface: $1|; s|access-control: .*|access-control: ::0/0 allow|; s|do-ip6: no|do-ip4: no|" \
        -e "s|module-config: .*|module-config: \"$2\"\n    do-not-query-localhost: no\n    ${4-}|" \
        -e "s|logfile: .*|logfile: \"$LAB/log/$1\"|; s|stub-addr: .*|stub-addr: $3|" "$WORLD/unbound.conf"
}

# local_dns [PREFIX]: begins the local DNS: a DNS64 with this prefix, or none.
local_dns() {
    end_server6 "$LOCAL6"
    unbound6 "$LOCAL6" "${1+dns64 }iterator" "$NEXT6" "${1+dns64-prefix: $1}" >"$LAB/ipv6/local.conf"
    server6 "$LOCAL6" "$LAB/bin/unbound" -d -c "$LAB/ipv6/local.conf"
    end_with_the_test "${servers6[$LOCAL6]}"
    until_true answers "$LOCAL6"
}

end_ipv6_world() {
    local server
    for server in "${!servers6[@]}"; do end_server6 "$server"; done
}
trap end_ipv6_world EXIT

if ! make_ipv6_network || ! make_ipv6_world; then
    tail -n 20 "$LAB"/log/*:*.out >&2
    exit 125
fi

# Each test has a local DNS of its own, without anything in its cache, and empty logs.
prepare() {
    printf 'nameserver %s\n' "$LOCAL6" >/etc/resolv.conf
    export ORIGIN_BYPASS_UPSTREAMS=$EXTERNAL6
    local_dns 64:ff9b::/96
    forget "$EXTERNAL6" "$LOCAL6" "$NEXT6" web6
}
