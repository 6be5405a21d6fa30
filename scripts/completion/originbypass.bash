# shellcheck shell=bash
# bash completion for originbypass(1). Commands, options and their values are taken from the --help of the very command
# that is being typed, so this file cannot become outdated.

_originbypass() {
    local command=$1 word=$2 help i
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _originbypass_offer "$("$command" --help 2>/dev/null | sed -n 's/^    \([a-z]\{1,\}\) .*/\1/p') --help --version"
        return
    fi
    help=$("$command" "${COMP_WORDS[1]}" --help 2>/dev/null) || return
    for ((i = 2; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) _originbypass_program $((i + 1)) && return ;;
            -*) [[ -z $(_originbypass_value_of "${COMP_WORDS[i]}") ]] || ((++i)) ;;
            *) ! _originbypass_runs || { _originbypass_program "$i" && return; } ;;
        esac
    done
    if ((i > COMP_CWORD)); then
        _originbypass_offer_value "$(_originbypass_value_of "${COMP_WORDS[COMP_CWORD - 1]}")"
    elif [[ $word == -* ]]; then
        _originbypass_offer "$(_originbypass_options) --help"
    elif _originbypass_runs; then
        _originbypass_program "$COMP_CWORD"
    elif [[ $help == *'[FILE]'* ]]; then
        _originbypass_offer_value FILE
    elif [[ $help == *'[PID]'* ]]; then
        _originbypass_offer_value PID
    elif ((COMP_CWORD == 2)); then
        _originbypass_offer "$(_originbypass_verbs)"
    fi
}

# What the usage has in small letters after the command's name.
_originbypass_verbs() { sed -n '1,/^$/s/^.*originbypass [a-z]* \([a-z]\{1,\}\).*/\1/p' <<<"$help"; }

# Whether a program can follow the options without `--` in between.
_originbypass_runs() { [[ ${help%%$'\n'*} == *'] PROGRAM'* ]]; }

# The options in the usage, and in the lines that explain them.
_originbypass_options() {
    sed -n '1,/^$/p; s/^  -/ -/p' <<<"$help" | sed 's/\([^ ]\)  .*/\1/' |
        grep -oE '[][ |,]--?[A-Za-z0-9][a-z0-9-]*' | cut -c 2-
}

# What follows the option: FILE, PID or a similar word, or the values themselves, as in a|b. Empty if nothing follows.
_originbypass_value_of() {
    grep -oE -- "[][ |,]$1 ([A-Z]+|[a-z]+(\|[a-z]+)+)" <<<"$help" | head -n 1 | sed 's/.* //'
}

_originbypass_offer() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word"); }

_originbypass_offer_value() {
    case $1 in
        DIRECTORY) compopt -o filenames 2>/dev/null && mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        FILE) compopt -o filenames 2>/dev/null && mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        PID) _originbypass_offer "$(cd /proc && printf '%s ' [0-9]*)" ;;
        *\|*) _originbypass_offer "${1//|/ }" ;;
    esac
}

# _originbypass_program PLACE: the program begins at this word. The package bash-completion knows the options of programs.
_originbypass_program() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif (($1 == COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
    else
        _originbypass_offer_value FILE
    fi
}

complete -F _originbypass originbypass
