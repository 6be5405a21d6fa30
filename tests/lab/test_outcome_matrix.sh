#!/usr/bin/env bash
# Each outcome of A with each outcome of AAAA, for each family that a program asks for: with no answer in the cache, with a
# fresh one and with a stale one. The result is what the contract's table says; libc gives the edge only if it says so.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_gives_what_the_contract_says_for_names_that_are_not_known() { is_as_the_contract_says new; }
it_gives_what_it_knows_whatever_comes_within_the_lifetime() { is_as_the_contract_says fresh; }
it_gives_what_it_knows_whatever_comes_past_the_lifetime() { is_as_the_contract_says stale; }

# A and AAAA both say that the name does not exist. Neither is believed at once, so the name still exists.
it_denies_no_type_of_a_name_whose_addresses_are_kept() {
    scripted_in_file "$upstream" well,ttl_s=1,soa_ttl_s=1
    libc_has_edges
    preloaded "$python" - "$TMPDIR/script-$upstream" "$TMPDIR/asked-$upstream" <<'END'
import os, socket, sys, time
script, asked = sys.argv[1:]

def look_up(family):
    try:
        return socket.getaddrinfo("cdn.example.com", 443, family, socket.SOCK_STREAM)[0][4][0]
    except socket.gaierror as error:
        return error.errno

assert look_up(socket.AF_UNSPEC) == "203.0.113.7"
os.rename(script, script + ".old")
with open(script + ".new", "w") as file:
    file.write("no_name_without_soa")
os.rename(script + ".new", script)
time.sleep(1.1)
assert look_up(socket.AF_UNSPEC) == "203.0.113.7"
QUESTIONS = 4  # until they are asked again, and believed
count = 0
while True:
    found = look_up(socket.AF_INET6), look_up(socket.AF_INET)
    if len(open(asked).readlines()) > 1 + QUESTIONS:
        break
    assert found == (socket.EAI_NODATA, "203.0.113.7"), found
    count += 1
times_ms = [int(line.split()[-1]) for line in list(open(asked))[1:]]
assert count > 0 and times_ms[QUESTIONS] - times_ms[QUESTIONS - 1] >= 900, times_ms
END
    cp "$WORLD/etc/resolv.conf" /etc
}

libc_has_edges() {
    scripted_in_file "$local_dns" edges
    echo "nameserver $local_dns" >/etc/resolv.conf
}

is_as_the_contract_says() {
    scripted_in_file "$upstream" as_named
    libc_has_edges
    equal 192 "$(preloaded "$python" "$lab/matrix.py" "$1" "$TMPDIR/script-$upstream")"
    cp "$WORLD/etc/resolv.conf" /etc
}

scripted_in_file() {
    echo "$2" >"$TMPDIR/script-$1"
    "$python" "$lab/scripted_dns.py" "$1" 53 "@$TMPDIR/script-$1" >"$TMPDIR/asked-$1" &
    end_with_the_test $!
    until_true grep -q ready "$TMPDIR/asked-$1"
}

prepare() {
    upstream=192.0.2.53 local_dns=192.0.2.54
    ip address replace "$upstream/32" dev lo
    ip address replace "$local_dns/32" dev lo
    export ORIGIN_BYPASS_UPSTREAMS=$upstream
    with_settings 'hosts = ( "*.example.com" ); answers = { reject = [ "198.18.0.0/15", "2001:2::/48" ]; };
        query = { timeout_ms = 4000; hedge_ms = 3000; deadline_ms = 6000; };'
}

check_all "$@"
