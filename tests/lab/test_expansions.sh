#!/usr/bin/env bash
# Only libc knows what a service and hints mean. It is asked once in a while, for two families one by one.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

dual=dual.example.com
counter=$TMPDIR/count_expansions.so
"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -g -shared -fPIC -o "$counter" "$lab/count_expansions.c" || exit 125
ports=$(compiled ports) || exit 125

it_asks_libc_once_for_each_service_and_family_of_a_thousand_lookups() {
    counted 'for _ in range(1000):
    for service in "http", "443", None:
        assert ports(service) == {{"http": 80, "443": 443, None: 0}[service]}'
    equal 'libc was asked 6 times' "$(<"$messages")"
}

it_asks_libc_once_a_second_for_the_families_of_the_host() {
    counted 'begin = time.monotonic()
for _ in range(2000):
    assert ports("http", socket.AI_ADDRCONFIG) == {80}
print(int(time.monotonic() - begin))' >"$TMPDIR/elapsed_s"
    asked_once_a_second
}

it_asks_libc_once_a_second_without_hints() {
    counted 'import ctypes
begin, libc, found = time.monotonic(), ctypes.CDLL(None), ctypes.c_void_p()
for _ in range(2000):
    assert libc.getaddrinfo(b"dual.example.com", b"http", None, ctypes.byref(found)) == 0
    libc.freeaddrinfo(found)
print(int(time.monotonic() - begin))' >"$TMPDIR/elapsed_s"
    asked_once_a_second
}

it_remembers_in_a_child_what_its_parent_asked_for_and_what_the_child_did() {
    counted 'ports("http")
child = os.fork()
for _ in range(1000):
    assert ports("http") == {80}
    if child == 0: assert ports("https") == {443}
if child: os.waitpid(child, 0)'
    equal 'libc was asked 4 times,libc was asked 2 times' "$(paste -sd, "$messages")"
}

it_answers_in_every_child_forked_while_others_ask_for_new_services() {
    equal 300 "$(bypass "$dual" "$ports" "$dual" 300)"
    quiet
}

it_asks_again_for_a_service_that_was_unknown() {
    coproc look_up { asker; }
    local services
    services=$(</etc/services)
    rm /etc/services
    echo "$services" >/etc/services
    ask new-service 0
    equal 'Servname not supported for ai_socktype' "$reply"
    echo 'new-service 4711/tcp' >>/etc/services
    ask new-service 0
    equal "4711 $ORIGIN_V6 4711 $ORIGIN_V4" "$reply"
}

it_sees_an_address_that_the_host_gets() {
    trap restore_ipv6 EXIT
    ip address del "$EDGE_V6/128" dev lo
    ip address del "$ORIGIN_V6/128" dev lo
    coproc look_up { asker; }
    ask http AI_ADDRCONFIG
    equal "80 $ORIGIN_V4" "$reply"
    restore_ipv6
    until_true sees_ipv6
}

# Two families; one more call for the second that had begun, and one because the kernel's clock advances in steps.
asked_once_a_second() {
    local times elapsed_s
    times=$(grep -o '[0-9]*' "$messages")
    elapsed_s=$(<"$TMPDIR/elapsed_s")
    echo "asked $times times in $elapsed_s s"
    ((times >= 2 && times <= 2 * (elapsed_s + 2)))
}

restore_ipv6() {
    ip address replace "$EDGE_V6/128" dev lo nodad
    ip address replace "$ORIGIN_V6/128" dev lo nodad
}

sees_ipv6() {
    ask http AI_ADDRCONFIG
    [[ $reply == *"80 $ORIGIN_V6"* ]]
}

# Answers each line "SERVICE FLAG" with sorted ports and addresses, or with the error.
asker() {
    bypass "$dual" "$python" -u -c 'import socket
for line in open(0):
    service, flag = line.split()
    try:
        found = socket.getaddrinfo("dual.example.com", service, type=socket.SOCK_STREAM, flags=getattr(socket, flag, 0))
        print(*sorted(f"{address[1]} {address[0]}" for *_, address in found))
    except socket.gaierror as error:
        print(error.strerror)'
}

ask() {
    echo "$@" >&"${look_up[1]}"
    read -r -t 20 reply <&"${look_up[0]}"
}

# A Python program; in libc's place, after the library, is another library that counts.
counted() {
    ORIGIN_BYPASS_HOSTS=$dual env LD_PRELOAD="$LAB_LIBRARY $counter" "$python" -c 'import os, socket, time
def ports(service, flags=0):
    found = socket.getaddrinfo("dual.example.com", service, type=socket.SOCK_STREAM, flags=flags)
    return {address[1] for *_, address in found}
'"$1" 2>"$messages"
}

check_all "$@"
