# shellcheck shell=bash
# Hosts of every kind. become_host KIND turns the current network namespace, which is new and has nothing up, into one. If the
# kernel does not support what the kind needs, become_host prints the reason and ends the shell with success.

say() { printf '%s\n' "$*"; }

leave_out() {
    say "  (left out: $*)"
    exit 0
}

ipv6_setting() {
    [[ -e /proc/sys/net/ipv6 ]] || leave_out "no IPv6 in this kernel"
    say "$2" >"/proc/sys/net/ipv6/$1"
}

# Every interface is a veth pair, because every kernel has them.
pair() {
    ip link add "$1" type veth peer name "${1}peer"
    ip link set "${1}peer" up
    ip link set "$1" up
}

loopback() { ip link set lo up; }

ipv4() {
    pair eth0
    ip address add 192.0.2.70/24 dev eth0
    ip route add default via 192.0.2.1
}

ipv6() {
    [[ -e /proc/sys/net/ipv6 ]] || leave_out "no IPv6 in this kernel"
    ip link show eth0 >/dev/null 2>&1 || pair eth0
    ip address add 2001:db8:1::70/64 dev eth0 nodad
    ip route add default via 2001:db8:1::1 dev eth0
}

host_down() { :; }
host_loopback() { loopback; }

host_ipv4() {
    loopback
    ipv4
}

host_ipv6() {
    loopback
    ipv6
}

host_both() {
    loopback
    ipv4
    ipv6
}

# IPv6 only on the loopback interface: libc then reads no list of interfaces.
host_ipv4_without_ipv6() {
    ipv6_setting conf/default/disable_ipv6 1
    loopback
    ipv4
}

host_ipv6_off() {
    ipv6_setting conf/all/disable_ipv6 1
    loopback
    ipv4
}

# An IPv6 socket cannot connect to IPv4.
host_ipv6_sockets_for_ipv6() {
    ipv6_setting bindv6only 1
    host_both
}

host_unique_local() {
    loopback
    pair eth0
    ip address add fd00:1::70/64 dev eth0 nodad
    ip address add 10.1.0.70/16 dev eth0
    ip route add default via 10.1.0.1
    ip route add default via fd00:1::1 dev eth0
}

host_site_local_and_6to4() {
    loopback
    pair eth0
    ip address add fec0:0:0:1::70/64 dev eth0 nodad
    ip address add 2002:c000:246::1/48 dev eth0 nodad
    ip address add 169.254.7.7/16 dev eth0
    ip route add 2000::/3 dev eth0
}

# Two networks, no route beyond them; an address twice, a deprecated one, a network of length 32 and one of length 0.
host_two_networks() {
    loopback
    pair eth0
    pair eth1
    ip address add 192.0.2.70/26 dev eth0
    ip address add 198.51.100.130/25 dev eth1
    ip address add 10.1.2.3/32 dev eth1
    ip address add 172.16.0.1/0 dev eth1
    ip address add 2001:db8:1::70/64 dev eth0 nodad preferred_lft 0
    ip address add 2001:db8:2::70/64 dev eth1 nodad
    ip address add fd00:1::5/64 dev eth0 nodad
    ip address add fd00:1::5/64 dev eth1 nodad
    ip address add fe80::1/64 dev eth0 nodad
    ip address add fe80::1/64 dev eth1 nodad
    ip route add 2000::/3 dev eth0
    ip route add 203.0.113.0/24 dev eth1
}

# Sources in 127.0.0.0/8 other than 127.0.0.1: if the socket is an IPv4 one, libc looks them up as 127.0.0.1.
host_second_loopback() {
    loopback
    ipv4
    ipv6
    ip address add 127.0.0.5/32 dev lo
    ip route add local 127.64.0.0/10 dev lo src 127.0.0.5 table local
    ip route add local 127.0.0.32/27 dev lo src 127.0.0.5 table local
}

# More addresses than fit into one message of the kernel.
host_many_addresses() {
    loopback
    ipv4
    ipv6
    local i
    for ((i = 0; i < 200; i++)); do
        say "address add 10.1.$i.1/$((16 + i % 17)) dev eth0"
        say "address add fd00:1:0:$i::1/64 dev eth0 nodad"
    done | ip -batch -
}

host_deprecated_and_home() {
    loopback
    pair eth0
    pair eth1
    ip address add 192.0.2.70/24 dev eth0 preferred_lft 0
    ip address add 198.51.100.1/24 dev eth1
    ip address add 2001:db8:1::70/64 dev eth0 nodad preferred_lft 0
    ip address add 2001:db8:2::70/64 dev eth1 nodad home
    ip route add fc00::/7 dev eth0
    ip route add 2002::/16 dev eth1
    ip route add default dev eth1
}

# Point-to-point: libc looks for the peer's address in the list, does not find its own, and treats it as a tunnel.
host_point_to_point() {
    loopback
    ipv4
    ipv6
    pair eth1
    ip address add 10.1.0.1 peer 10.1.0.2/32 dev eth1
    ip address add fd00:1::1 peer fd00:1::2/64 dev eth1 nodad
    ip route add 10.0.0.0/8 dev eth1
    ip route add 2002::/16 dev eth1
}

# A tunnel because of its link type.
host_tunnel() {
    ip link add sit1 type sit local 192.0.2.70 remote any 2>/dev/null || leave_out "no sit tunnels in this kernel"
    loopback
    ipv4
    ipv6
    ip link set sit1 up
    ip address add 2002:c000:246::1/16 dev sit1 nodad
    ip address add 198.51.100.130/25 dev sit1
}

kinds_of_host() { declare -F | sed -n 's/^declare -f host_//p'; }

become_host() {
    if [[ -e /proc/sys/net/ipv6 ]]; then
        # No address may ever be tentative: the kernel's choice would change while we look.
        ipv6_setting conf/all/accept_dad 0
        ipv6_setting conf/default/accept_dad 0
    fi
    "host_$1"
}
