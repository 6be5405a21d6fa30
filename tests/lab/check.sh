# shellcheck shell=bash
# For the tests in the lab. A test is a file test_*.sh that sources this one, defines functions whose names begin with
# it_ and ends with check_all. Each function runs in a freshly reset world, in the order of the file. The function's name
# is the statement that it proves. It fails at its first command that fails.
#
# A test started by hand enters the lab itself: tests/lab/test_curl.sh [FUNCTION...]
# checkers.sh lists the checkers for our programs: SANITIZE=thread tests/guest/test_forks.sh

# shellcheck disable=SC2034 # many of these variables are only used by the tests
set -u -o pipefail
lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 125
top=${lab%/tests/lab}
# ThreadSanitizer of older compilers does not work with the many random bits in the addresses of newer kernels.
fixed_addresses=()
[[ ${SANITIZE-} != thread ]] || ! setarch -R true 2>/dev/null || fixed_addresses=(setarch -R)
[[ -n ${LAB_LIBRARY-} ]] || exec "${fixed_addresses[@]}" "$lab/enter" "$0" "$@"
# shellcheck source-path=SCRIPTDIR source=world.sh
source "$lab/world.sh"
# shellcheck source-path=SCRIPTDIR source=checkers.sh
source "$lab/checkers.sh"

CDN=cdn.example.com
# For tests in which time does not matter: on a busy machine a server can answer late, and would be asked again.
patient='query = { timeout_ms = 10000; hedge_ms = 5000; deadline_ms = 30000; };'
originbypass=${LAB_LIBRARY%/*}/originbypass # the command
not_built=$TMPDIR/not-built # which program a test could not run, because it is not for the library's CPU
this_cpu=$(uname -m | tr _ -) # as the command calls it
messages=$TMPDIR/messages # by convention, the standard error of a program under the library
python=/usr/bin/python3   # not a version manager's shell script in PATH
[[ -x $python ]] || python=python3

# make_runnable PROGRAM [PLACE]: puts a script in the place of a program of another CPU, which runs it.
make_runnable() {
    local real=$LAB/tmp/foreign/${1##*/} place=${2:-$1}
    mkdir -p "${real%/*}"
    cp "$1" "$real" && rm -f "$place" && printf '#!/bin/sh\nexec qemu-%s %s "$@"\n' "$FOREIGN" "$real" >"$place" && chmod 755 "$place"
}

if [[ $checker == foreign ]]; then
    make_runnable "$originbypass" "$LAB/tmp/originbypass" || exit 125
    originbypass=$LAB/tmp/originbypass
fi

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

# check_one FUNCTION. Many tests depend on when a server is asked again, and a machine that stalls for a moment changes
# that. A test that fails during a stall is tried again, at most twice. One with a checker's report is not.
check_one() {
    local name="${area//_/ }: ${1//_/ }" output=$TMPDIR/output status attempt reported
    for attempt in 1 2 3; do
        : >"$messages"
        : >"$TMPDIR/stalled-ms"
        : >"$not_built"
        heal_world >"$output" 2>&1 && (set -e && prepare && "$1") >>"$output" 2>&1
        status=$?
        [[ ! -s $not_built ]] || { status=77 && cat "$not_built" >>"$output"; }
        reported=0
        nothing_reported >>"$output" || reported=1
        ((status != 0 && status != 77 && !reported && attempt < 3)) || break
        [[ -s $TMPDIR/stalled-ms ]] || break
        echo "again - $name # it failed while the machine stalled for $(paste -sd, "$TMPDIR/stalled-ms") ms"
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

# A test file can redefine it: what each test needs in addition to the world.
prepare() { :; }

skip() {
    echo "$*"
    exit 77
}

# needs_dnsmasq VERSION WHAT_EARLIER_ONES_DO
needs_dnsmasq() {
    local version
    version=$(dnsmasq --version | sed -n 's/^Dnsmasq version \([^ ]*\).*/\1/p')
    [[ $(printf '%s\n' "$1" "$version" | sort -V | head -n 1) == "$1" ]] || skip "dnsmasq $version $2"
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

# bypass HOSTS PROGRAM [ARGUMENT...]: runs the program with the library and these host rules, and keeps its messages.
# Other ORIGIN_BYPASS_ variables can be set in front of it.
bypass() {
    ORIGIN_BYPASS_HOSTS=$1 preloaded "${@:2}"
}

preloaded() {
    with_library "$@" 2>"$messages"
}

# Like preloaded, but the program keeps its standard error.
with_library() {
    local runs=()
    if is_program_of_ours "$1"; then
        runs=("${checker_runs[@]}")
    elif [[ $checker == foreign ]]; then
        echo "${1##*/} is not built for $FOREIGN" >>"$not_built"
        return 77
    fi
    env "${preload_variable:+$preload_variable=}LD_PRELOAD=$checker_before $LAB_LIBRARY" "${runs[@]}" "$@"
}

# with_settings TEXT: sets the test's configuration file from now on.
with_settings() {
    echo "$1" >"$TMPDIR/settings.conf"
    export ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/settings.conf
}

# The messages of one kind, as "level msg field=value ..." with the requested fields.
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

# The command does and prints the same with the library as with only libc, over the same DNS data.
same_as_libc() {
    local ours libc
    ours=$(bypass "$@"; echo "exit status $?")
    echo 'nameserver 8.8.8.8' >/etc/resolv.conf
    libc=$("${@:2}"; echo "exit status $?")
    cp "$WORLD/etc/resolv.conf" /etc
    equal "$libc" "$ours"
}

# --- programs of our own ---------------------------------------------------------------------------------------------

# compiled NAME [FLAG...]: the path of the program made from NAME.c, which is beside the test or in this directory.
compiled() {
    local program=$LAB/tmp/$1 source
    source=$(dirname "$0")/$1.c
    [[ -e $source ]] || source=$lab/$1.c
    [[ -x $program ]] || compile -pthread "${@:2}" -o "$program" "$source" || return
    [[ $checker != foreign || -e $LAB/tmp/foreign/$1 ]] || make_runnable "$program" || return
    echo "$program"
}

compile() { "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -g "${checker_flags[@]}" "$@" "${checker_libraries[@]}"; }

is_program_of_ours() { [[ $1 == "$LAB"/tmp/* ]]; }

call() { bypass "$1" "$(compiled caller)" "${@:2}"; }

# --- a server of our own ---------------------------------------------------------------------------------------------

# scripted_at ADDRESS PORT BEHAVIOUR [udp | reset]: runs scripted_dns.py until the test ends. Once it is ready, it writes
# each question to $TMPDIR/asked.
scripted_at() {
    : >"$TMPDIR/asked"
    "$python" "$lab/scripted_dns.py" "$@" >>"$TMPDIR/asked" &
    end_with_the_test $!
    until_true grep -q ready "$TMPDIR/asked"
    : >"$TMPDIR/asked"
}

# Each test runs in its own shell, so the trap is the test's.
end_with_the_test() {
    ending+=("$1")
    trap end_those EXIT
}
ending=()

# Also one that a test has stopped (SIGSTOP).
end_those() {
    kill "${ending[@]}" 2>/dev/null || :
    kill -CONT "${ending[@]}" 2>/dev/null || :
    wait "${ending[@]}" || :
}

# --- what to expect --------------------------------------------------------------------------------------------------

nobody_asked() {
    local server
    for server in "$@"; do
        equal "no query at $server" "$(grep -E 'query(\[|: )' "$LAB/log/$server" || echo "no query at $server")" || return
    done
}
