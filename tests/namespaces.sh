# shellcheck shell=bash
# For scripts that run a command in namespaces of its own: tests/lab/enter, tests/debian.

# run_in_namespaces unshare --pid --fork --kill-child ... COMMAND...: in the place of this script, and exits as it did.
#
# Signals: unshare blocks them while it waits, and process 1 of a namespace ignores what it has no handler for.
# So the shell out here takes them and kills both. The kernel kills all processes of the world before its process 1
# is gone, so that nothing is left when we return.
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
    # shellcheck disable=SC2086 # empty where the kernel does not list children: then its death follows by itself
    kill -KILL "$unshare_pid" $process_1
    wait "$unshare_pid" 2>/dev/null
    while [[ -n $process_1 ]] && is_alive "$process_1"; do sleep 0.01; done
    exit "$1"
}

# A zombie is as good as gone.
# shellcheck disable=SC2317 # called by the traps
is_alive() {
    local state
    state=$(grep '^State:' "/proc/$1/status" 2>/dev/null) && [[ $state != *Z* ]]
}
