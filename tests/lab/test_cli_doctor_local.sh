#!/usr/bin/env bash
# originbypass doctor: says where libc's answer comes from, and what of it is external DNS'.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

SERVER=127.0.0.1:5353

it_names_the_line_of_the_hosts_file_that_libc_answers_from() {
    printf '# pinned\n%s other.example.com %s # last year\n' "$EDGE_V4" "${CDN^^}" >>/etc/hosts
    local line
    line=$(wc -l </etc/hosts)
    doctor_of "$CDN" "$CDN"
    tells note "$CDN: libc says $EDGE_V4 (/etc/hosts, line $line), an edge of the CDN, as expected"
    doctor_of www.example.com "$CDN"
    tells note "$CDN: a program gets libc's answer: $EDGE_V4 (/etc/hosts, line $line), an edge of the CDN and no origin"
}

it_names_no_line_that_does_not_count() {
    printf '#%s %s\n203.0.113.99 other.example.com\n%s\n' "$EDGE_V4" "$CDN" "$EDGE_V4" >>/etc/hosts
    doctor_of "$CDN" "$CDN"
    tells note "$CDN: libc says $EDGE_V4, $EDGE_V6, an edge of the CDN, as expected"
}

it_says_that_libc_has_no_name_server_to_ask() {
    echo 'search example.com' >/etc/resolv.conf
    doctor_of "$CDN" "$CDN" intranet.example.com
    tells note "$CDN: libc has no answer: " '; /etc/resolv.conf names no name server'
    tells note "intranet.example.com: a program gets libc's answer, and there is none: " 'names no name server'
    rm /etc/resolv.conf
    doctor_of "$CDN" "$CDN"
    tells note "$CDN: libc has no answer: " '; /etc/resolv.conf does not exist'
}

it_says_that_an_upstream_is_the_local_dns() {
    export ORIGIN_BYPASS_UPSTREAMS=$LOCAL_DNS
    doctor_of "$CDN"
    tells note "$LOCAL_DNS: is a nameserver of /etc/resolv.conf, too: it says to the library what it says to libc"
    tells bad "$CDN: external DNS says $EDGE_V4" 'as libc does' 'Name a server outside in upstreams'
    contains "$LOCAL_DNS (libc's, too)" "$(ORIGIN_BYPASS_HOSTS=$CDN "$originbypass" resolve --explain "$CDN")"
}

it_takes_no_address_of_this_host_for_an_origin() {
    local address
    for address in 0.0.0.0 127.0.0.1; do
        scripted_at 127.0.0.1 5353 "well,address=$address"
        ORIGIN_BYPASS_UPSTREAMS=$SERVER doctor_of "$CDN" "$CDN"
        tells bad "$CDN: external DNS says $address, which leads a program to its own host" 'that does not filter'
        kill "${ending[-1]}"
        until_true is_gone "${ending[-1]}"
    done
}

check_all "$@"
