# shellcheck shell=bash
# For the tests of a configuration that changes: a program that runs on, and what to ask it (asks.c). Sourced after
# check.sh.
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # words of check.sh, and for the tests

asks=$(compiled asks) || exit 125
file=$TMPDIR/settings.conf # its configuration

# begins_with TEXT: the program, under a file with this text.
begins_with() {
    echo "$1" >"$file"
    begins
}

# begins [DIRECTORY]: the program, in this root directory.
begins() {
    export ORIGIN_BYPASS_CONFIG_FILE=$file
    begins_without_variable "$@"
}

# Its PID is $program.
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

# The new file takes the place of the old one as a whole.
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

# comes_to NAME ADDRESS: within the two seconds that are promised, and some for a busy machine.
comes_to() {
    local attempt answer
    for attempt in {1..60}; do
        answer=$(ask "$1")
        [[ $answer != "$2" ]] || return 0
        sleep 0.1
    done
    echo "after $attempt questions $1 leads to $answer, not to $2"
    return 1
}
