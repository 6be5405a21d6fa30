#!/usr/bin/env bash
# What c-ares would take from the program and its files if we let it.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_has_unpredictable_ids_without_dev_urandom_and_descriptors() {
    without_leaks 'LeakSanitizer cannot do without /proc'
    mkdir -p "$TMPDIR/empty"
    scripted_at "$unwell" 53 well
    export ORIGIN_BYPASS_UPSTREAMS=$unwell
    with_settings "$patient"
    guest ids "$TMPDIR/empty"
    ids_of_200_queries >"$TMPDIR/first"
    : >"$TMPDIR/asked"
    guest ids "$TMPDIR/empty"
    ids_of_200_queries >"$TMPDIR/second"
    local distinct both
    distinct=$(sort -u "$TMPDIR/first" | wc -l)
    both=$(paste "$TMPDIR/first" "$TMPDIR/second" | awk '$1 == $2' | wc -l)
    echo "$distinct different IDs of 200, $both as in another process with the same seed"
    ((distinct > 190 && both < 5)) # some collide by chance
    quiet
}

it_opens_no_file_of_the_resolver() {
    local file opened
    opened=$(guest files)
    nobody_asked "$LOCAL_DNS"
    for file in resolv.conf hosts nsswitch.conf host.conf; do lacks "$file" "$opened"; done
}

it_would_see_what_the_resolver_opens() {
    not_under foreign 'qemu opens what the program opens, below another directory'
    contains resolv.conf "$("$(compiled files)")"
}

ids_of_200_queries() {
    local ids
    ids=$(awk '/many/ { print $1 }' "$TMPDIR/asked")
    equal 200 "$(wc -l <<<"$ids")" >&2
    echo "$ids"
}

# But for the case of letters. The cookie is ours: those of c-ares, which later versions add, end with a channel.
it_asks_the_same_whichever_c_ares_it_has() {
    "$python" - "$unwell" >"$TMPDIR/query" <<'END' &
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("ready", flush=True)
print(server.recv(4096)[2:].lower().hex(), flush=True)
END
    end_with_the_test $!
    until_true grep -q ready "$TMPDIR/query"
    ORIGIN_BYPASS_UPSTREAMS=$unwell call a.example.com getaddrinfo a.example.com inet >/dev/null || :
    # Recursion desired; one question, one additional record: "a.example.com" A IN, and OPT for 1232 octets with a cookie.
    local name opt=00002904d000000000000c000a0008
    name=$(printf '\001a\007example\003com' | od -An -tx1 | tr -d ' \n')
    equal "01000001000000000001${name}0000010001$opt" "$(sed -n '2s/.\{16\}$//p' "$TMPDIR/query")"
}

check_all "$@"
