# shellcheck shell=bash
# A host with IPv6 alone, beside the world: a network namespace whose only way out is IPv6 to the world. There, the default
# upstreams have their IPv6 addresses too, and libc's name server is local6, with the data of 10.0.0.10:
#
#     2001:4860:4860::8888    external DNS: unbound, as at 8.8.8.8
#     2606:4700:4700::1111    external DNS: dnsmasq, as at 1.1.1.1
#     2001:db8:ff::1          local6: dnsmasq, as at 10.0.0.10
#
# "${there[@]}" COMMAND runs on that host.

UNBOUND_V6=2001:4860:4860::8888 DNSMASQ_V6=2606:4700:4700::1111 LOCAL_V6=2001:db8:ff::1

make_host_with_ipv6_alone() {
    local address
    RESOLVERS+=("$LOCAL_V6" "$UNBOUND_V6" "$DNSMASQ_V6")
    unshare --net sleep infinity >/dev/null &
    at_ipv6_host=($!)
    until_true is_elsewhere "${at_ipv6_host[0]}" || return
    there=(nsenter "--net=/proc/${at_ipv6_host[0]}/ns/net" --)
    ip link add to-host type veth peer name to-world netns "${at_ipv6_host[0]}" && ip link set to-host up &&
        ip address add "$LOCAL_V6/64" dev to-host nodad || return
    for address in "$UNBOUND_V6" "$DNSMASQ_V6"; do ip address add "$address/128" dev lo nodad || return; done
    "${there[@]}" ip link set lo up && "${there[@]}" ip link set to-world up &&
        "${there[@]}" ip address add 2001:db8:ff::2/64 dev to-world nodad &&
        "${there[@]}" ip route add default via "$LOCAL_V6" || return
    start_unbound_v6 && start_dnsmasq_v6 "$DNSMASQ_V6" forwarder && start_dnsmasq_v6 "$LOCAL_V6" local
}

end_host_with_ipv6_alone() {
    local address
    kill "${at_ipv6_host[@]}" && wait "${at_ipv6_host[@]}"
    for address in "$UNBOUND_V6" "$DNSMASQ_V6"; do ip address del "$address/128" dev lo || return; done
}

is_elsewhere() { [[ $(readlink "/proc/$1/ns/net") != $(readlink /proc/self/ns/net) ]]; }

start_unbound_v6() {
    sed "s|8\.8\.8\.8|$UNBOUND_V6|; s|0\.0\.0\.0/0|::/0|; s|do-ip6: no|do-ip6: yes|" \
        "$WORLD/unbound.conf" >"$TMPDIR/unbound-v6.conf"
    "$LAB/bin/unbound" -d -c "$TMPDIR/unbound-v6.conf" >"$LAB/log/$UNBOUND_V6.out" 2>&1 </dev/null &
    at_ipv6_host+=($!)
    until_true answers_ready "$UNBOUND_V6"
}

# start_dnsmasq_v6 ADDRESS NAME: with the configuration of world/NAME.conf.
start_dnsmasq_v6() {
    sed "s|^listen-address=.*|listen-address=$1|; s|^log-facility=.*|log-facility=$LAB/log/$1|" \
        "$WORLD/$2.conf" >"$TMPDIR/$2-v6.conf"
    "$LAB/bin/dnsmasq" --conf-file="$TMPDIR/$2-v6.conf" >"$LAB/log/$1.out" 2>&1 </dev/null &
    at_ipv6_host+=($!)
    until_true answers_ready "$1"
}

answers_ready() { dig +time=1 +tries=1 "@$1" ready.example.com >/dev/null; }

# silence_v6 ADDRESS: from now on it swallows packets without a word.
silence_v6() { ip address del "$1/128" dev lo && ip route add "$1/128" dev lo; }
unsilence_v6() {
    ip -6 route del "$1/128" dev lo 2>/dev/null
    ip address replace "$1/128" dev lo nodad
}
