# shellcheck shell=bash
# For the tests of outages: two upstreams that misbehave on command, and a program that looks up names on command.

# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

# shellcheck disable=SC2034 # these variables are used by the tests
FIRST=192.0.2.1 SECOND=192.0.2.2 OLD=203.0.113.7 NEW=203.0.113.8 WRONG=203.0.113.66
for address in "$FIRST" "$SECOND" 192.0.2.66; do ip address replace "$address/32" dev lo; done
upstreams="$FIRST $SECOND"

# --- upstreams -------------------------------------------------------------------------------------------------------

# serve ADDRESS BEHAVIOUR [udp | reset]: runs a server until the test ends, or until leave.
serve() {
    behave "$1" "$2"
    : >"$TMPDIR/asked-$1"
    "$python" "$lab/scripted_dns.py" "$1" 53 "@$TMPDIR/script-$1" "${@:3}" >>"$TMPDIR/asked-$1" &
    echo $! >"$TMPDIR/pid-$1"
    end_with_the_test $!
    until_true grep -q ready "$TMPDIR/asked-$1"
    : >"$TMPDIR/asked-$1"
}

# behave ADDRESS BEHAVIOUR: from now on the server behaves like this. The file is never half written.
behave() {
    echo "$2" >"$TMPDIR/script-$1.new"
    mv "$TMPDIR/script-$1.new" "$TMPDIR/script-$1"
}

# From now on nobody listens at this address.
leave() {
    kill "$(<"$TMPDIR/pid-$1")"
    wait "$(<"$TMPDIR/pid-$1")" 2>/dev/null || :
}

# asked ADDRESS [NAME]: how many questions the server got, in total or for this name.
asked() { awk -v name="${2-}" 'name == "" || $3 == name' "$TMPDIR/asked-$1" | wc -l; }

forget_questions() {
    local address
    for address in "$@"; do : >"$TMPDIR/asked-$address"; done
}

# packets_to ADDRESS: how many were sent to its port 53 since count_packets_to, including those that vanish on the way.
count_packets_to() {
    nft delete table ip faults 2>/dev/null || :
    nft add table ip faults
    nft add chain ip faults sent '{ type filter hook output priority 0; }'
    local address
    for address in "$@"; do nft add rule ip faults sent ip daddr "$address" udp dport 53 counter; done
}

packets_to() { nft list table ip faults | awk -v to="$1" '$3 == to { print $(NF - 2) }'; }

# --- the program -----------------------------------------------------------------------------------------------------

steady=$(compiled steady) || exit 125
family=inet

# shellcheck disable=SC2154 # the coprocess' ID
# begin CONFIGURATION: a program that has not used any upstream yet. It ends with the test, or with end.
begin() {
    echo "$1" >"$TMPDIR/faults.conf"
    coproc program {
        ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/faults.conf ORIGIN_BYPASS_UPSTREAMS=$upstreams \
            bypass '*' "$steady" "$family"
    }
    at_command=${program[1]} pid=$program_PID
}

begin_without_the_library() {
    coproc program { "$steady" "$family"; }
    at_command=${program[1]} pid=$program_PID
}

end() {
    exec {at_command}>&-
    wait "$pid"
}

# look_up NAME, or look_up ACTION COUNT NAME (see steady.c): sets heard, slowest_us, all_us and addresses.
# shellcheck disable=SC2034 # the tests read them
look_up() {
    (($# > 1)) || set -- one 1 "$1"
    echo "$*" >&"${program[1]}"
    read -r -t 60 heard slowest_us all_us addresses <&"${program[0]}"
    slowest_ms=$(((slowest_us + 999) / 1000)) # with a clock in milliseconds, a wait can be up to 1 ms short
    echo "$*: $heard, the slowest after $slowest_ms ms"
}

# hears ADDRESS NAME | ACTION COUNT NAME
hears() {
    look_up "${@:2}"
    equal "$1" "$heard"
}

threads() {
    echo threads >&"${program[1]}"
    read -r -t 60 heard <&"${program[0]}"
    echo "$heard"
}

resident_kb() {
    echo resident >&"${program[1]}"
    read -r -t 60 heard <&"${program[0]}"
    echo "$heard"
}

# --- what to expect --------------------------------------------------------------------------------------------------

at_least() {
    (($2 >= $1)) && return
    echo "expected at least $1, got $2"
    return 1
}

less_than() {
    (($2 < $1)) && return
    echo "expected less than $1, got $2"
    return 1
}

# how_often MESSAGE [UPSTREAM]
how_often() { said upstream | grep -c "$1 upstream=${2-}" || :; }
