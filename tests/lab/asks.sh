# shellcheck shell=bash
# For the tests of a configuration that changes: a program that keeps running, and functions that ask it (asks.c). Sourced
# after check.sh.
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # variables from check.sh, and for the tests

asks=$(compiled asks) || exit 125
file=$TMPDIR/settings.conf # the program's configuration

# begins_with TEXT: starts the program with this text as its configuration.
begins_with() {
    echo "$1" >"$file"
    begins
}

# begins [DIRECTORY]: starts the program, in this root directory if there is one.
begins() {
    export ORIGIN_BYPASS_CONFIG_FILE=$file
    begins_without_variable "$@"
}

# Sets $program to the PID.
begins_without_variable() {
    rm -f "$TMPDIR"/{questions,answers}
    mkfifo "$TMPDIR"/{questions,answers}
    preloaded "$asks" "$@" <"$TMPDIR/questions" >"$TMPDIR/answers" &
    exec 8>"$TMPDIR/questions" 9<"$TMPDIR/answers"
    shell=$!
    trap 'exec 8>&- 9<&-; wait "$shell" || :' EXIT
    until_true child_of_shell
}

child_of_shell() {
    program=$(<"/proc/$shell/task/$shell/children")
    program=${program%% *}
    [[ -n $program ]]
}

# The new file replaces the old one in one step.
change_to() {
    echo "$1" >"$file.new"
    mv "$file.new" "$file"
}

ask() {
    local answer
    echo "$1" >&8
    read -r answer <&9
    echo "$answer"
}

# comes_to NAME ADDRESS: waits for the two seconds that are promised, and longer for a busy machine.
comes_to() {
    local attempt answer
    for attempt in {1..60}; do
        answer=$(ask "$1")
        [[ $answer != "$2" ]] || return 0
        sleep 0.1
    done
    echo "after $attempt questions $1 still leads to $answer, not to $2"
    return 1
}
