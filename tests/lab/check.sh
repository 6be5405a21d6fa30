# shellcheck shell=bash
# For the tests in the lab. A test is a file test_*.sh that sources this one, defines functions whose names begin with
# it_ and ends with check_all: each is run in a world that is as in the beginning, in the file's order, and its name
# is the statement that it proves. It fails at its first command that fails.
#
# A test started by hand enters the lab by itself: tests/lab/test_curl.sh [FUNCTION...]
# checkers.sh says under what our programs can be run there: SANITIZE=thread tests/guest/test_forks.sh

# shellcheck disable=SC2034 # many of these words are used by the tests alone
set -u -o pipefail
lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 125
top=${lab%/tests/lab}
# ThreadSanitizer of older compilers cannot live with the many random bits in the addresses of newer kernels.
fixed_addresses=()
[[ ${SANITIZE-} != thread ]] || ! setarch -R true 2>/dev/null || fixed_addresses=(setarch -R)
[[ -n ${LAB_LIBRARY-} ]] || exec "${fixed_addresses[@]}" "$lab/enter" "$0" "$@"
# shellcheck source-path=SCRIPTDIR source=world.sh
source "$lab/world.sh"
# shellcheck source-path=SCRIPTDIR source=checkers.sh
source "$lab/checkers.sh"

CDN=cdn.example.com
# Settings for a test of which time is no part: on a busy machine a server may answer late, and would be asked again.
patient='query = { timeout_ms = 10000; hedge_ms = 5000; deadline_ms = 30000; };'
originbypass=${LAB_LIBRARY%/*}/originbypass # the command
messages=$TMPDIR/messages # by convention, what a program under the library has written to standard error
python=/usr/bin/python3   # not a version manager's shell script in PATH
[[ -x $python ]] || python=python3

# --- running and reporting -------------------------------------------------------------------------------------------

check_all() {
    local function failed=0 area
    area=$(basename "$0" .sh)
    area=${area#test_}
    watch_for_stalls || return 125
    for function in ${1:+"$@"} $( (($#)) || grep -o '^it_[a-z0-9_]*' "$0"); do
        check_one "$function"
    done
    kill "$watcher"
    return "$failed"
}

# check_one FUNCTION. Much of what is tested here is when a server is asked again, which a machine that stands still for
# a moment decides otherwise: what fails then is tried again, twice at most. What a checker reports is not.
check_one() {
    local name="${area//_/ }: ${1//_/ }" output=$TMPDIR/output status attempt reported
    for attempt in 1 2 3; do
        : >"$messages"
        : >"$TMPDIR/stalled-ms"
        heal_world >"$output" 2>&1 && (set -e && prepare && "$1") >>"$output" 2>&1
        status=$?
        reported=0
        nothing_reported >>"$output" || reported=1
        ((status != 0 && status != 77 && !reported && attempt < 3)) || break
        [[ -s $TMPDIR/stalled-ms ]] || break
        echo "again - $name # it failed, and the machine stood still for $(paste -sd, "$TMPDIR/stalled-ms") ms"
        tell_failure
    done
    ((!reported)) || status=1
    case $status in
        0) echo "ok - $name" ;;
        77) echo "skip - $name # $(tail -n 1 "$output")" ;;
        *)
            failed=1
            echo "not ok - $name"
            tell_failure
            ;;
    esac
}

tell_failure() { tail -n 50 "$output" "$messages" "$TMPDIR"/asked* 2>/dev/null | sed 's/^/    /'; }

watch_for_stalls() {
    local program
    program=$(compiled stalls) || return
    "$program" >>"$TMPDIR/stalled-ms" &
    watcher=$!
}

# A file of tests may redefine it: what each test needs beside the world.
prepare() { :; }

skip() {
    echo "$*"
    exit 77
}

equal() {
    [[ $1 == "$2" ]] && return
    printf 'expected: %s\n     got: %s\n' "$1" "$2"
    return 1
}

contains() {
    [[ $2 == *"$1"* ]] && return
    printf 'expected to find: %s\n             in: %s\n' "$1" "$2"
    return 1
}

lacks() {
    [[ $2 != *"$1"* ]] && return
    printf 'expected not to find: %s\n                 in: %s\n' "$1" "$2"
    return 1
}

fails() { ! "$@" || { echo "expected to fail: $*" && return 1; }; }

# --- the library -----------------------------------------------------------------------------------------------------

# bypass HOSTS PROGRAM [ARGUMENT...]: the program with the library and these host rules, its messages kept.
# More of ORIGIN_BYPASS_... can stand before it.
bypass() {
    ORIGIN_BYPASS_HOSTS=$1 preloaded "${@:2}"
}

preloaded() {
    with_library "$@" 2>"$messages"
}

# The same, and the program keeps its standard error.
with_library() {
    local runs=()
    ! is_program_of_ours "$1" || runs=("${checker_runs[@]}")
    env LD_PRELOAD="$checker_before $LAB_LIBRARY" "${runs[@]}" "$@"
}

# with_settings TEXT: the configuration file of the test from now on.
with_settings() {
    echo "$1" >"$TMPDIR/settings.conf"
    export ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/settings.conf
}

# The messages of one kind, as "level msg field=value ..." with the fields that are asked for.
said() {
    "$python" - "$messages" "$@" <<'END'
import json, sys
for line in open(sys.argv[1]):
    try:
        message = json.loads(line)
    except ValueError:
        print("not JSON:", line, end="")
        continue
    print(message["level"], message["msg"], *[f"{field}={message.get(field)}" for field in sys.argv[2:]])
END
}

quiet() { equal '' "$(<"$messages")"; }

# The same command with the library, and with libc alone over the same DNS data, does and says the same.
same_as_libc() {
    local ours libc
    ours=$(bypass "$@"; echo "exit status $?")
    echo 'nameserver 8.8.8.8' >/etc/resolv.conf
    libc=$("${@:2}"; echo "exit status $?")
    cp "$WORLD/etc/resolv.conf" /etc
    equal "$libc" "$ours"
}

# --- programs of our own ---------------------------------------------------------------------------------------------

# compiled NAME [FLAG...]: the path of the program made of NAME.c, which stands beside the test or here.
compiled() {
    local program=$LAB/tmp/$1 source
    source=$(dirname "$0")/$1.c
    [[ -e $source ]] || source=$lab/$1.c
    [[ -x $program ]] || compile -pthread "${@:2}" -o "$program" "$source" || return
    echo "$program"
}

compile() { "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -g "${checker_flags[@]}" "$@"; }

is_program_of_ours() { [[ $1 == "$LAB"/tmp/* ]]; }

call() { bypass "$1" "$(compiled caller)" "${@:2}"; }

# --- a server of our own ---------------------------------------------------------------------------------------------

# scripted_at ADDRESS PORT BEHAVIOUR [udp | reset]: scripted_dns.py, until the test ends. It writes down what it is
# asked once it is ready, to $TMPDIR/asked.
scripted_at() {
    : >"$TMPDIR/asked"
    "$python" "$lab/scripted_dns.py" "$@" >>"$TMPDIR/asked" &
    end_with_the_test $!
    until_true grep -q ready "$TMPDIR/asked"
    : >"$TMPDIR/asked"
}

# The test is a shell of its own.
end_with_the_test() {
    ending+=("$1")
    trap 'kill "${ending[@]}" 2>/dev/null || :; wait "${ending[@]}" || :' EXIT
}
ending=()

# --- what to expect --------------------------------------------------------------------------------------------------

nobody_asked() {
    local server
    for server in "$@"; do
        equal "no query at $server" "$(grep -E 'query(\[|: )' "$LAB/log/$server" || echo "no query at $server")" || return
    done
}
