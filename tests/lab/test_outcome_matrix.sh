#!/usr/bin/env bash
# Each outcome of A beside each of AAAA, for each family that a program asks for, with nothing known of the name, with a
# fresh answer and with a stale one: what the contract's table says, and the edge from libc only where it says so.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_gives_what_the_contract_says_for_names_that_are_not_known() { is_as_the_contract_says new; }
it_gives_what_it_knows_whatever_comes_within_the_lifetime() { is_as_the_contract_says fresh; }
it_gives_what_it_knows_whatever_comes_past_the_lifetime() { is_as_the_contract_says stale; }

is_as_the_contract_says() {
    scripted_in_file "$upstream" as_named
    scripted_in_file "$local_dns" edges
    echo "nameserver $local_dns" >/etc/resolv.conf
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
