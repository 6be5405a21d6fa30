#!/usr/bin/env bash
# The manual pages and the completion say what originbypass --help says, and what the README says of the settings.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

manual=$top/preload/man
completion=$top/scripts/completion
PATH=${originbypass%/*}:$PATH

it_is_written_as_manual_pages_are() {
    # Which other pages a machine has is not what is asked for.
    equal '' "$(mandoc -T lint -W style "$manual"/*.[1-9] 2>&1 | grep -v 'outdated mandoc.db\|referenced manual not found')"
}

it_has_every_command_and_option_of_the_help_and_no_other_option() {
    local command
    for command in $(commands); do
        echo "$command:"
        grep -qx "\.Ss $command" "$manual/originbypass.1"
        equal "$(options_in_help "$command")" "$(options_in_manual "$command")"
    done
}

it_has_no_command_that_is_not_there() {
    local missing
    missing=$(comm -13 <(commands | sort) <(sed -n 's/^\.Ss //p' "$manual/originbypass.1" | sort))
    [[ -z $missing ]] || skip "in the manual, and not built yet: ${missing//$'\n'/, }"
}

it_has_the_settings_of_the_readme_with_their_defaults() {
    local settings
    settings=$(sed -n '/^### Configuration file/,/^A group in/p' "$top/README.md" | tr -d '`' |
        awk -F ' *[|] *' '$2 ~ /^[a-z]/ && $2 != "key" { n = split($2, keys, ", "); for (i = 1; i <= n; i++) print keys[i] " = " $4 }')
    fails test -z "$settings"
    equal "$settings" "$(sed -n 's/\\(dq/"/g; s/^\.It Ic \(.*\) No = /\1 = /p' "$manual/originbypass.conf.5")"
}

it_has_the_variables_of_the_readme() {
    local variables
    # shellcheck disable=SC2016 # backquotes of Markdown
    variables=$(sed -n '/^### Environment/,/^### /s/^| `\([A-Z_]*\)`.*/\1/p' "$top/README.md")
    fails test -z "$variables"
    equal "$variables" "$(sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh FILES/s/^\.It Ev //p' "$manual/liboriginbypass.7")"
}

it_is_completed_in_bash() {
    completes_every_command_and_option in_bash
    mkdir -p "$TMPDIR/files"
    touch "$TMPDIR/files"/{one.conf,only}
    equal "$TMPDIR/files/one.conf" "$(in_bash run -c "$TMPDIR/files/one")"
    equal "$TMPDIR/files/one.conf" "$(in_bash check "$TMPDIR/files/one")"
    equal $'enable\ndisable\nstatus' "$(in_bash system '')"
    equal '' "$(in_bash run -H -)"
    equal originbypass "$(in_bash run -H a.example.com originb)"
    equal originbypass "$(in_bash run -v -- originb)"
    equal "$TMPDIR/files/only" "$(in_bash run -v -- cat -A "$TMPDIR/files/onl")"
}

it_is_completed_in_zsh() {
    completes_every_command_and_option in_zsh
    equal _files "$(in_zsh run -c x)"
    equal _files "$(in_zsh check x)"
    equal $'enable\ndisable\nstatus' "$(in_zsh system '')"
    equal '_message hosts' "$(in_zsh run -H -)"
    equal '_normal 1: originb' "$(in_zsh run -H a.example.com originb)"
    equal '_normal 1: originb' "$(in_zsh run -v -- originb)"
    equal '_normal 3: cat -A x' "$(in_zsh run -v -- cat -A x)"
}

# --- means -----------------------------------------------------------------------------------------------------------

commands() { "$originbypass" --help | sed -n 's/^    \([a-z]\{1,\}\) .*/\1/p'; }

# Each once, in the order of ASCII: those of the usage, and of the lines that explain them.
options_in_help() {
    "$originbypass" "$1" --help | sed -n '1,/^$/p; /^  -/p' | sed 's/\([^ ]\)  .*/\1/' |
        grep -oE '[][ |,]--?[A-Za-z0-9][a-z0-9-]*' | cut -c 2- | LC_ALL=C sort -u
}

# "Fl p , Fl -pid Ar pid" is -p and --pid, and "Fl -" alone is no option.
options_in_manual() {
    sed -n "/^\.Ss $1\$/,/^\.S[sh] /s/^\.It //p" "$manual/originbypass.1" |
        grep -oE 'Fl -?[A-Za-z0-9][a-z0-9-]*' | sed 's/Fl /-/' | LC_ALL=C sort -u
}

# in_bash WORD...: what is offered for the last word.
in_bash() {
    bash --norc -c 'source "$1" && shift && COMP_WORDS=(originbypass "$@") COMP_CWORD=$# COMPREPLY=()
        compopt() { :; }
        _originbypass originbypass "${!#}" "${COMP_WORDS[$# - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' - "$completion/originbypass.bash" "$@" | as_offered
}

# The same in zsh, with its own functions' names for what they would offer.
in_zsh() {
    zsh -f -c 'file=$1; shift; words=(originbypass "$@"); CURRENT=$#words
        compadd() { shift; print -l -- "$@"; }
        _files() { print _files; }
        _message() { print _message "$@"; }
        _normal() { print "_normal $CURRENT: $words"; }
        set --; source $file' - "$completion/_originbypass" "$@" | as_offered
}

# Commands as they come, options as options_in_help has them.
as_offered() {
    local offered
    offered=$(cat)
    if [[ $offered == -* ]]; then LC_ALL=C sort -u; else cat; fi <<<"$offered"
}

# completes_every_command_and_option SHELL: in_bash or in_zsh
completes_every_command_and_option() {
    local command
    equal "$(commands; printf '%s\n' --help --version)" "$("$1" '')"
    for command in $(commands); do
        echo "$command:"
        equal "$({ options_in_help "$command"; echo --help; } | LC_ALL=C sort -u)" "$("$1" "$command" -)"
    done
}

check_all "$@"
