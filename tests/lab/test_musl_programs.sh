#!/usr/bin/env bash
# Real programs of musl go to the origin with the library, and to the edge without it. They are made by build_musl_programs,
# which needs a network, and so not in the lab.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=matrix.sh
source "$lab/matrix.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
source "$lab/proxy.sh"
programs=${MUSL_PROGRAMS-$top/build/musl-programs}

# Each connection has a thread with a stack of 8 KiB.
it_serves_microsocks() {
    command=("$programs/microsocks" -i 127.0.0.1 -p 8080)
    way=("${socks[@]}")
    serves
}

it_serves_tinyproxy() {
    command=("$programs/tinyproxy" -d -c "$lab/proxies/tinyproxy.conf")
    way=("${forward[@]}")
    serves
}

it_serves_nginx_also_after_a_reload() {
    command=("$programs/nginx" -p "$LAB/nginx" -c "$lab/proxies/nginx.conf")
    serves
    goes_to_the_origin_also_with_other_children HUP
}

# The master forks a worker again from its own memory, with the addresses of its start.
it_serves_nginx_also_after_its_worker_has_died() {
    command=("$programs/nginx" -p "$LAB/nginx" -c "$lab/proxies/nginx.conf")
    run_proxy "${with_library[@]}" "${command[@]}"
    kill_children
    equal origin "$(where ask "http://$CDN/")"
    replace_children HUP
    kill_children
    equal origin "$(where ask "http://$CDN/")"
    stop_proxy
}

# Each reload is a new master, which asks for the names and forks.
it_serves_haproxy_also_after_a_reload() {
    command=("$programs/haproxy" -W -db -f "$lab/proxies/haproxy.cfg")
    serves
    goes_to_the_origin_also_with_other_children USR2
}

it_serves_the_wget_of_busybox() {
    command=("$programs/busybox" wget -q -O - "http://$CDN/")
    equal edge "$(where "${without_library[@]}" "${command[@]}")"
    equal origin "$(where "${with_library[@]}" "${command[@]}")"
}

prepare() {
    [[ -x $programs/nginx ]] || skip 'the programs are not there: tests/lab/build_musl_programs makes them'
}

# Replaced by this signal, and then again.
goes_to_the_origin_also_with_other_children() {
    run_proxy "${with_library[@]}" "${command[@]}"
    replace_children "$1"
    equal origin "$(where ask "http://$CDN/")"
    replace_children "$1"
    equal origin "$(where ask "http://$CDN/")"
    stop_proxy
}

serves() {
    run_proxy "${without_library[@]}" "${command[@]}"
    equal edge "$(where ask "http://$CDN/")"
    stop_proxy
    run_proxy "${with_library[@]}" "${command[@]}"
    equal origin "$(where ask "http://$CDN/")"
    end_connections
    equal origin "$(where ask "http://$CDN/")"
    equal 'local network' "$(where ask http://intranet.example.com/)"
    stop_proxy
}

check_all "$@"
