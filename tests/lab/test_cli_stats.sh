#!/usr/bin/env bash
# originbypass stats: the counters of processes, and the configuration that each has. The figures are compared with those of
# counters.py, which reads the files only by their documented layout.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=asks.sh
source "$(dirname "${BASH_SOURCE[0]}")/asks.sh"

metrics=$TMPDIR/metrics
nobody=65534
default_file=/etc/originbypass/originbypass.conf
OTHER=www.example.com

# --- for people ------------------------------------------------------------------------------------------------------

it_shows_a_process_the_ended_ones_and_the_sum() {
    call "$CDN" getaddrinfo "$CDN" inet 3 >"$TMPDIR/out"
    one_that_has_asked 5
    equal "$metrics: 1 running process, 1 ended" "$(stats | head -n 1)"
    equal "HITS MISSES
$program asks 4 1
ended 2 1
all 6 2" "$(stats | table 'Lookups' | columns HITS MISSES)"
    equal "PASS FALLBACKS
$program asks 0 0
ended 0 0
all 0 0" "$(stats | table 'Calls' | columns PASS FALLBACKS)"
}

it_shows_one_process() {
    one_that_has_asked 2
    another_that_has_asked
    equal "$metrics: 2 running processes, 0 ended" "$(stats | head -n 1)"
    equal "$metrics: 1 running process" "$(stats "$program" | head -n 1)"
    equal "HITS
$program asks 1" "$(stats "$program" | table Lookups | columns HITS)"
}

it_names_the_namespace_of_a_process_of_another() {
    unshare -pf true 2>"$TMPDIR/unshare" || skip "no PID namespace: $(<"$TMPDIR/unshare")"
    one_that_has_asked 1
    lacks NAMESPACE "$(stats)"
    another_that_has_asked unshare -pf
    local namespace rows
    namespace=$(find "$metrics" -name '*-1-*' -printf %f | cut -d- -f1)
    rows=("1 asks $namespace 1" "$program asks 1") # sorted by the namespaces' numbers, which the kernel chooses
    ((namespace < $(stat -L -c %i /proc/self/ns/pid))) || rows=("${rows[1]}" "${rows[0]}")
    equal "NAMESPACE MISSES
${rows[0]}
${rows[1]}
ended 0
all 2" "$(stats | table Lookups | columns NAMESPACE MISSES)"
    contains "1  asks     $namespace" "$(stats 1)"
    equal "$namespace False" "$(stats -j 1 | json 'print(document["processes"][0]["pid_namespace"], document["processes"][0]["in_this_namespace"])')"
}

it_says_when_nobody_has_counted() {
    equal "$metrics: 0 running processes, 0 ended
A process begins to count with its first lookup of a name. If it could not make its
file then, originbypass doctor --pid PID says so." "$(stats)"
}

# --- for scripts -----------------------------------------------------------------------------------------------------

it_says_the_same_in_json() {
    call "$CDN" getaddrinfo "$OTHER" inet 3 >"$TMPDIR/out"
    one_that_has_asked 5
    local counter
    for counter in hits misses queries query_addresses replies reply_ms pass_throughs reloads refused_reloads; do
        echo "$counter:"
        equal "$(sum "$counter")" "$(stats --json | json "print(document['all']['counters']['$counter'])")"
    done
    equal "$program True 0 asks 4 0 3 1 $metrics" "$(stats --json | json "
process, = document['processes']
print(process['pid'], process['in_this_namespace'], process['uid'], process['program'],
    process['counters']['hits'], process['counters']['pass_throughs'],
    document['ended']['counters']['pass_throughs'], document['ended']['processes'], document['directory'])")"
    equal "['configuration', 'directory', 'left_out', 'processes']" "$(stats -j "$program" | json 'print(sorted(document))')"
}

it_shows_every_counter_in_every_form() {
    one_that_has_asked 1
    "$python" -c "import glob, struct
with open(glob.glob('$metrics/*.counters')[0], 'r+b') as file:
    file.seek(1024)
    file.write(struct.pack('=26Q', *range(1001, 1027)))"
    local counters tables series counter figure
    counters=$(stats --json | json 'for name, figure in document["all"]["counters"].items(): print(name, figure)')
    tables=$(stats)
    series=$(prometheus)
    while read -r counter figure; do
        echo "$counter:"
        equal "$(sum "$counter")" "$figure"
        [[ $counter != reply_ms ]] || continue
        contains " $figure" "$tables"
        contains " $figure.0" "$series"
    done <<<"$counters"
    equal 26 "$(wc -l <<<"$counters")"
    contains 'originbypass_upstream_reply_seconds_sum 1.02' "$series"
    equal 1.0 "$(table Queries <<<"$tables" | awk '$2 == "asks" { print $NF }')"
}

it_lets_a_script_know_that_a_change_took() {
    one_that_has_asked 1
    local began
    began=$(stats --json | json 'print(document["configuration"]["least_loaded_s"])')
    equal "True 1" "$(changed)"
    until_true is_past "$began"
    change_to "hosts = ( \"$OTHER\" );"
    comes_to "$CDN" "$EDGE_V4"
    equal "True 2" "$(changed)"
    equal True "$(stats --json | json "print(document['configuration']['least_loaded_s'] > $began)")"
    equal "None True 2" "$(stats --json "$program" |
        json 'load = document["processes"][0]["configuration"]; print(load["error"], load["successful"], load["generation"])')"
    contains "  took effect" "$(stats | table Configuration | grep asks)"
    equal 2 "$(stats | table Configuration | columns GENERATION | sed -n 's/.*asks //p')"
}

it_lets_a_script_know_that_a_change_was_refused() {
    one_that_has_asked 1
    change_to 'oops'
    refused_at_last
    equal "False 1" "$(changed)"
    contains "$file:" "$(stats --json | json 'print(document["processes"][0]["configuration"]["error"])')"
    contains "refused $(date -u +%Y-%m-%d)" "$(stats | table Configuration)"
    contains "Z: $file:" "$(stats | table Configuration)"
    equal 1 "$(status stats | head -n 1)"
    equal 1 "$(status stats --json | head -n 1)"
    equal "0 0.0" "$(status stats --prometheus | head -n 1) $(prometheus | sed -n 's/.*config_last_reload_successful //p')"
}

it_waits_for_the_last_process_to_take_a_change() {
    one_that_has_asked 1
    another_that_has_asked
    change_to "hosts = ( \"$OTHER\" );"
    comes_to "$CDN" "$EDGE_V4"
    equal "True 1" "$(changed)"
    equal 2 "$(stats --json "$program" | json 'print(document["configuration"]["least_generation"])')"
}

# --- for Prometheus --------------------------------------------------------------------------------------------------

it_is_read_by_the_parser_of_prometheus() {
    call "$CDN" getaddrinfo "$OTHER" inet 3 >"$TMPDIR/out"
    one_that_has_asked 5
    local read
    read=$(prometheus)
    equal "$("$originbypass" --version | cut -d' ' -f2) 1.0" "$(sed -n 's/^originbypass_build_info version=\(.*\)/\1/p' <<<"$read")"
    contains 'originbypass_cache_lookups_total result=hit 4.0' "$read"
    contains 'originbypass_cache_lookups_total result=miss 1.0' "$read"
    contains 'originbypass_pass_throughs_total 3.0' "$read"
    contains 'originbypass_processes 1.0' "$read"
    contains 'originbypass_ended_processes_total 1.0' "$read"
    contains 'originbypass_config_last_reload_successful 1.0' "$read"
    contains 'originbypass_config_generation 1.0' "$read"
    contains 'originbypass_upstream_reply_seconds_count 1.0' "$read"
    equal "$(stats --json | json 'print(float(document["configuration"]["least_loaded_s"]))')" \
        "$(sed -n 's/.*reload_success_timestamp_seconds //p' <<<"$read" | "$python" -c 'print(float(input()))')"
}

it_follows_the_conventions_of_prometheus() {
    one_that_has_asked 1
    equal '' "$(families '
for family in families:
    counter = family.type == "counter"
    if not family.documentation or family.type not in ("counter", "gauge", "summary"):
        print(family.name, "has no help or no type")
    if not family.name.startswith("originbypass_") or family.name.endswith(("_ms", "_count", "_sum")):
        print(family.name, "is not a good name")
    for sample in family.samples:
        if counter != sample.name.endswith("_total"):
            print(sample.name, "is a", family.type)
        if {"pid", "program"} & set(sample.labels):
            print(sample.name, "has as many series as there are processes")
if len({family.name for family in families}) < len(families):
    print("a family comes twice")')"
}

it_never_counts_backwards() {
    one_that_has_asked 5
    local first second third
    first=$(prometheus | figures)
    exec 8>&- 9<&-
    wait "$shell"
    second=$(prometheus | figures)
    equal 0 "$(find "$metrics" -name "*-$program-*" | wc -l)" # folded into a total
    call "$CDN" getaddrinfo "$CDN" inet >"$TMPDIR/out"
    third=$(prometheus | figures)
    contains 'originbypass_cache_lookups_total,result=hit 4' "$first"
    equal "$(grep -v ended <<<"$first")" "$(grep -v ended <<<"$second")"
    contains 'originbypass_cache_lookups_total,result=miss 2' "$third"
    equal "$second" "$(paste -d' ' <(echo "$second") <(echo "$third") | awk '$1 == $3 && $4 >= $2 { print $1, $2 }')"
}

it_says_nothing_of_a_configuration_that_nobody_has() {
    lacks config_last "$(prometheus)"
    contains 'originbypass_processes 0.0' "$(prometheus)"
}

# --- whose text it is ------------------------------------------------------------------------------------------------

it_says_nothing_to_the_terminal_but_colours() {
    asks=$TMPDIR/$'ev\033[31mil'
    cp "$(compiled asks)" "$asks"
    one_that_has_asked 1
    poke 156 '\0\0\0\0'                         # refused
    poke 176 '\033]0;title\007\0'                 # its reason
    lacks $'\033' "$(stats; stats --json; stats --prometheus)"
    contains 'ev\x1b[31mil' "$(stats)"
    contains 'refused 1970-01-01T00:00:00Z: \x1b]0;title\x07' "$(stats)"
    contains 'ev\u001b[31mil' "$(stats --json)"
    equal "'\\x1b]0;title\\x07'" "$(stats -j | json 'print(repr(document["processes"][0]["configuration"]["error"]))')"
}

it_believes_no_time_and_no_figure() {
    one_that_has_asked 1
    poke 160 '\377\377\377\377\377\377\377\177'
    poke 1024 '\377\377\377\377\377\377\377\377'
    contains ' 9223372036854775807 s  ' "$(stats)"
    equal 9223372036854775807 "$(stats -j | json 'print(document["processes"][0]["counters"]["hits"])')"
}

# --- where the counters are ------------------------------------------------------------------------------------------

it_finds_the_directory_in_the_configuration() {
    unset ORIGIN_BYPASS_METRICS
    equal "1
originbypass stats: the configuration cannot be used: $default_file: the file does not exist
originbypass stats: no directory is configured: set metrics.directory in $default_file, or ORIGIN_BYPASS_METRICS, for the programs too, and restart them; or name one with --directory" "$(status stats)"
    mkdir -p /etc/originbypass
    echo "metrics = { directory = \"$metrics\"; };" >"$default_file"
    contains "$metrics: 0 running" "$(stats)"
    echo "metrics = { directory = \"$TMPDIR/none\"; };" >"$file"
    contains "$TMPDIR/none: the directory does not exist" "$(ORIGIN_BYPASS_CONFIG_FILE=$file status stats)"
    contains "$metrics: 0 running" "$(ORIGIN_BYPASS_CONFIG_FILE=$file ORIGIN_BYPASS_METRICS=$metrics stats)"
    contains "$metrics: 0 running" "$(ORIGIN_BYPASS_CONFIG_FILE=$file stats --directory "$metrics")"
    contains "$metrics: 0 running" "$(ORIGIN_BYPASS_DISABLED=1 stats)"
}

it_says_why_a_configured_directory_is_none() {
    contains "set metrics.directory in $default_file" "$(ORIGIN_BYPASS_METRICS='' status stats)"
    contains "set metrics.directory in $TMPDIR/none, or" \
        "$(ORIGIN_BYPASS_METRICS=$'\r' ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/none$'\r' status stats)"
    contains 'ORIGIN_BYPASS_METRICS is "here"' "$(ORIGIN_BYPASS_METRICS=here status stats)"
    unset ORIGIN_BYPASS_METRICS
    echo 'metrics = { directory = "here"; };' >"$file"
    contains "cannot be used: $file:1: metrics.directory" "$(ORIGIN_BYPASS_CONFIG_FILE=$file status stats)"
}

it_finds_the_directory_of_running_programs_while_the_file_is_broken() {
    one_that_has_asked 1
    unset ORIGIN_BYPASS_METRICS
    printf 'hosts = ( "%s" );\nmetrics = { directory = "%s/none"; }\n}\n' "$CDN" "$TMPDIR" >"$file"
    contains "originbypass stats: the configuration cannot be used: $file:3: " "$(status stats)"
    contains "originbypass stats: shown is $metrics, where running programs keep their counters
$metrics: 1 running process" "$(status stats)"
    ORIGIN_BYPASS_METRICS=$metrics refused_at_last
    equal 1 "$(status stats | head -n 1)"
    contains "refused " "$(stats 2>/dev/null)"
    rm "$file"
    contains "cannot be used: $file: the file does not exist" "$(status stats)"
    contains "$metrics: 1 running process" "$(stats 2>/dev/null)"
    echo "metrics = { directory = \"$metrics\"; };" >"$file"
    contains "$metrics: 1 running process" "$(stats 2>"$messages")"
    quiet
}

it_finds_the_directory_of_running_programs_where_the_file_names_none() {
    one_that_has_asked 1
    unset ORIGIN_BYPASS_METRICS
    equal "0
originbypass stats: shown is $metrics, where running programs keep their counters
$metrics: 1 running process, 0 ended" "$(status stats | head -n 3)"
}

it_does_not_choose_between_the_directories_of_running_programs() {
    one_that_has_asked 1
    mkdir "$TMPDIR/other"
    ORIGIN_BYPASS_METRICS=$TMPDIR/other another_that_has_asked
    unset ORIGIN_BYPASS_METRICS
    equal 1 "$(status stats | head -n 1)"
    contains "running programs keep counters in $metrics; for them: originbypass stats --directory $metrics" "$(status stats)"
    contains "running programs keep counters in $TMPDIR/other; for them" "$(status stats)"
    echo "metrics = { directory = \"$TMPDIR/other\"; " >"$file"
    contains "shown is $TMPDIR/other, where running" "$(status stats)"
}

it_reads_the_directory_in_a_broken_file_where_no_program_runs() {
    unset ORIGIN_BYPASS_METRICS
    export ORIGIN_BYPASS_CONFIG_FILE=$file
    printf '/* directory = "/old"; */\nhosts = ( "%s );\nmetrics = { directory = "%s"; };\n' "$CDN" "$metrics" >"$file"
    contains "originbypass stats: shown is $metrics, which $file names; no running program is seen to keep counters
$metrics: 0 running" "$(status stats)"
    printf '/* hosts = ();\nmetrics = { directory = "%s"; };\n' "$metrics" >"$file"
    contains "$metrics: 0 running" "$(stats 2>/dev/null)"
    printf 'hosts = (\nmetrics = { directory = "here"; };\n' >"$file"
    contains "no directory is configured: set metrics.directory in $file" "$(status stats)"
}

it_changes_nothing_in_a_directory_that_no_configuration_names() {
    call "$CDN" getaddrinfo "$CDN" inet 3 >"$TMPDIR/out"
    one_that_has_asked 1
    local before
    before=$(ls "$metrics")
    contains "$metrics: 1 running process, 1 ended" "$(ORIGIN_BYPASS_METRICS='' stats 2>/dev/null)"
    equal "$before" "$(ls "$metrics")"
    stats >"$TMPDIR/out"
    [[ $before != "$(ls "$metrics")" ]]
}

it_refuses_a_directory_that_is_not_safe() {
    chmod 777 "$metrics"
    contains "1
originbypass stats: $metrics: the directory is not safe: all may write to it, and it has no sticky bit" "$(status stats)"
    chmod 1777 "$metrics"
    equal 0 "$(status stats | head -n 1)"
}

it_tells_of_a_directory_that_can_not_be_read() {
    equal "1
originbypass stats: $TMPDIR/none: the directory does not exist" "$(status stats --directory "$TMPDIR/none")"
    touch "$TMPDIR/file"
    equal "1
originbypass stats: $TMPDIR/file: this is no directory" "$(status stats --directory "$TMPDIR/file")"
    needs_nobody
    chmod 700 "$metrics"
    equal "1
originbypass stats: $metrics: this user may not read the directory: permission denied" "$(status stats_as_nobody)"
}

# --- files left out --------------------------------------------------------------------------------------------------

it_tells_of_files_of_another_layout() {
    one_that_has_asked 5
    "$python" -c "open('$metrics/4-5-6.counters', 'wb').write(b'ocounter' + b'\3\0\0\0' + bytes(40000))"
    echo oops >"$metrics/4711.total"
    equal "1
originbypass stats: $metrics/4-5-6.counters: left out: of another layout, as another version of the library has it, or no file of counters
originbypass stats: $metrics/4711.total: left out: it does not belong to the user whom it is named after
$metrics: 1 running process, 0 ended" "$(status stats | head -n 4)"
    equal "4-5-6.counters 4711.total 4" "$(stats --json 2>"$messages" |
        json 'print(*[left["file"] for left in document["left_out"]], document["all"]["counters"]["hits"])')"
    equal 1 "$(status stats --prometheus | head -n 1)"
    contains 'originbypass_unread_files 2.0' "$(prometheus 2>"$messages")"
}

it_tells_of_files_that_it_may_not_read() {
    one_that_has_asked 1
    ln -s /dev/zero "$metrics/4-5-6.counters"
    contains "1
originbypass stats: $metrics/4-5-6.counters: left out: a symbolic link, which is no file of counters" "$(status stats)"
    rm "$metrics/4-5-6.counters"
    needs_nobody
    chmod 600 "$metrics"/*.counters
    contains "left out: this user may not read it" "$(status stats_as_nobody)"
}

it_does_not_tell_of_a_thousand_files() {
    local number
    for number in {10..60}; do
        echo oops >"$metrics/1-2-$number.counters"
        truncate -s 20000 "$metrics/1-2-$number.counters"
    done
    equal 11 "$(stats 2>&1 | grep -c 'left out')"
    contains "originbypass stats: $metrics: 41 more files are left out" "$(status stats)"
    equal 51 "$(stats -j 2>"$messages" | json 'print(len(document["left_out"]))')"
}

# --- which process ---------------------------------------------------------------------------------------------------

it_knows_no_process_that_is_not_there() {
    local gone
    gone=$(bash -c 'echo $$')
    equal "1
originbypass stats: there is no process $gone" "$(status stats "$gone")"
    contains "1
originbypass stats: process $$ has no counters in $metrics: " "$(status stats $$)"
    contains "originbypass doctor --pid $$ shows more" "$(status stats $$)"
}

it_exits_with_2_for_a_wrong_command_line() {
    local wrong
    for wrong in "1 2" x 0 -1 1x 99999999999 --wrong --directory "--json --prometheus" "--prometheus 1"; do
        echo "$wrong:"
        # shellcheck disable=SC2086 # words
        equal 2 "$(status stats $wrong | head -n 1)"
    done
    equal 2 "$(status stats --directory '' | head -n 1)"
    contains 'Usage: originbypass stats' "$("$originbypass" stats --help)"
}

# ---------------------------------------------------------------------------------------------------------------------

prepare() {
    rm -rf "$metrics"
    mkdir -p "$metrics"
    export ORIGIN_BYPASS_METRICS=$metrics
}

stats() { "$originbypass" stats "$@"; }

# The exit status, and then the command's output.
status() {
    local said status=0
    said=$("$@" 2>&1) || status=$?
    echo "$status"
    echo "$said"
}

# one_that_has_asked TIMES: a program that has been led to the origin, and keeps running.
one_that_has_asked() {
    local time
    begins_with "hosts = ( \"$CDN\" );"
    for ((time = 0; time < $1; time++)); do equal "$ORIGIN_V4" "$(ask "$CDN")"; done
}

# another_that_has_asked [COMMAND...]: a second program, started by this command.
another_that_has_asked() {
    rm -f "$TMPDIR"/{life,answer}
    mkfifo "$TMPDIR/life"
    bypass "$CDN" "$@" "$asks" <"$TMPDIR/life" >"$TMPDIR/answer" 8>&- 9<&- &
    exec 7>"$TMPDIR/life" # it ends with the test
    echo "$CDN" >&7
    until_true test -s "$TMPDIR/answer"
}

# The process looks for a changed configuration each time it is asked.
refused_at_last() {
    local attempt
    for attempt in {1..60}; do
        equal "$ORIGIN_V4" "$(ask "$CDN")"
        [[ $(changed) == True* ]] || return 0
        sleep 0.1
    done
    echo "after $attempt questions it is not refused"
    return 1
}

changed() {
    stats --json | json 'print(document["configuration"]["successful"], document["configuration"]["least_generation"])'
}

is_past() { (($(date +%s) > $1)); }

# table TITLE: the table with this title, without the title.
table() { sed -n "/^$1/,/^\$/{//d; p}"; }

# columns HEADING...: PID, program, and these columns, row by row; only headings of one word.
columns() {
    "$python" -c '
import re, sys
lines = sys.stdin.read().splitlines()
places = [(match.group(), match.start(), match.end()) for match in re.finditer(r"\S+( \S+)*", lines[0])]
def cell(line, heading):
    for name, start, end in places:
        if name.split()[0] == heading:
            return " ".join(match.group() for match in re.finditer(r"\S+( \S+)*", line) if match.start() < end and match.end() > start)
print(*sys.argv[1:])
for line in lines[1:]:
    print(*" ".join(cell(line, heading) for heading in ["PID", "PROGRAM"] + sys.argv[1:]).split())' "$@"
}

sum() { "$python" "$lab/counters.py" "$metrics" sum "$1"; }

# json PROGRAM: what the Python program prints about the document on standard input.
json() {
    "$python" -c "import json, sys
document = json.load(sys.stdin)
$1"
}

# The Prometheus figures that must never fall: NAME,LABEL=VALUE... FIGURE
figures() { grep -E '^[a-z_]*_(total|sum|count) ' | sed -E 's/ ([^ ]*=)/,\1/'; }

# families PROGRAM: what the program prints about the families read by the parser of Prometheus' own client.
families() {
    stats --prometheus | "$python" -c "import sys
from prometheus_client.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
$1"
}

# A line for each sample: NAME LABEL=VALUE... FIGURE
prometheus() {
    families '
for family in families:
    for sample in family.samples:
        print(sample.name, *[f"{label}={value}" for label, value in sample.labels.items()], sample.value)'
}

# poke OFFSET OCTETS: writes into the process's file; the octets are in printf's notation.
poke() {
    # shellcheck disable=SC2059 # it is a format
    printf "$2" | dd of="$(find "$metrics" -name "*-$program-*")" bs=1 seek="$1" conv=notrunc status=none
}

needs_nobody() {
    not_under 'address|thread|valgrind' 'it would be another user, who may not write its reports'
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    chmod 755 "$TMPDIR" "$LAB" "$metrics"
}

stats_as_nobody() { setpriv --reuid "$nobody" --clear-groups "$originbypass" stats "$@"; }

check_all "$@"
