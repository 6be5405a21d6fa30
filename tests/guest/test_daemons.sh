#!/usr/bin/env bash
# nginx as it makes itself a daemon: its standard error becomes its error log, and our messages go there.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

error_log=$TMPDIR/error.log

it_writes_into_the_error_log_of_nginx_that_became_a_daemon() {
    not_checked nginx
    start_daemon
    contains '"server":"origin"' "$(curl -s --max-time 20 http://127.0.0.1:8080/)"
    lacks '"msg"' "$(<"$error_log")" # until now they went to the terminal
    forget 8.8.8.8
    kill -HUP "$(<"$LAB/pid/daemon")"
    until_true grep -q '"msg":"resolved origin IP' "$error_log"
    contains "\"pid\":$(<"$LAB/pid/daemon")}" "$(grep '"msg"' "$error_log")"
    contains '"server":"origin"' "$(curl -s --max-time 20 http://127.0.0.1:8080/)"
}

start_daemon() {
    : >"$error_log"
    sed -e 's|^daemon off;|daemon on;|; s|^pid .*|pid /run/lab/pid/daemon;|' \
        -e "s|^error_log .*|error_log $error_log notice;|" "$WORLD/proxy.conf" >"$TMPDIR/daemon.conf"
    ORIGIN_BYPASS_LOG_LEVEL=debug bypass "$CDN" nginx -p "$LAB/nginx" -c "$TMPDIR/daemon.conf"
    # shellcheck disable=SC2064 # this process, not a later one
    trap "kill $(<"$LAB/pid/daemon")" EXIT
    until_true port_is_open 127.0.0.1 8080
}

check_all "$@"
