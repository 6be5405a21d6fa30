# shellcheck shell=bash
# Runs tests side by side, JOBS at a time, and prints their output one after another, in the order in which they were
# added. For tests/check and tests/lab/run:
#
#     suite NAME                  begins a suite: its name is printed before its tests, and their sum after them
#     add [OPTION] COMMAND...     a test; it must end with the line "N passed, N failed[, N skipped]", or it has failed
#     run_all                     runs them all and sets passed, failed and skipped
#
#     --first          begins before the others, because it takes long
#     --alone          runs after all others have ended, with nothing beside it
#     --preparation    is not a test: it prints no such line, and has failed if it exits with an error
#     --prepared       waits for the preparations that were added before it
#
# make does the work: it runs the tests in the order of the rules, and stops them when it is stopped itself.

# Tests wait more than they compute.
: "${JOBS:=$((3 * $(nproc)))}"

commands=() preparations=() prepared=() first=() others=() alone=()
suites=() # by the number of its first test, the suite's name
passed=0 failed=0 skipped=0

suite() { suites[${#commands[@]}]=$1; }

add() {
    local n=${#commands[@]}
    case $1 in
        --first) first+=("$n") ;;
        --alone) alone+=("$n") ;;
        --preparation) preparations+=("$n") ;;
        --prepared) prepared+=("$n") ;;
        *) others+=("$n") ;;
    esac
    [[ $1 != --* ]] || shift
    commands[n]=${*@Q}
}

run_all() {
    results=$(mktemp -d) || exit 125
    trap 'rm -rf "$results"' EXIT
    trap 'end_all 129' HUP
    trap 'end_all 130' INT
    trap 'end_all 143' TERM
    write_rules
    local n next=0 finished=()
    begin_all
    print_title 0
    while read -r n <&"$tells"; do
        finished[n]=1
        while [[ -n ${finished[next]-} ]]; do
            print_result $((next++))
            print_title "$next"
        done
    done
    # A test that was killed does not report its number.
    for ((; next < ${#commands[@]}; )); do
        print_result $((next++))
        print_title "$next"
    done
    cat "$results/complaints" >&2
    trap - HUP INT TERM
}

# --- running ---------------------------------------------------------------------------------------------------------

# Each test is a process group of its own. timeout ends it when make stops it or dies.
write_rules() {
    local n
    for n in "${!commands[@]}"; do
        cat >"$results/$n.job" <<-END
			trap 'exit 143' TERM
			${commands[n]} >'$results/$n.output' 2>&1 </dev/null
			echo \$? >'$results/$n.status'
			echo $n
		END
    done
    {
        echo "all: ${preparations[*]} ${first[*]} ${prepared[*]} ${others[*]} ${alone[*]}"
        echo ".PHONY: all ${!commands[*]}"
        printf '%s: ; -@exec setpriv --pdeathsig TERM timeout 0 bash %s/$@.job\n' "${!commands[*]}" "$results"
        ((${#prepared[@]} == 0)) || echo "${prepared[*]}: ${preparations[*]}"
        local before="${preparations[*]} ${first[*]} ${prepared[*]} ${others[*]}"
        for n in "${alone[@]}"; do
            echo "$n: $before"
            before+=" $n"
        done
    } >"$results/rules"
}

# The settings of the make that has called us are meant only for its own work.
begin_all() {
    local make=(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory -r -R -j "$JOBS" -f "$results/rules")
    exec {tells}< <(exec setpriv --pdeathsig TERM "${make[@]}" 2>"$results/complaints")
    make_pid=$!
}

# shellcheck disable=SC2317 # called by the traps
end_all() {
    trap '' HUP INT TERM
    kill -TERM "$make_pid" 2>/dev/null
    wait "$make_pid"
    exit "$1"
}

# --- printing --------------------------------------------------------------------------------------------------------

# print_title N: the title of the suite that begins with this test, after the sum of the suite before it.
print_title() {
    [[ -n ${suites[$1]-} || ($1 -eq ${#commands[@]} && ${#suites[@]} -gt 0) ]] || return
    (($1 == 0)) || counts $((passed - passed_before)) $((failed - failed_before)) $((skipped - skipped_before))
    passed_before=$passed failed_before=$failed skipped_before=$skipped
    [[ -z ${suites[$1]-} ]] || echo "== ${suites[$1]}"
}

# print_result N: the test's output, without the last line, which is counted.
print_result() {
    local output=$results/$1.output status='' summary p=0 f=0 s=0
    read -r status 2>/dev/null <"$results/$1.status"
    summary=$(tail -n 1 "$output" 2>/dev/null | grep -aE '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$')
    if [[ -n $summary ]]; then
        head -n -1 "$output"
        read -r p f s <<<"${summary//[!0-9 ]/}"
    else
        cat "$output" 2>/dev/null
        [[ $status == 0 && " ${preparations[*]} " == *" $1 "* ]] || f=1
        ((f == 0)) || echo "not ok - ended with status ${status:-unknown} and without a sum: ${commands[$1]}"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
    rm -f "$output"
}

# counts PASSED FAILED SKIPPED
counts() {
    local text="$1 passed, $2 failed"
    (($3 == 0)) || text+=", $3 skipped"
    echo "$text"
}
