# shellcheck shell=bash
# For the tests of real programs: a proxy that runs in the background, and requests through it. Sourced after matrix.sh.
# Each of tests/lab/proxies/ listens at 127.0.0.1:8080. If its clients do not tell it where to go, 8080 leads to the name
# behind the CDN, and 8081 to one in the local network.

# Options for curl, so that a request goes through the proxy.
# shellcheck disable=SC2034 # used by the tests as their "way"
{
    reverse=(--connect-to "$CDN:80:127.0.0.1:8080" --connect-to intranet.example.com:80:127.0.0.1:8081)
    forward=(-x http://127.0.0.1:8080)
    socks=(--socks5-hostname 127.0.0.1:8080)
}
way=("${reverse[@]}")

# run_proxy COMMAND...: until stop_proxy, or the end of this shell or subshell. Its output is in log/proxy.
run_proxy() {
    "$@" >"$LAB/log/proxy" 2>&1 </dev/null &
    proxy=$!
    trap stop_proxy EXIT
    until_true is_open_or_ended || { echo "did not open its port: $*" && return 1; }
    ! is_gone "$proxy" || { cat "$LAB/log/proxy" && return 1; }
}

is_open_or_ended() { port_is_open 127.0.0.1 8080 || is_gone "$proxy"; }

# With TERM. Some proxies report a failure when they end that way.
stop_proxy() {
    kill "$proxy" 2>/dev/null || :
    wait "$proxy" || :
    trap - EXIT
}

ask() { curl -sSf --max-time 20 "${way[@]}" "$1"; }

# Makes a proxy replace its children, by this signal.
replace_children() {
    local children
    read -ra children <"/proc/$proxy/task/$proxy/children" || : # its line has no end
    kill -"$1" "$proxy"
    until_true are_gone "${children[@]}" && until_true port_is_open 127.0.0.1 8080
}

# Kills a proxy's children, and waits until the proxy has others.
kill_children() {
    local children
    read -ra children <"/proc/$proxy/task/$proxy/children" || : # its line has no end
    kill -KILL "${children[@]}"
    until_true are_gone "${children[@]}" && until_true has_children && until_true port_is_open 127.0.0.1 8080
}

has_children() { grep -q . "/proc/$proxy/task/$proxy/children"; }

are_gone() {
    local child
    for child in "$@"; do is_gone "$child" || return; done
}

# Makes a proxy that keeps its connections connect again.
end_connections() {
    stop web
    start web
}
