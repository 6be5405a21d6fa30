#!/usr/bin/env bash
# originbypass doctor: its command line, its report, the configuration and the hosts.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

ANOTHER=shop.example.com

# --- the report -----------------------------------------------------------------------------------------------------

it_names_a_misspelt_variable() {
    ORIGIN_BYPASS_HOST=$CDN doctor "$CDN"
    equal 1 "$status"
    tells bad 'environment: ORIGIN_BYPASS_HOST is not read: did you mean ORIGIN_BYPASS_HOSTS? Correct the name'
    ORIGIN_BYPASS_UPSTREAM=8.8.8.8 doctor_of "$CDN" "$CDN"
    finds_nothing_bad
    tells note 'environment: ORIGIN_BYPASS_UPSTREAM is not read: did you mean ORIGIN_BYPASS_UPSTREAMS?'
}

it_says_that_the_variable_replaces_the_hosts_of_the_file() {
    configure "hosts = ( \"www.example.com\", { name = \"$CDN\"; addresses = [ \"203.0.113.99\" ]; } );"
    doctor_of "$CDN" "$CDN"
    finds_bad 1
    tells good 'ORIGIN_BYPASS_HOSTS: 1 host rule'
    tells bad "/etc/originbypass/originbypass.conf: its settings for $CDN have no effect: ORIGIN_BYPASS_HOSTS lists that host, too, and replaces its host rules (2)" \
        'remove the variable'
    doctor_of shop.example.com shop.example.com
    tells note '/etc/originbypass/originbypass.conf: its host rules (2) and their settings have no effect: ORIGIN_BYPASS_HOSTS replaces them' \
        'remove the variable'
    doctor "$CDN"
    tells good '/etc/originbypass/originbypass.conf: 2 host rules'
    lacks 'have no effect' "$report"
}

it_finds_nothing_bad_where_all_is_well() {
    doctor_of "$CDN" "$CDN"
    finds_nothing_bad
    tells good 'ORIGIN_BYPASS_HOSTS: 1 host rule'
    tells note "$CDN: libc says $EDGE_V4, $EDGE_V6, an edge of the CDN, as expected"
    tells good "$CDN: external DNS says $ORIGIN_V4: with the library a program connects there"
    contains ' 0 bad' "$(tail -n 1 <<<"$report")"
    quiet
}

it_looks_at_the_hosts_of_the_configuration_where_none_is_named() {
    configure "hosts = ( \"$CDN\", \"*.example.net\", \"!$ANOTHER\" );"
    doctor
    finds_nothing_bad
    tells good "$CDN: external DNS says $ORIGIN_V4"
    lacks "$ANOTHER" "$report"
}

it_begins_each_line_with_its_verdict_and_colours_nothing_in_a_pipe() {
    doctor_of "$CDN" "$CDN" "$ANOTHER"
    equal '' "$(head -n -1 <<<"$report" | grep -vE '^(good|note|bad ) {2}[^ ]')"
    lacks $'\033' "$report"
}

it_reports_what_is_good_first_and_what_is_bad_last() {
    fault 'tcp dport 53 ip daddr 8.8.8.8 drop'
    doctor_of "$CDN $ANOTHER" "$ANOTHER" "$CDN"
    equal 'good note bad' "$(head -n -1 <<<"$report" | cut -d ' ' -f 1 | uniq | paste -sd ' ')"
}

it_reports_the_cause_before_what_follows_from_it() {
    stop 8.8.8.8 && stop 1.1.1.1
    doctor_of "$CDN" "$CDN"
    contains 'external DNS: ' "$(grep -m 1 '^bad ' <<<"$report")"
    (($(grep -c '^bad ' <<<"$report") > 1))
}

it_gives_the_same_remedy_once() {
    stop 8.8.8.8 && stop 1.1.1.1
    doctor_of "$CDN" "$CDN"
    equal '' "$(grep -oE "Let this pod's or host's traffic out[^.]*\." <<<"$report" | sort | uniq -d)"
    doctor_of "$CDN" --json "$CDN"
    equal 0 "$("$python" -c '
import json, sys
print(sum(f["verdict"] == "bad" and not f["remedy"] for f in json.load(sys.stdin)["findings"]))' <<<"$report")"
}

it_wraps_its_lines_to_the_width_of_a_terminal() {
    command -v script >/dev/null || skip 'util-linux has no script(1) here'
    ORIGIN_BYPASS_HOSTS=$ANOTHER script -qec "stty cols 60 && $originbypass doctor $ANOTHER" /dev/null >"$TMPDIR/report" \
        </dev/null || true
    report=$(tr -d '\r' <"$TMPDIR/report" | sed 's/\x1b\[[0-9;]*m//g')
    equal '' "$(grep -E '^.{61}' <<<"$report")"
    tells bad 'external DNS says'
    contains $'\n      In the configuration file give the host' "$report"
}

it_writes_its_findings_as_json() {
    doctor_of "$CDN" --json "$CDN" "$ANOTHER"
    equal 1 "$status"
    equal "bad rule $ANOTHER
1 1" "$("$python" -c '
import json, sys
report = json.load(sys.stdin)
for finding in report["findings"]:
    assert set(finding) == {"verdict", "check", "about", "finding", "remedy"}, finding
    assert finding["verdict"] != "bad" or finding["remedy"], finding
    if finding["verdict"] == "bad":
        print(finding["verdict"], finding["check"], finding["about"])
assert report["good"] == sum(finding["verdict"] == "good" for finding in report["findings"]) > 0
print(report["bad"], report["status"])' <<<"$report")"
}

it_refuses_a_command_line_that_makes_no_sense() {
    local arguments
    for arguments in -x --pid '--pid abc' '--pid 0' -- "$CDN --" 203.0.113.7 "https://$ORIGIN_V4/" ftp://example.com/ \
        'https:///' a..b; do
        # shellcheck disable=SC2086 # words
        doctor $arguments
        equal "2 $arguments" "$status $arguments"
        equal '' "$report"
        contains 'Usage: originbypass doctor' "$(<"$messages")"
    done
}

it_has_a_help() {
    doctor --help
    equal 0 "$status"
    contains 'success: nothing is bad' "$report"
}

# --- the configuration ----------------------------------------------------------------------------------------------

it_says_that_no_host_is_listed() {
    doctor "$CDN"
    finds_bad 1
    tells bad "no host is listed: every call is libc's" 'List the hosts in ORIGIN_BYPASS_HOSTS'
    tells note "$CDN: a program gets libc's answer: $EDGE_V4"
}

it_tells_each_error_of_a_configuration_and_goes_no_further() {
    configure $'hosts = ( "bad name" );\nfamily = "ipv5";'
    doctor
    finds_bad 2
    tells bad '/etc/originbypass/originbypass.conf:1: refused: '
    tells bad '/etc/originbypass/originbypass.conf:2: refused: '
    lacks '8.8.8.8: ' "$report"
}

it_tells_of_a_file_system_without_room_for_another_file() {
    mkdir "$TMPDIR/few"
    mount -n -t tmpfs -o nr_inodes=1 few "$TMPDIR/few"
    ORIGIN_BYPASS_LOG_FILE=$TMPDIR/few/log ORIGIN_BYPASS_METRICS=$TMPDIR/few doctor_of "$CDN"
    umount "$TMPDIR/few"
    tells bad "$TMPDIR/few/log" 'no space is left for it'
    tells bad "$TMPDIR/few" 'no space is left on its file system'
}

it_says_how_to_make_a_directory_of_counters_safe() {
    mkdir -m 777 "$TMPDIR/unsafe"
    ORIGIN_BYPASS_METRICS=$TMPDIR/unsafe doctor_of "$CDN"
    tells bad "$TMPDIR/unsafe" 'no sticky bit' 'chmod +t'
    lacks 'Make the directory' "$report"
}

it_says_where_a_list_of_prefixes_is_missing() {
    configure "hosts = ( \"$CDN\" ); edges = [ \"file:/etc/originbypass/edges.txt\" ];"
    doctor "$CDN"
    tells bad 'cannot be used: the file does not exist' 'Put the file there, or correct its path in the list that names it'
    lacks ORIGIN_BYPASS_CONFIG_FILE "$report"
}

it_tells_of_a_log_file_that_can_not_be_written() {
    ORIGIN_BYPASS_LOG_FILE=$TMPDIR/none/log doctor_of "$CDN"
    finds_bad 1
    tells bad "$TMPDIR/none/log: messages are lost: its directory does not exist"
    mkfifo "$TMPDIR/no-file"
    ORIGIN_BYPASS_LOG_FILE=$TMPDIR/no-file doctor_of "$CDN"
    tells bad 'it is not a regular file' 'Name another file in ORIGIN_BYPASS_LOG_FILE'
    lacks 'Make its directory' "$report"
    ORIGIN_BYPASS_LOG_FILE=/dev/stderr doctor_of "$CDN"
    finds_nothing_bad
    ORIGIN_BYPASS_LOG_FILE=$TMPDIR/none/log doctor_of a..b
    finds_bad 2
}

it_tells_an_error_of_a_variable() {
    ORIGIN_BYPASS_UPSTREAMS=nonsense doctor_of "$CDN"
    finds_bad 1
    tells bad 'ORIGIN_BYPASS_UPSTREAMS: refused: '
}

it_says_that_the_library_is_switched_off() {
    ORIGIN_BYPASS_DISABLED=yes doctor_of "$CDN" "$CDN"
    finds_bad 1
    tells bad 'ORIGIN_BYPASS_DISABLED: the library is switched off. Remove the variable'
}

it_says_where_a_configuration_is_mounted_so_that_it_never_changes() {
    configure "hosts = ( \"$CDN\" );"
    doctor
    lacks 'mount point' "$report"
    local file='/etc/originbypass/a b.conf'
    cp /etc/originbypass/originbypass.conf "$file"
    mount --bind /etc/originbypass/originbypass.conf "$file"
    ORIGIN_BYPASS_CONFIG_FILE=$file doctor || status=1
    umount "$file"
    finds_nothing_bad
    tells note "$file: the file itself is a mount point" 'Mount the directory that it is in; in Kubernetes a volume without subPath'
}

it_has_nothing_against_a_directory_that_is_mounted() {
    configure "hosts = ( \"$CDN\" );"
    mount --bind /etc/originbypass /etc/originbypass
    doctor
    umount /etc/originbypass
    lacks 'mount point' "$report"
}

it_follows_the_links_of_a_volume_to_what_is_mounted() {
    mkdir -p /etc/originbypass/..data
    echo "hosts = ( \"$CDN\" );" >/etc/originbypass/..data/originbypass.conf
    ln -s ..data/originbypass.conf /etc/originbypass/originbypass.conf
    mount --bind /etc/originbypass/..data/originbypass.conf /etc/originbypass/..data/originbypass.conf
    doctor
    umount /etc/originbypass/..data/originbypass.conf
    tells note '/etc/originbypass/originbypass.conf: the file itself is a mount point'
}

it_says_that_running_programs_do_not_accept_a_changed_file() {
    configure "hosts = ( \"$CDN\" );"
    doctor
    lacks 'do not accept' "$report"
    chmod 666 /etc/originbypass/originbypass.conf
    doctor || :
    chmod 644 /etc/originbypass/originbypass.conf
    finds_nothing_bad
    tells note '/etc/originbypass/originbypass.conf: programs that run already do not accept this file' 'Let root own it'
}

it_says_that_there_are_no_counters() {
    mkdir "$TMPDIR/metrics"
    ORIGIN_BYPASS_METRICS=$TMPDIR/metrics doctor_of "$CDN" "$CDN"
    lacks 'no counters' "$report"
    ORIGIN_BYPASS_METRICS=$TMPDIR/none doctor_of "$CDN" "$CDN"
    finds_bad 1
    tells bad "$TMPDIR/none: there are no counters: the directory does not exist" 'ORIGIN_BYPASS_METRICS or metrics.directory'
    mount -t tmpfs -o ro tmpfs "$TMPDIR/metrics"
    ORIGIN_BYPASS_METRICS=$TMPDIR/metrics doctor_of "$CDN" "$CDN"
    umount "$TMPDIR/metrics"
    tells bad "$TMPDIR/metrics: there are no counters: its file system can only be read"
}

# --- hosts ----------------------------------------------------------------------------------------------------------

it_says_that_public_dns_shows_the_edge() {
    doctor_of "$ANOTHER" "$ANOTHER"
    finds_bad 1
    tells bad "$ANOTHER: external DNS says $EDGE_V4, $EDGE_V6, an edge of the CDN and no origin" 'a hidden primary'
}

it_asks_the_hosts_own_upstreams() {
    configure "hosts = ( { name = \"$ANOTHER\"; upstreams = [ \"$PRIMARY\" ]; } );"
    doctor
    finds_nothing_bad
    tells good "$PRIMARY: answers over UDP"
    tells good "$ANOTHER: external DNS says $ORIGIN_V4: with the library a program connects there"
}

it_takes_pinned_addresses() {
    configure "hosts = ( { name = \"$ANOTHER\"; addresses = [ \"$PRIMARY\" ]; } );"
    doctor
    finds_nothing_bad
    tells good "$ANOTHER: the configuration says $PRIMARY"
}

it_says_that_there_is_nothing_to_bypass() {
    echo "$ORIGIN_V4 $CDN" >>/etc/hosts
    doctor_of "$CDN" "$CDN"
    finds_nothing_bad
    tells note "$CDN: external DNS says the same: there is nothing to bypass"
}

it_says_that_external_dns_does_not_know_the_host() {
    doctor_of nowhere.example.com nowhere.example.com
    finds_bad 1
    tells bad "nowhere.example.com: external DNS (8.8.8.8, 1.1.1.1) says that no such name exists (NXDOMAIN); libc answers: $LOCAL_WEB"
}

it_says_that_a_host_has_no_address() {
    doctor_of empty.example.com empty.example.com
    finds_bad 1
    tells bad 'empty.example.com: external DNS (8.8.8.8, 1.1.1.1) knows the name, but has neither an A nor an AAAA record'
}

it_takes_libcs_own_answer_for_the_local_one_though_it_is_preloaded_itself() {
    status=0
    report=$(bypass "$CDN" "$originbypass" doctor "$CDN") || status=$?
    finds_nothing_bad
    tells note "$CDN: libc says $EDGE_V4, $EDGE_V6, an edge"
}

# --- the documents --------------------------------------------------------------------------------------------------

it_says_what_the_manual_page_shows() {
    says_what_is_shown "$(manual_block originbypass.1 doctor 'originbypass doctor')"
}

it_says_what_the_quick_start_shows() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    says_what_is_shown "$(readme_block 'Quick start' 'originbypass doctor')"
}

# says_what_is_shown BLOCK: its commands print what it shows after each.
says_what_is_shown() {
    contains '$ ' "$1"
    equal "$(without_times <<<"$1")" "$(grep '^\$ ' <<<"$1" | while IFS= read -r command; do
        echo "$command"
        PATH=${originbypass%/*}:$PATH:/usr/sbin bash -c "${command#$ }" 2>&1 | grep . || :
    done | without_times)"
}

without_times() { sed 's,\(< \)\?[0-9.]* ms,N ms,g'; }

# A file of prefixes cannot be checked by itself.
it_names_the_configuration_file_to_check_for_a_mistake_in_a_file_of_prefixes() {
    echo garbage >"$TMPDIR/prefixes"
    configure "hosts = ( \"$CDN\" ); answers = { reject = [ \"file:$TMPDIR/prefixes\" ]; };"
    doctor
    tells bad "$TMPDIR/prefixes:1: refused" 'originbypass check /etc/originbypass/originbypass.conf shows every mistake'
}

check_all "$@"
