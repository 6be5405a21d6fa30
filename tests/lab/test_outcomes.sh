#!/usr/bin/env bash
# What external DNS can say about a name, and what the program then gets (the table "Outcomes" of the contract).
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_gives_all_addresses_of_both_families() {
    equal "$ORIGIN_V6 $ORIGIN_V4" "$(look_up dual.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_asks_for_address_records_alone_where_ipv4_alone_is_wanted() {
    equal "$ORIGIN_V4" "$(look_up dual.example.com inet)"
    equal '1 0' "$(queries 8.8.8.8 dual.example.com A) $(queries 8.8.8.8 dual.example.com AAAA)"
}

it_gives_the_one_family_that_exists() {
    equal "$ORIGIN_V4" "$(look_up "$CDN" unspec)"
    equal "$ORIGIN_V6" "$(look_up six.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_does_not_fall_back_for_a_record_type_that_does_not_exist() {
    equal "$no_data" "$(look_up "$CDN" inet6)"
    equal "$no_data" "$(look_up six.example.com inet)"
    equal "$no_data" "$(look_up empty.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_follows_a_chain_of_aliases() {
    equal "$ORIGIN_V4" "$(look_up alias.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    stop 8.8.8.8
    equal "$ORIGIN_V4" "$(look_up alias.example.com inet)"
}

it_lets_libc_answer_for_a_name_that_does_not_exist_outside() {
    equal "$LOCAL_WEB" "$(look_up nowhere.example.com unspec)"
    contains 'warn failed to resolve origin IP via external DNS, using default DNS host=nowhere.example.com' "$(said host)"
    ((1 <= $(queries "$LOCAL_DNS" nowhere.example.com)))
}

it_lets_libc_answer_for_a_chain_that_ends_in_no_such_name() {
    equal "$EDGE_V4" "$(look_up dangling.example.com inet)"
    contains 'host=dangling.example.com' "$(said host)"
}

it_lets_libc_say_that_a_name_exists_nowhere() {
    equal EAI_NONAME "$(look_up neither.example.com unspec)"
}

it_does_not_ask_the_second_server_whether_a_name_really_does_not_exist() {
    look_up nowhere.example.com unspec
    nobody_asked 1.1.1.1
}

it_takes_a_type_that_dnsmasq_denies_of_a_name_for_one_without_a_record() {
    needs_dnsmasq 2.86 'does not deny it'
    dnsmasq_with --address="/cdn.example.com/$ORIGIN_V4"
    contains 'status: NXDOMAIN' "$(dig "@$own_dnsmasq" cdn.example.com AAAA)"
    equal "$no_data" "$(look_up cdn.example.com inet6)"
    equal "$ORIGIN_V4" "$(look_up cdn.example.com unspec)"
    equal "$ORIGIN_V4" "$(look_up cdn.example.com inet)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

# dnsmasq says so without an SOA record.
it_believes_dnsmasq_when_it_says_for_the_second_time_that_a_name_is_gone() {
    needs_dnsmasq 2.86 'sends an SOA record'
    local hosts=$TMPDIR/dnsmasq.hosts
    echo "$ORIGIN_V4 cdn.example.com" >"$hosts"
    dnsmasq_with --addn-hosts="$hosts" --local-ttl=1
    with_settings "$patient fallback = \"never\"; cache = { min_ttl_s = 0; };"
    coproc look_up { bypass cdn.example.com "$(compiled asks)"; }
    # shellcheck disable=SC2154 # coproc sets it
    at_command=${look_up[1]} pid=$look_up_PID
    until_true hears "$ORIGIN_V4"
    : >"$hosts"
    kill -HUP "$own_dnsmasq_pid"
    until_true dnsmasq_has_forgotten
    : >"$TMPDIR/dnsmasq.log"
    until_true hears -
    grep -i 'query\[A\] cdn.example.com' "$TMPDIR/dnsmasq.log"
    (($(grep -ic 'query\[A\] cdn.example.com' "$TMPDIR/dnsmasq.log") >= 3)) # the last one by the call that is told
    exec {at_command}>&-
    wait "$pid"
}

hears() {
    local address
    echo cdn.example.com >&"$at_command"
    read -r address <&"${look_up[0]}"
    equal "$1" "$address"
}

dnsmasq_has_forgotten() { dig "@$own_dnsmasq" cdn.example.com A | grep NXDOMAIN >/dev/null; }

# dnsmasq_with OPTION...: the upstream, which knows only what these options say about example.com.
dnsmasq_with() {
    own_dnsmasq=192.0.2.53
    ip address replace "$own_dnsmasq/32" dev lo
    export ORIGIN_BYPASS_UPSTREAMS=$own_dnsmasq
    "$LAB/bin/dnsmasq" --no-daemon --bind-interfaces --listen-address="$own_dnsmasq" --no-resolv --no-hosts --pid-file= \
        --conf-file=/dev/null --log-queries --log-facility="$TMPDIR/dnsmasq.log" --local=/example.com/ "$@" \
        >"$LAB/log/own-dnsmasq" 2>&1 </dev/null &
    own_dnsmasq_pid=$!
    end_with_the_test "$own_dnsmasq_pid"
    until_true dig "@$own_dnsmasq" +tries=1 +time=1 example.com A >/dev/null
}

# Sorted, because libc decides the order of getaddrinfo.
look_up() { call '*.example.com' getaddrinfo "$@" | sort | paste -sd' '; }

prepare() { with_settings "$patient"; }

check_all "$@"
