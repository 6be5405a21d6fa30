#!/usr/bin/env bash
# Every call gives what libc gives for the same DNS data, even with libc's own DNS dead, so that every answer is our own.
# See names.sh for the names, addrinfos.c and hostents.c for the calls.
# shellcheck source-path=SCRIPTDIR source=compare.sh
source "$(dirname "${BASH_SOURCE[0]}")/compare.sh"

it_gives_what_libc_gives_on_a_host_with_ipv4_and_ipv6() { on_host both agree_on_everything "$authority"; }
it_gives_what_libc_gives_on_a_host_with_ipv4_alone() { on_host ipv4_without_ipv6 agree_on_everything "$authority"; }
it_gives_what_libc_gives_on_a_host_with_ipv6_alone() { on_host ipv6 agree_on_everything "$authority"; }
it_gives_what_libc_gives_on_a_host_with_neither() { on_host loopback agree_on_everything "$authority"; }
it_gives_what_libc_gives_behind_a_recursing_server() { on_host both agree_on_everything "$resolver"; }
it_shows_names_as_libc_does_where_the_locale_can() { on_host both agree_on_shown_names "$authority"; }
it_gives_what_libc_gives_when_a_call_is_made_again_and_again() {
    on_host both agree "$authority" addrinfos again wild.test wildalias.test
}
it_needs_as_large_a_buffer_as_libc() { on_host both agree_on_sizes "$authority"; }
it_gives_each_thread_its_own_memory_where_the_caller_gives_none() { on_host both keep_what_was_given; }

# libc has one piece of memory for all threads here, so it cannot be compared.
keep_what_was_given() {
    build storage
    configure "$authority" never
    equal "v4.test 192.0.2.1,dual.test 192.0.2.2,zero.test 192.0.2.3,dual.test 192.0.2.2,v4.test 192.0.2.1,NULL," \
        "$(ours storage v4.test dual.test zero.test three.test v4.test nosuch.test | tr '\n' ,)"
}

# libc uses libidn2 for it, if that is installed.
agree_on_shown_names() {
    ldconfig -p | grep libidn2.so.0 >/dev/null || leave_out 'there is no libidn2.so.0'
    export LC_ALL=C.UTF-8
    [[ $(locale charmap 2>/dev/null) == UTF-8 ]] || leave_out 'there is no locale C.UTF-8'
    agree "$1" addrinfos many "${shown_in_a_locale[@]}"
    contains 'b<c3><bc>cher.test' "$(<"$ours")"
}

agree_on_everything() {
    local server=$1 program
    for program in addrinfos hostents; do
        agree "$server" "$program" many "${asked[@]}"
        equal '' "$(<"$messages")"
        agree "$server" "$program" many "${addresses[@]}"
        agree_on_no_names "$server" "$program"
        agree_with_libc_behind_us "$server" "$program" many "${asked_by_libc[@]}"
    done
    agree "$server" addrinfos many "${in_hosts[@]}"
    agree "$server" hostents sizes "${in_hosts[@]}"
    agree_on_sizes "$server"
}

# For the canonical name in one family, libc asks DNS even for what is not a host name. With its DNS dead it cannot.
agree_on_no_names() {
    agree_with_libc_behind_us "$@" many "${no_names[@]}"
    alone "$1"
    ours "$2" many "${no_names[@]}" >"$ours"
    [[ $2 != addrinfos ]] || except ' flags [0-9a-f]*[2367abef] -> '
    no_difference "$2 many, what is no name, with libc's DNS dead"
}

# Only in DNS: the lines of /etc/hosts need room in libc's buffer, even if the name is not among them.
agree_on_sizes() {
    sed -i 's/^hosts:.*/hosts: dns/' /etc/nsswitch.conf
    agree "$1" hostents sizes "${sized[@]}"
    cp "$WORLD/etc/nsswitch.conf" /etc
}

compare_all "$@"
