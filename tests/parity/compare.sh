# shellcheck shell=bash
# For the tests that make the same calls with only libc and with the library, over the same DNS, and compare the output line
# by line. A test sources this file, defines functions whose names begin with it_, and ends with compare_all "$@", which
# prints how many calls were compared after the results.

# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"
parity=$top/tests/parity
# shellcheck source-path=SCRIPTDIR source=hosts.sh
source "$parity/hosts.sh"
# shellcheck source-path=SCRIPTDIR source=names.sh
source "$parity/names.sh"

# shellcheck disable=SC2034 # used by the tests
authority=127.0.0.53 resolver=127.0.0.54 dns64=127.0.0.64 nobody=127.0.0.99
plain=$TMPDIR/plain ours=$TMPDIR/ours config=$TMPDIR/parity.conf tally=$TMPDIR/tally

# The programs use the caller's locale, and libc's handling of names depends on it. A test sets another locale if it needs it.
export LC_ALL=C

compare_all() {
    local status program
    if [[ ${1-} == --on-host ]]; then
        be_host "${@:2}"
        exit
    fi
    for program in addrinfos hostents; do build "$program" || exit 125; done
    : >"$tally"
    check_all "$@"
    status=$?
    awk '{ calls += $1; different += $2 } END { print calls + 0 " calls compared, " different + 0 " different" }' "$tally"
    return "$status"
}

# --- the host, its DNS and its settings --------------------------------------------------------------------------------

# on_host KIND FUNCTION [ARGUMENT...]: runs the test's function on a host of this kind, with its own DNS servers.
on_host() { unshare --net --uts "$0" --on-host "$@"; }

be_host() {
    set -e
    become_host "$1"
    hostname parity # without a domain, because libc would search it
    mkdir -p "$LAB/parity"
    { cat "$LAB/internet.zone" "$parity/world/test.zone" && long_names; } >"$LAB/parity/root.zone"
    "$LAB/bin/knotd" -c "$parity/world/knot.conf" >"$LAB/log/parity" 2>&1 </dev/null &
    # shellcheck disable=SC2034 # used by a test
    knot=$!
    "$LAB/bin/unbound" -d -c "$parity/world/unbound.conf" >>"$LAB/log/parity" 2>&1 </dev/null &
    trap end_servers EXIT
    if ! until_true answers "$authority" || ! until_true answers "$resolver"; then
        cat "$LAB/log/parity"
        return 1
    fi
    "${@:2}"
}

# start_dns64 PREFIX: the resolver that is a DNS64, too.
start_dns64() {
    sed "s|dns64-prefix: .*|dns64-prefix: $1|" "$parity/world/dns64.conf" >"$LAB/parity/dns64.conf"
    "$LAB/bin/unbound" -d -c "$LAB/parity/dns64.conf" >>"$LAB/log/parity" 2>&1 </dev/null &
    until_true answers "$dns64" || { cat "$LAB/log/parity" && return 1; }
}

# Also ends a server that a test has stopped. Servers can have ended by themselves, even all before the second signal.
end_servers() {
    local servers
    mapfile -t servers < <(jobs -p)
    kill "${servers[@]}" 2>/dev/null || :
    kill -CONT "${servers[@]}" 2>/dev/null || :
    wait || :
}

libc_asks() { printf 'nameserver %s\noptions timeout:%s attempts:1\n' "$1" "$libc_timeout_s" >/etc/resolv.conf; }

# On a busy machine, servers can answer late. A test whose servers never answer calls be_impatient.
libc_timeout_s=30 query=$patient
be_impatient() {
    libc_timeout_s=1
    query='query = { timeout_ms = 1000; hedge_ms = 500; deadline_ms = 1500; };'
}

# configure SERVER FALLBACK. The rules match every name: `*` leaves to libc the names without a dot, and those that are
# local by definition, so own_rules lists those.
configure() {
    local rules
    printf -v rules ', "%s"' "${own_rules[@]}"
    printf '%s\n' "hosts = (\"*\"$rules);" "upstreams = [ \"$1\" ];" "fallback = \"$2\";" 'log = { level = "none"; };' \
        "$query" >"$config"
}

# --- comparing -------------------------------------------------------------------------------------------------------

# agree SERVER PROGRAM ARGUMENT...: with libc after us, and with libc's DNS dead.
agree() {
    agree_with_libc_behind_us "$@"
    alone "$1"
    ours "${@:2}" >"$ours"
    no_difference "$2 $3 $4 ... with libc's DNS dead"
}

agree_with_libc_behind_us() {
    libc_asks "$1"
    libcs "${@:2}" >"$plain"
    configure "$1" libc
    ours "${@:2}" >"$ours"
    no_difference "$2 $3 $4 ..."
}

# Nobody listens at the server that libc would ask, so any correct answer is ours.
alone() {
    libc_asks "$nobody"
    configure "$1" never
}

libcs() { "$TMPDIR/$1" "${@:2}" 2>/dev/null; }

ours() {
    preloaded ORIGIN_BYPASS_CONFIG_FILE="$config" "$TMPDIR/$1" "${@:2}"
    ! grep outside "$messages"
}

# except PATTERN: calls whose lines match it are not compared. At least one of them must differ.
except() {
    if cmp -s <(grep -E "$1" "$plain") <(grep -E "$1" "$ours"); then
        echo "no difference, so no exception is needed: $1"
        return 1
    fi
    sed -i -E "/$1/d" "$plain" "$ours"
}

no_difference() {
    local count different
    count=$(wc -l <"$plain")
    different=$(diff "$plain" "$ours" | grep -c '^<' || :)
    echo "$count $different" >>"$tally"
    echo "$1: $count calls compared, $different different"
    ((count > 0)) && cmp "$plain" "$ours" && return
    diff "$plain" "$ours" | grep '^<' | cut -d ' ' -f 2,3 | sort | uniq -c || :
    diff "$plain" "$ours" | cut -c 1-400 | head -n 40 || :
    return 1
}

# compiled for glibc, or for the libc of the test
compiler=("${CC:-cc}")
build() { "${compiler[@]}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -g -pthread -o "$TMPDIR/$1" "$parity/$1.c"; }
