#!/usr/bin/env bash
# A program of musl gets what plain musl gives for the same DNS data, even with libc's own DNS dead, so that every answer is
# our own. See names.sh for the names, addrinfos.c and hostents.c for the calls.
#
# Left out, because musl does not answer: names with more than 48 addresses, of which we give all; and before 1.2.4, which
# asks over UDP only, names whose answer has more than 512 octets. The test prints which names these are.
#
# MUSL_LOADER=PATH tests/parity/test_musl.sh: with another version of musl.
# shellcheck source-path=SCRIPTDIR source=compare.sh
source "$(dirname "${BASH_SOURCE[0]}")/compare.sh"
compiler=(musl-gcc ${MUSL_LOADER:+"-Wl,--dynamic-linker=$MUSL_LOADER"})

it_gives_what_musl_gives_on_a_host_with_ipv4_and_ipv6() { on_host both agree_on_everything "$authority"; }
it_gives_what_musl_gives_on_a_host_with_ipv4_alone() { on_host ipv4_without_ipv6 agree_on_everything "$authority"; }
it_gives_what_musl_gives_on_a_host_whose_ipv6_is_off() { on_host ipv6_off agree_on_everything "$authority"; }
it_gives_what_musl_gives_on_a_host_with_ipv6_alone() { on_host ipv6 agree_on_everything "$authority"; }
it_gives_what_musl_gives_on_a_host_with_neither() { on_host loopback agree_on_everything "$authority"; }
it_gives_what_musl_gives_behind_a_recursing_server() { on_host both agree_on_everything "$resolver"; }
it_gives_what_musl_gets_from_a_dns64() { on_host ipv6 agree_with_dns64; }
it_gives_what_musl_gives_when_a_call_is_made_again_and_again() {
    on_host both agree "$authority" addrinfos again wild.test wildalias.test
}
it_orders_addresses_as_musl_does_on_every_kind_of_host() {
    local kind
    for kind in $(kinds_of_host); do
        [[ $kind == down ]] || on_host "$kind" agree_on_order "$kind" # it cannot reach its own DNS
    done
}
it_gives_each_thread_its_own_memory_where_the_caller_gives_none() { on_host both keep_what_was_given; }

prepare() {
    not_under 'address|thread' 'a checker is no library of musl'
    command -v musl-gcc >/dev/null || skip 'musl-gcc is not installed'
}

agree_on_everything() {
    local server=$1 names program
    leave_out_what_musl_cannot_give "${asked[@]}"
    agree "$server" addrinfos many "${names[@]}"
    agree_on_hostents "$server" "${names[@]}"
    equal '' "$(<"$messages")"
    agree "$server" addrinfos many "${addresses[@]}"
    agree "$server" hostents usual "${addresses[@]}"
    agree_on_sizes "$server"
    # These are libc's, and musl asks DNS for many of them.
    leave_out_what_musl_cannot_give "${no_names[@]}" "${asked_by_libc[@]}"
    for program in addrinfos hostents; do agree_with_libc_behind_us "$server" "$program" many "${names[@]}"; done
    agree_with_libc_behind_us "$server" addrinfos many "${in_hosts[@]}"
    agree_with_libc_behind_us "$server" hostents sizes "${in_hosts[@]}"
}

agree_with_dns64() {
    local server=$resolver names
    start_dns64 64:ff9b::/96
    leave_out_what_musl_cannot_give "${asked[@]}"
    libc_asks "$dns64"
    configure "$resolver" never
    libcs addrinfos many "${names[@]}" >"$plain"
    contains 64:ff9b::c000:201 "$(<"$plain")"
    ours addrinfos many "${names[@]}" >"$ours"
    no_difference "addrinfos many ${names[0]} ..."
    libcs hostents usual "${names[@]}" >"$plain"
    ours hostents usual "${names[@]}" >"$ours"
    no_difference "hostents usual ${names[0]} ..."
}

# For a family that is none of IP's, musl gives parts of addresses of both. Such a call is libc's.
agree_on_hostents() {
    agree_with_libc_behind_us "$1" hostents many "${@:2}"
    agree "$1" hostents usual "${@:2}"
}

agree_on_sizes() {
    leave_out_what_musl_cannot_give "${sized[@]/#-dash.test/dual.test}" # -dash.test is libc's, and musl asks DNS for it
    agree "$1" hostents sizes "${names[@]}"
}

agree_on_order() {
    echo "host $1"
    agree "$authority" addrinfos few several.test dual.test mappedboth.test mapped.test loopback.test any.test multicast.test \
        uniquelocal.test linklocal.test compatible.test
    agree "$authority" hostents usual several.test mappedboth.test
}

# As with glibc: libc has one piece of memory for all threads here, so it cannot be compared.
keep_what_was_given() {
    build storage
    configure "$authority" never
    equal "v4.test 192.0.2.1,dual.test 192.0.2.2,zero.test 192.0.2.3,dual.test 192.0.2.2,v4.test 192.0.2.1,NULL," \
        "$(ours storage v4.test dual.test zero.test three.test v4.test nosuch.test | tr '\n' ,)"
}

# --- what musl cannot give ----------------------------------------------------------------------------------------------

# Sets `names`.
leave_out_what_musl_cannot_give() {
    local name why
    names=()
    for name in "$@"; do
        why=$(why_musl_cannot_give "$name")
        if [[ $why == '' ]]; then names+=("$name"); else echo "left out: ${name:0:40}: $why"; fi
    done
}

why_musl_cannot_give() {
    local answers
    answers=$(answers_to "$1")
    if (($(grep -cP '\tIN\t(A|AAAA)\t' <<<"$answers") > 48)); then
        echo 'it has more than 48 addresses'
    elif grep -q 'status: \(SERVFAIL\|REFUSED\|NOTIMP\|FORMERR\)' <<<"$answers"; then
        echo 'the server fails, and musl waits for a better answer until its time is over'
    elif ! tells_no_data && # a version before 1.2.4
        answers_to "$1" +ignore | grep '^;; flags:[^;]* tc' >/dev/null; then
        echo 'the answer is truncated, and musl asks over UDP only'
    fi
}

# shellcheck disable=SC2154 # the test's server
answers_to() { for type in A AAAA; do dig "@$server" -q "$1" -t "$type" +noedns +tries=1 "${@:2}" 2>&1; done; }

compare_all "$@"
