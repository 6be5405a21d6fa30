#!/usr/bin/env bash
# DNS cookies (RFC 7873) with servers that have them: knot, unbound, and a dnsmasq that passes on those of a knot. What
# real servers do not do is in tests/faults/test_cookies.sh.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=asks.sh
source "$lab/asks.sh"

server=192.0.2.53 forwarder=192.0.2.54
for address in $server $forwarder; do ip address replace "$address/32" dev lo; done

# Each of these servers has BADCOOKIE for those who do not send its cookie back.
it_is_answered_by_a_knot_that_wants_its_cookie_back() {
    knot_with_cookies
    begins_to_ask "$server"
    finds cdn www alias
    equal '1 4 0' "$(knot_figure 'response-code\[BADCOOKIE') $(knot_figure 'protocol\[udp4') $(knot_figure 'protocol\[tcp4')"
}

it_is_answered_by_an_unbound_with_cookies() {
    local version
    version=$("$LAB/bin/unbound" -V | sed -n '1s/Version //p')
    [[ $(printf '%s\n' 1.18 "$version" | sort -V | head -n 1) == 1.18 ]] || skip "unbound has cookies since 1.18, this is $version"
    unbound_with_cookies
    begins_to_ask "$server"
    finds cdn www alias
    equal '2 1 1' "$(unbound_asked cdn) $(unbound_asked www) $(unbound_asked alias)"
}

# What it has cached comes without a cookie: this is asked for once more over TCP, and then no cookie is expected.
it_asks_once_over_tcp_where_dnsmasq_passes_cookies_on_and_answers_from_its_cache() {
    knot_with_cookies
    dnsmasq_before_knot
    dig "@$forwarder" www.example.com A >/dev/null
    dig "@$forwarder" alias.example.com A >/dev/null
    : >"$TMPDIR/dnsmasq.log"
    begins_to_ask "$forwarder"
    finds cdn www alias
    equal '2 2 1' "$(dnsmasq_asked cdn) $(dnsmasq_asked www) $(dnsmasq_asked alias)" # of cdn, the first was refused
}

# --- a program -------------------------------------------------------------------------------------------------------

begins_to_ask() {
    ORIGIN_BYPASS_HOSTS='*.example.com' begins_with "upstreams = [ \"$1\" ]; $patient"
    # shellcheck disable=SC2154 # asks.sh sets it
    end_with_the_test "$shell"
}

finds() {
    local name
    for name; do equal "$ORIGIN_V4" "$(ask "$name.example.com")"; done
    quiet
}

# --- servers ---------------------------------------------------------------------------------------------------------

knot_with_cookies() {
    mkdir -p "$TMPDIR/knot"
    sed -e "s/$AUTHORITY/$server/; s|/run/lab/knot|$TMPDIR/knot|" \
        -e '/- id: default/a\    global-module: [ mod-stats, mod-cookies/all ]' \
        -e '/^template:/i\mod-cookies:\n  - id: all\n    badcookie-slip: 1' "$WORLD/knot.conf" >"$TMPDIR/knot.conf"
    "$LAB/bin/knotd" -c "$TMPDIR/knot.conf" >"$TMPDIR/knot.log" 2>&1 &
    end_with_the_test $!
    until_true is_ready "$server"
    knotc -s "$TMPDIR/knot/knot.sock" stats >"$TMPDIR/stats"
}

# How much a figure of its has grown since it was started.
knot_figure() {
    local now
    now=$(knotc -s "$TMPDIR/knot/knot.sock" stats | grep "$1" | sed 's/.* = //')
    echo $((${now:-0} - $(grep "$1" "$TMPDIR/stats" | sed 's/.* = //' | grep . || echo 0)))
}

unbound_with_cookies() {
    sed -e "s/interface: 8.8.8.8/interface: $server/; s|/run/lab/log/8.8.8.8|$TMPDIR/unbound.log|" \
        -e 's/^server:/&\n    answer-cookie: yes/; s/0.0.0.0\/0 allow/0.0.0.0\/0 allow_cookie/' \
        "$WORLD/unbound.conf" >"$TMPDIR/unbound.conf"
    "$LAB/bin/unbound" -d -c "$TMPDIR/unbound.conf" >"$TMPDIR/unbound.out" 2>&1 &
    end_with_the_test $!
    until_true is_ready "$server"
    : >"$TMPDIR/unbound.log"
}

unbound_asked() { grep -ic "query: .* $1.example.com. A IN" "$TMPDIR/unbound.log" || :; }

dnsmasq_before_knot() {
    "$LAB/bin/dnsmasq" --no-daemon --bind-interfaces --listen-address="$forwarder" --no-resolv --no-hosts --pid-file= \
        --conf-file=/dev/null --server="$server" --log-queries --log-facility="$TMPDIR/dnsmasq.log" \
        >"$TMPDIR/dnsmasq.out" 2>&1 </dev/null &
    end_with_the_test $!
    until_true is_ready "$forwarder"
}

dnsmasq_asked() { grep -ic "query\[A\] $1.example.com from" "$TMPDIR/dnsmasq.log" || :; }

is_ready() { dig "@$1" +tries=1 +time=1 ready.example.com A >/dev/null; }

check_all "$@"
