#!/usr/bin/env bash
# Proxies that ask libc for the address they connect to. Each reaches the origin only with the library, and still reaches
# the names of the local network.
# shellcheck disable=SC2016 # the signs of Markdown
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=matrix.sh
source "$lab/matrix.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
source "$lab/proxy.sh"

heading proxy version 'without the library' 'with it' 'other names' 'asks libc'

it_serves_nginx() {
    command=(nginx -p "$LAB/nginx" -c "$lab/proxies/nginx.conf")
    reload=(replace_children HUP)
    serves 'nginx, `proxy_pass` without variables' nginx
}

it_serves_haproxy() {
    command=(haproxy -W -db -f "$lab/proxies/haproxy.cfg")
    reload=(replace_children USR2)
    serves 'HAProxy, `server` without `resolvers`' haproxy
}

it_serves_apache_httpd() {
    command=("${as_nobody[@]}" apache2 -D FOREGROUND -f "$lab/proxies/apache.conf")
    reload=(replace_children USR1)
    serves 'Apache httpd, `mod_proxy`' apache2
}

it_serves_lighttpd() {
    command=(lighttpd -D -f "$lab/proxies/lighttpd.conf")
    reload=(restart_lighttpd)
    serves 'lighttpd, `mod_proxy`' lighttpd
}

it_serves_varnish() {
    command=(varnishd -F -j none -n "$TMPDIR/varnish" -s 'malloc,16m' -f "$lab/proxies/varnish.vcl"
        -a cdn=127.0.0.1:8080 -a intranet=127.0.0.1:8081)
    reload=(load_vcl)
    serves Varnish varnishd
}

it_serves_tinyproxy() {
    command=(tinyproxy -d -c "$lab/proxies/tinyproxy.conf")
    way=("${forward[@]}")
    serves tinyproxy tinyproxy
}

it_serves_microsocks() {
    command=(microsocks -i 127.0.0.1 -p 8080)
    way=("${socks[@]}")
    serves microsocks microsocks
}

it_is_what_the_manual_page_says() { equals_the_manual Proxies 6; }

it_is_what_the_readme_names() { is_named_in_the_readme; }

# How the program is started, and how it is told to reload its configuration, unless the configuration has no name in it.
command=()
reload=(:)

# serves TITLE PROGRAM
serves() {
    local without with other when
    run_proxy "${without_library[@]}" "${command[@]}"
    without=$(where ask "http://$CDN/")
    stop_proxy
    forget_lookups
    run_proxy "${with_library[@]}" "${command[@]}"
    when=$(asks_libc)
    with=$(where ask "http://$CDN/")
    other=$(where ask http://intranet.example.com/)
    stop_proxy
    row "$1" "$(version_of "$2")" "$without" "$with" "$other" "$when"
    equal 'edge, origin, local network' "$without, $with, $other"
}

# Decides from five counts: after the start, after a connection, after another, after a reload, and after a connection. A
# port can be open before the start or the reload is over, but a request to the other name is served only after that.
asks_libc() {
    local counts
    ask http://intranet.example.com/ >/dev/null
    counts=$(count_lookups)
    counts+=" $(connect_anew)"
    counts+=" $(connect_anew)"
    "${reload[@]}" >&2
    ask http://intranet.example.com/ >/dev/null
    counts+=" $(count_lookups)"
    counts+=" $(connect_anew)"
    case $counts in
        '1 1 1 2 2') echo 'at its start and at each reload' ;;
        '1 1 1 1 1') echo 'at its start' ;;
        '0 1 1 1 2') echo 'for the first request after a start or reload' ;;
        '0 1 2 2 3') echo 'for each request' ;;
        *) echo "$counts times" ;;
    esac
}

connect_anew() {
    end_connections >&2
    ask "http://$CDN/" >/dev/null
    count_lookups
}

# --- reloading -------------------------------------------------------------------------------------------------------

restart_lighttpd() {
    : >"$LAB/log/lighttpd"
    kill -USR1 "$proxy"
    until_true grep -q 'server started' "$LAB/log/lighttpd"
}

load_vcl() {
    varnishadm -n "$TMPDIR/varnish" vcl.load again "$lab/proxies/varnish.vcl" &&
        varnishadm -n "$TMPDIR/varnish" vcl.use again
}

check_and_print_table "$@"
