# shellcheck shell=bash
# For scripts that run a command in its own namespaces: tests/lab/enter, tests/debian.

# run_in_namespaces unshare --pid --fork --kill-child ... COMMAND...: replaces this script, and exits as the command did.
#
# Signals: unshare blocks them while it waits, and process 1 of a namespace ignores signals that it has no handler for.
# So this shell, outside, catches them and kills both. The kernel kills all processes of the namespace before its
# process 1 is gone, so nothing is left when we return.
run_in_namespaces() {
    unshare_pid=
    trap 'leave 129' HUP
    trap 'leave 130' INT
    trap 'leave 143' TERM
    env --default-signal=INT,QUIT "$@" <&0 &
    unshare_pid=$!
    wait "$unshare_pid"
    exit
}

# shellcheck disable=SC2317 # called by the traps
leave() {
    trap '' HUP INT TERM
    local process_1=''
    read -r process_1 2>/dev/null <"/proc/$unshare_pid/task/$unshare_pid/children"
    # shellcheck disable=SC2086 # empty if the kernel does not list children: --kill-child ends it then
    kill -KILL "$unshare_pid" $process_1
    wait "$unshare_pid" 2>/dev/null
    while [[ -n $process_1 ]] && is_alive "$process_1"; do sleep 0.01; done
    exit "$1"
}

# A zombie counts as dead.
# shellcheck disable=SC2317 # called by the traps
is_alive() {
    local state
    state=$(grep '^State:' "/proc/$1/status" 2>/dev/null) && [[ $state != *Z* ]]
}
