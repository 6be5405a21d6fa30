#!/usr/bin/env bash
# The manual pages, the README and the completion say what the programs do: their options, settings, counters, messages.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

completion=$top/scripts/completion
PATH=${originbypass%/*}:$PATH

it_is_written_as_manual_pages_are() {
    # In two files, since mandoc writes some lines at once and others in blocks. Which other pages a machine has does not
    # matter.
    mandoc -T lint -W style "$manual"/*.[1-9] >"$TMPDIR/lint" 2>"$TMPDIR/lint-errors" || :
    equal '' "$(cat "$TMPDIR/lint" "$TMPDIR/lint-errors" | grep -v 'outdated mandoc.db\|referenced manual not found')"
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

# man-db and mandoc, for a terminal of 80 columns.
it_is_rendered_without_a_warning() {
    local page
    command -v man >/dev/null || skip 'man is not installed; scripts/install-deps check installs it'
    for page in "$manual"/*.[1-9]; do
        equal '' "$(MANWIDTH=80 man --warnings -E UTF-8 -l "$page" 2>&1 >"$TMPDIR/rendered")"
        contains 'SEE ALSO' "$(col -bx <"$TMPDIR/rendered")"
        contains 'SEE ALSO' "$(mandoc "$page" | col -bx)"
    done
}

it_refers_to_pages_and_sections_that_are_there() {
    local page
    for page in "$manual"/*.[1-9]; do
        references_of "$page" | exist
    done
}

it_refers_to_every_other_page() {
    local page other
    for page in "$manual"/*.[1-9]; do
        for other in "$manual"/*.[1-9]; do
            other=${other##*/}
            [[ ${page##*/} == "$other" ]] || grep -qE "^\.Xr ${other%.*} ${other##*.}( |$)" <(manual_section "${page##*/}" 'SEE ALSO') ||
                { echo "${page##*/} does not refer to $other" && return 1; }
        done
    done
}

# In the command's remedies, and in the files for Kubernetes and systemd.
it_has_the_sections_that_remedies_name() {
    remedies | exist
    (($(remedies | wc -l) > 4))
    equal '' "$(grep -rl README "$top"/preload --include='*.c' || :)"
    equal '' "$(grep -rl README "$top"/scripts/{kubernetes,systemd,completion,Containerfile,compose.yaml,entrypoint,origin-curl} || :)"
}

# --- the settings ----------------------------------------------------------------------------------------------------

it_has_the_settings_of_the_library() {
    equal "$(settings_of_the_library | sort)" "$(manual_items originbypass.conf.5 SETTINGS | sed 's/ = .*//' | sort)"
}

# All of them in a file mean what an empty file means.
it_has_the_defaults_of_the_library() {
    : >"$TMPDIR/empty.conf"
    manual_items originbypass.conf.5 SETTINGS | as_configuration >"$TMPDIR/defaults.conf"
    contains 'upstreams = [ "8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "2606:4700:4700::1111" ];' "$(<"$TMPDIR/defaults.conf")"
    equal "$(meaning_of "$TMPDIR/empty.conf")" "$(meaning_of "$TMPDIR/defaults.conf")"
}

# What the library expects is in its complaint about a wrong value.
it_has_the_ranges_and_words_of_the_library() {
    local key expected text number=0
    while read -r key; do
        expected=$(complaint_about "$key = ( ( ) )" | sed -n 's/.*expected //p')
        text=$(manual_text_of "$key")
        echo "$key: expected $expected; in the manual: $text"
        case $expected in
            'a whole number from '*)
                contains "${expected#a whole number from }" "$text"
                ((++number))
                ;;
            '"'*) contains_words "$expected" "$text" && ((++number)) ;;
        esac
    done < <(manual_items originbypass.conf.5 SETTINGS | sed 's/ = .*//')
    equal 15 "$number"
}

it_has_the_settings_of_a_host_of_the_library() {
    equal "$(keys_beside "hosts = ( { name = \"a.b\"; nosuch = 1; } )" | grep -vx name | sort)" \
        "$(manual_items originbypass.conf.5 'SETTINGS OF A HOST' | sort)"
}

it_has_the_variables_of_the_library() {
    equal "$(strings -a "$LAB_LIBRARY" | grep -x 'ORIGIN_BYPASS_[A-Z_]*[A-Z]' | sort -u)" "$(variables_of_the_manual | sort)"
}

it_has_the_variables_of_the_readme_with_their_defaults() {
    equal "$(readme_cells Configuration | grep -x 'ORIGIN_BYPASS_.*')" "$(variables_of_the_manual)"
    local variable default
    while IFS='|' read -r variable default; do
        echo "$variable:"
        contains "$default" "$(variable_text "$variable")"
    done < <(readme_section Configuration | tr -d '`' | sed -nE 's/^\| (ORIGIN_[A-Z_]*) \|.*\| (.*[^ ]) +\|$/\1|\2/p' | grep -v '|hosts of the file')
}

it_has_the_counters_of_the_library() {
    mkdir "$TMPDIR/metrics"
    equal "$("$originbypass" stats --json --directory "$TMPDIR/metrics" | "$python" -c '
import json, sys
print("\n".join(json.load(sys.stdin)["all"]["counters"]))' | sort)" \
        "$(manual_items liboriginbypass.7 COUNTERS | grep -x '[a-z_]*' | sort)"
}

it_has_the_messages_of_the_library() {
    local messages_of_the_library message
    messages_of_the_library=$(strings -a "$LAB_LIBRARY")
    manual_items liboriginbypass.7 DIAGNOSTICS >"$TMPDIR/messages.manual"
    while read -r message; do
        grep -qxF "$message" <<<"$messages_of_the_library" || { echo "no message of the library: $message" && return 1; }
    done <"$TMPDIR/messages.manual"
    while read -r message; do
        grep -qxF "$message" "$TMPDIR/messages.manual" || { echo "not in the manual: $message" && return 1; }
    done < <(find "$top/preload" -name '*.c' -exec cat {} + | tr '\n' ' ' | grep -oE 'LOG_LEVEL_[A-Z]+, +"[^"]+"' | sed 's/.*, *"\(.*\)"/\1/')
    (($(wc -l <"$TMPDIR/messages.manual") >= 10))
}

# --- the README ------------------------------------------------------------------------------------------------------

it_has_a_readme_of_at_most_300_lines() { (($(wc -l <"$top/README.md") <= 300)); }

it_has_documents_whose_links_lead_to_files_and_sections() {
    local document link anchor
    for document in README.md scripts/README.md tests/bench/README.md; do
        while read -r link; do
            echo "$document: $link"
            anchor=${link#*#}
            [[ ${link%%#*} == '' || -e $top/$(dirname "$document")/${link%%#*} ]]
            [[ $link != *'#'* ]] || equal 1 "$(anchors "$top/$document" "${link%%#*}" | grep -cx "$anchor")"
        done < <(grep -oE '\]\([^)]*\)' "$top/$document" | sed 's/^](//; s/)$//' | grep -v '^https:')
    done
}

it_has_a_readme_that_names_every_command() {
    equal "$(commands | sort)" "$(readme_cells 'The commands' | sed -n 's/^\([a-z]*\)$/\1/p' | grep -vx command | sort)"
}

# The file of the section is one that the library accepts without a word.
it_has_a_configuration_in_the_readme_that_is_good() {
    readme_block Configuration 'hosts = (' >"$TMPDIR/readme.conf"
    contains ": good" "$("$originbypass" check "$TMPDIR/readme.conf")"
    manual_block originbypass.conf.5 EXAMPLES 'hosts = (' >"$TMPDIR/manual.conf"
    contains ": good" "$("$originbypass" check "$TMPDIR/manual.conf")"
}

# --- completion ------------------------------------------------------------------------------------------------------

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
        grep -oE '[][ |,]--?[A-Za-z0-9][a-z0-9-]*' | cut -c 2- | grep -vx -e -h -e --help | LC_ALL=C sort -u
}

# "Fl p , Fl -pid Ar pid" is -p and --pid, and "Fl -" alone is not an option.
options_in_manual() {
    sed -n "/^\.Ss $1\$/,/^\.S[sh] /s/^\.It //p" "$manual/originbypass.1" |
        grep -oE 'Fl -?[A-Za-z0-9][a-z0-9-]*' | sed 's/Fl /-/' | LC_ALL=C sort -u
}

# --- references ------------------------------------------------------------------------------------------------------

# Each reference of a page to a section of ours, as "PAGE.N|SECTION".
references_of() {
    awk -v own="${1##*/}" '
        /^\.Sx / { if (section != "") print own "|" section
            section = substr($0, 5); sub(/ +[.,;:)]$/, "", section); next }
        section != "" && $0 == "in" { next }
        section != "" && /^\.Xr / { print $2 "." $3 "|" section; section = ""; next }
        section != "" { print own "|" section; section = "" }
        END { if (section != "") print own "|" section }' "$1"
    sed -nE 's/.*Xr ((lib)?originbypass[a-z.-]*) ([1-9]).*/\1.\3|/p' "$1"
}

# As in "see originbypass-troubleshooting(7), NETWORK POLICIES".
remedies() {
    find "$top"/preload "$top"/scripts/{kubernetes,systemd} -type f ! -path '*/man/*' -exec cat {} + | tr '\n' ' ' |
        sed 's/" *"//g' | grep -oE '(lib)?originbypass[a-z.-]*\([1-9]\)(, [A-Z]{3}[A-Z ]*[A-Z])?' |
        sed -E 's/\(([1-9])\)(, )?/.\1|/' | sort -u
}

exist() {
    local page section
    while IFS='|' read -r page section; do
        [[ -e $manual/$page ]] || { echo "there is no page $page" && return 1; }
        [[ -z $section ]] || manual_section "$page" "$section" >/dev/null || { echo "$page has no section $section" && return 1; }
    done
}

# anchors DOCUMENT LINK: those of the document that the link leads to.
anchors() {
    local file=$1
    [[ -z $2 ]] || file=${1%/*}/$2
    sed -n 's/^##* //p' "$file" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 -]//g; s/ /-/g'
}

# --- what the library knows ------------------------------------------------------------------------------------------

# A group's keys are in the complaint about one that is not.
keys_beside() { complaint_about "$1" | sed -n 's/.*is not a key of .*: expected //p' | sed 's/, /\n/g'; }

# complaint_about SETTING
complaint_about() {
    as_configuration <<<"$1" >"$TMPDIR/wrong.conf"
    "$originbypass" check "$TMPDIR/wrong.conf" >"$TMPDIR/complaints" || :
    head -n 1 "$TMPDIR/complaints"
}

settings_of_the_library() {
    local key keys
    for key in $(keys_beside 'nosuch = 1'); do
        keys=$(keys_beside "$key.nosuch = 1")
        if [[ -z $keys ]]; then echo "$key"; else awk -v key="$key" '{ print key "." $0 }' <<<"$keys"; fi
    done
}

# Lines "key = value" or "group.key = value" as a file.
as_configuration() { awk -F '[.]| = ' '
    { value = substr($0, index($0, " = ") + 3) }
    $0 ~ /^[a-z_]+[.]/ { group = $1; key = $2; if (group != open) { if (open) print "};"; print group " = {"; open = group }
        print "  " key " = " value ";"; next }
    { if (open) print "};"; open = ""; print $1 " = " value ";" }
    END { if (open) print "};" }'; }

# In JSON, and as text, which has more.
meaning_of() {
    "$originbypass" check --json "$1" | sed 's|"file": ".*"|"file"|'
    "$originbypass" check "$1" | sed "s|$1||"
}

# The text of a setting's item, with that of an item that follows directly.
manual_text_of() {
    manual_section originbypass.conf.5 SETTINGS | shown | without_macros | awk -v key="$1" '
        /^\.It / { if (here && text) exit; if (index($0, ".It " key " = ") == 1) here = 1; next }
        here { text = text " " $0 } END { print text }'
}

# contains_words LIST TEXT: each of the words in quotation marks
contains_words() {
    local word
    for word in $(grep -oE '"[^"]*"' <<<"$1" | tr -d '"'); do contains "$word" "$2"; done
}

variables_of_the_manual() { manual_items liboriginbypass.7 ENVIRONMENT | grep -x 'ORIGIN_BYPASS_.*'; }

variable_text() { manual_list liboriginbypass.7 ENVIRONMENT | sed -n "s/^$1: //p"; }

# --- the completion --------------------------------------------------------------------------------------------------

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
        equal "$({ options_in_help "$command"; printf '%s\n' -h --help; } | LC_ALL=C sort -u)" "$("$1" "$command" -)"
    done
}

check_all "$@"
