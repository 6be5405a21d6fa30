# shellcheck shell=bash
# For the tests of real programs, each unmodified: where its requests get to, when it resolves names, and its entry in
# originbypass-programs(7). Sourced after check.sh.
# shellcheck disable=SC2034 # many of these words are used by the tests alone

# shellcheck source-path=SCRIPTDIR source=documents.sh
source "${BASH_SOURCE[0]%/*}/documents.sh"

# Debian's programs, and none that a version manager put before them; nor the settings of whoever runs the tests.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export HOME=$TMPDIR
unset "${!GIT_@}" "${!GO@}" "${!JAVA_@}" "${!NODE_@}" "${!PERL5@}" "${!PHP@}" "${!PYTHON@}" "${!RUBY@}"

lookups=$TMPDIR/lookups # a line for each lookup that the library has answered
table=$TMPDIR/table
with_library=(env LD_PRELOAD="$LAB_LIBRARY" ORIGIN_BYPASS_HOSTS="$CDN"
    ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_LOG_FILE="$lookups")
without_library=(env)

# Without the file in /tmp that goes by its process number, which another lab may use as well.
java=(/usr/bin/java -XX:-UsePerfData)

# For programs that will not be root, or want to become somebody whom a user namespace does not have.
as_nobody=(unshare --user --map-user=65534 --)

# Of the Debian package that the program is in, as its authors number it.
version_of() {
    local package
    package=$(dpkg-query -S "$(readlink -f "$(command -v "$1")")") || return
    dpkg-query -W -f '${source:Upstream-Version}\n' "${package%%: *}" | sed 's/^[0-9]*://; s/[+~].*//'
}

# --- where -----------------------------------------------------------------------------------------------------------

# where COMMAND...: which web server got the command's requests. It speaks of the servers' log alone, in which a server may
# write after its answer. A command that fails has got nowhere, but at the edge.
where() {
    local status=0
    forget web
    "$@" >"$TMPDIR/said" 2>&1 || status=$?
    until_true test -s "$LAB/log/web" || :
    case $(sed 's/^{"address":"\([^"]*\)".*/\1/' "$LAB/log/web" | sort -u | paste -sd,),$status in
        "$EDGE_V4",* | "$EDGE_V6",*) echo edge ;;
        "$ORIGIN_V4",0) echo origin ;;
        "$LOCAL_WEB",0) echo 'local network' ;;
        *)
            cat "$LAB/log/web" "$TMPDIR/said" >&2
            echo "nowhere (exit status $status)"
            ;;
    esac
}

# --- when ------------------------------------------------------------------------------------------------------------

# Whoever the program has become meanwhile writes here.
forget_lookups() { install -m 666 /dev/null "$lookups"; }

count_lookups() { grep -c "resolved origin IP.*\"$CDN\"" "$lookups" || :; }

# --- the table -------------------------------------------------------------------------------------------------------

# row CELL...: as many as the heading has. The second is the version, which differs from machine to machine.
row() { printf '| %s ' "$@" >>"$table" && echo '|' >>"$table"; }

# heading CELL...
heading() {
    : >"$table"
    row "$@"
    row "${@//*/---}"
}

# equals_the_manual SECTION CELL: the section's list has the same programs, and says of each what this cell of its row
# says. Versions differ from machine to machine. The other cells are the same in each row, and the page says so once.
equals_the_manual() {
    equal "$(tail -n +3 "$table" | awk -F ' *[|] *' -v cell="$2" '{ gsub("`", ""); print $2 ": " $(cell + 1) }')" \
        "$(manual_list originbypass-programs.7 "$1")"
}

# The README names each program, by the first word.
is_named_in_the_readme() {
    local section program
    section=$(readme_section 'Works with, and does not')
    while read -r program; do contains "$program" "$section"; done \
        < <(tail -n +3 "$table" | sed "s/^| //; s/[ ,'|].*//" | sort -u)
}

# check_and_print_table [FUNCTION...]
check_and_print_table() {
    check_all "$@"
    local status=$?
    echo
    cat "$table"
    echo
    return "$status"
}
