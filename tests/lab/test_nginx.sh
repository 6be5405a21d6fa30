#!/usr/bin/env bash
# nginx as a reverse proxy to the CDN's name, with SNI and the certificate check on (world/proxy.conf).
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

it_meets_the_edge_without_the_library() {
    equal 'error code: 1000' "$(through_proxy)"
}

it_reaches_the_origin_with_host_sni_and_certificate_in_order() {
    contains '"host":"cdn.example.com","sni":"cdn.example.com"' "$(through_proxy "${with_library[@]}")"
    nobody_asked "$LOCAL_DNS"
    equal '' "$(grep -v initgroups "$LAB/log/proxy")" # a user namespace denies it to nginx
}

it_refuses_an_origin_with_a_foreign_certificate() {
    present_a_foreign_certificate
    contains '502 Bad Gateway' "$(through_proxy "${with_library[@]}")"
    contains 'upstream SSL certificate verify error' "$(<"$LAB/log/proxy")"
}

it_reaches_the_origin_with_8888_down() {
    stop 8.8.8.8
    contains '"server":"origin"' "$(through_proxy "${with_library[@]}")"
    nobody_asked "$LOCAL_DNS"
}

it_meets_the_edge_with_both_down_and_says_why() {
    stop 8.8.8.8
    stop 1.1.1.1
    equal 'error code: 1000' "$(through_proxy "${with_library[@]}")"
    contains '"msg":"failed to resolve origin IP via external DNS, using default DNS"' "$(<"$LAB/log/proxy")"
}

it_reaches_the_origin_again_after_a_reload() {
    start_proxy "${with_library[@]}"
    contains '"server":"origin"' "$(ask)"
    reload_proxy
    contains '"server":"origin"' "$(ask)"
    stop_proxy
    nobody_asked "$LOCAL_DNS"
}

# nginx starts the new master with only the variables that its "env" directives name.
it_loses_the_library_in_a_binary_upgrade() {
    upgrade_proxy
    equal 'error code: 1000' "$(ask)"
}

it_keeps_the_library_in_a_binary_upgrade_with_the_env_directives_of_the_manual_page() {
    upgrade_proxy "$(env_directives)"
    contains '"server":"origin"' "$(ask)"
    nobody_asked "$LOCAL_DNS"
}

it_has_an_env_directive_for_each_variable() {
    equal "$({ echo LD_PRELOAD && echo LOG_LEVEL && manual_items liboriginbypass.7 ENVIRONMENT; } | sort)" \
        "$(env_directives | tr ';' '\n' | sed -n 's/^ *env //p' | sort)"
}

env_directives() { manual_block originbypass-programs.7 NGINX 'env LD_PRELOAD;'; }

# upgrade_proxy [DIRECTIVES]: upgrades as Debian's package does, so that only the new master is left, until the test ends.
# nginx runs as a daemon, started by its full path: it ignores the signal if its parent is still there, and it executes
# its path again.
upgrade_proxy() {
    local pid_file=$LAB/pid/proxy old
    { printf '%s\n' "${1-}" && sed '/^daemon off;$/d' "$WORLD/proxy.conf"; } >"$TMPDIR/proxy.conf"
    env "${with_library[@]}" "$(command -v nginx)" -p "$LAB/nginx" -c "$TMPDIR/proxy.conf" >"$LAB/log/proxy" 2>&1 </dev/null
    until_true test -s "$pid_file"
    trap 'kill "$(<"$LAB/pid/proxy")" && until_true port_is_closed' EXIT
    old=$(<"$pid_file")
    until_true has_worker "$old" # nginx acts on an earlier signal only with the next one
    forget "$LOCAL_DNS"
    kill -USR2 "$old"
    until_true test -s "$pid_file.oldbin" -a -s "$pid_file"
    until_true has_worker "$(<"$pid_file")"
    kill -QUIT "$old"
    until_true is_gone "$old"
}

has_worker() { pgrep -P "$1" >/dev/null; }
port_is_closed() { ! port_is_open 127.0.0.1 8080; }

with_library=(LD_PRELOAD="$LAB_LIBRARY" ORIGIN_BYPASS_HOSTS="$CDN")

through_proxy() {
    start_proxy "$@"
    ask
    stop_proxy
}

ask() { curl -s --max-time 20 http://127.0.0.1:8080/; }

present_a_foreign_certificate() {
    stop web
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$CDN" \
        -addext "subjectAltName=DNS:$CDN" -out "$TMPDIR/foreign.pem" -keyout "$TMPDIR/foreign.key"
    sed "s|/run/lab/tls/origin|$TMPDIR/foreign|" "$WORLD/web.conf" >"$TMPDIR/web.conf"
    WORLD=$TMPDIR start web
    trap 'stop web' EXIT
}

check_all "$@"
